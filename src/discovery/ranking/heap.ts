/**
 * The octets of names, values, RDATA and lists in a table of candidates, for its writer. What is given up is used again
 * two commits later, when no reader can still be reading it by an index that it holds. Pieces of one size take each
 * other's places; what that leaves unused is gone when the table moves, as all that is alive is written anew there.
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
  /** Octets of all pieces that are alive. */
  alive = 0
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
    const at = this.take(octets.length)
    this.table.heap.set(octets, at)
    return at
  }

  /** A piece of `octets`, whatever stands there; returns where, a multiple of 16. RangeError where there is no room: ask before. */
  take(octets: number): number {
    const size = roundedUp(octets)
    const at = this.free.get(size)?.pop() ?? this.cut(size)
    this.alive += size
    return at
  }

  /** Gives up what was written at `at`. */
  give(at: number, octets: number): void {
    if (octets === 0) return
    const size = roundedUp(octets)
    this.alive -= size
    this.leaving.push({ at, size })
  }

  /** Two calls after it was given up a piece is free. */
  settle(): void {
    for (const { at, size } of this.left) {
      const alike = this.free.get(size)
      if (alike === undefined) this.free.set(size, [at])
      else alike.push(at)
    }
    this.left = this.leaving
    this.leaving = []
  }

  /** Goes on in an empty table: what is alive must be written anew there. */
  moveTo(table: CandidateTable): void {
    this.table = table
    this.alive = 0
    this.free.clear()
    this.leaving = []
    this.left = []
  }

  private cut(size: number): number {
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
