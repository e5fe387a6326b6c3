/**
 * From an answer as a value to octets: the question as it was asked, then section after section. RRsets lie
 * in their images as they are sent, so that one whose owner is in the message already is one straight copy;
 * owner pointers are patched where it is not QNAME's, and only the types that RFC 1035 defined have names to
 * compress (RFC 3597 4).
 *
 * An RRset goes whole, together with its signatures, or not at all. One that was required sets TC
 * (RFC 2181 9), as does glue of a referral (RFC 9471 3.1); any other additional one is left out silently.
 */
import { KIND, SECTION, TTL_AS_STORED, type Answer, type ReadyAnswer } from '../authority/plan.ts'
import { QUESTION_AT, type Query } from '../authority/query.ts'
import type { Tails } from '../authority/tails.ts'
import { POINTER_LIMIT } from '../dns/limits.ts'
import { copyOctets, type OctetBlock, viewOf } from '../dns/octet-views.ts'
import { firstRecordIn, LEASED, leaseWordOf, RECORD_HEAD_OCTETS, RRSET } from '../zone/layout.ts'
import { keepTail } from './keep-tail.ts'
import { NameTable, NO_POINTER } from './names.ts'
import { compressedNames, octetsBeforeNames } from './shapes.ts'

/** The owner with which records are stored: a pointer to the question's name. */
const TO_QNAME = 0xc000 | QUESTION_AT

/** What `renderGroup` returns where there is no room. */
export const NO_PLACE = -1

/** Writes planned answers as octets; one object per answering thread. */
export class Renderer {
  /** Something required was left out: TC is to be set. */
  truncated = false
  /** Records written to the answer, authority and additional section, by SECTION. */
  readonly counts: Uint16Array = new Uint16Array(3)
  private readonly names = new NameTable()
  private readonly leaseSeconds: () => number
  private out = viewOf(new Uint8Array(0))
  private limit = 0
  private at = 0
  /** Nothing has been left out. */
  private isWhole = true

  /** `leaseSeconds` tells Unix time by the clock that leases run by; it is asked for leased RRsets only. */
  constructor(leaseSeconds: () => number) {
    this.leaseSeconds = leaseSeconds
  }

  /**
   * Writes question and sections to `out`, leaving the header's 12 octets to be filled; returns where they
   * end, at most `limit`, which is at most the length of `out`. The question always fits, as `limit` is at least 512
   * less the OPT record.
   */
  render(query: Query, answer: Answer, out: DataView, limit: number): number {
    this.out = out
    this.limit = limit
    this.at = QUESTION_AT
    this.truncated = answer.overflowed
    this.counts[0] = this.counts[1] = this.counts[2] = 0
    if (query.hasQuestion) this.copy(query.view, query.qnameAt, query.qnameLength + 4) // RFC 1035 4.1.2: case kept
    if (answer.ready !== null && answer.count > 0) return this.writeReady(answer.ready)
    if (answer.isRecalled && answer.count > 0) return this.writeTail(answer.tails as Tails)
    const startAt = this.at
    this.isWhole = !answer.isFull && !this.truncated
    this.names.begin(query, out, limit)
    for (let i = 0; i < answer.count; ) {
      const end = endOfGroup(answer, i)
      if (!this.writeGroup(query, answer, i, end)) {
        this.isWhole = false
        const isGlue = answer.kind[i] === KIND.glue
        if (isGlue || answer.section[i] !== SECTION.additional) this.truncated = true
        if (this.truncated && !isGlue) break
      }
      i = end
    }
    if (answer.tails !== null && answer.tails.isWanted && this.isWhole) keepTail(answer.tails, answer, out, startAt, this.at, this.counts)
    return this.at
  }

  /**
   * Writes the entries `from … end` of an answer to `out[at … limit)`, with pointers into the question that the query stands at
   * and nowhere else, so that they may be moved; returns where they end, or NO_PLACE. `counts` tells how many records they are.
   */
  renderGroup(query: Query, answer: Answer, from: number, end: number, out: DataView, at: number, limit: number): number {
    this.out = out
    this.limit = limit < out.byteLength ? limit : out.byteLength
    this.at = at
    this.counts[answer.section[from]] = 0
    this.names.begin(query, out, this.limit, true)
    return this.writeGroup(query, answer, from, end) ? this.at : NO_PLACE
  }

  /** Writes what was put together for this very question. */
  private writeReady({ view, size, answers, additionals }: ReadyAnswer): number {
    if (this.at + size > this.limit) { // which the plan's room has ruled out
      this.truncated = true
      return this.at
    }
    this.copy(view, 0, size)
    this.counts[SECTION.answer] = answers
    this.counts[SECTION.additional] = additionals
    return this.at
  }

  /** Writes what an earlier answer had behind its question; its pointers are moved by as much as it is. */
  private writeTail(tails: Tails): number {
    const { out, at } = this
    const { size } = tails
    if (at + size > this.limit) { // which the plan's room has ruled out
      this.truncated = true
      return at
    }
    this.copy(tails.view, tails.octetsAt, size)
    for (let i = tails.pointers - 1; i >= 0; i--) {
      const pointer = tails.pointer(i)
      out.setUint16(at + (pointer & 0xffff), 0xc000 | (at + (pointer >> 16)))
    }
    for (let section = 0; section < 3; section++) this.counts[section] = tails.countOf(section)
    return this.at
  }

  /** Writes an RRset and its signatures, or nothing: false. */
  private writeGroup(query: Query, answer: Answer, from: number, end: number): boolean {
    const startAt = this.at
    const nameCount = this.names.count
    let records = 0
    for (let i = from; i < end; i++) {
      if (!this.writeRRset(query, answer, i)) {
        this.at = startAt
        this.names.count = nameCount
        return false
      }
      records += answer.source[i].words[answer.rrset[i] + RRSET.count] & 0xffff
    }
    this.counts[answer.section[from]] += records
    return true
  }

  private writeRRset(query: Query, answer: Answer, i: number): boolean {
    const type = answer.source[i].words[answer.rrset[i] + RRSET.key] & 0xffff
    const pointer = this.pointerTo(query, answer.owner[i], answer.ownerAt[i])
    if (pointer !== NO_POINTER && compressedNames(type) === 0) return this.copyRecords(answer, i, pointer)
    return this.writeRecords(answer, i, type, pointer)
  }

  /** The pointer to a name that is known to be in the message: part of the question, or written already from the same place. */
  private pointerTo(query: Query, owner: OctetBlock, nameAt: number): number {
    // the root's one octet is shorter than a pointer to it
    if (owner === query) return query.octets[nameAt] === 0 ? NO_POINTER : 0xc000 | nameAt
    return this.names.pointerTo(owner.view, nameAt)
  }

  /** Copies the entry's records as they lie, without names to compress, all behind the same `pointer`. */
  private copyRecords(answer: Answer, i: number, pointer: number): boolean {
    const { words, view } = answer.source[i]
    const rrset = answer.rrset[i]
    const size = words[rrset + RRSET.octets]
    const { out, at } = this
    if (at + size > this.limit) return false
    this.copy(view, firstRecordIn(words, rrset), size)
    const cap = this.capOf(answer, i)
    if (pointer === TO_QNAME && cap === TTL_AS_STORED) return true
    for (let recordAt = at; recordAt < this.at; recordAt += RECORD_HEAD_OCTETS + out.getUint16(recordAt + 10)) {
      out.setUint16(recordAt, pointer)
      if (cap !== TTL_AS_STORED) this.lowerTtl(recordAt + 6, cap)
    }
    return true
  }

  /** Writes the entry's records one by one: each with its owner, its TTL lowered to the cap, and the names in RDATA compressed. */
  private writeRecords(answer: Answer, i: number, type: number, pointer: number): boolean {
    const { words, view } = answer.source[i]
    const rrset = answer.rrset[i]
    const cap = this.capOf(answer, i)
    let recordAt = firstRecordIn(words, rrset)
    for (let left = words[rrset + RRSET.count] & 0xffff; left > 0; left--) {
      const rdlength = view.getUint16(recordAt + 10)
      pointer = this.writeOwner(answer.owner[i].view, answer.ownerAt[i], pointer)
      const headAt = this.at
      if (headAt + RECORD_HEAD_OCTETS - 2 > this.limit) return false
      this.copy(view, recordAt + 2, RECORD_HEAD_OCTETS - 2)
      if (cap !== TTL_AS_STORED) this.lowerTtl(headAt + 4, cap)
      if (compressedNames(type) > 0) this.writeCompressed(answer.source[i], recordAt + RECORD_HEAD_OCTETS, rdlength, type)
      else if (this.at + rdlength > this.limit) return false
      else this.copy(view, recordAt + RECORD_HEAD_OCTETS, rdlength)
      if (this.at > this.limit) return false
      recordAt += RECORD_HEAD_OCTETS + rdlength
    }
    return true
  }

  /** Writes a record's owner: `pointer` if there is one, else the name; returns the pointer for the RRset's next record. Moves beyond the limit where it does not fit. */
  private writeOwner(view: DataView, nameAt: number, pointer: number): number {
    const { out, at } = this
    if (pointer !== NO_POINTER) {
      this.at = at + 2
      if (this.at <= this.limit) out.setUint16(at, pointer)
      return pointer
    }
    this.at = this.names.write(at, view, nameAt, true)
    if (this.at > this.limit) return NO_POINTER
    const first = out.getUint8(at)
    if (first >= 0xc0) return out.getUint16(at)
    return at < POINTER_LIMIT && first !== 0 && !this.names.isMoved ? 0xc000 | at : NO_POINTER
  }

  /** Writes RDATA that holds names to be compressed, and corrects the RDLENGTH written before it. Moves beyond the limit where it does not fit. */
  private writeCompressed(source: OctetBlock, rdataAt: number, rdlength: number, type: number): void {
    const { octets, view } = source
    const startAt = this.at
    const end = rdataAt + rdlength
    let from = rdataAt
    if (!this.copyIfFits(view, from, octetsBeforeNames(type))) return
    from += octetsBeforeNames(type)
    for (let left = compressedNames(type); left > 0; left--) {
      this.at = this.names.write(this.at, view, from, false)
      if (this.at > this.limit) return
      while (octets[from] !== 0) from += octets[from] + 1
      from++
    }
    if (this.copyIfFits(view, from, end - from)) this.out.setUint16(startAt - 2, this.at - startAt)
  }

  /** The most that a TTL of the entry may be: no record is remembered beyond its lease (RFC 9664 4.2). */
  private capOf(answer: Answer, i: number): number {
    const cap = answer.ttl[i]
    const { words } = answer.source[i]
    const rrset = answer.rrset[i]
    if ((words[rrset + RRSET.count] & LEASED) === 0) return cap
    const left = Math.max(0, (Atomics.load(words, leaseWordOf(words, rrset)) >>> 0) - this.leaseSeconds())
    return cap === TTL_AS_STORED ? left : Math.min(cap, left)
  }

  private lowerTtl(at: number, cap: number): void {
    if (this.out.getUint32(at) > cap) this.out.setUint32(at, cap)
  }

  /** Copies what fits; else only moves beyond the limit: false. */
  private copyIfFits(from: DataView, start: number, count: number): boolean {
    if (this.at + count <= this.limit) {
      this.copy(from, start, count)
      return true
    }
    this.at += count
    return false
  }

  private copy(from: DataView, start: number, count: number): void {
    copyOctets(from, start, this.out, this.at, count)
    this.at += count
  }
}

/** The entry behind `i` and the signatures that follow it. */
export function endOfGroup(answer: Answer, i: number): number {
  let end = i + 1
  while (end < answer.count && answer.kind[end] === KIND.signature && answer.section[end] === answer.section[i]) end++
  return end
}
