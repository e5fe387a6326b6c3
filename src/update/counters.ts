/** What is counted of updates: how they ended, how many share a sync of the store, and how long that takes. */
import { countInto, type HistogramShape, layHistograms } from '../dns/histogram.ts'
import { printRcode } from '../dns/codes.ts'

/** Verdicts that are counted apart; every other is `other`. */
const VERDICTS = [...Array.from({ length: 11 }, (_, rcode) => printRcode(rcode)), 'other'] as const

/** Counters of updates, in the order of the array. */
export const UPDATE_COUNTERS = {
  ...(Object.fromEntries(VERDICTS.map((name) => [`verdict.${name}`, 'updates that ended with this code'])) as Record<string, string>),
  own: 'changes that the server made by itself, such as the end of a lease',
  'records.added': 'records added by updates',
  'records.removed': 'records removed by updates',
  'batches.kept': 'transactions kept by the store and put into service',
  'batches.failed': 'transactions given up as the store did not keep them',
  grown: 'times that a zone was moved to a larger block',
} as const

const NAMES = Object.keys(UPDATE_COUNTERS)

const ADDED_AT = NAMES.indexOf('records.added')
const REMOVED_AT = NAMES.indexOf('records.removed')

/** Histograms of updates, behind the counters. */
export const UPDATE_HISTOGRAMS = {
  batch: { about: 'updates in one transaction', unit: 'updates', buckets: 12 },
  sync: { about: 'time that the store took to keep a transaction', unit: 'microseconds', buckets: 24 },
} as const satisfies Record<string, HistogramShape>

const histograms = layHistograms(UPDATE_HISTOGRAMS, NAMES.length)

/** Where in the array each histogram starts. */
export const UPDATE_HISTOGRAM: Readonly<Record<keyof typeof UPDATE_HISTOGRAMS, number>> = histograms.at

/** Counts what becomes of updates, in one array. */
export class UpdateCounts {
  readonly values = new Float64Array(histograms.end)

  verdict(rcode: number): void {
    this.values[rcode < VERDICTS.length - 1 ? rcode : VERDICTS.length - 1]++
  }

  /** Updates that have ended, however. */
  get updates(): number {
    return this.values.subarray(0, VERDICTS.length).reduce((sum, count) => sum + count, 0)
  }

  add(name: 'own' | 'batches.kept' | 'batches.failed' | 'grown'): void {
    this.values[NAMES.indexOf(name)]++
  }

  changes(changes: readonly { kind: 'added' | 'removed' }[]): void {
    for (const { kind } of changes) this.values[kind === 'added' ? ADDED_AT : REMOVED_AT]++
  }

  batch(size: number, syncMicroseconds: number): void {
    this.add('batches.kept')
    countInto(this.values, UPDATE_HISTOGRAM.batch, UPDATE_HISTOGRAMS.batch.buckets, size)
    countInto(this.values, UPDATE_HISTOGRAM.sync, UPDATE_HISTOGRAMS.sync.buckets, syncMicroseconds)
  }

  /** Every counter with its value. */
  lines(): { name: string; value: number; about: string }[] {
    return Object.entries<string>(UPDATE_COUNTERS).map(([name, about], i) => ({ name, value: this.values[i], about }))
  }
}
