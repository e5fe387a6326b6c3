/**
 * Changes on their way to whoever reads them one by one. Who keeps up is told each; for who is slow, what happened to one record meanwhile is drawn
 * together to what it was when he was told last and what it is now, so that what waits is bounded by what stands there.
 *
 *     added, changed → added      added, removed → nothing      removed, added → changed, or nothing where it is the same
 */
import { CLIENT_CHANGE_OCTETS, MAX_UNREAD_OCTETS } from '../dns/limits-sessions.ts'
import { changeIn, type RecordStep, type WatchChange } from './pushed-records.ts'

type Result = IteratorResult<WatchChange, undefined>

interface Waiter {
  resolve: (result: Result) => void
  reject: (fault: Error) => void
}

/** Changes in order; once drawn together, in the order in which their records were first touched. */
export class WatchQueue {
  private waiting: RecordStep[] = []
  /** Of what waits, and how many may. */
  private octets = 0
  private drawAtOctets: number = MAX_UNREAD_OCTETS
  private readonly waiters: Waiter[] = []
  private isOver = false
  private fault: Error | undefined

  /** How many changes wait. */
  get size(): number {
    return this.waiting.length
  }

  /** Takes steps in order. */
  put(steps: readonly RecordStep[]): void {
    if (this.isOver) return
    for (const step of steps) {
      const value = changeIn(step)
      if (value === undefined) continue
      if (this.waiters.length > 0) this.waiters.shift()?.resolve({ value, done: false })
      else this.keep(step)
    }
  }

  /** Nothing comes any more. What waits is still told, and then `fault`, once; without one, nothing is told any more. */
  end(fault?: Error): void {
    if (this.isOver) return
    this.isOver = true
    this.fault = fault
    if (fault === undefined) this.waiting = []
    for (const waiter of this.waiters.splice(0)) this.settle(waiter)
  }

  /** The next change, when there is one; done at the end. */
  next(): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject }
      if (this.waiting.length > 0 || this.isOver) this.settle(waiter)
      else this.waiters.push(waiter)
    })
  }

  private settle({ resolve, reject }: Waiter): void {
    const step = this.waiting.shift()
    const { fault } = this
    if (step !== undefined) {
      this.octets -= octetsOf(step)
      return resolve({ value: changeIn(step) as WatchChange, done: false })
    }
    this.fault = undefined
    if (fault !== undefined) reject(fault)
    else resolve({ value: undefined, done: true })
  }

  private keep(step: RecordStep): void {
    this.waiting.push(step)
    this.octets += octetsOf(step)
    if (this.octets > this.drawAtOctets) this.drawTogether()
  }

  /** One step for each record, none where it comes to nothing. Next time when twice as much waits, so that it costs each step little. */
  private drawTogether(): void {
    const drawn = new Map<string, RecordStep>()
    for (const step of this.waiting) drawn.set(step.key, { ...step, before: (drawn.get(step.key) ?? step).before })
    this.waiting = [...drawn.values()].filter((step) => changeIn(step) !== undefined)
    this.octets = this.waiting.reduce((sum, step) => sum + octetsOf(step), 0)
    this.drawAtOctets = MAX_UNREAD_OCTETS + 2 * this.octets
  }
}

function octetsOf({ before, after }: RecordStep): number {
  return CLIENT_CHANGE_OCTETS + (before?.rdata.length ?? 0) + (after?.rdata.length ?? 0)
}
