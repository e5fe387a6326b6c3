/**
 * The core's side of connections that may outlast their queries (`Lasting`), wherever their octets are carried: what the
 * core calls goes its way, and the end of a connection comes back to who keeps it.
 *
 *     node:net   a function in the same thread
 *     epoll      parcel ──▶ thread ──▶ connection of that life in the slot, or word that it has ended ──▶ parcel
 *
 * Objects are made when somebody asks for them, so that queries that are only answered cost nothing. One is kept for
 * each slot of a thread at most: a slot has one connection at a time, and where a query of a new one comes, the one before is over.
 */
import { COUNTER, type TransportCounters } from './counters.ts'
import { CALL, type Call, type Returns } from './deferral-parcel.ts'
import type { Lasting } from './handler.ts'

/** What calls of the core need. */
export interface LastingOrigin {
  /** Of the core's thread. */
  counters: TransportCounters
  /** Runs once what is under way has had its turn. */
  soon: (run: () => void) => void
}

/** Takes a call to a connection, with a message where it has one. */
export type Say = (octets: Uint8Array | undefined, call: Call) => unknown

/** One connection. */
export class LastingConnection implements Lasting {
  readonly #origin: LastingOrigin
  readonly #say: Say
  #onEnd: (() => void) | undefined
  #hasEnded = false

  /** What `say` takes leads to `end`, once it has ended, where it keeps the connection. */
  constructor(origin: LastingOrigin, say: Say) {
    this.#origin = origin
    this.#say = say
  }

  keep(onEnd: () => void): void {
    this.#onEnd = onEnd
    if (!this.#hasEnded) this.#say(undefined, CALL.keep)
    else this.#origin.soon(() => this.#tell())
  }

  send(octets: Uint8Array): void {
    if (!this.#hasEnded) this.#say(octets, CALL.unasked)
    else this.#origin.counters[COUNTER.deferLate]++
  }

  release(): void {
    this.#onEnd = undefined
    if (!this.#hasEnded) this.#say(undefined, CALL.release)
  }

  /** Also where its end has been told, as octets may be left to send. */
  cut(): void {
    this.#say(undefined, CALL.cut)
  }

  /** It has ended: who keeps it is told, once. */
  end(): void {
    this.#hasEnded = true
    this.#tell()
  }

  #tell(): void {
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    onEnd?.()
  }
}

/** The connections of one TCP thread, as far as the core has asked for them. */
export class Lastings {
  readonly #origin: LastingOrigin
  readonly #returns: Returns
  /** By slot: the life that its newest query was of, and its connection where it was asked for. */
  readonly #lives: number[] = []
  readonly #connections: (LastingConnection | undefined)[] = []
  #hasEnded = false

  constructor(origin: LastingOrigin, returns: Returns) {
    this.#origin = origin
    this.#returns = returns
  }

  /** Notes that a query has come from the connection of that life in the slot. Each must be noted, in their order, as another life ends the one before. */
  note(slot: number, life: number): void {
    if (this.#lives[slot] === life) return
    const before = this.#connections[slot]
    this.#lives[slot] = life
    this.#connections[slot] = undefined
    before?.end()
  }

  /** The connection of that life in the slot, of which a query has been noted. */
  of(slot: number, life: number): Lasting {
    if (this.#hasEnded || this.#lives[slot] !== life) return this.#over()
    return (this.#connections[slot] ??= new LastingConnection(this.#origin, (octets, call) => this.#hasEnded || this.#returns.add(slot, life, octets, call)))
  }

  /** The thread says that the connection of that life in the slot has ended. It stays until the slot is used again, for queries of it that still wait. */
  end(slot: number, life: number): void {
    if (this.#lives[slot] === life) this.#connections[slot]?.end()
  }

  /** The thread has ended, and all connections with it. */
  endAll(): void {
    this.#hasEnded = true
    for (const connection of this.#connections) connection?.end()
  }

  /** A connection that has ended before anybody asked for it. */
  #over(): LastingConnection {
    const connection = new LastingConnection(this.#origin, () => undefined)
    connection.end()
    return connection
  }
}
