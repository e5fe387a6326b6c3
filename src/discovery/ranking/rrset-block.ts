/**
 * A block that holds an RRset made on the fly, in the layout of an image's RRsets (src/zone/layout.ts), so that it is
 * rendered and has its additional records like any other. One block serves every query of a thread.
 */
import type { RRsetSource } from '../../authority/plan.ts'
import { MAX_MESSAGE_OCTETS } from '../../dns/limits.ts'
import { viewOf } from '../../dns/octet-views.ts'
import { RRSET, RRSET_HEAD_OCTETS } from '../../zone/layout.ts'

/** Where a block's only RRset stands; 0 is no handle. */
const HANDLE = 1
/** Where its first record stands. */
export const RECORDS_AT = HANDLE * 4 + RRSET_HEAD_OCTETS
/** What the owner of a record is stored as: the name of the question (RFC 1035 4.1.4). */
const TO_QNAME = 0xc00c

/** The RRset made last, of at most as much as a message holds. */
export abstract class RRsetBlock implements RRsetSource {
  readonly words: Int32Array
  readonly octets: Uint8Array
  readonly view: DataView
  readonly rrset: number = HANDLE
  /** Records held. */
  count = 0

  /** `moreOctets`, a multiple of four, are for what stands behind the RRset. */
  constructor(moreOctets = 0) {
    const buffer = new ArrayBuffer(RECORDS_AT + MAX_MESSAGE_OCTETS + 1 + moreOctets)
    this.words = new Int32Array(buffer)
    this.octets = new Uint8Array(buffer)
    this.view = viewOf(this.octets)
  }

  /** Writes what stands before RDATA of `size` octets: RECORD_HEAD_OCTETS at `at`. */
  protected writeHead(at: number, type: number, rrClass: number, ttl: number, size: number): void {
    const { view } = this
    view.setUint16(at, TO_QNAME)
    view.setUint16(at + 2, type)
    view.setUint16(at + 4, rrClass)
    view.setUint32(at + 6, ttl)
    view.setUint16(at + 10, size)
  }

  /** Makes the `count` records up to `end` an RRset of `type`; they begin RRSET_HEAD_OCTETS behind its handle. */
  protected close(type: number, end: number, rrset: number = HANDLE, count: number = this.count): void {
    const { words } = this
    words[rrset + RRSET.next] = 0
    words[rrset + RRSET.key] = type
    words[rrset + RRSET.octets] = end - rrset * 4 - RRSET_HEAD_OCTETS
    words[rrset + RRSET.count] = count
  }
}
