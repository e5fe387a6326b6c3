/**
 * How much of one socket thread waits for the core, in all and for each client network: numbers in shared
 * memory, which the thread adds to and the core's thread takes from. So a thread knows by itself whether one
 * message more may wait, however long the core has been silent, and nobody waits for anybody.
 *
 *     words   0 messages   1 octets   2 … messages by network   … octets by network
 *
 * A network finds its place by a seeded hash; where two share a place they share its bounds, which at worst
 * sends a client to its next try. So nothing is ever swept, and the memory never grows.
 */
import { randomInt } from 'node:crypto'
import {
  DEFERRED_NETWORK_SLOTS, MAX_DEFERRED, MAX_DEFERRED_OCTETS, MAX_DEFERRED_OCTETS_PER_NETWORK, MAX_DEFERRED_PER_NETWORK,
} from '../dns/limits.ts'

/** How much may wait. */
export interface DeferralLimits {
  messages: number
  octets: number
  networkMessages: number
  networkOctets: number
}

const LIMITS: Readonly<DeferralLimits> = {
  messages: MAX_DEFERRED,
  octets: MAX_DEFERRED_OCTETS,
  networkMessages: MAX_DEFERRED_PER_NETWORK,
  networkOctets: MAX_DEFERRED_OCTETS_PER_NETWORK,
}

const MESSAGES = 0
const OCTETS = 1
const NETWORKS = 2
const MASK = DEFERRED_NETWORK_SLOTS - 1

/** Plain values by which a thread shares a budget. */
export interface SharedBudget {
  words: Int32Array
  seed: number
  limits: DeferralLimits
}

/** What waits, and what more may. */
export class DeferralBudget {
  readonly shared: SharedBudget
  readonly #words: Int32Array
  readonly #limits: DeferralLimits

  /** Over what another thread shares; or a new one, in which single numbers of limits.ts may be replaced. */
  constructor(shared: SharedBudget | Partial<DeferralLimits> = {}) {
    this.shared = 'words' in shared ? shared : {
      words: new Int32Array(new SharedArrayBuffer(4 * (NETWORKS + 2 * DEFERRED_NETWORK_SLOTS))), seed: randomInt(0x8000_0000), limits: { ...LIMITS, ...shared },
    }
    this.#words = this.shared.words
    this.#limits = this.shared.limits
  }

  /** Messages that wait now. */
  get messages(): number {
    return Atomics.load(this.#words, MESSAGES)
  }

  /** Octets of them. */
  get octets(): number {
    return Atomics.load(this.#words, OCTETS)
  }

  /** Lets a message of `octets` from `address` wait; false, with nothing changed, where that would be too much. */
  take(address: Uint8Array, octets: number): boolean {
    const words = this.#words
    const { messages, octets: most, networkMessages, networkOctets } = this.#limits
    const at = this.#placeOf(address)
    if (Atomics.load(words, MESSAGES) >= messages || Atomics.load(words, OCTETS) + octets > most) return false
    if (Atomics.load(words, at) >= networkMessages || Atomics.load(words, at + DEFERRED_NETWORK_SLOTS) + octets > networkOctets) return false
    this.#add(at, 1, octets) // one thread alone adds, so that nothing has come in between
    return true
  }

  /** A message that `take` let in waits no more. */
  giveBack(address: Uint8Array, octets: number): void {
    this.#add(this.#placeOf(address), -1, -octets)
  }

  #add(at: number, messages: number, octets: number): void {
    const words = this.#words
    Atomics.add(words, MESSAGES, messages)
    Atomics.add(words, OCTETS, octets)
    Atomics.add(words, at, messages)
    Atomics.add(words, at + DEFERRED_NETWORK_SLOTS, octets)
  }

  /** Word of the network's messages: of the first 24 bits of an IPv4 address, the first 56 of an IPv6 address. */
  #placeOf(address: Uint8Array): number {
    const octets = address.length === 4 ? 3 : 7
    let hash = this.shared.seed ^ octets
    for (let i = 0; i < octets; i++) {
      hash = Math.imul(hash ^ address[i], 0x9e37_79b1)
      hash ^= hash >>> 15
    }
    return NETWORKS + ((hash ^ (hash >>> 13)) & MASK)
  }
}
