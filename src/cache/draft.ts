/**
 * An entry as the writer prepares it in memory of its own, before there is a place for it: the words of layout.ts
 * from the key on. One object is filled again and again.
 */
import { MAX_CACHE_ENTRY_OCTETS, MAX_CACHE_PROOFS, MAX_CACHE_RECORDS, MAX_CACHE_SIGNATURES } from '../dns/limits-resolver.ts'
import { LookupName } from '../dns/lookup-name.ts'
import type { DnsRecord } from '../dns/message.ts'
import { type Name, sameNameAt } from '../dns/name.ts'
import { viewOf } from '../dns/octet-views.ts'
import type { EntryKey } from './chains.ts'
import { ENTRY, chainHash, wordsFor } from './layout.ts'
import { KIND, type Kind, type Security, type Trust } from './terms.ts'

/** Where the key stands in an entry, octets. */
const KEY_AT = ENTRY.words * 4
/** The owner of records of the entry's own name: a pointer to the question (RFC 1035 4.1.4). */
const OWNER_POINTER = 0xc00c
/** Octets of type, class, TTL, RDLENGTH. */
const FIXED_OCTETS = 10

/** What an entry holds: three lists of records. */
export interface Contents {
  /** The RRset; of an absence the SOA. */
  readonly records: readonly DnsRecord[]
  /** RRSIG records of those. */
  readonly signatures: readonly DnsRecord[]
  /** NSEC and NSEC3 with their RRSIGs, for the authority section. */
  readonly proof: readonly DnsRecord[]
}

/** What an entry says beside its records. */
export interface Traits {
  readonly kind: Kind
  readonly trust: Trust
  readonly security: Security
  /** INFO-CODE (RFC 8914 4) of a failure or of what failed to validate; −1 for none. */
  readonly reason: number
  /** How often in a row the question failed. */
  readonly failures: number
}

/** One entry under preparation. */
export class EntryDraft implements EntryKey {
  readonly words: Int32Array = new Int32Array(MAX_CACHE_ENTRY_OCTETS / 4)
  readonly octets: Uint8Array = new Uint8Array(this.words.buffer)
  readonly view: DataView = viewOf(this.octets)
  readonly at = KEY_AT
  readonly name: LookupName
  hash = 0
  typeAndClass = 0
  isFailure = false
  lengths = 0
  count = 0
  private end = 0

  /** `seed` is the block's. */
  constructor(seed: number) {
    this.name = new LookupName(seed)
  }

  /** Words of the entry, as far as it is written. */
  get span(): number {
    return wordsFor(this.end)
  }

  get type(): number {
    return this.typeAndClass & 0xffff
  }

  /** Begins an entry by its key. `server`: 4 or 16 octets of the address that a failure is about, or none. */
  begin(name: Name, type: number, recordClass: number, isFailure = false, server?: Uint8Array): void {
    this.name.loadOnce(name.wire)
    const length = this.name.length
    this.octets.set(this.name.octets.subarray(0, length), KEY_AT)
    if (server !== undefined) this.octets.set(server, KEY_AT + length)
    this.count = length + (server?.length ?? 0)
    this.lengths = (length << 8) | (server?.length ?? 0)
    this.hash = chainHash(this.name.hash[0], recordClass)
    this.typeAndClass = type | (recordClass << 16)
    this.isFailure = isFailure
    this.end = (ENTRY.words + wordsFor(this.count)) * 4
    this.octets.fill(0, KEY_AT + this.count, this.end)
  }

  /** The same name and class under another type, to look for what else is known of it. */
  retype(type: number, isFailure = false): void {
    this.typeAndClass = (this.typeAndClass & ~0xffff) | type
    this.isFailure = isFailure
  }

  /** Writes all behind the key. False where it is more than an entry may hold. */
  fill(contents: Contents, traits: Traits, ttl: number, now: number): boolean {
    const { words } = this
    const { records, signatures, proof } = contents
    if (records.length > MAX_CACHE_RECORDS || signatures.length > MAX_CACHE_SIGNATURES || proof.length > MAX_CACHE_PROOFS) return false
    const from = this.end
    const recordsEnd = this.writeAll(records, from)
    const signaturesEnd = recordsEnd < 0 ? -1 : this.writeAll(signatures, recordsEnd)
    const end = signaturesEnd < 0 ? -1 : this.writeAll(proof, signaturesEnd)
    if (end < 0) return false
    words[ENTRY.hash] = this.hash
    words[ENTRY.key] = this.typeAndClass
    words[ENTRY.traits] = traits.kind | (traits.trust << 4) | (traits.security << 8) | (this.lengths << 16)
    words[ENTRY.expiry] = now + ttl
    words[ENTRY.ttl] = ttl
    words[ENTRY.since] = now
    words[ENTRY.counts] = records.length | (signatures.length << 16)
    words[ENTRY.proofs] = proof.length | (traits.failures << 16)
    words[ENTRY.octets] = (recordsEnd - from) | ((signaturesEnd - recordsEnd) << 16)
    words[ENTRY.proofOctets] = (end - signaturesEnd) | ((traits.reason + 1) << 16)
    this.end = end
    return true
  }

  /** Where the next record goes; −1 where they do not fit. */
  private writeAll(records: readonly DnsRecord[], at: number): number {
    for (const record of records) {
      at = this.writeRecord(record, at)
      if (at < 0) return -1
    }
    return at
  }

  private writeRecord(record: DnsRecord, at: number): number {
    const { view, octets } = this
    const { rdata, name } = record
    const owner = name.wire
    const isOwn = sameNameAt(owner, 0, octets, KEY_AT)
    const fixedAt = at + (isOwn ? 2 : owner.length)
    const end = fixedAt + FIXED_OCTETS + rdata.length
    if (end > octets.length) return -1
    if (isOwn) view.setUint16(at, OWNER_POINTER)
    else octets.set(owner, at)
    view.setUint16(fixedAt, record.type)
    view.setUint16(fixedAt + 2, record.class)
    view.setUint32(fixedAt + 4, record.ttl)
    view.setUint16(fixedAt + 8, rdata.length)
    octets.set(rdata, fixedAt + FIXED_OCTETS)
    return end
  }
}

/** No record at all. */
export const NO_CONTENTS: Contents = { records: [], signatures: [], proof: [] }

/** The traits of an entry; what is not given is none. */
export function traitsOf(kind: Kind, trust: Trust, security: Security, reason = -1, failures = 0): Traits {
  return { kind, trust, security, reason, failures }
}

/** Whether absences and failures, and not records, are what `kind` says. */
export function isJunk(kind: Kind): boolean {
  return kind !== KIND.records
}
