/**
 * What is known of a message once somebody asked who sent it, as the rooms say it to each other: the verdict, the
 * proven signer, and the seal that the response will carry (RFC 8945, RFC 2931).
 */
import type { Name } from '../dns/name.ts'
import type { TsigSeal } from './tsig.ts'

/** A proven key: TSIG by its configured name (RFC 8945), SIG(0) by the KEY it was checked against (RFC 2931). */
export type Signer = { kind: 'tsig'; name: Name } | { kind: 'sig0'; name: Name; key: Uint8Array; isIntroduced?: boolean }

/** What a response to a SIG(0) needs: the request, where it will be signed too. */
export interface Sig0Seal {
  readonly kind: 'sig0'
  /** The whole request; undefined where responses go unsigned. */
  readonly request: Uint8Array | undefined
  readonly remembered: number | undefined
}

/** What a response is signed with; made by `verify`, used once by `sign`. */
export type Seal = TsigSeal | Sig0Seal

/** What came of looking at a message. */
export type Authentication =
  /** It carries no signature. */
  | { outcome: 'unsigned' }
  /** The signer wrote it, now, and it was not seen before. The record that signs is still the last of `message.additionals`. */
  | { outcome: 'proven'; signer: Signer; seal: Seal | undefined }
  /** The client has lost our response and asks again: send these octets and do nothing else. */
  | { outcome: 'repeated'; response: Uint8Array }
  /** The same message from the same client is being worked on: stay silent, its response is on the way. */
  | { outcome: 'pending' }
  /** Not to be served. With a seal the response carries a TSIG that says why. */
  | { outcome: 'refused'; rcode: number; seal: Seal | undefined; reason: string }
