/** Belief in an agent's life, turned by probes in a row and by nothing less; and how long it waits for the next. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Health } from '../../../src/discovery/probe/health.ts'
import { PROBE_BACKOFF_MS } from '../../../src/dns/limits-discovery.ts'

const RULES = { rise: 2, fall: 3, periodMs: 10_000 }

/** Belief after each probe: `+` passed, `-` failed; `o` it lives, `x` it is out. */
function beliefs(probes: string, rules = RULES): string {
  const health = new Health()
  return [...probes].map((probe) => {
    const before = health.isOut
    assert.equal(health.note(probe === '+', rules), health.isOut !== before, 'it says whether belief has turned')
    return health.isOut ? 'x' : 'o'
  }).join('')
}

describe('an agent', () => {
  const CASES: [what: string, probes: string, beliefs: string][] = [
    ['that passes stays', '+++++', 'ooooo'],
    ['goes out with the third failure in a row', '---', 'oox'],
    ['that fails now and then stays', '--+--+-+--', 'oooooooooo'],
    ['that was out is back with the second success in a row', '---++', 'ooxxo'],
    ['that was out stays so while it only passes now and then', '---+-+-+', 'ooxxxxxx'],
    ['goes out anew by as many failures as before', '---++---', 'ooxxooox'],
  ]
  for (const [what, probes, wanted] of CASES) test(`${what}: ${probes}`, () => assert.equal(beliefs(probes), wanted))

  test('of rules of 1 turns with each probe', () => assert.equal(beliefs('-+-++--', { ...RULES, rise: 1, fall: 1 }), 'xoxooxx'))

  test('is out exactly where the last turn says so, whatever the rules and the probes', () => {
    const probes = fc.array(fc.boolean(), { maxLength: 40 })
    fc.assert(fc.property(probes, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (passed, rise, fall) => {
      // the model: the state turns where the last `rise` or `fall` probes since the last turn all speak against it
      let [isOut, since] = [false, 0]
      const wanted = passed.map((_, i) => {
        const row = isOut ? rise : fall
        const recent = passed.slice(Math.max(since, i + 1 - row), i + 1)
        if (recent.length === row && recent.every((one) => one === isOut)) [isOut, since] = [!isOut, i + 1]
        return isOut ? 'x' : 'o'
      })
      assert.equal(beliefs(passed.map((one) => (one ? '+' : '-')).join(''), { rise, fall, periodMs: 1 }), wanted.join(''))
    }))
  })
})

describe('the wait for the next probe', () => {
  function after(probes: string): Health {
    const health = new Health()
    for (const probe of probes) health.note(probe === '+', RULES)
    return health
  }

  test('is a period, shortened by chance by up to a tenth and never lengthened', () => {
    for (const random of [0, 0.5, 0.999]) {
      const waitMs = after('+').waitMs(RULES, random)
      assert.ok(waitMs <= 10_000 && waitMs > 9_000 - 1, String(waitMs))
    }
    assert.equal(after('--').waitMs(RULES, 0), 10_000, 'while it is doubted')
  })

  test('stays a period for an agent that has passed once and went out', () => assert.equal(after('+---------------').waitMs(RULES, 0), 10_000))

  const NEVER: [probes: string, waitMs: number][] = [['---', 10_000], ['----', 20_000], ['-----', 40_000], ['--------', 320_000], ['-'.repeat(60), PROBE_BACKOFF_MS]]
  for (const [probes, waitMs] of NEVER) test(`is ${waitMs} ms after ${probes.length} failures of one that never passed`, () => assert.equal(after(probes).waitMs(RULES, 0), waitMs))

  test('is never less than a period, however long that is', () => assert.equal(after('-'.repeat(20)).waitMs({ ...RULES, periodMs: PROBE_BACKOFF_MS * 2 }, 0), PROBE_BACKOFF_MS * 2))
})
