/**
 * TSIG (RFC 8945): a message signed by a secret that both sides share. What is signed, with what, and the record
 * that carries it; who may be told what of a failure stands in authenticate.ts.
 *
 *     request    HMAC over                     message | variables
 *     response   HMAC over   request's MAC   | message | variables
 *     variables  key name, ANY, 0, algorithm name, time 48, fudge 16, error 16, other length 16, other
 *     message    without its TSIG, ARCOUNT without it, and with the original ID (RFC 8945 4.3.3)
 */
import { timingSafeEqual } from 'node:crypto'
import { CLASS, RCODE, TYPE } from '../dns/codes.ts'
import { WireFault } from '../dns/faults.ts'
import { TSIG_FUDGE_SECONDS } from '../dns/limits.ts'
import { fold, Name } from '../dns/name.ts'
import { WireReader, WireWriter } from '../dns/octets.ts'
import type { FieldsOf } from '../dns/rdata.ts'
import type { TSIG } from '../dns/rr/transactions.ts'
import { Hmac } from './hmac.ts'
import { ARCOUNT_AT, type SignatureRecord } from './signed-message.ts'
import { leastMacOctets, wholeAlgorithm, type TsigAlgorithm } from './tsig-algorithms.ts'

/** The fields of a TSIG record (RFC 8945 4.2); times are seconds since 1970. */
export type TsigFields = FieldsOf<typeof TSIG>

/** A shared secret, ready for use. */
export interface TsigKey {
  readonly name: Name
  readonly algorithm: TsigAlgorithm
  readonly hmac: Hmac
  /** Fewest octets of a MAC that are accepted: local policy (RFC 8945 5.2.4). */
  readonly leastMacOctets: number
  /** The part of the variables that no message changes (RFC 8945 4.3.3): name and algorithm folded (RFC 4034 6.2), class, TTL. */
  readonly variables: Uint8Array
  /** The same secret under the name of the whole HMAC, where the algorithm carries a part: BIND writes hmac-sha256-128 as hmac-sha256 with a short MAC. */
  readonly whole?: TsigKey
}

/** The key `name` with the octets of its secret. MACs are accepted whole only, unless `leastMac` (at least leastMacOctets of the algorithm) says less. */
export function makeTsigKey(name: Name, algorithm: TsigAlgorithm, secret: Uint8Array, leastMac: number = algorithm.macOctets): TsigKey {
  const out = new WireWriter(128)
  out.bytes(name.wire.map(fold))
  out.u16(CLASS.ANY)
  out.u32(0)
  out.bytes(algorithm.name.wire)
  const least = Math.max(leastMac, leastMacOctets(algorithm))
  const whole = wholeAlgorithm(algorithm)
  const parts = whole === algorithm ? {} : { whole: makeTsigKey(name, whole, secret, algorithm.macOctets) }
  return { name, algorithm, hmac: new Hmac(algorithm.hash, secret), leastMacOctets: least, variables: out.finish(), ...parts }
}

/** Keys by `Name.key`. */
export type TsigKeyring = ReadonlyMap<string, TsigKey>

/** The keys by name. RangeError where two share one, which whoever reads them must have refused. */
export function makeKeyring(keys: Iterable<TsigKey>): TsigKeyring {
  const ring = new Map<string, TsigKey>()
  for (const key of keys) {
    if (ring.has(key.name.key)) throw new RangeError(`Cannot hold two TSIG keys named ${key.name.toString()}`)
    ring.set(key.name.key, key)
  }
  return ring
}

/** The key that a request names by owner and algorithm; undefined is BADKEY (RFC 8945 5.2.1). */
export function findKey(ring: TsigKeyring, owner: Name, algorithm: Name): TsigKey | undefined {
  const key = ring.get(owner.key)
  return key === undefined || key.algorithm.name.equals(algorithm) ? key : key.whole?.algorithm.name.equals(algorithm) === true ? key.whole : undefined
}

/** The fields of a TSIG record that `findSignature` found, octets as views of the message. WireFault where its RDATA is malformed: FORMERR. As by `readRdata`, for the one type that comes with every update. */
export function readTsig({ rdata }: SignatureRecord): TsigFields {
  const wire = new WireReader(rdata)
  const algorithm = Name.read(wire, false) // RFC 8945 4.2: not compressed
  const timeSigned = wire.u48()
  const fudge = wire.u16()
  const mac = wire.bytes(wire.u16())
  const originalId = wire.u16()
  const error = wire.u16()
  const other = wire.bytes(wire.u16())
  if (wire.remaining > 0) throw new WireFault(`Cannot read TSIG data as ${wire.remaining} octets are left over`, wire.at)
  return { algorithm, timeSigned, fudge, mac, originalId, error, other }
}

/** Errors of TSIG itself (RFC 8945 3); 0 is none. */
export type TsigError = 0 | typeof RCODE.BADSIG | typeof RCODE.BADKEY | typeof RCODE.BADTIME | typeof RCODE.BADTRUNC

/** Whether the record's MAC can be one of its algorithm: not longer, nor shorter than half of it or 10 octets (RFC 8945 5.2.2.1, FORMERR). */
export function isPossibleMac(mac: Uint8Array, algorithm: TsigAlgorithm): boolean {
  return mac.length <= algorithm.macOctets && mac.length >= leastMacOctets(algorithm)
}

/**
 * What is wrong with a signature whose key is known, in the order of RFC 8945 5.2: BADSIG, BADTIME, BADTRUNC, or 0. `prior` is the MAC that
 * precedes the message (RFC 8945 4.3.1): the request's, or undefined in a request.
 */
export function judgeTsig(octets: Uint8Array, record: SignatureRecord, fields: TsigFields, key: TsigKey, prior: Uint8Array | undefined, nowSeconds: number): TsigError {
  const out = beginMac(key, prior)
  writeSigned(octets, record.at, fields.originalId, -1, out)
  writeVariables(key, fields, out)
  if (!isSameMac(fields.mac, key.hmac.end())) return RCODE.BADSIG
  if (!isTimely(fields, nowSeconds)) return RCODE.BADTIME
  return fields.mac.length < key.leastMacOctets ? RCODE.BADTRUNC : 0
}

/** Whether a MAC is the beginning of `whole`, compared in a time that tells nothing of where they differ. */
export function isSameMac(mac: Uint8Array, whole: Uint8Array): boolean {
  return mac.length > 0 && mac.length <= whole.length && timingSafeEqual(mac, whole.subarray(0, mac.length))
}

/** RFC 8945 5.2.3, with the client's fudge bounded by ours. */
export function isTimely({ timeSigned, fudge }: TsigFields, nowSeconds: number): boolean {
  return Math.abs(nowSeconds - timeSigned) <= Math.min(fudge, TSIG_FUDGE_SECONDS)
}

// ---- What is signed, written straight into the HMAC: a message costs no copy ----

/** Begins a MAC, with the prior one and its length before all else (RFC 8945 4.3.1). What is signed is written to the writer given, then `key.hmac.end` gives the MAC. */
export function beginMac(key: TsigKey, prior: Uint8Array | undefined): WireWriter {
  const out = key.hmac.begin()
  if (prior === undefined) return out
  out.u16(prior.length)
  out.bytes(prior)
  return out
}

/** Writes the first `end` octets of a message with another ID, as a forwarder may have changed it, and `change` records more in ARCOUNT (RFC 8945 4.3.3). */
export function writeSigned(octets: Uint8Array, end: number, id: number, change: 0 | -1, out: WireWriter): void {
  const { at } = out
  out.bytes(end === octets.length ? octets : octets.subarray(0, end))
  out.patch16(at, id)
  out.patch16(at + ARCOUNT_AT, ((octets[ARCOUNT_AT] << 8) | octets[ARCOUNT_AT + 1]) + change)
}

/** TSIG variables (RFC 8945 4.3.3). */
function writeVariables(key: TsigKey, { timeSigned, fudge, error, other }: Pick<TsigFields, 'timeSigned' | 'fudge' | 'error' | 'other'>, out: WireWriter): void {
  out.bytes(key.variables)
  out.u48(timeSigned)
  out.u16(fudge)
  out.u16(error)
  out.u16(other.length)
  out.bytes(other)
}

/** TSIG timers, which is all that messages after the first of a TCP response add (RFC 8945 5.3.1). */
export function writeTimers({ timeSigned, fudge }: Pick<TsigFields, 'timeSigned' | 'fudge'>, out: WireWriter): void {
  out.u48(timeSigned)
  out.u16(fudge)
}

const NO_OCTETS = new Uint8Array(0)

/** A request and the MAC under which its response will be signed. */
export interface SignedRequest {
  octets: Uint8Array
  mac: Uint8Array
}

/** The request `message` signed by `key` (RFC 8945 5.1). */
export function signTsigRequest(message: Uint8Array, key: TsigKey, nowSeconds: number, fudge: number = TSIG_FUDGE_SECONDS): SignedRequest {
  const fields = { algorithm: key.algorithm.name, timeSigned: nowSeconds, fudge, mac: NO_OCTETS, originalId: (message[0] << 8) | message[1], error: 0, other: NO_OCTETS }
  const out = beginMac(key, undefined)
  out.bytes(message)
  writeVariables(key, fields, out)
  const mac = key.hmac.end().subarray(0, key.algorithm.macOctets)
  return { octets: withTsig(message, key.name, { ...fields, mac }), mac }
}

/** The message with a TSIG record of these fields behind it. */
export function withTsig(message: Uint8Array, owner: Name, fields: TsigFields): Uint8Array {
  const rdlength = fields.algorithm.wire.length + TSIG_FIXED_OCTETS + fields.mac.length + fields.other.length
  const size = message.length + owner.wire.length + RECORD_HEAD_OCTETS + rdlength
  const out = new WireWriter(0, size)
  out.octets = memoryOf(size)
  out.bytes(message)
  out.patch16(ARCOUNT_AT, ((message[ARCOUNT_AT] << 8) | message[ARCOUNT_AT + 1]) + 1)
  out.bytes(owner.wire)
  out.u16(TYPE.TSIG)
  out.u16(CLASS.ANY)
  out.u32(0)
  out.u16(rdlength)
  writeTsig(fields, out)
  return out.octets // of just that size
}

/** Octets of the block that signed messages are cut off from, and the most that one of them takes from it. */
const BLOCK_OCTETS = 16_384
const LARGEST_PIECE = 1_024
let block = new Uint8Array(0)
let blockAt = 0

/** Memory for a message: a piece of a block, as a block for each would be one more that the collector has to find and give back. */
function memoryOf(size: number): Uint8Array {
  if (size > LARGEST_PIECE) return new Uint8Array(size)
  if (blockAt + size > block.length) {
    block = new Uint8Array(BLOCK_OCTETS)
    blockAt = 0
  }
  return block.subarray(blockAt, (blockAt += size))
}

/** As by `writeFields`. */
function writeTsig({ algorithm, timeSigned, fudge, mac, originalId, error, other }: TsigFields, out: WireWriter): void {
  out.bytes(algorithm.wire)
  out.u48(timeSigned)
  out.u16(fudge)
  out.u16(mac.length)
  out.bytes(mac)
  out.u16(originalId)
  out.u16(error)
  out.u16(other.length)
  out.bytes(other)
}

/** Octets of TYPE, CLASS, TTL and RDLENGTH (RFC 1035 3.2.1). */
const RECORD_HEAD_OCTETS = 10
/** Octets of RDATA beside the algorithm's name, the MAC and the other data (RFC 8945 4.2). */
const TSIG_FIXED_OCTETS = 16

/** What a response must be signed with: kept from the request. */
export interface TsigSeal {
  readonly kind: 'tsig'
  /** None where the response goes unsigned: BADKEY and BADSIG (RFC 8945 5.3.2). */
  readonly key: TsigKey | undefined
  readonly owner: Name
  /** The request's own fields. */
  readonly request: TsigFields
  readonly error: TsigError
  /** Where the memory of responses keeps this one. */
  readonly remembered?: number
}

/** Octets that the seal adds to a response: what must be left free below its limit (RFC 8945 5.3). */
export function tsigOctets({ key, owner, request, error }: TsigSeal): number {
  const mac = key === undefined ? 0 : Math.max(request.mac.length, key.leastMacOctets)
  return owner.wire.length + RECORD_HEAD_OCTETS + request.algorithm.wire.length + TSIG_FIXED_OCTETS + mac + (error === RCODE.BADTIME ? 6 : 0)
}

/**
 * `response` under its seal (RFC 8945 5.3). With BADTIME it says the client's own time, so that the client can check it, and the
 * server's in Other Data (RFC 8945 5.2.3). The MAC is as long as the request's.
 */
export function sealTsig(response: Uint8Array, seal: TsigSeal, nowSeconds: number): { octets: Uint8Array; mac: Uint8Array } {
  const { key, owner, request, error } = seal
  const { algorithm, originalId } = request
  const isEcho = error === RCODE.BADTIME || key === undefined
  const times = isEcho ? { timeSigned: request.timeSigned, fudge: request.fudge } : { timeSigned: nowSeconds, fudge: TSIG_FUDGE_SECONDS }
  const fields = { algorithm, ...times, mac: NO_OCTETS, originalId, error, other: error === RCODE.BADTIME ? writeTime(nowSeconds) : NO_OCTETS }
  if (key === undefined) return { octets: withTsig(response, owner, fields), mac: NO_OCTETS } // RFC 8945 5.3.2
  const out = beginMac(key, request.mac)
  writeSigned(response, response.length, originalId, 0, out)
  writeVariables(key, fields, out)
  const mac = key.hmac.end().subarray(0, Math.max(request.mac.length, key.leastMacOctets))
  return { octets: withTsig(response, owner, { ...fields, mac }), mac }
}

function writeTime(seconds: number): Uint8Array {
  const out = new WireWriter(6)
  out.u48(seconds)
  return out.finish()
}
