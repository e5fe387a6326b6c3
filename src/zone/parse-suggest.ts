/**
 * Faults that say what was most likely meant: a mistyped type or directive, an address without its type, a
 * number in the wrong place. Made only once something is wrong, so they may take their time.
 */
import { readIpv4, readIpv6 } from '../dns/address.ts'
import { CLASS, TYPE } from '../dns/codes.ts'
import type { TextFault } from '../dns/faults.ts'
import { suggestion } from '../dns/nearest.ts'
import type { TextReader } from '../dns/text.ts'

const scratch = new Uint8Array(16)

/** The current token stands where a TTL, a class or a type is wanted, and is none; `suggest` what was meant only where somebody reads it. */
export function unknownType(reader: TextReader, suggest: boolean): TextFault {
  const address = addressWithoutType(reader)
  if (address !== undefined) return address
  const word = reader.word()
  const near = suggest ? suggestion(word, [...Object.keys(TYPE), ...Object.keys(CLASS)]) : ''
  return reader.fault('type', near === '' ? 'must be a TTL, a class or a type' : `is not a known type${near}`)
}

/** The current token starts like a TTL and is none that can stand here; `reason` where it is one too many. Undefined where readTtl's own fault says it best. */
export function misplacedNumber(reader: TextReader, reason: string): TextFault
export function misplacedNumber(reader: TextReader): TextFault | undefined
export function misplacedNumber(reader: TextReader, reason?: string): TextFault | undefined {
  return addressWithoutType(reader) ?? (reason === undefined ? undefined : reader.fault('type', reason))
}

/** Where an address stands in place of the type, the type was forgotten. */
function addressWithoutType(reader: TextReader): TextFault | undefined {
  const { octets, start, end } = reader
  const type = readIpv4(octets, start, end, scratch, 0) ? 'A' : readIpv6(octets, start, end, scratch, 0) ? 'AAAA' : undefined
  return type && reader.fault('type', `is an address; did you mean "${type} ${reader.word()}"?`)
}
