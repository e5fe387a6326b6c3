/**
 * Finds the record that signs a message, in the message's octets: TSIG (RFC 8945 5.1) or SIG(0) (RFC 2931 3.1), each
 * the last record of the additional section. A signature is made over octets, so it is found by octets: the
 * decoded message would have lost its compression and its case.
 *
 *     [ header, ARCOUNT n | … records … | TSIG or SIG ]
 *     [ header, ARCOUNT n-1 | … records … ]            ← what the signature covers
 */
import { CLASS, TYPE } from '../dns/codes.ts'
import { WireFault } from '../dns/faults.ts'
import { MAX_LABEL_OCTETS } from '../dns/limits.ts'
import { Name } from '../dns/name.ts'
import { WireReader } from '../dns/octets.ts'

/** Octets of a header (RFC 1035 4.1.1). */
export const HEADER_OCTETS = 12
/** Where the header counts the additional section. */
export const ARCOUNT_AT = 10

/** The record that signs a message. */
export interface SignatureRecord {
  kind: 'tsig' | 'sig0'
  /** Octets of the message before the record. */
  at: number
  owner: Name
  /** Its RDATA; a view. */
  rdata: Uint8Array
  rdataAt: number
}

/**
 * The signature of the message `octets`, or undefined where it has none. WireFault where the message is cut short, or a
 * signature stands where none may (RFC 8945 5.2: FORMERR) or is of another class or TTL than it must (RFC 8945 4.2).
 */
export function findSignature(octets: Uint8Array): SignatureRecord | undefined {
  const reader = new WireReader(octets)
  reader.skip(4)
  const questions = reader.u16()
  const skipped = reader.u16() + reader.u16()
  const records = skipped + reader.u16()
  for (let i = 0; i < questions; i++) {
    skipName(reader)
    reader.skip(4)
  }
  for (let i = 0; i < records - 1; i++) skipRecord(reader, i >= skipped)
  return records === 0 || records === skipped ? skipLast(reader, records) : readLast(reader)
}

/** Walks over a record that may not sign. */
function skipRecord(reader: WireReader, isAdditional: boolean): void {
  const at = reader.at
  skipName(reader)
  const type = reader.u16()
  reader.skip(6)
  const size = reader.u16()
  const rdataAt = reader.at
  reader.skip(size)
  if (type === TYPE.TSIG || (isAdditional && isSig0(type, reader.octets, rdataAt, size))) throw new WireFault('Cannot read signature as it must be the last record of the additional section', at)
}

function skipLast(reader: WireReader, records: number): undefined {
  if (records > 0) skipRecord(reader, false)
  needEnd(reader)
}

function readLast(reader: WireReader): SignatureRecord | undefined {
  const { at, octets } = reader
  const owner = Name.read(reader)
  const type = reader.u16()
  const rdataClass = reader.u16()
  const ttl = reader.u32()
  const size = reader.u16()
  const rdataAt = reader.at
  reader.skip(size)
  needEnd(reader)
  if (type !== TYPE.TSIG && !isSig0(type, octets, rdataAt, size)) return undefined
  if (type === TYPE.TSIG && (rdataClass !== CLASS.ANY || ttl !== 0)) throw new WireFault('Cannot read TSIG as its class must be ANY and its TTL 0', at) // RFC 8945 4.2
  return { kind: type === TYPE.TSIG ? 'tsig' : 'sig0', at, owner, rdata: octets.subarray(rdataAt, rdataAt + size), rdataAt }
}

function isSig0(type: number, octets: Uint8Array, rdataAt: number, size: number): boolean {
  return type === TYPE.SIG && size > 2 && octets[rdataAt] === 0 && octets[rdataAt + 1] === 0 // RFC 2931 3: it covers no type
}

function needEnd(reader: WireReader): void {
  if (reader.remaining > 0) throw new WireFault(`Cannot read message as ${reader.remaining} octets follow its last record`, reader.at)
}

/** Walks over a name without following its pointer: what it says is not needed here. */
function skipName(reader: WireReader): void {
  for (;;) {
    const size = reader.u8()
    if (size === 0) return
    if (size >= 0xc0) return void reader.u8()
    if (size > MAX_LABEL_OCTETS) throw new WireFault('Cannot read label as its type is not 00 or a pointer', reader.at - 1)
    reader.skip(size)
  }
}

/** A copy of the message as it was before its signature was added: without it, and one record less in ARCOUNT (RFC 8945 4.3.3, RFC 2931 3.1). */
export function withoutSignature(octets: Uint8Array, at: number): Uint8Array {
  const bare = new Uint8Array(octets.subarray(0, at)) // slice() of a Buffer would be a view
  const count = ((bare[ARCOUNT_AT] << 8) | bare[ARCOUNT_AT + 1]) - 1
  bare[ARCOUNT_AT] = count >>> 8
  bare[ARCOUNT_AT + 1] = count
  return bare
}

/** A copy of the message with `record` (owner, type, class, TTL and RDATA as octets) behind it, counted in ARCOUNT. */
export function withRecord(message: Uint8Array, record: Uint8Array): Uint8Array {
  const out = new Uint8Array(message.length + record.length)
  out.set(message)
  out.set(record, message.length)
  const count = ((message[ARCOUNT_AT] << 8) | message[ARCOUNT_AT + 1]) + 1
  out[ARCOUNT_AT] = count >>> 8
  out[ARCOUNT_AT + 1] = count
  return out
}
