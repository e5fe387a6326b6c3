/**
 * Histograms in powers of two, laid into an array of counters: which sizes and times there were, at the price
 * of two additions for each. A value falls into the first bucket whose bound it does not pass; the last bucket
 * takes all that is left. The array may lie in shared memory: its thread alone writes, others read and add up.
 *
 *     bucket    0    1    2     3    …   n − 1    n
 *     values    ≤1   ≤2   3–4   5–8      more     sum of all values
 */

/** What one histogram is of. */
export interface HistogramShape {
  /** What a value is, for the docs. */
  readonly about: string
  readonly unit: 'octets' | 'datagrams' | 'updates' | 'microseconds'
  readonly buckets: number
}

/** Elements that a histogram takes in the array: its buckets and the sum. */
export function elementsOf(shape: HistogramShape): number {
  return shape.buckets + 1
}

/** Counts `value`, a whole number below 2^31, in the histogram of `buckets` buckets at `values[at]`. */
export function countInto(values: Float64Array, at: number, buckets: number, value: number): void {
  const bucket = value <= 1 ? 0 : 32 - Math.clz32(value - 1)
  values[at + (bucket < buckets ? bucket : buckets - 1)]++
  values[at + buckets] += value
}

/** Where each histogram starts in an array in which they follow each other from element `from` on, and where they end. */
export function layHistograms<Name extends string>(shapes: Readonly<Record<Name, HistogramShape>>, from: number): { at: Readonly<Record<Name, number>>; end: number } {
  let end = from
  const entries = Object.entries<HistogramShape>(shapes).map(([name, shape]) => {
    const at = end
    end += elementsOf(shape)
    return [name, at] as const
  })
  return { at: Object.fromEntries(entries) as Record<Name, number>, end }
}

/** A histogram read from the arrays of several threads. */
export interface Histogram {
  /** Values in each bucket. */
  counts: number[]
  count: number
  sum: number
}

/** The histogram at element `at` of each of `arrays`, added up. */
export function readHistogram(arrays: readonly Float64Array[], at: number, buckets: number): Histogram {
  const total = (i: number): number => arrays.reduce((sum, values) => sum + values[at + i], 0)
  const counts = Array.from({ length: buckets }, (_, i) => total(i))
  return { counts, count: counts.reduce((sum, count) => sum + count, 0), sum: total(buckets) }
}

/** Largest value that bucket `i` takes; Infinity for the last of `buckets`. */
export function boundOf(i: number, buckets: number): number {
  return i === buckets - 1 ? Infinity : 2 ** i
}

/**
 * The value that `share` (0 to 1) of all values do not pass, as if values lay evenly in their bucket: within a
 * factor of two of the truth. For the last bucket, which has no bound, the least it takes. 0 where nothing was counted.
 */
export function quantile({ counts, count }: Histogram, share: number): number {
  const wanted = share * count
  let below = 0
  for (let i = 0; i < counts.length && count > 0; i++) {
    if (below + counts[i] < wanted || counts[i] === 0) {
      below += counts[i]
      continue
    }
    const from = i === 0 ? 0 : 2 ** (i - 1)
    return i === counts.length - 1 ? from + 1 : from + ((wanted - below) / counts[i]) * (2 ** i - from)
  }
  return 0
}
