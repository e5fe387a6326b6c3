/**
 * The other side of TSIG for tests, written from RFC 8945 4.2 and 4.3 alone and sharing no code with what it
 * checks: octets in hex, one HMAC, no parser but for the fixed end of a message that it has signed itself.
 */
import { createHmac } from 'node:crypto'

export interface PeerKey {
  /** Labels of the name, such as `key.example`. */
  name: string
  /** Labels of the algorithm, such as `hmac-sha256`. */
  algorithm: string
  hash: string
  secret: Buffer
}

export interface PeerTsig {
  time: number
  fudge?: number
  id?: number
  error?: number
  other?: Buffer
  /** Octets of the MAC that are sent; all by default. */
  macOctets?: number
  /** The MAC that precedes the message. */
  prior?: Buffer
  /** Timers only, as behind the first message of a TCP response. */
  timersOnly?: boolean
  /** Unsigned messages before this one. */
  before?: Buffer[]
  /** What stands in place of the MAC. */
  mac?: Buffer
}

export const KEY: PeerKey = { name: 'Key.Example', algorithm: 'hmac-sha256', hash: 'sha256', secret: Buffer.from('a secret that is thirty two long!') }

export function labels(name: string): Buffer {
  const parts = name === '' ? [] : name.split('.')
  return Buffer.concat([...parts.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')])), Buffer.of(0)])
}

export function be(value: number, octets: number): Buffer {
  const out = Buffer.alloc(octets)
  out.writeUIntBE(value, 0, octets)
  return out
}

/** The MAC over a message without TSIG (RFC 8945 4.3). */
export function peerMac(message: Buffer, key: PeerKey, tsig: PeerTsig): Buffer {
  const { prior, time, fudge = 300, error = 0, other = Buffer.alloc(0) } = tsig
  const hmac = createHmac(key.hash, key.secret)
  if (prior !== undefined) hmac.update(be(prior.length, 2)).update(prior)
  for (const one of tsig.before ?? []) hmac.update(one)
  hmac.update(be(tsig.id ?? message.readUInt16BE(0), 2)).update(message.subarray(2))
  const timers = [be(time, 6), be(fudge, 2)]
  const all = [labels(key.name.toLowerCase()), be(255, 2), be(0, 4), labels(key.algorithm.toLowerCase()), ...timers, be(error, 2), be(other.length, 2), other]
  for (const part of tsig.timersOnly === true ? timers : all) hmac.update(part)
  return hmac.digest()
}

/** The message with TSIG behind it, and its MAC. */
export function peerSign(message: Buffer, key: PeerKey, tsig: PeerTsig): { octets: Buffer; mac: Buffer } {
  const { time, fudge = 300, error = 0, other = Buffer.alloc(0) } = tsig
  const mac = tsig.mac ?? peerMac(message, key, tsig).subarray(0, tsig.macOctets)
  const rdata = Buffer.concat([labels(key.algorithm), be(time, 6), be(fudge, 2), be(mac.length, 2), mac, be(tsig.id ?? message.readUInt16BE(0), 2), be(error, 2), be(other.length, 2), other])
  const octets = Buffer.concat([message, labels(key.name), be(250, 2), be(255, 2), be(0, 4), be(rdata.length, 2), rdata])
  octets.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  return { octets, mac }
}

export interface PeerRecord {
  message: Buffer
  time: number
  fudge: number
  mac: Buffer
  id: number
  error: number
  other: Buffer
}

/** The TSIG at the end of a response, of which the key's name is known, and the message as it was signed. */
export function peerRead(response: Uint8Array, key: PeerKey): PeerRecord {
  const octets = Buffer.from(response)
  const head = Buffer.concat([labels(key.name), be(250, 2), be(255, 2), be(0, 4)])
  const at = octets.toString('latin1').toLowerCase().lastIndexOf(head.toString('latin1').toLowerCase())
  if (at < 0) throw new Error('no TSIG of the key is at the end')
  let next = at + head.length + 2 + labels(key.algorithm).length
  const time = octets.readUIntBE(next, 6)
  const fudge = octets.readUInt16BE(next + 6)
  const macOctets = octets.readUInt16BE(next + 8)
  const mac = octets.subarray(next + 10, next + 10 + macOctets)
  next += 10 + macOctets
  const otherOctets = octets.readUInt16BE(next + 4)
  if (next + 6 + otherOctets !== octets.length) throw new Error('TSIG does not end the message')
  const message = Buffer.from(octets.subarray(0, at))
  message.writeUInt16BE(octets.readUInt16BE(10) - 1, 10)
  return { message, time, fudge, mac, id: octets.readUInt16BE(next), error: octets.readUInt16BE(next + 2), other: octets.subarray(next + 6) }
}

/** Whether the response's MAC is that of its message and the request's MAC. */
export function peerVerify(response: Uint8Array, key: PeerKey, requestMac: Buffer): boolean {
  const read = peerRead(response, key)
  const whole = peerMac(read.message, key, { ...read, prior: requestMac })
  return read.mac.length > 0 && whole.subarray(0, read.mac.length).equals(read.mac)
}
