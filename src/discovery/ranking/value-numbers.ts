/**
 * Values by which agents are told apart (`security`, `modality`, `provider`, `region`) as numbers, one for all agents
 * that have the same, so that a query compares each value once. A number is counted, and given back with its octets
 * when the last agent that had it is gone.
 */
import type { CandidateTable } from './candidates.ts'
import type { Heap } from './heap.ts'
import { Resting } from './resting.ts'
import { TABLE } from './table-layout.ts'

/** The numbered values of one table, for its writer. */
export class ValueNumbers {
  private table: CandidateTable
  private readonly heap: Heap
  private readonly numbers = new Map<string, number>()
  /** By number: what it stands for, and how many agents have it. */
  private readonly texts: string[] = ['']
  private readonly counts: number[] = [0]
  private readonly resting = new Resting()

  constructor(table: CandidateTable, heap: Heap) {
    this.table = table
    this.heap = heap
  }

  /** Different values that agents have now. */
  get size(): number {
    return this.numbers.size
  }

  /** Whether `count` more can have numbers. */
  hasRoom(count: number): boolean {
    return this.resting.size + this.table.capacity - this.table.header[TABLE.values] >= count
  }

  /** The number of the value `octets[at … end)`, for one agent more. */
  take(octets: Uint8Array, at: number, end: number): number {
    const text = Buffer.from(octets.buffer, octets.byteOffset + at, end - at).toString('latin1')
    const number = this.numbers.get(text) ?? this.number(text, octets.subarray(at, end))
    this.counts[number]++
    return number
  }

  private number(text: string, octets: Uint8Array): number {
    const { header, i32 } = this.table
    const number = this.resting.take() ?? header[TABLE.values]++
    i32.valueAt[number] = this.heap.write(octets)
    i32.valueLength[number] = octets.length
    this.numbers.set(text, number)
    this.texts[number] = text
    this.counts[number] = 0
    return number
  }

  /** One agent less has the value of this number; 0 is no value. */
  give(number: number): void {
    if (number === 0 || --this.counts[number] > 0) return
    const { i32 } = this.table
    this.heap.give(i32.valueAt[number], i32.valueLength[number])
    this.numbers.delete(this.texts[number])
    this.texts[number] = ''
    this.resting.give(number)
  }

  /** Numbers given up two calls ago are free. */
  settle(): void {
    this.resting.settle()
  }

  /** Goes on in a larger table with columns as they were, whose heap is `heap`'s by now; octets are taken over from `old`. */
  moveTo(table: CandidateTable, old: CandidateTable): void {
    this.table = table
    for (const number of this.numbers.values()) {
      const at = old.i32.valueAt[number]
      table.i32.valueAt[number] = this.heap.write(old.heap.subarray(at, at + old.i32.valueLength[number]))
    }
  }
}
