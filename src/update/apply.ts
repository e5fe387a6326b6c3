/**
 * The update section (RFC 2136 2.5, 3.4): first the prescan, which refuses a malformed section before anything is
 * changed, then record after record in order.
 *
 *     CLASS    TYPE     RDATA    Meaning                               RFC 2136 3.4.2.6
 *     ANY      ANY      empty    Delete all RRsets from a name
 *     ANY      rrset    empty    Delete an RRset
 *     NONE     rrset    rr       Delete an RR from an RRset
 *     zone     rrset    rr       Add to an RRset
 */
import { CLASS, printType, TYPE } from '../dns/codes.ts'
import { WireFault } from '../dns/faults.ts'
import type { DnsRecord } from '../dns/message.ts'
import { WireReader, WireWriter } from '../dns/octets.ts'
import { copyRdata } from '../dns/rdata.ts'
import { isNewerSerial } from '../dns/serial.ts'
import type { Refusal, ZoneDraft } from './contract.ts'
import { outside } from './prerequisites.ts'
import { isMetaType, isSameName, isWithin, serialIn } from './records.ts'
import { malformed } from './request.ts'

/*
 * RFC 2136 3.4.1.3:
 *
 *      [rr] for rr in updates
 *           if (zone_of(rr.name) != ZNAME)
 *                return (NOTZONE);
 *           if (rr.class == zclass)
 *                if (rr.type & ANY|AXFR|MAILA|MAILB)
 *                     return (FORMERR)
 *           elsif (rr.class == ANY)
 *                if (rr.ttl != 0 || rr.rdlength != 0
 *                    || rr.type & AXFR|MAILA|MAILB)
 *                     return (FORMERR)
 *           elsif (rr.class == NONE)
 *                if (rr.ttl != 0 || rr.type & ANY|AXFR|MAILA|MAILB)
 *                     return (FORMERR)
 *           else
 *                return (FORMERR)
 */

/** Why the update section is malformed or names something outside of the zone; undefined where it is well formed (RFC 2136 3.4.1). */
export function prescan(updates: readonly DnsRecord[], draft: ZoneDraft): Refusal | undefined {
  for (const record of updates) {
    const { name, type, class: rrClass, ttl, rdata } = record
    if (!isWithin(name, draft.apex)) return outside(name)
    const isAddition = rrClass === draft.class
    if (!isAddition && rrClass !== CLASS.ANY && rrClass !== CLASS.NONE) return malformed(`the class of an update is ${rrClass}`)
    if (isMetaType(type) && !(rrClass === CLASS.ANY && type === TYPE.ANY)) return malformed(`${printType(type)} cannot be updated`)
    if (!isAddition && ttl !== 0) return malformed(`the TTL of a deletion is ${ttl}, not 0`)
    if (rrClass === CLASS.ANY && rdata.length !== 0) return malformed('the deletion of an RRset has data')
    if (rrClass === CLASS.NONE && !fitsType(record)) return malformed(`the data of the deletion is none of ${printType(type)}`)
  }
  return undefined
}

/** Whether RDATA fits its type: that of a deletion may be empty on the wire, which fits some types and others not. */
function fitsType({ type, rdata }: DnsRecord): boolean {
  if (rdata.length > 0) return true // it was checked when it was decoded
  try {
    copyRdata(type, new WireReader(rdata), new WireWriter(0))
    return true
  } catch (fault) {
    if (fault instanceof WireFault) return false
    throw fault
  }
}

/*
 * RFC 2136 3.4.2.7:
 *
 *      [rr] for rr in updates
 *           if (rr.class == zclass)
 *                if (rr.type == CNAME)
 *                     if (zone_rrset<rr.name, ~CNAME>)
 *                          next [rr]
 *                elsif (zone_rrset<rr.name, CNAME>)
 *                     next [rr]
 *                if (rr.type == SOA)
 *                     if (!zone_rrset<rr.name, SOA> ||
 *                         zone_rr<rr.name, SOA>.serial > rr.soa.serial)
 *                          next [rr]
 *                for zrr in zone_rrset<rr.name, rr.type>
 *                     if (rr.type == CNAME || rr.type == SOA ||
 *                         (rr.type == WKS && rr.proto == zrr.proto &&
 *                          rr.address == zrr.address) ||
 *                         rr.rdata == zrr.rdata)
 *                          zrr = rr
 *                          next [rr]
 *                zone_rrset<rr.name, rr.type> += rr
 *           elsif (rr.class == ANY)
 *                if (rr.type == ANY)
 *                     if (rr.name == zname)
 *                          zone_rrset<rr.name, ~(SOA|NS)> = Nil
 *                     else
 *                          zone_rrset<rr.name, *> = Nil
 *                elsif (rr.name == zname &&
 *                       (rr.type == SOA || rr.type == NS))
 *                     next [rr]
 *                else
 *                     zone_rrset<rr.name, rr.type> = Nil
 *           elsif (rr.class == NONE)
 *                if (rr.type == SOA)
 *                     next [rr]
 *                if (rr.type == NS && zone_rrset<rr.name, NS> == rr)
 *                     next [rr]
 *                zone_rr<rr.name, rr.type, rr.data> = Nil
 *      return (NOERROR)
 *
 * Where the text and the pseudocode differ we take the text: a SOA with the serial of the zone's is ignored too
 * (3.4.2.2), and the last NS is kept at the apex only (3.4.2.4).
 */

/** Carries out a section that passed the prescan; gives how many of its records were ignored as the RFC says. `draft.refusal` tells of a limit. */
export function applyUpdates(updates: readonly DnsRecord[], draft: ZoneDraft): number {
  let ignored = 0
  for (const record of updates) {
    const isDone = record.class === draft.class ? add(record, draft) : record.class === CLASS.ANY ? deleteSets(record, draft) : deleteRecord(record, draft)
    if (!isDone) ignored++
    if (draft.refusal !== undefined) break
  }
  return ignored
}

function add({ name, type, ttl, rdata }: DnsRecord, draft: ZoneDraft): boolean {
  if (type === TYPE.CNAME ? draft.types(name).some((held) => held !== TYPE.CNAME) : draft.has(name, TYPE.CNAME)) return false
  if (type === TYPE.SOA) {
    const held = draft.rrset(name, TYPE.SOA)
    if (held === undefined || !isNewerSerial(serialIn(rdata), serialIn(held.rdatas[0]))) return false
  }
  return draft.add(name, type, ttl, rdata)
}

function deleteSets({ name, type }: DnsRecord, draft: ZoneDraft): boolean {
  if (type === TYPE.ANY) return draft.removeName(name)
  if (isSameName(name, draft.apex) && (type === TYPE.SOA || type === TYPE.NS)) return false
  return draft.removeRRset(name, type)
}

function deleteRecord({ name, type, rdata }: DnsRecord, draft: ZoneDraft): boolean {
  if (type === TYPE.SOA) return false
  if (type === TYPE.NS && isSameName(name, draft.apex) && draft.rrset(name, type)?.rdatas.length === 1) return false
  return draft.remove(name, type, rdata)
}
