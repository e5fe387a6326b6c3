/** What may be put into the cache: RRsets, absences, failures, and what was saved. */
import type { DnsRecord } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import type { Contents, Traits } from './draft.ts'
import type { RingId } from './layout.ts'
import type { Security, Trust } from './terms.ts'

/** What is known of any data. */
export interface Provenance {
  readonly trust: Trust
  readonly security: Security
  /** Why it is bogus: INFO-CODE of RFC 8914. */
  readonly reason?: number
  /** Seconds for which validation lets it stand at most (RFC 4035 5.3.3). */
  readonly ttl?: number
}

/** An RRset to be kept: all records of one name, type and class, one at least. */
export interface RRsetToKeep extends Provenance {
  readonly records: readonly DnsRecord[]
  /** RRSIG records that cover them. */
  readonly signatures?: readonly DnsRecord[]
  /** What proves that a wildcard stood for the name (RFC 4035 3.1.3.3). */
  readonly proof?: readonly DnsRecord[]
}

/** An absence to be kept (RFC 2308 5). */
export interface AbsenceToKeep extends Provenance {
  readonly name: Name
  /** The type that the name does not hold; left out where the name does not exist. */
  readonly type?: number
  readonly class?: number
  /** SOA of the zone. */
  readonly soa: DnsRecord | undefined
  /** RRSIG records of the SOA. */
  readonly signatures?: readonly DnsRecord[]
  /** NSEC or NSEC3 records with their RRSIGs. */
  readonly proof?: readonly DnsRecord[]
}

/** A failure to be kept (RFC 9520 3.2). */
export interface FailureToKeep {
  readonly name: Name
  readonly type: number
  readonly class?: number
  /** 4 or 16 octets of the address of the one server that failed; left out where the question as a whole failed. */
  readonly server?: Uint8Array
  /** INFO-CODE of RFC 8914. */
  readonly reason?: number
}

/** An entry that was saved and comes back. */
export interface SavedEntry {
  readonly name: Name
  readonly type: number
  readonly class: number
  readonly expiry: number
  readonly ttl: number
  readonly ring: RingId
  readonly traits: Traits
  readonly contents: Contents
}
