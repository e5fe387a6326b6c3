/** Records as RRsets (RFC 2181 5): grouped with the RRSIGs that cover them, with one TTL, each record once. */
import { CLASS, TYPE } from '../dns/codes.ts'
import type { DnsRecord } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { signedLabels } from '../dnssec/rrsig.ts'
import type { RRset, Trust } from './contract.ts'

/** The RRset of `name` and `type` in `records`, or undefined. Of class IN alone, as nothing else was asked for. */
export function rrsetIn(records: readonly DnsRecord[], name: Name, type: number, trust: Trust): RRset | undefined {
  const own = records.filter((record) => record.class === CLASS.IN && record.name.equals(name))
  const found = withoutCopies(own.filter((record) => record.type === type))
  if (found.length === 0) return undefined
  const signatures = type === TYPE.RRSIG ? [] : own.filter((record) => coveredType(record) === type)
  return { name, type, records: withOneTtl(found), signatures: withOneTtl(withoutCopies(signatures)), trust }
}

/** All RRsets of `name` in `records`; RRSIGs stand with what they cover (RFC 2181 5.3 has them apart: RFC 4034 3). */
export function rrsetsAt(records: readonly DnsRecord[], name: Name, trust: Trust): RRset[] {
  const types = new Set(records.filter((record) => record.name.equals(name) && record.type !== TYPE.RRSIG).map(({ type }) => type))
  return [...types].flatMap((type) => rrsetIn(records, name, type, trust) ?? [])
}

/** The type that an RRSIG covers (RFC 4034 3.1.1), or −1 of any other record. */
export function coveredType({ type, rdata }: DnsRecord): number {
  return type === TYPE.RRSIG && rdata.length >= 2 ? (rdata[0] << 8) | rdata[1] : -1
}

/** Whether a record belongs to a proof of absence: NSEC, NSEC3, or the RRSIG of one (RFC 4035 3.1.3, RFC 5155 7.2). */
export function isProof(record: DnsRecord): boolean {
  const type = record.type === TYPE.RRSIG ? coveredType(record) : record.type
  return type === TYPE.NSEC || type === TYPE.NSEC3
}

/** The set with what proves that a wildcard stands for its name, where its signatures say that one does (RFC 4035 5.3.4: fewer labels were signed than it has). */
export function withProof(set: RRset, proof: readonly DnsRecord[]): RRset {
  const isExpanded = set.signatures.some(({ rdata }) => rdata[LABELS_AT] < signedLabels(set.name))
  return isExpanded && proof.length > 0 ? { ...set, proof } : set
}

/** Where RRSIG RDATA tells how many labels were signed (RFC 4034 3.1). */
const LABELS_AT = 3

/** The seconds for which all of the set may be kept: the least, where they differ (RFC 2181 5.2). */
function withOneTtl(records: readonly DnsRecord[]): DnsRecord[] {
  const ttl = Math.min(...records.map((record) => record.ttl))
  return records.map((record) => (record.ttl === ttl ? record : { ...record, ttl }))
}

/** RFC 2181 5: a set holds each record once, and so does a section. */
export function withoutCopies(records: readonly DnsRecord[]): DnsRecord[] {
  if (records.length < 2) return [...records]
  const seen = new Map<string, DnsRecord>()
  for (const record of records) {
    const key = `${record.name.key} ${record.type} ${Buffer.from(record.rdata).toString('latin1')}`
    if (!seen.has(key)) seen.set(key, record)
  }
  return [...seen.values()]
}
