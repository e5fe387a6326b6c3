/**
 * Puts together what answers queries in one thread: zones, authority and server, from values that may cross
 * to another thread. Zones and options are swapped here, between two queries.
 */
import { isDeepStrictEqual } from 'node:util'
import { ZoneAuthority } from '../authority/answer.ts'
import { parseClass } from '../dns/codes.ts'
import { keyInClass, Name } from '../dns/name.ts'
import { parsePrefix, type Prefix, PrefixList } from '../dns/prefix.ts'
import { Askers, type AskerValues } from '../discovery/ranking/askers.ts'
import { AgentFaces } from '../discovery/faces/faces.ts'
import { RankedChooser } from '../discovery/ranking/choosing.ts'
import { CacheBlock } from '../cache/block.ts'
import type { Query } from '../authority/query.ts'
import type { Demand } from '../discovery/ranking/demand.ts'
import { COOKIE, Cookies } from '../server/cookies.ts'
import type { CoreSettings } from '../server/core.ts'
import type { Counters } from '../server/counters.ts'
import { type Defers, NO_DEFERRALS } from '../server/defers.ts'
import { RateLimit, type RateLimitSettings } from '../server/rate-limit.ts'
import { Policy } from '../server/policy.ts'
import { Remembered, type RememberedParts } from '../server/remembered.ts'
import { Server } from '../server/server.ts'
import type { Handler } from '../transport/handler.ts'
import { ZoneDirectory } from '../zone/directory.ts'
import { ZoneImage } from '../zone/image.ts'
import { askerValues } from './asker-values.ts'
import type { ConfigValues } from './config-schema.ts'
import type { SecretPair } from './cookie-secrets.ts'
import { type AnswerClock, questionClock } from './machine-clock.ts'

/** How to answer: plain values only, so that each thread can be told. */
export interface AnsweringOptions {
  /** The process's hash seed. */
  seed: number
  udpOctets: number
  /** Empty: none. */
  nsid: string
  version: string
  identity: string
  /** Undefined: no cookies. */
  cookieSecret: Uint8Array | undefined
  /** One more that is accepted. */
  alsoCookieSecret: Uint8Array | undefined
  requireCookie: boolean
  /** Units of 100 ms (RFC 7828 3.1). */
  keepalive: number
  /** Undefined: nothing is limited. */
  rateLimit: RateLimitSettings | undefined
  /** Networks that may ask in class LOCAL. */
  local: Prefix[]
  /** Who may look for the agents of a zone, for those zones that are not open to all. */
  askers: ZoneAskers[]
  /** Networks that are recursed for; undefined: nobody is. */
  recursion?: Prefix[] | undefined
  /** The cache that is answered from for them, and what to add to `machineMs` for its clock. */
  cache?: SharedCacheBlock | undefined
  /** What is left to the core. */
  defers: Defers
  /** What to add to `machineMs` for the time that leases run by; undefined where no lease runs. */
  leaseOriginMs?: number | undefined
}

/** Who may look for the agents of one zone. */
export interface ZoneAskers extends AskerValues {
  /** `keyInClass` of the zone. */
  zone: string
}

/** A cache as threads share it. */
export interface SharedCacheBlock {
  buffer: SharedArrayBuffer
  originMs: number
  /** Answers are validated. */
  isValidating: boolean
  /** The operator's rules. */
  policy?: SharedArrayBuffer
}

/** The part of a config that answering depends on. Each of `udpThreads` threads counts for itself what one network is sent. */
export function answeringOptions(
  values: ConfigValues, seed: number, secrets: SecretPair, udpThreads: number, defers: Defers = NO_DEFERRALS, recursion?: Prefix[],
): AnsweringOptions {
  const { server, cookies, tcp, 'rate-limit': limit } = values
  const rateLimit: RateLimitSettings = {
    responses: limit.responses,
    shares: udpThreads,
    slip: limit.slip,
    windowSeconds: limit.window,
    allow: limit.allow.map((text) => parsePrefix(text) as Prefix), // the schema has tried it
  }
  return {
    seed,
    udpOctets: values['udp-size'],
    nsid: server.nsid,
    version: server.version,
    identity: server.id,
    cookieSecret: cookies.enabled ? secrets.current : undefined,
    alsoCookieSecret: secrets.also,
    requireCookie: cookies.require,
    keepalive: tcp.idle * 10,
    rateLimit: limit.responses === 0 ? undefined : rateLimit,
    local: values.local.map((text) => parsePrefix(text) as Prefix), // the schema has tried it
    askers: askersOf(values),
    recursion,
    defers,
  }
}

/** Who may look for the agents of the zones that say so. */
export function askersOf({ zones }: ConfigValues): ZoneAskers[] {
  return zones.flatMap(({ name, class: rrClass, askers }) => askers === undefined ? [] : [{
    zone: keyInClass({ name: Name.parse(name), class: parseClass(rrClass) as number }), // the schema has tried both
    ...askerValues(askers),
  }])
}

/** How responses end, whoever answers: with what OPT record, and how long they may be. */
export function finishing({ nsid, cookieSecret, alsoCookieSecret, requireCookie, udpOctets, keepalive }: FinishingOptions): CoreSettings {
  return {
    udpOctets,
    requireCookie,
    keepalive,
    ...(nsid === '' ? {} : { nsid: Buffer.from(nsid) }),
    ...(cookieSecret === undefined ? {} : { cookies: new Cookies(cookieSecret, alsoCookieSecret) }),
  }
}

type FinishingOptions = Pick<AnsweringOptions, 'nsid' | 'cookieSecret' | 'alsoCookieSecret' | 'requireCookie' | 'udpOctets' | 'keepalive'>

/** What answers in one thread. */
export interface Answering {
  /** Leaves `room` octets of what an answer may have for what the caller adds. */
  handler: (...query: [...Parameters<Handler>, room?: number]) => number
  /** Serves these zones from the next query on, and chooses among the candidates of each, by its index. */
  publish(directory: ZoneDirectory, candidates: readonly (SharedArrayBuffer | undefined)[]): void
  /** Answers by these options from the next query on; counts and, where it is limited as before, what has been counted against networks go on. */
  settle(options: AnsweringOptions): void
  /** Whether this thread is given the datagrams of all: then it gives each network what all may, else its share. */
  takeAll(isAll: boolean): void
}

/** Tells Unix time in seconds. */
export function unixSeconds(): number {
  return Math.floor(Date.now() / 1_000)
}

function rememberedIn({ buffer, originMs, isValidating, policy: rules }: SharedCacheBlock, authority: ZoneAuthority, clock: AnswerClock): Remembered {
  const policy = rules && new Policy(new ZoneImage(rules))
  const nowSeconds = (): number => Math.floor((originMs + clock.machineMs()) / 1_000)
  const isOurs: RememberedParts['isOurs'] = (name) => authority.holds(name)
  return new Remembered({ block: new CacheBlock(buffer), nowSeconds, isValidating, isOurs, ...(policy && { isRuled: (name) => policy.concerns(name) }) })
}

/** `keyInClass` of a zone. */
function idOf(zone: ZoneImage): string {
  return keyInClass({ name: Name.fromWire(zone.octets, zone.foldedNameAt(zone.apex)), class: zone.class })
}

/** What one thread's answering may have of its own. */
export interface AnsweringParts {
  /** A thread that reads in batches hands in one that it reads once for each. */
  clock?: AnswerClock
  isOfCore?: boolean
  /** Where demands go that tell what became of earlier choices; without it they are left. */
  outcomes?: OutcomeSink
}

/** Takes the outcomes of a demand, whose asker has shown where it is or not. */
export type OutcomeSink = (query: Query, demand: Demand, isProven: boolean) => void

/** Whether the asker receives at the address that it claims: by TCP, or a cookie of ours (RFC 7873 5.2.5). */
function isProven({ peer, octets, cookieAt, cookieLength }: Query, cookies: Cookies | undefined): boolean {
  if (peer.transport === 'tcp') return true
  if (cookies === undefined || cookieAt === 0) return false
  const outcome = cookies.judge(octets, cookieAt, cookieLength, peer.address, unixSeconds())
  return outcome === COOKIE.good || outcome === COOKIE.renew
}

/** Makes what answers; `onFault` is told of faults of ours. */
export function makeAnswering(
  options: AnsweringOptions, counters: Counters, onFault: (fault: unknown, untold: number) => void,
  { clock = questionClock, isOfCore = false, outcomes }: AnsweringParts = {},
): Answering {
  const { seed } = options
  const nowSeconds = (): number => Math.floor(clock.unixMs() / 1_000)
  let { leaseOriginMs: originMs } = options
  let { cookies } = finishing(options)
  const onOutcomes = outcomes && ((query: Query, demand: Demand): void => outcomes(query, demand, isProven(query, cookies)))
  const nowMs = (): number => (originMs === undefined ? clock.unixMs() : originMs + clock.machineMs())
  const chooser = new RankedChooser({ nowMs, random: Math.random, ...(onOutcomes && { onOutcomes }) })
  const authority = new ZoneAuthority(new ZoneDirectory([], seed), seed, new AgentFaces(chooser, seed))
  let settings = options.rateLimit
  let isGivenAll = false
  let rateLimit = settings && new RateLimit(settings, seed)
  const make = ({ version, identity, recursion, cache, defers, leaseOriginMs, local, ...rest }: AnsweringOptions): Server => new Server({
    authority,
    nowSeconds,
    ...(leaseOriginMs === undefined ? {} : { leaseSeconds: () => Math.floor((leaseOriginMs + clock.machineMs()) / 1_000) }),
    chaos: { ...(version === '' ? {} : { version }), ...(identity === '' ? {} : { identity }) },
    ...finishing(rest),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(recursion === undefined ? {} : { recursion: new PrefixList(recursion) }),
    ...(cache === undefined ? {} : { remembered: rememberedIn(cache, authority, clock) }),
    local: new PrefixList(local),
    defers,
    isOfCore,
    counters,
    onFault,
  })
  authority.isBesideResolver = options.recursion !== undefined
  let directory = new ZoneDirectory([], seed)
  let askers = new Map<string, Askers>()
  const showTo = (): void => chooser.useAskers(directory.zones.map((zone) => askers.get(idOf(zone))))
  const close = ({ askers: values }: AnsweringOptions): void => {
    askers = new Map(values.map((value) => [value.zone, new Askers(value)]))
    showTo()
  }
  close(options)
  let server = make(options)
  return {
    handler: (query, length, peer, out, room) => server.answer(query, length, peer, out, room),
    publish(next, candidates) {
      directory = next
      showTo()
      authority.replaceDirectory(directory)
      chooser.useTables(candidates)
    },
    settle(next) {
      if (!isDeepStrictEqual(next.rateLimit, settings)) rateLimit = next.rateLimit && new RateLimit(next.rateLimit, seed)
      settings = next.rateLimit
      rateLimit?.takeAll(isGivenAll)
      originMs = next.leaseOriginMs
      cookies = finishing(next).cookies
      authority.isBesideResolver = next.recursion !== undefined
      close(next)
      server = make(next)
    },
    takeAll(isAll) {
      isGivenAll = isAll
      rateLimit?.takeAll(isAll)
    },
  }
}
