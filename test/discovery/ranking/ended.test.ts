/**
 * Where the last lease has ended: NODATA with the reason (docs/protocol.md 4, step 6), for every type, at the capability and
 * at ancestors below which nothing else stands; for a while, and no longer once somebody comes or the agent has left by itself.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ZoneAuthority } from '../../../src/authority/answer.ts'
import { registerMessage, withdrawMessage, type Registration } from '../../../src/client/registration.ts'
import { AgentFaces } from '../../../src/discovery/faces/faces.ts'
import { CapabilityMatch } from '../../../src/discovery/ranking/candidates.ts'
import { RankedChooser } from '../../../src/discovery/ranking/choosing.ts'
import { EDE, OPTION } from '../../../src/dns/codes.ts'
import { ENDED_REMEMBERED_MS, MAX_ENDED_REMEMBERED } from '../../../src/dns/limits-discovery.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { Name } from '../../../src/dns/name.ts'
import { parsePrefix, PrefixList, type Prefix } from '../../../src/dns/prefix.ts'
import { ZoneDirectory } from '../../../src/zone/directory.ts'
import { converserOf, serverOf } from '../../authority/ask.ts'
import { anybody, grant, SEED } from '../../update/support.ts'
import { garden, type Garden, printVerdict } from '../support.ts'
import { edeOf } from './desk.ts'
import { agentName, agentRdata, chance, Hive, SEED as HIVE_SEED } from './hive.ts'

const KEY = Uint8Array.from({ length: 68 }, (_, i) => [0, 0, 3, 13][i] ?? 7)
const BABEL: Registration = { provider: 'example.', id: 'babel', key: KEY, addresses: ['192.0.2.7'], capabilities: [{ name: 'v2.x.y' }] }
const V2 = 'v2.x.y._cap.example.'

/** A zone that is open to registrations, asked as a client does. */
class Field {
  readonly running: Garden
  private readonly chooser: RankedChooser

  private constructor(running: Garden) {
    this.running = running
    this.chooser = new RankedChooser({ nowMs: () => running.discovery.nowMs(), random: chance(1) })
  }

  static async open(): Promise<Field> {
    const networks = new PrefixList([parsePrefix('192.0.2.0/24') as Prefix])
    return new Field(await garden({ grants: [grant()], discovery: { seed: SEED, policyOf: () => ({ networks }) } }))
  }

  async register(lease = 30): Promise<void> {
    assert.match(printVerdict(await this.running.judge(registerMessage(BABEL, { lease, keyLease: lease * 2 }, 1), this.itself)), /^NOERROR/)
  }

  async withdraw(): Promise<void> {
    assert.match(printVerdict(await this.running.judge(withdrawMessage(BABEL, 1), this.itself)), /^NOERROR/)
  }

  private get itself(): Parameters<Garden['judge']>[1] {
    return { ...anybody, signer: { kind: 'sig0', name: Name.parse('babel._sa.example.'), key: KEY } }
  }

  /** `RCODE records [info-code]` of a question. */
  ask(name: string, type: string, demand?: string): string {
    const { image } = this.running.zone
    this.chooser.useTables(this.running.discovery.candidates.tablesFor([image]))
    const converse = converserOf(serverOf([], { authority: new ZoneAuthority(new ZoneDirectory([image], SEED), SEED, new AgentFaces(this.chooser, SEED)), leaseSeconds: () => Math.floor(this.running.discovery.nowMs() / 1_000) }))
    const found = converse(`${name} ${type}`, { size: 4_096, options: demand === undefined ? [] : [[OPTION.DEMAND, demand]] })
    if (found.answer.length === 0 && found.rcode !== 'FORMERR') assert.match(found.authority.join(), / SOA /)
    return [found.rcode, found.answer.length, ...(edeOf(found)?.slice(0, 1) ?? [])].join(' ')
  }
}

const ENDED = `NOERROR 0 ${EDE.LEASE_EXPIRED}`

test('an agent whose lease has ended leaves the reason behind, at its capability and above it, for every type; whoever comes again is found', async () => {
  const field = await Field.open()
  await field.register()
  assert.equal(field.ask(V2, 'AGENT'), 'NOERROR 1')
  await field.running.pass(31)
  for (const name of [V2, 'x.y._cap.example.', '_cap.example.']) for (const type of ['AGENT', 'A', 'SVCB', 'TXT']) assert.equal(field.ask(name, type), ENDED, `${name} ${type}`)
  for (const name of ['v1.x.y._cap.example.', 'babel._sa.example.', 'v2.x.z._cap.example.']) assert.equal(field.ask(name, 'TXT').split(' ')[2], undefined, name)
  await field.register()
  assert.deepEqual([field.ask(V2, 'AGENT'), field.ask('_cap.example.', 'AGENT'), field.ask(V2, 'A')], ['NOERROR 1', 'NOERROR 1', 'NOERROR 1'])
})

test('one that leaves by itself leaves nothing behind', async () => {
  const field = await Field.open()
  await field.register()
  await field.withdraw()
  assert.equal(field.ask(V2, 'AGENT'), 'NXDOMAIN 0')
  assert.equal(field.ask('_cap.example.', 'AGENT'), 'NXDOMAIN 0')
})

test('where others stand, above or beside, those are answered, and where an alias does there is no reason', async () => {
  const field = await Field.open()
  await field.register()
  await field.running.send('add v1.x.y._cap.example. 60 AGENT 1 lasting._sa.example.')
  await field.running.pass(31)
  assert.deepEqual([field.ask(V2, 'AGENT'), field.ask('x.y._cap.example.', 'AGENT'), field.ask('v1.x.y._cap.example.', 'AGENT')], [ENDED, 'NOERROR 1', 'NOERROR 1'])
  await field.running.send('delete v1.x.y._cap.example. AGENT; add v1.x.y._cap.example. 60 AGENT 0 v2.x.y._cap.example.')
  assert.deepEqual([field.ask('x.y._cap.example.', 'AGENT'), field.ask('v1.x.y._cap.example.', 'AGENT'), field.ask(V2, 'AGENT')], ['NOERROR 0', 'NOERROR 1', ENDED])
})

test('a name that is an alias is one for AGENT as well (RFC 1034 3.6.2), whatever has ended there or stands below', async () => {
  const field = await Field.open()
  await field.register()
  await field.running.pass(31)
  await field.running.send('add v2.x.y._cap.example. 60 CNAME v2.x.y._cap.other.test.; add z._cap.example. 60 CNAME z._cap.other.test.; add v1.z._cap.example. 60 AGENT 1 z._sa.example.')
  for (const name of [V2, 'z._cap.example.']) for (const type of ['AGENT', 'A', 'TXT']) assert.equal(field.ask(name, type), 'NOERROR 1', `${name} ${type}`)
})

test('where a wildcard stands for the name it is answered, for every type', async () => {
  const field = await Field.open()
  await field.running.send('add *.example. 60 TXT "wild"; add *.example. 60 A 192.0.2.44')
  await field.register()
  await field.running.pass(31)
  assert.deepEqual([field.ask(V2, 'TXT'), field.ask(V2, 'A'), field.ask(V2, 'AGENT')], ['NOERROR 1', 'NOERROR 1', 'NOERROR 0'])
})

test('a demand is read there as anywhere', async () => {
  const field = await Field.open()
  await field.register()
  await field.running.pass(31)
  assert.equal(field.ask(V2, 'AGENT', '00'), `FORMERR 0 ${EDE.OTHER}`)
  assert.equal(field.ask(V2, 'AGENT', 'ff1400040001e848'), ENDED)
})

test('it is forgotten after an hour, though nothing changes', async () => {
  const field = await Field.open()
  await field.register()
  await field.running.pass(31)
  await field.running.pass(ENDED_REMEMBERED_MS / 1_000 - 5)
  assert.equal(field.ask(V2, 'AGENT'), ENDED)
  await field.running.pass(10)
  assert.equal(field.ask(V2, 'AGENT'), 'NXDOMAIN 0')
})

test(`of more than ${MAX_ENDED_REMEMBERED} such capabilities the first is forgotten, in a table that grows meanwhile`, () => {
  const hive = new Hive()
  const nameOf = (i: number): string => `v1.x${i}._cap.acme.example.`
  for (let i = 0; i <= MAX_ENDED_REMEMBERED; i++) hive.put('a', '', nameOf(i), hive.nowMs + 10)
  hive.nowMs += 10
  for (let i = 0; i <= MAX_ENDED_REMEMBERED; i++) hive.registrar.remove(Name.parse(nameOf(i)).wire, agentName('a'), hive.nowMs)
  hive.registrar.commit()
  assert.deepEqual([hive.find(nameOf(0)), hive.find(nameOf(1))?.hasEnded, hive.find(nameOf(MAX_ENDED_REMEMBERED))?.hasEnded], [null, true, true])
  hive.registrar.forgetEnded(hive.nowMs + ENDED_REMEMBERED_MS)
  hive.registrar.commit()
  assert.deepEqual([hive.find(nameOf(1)), hive.find('_cap.acme.example.')], [null, null])
})

test('whatever comes, leaves and ends, a name has ended where its last one did and nothing stands at or below it (model)', () => {
  const CAPS = ['v1.a._cap.acme.example.', 'v2.a._cap.acme.example.', 'v1.b._cap.acme.example.']
  const step = fc.record({ cap: fc.integer({ min: 0, max: 2 }), who: fc.constantFrom('p', 'q'), what: fc.constantFrom('come', 'leave', 'end', 'forget') })
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const hive = new Hive()
    const there = CAPS.map(() => new Set<string>())
    const ended = new Set<number>()
    for (const { cap, who, what } of steps) {
      const owner = Name.parse(CAPS[cap]).wire
      if (what === 'come') {
        hive.registrar.put({ owner, rdata: agentRdata(who), ttl: 60, leaseEndMs: hive.nowMs + 1_000 })
        there[cap].add(who)
        ended.delete(cap)
      } else if (what === 'forget') {
        hive.registrar.forgetEnded(Infinity)
        ended.clear()
      } else if (there[cap].delete(who)) {
        hive.registrar.remove(owner, agentName(who), what === 'end' ? hive.nowMs + 1_000 : hive.nowMs)
        if (there[cap].size === 0 && what === 'end') ended.add(cap)
      }
      hive.registrar.commit()
    }
    const lookup = new LookupName(HIVE_SEED)
    const match = new CapabilityMatch()
    for (const [name, below] of [...CAPS.map((name, i): [string, number[]] => [name, [i]]), ['a._cap.acme.example.', [0, 1]], ['_cap.acme.example.', [0, 1, 2]]] as [string, number[]][]) {
      lookup.load(Name.parse(name).wire, 0)
      const isThere = hive.registrar.table.lookup(lookup, match)
      const count = below.reduce((sum, i) => sum + there[i].size, 0)
      const hasEnded = count === 0 && below.some((i) => ended.has(i))
      assert.deepEqual([isThere, isThere && match.count, isThere && match.hasEnded], [count > 0 || hasEnded, (count > 0 || hasEnded) && count, hasEnded], name)
    }
  }), { numRuns: 300 })
})
