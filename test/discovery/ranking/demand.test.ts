/**
 * DEMAND is read in place (docs/protocol.md 3): what the answering path makes of its octets is held against the slow
 * decoder, value by value, and refusal by refusal.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ABSENT, Demand, WISH } from '../../../src/discovery/ranking/demand.ts'
import { METRICS } from '../../../src/discovery/ranking/metrics.ts'
import { forEachOutcome } from '../../../src/discovery/ranking/reading.ts'
import { WireFault } from '../../../src/dns/faults.ts'
import { MAX_DEMAND_KEYS } from '../../../src/dns/limits-discovery.ts'
import { decodeParameters, encodeParameters, PARAMETERS, valueOf, type ParameterMap } from '../../../src/dns/parameters.ts'
import { printName } from '../../../src/dns/name.ts'
import { anyParameterOctets, samplesAt, valueOctets, wordOf } from '../../dns/parameter-samples.ts'
import { demandOctets, demandOf } from './hive.ts'

const ALL = samplesAt('DEMAND')

/** The list as the slow decoder reads it; null where it refuses. */
function decoded(octets: Uint8Array): ParameterMap | null {
  try {
    return decodeParameters(octets, 'DEMAND')
  } catch (fault) {
    assert.ok(fault instanceof WireFault)
    return null
  }
}

/** Holds what was read against the slow decoder's values. */
function assertSame(demand: Demand, list: ParameterMap): void {
  METRICS.forEach(({ name }, i) => assert.equal(demand.bound[i], valueOf(list, PARAMETERS[name]) ?? ABSENT, name))
  assert.deepEqual([...demand.keys.subarray(0, demand.keyCount)], [...list.keys()])
  assert.equal(demand.count, valueOf(list, PARAMETERS.count) ?? 0)
  assert.equal(demand.maxAgeMs, valueOf(list, PARAMETERS['max-age']) ?? ABSENT)
  assert.equal(demand.wantsClosure, list.has(PARAMETERS.closure.key))
  assert.equal(demand.wantsCandidates, list.has(PARAMETERS.candidates.key))
  const binding = valueOf(list, PARAMETERS.binding)
  assert.equal(demand.binding, binding === undefined ? ABSENT : Number(binding.exclusive))
  assert.equal(demand.bindingSeconds, binding?.seconds ?? 0)
  const near = valueOf(list, PARAMETERS.location)
  assert.deepEqual([demand.latitude, demand.longitude], near === undefined ? [0, 0] : [near.latitude, near.longitude])
  const spans = { provider: demand.provider, 'only-provider': demand.onlyProvider, region: demand.region, security: demand.security, modality: demand.modality, avoid: demand.avoid, peer: demand.peer, group: demand.group, intent: demand.intent, outcome: demand.outcome }
  for (const [name, { at, end }] of Object.entries(spans)) {
    assert.deepEqual(demand.octets.slice(at, end), list.get(PARAMETERS[name as keyof typeof spans].key) ?? new Uint8Array(0), name)
  }
}

function assertAgrees(octets: Uint8Array): void {
  const demand = new Demand()
  const list = decoded(octets)
  assert.equal(demand.read(octets, 0, octets.length), list !== null)
  if (list !== null) assertSame(demand, list)
}

for (const [parameter, samples] of ALL) {
  test(`a demand for ${parameter.name} is read as the slow decoder reads it, and refused where it is cut or longer`, () => {
    for (const sample of samples) {
      const octets = demandOctets(wordOf(parameter, sample, 'DEMAND'))
      assertAgrees(octets)
      const value = valueOctets(parameter, sample, 'DEMAND')
      for (let size = 0; size <= value.length + 2; size++) {
        const other = new Uint8Array(size)
        other.set(value.subarray(0, size))
        assertAgrees(encodeParameters(new Map([[parameter.key, other]])))
      }
    }
  })
}

test('any list of parameters is read as the slow decoder reads it', () => {
  fc.assert(fc.property(anyParameterOctets('DEMAND'), assertAgrees), { numRuns: 500 })
})

test('any octets are read or refused as the slow decoder does', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), assertAgrees), { numRuns: 500 })
})

test('a demand with octets changed is read or refused as the slow decoder does, and nothing beyond its end is read', () => {
  const change = fc.record({ at: fc.nat(400), octet: fc.nat(255) })
  fc.assert(fc.property(anyParameterOctets('DEMAND'), fc.array(change, { maxLength: 4 }), fc.nat(400), (whole, changes, cut) => {
    const octets = whole.slice()
    for (const { at, octet } of changes) if (octets.length > 0) octets[at % octets.length] = octet
    assertAgrees(octets)
    const short = octets.slice(0, octets.length === 0 ? 0 : cut % (octets.length + 1))
    assertAgrees(short)
    // the same octets in the midst of others
    const padded = new Uint8Array(short.length + 64).fill(0xaa)
    padded.set(short, 32)
    const demand = new Demand()
    assert.equal(demand.read(padded, 32, short.length), decoded(short) !== null)
  }), { numRuns: 1_000 })
})

test('keys must ascend and must not be 65535 (RFC 9460 2.2, 14.3.2)', () => {
  const one = demandOctets('latency=1s')
  const two = demandOctets('accuracy=0.5')
  const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))
  const reads = (octets: Uint8Array): boolean => new Demand().read(octets, 0, octets.length)
  assert.ok(reads(join(one, two)))
  assert.ok(!reads(join(two, one)))
  assert.ok(!reads(join(one, one)))
  assert.ok(!reads(Uint8Array.of(0xff, 0xff, 0, 0)))
})

describe('what is wrong with a demand is told in words that name the key', () => {
  const said = (octets: Uint8Array): string => {
    const demand = new Demand()
    assert.equal(demand.read(octets, 0, octets.length), false)
    return Buffer.from(demand.fault).toString()
  }
  const hex = (text: string): Uint8Array => Buffer.from(text, 'hex')
  const CASES: [octets: string, fault: string][] = [
    ['00', 'DEMAND: ends in the midst of a key'], ['ff140004000000', 'DEMAND: ends in the midst of a key'], ['ffff0000', 'DEMAND: 65535 is no key'],
    ['ff15000203e8ff15000203e8', 'DEMAND: keys must ascend'], ['ff140001ff', 'DEMAND: latency cannot be read'], ['ff150002ffff', 'DEMAND: accuracy cannot be read'], ['ff2b0000', 'DEMAND: near cannot be read'],
    ['ff45000100', 'DEMAND: candidates cannot be read'], ['ff4300020102', 'DEMAND: prefer cannot be read'],
  ]
  for (const [octets, fault] of CASES) test(`${octets}: ${fault}`, () => assert.equal(said(hex(octets)), fault))

  test('any that is refused says why, in words of a table; the next that is read says nothing', () => {
    const texts = new Map<string, Uint8Array>()
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), anyParameterOctets('DEMAND').map((octets) => octets.subarray(0, -1))), (octets) => {
      const demand = new Demand()
      if (demand.read(octets, 0, octets.length)) return assert.equal(demand.fault.length, 0)
      const text = Buffer.from(demand.fault).toString()
      assert.match(text, /^DEMAND: [a-z0-9 -]+$/)
      assert.equal(texts.get(text) ?? demand.fault, demand.fault, 'made once')
      texts.set(text, demand.fault)
      assert.ok(demand.read(demandOctets('count=1'), 0, 5))
      assert.equal(demand.fault.length, 0)
    }), { numRuns: 500 })
  })
})

test('a demand of more keys than MAX_DEMAND_KEYS is refused', () => {
  const keys = (count: number): Uint8Array => encodeParameters(new Map(Array.from({ length: count }, (_, i) => [100 + i, new Uint8Array(0)])))
  const demand = new Demand()
  assert.ok(demand.read(keys(MAX_DEMAND_KEYS), 0, keys(MAX_DEMAND_KEYS).length))
  assert.ok(!demand.read(keys(MAX_DEMAND_KEYS + 1), 0, keys(MAX_DEMAND_KEYS + 1).length))
  assert.equal(Buffer.from(demand.fault).toString(), `DEMAND: must not have more than ${MAX_DEMAND_KEYS} keys`)
})

test('a demand forgets what the one before said', () => {
  const demand = demandOf('latency=1s near=48.2,16.4 prefer=latency:3 avoid=a.example count=3 closure candidates max-age=1s binding=exclusive/60')
  const octets = demandOctets('cost=0.5')
  assert.ok(demand.read(octets, 0, octets.length))
  demand.keys.fill(0, demand.keyCount) // beyond its count an array holds what it held
  assert.deepEqual(demand, demandOf('cost=0.5'))
})

test('soft wishes know their place among the keys, as OFFER tells by it which were not met', () => {
  const demand = demandOf('latency=1s provider=acme.example near=1,2 max-age=1s peer=192.0.2.1')
  assert.equal(demand.order[WISH.provider], 1)
  assert.equal(demand.order[WISH.near], 2)
  assert.equal(demand.order[WISH.peer], 3)
  assert.equal(demand.order[WISH.maxAge], 4)
})

test('weights of what is no metric weigh nothing, and of a metric named twice the last counts', () => {
  const demand = demandOf('prefer=latency:1,cost:9,latency:3,intent:200')
  assert.deepEqual([...demand.weight], [3, 0, 0, 9, 0, 0, 0, 0, 0])
  assert.ok(demand.hasWeights)
  assert.ok(!demandOf('prefer=intent:200').hasWeights)
})

test('outcomes are read one by one', () => {
  const demand = demandOf('outcome=a7._sa.acme.example/busy/200ms/3/2026-11-23T12:00:00.000Z,a8._sa.acme.example/wrong/1us/9/999999999999999')
  const seen: unknown[] = []
  forEachOutcome(demand.octets, demand.outcome.at, demand.outcome.end, (nameAt, outcome) => seen.push([printName(demand.octets, nameAt), outcome]))
  assert.deepEqual(seen, [
    ['a7._sa.acme.example.', { result: 1, latencyMs: 200, active: 3, atMs: Date.UTC(2026, 10, 23, 12) }],
    ['a8._sa.acme.example.', { result: 3, latencyMs: 0.001, active: 9, atMs: 999_999_999_999_999 }],
  ])
})
