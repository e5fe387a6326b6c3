/** The records of an entry as values, read back from its octets: for dumps and for whoever is not in a hurry. */
import { WireFault } from '../dns/faults.ts'
import type { DnsRecord } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { WireReader, WireWriter } from '../dns/octets.ts'
import { copyRdata } from '../dns/rdata.ts'
import type { CachedEntry, Part } from './entry.ts'

/** First octet of an owner that stands for the entry's own name; lengths of labels are below. */
const POINTER = 0xc0

/** The records of a part, with `ttlSeconds` of the entry as their TTL. */
export function recordsIn(entry: CachedEntry, part: Part): DnsRecord[] {
  const start = entry.startOf(part)
  const reader = new WireReader(entry.octets, start, start + entry.octetsOf(part))
  const name = Name.fromWire(entry.octets, entry.nameAt)
  return readRecords(reader, entry.countOf(part), name).map((record) => ({ ...record, ttl: entry.ttlSeconds }))
}

/** Reads `count` records whose owner is whole or, as a pointer, `own`. WireFault where they are none, or not as they rest (RFC 3597 4). */
export function readRecords(reader: WireReader, count: number, own: Name): DnsRecord[] {
  return Array.from({ length: count }, () => readRecord(reader, own))
}

function readRecord(reader: WireReader, own: Name): DnsRecord {
  const name = reader.octets[reader.at] >= POINTER && reader.remaining >= 2 ? skipPointer(reader, own) : Name.read(reader, false)
  const [type, recordClass, ttl, length] = [reader.u16(), reader.u16(), reader.u32(), reader.u16()]
  const at = reader.at
  const rdata = reader.bytes(length).slice()
  const out = new WireWriter(Math.max(1, length))
  copyRdata(type, new WireReader(reader.octets, at, at + length), out)
  if (!isSame(out.finish(), rdata)) throw new WireFault('Cannot read cached record as its data are compressed', at)
  return { name, type, class: recordClass, ttl, rdata }
}

function skipPointer(reader: WireReader, own: Name): Name {
  reader.u16()
  return own
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i])
}
