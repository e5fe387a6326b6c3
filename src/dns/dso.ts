/**
 * DNS Stateful Operations (RFC 8490): messages of a session over one connection, and DNS Push Notifications that
 * live in it (RFC 8765). They have the header of every message, counts of zero, and TLVs behind it.
 *
 *     header 12, opcode 6, all counts 0 | TYPE u16 | LENGTH u16 | DATA … | further TLVs
 *
 * The first TLV of a request says what it is about; what stands behind it adds to it. An ID of 0 wants no response.
 */
import { CLASS, OPCODE, TYPE } from './codes.ts'
import { WireFault } from './faults.ts'
import { MAX_DSO_TLVS, MAX_PUSH_OCTETS } from './limits-sessions.ts'
import type { DnsRecord } from './message.ts'
import { Name } from './name.ts'
import { WireReader, WireWriter } from './octets.ts'
import { copyRdata } from './rdata.ts'

/** Types of TLVs (RFC 8490 7, RFC 8765 6). */
export const DSO = { KEEPALIVE: 1, RETRY_DELAY: 2, ENCRYPTION_PADDING: 3, SUBSCRIBE: 0x40, PUSH: 0x41, UNSUBSCRIBE: 0x42, RECONFIRM: 0x43 } as const

/** One TLV: its type, its octets, and where they start in the message, for names that point back (RFC 1035 4.1.4). */
export interface DsoTlv {
  type: number
  data: Uint8Array
  at?: number
}

/** A message of a session. Without `response` and with ID 0 it is one that wants no response. */
export interface DsoMessage {
  id: number
  response: boolean
  rcode: number
  /** Of a request the first is what it is about. */
  tlvs: DsoTlv[]
}

/** How long a session may be silent, in milliseconds; 4294967295 is for ever (RFC 8490 7.1). */
export interface KeepaliveTimes {
  /** Without anything subscribed or under way. */
  inactivityMs: number
  /** Without any message. */
  intervalMs: number
}

/** What is subscribed to (RFC 8765 6.2.1); type and class may be 255 for all. */
export interface PushTopic {
  name: Name
  type: number
  class: number
}

/** A change (RFC 8765 6.3.1): a record that has come, with its TTL; one that has gone; or all of a name, type and class, each of the latter 255 for all. */
export type PushChange =
  | { kind: 'add'; record: DnsRecord }
  | { kind: 'remove'; record: Omit<DnsRecord, 'ttl'> }
  | { kind: 'clear'; name: Name; type: number; class: number }

const HEADER_OCTETS = 12
const TLV_HEAD_OCTETS = 4
const RESPONSE = 0x8000
/** TTLs that are no times (RFC 8765 6.3.1). */
const REMOVE = 0xffff_ffff
const CLEAR = 0xffff_fffe
const MOST_TTL = 0x7fff_ffff

/** The message that `octets` hold. WireFault: another opcode, counts that are not zero (RFC 8490 5.4), a TLV that runs past the end, or more than MAX_DSO_TLVS. */
export function decodeDso(octets: Uint8Array): DsoMessage {
  const reader = new WireReader(octets)
  const id = reader.u16()
  const flags = reader.u16()
  if (((flags >> 11) & 15) !== OPCODE.DSO) throw new WireFault('Cannot read DSO message as its opcode is another', 2)
  for (let i = 0; i < 4; i++) if (reader.u16() !== 0) throw new WireFault('Cannot read DSO message as its counts must be zero', reader.at - 2)
  const tlvs: DsoTlv[] = []
  while (reader.remaining > 0) {
    if (tlvs.length === MAX_DSO_TLVS) throw new WireFault(`Cannot read DSO message as it holds more than ${MAX_DSO_TLVS} TLVs`, reader.at)
    const type = reader.u16()
    const size = reader.u16()
    const { at } = reader
    tlvs.push({ type, data: reader.bytes(size), at })
  }
  return { id, response: (flags & RESPONSE) !== 0, rcode: flags & 15, tlvs }
}

/** The octets of a message. WireFault: more than a message holds. */
export function encodeDso({ id, response, rcode, tlvs }: DsoMessage): Uint8Array {
  const out = new WireWriter(HEADER_OCTETS + tlvs.reduce((sum, { data }) => sum + TLV_HEAD_OCTETS + data.length, 0))
  out.u16(id)
  out.u16((response ? RESPONSE : 0) | (OPCODE.DSO << 11) | rcode)
  out.u32(0)
  out.u32(0)
  for (const { type, data } of tlvs) {
    out.u16(type)
    out.u16(data.length)
    out.bytes(data)
  }
  return out.finish()
}

/** Keepalive (RFC 8490 7.1). */
export function keepaliveTlv({ inactivityMs, intervalMs }: KeepaliveTimes): DsoTlv {
  const out = new WireWriter(8)
  out.u32(inactivityMs)
  out.u32(intervalMs)
  return { type: DSO.KEEPALIVE, data: out.finish() }
}

/** What a Keepalive says. WireFault: another length than its own. */
export function readKeepalive({ data }: DsoTlv): KeepaliveTimes {
  const reader = new WireReader(data)
  return whole(reader, { inactivityMs: reader.u32(), intervalMs: reader.u32() })
}

/** Retry Delay (RFC 8490 7.2), in milliseconds. */
export function retryDelayTlv(delayMs: number): DsoTlv {
  const out = new WireWriter(4)
  out.u32(delayMs)
  return { type: DSO.RETRY_DELAY, data: out.finish() }
}

/** Milliseconds of a Retry Delay. WireFault: another length than its own. */
export function readRetryDelay({ data }: DsoTlv): number {
  const reader = new WireReader(data)
  return whole(reader, reader.u32())
}

/** SUBSCRIBE (RFC 8765 6.2.1). */
export function subscribeTlv({ name, type, class: rrClass }: PushTopic): DsoTlv {
  const out = new WireWriter(name.wire.length + 4)
  out.bytes(name.wire)
  out.u16(type)
  out.u16(rrClass)
  return { type: DSO.SUBSCRIBE, data: out.finish() }
}

/** What a SUBSCRIBE asks for; its name stands uncompressed. WireFault: malformed, or octets behind it. */
export function readSubscribe({ data }: DsoTlv): PushTopic {
  const reader = new WireReader(data)
  return whole(reader, { name: Name.read(reader, false), type: reader.u16(), class: reader.u16() })
}

/** UNSUBSCRIBE (RFC 8765 6.4.1) from what the SUBSCRIBE with this ID asked for. */
export function unsubscribeTlv(id: number): DsoTlv {
  const out = new WireWriter(2)
  out.u16(id)
  return { type: DSO.UNSUBSCRIBE, data: out.finish() }
}

/** The ID of an UNSUBSCRIBE. WireFault: another length than its own. */
export function readUnsubscribe({ data }: DsoTlv): number {
  const reader = new WireReader(data)
  return whole(reader, reader.u16())
}

/** Messages that tell the changes in their order, each of MAX_PUSH_OCTETS at most (RFC 8765 6.3); none for none. What alone is larger than that has a message of its own. WireFault: a record that no message can hold. */
export function pushMessages(changes: readonly PushChange[]): Uint8Array[] {
  const messages: Uint8Array[] = []
  const out = new WireWriter(512)
  const end = (): void => {
    if (out.at === 0) return
    messages.push(encodeDso({ id: 0, response: false, rcode: 0, tlvs: [{ type: DSO.PUSH, data: out.view() }] }))
    out.reset()
  }
  for (const change of changes) {
    if (out.at + octetsOf(change) > MAX_PUSH_OCTETS - HEADER_OCTETS - TLV_HEAD_OCTETS) end()
    writeChange(change, out)
  }
  end()
  return messages
}

/** The changes that a PUSH tells; `octets` are those of the whole message. WireFault: malformed, or none. */
export function readPush(octets: Uint8Array, { at = 0, data }: DsoTlv): PushChange[] {
  const reader = new WireReader(octets, at, at + data.length)
  const changes: PushChange[] = []
  do changes.push(readChange(reader))
  while (reader.remaining > 0)
  return changes
}

function octetsOf(change: PushChange): number {
  if (change.kind === 'clear') return change.name.wire.length + 10
  return change.record.name.wire.length + 10 + change.record.rdata.length
}

function writeChange(change: PushChange, out: WireWriter): void {
  const isClear = change.kind === 'clear'
  const { name, type, class: rrClass } = isClear ? change : change.record
  out.bytes(name.wire)
  out.u16(type)
  out.u16(rrClass)
  out.u32(change.kind === 'add' ? Math.min(MOST_TTL, change.record.ttl) : isClear ? CLEAR : REMOVE)
  out.u16(isClear ? 0 : change.record.rdata.length)
  if (!isClear) out.bytes(change.record.rdata)
}

function readChange(reader: WireReader): PushChange {
  const name = Name.read(reader)
  const type = reader.u16()
  const rrClass = reader.u16()
  const ttl = reader.u32()
  const size = reader.u16()
  if (size > reader.remaining) throw new WireFault(`Cannot read RDATA as only ${reader.remaining} of its ${size} octets are there`, reader.at)
  if (ttl === CLEAR) {
    if (size > 0) throw new WireFault('Cannot read change as a collective removal has no RDATA', reader.at)
    return { kind: 'clear', name, type, class: rrClass }
  }
  // We differ: RFC 8765 6.3.1 passes such a change over, which would leave the two sides of a session with different records
  if (ttl > MOST_TTL && ttl !== REMOVE) throw new WireFault(`Cannot read change as its TTL ${ttl} means nothing`, reader.at - 6)
  if (type === TYPE.ANY || rrClass === CLASS.ANY) throw new WireFault('Cannot read change as a single record has a type and a class', reader.at - 10) // RFC 8765 6.3.1
  const rdata = readRdata(reader, type, size)
  return ttl === REMOVE ? { kind: 'remove', record: { name, type, class: rrClass, rdata } } : { kind: 'add', record: { name, type, class: rrClass, ttl, rdata } }
}

function readRdata(reader: WireReader, type: number, size: number): Uint8Array {
  const out = new WireWriter(Math.max(64, size))
  const { end } = reader
  reader.end = reader.at + size
  copyRdata(type, reader, out)
  reader.end = end
  return out.finish()
}

/** `value`, if all of the TLV was read for it. */
function whole<T>(reader: WireReader, value: T): T {
  if (reader.remaining > 0) throw new WireFault(`Cannot read TLV as ${reader.remaining} octets follow what it says`, reader.at)
  return value
}
