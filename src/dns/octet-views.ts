/**
 * Octets four at a time, for the answering path: names and records are copied, compared and folded as 32-bit
 * numbers read and written through a DataView, wherever they stand. One such step costs the engine as much as a
 * step of one octet, so that this takes a quarter of the time. The last step overlaps the one before it, so that
 * nothing outside of the run is touched; runs of less than four octets go one by one.
 */

/** Octets, and a view over the same of them. */
export interface OctetBlock {
  readonly octets: Uint8Array
  readonly view: DataView
}

/** Where an array keeps its view: a property is found sooner than an entry of a WeakMap, and each answer asks for two or three. */
const VIEW = Symbol('view')

/** A view over `octets`, always the same for the same array. */
export function viewOf(octets: Uint8Array & { readonly [VIEW]?: DataView }): DataView {
  const known = octets[VIEW]
  if (known !== undefined) return known
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  Object.defineProperty(octets, VIEW, { value: view }) // not enumerable: comparisons of arrays do not see it
  return view
}

/** Copies `count` octets; RangeError where they do not lie in both views. What is copied onto itself must not move to the right. */
export function copyOctets(from: DataView, fromAt: number, to: DataView, toAt: number, count: number): void {
  if (count < 4) {
    for (let i = 0; i < count; i++) to.setUint8(toAt + i, from.getUint8(fromAt + i))
    return
  }
  const last = count - 4
  for (let i = 0; i < last; i += 4) to.setInt32(toAt + i, from.getInt32(fromAt + i, true), true)
  to.setInt32(toAt + last, from.getInt32(fromAt + last, true), true)
}

/** Whether `count` octets are the same; RangeError where they do not lie in both views. */
export function sameOctets(a: DataView, aAt: number, b: DataView, bAt: number, count: number): boolean {
  if (count < 4) {
    for (let i = 0; i < count; i++) if (a.getUint8(aAt + i) !== b.getUint8(bAt + i)) return false
    return true
  }
  const last = count - 4
  for (let i = 0; i < last; i += 4) if (a.getInt32(aAt + i, true) !== b.getInt32(bAt + i, true)) return false
  return a.getInt32(aAt + last, true) === b.getInt32(bAt + last, true)
}

/** Copies `count` octets with A-Z folded to a-z (RFC 4343 3); RangeError where they do not lie in both views. Of a name, lengths stay as they are: they are below "A". */
export function foldOctets(from: DataView, fromAt: number, to: DataView, toAt: number, count: number): void {
  if (count < 4) {
    for (let i = 0; i < count; i++) to.setUint8(toAt + i, foldFour(from.getUint8(fromAt + i)))
    return
  }
  const last = count - 4
  for (let i = 0; i < last; i += 4) to.setInt32(toAt + i, foldFour(from.getInt32(fromAt + i, true)), true)
  to.setInt32(toAt + last, foldFour(from.getInt32(fromAt + last, true)), true)
}

/**
 * Four octets with A-Z folded to a-z. The lower seven bits of each are added to twice, so that bit 7 tells whether
 * they are "A" or more, and whether they are above "Z"; where only the first is so and bit 7 was clear, 0x20 is set.
 */
function foldFour(octets: number): number {
  const low = octets & 0x7f7f_7f7f
  const isCapital = ((low + 0x3f3f_3f3f) ^ (low + 0x2525_2525)) & ~octets & 0x8080_8080
  return octets | (isCapital >>> 2)
}
