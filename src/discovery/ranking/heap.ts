/**
 * The octets of names, values and RDATA in a table of candidates, for its writer. What is given up is used again two
 * commits later, when no reader can still be reading it by an index that it holds.
 */
import type { CandidateTable } from './candidates.ts'
import { TABLE } from './table-layout.ts'

/** Pieces are of whole grains, so that one given up fits most that come. */
const GRAIN = 16

interface Piece {
  at: number
  size: number
}

/** Hands out pieces of a table's heap. */
export class Heap {
  private table: CandidateTable
  private readonly free = new Map<number, number[]>()
  private leaving: Piece[] = []
  private left: Piece[] = []

  constructor(table: CandidateTable) {
    this.table = table
  }

  /** Whether `octets` more can be written, however they are cut. */
  hasRoom(octets: number): boolean {
    return this.table.header[TABLE.heapTop] + octets + 8 * GRAIN <= this.table.shape.heapOctets
  }

  /** Writes `octets`; returns where they stand. RangeError where there is no room: ask before. */
  write(octets: Uint8Array): number {
    const size = roundedUp(octets.length)
    const at = this.free.get(size)?.pop() ?? this.take(size)
    this.table.heap.set(octets, at)
    return at
  }

  /** Gives up what was written at `at`. */
  give(at: number, octets: number): void {
    if (octets > 0) this.leaving.push({ at, size: roundedUp(octets) })
  }

  /** Two calls after it was given up a piece is free. */
  settle(): void {
    for (const { at, size } of this.left) this.free.set(size, [...(this.free.get(size) ?? []), at])
    this.left = this.leaving
    this.leaving = []
  }

  /** The same pieces in a larger table. */
  moveTo(table: CandidateTable): void {
    this.table = table
  }

  private take(size: number): number {
    const { header, shape } = this.table
    const at = roundedUp(header[TABLE.heapTop])
    if (at + size > shape.heapOctets) throw new RangeError(`Cannot write ${size} octets to the heap as it is full`)
    header[TABLE.heapTop] = at + size
    return at
  }
}

function roundedUp(octets: number): number {
  return Math.ceil(octets / GRAIN) * GRAIN
}
