/**
 * What validation says: values, each failure with the Extended DNS Error that names it (RFC 8914 4), so that an operator reads
 * in the answer what is wrong with the zone.
 */
import { EDE } from '../dns/codes.ts'
import type { ExtendedError } from '../dns/edns.ts'
import type { Name } from '../dns/name.ts'
import type { Effort } from './effort.ts'
import type { KeyCache } from './public-key.ts'

/** The proof failed (RFC 4033 5: bogus), and why. */
export interface Bogus extends ExtendedError {
  readonly kind: 'bogus'
}

/** Proven not to be signed, or not so that we could check it (RFC 4033 5: insecure; RFC 4035 5.2). */
export interface Insecure {
  readonly kind: 'insecure'
  /** INFO-CODE of RFC 8914 and a text, where the zone is signed after all, but by what is not served here. */
  readonly why?: ExtendedError
}

/** A zone and those of its keys that are proven. */
export interface ZoneKeys {
  readonly zone: Name
  /** RDATA of DNSKEY. */
  readonly keys: readonly Uint8Array[]
}

/** What whoever judges is handed: the time, seconds since 1970, memory of keys, and the account of the question. */
export interface Judge {
  readonly unixSeconds: number
  readonly keys: KeyCache
  readonly effort: Effort
}

/** The proof failed for this reason (RFC 8914 4.7 to 4.13). */
export function bogus(infoCode: number, text: string): Bogus {
  return { kind: 'bogus', infoCode, text }
}

/** The question's account is spent: nothing was proven, so that nothing may be believed. */
export function spent(): Bogus {
  return bogus(EDE.DNSSEC_BOGUS, 'validation costs more than one question may')
}

/** Whether an INFO-CODE says that a proof failed (RFC 8914 4.6 to 4.13). */
export function isProofFault(infoCode: number | undefined): infoCode is number {
  return infoCode !== undefined && PROOF_FAULTS.has(infoCode)
}

const PROOF_FAULTS: ReadonlySet<number> = new Set([
  EDE.DNSSEC_INDETERMINATE, EDE.DNSSEC_BOGUS, EDE.SIGNATURE_EXPIRED, EDE.SIGNATURE_NOT_YET_VALID, EDE.DNSKEY_MISSING, EDE.RRSIGS_MISSING, EDE.NO_ZONE_KEY_BIT_SET, EDE.NSEC_MISSING,
  EDE.SIGNATURE_EXPIRED_BEFORE_VALID, EDE.UNSUPPORTED_DNSKEY_ALGORITHM,
])
