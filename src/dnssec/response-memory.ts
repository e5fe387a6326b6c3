/**
 * Responses to messages that may not be received twice, for clients that have lost them and ask again with the same
 * signature (RFC 8945 10 forbids to carry such a message out twice, RFC 1035 4.2.1 has clients repeat what is not answered).
 * The oldest is forgotten first.
 *
 *     slots    oldest ─▶ … ─▶ newest     tag, who sent it, the response once it is there
 *     heads    low bits of a tag ─▶ newest slot of a tag with these ─▶ next ─▶ …
 *
 * All of it is plain memory, written again and again: thousands of small objects that live for a second each are
 * what a collector of garbage is worst at.
 */
import { MAX_REMEMBERED_RESPONSE_EACH, MAX_REMEMBERED_RESPONSE_OCTETS, MAX_REMEMBERED_RESPONSES } from '../dns/limits.ts'

/** What the memory says; a retransmission without `response` is still being worked on. */
export type Recall = { is: 'new' } | { is: 'retransmitted'; response: Uint8Array | undefined } | { is: 'replayed' }

/** The bounds, from limits.ts unless a test gives others. */
export interface ResponseBounds {
  responses: number
  responseOctets: number
  responseEach: number
}

const BOUNDS: ResponseBounds = { responses: MAX_REMEMBERED_RESPONSES, responseOctets: MAX_REMEMBERED_RESPONSE_OCTETS, responseEach: MAX_REMEMBERED_RESPONSE_EACH }

/** Units of text that say who sent a message: transport, port, ID and eight words of an IPv6 address. */
const SENDER_UNITS = 11
/** Octets of a slot: a signed response to an update has about 150. A longer one has memory of its own. */
const SLOT_OCTETS = 256
const NONE = -1
/** In the place of a response's length: it is to come. */
const AWAITED = -1
/** In the place of a tag: its response was forgotten before its turn. */
const FORGOTTEN = -1
const REPLAYED: Recall = { is: 'replayed' }

/** Responses by the tag of their request. */
export class ResponseMemory {
  private readonly bounds: ResponseBounds
  private readonly slots: number
  private readonly tags: Float64Array
  /** Length of the text in `senders` before it. */
  private readonly senders: Uint16Array
  private readonly lengths: Int32Array
  private readonly arena: Uint8Array
  private readonly long = new Map<number, Uint8Array>()
  private readonly heads: Int32Array
  private readonly next: Int32Array
  private oldest = 0
  private held = 0
  private octets = 0

  constructor(bounds: ResponseBounds = BOUNDS) {
    this.bounds = bounds
    this.slots = bounds.responses + 1
    this.tags = new Float64Array(this.slots)
    this.senders = new Uint16Array(this.slots * (SENDER_UNITS + 1))
    this.lengths = new Int32Array(this.slots)
    this.arena = new Uint8Array(this.slots * SLOT_OCTETS)
    this.heads = new Int32Array(2 ** Math.ceil(Math.log2(this.slots + 1))).fill(NONE)
    this.next = new Int32Array(this.slots)
  }

  /** What is known of the response to a message that was seen before. The response is a copy. */
  recall(tag: number, sender: string): Recall {
    const slot = this.slotOf(tag)
    return slot === NONE || !this.isFrom(slot, sender) ? REPLAYED : { is: 'retransmitted', response: this.responseIn(slot) }
  }

  /** A response to a message that was not seen before is to come. RangeError: a sender of more than SENDER_UNITS units, which is our own bug. */
  expect(tag: number, sender: string): void {
    const slot = (this.oldest + this.held++) % this.slots
    const head = tag & (this.heads.length - 1)
    this.tags[slot] = tag
    this.writeSender(slot, sender)
    this.lengths[slot] = AWAITED
    this.next[slot] = this.heads[head]
    this.heads[head] = slot
    this.makeRoom()
  }

  /** Keeps a copy of the response that came, if one was expected and it is not too large. */
  keep(tag: number, response: Uint8Array): void {
    const slot = this.slotOf(tag)
    if (slot === NONE || this.lengths[slot] !== AWAITED) return
    if (response.length > this.bounds.responseEach) return this.forget(slot)
    if (response.length <= SLOT_OCTETS) this.arena.set(response, slot * SLOT_OCTETS)
    else this.long.set(slot, Uint8Array.from(response))
    this.lengths[slot] = response.length
    this.octets += response.length
    this.makeRoom()
  }

  private slotOf(tag: number): number {
    let slot = this.heads[tag & (this.heads.length - 1)]
    while (slot !== NONE && this.tags[slot] !== tag) slot = this.next[slot]
    return slot
  }

  private responseIn(slot: number): Uint8Array | undefined {
    const length = this.lengths[slot]
    if (length === AWAITED) return undefined
    return length > SLOT_OCTETS ? this.long.get(slot) : this.arena.slice(slot * SLOT_OCTETS, slot * SLOT_OCTETS + length)
  }

  private writeSender(slot: number, sender: string): void {
    if (sender.length > SENDER_UNITS) throw new RangeError(`Cannot remember a sender of ${sender.length} units as a text of one has ${SENDER_UNITS}`)
    const at = slot * (SENDER_UNITS + 1)
    this.senders[at] = sender.length
    for (let i = 0; i < sender.length; i++) this.senders[at + 1 + i] = sender.charCodeAt(i)
  }

  private isFrom(slot: number, sender: string): boolean {
    const at = slot * (SENDER_UNITS + 1)
    if (this.senders[at] !== sender.length) return false
    for (let i = 0; i < sender.length; i++) if (this.senders[at + 1 + i] !== sender.charCodeAt(i)) return false
    return true
  }

  private makeRoom(): void {
    const { bounds } = this
    while (this.held > bounds.responses || (this.octets > bounds.responseOctets && this.held > 0)) {
      if (this.tags[this.oldest] !== FORGOTTEN) this.forget(this.oldest)
      this.oldest = (this.oldest + 1) % this.slots
      this.held--
    }
  }

  /** Takes the slot out of the list of its head. */
  private forget(slot: number): void {
    const { heads, next, lengths } = this
    const head = this.tags[slot] & (heads.length - 1)
    if (heads[head] === slot) heads[head] = next[slot]
    else {
      let before = heads[head]
      while (next[before] !== slot) before = next[before]
      next[before] = next[slot]
    }
    if (lengths[slot] > SLOT_OCTETS) this.long.delete(slot)
    this.octets -= Math.max(0, lengths[slot])
    this.tags[slot] = FORGOTTEN
  }
}
