/** What an AGENT record claims, in the columns that ranking reads (docs/protocol.md 3): each parameter, none, another than before, and any list of them as the slow decoder reads it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { NO_WEIGHT } from '../../../src/discovery/ranking/claims.ts'
import { METRIC, METRICS } from '../../../src/discovery/ranking/metrics.ts'
import { LEARNING } from '../../../src/discovery/ranking/settings.ts'
import type { WordColumn } from '../../../src/discovery/ranking/table-layout.ts'
import { decodeParameters, parseParameters, PARAMETERS, valueOf } from '../../../src/dns/parameters.ts'
import { samplesAt, wordOf } from '../../dns/parameter-samples.ts'
import { agentRdata, CAPABILITY, Hive } from './hive.ts'
import { Name } from '../../../src/dns/name.ts'

/** A hive with one agent of these claims, and its slot. */
function hiveOf(claims: string): { hive: Hive; slot: number; word: (column: WordColumn) => number; text: (column: WordColumn) => string } {
  const hive = new Hive()
  hive.put('babel', claims)
  const slot = hive.slot('babel')
  const { table } = hive.registrar
  const text = (column: WordColumn): string => {
    const value = table.i32[column][slot]
    return Buffer.from(table.heap.slice(table.i32.valueAt[value], table.i32.valueAt[value] + table.i32.valueLength[value])).toString('latin1')
  }
  return { hive, slot, word: (column) => table.i32[column][slot], text }
}

describe('each claim has its column', () => {
  const WORDS: [claims: string, column: WordColumn, value: number][] = [
    ['queue=8', 'queue', 9], ['queue=0', 'queue', 1], ['', 'queue', 0], ['queue=4294967295', 'queue', 0x7fff_ffff],
    ['weight=10', 'weight', 10], ['weight=0', 'weight', 0], ['', 'weight', NO_WEIGHT], ['weight=65535', 'weight', 65_535],
    ['location=48.2,16.4', 'latitude', 48_200_000], ['location=48.2,-16.4', 'longitude', -16_400_000], ['location=0,0', 'location', 1], ['', 'location', 0],
    ['binding=exclusive/60', 'binding', 1], ['binding=exclusive/60', 'bindingSeconds', 60], ['binding=exclusive', 'bindingSeconds', 0], ['binding=shared', 'binding', 0], ['', 'binding', 0],
    ['profile=ordinary', 'profile', 0], ['profile=performance-sensitive', 'profile', 1], ['profile=short-lived', 'profile', 2],
    ['', 'security', 0], ['', 'modality', 0], ['', 'provider', 0], ['', 'region', 0],
  ]
  for (const [claims, column, value] of WORDS) test(`${claims || 'nothing'}: ${column} ${value}`, () => assert.equal(hiveOf(claims).word(column), value))

  const TEXTS: [claims: string, column: WordColumn, octets: string][] = [
    ['region=eu', 'region', 'eu'], ['security=tls,mtls', 'security', '\x03tls\x04mtls'], ['modality=text', 'modality', '\x04text'], ['provider=a.example,b.example', 'provider', '\x01a\x07example\x00\x01b\x07example\x00'],
  ]
  test('the security of a label comes before what the parameter says, each word once', () => {
    const said = (label: string, claims: string): string => {
      const hive = new Hive()
      const capability = `${label}.v1.x._cap.acme.example.`
      hive.put('babel', claims, capability)
      const { heap, i32 } = hive.registrar.table
      const value = i32.security[hive.slot('babel', capability)]
      return Buffer.from(heap.subarray(i32.valueAt[value], i32.valueAt[value] + i32.valueLength[value])).toString()
    }
    assert.deepEqual([said('mtls', ''), said('TLS', 'security=mtls'), said('mtls', 'security=tls,MTLS'), said('x', '')], ['\x04mtls', '\x03tls\x04mtls', '\x03tls\x04MTLS', ''])
  })

  for (const [claims, column, octets] of TEXTS) test(`${claims} is kept as it is on the wire`, () => assert.equal(hiveOf(claims).text(column), octets))

  for (const [i, { name, size }] of METRICS.entries()) {
    test(`${name}: ${i <= METRIC.history ? 'claimed' : 'measured, not claimed'}`, () => {
      const [parameter, samples] = samplesAt(i <= METRIC.history ? 'AGENT' : 'SENSE').find(([{ key }]) => key === PARAMETERS[name].key) ?? assert.fail(name)
      assert.equal(size === 2, samples.every((sample) => Number(sample) <= 1), 'ratios have two octets')
      if (i > METRIC.history) return
      for (const sample of samples) {
        const { hive, slot, word } = hiveOf(wordOf(parameter, sample, 'AGENT'))
        assert.equal(word('claimed'), 1 << i)
        const list = decodeParameters(parseParameters(wordOf(parameter, sample, 'AGENT'), 'AGENT'), 'AGENT')
        assert.equal(hive.registrar.table.claims[i][slot] >>> 0, valueOf(list, PARAMETERS[name]))
      }
    })
  }
})

describe('what is expected of an agent until it is measured', () => {
  const CASES: [claims: string, slots: number, room: number, serviceMs: number][] = [
    ['', LEARNING.unknownSlots, LEARNING.unknownRoom * LEARNING.unknownSlots, 0], ['concurrency=16', 16, 48, 0], ['concurrency=0', 1, 3, 0], ['concurrency=16 queue=0', 16, 0, 0], ['queue=5', 4, 5, 0],
    ['binding=exclusive', 1, 3, 0], ['binding=exclusive concurrency=3', 3, 9, 0], ['latency=1500us', 4, 12, 1.5], ['concurrency=4294967295', 1_000_000, 3_000_000, 0],
  ]
  for (const [claims, slots, room, serviceMs] of CASES) {
    test(claims || 'nothing claimed', () => {
      const { hive, slot } = hiveOf(claims)
      const { f64 } = hive.registrar.table
      assert.deepEqual([f64.slots[slot], f64.room[slot], f64.serviceMs[slot]], [slots, room, serviceMs])
    })
  }

  test('an agent that was measured is not expected anew to be as fast as it claims', () => {
    const { hive, slot } = hiveOf('latency=1s')
    hive.report('babel', { active: 1, serviceMs: 300 })
    hive.put('babel', 'latency=10ms')
    assert.equal(hive.registrar.table.f64.serviceMs[slot], 300)
  })
})

test('a claim that is not made any more is gone', () => {
  const { hive, word, text } = hiveOf('latency=1s weight=4 region=eu location=1,2 binding=exclusive/9 queue=3 profile=short-lived security=tls modality=text provider=a.example')
  assert.equal(text('region'), 'eu')
  hive.put('babel', 'accuracy=0.5')
  for (const column of ['region', 'location', 'binding', 'bindingSeconds', 'queue', 'profile', 'security', 'modality', 'provider'] as const) assert.equal(word(column), 0, column)
  assert.deepEqual([word('weight'), word('claimed')], [NO_WEIGHT, 1 << METRIC.accuracy])
})

test('agents with the same value share it, whatever else they claim', () => {
  const hive = new Hive()
  for (let i = 0; i < 30; i++) hive.put(`a${i}`, `latency=${i + 1}ms region=${i % 2 === 0 ? 'eu' : 'us'}`)
  const { i32 } = hive.registrar.table
  const numbers = new Set(Array.from({ length: 30 }, (_, i) => i32.region[hive.slot(`a${i}`)]))
  assert.deepEqual([...numbers].toSorted(), [1, 2])
})

test('any list of claims is taken as the slow decoder reads it, in any capability', () => {
  const words = samplesAt('AGENT').filter(([{ key }]) => key > 8 && key < 65_400).map(([parameter, samples]) => fc.constantFrom(...samples.map((sample) => wordOf(parameter, sample, 'AGENT'))))
  fc.assert(fc.property(fc.subarray(words.map((_, i) => i)), fc.context(), (picked, context) => {
    const claims = picked.map((i) => fc.sample(words[i], { numRuns: 1, seed: i })[0]).join(' ')
    context.log(claims)
    const { hive, slot, word } = hiveOf(claims)
    const list = decodeParameters(parseParameters(claims, 'AGENT'), 'AGENT')
    for (const [i, { name }] of METRICS.entries()) {
      const value = i <= METRIC.history ? valueOf(list, PARAMETERS[name]) : undefined
      assert.equal((word('claimed') & (1 << i)) !== 0, value !== undefined, name)
      if (value !== undefined) assert.equal(hive.registrar.table.claims[i][slot] >>> 0, value, name)
    }
    assert.equal(word('weight'), valueOf(list, PARAMETERS.weight) ?? NO_WEIGHT)
    assert.equal(word('binding') === 1, valueOf(list, PARAMETERS.binding)?.exclusive ?? false)
    assert.deepEqual(hive.registrar.rdataOf(slot), agentRdata('babel', claims))
    assert.deepEqual(hive.registrar.ownerOf(slot), Name.parse(CAPABILITY.toLowerCase()).wire)
  }), { numRuns: 200 })
})
