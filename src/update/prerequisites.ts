/**
 * The prerequisite section (RFC 2136 2.4, 3.2): what must be so for the update to be carried out.
 *
 *     CLASS    TYPE     RDATA    Meaning                               RFC 2136 3.2.4
 *     ANY      ANY      empty    Name is in use
 *     ANY      rrset    empty    RRset exists (value independent)
 *     NONE     ANY      empty    Name is not in use
 *     NONE     rrset    empty    RRset does not exist
 *     zone     rrset    rr       RRset exists (value dependent)
 */
import { CLASS, printType, RCODE, TYPE } from '../dns/codes.ts'
import type { DnsRecord } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import type { Refusal, ZoneDraft } from './contract.ts'
import { isMetaType, isWithin, rdataKey } from './records.ts'
import { malformed } from './request.ts'

/*
 * RFC 2136 3.2.5:
 *
 *      for rr in prerequisites
 *           if (rr.ttl != 0)
 *                return (FORMERR)
 *           if (zone_of(rr.name) != ZNAME)
 *                return (NOTZONE);
 *           if (rr.class == ANY)
 *                if (rr.rdlength != 0)
 *                     return (FORMERR)
 *                if (rr.type == ANY)
 *                     if (!zone_name<rr.name>)
 *                          return (NXDOMAIN)
 *                else
 *                     if (!zone_rrset<rr.name, rr.type>)
 *                          return (NXRRSET)
 *           if (rr.class == NONE)
 *                if (rr.rdlength != 0)
 *                     return (FORMERR)
 *                if (rr.type == ANY)
 *                     if (zone_name<rr.name>)
 *                          return (YXDOMAIN)
 *                else
 *                     if (zone_rrset<rr.name, rr.type>)
 *                          return (YXRRSET)
 *           if (rr.class == zclass)
 *                temp<rr.name, rr.type> += rr
 *           else
 *                return (FORMERR)
 *
 *      for rrset in temp
 *           if (zone_rrset<rrset.name, rrset.type> != rrset)
 *                return (NXRRSET)
 *
 * The form of all is checked before the state of any is told, so that what is malformed is so whatever the zone holds.
 */

/** Why the section is malformed or names something outside of the zone; undefined where it is well formed (RFC 2136 3.2.1 to 3.2.3). */
export function scanPrerequisites(prerequisites: readonly DnsRecord[], draft: ZoneDraft): Refusal | undefined {
  for (const { name, type, class: rrClass, ttl, rdata } of prerequisites) {
    if (ttl !== 0) return malformed(`the TTL of a prerequisite is ${ttl}, not 0`)
    if (!isWithin(name, draft.apex)) return outside(name)
    const isValue = rrClass === draft.class
    if (!isValue && rrClass !== CLASS.ANY && rrClass !== CLASS.NONE) return malformed(`the class of a prerequisite is ${rrClass}`)
    if (!isValue && rdata.length !== 0) return malformed('a prerequisite of class ANY or NONE has data')
    if (isMetaType(type) && (isValue || type !== TYPE.ANY)) return malformed(`${printType(type)} cannot be a prerequisite`)
  }
  return undefined
}

/** Which prerequisite the zone does not meet; undefined where it meets all. They must have been scanned. */
export function checkPrerequisites(prerequisites: readonly DnsRecord[], draft: ZoneDraft): Refusal | undefined {
  const wanted = new Map<string, { name: Name; type: number; keys: Set<string> }>()
  for (const { name, type, class: rrClass, rdata } of prerequisites) {
    const isAny = type === TYPE.ANY
    if (rrClass === CLASS.ANY) {
      if (isAny && draft.types(name).length === 0) return unmet(RCODE.NXDOMAIN, `${name} is not in use`)
      if (!isAny && !draft.has(name, type)) return unmet(RCODE.NXRRSET, `${name} has no ${printType(type)}`)
    } else if (rrClass === CLASS.NONE) {
      if (isAny && draft.types(name).length > 0) return unmet(RCODE.YXDOMAIN, `${name} is in use`)
      if (!isAny && draft.has(name, type)) return unmet(RCODE.YXRRSET, `${name} has ${printType(type)}`)
    } else {
      const id = `${type} ${name.key}`
      const set = wanted.get(id) ?? { name, type, keys: new Set<string>() }
      wanted.set(id, set)
      set.keys.add(rdataKey(type, rdata))
    }
  }
  for (const { name, type, keys } of wanted.values()) {
    const held = draft.rrset(name, type)?.rdatas ?? []
    // members of a set differ from each other, so that as many, all of them known, are the same (RFC 2136 3.2.3)
    if (held.length !== keys.size || !held.every((rdata) => keys.has(rdataKey(type, rdata)))) return unmet(RCODE.NXRRSET, `${printType(type)} at ${name} has other records`)
  }
  return undefined
}

/** NOTZONE with its reason. */
export function outside(name: Name): Refusal {
  return { rcode: RCODE.NOTZONE, reason: `${name} is outside of the zone` }
}

function unmet(rcode: number, reason: string): Refusal {
  return { rcode, reason: `prerequisite: ${reason}` }
}
