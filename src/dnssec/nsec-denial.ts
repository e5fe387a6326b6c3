/**
 * Proofs by NSEC (RFC 4034 4, RFC 4035 5.4): each record says that there is no name between its owner and the next, in canonical
 * order, and which types are at its owner.
 *
 *     a.example. NSEC d.example. A NSEC RRSIG      b.example. is not; a.example. is, and has an A and no MX
 */
import { NSEC } from '../dns/rr/dnssec.ts'
import { readRdata } from '../dns/rdata.ts'
import type { DnsRecord } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { DENIED, deniesType, hidesBelow, isDelegation, unproven, type Claim, type Denial } from './denial.ts'
import { wildcardBelow } from './rrsig.ts'

/** One NSEC record. */
export interface Nsec {
  readonly owner: Name
  readonly next: Name
  readonly types: readonly number[]
}

/** The NSEC of a record as it came from a message; undefined where it leads out of its zone, as no NSEC does (RFC 4034 4.1.1; CVE-2026-13321). */
export function readNsec({ name, rdata }: DnsRecord, zone: Name): Nsec | undefined {
  const { next, types } = readRdata(NSEC, rdata)
  return name.isWithin(zone) && next.isWithin(zone) ? { owner: name, next, types } : undefined
}

/** What the records show of the claim. */
export function denyByNsec(records: readonly Nsec[], claim: Claim): Denial {
  switch (claim.kind) {
    case 'nxdomain':
      return denyName(records, claim.name)
    case 'nodata':
      return denyType(records, claim.name, claim.type)
    case 'expansion': {
      const encloser = enclosed(records, claim.name)
      return encloser?.equals(claim.encloser) === true ? DENIED : unproven(`nothing shows that no name is nearer to ${claim.name} than the wildcard`)
    }
  }
}

/** RFC 4035 5.4: neither the name is there, nor a wildcard that would stand for it. */
function denyName(records: readonly Nsec[], name: Name): Denial {
  const encloser = enclosed(records, name)
  if (encloser === undefined) return unproven(`no NSEC covers ${name}`)
  const wildcard = wildcardBelow(encloser)
  return wildcard === undefined || denying(records, wildcard) !== undefined ? DENIED : unproven(`no NSEC covers the wildcard below ${encloser}`)
}

/** RFC 4035 5.4: the name is there without the type, or has others below it only, or a wildcard without the type stands for it. */
function denyType(records: readonly Nsec[], name: Name, type: number): Denial {
  const own = denyTypeAt(records, name, type)
  if (own !== undefined) return own
  const encloser = enclosed(records, name)
  const wildcard = encloser && wildcardBelow(encloser)
  const found = wildcard && denyTypeAt(records, wildcard, type)
  return found ?? unproven(encloser === undefined ? `no NSEC is at ${name} or covers it` : `no NSEC is at the wildcard below ${encloser}`)
}

function denyTypeAt(records: readonly Nsec[], name: Name, type: number): Denial | undefined {
  const own = records.find(({ owner }) => owner.equals(name))
  if (own !== undefined) return deniesType(own.types, type, own.owner) ? { kind: 'denied', isCut: isDelegation(own.types) } : undefined
  // RFC 4592 2.2.2: a name with nothing but names below it; the NSEC that covers it leads to one of them
  return records.some((nsec) => covers(nsec, name) && nsec.next.isWithin(name)) ? DENIED : undefined
}

/** The closest encloser of a name that an NSEC shows not to be: the longest that it shares with that record's names (RFC 4592 3.3.1). */
function enclosed(records: readonly Nsec[], name: Name): Name | undefined {
  const nsec = denying(records, name)
  if (nsec === undefined) return undefined
  let encloser = name.parent()
  while (!nsec.owner.isWithin(encloser) && !nsec.next.isWithin(encloser)) encloser = encloser.parent()
  return encloser
}

/** The NSEC that shows that a name is not: it covers it, and leads to none below it. */
function denying(records: readonly Nsec[], name: Name): Nsec | undefined {
  return records.find((nsec) => covers(nsec, name) && !nsec.next.isWithin(name))
}

/** Whether a name lies between owner and next; the last NSEC of a zone leads back to its apex (RFC 4034 4.1.1). */
function covers({ owner, next, types }: Nsec, name: Name): boolean {
  if (owner.compare(name) >= 0 || (name.isWithin(owner) && hidesBelow(types))) return false
  return name.compare(next) < 0 || next.compare(owner) <= 0
}
