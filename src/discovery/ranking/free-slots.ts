/** Slots of a table of candidates that a new registration may have. */
import { HANDED_HISTORY, READING_HISTORY } from '../../dns/limits-discovery.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import { Resting } from './resting.ts'
import { DOUBLES, HISTORY, KEPT_COLUMNS, TABLE, WORDS } from './table-layout.ts'

const HISTORY_DOUBLES = READING_HISTORY * HISTORY.doubles

/** Those given up, and behind them those never used. */
export class FreeSlots extends Resting {
  /** A slot of `table` without anything in it. One never used is so already: nothing is written, as memory that nobody has written costs nothing. */
  takeFor(table: CandidateTable): Slot {
    const slot = this.take()
    if (slot === undefined) return table.header[TABLE.top]++
    const { i32: { version } } = table
    Atomics.add(version, slot, 1) // odd: being written
    clear(table, slot)
    Atomics.add(version, slot, 1)
    return slot
  }
}

function clear({ f64, i32, handedTimes, history }: CandidateTable, slot: Slot): void {
  for (const name of DOUBLES) if (!KEPT_COLUMNS.has(name)) f64[name][slot] = 0
  for (const name of WORDS) if (!KEPT_COLUMNS.has(name)) i32[name][slot] = 0
  handedTimes.fill(0, slot * HANDED_HISTORY, (slot + 1) * HANDED_HISTORY)
  history.fill(0, slot * HISTORY_DOUBLES, (slot + 1) * HISTORY_DOUBLES)
}
