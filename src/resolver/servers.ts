/**
 * What is known of the manners of other servers: how fast they answer, whether they answer at all, whether they take
 * EDNS and keep the case of letters, and of which zones they know nothing. RFC 1034 5.3.3 asks for this under SBELT and
 * "previous responses"; RFC 2308 7 allows to remember dead and lame servers, for five minutes at most.
 */
import { TYPE } from '../dns/codes.ts'
import { DOUBT_SECONDS, EXPLORE_ONE_IN, FIRST_WAIT_MS, LAME_SECONDS, MAX_LAME_ZONES, MAX_SERVERS_REMEMBERED, MAX_SILENCES, MAX_WAIT_MS, MIN_WAIT_MS, REST_SECONDS } from '../dns/limits-resolver.ts'
import type { Name } from '../dns/name.ts'
import type { Endpoint, Milliseconds, Random } from './contract.ts'

/** Each choice makes those that were not chosen this much faster in our eyes, so that they are tried again some day (as BIND). */
const FORGIVING = 0.98

/** What is known of one server. */
export interface Manners {
  readonly endpoint: Endpoint
  /** Smoothed round trip, and how far single ones are from it (RFC 6298 2); −1 where none was seen. */
  roundTripMs: number
  deviationMs: number
  /** Whether it ever answered. */
  hasAnswered: boolean
  /** When it last answered; −1 for never. */
  answeredMs: Milliseconds
  /** Unanswered messages in a row. */
  silences: number
  /** When the last of them was counted: what was sent before fell silent with it. */
  silentSinceMs: Milliseconds
  /** Until then it rests. */
  restsUntilMs: Milliseconds
  /** Until then it is believed to answer FORMERR or NOTIMP to EDNS, and not without (RFC 6891 7). */
  refusesEdnsUntilMs: Milliseconds
  /** Until then it is believed to give the question back with other letters, as seen by TCP, where nobody else can have changed them. */
  changesCaseUntilMs: Milliseconds
  /** Zones that it does not serve, and until when that is believed. */
  readonly lame: Map<string, Milliseconds>
  /** Zones of which it has said what was bogus, and until when others are asked first. */
  readonly doubted: Map<string, Milliseconds>
}

/** The string that an endpoint is known by: its octets two by two, which is made sooner than text. */
export function endpointKey({ address, port }: Endpoint): string {
  let key = String.fromCharCode(port)
  for (let i = 0; i < address.length; i += 2) key += String.fromCharCode((address[i] << 8) | address[i + 1])
  return key
}

/** The manners of all servers. */
export class ServerMemory {
  private readonly known = new Map<string, Manners>()
  private readonly random: Random
  /** Who stands last. */
  private last = ''

  constructor(random: Random) {
    this.random = random
  }

  get size(): number {
    return this.known.size
  }

  /** What is known of a server, to be changed by those that hear of it. */
  of(endpoint: Endpoint): Manners {
    const key = endpointKey(endpoint)
    const known = this.known.get(key) ?? strangerAt(endpoint)
    if (key === this.last) return known
    // what was heard of last stands last: the first is forgotten
    this.last = key
    this.known.delete(key)
    this.known.set(key, known)
    if (this.known.size > MAX_SERVERS_REMEMBERED) this.known.delete(this.known.keys().next().value ?? key)
    return known
  }

  /** The same, to be read only: of whom nothing is known nothing is noted. */
  private at(endpoint: Endpoint): Readonly<Manners> {
    return this.known.get(endpointKey(endpoint)) ?? STRANGER
  }

  /** It answered after `ms` (RFC 6298 2.2, 2.3), at `nowMs`. */
  answered(endpoint: Endpoint, ms: Milliseconds, nowMs: Milliseconds = 0): void {
    const manners = this.of(endpoint)
    const first = manners.roundTripMs < 0
    manners.deviationMs = first ? ms / 2 : 0.75 * manners.deviationMs + 0.25 * Math.abs(manners.roundTripMs - ms)
    manners.roundTripMs = first ? ms : 0.875 * manners.roundTripMs + 0.125 * ms
    manners.hasAnswered = true
    manners.answeredMs = nowMs
    manners.silences = 0
    manners.restsUntilMs = 0
    manners.silentSinceMs = 0
  }

  /**
   * It did not answer what was sent at `sentMs`: it counts as slower, and rests after some of that (RFC 2308 7.2). Messages
   * to one that has answered before, on their way together, count as one: else a burst would put it to rest by one lost moment.
   * Where it has answered others since, the message was lost, or was one too many for a server that limits its responses. Where it
   * was asked for a type that servers, and what stands before them, are known to drop, it says nothing of one that has answered
   * before: else anybody could put a zone to rest by asking for such.
   */
  silent(endpoint: Endpoint, nowMs: Milliseconds, sentMs: Milliseconds = nowMs, type: number = TYPE.A): void {
    const manners = this.of(endpoint)
    if (manners.hasAnswered && !NEVER_DROPPED.has(type)) return
    if (manners.hasAnswered && sentMs < Math.max(manners.silentSinceMs, manners.answeredMs)) return
    manners.silentSinceMs = nowMs
    manners.silences++
    manners.roundTripMs = Math.min(MAX_WAIT_MS, Math.max(manners.roundTripMs, FIRST_WAIT_MS) * 2)
    if (manners.silences >= MAX_SILENCES) manners.restsUntilMs = nowMs + restMs(manners.silences)
  }

  /** Whether it has answered anything after `sinceMs`. */
  hasAnsweredSince(endpoint: Endpoint, sinceMs: Milliseconds): boolean {
    return this.at(endpoint).answeredMs > sinceMs
  }

  /** It has said that it knows nothing of `zone` (RFC 2308 7.1: not longer than five minutes). It is asked where nobody else is left, as it may have meant the question. */
  isLameFor(endpoint: Endpoint, zone: Name, nowMs: Milliseconds): boolean {
    return (this.at(endpoint).lame.get(zone.key) ?? 0) > nowMs
  }

  /** Remembers that it knows nothing of `zone`. */
  setLame(endpoint: Endpoint, zone: Name, nowMs: Milliseconds): void {
    keepUntil(this.of(endpoint).lame, zone, nowMs + LAME_SECONDS * 1000)
  }

  /** Others of the zone's servers come before it, as what it said of the zone was bogus. */
  isDoubted(endpoint: Endpoint, zone: Name, nowMs: Milliseconds): boolean {
    return (this.at(endpoint).doubted.get(zone.key) ?? 0) > nowMs
  }

  /** Remembers that it has said of `zone` what was bogus (RFC 4035 5.5). It is asked all the same where nobody else is left, as the zone itself may be wrong. */
  setDoubted(endpoint: Endpoint, zone: Name, nowMs: Milliseconds): void {
    keepUntil(this.of(endpoint).doubted, zone, nowMs + DOUBT_SECONDS * 1000)
  }

  /** Milliseconds to wait for an answer (RFC 6298 2.3: the mean and four deviations); after silence twice as long (5.5). */
  waitMs(endpoint: Endpoint): Milliseconds {
    const { roundTripMs, deviationMs, silences } = this.at(endpoint)
    if (roundTripMs < 0) return FIRST_WAIT_MS
    const wait = silences > 0 ? roundTripMs : roundTripMs + 4 * deviationMs
    return Math.round(Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, wait)))
  }

  /** Whether a server rests; one that has rested is asked again, by one question at a time while it stays silent. */
  isResting(endpoint: Endpoint, nowMs: Milliseconds): boolean {
    return this.at(endpoint).restsUntilMs > nowMs
  }

  /**
   * The one to ask among `candidates`, one at least: the fastest, or now and then any, so that none is forgotten (RFC 1034
   * 5.3.3 step 2). One that was silent before goes back to rest until it answers, so that it is asked by one at a time.
   */
  choose(candidates: readonly Endpoint[], nowMs: Milliseconds): Endpoint {
    const chosen = this.random(EXPLORE_ONE_IN) === 0 ? candidates[this.random(candidates.length)] : this.fastest(candidates)
    const manners = this.of(chosen)
    if (manners.silences >= MAX_SILENCES) manners.restsUntilMs = nowMs + restMs(manners.silences)
    return chosen
  }

  private fastest(candidates: readonly Endpoint[]): Endpoint {
    if (candidates.length === 1) return candidates[0]
    const scores = candidates.map((endpoint) => this.score(endpoint))
    const best = scores.indexOf(Math.min(...scores))
    candidates.forEach((endpoint, i) => {
      const manners = i === best ? undefined : this.known.get(endpointKey(endpoint))
      if (manners !== undefined && manners.roundTripMs > 0) manners.roundTripMs *= FORGIVING
    })
    return candidates[best]
  }

  /** The smoothed round trip; an unknown server counts as one of the fast, so that it is tried soon and then known (BIND). */
  private score(endpoint: Endpoint): number {
    const { roundTripMs } = this.at(endpoint)
    return roundTripMs < 0 ? this.random(MIN_WAIT_MS) : roundTripMs
  }
}

function strangerAt(endpoint: Endpoint): Manners {
  return {
    endpoint, roundTripMs: -1, deviationMs: 0, hasAnswered: false, answeredMs: -1, silences: 0, silentSinceMs: 0, restsUntilMs: 0,
    refusesEdnsUntilMs: 0, changesCaseUntilMs: 0, lame: new Map<string, Milliseconds>(), doubted: new Map<string, Milliseconds>(),
  }
}

const STRANGER: Readonly<Manners> = strangerAt({ address: new Uint8Array(4), port: 0 })

/** Keeps a time for a zone, and forgets the oldest beyond what one server may have. */
function keepUntil(times: Map<string, Milliseconds>, { key }: Name, untilMs: Milliseconds): void {
  times.delete(key)
  times.set(key, untilMs)
  if (times.size > MAX_LAME_ZONES) times.delete(times.keys().next().value ?? '')
}

/** Types that every server answers that serves anything: Unbound counts the silences of A, AAAA and all others apart for the same reason. */
const NEVER_DROPPED: ReadonlySet<number> = new Set([TYPE.A, TYPE.AAAA, TYPE.NS, TYPE.SOA, TYPE.DS, TYPE.DNSKEY])

/** How long a server rests after so many silences: a second, then twice as long each time (RFC 2308 7.2: five minutes at most). */
function restMs(silences: number): Milliseconds {
  return 1000 * Math.min(REST_SECONDS, 2 ** Math.min(30, silences - MAX_SILENCES))
}
