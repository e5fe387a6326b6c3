/** What the lists of the index need beside their slots: room, where each slot stands in them, and what was written last. */
import type { Slot } from './candidates.ts'

/** Writes that are always kept one by one. */
const LEAST_WRITES = 64

/** Slots of the shortest list: a grain of the heap. */
const LEAST_ROOM = 4
const FIRST_SLOTS = 64

/** Slots that a list has room for that holds `count`: a power of two, so that places given up fit those that come. */
export function roomFor(count: number): number {
  let room = LEAST_ROOM
  while (room < count) room *= 2
  return room
}

/** Where each slot stands in the lists: a column for each distance from the topmost node, made when it is first needed. */
export class ListPlaces {
  private readonly columns: Int32Array[] = []

  /** The place of a slot in the list of its node at that depth. */
  at(depth: number, slot: Slot): number {
    return this.columns[depth][slot]
  }

  /** Notes it. */
  set(depth: number, slot: Slot, place: number): void {
    let column = this.columns[depth]
    if (column === undefined || slot >= column.length) {
      column = new Int32Array(Math.max(FIRST_SLOTS, 2 * slot))
      if (this.columns[depth] !== undefined) column.set(this.columns[depth])
      this.columns[depth] = column
    }
    column[slot] = place
  }
}

/** What was written to one list, to be written to the other one too. */
export class Log {
  /** Place and slot, in turn, in the order of writing. */
  readonly writes: number[] = []
  /** Whether there was so much that the list is copied instead. */
  isWhole = false

  /** Takes note that `slot` was written at `place` of a list of `count`. */
  note(place: number, slot: Slot, count: number): void {
    if (this.isWhole) return
    this.writes.push(place, slot)
    if (this.writes.length <= Math.max(LEAST_WRITES, count)) return
    this.isWhole = true
    this.writes.length = 0
  }
}
