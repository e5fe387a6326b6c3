/**
 * All nodes of an image in canonical order (RFC 4034 6.1), for printing and transfers. Canonical order is the tree
 * walked parent first, siblings sorted by their first label; so only siblings are compared with each other,
 * label against label, which is far cheaper than comparing whole names.
 */
import type { NodeId, ZoneImage } from './image.ts'

/** The handles of all nodes that exist, in canonical order, the apex first. */
export function nodesInOrder(image: ZoneImage): Int32Array {
  const nodes = new Int32Array(image.nodeCount)
  let count = 0
  image.forEachNode((node) => (nodes[count++] = node))
  const siblings = nodes.subarray(0, count).sort((a, b) => image.parent(a) - image.parent(b) || compareFirstLabels(image, a, b))
  return walk(siblings, firstChildren(image, siblings), image)
}

/** Compares the first labels of two nodes as left-justified octet strings (RFC 4034 6.1). */
function compareFirstLabels(image: ZoneImage, a: NodeId, b: NodeId): number {
  const { octets } = image
  const aAt = image.foldedNameAt(a)
  const bAt = image.foldedNameAt(b)
  const shared = Math.min(octets[aAt], octets[bAt])
  for (let i = 1; i <= shared; i++) if (octets[aAt + i] !== octets[bAt + i]) return octets[aAt + i] - octets[bAt + i]
  return octets[aAt] - octets[bAt]
}

/** Where each parent's children start in `siblings`. */
function firstChildren(image: ZoneImage, siblings: Int32Array): Map<NodeId, number> {
  const first = new Map<NodeId, number>()
  for (let i = 0, last = -1; i < siblings.length; i++) {
    const parent = image.parent(siblings[i])
    if (parent !== last) first.set(parent, i)
    last = parent
  }
  return first
}

/** The tree parent first; `path` holds, for each ancestor, the place of the sibling that comes next. */
function walk(siblings: Int32Array, first: ReadonlyMap<NodeId, number>, image: ZoneImage): Int32Array {
  const ordered = new Int32Array(siblings.length)
  let count = 0
  ordered[count++] = image.apex
  const path = [first.get(image.apex) ?? siblings.length]
  const parents = [image.apex]
  while (path.length > 0) {
    const at = path[path.length - 1]
    if (at >= siblings.length || image.parent(siblings[at]) !== parents[parents.length - 1]) {
      path.pop()
      parents.pop()
      continue
    }
    path[path.length - 1]++
    const node = siblings[at]
    ordered[count++] = node
    const children = first.get(node)
    if (children === undefined) continue
    path.push(children)
    parents.push(node)
  }
  return ordered.subarray(0, count)
}
