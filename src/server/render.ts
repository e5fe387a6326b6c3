/**
 * From an answer as a value to octets: the question as it was asked, then section after section. RRsets lie
 * in their images as they are sent, so that one owned by QNAME is one straight copy; owner pointers are
 * patched where it is another's, and only the types that RFC 1035 defined have names to compress (RFC 3597 4).
 *
 * An RRset goes whole, together with its signatures, or not at all. One that was required sets TC
 * (RFC 2181 9), as does glue of a referral (RFC 9471 3.1); any other additional one is left out silently.
 */
import { KIND, SECTION, TTL_AS_STORED, type Answer } from '../authority/plan.ts'
import { QUESTION_AT, type Query } from '../authority/query.ts'
import { POINTER_LIMIT } from '../dns/limits.ts'
import { RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS } from '../zone/layout.ts'
import { NameTable } from './names.ts'
import { compressedNames, octetsBeforeNames } from './shapes.ts'

const NO_OCTETS = new Uint8Array(0)
/** The owner has not been written yet, or not where a pointer reaches. */
const NO_POINTER = 0

/** Writes planned answers as octets; one object per answering thread. */
export class Renderer {
  /** Something required was left out: TC is to be set. */
  truncated = false
  /** Records written to the answer, authority and additional section, by SECTION. */
  readonly counts = new Uint16Array(3)
  private readonly names = new NameTable()
  private out: Uint8Array = NO_OCTETS
  private limit = 0
  private at = 0

  /**
   * Writes question and sections to `out`, leaving the header's 12 octets to be filled; returns where they
   * end, at most `limit`. The question always fits, as `limit` is at least 512 less the OPT record.
   */
  render(query: Query, answer: Answer, out: Uint8Array, limit: number): number {
    this.out = out
    this.limit = limit
    this.at = QUESTION_AT
    this.truncated = answer.overflowed
    this.counts[0] = this.counts[1] = this.counts[2] = 0
    if (query.hasQuestion) this.copy(query.octets, query.qnameAt, query.qnameLength + 4) // RFC 1035 4.1.2: case kept
    this.names.begin(query)
    for (let i = 0; i < answer.count; ) {
      const end = endOfGroup(answer, i)
      if (!this.writeGroup(query, answer, i, end)) {
        const isGlue = answer.kind[i] === KIND.glue
        if (isGlue || answer.section[i] !== SECTION.additional) this.truncated = true
        if (this.truncated && !isGlue) break
      }
      i = end
    }
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
    const { words, octets } = answer.source[i]
    const rrset = answer.rrset[i]
    const type = words[rrset + RRSET.key] & 0xffff
    // the root's one octet is shorter than a pointer to it
    const isQname = answer.ownerAt[i] === query.qnameAt && answer.ownerOctets[i] === query.octets && query.qnameLength > 1
    if (isQname && answer.ttl[i] === TTL_AS_STORED && compressedNames(type) === 0) {
      const size = words[rrset + RRSET.octets]
      if (this.at + size > this.limit) return false
      this.copy(octets, rrset * 4 + RRSET_HEAD_OCTETS, size)
      return true
    }
    return this.writeRecords(answer, i, type)
  }

  /** Writes the entry's records one by one: each with its owner, its TTL lowered to the cap, and the names in RDATA compressed. */
  private writeRecords(answer: Answer, i: number, type: number): boolean {
    const { words, octets } = answer.source[i]
    const rrset = answer.rrset[i]
    const cap = answer.ttl[i]
    let recordAt = rrset * 4 + RRSET_HEAD_OCTETS
    let pointer = NO_POINTER
    for (let left = words[rrset + RRSET.count] & 0xffff; left > 0; left--) {
      const rdlength = (octets[recordAt + 10] << 8) | octets[recordAt + 11]
      pointer = this.writeOwner(answer.ownerOctets[i], answer.ownerAt[i], pointer)
      const headAt = this.at
      this.copy(octets, recordAt + 2, RECORD_HEAD_OCTETS - 2)
      if (cap !== TTL_AS_STORED) this.lowerTtl(headAt + 4, cap)
      if (compressedNames(type) > 0) this.writeCompressed(octets, recordAt + RECORD_HEAD_OCTETS, rdlength, type)
      else if (this.at + rdlength > this.limit) return false
      else this.copy(octets, recordAt + RECORD_HEAD_OCTETS, rdlength)
      if (this.at > this.limit) return false
      recordAt += RECORD_HEAD_OCTETS + rdlength
    }
    return true
  }

  /** Writes a record's owner: `pointer` if there is one, else the name; returns the pointer for the RRset's next record. */
  private writeOwner(octets: Uint8Array, nameAt: number, pointer: number): number {
    const { out, at } = this
    if (pointer !== NO_POINTER) {
      out[at] = pointer >>> 8
      out[at + 1] = pointer
      this.at = at + 2
      return pointer
    }
    this.at = this.names.write(out, at, octets, nameAt, true)
    if (out[at] >= 0xc0) return (out[at] << 8) | out[at + 1]
    return at < POINTER_LIMIT && out[at] !== 0 ? 0xc000 | at : NO_POINTER
  }

  /** Writes RDATA that holds names to be compressed, and corrects the RDLENGTH written before it. */
  private writeCompressed(octets: Uint8Array, rdataAt: number, rdlength: number, type: number): void {
    const startAt = this.at
    const end = rdataAt + rdlength
    const before = octetsBeforeNames(type)
    this.copy(octets, rdataAt, before)
    let from = rdataAt + before
    for (let left = compressedNames(type); left > 0; left--) {
      this.at = this.names.write(this.out, this.at, octets, from, false)
      while (octets[from] !== 0) from += octets[from] + 1
      from++
    }
    this.copy(octets, from, end - from)
    const size = this.at - startAt
    this.out[startAt - 2] = size >>> 8
    this.out[startAt - 1] = size
  }

  private lowerTtl(at: number, cap: number): void {
    const { out } = this
    const ttl = ((out[at] << 24) | (out[at + 1] << 16) | (out[at + 2] << 8) | out[at + 3]) >>> 0
    if (ttl <= cap) return
    out[at] = cap >>> 24
    out[at + 1] = cap >>> 16
    out[at + 2] = cap >>> 8
    out[at + 3] = cap
  }

  /** A loop, as `set` would need a view; the runs are short. */
  private copy(from: Uint8Array, start: number, count: number): void {
    const { out, at } = this
    for (let i = 0; i < count; i++) out[at + i] = from[start + i]
    this.at = at + count
  }
}

/** The entry behind `i` and the signatures that follow it. */
function endOfGroup(answer: Answer, i: number): number {
  let end = i + 1
  while (end < answer.count && answer.kind[end] === KIND.signature && answer.section[end] === answer.section[i]) end++
  return end
}
