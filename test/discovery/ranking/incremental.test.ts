/**
 * The index takes single changes: whatever comes and goes, it is as one that was built anew; what a reader found stays as
 * it was for as long as it is told so; nothing that was given up is lost; and a change costs the same in a large zone.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CapabilityMatch, type CandidateTable, type Slot } from '../../../src/discovery/ranking/candidates.ts'
import { Registrar } from '../../../src/discovery/ranking/registrar.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { Name } from '../../../src/dns/name.ts'
import { agentName, agentRdata, SEED } from './hive.ts'

const APEX = 'acme.example.'
const CAPABILITIES = ['v1.x', 'v2.x', 'mtls.v2.x', 'v1.yy', 'v1.x.deep.er', 'x', 'v9.ocr.vision', ''].map((labels) => `${labels === '' ? '' : `${labels}.`}_cap.${APEX}`)
/** Every name at which something may be found. */
const NAMES = [...new Set(CAPABILITIES.flatMap((name) => {
  const labels = name.split('.')
  return labels.slice(0, labels.indexOf('_cap') + 1).map((_, i) => labels.slice(i).join('.'))
})), APEX, `stray.${APEX}`]
const CLAIMS = ['', 'cost=0.005', 'cost=4 weight=7', 'weight=0', 'region=eu', 'region=us security=mtls', `cost=0.1 provider=${APEX} modality=text`, `region=${'z'.repeat(50)} weight=9`]

interface Step {
  kind: 'put' | 'remove' | 'alias' | 'unalias' | 'commit'
  capability: string
  agent: string
  claims: string
}
const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'remove', 'remove', 'alias', 'unalias', 'commit', 'commit'),
  capability: fc.constantFrom(...CAPABILITIES),
  agent: fc.nat(6).map((i) => `a${i}`),
  claims: fc.constantFrom(...CLAIMS),
})

/** A zone of candidates, and a plain list of what it should hold. */
class Twin {
  readonly registrar: Registrar
  readonly agents = new Map<string, { capability: string; rdata: Uint8Array }>()
  readonly aliases = new Map<string, Uint8Array>()

  constructor(capacity: number, heapOctets: number) {
    this.registrar = new Registrar(SEED, undefined, capacity, heapOctets)
  }

  do({ kind, capability, agent, claims }: Step): void {
    const { registrar } = this
    const owner = Name.parse(capability).wire
    const key = `${capability} ${agent}`
    if (kind === 'commit') registrar.commit()
    else if (kind === 'put') {
      const rdata = agentRdata(agent, claims)
      assert.equal(registrar.put({ owner, rdata, ttl: 60, leaseEndMs: Infinity }) === 'added', !this.agents.has(key))
      this.agents.set(key, { capability, rdata })
    } else if (kind === 'remove') assert.equal(registrar.remove(owner, agentName(agent)), this.agents.delete(key))
    else if (kind === 'alias') {
      const rdata = agentRdata(`${agent}._cap.${APEX}`, '', 0)
      registrar.put({ owner, rdata, ttl: 60, leaseEndMs: Infinity })
      this.aliases.set(capability, rdata)
    } else {
      const held = this.aliases.get(capability)
      assert.equal(registrar.remove(owner, held === undefined ? agentName('nobody') : held.subarray(2)), this.aliases.delete(capability))
    }
  }

  /** A registrar that was given what is left, and nothing else. */
  anew(): Registrar {
    const registrar = new Registrar(SEED)
    for (const { capability, rdata } of this.agents.values()) registrar.put({ owner: Name.parse(capability).wire, rdata, ttl: 60, leaseEndMs: Infinity })
    for (const [capability, rdata] of this.aliases) registrar.put({ owner: Name.parse(capability).wire, rdata, ttl: 60, leaseEndMs: Infinity })
    registrar.commit()
    return registrar
  }
}

const looked = new LookupName(SEED)

function find(table: CandidateTable, name: string, match = new CapabilityMatch()): CapabilityMatch | undefined {
  looked.load(Name.parse(name).wire, 0)
  return table.lookup(looked, match) ? match : undefined
}

function slotsOf({ order, from, count }: CapabilityMatch): Slot[] {
  return [...order.subarray(from, from + count)]
}

/** All that a reader can learn of an entry. */
function entryOf({ heap, i32, f64 }: CandidateTable, slot: Slot): string {
  const value = (number: number): string => Buffer.from(heap.subarray(i32.valueAt[number], i32.valueAt[number] + i32.valueLength[number])).toString('hex')
  const number = i32.capability[slot]
  const owner = Buffer.from(heap.subarray(i32.capabilityAt[number], i32.capabilityAt[number] + i32.capabilityLength[number])).toString('hex')
  const rdata = Buffer.from(heap.subarray(i32.rdataAt[slot], i32.rdataAt[slot] + i32.rdataLength[slot])).toString('hex')
  const values = [i32.security, i32.modality, i32.provider, i32.region].map((column) => (column[slot] === 0 ? '' : value(column[slot])))
  return [owner, rdata, ...values, i32.weight[slot], i32.claimed[slot], f64.slots[slot], f64.serviceMs[slot], f64.readingAtMs[slot]].join(' ')
}

/** All that a reader can learn of every name. */
function everythingIn({ table }: Registrar): Record<string, unknown> {
  return Object.fromEntries(NAMES.map((name) => {
    const match = find(table, name)
    if (match === undefined) return [name, null]
    const alias = Buffer.from(table.heap.subarray(match.aliasAt, match.aliasAt + match.aliasLength)).toString('hex')
    return [name, { agents: slotsOf(match).map((slot) => entryOf(table, slot)).sort(), alias, cost: match.costReference, weight: match.weightReference }]
  }))
}

describe('an index of single changes', () => {
  test('is as one that was built anew, whatever came and went, and however often it moved', () => {
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 150 }), fc.constantFrom(1, 4, 64), fc.constantFrom(64, 1_024, 65_536), (steps, capacity, heapOctets) => {
      const twin = new Twin(capacity, heapOctets)
      for (const step of steps) twin.do(step)
      twin.registrar.commit()
      const anew = twin.anew()
      assert.deepEqual(everythingIn(twin.registrar), everythingIn(anew))
      assert.equal(twin.registrar.valuesHeld, anew.valuesHeld)
      assert.equal(twin.registrar.table.count, twin.agents.size)
      assert.deepEqual(twin.registrar.owners().map((owner) => Name.fromWire(owner).key).sort(), anew.owners().map((owner) => Name.fromWire(owner).key).sort())
    }), { numRuns: 400 })
  })

  test('leaves a reader what it found, for as long as it is told that this is current', () => {
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 120 }), (steps) => {
      const twin = new Twin(256, 262_144) // a table that moves is another one for readers
      const { table } = twin.registrar
      const held: { match: CapabilityMatch; name: string; slots: Slot[]; capabilities: number[]; alias: string }[] = []
      const aliasIn = ({ aliasAt, aliasLength }: CapabilityMatch): string => Buffer.from(table.heap.subarray(aliasAt, aliasAt + aliasLength)).toString('hex')
      for (const step of steps) {
        twin.do(step)
        assert.equal(twin.registrar.table, table)
        for (const { match, name, slots, capabilities, alias } of held) {
          if (!table.isCurrent(match)) continue
          assert.deepEqual(slotsOf(match), slots, name)
          assert.deepEqual(slots.map((slot) => table.i32.capability[slot]), capabilities, `${name}: a slot was used again`)
          assert.equal(aliasIn(match), alias, name)
        }
        for (const name of NAMES) {
          const match = find(table, name)
          if (match === undefined) continue
          assert.ok(table.isCurrent(match))
          held.push({ match, name, slots: slotsOf(match), capabilities: slotsOf(match).map((slot) => table.i32.capability[slot]), alias: aliasIn(match) })
        }
        held.splice(0, Math.max(0, held.length - 4 * NAMES.length))
      }
    }), { numRuns: 100 })
  })

  test('is current for one more commit, so that readers are not sent back by every change', () => {
    const twin = new Twin(64, 65_536)
    const { registrar } = twin
    const put = (agent: string): void => { registrar.put({ owner: Name.parse(CAPABILITIES[0]).wire, rdata: agentRdata(agent), ttl: 60, leaseEndMs: Infinity }) }
    put('a')
    registrar.commit()
    const match = find(registrar.table, `_cap.${APEX}`) as CapabilityMatch
    put('b')
    assert.deepEqual([registrar.table.isCurrent(match), match.count], [true, 1])
    registrar.commit()
    assert.deepEqual([registrar.table.isCurrent(match), slotsOf(match).length], [true, 1])
    assert.equal(find(registrar.table, `_cap.${APEX}`)?.count, 2)
    put('c')
    assert.ok(!registrar.table.isCurrent(match), 'its half is being written')
  })

  test('shows what a batch does to a name all at once', () => {
    const { registrar } = new Twin(64, 65_536)
    for (const agent of ['a', 'b', 'c']) registrar.put({ owner: Name.parse(CAPABILITIES[0]).wire, rdata: agentRdata(agent), ttl: 60, leaseEndMs: Infinity })
    assert.equal(find(registrar.table, CAPABILITIES[0]), undefined)
    registrar.commit()
    for (const agent of ['a', 'b']) registrar.remove(Name.parse(CAPABILITIES[0]).wire, agentName(agent))
    assert.equal(find(registrar.table, CAPABILITIES[0])?.count, 3)
    registrar.commit()
    assert.equal(find(registrar.table, CAPABILITIES[0])?.count, 1)
  })
})

describe('what is given up', () => {
  test('is all there is once everybody has left', () => {
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 100 }), fc.constantFrom(1, 64), (steps, capacity) => {
      const twin = new Twin(capacity, 1_024)
      for (const step of steps) twin.do(step)
      for (const key of [...twin.agents.keys()]) {
        const [capability, agent] = key.split(' ')
        twin.do({ kind: 'remove', capability, agent, claims: '' })
      }
      for (const capability of [...twin.aliases.keys()]) twin.do({ kind: 'unalias', capability, agent: '', claims: '' })
      twin.registrar.commit()
      assert.deepEqual([twin.registrar.octetsAlive, twin.registrar.valuesHeld, twin.registrar.table.count, twin.registrar.owners()], [0, 0, 0, []])
      for (const name of NAMES) assert.equal(find(twin.registrar.table, name), undefined, name)
    }), { numRuns: 200 })
  })

  const ROUNDS = 3_000
  const CHURN: readonly (readonly [string, (i: number) => { capability: string; claims: string }])[] = [
    ['values', (i) => ({ capability: CAPABILITIES[0], claims: `region=r${i} security=s${i} provider=p${i}.example. modality=m${i}` })],
    ['capabilities', (i) => ({ capability: `v1.c${i}.d${i}._cap.${APEX}`, claims: '' })],
    ['sizes of RDATA', (i) => ({ capability: CAPABILITIES[0], claims: `endpoint=x:${'x'.repeat(1 + ((i * 7) % 90))}` })],
  ]
  for (const [what, of] of CHURN) {
    test(`lets agents come with other ${what} for ever in a table that stays as it is`, () => {
      const { registrar } = new Twin(16, 8_192)
      let last: string | undefined
      let octets = 0
      for (let i = 0; i < ROUNDS; i++) {
        const { capability, claims } = of(i)
        if (last !== undefined && last !== capability) assert.ok(registrar.remove(Name.parse(last).wire, agentName('a')))
        assert.notEqual(registrar.put({ owner: Name.parse(capability).wire, rdata: agentRdata('a', claims), ttl: 60, leaseEndMs: Infinity }), 'full')
        registrar.commit()
        last = capability
        if (i === 100) octets = registrar.table.buffer.byteLength
      }
      assert.equal(registrar.table.buffer.byteLength, octets)
      assert.ok(registrar.valuesHeld <= 4)
    })
  }

  test('shrinks the list of a name that many have left', () => {
    const { registrar } = new Twin(1_024, 1_000_000)
    const owner = Name.parse(CAPABILITIES[0]).wire
    for (let i = 0; i < 1_000; i++) registrar.put({ owner, rdata: agentRdata(`a${i}`), ttl: 60, leaseEndMs: Infinity })
    registrar.commit()
    const many = registrar.octetsAlive
    for (let i = 1; i < 1_000; i++) registrar.remove(owner, agentName(`a${i}`))
    registrar.commit()
    registrar.put({ owner, rdata: agentRdata('b'), ttl: 60, leaseEndMs: Infinity }) // the other halves catch up
    registrar.commit()
    assert.ok(registrar.octetsAlive < many / 50, `${registrar.octetsAlive} octets of ${many}`)
  })
})

/** Milliseconds of the quickest of some rounds of registrations that come one by one to a zone with `agents`. */
function costIn(agents: number): number {
  const registrar = new Registrar(SEED, undefined, agents + 2_000, (agents + 2_000) * 320)
  const put = (i: number): void => void registrar.put({ owner: Name.parse(`v1.skill${i % 50}.text._cap.${APEX}`).wire, rdata: agentRdata(`a${i}`, 'cost=1'), ttl: 60, leaseEndMs: Infinity })
  for (let i = 0; i < agents; i++) put(i)
  registrar.commit()
  let least = Infinity
  for (let round = 0; round < 5; round++) {
    const begun = performance.now()
    for (let i = 0; i < 200; i++) {
      put(agents + round * 200 + i)
      registrar.commit()
    }
    least = Math.min(least, performance.now() - begun)
  }
  return least
}

test('a registration costs much the same among thirty thousand as among three hundred', () => {
  costIn(300) // warm
  const [few, many] = [costIn(300), costIn(30_000)]
  assert.ok(many < few * 8, `${few.toFixed(1)} ms among 300, ${many.toFixed(1)} ms among 30,000`)
})
