/** OFFER as octets (docs/protocol.md 3): whatever was chosen is read back by the decoder that askers use, in the order of the answer. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { OfferWriter } from '../../../src/discovery/ranking/offer.ts'
import { MAX_RANKED_ANSWERS } from '../../../src/dns/limits-discovery.ts'
import { decodeParameters, PARAMETERS, valueOf, type ParameterMap } from '../../../src/dns/parameters.ts'
import { STATES } from '../../../src/dns/parameter-table.ts'
import { samplesAt, wordOf } from '../../dns/parameter-samples.ts'
import { demandOf, Hive } from './hive.ts'

const writer = new OfferWriter()

/** Asks, and reads the offer of the first `count` back. */
function offerOf(hive: Hive, text: string, count?: number): ParameterMap {
  const demand = demandOf(text)
  hive.ask(demand, undefined, MAX_RANKED_ANSWERS)
  const size = writer.write(hive.registrar.table, hive.ranker, count ?? hive.ranker.count, demand)
  return decodeParameters(writer.octets.slice(0, size), 'OFFER')
}

const anyAgents = fc.array(fc.record({ latency: fc.integer({ min: 1, max: 9_000 }), state: fc.option(fc.nat(2)), ageMs: fc.nat(9_000) }), { minLength: 1, maxLength: 40 })

/** A hive of agents of which some report, at different times. */
function hiveOf(agents: readonly { latency: number; state: number | null; ageMs: number }[]): Hive {
  const hive = new Hive()
  const { nowMs } = hive
  agents.forEach(({ latency, state, ageMs }, i) => {
    hive.put(`a${i}`, `latency=${latency}ms`)
    if (state !== null) hive.report(`a${i}`, { state, active: 0, atMs: nowMs - ageMs })
  })
  return hive
}

test('one value for each answer, in its order: score, age of the reading, state', () => {
  fc.assert(fc.property(anyAgents, (agents) => {
    const hive = hiveOf(agents)
    const list = offerOf(hive, '')
    const { ranker, registrar } = hive
    const slots = [...ranker.slots.subarray(0, ranker.count)]
    assert.deepEqual(valueOf(list, PARAMETERS.scores), slots.map((_, i) => Math.round(ranker.scores[i] * 10_000)))
    assert.deepEqual(valueOf(list, PARAMETERS.ages), slots.map((slot) => {
      const { state, ageMs } = agents[Number(hive.labelOf(slot).slice(1))]
      return state === null ? null : ageMs
    }))
    assert.deepEqual(valueOf(list, PARAMETERS.states), slots.map((slot) => STATES[registrar.table.i32.state[slot]]))
    assert.deepEqual([...list.keys()], [PARAMETERS.scores.key, PARAMETERS.ages.key, PARAMETERS.states.key])
  }), { numRuns: 100 })
})

test('only those that are in the answer are told of, none where there are none', () => {
  const hive = hiveOf(Array.from({ length: 5 }, () => ({ latency: 1_000, state: null, ageMs: 0 })))
  for (const count of [1, 3]) assert.equal(valueOf(offerOf(hive, '', count), PARAMETERS.scores)?.length, count)
  assert.equal(offerOf(hive, '', 0).size, 0)
  assert.deepEqual([...offerOf(hive, 'cost=1', 0).keys()], [PARAMETERS.scope.key])
})

test('unmet wishes are told where something was wished, and only then', () => {
  const hive = new Hive()
  hive.put('far', 'latency=1s location=-33.8,151.2 provider=acme.example')
  for (const [demand, bits] of [['near=48,16', 1], ['provider=acme.example', 0], ['provider=other.example', 1], ['latency=9s near=48,16 max-age=1s', 0b110], ['latency=9s', undefined]] as const) {
    assert.deepEqual(valueOf(offerOf(hive, demand), PARAMETERS.unmet), bits === undefined ? undefined : [bits], demand)
  }
})

describe('the scope', () => {
  const IDLE = new Set(['outcome'])
  for (const [parameter, samples] of samplesAt('DEMAND')) {
    const [name] = Object.entries(PARAMETERS).find(([, { key }]) => key === parameter.key) ?? assert.fail()
    test(`${name} ${IDLE.has(name) ? 'shapes no answer yet' : 'shapes the answer'}`, () => {
      const hive = new Hive()
      hive.put('babel', 'latency=1s')
      assert.deepEqual(valueOf(offerOf(hive, wordOf(parameter, samples[0], 'DEMAND')), PARAMETERS.scope), IDLE.has(name) ? undefined : [parameter.key])
    })
  }
})

test('the longest offer has room', () => {
  const hive = hiveOf(Array.from({ length: 40 }, () => ({ latency: 1_000, state: 1, ageMs: 5 })))
  const words = new Map(samplesAt('DEMAND').map(([parameter, samples]) => [parameter.key, wordOf(parameter, samples[0], 'DEMAND')]))
  for (const name of ['latency', 'accuracy', 'concurrency', 'cost', 'stability', 'history', 'uplink', 'downlink', 'errors', 'binding', 'region', 'security', 'modality', 'only-provider'] as const) words.delete(PARAMETERS[name].key)
  const list = offerOf(hive, [...words.values()].join(' '))
  assert.equal(valueOf(list, PARAMETERS.scores)?.length, MAX_RANKED_ANSWERS)
  assert.equal(valueOf(list, PARAMETERS.unmet)?.length, MAX_RANKED_ANSWERS)
})
