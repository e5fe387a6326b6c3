/**
 * What is given up while readers without locks may still hold it: used again two commits later, when no reader can be
 * reading it by an index that it holds (`CandidateTable.isCurrent`).
 *
 *     give ─► leaving ─ commit ─► left ─ commit ─► free ─► take
 */

/** Numbers given up, of one kind. */
export class Resting {
  private readonly free: number[] = []
  private leaving: number[] = []
  private left: number[] = []

  /** How many can be taken now. */
  get size(): number {
    return this.free.length
  }

  /** Gives one up. */
  give(number: number): void {
    this.leaving.push(number)
  }

  /** One that nobody reads any more; undefined where there is none. */
  take(): number | undefined {
    return this.free.pop()
  }

  /** To be called with every commit. */
  settle(): void {
    for (const number of this.left) this.free.push(number)
    this.left.length = 0
    const { left } = this
    this.left = this.leaving
    this.leaving = left
  }
}
