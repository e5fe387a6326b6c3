/**
 * Searches in zones in service for what the main thread needs itself: the zone above a name, and records at a name.
 */
import { TYPE } from '../dns/codes.ts'
import { LookupName } from '../dns/lookup-name.ts'
import type { Name } from '../dns/name.ts'
import type { ZoneDirectory } from '../zone/directory.ts'
import type { ZoneImage } from '../zone/image.ts'
import { HEADER } from '../zone/layout.ts'

let shared = new LookupName(0)

/** `name` made ready for one search: what resolves asks often, and the memory of it takes longer to get than the search. */
function ready(name: Name, seed: number): LookupName {
  if (shared.seed !== seed) shared = new LookupName(seed)
  shared.loadOnce(name.wire)
  return shared
}

/** The zone of `directory` nearest above `name`, in a class; undefined where none is. */
export function zoneAbove(directory: ZoneDirectory, seed: number, name: Name, rrClass: number): ZoneImage | undefined {
  if (directory.zones.length === 0) return undefined
  const lookup = ready(name, seed)
  const index = directory.indexFor(lookup, rrClass)
  return index < 0 ? undefined : directory.zones[index]
}

/** RDATA of the KEY records at `name` in `zone`, as committed last. */
export function keysIn(zone: ZoneImage, name: Name): Uint8Array[] {
  return rdatasAt(zone, name, TYPE.KEY)
}

/** RDATA of the records of `type` at `name` in `zone`, as committed last. */
export function rdatasAt(zone: ZoneImage, name: Name, type: number): Uint8Array[] {
  const lookup = ready(name, zone.words[HEADER.seed])
  zone.refresh()
  const node = zone.nodeOf(lookup)
  const rrset = node === 0 ? 0 : zone.rrsetOf(node, type)
  const rdatas: Uint8Array[] = []
  if (rrset === 0) return rdatas
  const end = zone.firstRecordAt(rrset) + zone.octetsOf(rrset)
  for (let at = zone.firstRecordAt(rrset); at < end; at = zone.nextRecordAt(at)) {
    rdatas.push(zone.octets.slice(zone.rdataAt(at), zone.rdataAt(at) + zone.rdataLength(at)))
  }
  return rdatas
}
