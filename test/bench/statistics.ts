/**
 * The sums of the bench. A machine is never alone: of each server's runs the quietest are kept, those in which
 * others used the processors least, and their median speaks; least and greatest tell how far to trust it.
 */

const KEPT = 0.6

/** A median with the least and the greatest beside it. */
export interface Figure {
  median: number
  least: number
  greatest: number
}

/** The median of `values`, the mean of the middle two where they are even in number; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Median and bounds of `values`. */
export function figure(values: readonly number[]): Figure {
  return { median: median(values), least: Math.min(...values), greatest: Math.max(...values) }
}

/** The runs in which least of `foreign` happened: three of five, and at least one. */
export function quietest<Run extends { foreign: number }>(runs: readonly Run[]): Run[] {
  return runs.toSorted((a, b) => a.foreign - b.foreign).slice(0, Math.max(1, Math.ceil(runs.length * KEPT)))
}

/** `items` in an order of chance. */
export function shuffled<Item>(items: readonly Item[]): Item[] {
  return items.map((item) => ({ item, at: Math.random() })).toSorted((a, b) => a.at - b.at).map(({ item }) => item)
}
