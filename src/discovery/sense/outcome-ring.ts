/**
 * Outcomes on their way from the thread that read a demand to the one that writes the table: a ring of octets in shared
 * memory with one writer and one reader, so that telling costs the answering path a copy and nobody ever waits.
 *
 *     words    0 written   1 read   2 lost   3 unproven          written and read count octets, modulo 2^32
 *     octets   { size u16 | class u16 | address size u8, octets | owner size u8, octets | value of `outcome` }*
 *
 * What finds no room is lost and counted: a reading is worth seconds, and an asker tells the next one soon.
 */
import type { Query } from '../../authority/query.ts'
import { OUTCOME_RING_OCTETS } from '../../dns/limits-discovery.ts'
import type { Demand } from '../ranking/demand.ts'
import { endOfOutcomes } from '../ranking/reading.ts'

/** Outcomes as one asker told them; the octets are the ring's own and hold until the next is read. */
export interface OutcomeNote {
  rrClass: number
  /** 4 or 16 octets. */
  address: Uint8Array
  /** Wire name that was asked for. */
  owner: Uint8Array
  /** Value of the parameter, checked by `Demand.read`. */
  value: Uint8Array
}

/** Words before the octets. */
const RING = { written: 0, read: 1, lost: 2, unproven: 3, words: 4 } as const
const WORDS_OCTETS = RING.words * 4
const MASK = OUTCOME_RING_OCTETS - 1
const HEAD_OCTETS = 4

/** One thread's end of a ring. */
export class OutcomeRing {
  private readonly words: Int32Array
  private readonly octets: Uint8Array

  /** Over the memory of `OutcomeRing.create`. */
  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer, 0, RING.words)
    this.octets = new Uint8Array(buffer, WORDS_OCTETS, OUTCOME_RING_OCTETS)
  }

  /** Memory for a ring, empty. */
  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORDS_OCTETS + OUTCOME_RING_OCTETS)
  }

  /** Demands that found no room. */
  get lost(): number {
    return Atomics.load(this.words, RING.lost) >>> 0
  }

  /** Demands whose asker has not shown that it is where it says. */
  get unproven(): number {
    return Atomics.load(this.words, RING.unproven) >>> 0
  }

  /** Puts a note in; false where there is no room, which is counted. */
  put({ rrClass, address, owner, value }: OutcomeNote): boolean {
    const { words } = this
    const size = HEAD_OCTETS + 2 + address.length + owner.length + value.length
    const written = Atomics.load(words, RING.written)
    if (((written - Atomics.load(words, RING.read)) >>> 0) + size > OUTCOME_RING_OCTETS) {
      Atomics.add(words, RING.lost, 1)
      return false
    }
    let at = this.write16(this.write16(written, size), rrClass)
    for (const part of [address, owner]) at = this.writeAll(this.write8(at, part.length), part)
    this.writeAll(at, value)
    Atomics.store(words, RING.written, (written + size) | 0)
    return true
  }

  /** Puts in the outcomes of a demand, up to one more than count: that there were more is seen by it. Those of an asker who may be anywhere are left and counted. */
  tell({ octets, qnameAt, qnameLength, qclass, peer }: Query, { octets: told, outcome }: Demand, isProven: boolean): void {
    if (!isProven) return void Atomics.add(this.words, RING.unproven, 1)
    const end = endOfOutcomes(told, outcome.at, outcome.end)
    this.put({ rrClass: qclass, address: peer.address, owner: octets.subarray(qnameAt, qnameAt + qnameLength), value: told.subarray(outcome.at, end) })
  }

  /** Gives every note that is there to `each`, oldest first. */
  drain(each: (note: OutcomeNote) => void): void {
    const { words } = this
    const written = Atomics.load(words, RING.written)
    for (let at = Atomics.load(words, RING.read); at !== written;) {
      const size = this.read16(at)
      each(this.noteAt(at, size))
      at = (at + size) | 0
      Atomics.store(words, RING.read, at)
    }
  }

  private noteAt(start: number, size: number): OutcomeNote {
    const addressAt = start + HEAD_OCTETS + 1
    const address = this.readAll(addressAt, this.octets[(addressAt - 1) & MASK])
    const ownerAt = addressAt + address.length + 1
    const owner = this.readAll(ownerAt, this.octets[(ownerAt - 1) & MASK])
    const valueAt = ownerAt + owner.length
    return { rrClass: this.read16(start + 2), address, owner, value: this.readAll(valueAt, start + size - valueAt) }
  }

  private write8(at: number, value: number): number {
    this.octets[at & MASK] = value
    return at + 1
  }

  private write16(at: number, value: number): number {
    return this.write8(this.write8(at, value >>> 8), value)
  }

  private writeAll(at: number, value: Uint8Array): number {
    for (let i = 0; i < value.length; i++) this.octets[(at + i) & MASK] = value[i]
    return at + value.length
  }

  private read16(at: number): number {
    return (this.octets[at & MASK] << 8) | this.octets[(at + 1) & MASK]
  }

  private readAll(at: number, size: number): Uint8Array {
    const value = new Uint8Array(size)
    for (let i = 0; i < size; i++) value[i] = this.octets[(at + i) & MASK]
    return value
  }
}
