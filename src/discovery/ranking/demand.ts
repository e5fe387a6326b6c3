/**
 * What an asker needs, read from the octets of the DEMAND option where they arrived (docs/protocol.md 3 and 4).
 * Numbers are taken out, everything longer is remembered by its place. One object serves every query of a thread.
 *
 *     DEMAND   { key u16 | length u16 | value }*      keys strictly ascending (RFC 9460 2.2)
 *
 * Hard: latency accuracy concurrency cost stability history uplink downlink errors, binding, region, security,
 * modality, avoid, only-provider. Soft: provider, near, peer, max-age, group. The rest says how to answer.
 */
import { MAX_DEMAND_KEYS } from '../../dns/limits-discovery.ts'
import { parameterAt, printKey } from '../../dns/parameter-table.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import { METRIC_COUNT, metricOf, METRICS, WHOLE_RATIO } from './metrics.ts'
import { isAddresses, isName, isNames, isOutcomes, isText, isToken, isTokens, read16, read32 } from './values.ts'

/** Soft wishes; the value is the wish's place in `Demand.order`. */
export const WISH = { provider: 0, near: 1, peer: 2, maxAge: 3, group: 4 } as const
/** How many there are. */
export const WISH_COUNT = 5
/** `order` of a wish that was not expressed; also a bound and a binding that were not. */
export const ABSENT = -1

/** Where a value stands in the octets of a demand; empty where it has none. */
export class Span {
  at = 0
  end = 0

  get isPresent(): boolean {
    return this.end > this.at
  }

  /** Takes the place `at … end`. */
  set(at: number, end: number): void {
    this.at = at
    this.end = end
  }
}

const EMPTY = new Uint8Array(0)
const MICRO_DEGREES_90 = 90_000_000
const NO_KEY = 0xffff

/** Texts that say what is wrong, made once: nothing is allocated for who sends what cannot be read. */
const FAULTS = {
  cut: textOf('ends in the midst of a key'),
  order: textOf('keys must ascend'),
  value: textOf('a value cannot be read'),
  none: textOf('65535 is no key'),
  many: textOf(`must not have more than ${MAX_DEMAND_KEYS} keys`),
} as const
const FAULTS_OF_KEYS: ReadonlyMap<number, Uint8Array> = new Map(
  Object.values(PARAMETERS).filter(({ key }) => parameterAt(key, 'DEMAND') !== undefined).map(({ key }) => [key, textOf(`${printKey(key, 'DEMAND')} cannot be read`)]),
)

function textOf(words: string): Uint8Array {
  return Buffer.from(`DEMAND: ${words}`)
}

/** One demand; see above. Nothing demanded is a demand too: every agent that lives meets it. */
export class Demand {
  octets: Uint8Array = EMPTY
  /** Where it stands in them. */
  from = 0
  end = 0
  /** It says what was read; false where something was left out since. */
  isAsRead = true
  /** The bound on each metric by its index, ABSENT for none. */
  readonly bound = new Float64Array(METRIC_COUNT)
  /** Weight of each metric as asked for by `prefer`. */
  readonly weight = new Float64Array(METRIC_COUNT)
  hasWeights = false
  /** Place of each soft wish among the keys, by WISH; ABSENT for one that was not expressed. */
  readonly order = new Int32Array(WISH_COUNT)
  /** Keys in the order in which they stand. */
  readonly keys = new Uint16Array(MAX_DEMAND_KEYS)
  keyCount = 0
  /** What is wrong with octets that could not be read, in words for EXTRA-TEXT (RFC 8914 2); empty where they were. */
  fault: Uint8Array = EMPTY
  /** 0 shared, 1 exclusive, ABSENT either. */
  binding = ABSENT
  bindingSeconds = 0
  /** Millionths of a degree; see `order` for whether it was said. */
  latitude = 0
  longitude = 0
  /** Answers wanted; 0 leaves it to us. */
  count = 0
  /** Milliseconds; ABSENT for any age. */
  maxAgeMs = ABSENT
  wantsClosure = false
  wantsCandidates = false
  readonly provider = new Span()
  readonly onlyProvider = new Span()
  readonly region = new Span()
  readonly security = new Span()
  readonly modality = new Span()
  readonly avoid = new Span()
  readonly peer = new Span()
  readonly group = new Span()
  readonly intent = new Span()
  readonly outcome = new Span()
  private readonly spans: readonly Span[] = [
    this.provider, this.onlyProvider, this.region, this.security, this.modality, this.avoid, this.peer, this.group, this.intent, this.outcome,
  ]

  constructor() {
    this.clear()
  }

  /** Makes it a demand for nothing. */
  clear(): void {
    this.octets = this.fault = EMPTY
    this.from = this.end = 0
    this.isAsRead = true
    this.clearMetrics()
    for (let wish = 0; wish < WISH_COUNT; wish++) this.order[wish] = ABSENT
    this.wantsClosure = this.wantsCandidates = false
    this.keyCount = this.count = this.bindingSeconds = this.latitude = this.longitude = 0
    this.binding = this.maxAgeMs = ABSENT
    for (let i = 0; i < this.spans.length; i++) this.spans[i].set(0, 0)
  }

  /** Takes the option data `octets[at … at + length)`, which must stay as it is while the demand is used. False where it is malformed: FORMERR, and `fault` says why. */
  read(octets: Uint8Array, at: number, length: number): boolean {
    this.clear()
    const end = at + length
    this.octets = octets
    this.from = at
    this.end = end
    let last = -1
    while (at < end) {
      if (at + 4 > end) return this.fail(FAULTS.cut)
      if (this.keyCount === MAX_DEMAND_KEYS) return this.fail(FAULTS.many)
      const key = read16(octets, at)
      const valueAt = at + 4
      at = valueAt + read16(octets, at + 2)
      if (key <= last) return this.fail(FAULTS.order) // RFC 9460 2.2
      if (key === NO_KEY) return this.fail(FAULTS.none) // RFC 9460 14.3.2
      if (at > end) return this.fail(FAULTS.cut)
      if (!this.take(key, valueAt, at)) return this.fail(FAULTS_OF_KEYS.get(key) ?? FAULTS.value)
      this.keys[this.keyCount++] = last = key
    }
    return true
  }

  private fail(fault: Uint8Array): false {
    this.fault = fault
    return false
  }

  /** Leaves what holds for whoever takes part in the work: whose, where and how safe he is. What was demanded of the work asked for, its measures, kind and binding, goes. */
  keepForOthers(): void {
    this.isAsRead = false
    this.clearMetrics()
    this.binding = ABSENT
    this.modality.set(0, 0)
  }

  /** Step by step: `fill` of so few costs as much as half of the choice. */
  private clearMetrics(): void {
    for (let metric = 0; metric < METRIC_COUNT; metric++) {
      this.bound[metric] = ABSENT
      this.weight[metric] = 0
    }
    this.hasWeights = false
  }

  /** Takes one value; false where it is malformed. Keys that mean nothing in a demand are passed over (docs/protocol.md 3). */
  private take(key: number, at: number, end: number): boolean {
    const { octets } = this
    const metric = metricOf(key)
    if (metric >= 0) return this.takeMetric(metric, at, end)
    switch (key) {
      case PARAMETERS.binding.key: return this.takeBinding(at, end)
      case PARAMETERS.provider.key: return this.wish(WISH.provider, this.keep(this.provider, isNames(octets, at, end), at, end))
      case PARAMETERS.location.key: return this.wish(WISH.near, this.takeNear(at, end))
      case PARAMETERS.region.key: return this.keep(this.region, isToken(octets, at, end), at, end)
      case PARAMETERS.security.key: return this.keep(this.security, isTokens(octets, at, end), at, end)
      case PARAMETERS.modality.key: return this.keep(this.modality, isTokens(octets, at, end), at, end)
      case PARAMETERS.avoid.key: return this.keep(this.avoid, isNames(octets, at, end), at, end)
      case PARAMETERS.peer.key: return this.wish(WISH.peer, this.keep(this.peer, isAddresses(octets, at, end), at, end))
      case PARAMETERS.group.key: return this.wish(WISH.group, this.keep(this.group, isName(octets, at, end), at, end))
      case PARAMETERS['only-provider'].key: return this.keep(this.onlyProvider, isNames(octets, at, end), at, end)
      case PARAMETERS.intent.key: return this.keep(this.intent, isText(octets, at, end), at, end)
      case PARAMETERS.outcome.key: return this.keep(this.outcome, isOutcomes(octets, at, end), at, end)
      case PARAMETERS.prefer.key: return this.takePrefer(at, end)
      default: return this.takeHow(key, at, end)
    }
  }

  /** The keys that say how to answer. */
  private takeHow(key: number, at: number, end: number): boolean {
    const size = end - at
    switch (key) {
      case PARAMETERS.count.key:
        this.count = this.octets[at]
        return size === 1
      case PARAMETERS['max-age'].key:
        this.maxAgeMs = read32(this.octets, at)
        return this.wish(WISH.maxAge, size === 4)
      case PARAMETERS.closure.key:
        this.wantsClosure = true
        return size === 0
      case PARAMETERS.candidates.key:
        this.wantsCandidates = true
        return size === 0
      default:
        return true
    }
  }

  private takeMetric(metric: number, at: number, end: number): boolean {
    const { size } = METRICS[metric]
    if (end - at !== size) return false
    const value = size === 2 ? read16(this.octets, at) : read32(this.octets, at)
    this.bound[metric] = value
    return size === 4 || value <= WHOLE_RATIO
  }

  private takeBinding(at: number, end: number): boolean {
    const size = end - at
    if (size !== 1 && size !== 5) return false
    this.binding = this.octets[at]
    this.bindingSeconds = size === 5 ? read32(this.octets, at + 1) : 0
    return this.binding <= 1
  }

  private takeNear(at: number, end: number): boolean {
    if (end - at !== 8) return false
    this.latitude = read32(this.octets, at) | 0
    this.longitude = read32(this.octets, at + 4) | 0
    return Math.abs(this.latitude) <= MICRO_DEGREES_90 && Math.abs(this.longitude) <= 2 * MICRO_DEGREES_90
  }

  /** `prefer`: weights of metrics; of a metric named twice the last weight counts, other keys weigh nothing. */
  private takePrefer(at: number, end: number): boolean {
    const size = end - at
    if (size === 0 || size % 3 !== 0 || size / 3 > 255) return false
    for (; at < end; at += 3) {
      const metric = metricOf(read16(this.octets, at))
      if (metric >= 0) this.weight[metric] = this.octets[at + 2]
    }
    for (let i = 0; i < METRIC_COUNT; i++) if (this.weight[i] > 0) this.hasWeights = true
    return true
  }

  private keep(span: Span, isGood: boolean, at: number, end: number): boolean {
    span.set(at, end)
    return isGood
  }

  private wish(wish: number, isGood: boolean): boolean {
    this.order[wish] = this.keyCount
    return isGood
  }
}
