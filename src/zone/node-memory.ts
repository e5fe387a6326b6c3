/**
 * Remembers which NSEC3 owner belongs to a node, as hashing its name and searching for the hash cost more than the
 * rest of an answer. Chains do not change in service, so that what is remembered stays true. Direct-mapped: a node
 * forgets another that falls into its slot.
 */
import { MAX_NODE_MEMORY_SLOTS } from '../dns/limits.ts'

const MIX = 0x9e37_79b1

/** One number for each of some keys; a key is a positive integer, 0 is no value. */
export class NodeMemory {
  private readonly keys: Int32Array
  private readonly values: Int32Array
  private readonly mask: number

  /** Of a size that suits `nodes` nodes: a slot for every four, so that it stays small beside them. */
  constructor(nodes: number) {
    let slots = 16
    while (slots * 4 < nodes && slots < MAX_NODE_MEMORY_SLOTS) slots *= 2
    this.mask = slots - 1
    this.keys = new Int32Array(slots)
    this.values = new Int32Array(slots)
  }

  /** The value set last for `key`; 0 where it is not remembered. */
  get(key: number): number {
    const slot = this.slotOf(key)
    return this.keys[slot] === key ? this.values[slot] : 0
  }

  /** Remembers `value`, which is not 0. */
  set(key: number, value: number): void {
    const slot = this.slotOf(key)
    this.keys[slot] = key
    this.values[slot] = value
  }

  private slotOf(key: number): number {
    return (Math.imul(key, MIX) >>> 16) & this.mask
  }
}
