/**
 * One RRset while a transaction changes it: taken out of the zone's image when it is first changed, and put back
 * as a whole when the transaction is complete. Records are found by what they replace (RFC 2136 3.4.2.7), so
 * that a change costs the same in a set of ten thousand.
 */
import type { Name } from '../dns/name.ts'
import type { RRsetId, ZoneImage } from '../zone/image.ts'
import { RECORD_HEAD_OCTETS } from '../zone/layout.ts'
import { placeKey } from './records.ts'

/** An RRset in the making; empty where the name has none of the type. */
export class OpenRRset {
  readonly owner: Name
  readonly type: number
  ttl = 0
  /** RDATA by `placeKey`. */
  readonly records = new Map<string, Uint8Array>()
  /** Octets of the records as they will stand in the image. */
  octets = 0
  /** Whether it differs from the image, or did for a while. */
  isChanged = false

  constructor(owner: Name, type: number) {
    this.owner = owner
    this.type = type
  }

  /** Takes what `rrset` of `image` holds. */
  load(image: ZoneImage, rrset: RRsetId): void {
    this.ttl = image.ttlOf(rrset)
    for (const rdata of rdatasOf(image, rrset)) this.put(placeKey(this.type, rdata), rdata)
  }

  /** Makes `rdata` the record of `key`, or leaves none there. */
  put(key: string, rdata: Uint8Array | undefined): void {
    const held = this.records.get(key)
    if (held !== undefined) this.octets -= RECORD_HEAD_OCTETS + held.length
    if (rdata === undefined) this.records.delete(key)
    else {
      this.records.set(key, rdata)
      this.octets += RECORD_HEAD_OCTETS + rdata.length
    }
  }
}

/** A copy of each RDATA of the RRset, in the order of the image. */
export function rdatasOf(image: ZoneImage, rrset: RRsetId): Uint8Array[] {
  const rdatas: Uint8Array[] = []
  const first = image.firstRecordAt(rrset)
  const end = first + image.octetsOf(rrset)
  for (let at = first; at < end; at = image.nextRecordAt(at)) {
    const start = image.rdataAt(at)
    rdatas.push(image.octets.slice(start, start + image.rdataLength(at)))
  }
  return rdatas
}
