/**
 * What is kept of a zone as a whole, in the space `zone`: the serial that was served last, and of which file. So a
 * serial never goes back, whatever becomes of the process or the file, and moves on exactly where the content did.
 *
 *     key     as the prefix of the overlay's keys
 *     value   1 | serial u32 | the file's serial u32 | fingerprint of the file 8 | [TTL u32 | RDATA of a SOA that an update gave]
 */
import { TYPE } from '../dns/codes.ts'
import { WireFault } from '../dns/faults.ts'
import { WireReader, WireWriter } from '../dns/octets.ts'
import { addSerial, isNewerSerial, type Serial } from '../dns/serial.ts'
import type { Keeper, KeptWrite } from './contract.ts'
import { type EditorDraft } from './draft.ts'
import { restAsRdata } from './records.ts'

const FORMAT = 1
const FINGERPRINT_OCTETS = 8

/** What is known of a zone's file: `fingerprint` differs where its records do. */
export interface FileState {
  serial: Serial
  fingerprint: Uint8Array
}

/** What is kept of a zone. */
export interface ZoneState {
  serial: Serial
  file: FileState
  /** The SOA as an update has set it; undefined where the file's stands. */
  soa: { ttl: number; rdata: Uint8Array } | undefined
}

/** The write that keeps `state`. */
export function keepState(key: Uint8Array, { serial, file, soa }: ZoneState): KeptWrite {
  const out = new WireWriter(64)
  out.u8(FORMAT)
  out.u32(serial)
  out.u32(file.serial)
  out.bytes(file.fingerprint)
  if (soa !== undefined) {
    out.u32(soa.ttl)
    out.bytes(soa.rdata)
  }
  return { space: 'zone', key, value: out.finish() }
}

/** What was kept; undefined where nothing was. WireFault where it is damaged. */
export function readState(keeper: Keeper, key: Uint8Array): ZoneState | undefined {
  const value = keeper.get('zone', key)
  if (value === undefined) return undefined
  const reader = new WireReader(value)
  if (reader.u8() !== FORMAT) throw new WireFault('Cannot read the state of a zone as it is of no known format', 0)
  const serial = reader.u32()
  const file = { serial: reader.u32(), fingerprint: Uint8Array.from(reader.bytes(FINGERPRINT_OCTETS)) }
  const soa = reader.remaining === 0 ? undefined : { ttl: reader.u32(), rdata: restAsRdata(TYPE.SOA, reader) }
  return { serial, file, soa }
}

/**
 * Gives the zone in `draft`, loaded from its file, the serial to be served, and the SOA that an update gave where the file is still
 * that one. `isChanged`: what lies over the file is not what it was. Gives the state from now on.
 */
export function settleState(draft: EditorDraft, file: FileState, kept: ZoneState | undefined, isChanged: boolean): ZoneState {
  if (kept === undefined) return { serial: file.serial, file, soa: undefined }
  const isSameFile = file.serial === kept.file.serial && Buffer.compare(file.fingerprint, kept.file.fingerprint) === 0
  const soa = isSameFile ? kept.soa : undefined
  if (soa !== undefined) draft.putSoa(soa.ttl, soa.rdata)
  const serial = isNewerSerial(file.serial, kept.serial) ? file.serial : isSameFile && !isChanged ? kept.serial : addSerial(kept.serial, 1) || 1
  draft.setSerial(serial)
  return { serial, file, soa }
}

/** The SOA that stands in the draft, where an update has changed it. */
export function soaOf(draft: EditorDraft): ZoneState['soa'] {
  const soa = draft.rrset(draft.apex, TYPE.SOA)
  return soa && { ttl: soa.ttl, rdata: soa.rdatas[0] }
}
