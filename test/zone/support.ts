/**
 * What the tests of zone files share: text in, records as text out, so that a test reads like the zone that it is about.
 */
import { CLASS, printType } from '../../src/dns/codes.ts'
import { Name, printName } from '../../src/dns/name.ts'
import { printRdata } from '../../src/dns/rdata.ts'
import { loadZone, type LoadOptions, type ZoneLoad } from '../../src/zone/load.ts'
import { parseZone, type ParseOptions, type ZoneFaults, type ZoneSource } from '../../src/zone/parse.ts'

/** Octets of `text` as a file called `file`. */
export function source(text: string, file = 'z'): ZoneSource {
  return { octets: Buffer.from(text, 'latin1'), file }
}

/** A reader of included files that finds them in `files`. */
export function filesFrom(files: Record<string, string>): NonNullable<ParseOptions['readFile']> {
  return (path) => {
    if (!(path in files)) throw new Error(`no file ${path}`)
    return source(files[path], path)
  }
}

export interface Parsed {
  /** `owner ttl type rdata`, in the order of the text. */
  records: string[]
  /** `line:column` of each record's entry. */
  places: string[]
  faults: ZoneFaults
  /** `file:line:column: message`. */
  messages: string[]
}

/** Parses `text` as a zone called `origin`. */
export function parse(text: string, origin = 'example.com.', options: Partial<ParseOptions> = {}): Parsed {
  const records: string[] = []
  const places: string[] = []
  const faults = parseZone(source(text), { origin: Name.parse(origin).wire, class: CLASS.IN, ...options }, {
    add(owner, type, ttl, rdata, rdataLength, { line, column }) {
      records.push(`${printName(owner, 0)} ${ttl} ${printType(type)} ${printRdata(type, rdata.slice(0, rdataLength))}`)
      places.push(`${line}:${column}`)
    },
  })
  return { records, places, faults, messages: faults.reported.map(String) }
}

/** The records of a text that must have no fault. */
export function recordsOf(text: string, origin = 'example.com.', options: Partial<ParseOptions> = {}): string[] {
  const { records, messages } = parse(text, origin, options)
  if (messages.length > 0) throw new Error(messages.join('\n'))
  return records
}

/** Loads `text` as a zone called `origin`, at a time when nothing has expired that ends after September 2001. */
export function load(text: string, origin = 'example.com.', options: Partial<LoadOptions> = {}): ZoneLoad {
  return loadZone(source(text), { origin: Name.parse(origin).wire, class: CLASS.IN, seed: 7, nowSeconds: 1_000_000_000, nowMs: () => 0, ...options })
}
