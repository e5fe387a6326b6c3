/**
 * How the algorithm waits: it is written as generators that read from top to bottom, and yields what it waits for. The
 * resolver (resolver.ts) sees to it and resumes with what came of it. Nothing else makes it go on, and nothing in it waits.
 */
import type { Message } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import type { KeyCache } from '../dnssec/public-key.ts'
import type { Budget } from './budget.ts'
import type { BusyZones, Standing } from './busy-zones.ts'
import type { Absence, Endpoint, Milliseconds, Outcome, Random, ResolverCache, RRset, Settings, Transport } from './contract.ts'
import type { GapMemory } from './gap-memory.ts'
import type { Mismatch } from './query.ts'
import type { ServerMemory } from './servers.ts'
import type { ZoneMemory } from './zone-memory.ts'

/** A message to one server, awaited. */
export interface Flight {
  readonly kind: 'flight'
  readonly to: Endpoint
  readonly transport: Transport
  readonly name: Name
  readonly type: number
  readonly recursion: boolean
  readonly edns: boolean
  /** Its letters are sent in random case. */
  readonly randomCase: boolean
  /** Nobody else is left to be asked: it waits longer. */
  readonly isLast: boolean
}

/** Another question, awaited: the address of a name server, or priming. */
export interface Lookup {
  readonly kind: 'lookup'
  readonly name: Name
  readonly type: number
  /** There may be other ways than by what is asked here, so that nobody waits long for it. */
  readonly isAside: boolean
}

/** A place with the servers of a zone (busy-zones.ts), awaited a moment. */
export interface Place {
  readonly kind: 'place'
  /** The key of its name. */
  readonly zone: string
  readonly standing: () => Standing
}

/** What the algorithm waits for. */
export type Wait = Flight | Lookup | Place

/** What came of a flight. */
export type Landed =
  | { readonly kind: 'response'; readonly message: Message }
  /** Something came that may or may not be the response. */
  | { readonly kind: 'doubtful'; readonly why: Mismatch; readonly message?: Message }
  | { readonly kind: 'silence' }
  /** Nothing was sent, as the work that the question may cause is spent. */
  | { readonly kind: 'spent' }

/** What came of a lookup. */
export interface LookedUp {
  readonly kind: 'outcome'
  readonly outcome: Outcome
}

/** Whether there was a place. */
export interface Placed {
  readonly kind: 'placed'
  readonly isTaken: boolean
}

/** What something waited for has come to. */
export type Arrival = Landed | LookedUp | Placed

/** A part of the algorithm that ends in a `Result`. */
export type Steps<Result> = Generator<Wait, Result, Arrival>

/** Sends and waits. */
export function* fly(flight: Omit<Flight, 'kind'>): Steps<Landed> {
  const landed = yield { kind: 'flight', ...flight }
  if (landed.kind === 'outcome' || landed.kind === 'placed') throw new Error(`A flight was resumed with what a ${landed.kind} is for`)
  return landed
}

/** Asks and waits. */
export function* lookUp(name: Name, type: number, isAside = false): Steps<Outcome> {
  const landed = yield { kind: 'lookup', name, type, isAside }
  if (landed.kind !== 'outcome') throw new Error('A lookup was resumed with something else')
  return landed.outcome
}

/** Takes a place with the servers of a zone, or waits for one; true where there is one, to be given back (`World.busy`). */
export function* takePlace(zone: Name, standing: () => Standing): Steps<boolean> {
  const landed = yield { kind: 'place', zone: zone.key, standing }
  if (landed.kind !== 'placed') throw new Error('A place was resumed with something else')
  return landed.isTaken
}

/** The server of a zone that told something. */
export interface Teller {
  readonly endpoint: Endpoint
  readonly zone: Name
  /** The zone has others that may tell something else. */
  readonly hasOthers: boolean
}

/** What all questions share. */
export interface World {
  readonly settings: Settings
  readonly cache: ResolverCache
  readonly servers: ServerMemory
  /** What is known of zones' keys, and the keys as objects. */
  readonly zones: ZoneMemory
  /** Proven gaps between names, by which more is denied than was asked (RFC 8198). */
  readonly gaps: GapMemory
  readonly keys: KeyCache
  /** Who has told what came over the network just now; what was remembered has no teller. */
  readonly tellers: WeakMap<RRset | Absence, Teller>
  readonly random: Random
  /** Questions under way with the servers of a zone. */
  readonly busy: BusyZones
  /** Time of the event under way. */
  nowMs: Milliseconds
}

/** Seconds of the clock, as the cache counts them. */
export function nowSeconds({ nowMs }: World): number {
  return Math.floor(nowMs / 1000)
}

/** The question that the algorithm works for. */
export interface Errand {
  readonly name: Name
  readonly type: number
  readonly budget: Budget
  /** What comes of it is validated: then it is not asked again while its proof failed a moment ago. */
  readonly isChecked?: boolean
  /** As of `Lookup`. */
  readonly isAside?: boolean
}
