/**
 * An answer as a value: which RRsets go into which section, not yet as octets. Authority fills it, server
 * renders it. An RRset is a handle into an image; its octets are copied once, straight into the message.
 * One object per answering thread is reset for every query; its arrays have a fixed size, so nothing is
 * allocated while answering.
 *
 *     answer.add(SECTION.answer, image, rrset, query, query.qnameAt)
 *     answer.add(SECTION.answer, image, signatures, query, query.qnameAt, KIND.signature)
 *
 * Entries are added in the order in which they are sent: answer, authority, additional, and the signatures
 * of an RRset right behind it.
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_ANSWER_RRSETS } from '../dns/limits.ts'
import type { LookupName } from '../dns/lookup-name.ts'
import { sameNameAt } from '../dns/name.ts'
import { type OctetBlock, viewOf } from '../dns/octet-views.ts'
import { RRSET } from '../zone/layout.ts'
import type { Query } from './query.ts'
import type { Tails } from './tails.ts'

/** The sections of a response that hold records (RFC 1035 4.1). */
export const SECTION = { answer: 0, authority: 1, additional: 2 } as const
export type Section = (typeof SECTION)[keyof typeof SECTION]

/** What becomes of an entry when the message is full. */
export const KIND = {
  /** Answer and authority: the response is truncated (RFC 2181 9). Additional: left out without a word. */
  plain: 0,
  /** RRSIG records of the entry before: they go and stay with it (RFC 4035 3.1.1). */
  signature: 1,
  /** Addresses without which a referral cannot be followed: leaving them out sets TC (RFC 9471 3.1). */
  glue: 2,
} as const
export type Kind = (typeof KIND)[keyof typeof KIND]

/** A block that holds RRsets in the layout of src/zone/layout.ts: a `ZoneImage`, or a scratch block for records made on the fly. */
export interface RRsetSource extends OctetBlock {
  readonly words: Int32Array
}

/** All that follows the question of one message, as it is sent there. */
export interface ReadyAnswer {
  readonly view: DataView
  /** Octets of `view`, from its start. */
  readonly size: number
  /** Records in the answer and in the additional section. */
  readonly answers: number
  readonly additionals: number
}

/** `ttl` of an entry whose records keep the TTL they are stored with. */
export const TTL_AS_STORED = -1
/** `edeCode` of an answer without an Extended DNS Error. */
export const NO_EDE = -1

const NO_OCTETS = new Uint8Array(0)
const NO_SOURCE: RRsetSource = { octets: NO_OCTETS, view: viewOf(NO_OCTETS), words: new Int32Array(0) }

/** What a response holds besides the question: RCODE, AA, an Extended DNS Error, and entries of RRsets; see above. */
export class Answer {
  /** RCODE, up to 12 bits (RFC 6891 6.1.3). */
  rcode = 0
  /** AA: the server is an authority for QNAME (RFC 1035 4.1.1). */
  authoritative = false
  /** RA: this server recurses for the asker (RFC 1035 4.1.1). */
  recursionAvailable = false
  /** All of it was proven by validation (RFC 4035 3.2.3): AD. Never of our own zones (RFC 4035 3.1.6). */
  authentic = false
  /** The zone understands agents: a query's AG bit is set in the response too (docs/protocol.md 1). */
  agentCapable = false
  /** INFO-CODE of an Extended DNS Error (RFC 8914 2), or NO_EDE. */
  edeCode: number = NO_EDE
  /** Its EXTRA-TEXT in UTF-8; at most MAX_EDE_TEXT_OCTETS of it are sent. */
  edeText: Uint8Array = NO_OCTETS
  /** Data of an OFFER option, valid up to `offerOctets`: how agents were chosen (docs/protocol.md 3). */
  offer: Uint8Array = NO_OCTETS
  /** 0: no such option is sent. */
  offerOctets = 0
  /** Index in the directory of the zone that the answer comes from, the last one where a chain crossed zones; -1 for none. */
  zone = -1
  /** What is missing for the answer may be found out by asking others: the message is left to the core, where that can be done. */
  isMissing = false
  /** The need in words of the asker's DEMAND is to be translated first: the message is left to the core, where that can be done. */
  isUntranslated = false
  /** The block in which records stand that a chooser has made, in whatever section: their targets are looked up like those of the zone's own. */
  derived: RRsetSource | null = null
  /** What stands for all entries, for this query alone, in at most `room` octets with OPT's options; null where the entries stand for themselves. */
  ready: ReadyAnswer | null = null
  /** An entry of the answer or authority section, or glue, found no place: the response is truncated. */
  overflowed = false

  /** Octets that the response may have behind the question, less OPT: no tail is taken that has more. */
  room = 0
  /** Where the octets that stand for all entries are, or shall be kept (see tails.ts); null for an answer that is not of this kind. */
  tails: Tails | null = null
  /** The entries are only the first of those that the tail stands for. */
  isRecalled = false

  /** An entry was refused, so that no other is taken. */
  isFull = false

  /** Entries in use; each array below holds entry `i` at index `i`. */
  count = 0
  readonly section = new Uint8Array(MAX_ANSWER_RRSETS)
  readonly kind = new Uint8Array(MAX_ANSWER_RRSETS)
  readonly source: RRsetSource[] = new Array<RRsetSource>(MAX_ANSWER_RRSETS).fill(NO_SOURCE)
  /** Handle of the RRset in its source. */
  readonly rrset = new Int32Array(MAX_ANSWER_RRSETS)
  /** The block in which the owner's uncompressed wire name stands, from `ownerAt`. For QNAME and names above it: the query. */
  readonly owner: OctetBlock[] = new Array<OctetBlock>(MAX_ANSWER_RRSETS).fill(NO_SOURCE)
  readonly ownerAt = new Uint32Array(MAX_ANSWER_RRSETS) // all 32 bits are needed: MAX_IMAGE_OCTETS
  /** Seconds that the records' TTL is lowered to where it is higher, as RFC 2308 3 asks of a negative answer's SOA; or TTL_AS_STORED. */
  readonly ttl = new Int32Array(MAX_ANSWER_RRSETS)

  /** Makes it an empty NOERROR answer. */
  reset(): void {
    this.rcode = 0
    this.authoritative = false
    this.agentCapable = this.recursionAvailable = this.authentic = false
    this.edeCode = NO_EDE
    this.edeText = NO_OCTETS
    this.offerOctets = 0
    this.zone = -1
    this.isMissing = this.isUntranslated = this.overflowed = this.isFull = this.isRecalled = false
    this.room = 0
    this.tails = this.derived = this.ready = null
    this.count = 0
  }

  /**
   * Adds an RRset; returns false where there is no room for one more (see MAX_ANSWER_RRSETS), which truncates
   * the response if the entry was required. `ttl` is in seconds: a cap, or TTL_AS_STORED. RangeError where a
   * section comes after a later one: that is a bug of the caller.
   */
  add(section: Section, source: RRsetSource, rrset: number, owner: OctetBlock, ownerAt: number, kind: Kind = KIND.plain, ttl: number = TTL_AS_STORED): boolean {
    const i = this.count
    if (i > 0 && this.section[i - 1] > section) throw new RangeError(`Cannot add to section ${section} as section ${this.section[i - 1]} has been begun`)
    // an RRset leaves room for its signatures, so that the two are never parted; behind one left out comes nothing more
    if (this.isFull || i >= (kind === KIND.signature ? MAX_ANSWER_RRSETS : MAX_ANSWER_RRSETS - 1)) {
      this.isFull = true
      if (section !== SECTION.additional || kind === KIND.glue) this.overflowed = true
      return false
    }
    this.section[i] = section
    this.kind[i] = kind
    this.source[i] = source
    this.rrset[i] = rrset
    this.owner[i] = owner
    this.ownerAt[i] = ownerAt
    this.ttl[i] = ttl
    this.count = i + 1
    return true
  }

  /** Whether the RRset is in the answer already, with this owner: no record is sent twice. A wildcard's may come with several owners. */
  holds(source: RRsetSource, rrset: number, owner: OctetBlock, ownerAt: number): boolean {
    for (let i = 0; i < this.count; i++) {
      if (this.rrset[i] !== rrset || this.source[i] !== source) continue
      if (sameNameAt(this.owner[i].octets, this.ownerAt[i], owner.octets, ownerAt)) return true
    }
    return false
  }

  /** Whether an alias of that name is in the answer already. The owner of a DNAME is none (RFC 6672 2.3). */
  hasAlias({ octets }: LookupName): boolean {
    for (let i = 0; i < this.count; i++) {
      if (this.source[i].words[this.rrset[i] + RRSET.key] !== TYPE.CNAME) continue
      if (sameNameAt(octets, 0, this.owner[i].octets, this.ownerAt[i])) return true
    }
    return false
  }

  /** Sets an Extended DNS Error (RFC 8914); the first one set stays, as it is nearest to the cause. */
  explain(edeCode: number, text: Uint8Array = NO_OCTETS): void {
    if (this.edeCode !== NO_EDE) return
    this.edeCode = edeCode
    this.edeText = text
  }
}

/** Who answers questions of class IN and LOCAL. */
export interface Authority {
  /** Fills `answer`, which has been reset, for the question of `query`; never throws for anything a query can hold. */
  answer(query: Query, answer: Answer): void
}
