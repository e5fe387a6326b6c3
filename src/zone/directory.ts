/**
 * All zones that one thread serves: which of them answers for a name is the one whose apex is its longest
 * suffix, in the same class (RFC 1034 4.3.2 step 2). Open addressing over the hashes that a LookupName has
 * for each of its suffixes; a directory is never changed, a reload makes a new one.
 */
import { LookupName } from '../dns/lookup-name.ts'
import type { ZoneImage } from './image.ts'

/** The zones of one moment; `indexFor(name, class)` is the nearest that holds a name. */
export class ZoneDirectory {
  readonly zones: readonly ZoneImage[]
  private readonly slots: Int32Array
  private readonly mask: number
  private readonly mostLabels: number

  /** `zones` must differ in name or class, and share the hash seed `seed`. */
  constructor(zones: readonly ZoneImage[], seed: number) {
    this.zones = zones
    let size = 16
    while (size < zones.length * 2) size *= 2
    this.mask = size - 1
    this.slots = new Int32Array(size * 2).fill(-1)
    this.mostLabels = zones.reduce((most, zone) => Math.max(most, zone.apexLabels), 0)
    const name = new LookupName(seed)
    zones.forEach((zone, index) => {
      name.load(zone.octets, zone.foldedNameAt(zone.apex))
      this.enter(name.hash[0], index)
    })
  }

  /** Index of the zone of `class` that holds `name`, looking from label `from` on (1 leaves out a zone of that very name); −1 where none does. */
  indexFor(name: LookupName, rrClass: number, from = 0): number {
    for (let label = Math.max(from, name.labelCount - this.mostLabels); label <= name.labelCount; label++) {
      const hash = name.hash[label]
      for (let slot = hash & this.mask; this.slots[slot * 2 + 1] >= 0; slot = (slot + 1) & this.mask) {
        const index = this.slots[slot * 2 + 1]
        if (this.slots[slot * 2] === hash && this.isApex(this.zones[index], name, label, rrClass)) return index
      }
    }
    return -1
  }

  private isApex(zone: ZoneImage, name: LookupName, label: number, rrClass: number): boolean {
    return zone.class === rrClass && zone.isNamed(zone.apex, name, label)
  }

  private enter(hash: number, index: number): void {
    let slot = hash & this.mask
    while (this.slots[slot * 2 + 1] >= 0) slot = (slot + 1) & this.mask
    this.slots[slot * 2] = hash
    this.slots[slot * 2 + 1] = index
  }
}
