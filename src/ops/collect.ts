/**
 * Gives back replaced zones. A thread that answers makes no garbage, so that V8 sees no reason ever to
 * collect, while each reload leaves it a zone image, whose shared memory is free only when every thread has
 * let go of it. Asking for a collection when blocks were replaced, and at no other time, costs some milliseconds then. A
 * thread that answers waits until they were many (`Leftovers`), as a table that fills moves to a larger block again and again.
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

/** Octets of the blocks that were in use before and are not any more. */
export function octetsReplaced(before: Blocks, now: Blocks): number {
  const inUse = new Set(now)
  return before.reduce((sum, block) => sum + (block === undefined || inUse.has(block) ? 0 : block.byteLength), 0)
}

type Blocks = readonly (SharedArrayBuffer | undefined)[]

/** What a thread holds that is not in use any more, given back once it is much. A thread that is told of blocks cannot tell by itself, as they are other objects each time. */
export class Leftovers {
  private readonly collect: () => void
  private collected: number

  /** `replaced`: octets that were replaced before the thread came. */
  constructor(replaced: number, collect: () => void = collectGarbage) {
    this.collected = replaced
    this.collect = collect
  }

  /** Takes note of how many octets were replaced so far, all of which the thread has let go of. */
  note(replaced: number): void {
    if (replaced - this.collected < MAX_LEFTOVER_OCTETS) return
    this.collected = replaced
    this.collect()
  }
}
