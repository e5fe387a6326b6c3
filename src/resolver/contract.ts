/**
 * What the resolver says and is told. It is a machine: an event goes in, effects come out, and nothing else happens.
 * The clock, chance, sockets and memory belong to whoever turns it (src/ops, or a test with a clock of its own).
 *
 *     start(waiter, question) ─┐                    ┌─ send(server, transport, octets, deadline)
 *     response(send, octets)  ─┼──▶ Resolver.step ──┼─ close(send)       nothing more is expected there
 *     timeout(send)           ─┘                    └─ done(waiter, outcome)
 *
 * Each send goes from a socket and port of its own (RFC 5452 9.2), so the number of the send tells the port by which a
 * response came. Every send ends in a response that is taken or in a timeout; after `close` neither is wanted.
 */
import type { Security, Trust } from '../cache/terms.ts'
import type { ExtendedError } from '../dns/edns.ts'
import type { DnsRecord, Question } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import type { PrefixList } from '../dns/prefix.ts'

export { SECURITY, TRUST, type Security, type Trust } from '../cache/terms.ts'

/** Milliseconds of a clock that never goes back; the cache counts seconds of the same clock. */
export type Milliseconds = number

/** Where a server listens: 4 or 16 octets, and its port. */
export interface Endpoint {
  readonly address: Uint8Array
  readonly port: number
}

/** How a question travels (RFC 7766 5: both are to be had). */
export type Transport = 'udp' | 'tcp'

/** All records of one name and type, one at least (RFC 2181 5), and the RRSIGs that cover them. */
export interface RRset {
  readonly name: Name
  readonly type: number
  readonly records: readonly DnsRecord[]
  readonly signatures: readonly DnsRecord[]
  readonly trust: Trust
  /** What validation said of it (RFC 4033 5); left out where nobody asked yet. */
  readonly security?: Security
  /** Why it counts as unsigned though it is signed, as an INFO-CODE (RFC 8914 4.2, 4.3, 4.28). */
  readonly infoCode?: number
  /** What came beside it to show that a wildcard stands for its name: NSEC and NSEC3 with their RRSIGs (RFC 4035 3.1.3.3). */
  readonly proof?: readonly DnsRecord[]
}

/** What does not exist (RFC 2308 2): the whole name, or its records of `type`. */
export interface Absence {
  readonly kind: 'nodata' | 'nxdomain'
  readonly name: Name
  readonly type: number
  /** Left out where a forwarder gave none: then it is not for keeping (RFC 2308 5). */
  readonly soa?: RRset
  /** NSEC and NSEC3 with their RRSIGs. */
  readonly proof: readonly DnsRecord[]
  /** What validation said of it (RFC 4033 5); left out where nobody asked yet. */
  readonly security?: Security
  /** Why it counts as unsigned though it is signed, as an INFO-CODE (RFC 8914 4.2, 4.3, 4.28). */
  readonly infoCode?: number
}

/** What a cache has about a name and type. */
export type Remembered =
  | { readonly kind: 'records'; readonly rrset: RRset }
  /** A CNAME, which stands for every type but its own (RFC 1034 3.6.2). */
  | { readonly kind: 'alias'; readonly rrset: RRset }
  | Absence
  /** Asking failed a moment ago (RFC 9520 3.2), with the INFO-CODE that it was kept with. */
  | { readonly kind: 'failure'; readonly infoCode?: number }

/** The little that the machine needs of a cache. TTLs are counted down by it; it may forget anything at any time. */
export interface ResolverCache {
  /** What is known of `name` and `type`, records of `least` trust at least. */
  find(name: Name, type: number, nowSeconds: number, least: Trust): Remembered | undefined
  /** Keeps an RRset, unless one of more trust is there (RFC 2181 5.4.1). */
  keep(rrset: RRset, nowSeconds: number): void
  /** Keeps an absence for the TTL that its SOA allows (RFC 2308 5); one without SOA is not kept. */
  keepAbsence(absence: Absence, nowSeconds: number): void
  /** Keeps that a question failed (RFC 9520 3.2). */
  keepFailure(name: Name, type: number, infoCode: number, nowSeconds: number): void
  /** Forgets records and absences of `name` and `type`, as they turned out to be bogus (RFC 4035 4.7). */
  forget(name: Name, type: number): void
}

/** A zone whose servers are configured. A `stub` is iterated from there on; to a `forward` whole questions go, with RD. */
export interface ConfiguredZone {
  readonly name: Name
  readonly kind: 'stub' | 'forward'
  readonly servers: readonly Endpoint[]
}

/** A root server to begin with (RFC 8109 2). */
export interface Hint {
  readonly name: Name
  readonly addresses: readonly Uint8Array[]
}

/** What is believed of a zone from the start (RFC 4035 4.4): DS or DNSKEY of its keys, one at least. */
export interface TrustAnchor {
  readonly zone: Name
  /** RDATA. */
  readonly digests: readonly Uint8Array[]
  readonly keys: readonly Uint8Array[]
}

/** How answers are validated (RFC 4035 5). */
export interface ValidationSettings {
  readonly anchors: readonly TrustAnchor[]
  /** Zones that count as unsigned, with all below, whatever they say (RFC 7646). */
  readonly negativeAnchors: readonly Name[]
  /** Seconds since 1970 at a time of the machine's clock: signatures are good by the wall's. */
  readonly unixSeconds: (nowMs: Milliseconds) => number
}

/** How a resolver goes about it. */
export interface Settings {
  readonly hints: readonly Hint[]
  readonly zones: readonly ConfiguredZone[]
  /** Address families that can be reached. */
  readonly ipv4: boolean
  readonly ipv6: boolean
  /** DNSSEC records are asked for (RFC 4035 4.1). */
  readonly dnssec: boolean
  /** How answers are validated; left out where they are not. Needs `dnssec`. */
  readonly validation?: ValidationSettings
  /** QNAME minimisation (RFC 9156). */
  readonly minimise: boolean
  /** Letters in random case, as a further secret (draft-vixie-dnsext-dns0x20). */
  readonly randomCase: boolean
  /** Special-use names are answered here (RFC 6761, RFC 6303). */
  readonly specialNames: boolean
  /** Addresses that are never asked unless configured, whatever the world says of its name servers. */
  readonly neverAsk: PrefixList
  /** Addresses that no name of the world may have, as they are inside (DNS rebinding); undefined lets all pass. */
  readonly privateAddresses?: PrefixList
  /** Names that may have them nevertheless, with all below. */
  readonly privateNames: readonly Name[]
  /** Port of servers that are found by name. */
  readonly port: number
}

/** What a question has cost so far, whatever was asked on its behalf. */
export interface Work {
  readonly sends: number
  readonly octets: number
  readonly lookups: number
  /** Signatures verified, and rounds of SHA-1 for NSEC3. */
  readonly verifications: number
  readonly rounds: number
}

/** Of what was answered without asking anybody. */
export const NO_WORK: Work = { sends: 0, octets: 0, lookups: 0, verifications: 0, rounds: 0 }

/** Why a question could not be answered. */
export type FailureReason =
  /** No server of the zone answered. */
  | 'unreachable'
  /** They answered, but none with something of use: lame, refusing, broken. */
  | 'useless'
  /** Names or aliases lead to each other. */
  | 'loop'
  /** The work that one question may cause is spent. */
  | 'budget'
  /** Too many questions at once. */
  | 'busy'
  /** A fault of ours. */
  | 'fault'
  /** All that was answered is what no name of the world may say. */
  | 'blocked'
  /** It failed a moment ago, and is not tried again yet. */
  | 'remembered'
  /** It was answered, but what should prove the answer does not (RFC 4033 5). */
  | 'bogus'
  /** Not a question that can be resolved: a meta type, a class other than IN. */
  | 'unsupported'

/** How a question ended. `chain` holds the aliases that led from the name asked for to where it ended. */
export type Outcome = (
  | { readonly kind: 'answer'; readonly sets: readonly RRset[] }
  | { readonly kind: 'nodata' | 'nxdomain'; readonly absence: Absence }
  | { readonly kind: 'failure'; readonly reason: FailureReason; readonly rcode: number }
) & {
  readonly chain: readonly RRset[]
  readonly explanation?: ExtendedError
  readonly work: Work
  /** What validation said of all of it together (RFC 4035 3.2.3: AD is for what is secure); left out where nobody asked. */
  readonly security?: Security
}

/** What happens to the machine. */
export type ResolverEvent =
  /** `checkingDisabled` leaves validation to whoever asks (RFC 4035 3.2.2: CD). */
  | { readonly kind: 'start'; readonly nowMs: Milliseconds; readonly waiter: number; readonly question: Question; readonly checkingDisabled?: boolean }
  | { readonly kind: 'response'; readonly nowMs: Milliseconds; readonly send: number; readonly from: Endpoint; readonly octets: Uint8Array }
  /** The deadline has passed, or sooner where the network says that nobody is there. */
  | { readonly kind: 'timeout'; readonly nowMs: Milliseconds; readonly send: number }

/** What the machine wants done. */
export type Effect =
  | { readonly kind: 'send'; readonly send: number; readonly to: Endpoint; readonly transport: Transport; readonly octets: Uint8Array; readonly deadlineMs: Milliseconds }
  | { readonly kind: 'close'; readonly send: number }
  | { readonly kind: 'done'; readonly waiter: number; readonly outcome: Outcome }

/** A random whole number from 0 to `bound` − 1 that nobody can foresee (RFC 5452 9.2): ids hang on it. */
export type Random = (bound: number) => number
