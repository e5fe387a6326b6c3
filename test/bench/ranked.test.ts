/** What bench:ranked asks is asked well, and what it makes of its measurements: compared with the plain answer beside as many candidates. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ZoneAuthority } from '../../src/authority/answer.ts'
import { RankedChooser } from '../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../src/discovery/ranking/from-image.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { exchange, SEED, serverOf, zoneOf } from '../authority/ask.ts'
import { BEGIN_MS, chance } from '../discovery/ranking/hive.ts'
import type { Run } from './meter.ts'
import { apexOf, encodeKind, QUESTIONS, zoneText } from './ranked/questions.ts'
import { printPage, printTable, rowsOf, type Measured } from './ranked/report.ts'

const run = (micros: number, more: Partial<Run> = {}): Run => ({ micros, user: 0.5, rate: 1_000, octets: 60, lost: 0, wrong: 0, p50: 80, p99: 900, foreign: 0, ...more })
const MEASURED: Measured[] = [
  { title: 'plain, A', candidates: 10, full: [run(7), run(9), run(8)], even: [run(20)] },
  { title: 'AGENT', candidates: 10, full: [run(16), run(12), run(90)], even: [run(30, { p50: 100, p99: 2_000, lost: 2 }), run(30, { p50: 300, p99: 3_000, wrong: 1 })] },
  { title: 'plain, A', candidates: 100, full: [run(4)], even: [run(20)] },
  { title: 'AGENT', candidates: 100, full: [run(16)], even: [run(20)] },
]

describe('questions of bench:ranked', () => {
  const candidates = 12
  const image = zoneOf(apexOf(candidates), zoneText(candidates))
  const chooser = new RankedChooser({ nowMs: () => BEGIN_MS, random: chance(1) })
  chooser.useTables([registerZone(image).registrar.table.buffer])
  const server = serverOf([], { authority: new ZoneAuthority(new ZoneDirectory([image], SEED), SEED, chooser) })

  for (const kind of QUESTIONS) {
    test(`${kind.title}: answered whole in a datagram, with a record for each question`, () => {
      const answer = exchange(server, encodeKind(kind, candidates))
      assert.ok(answer !== null)
      assert.deepEqual([answer.rcode, answer.flags], ['NOERROR', 'aa'])
      assert.ok(answer.answer.length >= kind.asked.length)
      if (kind.demand.includes('count=1')) assert.equal(answer.answer.length, kind.asked.length)
      assert.equal(answer.additional.some((record) => record.includes('AGENT')), kind.demand.includes('closure'))
    })
  }
})

describe('measurements of bench:ranked', () => {
  test('are medians, in units of the plain answer beside as many candidates', () => {
    assert.deepEqual(rowsOf(MEASURED).map(([candidates, , , micros, ratio]) => [candidates, micros, ratio]), [['10', '8.00', '1.00'], ['10', '16.00', '2.00'], ['100', '4.00', '1.00'], ['100', '16.00', '4.00']])
  })

  test('hide nothing that was lost or wrong in any round', () => {
    assert.deepEqual(rowsOf(MEASURED).map((cells) => cells.slice(-2)), [['0', '0'], ['2', '1'], ['0', '0'], ['0', '0']])
  })

  test('tell latency of the even rate, and stand on a page that says how they were made', () => {
    assert.deepEqual(rowsOf(MEASURED)[1].slice(6, 8), ['200', '2500'])
    const page = printPage(MEASURED, { seconds: 2, rounds: 3, perSecond: 2_000, machine: 'a machine' })
    for (const word of ['2000 questions a second', '3 rounds of 2 s', 'a machine', printTable(MEASURED)]) assert.ok(page.includes(word), word)
  })
})
