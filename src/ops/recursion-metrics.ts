/**
 * What the recursive service measures, as metrics: the counters of the machine, those of machines of configs before
 * included, how its questions ended, what is under way, and how full the cache is. Hits of the cache are counted by the
 * threads that have them: `server.response.remembered`, and misses: `server.deferred.missing`.
 */
import { layHistograms, type HistogramShape } from '../dns/histogram.ts'
import type { ResolverCounters } from '../resolver/counters.ts'
import type { CacheLevels } from './cache-desk.ts'

/** Counters of the machine, by their names in ResolverCounters. */
const COUNTERS = {
  questions: 'questions that the cache did not answer',
  joined: 'questions that joined the same one under way',
  lookups: 'addresses of name servers looked up, and root servers asked for',
  sends: 'messages sent to other servers',
  tcp: 'of these by TCP',
  shared: 'messages that were not sent, as the same was on its way',
  responses: 'responses taken',
  timeouts: 'messages that nobody answered in time',
  strangers: 'datagrams from elsewhere than where a message went',
  wrongIds: 'responses with a wrong id: somebody guesses, or is late',
  doubtful: 'responses that made a question go by TCP',
  late: 'responses to what was over',
  secure: 'answers proven from a trust anchor down',
  retried: 'times that something was asked for again as what came was bogus',
  insecure: 'answers of zones that are proven to be unsigned, or that no anchor covers',
} as const satisfies Record<Exclude<keyof ResolverCounters, 'outcomes'>, string>

/** How a question ends. */
const OUTCOMES = ['answer', 'nodata', 'nxdomain', 'unreachable', 'useless', 'loop', 'budget', 'busy', 'fault', 'blocked', 'remembered', 'bogus', 'unsupported'] as const

const GAUGES = {
  'recursion.under_way': 'questions under way, lookups for them included',
  'recursion.in_flight': 'messages on their way to other servers',
  'cache.entries': 'RRsets, absences and failures remembered',
  'cache.octets': 'octets of these',
  'cache.size': 'octets of the whole cache',
} as const

/** Histograms of the recursive service. */
export const RECURSION_HISTOGRAMS = {
  upstream: { about: 'time from a message to its answer', unit: 'microseconds', buckets: 24 },
} as const satisfies Record<string, HistogramShape>

const histograms = layHistograms(RECURSION_HISTOGRAMS, 0)

/** Where each starts in its array. */
export const RECURSION_HISTOGRAM: Readonly<Record<keyof typeof RECURSION_HISTOGRAMS, number>> = histograms.at
/** Elements of that array. */
export const RECURSION_ELEMENTS: number = histograms.end

/** What is measured; zeros where the service is off. */
export interface RecursionMeasured {
  readonly counters: readonly ResolverCounters[]
  readonly underWay: number
  readonly inFlight: number
  readonly levels: CacheLevels
}

/** One line of metrics, as in metrics.ts. */
interface Line {
  name: string
  kind: 'counter' | 'gauge'
  value: number
  about: string
}

/** All of it as lines. */
export function recursionLines({ counters, underWay, inFlight, levels }: RecursionMeasured): Line[] {
  const sum = (of: (one: ResolverCounters) => number): number => counters.reduce((total, one) => total + of(one), 0)
  const values: Record<keyof typeof GAUGES, number> = { 'recursion.under_way': underWay, 'recursion.in_flight': inFlight, 'cache.entries': levels.entries, 'cache.octets': levels.octets, 'cache.size': levels.size }
  return [
    ...Object.entries<string>(COUNTERS).map(([name, about]): Line => ({ name: `recursion.${snake(name)}`, kind: 'counter', value: sum((one) => one[name as keyof typeof COUNTERS]), about })),
    ...OUTCOMES.map((outcome): Line => ({ name: `recursion.outcome.${outcome}`, kind: 'counter', value: sum((one) => one.outcomes[outcome] ?? 0), about: 'questions that ended so' })),
    ...Object.entries<string>(GAUGES).map(([name, about]): Line => ({ name, kind: 'gauge', value: values[name as keyof typeof GAUGES], about })),
  ]
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
