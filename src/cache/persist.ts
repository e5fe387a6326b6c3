/**
 * The cache as octets that outlive the process, and back. What comes back was on a disk meanwhile, and is believed as
 * little as what comes from the network: version and checksum first, then each entry is decoded whole, and only
 * where all are right is the first one put in. Times are absolute, of the clock that is handed in: what expired on
 * the disk is expired, and what seems to be kept in time to come, as the clock went back, is left out. Failures and what is bogus are not written, as they live for minutes.
 *
 *     "WGCX" · version · entries · octets behind this head · entries … · SHA-256 of all before
 *     entry: octets · kind · trust · security · ring · type · class · expiry · TTL · reason + 1
 *            · records · signatures · proofs · name · records …              (numbers big-endian, as on the wire)
 */
import { createHash } from 'node:crypto'
import { TYPE } from '../dns/codes.ts'
import { WireFault } from '../dns/faults.ts'
import { MAX_CACHE_ENTRY_OCTETS, MAX_CACHE_PROOFS, MAX_CACHE_RECORDS, MAX_CACHE_SIGNATURES, MAX_CACHE_TTL } from '../dns/limits-resolver.ts'
import type { DnsRecord } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { viewOf } from '../dns/octet-views.ts'
import { WireReader } from '../dns/octets.ts'
import type { Cache } from './cache.ts'
import { type CachedEntry, PART } from './entry.ts'
import type { SavedEntry } from './keeping.ts'
import { RING, type RingId } from './layout.ts'
import { readRecords } from './records.ts'
import { KIND, type Kind, SECURITY, type Security, TRUST, type Trust } from './terms.ts'

const MAGIC = 0x5747_4358
const VERSION = 1
const HEAD_OCTETS = 16
const HASH_OCTETS = 32
/** Octets of an entry before its name. */
const ENTRY_HEAD_OCTETS = 28

/** What became of octets that were to be taken back. */
export type Restored =
  /** Entries that are in the cache now; the rest of the octets has expired, or newer data stand there. */
  | { readonly restored: number }
  /** Why nothing was taken: it is no such file, one of another version, cut or damaged, or none of our making. */
  | { readonly refused: 'foreign' | 'version' | 'checksum' | 'entry' }

/** What the cache holds at `now` as octets: for `restoreCache`, after a restart. */
export function saveCache(cache: Cache, now: number): Uint8Array {
  const entries: Uint8Array[] = []
  cache.forEach((entry, ring) => {
    if (isWorthSaving(entry, now - cache.block.staleSeconds)) entries.push(encodeEntry(entry, ring))
  })
  const size = entries.reduce((sum, { length }) => sum + length, 0)
  const octets = new Uint8Array(HEAD_OCTETS + size + HASH_OCTETS)
  const view = viewOf(octets)
  for (const [i, word] of [MAGIC, VERSION, entries.length, size + HASH_OCTETS].entries()) view.setUint32(i * 4, word)
  let at = HEAD_OCTETS
  for (const entry of entries) {
    octets.set(entry, at)
    at += entry.length
  }
  octets.set(checksum(octets), at)
  return octets
}

function isWorthSaving(entry: CachedEntry, oldest: number): boolean {
  return entry.kind !== KIND.failure && entry.security !== SECURITY.bogus && entry.expiry > oldest
}

function checksum(octets: Uint8Array): Uint8Array {
  return createHash('sha256').update(octets.subarray(0, octets.length - HASH_OCTETS)).digest()
}

function encodeEntry(entry: CachedEntry, ring: RingId): Uint8Array {
  const start = entry.startOf(PART.records)
  const end = entry.startOf(PART.proof) + entry.octetsOf(PART.proof)
  const octets = new Uint8Array(ENTRY_HEAD_OCTETS + entry.nameLength + end - start)
  const view = viewOf(octets)
  view.setUint32(0, octets.length - 4)
  octets.set([entry.kind, entry.trust, entry.security, ring], 4)
  view.setUint16(8, entry.type)
  view.setUint16(10, entry.class)
  view.setUint32(12, entry.expiry)
  view.setUint32(16, entry.originalTtl)
  view.setUint16(20, entry.reason + 1)
  for (const part of [PART.records, PART.signatures, PART.proof]) view.setUint16(22 + part * 2, entry.countOf(part))
  octets.set(entry.octets.subarray(entry.nameAt, entry.nameAt + entry.nameLength), ENTRY_HEAD_OCTETS)
  octets.set(entry.octets.subarray(start, end), ENTRY_HEAD_OCTETS + entry.nameLength)
  return octets
}

/** Takes back what `saveCache` wrote, all or nothing; what the cache holds already stays. */
export function restoreCache(cache: Cache, octets: Uint8Array, now: number): Restored {
  if (octets.length < HEAD_OCTETS + HASH_OCTETS || viewOf(octets).getUint32(0) !== MAGIC) return { refused: 'foreign' }
  const view = viewOf(octets)
  if (view.getUint32(4) !== VERSION) return { refused: 'version' }
  const sum = checksum(octets)
  const isWhole = view.getUint32(12) === octets.length - HEAD_OCTETS && sum.every((octet, i) => octet === octets[octets.length - HASH_OCTETS + i])
  if (!isWhole) return { refused: 'checksum' }
  const count = view.getUint32(8)
  try {
    visitEntries(octets, count, () => {})
  } catch (fault) {
    if (fault instanceof WireFault) return { refused: 'entry' }
    throw fault
  }
  let restored = 0
  visitEntries(octets, count, (entry) => (restored += cache.restore(entry, now) ? 1 : 0))
  return { restored }
}

/** Decodes entry by entry, so that no more than one of them is an object at a time. WireFault where one is wrong. */
function visitEntries(octets: Uint8Array, count: number, visit: (entry: SavedEntry) => void): void {
  const reader = new WireReader(octets, HEAD_OCTETS, octets.length - HASH_OCTETS)
  for (let i = 0; i < count; i++) {
    const length = reader.u32()
    need(length <= MAX_CACHE_ENTRY_OCTETS && length <= reader.remaining, reader)
    const end = reader.at + length
    visit(decodeEntry(new WireReader(octets, reader.at, end)))
    reader.at = end
  }
  need(reader.remaining === 0, reader)
}

function decodeEntry(reader: WireReader): SavedEntry {
  const kind = oneOf(KIND, reader) as Kind
  const trust = oneOf(TRUST, reader) as Trust
  const security = oneOf(SECURITY, reader) as Security
  const ring = oneOf(RING, reader) as RingId
  const [type, recordClass, expiry, ttl, reason] = [reader.u16(), reader.u16(), reader.u32(), reader.u32(), reader.u16() - 1]
  const counts = [reader.u16(), reader.u16(), reader.u16()]
  need(ttl > 0 && ttl <= MAX_CACHE_TTL && ttl <= expiry && kind !== KIND.failure && security !== SECURITY.bogus, reader)
  need(counts[0] > 0 && counts[0] <= MAX_CACHE_RECORDS && counts[1] <= MAX_CACHE_SIGNATURES && counts[2] <= MAX_CACHE_PROOFS, reader)
  need((kind === KIND.records) === (ring !== RING.junk) && (kind === KIND.nxdomain) === (type === 0), reader)
  const name = Name.read(reader, false)
  const [records, signatures, proof] = counts.map((count) => readRecords(reader, count, name))
  need(reader.remaining === 0 && (kind === KIND.records ? isRRset(records, name, type, recordClass) : isSoa(records)), reader)
  need(signatures.every(isSignature) && proof.every(isProof), reader)
  return { name, type, class: recordClass, expiry, ttl, ring, traits: { kind, trust, security, reason, failures: 0 }, contents: { records, signatures, proof } }
}

function oneOf(codes: Readonly<Record<string, number>>, reader: WireReader): number {
  const code = reader.u8()
  need(Object.values(codes).includes(code), reader)
  return code
}

function need(isRight: boolean, reader: WireReader): void {
  if (!isRight) throw new WireFault('Cannot read saved cache as an entry is not one that we write', reader.at)
}

function isRRset(records: readonly DnsRecord[], name: Name, type: number, recordClass: number): boolean {
  return records.every((record) => record.type === type && record.class === recordClass && record.name.equals(name))
}

function isSoa(records: readonly DnsRecord[]): boolean {
  return records.length === 1 && records[0].type === TYPE.SOA
}

function isSignature({ type }: DnsRecord): boolean {
  return type === TYPE.RRSIG
}

function isProof({ type }: DnsRecord): boolean {
  return type === TYPE.NSEC || type === TYPE.NSEC3 || type === TYPE.RRSIG
}
