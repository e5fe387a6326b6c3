/**
 * RRSIG (RFC 4034 3): its fields, and the octets that it signs.
 *
 *     signed_data = RRSIG_RDATA | RR(1) | RR(2) …                          RFC 4034 3.1.8.1
 *     RRSIG_RDATA   without the signature, the signer's name in lower case
 *     RR(i)       = owner | type | class | original TTL | RDATA length | RDATA     in canonical form (RFC 4034 6.2)
 *                   and order (6.3), each once; owner is `*` and the last labels, where Labels is less than those of the name
 */
import { TYPE } from '../dns/codes.ts'
import { WireFault } from '../dns/faults.ts'
import type { DnsRecord } from '../dns/message.ts'
import { fold, Name } from '../dns/name.ts'
import { WireReader, WireWriter } from '../dns/octets.ts'
import { canonicalRdata } from '../dns/rdata.ts'

/** The least that a signature needs to be checked against: all records of one name and type, with those RRSIGs that cover them (RFC 4035 2.2). */
export interface SignedSet {
  readonly name: Name
  readonly type: number
  readonly records: readonly DnsRecord[]
  readonly signatures: readonly DnsRecord[]
}

/** The fields of an RRSIG (RFC 4034 3.1). */
export interface Rrsig {
  readonly typeCovered: number
  readonly algorithm: number
  /** Labels of the owner as it was signed, neither the root nor an asterisk counted. */
  readonly labels: number
  readonly originalTtl: number
  /** Seconds since 1970, on the circle of RFC 1982. */
  readonly expiration: number
  readonly inception: number
  readonly keyTag: number
  readonly signer: Name
  /** RDATA up to the signature, the signer's name folded: the beginning of what is signed. */
  readonly head: Uint8Array
  readonly signature: Uint8Array
}

/** Octets of RRSIG RDATA before the signer's name (RFC 4034 3.1). */
const FIXED_OCTETS = 18
const ASTERISK = Uint8Array.of(1, 0x2a)

/** The fields of RRSIG RDATA; undefined where the octets are none, whoever handed them in. */
export function readRrsig(rdata: Uint8Array): Rrsig | undefined {
  try {
    const reader = new WireReader(rdata)
    const typeCovered = reader.u16()
    const algorithm = reader.u8()
    const labels = reader.u8()
    const originalTtl = reader.u32()
    const expiration = reader.u32()
    const inception = reader.u32()
    const keyTag = reader.u16()
    const signer = Name.read(reader, false) // RFC 4034 3.1.7: not compressed
    const head = new Uint8Array(rdata.subarray(0, reader.at))
    for (let at = FIXED_OCTETS; at < head.length; at++) head[at] = fold(head[at])
    return { typeCovered, algorithm, labels, originalTtl, expiration, inception, keyTag, signer, head, signature: reader.rest() }
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault
    return undefined
  }
}

/** Labels as an RRSIG counts them: neither the root nor an asterisk that begins the name (RFC 4034 3.1.3). */
export function signedLabels(name: Name): number {
  return name.labelCount - (isWildcard(name) ? 1 : 0)
}

/** Whether a name begins with the label `*` (RFC 4592 2.1.1). */
export function isWildcard({ wire }: Name): boolean {
  return wire[0] === 1 && wire[1] === ASTERISK[1]
}

/** The wildcard right below `encloser` (RFC 4592 2.1.1): `*.example.`; undefined where that is longer than a name may be. */
export function wildcardBelow(encloser: Name): Name | undefined {
  const wire = new Uint8Array(ASTERISK.length + encloser.wire.length)
  wire.set(ASTERISK)
  wire.set(encloser.wire, ASTERISK.length)
  return wire.length > 255 ? undefined : Name.fromWire(wire)
}

/** The last `count` labels of a name: of `a.b.example.` and 2 it is `b.example.` */
export function lastLabels(name: Name, count: number): Name {
  let at = 0
  for (let drop = name.labelCount - count; drop > 0; drop--) at += name.wire[at] + 1
  return Name.fromWire(name.wire, at)
}

/** The name below which a wildcard stood for the owner, where the signature says that one did (RFC 4035 5.3.4); undefined where none did. */
export function wildcardEncloser(name: Name, { labels }: Pick<Rrsig, 'labels'>): Name | undefined {
  return labels < signedLabels(name) ? lastLabels(name, labels) : undefined
}

/** What `rrsig` signs of the set (RFC 4034 3.1.8.1, RFC 4035 5.3.2); undefined where no such octets can be. */
export function signedOctets(set: SignedSet, rrsig: Rrsig): Uint8Array | undefined {
  const encloser = wildcardEncloser(set.name, rrsig)
  const owner = encloser === undefined ? set.name : wildcardBelow(encloser)
  if (owner === undefined) return undefined
  const rdatas = canonicalRdatas(set)
  const size = rdatas.reduce((sum, { length }) => sum + owner.wire.length + 10 + length, rrsig.head.length)
  const out = new WireWriter(size, size)
  out.bytes(rrsig.head)
  for (const rdata of rdatas) {
    for (const octet of owner.wire) out.u8(fold(octet)) // length octets are below `A`
    out.u16(set.type)
    out.u16(set.records[0].class)
    out.u32(rrsig.originalTtl)
    out.u16(rdata.length)
    out.bytes(rdata)
  }
  return out.finish()
}

/** RDATA in canonical form and order, each once (RFC 4034 6.2, 6.3). */
function canonicalRdatas({ type, records }: SignedSet): Uint8Array[] {
  const rdatas = records.map(({ rdata }) => canonicalRdata(type, rdata)).sort((a, b) => Buffer.compare(a, b))
  return rdatas.filter((rdata, i) => i === 0 || Buffer.compare(rdata, rdatas[i - 1]) !== 0)
}

/** Whether a set may come from a wildcard at all: what makes cuts, zones and proofs is never said of a name by another (RFC 4592 4.2 to 4.6, RFC 4035 5.3.1). */
export function mayBeExpanded(type: number): boolean {
  return !NEVER_EXPANDED.has(type)
}

const NEVER_EXPANDED: ReadonlySet<number> = new Set([TYPE.SOA, TYPE.NS, TYPE.DS, TYPE.DNSKEY, TYPE.DNAME, TYPE.NSEC, TYPE.NSEC3])
