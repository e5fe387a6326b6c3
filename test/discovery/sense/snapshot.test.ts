/**
 * What is known of agents over a restart: what comes back is what was there, as old as it is; what is not as it was
 * written, too old, or of others is passed over and harms nothing.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { READING_FORGOTTEN_MS, REPORT_GRACE_MS, REPUTATION_FORGOTTEN_MS } from '../../../src/dns/limits-discovery.ts'
import { Name } from '../../../src/dns/name.ts'
import { Estimate } from '../../../src/discovery/ranking/estimate.ts'
import { explainAt } from '../../../src/discovery/ranking/explain.ts'
import { slownessOf } from '../../../src/discovery/ranking/sensing.ts'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { savedAtMs, snapshotHead, snapshotLines, takeLine } from '../../../src/discovery/sense/snapshot.ts'
import { CAPABILITY, chance, Hive } from '../ranking/hive.ts'

const LABELS = ['babel', 'iris', 'echo']

function hiveOf(nowMs?: number): Hive {
  const hive = new Hive()
  if (nowMs !== undefined) hive.nowMs = nowMs
  for (const label of LABELS) hive.put(label, 'latency=100ms accuracy=0.9 concurrency=4')
  return hive
}

/** One in which something is known of two of the three. */
function busyHive(): Hive {
  const hive = hiveOf()
  const measured: number[] = []
  measured[1] = 9_500
  hive.report('babel', { active: 3, slots: 6, room: 2, serviceMs: 120, state: 1, sequence: 77, measured })
  hive.observe('iris', { result: 3, latencyMs: 900, atMs: hive.nowMs - 1_000 })
  hive.observe('iris', { result: 2, atMs: hive.nowMs })
  return hive
}

function saved(hive: Hive): string[] {
  return [...snapshotLines(hive.registrar, 1)]
}

/** How many lines a hive has taken. */
function take(hive: Hive, lines: readonly string[], agoMs = 0): number {
  return lines.filter((line) => takeLine(line, (owner) => (owner.isWithin(Name.parse('acme.example.')) ? hive.registrar : undefined), hive.nowMs, agoMs)).length
}

function known(hive: Hive): unknown[] {
  const options = { settings: DEFAULT_RANKING, random: chance(3), nowMs: hive.nowMs }
  const { explained } = explainAt(hive.registrar.table, Name.parse(CAPABILITY), new Uint8Array(0), options) ?? assert.fail('none')
  return explained.map(({ agent, score, load, reputation, criteria }) => ({ agent, score, load, reputation, criteria })).sort((a, b) => a.agent.localeCompare(b.agent))
}

test('what comes back is what was known, and answers are as they would have been', () => {
  const [before, after] = [busyHive(), hiveOf()]
  const lines = saved(before)
  assert.equal(lines.length, 2, 'of echo nothing is known')
  assert.notDeepEqual(known(after), known(before))
  assert.equal(take(after, lines), 2)
  assert.deepEqual(known(after), known(before))
  assert.deepEqual(after.ask(), before.ask())
  assert.deepEqual(saved(after), lines)
})

/** Age of babel's reading, how far it has faded, and whether babel is doubted. */
function standing(hive: Hive): [ageMs: number, faded: number, isSuspect: boolean] {
  const estimate = new Estimate(DEFAULT_RANKING)
  estimate.reckon(hive.registrar.table, hive.slot('babel'), hive.nowMs, 0, 0)
  return [estimate.ageMs, estimate.faded, estimate.isSuspect]
}

test('it is as old as it is, but the time in which nobody could report is not held against an agent, which goes on counting', () => {
  const before = busyHive()
  const after = hiveOf(before.nowMs + 60_000)
  take(after, saved(before), 60_000)
  before.nowMs += 60_000
  assert.deepEqual([standing(before), standing(after)], [[60_000, 1, true], [60_000, 0, false]])
  const dueMs = DEFAULT_RANKING.overduePeriods * DEFAULT_RANKING.reporting.periodMs[0] + REPORT_GRACE_MS
  for (const [moreMs, faded] of [[dueMs, 0], [dueMs / 2, 0.5], [dueMs, 1]]) {
    after.nowMs += moreMs
    assert.ok(Math.abs(standing(after)[1] - faded) <= 1_000 / dueMs, `${standing(after)[1]}, not ${faded}, within a second`)
  }
  assert.equal(standing(after)[2], true)
  assert.equal(after.report('babel', { active: 1, sequence: 77 }), 'old')
  assert.equal(after.report('babel', { active: 1, sequence: 78 }), 'taken')
})

test('after a restart the first to report does not draw everybody, and the grace outlives a table that grows', () => {
  const before = busyHive()
  before.report('echo', { active: 0 })
  const after = hiveOf(before.nowMs + 120_000)
  take(after, saved(before), 120_000)
  assert.equal(after.report('babel', { active: 4 }), 'taken')
  for (let i = 0; i < 200; i++) after.put(`more${i}`, 'latency=9s', 'v1.other._cap.acme.example.')
  assert.equal(after.ask()[0], 'echo', 'idle when last heard of, and not overdue')
})

test('a reading that is history stays away, reputation comes back within a day', () => {
  const before = busyHive()
  for (const [agoMs, agents] of [[READING_FORGOTTEN_MS + 1, 2], [REPUTATION_FORGOTTEN_MS + 1, 0]] as const) {
    const after = hiveOf(before.nowMs + agoMs)
    assert.equal(take(after, saved(before), agoMs), agents)
    const { f64 } = after.registrar.table
    assert.equal(f64.readingAtMs[after.slot('babel')], 0)
    assert.equal(f64.outcomes[after.slot('iris')], agents === 0 ? 0 : 1)
  }
})

test('a time ahead of the clock counts as now', () => {
  const before = busyHive()
  const after = hiveOf(before.nowMs - 50_000)
  take(after, saved(before))
  assert.equal(after.registrar.table.f64.readingAtMs[after.slot('babel')], after.nowMs)
})

test('agents that are gone, and zones that are, are passed over', () => {
  const lines = saved(busyHive())
  const after = hiveOf()
  after.remove('babel')
  assert.equal(take(after, lines), 1)
  assert.equal(take(after, lines.map((line) => line.replaceAll('acme', 'elsewhere'))), 0)
})

test('an agent that has left is not saved', () => {
  const hive = busyHive()
  hive.remove('babel')
  assert.deepEqual(saved(hive).map((line) => (JSON.parse(line) as string[])[2]), ['iris._sa.acme.example.'])
})

const [GOOD] = saved(busyHive())
const BAD: [what: string, line: string][] = [
  ['no JSON', 'babel'], ['nothing', ''], ['no list', '{}'], ['null', 'null'], ['half of it', GOOD.slice(0, -9)],
  ['a name that is none', GOOD.replace('babel._sa', 'babel..')],
  ['a load below 0', GOOD.replace('"active":3', '"active":-3')],
  ['a load beyond belief', GOOD.replace('"active":3', '"active":1e9')],
  ['a load that is text', GOOD.replace('"active":3', '"active":"3"')],
  ['a state that is none', GOOD.replace('"state":1', '"state":9')],
  ['a sequence that is none', GOOD.replace('"sequence":78', '"sequence":70000')],
  ['a metric that is none', GOOD.replace('{"1":9500}', '{"9":9500}')],
  ['a metric with a name', GOOD.replace('{"1":9500}', '{"__proto__x":9500}')],
  ['a value that does not fit', GOOD.replace('{"1":9500}', '{"1":4294967296}')],
]
for (const [what, line] of BAD) {
  test(`${what} is no line`, () => {
    assert.notEqual(line, GOOD)
    const hive = hiveOf()
    const before = Buffer.from(new Uint8Array(hive.registrar.table.buffer).slice())
    assert.equal(take(hive, [line]), 0)
    assert.ok(before.equals(Buffer.from(new Uint8Array(hive.registrar.table.buffer))))
  })
}

test('a file that anybody has changed gives no reading beyond belief, and no fault', () => {
  const hive = hiveOf()
  fc.assert(fc.property(fc.nat(GOOD.length - 1), fc.string({ minLength: 0, maxLength: 4 }), fc.nat(6), (at, text, gone) => {
    take(hive, [GOOD.slice(0, at) + text + GOOD.slice(at + gone)])
    const { f64, i32 } = hive.registrar.table
    const slot = hive.slot('babel')
    assert.ok(f64.active[slot] >= 0 && f64.active[slot] <= 1_000_000 && f64.readingAtMs[slot] <= hive.nowMs && f64.slots[slot] > 0 && i32.state[slot] < 5)
    assert.equal(hive.ask('', CAPABILITY, 8).length >= 1, true)
  }), { numRuns: 2_000 })
})

test('the first line tells when it was saved, and is known by its form', () => {
  assert.equal(savedAtMs(snapshotHead(1_800_000_000_000.7)), 1_800_000_000_000)
  for (const line of ['', 'x', '{}', 'null', '{"waggle":"readings","version":2,"atMs":1}', '{"waggle":"readings","version":1}', '{"waggle":"cache","version":1,"atMs":1}', '{"waggle":"readings","version":1,"atMs":-1}']) {
    assert.equal(savedAtMs(line), undefined, line)
  }
})

test('slowness that was met at a time that never was fades from now on', () => {
  const [before, after] = [hiveOf(), hiveOf()]
  for (let i = 0; i < 40; i++) before.observe('babel', { latencyMs: 900 })
  const slot = before.slot('babel')
  before.registrar.table.f64.slownessAtMs[slot] = before.nowMs + 1e12
  assert.equal(take(after, saved(before)), 1)
  const { table } = after.registrar
  assert.equal(table.f64.slownessAtMs[after.slot('babel')], after.nowMs)
  const [now, later] = [0, 600_000].map((ms) => slownessOf(table, after.slot('babel'), after.nowMs + ms))
  assert.ok(now > 5 && later < 1.7, `${now}, after ten minutes ${later}`)
})
