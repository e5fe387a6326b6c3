/**
 * The cache as an operator handles it: how full it is, what it holds, and forgetting. All of it on the thread that writes the
 * cache, which stands still meanwhile: some 20 ms for a million entries that are flushed, a second for those that are dumped.
 */
import type { Cache } from '../cache/cache.ts'
import { dumpCache } from '../cache/dump.ts'
import { flushBelow, flushName, flushType } from '../cache/flush.ts'
import type { Name } from '../dns/name.ts'

/** How full the cache is. */
export interface CacheLevels {
  /** RRsets, absences and failures, those that have expired and are still kept among them. */
  entries: number
  /** Octets of these. */
  octets: number
  /** Octets of all of the cache, which it never passes. */
  size: number
}

/** What is to be forgotten: all of a name, one type of it, or the name and all below. */
export interface Forgetting {
  name: Name
  type?: number
  subtree?: boolean
}

/** Characters of one piece of a dump, about. */
const PIECE = 65_536

/** What can be done with a cache. */
export class CacheDesk {
  private readonly cache: Cache
  private readonly nowSeconds: () => number
  private readonly onForget: () => void

  /** `onForget` is told before anything is forgotten, as more than the cache may remember it. */
  constructor(cache: Cache, nowSeconds: () => number, onForget: () => void = () => undefined) {
    this.cache = cache
    this.nowSeconds = nowSeconds
    this.onForget = onForget
  }

  get levels(): CacheLevels {
    const { entryCount, liveOctets, buffer } = this.cache.block
    return { entries: entryCount, octets: liveOctets, size: buffer.byteLength }
  }

  /** Forgets, for every thread at once; returns how many entries that were. */
  forget({ name, type, subtree }: Forgetting): number {
    this.onForget()
    if (subtree === true) return flushBelow(this.cache, name)
    return type === undefined ? flushName(this.cache, name) : flushType(this.cache, name, type)
  }

  /** What it holds at this moment, as text in pieces. */
  dump(): string[] {
    const pieces: string[] = []
    let piece = ''
    dumpCache(this.cache, this.nowSeconds(), (lines) => {
      piece += `${lines}\n`
      if (piece.length < PIECE) return
      pieces.push(piece)
      piece = ''
    })
    return piece === '' ? pieces : [...pieces, piece]
  }
}
