/**
 * What the rooms around a change of a zone say to each other (RFC 2136): who asks, the zone as it is being
 * changed, the flows that look at an update, and what must be on disk before anybody is told.
 *
 *     octets ──▶ server/core ──▶ flow.take(update, draft) ──▶ draft changes + kept writes ──▶ store, then image, then answer
 *
 * One update is one transaction. Many updates share one sync of the store; each is answered after it.
 */
import type { UpdateLease } from '../dns/edns.ts'
import type { DnsRecord, Message } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import type { Signer } from '../dnssec/authenticate.ts'

export type { Signer } from '../dnssec/authenticate.ts'

/** Who asks for a change, as far as it is proven. */
export interface Requester {
  /** 4 or 16 octets; proven over TCP only. */
  address: Uint8Array
  port: number
  transport: 'udp' | 'tcp'
  /** The key that signed, once the signature is known to be good. */
  signer?: Signer
}

/** An UPDATE as it came (RFC 2136 2), or a compact update in the same shape (docs/protocol.md 5). */
export interface Update {
  /** The zone section's name and class. */
  zone: { name: Name; class: number }
  prerequisites: DnsRecord[]
  updates: DnsRecord[]
  additionals: DnsRecord[]
  /** RFC 9664, where the message asks for one. */
  lease: UpdateLease | undefined
  message: Message
}

/** The records of one name and type. */
export interface DraftRRset {
  ttl: number
  /** When the first of its leases ends, in ms since 1970; undefined where none does. */
  leaseEndMs?: number
  /** Wire, uncompressed. */
  rdatas: readonly Uint8Array[]
}

/**
 * A zone while it is changed: reads show every change made so far, committed or not. Names are compared
 * without case, RDATA as RFC 2136 1.1.1 says. Changes of a transaction that is given up are undone as a whole.
 */
export interface ZoneDraft {
  readonly apex: Name
  readonly class: number
  rrset(owner: Name, type: number): DraftRRset | undefined
  /** Whether the name holds records of the type. */
  has(owner: Name, type: number): boolean
  /** Whether this very record stands there (RFC 2136 1.1.1). */
  holds(owner: Name, type: number, rdata: Uint8Array): boolean
  /** How many records the RRset has. */
  count(owner: Name, type: number): number
  /** TTL of the RRset; undefined where there is none. */
  ttlOf(owner: Name, type: number): number | undefined
  /** When the first lease of the RRset ends, in ms since 1970; undefined where none does. */
  leaseEndOf(owner: Name, type: number): number | undefined
  /** Types that the name holds; none where no record stands there. */
  types(owner: Name): number[]
  /**
   * Adds a record, replacing the TTL of its RRset (RFC 2181 5.2), or the record itself where its type allows one only (RFC 2136 3.4.2.2);
   * false where nothing changed. A record that the zone must not hold (limits, data beside a CNAME) refuses the whole update: see `refusal`.
   * `leased`: kept with its lease by who adds or removes it, not in the overlay.
   */
  add(owner: Name, type: number, ttl: number, rdata: Uint8Array, leased?: boolean): boolean
  remove(owner: Name, type: number, rdata: Uint8Array, leased?: boolean): boolean
  removeRRset(owner: Name, type: number, leased?: boolean): boolean
  /** Removes every RRset of the name, SOA and NS at the apex excepted (RFC 2136 3.4.2.3). */
  removeName(owner: Name, leased?: boolean): boolean
  /** Says until when the RRset may be served, in ms since 1970, undefined for ever: bounds TTLs. No change of content: no Change, no step of the serial. Nothing where no such RRset stands. */
  setLeaseEnd(owner: Name, type: number, leaseEndMs: number | undefined): void
  /** Why the update cannot be carried out, once a change was not possible; the engine then undoes all of it, whatever its flow says. */
  readonly refusal: Refusal | undefined
}

/** A zone as everybody sees it. */
export type ServedZone = Pick<ZoneDraft, 'rrset' | 'count'>

/** Why an update is not carried out. */
export interface Refusal {
  rcode: number
  /** Extended DNS Error (RFC 8914). */
  ede?: { infoCode: number; text: string }
  /** For the audit line. */
  reason: string
}

/** A change that the server makes of its own accord, such as the end of a lease: a transaction like that of an update, but nobody is answered. */
export interface OwnChange {
  zone: { name: Name; class: number }
  carryOut(draft: ZoneDraft, nowMs: number): Verdict
}

/** What a transaction did to a zone, record by record, in order. */
export interface Change {
  kind: 'added' | 'removed'
  owner: Name
  type: number
  ttl: number
  rdata: Uint8Array
  leased: boolean
}

/** Kinds of things that the store keeps. */
export type Space = 'overlay' | 'lease' | 'agent' | 'zone'

/** A write that must be on disk before the answer; no value removes the key. */
export interface KeptWrite {
  space: Space
  key: Uint8Array
  value: Uint8Array | undefined
  /** What stood under the key before, null for nothing, where whoever writes has looked: nobody needs to look again. */
  was?: Uint8Array | null | undefined
}

/** What came of an update. Any RCODE but NOERROR undoes its changes. */
export interface Verdict {
  rcode: number
  /** Extended DNS Error (RFC 8914). */
  ede?: { infoCode: number; text: string }
  /** The lease granted (RFC 9664 4). */
  lease?: UpdateLease
  /** Octets of OFFER, for an agent that asks (docs/protocol.md 3). */
  offer?: Uint8Array
  /** What the flow keeps besides the changes of the draft. */
  kept?: KeptWrite[]
  /** For the audit line: what this was and why it ended so. */
  flow: string
  reason?: string
}

/** One way of understanding an update; the first that takes it decides (docs/protocol.md 6). */
export interface UpdateFlow {
  readonly name: string
  /** The update as it is to be taken, before its zone is looked for: RFC 9665 3.2.2 renames default.service.arpa. The reply keeps the zone section as it came. */
  rename?(update: Update): Update
  /** Judges and carries out the update in `draft`; undefined leaves it to the next flow, with nothing changed. */
  take(update: Update, requester: Requester, draft: ZoneDraft, nowMs: number): Verdict | undefined
  /** Told of what the transactions of a batch changed, before it is kept; what it gives is kept with it. In `draft` it may move ends of leases. */
  changed?(zone: { name: Name; class: number }, changes: readonly Change[], draft: ZoneDraft): KeptWrite[]
  /**
   * Told once for each batch of a zone that keeps anything, after its transactions were kept and are seen (true), or all given up (false): what `take` and
   * `changed` noted in memory counts from now on, or not at all. `served` is the zone as everybody sees it now.
   */
  settled?(kept: boolean, zone: { name: Name; class: number }, served: ServedZone): void
  /**
   * Told behind each batch of a zone, before anybody hears of it: for what can be late by a batch, as the next one may have been judged and be on its way to
   * the disk by then. What is kept must not be asked for here: it may be that of the next batch already.
   */
  follow?(zone: { name: Name; class: number }): void
  /** Whether this flow keeps the record that an update of somebody else removed or gave another TTL: then it is no part of the overlay. Asked before `changed`. */
  keeps?(zone: { name: Name; class: number }, change: Change): boolean
  /** Lays what the flow keeps over a zone that was loaded from its file, at the start and at each reload; gives the writes for what ended meanwhile. */
  restore?(draft: ZoneDraft, nowMs: number): KeptWrite[]
  /** Told that the update that it has just taken, with NOERROR, is undone: the draft refused a change (`draft.refusal`). */
  undone?(update: Update): void
}

/** What the engine keeps things with: the store, or a map in tests. */
export interface Keeper {
  /** Resolves when all of it is on disk; rejects when it is not. */
  keep(writes: readonly KeptWrite[]): Promise<void>
  get(space: Space, key: Uint8Array): Uint8Array | undefined
  /** What the space holds under keys that start with `prefix`, in the order of the keys. */
  scan(space: Space, prefix: Uint8Array): Iterable<{ key: Uint8Array; value: Uint8Array }>
}
