/**
 * What RFC 2136 1.1 and 1.2 say of records and names: when two records are the same, which types are data
 * and which only stand in questions, and what lies within a zone.
 */
import { TYPE } from '../dns/codes.ts'
import { sameNameAt, wireLength, type Name } from '../dns/name.ts'
import { type WireReader, WireWriter } from '../dns/octets.ts'
import { canonicalRdata, copyRdata } from '../dns/rdata.ts'
import type { Serial } from '../dns/serial.ts'

/** First and last of the types for questions and transactions (RFC 6895 3.1). */
const META_FIRST = 128
const META_LAST = 255
/** The obsolete type of well-known services (RFC 1035 3.4.2), which RFC 2136 treats apart. */
const WKS = 11
/** Octets of WKS that say which service is meant: address and protocol. */
const WKS_HEAD_OCTETS = 5

/**
 * Whether records of `type` can stand in no zone: ANY, AXFR, MAILA, MAILB "or any other QUERY metatype" (RFC 2136 3.4.1.2), which
 * RFC 6895 3.1 counts from 128 to 255, beside OPT and 0. We differ: an unrecognized type is data like any other (RFC 3597 2).
 */
export function isMetaType(type: number): boolean {
  return type === 0 || type === TYPE.OPT || (type >= META_FIRST && type <= META_LAST)
}

/** Whether `type` belongs to the signatures and proofs of a zone that was signed beforehand (RFC 4034 3, 4; RFC 5155 3, 4): it comes with the file or not at all. */
export function isProofType(type: number): boolean {
  return type === TYPE.RRSIG || type === TYPE.NSEC || type === TYPE.NSEC3 || type === TYPE.NSEC3PARAM
}

/** Whether a name has at most one record of `type`, so that a new one takes the place of the old (RFC 2136 3.4.2.2, RFC 6672 5.2). */
export function isSingleton(type: number): boolean {
  return type === TYPE.SOA || type === TYPE.CNAME || type === TYPE.DNAME
}

/** Whether `name` is `apex` or lies below it (RFC 2136 1.2). */
export function isWithin(name: Name, apex: Name): boolean {
  const from = name.wire.length - apex.wire.length
  if (from < 0 || !sameNameAt(name.wire, from, apex.wire, 0)) return false
  let at = 0
  while (at < from) at += name.wire[at] + 1
  return at === from
}

/** Whether two names are the same, case aside. */
export function isSameName(a: Name, b: Name): boolean {
  return a.wire.length === b.wire.length && sameNameAt(a.wire, 0, b.wire, 0)
}

/** Whether RDATA of `type` is the same: names in it are compared without case, all else octet by octet (RFC 2136 1.1.1). */
export function isSameRdata(type: number, a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  return isSameOctets(a, b) || isSameOctets(canonicalRdata(type, a), canonicalRdata(type, b))
}

/** Whether a record with RDATA `added` takes the place of one with `held`: the `zrr = rr` of RFC 2136 3.4.2.7. */
export function replaces(type: number, added: Uint8Array, held: Uint8Array): boolean {
  if (isSingleton(type)) return true
  if (type === WKS) return isSameOctets(added.subarray(0, WKS_HEAD_OCTETS), held.subarray(0, WKS_HEAD_OCTETS))
  return isSameRdata(type, added, held)
}

/** Whether the record that takes another's place has the same RDATA. */
export function isFoundByRdata(type: number): boolean {
  return !isSingleton(type) && type !== WKS
}

/** A text that two RDATA of `type` share exactly where they are the same (RFC 2136 1.1.1). WireFault where they do not fit the type. */
export function rdataKey(type: number, rdata: Uint8Array): string {
  return latin1(canonicalRdata(type, rdata))
}

/** The same where one record takes the place of another: see `replaces`. */
export function placeKey(type: number, rdata: Uint8Array): string {
  if (isSingleton(type)) return ''
  return type === WKS ? latin1(rdata.subarray(0, WKS_HEAD_OCTETS)) : rdataKey(type, rdata)
}

function latin1(octets: Uint8Array): string {
  const { buffer, byteOffset, length } = octets
  if (length > text.length) return Buffer.from(buffer, byteOffset, length).toString('latin1')
  text.set(octets) // costs less than a view
  return text.toString('latin1', 0, length)
}

const text = Buffer.allocUnsafe(512)

function isSameOctets(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** RDATA that ends a kept value, in memory of its own. WireFault where the octets do not fit the type: what is damaged must not be served. */
export function restAsRdata(type: number, reader: WireReader): Uint8Array {
  const out = new WireWriter(reader.remaining)
  copyRdata(type, reader, out)
  return out.finish()
}

/** Where SERIAL stands in RDATA of SOA, behind two names (RFC 1035 3.3.13). */
export function serialAt(rdata: Uint8Array): number {
  const second = wireLength(rdata, 0)
  return second + wireLength(rdata, second)
}

/** SERIAL in RDATA of SOA. */
export function serialIn(rdata: Uint8Array): Serial {
  return new DataView(rdata.buffer, rdata.byteOffset).getUint32(serialAt(rdata))
}
