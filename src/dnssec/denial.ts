/**
 * What a proof of absence is to show, and what came of it: the words that NSEC (nsec-denial.ts) and NSEC3 (nsec3-denial.ts) share
 * (RFC 4035 5.4, RFC 5155 8). The records are those of one zone, and their signatures were checked before.
 */
import { EDE, TYPE } from '../dns/codes.ts'
import type { ExtendedError } from '../dns/edns.ts'
import type { Name } from '../dns/name.ts'

/** What is said not to be. */
export type Claim =
  /** The name, and no wildcard stands for it (RFC 4035 3.1.3.2). */
  | { readonly kind: 'nxdomain'; readonly name: Name }
  /** Records of the type at the name, or at the wildcard that stands for it (RFC 4035 3.1.3.1, 3.1.3.4). */
  | { readonly kind: 'nodata'; readonly name: Name; readonly type: number }
  /** Anything nearer to the name than the wildcard below `encloser`, by which it was answered (RFC 4035 3.1.3.3). */
  | { readonly kind: 'expansion'; readonly name: Name; readonly encloser: Name }

/** What the records show. */
export type Denial =
  /** It is as claimed. `isCut`: the name is a delegation (RFC 6840 4.4: NS without SOA). */
  | { readonly kind: 'denied'; readonly isCut: boolean }
  /** It is, or an unsigned delegation that an opt-out span leaves out (RFC 5155 6, 9.2): no word of it is proven. */
  | { readonly kind: 'opt-out' }
  /** The zone is signed in a manner that counts as unsigned here (RFC 9276 3.2). */
  | { readonly kind: 'insecure'; readonly why: ExtendedError }
  | { readonly kind: 'unproven'; readonly why: ExtendedError }

/** No proof: the records that should be there are not (RFC 8914 4.13). */
export function unproven(text: string): Denial {
  return { kind: 'unproven', why: { infoCode: EDE.NSEC_MISSING, text } }
}

/** Proven, at a name that is none of the zone's records or no delegation. */
export const DENIED: Denial = { kind: 'denied', isCut: false }

/** Whether records of these types at a name are those of a delegation as its parent has them: NS and no SOA (RFC 6840 4.1). */
export function isDelegation(types: readonly number[]): boolean {
  return types.includes(TYPE.NS) && !types.includes(TYPE.SOA)
}

/** Whether a name with these types says nothing of the names below: they are another zone's (RFC 6840 4.1), or a DNAME's (RFC 6672 5.3.4). */
export function hidesBelow(types: readonly number[]): boolean {
  return types.includes(TYPE.DNAME) || isDelegation(types)
}

/**
 * Whether types that stand at a name deny `type` there (RFC 4035 5.4). An alias would have been the answer (RFC 6840 4.3); what a parent
 * says of a cut denies nothing but DS, and what the child says of its apex anything but DS (RFC 6840 4.4, RFC 4035 5.2).
 */
export function deniesType(types: readonly number[], type: number, owner: Name | undefined): boolean {
  if (types.includes(type) || types.includes(TYPE.CNAME)) return false
  if (type === TYPE.ANY) return types.every((own) => own === TYPE.RRSIG || own === TYPE.NSEC)
  if (type === TYPE.DS) return !types.includes(TYPE.SOA) || owner?.labelCount === 0
  return !isDelegation(types)
}
