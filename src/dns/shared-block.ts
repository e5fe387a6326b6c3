/**
 * Large blocks of shared memory, for zones and what is remembered. How the system is to back them is for who runs the
 * thread to say, as no system calls are known here.
 */
import { HUGE_BLOCK_OCTETS } from './limits.ts'

/** Tells the system how the memory of a large block will be used. */
export type Advice = (block: SharedArrayBuffer) => void

let advice: Advice | undefined

/** Has `advise` told of every block of HUGE_BLOCK_OCTETS and more that this thread makes from now on; undefined: nobody. It must not throw. */
export function adviseBlocks(advise: Advice | undefined): void {
  advice = advise
}

/** A block of zeros. RangeError where the machine does not give as much. */
export function sharedBlock(octets: number): SharedArrayBuffer {
  const block = new SharedArrayBuffer(octets)
  if (octets >= HUGE_BLOCK_OCTETS) advice?.(block)
  return block
}
