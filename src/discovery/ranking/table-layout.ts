/**
 * How the candidates of a zone lie in their block of shared memory. An entry is a *slot*; each of its fields is
 * a column, so that a filter over thousands of agents reads one run of memory. 0 is no capability, value or offset.
 *
 *     header     HEADER_WORDS words
 *     columns    capacity × f64, then capacity × i32, each in the order below
 *     handed     capacity × HANDED_HISTORY × i32: when we chose the agent, milliseconds modulo 2^31
 *     chains     twice: heads (buckets × i32), by the names of agents and by their human names
 *     index      heads (buckets × i32) of chains of nodes, then a node for each capability and each of its ancestors
 *     heap       octets: names, values, RDATA, and of each node two lists of the slots at or below it
 *
 * One thread writes. Readers take no lock: an entry has a version, odd while it is being changed. A node has two
 * halves, one in use and one that the writer changes; a commit puts every changed half into use, and the same
 * changes are made to the other one with the next commit, when nobody reads it any more. So a change costs the same
 * however many agents there are, and what a reader holds stays as it was until two newer commits have begun. What
 * readers write themselves are the columns of our own choices (handed…, chosen…): a lost count there is noise in an estimate.
 */
import { HANDED_HISTORY, READING_HISTORY } from '../../dns/limits-discovery.ts'
import { METRIC_COUNT } from './metrics.ts'

/** Words of the header. */
export const TABLE = {
  magic: 0,
  capacity: 1,
  nodeCapacity: 2,
  heapOctets: 3,
  seed: 4,
  /** Number of the commit in use. */
  index: 5,
  /** Number of the commit being made, or last made. */
  indexWriting: 6,
  /** Slots that have ever been used: the columns are empty from there on. */
  top: 7,
  /** Registrations held. */
  count: 8,
  /** Octets of the heap in use. */
  heapTop: 9,
  /** Different values of security, modality, provider, region and holder. */
  values: 10,
  /** Bits of the faces that the zone shows (src/discovery/faces). */
  faces: 11,
  /** When readings came back from before a restart, seconds since 1970; 0 for never. */
  restored: 12,
  /** Changes of slots so far, each counted when it is made. */
  changes: 13,
} as const

/** First word of every table: "CND" and the version of this layout. */
export const TABLE_MAGIC = 0x43_4e_44_0b
/** Words of the header. */
export const HEADER_WORDS = 16

/** Columns of doubles, each of a slot. Times are milliseconds since 1970. */
export const DOUBLES = [
  'leaseEndMs', 'holdEndMs', // when the registration and the exclusive hold end; Infinity and 0 for none
  'readingAtMs', 'active', 'slots', 'room', 'serviceMs', // the newest reading: 0 for none
  'reportedAtMs', // when it was told one of itself last, 0 for never: of others nobody expects any
  'untold', 'reckonedMs', // by slots and service, so that scoring need not reckon them: sessions that silence hides, for a threshold of 1; service as far as it is believed (silence.ts)
  'busyAtMs', 'busy', 'avoidUntilMs', 'downAtMs', // what askers met
  'handed', 'handedAtMs', // our own choices that no reading covers yet, as they were at that time
  'chosen', 'chosenAtMs', // all of our choices of late, as they were at that time: by these weights have their shares
  'right', 'outcomes', 'slowness', 'slownessWeight', 'slownessAtMs', // reputation: work that was right, of how much; how slow, by how many, at that time
  'arrivalRate', 'arrivalWeight', 'arrivalsAtMs', // requests a second, from all sides
  'ownArrivals', 'ownAtMs', // of a capability (indexed by its number, not a slot): our choices a second
  'ownRate', 'ownWeight', 'totalArrivals', 'kappa',
] as const

/** Columns of 32-bit numbers, each of a slot. */
export const WORDS = [
  'version', 'capability', 'claimed', 'measured', // the last two: bits of the metrics that a claim or a reading tells
  'queue', 'weight', 'latitude', 'longitude', 'location', 'binding', 'bindingSeconds', 'profile',
  'security', 'modality', 'provider', 'region', 'holder', // numbers of values; holder: the task group that holds the agent
  'rdataAt', 'rdataLength', 'agentHash', 'ttl',
  'state', 'unwell', 'attention', 'sequence', 'arrivals', 'historyHead', 'handedHead', // unwell: 1 where probes fail; attention: not 0 where more than the lease decides whether the agent lives
  'protocols', 'agentKey', 'agentNext', 'aliasKey', 'aliasNext', // what it speaks; chains by the agent's name and its human name
  'picks', 'capabilityAt', 'capabilityLength', // of a capability: our choices so far, and its name
  'valueAt', 'valueLength', // of a value
] as const

/** Columns that a slot keeps when it is used again: its version, and what is not of a slot. */
export const KEPT_COLUMNS: ReadonlySet<string> = new Set([
  'version', 'ownArrivals', 'ownAtMs', 'ownRate', 'ownWeight', 'totalArrivals', 'kappa', 'picks', 'capabilityAt', 'capabilityLength', 'valueAt', 'valueLength',
])

/** Name of a column of doubles. */
export type DoubleColumn = (typeof DOUBLES)[number]
/** Name of a column of words. */
export type WordColumn = (typeof WORDS)[number]

/** Words of a node of the index: hash and place of its folded name, the next node of its chain, which of its two halves is in use, and where they begin. */
export const NODE = { hash: 0, nameAt: 1, nameLength: 2, next: 3, half: 4, halves: 5, words: 21 } as const
/**
 * Words of half a node: octet of the heap where its list of slots begins, how many they are and how many there is room for, an alias's
 * RDATA in the heap, what is usual among its agents (as floats), and what stands at the name or below (THERE).
 */
export const HALF = { listAt: 0, count: 1, room: 2, aliasAt: 3, aliasLength: 4, costReference: 5, weightReference: 6, isThere: 7, words: 8 } as const

/** What stands at a name or below it: nothing, something, or what has ended of itself, lease by lease, and is remembered. */
export const THERE = { nothing: 0, something: 1, ended: 2 } as const

/** Doubles of one remembered reading: time, active, service. */
export const HISTORY = { atMs: 0, active: 1, serviceMs: 2, doubles: 3 } as const

/** Sizes and places, in octets, of a table. */
export interface TableShape {
  readonly capacity: number
  readonly nodeCapacity: number
  readonly doublesAt: number
  readonly historyAt: number
  readonly wordsAt: number
  readonly claimsAt: number
  readonly readingsAt: number
  readonly handedAt: number
  /** Heads of each kind of chain, where the first two kinds' are, and those of nodes. */
  readonly buckets: number
  readonly chainsAt: number
  readonly headsAt: number
  readonly nodesAt: number
  readonly heapAt: number
  readonly heapOctets: number
  readonly octets: number
}

/** The shape of a table for `capacity` registrations, `nodeCapacity` names and `heapOctets` of names and RDATA. */
export function shapeOf(capacity: number, nodeCapacity: number, heapOctets: number): TableShape {
  let buckets = 16
  while (buckets < nodeCapacity) buckets *= 2
  const doublesAt = HEADER_WORDS * 4
  const historyAt = doublesAt + DOUBLES.length * capacity * 8
  const wordsAt = historyAt + READING_HISTORY * HISTORY.doubles * capacity * 8
  const claimsAt = wordsAt + WORDS.length * capacity * 4
  const readingsAt = claimsAt + METRIC_COUNT * capacity * 4
  const handedAt = readingsAt + METRIC_COUNT * capacity * 4
  const chainsAt = handedAt + HANDED_HISTORY * capacity * 4
  const headsAt = chainsAt + 2 * buckets * 4
  const nodesAt = headsAt + buckets * 4
  const heapAt = nodesAt + (nodeCapacity + 1) * NODE.words * 4 // number 0 is no node
  return {
    capacity, nodeCapacity, doublesAt, historyAt, wordsAt, claimsAt, readingsAt, handedAt, buckets, chainsAt, headsAt, nodesAt, heapAt, heapOctets,
    octets: Math.ceil((heapAt + heapOctets) / 8) * 8,
  }
}
