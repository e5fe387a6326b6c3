/**
 * Whether records of a response prove that something is not (RFC 4035 5.4, RFC 5155 8): their signatures first, then what they
 * say together. NSEC3 is only looked at where there is no NSEC: a zone has one or the other (RFC 5155 7.1).
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_PROOF_RRSETS } from '../dns/limits-resolver.ts'
import type { DnsRecord } from '../dns/message.ts'
import { checkRRset } from './check-rrset.ts'
import { unproven, type Claim, type Denial } from './denial.ts'
import { denyByNsec, readNsec } from './nsec-denial.ts'
import { denyByNsec3, readNsec3 } from './nsec3-denial.ts'
import type { SignedSet } from './rrsig.ts'
import { bogus, type Bogus, type Insecure, type Judge, type ZoneKeys } from './verdict.ts'

/** Something is proven not to be. */
export interface AbsenceProven {
  readonly kind: 'absent'
  /** The name is a delegation without DS, or may be one: what lies below is not signed (RFC 4035 5.2, RFC 5155 8.9). */
  readonly isCut: boolean
  /** An opt-out span covers the name, so that nothing is said of it for certain (RFC 5155 9.2). */
  readonly isOptOut: boolean
  /** Seconds for which the proof may be kept (RFC 4035 5.3.3). */
  readonly ttl: number
  /** The RRsets of NSEC or NSEC3 whose signatures are good, whether the proof needs them or not. */
  readonly sets: readonly SignedSet[]
}

/** What the NSEC or NSEC3 records of `proof`, with their RRSIGs, prove of the claim by the keys of its zone. */
export function checkAbsence(proof: readonly DnsRecord[], claim: Claim, zone: ZoneKeys, judge: Judge): AbsenceProven | Insecure | Bogus {
  const type = proof.some((record) => record.type === TYPE.NSEC) ? TYPE.NSEC : TYPE.NSEC3
  const sets: SignedSet[] = []
  let ttl = Infinity
  let fault: Bogus | undefined
  for (const set of proofSets(proof, type)) {
    const found = checkRRset(set, zone, judge)
    if (found.kind === 'bogus') {
      fault ??= found
      continue
    }
    ttl = Math.min(ttl, found.ttl)
    sets.push(set)
  }
  const denial = denialOf(sets.flatMap(({ records }) => records), type, claim, zone, judge)
  if (denial.kind === 'insecure') return denial
  if (denial.kind === 'unproven') return fault ?? bogus(denial.why.infoCode, denial.why.text ?? '')
  return { kind: 'absent', isCut: denial.kind === 'opt-out' || denial.isCut, isOptOut: denial.kind === 'opt-out', ttl, sets }
}

function denialOf(records: readonly DnsRecord[], type: number, claim: Claim, { zone }: ZoneKeys, { effort }: Judge): Denial {
  if (type === TYPE.NSEC) return denyByNsec(records.flatMap((record) => readNsec(record, zone) ?? []), claim)
  const hashed = records.flatMap((record) => readNsec3(record, zone) ?? [])
  return hashed.length === 0 ? unproven('no NSEC or NSEC3 of use') : denyByNsec3(hashed, zone, claim, effort)
}

/** Records of the type by owner, each with the RRSIGs that cover it; no more of them than are looked at. */
function proofSets(proof: readonly DnsRecord[], type: number): SignedSet[] {
  const byOwner = new Map<string, { name: SignedSet['name']; type: number; records: DnsRecord[]; signatures: DnsRecord[] }>()
  for (const record of proof) {
    if (record.type !== type || byOwner.size >= MAX_PROOF_RRSETS) continue
    const { name } = record
    const set = byOwner.get(name.key) ?? { name, type, records: [], signatures: [] }
    set.records.push(record)
    byOwner.set(name.key, set)
  }
  for (const record of proof) {
    if (record.type === TYPE.RRSIG && ((record.rdata[0] << 8) | record.rdata[1]) === type) byOwner.get(record.name.key)?.signatures.push(record)
  }
  return [...byOwner.values()]
}
