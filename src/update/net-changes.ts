/**
 * What updates have made of a zone, as the two sides of a comparison: the records that its file has and that are not
 * served, and those that are served and that its file does not have. A record with another TTL is on both sides, and so
 * is the SOA, whose serial moves with each update (RFC 2136 3.6). What stands by a lease is on neither: no file has it.
 */
import { TYPE } from '../dns/codes.ts'
import type { Name } from '../dns/name.ts'
import { canonicalRdata } from '../dns/rdata.ts'
import type { OverlayEntry } from './overlay.ts'
import type { ZoneState } from './zone-state.ts'

/** One record on one side. */
export interface NetChange {
  /** `removed`: the file has it; `added`: it is served. */
  kind: 'added' | 'removed'
  owner: Name
  type: number
  ttl: number
  rdata: Uint8Array
}

/** SOA of a zone: what its file says, or what is served. */
export type Soa = NonNullable<ZoneState['soa']>

/** The changes that the overlay's `entries` are, in the order of zone files; `ttlOf` tells the TTL of an RRset as it is served. */
export function netChanges(entries: Iterable<OverlayEntry>, ttlOf: (owner: Name, type: number) => number | undefined): NetChange[] {
  const changes: NetChange[] = []
  for (const { owner, type, rdata, ttl, fileTtl } of entries) {
    if (fileTtl !== undefined) changes.push({ kind: 'removed', owner, type, ttl: fileTtl, rdata })
    // a record that joined an RRset of the file has the TTL that the file has come to say, whatever its entry does
    if (ttl !== undefined) changes.push({ kind: 'added', owner, type, ttl: ttlOf(owner, type) ?? ttl, rdata })
  }
  return changes.sort(inOrder)
}

/** Both sides of the SOA; none where the file has the one that is served. */
export function soaChanges(apex: Name, file: Soa | undefined, served: Soa | undefined): NetChange[] {
  if (file === undefined || served === undefined || (file.ttl === served.ttl && Buffer.compare(file.rdata, served.rdata) === 0)) return []
  return [{ kind: 'removed', owner: apex, type: TYPE.SOA, ...file }, { kind: 'added', owner: apex, type: TYPE.SOA, ...served }]
}

/** By owner (RFC 4034 6.1) and type, what is removed before what is added, by RDATA (RFC 4034 6.3). */
function inOrder(a: NetChange, b: NetChange): number {
  if (a.owner.key !== b.owner.key) return a.owner.compare(b.owner)
  if (a.type !== b.type) return a.type - b.type
  if (a.kind !== b.kind) return a.kind === 'removed' ? -1 : 1
  return Buffer.compare(canonicalRdata(a.type, a.rdata), canonicalRdata(b.type, b.rdata))
}
