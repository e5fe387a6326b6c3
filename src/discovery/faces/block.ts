/**
 * The RRset that a face becomes: begun with a type, written record by record, and ended with one TTL for all (RFC 2181
 * 5.2). No record stands in it twice (RFC 2181 5).
 */
import { MAX_MESSAGE_OCTETS, MAX_STRING_OCTETS } from '../../dns/limits.ts'
import type { RRsetId, ZoneImage } from '../../zone/image.ts'
import { RECORD_HEAD_OCTETS } from '../../zone/layout.ts'
import { RECORDS_AT, RRsetBlock } from '../ranking/rrset-block.ts'

/** Records that a block has room for, however short they are. */
const MOST_RECORDS = Math.ceil(MAX_MESSAGE_OCTETS / RECORD_HEAD_OCTETS)
/** Lists of records whose RDATA has the same hash in its low bits. */
const HASH_LISTS = 512
/** FNV-1a's (http://www.isthe.com/chongo/tech/comp/fnv), whose spread is enough: what collides costs a comparison. */
const HASH_START = 0x811c9dc5
const HASH_FACTOR = 0x01000193

/** A block that holds the face made last. */
export class FaceBlock extends RRsetBlock {
  /** The record that each list begins with, and the one that follows each: numbers from 1, 0 where there is none. */
  private readonly lists = new Int16Array(HASH_LISTS)
  private readonly nextInList = new Int16Array(MOST_RECORDS + 1)
  private readonly recordsAt = new Int32Array(MOST_RECORDS + 1)
  private type = 0
  private rrClass = 0
  private ttl = 0
  private recordAt = RECORDS_AT
  private at = RECORDS_AT
  private isFull = false

  /** Makes it an empty RRset whose TTL is at most `ttl` seconds. */
  begin(type: number, rrClass: number, ttl: number): void {
    this.count = 0
    this.type = type
    this.rrClass = rrClass
    this.ttl = ttl
    this.at = RECORDS_AT
    this.isFull = false
    this.lists.fill(0)
  }

  /** Begins a record; what is written next is its RDATA, until `endRecord`. */
  beginRecord(): void {
    this.recordAt = this.at
    this.at += RECORD_HEAD_OCTETS
  }

  u16(value: number): void {
    if (this.at + 2 <= this.octets.length) this.view.setUint16(this.at, value)
    this.at += 2
  }

  /** Copies `from[at … end)`. */
  copy(from: Uint8Array, at: number, end: number): void {
    if (this.at + end - at <= this.octets.length) for (let i = at; i < end; i++) this.octets[this.at + i - at] = from[i]
    this.at += end - at
  }

  /** Writes text as character-strings, as many as it needs (RFC 1035 3.3.14); what is longer than `most` of them is cut. */
  strings(text: string, most = 1): void {
    const octets = Buffer.from(text, 'latin1')
    for (let from = 0, left = most; left > 0 && (from < octets.length || from === 0); left--, from += MAX_STRING_OCTETS) {
      const piece = octets.subarray(from, from + MAX_STRING_OCTETS)
      this.copy(Buffer.of(piece.length), 0, 1)
      this.copy(piece, 0, piece.length)
    }
  }

  /** Ends the record; it is dropped where another has the same RDATA from octet `sameFrom` on, or where the block is full. */
  endRecord(sameFrom = 0): void {
    const { recordAt, at } = this
    const size = at - recordAt - RECORD_HEAD_OCTETS
    this.isFull ||= at > this.octets.length || size > 0xffff || this.count === MOST_RECORDS
    this.at = recordAt
    if (this.isFull) return
    const list = this.hashOf(recordAt + RECORD_HEAD_OCTETS + sameFrom, at) & (HASH_LISTS - 1)
    if (this.holds(list, size, sameFrom)) return
    this.writeHead(recordAt, this.type, this.rrClass, this.ttl, size)
    this.at = at
    this.count++
    this.recordsAt[this.count] = recordAt
    this.nextInList[this.count] = this.lists[list]
    this.lists[list] = this.count
  }

  /** Takes the records of an RRset of the zone as well, and its TTL where that is less. */
  addStored(zone: ZoneImage, rrset: RRsetId): void {
    if (rrset === 0) return
    this.ttl = Math.min(this.ttl, zone.ttlOf(rrset))
    let from = zone.firstRecordAt(rrset)
    for (let left = zone.recordsIn(rrset); left > 0; left--, from = zone.nextRecordAt(from)) {
      this.beginRecord()
      this.copy(zone.octets, zone.rdataAt(from), zone.rdataAt(from) + zone.rdataLength(from))
      this.endRecord()
    }
  }

  /** Ends the RRset. */
  end(): void {
    const { view } = this
    for (let at = RECORDS_AT; at < this.at; at += RECORD_HEAD_OCTETS + view.getUint16(at + 10)) view.setUint32(at + 6, this.ttl)
    this.close(this.type, this.at)
  }

  /** Whether a record of the list has the RDATA of the one that is being written. */
  private holds(list: number, size: number, sameFrom: number): boolean {
    const { view, octets, recordAt } = this
    for (let record = this.lists[list]; record !== 0; record = this.nextInList[record]) {
      const at = this.recordsAt[record]
      if (view.getUint16(at + 10) !== size) continue
      let i = sameFrom
      while (i < size && octets[at + RECORD_HEAD_OCTETS + i] === octets[recordAt + RECORD_HEAD_OCTETS + i]) i++
      if (i >= size) return true
    }
    return false
  }

  private hashOf(at: number, end: number): number {
    let hash = HASH_START
    for (; at < end; at++) hash = Math.imul(hash ^ this.octets[at], HASH_FACTOR)
    return hash ^ (hash >>> 15)
  }
}
