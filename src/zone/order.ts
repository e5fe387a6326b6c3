/**
 * Names in canonical order inside an image: skip lists (one for the owners of NSEC, one for those of NSEC3),
 * so that the predecessor of any name, on which denial of existence rests, is found in about log n steps
 * while one writer inserts. An element is linked from the bottom level up, each link one store, so that a
 * reader meets either the old or the new list. The first four octets of the label right below the apex stand
 * in the element as a number, which decides most comparisons without a look at the name.
 */
import type { LookupName } from '../dns/lookup-name.ts'
import { MAX_LABELS, MAX_ORDER_LEVELS as MAX_LEVELS } from '../dns/limits.ts'
import { ELEMENT, NODE } from './layout.ts'

/** The part of an image that order needs. */
export interface OrderedBlock {
  readonly words: Int32Array
  readonly octets: Uint8Array
  readonly apexLabels: number
}

const lastElements = new Int32Array(MAX_LEVELS)
const ownLabels = new Uint8Array(MAX_LABELS + 1)

/** Negative, 0 or positive as `node`'s name sorts before, at or after `name` (RFC 4034 6.1); both lie in the image's zone. */
export function compareToName(image: OrderedBlock, node: number, name: LookupName): number {
  const { octets, apexLabels } = image
  const base = (node + NODE.name) * 4
  const labels = (image.words[node + NODE.marks] >>> 16) & 0xff
  if (labels === apexLabels + 1 && name.labelCount > apexLabels) {
    // most names stand right below the apex, so that their first label decides
    return compareLabels(octets, base, name.octets, name.labelAt[name.labelCount - labels]) || labels - name.labelCount
  }
  let count = 0
  for (let at = 0; octets[base + at] !== 0; at += octets[base + at] + 1) ownLabels[count++] = at
  const shared = Math.min(count, name.labelCount)
  for (let i = 1 + apexLabels; i <= shared; i++) {
    const order = compareLabels(octets, base + ownLabels[count - i], name.octets, name.labelAt[name.labelCount - i])
    if (order !== 0) return order
  }
  return count - name.labelCount
}

/** Compares the labels whose length octets stand at `a[aAt]` and `b[bAt]` as left-justified octet strings. */
function compareLabels(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  const aSize = a[aAt]
  const bSize = b[bAt]
  const shared = aSize < bSize ? aSize : bSize
  for (let i = 1; i <= shared; i++) {
    const order = a[aAt + i] - b[bAt + i]
    if (order !== 0) return order
  }
  return aSize - bSize
}

/** Sorting key of the label right below the apex: its first four octets as a number; 0 for the apex itself. */
export function orderKey(apexLabels: number, labelCount: number, octets: Uint8Array, labelStart: number): number {
  if (labelCount <= apexLabels) return 0
  const size = octets[labelStart]
  let key = 0
  for (let i = 1; i <= 4; i++) key = key * 256 + (i <= size ? octets[labelStart + i] : 0)
  return key
}

/** The key of `name` in the order of `image`. */
export function orderKeyOf(image: OrderedBlock, name: LookupName): number {
  return orderKey(image.apexLabels, name.labelCount, name.octets, name.labelAt[Math.max(0, name.labelCount - image.apexLabels - 1)])
}

/**
 * The last node of the list at `head` that does not sort after `name`; where all do, the list's last node,
 * as both chains are rings (RFC 4034 4.1.1, RFC 5155 7.1); 0 where the list is empty.
 */
export function predecessorIn(image: OrderedBlock, head: number, name: LookupName): number {
  if (head === 0) return 0
  const { words } = image
  const key = orderKeyOf(image, name)
  let at = head
  let after = 0 // known to sort after the name: most elements are met again one level below
  for (let level = MAX_LEVELS - 1; level >= 0; level--) {
    for (let next = words[at + ELEMENT.next + level]; next !== after && next !== 0; next = words[at + ELEMENT.next + level]) {
      if (!sortsAtOrBefore(image, next, key, name)) {
        after = next
        break
      }
      at = next
    }
  }
  return at === head ? lastIn(image, head) : words[at + ELEMENT.node]
}

/** Whether the element's node sorts before `name` or is its own; `key` is the name's. */
export function sortsAtOrBefore(image: OrderedBlock, element: number, key: number, name: LookupName): boolean {
  const own = image.words[element + ELEMENT.key] >>> 0
  if (own !== key) return own < key
  return compareToName(image, image.words[element + ELEMENT.node], name) <= 0
}

function lastIn(image: OrderedBlock, head: number): number {
  lastPath(image, head, lastElements)
  return lastElements[0] === head ? 0 : image.words[lastElements[0] + ELEMENT.node]
}

/** Writes the last element of each level of the list at `head` to `path`. */
export function lastPath(image: OrderedBlock, head: number, path: Int32Array): void {
  const { words } = image
  let at = head
  for (let level = MAX_LEVELS - 1; level >= 0; level--) {
    for (let next = words[at + ELEMENT.next + level]; next !== 0; next = words[at + ELEMENT.next + level]) at = next
    path[level] = at
  }
}

/** The element after which `name` belongs, per level, written to `path`; returns whether the name is listed already. */
export function findPath(image: OrderedBlock, head: number, name: LookupName, path: Int32Array): boolean {
  const { words } = image
  const key = orderKeyOf(image, name)
  let at = head
  for (let level = MAX_LEVELS - 1; level >= 0; level--) {
    for (let next = words[at + ELEMENT.next + level]; next !== 0; next = words[at + ELEMENT.next + level]) {
      if (!sortsAtOrBefore(image, next, key, name)) break
      at = next
    }
    path[level] = at
  }
  return at !== head && words[at + ELEMENT.key] >>> 0 === key && compareToName(image, words[at + ELEMENT.node], name) === 0
}

