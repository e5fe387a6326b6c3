/**
 * What the sockets count: one table of names and meanings, and a typed array in its order. Each thread
 * has an array of its own and is the only one that writes it, so that no count needs an atomic
 * operation; whoever shows the counts adds the arrays up. Laid over shared memory, they can be read while
 * the thread that writes them is blocked in the kernel.
 */
import { type HistogramShape, layHistograms } from '../dns/histogram.ts'

/** Every count, in the order of the array: its name and what one more of it means. */
export const TRANSPORT_COUNTERS = {
  udpReceived: 'datagrams read',
  udpSent: 'datagrams handed to the kernel',
  udpSilent: 'datagrams that the server chose not to answer',
  udpDropPort: 'datagrams dropped for a source port that cannot be a client',
  udpDropLong: 'datagrams dropped for being longer than a query may be',
  udpDropBusy: 'answers dropped as the kernel takes no more',
  udpSendRefused: 'answers dropped as the kernel refused to send them',
  udpSocketFaults: 'errors on UDP sockets other than in sending',
  udpAddressesAdded: 'local addresses opened behind a wildcard after the start',
  udpAddressesRemoved: 'local addresses closed behind a wildcard',
  udpGathered: 'times that one thread was given the datagrams of all, as few came',
  udpSpread: 'times that each thread was given its share again',
  tcpAccepted: 'connections accepted',
  tcpReceived: 'messages read',
  tcpSent: 'messages written',
  tcpSilent: 'messages that the server chose not to answer',
  tcpWrites: 'writes, each of one or more messages',
  tcpHeld: 'times that reading stopped for a client slow to read answers',
  tcpAcceptFaults: 'connections that could not be accepted',
  tcpAcceptRests: 'times that accepting rested as descriptors or memory had run out',
  tcpClosedByClient: 'connections that the client ended',
  tcpClosedByError: 'connections that broke',
  tcpClosedSilent: 'connections closed as no query came in time',
  tcpClosedIdle: 'connections closed as no further query came in time',
  tcpClosedSlow: 'connections reset as answers were not read in time',
  tcpClosedMalformed: 'connections closed for a message shorter than a header',
  tcpClosedCut: 'connections reset by the core',
  tcpClosedFault: 'connections closed as the server failed to answer',
  tcpShed: 'connections shed for a new one as there were too many in all',
  tcpShedClient: 'connections shed for a new one as its client had too many',
  tcpShedMemory: 'connections reset as the memory set aside for all of them was in use',
  tcpClosedStop: 'connections closed by a stop',
  handlerFaults: 'queries on which the server threw',
  deferred: 'messages handed to the core to be answered later',
  deferDropped: 'datagrams dropped as too many messages wait for the core',
  deferHeld: 'times that reading a connection stopped as too many of its messages, or of all, wait for the core',
  deferAnswered: 'messages that the core has answered',
  deferSilent: 'messages that the core chose not to answer',
  deferLate: 'answers of the core dropped as their client or its socket had gone',
} as const

/** A name of the table. */
export type TransportCounter = keyof typeof TRANSPORT_COUNTERS

/** The names in the order of the array. */
export const TRANSPORT_COUNTER_NAMES = Object.keys(TRANSPORT_COUNTERS) as readonly TransportCounter[]

/** Where in the array each count stands. */
export const COUNTER = Object.fromEntries(TRANSPORT_COUNTER_NAMES.map((name, at) => [name, at])) as Readonly<Record<TransportCounter, number>>

/** Every histogram, behind the counts in the array. */
export const TRANSPORT_HISTOGRAMS = {
  udpBatch: { about: 'datagrams read by one call', unit: 'datagrams', buckets: 7 },
  udpBatchTime: { about: 'time from the receipt of a batch until its answers are sent', unit: 'microseconds', buckets: 21 },
  deferTime: { about: 'time from the receipt of a message by the core until its last answer', unit: 'microseconds', buckets: 25 },
} as const satisfies Record<string, HistogramShape>

const histograms = layHistograms(TRANSPORT_HISTOGRAMS, TRANSPORT_COUNTER_NAMES.length)

/** Where in the array each histogram starts. */
export const HISTOGRAM: Readonly<Record<keyof typeof TRANSPORT_HISTOGRAMS, number>> = histograms.at

/** Octets of one array, to make shared memory for it. */
export const TRANSPORT_COUNTER_OCTETS: number = histograms.end * Float64Array.BYTES_PER_ELEMENT

/** Counts in the order of the table, then the histograms. Doubles count exactly up to 2^53. */
export type TransportCounters = Float64Array

/** An array of zeros, or the array that lies in `memory` at octet `at`, a multiple of 8. */
export function transportCounters(memory: ArrayBufferLike = new ArrayBuffer(TRANSPORT_COUNTER_OCTETS), at = 0): TransportCounters {
  return new Float64Array(memory, at, histograms.end)
}

/** The counts of several threads added up, by name. */
export function sumCounters(arrays: readonly TransportCounters[]): Record<TransportCounter, number> {
  const sums = TRANSPORT_COUNTER_NAMES.map((name, at) => [name, arrays.reduce((sum, counts) => sum + counts[at], 0)])
  return Object.fromEntries(sums) as Record<TransportCounter, number>
}
