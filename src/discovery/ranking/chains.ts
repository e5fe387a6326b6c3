/**
 * Slots by a name that they have besides their capability: that of the agent, and its human name (docs/protocol.md 2).
 * A chain for each hash, in shared memory: one thread links and unlinks, and every reader may walk meanwhile, as a slot
 * that has left its chain still leads on.
 *
 *     heads[hash] ──► slot ──► slot ──► none        next[slot], one behind its number, so that 0 is none
 */
import { MAX_CHAIN_STEPS } from '../../dns/limits-discovery.ts'

/** Chains of one kind of name; `keys` holds the hash that each slot is linked by, 0 for none. */
export class SlotChains {
  private readonly heads: Int32Array
  private readonly next: Int32Array
  private readonly keys: Int32Array

  /** `heads` has a power of two of words. */
  constructor(heads: Int32Array, next: Int32Array, keys: Int32Array) {
    this.heads = heads
    this.next = next
    this.keys = keys
  }

  /** Links a slot by `hash`, or moves it to that chain. */
  link(slot: number, hash: number): void {
    const key = keyOf(hash)
    if (this.keys[slot] === key) return
    this.unlink(slot)
    this.relink(slot, key)
  }

  /** Links a slot that is in no chain of these heads, by the key that it had. */
  relink(slot: number, key: number): void {
    const head = key & (this.heads.length - 1)
    this.keys[slot] = key
    this.next[slot] = this.heads[head]
    Atomics.store(this.heads, head, slot + 1)
  }

  /** Takes a slot out of its chain, where it is in one. */
  unlink(slot: number): void {
    const { heads, next, keys } = this
    if (keys[slot] === 0) return
    const head = keys[slot] & (heads.length - 1)
    keys[slot] = 0
    if (heads[head] === slot + 1) return void Atomics.store(heads, head, next[slot])
    for (let at = heads[head] - 1; at >= 0; at = next[at] - 1) if (next[at] === slot + 1) return void Atomics.store(next, at, next[slot])
  }

  /** For the thread that links: the first slot of the chain in which those linked by `hash` are; −1 where it is empty. Others may be in it. */
  first(hash: number): number {
    return this.heads[keyOf(hash) & (this.heads.length - 1)] - 1
  }

  /** The next one; −1 behind the last. */
  after(slot: number): number {
    return this.next[slot] - 1
  }

  /** Writes the slots linked by `hash` to `found`, as many as there is room for; returns how many. Other names may have the same hash. */
  collect(hash: number, found: Int32Array): number {
    const key = keyOf(hash)
    let count = 0
    let at = Atomics.load(this.heads, key & (this.heads.length - 1)) - 1
    for (let steps = 0; at >= 0 && count < found.length && steps < MAX_CHAIN_STEPS; steps++, at = this.next[at] - 1) if (this.keys[at] === key) found[count++] = at
    return count
  }
}

/** 0 is no key. */
function keyOf(hash: number): number {
  return hash === 0 ? 1 : hash
}
