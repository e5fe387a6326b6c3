/** A cache and a reader for tests, which put in records as text and read answers as text. */
import { TYPE, parseType } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { MIN_CACHE_OCTETS } from '../../src/dns/limits-resolver.ts'
import { decodeMessage, encodeMessage, makeMessage, type DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { viewOf } from '../../src/dns/octet-views.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { CacheBlock } from '../../src/cache/block.ts'
import { Cache } from '../../src/cache/cache.ts'
import { PART, type CachedEntry } from '../../src/cache/entry.ts'
import { CacheReader } from '../../src/cache/reader.ts'
import { CACHED, SECURITY, TRUST, type Keeping, type Security, type Trust } from '../../src/cache/terms.ts'

/** Seed of all caches in tests. */
export const SEED = 0x1234_5678
/** When tests begin: a time above 2^31, as there will be from 2038 on. */
export const START = 2_200_000_000
/** An SOA whose MINIMUM is 600. */
export const SOA = 'example. 900 IN SOA ns.example. admin.example. 1 7200 900 1209600 600'

const FOUND_WORDS = Object.fromEntries(Object.entries(CACHED).map(([word, code]) => [code, word]))

/** What may be said of records beside their text. */
export interface Told {
  trust?: Trust
  security?: Security
  ttl?: number
  reason?: number
  signatures?: string[]
  proof?: string[]
  at?: number
}

/** One cache with one reader, and a clock that the test sets. */
export class Bench {
  readonly block: CacheBlock
  readonly cache: Cache
  readonly reader: CacheReader
  readonly name = new LookupName(SEED)
  now = START

  constructor(octets: number = MIN_CACHE_OCTETS, staleSeconds?: number) {
    this.block = CacheBlock.create(octets, SEED, staleSeconds)
    this.cache = new Cache(this.block)
    this.reader = new CacheReader(this.block)
  }

  /** Keeps the RRset of these lines: `put('www.example. 60 A 192.0.2.1', { trust: TRUST.answer })`. */
  put(text: string, told: Told = {}): Keeping {
    return this.cache.keepRRset({ records: linesOf(text), ...provenance(told), signatures: (told.signatures ?? []).map((line) => parseRecord(line)), proof: (told.proof ?? []).map((line) => parseRecord(line)) }, this.now)
  }

  /** Keeps an absence: `putAbsent('none.example.')` is NXDOMAIN, `putAbsent('www.example. AAAA')` is NODATA. */
  putAbsent(what: string, told: Told & { soa?: string | null } = {}): Keeping {
    const [name, type] = what.split(' ')
    const soa = told.soa === null ? undefined : parseRecord(told.soa ?? SOA)
    const lists = { signatures: (told.signatures ?? []).map((line) => parseRecord(line)), proof: (told.proof ?? []).map((line) => parseRecord(line)) }
    return this.cache.keepAbsence({ name: Name.parse(name), ...(type === undefined ? {} : { type: typeCode(type) }), soa, ...provenance(told), ...lists }, this.now)
  }

  putFailure(what: string, server?: Uint8Array, reason?: number): number {
    return this.cache.keepFailure({ ...question(what), ...(server ? { server } : {}), ...(reason === undefined ? {} : { reason }) }, this.now)
  }

  /** What is found in one word, and its records: `get('www.example. A')` is `'records: www.example. 60 IN A 192.0.2.1'`. Stale ones start with `stale`. */
  get(what: string, least?: Trust): string {
    const { name, type } = question(what)
    this.name.load(name.wire, 0)
    const found = this.reader.find(this.name, type, this.now, 0, 1, least)
    if (found === CACHED.nothing || found === CACHED.failure) return FOUND_WORDS[found]
    const records = recordsOf(this.reader, name).map(printRecord)
    return `${this.reader.isStale ? 'stale ' : ''}${FOUND_WORDS[found]}: ${records.join(' | ')}`
  }

  /** What is found, in one word. */
  look(what: string, least?: Trust): string {
    return this.get(what, least).split(':')[0]
  }
}

/** Type and name of `www.example. A`. */
export function question(what: string): { name: Name; type: number } {
  const [name, type] = what.split(' ')
  return { name: Name.parse(name), type: typeCode(type) }
}

function typeCode(mnemonic: string): number {
  return parseType(mnemonic) ?? TYPE.A
}

function provenance({ trust = TRUST.authoritative, security = SECURITY.indeterminate, ttl, reason }: Told): { trust: Trust; security: Security; ttl?: number; reason?: number } {
  return { trust, security, ...(ttl === undefined ? {} : { ttl }), ...(reason === undefined ? {} : { reason }) }
}

/** Records of several lines. */
export function linesOf(text: string): DnsRecord[] {
  return text.split('\n').map((line) => parseRecord(line))
}

/** All records of an entry, read back from a response that they were written into: what a client would see. */
export function recordsOf(entry: CachedEntry, name: Name): DnsRecord[] {
  const message = new Uint8Array(65_535)
  const head = encodeMessage(makeMessage({ response: true, questions: [{ name, type: entry.type, class: entry.class }] }))
  message.set(head)
  const view = viewOf(message)
  let at = head.length
  let count = 0
  for (const part of [PART.records, PART.signatures, PART.proof]) {
    at = entry.writePart(part, view, at)
    count += entry.countOf(part)
  }
  view.setUint16(6, count)
  return decodeMessage(message.subarray(0, at)).answers
}
