/**
 * One record as one line of text (RFC 1035 5.1), in both directions: for tests, for the command line, and
 * wherever a person shall read a record. Zone files, with their directives and inherited owners, are read by
 * src/zone.
 *
 *     a.example. 60 IN A 192.0.2.1
 */
import { CLASS, printClass, printType, readClass, readType } from './codes.ts'
import { TextFault } from './faults.ts'
import { Name } from './name.ts'
import { MAX_NAME_OCTETS } from './limits.ts'
import type { DnsRecord } from './message.ts'
import { WireWriter } from './octets.ts'
import { parseRdata, printRdata } from './rdata.ts'
import { TextReader } from './text.ts'

/** What a fault calls the place of a text that comes from no file. */
const NO_FILE = '<record>'

/**
 * The record that `text` writes: owner, then TTL and class in either order or not at all (0 and IN), then
 * type and RDATA. Relative names are completed by `origin`. Class ANY and NONE may leave RDATA out (RFC 2136 2.5).
 * TextFault where it is no record, or more than one.
 */
export function parseRecord(text: string, origin: Name = Name.root): DnsRecord {
  const reader = new TextReader(Buffer.from(text), NO_FILE)
  reader.origin = origin.wire
  if (!reader.beginEntry() || reader.blankOwner) throw new TextFault(`Cannot parse record "${text}" as it must start with its owner`, { file: NO_FILE, line: 1, column: 1 })
  const name = readOwner(reader)
  const { type, ttl, recordClass } = readHead(reader)
  const out = new WireWriter(256)
  if (!isEmptyByClass(reader, recordClass)) parseRdata(type, reader, out)
  if (reader.beginEntry()) throw new TextFault(`Cannot parse record "${text}" as it must be a single one`, reader.here())
  return { name, type, class: recordClass, ttl, rdata: out.finish() }
}

function readOwner(reader: TextReader): Name {
  const out = new WireWriter(64, MAX_NAME_OCTETS)
  reader.need('owner')
  reader.readName(out, 'owner')
  return Name.fromWire(out.octets)
}

/** TTL and class, each at most once, and the type behind them. */
function readHead(reader: TextReader): { type: number; ttl: number; recordClass: number } {
  let ttl = -1
  let recordClass = -1
  for (;;) {
    reader.need('type')
    const type = readType(reader)
    // ANY names a type and a class: where no class has been given, the class is meant, as no record has the type ANY
    const code = recordClass < 0 ? readClass(reader) : -1
    if (code >= 0) recordClass = code
    else if (type >= 0) return { type, ttl: Math.max(ttl, 0), recordClass: recordClass < 0 ? CLASS.IN : recordClass }
    else if (ttl < 0 && reader.startsWithDigit()) ttl = reader.readTtl('TTL')
    else throw reader.fault('type', 'must be a TTL, a class or a type')
  }
}

function isEmptyByClass(reader: TextReader, recordClass: number): boolean {
  if (recordClass !== CLASS.ANY && recordClass !== CLASS.NONE) return false
  if (!reader.token()) return true
  reader.unread()
  return false
}

/** The record as one line without its newline: `a.example. 60 IN A 192.0.2.1`. Empty RDATA of an UPDATE is left out. */
export function printRecord(record: DnsRecord): string {
  const { name, ttl, type, rdata } = record
  const head = `${name.toString()} ${ttl} ${printClass(record.class)} ${printType(type)}`
  if (rdata.length === 0 && (record.class === CLASS.ANY || record.class === CLASS.NONE)) return head
  return `${head} ${printRdata(type, rdata)}`
}
