/**
 * Readings by update (docs/protocol.md 6), through the engine into the table of candidates: who may report, what is
 * taken, and that neither the zone nor the store learns of it.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { registerMessage, type Registration } from '../../../src/client/registration.ts'
import { makeMessage } from '../../../src/dns/message.ts'
import { CLASS, OPCODE } from '../../../src/dns/codes.ts'
import { Name } from '../../../src/dns/name.ts'
import type { IsWatched } from '../../../src/discovery/sense/flow.ts'
import { decodeParameters, PARAMETERS, printParameters } from '../../../src/dns/parameters.ts'
import { parsePrefix, PrefixList, type Prefix } from '../../../src/dns/prefix.ts'
import type { Requester } from '../../../src/update/contract.ts'
import { anybody, grant, rec, signed, updateMessage, ZONE } from '../../update/support.ts'
import { garden, printVerdict, type Garden } from '../support.ts'

const KEY = Uint8Array.from({ length: 68 }, (_, i) => [0, 0, 3, 13][i] ?? 7)
const BABEL: Registration = { provider: 'example.', id: 'babel', key: KEY, addresses: ['192.0.2.7'], capabilities: [{ name: 'v2.x', parameters: 'latency=1s concurrency=4' }, { name: 'v1.y' }] }
const CAPABILITY = 'v2.x._cap.example.'
const itself: Requester = { ...anybody, signer: { kind: 'sig0', name: Name.parse('babel._sa.example.'), key: KEY } }
const controller = signed('provider.')

/** A zone where babel is registered; the controller may write SENSE and nothing else. */
async function withBabel(isWatched?: IsWatched, more = ''): Promise<Garden> {
  const policyOf = () => ({ networks: new PrefixList([parsePrefix('192.0.2.0/24') as Prefix]) })
  const grants = [grant({ key: Name.parse('provider.'), types: new Set([65441]) }), grant({ key: Name.parse('all.'), types: 'every' })]
  const running = await garden({ text: ZONE + more, grants, discovery: { policyOf, ...(isWatched && { isWatched }) } })
  running.discovery.candidates.tablesFor([running.zone.image])
  assert.equal(printVerdict(await running.judge(registerMessage(BABEL, { lease: 60, keyLease: 120 }, 1), itself)), 'NOERROR 60 120')
  return running
}

/** Sends SENSE records, as `7 babel._sa.example. active=3`. */
async function sense(running: Garden, lines: string | string[], requester: Requester = itself, owner = CAPABILITY): Promise<string> {
  const updates = [lines].flat().map((line) => rec(`${owner} 0 IN SENSE ${line}`))
  const verdict = await running.judge(updateMessage({ updates }), requester)
  return [printVerdict(verdict), verdict.ede?.text ?? verdict.reason].filter(Boolean).join(': ')
}

/** Sessions that are believed to be there. */
function active(running: Garden, capability = CAPABILITY): number {
  const { registrar } = running.discovery.candidates.of({ name: Name.parse('example.'), class: CLASS.IN }) ?? assert.fail('no candidates')
  return registrar.table.f64.active[registrar.slotOf(Name.parse(capability).wire, Name.parse('babel._sa.example.').wire)]
}

test('an agent reports by its own KEY: the reading counts, the serial stands, nothing is kept', async () => {
  const running = await withBabel()
  const [serial, kept] = [running.serial(), running.keeper.calls]
  assert.equal(await sense(running, '7 babel._sa.example. active=3 state=transition service=200ms'), 'NOERROR: 1 of 1 readings are new')
  assert.equal(active(running), 3)
  assert.deepEqual([running.serial(), running.keeper.calls, running.at('SENSE')], [serial, kept, []])
  assert.equal(running.audit.at(-1)?.flow, 'sense')
})

test('a report that is not newer is taken for what it is: nothing new (RFC 1982 3.2)', async () => {
  const running = await withBabel()
  await sense(running, '7 babel._sa.example. active=3')
  for (const sequence of [7, 6, 0xfff0]) assert.equal(await sense(running, `${sequence} babel._sa.example. active=9`), 'NOERROR: 0 of 1 readings are new')
  assert.equal(active(running), 3)
  assert.equal(await sense(running, '8 babel._sa.example. active=1'), 'NOERROR: 1 of 1 readings are new')
  assert.equal(active(running), 1)
})

const WHO: [what: string, requester: Requester, outcome: RegExp][] = [
  ['its controller, by a grant for SENSE', controller, /^NOERROR/],
  ['nobody', anybody, /^REFUSED: .*unsigned/],
  ['a key without a grant', signed('other.'), /^REFUSED: .*other/],
  ['another KEY of the same name', { ...itself, signer: { kind: 'sig0', name: Name.parse('babel._sa.example.'), key: new Uint8Array(68) } }, /^REFUSED/],
]
for (const [what, requester, outcome] of WHO) {
  test(`who may report of an agent: ${what}: ${outcome.source.slice(1, 8)}`, async () => {
    const running = await withBabel()
    assert.match(await sense(running, '1 babel._sa.example. active=2', requester), outcome)
    assert.equal(active(running), outcome.source.startsWith('^NOERROR') ? 2 : 0)
  })
}

test('a report of who is not registered there is refused, with all that came with it (49152)', async () => {
  const running = await withBabel()
  assert.equal(await sense(running, ['1 babel._sa.example. active=2', '1 ghost._sa.example. active=1'], controller), `REFUSED: ghost._sa.example. offers nothing at ${CAPABILITY}`)
  assert.equal(active(running), 0)
  assert.match(await sense(running, '1 babel._sa.example. active=2', itself, 'v9.x._cap.example.'), /^REFUSED: babel/)
})

test('one message reports of several capabilities', async () => {
  const running = await withBabel()
  const updates = [rec(`${CAPABILITY} 0 IN SENSE 1 babel._sa.example. active=2`), rec('v1.y._cap.example. 0 IN SENSE 1 babel._sa.example. active=5')]
  assert.equal(printVerdict(await running.judge(updateMessage({ updates }), itself)), 'NOERROR')
  assert.deepEqual([active(running), active(running, 'v1.y._cap.example.')], [2, 5])
})

test('as a compact update it is the same (docs/protocol.md 5)', async () => {
  const running = await withBabel()
  const message = makeMessage({ id: 9, opcode: OPCODE.AGENT, answers: [rec(`${CAPABILITY} 0 IN SENSE 1 babel._sa.example. active=4`)] })
  assert.equal(printVerdict(await running.judge(message, itself)), 'NOERROR')
  assert.equal(active(running), 4)
})

test('prerequisites hold for reports too (RFC 2136 3.2)', async () => {
  const running = await withBabel()
  const message = updateMessage({ prerequisites: [rec('none.example. 0 ANY ANY')], updates: [rec(`${CAPABILITY} 0 IN SENSE 1 babel._sa.example. active=4`)] })
  assert.equal(printVerdict(await running.judge(message, signed('all.'))), 'NXDOMAIN')
  assert.equal(active(running), 0)
})

describe('readings come in a message of their own', () => {
  const REPORT = `${CAPABILITY} 60 IN SENSE 1 babel._sa.example. active=4`
  const BESIDE: [what: string, line: string][] = [['a record that is added', 'x.example. 60 IN A 192.0.2.1'], ['a deletion', `${CAPABILITY} 0 ANY SENSE`], ['an offer', 'v3.x._cap.example. 60 IN AGENT 1 babel._sa.example.']]
  for (const [what, line] of BESIDE) {
    for (const isFirst of [true, false]) {
      test(`SENSE ${isFirst ? 'before' : 'behind'} ${what} is refused, whoever may write both: nothing changes and no reading is taken`, async () => {
        const running = await withBabel()
        const serial = running.serial()
        const verdict = await running.judge(updateMessage({ updates: (isFirst ? [REPORT, line] : [line, REPORT]).map((text) => rec(text)) }), signed('all.'))
        assert.deepEqual([printVerdict(verdict), verdict.ede?.text], ['REFUSED', 'readings come in a message of their own'])
        assert.deepEqual([running.at('SENSE'), active(running), running.serial(), running.audit.at(-1)?.flow], [[], 0, serial, 'sense'])
      })
    }
  }

  test('with a lease as well, and in a compact update', async () => {
    const running = await withBabel()
    const records = [REPORT, 'babel._sa.example. 60 IN A 192.0.2.1'].map((text) => rec(text))
    assert.equal(printVerdict(await running.leased(updateMessage({ updates: records }), { lease: 60 }, itself)), 'REFUSED')
    assert.equal(printVerdict(await running.judge(makeMessage({ id: 9, opcode: OPCODE.AGENT, answers: records }), signed('all.'))), 'REFUSED')
  })

  test('who deletes what a zone file holds changes the zone, as ever', async () => {
    const running = await withBabel(undefined, 'v1.old._cap 60 SENSE 3 babel._sa active=9\n')
    assert.equal(running.at('SENSE').length, 1)
    const update = updateMessage({ updates: [rec('v1.old._cap.example. 0 ANY SENSE'), rec('x.example. 60 IN A 192.0.2.1')] })
    assert.equal(printVerdict(await running.judge(update, signed('all.'))), 'NOERROR')
    assert.deepEqual([running.at('SENSE'), running.at('x.example.').length], [[], 1])
  })
})

const ADVICE: [profiles: readonly string[], advice: string][] = [
  [['ordinary'], 'reporting=10s/0.5'],
  [['performance-sensitive'], 'reporting=5s/0.25'],
  [['short-lived'], 'reporting=5s/0.5'],
  [['ordinary', 'performance-sensitive'], 'reporting=5s/0.25'],
]
for (const [profiles, advice] of ADVICE) {
  test(`who reports of ${profiles.join(' and ')} is advised ${advice}`, async () => {
    const running = await withBabel()
    const capabilities = profiles.map((profile, i) => ({ name: `v${i + 1}.z`, parameters: `profile=${profile}` }))
    assert.equal((await running.judge(registerMessage({ ...BABEL, capabilities }, { lease: 60, keyLease: 120 }, 2), itself)).rcode, 0)
    const updates = profiles.map((_, i) => rec(`v${i + 1}.z._cap.example. 0 IN SENSE 1 babel._sa.example. active=1`))
    const { rcode, offer } = await running.judge(updateMessage({ updates }), itself)
    assert.deepEqual([rcode, printParameters(offer ?? assert.fail('no advice'), 'OFFER')], [0, advice])
  })
}

test('the advised change goes with what the agent can do: by parts of its slots, large ones tell finer', async () => {
  const running = await withBabel()
  const cases = [['concurrency=32 service=1s', '10s/0.125'], ['concurrency=4 service=8s', '10s/0.25'], ['concurrency=1 service=1s', '10s/1.2599'], ['concurrency=1 service=1ms', '10s/4'], ['concurrency=4294967295 service=4294s', '10s/0.0001'], ['concurrency=0 service=0us', '10s/4']]
  for (const [i, [told, advice]] of cases.entries()) {
    const { offer } = await running.judge(updateMessage({ updates: [rec(`${CAPABILITY} 0 IN SENSE ${i + 1} babel._sa.example. active=1 ${told}`)] }), itself)
    assert.equal(printParameters(offer ?? assert.fail('no advice'), 'OFFER'), `reporting=${advice}`)
  }
})

describe('changes are wanted', () => {
  const wantedOf = async (running: Garden, sequence: number): Promise<boolean> => {
    const { offer } = await running.judge(updateMessage({ updates: [rec(`${CAPABILITY} 0 IN SENSE ${sequence} babel._sa.example. active=1`)] }), itself)
    return decodeParameters(offer ?? assert.fail('no advice'), 'OFFER').has(PARAMETERS.wanted.key)
  }

  test('where somebody is told of each reading', async () => {
    const watched: string[] = []
    let isWatched = false
    const running = await withBabel((owner, rrClass) => {
      watched.push(`${owner} ${rrClass}`)
      return isWatched
    })
    assert.equal(await wantedOf(running, 1), false)
    isWatched = true
    assert.equal(await wantedOf(running, 2), true)
    assert.deepEqual(watched, [`${CAPABILITY} 1`, `${CAPABILITY} 1`])
  })

  test('where agents are chosen more often than reports are due', async () => {
    const running = await withBabel()
    const { registrar } = running.discovery.candidates.of({ name: Name.parse('example.'), class: CLASS.IN }) ?? assert.fail('no candidates')
    const number = registrar.table.i32.capability[registrar.slotOf(Name.parse(CAPABILITY).wire, Name.parse('babel._sa.example.').wire)]
    const told: boolean[] = []
    let sequence = 0
    for (const [choices, seconds] of [[0, 1], [0, 1], [1, 1], [0, 50], [0, 1]]) {
      Atomics.add(registrar.table.i32.picks, number, choices)
      told.push(await wantedOf(running, ++sequence))
      await running.pass(seconds)
    }
    assert.deepEqual(told, [false, false, true, true, false])
  })
})

test('who is refused is not advised', async () => {
  const running = await withBabel()
  const { rcode, offer } = await running.judge(updateMessage({ updates: [rec(`${CAPABILITY} 0 IN SENSE 1 babel._sa.example. active=1`)] }), anybody)
  assert.deepEqual([rcode, offer], [5, undefined])
})
