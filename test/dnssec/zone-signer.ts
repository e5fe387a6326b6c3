/**
 * A signer of zones for tests, written from the RFCs apart from what it tests, so that a play can have any zone signed in any
 * manner, and any of it wrong: `signZone('example.', 'www.example. A 192.0.2.1', { denial: 'nsec3' })`. What it makes is held against
 * ldns-verify-zone and dnssec-verify by zone-signer.integration.ts.
 */
import { createHash, sign } from 'node:crypto'
import { TYPE } from '../../src/dns/codes.ts'
import type { DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { canonicalRdata, writeRdata } from '../../src/dns/rdata.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { NSEC, NSEC3, NSEC3PARAM, RRSIG } from '../../src/dns/rr/dnssec.ts'
import { makeDs } from '../../src/dnssec/check-keys.ts'
import { keyTag } from '../../src/dnssec/public-key.ts'
import { keyRdata, pairOf } from './pairs.ts'

/** The time of most tests: 2027-01-15T08:00:00Z. */
export const NOW = 1_800_000_000

/** A key of a zone: one of the pairs of pairs.ts. */
export interface SigningKey {
  readonly algorithm: number
  readonly flags: number
  readonly which: number
}

/** How a zone is signed. */
export interface Signing {
  readonly denial?: 'nsec' | 'nsec3' | 'opt-out'
  readonly iterations?: number
  /** Hex. */
  readonly salt?: string
  readonly keys?: readonly SigningKey[]
  /** Seconds since 1970. */
  readonly inception?: number
  readonly expiration?: number
  readonly digestType?: number
  /** Fields of RRSIGs that are written otherwise than they should be, before they are signed. */
  readonly bends?: (fields: RrsigFields, set: readonly DnsRecord[]) => RrsigFields
}

/** What RRSIG RDATA holds but for the signature. */
export interface RrsigFields {
  typeCovered: number
  algorithm: number
  labels: number
  originalTtl: number
  expiration: number
  inception: number
  keyTag: number
  signer: Name
}

/** A zone with its signatures, and the DS that its parent should have. */
export interface SignedZone {
  readonly apex: Name
  readonly records: readonly DnsRecord[]
  /** Without SOA, as `Internet.serve` takes it. */
  readonly text: string
  readonly ds: string
  readonly dnskeys: readonly Uint8Array[]
}

/** One Ed25519 key for all: the usual. */
export const ONE_KEY: readonly SigningKey[] = [{ algorithm: 15, flags: 257, which: 0 }]

/** Records as text, absolute names, one a line, TTL 3600 unless they say otherwise. */
export function recordsOf(text: string): DnsRecord[] {
  return text.split('\n').map((line) => line.trim()).filter(Boolean).map((line) => parseRecord(/^\S+ \d+ /.test(line) ? line : line.replace(' ', ' 3600 IN ')))
}

/** The zone of `text` signed; its SOA is the one that `Internet.serve` makes unless the text has one. */
export function signZone(apexText: string, text: string, signing: Signing = {}): SignedZone {
  const apex = Name.parse(apexText)
  const below = apexText === '.' ? '' : apexText
  const plain = recordsOf(`${text.includes(' SOA ') ? '' : `${apexText} SOA ns.${below} host.${below} 1 7200 3600 604800 300\n`}${text}`)
  const keys = (signing.keys ?? ONE_KEY).map((key) => ({ ...key, rdata: new Uint8Array(keyRdata(key.algorithm, key.flags, key.which)) }))
  const dnskeys = keys.map(({ rdata }) => record(apex, TYPE.DNSKEY, rdata))
  const zone = [...plain, ...dnskeys]
  const denials = (signing.denial ?? 'nsec') === 'nsec' ? nsecs(apex, zone) : nsec3s(apex, zone, signing)
  const sets = [...setsOf([...zone, ...denials]).values()].filter((set) => isSigned(set, apex, zone))
  const signatures = sets.flatMap((set) => signersOf(set[0].type, keys).map((key) => rrsigOf(set, apex, key, signing)))
  const records = [...zone, ...denials, ...signatures]
  const entries = keys.filter(({ flags }) => (flags & 1) === 1).map(({ rdata }) => record(apex, TYPE.DS, makeDs(signing.digestType ?? 2, apex, rdata) ?? new Uint8Array(4)))
  return { apex, records, text: records.filter(({ type }) => type !== TYPE.SOA).map(printRecord).join('\n'), ds: entries.map(printRecord).join('\n'), dnskeys: dnskeys.map(({ rdata }) => rdata) }
}

function record(name: Name, type: number, rdata: Uint8Array, ttl = 3600): DnsRecord {
  return { name, type, class: 1, ttl, rdata }
}

/** RRsets by owner and type. */
export function setsOf(records: readonly DnsRecord[]): Map<string, DnsRecord[]> {
  const sets = new Map<string, DnsRecord[]>()
  for (const one of records) sets.set(`${one.name.key} ${one.type}`, [...(sets.get(`${one.name.key} ${one.type}`) ?? []), one])
  return sets
}

/** RFC 4035 2.2: neither what is below a cut, nor the NS of a cut. */
function isSigned([{ name, type }]: readonly DnsRecord[], apex: Name, zone: readonly DnsRecord[]): boolean {
  const cut = cutAbove(name, apex, zone)
  return cut === undefined || (cut.equals(name) && (type === TYPE.DS || type === TYPE.NSEC))
}

function cutAbove(name: Name, apex: Name, zone: readonly DnsRecord[]): Name | undefined {
  return zone.find((one) => one.type === TYPE.NS && !one.name.equals(apex) && name.isWithin(one.name))?.name
}

/** Names that the zone speaks of, in canonical order, with their types. */
function namesOf(apex: Name, zone: readonly DnsRecord[]): { name: Name; types: Set<number> }[] {
  const names = new Map<string, { name: Name; types: Set<number> }>()
  for (const { name, type } of zone) {
    const cut = cutAbove(name, apex, zone)
    if (cut !== undefined && !cut.equals(name)) continue
    const own = names.get(name.key) ?? { name, types: new Set<number>() }
    if (cut === undefined || type === TYPE.NS || type === TYPE.DS) own.types.add(type)
    names.set(name.key, own)
  }
  return [...names.values()].sort((a, b) => a.name.compare(b.name))
}

/** RFC 4034 4, RFC 4035 2.3. */
function nsecs(apex: Name, zone: readonly DnsRecord[]): DnsRecord[] {
  const names = namesOf(apex, zone)
  return names.map(({ name, types }, i) => record(name, TYPE.NSEC, writeRdata(NSEC, { next: names[(i + 1) % names.length].name, types: [...types, TYPE.NSEC, TYPE.RRSIG] }), 300))
}

/** RFC 5155 7.1. */
function nsec3s(apex: Name, zone: readonly DnsRecord[], { denial, iterations = 0, salt = '' }: Signing): DnsRecord[] {
  const saltOctets = Buffer.from(salt, 'hex')
  const params = record(apex, TYPE.NSEC3PARAM, writeRdata(NSEC3PARAM, { hashAlgorithm: 1, flags: 0, iterations, salt: saltOctets }), 0)
  const names = new Map(namesOf(apex, [...zone, params]).map((one) => [one.name.key, one]))
  if (denial === 'opt-out') for (const [key, { types, name }] of names) if (types.has(TYPE.NS) && !types.has(TYPE.DS) && !name.equals(apex)) names.delete(key)
  for (const { name } of [...names.values()]) {
    for (let above = name.parent(); above.isWithin(apex) && !names.has(above.key) && !name.equals(apex); above = above.parent()) names.set(above.key, { name: above, types: new Set() })
  }
  const hashed = [...names.values()].map(({ name, types }) => ({ hash: nsec3Hash(name, iterations, saltOctets), types })).sort((a, b) => Buffer.compare(a.hash, b.hash))
  const flags = denial === 'opt-out' ? 1 : 0
  return [params, ...hashed.map(({ hash, types }, i) => {
    const isCut = types.has(TYPE.NS) && !types.has(TYPE.SOA)
    const bitmap = types.size === 0 || (isCut && !types.has(TYPE.DS)) ? [...types] : [...types, TYPE.RRSIG]
    const fields = { hashAlgorithm: 1, flags, iterations, salt: saltOctets, nextHashedOwner: hashed[(i + 1) % hashed.length].hash, types: bitmap }
    return record(Name.fromWire(Uint8Array.of(32, ...Buffer.from(base32hex(hash)), ...apex.wire)), TYPE.NSEC3, writeRdata(NSEC3, fields), 300)
  })]
}

/** RFC 5155 5, by node:crypto. */
export function nsec3Hash(name: Name, iterations: number, salt: Uint8Array): Buffer {
  let hash: Buffer = Buffer.from(name.wire.map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet)))
  for (let i = 0; i <= iterations; i++) hash = createHash('sha1').update(hash).update(salt).digest()
  return hash
}

/** RFC 4648 7, in lower case. */
export function base32hex(octets: Uint8Array): string {
  const bits = [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((five) => Number.parseInt(five, 2).toString(32)).join('')
}

type Key = SigningKey & { rdata: Uint8Array }

/** Entry keys sign keys, the others everything else; where there are only entry keys they sign all. */
function signersOf(type: number, keys: readonly Key[]): readonly Key[] {
  const wanted = keys.filter(({ flags }) => ((flags & 1) === 1) === (type === TYPE.DNSKEY))
  return wanted.length > 0 ? wanted : keys
}

/** The RRSIG of an RRset by one key. */
export function rrsigOf(set: readonly DnsRecord[], apex: Name, key: SigningKey, signing: Signing = {}): DnsRecord {
  const [{ name, type, ttl }] = set
  const rdata = keyRdata(key.algorithm, key.flags, key.which)
  const isStar = name.wire[0] === 1 && name.wire[1] === 0x2a
  const { inception = NOW - 3600, expiration = NOW + 86_400 * 30, bends } = signing
  const straight = { typeCovered: type, algorithm: key.algorithm, labels: name.labelCount - (isStar ? 1 : 0), originalTtl: ttl, expiration, inception, keyTag: keyTag(rdata), signer: apex }
  const fields = bends?.(straight, set) ?? straight
  const head = writeRdata(RRSIG, { ...fields, signature: new Uint8Array(1) }).subarray(0, -1)
  const octets = Buffer.concat([Buffer.from(head).fill(folded(fields.signer), 18), ...signedRecords(set, fields)])
  const hash = [8, 13].includes(key.algorithm) ? 'sha256' : key.algorithm === 10 ? 'sha512' : key.algorithm === 14 ? 'sha384' : null
  const signature = sign(hash, octets, { key: pairOf(key.algorithm, key.which).privateKey, dsaEncoding: 'ieee-p1363' })
  return record(name, TYPE.RRSIG, writeRdata(RRSIG, { ...fields, signature }), ttl)
}

function folded(name: Name): Buffer {
  return Buffer.from(Name.parse(name.toString().toLowerCase()).wire)
}

/** RFC 4034 3.1.8.1: the records in canonical form and order. */
function signedRecords(set: readonly DnsRecord[], { labels, originalTtl }: RrsigFields): Buffer[] {
  const rdatas = set.map(({ type, rdata }) => Buffer.from(canonicalRdata(type, rdata))).sort((a, b) => Buffer.compare(a, b))
  const [{ name, type }] = set
  const words = name.toString().toLowerCase().split('.').filter(Boolean)
  const owner = labels < words.filter((word, i) => i > 0 || word !== '*').length ? Name.parse(['*', ...words.slice(words.length - labels), ''].join('.')) : Name.parse(name.toString().toLowerCase())
  const numbers = Buffer.alloc(10)
  return rdatas.map((rdata) => {
    numbers.writeUInt16BE(type, 0)
    numbers.writeUInt16BE(1, 2)
    numbers.writeUInt32BE(originalTtl, 4)
    numbers.writeUInt16BE(rdata.length, 8)
    return Buffer.concat([owner.wire, numbers, rdata])
  })
}

/** The RRset of `name` and `type` in a zone, with its RRSIGs. */
export function setIn(zone: SignedZone, name: string, type: number): { name: Name; type: number; records: DnsRecord[]; signatures: DnsRecord[] } {
  const owner = Name.parse(name)
  const own = zone.records.filter((one) => one.name.equals(owner))
  const covers = (one: DnsRecord): boolean => one.type === TYPE.RRSIG && ((one.rdata[0] << 8) | one.rdata[1]) === type
  return { name: owner, type, records: own.filter((one) => one.type === type), signatures: own.filter(covers) }
}
