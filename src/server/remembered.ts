/**
 * Answers from the cache, in the thread that was asked: what others have said is copied from the shared block straight into
 * the response, with the TTL that is left (RFC 1035 3.2.1), and nothing is allocated. Aliases are followed as far as all of
 * it is known; what is not, what has expired unless asking has just failed (RFC 8767 5), and what failed validation is for the core, which can ask.
 *
 *     records   answer: RRset                       owner: a pointer to the question, or into the alias that led to it
 *     alias     answer: CNAME, then its target …
 *               authority: proofs with DO           where a wildcard made one of them (RFC 4035 3.1.3.3)
 *     absence   authority: SOA, proofs with DO      RFC 2308 3
 *     failure   SERVFAIL: not asked for again yet   RFC 9520 3.2
 */
import { CacheReader } from '../cache/reader.ts'
import type { CacheBlock } from '../cache/block.ts'
import { PART, type Part } from '../cache/entry.ts'
import { CACHED, SECURITY } from '../cache/terms.ts'
import { QUESTION_AT, type Query } from '../authority/query.ts'
import { EDE, RCODE, TYPE } from '../dns/codes.ts'
import { POINTER_LIMIT } from '../dns/limits.ts'
import { MAX_ALIASES, MAX_CACHE_ENTRY_OCTETS } from '../dns/limits-resolver.ts'
import { LookupName } from '../dns/lookup-name.ts'
import { copyOctets, viewOf } from '../dns/octet-views.ts'
import { isProofFault } from '../dnssec/verdict.ts'

/** Types from here to ANY are for questions alone (RFC 6895 3.1); ANY is not answered from memory, as what is known is not all there is. */
const FIRST_META_TYPE = 128

const NO_TEXT = new Uint8Array(0)
const CACHED_ERROR = new TextEncoder().encode('it failed a moment ago')

/** What answering from memory takes. */
export interface RememberedParts {
  readonly block: CacheBlock
  /** The clock of the cache. */
  readonly nowSeconds: () => number
  /** Whether a zone of ours holds the name, made ready with the block's seed: then what others say of it does not count. */
  readonly isOurs: (name: LookupName) => boolean
  /** Whether answers are validated: then what nobody has judged yet is for the core, unless the asker validates (RFC 4035 3.2.2). */
  readonly isValidating?: boolean
  /** Whether a rule of the operator's speaks of the name: then the core says what it says. */
  readonly isRuled?: (name: LookupName) => boolean
}

/** Answers from the cache; one for each thread. What it has written last stands in its fields. */
export class Remembered {
  /** Octets of header, question and records; the header's are not written. */
  end = 0
  /** Records in the answer and the authority section. */
  answers = 0
  authorities = 0
  rcode = 0
  /** All of it was proven (RFC 4035 3.2.3). */
  authentic = false
  /** INFO-CODE and text of an Extended DNS Error; −1 for none. */
  edeCode = -1
  edeText: Uint8Array = NO_TEXT
  /** What is known has no room: the asker is to come again by TCP (RFC 2181 9). */
  truncated = false
  private readonly parts: RememberedParts
  private readonly reader: CacheReader
  private readonly name: LookupName
  private questionEnd = 0
  private limit = 0
  private withProofs = false
  /** The proof of an alias, until all answers are written. */
  private readonly held: DataView = viewOf(new Uint8Array(MAX_CACHE_ENTRY_OCTETS))
  private heldEnd = 0
  private heldCount = 0

  constructor(parts: RememberedParts) {
    this.parts = parts
    this.reader = new CacheReader(parts.block)
    this.name = new LookupName(parts.block.seed)
  }

  /** Writes question and records for `query` to `out`, at most `limit` octets; false where the core must be asked, with nothing to be sent. */
  answer(query: Query, out: Uint8Array, limit: number): boolean {
    if (query.qtype >= FIRST_META_TYPE && query.qtype <= TYPE.ANY) return false
    const { name } = this
    const view = viewOf(out)
    this.begin(query, view, limit)
    name.load(query.octets, query.qnameAt, query.view)
    const now = this.parts.nowSeconds()
    for (let ownerAt = QUESTION_AT, steps = 0; steps <= MAX_ALIASES; steps++) {
      if (this.parts.isRuled?.(name) === true) return false
      const next = this.take(query, view, now, ownerAt)
      if (this.truncated) return this.cut()
      if (next <= 0) return next === DONE
      // the target stands uncompressed where the CNAME has put it, and the next owner points there (RFC 1035 4.1.4)
      if (next >= POINTER_LIMIT) return false
      name.load(out, next, view)
      if (this.parts.isOurs(name)) return false
      ownerAt = next
    }
    return false
  }

  /** Leaves nothing but the question, with TC, so that nobody uses half of it (RFC 2181 9). */
  cut(): true {
    this.truncated = true
    this.end = this.questionEnd
    this.answers = this.authorities = 0
    return true
  }

  /**
   * A hash of what was said last is about, for who counts it: the last name; where that does not exist its parent, so
   * that random names below one are one subject, as those of a zone of ours are.
   */
  get subject(): number {
    const { name, rcode } = this
    return name.hash[rcode === RCODE.NXDOMAIN && name.labelCount > 0 ? 1 : 0]
  }

  private begin(query: Query, view: DataView, limit: number): void {
    const size = query.qnameLength + 4
    copyOctets(query.view, query.qnameAt, view, QUESTION_AT, size)
    this.end = this.questionEnd = QUESTION_AT + size
    this.limit = limit
    this.withProofs = query.dnssecOk
    this.answers = this.authorities = this.rcode = this.heldEnd = this.heldCount = 0
    this.edeCode = -1
    this.truncated = false
    this.authentic = this.parts.isValidating === true
  }

  /** Writes what is known of the name: DONE, UNKNOWN, or where the target of an alias stands in the message. */
  private take({ qtype, checkingDisabled }: Query, view: DataView, now: number, ownerAt: number): number {
    const { reader } = this
    const found = reader.find(this.name, qtype, now)
    const isUnproven = (found === CACHED.failure || (reader.isStale && reader.hasFailed)) && isProofFault(reader.failureReason)
    if (isUnproven && checkingDisabled) return UNKNOWN
    if (isUnproven || found === CACHED.failure) return this.fail(reader.failureReason)
    if (reader.shouldPrefetch) return UNKNOWN // told to one reader alone: the core, which gets this question, fetches it anew
    if (found === CACHED.nothing || (reader.isStale && !reader.hasFailed) || !(checkingDisabled || this.isJudged())) return UNKNOWN
    if (reader.security !== SECURITY.secure) this.authentic = false
    if (reader.isStale) this.tellStale(found === CACHED.nxdomain)
    else if (reader.security === SECURITY.insecure && !checkingDisabled) this.tellUnsigned(reader.reason)
    if (found === CACHED.nxdomain) this.rcode = RCODE.NXDOMAIN // RFC 6604 3: of the last name
    if (found !== CACHED.records && found !== CACHED.alias) return this.writeDenial(view, ownerAt)
    const startAt = this.end
    this.answers += this.write(PART.records, view, ownerAt) + this.writeSigned(PART.signatures, view, ownerAt)
    if (found === CACHED.records) return this.writeExpansion(view, ownerAt)
    return this.holdExpansion(ownerAt) ? startAt + OWNER_OCTETS + FIXED_OCTETS : UNKNOWN
  }

  /** Whether validation lets what was found be given out. */
  private isJudged(): boolean {
    const { reader: { security }, parts } = this
    return security !== SECURITY.bogus && (security !== SECURITY.indeterminate || parts.isValidating !== true)
  }

  /** RFC 8914 4.4, 4.20; of the first that has expired, or of the name that does not exist. */
  private tellStale(isDenied: boolean): void {
    this.edeCode = isDenied ? EDE.STALE_NXDOMAIN_ANSWER : EDE.STALE_ANSWER
    this.edeText = NO_TEXT
  }

  /** RFC 8914 4.2, 4.3, 4.28: why what is signed counts as unsigned; of the first that does, as when it was first told. */
  private tellUnsigned(infoCode: number): void {
    if (this.edeCode >= 0 || this.parts.isValidating !== true) return
    this.edeCode = infoCode
    this.edeText = NO_TEXT
  }

  /** Keeps what proves that a wildcard may stand for an alias (RFC 4035 5.3.4); false where a proof is held already, as the core tells what both have in common once. */
  private holdExpansion(ownerAt: number): boolean {
    const { reader } = this
    if (!this.withProofs || reader.countOf(PART.proof) === 0) return true
    if (this.heldCount > 0) return false
    this.heldCount = reader.countOf(PART.proof)
    this.heldEnd = reader.writePart(PART.proof, this.held, 0, ownerAt)
    return true
  }

  /** Writes what proves that wildcards may stand for the names above, the one that is held or the last one's own. */
  private writeExpansion(view: DataView, ownerAt: number): number {
    if (this.heldCount === 0) this.authorities += this.writeSigned(PART.proof, view, ownerAt)
    else if (this.reader.countOf(PART.proof) > 0) return UNKNOWN
    else if (this.hasRoom(this.heldEnd)) {
      copyOctets(this.held, 0, view, this.end, this.heldEnd)
      this.end += this.heldEnd
      this.authorities += this.heldCount
    }
    return DONE
  }

  private writeDenial(view: DataView, ownerAt: number): number {
    if (this.heldCount > 0) return UNKNOWN
    this.authorities += this.write(PART.records, view, ownerAt) + this.writeSigned(PART.signatures, view, ownerAt) + this.writeSigned(PART.proof, view, ownerAt)
    return DONE
  }

  /** RFC 9520 3.2: the question is not to be asked again yet. What was wrong with its proof is told anew (RFC 8914 4.6 to 4.13). */
  private fail(reason: number): number {
    this.answers = this.authorities = 0
    this.authentic = false
    this.end = this.questionEnd
    this.rcode = RCODE.SERVFAIL
    this.edeCode = isProofFault(reason) ? reason : EDE.CACHED_ERROR
    this.edeText = CACHED_ERROR
    return DONE
  }

  private writeSigned(part: Part, view: DataView, ownerAt: number): number {
    return this.withProofs ? this.write(part, view, ownerAt) : 0 // RFC 4035 3.2.1
  }

  /** Writes a part of what was found and returns how many records it has. */
  private write(part: Part, view: DataView, ownerAt: number): number {
    const { reader } = this
    if (!this.hasRoom(reader.octetsOf(part))) return 0
    this.end = reader.writePart(part, view, this.end, ownerAt)
    return reader.countOf(part)
  }

  /** Whether so many octets more find room; what does not fit truncates all (RFC 2181 9). */
  private hasRoom(octets: number): boolean {
    if (this.end + octets > this.limit) this.truncated = true
    return !this.truncated
  }
}

const DONE = 0
const UNKNOWN = -1
/** Octets of a record's owner, which is a pointer, and from its type to its RDATA. */
const OWNER_OCTETS = 2
const FIXED_OCTETS = 10
