/**
 * default.service.arpa. (RFC 9665 3.2.2): a client that knows no zone registers there, and the registrar puts the
 * name of its own zone in the place of it, behind the check of the signature and before anything is looked up.
 */
import { TYPE } from '../../dns/codes.ts'
import type { DnsRecord } from '../../dns/message.ts'
import { Name, renamed } from '../../dns/name.ts'
import type { Update } from '../../update/contract.ts'

/** The zone of who knows none. */
export const DEFAULT_ZONE = Name.parse('default.service.arpa.')

/** Octets of RDATA before a name, in the types of an SRP Update that hold one (RFC 1035 3.3.12, RFC 2782). */
const NAME_AT: Readonly<Record<number, number>> = { [TYPE.PTR]: 0, [TYPE.SRV]: 6 }

/** The update with the zone that `zoneOf` tells in the place of default.service.arpa., in every name; as it is where it is for another zone, there is none, or a name would be too long. */
export function renameDefault(update: Update, zoneOf: () => Name | undefined): Update {
  const zone = update.zone.name.equals(DEFAULT_ZONE) ? zoneOf() : undefined
  if (zone === undefined) return update
  try {
    const rename = (records: readonly DnsRecord[]): DnsRecord[] => records.map((record) => renameRecord(record, zone))
    return { ...update, zone: { ...update.zone, name: zone }, prerequisites: rename(update.prerequisites), updates: rename(update.updates) }
  } catch (fault) {
    if (fault instanceof TooLong) return update // NOTAUTH: the client may take a shorter name
    throw fault
  }
}

class TooLong extends Error {}

function renameRecord(record: DnsRecord, zone: Name): DnsRecord {
  const at = NAME_AT[record.type]
  const name = moved(record.name, zone)
  if (at === undefined || record.rdata.length <= at) return { ...record, name }
  const target = moved(Name.fromWire(record.rdata, at), zone)
  return { ...record, name, rdata: Buffer.concat([record.rdata.subarray(0, at), target.wire]) }
}

function moved(name: Name, zone: Name): Name {
  if (!name.isWithin(DEFAULT_ZONE)) return name
  const there = renamed(name, DEFAULT_ZONE, zone)
  if (there === undefined) throw new TooLong(`Cannot move ${name} as it would be too long`) // RFC 1035 2.3.4
  return there
}
