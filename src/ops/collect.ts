/**
 * Gives back replaced zones. A thread that answers makes no garbage, so that V8 sees no reason ever to
 * collect, while each reload leaves it a zone image, whose shared memory is free only when every thread has
 * let go of it. Asking for a collection after a reload, and at no other time, costs some milliseconds then: where a zone
 * changes while it is served, and what stands beside it moves from block to block, so that it pays (`Leftovers`).
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MAX_LEFTOVER_OCTETS } from '../dns/limits.ts'

let collect: (() => void) | undefined

/** Collects this thread's garbage now; takes 2 to 20 ms, during which the thread does nothing else. */
export function collectGarbage(): void {
  collect ??= findCollector()
  collect()
}

/** V8's own function, which only contexts made after its flag was set can see. */
function findCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

/** Blocks that a thread has used and does not any more, which its garbage holds; given back once they are many. */
export class Leftovers {
  private readonly collect: () => void
  private inUse = new Set<SharedArrayBuffer>()
  private octets = 0

  constructor(collect: () => void = collectGarbage) {
    this.collect = collect
  }

  /** Notes which blocks are in use from now on. */
  use(blocks: readonly (SharedArrayBuffer | undefined)[]): void {
    const inUse = new Set(blocks.filter((block) => block !== undefined))
    for (const block of this.inUse) if (!inUse.has(block)) this.octets += block.byteLength
    this.inUse = inUse
    if (this.octets < MAX_LEFTOVER_OCTETS) return
    this.octets = 0
    this.collect()
  }
}
