/**
 * Forgetting on demand: a name, one type of it, or all that lies below a name. Each looks through the whole cache, which takes
 * some 20 ms for a million entries; what is flushed can no longer be found when the call returns.
 */
import { type Name, sameNameAt, wireLength } from '../dns/name.ts'
import type { Cache } from './cache.ts'

/** Forgets all types of a name, absences and failures among them, and returns how many entries that were. */
export function flushName(cache: Cache, name: Name): number {
  const { octets } = cache.block
  return cache.flush((at) => sameNameAt(octets, at, name.wire, 0))
}

/** Forgets one type of a name, and NXDOMAIN, which would answer for it; returns how many entries that were. */
export function flushType(cache: Cache, name: Name, type: number): number {
  const { octets } = cache.block
  return cache.flush((at, entryType) => (entryType === type || entryType === 0) && sameNameAt(octets, at, name.wire, 0))
}

/** Forgets a name and all below it, and returns how many entries that were; below the root that is everything. */
export function flushBelow(cache: Cache, name: Name): number {
  const { octets } = cache.block
  return cache.flush((at) => isWithin(octets, at, name.wire))
}

/** Whether the wire name at `at` is `ancestor` or lies below it (RFC 1034 3.1). */
function isWithin(octets: Uint8Array, at: number, ancestor: Uint8Array): boolean {
  let left = wireLength(octets, at)
  while (left > ancestor.length) {
    const label = octets[at] + 1
    at += label
    left -= label
  }
  return left === ancestor.length && sameNameAt(octets, at, ancestor, 0)
}
