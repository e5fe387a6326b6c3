/**
 * What a client is told of how its question ended (RFC 1034 4.3.1): the aliases from its name on, then the records or the
 * SOA of who denies them. DNSSEC records are for who wants them (RFC 4035 3.2.1); what failed says why (RFC 8914).
 */
import { RCODE, TYPE } from '../dns/codes.ts'
import type { DnsRecord } from '../dns/message.ts'
import { SECURITY, TRUST, type Outcome, type RRset } from '../resolver/contract.ts'
import { withoutCopies } from '../resolver/rrsets.ts'
import type { Reply } from './core-contract.ts'

/** Octets of MINIMUM, the last field of an SOA (RFC 1035 3.3.13). */
const MINIMUM_OCTETS = 4

/** The reply that says `outcome`, with DNSSEC records where `dnssecOk`. AA tells that the name asked for is in a zone of ours. */
export function replyOf(outcome: Outcome, dnssecOk: boolean): Reply {
  const { kind, chain, explanation, security } = outcome
  const ede = explanation === undefined ? {} : { ede: explanation }
  if (kind === 'failure') return { rcode: outcome.rcode, recursionAvailable: true, ...ede }
  const sets = kind === 'answer' ? [...chain, ...outcome.sets] : chain
  const authoritative = sets[0]?.trust === TRUST.primary // RFC 1035 4.1.1: of the name that matches QNAME
  const answers = sets.flatMap((set) => recordsOf(set, dnssecOk))
  const rcode = kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR // RFC 6604 3: of the last name
  const denial = kind === 'answer' ? [] : denialOf(outcome.absence, dnssecOk)
  // RFC 4035 3.1.3.3: that wildcards may stand for names; proofs of several often have records in common
  const authorities = dnssecOk ? withoutCopies([...denial, ...sets.flatMap(({ proof = [] }) => proof)]) : denial
  return { rcode, authoritative, recursionAvailable: true, authentic: security === SECURITY.secure, answers, authorities, ...ede }
}

function recordsOf({ records, signatures }: RRset, dnssecOk: boolean): DnsRecord[] {
  return dnssecOk ? [...records, ...signatures] : [...records]
}

/** RFC 2308 5: with the SOA goes the TTL for which the absence may be kept. */
function denialOf({ soa, proof }: Extract<Outcome, { absence: unknown }>['absence'], dnssecOk: boolean): DnsRecord[] {
  if (soa === undefined) return []
  return [...recordsOf(soa, dnssecOk).map(asNegative(soa.records[0])), ...(dnssecOk ? proof : [])]
}

function asNegative({ rdata }: DnsRecord): (record: DnsRecord) => DnsRecord {
  const minimum = new DataView(rdata.buffer, rdata.byteOffset).getUint32(rdata.length - MINIMUM_OCTETS)
  return (record) => (record.type === TYPE.SOA || record.type === TYPE.RRSIG) && record.ttl > minimum ? { ...record, ttl: minimum } : record
}
