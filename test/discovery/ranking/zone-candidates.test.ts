/**
 * Candidates follow what zones hold: agents that register, renew, change, withdraw or fall silent, SRP and ordinary
 * updates, failing disks, reloads and zones that move to a larger block. Through the engine, as the server does it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registerMessage, withdrawMessage, type Registration } from '../../../src/client/registration.ts'
import { CandidateTable, CapabilityMatch } from '../../../src/discovery/ranking/candidates.ts'
import { Ranker } from '../../../src/discovery/ranking/rank.ts'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { TABLE } from '../../../src/discovery/ranking/table-layout.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { Name, printName } from '../../../src/dns/name.ts'
import { parsePrefix, PrefixList, type Prefix } from '../../../src/dns/prefix.ts'
import type { ZoneImage } from '../../../src/zone/image.ts'
import { anybody, copyOf, grant, imageOf, SEED, ZONE } from '../../update/support.ts'
import { demandOf } from './hive.ts'
import { garden, printVerdict, START_MS, type Garden, type GardenParts } from '../support.ts'

const KEY = Uint8Array.from({ length: 68 }, (_, i) => [0, 0, 3, 13][i] ?? 7)
const BABEL: Registration = { provider: 'example.', id: 'babel', key: KEY, addresses: ['192.0.2.7'], capabilities: [{ name: 'v2.x', parameters: 'latency=200ms' }, { name: 'v1.y' }] }
const TOP = '_cap.example.'
const OPEN = { policyOf: () => ({ networks: new PrefixList([parsePrefix('192.0.2.0/24') as Prefix]) }) }

/** A garden whose threads would answer from `block`. */
class Stage {
  readonly running: Garden
  block: SharedArrayBuffer | undefined
  /** How often threads were told of other blocks. */
  told: number

  private constructor(running: Garden) {
    this.running = running
    this.told = 0
    this.publish()
  }

  static async open(parts: GardenParts & { isOpen?: boolean } = {}): Promise<Stage> {
    const stage: { it?: Stage } = {}
    const onTables = (): void => void (stage.it !== undefined && stage.it.told++)
    const { isOpen = true, discovery, ...rest } = parts
    stage.it = new Stage(await garden({ grants: [grant()], ...rest, discovery: { ...(isOpen ? OPEN : {}), seed: SEED, onTables, ...discovery } }))
    return stage.it
  }

  publish(image: ZoneImage = this.running.zone.image): void {
    ;[this.block] = this.running.discovery.candidates.tablesFor([image])
  }

  async register(parts: Partial<Registration> = {}, lease = 60): Promise<string> {
    const message = registerMessage({ ...BABEL, ...parts }, { lease, keyLease: lease * 2 }, 1)
    return printVerdict(await this.running.judge(message, this.itself(parts.id, parts.key)))
  }

  async withdraw(): Promise<string> {
    return printVerdict(await this.running.judge(withdrawMessage(BABEL, 1), this.itself()))
  }

  private itself(id = 'babel', key: Uint8Array = KEY): Parameters<Garden['judge']>[1] {
    return { ...anybody, signer: { kind: 'sig0', name: Name.parse(`${id}._sa.example.`), key } }
  }

  /** `agent seconds-left` of what a thread finds below the name, sorted; `-` where it has no lease. */
  found(name = TOP): string[] {
    if (this.block === undefined) return []
    const table = new CandidateTable(this.block)
    const match = new CapabilityMatch()
    const lookup = new LookupName(SEED)
    lookup.load(Name.parse(name).wire, 0)
    if (!table.lookup(lookup, match)) return []
    const nowMs = this.running.discovery.nowMs()
    return [...match.order.subarray(match.from, match.from + match.count)].map((slot) => {
      const endMs = table.f64.leaseEndMs[slot]
      return `${printName(table.heap, table.i32.rdataAt[slot] + 2).split('.')[0]} ${endMs === Infinity ? '-' : Math.round((endMs - nowMs) / 1_000)}`
    }).sort()
  }
}

test('an agent is found as soon as its registration is acknowledged, with the end of its lease; renewed, it lives on', async () => {
  const stage = await Stage.open()
  assert.deepEqual(stage.found(), [])
  assert.equal(await stage.register(), 'NOERROR 60 120')
  assert.deepEqual(stage.found(), ['babel 60', 'babel 60'])
  assert.deepEqual(stage.found('x._cap.example.'), ['babel 60'])
  await stage.running.pass(40)
  assert.deepEqual(stage.found(), ['babel 20', 'babel 20'])
  await stage.register()
  assert.deepEqual(stage.found(), ['babel 60', 'babel 60'], 'a renewal, which changes no record')
  assert.equal(stage.told, 0)
})

test('an agent that falls silent or withdraws is not found any more', async () => {
  const stage = await Stage.open()
  await stage.register()
  await stage.running.pass(61)
  assert.deepEqual(stage.found(), [])
  await stage.register()
  assert.equal(stage.found().length, 2)
  await stage.withdraw()
  assert.deepEqual(stage.found(), [])
})

test('what an agent claims anew is what it is found with; what it no longer offers is gone, what others offer stays', async () => {
  const stage = await Stage.open()
  await stage.register()
  const other = Uint8Array.from({ length: 68 }, (_, i) => [0, 0, 3, 13][i] ?? 9)
  await stage.register({ id: 'rosetta', key: other })
  const slot = stage.running.discovery.candidates.of({ name: Name.parse('example.'), class: 1 })?.registrar.slotOf(Name.parse('v2.x._cap.example.').wire, Name.parse('babel._sa.example.').wire) as number
  await stage.register({ capabilities: [{ name: 'v2.x', parameters: 'latency=80ms' }] })
  assert.equal(new CandidateTable(stage.block as SharedArrayBuffer).claims[0][slot], 80_000, 'the same slot, so that what is known of the agent stays')
  assert.deepEqual(stage.found('x._cap.example.'), ['babel 60', 'rosetta 60'])
  assert.equal((await stage.running.send('delete v1.y._cap.example. AGENT')), 'NOERROR')
  assert.deepEqual(stage.found('y._cap.example.'), [])
})

test('AGENT records of ordinary updates are found: for ever without a lease, else as long as it', async () => {
  const stage = await Stage.open()
  assert.equal(await stage.running.send('add v1.z._cap.example. 60 AGENT 1 a._sa.example.'), 'NOERROR')
  assert.equal(await stage.running.lease('add v1.z._cap.example. 60 AGENT 1 b._sa.elsewhere.test.; add z.example. 60 TXT "mixed"', { lease: 100 }), 'NOERROR 100')
  assert.deepEqual(stage.found(), ['a -', 'b 100'])
  await stage.running.pass(50)
  await stage.running.lease('add v1.z._cap.example. 60 AGENT 1 b._sa.elsewhere.test.; add z.example. 60 TXT "mixed"', { lease: 100 })
  assert.deepEqual(stage.found(), ['a -', 'b 100'])
  assert.equal(await stage.running.send('delete v1.z._cap.example. AGENT'), 'NOERROR')
  assert.deepEqual(stage.found(), [])
})

test('an agent that is found is one that the zone holds, whatever was said of its lease before', async () => {
  const stage = await Stage.open()
  const add = 'add v1.z._cap.example. 60 AGENT 1 b._sa.elsewhere.test.'
  for (const seconds of [60, 90, undefined, 45, undefined]) {
    if (seconds === undefined) await stage.running.send(add)
    else await stage.running.lease(`${add}; add z.example. 60 TXT "mixed"`, { lease: seconds })
    await stage.running.pass(20)
    assert.equal(stage.found().length, stage.running.at(' AGENT ').length)
  }
  for (let i = 0; i < 6; i++) {
    await stage.running.pass(20)
    const alive = stage.found().filter((line) => line.endsWith('-') || Number(line.split(' ')[1]) > 0)
    assert.equal(alive.length, stage.running.at(' AGENT ').length, `after ${i * 20 + 20} s: ${stage.found().join()}`)
  }
})

test('a registration asks for no lease of those who offer the same', async () => {
  const stage = await Stage.open()
  await stage.running.lease(`${Array.from({ length: 40 }, (_, i) => `add v1.z._cap.example. 60 AGENT 1 a${i}._sa.elsewhere.test.`).join('; ')}; add z.example. 60 TXT "mixed"`, { lease: 100 })
  const { keeper } = stage.running
  const get = keeper.get.bind(keeper)
  let reads = 0
  keeper.get = (space, key) => (reads++, get(space, key))
  await stage.running.lease('add v1.z._cap.example. 60 AGENT 1 new._sa.elsewhere.test.; add y.example. 60 TXT "mixed"', { lease: 100 })
  assert.equal(stage.found().length, 41)
  assert.ok(reads < 40, `${reads} reads of the store`)
})

test('an update that was not kept registers nobody, and takes nobody away', async () => {
  const stage = await Stage.open()
  await stage.register()
  stage.running.keeper.fail = new Error('the disk is gone')
  assert.match(await stage.register({ id: 'ghost', key: undefined as unknown as Uint8Array }), /^(SERVFAIL|REFUSED)/)
  assert.equal(await stage.withdraw(), 'SERVFAIL')
  assert.deepEqual(stage.found(), ['babel 60', 'babel 60'])
  stage.running.keeper.fail = undefined
  await stage.withdraw()
  assert.deepEqual(stage.found(), [])
})

test('a zone that expects no agents has a table from its first one on, and threads are told', async () => {
  const stage = await Stage.open({ isOpen: false })
  assert.equal(stage.block, undefined)
  await stage.running.send('add www.example. 60 A 192.0.2.9')
  assert.equal(stage.told, 0)
  await stage.running.send('add v1.z._cap.example. 60 AGENT 1 a._sa.example.')
  assert.equal(stage.told, 1)
  stage.publish()
  assert.deepEqual(stage.found(), ['a -'])
})

test('a table that grows is told of, and holds what the smaller one held', async () => {
  const stage = await Stage.open()
  await stage.register()
  const before = stage.block
  const many = Array.from({ length: 120 }, (_, i) => `add v${i}.many._cap.example. 60 AGENT 1 a${i}._sa.example.`).join('; ')
  assert.equal(await stage.running.send(many), 'NOERROR')
  assert.ok(stage.told > 0)
  stage.publish()
  assert.notEqual(stage.block, before)
  assert.equal(stage.found().length, 122)
})

test('a reload is followed: who the file names now, who is registered, and nobody else', async () => {
  const text = `${ZONE}v1.file._cap 60 AGENT 1 old._sa\nv1.file._cap 60 AGENT 0 v2.file._cap\n`
  const stage = await Stage.open({ text })
  await stage.register()
  assert.deepEqual(stage.found(), ['babel 60', 'babel 60', 'old -'])
  const { zone } = stage.running
  const release = await zone.queue.hold()
  await zone.open(imageOf(`${ZONE}v2.file._cap 60 AGENT 1 new._sa\n*._cap 60 AGENT 1 wild._sa\n`), { serial: 9, fingerprint: new Uint8Array(8) })
  stage.publish()
  release()
  assert.deepEqual(stage.found(), ['babel 60', 'babel 60', 'new -'])
})

test('a zone that moves to a larger block that holds the same is not read again; one that is no longer served is forgotten', async () => {
  const stage = await Stage.open()
  await stage.register()
  const { candidates } = stage.running.discovery
  const zone = { name: Name.parse('example.'), class: 1 }
  const empty = imageOf(ZONE)
  candidates.moved(zone, empty)
  stage.publish(empty)
  assert.equal(stage.found().length, 2, 'taken on trust')
  stage.publish(imageOf(ZONE))
  assert.equal(stage.found().length, 0, 'read')
  assert.deepEqual(candidates.tablesFor([]), [])
  assert.equal(candidates.of(zone), undefined)
})

test('after a restart the leases that were kept bound what is found', async () => {
  const stage = await Stage.open()
  await stage.register()
  await stage.running.pass(15)
  const later = await stage.running.restart()
  const [block] = later.discovery.candidates.tablesFor([later.zone.image])
  const table = new CandidateTable(block as SharedArrayBuffer)
  const ends = [...table.f64.leaseEndMs].filter((endMs) => endMs > 0)
  assert.equal(ends.length, 2)
  for (const endMs of ends) assert.ok(endMs > START_MS + 55_000 && endMs < START_MS + 65_000, String(endMs - START_MS))
})

test('a start reads no lease a second time for its candidates, and what is renewed since is as it was renewed', async () => {
  const stage = await Stage.open({ text: `${ZONE}v1.file._cap 60 AGENT 1 old._sa\n` })
  await stage.register()
  const later = await stage.running.restart()
  const { candidates } = later.discovery
  const { keeper } = later
  const get = keeper.get.bind(keeper)
  let reads: string[] = []
  keeper.get = (space, key) => (reads.push(Buffer.from(key).toString('latin1')), get(space, key))
  const [block] = candidates.tablesFor([later.zone.image])
  // of the two agents one stands in the file: whether it has a lease is asked
  assert.deepEqual(reads.filter((key) => key.includes('babel')), [])
  const endsIn = (buffer: SharedArrayBuffer | undefined): number[] => {
    const { f64, header } = new CandidateTable(buffer as SharedArrayBuffer)
    return [...f64.leaseEndMs.subarray(0, header[TABLE.top])].map((endMs) => (endMs === Infinity ? endMs : Math.round((endMs - START_MS) / 1_000))).sort((a, b) => a - b)
  }
  assert.deepEqual(endsIn(block), [60, 60, Infinity])
  reads = []
  await later.judge(registerMessage(BABEL, { lease: 90, keyLease: 180 }, 1), { ...anybody, signer: { kind: 'sig0', name: Name.parse('babel._sa.example.'), key: KEY } })
  assert.deepEqual(endsIn(block), [90, 90, Infinity])
  const read = copyOf(later.zone.image)
  const [again] = candidates.tablesFor([read])
  assert.deepEqual(endsIn(again), [90, 90, Infinity], 'a zone that is read again after the renewal')
})

/** What the zone's candidates answer at `v1.z._cap`, and whom the group may have besides. */
function chosen(stage: Stage, demand = ''): string[] {
  const { registrar } = stage.running.discovery.candidates.of({ name: Name.parse('example.'), class: 1 }) ?? assert.fail('no candidates')
  const ranker = new Ranker(DEFAULT_RANKING, () => 0.5)
  const match = new CapabilityMatch()
  const lookup = new LookupName(SEED)
  lookup.load(Name.parse('v1.z._cap.example.').wire, 0)
  if (!registrar.table.lookup(lookup, match)) return []
  ranker.rank(registrar.table, match, demandOf(demand), stage.running.discovery.nowMs(), 8)
  return Array.from({ length: ranker.count }, (_, i) => printName(registrar.table.heap, registrar.table.i32.rdataAt[ranker.slots[i]] + 2).split('.')[0]).sort()
}

const EXCLUSIVE = 'add v1.z._cap.example. 60 AGENT 1 a._sa.example. binding=exclusive/90; add v1.z._cap.example. 60 AGENT 1 b._sa.example.'
const JOIN = 'add t._task.example. 60 TASK 2 a._sa.example. role=lead'
const LEAVE = 'delete t._task.example. TASK'

test('who joins a task group by an update is held from then on, and free when it leaves, its record ends or its binding does', async () => {
  const stage = await Stage.open()
  await stage.running.send(EXCLUSIVE)
  assert.deepEqual(chosen(stage), ['a', 'b'])
  assert.equal(await stage.running.send(JOIN), 'NOERROR')
  assert.deepEqual([chosen(stage), chosen(stage, 'group=t._task.example')], [['b'], ['a', 'b']])
  assert.equal(await stage.running.send(LEAVE), 'NOERROR')
  assert.deepEqual(chosen(stage), ['a', 'b'])
  assert.equal(await stage.running.lease(`${JOIN}; add z.example. 60 TXT "mixed"`, { lease: 30 }), 'NOERROR 30')
  assert.deepEqual(chosen(stage), ['b'])
  await stage.running.pass(31)
  assert.deepEqual(chosen(stage), ['a', 'b'], 'the lease of its record has ended')
  await stage.running.send(JOIN)
  await stage.running.pass(89)
  assert.deepEqual(chosen(stage), ['b'])
  await stage.running.pass(1)
  assert.deepEqual(chosen(stage), ['a', 'b'], 'it was bound for 90 seconds')
})

test('a member that registers later is held at once; a refused update holds nobody', async () => {
  const stage = await Stage.open()
  await stage.running.send(JOIN)
  await stage.running.send(EXCLUSIVE)
  assert.deepEqual(chosen(stage), ['b'])
  assert.equal(await stage.running.send(`prereq nxdomain t._task.example.; ${JOIN.replace('a._sa', 'b._sa')}`), 'YXDOMAIN')
  await stage.running.send('delete v1.z._cap.example. AGENT; add v1.z._cap.example. 60 AGENT 1 b._sa.example. binding=exclusive')
  assert.deepEqual(chosen(stage), ['b'])
})

test('a switch, one leaves and one comes in one transaction, is seen as a whole', async () => {
  const stage = await Stage.open()
  await stage.running.send('add v1.z._cap.example. 60 AGENT 1 a._sa.example. binding=exclusive; add v1.z._cap.example. 60 AGENT 1 b._sa.example. binding=exclusive')
  await stage.running.send(JOIN)
  assert.deepEqual(chosen(stage), ['b'])
  await stage.running.send(`${LEAVE}; add t._task.example. 60 TASK 2 b._sa.example. successor=a._sa.example`)
  assert.deepEqual([chosen(stage), chosen(stage, 'group=t._task.example')], [['a'], ['a', 'b']])
})

test('memberships come with a zone that is loaded, and go with one that is read anew without them', async () => {
  const text = `${ZONE}v1.z._cap 60 AGENT 1 a._sa binding=exclusive\nv1.z._cap 60 AGENT 1 b._sa\n`
  const stage = await Stage.open({ text: `${text}t._task 60 TASK 0 a._sa\n` })
  assert.deepEqual(chosen(stage), ['b'])
  stage.publish(imageOf(`${text}t._task 60 TASK 0 a._sa\nt._task 60 TASK 0 b._sa\n`.replace('AGENT 1 b._sa', 'AGENT 1 b._sa binding=exclusive')))
  assert.deepEqual(chosen(stage), [], 'one more is held, and the other still is')
  stage.publish(imageOf(`${text.replace('v1.z._cap', 'v2.other._cap')}v1.z._cap 60 AGENT 1 a._sa binding=exclusive\nt._task 60 TASK 0 a._sa\nt._task 60 TASK 0 b._sa\n`))
  assert.deepEqual(chosen(stage), ['b'], 'at a capability that is new, too')
  stage.publish(imageOf(text))
  assert.deepEqual(chosen(stage), ['a', 'b'])
  stage.publish(imageOf(`${text}t._task 60 TASK 2 b._sa\nu._task 60 TASK 2 a._sa\n`))
  assert.deepEqual([chosen(stage), chosen(stage, 'group=u._task.example')], [['b'], ['a', 'b']])
})
