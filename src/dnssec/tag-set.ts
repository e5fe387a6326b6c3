/**
 * A set of numbers from 0 to 2^53 − 1 that are random by themselves, as the tags of signatures are: places in plain
 * memory, the next free one behind the place that a number's low bits name. A `Set` would hold each as an object of
 * its own, and half a million of them are what a collector of garbage walks over again and again.
 */
const FIRST_PLACES = 64

/** Tags, told apart exactly. */
export class TagSet {
  /** Each tag and 1; 0 where none stands. At most half of them are taken. */
  private places = new Float64Array(FIRST_PLACES)
  private count = 0

  /** Tags in it. */
  get size(): number {
    return this.count
  }

  has(tag: number): boolean {
    return this.places[this.placeOf(tag)] !== 0
  }

  /** Adds a tag; false where it stood there already. */
  add(tag: number): boolean {
    const place = this.placeOf(tag)
    if (this.places[place] !== 0) return false
    this.places[place] = tag + 1
    if (++this.count * 2 > this.places.length) this.grow()
    return true
  }

  /** Where the tag stands, or would. */
  private placeOf(tag: number): number {
    const { places } = this
    const mask = places.length - 1
    let place = (tag >>> 0) & mask
    while (places[place] !== 0 && places[place] !== tag + 1) place = (place + 1) & mask
    return place
  }

  private grow(): void {
    const { places } = this
    this.places = new Float64Array(places.length * 2)
    for (const kept of places) if (kept !== 0) this.places[this.placeOf(kept - 1)] = kept
  }
}
