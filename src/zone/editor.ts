/**
 * Changes a zone in service, RRset by RRset or record by record, within transactions (transaction.ts).
 *
 *     editor.begin()
 *     editor.putRRset(owner, TYPE.A, 60, [rdata, …])      replaces the RRset
 *     editor.addRecord(owner, TYPE.AGENT, 60, rdata)      false where it stands there already
 *     editor.view.rrsetOf(node, TYPE.AGENT)               what comes next sees what came before
 *     editor.commit()
 *
 * An RRset is copied when a transaction first changes it, however many changes follow: until the commit nobody
 * else has seen the copy, so that it is rewritten and extended where it lies. One that is large and only grows is
 * not copied (sharing.ts).
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_RRSET_OCTETS, MAX_RRSET_RECORDS } from '../dns/limits.ts'
import { wireLength } from '../dns/name.ts'
import type { NodeId, RRsetId } from './image.ts'
import { firstRecordIn, HEADER, LEASED, leaseWordOf, RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS, wordsFor } from './layout.ts'
import { findRecord } from './rdata-match.ts'
import { SHARE_FROM_OCTETS, ZoneSharing } from './sharing.ts'
import { mostOctets } from './writer.ts'

export type { Savepoint } from './transaction.ts'
export { ImageFull } from './writer.ts'

/** An eighth more room for an RRset that is extended, so that a batch of small additions to a large one copies it once. */
const ROOM_SHIFT = 3

/** The one writer of an image in service; see above for a transaction. All of its calls throw ImageFull where the block has no room. */
export class ZoneEditor extends ZoneSharing {
  /**
   * Makes `rdatas` (wire, uncompressed, no two alike) the whole RRset of `type` at `owner`; the end of its lease stays. RangeError
   * where the owner is outside of the zone, the RRset is empty or beyond the limits, or its type is not changed in place.
   */
  putRRset(owner: Uint8Array, type: number, ttl: number, rdatas: readonly Uint8Array[], covered = 0): void {
    const octets = octetsOfRRset(type, rdatas)
    const node = this.nodeAt(owner, type)
    const key = (type | (covered << 16)) | 0
    const old = this.currentRRset(node, key)
    const leaseEnd = old === 0 ? 0 : this.image.leaseEndOf(old)
    const words = wordsFor(octets) + (leaseEnd === 0 ? 0 : 1)
    const isReused = old !== 0 && (this.rooms.get(old) ?? 0) >= words
    const rrset = isReused ? old : this.makeRRset(key, words)
    if (isReused) this.overwrite(rrset, () => this.fill(rrset, ttl, rdatas, octets, leaseEnd))
    else {
      this.fill(rrset, ttl, rdatas, octets, leaseEnd)
      this.exchange(node, key, old, rrset)
    }
  }

  /**
   * Adds a record; the whole RRset takes its TTL (RFC 2181 5.2). False where the record stands there already with that TTL.
   * RangeError as for `putRRset`.
   */
  addRecord(owner: Uint8Array, type: number, ttl: number, rdata: Uint8Array): boolean {
    octetsOfRRset(type, [rdata])
    const node = this.nodeAt(owner, type)
    const old = this.currentRRset(node, keyFor(type, rdata))
    if (old === 0) {
      this.putRRset(owner, type, ttl, [rdata], coveredBy(type, rdata))
      return true
    }
    const isThere = findRecord(this.image, old, rdata, rdata.length) !== 0
    if (isThere && this.image.ttlOf(old) === ttl) return false
    const octets = isThere ? 0 : this.sizeAfter(old, type, rdata)
    const ttlBefore = this.image.ttlOf(old)
    const rrset = ttlBefore === ttl ? this.growing(node, old, octets) : this.ownRRset(node, old, octets)
    if (ttlBefore !== ttl) {
      this.writeTtl(rrset, ttl)
      this.undoFor(rrset, () => this.writeTtl(rrset, ttlBefore))
    }
    if (!isThere) this.append(rrset, type, ttl, rdata)
    return true
  }

  /** The same for a record that is known not to stand there, in an RRset of that TTL: the RRset, which may be large, is not searched. */
  appendRecord(owner: Uint8Array, type: number, ttl: number, rdata: Uint8Array): void {
    octetsOfRRset(type, [rdata])
    const node = this.nodeAt(owner, type)
    const old = this.currentRRset(node, keyFor(type, rdata))
    if (old === 0 || this.image.ttlOf(old) !== ttl) throw new RangeError('Cannot append a record as there is no RRset of that TTL')
    this.append(this.growing(node, old, this.sizeAfter(old, type, rdata)), type, ttl, rdata)
  }

  /** Removes a record; false where it does not stand there. RangeError where its type is not changed in place. */
  removeRecord(owner: Uint8Array, type: number, rdata: Uint8Array): boolean {
    refuseDenial(type)
    const node = this.nodeNamed(owner)
    const key = keyFor(type, rdata)
    const old = node === 0 ? 0 : this.currentRRset(node, key)
    const at = old === 0 ? 0 : findRecord(this.image, old, rdata, rdata.length)
    if (at === 0) return false
    if (this.image.recordsIn(old) === 1) this.exchange(node, key, old, 0)
    else this.cut(this.ownRRset(node, old, 0), at - this.image.firstRecordAt(old))
    return true
  }

  /** Removes the RRset of `type` at `owner`; false where there is none. RangeError where its type is not changed in place. */
  removeRRset(owner: Uint8Array, type: number, covered = 0): boolean {
    refuseDenial(type)
    const node = this.nodeNamed(owner)
    const key = (type | (covered << 16)) | 0
    const removed = node === 0 ? 0 : this.currentRRset(node, key)
    if (removed === 0) return false
    this.exchange(node, key, removed, 0)
    return true
  }

  /** Gives the zone's SOA another SERIAL (RFC 1035 3.3.13); false where the zone has no SOA. */
  setSerial(serial: number): boolean {
    const { image } = this
    const { apex } = image
    const old = this.currentRRset(apex, TYPE.SOA)
    if (old === 0) return false
    const rrset = this.ownRRset(apex, old, 0)
    const { octets } = this
    let at = image.rdataAt(image.firstRecordAt(rrset))
    at += wireLength(octets, at) // MNAME
    at += wireLength(octets, at) // RNAME
    const before = octets.slice(at, at + 4)
    this.undoFor(rrset, () => octets.set(before, at))
    octets[at] = serial >>> 24
    octets[at + 1] = serial >>> 16
    octets[at + 2] = serial >>> 8
    octets[at + 3] = serial
    return true
  }

  /**
   * Says until when the first-ending lease of the RRset lasts: Unix seconds, 0 for no lease. Where the RRset has had a lease before,
   * this is one store that readers see at once, with no new version or generation (a refresh). False where there is no such RRset.
   */
  setLeaseEnd(owner: Uint8Array, type: number, unixSeconds: number, covered = 0): boolean {
    const node = this.nodeNamed(owner)
    const old = node === 0 ? 0 : this.currentRRset(node, (type | (covered << 16)) | 0)
    if (old === 0) return false
    this.requireOpen()
    if ((this.words[old + RRSET.count] & LEASED) !== 0) this.moveLeaseEnd(old, unixSeconds)
    else if (unixSeconds !== 0) this.beginLease(node, old, unixSeconds)
    return true
  }

  private moveLeaseEnd(rrset: RRsetId, unixSeconds: number): void {
    const before = this.image.leaseEndOf(rrset)
    this.writeLease(rrset, unixSeconds)
    this.undoFor(rrset, () => this.writeLease(rrset, before))
  }

  private beginLease(node: NodeId, old: RRsetId, unixSeconds: number): void {
    const rrset = this.isShared(old) ? this.sharedFor(node, old, this.image.octetsOf(old)) : this.ownRRset(node, old, this.image.octetsOf(old) + 4)
    this.countRRset(rrset, -1)
    this.writeLease(rrset, unixSeconds)
    this.countRRset(rrset, 1)
    this.undoFor(rrset, () => (this.words[rrset + RRSET.count] &= ~LEASED))
  }

  private nodeNamed(owner: Uint8Array): NodeId {
    this.name.loadOnce(owner)
    return this.image.nodeNamed(this.name, 0)
  }

  /** The node of `owner`, made where it is missing. */
  private nodeAt(owner: Uint8Array, type: number): NodeId {
    refuseDenial(type)
    const node = this.nodeFor(owner)
    if (node === 0) throw new RangeError('Cannot change a record outside of its zone')
    return node
  }

  // ---- RRsets that nobody has seen yet ----

  private makeRRset(key: number, room: number): RRsetId {
    const rrset = this.take(RRSET.words + room)
    this.words[rrset + RRSET.next] = 0
    this.words[rrset + RRSET.key] = key
    this.rooms.set(rrset, room)
    return rrset
  }

  /** The RRset `old` where this transaction may rewrite it, with room for `octets` and a lease: itself if it has that, else a copy in its place. */
  private ownRRset(node: NodeId, old: RRsetId, octets: number): RRsetId {
    const { words } = this
    const held = this.rooms.get(old)
    const size = this.sizeOf(old)
    const needed = Math.max(size - RRSET.words, wordsFor(octets) + (words[old + RRSET.count] < 0 ? 1 : 0))
    if (held !== undefined && (held >= needed || this.extends(old, held, needed))) return old
    const spare = needed > size - RRSET.words ? (held === undefined ? needed >> ROOM_SHIFT : needed) : 0
    const rrset = this.makeRRset(words[old + RRSET.key], needed + spare)
    const from = firstRecordIn(words, old) >>> 2
    words[rrset + RRSET.octets] = words[old + RRSET.octets]
    words[rrset + RRSET.count] = words[old + RRSET.count] & 0xffff
    words.copyWithin(rrset + RRSET.words, from, from + wordsFor(words[old + RRSET.octets]))
    if (words[old + RRSET.count] < 0) this.writeLease(rrset, this.image.leaseEndOf(old))
    this.exchange(node, words[old + RRSET.key], old, rrset)
    return rrset
  }

  /** The RRset `old` where this transaction may add records to it, up to `octets` of them: shared where it is large. */
  private growing(node: NodeId, old: RRsetId, octets: number): RRsetId {
    return octets < SHARE_FROM_OCTETS || this.rooms.has(old) ? this.ownRRset(node, old, octets) : this.sharedFor(node, old, octets)
  }

  /** Gives the RRset more room where it lies last in the block. */
  private extends(rrset: RRsetId, held: number, needed: number): boolean {
    if (rrset + RRSET.words + held !== this.words[HEADER.top]) return false
    this.take(needed - held)
    this.rooms.set(rrset, needed)
    return true
  }

  private fill(rrset: RRsetId, ttl: number, rdatas: readonly Uint8Array[], octets: number, leaseEnd: number): void {
    const { words } = this
    words[rrset + RRSET.octets] = octets
    words[rrset + RRSET.count] = rdatas.length
    let at = rrset * 4 + RRSET_HEAD_OCTETS
    for (const rdata of rdatas) {
      this.writeRecord(at, words[rrset + RRSET.key] & 0xffff, ttl, rdata, rdata.length)
      at += RECORD_HEAD_OCTETS + rdata.length
    }
    if (leaseEnd !== 0) this.writeLease(rrset, leaseEnd)
  }

  private writeLease(rrset: RRsetId, unixSeconds: number): void {
    const { words } = this
    words[rrset + RRSET.count] |= LEASED
    Atomics.store(words, leaseWordOf(words, rrset), unixSeconds | 0)
  }

  /** Octets that the RRset has with `rdata`; RangeError where that is more than it may have. */
  private sizeAfter(rrset: RRsetId, type: number, rdata: Uint8Array): number {
    const octets = this.image.octetsOf(rrset) + RECORD_HEAD_OCTETS + rdata.length
    refuseSize(type, this.image.recordsIn(rrset) + 1, octets)
    return octets
  }

  private append(rrset: RRsetId, type: number, ttl: number, rdata: Uint8Array): void {
    const { image } = this
    const before = image.octetsOf(rrset)
    this.reshape(rrset, () => {
      this.writeRecord(image.firstRecordAt(rrset) + before, type, ttl, rdata, rdata.length)
      this.setShape(rrset, before + RECORD_HEAD_OCTETS + rdata.length, 1)
    })
    this.undoFor(rrset, () => this.reshape(rrset, () => this.setShape(rrset, before, -1)))
  }

  /** Cuts out the record that starts `offset` octets behind the first. */
  private cut(rrset: RRsetId, offset: number): void {
    const { image, octets } = this
    const at = image.firstRecordAt(rrset) + offset
    const before = image.octetsOf(rrset)
    const end = image.firstRecordAt(rrset) + before
    const record = octets.slice(at, image.nextRecordAt(at))
    this.reshape(rrset, () => {
      octets.copyWithin(at, at + record.length, end)
      this.setShape(rrset, before - record.length, -1)
    })
    this.undoFor(rrset, () => this.reshape(rrset, () => {
      octets.copyWithin(at + record.length, at, end - record.length)
      octets.set(record, at)
      this.setShape(rrset, before, 1)
    }))
  }

  /** Runs `change` on the RRset's records: counts follow, and so does the end of its lease, which stands behind them. */
  private reshape(rrset: RRsetId, change: () => void): void {
    const leaseEnd = this.image.leaseEndOf(rrset)
    this.countRRset(rrset, -1)
    change()
    if ((this.words[rrset + RRSET.count] & LEASED) !== 0) this.writeLease(rrset, leaseEnd)
    this.countRRset(rrset, 1)
  }

  private setShape(rrset: RRsetId, octets: number, records: 1 | -1): void {
    this.words[rrset + RRSET.octets] = octets
    this.words[rrset + RRSET.count] += records
  }

  private writeTtl(rrset: RRsetId, ttl: number): void {
    const { image, octets } = this
    const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
    for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) {
      octets[at + 6] = ttl >>> 24
      octets[at + 7] = ttl >>> 16
      octets[at + 8] = ttl >>> 8
      octets[at + 9] = ttl
    }
  }

  /** Runs `change`, which may write the RRset's contents anew. */
  private overwrite(rrset: RRsetId, change: () => void): void {
    const { words } = this
    if (this.isSaved(rrset)) {
      const contents = words.slice(rrset + RRSET.octets, rrset + this.sizeOf(rrset))
      this.undoFor(rrset, () => words.set(contents, rrset + RRSET.octets))
    }
    this.countRRset(rrset, -1)
    change()
    this.countRRset(rrset, 1)
  }

  /** Whether the RRset was there at the last savepoint, so that going back must find it as it was; else it will be gone. */
  private isSaved(rrset: RRsetId): boolean {
    return rrset < this.markedTop
  }

  private undoFor(rrset: RRsetId, back: () => void): void {
    if (this.isSaved(rrset)) this.undo.push(back)
  }
}

function coveredBy(type: number, rdata: Uint8Array): number {
  return type === TYPE.RRSIG ? (rdata[0] << 8) | rdata[1] : 0 // RFC 4034 3.1.1
}

function keyFor(type: number, rdata: Uint8Array): number {
  return (type | (coveredBy(type, rdata) << 16)) | 0
}

/** NSEC and NSEC3 chains, and what tells of them, are changed by signing anew and loading, not record by record. */
function refuseDenial(type: number): void {
  if (type !== TYPE.NSEC && type !== TYPE.NSEC3 && type !== TYPE.NSEC3PARAM) return
  throw new RangeError('Cannot change NSEC, NSEC3 or NSEC3PARAM in place as their chain must be signed and loaded as a whole')
}

/** Octets of the RRset's records; RangeError where it is empty or larger than an RRset may be. */
function octetsOfRRset(type: number, rdatas: readonly Uint8Array[]): number {
  let octets = 0
  for (const rdata of rdatas) {
    const size = RECORD_HEAD_OCTETS + rdata.length
    if (size > MAX_RRSET_OCTETS) throw new RangeError(`Cannot store a record of ${size} octets as no message could carry it`)
    octets += size
  }
  refuseSize(type, rdatas.length, octets)
  return octets
}

function refuseSize(type: number, records: number, octets: number): void {
  if (records === 0 || records > MAX_RRSET_RECORDS) throw new RangeError(`Cannot store an RRset of ${records} records as it must have 1 to ${MAX_RRSET_RECORDS}`)
  if (octets > mostOctets(type)) throw new RangeError(`Cannot store an RRset of ${octets} octets as it must have at most ${mostOctets(type)}`)
}
