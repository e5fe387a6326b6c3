/** All that a zone holds as a map that can be compared: for tests that hold an edited image against what was done to it. */
import assert from 'node:assert/strict'
import { TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import type { ZoneImage } from '../../src/zone/image.ts'

/** owner key → type → TTL, end of the lease where there is one, and RDATA in hex, as text. */
export type Contents = Map<string, Map<number, string>>

/** How an RRset is written in Contents. */
export function shown(ttl: number, rdatas: readonly Uint8Array[], leaseEnd = 0): string {
  return [leaseEnd === 0 ? ttl : `${ttl} until ${leaseEnd}`, ...rdatas.map((rdata) => Buffer.from(rdata).toString('hex'))].join(' ')
}

export function copyOf(contents: Contents): Contents {
  return new Map([...contents].map(([key, types]) => [key, new Map(types)]))
}

/** All that `image` holds but the NS of its apex, read record by record. */
export function read(image: ZoneImage): Contents {
  const contents: Contents = new Map()
  image.forEachNode((node) => {
    const types = new Map<number, string>()
    for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) {
      const rrset = image.rrsetAt(link)
      const type = image.typeOf(rrset)
      if (type === TYPE.NS) continue
      const rdatas: Uint8Array[] = []
      const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
      for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) {
        rdatas.push(image.octets.slice(image.rdataAt(at), image.nextRecordAt(at)))
      }
      assert.equal(rdatas.length, image.recordsIn(rrset))
      assert.equal(types.has(type), false, 'a type stands once at a node')
      types.set(type, shown(image.ttlOf(rrset), rdatas, image.leaseEndOf(rrset)))
    }
    if (types.size > 0) contents.set(Name.fromWire(image.octets, image.nameAt(node)).key, types)
  })
  return contents
}

/** The same without nodes that hold nothing, in the order of keys and types, for comparing. */
export function sorted(contents: Contents): [string, [number, string][]][] {
  return [...contents]
    .filter(([, types]) => types.size > 0)
    .map(([key, types]): [string, [number, string][]] => [key, [...types].sort(([a], [b]) => a - b)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
