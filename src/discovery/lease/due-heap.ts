/**
 * Which lease ends next: a heap of numbered leases by the time when they are due, in typed arrays, so that a
 * million of them cost 16 octets each and nothing for the garbage collector.
 *
 *     dueMs[id]   when lease `id` is due; NaN where it is not in the heap
 *     heap[i]     ids, each due no later than its four children heap[4i + 1 … 4i + 4]
 *     place[id]   where in the heap the id stands, so that it can be moved or taken out in log4(n) steps
 *
 * Ids are small numbers given out densely by whoever keeps the leases.
 */
import { MAX_LEASES } from '../../dns/limits-discovery.ts'

const FIRST_CAPACITY = 1_024
const ARITY = 4

/** Leases in the order in which they are due. */
export class DueHeap {
  private dueMs = new Float64Array(FIRST_CAPACITY).fill(NaN)
  private heap = new Uint32Array(FIRST_CAPACITY)
  private place = new Uint32Array(FIRST_CAPACITY)
  private count = 0

  get size(): number {
    return this.count
  }

  /** Octets that the heap has set aside. */
  get octets(): number {
    return this.dueMs.byteLength + this.heap.byteLength + this.place.byteLength
  }

  /** When the first lease is due; Infinity where there is none. */
  get nextMs(): number {
    return this.count === 0 ? Infinity : this.dueMs[this.heap[0]]
  }

  /** When lease `id` is due; undefined where it is not in the heap. */
  dueOf(id: number): number | undefined {
    const due = this.dueMs[id]
    return due === undefined || Number.isNaN(due) ? undefined : due
  }

  /** Puts lease `id` into the heap, or moves it. RangeError: more ids than MAX_LEASES, which is a bug of who gives them out. */
  set(id: number, dueMs: number): void {
    if (id >= this.dueMs.length) this.grow(id)
    const before = this.dueMs[id]
    this.dueMs[id] = dueMs
    if (Number.isNaN(before)) {
      this.put(this.count, id)
      this.rise(this.count++)
    } else if (dueMs < before) this.rise(this.place[id])
    else this.sink(this.place[id])
  }

  /** Takes lease `id` out; nothing where it is not in. */
  delete(id: number): void {
    if (this.dueOf(id) === undefined) return
    const hole = this.place[id]
    this.dueMs[id] = NaN
    const last = this.heap[--this.count]
    if (last === id) return
    this.put(hole, last)
    this.rise(hole)
    this.sink(this.place[last])
  }

  /** Takes out the leases due by `nowMs`, the earliest first, at most `most`. */
  takeDue(nowMs: number, most: number): number[] {
    const due: number[] = []
    while (due.length < most && this.count > 0 && this.nextMs <= nowMs) {
      const id = this.heap[0]
      due.push(id)
      this.delete(id)
    }
    return due
  }

  private rise(at: number): void {
    const { heap, dueMs } = this
    const id = heap[at]
    const due = dueMs[id]
    while (at > 0) {
      const parent = ((at - 1) / ARITY) | 0
      if (dueMs[heap[parent]] <= due) break
      this.put(at, heap[parent])
      at = parent
    }
    this.put(at, id)
  }

  private sink(at: number): void {
    const { heap, dueMs } = this
    const id = heap[at]
    const due = dueMs[id]
    for (;;) {
      const first = at * ARITY + 1
      if (first >= this.count) break
      let least = first
      for (let child = first + 1; child < first + ARITY && child < this.count; child++) if (dueMs[heap[child]] < dueMs[heap[least]]) least = child
      if (dueMs[heap[least]] >= due) break
      this.put(at, heap[least])
      at = least
    }
    this.put(at, id)
  }

  private put(at: number, id: number): void {
    this.heap[at] = id
    this.place[id] = at
  }

  private grow(id: number): void {
    if (id >= MAX_LEASES) throw new RangeError(`Cannot keep lease ${id} as there may be at most ${MAX_LEASES}`)
    // by half, not double: a million leases then cost at most 24 octets each, not 32
    const size = Math.min(MAX_LEASES, Math.max(id + 1, Math.ceil(this.dueMs.length * 1.5)))
    const dueMs = new Float64Array(size).fill(NaN, this.dueMs.length)
    dueMs.set(this.dueMs)
    this.dueMs = dueMs
    this.heap = copied(this.heap, size)
    this.place = copied(this.place, size)
  }
}

function copied(from: Uint32Array, size: number): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(size)
  to.set(from)
  return to
}
