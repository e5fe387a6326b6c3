/**
 * The clock of the simulator: what is to happen, in the order of time, and at the same instant in the order in which it
 * was asked for, so that a run with the same seed is the same run.
 */

/** Something that happens. */
type Happening = () => void

/** A queue of what is to happen; a binary heap. */
export class Events {
  /** Milliseconds since the begin. */
  nowMs = 0
  private readonly times: number[] = []
  private readonly orders: number[] = []
  private readonly happenings: Happening[] = []
  private asked = 0

  /** Lets `happening` happen `ms` from now. */
  after(ms: number, happening: Happening): void {
    this.at(this.nowMs + ms, happening)
  }

  /** Lets `happening` happen at that time, at once where it is past. */
  at(ms: number, happening: Happening): void {
    let at = this.times.length
    const order = this.asked++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.times[parent] <= ms) break
      this.move(parent, at)
      at = parent
    }
    this.put(at, ms, order, happening)
  }

  /** Lets happen all that is before `endMs`. */
  runUntil(endMs: number): void {
    while (this.times.length > 0 && this.times[0] < endMs) {
      this.nowMs = Math.max(this.nowMs, this.times[0])
      this.takeFirst()()
    }
    this.nowMs = endMs
  }

  private takeFirst(): Happening {
    const [first] = this.happenings
    const ms = this.times.pop() as number
    const order = this.orders.pop() as number
    const last = this.happenings.pop() as Happening
    if (this.times.length > 0) this.sink(ms, order, last)
    return first
  }

  private sink(ms: number, order: number, happening: Happening): void {
    const count = this.times.length
    let at = 0
    for (let child = 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && this.isBefore(child + 1, this.times[child], this.orders[child])) child++
      if (!this.isBefore(child, ms, order)) break
      this.move(child, at)
      at = child
    }
    this.put(at, ms, order, happening)
  }

  private isBefore(at: number, ms: number, order: number): boolean {
    return this.times[at] < ms || (this.times[at] === ms && this.orders[at] < order)
  }

  private move(from: number, to: number): void {
    this.put(to, this.times[from], this.orders[from], this.happenings[from])
  }

  private put(at: number, ms: number, order: number, happening: Happening): void {
    this.times[at] = ms
    this.orders[at] = order
    this.happenings[at] = happening
  }
}
