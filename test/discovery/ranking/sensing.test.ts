/**
 * Readings and outcomes (paper 5.2): which are taken, what they make of the table, how rates and kappa are learned, and
 * that an agent that promises more than it keeps loses its share.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readingIn } from '../../../src/discovery/ranking/reading.ts'
import { believedAccuracy, slownessOf } from '../../../src/discovery/ranking/sensing.ts'
import { LEARNING } from '../../../src/discovery/ranking/settings.ts'
import { HISTORY } from '../../../src/discovery/ranking/table-layout.ts'
import { TYPE } from '../../../src/dns/codes.ts'
import { HANDED_HISTORY, MAX_BELIEVED_SERVICE_MS, MAX_BELIEVED_SESSIONS, MAX_READING_AHEAD_MS, READING_FORGOTTEN_MS, READING_HISTORY } from '../../../src/dns/limits-discovery.ts'
import { WireWriter } from '../../../src/dns/octets.ts'
import { parseRdata } from '../../../src/dns/rdata.ts'
import { TextReader } from '../../../src/dns/text.ts'
import { agentName, CAPABILITY, Hive, holdAgent } from './hive.ts'

function hiveWith(...labels: string[]): Hive {
  const hive = new Hive()
  for (const label of labels) hive.put(label, 'latency=1s concurrency=4')
  return hive
}

function column(hive: Hive, name: keyof Hive['registrar']['table']['f64'], label = 'babel'): number {
  return hive.registrar.table.f64[name][hive.slot(label)]
}

test('a SENSE record becomes a reading', () => {
  const out = new WireWriter()
  const reader = new TextReader(Buffer.from('7 babel._sa.acme.example. active=3 concurrency=8 queue=16 service=150ms state=occupied arrivals=1000 time=2026-11-23T12:00:00.000Z cost=0.5 errors=0.01'), 'x')
  assert.ok(reader.beginEntry())
  parseRdata(TYPE.SENSE, reader, out)
  assert.deepEqual(readingIn(out.finish()), {
    sequence: 7, atMs: Date.UTC(2026, 10, 23, 12), active: 3, slots: 8, room: 16, serviceMs: 150, state: 2, arrivals: 1_000,
    measured: [undefined, undefined, 8, 500_000, undefined, undefined, undefined, undefined, 100],
  })
})

test('a report for an agent that is not registered, or is exclusive, is not taken', () => {
  const hive = new Hive()
  hive.put('iris', 'binding=exclusive/60')
  assert.equal(hive.sensing.report(-1, {}, hive.nowMs), 'unknown')
  assert.equal(hive.report('iris', { active: 1 }), 'exclusive')
  assert.equal(hive.observe('iris', { active: 1 }), 'taken', 'an outcome weighs its reputation')
  assert.equal(column(hive, 'readingAtMs', 'iris'), 0)
  assert.equal(column(hive, 'right', 'iris'), 1)
})

test('an older or equal sequence number is ignored, by the arithmetic of RFC 1982, until the reading is history', () => {
  const hive = hiveWith('babel')
  assert.equal(hive.report('babel', { sequence: 65_530 }), 'taken')
  for (const [sequence, result] of [[65_530, 'old'], [65_000, 'old'], [65_535, 'taken'], [0, 'taken'], [65_535, 'old'], [3, 'taken']] as const) assert.equal(hive.report('babel', { sequence }), result, `${sequence}`)
  assert.equal(hive.report('babel', { sequence: undefined }), 'taken')
  hive.nowMs += READING_FORGOTTEN_MS + 1
  assert.equal(hive.report('babel', { sequence: 1 }), 'taken')
})

test('a report that was measured before the newest one is ignored', () => {
  const hive = hiveWith('babel')
  hive.report('babel', { active: 2 })
  assert.equal(hive.report('babel', { active: 0, atMs: hive.nowMs - 1 }), 'old')
  assert.equal(column(hive, 'active'), 2)
})

test('a time ahead of our clock is now, and far ahead tells no load', () => {
  const hive = hiveWith('babel')
  hive.report('babel', { active: 2, atMs: hive.nowMs + MAX_READING_AHEAD_MS })
  assert.equal(column(hive, 'readingAtMs'), hive.nowMs)
  hive.report('babel', { active: 4, atMs: hive.nowMs + MAX_READING_AHEAD_MS + 1 })
  assert.equal(column(hive, 'active'), 2)
})

test('every number is bounded, and what is none is not told', () => {
  const hive = hiveWith('babel')
  hive.report('babel', { active: 1e12, slots: 0, room: Infinity, serviceMs: 1e12 })
  assert.equal(column(hive, 'active'), MAX_BELIEVED_SESSIONS)
  assert.equal(column(hive, 'slots'), 1)
  assert.equal(column(hive, 'room'), MAX_BELIEVED_SESSIONS)
  assert.equal(column(hive, 'serviceMs'), MAX_BELIEVED_SERVICE_MS)
  hive.report('babel', { active: NaN, slots: -1, serviceMs: NaN })
  assert.equal(column(hive, 'active'), MAX_BELIEVED_SESSIONS)
  assert.equal(column(hive, 'slots'), 1)
})

test('an agent that tells its latency under load, but no service time, is taken to share it', () => {
  const hive = hiveWith('babel')
  hive.report('babel', { active: 8, measured: [4_000_000] })
  assert.equal(column(hive, 'serviceMs'), 2_000)
})

test('earlier readings are remembered, the newest few', () => {
  const hive = hiveWith('babel')
  for (let i = 0; i < READING_HISTORY + 3; i++) {
    hive.report('babel', { active: i })
    hive.nowMs += 1_000
  }
  const { history } = hive.registrar.table
  const at = hive.slot('babel') * READING_HISTORY * HISTORY.doubles
  const kept = Array.from({ length: READING_HISTORY }, (_, i) => history[at + i * HISTORY.doubles + HISTORY.active]).sort()
  assert.deepEqual(kept, [2, 3, 4, 5])
})

test('a report covers what was handed out before it, and not what is still on its way', () => {
  const hive = hiveWith('babel')
  hive.choose()
  hive.nowMs += 100
  hive.report('babel', { active: 1, atMs: hive.nowMs })
  assert.equal(column(hive, 'handed'), 0)
  hive.choose()
  hive.nowMs += LEARNING.wayMs / 2
  hive.report('babel', { active: 1 })
  assert.ok(Math.abs(column(hive, 'handed') - 1) < 0.03, `${column(hive, 'handed')}`)
})

test('of more choices than are remembered the rest is reckoned from their rate', () => {
  const hive = new Hive()
  hive.put('babel', 'latency=10s concurrency=1000')
  const count = HANDED_HISTORY * 4
  for (let i = 0; i < count; i++) {
    hive.choose()
    hive.nowMs += 10
  }
  hive.report('babel', { active: 0, atMs: hive.nowMs - count * 10 })
  const handed = column(hive, 'handed')
  assert.ok(handed > count * 0.8, `only those remembered: ${handed}`)
  assert.ok(handed <= count + 1, `${handed}`)
})

test('kappa is learned from what the agents receive and what we sent: two others like us make it 3', () => {
  const hive = hiveWith('babel', 'pocket')
  let arrivals = 0
  for (let i = 0; i < 600; i++) {
    hive.choose()
    arrivals += 3
    hive.nowMs += 100
    if (i % 10 === 9) {
      hive.report('babel', { active: 1, arrivals })
      hive.report('pocket', { active: 1, arrivals: 0 })
    }
  }
  const kappa = hive.registrar.table.f64.kappa[hive.registrar.table.i32.capability[hive.slot('babel')]]
  assert.ok(Math.abs(kappa - 3) < 0.3, `${kappa}`)
})

test('kappa stays within its bounds, where counters wrap around or agents begin anew too', () => {
  const hive = hiveWith('babel')
  const kappa = (): number => hive.registrar.table.f64.kappa[hive.registrar.table.i32.capability[hive.slot('babel')]]
  let arrivals = 0xffff_ff80
  for (let i = 0; i < 100; i++) {
    hive.choose()
    arrivals = (arrivals + 2) >>> 0
    hive.nowMs += 200
    hive.report('babel', { active: 1, arrivals })
  }
  assert.ok(kappa() > 1.5 && kappa() < 2.5, `around the wrap: ${kappa()}`)
  hive.nowMs += 200
  hive.report('babel', { active: 1, arrivals: 5 })
  assert.ok(kappa() < 3, `after a restart: ${kappa()}`)
  for (let i = 0; i < 50; i++) {
    hive.nowMs += 200
    hive.report('babel', { active: 1, arrivals: 5 + i * 1_000_000 })
  }
  assert.equal(kappa(), LEARNING.mostKappa)
})

test('a refusal fills the agent until it reports, silence takes it out for a while', () => {
  const hive = hiveWith('babel', 'spare')
  hive.report('babel', { active: 0 })
  hive.report('spare', { active: 5 })
  hive.nowMs += 10
  assert.equal(hive.ask()[0], 'babel')
  hive.observe('babel', { result: 1, active: 16 })
  assert.equal(hive.ask()[0], 'spare')
  hive.nowMs += 10
  hive.report('babel', { active: 0 })
  assert.equal(hive.ask()[0], 'babel')
  hive.nowMs += 10
  hive.observe('babel', { result: 2 })
  assert.deepEqual(hive.ask(), ['spare'])
  hive.nowMs += LEARNING.avoidMs
  assert.equal(hive.ask().length, 2)
})

test('an outcome passes on what the agent told its client, if that is newer', () => {
  const hive = hiveWith('babel')
  hive.report('babel', { active: 1 })
  hive.observe('babel', { active: 7, atMs: hive.nowMs - 1 })
  assert.equal(column(hive, 'active'), 1)
  hive.nowMs += 10
  hive.observe('babel', { active: 7 })
  assert.equal(column(hive, 'active'), 7)
  assert.equal(hive.observe('babel', { atMs: hive.nowMs + 1 }), 'old')
  assert.equal(hive.observe('babel', { atMs: hive.nowMs - READING_FORGOTTEN_MS - 1 }), 'old')
})

test('accuracy believed is the claim weighed as five outcomes, and the outcomes', () => {
  const hive = hiveWith('babel')
  const slot = hive.slot('babel')
  const { table } = hive.registrar
  assert.equal(believedAccuracy(table, slot, 9_000), 9_000)
  for (let i = 0; i < 5; i++) hive.observe('babel', { result: 3 })
  assert.ok(Math.abs(believedAccuracy(table, slot, 9_000) - 4_500) < 10)
  for (let i = 0; i < 5_000; i++) hive.observe('babel', { result: i % 5 === 0 ? 3 : 0 })
  assert.ok(Math.abs(believedAccuracy(table, slot, 9_000) - 8_000) < 100)
})

test('an agent that keeps its word is not slow, whatever order its outcomes come in; one that takes three times as long is', () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0.2, max: 2.5, noNaN: true }), { minLength: 5, maxLength: 60 }), (factors) => {
    const mean = factors.reduce((sum, factor) => sum + factor, 0) / factors.length
    const hive = hiveWith('babel')
    for (let round = 0; round < 3; round++) for (const factor of factors) hive.observe('babel', { latencyMs: (1_000 * factor) / mean })
    assert.ok(slownessOf(hive.registrar.table, hive.slot('babel'), hive.nowMs) < 1.6)
    for (let i = 0; i < 60; i++) hive.observe('babel', { latencyMs: 3_000 })
    assert.ok(slownessOf(hive.registrar.table, hive.slot('babel'), hive.nowMs) > 1.8)
  }), { numRuns: 100 })
})

test('one request that was stuck is no proof', () => {
  const hive = hiveWith('babel')
  for (let i = 0; i < 30; i++) hive.observe('babel', { latencyMs: 1_000 })
  hive.observe('babel', { latencyMs: 3_600_000 })
  assert.ok(slownessOf(hive.registrar.table, hive.slot('babel'), hive.nowMs) < 1.5)
})

test('a refusal from an agent that claims to have room counts against it, one from a full agent does not', () => {
  const hive = hiveWith('liar', 'honest')
  for (let i = 0; i < 20; i++) {
    hive.observe('liar', { result: 1, active: 0 })
    hive.observe('honest', { result: 1, active: 16 })
  }
  assert.ok(slownessOf(hive.registrar.table, hive.slot('liar'), hive.nowMs) > 2)
  assert.equal(slownessOf(hive.registrar.table, hive.slot('honest'), hive.nowMs), 1)
})

test('a registration that comes back with other claims keeps its reputation, one that was removed begins anew', () => {
  const hive = hiveWith('babel')
  for (let i = 0; i < 30; i++) hive.observe('babel', { result: 3, latencyMs: 9_000 })
  hive.put('babel', 'latency=2s accuracy=0.9')
  assert.ok(column(hive, 'outcomes') > 29)
  hive.remove('babel')
  hive.put('other', '')
  hive.put('babel', 'latency=1s')
  assert.equal(column(hive, 'outcomes'), 0)
  assert.equal(column(hive, 'readingAtMs'), 0)
})

test('a slot that is used again is empty: nothing of the agent before is left', () => {
  const hive = hiveWith('babel')
  const slot = hive.slot('babel')
  hive.report('babel', { active: 3, state: 2, arrivals: 9, sequence: 4, measured: [1, 2, 3, 4, 5, 6, 7, 8, 9] })
  hive.choose()
  holdAgent(hive.registrar, agentName('babel'), hive.nowMs + 1_000_000)
  hive.remove('babel')
  for (let i = 0; i < 6; i++) hive.put(`new${i}`, '')
  const reused = Array.from({ length: 6 }, (_, i) => hive.slot(`new${i}`)).includes(slot)
  assert.ok(reused, 'the slot was not used again')
  const { f64, i32 } = hive.registrar.table
  for (const name of ['readingAtMs', 'active', 'handed', 'holdEndMs', 'busy', 'right', 'outcomes', 'arrivalRate'] as const) assert.equal(f64[name][slot], 0, name)
  for (const name of ['measured', 'state', 'attention', 'sequence', 'arrivals', 'handedHead'] as const) assert.equal(i32[name][slot], 0, name)
  assert.equal(hive.ask('', CAPABILITY, 32).length, 6)
})

test('an asker that was not told the load says nothing of it: the newest reading stands, and is what work is measured by', () => {
  const hive = new Hive()
  hive.put('babel', 'concurrency=4')
  hive.report('babel', { active: 7, slots: 4, serviceMs: 100 })
  hive.nowMs += 100
  const { f64 } = hive.registrar.table
  const slot = hive.slot('babel')
  const atMs = f64.readingAtMs[slot]
  for (let i = 0; i < 30; i++) hive.observe('babel', { latencyMs: 200, active: 0xffff_ffff, atMs: hive.nowMs })
  assert.deepEqual([f64.active[slot], f64.readingAtMs[slot]], [7, atMs])
  assert.equal(slownessOf(hive.registrar.table, slot, hive.nowMs), 1, 'twice as long with twice as many sessions as slots is no wonder')
  for (let i = 0; i < 30; i++) hive.observe('babel', { latencyMs: 900, active: 0xffff_ffff })
  assert.ok(slownessOf(hive.registrar.table, slot, hive.nowMs) > 2)
  hive.observe('babel', { active: 3 })
  assert.equal(f64.active[slot], 3, 'one that was told passes it on')
})
