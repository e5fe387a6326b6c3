/** A zone with a large RRset, an editor that has begun to change it, and what a change takes of its block. */
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { HEADER } from '../../src/zone/layout.ts'

export const SEED = 0x0ddb_a115
export const APEX = 'example.'
export const wire = (name: string): Uint8Array => Name.parse(name).wire
const lookup = new LookupName(SEED)

/** The RRset of a type at a name, as `image` sees it. */
export function rrsetAt(image: ZoneImage, name: string, rrType: number): number {
  lookup.load(wire(name), 0)
  return image.rrsetOf(image.nodeOf(lookup), rrType)
}

/** Words that `work` takes from the block. */
export function takenBy(image: ZoneImage, work: () => void): number {
  const before = image.words[HEADER.top]
  work()
  return image.words[HEADER.top] - before
}

/** A zone with 1,000 AGENT records at one name, of 16 octets each with their heads. */
export function crowd(): { image: ZoneImage; editor: ZoneEditor } {
  const builder = new ZoneBuilder({ apex: wire(APEX), class: CLASS.IN, seed: SEED, expectedOctets: 4_000_000 })
  for (let i = 0; i < 1_000; i++) builder.add(wire('a.example.'), TYPE.AGENT, 60, Uint8Array.of(0, 0, i >>> 8, i), 4)
  builder.add(wire('a.example.'), TYPE.TXT, 60, Uint8Array.of(1, 0x78), 2)
  const image = builder.finish()
  const editor = new ZoneEditor(image)
  editor.begin()
  return { image, editor }
}

export const RRSET_WORDS = 4
/** Words of the records of that RRset. */
export const CROWD_WORDS = 4_000
