/**
 * What is asked of a lease and what is granted (RFC 9664 4): both are seconds, in one of two forms.
 *
 *     4 octets   LEASE                one duration for all records; granted and answered in 4 octets (RFC 9664 4.3)
 *     8 octets   LEASE, KEY-LEASE     KEY records have a duration of their own, which reserves their name
 *
 * Within its limits a server may grant more or less than was asked (RFC 9664 4.3). Lease 0 gives up what was leased.
 */
import type { UpdateLease } from '../../dns/edns.ts'
import { MAX_KEY_LEASE_SECONDS, MAX_LEASE_SECONDS, MIN_LEASE_SECONDS, SRP_KEY_LEASE_SECONDS, SRP_LEASE_SECONDS } from '../../dns/limits-discovery.ts'

/** Seconds between which leases are granted. */
export interface LeaseLimits {
  minSeconds: number
  maxSeconds: number
  maxKeySeconds: number
}

/** The limits of ordinary updates and agents unless the config has others (RFC 9664 8). */
export const ORDINARY_LIMITS: LeaseLimits = { minSeconds: MIN_LEASE_SECONDS, maxSeconds: MAX_LEASE_SECONDS, maxKeySeconds: MAX_KEY_LEASE_SECONDS }
/** The limits of SRP unless the config has others (RFC 9665 5.1). */
export const SRP_LIMITS: LeaseLimits = { minSeconds: MIN_LEASE_SECONDS, maxSeconds: SRP_LEASE_SECONDS, maxKeySeconds: SRP_KEY_LEASE_SECONDS }

/** What was granted. */
export interface Grant {
  /** Seconds; 0 where everything but KEY records is given up. */
  lease: number
  /** Seconds for KEY records; 0 where they are given up too. */
  keyLease: number
  /** The same as the option of the response says it, in the form of the request (RFC 9664 4.3). */
  answer: UpdateLease
}

/** What is granted of what was asked. KEY-LEASE is never granted below LEASE, as a name outlives what stands at it (RFC 9665 3.3.2). */
export function grantLease(asked: UpdateLease, limits: LeaseLimits): Grant {
  const { minSeconds, maxSeconds, maxKeySeconds } = limits
  const lease = asked.lease === 0 ? 0 : within(asked.lease, minSeconds, maxSeconds)
  // RFC 9664 4.3: a server that knows the long form takes the short one as both, and answers it in the short one
  if (asked.keyLease === undefined) return { lease, keyLease: lease, answer: { lease } }
  const keyLease = lease === 0 && asked.keyLease === 0 ? 0 : Math.max(lease, within(asked.keyLease, minSeconds, maxKeySeconds))
  return { lease, keyLease, answer: { lease, keyLease } }
}

function within(seconds: number, least: number, most: number): number {
  return Math.min(Math.max(seconds, least), most)
}
