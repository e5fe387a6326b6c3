/** Questions whose answer is elsewhere, in the core: what a resolver says becomes the response, whatever it says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EDE, RCODE } from '../../src/dns/codes.ts'
import type { Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord } from '../../src/dns/record-text.ts'
import { Core, type CoreOptions } from '../../src/server/core.ts'
import type { CoreHandler, CoreMessage, MessageAuthenticator, Reply } from '../../src/server/core-contract.ts'
import { Counters } from '../../src/server/counters.ts'
import { DEFERRED } from '../../src/server/server.ts'
import { decode, encode, NOW, query, record, tcp, udp, type Decoded } from './messages.ts'

const WANTED = query({ flags: 0x0110, opt: { flags: 0x8000 } })
const A = parseRecord('www.example. 60 IN A 192.0.2.1')

interface Asked { core: Core; counters: Counters; faults: unknown[]; seen: Message[] }

function coreOf(resolve: CoreHandler | undefined, options: Partial<CoreOptions> = {}): Asked {
  const [counters, faults, seen]: [Counters, unknown[], Message[]] = [new Counters(), [], []]
  const noting: CoreHandler | undefined = resolve && ((message, requester) => (seen.push(message), resolve(message, requester)))
  const core = new Core({
    handlers: { query: () => DEFERRED, ...(noting === undefined ? {} : { resolve: noting }) },
    counters, nowSeconds: () => NOW, nowMs: () => 0, soon: (run) => void setImmediate(run), after: () => undefined, onFault: (fault) => void faults.push(fault), ...options,
  })
  return { core, counters, faults, seen }
}

async function octetsOf(core: Core, octets: Uint8Array = WANTED, peer: CoreMessage['peer'] = udp): Promise<Uint8Array | null> {
  const fates: (Uint8Array | null)[] = []
  await core.handle({ octets, peer, reply: (response) => void fates.push(response), drop: () => void fates.push(null) })
  assert.equal(fates.length, 1, 'one fate')
  return fates[0]
}

const answerOf = async (core: Core, octets?: Uint8Array, peer?: CoreMessage['peer']): Promise<Decoded> => decode((await octetsOf(core, octets, peer)) ?? assert.fail('silence'))

const says = (reply: Reply): CoreHandler => () => Promise.resolve({ recursionAvailable: true, ...reply })

/** What the resolver says, and what the response has: header octets 2 and 3, records, INFO-CODE. */
const ROWS: [title: string, reply: Reply, bits: [number, number], answers: number, ede: number | undefined][] = [
  ['an answer', { rcode: RCODE.NOERROR, answers: [A] }, [0x81, 0x90], 1, undefined],
  ['an answer of our own zone', { rcode: RCODE.NOERROR, answers: [A], authoritative: true }, [0x85, 0x90], 1, undefined],
  ['a denial', { rcode: RCODE.NXDOMAIN, answers: [] }, [0x81, 0x93], 0, undefined],
  ['nothing at all', { rcode: RCODE.NOERROR }, [0x81, 0x90], 0, undefined],
  ['a failure with its reason', { rcode: RCODE.SERVFAIL, ede: { infoCode: EDE.NO_REACHABLE_AUTHORITY, text: 'nobody' } }, [0x81, 0x92], 0, EDE.NO_REACHABLE_AUTHORITY],
]

for (const [title, reply, bits, answers, ede] of ROWS) {
  test(`${title}: RD and CD come back, RA is set, and the question is repeated (RFC 1035 4.1.1, RFC 4035 3.2.2)`, async () => {
    const { core, counters } = coreOf(says(reply))
    const octets = (await octetsOf(core)) ?? assert.fail('silence')
    assert.deepEqual([octets[2], octets[3]], bits)
    const { answer, question, opt } = decode(octets)
    assert.equal(answer.length, answers)
    assert.deepEqual(question?.name.toLowerCase(), 'www.example.')
    assert.equal(opt?.dnssecOk, true, 'DO is copied (RFC 3225 3)')
    const told = opt?.options.find(([code]) => code === 15)
    assert.equal(told === undefined ? undefined : parseInt(told[1].slice(0, 4), 16), ede)
    assert.equal(counters.get(`rcode.${reply.rcode === 0 ? 'NOERROR' : reply.rcode === 3 ? 'NXDOMAIN' : 'SERVFAIL'}`), 1)
  })
}

test('the resolver sees the question as it was asked', async () => {
  const { core, seen } = coreOf(says({ rcode: 0 }))
  await answerOf(core)
  assert.deepEqual([seen.length, seen[0].questions[0].name.equals(Name.parse('www.example.')), seen[0].checkingDisabled, seen[0].edns?.dnssecOk], [1, true, true, true])
})

test('what does not fit a datagram is sent away to TCP, where all of it is given (RFC 2181 9)', async () => {
  const answers = Array.from({ length: 100 }, (_, i) => parseRecord(`www.example. 60 IN A 192.0.2.${i}`))
  const { core } = coreOf(says({ rcode: 0, answers }))
  const short = await answerOf(core)
  assert.deepEqual([short.tc, short.answer.length], [true, 0])
  const whole = await answerOf(core, WANTED, tcp)
  assert.deepEqual([whole.tc, whole.answer.length], [false, 100])
})

test('a resolver that fails by a fault of ours is SERVFAIL and reported', async () => {
  const { core, counters, faults } = coreOf(() => Promise.reject(new Error('ours')))
  assert.equal((await answerOf(core)).rcode, RCODE.SERVFAIL)
  assert.deepEqual([(faults[0] as Error).message, counters.get('fault.answering')], ['ours', 1])
})

test('without a resolver what was deferred is refused', async () => {
  assert.equal((await answerOf(coreOf(undefined).core)).rcode, RCODE.REFUSED)
})

test('many wait at once, and each gets its own answer', async () => {
  const open: ((reply: Reply) => void)[] = []
  const { core } = coreOf(() => new Promise((resolve) => open.push(resolve)))
  const answers = Array.from({ length: 50 }, (_, id) => answerOf(core, query({ id, flags: 0x0100 })))
  while (open.length < 50) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(core.size, 50)
  for (const resolve of open.reverse()) resolve({ rcode: RCODE.NXDOMAIN })
  assert.deepEqual((await Promise.all(answers)).map(({ id }) => id), Array.from({ length: 50 }, (_, id) => id))
  assert.equal(core.size, 0)
})

test('a question that is signed gets its answer signed', async () => {
  const seal = encode(record('. 0 IN TXT seal'))
  const authenticator: MessageAuthenticator<string> = {
    verify: () => ({ outcome: 'proven', signer: { kind: 'tsig', name: Name.parse('key.') }, seal: 'seal' }),
    overhead: () => seal.length,
    sign: (response) => {
      const signed = Uint8Array.of(...response, ...seal)
      signed[11]++
      return signed
    },
  }
  const { core } = coreOf(says({ rcode: 0, answers: [A] }), { authenticator })
  const { answer, additional } = await answerOf(core)
  assert.deepEqual([answer.length, additional.length], [1, 1])
})
