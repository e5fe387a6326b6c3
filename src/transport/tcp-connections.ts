/**
 * The TCP connections of one thread: how many there are, whose they are, and which has been useful longest
 * ago. RFC 7766 6.2.2 lets a server bound them per client, 6.2.3 lets it close idle ones.
 *
 *     silent   connected, no whole query yet      oldest ⇄ … ⇄ newest    by time of connecting
 *     served   has asked                          oldest ⇄ … ⇄ newest    by time of the last whole query
 *     kept     the core wants it to last          oldest ⇄ … ⇄ newest    by time of the last message, or look at it
 *
 * The lists are in order of age by themselves, so that looking for those past their time, and choosing
 * whom to shed, looks at the head alone. Silent ones are shed first: a flood of connections that never ask
 * pushes out itself, not the clients that do; and kept ones last.
 *
 * A connection is a slot, a small number that is used again; what is kept of it lies in arrays by slot, so
 * that one that comes and goes leaves nothing behind.
 */
import { ClientCounts, clientHigh, clientLow } from './client-counts.ts'
import type { TransportCounter } from './counters.ts'

/** Why a connection ends: the counter that counts it. */
export type CloseReason = Extract<TransportCounter, `tcpClosed${string}` | `tcpShed${string}`>

/** How many connections may be and how long they may be useless. */
export interface ConnectionLimits {
  total: number
  perClient: number
  firstMessageMs: number
  idleMs: number
}

/** What the table asks of whoever owns the connections. */
export interface ConnectionOwner {
  /** Answers wait for the client to read them. */
  isSlow(slot: number): boolean
  /** The client waits for the core. */
  isWaiting(slot: number): boolean
  /** Ends the connection at once, and removes it from the table. */
  kill(slot: number, reason: CloseReason): void
}

const NONE = -1
const SILENT = 0
const SERVED = 1
const KEPT = 2
const NOT_IN = 3

/** The table. */
export class Connections {
  readonly #limits: ConnectionLimits
  readonly #owner: ConnectionOwner
  readonly #clients: ClientCounts
  readonly #nowMs = new Float64Array(1)
  readonly #oldest = new Int32Array([NONE, NONE, NONE])
  readonly #newest = new Int32Array([NONE, NONE, NONE])
  /** By slot: neighbours in its list, which list, since when, whose. */
  readonly #older: Int32Array
  readonly #newer: Int32Array
  readonly #list: Uint8Array
  readonly #sinceMs: Float64Array
  readonly #high: Int32Array
  readonly #low: Int32Array
  /** Slots in nobody's use, the first #free of them. */
  readonly #freeSlots: Int32Array
  #free: number

  constructor(limits: ConnectionLimits, owner: ConnectionOwner) {
    const { total } = limits
    this.#limits = limits
    this.#owner = owner
    this.#clients = new ClientCounts(total)
    this.#older = new Int32Array(total)
    this.#newer = new Int32Array(total)
    this.#list = new Uint8Array(total).fill(NOT_IN)
    this.#sinceMs = new Float64Array(total)
    this.#high = new Int32Array(total)
    this.#low = new Int32Array(total)
    this.#freeSlots = Int32Array.from({ length: total }, (_, i) => total - 1 - i)
    this.#free = total
  }

  /** Connections in the table now. */
  get size(): number {
    return this.#freeSlots.length - this.#free
  }

  /** Says what time it is for all that comes until the next call. */
  tick(nowMs: number): void {
    this.#nowMs[0] = nowMs
  }

  /** Takes in a new connection of the client at `address`, after shedding what must make room for it; returns its slot, below `total`. */
  add(address: Uint8Array): number {
    const high = clientHigh(address)
    const low = clientLow(address)
    if (this.#clients.get(high, low) >= this.#limits.perClient) this.#owner.kill(this.#oldestOf(high, low), 'tcpShedClient')
    if (this.#free === 0) this.#owner.kill(this.#first(), 'tcpShed')
    const slot = this.#freeSlots[--this.#free]
    this.#high[slot] = high
    this.#low[slot] = low
    this.#clients.add(high, low)
    this.#append(SILENT, slot)
    return slot
  }

  /** Notes that a whole query has come from a connection of the table, or that it is not idle though none has. */
  touch(slot: number): void {
    this.#unlink(slot)
    this.#append(this.#list[slot] === KEPT ? KEPT : SERVED, slot)
  }

  /** Lets a connection of the table last: it is never idle, and shed after all others. */
  keep(slot: number): void {
    this.#unlink(slot)
    this.#append(KEPT, slot)
  }

  /** A connection of the table is as any other again. */
  release(slot: number): void {
    this.#unlink(slot)
    this.#append(SERVED, slot)
  }

  /** Forgets a connection, whose slot is free then; nothing happens where it is forgotten already. */
  remove(slot: number): void {
    if (this.#list[slot] === NOT_IN) return
    this.#unlink(slot)
    this.#list[slot] = NOT_IN
    this.#clients.remove(this.#high[slot], this.#low[slot])
    this.#freeSlots[this.#free++] = slot
  }

  /** Ends all that have been useless for too long. */
  sweep(): void {
    const nowMs = this.#nowMs[0]
    const { firstMessageMs } = this.#limits
    for (let slot = this.#oldest[SILENT]; slot !== NONE && nowMs - this.#sinceMs[slot] >= firstMessageMs; slot = this.#oldest[SILENT]) {
      this.#owner.kill(slot, 'tcpClosedSilent')
    }
    this.#sweepIdle(SERVED)
    this.#sweepIdle(KEPT)
  }

  /** Slots of all connections, silent ones first and kept ones last, each kind from the oldest: the order in which they would be shed. */
  slots(): number[] {
    const slots: number[] = []
    for (let slot = this.#first(); slot !== NONE; slot = this.#after(slot)) slots.push(slot)
    return slots
  }

  #sweepIdle(list: number): void {
    const nowMs = this.#nowMs[0]
    const { idleMs } = this.#limits
    for (let slot = this.#oldest[list]; slot !== NONE && nowMs - this.#sinceMs[slot] >= idleMs; slot = this.#oldest[list]) {
      if (this.#owner.isSlow(slot)) this.#owner.kill(slot, 'tcpClosedSlow')
      else if (list === KEPT || this.#owner.isWaiting(slot)) this.touch(slot)
      else this.#owner.kill(slot, 'tcpClosedIdle')
    }
  }

  #first(list: number = SILENT): number {
    for (let i = list; i < NOT_IN; i++) if (this.#oldest[i] !== NONE) return this.#oldest[i]
    return NONE
  }

  #after(slot: number): number {
    return this.#newer[slot] === NONE ? this.#first(this.#list[slot] + 1) : this.#newer[slot]
  }

  /** A walk over all connections, taken only when a client is at its limit. */
  #oldestOf(high: number, low: number): number {
    let slot = this.#first()
    while (this.#high[slot] !== high || this.#low[slot] !== low) slot = this.#after(slot)
    return slot
  }

  #append(list: number, slot: number): void {
    const newest = this.#newest[list]
    this.#list[slot] = list
    this.#sinceMs[slot] = this.#nowMs[0]
    this.#older[slot] = newest
    this.#newer[slot] = NONE
    if (newest === NONE) this.#oldest[list] = slot
    else this.#newer[newest] = slot
    this.#newest[list] = slot
  }

  #unlink(slot: number): void {
    const list = this.#list[slot]
    const older = this.#older[slot]
    const newer = this.#newer[slot]
    if (older === NONE) this.#oldest[list] = newer
    else this.#newer[older] = newer
    if (newer === NONE) this.#newest[list] = older
    else this.#older[newer] = older
  }
}
