/**
 * The cache as its one writer holds it: what is kept, and what gives way to what. Times are seconds of a clock that is
 * handed in with each call. Readers, in this thread and others, are `CacheReader`s over the same block.
 *
 *     const block = CacheBlock.create(64 * 1024 * 1024, seed)
 *     new Cache(block).keepRRset({ records, trust: TRUST.authoritative, security: SECURITY.secure }, now)
 */
import { CLASS, EDE } from '../dns/codes.ts'
import { MAX_BOGUS_TTL, MAX_CACHE_TTL, MAX_FAILURE_SECONDS, MAX_NEGATIVE_TTL, MAX_PASSING_SECONDS, MIN_FAILURE_SECONDS } from '../dns/limits-resolver.ts'
import type { DnsRecord } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { viewOf } from '../dns/octet-views.ts'
import type { CacheBlock } from './block.ts'
import { Chains } from './chains.ts'
import { type Contents, EntryDraft, NO_CONTENTS, type Traits, isJunk, traitsOf } from './draft.ts'
import { CachedEntry } from './entry.ts'
import type { AbsenceToKeep, FailureToKeep, Provenance, RRsetToKeep, SavedEntry } from './keeping.ts'
import { ALIVE, ENTRY, RING, RING_SHIFT, type RingId } from './layout.ts'
import { Queues } from './queues.ts'
import { KIND, type Keeping, SECURITY, type Security, TRUST, type Trust, standing } from './terms.ts'

/** Octets of MINIMUM, the last field of an SOA (RFC 1035 3.3.13). */
const MINIMUM_OCTETS = 4
/** What NXDOMAIN is kept under: no type has this number (RFC 6895 3.1). */
const ALL_TYPES = 0

/** The writing side of a cache. */
export class Cache {
  readonly block: CacheBlock
  private readonly words: Int32Array
  private readonly chains: Chains
  private readonly queues: Queues
  private readonly draft: EntryDraft
  private readonly copy = new CachedEntry()

  /** `block` must be new: what another writer has left in it is not found again. */
  constructor(block: CacheBlock) {
    this.block = block
    this.words = block.words
    this.chains = new Chains(block)
    this.queues = new Queues(this.chains)
    this.draft = new EntryDraft(block.seed)
  }

  /** Keeps an RRset until its TTL has run down: the least of all that is kept with it (RFC 2181 5.2, RFC 4035 5.3.3). */
  keepRRset(rrset: RRsetToKeep, now: number): Keeping {
    const { records, signatures = [], proof = [], trust, security, reason } = rrset
    const { draft } = this
    const [{ name, type, class: recordClass }] = records
    const ttl = boundTtl(rrset, MAX_CACHE_TTL, records, signatures, proof)
    if (ttl === 0) return 'ttl-zero'
    const stands = standing(trust, security)
    draft.begin(name, ALL_TYPES, recordClass)
    const nxdomain = this.chains.find(draft)
    draft.retype(type)
    if (this.outranks(nxdomain, stands, now) || this.outranks(this.chains.find(draft), stands, now)) return 'trusted-less'
    const kept = this.store({ records, signatures, proof }, traitsOf(KIND.records, trust, security, reason), ttl, now)
    if (kept === 'kept') this.forget(type)
    return kept
  }

  /** Keeps that a name or a type of it does not exist, for the lesser of the SOA's TTL and MINIMUM (RFC 2308 5). */
  keepAbsence(absence: AbsenceToKeep, now: number): Keeping {
    const { name, type = ALL_TYPES, class: recordClass = CLASS.IN, soa, signatures = [], proof = [], trust, security, reason } = absence
    const { draft } = this
    if (soa === undefined) return 'no-soa'
    const most = Math.min(MAX_NEGATIVE_TTL, viewOf(soa.rdata).getUint32(soa.rdata.length - MINIMUM_OCTETS))
    const ttl = boundTtl(absence, most, [soa], signatures, proof)
    if (ttl === 0) return 'ttl-zero'
    draft.begin(name, type, recordClass)
    const stands = standing(trust, security)
    if (this.othersOf(type).some((entry) => this.outranks(entry, stands, now))) return 'trusted-less'
    const kept = this.store({ records: [soa], signatures, proof }, traitsOf(type === ALL_TYPES ? KIND.nxdomain : KIND.nodata, trust, security, reason), ttl, now)
    if (kept === 'kept') this.forget(type)
    return kept
  }

  /**
   * Keeps that a question failed and returns for how many seconds it is not to be asked again: 5, and twice as many with each
   * further failure up to 300, or to 30 where that may pass by itself (RFC 9520 3.2). What was known before is kept beside it, as a stale answer (RFC 8767 5).
   */
  keepFailure(failure: FailureToKeep, now: number): number {
    const { name, type, class: recordClass = CLASS.IN, server, reason } = failure
    const { draft, words } = this
    draft.begin(name, type, recordClass, true, server)
    const last = this.chains.find(draft)
    const isInRow = last !== 0 && (words[last + ENTRY.expiry] >>> 0) + MAX_FAILURE_SECONDS > now
    const failures = isInRow ? Math.min((words[last + ENTRY.proofs] >>> 16) + 1, 16) : 1
    const most = isPassing(reason) ? MAX_PASSING_SECONDS : MAX_FAILURE_SECONDS
    const seconds = Math.min(MIN_FAILURE_SECONDS * 2 ** (failures - 1), most)
    this.store(NO_CONTENTS, traitsOf(KIND.failure, TRUST.additional, SECURITY.indeterminate, reason, failures), seconds, now)
    return seconds
  }

  /** Whether a question, or one server for it, failed so lately that it is not to be tried at `now` (RFC 9520 3.2). */
  hasFailed({ name, type, class: recordClass = CLASS.IN, server }: FailureToKeep, now: number): boolean {
    this.draft.begin(name, type, recordClass, true, server)
    const entry = this.chains.find(this.draft)
    return entry !== 0 && this.words[entry + ENTRY.expiry] >>> 0 > now
  }

  /** Puts in what was saved, in the queue that it was in; false where it has expired, something is known there already, or it was kept in time to come: by a clock that went back nobody can tell how old it is. */
  restore({ name, type, class: recordClass, expiry, ttl, ring, traits, contents }: SavedEntry, now: number): boolean {
    const { draft } = this
    draft.begin(name, type, recordClass)
    if (expiry + this.block.staleSeconds <= now || expiry - ttl > now || this.othersOf(type).length > 0) return false
    if (!draft.fill(contents, traits, ttl, expiry - ttl)) return false
    this.putInto(ring, now)
    return true
  }

  /** Calls `visit` with each entry, the oldest of each queue first, and the queue. The entry is one object, used again and again. */
  forEach(visit: (entry: CachedEntry, ring: RingId) => void): void {
    for (const ring of this.queues.rings) {
      ring.forEach((entry) => {
        if ((this.words[entry + ENTRY.span] & ALIVE) === 0) return
        this.copy.load(this.words, entry, this.block.spanOf(entry))
        visit(this.copy, ring.id)
      })
    }
  }

  /** Forgets each entry that `matches` by the place of its name in the block's octets and by its type, 0 for NXDOMAIN; returns how many. */
  flush(matches: (nameAt: number, type: number) => boolean): number {
    let count = 0
    for (const ring of this.queues.rings) {
      ring.forEach((entry) => {
        if ((this.words[entry + ENTRY.span] & ALIVE) === 0 || !matches((entry + ENTRY.words) * 4, this.words[entry + ENTRY.key] & 0xffff)) return
        this.chains.unlink(entry)
        count++
      })
    }
    return count
  }

  /**
   * Takes back what validation has said of each entry, so that it is judged anew when it is asked for, and forgets what was bogus and the failures
   * whose reason `isOfProof`; returns how many entries that were. One word changes in each: a reader meets what was, or what is.
   */
  unjudge(isOfProof: (infoCode: number) => boolean): number {
    let count = 0
    const { words, chains } = this
    for (const ring of this.queues.rings) {
      ring.forEach((entry) => {
        const traits = words[entry + ENTRY.traits]
        const security = (traits >>> 8) & 15
        const isFailed = (traits & 15) === KIND.failure && isOfProof((words[entry + ENTRY.proofOctets] >>> 16) - 1)
        if ((words[entry + ENTRY.span] & ALIVE) === 0 || (security === SECURITY.indeterminate && !isFailed)) return
        if (isFailed || security === SECURITY.bogus) chains.unlink(entry)
        else Atomics.store(words, entry + ENTRY.traits, traits & ~(15 << 8))
        count++
      })
    }
    return count
  }

  /** Forgets what is known of a name and type, and NXDOMAIN, which would answer for it; that it failed is not forgotten. */
  drop(name: Name, type: number, recordClass: number = CLASS.IN): void {
    this.draft.begin(name, type, recordClass)
    for (const entry of this.othersOf(type)) this.chains.unlink(entry)
  }

  /** Whether an entry, 0 for none, is alive at `now` and stands more firmly than `stands` (RFC 2181 5.4.1). */
  private outranks(entry: number, stands: number, now: number): boolean {
    if (entry === 0 || this.words[entry + ENTRY.expiry] >>> 0 <= now) return false
    const traits = this.words[entry + ENTRY.traits]
    return standing(((traits >>> 4) & 15) as Trust, ((traits >>> 8) & 15) as Security) > stands
  }

  /**
   * What stands against an entry of `type` at the draft's name and is no failure: the same type and NXDOMAIN. Against
   * NXDOMAIN, all types of the name.
   */
  private othersOf(type: number): number[] {
    const { chains, draft, words } = this
    const found: number[] = []
    const recordClass = draft.typeAndClass >>> 16
    for (let entry = chains.first(draft.hash); entry !== 0; entry = chains.next(entry)) {
      const key = words[entry + ENTRY.key]
      const concerns = type === ALL_TYPES || (key & 0xffff) === type || (key & 0xffff) === ALL_TYPES
      if (concerns && key >>> 16 === recordClass && !chains.isFailure(entry) && chains.isKeyed(entry, draft)) found.push(entry)
    }
    return found
  }

  /** After something was kept at the draft's name: what it contradicts goes, and so does the failure that it ends. */
  private forget(type: number): void {
    const { chains, draft } = this
    const kept = chains.find(draft)
    for (const entry of this.othersOf(type)) if (entry !== kept) chains.unlink(entry)
    draft.retype(type, true)
    const failure = chains.find(draft)
    if (failure !== 0) chains.unlink(failure)
  }

  /** Finishes the draft and puts it where it belongs. */
  private store(contents: Contents, traits: Traits, ttl: number, now: number): Keeping {
    const { chains, draft } = this
    if (!draft.fill(contents, traits, ttl, now)) return 'too-big'
    const known = chains.find(draft)
    chains.clearClaim(draft.hash, draft.type)
    const junk = isJunk(traits.kind) || traits.security === SECURITY.bogus
    if (known !== 0 && this.fits(known, junk)) chains.overwrite(known, draft.words, draft.span)
    else this.append(known, junk, now)
    return 'kept'
  }

  /** Whether the draft may be written over an entry: in the same queue, and without wasting more than half. */
  private fits(entry: number, junk: boolean): boolean {
    const room = this.block.spanOf(entry)
    return (this.queues.ringOf(entry) === RING.junk) === junk && this.draft.span <= room && this.draft.span * 2 >= room
  }

  private append(known: number, junk: boolean, now: number): void {
    const { draft, queues } = this
    const before = known === 0 ? RING.junk : queues.ringOf(known)
    const ring = junk ? RING.junk : before !== RING.junk ? before : queues.ringForNew(draft.hash, draft.typeAndClass)
    this.putInto(ring, now)
  }

  private putInto(ring: RingId, now: number): void {
    const { chains, draft, words } = this
    const { span } = draft
    const at = this.queues.reserve(ring, span, now)
    words.set(draft.words.subarray(1, span), at + 1)
    words[at] = span | (ring << RING_SHIFT) | ALIVE
    chains.link(at, chains.find(draft)) // making room may have moved what was known
  }
}

/** Seconds that something is kept: the least TTL of all lists, what validation allows, and `most`. */
function boundTtl({ ttl, security }: Provenance, most: number, ...lists: (readonly DnsRecord[])[]): number {
  let least = Math.min(most, ttl ?? most, security === SECURITY.bogus ? MAX_BOGUS_TTL : most)
  for (const records of lists) for (const record of records) least = Math.min(least, record.ttl)
  return Math.max(0, least)
}

/** Whether what failed for this reason (INFO-CODE of RFC 8914) may pass without anybody's doing: servers out of reach, for the answer or for a proof, or the time of the question over. */
function isPassing(reason: number | undefined): boolean {
  return reason === EDE.NO_REACHABLE_AUTHORITY || reason === EDE.NETWORK_ERROR || reason === EDE.DNSSEC_INDETERMINATE || reason === EDE.OTHER
}
