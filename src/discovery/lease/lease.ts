/**
 * A lease and its octets in the store. It is held by one key, and made of units: the agent or host itself, and
 * each service instance registered with it (RFC 9665 5.1), or what one update added to a name (RFC 9664 4). A
 * unit ends in two steps: its records at `leaseEndMs`, its KEY records, which reserve the name, at `keyEndMs`.
 *
 *     format u8 | kind u8 | class u16 | zone name | holder 16 | granted u48 | units u16 | unit …
 *     unit      name | lease end u48 | key end u48 | records u16 | record …
 *     record    flags u8 (1: at the unit's name, 2: waiting) | [owner name] | type u16 | TTL u32 | length u16 | RDATA
 *
 * Times are milliseconds since 1970. A lease with 0 for its end has ended; what is left of it is its KEY.
 */
import { TYPE } from '../../dns/codes.ts'
import { WireFault } from '../../dns/faults.ts'
import { MAX_LEASE_RECORDS, MAX_LEASE_UNITS } from '../../dns/limits-discovery.ts'
import { Name } from '../../dns/name.ts'
import { WireReader, WireWriter } from '../../dns/octets.ts'
import { isSameRdata } from '../../update/records.ts'

/** A zone as the books know it. */
export interface ZoneId {
  name: Name
  class: number
}

/** One record that stands as long as its lease. */
export interface LeasedRecord {
  owner: Name
  type: number
  ttl: number
  rdata: Uint8Array
  /** Accepted but not in the zone, as something that it depends on is missing. */
  waiting?: boolean
}

/** What ends together. */
export interface LeaseUnit {
  /** Host, agent or instance; or the owner of the records. */
  name: Name
  leaseEndMs: number
  keyEndMs: number
  records: LeasedRecord[]
}

/** What a lease is for: an agent or SRP host with its instances, or records that an ordinary update added. */
export type LeaseKind = 'agent' | 'records'

/** A lease; the first unit is its anchor. */
export interface Lease {
  kind: LeaseKind
  zone: Name
  class: number
  /** Whose it is: `holderOfKey` or `holderOfSecret`. */
  holder: Uint8Array
  /** When it was granted last. */
  grantedMs: number
  units: LeaseUnit[]
}

const FORMAT = 1
const HOLDER_OCTETS = 16
const KINDS: readonly LeaseKind[] = ['agent', 'records']
const AT_UNIT = 1
const WAITING = 2

/** When the next step of the lease is due: the first end of a unit that still has something to lose. Infinity where nothing is left. */
export function dueOf(lease: Lease): number {
  let due = Infinity
  for (const unit of lease.units) due = Math.min(due, dueOfUnit(unit))
  return due
}

/** The same of one unit. */
export function dueOfUnit({ leaseEndMs, keyEndMs, records }: LeaseUnit): number {
  let due = Infinity
  for (const { type } of records) due = Math.min(due, type === TYPE.KEY ? keyEndMs : leaseEndMs)
  return due
}

/** When a record of the unit ends. */
export function endOf(unit: LeaseUnit, type: number): number {
  return type === TYPE.KEY ? unit.keyEndMs : unit.leaseEndMs
}

/** What a record is, its TTL and state aside. */
export type RecordIdentity = Pick<LeasedRecord, 'owner' | 'type' | 'rdata'>

/** Whether two records are the same: owner, type and data (RFC 2136 1.1.1). */
export function sameRecord(a: RecordIdentity, b: RecordIdentity): boolean {
  return a.type === b.type && a.owner.equals(b.owner) && isSameRdata(a.type, a.rdata, b.rdata)
}

/** The octets of a lease. */
export function encodeLease(lease: Lease): Uint8Array {
  const out = encoded
  out.reset()
  out.u8(FORMAT)
  out.u8(KINDS.indexOf(lease.kind))
  out.u16(lease.class)
  out.bytes(lease.zone.wire)
  out.bytes(lease.holder)
  out.u48(lease.grantedMs)
  out.u16(lease.units.length)
  for (const unit of lease.units) writeUnit(unit, out)
  return out.finish()
}

/** Where leases are put together before they are copied to their size. */
const encoded = new WireWriter(512, Number.MAX_SAFE_INTEGER)

function writeUnit({ name, leaseEndMs, keyEndMs, records }: LeaseUnit, out: WireWriter): void {
  out.bytes(name.wire)
  out.u48(leaseEndMs)
  out.u48(keyEndMs)
  out.u16(records.length)
  for (const { owner, type, ttl, rdata, waiting } of records) {
    const isAtUnit = owner === name || Buffer.compare(owner.wire, name.wire) === 0
    out.u8((isAtUnit ? AT_UNIT : 0) | (waiting === true ? WAITING : 0))
    if (!isAtUnit) out.bytes(owner.wire)
    out.u16(type)
    out.u32(ttl)
    out.u16(rdata.length)
    out.bytes(rdata)
  }
}

/** The lease that octets of the store hold. WireFault where they hold none: the store is damaged, or of a newer version. */
export function decodeLease(octets: Uint8Array): Lease {
  const wire = new WireReader(octets)
  const format = wire.u8()
  if (format !== FORMAT) throw new WireFault(`Cannot read lease as its format is ${format}, not ${FORMAT}`, 0)
  const kind = KINDS[wire.u8()]
  if (kind === undefined) throw new WireFault('Cannot read lease as its kind is unknown', 1)
  const leaseClass = wire.u16()
  const zone = Name.read(wire, false)
  const holder = wire.bytes(HOLDER_OCTETS).slice()
  const grantedMs = wire.u48()
  const units: LeaseUnit[] = []
  const count = bounded(wire, MAX_LEASE_UNITS)
  while (units.length < count) units.push(readUnit(wire))
  if (wire.remaining > 0) throw new WireFault(`Cannot read lease as ${wire.remaining} octets are left over`, wire.at)
  return { kind, zone, class: leaseClass, holder, grantedMs, units }
}

function readUnit(wire: WireReader): LeaseUnit {
  const name = Name.read(wire, false)
  const leaseEndMs = wire.u48()
  const keyEndMs = wire.u48()
  const records: LeasedRecord[] = []
  const count = bounded(wire, MAX_LEASE_RECORDS)
  while (records.length < count) records.push(readRecord(wire, name))
  return { name, leaseEndMs, keyEndMs, records }
}

function readRecord(wire: WireReader, unitName: Name): LeasedRecord {
  const flags = wire.u8()
  if ((flags & ~(AT_UNIT | WAITING)) !== 0) throw new WireFault('Cannot read leased record as its flags are unknown', wire.at - 1)
  const owner = (flags & AT_UNIT) !== 0 ? unitName : Name.read(wire, false)
  const type = wire.u16()
  const ttl = wire.u32()
  const rdata = wire.bytes(wire.u16()).slice()
  return { owner, type, ttl, rdata, ...((flags & WAITING) !== 0 && { waiting: true }) }
}

function bounded(wire: WireReader, most: number): number {
  const count = wire.u16()
  if (count > most) throw new WireFault(`Cannot read lease as it has ${count} parts where ${most} are the most`, wire.at - 2)
  return count
}
