/**
 * A queue in which nobody stands in the way of others: each client network has its own line, lines take turns,
 * one message each, and a line pays for what it takes from an allowance that fills again with time.
 *
 *     turns      a ─▶ b ─▶ c ─▶ a …        networks with messages and allowance
 *     resting    d (allowance spent)        until it has filled again
 *
 * The price is given back where a message proves worth it, so that the allowance bounds only what is wasted.
 */
import { CORE_BURST_OCTETS, CORE_OCTETS_PER_SECOND, MAX_CORE_NETWORKS } from '../dns/limits.ts'

/** How much a line may take. */
export interface FairQueueLimits {
  /** Units of price that one line gains a second. */
  perSecond: number
  /** Units that it has after a rest. */
  burst: number
  /** Lines whose spending is remembered. */
  lines: number
}

/** Places that may stand empty at the head of a list before it is cut: so that taking one costs the same, however long the list. */
const EMPTY_PLACES = 1_024

interface Line<T> {
  key: string
  items: { item: T; price: number }[]
  /** Below `items[first]` all have been taken. */
  first: number
  allowance: number
  asOfMs: number
}

/** Items in lines. */
export class FairQueue<T> {
  private readonly limits: FairQueueLimits
  private readonly lines = new Map<string, Line<T>>()
  private turns: Line<T>[] = []
  private nextTurn = 0
  private resting: Line<T>[] = []
  /** Lines at which some are forgotten. */
  private fullAt: number
  /** Items in it. */
  size = 0

  constructor(limits: Partial<FairQueueLimits> = {}) {
    this.limits = { perSecond: CORE_OCTETS_PER_SECOND, burst: CORE_BURST_OCTETS, lines: MAX_CORE_NETWORKS, ...limits }
    this.fullAt = this.limits.lines
  }

  /** Puts an item behind those of its line. */
  push(key: string, price: number, item: T, nowMs: number): void {
    const line = this.lineOf(key, nowMs)
    line.items.push({ item, price })
    this.size++
    if (line.items.length === line.first + 1) this.turns.push(line)
  }

  /** The next item whose line can pay for it; undefined where there is none now. */
  shift(nowMs: number): T | undefined {
    this.wake(nowMs)
    for (let line = this.takeTurn(); line !== undefined; line = this.takeTurn()) {
      this.fill(line, nowMs)
      if (line.allowance <= 0) {
        this.resting.push(line)
        continue
      }
      const { item, price } = line.items[line.first++]
      line.allowance -= price
      this.size--
      if (line.first < line.items.length) this.turns.push(line)
      if (line.first === line.items.length || line.first >= EMPTY_PLACES) {
        line.items = line.items.slice(line.first)
        line.first = 0
      }
      return item
    }
    return undefined
  }

  /** Gives back what an item of the line has paid. */
  refund(key: string, price: number): void {
    const line = this.lines.get(key)
    if (line !== undefined) line.allowance = Math.min(this.limits.burst, line.allowance + price)
  }

  /** Milliseconds until a line that rests may go on; undefined where none has to wait. */
  restMs(nowMs: number): number | undefined {
    if (this.resting.length === 0) return undefined
    const { perSecond } = this.limits
    const waits = this.resting.map(({ allowance, asOfMs }) => asOfMs + ((1 - allowance) / perSecond) * 1_000 - nowMs)
    return Math.max(0, Math.min(...waits))
  }

  private takeTurn(): Line<T> | undefined {
    if (this.nextTurn === this.turns.length) {
      this.turns = []
      this.nextTurn = 0
      return undefined
    }
    const line = this.turns[this.nextTurn++]
    if (this.nextTurn < EMPTY_PLACES) return line
    this.turns = this.turns.slice(this.nextTurn)
    this.nextTurn = 0
    return line
  }

  private wake(nowMs: number): void {
    if (this.resting.length === 0) return
    for (const line of this.resting) this.fill(line, nowMs)
    this.turns.push(...this.resting.filter(({ allowance }) => allowance > 0))
    this.resting = this.resting.filter(({ allowance }) => allowance <= 0)
  }

  private fill(line: Line<T>, nowMs: number): void {
    const { perSecond, burst } = this.limits
    const gained = Math.max(0, nowMs - line.asOfMs) * perSecond / 1_000
    line.allowance = Math.min(burst, line.allowance + gained)
    line.asOfMs = nowMs
  }

  private lineOf(key: string, nowMs: number): Line<T> {
    const known = this.lines.get(key)
    if (known !== undefined) return known
    if (this.lines.size >= this.fullAt) this.forget(nowMs)
    const line: Line<T> = { key, items: [], first: 0, allowance: this.limits.burst, asOfMs: nowMs }
    this.lines.set(key, line)
    return line
  }

  /**
   * Forgets the lines that are empty and have all their allowance, as a new line has; where these are too few, the empty ones that came first. Each
   * look at all lines is the last for an eighth more, so that newcomers cost the same while all the others wait.
   */
  private forget(nowMs: number): void {
    const { lines, burst } = this.limits
    const room = lines >>> 3
    for (const [key, line] of this.lines) {
      if (line.items.length > 0) continue
      this.fill(line, nowMs)
      if (line.allowance === burst) this.lines.delete(key)
    }
    for (const [key, { items }] of this.lines) {
      if (this.lines.size < lines - room) break
      if (items.length === 0) this.lines.delete(key)
    }
    this.fullAt = Math.max(lines, this.lines.size + room)
  }
}
