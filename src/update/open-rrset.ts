/**
 * One RRset while a transaction changes it: what becomes of the records that it touches, beside the RRset as the zone's
 * image has it. Records are found by what they replace (RFC 2136 3.4.2.7). A large RRset is left in the image, and
 * written there record by record when the transaction is complete, so that a change makes no copy of ten thousand.
 */
import type { Name } from '../dns/name.ts'
import { findRecord } from '../zone/rdata-match.ts'
import type { ZoneEditor } from '../zone/editor.ts'
import type { RRsetId, ZoneImage } from '../zone/image.ts'
import { RECORD_HEAD_OCTETS } from '../zone/layout.ts'
import { isFoundByRdata, placeKey } from './records.ts'

/** Records from which an RRset is left in the image: few are written as a whole more quickly. */
export const LEFT_FROM = 8

/** A record that was touched: its RDATA in the image, and now; undefined for none. */
interface Touched {
  readonly below: Uint8Array | undefined
  now: Uint8Array | undefined
}

/** An RRset in the making; empty where the name has none of the type. */
export class OpenRRset {
  readonly owner: Name
  readonly type: number
  ttl = 0
  /** Records that it has. */
  size = 0
  /** Octets of the records as they will stand in the image. */
  octets = 0
  /** Whether it differs from the image, or did for a while. */
  isChanged = false
  /** All records by `placeKey`; undefined while most of them are in the image alone. */
  private records: Map<string, Uint8Array> | undefined = new Map<string, Uint8Array>()
  /** Those that were touched, while `records` is undefined. */
  private touched: Map<string, Touched> | undefined
  private below: { image: ZoneImage; rrset: RRsetId } | undefined

  constructor(owner: Name, type: number) {
    this.owner = owner
    this.type = type
  }

  /** Takes what `rrset` of `image` holds, which stays as it is. */
  load(image: ZoneImage, rrset: RRsetId): void {
    this.ttl = image.ttlOf(rrset)
    this.below = { image, rrset }
    this.size = image.recordsIn(rrset)
    this.octets = image.octetsOf(rrset)
    if (this.size >= LEFT_FROM && isFoundByRdata(this.type)) this.records = undefined
    else for (const rdata of rdatasOf(image, rrset)) this.records?.set(placeKey(this.type, rdata), rdata)
  }

  /** The record whose place `rdata` would take, which has this key. */
  held(key: string, rdata: Uint8Array): Uint8Array | undefined {
    if (this.records !== undefined) return this.records.get(key)
    this.touched ??= new Map()
    const touched = this.touched.get(key)
    if (touched !== undefined) return touched.now
    const below = this.heldBelow(rdata)
    this.touched.set(key, { below, now: below }) // whoever asks will add or remove it, and the image is searched from end to end
    return below
  }

  private heldBelow(rdata: Uint8Array): Uint8Array | undefined {
    if (this.below === undefined) return undefined
    const { image, rrset } = this.below
    const at = findRecord(image, rrset, rdata, rdata.length)
    return at === 0 ? undefined : image.octets.slice(image.rdataAt(at), image.rdataAt(at) + image.rdataLength(at))
  }

  /** Makes `rdata` the record of `key`, or leaves none there; `held` is what there is now. */
  put(key: string, rdata: Uint8Array | undefined, held: Uint8Array | undefined): void {
    this.count(held, -1)
    this.count(rdata, 1)
    if (this.records === undefined) {
      this.touched ??= new Map()
      const touched = this.touched.get(key)
      if (touched === undefined) this.touched.set(key, { below: held, now: rdata })
      else touched.now = rdata
    } else if (rdata === undefined) this.records.delete(key)
    else this.records.set(key, rdata)
  }

  private count(rdata: Uint8Array | undefined, sign: number): void {
    if (rdata === undefined) return
    this.size += sign
    this.octets += sign * (RECORD_HEAD_OCTETS + rdata.length)
  }

  /** All records by key; from now on they are held here. */
  all(): ReadonlyMap<string, Uint8Array> {
    return (this.records ??= this.gather())
  }

  private gather(): Map<string, Uint8Array> {
    const { below, touched, type } = this
    const records = new Map<string, Uint8Array>()
    for (const rdata of below === undefined ? [] : rdatasOf(below.image, below.rrset)) records.set(placeKey(type, rdata), rdata)
    for (const [key, { now }] of touched ?? []) {
      if (now === undefined) records.delete(key)
      else records.set(key, now)
    }
    return records
  }

  /** Writes it to the zone that `editor` changes, where it stands as it was loaded. ImageFull where that has no room. */
  writeTo(editor: ZoneEditor): void {
    const { owner: { wire }, type, ttl, size } = this
    if (size === 0) editor.removeRRset(wire, type)
    else if (this.isRewritten()) editor.putRRset(wire, type, ttl, [...this.all().values()])
    else this.writeTouched(editor)
  }

  /** Whether it is written as a whole: it is held here, has another TTL, or nothing of it stays. */
  private isRewritten(): boolean {
    if (this.records !== undefined || this.below === undefined) return true
    const { image, rrset } = this.below
    let stay = image.recordsIn(rrset)
    for (const { below, now } of this.touched?.values() ?? []) if (below !== undefined && now !== below) stay--
    return stay === 0 || image.ttlOf(rrset) !== this.ttl
  }

  /** Removals first: there is room for what is added once they are done, as the draft has counted. */
  private writeTouched(editor: ZoneEditor): void {
    const { owner: { wire }, type, ttl } = this
    const changed = [...(this.touched?.values() ?? [])].filter(({ below, now }) => below !== now)
    for (const { below } of changed) if (below !== undefined) editor.removeRecord(wire, type, below)
    for (const { now } of changed) if (now !== undefined) editor.appendRecord(wire, type, ttl, now)
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
