/**
 * Counters of the answering path: one table of groups, each with its buckets, over one typed array. Counting
 * is one addition at a known index. The array may lie in shared memory, so that whoever prints the counters
 * reads those of every thread and adds them up.
 *
 *     names     transport.udp  transport.tcp  opcode.QUERY …  rcode.NXDOMAIN …  dropped.response …
 *     values    [ 1200         16             1216        …   31            …   2            …   ]
 */
import { countInto, type HistogramShape, layHistograms } from '../dns/histogram.ts'
import { CLASS, printOpcode, printRcode, RCODE, TYPE } from '../dns/codes.ts'
import { ADMITTED } from './admit.ts'
import { COOKIE } from './cookies.ts'

/** Types counted apart; every other one is counted as `other`. */
const TYPES = Object.entries(TYPE)
const CLASSES = Object.entries(CLASS)
/** RCODEs of the header, then the extended ones that we send. */
const EXTENDED = [RCODE.BADVERS, RCODE.BADCOOKIE]

const range = (count: number, name: (n: number) => string): string[] => Array.from({ length: count }, (_, n) => name(n))

/** Every group and its buckets, in the order in which they lie in the array. */
const GROUPS = {
  /** Messages received. */
  transport: ['udp', 'tcp'],
  /** Messages received that have a header and are no responses. */
  opcode: range(16, printOpcode),
  /** Questions, by type and class. */
  qtype: [...TYPES.map(([name]) => name), 'other'],
  qclass: [...CLASSES.map(([name]) => name), 'other'],
  /** Messages by what they say of EDNS; `do` counts those with DO apart from this, within `version-0`. */
  edns: ['none', 'version-0', 'other-version', 'do'],
  /** COOKIE options by what they prove; indices are those of COOKIE. */
  cookie: Object.keys(COOKIE),
  /** Responses sent, by RCODE. */
  rcode: [...range(16, printRcode), ...EXTENDED.map((code) => (code === RCODE.BADVERS ? 'BADVERS' : printRcode(code))), 'other'],
  /** Responses sent with a mark of their own. */
  response: ['truncated', 'authoritative', 'referral', 'nodata', 'slipped', 'remembered'],
  /** Messages left to the core, which answers them later; by what it is needed for. */
  deferred: ['update', 'agent', 'signed', 'missing', 'stale', 'session'],
  /** Messages not answered, and why. */
  dropped: ['too-short', 'response', 'no-room', 'rate-limited'],
  /** Messages that made our code fail: each is a bug. */
  fault: ['answering'],
} as const

/** The name of a group of counters, such as `rcode`. */
export type CounterGroup = keyof typeof GROUPS

const starts = new Map<string, number>()
let size = 0
for (const [group, buckets] of Object.entries(GROUPS)) {
  starts.set(group, size)
  size += buckets.length
}

/** Every histogram, behind the counters in the array: 17 buckets reach the longest message. */
export const SERVER_HISTOGRAMS = {
  udpSize: { about: 'size of responses over UDP', unit: 'octets', buckets: 17 },
  tcpSize: { about: 'size of responses over TCP', unit: 'octets', buckets: 17 },
} as const satisfies Record<string, HistogramShape>

const histograms = layHistograms(SERVER_HISTOGRAMS, size)

/** Where in the array each histogram starts. */
export const SERVER_HISTOGRAM: Readonly<Record<keyof typeof SERVER_HISTOGRAMS, number>> = histograms.at

/** Elements of the array: one for each counter, and the histograms. */
export const COUNTER_COUNT: number = histograms.end

/** `group.bucket` of every counter, in the order of the array. */
export const COUNTER_NAMES: readonly string[] = Object.entries(GROUPS).flatMap(([group, buckets]) => buckets.map((bucket) => `${group}.${bucket}`))

/** Where the group's first counter stands. */
function startOf(group: CounterGroup): number {
  return starts.get(group) ?? 0
}

const AT = {
  transport: startOf('transport'),
  opcode: startOf('opcode'),
  qtype: startOf('qtype'),
  qclass: startOf('qclass'),
  edns: startOf('edns'),
  cookie: startOf('cookie'),
  rcode: startOf('rcode'),
  response: startOf('response'),
  deferred: startOf('deferred'),
  dropped: startOf('dropped'),
  fault: startOf('fault'),
} as const

/** code point → bucket: 16 bits wide, so that any number from the wire is an index. */
function bucketsOf(entries: readonly (readonly [string, number])[]): Uint8Array {
  const buckets = new Uint8Array(0x1_0000).fill(entries.length)
  entries.forEach(([, code], i) => (buckets[code] = i))
  return buckets
}

const typeBucket = bucketsOf(TYPES)
const classBucket = bucketsOf(CLASSES)

/** Counts; see the table above for what. Whole numbers, exact up to 2^53. */
export class Counters {
  /** One element per name of COUNTER_NAMES, then the histograms. */
  readonly values: Float64Array

  /** Counts in `values`, or in an array of its own. RangeError where it is too short. */
  constructor(values: Float64Array = new Float64Array(COUNTER_COUNT)) {
    if (values.length < COUNTER_COUNT) throw new RangeError(`Cannot count in ${values.length} elements as ${COUNTER_COUNT} are needed`)
    this.values = values
  }

  /** The counter `group.bucket`; undefined where there is none. */
  get(name: string): number | undefined {
    const at = COUNTER_NAMES.indexOf(name)
    return at < 0 ? undefined : this.values[at]
  }

  countMessage(isUdp: boolean): void {
    this.values[AT.transport + (isUdp ? 0 : 1)]++
  }

  /** A message that got past its header: its opcode and what it says of EDNS (`version` −1: nothing). */
  countHeader(opcode: number, version: number, dnssecOk: boolean): void {
    const { values } = this
    values[AT.opcode + opcode]++
    values[AT.edns + (version < 0 ? 0 : version === 0 ? 1 : 2)]++
    if (dnssecOk) values[AT.edns + 3]++
  }

  countQuestion(qtype: number, qclass: number): void {
    this.values[AT.qtype + typeBucket[qtype]]++
    this.values[AT.qclass + classBucket[qclass]]++
  }

  countCookie(outcome: number): void {
    this.values[AT.cookie + outcome]++
  }

  /** A response: its RCODE, its TC and AA bits, and how many records its answer and authority sections hold. */
  countResponse(rcode: number, truncated: boolean, authoritative: boolean, answers: number, authorities: number): void {
    const { values } = this
    values[AT.rcode + rcodeBucket(rcode)]++
    if (truncated) values[AT.response]++
    if (authoritative) values[AT.response + 1]++
    if (rcode !== 0 || answers > 0 || truncated) return
    if (authoritative) values[AT.response + 3]++
    else if (authorities > 0) values[AT.response + 2]++
  }

  /** The octets of a response. */
  countSize(isUdp: boolean, octets: number): void {
    countInto(this.values, isUdp ? SERVER_HISTOGRAM.udpSize : SERVER_HISTOGRAM.tcpSize, SERVER_HISTOGRAMS.udpSize.buckets, octets)
  }

  /** A message left to the core; `why` counts in the order of the group. */
  countDeferred(why: number): void {
    this.values[AT.deferred + why]++
  }

  /** A message that is met with silence; `reason` is ADMITTED.tooShort or .response. */
  countDropped(reason: number): void {
    this.values[AT.dropped + (reason === ADMITTED.tooShort ? 0 : 1)]++
  }

  /** A message whose answer had no buffer to go to. */
  countNoRoom(): void {
    this.values[AT.dropped + 2]++
  }

  /** A response that was one too many for its network. */
  countRateLimited(): void {
    this.values[AT.dropped + 3]++
  }

  /** A response sent empty in the place of one too many. */
  countSlipped(): void {
    this.values[AT.response + 4]++
  }

  /** A response from what is remembered of others' names. */
  countRemembered(): void {
    this.values[AT.response + 5]++
  }

  countFault(): void {
    this.values[AT.fault]++
  }
}

function rcodeBucket(rcode: number): number {
  if (rcode < 16) return rcode
  if (rcode === RCODE.BADVERS) return 16
  return rcode === RCODE.BADCOOKIE ? 17 : 18
}
