/**
 * Deferred queries on their way from a socket thread to the core, and what the core says on its way back to the
 * connections of a thread of TCP: several in one block of memory, which changes hands without being copied.
 *
 *     query    words   0 octets   1 place   2 life   3 port, and octets of the address above it   4 … 7 address
 *                      8 … 14 struct sockaddr_in6   15 … 19 control data   then the message, filled up to whole words
 *     end      words   0 −1   1 slot   2 life        a connection that the core keeps has ended
 *     answer   words   0 octets, −1 for none   1 slot   2 life   3 a CALL   then the message
 *
 * The place is which of the thread's sockets it came from over UDP, the slot of its connection over TCP; what
 * is said of addresses for the kernel is of UDP alone, the life of TCP alone.
 */
import { DeferralBudget, type SharedBudget } from './deferral-budget.ts'
import { COUNTER, type TransportCounters } from './counters.ts'
import type { Peer } from './handler.ts'

/** Words of a query before its message. */
const QUERY_WORDS = 20
/** Words that say that a connection has ended. */
const END_WORDS = 3
/** Words of an answer before its message. */
const ANSWER_WORDS = 4
/** Word of a query where what `Batch.wayBack` gives starts. */
export const WAY_BACK_WORD = 8
const FIRST_OCTETS = 4_096

/** Memory in which words and octets are written one behind the other. */
class ParcelWriter {
  octets = new Uint8Array(0)
  words = new Int32Array(0)
  /** Words in use. */
  size = 0

  /** Makes room for `words` and a message; returns the first word, all of them zeros. */
  begin(words: number, message: Uint8Array, length: number): number {
    const at = this.size
    const needed = at + words + ((length + 3) >> 2)
    if (needed > this.words.length) this.#grow(needed)
    this.octets.set(message.subarray(0, length), (at + words) * 4)
    this.size = needed
    return at
  }

  /** What was written, in memory that is no longer this object's. */
  take(): ArrayBuffer {
    const { buffer } = this.octets
    const used = this.size * 4
    this.octets = new Uint8Array(0)
    this.words = new Int32Array(0)
    this.size = 0
    return used * 2 < buffer.byteLength ? buffer.slice(0, used) : buffer
  }

  #grow(words: number): void {
    const grown = new Uint8Array(new ArrayBuffer(Math.max(FIRST_OCTETS, this.octets.length * 2, words * 4)))
    grown.set(this.octets)
    this.octets = grown
    this.words = new Int32Array(grown.buffer)
  }
}

/** What the core says to a connection: with a message of an answer, the last one or one that others follow, with one that nobody has asked for, or without any. */
export const CALL = { last: 0, more: 1, unasked: 2, keep: 3, release: 4, cut: 5 } as const

/** A value of CALL. */
export type Call = (typeof CALL)[keyof typeof CALL]

/** What a socket thread needs to defer. */
export interface DeferralOptions {
  budget: SharedBudget
  /** Hands a parcel to the thread of the core. */
  post: (parcel: ArrayBuffer) => void
}

/** Deferred queries of a thread since the last parcel, and ends of connections among them. */
export class Deferrals {
  readonly #budget: DeferralBudget
  readonly #post: DeferralOptions['post']
  readonly #counters: TransportCounters
  readonly #parcel = new ParcelWriter()
  #isEmpty = true

  constructor({ budget, post }: DeferralOptions, counters: TransportCounters) {
    this.#budget = new DeferralBudget(budget)
    this.#post = post
    this.#counters = counters
  }

  /** Copies a query; returns the word at which it starts in `words`, for what only its transport knows, or −1 where too many wait. */
  add(query: Uint8Array, length: number, { address, port }: Peer, place: number, life = 0): number {
    if (!this.#budget.take(address, length)) return -1
    this.#counters[COUNTER.deferred]++
    this.#isEmpty = false
    const at = this.#parcel.begin(QUERY_WORDS, query, length)
    const { words, octets } = this.#parcel
    words[at] = length
    words[at + 1] = place
    words[at + 2] = life
    words[at + 3] = port | (address.length << 16)
    octets.set(address, (at + 4) * 4)
    return at
  }

  /** Says that the connection of that life in the slot has ended. Each `keep` of the core brings one at most, so that clients cannot make many of them. */
  end(slot: number, life: number): void {
    this.#isEmpty = false
    const at = this.#parcel.begin(END_WORDS, NOTHING, 0)
    const { words } = this.#parcel
    words[at] = ENDED
    words[at + 1] = slot
    words[at + 2] = life
  }

  /** Words of the parcel as it is now. */
  get words(): Int32Array {
    return this.#parcel.words
  }

  /** Hands on what has been added. */
  flush(): void {
    if (this.#isEmpty) return
    this.#isEmpty = true
    this.#post(this.#parcel.take())
  }
}

/** A query out of a parcel. */
export interface UnpackedQuery {
  octets: Uint8Array
  peer: Peer
  place: number
  life: number
  /** The parcel's words, in which those for `Batch.returnTo` start at `wayBackAt`. */
  words: Int32Array
  wayBackAt: number
}

/** Gives each query of a parcel to `take` and each end of a connection to `end`, in their order. Octets are views of the parcel, which is filled with zeros behind the last. */
export function unpackQueries(parcel: ArrayBuffer, transport: Peer['transport'], take: (query: UnpackedQuery) => void, end: (slot: number, life: number) => void = () => undefined): void {
  const words = new Int32Array(parcel)
  for (let at = 0; at < words.length && words[at] !== 0; ) {
    const length = words[at]
    if (length === ENDED) {
      end(words[at + 1], words[at + 2])
      at += END_WORDS
      continue
    }
    const port = words[at + 3] & 0xffff
    const address = new Uint8Array(parcel, (at + 4) * 4, words[at + 3] >>> 16)
    const octets = new Uint8Array(parcel, (at + QUERY_WORDS) * 4, length)
    take({ octets, peer: { transport, address, port }, place: words[at + 1], life: words[at + 2], words, wayBackAt: at + WAY_BACK_WORD })
    at += QUERY_WORDS + ((length + 3) >> 2)
  }
}

/** What the core has said to the connections of one TCP thread since the last parcel. */
export class Returns {
  readonly #post: (parcel: ArrayBuffer) => void
  readonly #soon: (run: () => void) => void
  readonly #parcel = new ParcelWriter()
  #isDue = false

  /** `post` hands a parcel to the thread and wakes it; `soon` runs once what is under way has had its turn, so that answers ready together go together. */
  constructor(post: (parcel: ArrayBuffer) => void, soon: (run: () => void) => void) {
    this.#post = post
    this.#soon = soon
  }

  /** Takes what is said to the connection of that life in the slot, with a message or, as where there will be no answer, without. */
  add(slot: number, life: number, octets: Uint8Array | undefined, call: Call): void {
    const length = octets?.length ?? 0
    const at = this.#parcel.begin(ANSWER_WORDS, octets ?? NOTHING, length)
    const { words } = this.#parcel
    words[at] = length === 0 ? NO_ANSWER : length
    words[at + 1] = slot
    words[at + 2] = life
    words[at + 3] = call
    if (this.#isDue) return
    this.#isDue = true
    this.#soon(() => {
      this.#isDue = false
      this.#post(this.#parcel.take())
    })
  }
}

const NOTHING = new Uint8Array(0)
/** In the place of an answer's octets: there is none. */
const NO_ANSWER = -1
/** In the place of a query's octets: there is none, as a connection has ended. */
const ENDED = -1

/** Gives each answer of a parcel to `deliver`. */
export function unpackAnswers(parcel: ArrayBuffer, deliver: (slot: number, life: number, octets: Uint8Array | undefined, call: Call) => void): void {
  const words = new Int32Array(parcel)
  for (let at = 0; at + ANSWER_WORDS <= words.length && words[at] !== 0; ) {
    const length = words[at]
    const octets = length === NO_ANSWER ? undefined : new Uint8Array(parcel, (at + ANSWER_WORDS) * 4, length)
    deliver(words[at + 1], words[at + 2], octets, words[at + 3] as Call)
    at += ANSWER_WORDS + ((Math.max(length, 0) + 3) >> 2)
  }
}
