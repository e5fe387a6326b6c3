/**
 * Zone files (RFC 1035 5, RFC 2308 4): text in, records as wire octets out to a sink, one call each. Parsing
 * never stops at a fault: the entry that has it is left out, and reading goes on with the next, so that one
 * look at the report mends the whole file.
 *
 *     entry      owner [TTL] [class] type RDATA      TTL and class in either order, each may be left out
 *     owner      a name, `@` for the origin, or a blank for the owner of the entry before
 *     directive  $ORIGIN, $TTL, $INCLUDE, $GENERATE  (parse-directives.ts)
 *
 * No object and no string is made per record, as a zone may hold millions: buffers and the place are filled
 * again for each. What an included file sets (origin, TTL, owner) ends with it.
 */
import { printClass, readClass, readType, TYPE } from '../dns/codes.ts'
import { TextFault, WireFault, type Place } from '../dns/faults.ts'
import { MAX_MESSAGE_OCTETS, MAX_NAME_OCTETS, MAX_TTL } from '../dns/limits.ts'
import { fold, printName } from '../dns/name.ts'
import { WireWriter } from '../dns/octets.ts'
import { parseRdata } from '../dns/rdata.ts'
import { TextReader } from '../dns/text.ts'
import { readDirective, type DirectiveHost } from './parse-directives.ts'
import { ZoneFaults } from './parse-faults.ts'
import { misplacedNumber, unknownType } from './parse-suggest.ts'
import type { ParseOptions, RecordSink, ZoneSource } from './source.ts'

export type { ParseOptions, ParseProgress, RecordSink, ZoneSource } from './source.ts'
export { ZoneFaults } from './parse-faults.ts'

/** Records between two progress reports: a few reports per second. */
const PROGRESS_RECORDS = 131_072
const DOLLAR = 0x24

/** Parses `source` and gives each record to `sink`; returns the faults. Throws only what the sink throws. */
export function parseZone(source: ZoneSource, options: ParseOptions, sink: RecordSink): ZoneFaults {
  const parser = new ZoneParser(options, sink)
  parser.parseFile(source, options.origin)
  return parser.faults
}

/** Whose name the current owner is: nobody's yet, one that could not be parsed or lies outside, or the zone's. */
type OwnerState = 'none' | 'faulty' | 'good'

class ZoneParser implements DirectiveHost {
  readonly options: ParseOptions
  readonly faults = new ZoneFaults()
  readonly files: string[] = []
  filesRead = 0
  defaultTtl: number
  readonly place: Place = { file: '', line: 0, column: 0 }
  private readonly sink: RecordSink
  private readonly owner = new WireWriter(MAX_NAME_OCTETS, MAX_NAME_OCTETS)
  private readonly rdata = new WireWriter(1024, MAX_MESSAGE_OCTETS)
  private ownerState: OwnerState = 'none'
  /** TTL of the entry being read, and of the last one that had one; −1 for none. */
  private ttl = -1
  private lastTtl = -1

  constructor(options: ParseOptions, sink: RecordSink) {
    this.options = options
    this.sink = sink
    this.defaultTtl = options.defaultTtl ?? -1
  }

  /** Reads a whole file; owner and TTLs are afterwards what they were before. */
  parseFile(source: ZoneSource, origin: Uint8Array): void {
    const { ownerState, defaultTtl, lastTtl, place } = this
    const owner = this.owner.finish()
    const { file } = place
    this.files.push(source.file)
    this.filesRead++
    place.file = source.file
    const reader = new TextReader(withoutMark(source.octets), source.file)
    reader.origin = origin
    this.parseEntries(reader)
    this.faults.octets += reader.octets.length
    this.files.pop()
    place.file = file
    this.owner.reset()
    this.owner.bytes(owner)
    this.ownerState = ownerState
    this.defaultTtl = defaultTtl
    this.lastTtl = lastTtl
  }

  /** Reads entries one by one; a fault is kept and ends only its entry. */
  private parseEntries(reader: TextReader): void {
    const { faults, options } = this
    let nextProgress = faults.records + PROGRESS_RECORDS
    while (reader.beginEntry()) {
      try {
        this.parseEntry(reader)
      } catch (error) {
        if (!this.recover(reader, error)) return
      }
      if (faults.records < nextProgress) continue
      nextProgress = faults.records + PROGRESS_RECORDS
      options.onProgress?.({ file: reader.file, octetsRead: reader.offset, octets: reader.octets.length, records: faults.records })
    }
  }

  private parseEntry(reader: TextReader): void {
    this.place.line = reader.line
    this.place.column = reader.column
    if (reader.blankOwner || reader.octets[reader.start] !== DOLLAR) this.parseRecord(reader)
    else readDirective(reader, this)
  }

  /** Reads one record from `reader` and gives it to the sink with the current place. TextFault where it is none. */
  parseRecord(reader: TextReader): void {
    if (!reader.token()) return // nothing but parentheses
    if (reader.blankOwner) this.keepOwner(reader)
    else this.readOwner(reader)
    const type = this.readHead(reader)
    const ttl = this.ttlOf(type, reader)
    const { rdata, owner } = this
    rdata.at = 0
    parseRdata(type, reader, rdata)
    if (this.ownerState !== 'good') return
    this.faults.records++
    this.sink.add(owner.octets, type, ttl >= 0 ? ttl : this.takeMinimum(), rdata.octets, rdata.at, this.place)
  }

  /** The entry starts with a blank: it has the owner of the one before (RFC 1035 5.1). */
  private keepOwner(reader: TextReader): void {
    if (this.ownerState === 'none') throw reader.fault('record', 'starts with a blank, which stands for the owner of the record before, and there is none')
    reader.unread()
  }

  private readOwner(reader: TextReader): void {
    this.ownerState = 'faulty' // until it is known to be good: entries that inherit it are read for their faults alone
    this.owner.at = 0
    reader.readName(this.owner, 'owner')
    if (!this.isInZone()) throw reader.fault('owner', `is ${printName(this.owner.octets, 0)}, which is outside the zone ${printName(this.options.origin, 0)}`)
    this.ownerState = 'good'
  }

  /** Whether the owner is the zone's name or lies below it. */
  private isInZone(): boolean {
    const { octets } = this.owner
    const { origin } = this.options
    const apexAt = this.owner.at - origin.length
    let at = 0
    while (at < apexAt) at += octets[at] + 1
    if (at !== apexAt) return false
    for (let i = 0; i < origin.length; i++) if (octets[at + i] !== origin[i] && fold(octets[at + i]) !== fold(origin[i])) return false
    return true
  }

  /** TTL and class, each at most once and in either order, up to the type, which is returned (RFC 1035 5.1). */
  private readHead(reader: TextReader): number {
    let hasClass = false
    this.ttl = -1
    for (;;) {
      reader.need('type')
      if (reader.startsWithDigit()) {
        this.readTtl(reader)
        continue
      }
      const type = reader.is('in') ? -1 : readType(reader)
      if (type >= 0) return recordType(type, reader)
      this.readClass(reader, hasClass)
      hasClass = true
    }
  }

  private readTtl(reader: TextReader): void {
    if (this.ttl >= 0) throw misplacedNumber(reader, 'must be a type: the record has a TTL already')
    try {
      this.ttl = this.lastTtl = reader.readTtl('TTL')
    } catch (fault) {
      throw misplacedNumber(reader) ?? fault
    }
  }

  private readClass(reader: TextReader, hasClass: boolean): void {
    const code = readClass(reader)
    if (code < 0) throw unknownType(reader, !this.faults.isFull)
    if (hasClass) throw reader.fault('type', 'is a class, and the record has one already')
    if (code !== this.options.class) throw reader.fault('class', `must be the zone's, which is ${printClass(this.options.class)}`)
  }

  /**
   * TTL of a record in seconds: its own, or $TTL (RFC 2308 4), or that of the last record that had one
   * (RFC 1035 5.1); −1 for a SOA that has none of these and so takes its own MINIMUM.
   */
  private ttlOf(type: number, reader: TextReader): number {
    if (this.ttl >= 0) return this.ttl
    if (this.defaultTtl >= 0) return this.defaultTtl
    if (this.lastTtl >= 0 || type === TYPE.SOA) return this.lastTtl
    this.lastTtl = 0 // reported once: what follows would only repeat it
    throw reader.fault('record of type', 'has no TTL: give it one, or write $TTL before it')
  }

  /** MINIMUM of the SOA just read, which was the default TTL before RFC 2308 4 (RFC 1035 3.3.13); from now on that of records without one. */
  private takeMinimum(): number {
    const { octets, at } = this.rdata
    const minimum = ((octets[at - 4] << 24) | (octets[at - 3] << 16) | (octets[at - 2] << 8) | octets[at - 1]) >>> 0
    this.lastTtl = minimum > MAX_TTL ? 0 : minimum // RFC 2181 8
    return this.lastTtl
  }

  /** Keeps a fault and moves `reader` to where the next entry starts; false where the rest of the text is better not read. */
  private recover(reader: TextReader, error: unknown): boolean {
    const { faults } = this
    const fault = error instanceof WireFault ? new TextFault(error.message, this.place) : error
    if (!(fault instanceof TextFault)) throw error
    const { opening } = reader
    const nextEntry = reader.skipEntry()
    if (nextEntry === 0 || opening === null) {
      faults.add(fault)
      return true
    }
    const isOpening = fault.line === opening.line && fault.column === opening.column
    if (fault.line < nextEntry && !isOpening) faults.add(fault)
    faults.add(new TextFault(`Cannot parse entry as its "(" is never closed: line ${nextEntry} looks like the next entry`, opening))
    return !faults.isFull // each time the text behind is read again, so that this must end
  }
}

/** `type`, if records may have it: those from 128 to 255 are for messages alone (RFC 6895 3.1). */
function recordType(type: number, reader: TextReader): number {
  const isMeta = type === 0 || type === TYPE.OPT || (type >= 128 && type <= 255)
  if (isMeta) throw reader.fault('type', 'is for messages only, no record of a zone has it')
  return type
}

/** `octets` without the byte order mark that some editors put in front. */
function withoutMark(octets: Uint8Array): Uint8Array {
  return octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf ? octets.subarray(3) : octets
}
