/**
 * SIG(0) (RFC 2931): a message signed by a private key whose public half is a KEY record, so that an agent proves who it is
 * without a secret shared with the server.
 *
 *     of a request     SIG RDATA without signature | request without SIG
 *     of a response    SIG RDATA without signature | request with its SIG | response without SIG
 *
 * The SIG record is the last of the additional section, of the root, class ANY and TTL 0 (RFC 2931 3); it covers no type.
 */
import type { KeyObject } from 'node:crypto'
import { CLASS, TYPE } from '../dns/codes.ts'
import { WireFault } from '../dns/faults.ts'
import { Name } from '../dns/name.ts'
import { WireReader, WireWriter } from '../dns/octets.ts'
import { compareSerials } from '../dns/serial.ts'
import { isWholeKey, keyTag, makeSignature, signatureOctets } from './public-key.ts'
import { withoutSignature, withRecord, type SignatureRecord } from './signed-message.ts'

/** Octets of SIG RDATA before the signer's name (RFC 2535 4.1). */
const FIXED_OCTETS = 18
/** Octets of the record before its RDATA: the root, type, class, TTL, length. */
const RECORD_HEAD_OCTETS = 11

/** The fields of a SIG(0) that say something (RFC 2931 3). */
export interface Sig0Fields {
  algorithm: number
  /** Seconds since 1970, on the circle of RFC 1982. */
  expiration: number
  inception: number
  keyTag: number
  signer: Name
  signature: Uint8Array
  /** RDATA up to the signature: the beginning of what is signed. */
  head: Uint8Array
}

/** The fields of a SIG(0) that `findSignature` found. WireFault where its RDATA is malformed, or the signer's name compressed (RFC 3597 4). */
export function readSig0({ rdata }: SignatureRecord): Sig0Fields {
  const reader = new WireReader(rdata)
  reader.bytes(2) // type covered is 0, or the record had not been found
  const algorithm = reader.u8()
  reader.bytes(5) // labels and original TTL SHOULD be 0 and are ignored (RFC 2931 3)
  const expiration = reader.u32()
  const inception = reader.u32()
  const tag = reader.u16()
  const signer = Name.read(reader, false)
  const head = rdata.subarray(0, reader.at)
  const signature = reader.rest()
  if (signature.length === 0) throw new WireFault('Cannot read SIG(0) as it holds no signature', 0)
  return { algorithm, expiration, inception, keyTag: tag, signer, signature, head }
}

/** What a SIG(0) signs; `request` is the whole request with its own SIG where the message is a response (RFC 2931 3.1). */
export function signedOctets(octets: Uint8Array, { at }: SignatureRecord, { head }: Sig0Fields, request?: Uint8Array): Uint8Array {
  return Buffer.concat([head, ...(request === undefined ? [] : [request]), withoutSignature(octets, at)])
}

/** Whether now lies within the signature's times, which run on a circle (RFC 2931 3.3, RFC 4034 3.1.5). */
export function isWithinTimes({ inception, expiration }: Pick<Sig0Fields, 'inception' | 'expiration'>, nowSeconds: number): boolean {
  const now = nowSeconds % 0x1_0000_0000
  return isAtOrBefore(inception, now) && isAtOrBefore(now, expiration)
}

function isAtOrBefore(a: number, b: number): boolean {
  const order = compareSerials(a, b)
  return order === -1 || order === 0
}

/** Whether a signer without a clock left both times at 0, as devices do that register by SRP (RFC 9665). */
export function isTimeless({ inception, expiration }: Pick<Sig0Fields, 'inception' | 'expiration'>): boolean {
  return inception === 0 && expiration === 0
}

/** The bits of KEY flags that forbid authentication (RFC 2535 3.1.2: A/C 10), or say that there is no key (11). */
const NO_AUTHENTICATION = 0x8000
/** The bits of RFC 2535 3.1.2 that name a key for a zone; RFC 3445 4 leaves such keys to DNSKEY. */
const NAME_TYPE = 0x0300
const ZONE_KEY = 0x0100
/** RFC 2535 3.1.3. */
const PROTOCOL_DNSSEC = 3
/** Protocols of a KEY that may sign messages: DNSSEC, and any (RFC 2535 3.1.3). */
const PROTOCOLS: ReadonlySet<number> = new Set([PROTOCOL_DNSSEC, 255])

/** Whether KEY RDATA may authenticate messages (RFC 2535 3.1.2, RFC 3445 4): a key, not forbidden to, not a zone's, of protocol DNSSEC. */
export function maySignMessages(rdata: Uint8Array): boolean {
  if (rdata.length < 5) return false
  const flags = (rdata[0] << 8) | rdata[1]
  return (flags & NO_AUTHENTICATION) === 0 && (flags & NAME_TYPE) !== ZONE_KEY && PROTOCOLS.has(rdata[2])
}

/**
 * Whether a name may be registered for a KEY (RFC 9665 3.2.5.1): one that may sign messages, of protocol DNSSEC, whole, and of an algorithm
 * that we check (RFC 9665 6.6). We differ: other flags than 0 are taken, as devices in use send 0x0201 and dnssec-keygen makes 0x0200
 * (RFC 3445 4 has receivers ignore them); those that forbid authentication, or name a zone's key, are not.
 */
export function isRegistrationKey(rdata: Uint8Array): boolean {
  return maySignMessages(rdata) && rdata[2] === PROTOCOL_DNSSEC && isWholeKey(rdata[3], rdata.subarray(4))
}

/** A private key that signs messages, and the KEY RDATA that others check it by. */
export interface Sig0Key {
  readonly name: Name
  readonly algorithm: number
  readonly privateKey: KeyObject
  /** RDATA of the KEY record. */
  readonly rdata: Uint8Array
}

/** When a signature is good, seconds since 1970. */
export interface Sig0Times {
  readonly inception: number
  readonly expiration: number
}

/** `message` signed by `key`; a response with the whole request that it answers (RFC 2931 3.1). */
export function signSig0(message: Uint8Array, key: Sig0Key, { inception, expiration }: Sig0Times, request?: Uint8Array): Uint8Array {
  const head = new WireWriter(FIXED_OCTETS + key.name.wire.length)
  head.u16(0)
  head.u8(key.algorithm)
  head.u8(0)
  head.u32(0)
  head.u32(expiration % 0x1_0000_0000)
  head.u32(inception % 0x1_0000_0000)
  head.u16(keyTag(key.rdata))
  head.bytes(key.name.wire)
  const signed = Buffer.concat([head.view(), ...(request === undefined ? [] : [request]), message])
  return withSig(message, head.view(), makeSignature(key.algorithm, key.privateKey, signed))
}

function withSig(message: Uint8Array, head: Uint8Array, signature: Uint8Array): Uint8Array {
  const out = new WireWriter(RECORD_HEAD_OCTETS + head.length + signature.length)
  out.u8(0)
  out.u16(TYPE.SIG)
  out.u16(CLASS.ANY)
  out.u32(0)
  out.u16(head.length + signature.length)
  out.bytes(head)
  out.bytes(signature)
  return withRecord(message, out.view())
}

/** Octets that a SIG(0) by this key adds to a message. */
export function sig0Octets({ name, algorithm, privateKey }: Sig0Key): number {
  return RECORD_HEAD_OCTETS + FIXED_OCTETS + name.wire.length + signatureOctets(algorithm, privateKey)
}
