/**
 * A zone moved to a larger block, without what changes have left behind: only what the reader sees is taken along, so
 * that the new block is as if loaded from a file that says just that. The old one stays as it is for who reads it.
 */
import { ZoneBuilder } from './builder.ts'
import { ZoneEditor } from './editor.ts'
import { type NodeId, type RRsetId, ZoneImage } from './image.ts'
import { HEADER } from './layout.ts'

/** What `image` holds for its newest reader, in a block with `roomOctets` free. RangeError from the builder cannot be: what one block held another holds. */
export function rebuildImage(image: ZoneImage, roomOctets: number): ZoneImage {
  const source = new ZoneImage(image.buffer)
  const { octets } = source
  const apex = nameOf(source, source.apex)
  const builder = new ZoneBuilder({
    apex, class: source.class, seed: source.words[HEADER.seed], expectedNames: source.nodeCount,
    expectedOctets: source.usedOctets - source.wasteOctets + roomOctets,
  })
  const leased: { owner: Uint8Array; rrset: RRsetId }[] = []
  source.forEachNode((node) => {
    const owner = nameOf(source, node)
    for (let link = source.firstLink(node); link !== 0; link = source.nextLink(link)) {
      const rrset = source.rrsetAt(link)
      const end = source.firstRecordAt(rrset) + source.octetsOf(rrset)
      const ttl = source.ttlOf(rrset)
      for (let at = source.firstRecordAt(rrset); at < end; at = source.nextRecordAt(at)) {
        const length = source.rdataLength(at)
        const added = builder.add(owner, source.typeOf(rrset), ttl, octets.subarray(source.rdataAt(at), source.rdataAt(at) + length), length)
        if (added !== 'added') throw new Error(`Cannot move a record to the zone's new block: ${added}`)
      }
      if (source.leaseEndOf(rrset) !== 0) leased.push({ owner, rrset })
    }
  })
  const rebuilt = builder.finish()
  if (leased.length > 0) keepLeases(source, rebuilt, leased)
  return rebuilt
}

function nameOf(image: ZoneImage, node: NodeId): Uint8Array {
  const at = image.nameAt(node)
  return image.octets.slice(at, at + image.nameLength(node))
}

function keepLeases(source: ZoneImage, rebuilt: ZoneImage, leased: readonly { owner: Uint8Array; rrset: RRsetId }[]): void {
  const editor = new ZoneEditor(rebuilt)
  editor.begin()
  for (const { owner, rrset } of leased) editor.setLeaseEnd(owner, source.typeOf(rrset), source.leaseEndOf(rrset), source.coveredType(rrset))
  editor.commit()
}
