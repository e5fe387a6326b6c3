/**
 * The goals that the bench can judge, each a ratio or a share that may not be greater than its limit. The
 * design set them before the first line of code; a goal that is missed is said to be.
 */
import type { Results } from './series.ts'
import type { Kind } from './servers.ts'
import { median } from './statistics.ts'
import { ROWS, type Row, type RowId } from './rows.ts'
import type { Start } from './starts.ts'
import { bestPeer, medianOf, type RowRuns } from './table.ts'

/** One goal and how near it is. */
export interface Goal {
  what: string
  /** The goal in words. */
  goal: string
  value: number
  limit: number
}

const OF_BEST = 0.85
const OF_FLOOR = 1.2
const USER_SHARE = 0.15
const OF_KNOT_MILLION = 0.7
const OF_ONE_WORKER = 1.1
const OF_KNOT_PIPELINED = 0.4
const OF_KNOT_MEMORY = 0.6

/** All goals for which something was measured. */
export function goalsOf(results: Results): Goal[] {
  return [...ROWS.flatMap((row) => goalsOfRow(row, results)), ...goalsOfStart(results.starts)].filter(({ value }) => !Number.isNaN(value))
}

/** Whether a goal is reached. */
export function isReached({ value, limit }: Goal): boolean {
  return value <= limit
}

function goalsOfRow(row: Row, { rows }: Results): Goal[] {
  const runs: RowRuns = rows[row.id] ?? {}
  const ours = medianOf(runs, 'ours', 'micros')
  const against = (kind: Kind) => ours / medianOf(runs, kind, 'micros')
  const what = `${row.title}: CPU per answer`
  switch (row.id) {
    case 'million':
      return [{ what, goal: `≤ ${OF_KNOT_MILLION} × Knot`, value: against('knot'), limit: OF_KNOT_MILLION }]
    case 'two':
      return [{ what, goal: `as with one worker (≤ ${OF_ONE_WORKER} ×)`, value: ours / medianOf(rows.hit ?? {}, 'ours', 'micros'), limit: OF_ONE_WORKER }]
    case 'tcp':
      return [{ what, goal: `≤ ${OF_KNOT_PIPELINED} × Knot`, value: against('knot'), limit: OF_KNOT_PIPELINED }]
    case 'tcp-each':
      return [{ what, goal: '≤ 1 × Knot', value: against('knot'), limit: 1 }]
    default:
      return goalsOfDatagrams(row.id, what, ours, runs)
  }
}

function goalsOfDatagrams(id: RowId, what: string, ours: number, runs: RowRuns): Goal[] {
  const goals = [
    { what, goal: `≤ ${OF_BEST} × the better of NSD and Knot`, value: ours / bestPeer(runs), limit: OF_BEST },
    { what: `${what}, share of user space`, goal: `≤ ${USER_SHARE}`, value: medianOf(runs, 'ours', 'user'), limit: USER_SHARE },
  ]
  if (id === 'hit') goals.push({ what, goal: `≤ ${OF_FLOOR} × the floor`, value: ours / medianOf(runs, 'echo', 'micros'), limit: OF_FLOOR })
  return goals
}

function goalsOfStart(starts: readonly Start[]): Goal[] {
  const of = (kind: Kind, measure: 'wall' | 'pss', workers = 1) => median(starts.filter((start) => start.kind === kind && start.workers === workers).map((start) => start[measure]))
  return [
    { what: 'a million names: memory (PSS)', goal: `≤ ${OF_KNOT_MEMORY} × Knot`, value: of('ours', 'pss') / of('knot', 'pss'), limit: OF_KNOT_MEMORY },
    { what: 'a million names: memory with two workers', goal: `no second copy (≤ ${OF_ONE_WORKER} × with one)`, value: of('ours', 'pss', 2) / of('ours', 'pss'), limit: OF_ONE_WORKER },
    { what: 'a million names: time to the first answer', goal: '≤ 1 × Knot', value: of('ours', 'wall') / of('knot', 'wall'), limit: 1 },
  ]
}
