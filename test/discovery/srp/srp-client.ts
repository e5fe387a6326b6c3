/**
 * An SRP client of its own (RFC 9665 3.2), written from the RFC alone: octets in, octets out, nothing of src in it, so that
 * what it sends and what the server understands can be held against each other.
 *
 *     header 12 | zone SOA IN | updates … | OPT with Update Lease | SIG(0)
 */
import { createPublicKey, generateKeyPairSync, randomInt, sign, type KeyObject } from 'node:crypto'

const TYPE = { A: 1, PTR: 12, TXT: 16, SIG: 24, KEY: 25, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 } as const
const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const
const UPDATE = 5 << 11
const ECDSAP256SHA256 = 13
const ED25519 = 15

/** Wire form of labels: each is text and may hold any octet. */
export function labels(...parts: string[]): Buffer {
  return Buffer.concat([...parts.map((part) => Buffer.concat([Buffer.of(Buffer.byteLength(part, 'latin1')), Buffer.from(part, 'latin1')])), Buffer.of(0)])
}

/** Labels of a domain written without escapes: `a.b.` */
export function domain(text: string): string[] {
  return text.split('.').filter((part) => part !== '')
}

function u16(value: number): Buffer {
  return Buffer.of(value >>> 8, value & 255)
}

function u32(value: number): Buffer {
  return Buffer.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}

/** One record of the update section. */
export function rr(owner: Buffer, type: number, rrClass: number, ttl: number, rdata: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([owner, u16(type), u16(rrClass), u32(ttl), u16(rdata.length), rdata])
}

/** A key pair of the algorithm that every registrar has (RFC 9665 6.6), or Ed25519. */
export class SrpKey {
  readonly algorithm: number
  readonly secret: KeyObject
  /** RDATA of the KEY: flags 0, protocol 3 (RFC 9665 3.2.5.1). */
  readonly rdata: Buffer

  constructor(algorithm: 13 | 15 = ECDSAP256SHA256, flags = 0) {
    this.algorithm = algorithm
    this.secret = algorithm === ED25519 ? generateKeyPairSync('ed25519').privateKey : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const jwk = createPublicKey(this.secret).export({ format: 'jwk' })
    const coordinates = [jwk.x, jwk.y].map((part) => Buffer.from(part ?? '', 'base64url'))
    this.rdata = Buffer.concat([u16(flags), Buffer.of(3, algorithm), ...coordinates])
  }

  sign(octets: Buffer): Buffer {
    if (this.algorithm === ED25519) return sign(null, octets, this.secret)
    return sign('sha256', octets, { key: this.secret, dsaEncoding: 'ieee-p1363' })
  }

  /** RFC 4034 B: the tag by which the KEY is found. */
  get tag(): number {
    let sum = 0
    this.rdata.forEach((octet, i) => (sum += i & 1 ? octet : octet << 8))
    return (sum + (sum >>> 16)) & 0xffff
  }
}

/** What a client registers for one service instance. */
export interface Service {
  instance: string
  /** Such as `_a2a._tcp`. */
  service: string
  subtypes?: string[]
  port?: number
  txt?: string[]
  /** Its KEY stands in the message too (RFC 9665 3.2.5.1: it may be left out). */
  withKey?: boolean
  removed?: boolean
}

/** A registration as the client sees it. */
export interface Registration {
  zone: string
  host: string
  addresses?: string[]
  services?: Service[]
  /** Seconds; null sends no option. */
  lease?: number | null
  /** Undefined sends the form of 4 octets. */
  keyLease?: number
  ttl?: number
}

function address(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number))
  const [head, tail] = text.split('::').map((side) => (side === '' ? [] : side.split(':')))
  const groups = tail === undefined ? head : [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return Buffer.concat(groups.map((group) => u16(parseInt(group, 16))))
}

/** The instructions of a registration, in the order of RFC 9665 3.2.3: discovery, descriptions, host. */
export function instructions(registration: Registration, key: SrpKey): Buffer[] {
  const { zone, host, addresses = [], services = [], ttl = 120 } = registration
  const hostName = labels(host, ...domain(zone))
  const records: Buffer[] = []
  for (const { instance, service, subtypes = [], port = 443, txt = ['txtvers=1'], withKey, removed } of services) {
    const serviceName = labels(...domain(service), ...domain(zone))
    const instanceName = labels(instance, ...domain(service), ...domain(zone))
    const pointers = [serviceName, ...subtypes.map((subtype) => labels(subtype, '_sub', ...domain(service), ...domain(zone)))]
    for (const owner of pointers) records.push(removed ? rr(owner, TYPE.PTR, CLASS.NONE, 0, instanceName) : rr(owner, TYPE.PTR, CLASS.IN, ttl, instanceName))
    records.push(rr(instanceName, TYPE.ANY, CLASS.ANY, 0))
    if (removed) continue
    records.push(rr(instanceName, TYPE.SRV, CLASS.IN, ttl, Buffer.concat([u16(0), u16(0), u16(port), hostName])))
    records.push(rr(instanceName, TYPE.TXT, CLASS.IN, ttl, Buffer.concat(txt.map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')])))))
    if (withKey) records.push(rr(instanceName, TYPE.KEY, CLASS.IN, ttl, key.rdata))
  }
  records.push(rr(hostName, TYPE.ANY, CLASS.ANY, 0))
  for (const text of addresses) records.push(rr(hostName, text.includes(':') ? TYPE.AAAA : TYPE.A, CLASS.IN, ttl, address(text)))
  if (addresses.length > 0) records.push(rr(hostName, TYPE.KEY, CLASS.IN, ttl, key.rdata))
  return records
}

/** The OPT record with an Update Lease (RFC 9664 4). */
export function updateLease(lease: number, keyLease?: number): Buffer {
  const value = keyLease === undefined ? u32(lease) : Buffer.concat([u32(lease), u32(keyLease)])
  return rr(Buffer.of(0), TYPE.OPT, 1232, 0, Buffer.concat([u16(2), u16(value.length), value]))
}

/** An UPDATE of these records, not signed. `additionals` are whole records. */
export function updateMessage(zone: string, updates: readonly Buffer[], additionals: readonly Buffer[] = [], prerequisites: readonly Buffer[] = []): Buffer {
  const head = Buffer.concat([u16(randomInt(65536)), u16(UPDATE), u16(1), u16(prerequisites.length), u16(updates.length), u16(additionals.length)])
  return Buffer.concat([head, labels(...domain(zone)), u16(6), u16(CLASS.IN), ...prerequisites, ...updates, ...additionals])
}

/**
 * The message with its SIG(0) behind it (RFC 2931 3.1): signed are the SIG's RDATA without the signature, then the
 * message as it is without the SIG and without it in ARCOUNT.
 */
export function signed(message: Buffer, key: SrpKey, signer: Buffer, nowSeconds: number): Buffer {
  const fields = Buffer.concat([u16(0), Buffer.of(key.algorithm, 0), u32(0), u32(nowSeconds + 300), u32(nowSeconds - 300), u16(key.tag), signer])
  const signature = key.sign(Buffer.concat([fields, message]))
  const out = Buffer.concat([message, rr(Buffer.of(0), TYPE.SIG, CLASS.ANY, 0, Buffer.concat([fields, signature]))])
  out.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  return out
}

/** The message by which a client registers, refreshes or removes: signed, with its lease. */
export function srpMessage(registration: Registration, key: SrpKey, nowSeconds: number): Buffer {
  const { zone, host, lease = 7_200, keyLease } = registration
  const additionals = lease === null ? [] : [updateLease(lease, keyLease)]
  const message = updateMessage(zone, instructions(registration, key), additionals)
  return signed(message, key, labels(host, ...domain(zone)), nowSeconds)
}
