/**
 * Large RRsets that grow record by record, as a capability does with each agent. Their records stand in an area of their
 * own with room behind them: a version with one more is a few words that point there, beside the record itself.
 *
 *     version 1 ──▶ place ──▶ ┌──────┐┌────────┬────────┬────────┬──────┐
 *     version 2 ──▶ place ──▶ │ room ││ record │ record │ record │ free │
 *                             └──────┘└────────┴────────┴────────┴──────┘
 *                                      1 has two of them, 2 has all
 *
 * What a version has is never written again, so that whoever still reads an older one finds it as it was. Behind what
 * the newest has nobody reads: there one goes on, whatever transactions that were undone have left there.
 */
import type { NodeId, RRsetId } from './image.ts'
import { AREA, firstRecordIn, LEASED, leaseWordOf, RRSET, SHARE, SHARED, wordsFor } from './layout.ts'
import { ZoneTransaction } from './transaction.ts'
import { mostOctets } from './writer.ts'

/** Octets of records from which on an RRset that grows is shared: fewer are copied as quickly. */
export const SHARE_FROM_OCTETS = 512

/** A transaction that can go on from what others read. */
export class ZoneSharing extends ZoneTransaction {
  protected isShared(rrset: RRsetId): boolean {
    return (this.words[rrset + RRSET.count] & SHARED) !== 0
  }

  /** The RRset `old` with room for `octets` of records, to which records can be added and in which none can be changed. */
  protected sharedFor(node: NodeId, old: RRsetId, octets: number): RRsetId {
    const { words } = this
    const hasRoom = this.isShared(old) && wordsFor(octets) <= words[words[old + SHARE.place] + AREA.room]
    if (hasRoom && this.shares.has(old)) return old
    return this.share(node, old, hasRoom ? words[old + SHARE.place] : this.makeArea(old, octets))
  }

  /** Room for twice as much as `octets`, or what an RRset may have, with a copy of the records of `old`. */
  private makeArea(old: RRsetId, octets: number): number {
    const { words } = this
    const room = wordsFor(Math.min(2 * octets, mostOctets(words[old + RRSET.key] & 0xffff)))
    const place = this.take(AREA.words + room) + AREA.words
    const held = words[old + RRSET.octets]
    const from = firstRecordIn(words, old) >>> 2
    words[place + AREA.room] = room
    words.copyWithin(place, from, from + wordsFor(held))
    return place
  }

  /** Puts an RRset in the place of `old` that is the same, with its records at `place`. */
  private share(node: NodeId, old: RRsetId, place: number): RRsetId {
    const rrset = this.take(SHARE.words)
    const { words } = this
    words[rrset + RRSET.next] = 0
    words[rrset + RRSET.key] = words[old + RRSET.key]
    words[rrset + RRSET.octets] = words[old + RRSET.octets]
    words[rrset + RRSET.count] = (words[old + RRSET.count] & (0xffff | LEASED)) | SHARED
    words[rrset + SHARE.place] = place
    words[rrset + SHARE.lease] = words[old + RRSET.count] < 0 ? Atomics.load(words, leaseWordOf(words, old)) : 0
    this.shares.add(rrset)
    this.exchange(node, words[old + RRSET.key], old, rrset)
    return rrset
  }
}
