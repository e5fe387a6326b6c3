/**
 * All TCP connections of the process: how many there are, whose they are, and which has been useful
 * longest ago. RFC 7766 6.2.2 lets a server bound them per client, 6.2.3 lets it close idle ones.
 *
 *     silent   connected, no whole query yet      oldest ⇄ … ⇄ newest    by time of connecting
 *     served   has asked                          oldest ⇄ … ⇄ newest    by time of the last whole query
 *
 * Both lists are in order of age by themselves, so that looking for those past their time, and choosing
 * whom to shed, looks at the head alone. Silent ones are shed first: a flood of connections that never ask
 * pushes out itself, not the clients that do.
 */
import type { TransportCounter } from './counters.ts'

/** Why a connection ends: the counter that counts it. */
export type CloseReason = Extract<TransportCounter, `tcpClosed${string}` | `tcpShed${string}`>

/** What the table keeps of a connection; only the table writes `older`, `newer`, `list` and `sinceMs`. */
export interface Entry {
  readonly client: string
  older: Entry | undefined
  newer: Entry | undefined
  list: AgeList | undefined
  sinceMs: number
  /** Answers wait for the client to read them. */
  readonly isSlow: boolean
  /** Ends at once and leaves the table. */
  kill(reason: CloseReason): void
}

/** How many connections may be and how long they may be useless. */
export interface ConnectionLimits {
  total: number
  perClient: number
  firstMessageMs: number
  idleMs: number
}

/** Entries from oldest to newest, linked through themselves. */
export class AgeList {
  oldest: Entry | undefined
  #newest: Entry | undefined

  append(entry: Entry, nowMs: number): void {
    entry.list = this
    entry.sinceMs = nowMs
    entry.older = this.#newest
    entry.newer = undefined
    if (this.#newest) this.#newest.newer = entry
    else this.oldest = entry
    this.#newest = entry
  }

  remove(entry: Entry): void {
    if (entry.older) entry.older.newer = entry.newer
    else this.oldest = entry.newer
    if (entry.newer) entry.newer.older = entry.older
    else this.#newest = entry.older
    entry.list = entry.older = entry.newer = undefined
  }
}

/** The table. */
export class Connections {
  readonly #limits: ConnectionLimits
  readonly #silent = new AgeList()
  readonly #served = new AgeList()
  readonly #perClient = new Map<string, number>()
  #size = 0

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /** Takes in a new connection, after shedding what must make room for it. */
  add(entry: Entry, nowMs: number): void {
    const same = this.#perClient.get(entry.client) ?? 0
    if (same >= this.#limits.perClient) this.#oldestOf(entry.client)?.kill('tcpShedClient')
    if (this.#size >= this.#limits.total) (this.#silent.oldest ?? this.#served.oldest)?.kill('tcpShed')
    this.#silent.append(entry, nowMs)
    this.#size++
    this.#perClient.set(entry.client, (this.#perClient.get(entry.client) ?? 0) + 1)
  }

  /** Notes that a whole query has come from a connection of the table. */
  touch(entry: Entry, nowMs: number): void {
    entry.list?.remove(entry)
    this.#served.append(entry, nowMs)
  }

  /** Forgets a connection; nothing happens where it is forgotten already. */
  remove(entry: Entry): void {
    if (!entry.list) return
    entry.list.remove(entry)
    this.#size--
    const left = (this.#perClient.get(entry.client) ?? 1) - 1
    if (left === 0) this.#perClient.delete(entry.client)
    else this.#perClient.set(entry.client, left)
  }

  /** Ends all that have been useless for too long. */
  sweep(nowMs: number): void {
    const { firstMessageMs, idleMs } = this.#limits
    for (let entry = this.#silent.oldest; entry && nowMs - entry.sinceMs >= firstMessageMs; entry = this.#silent.oldest) {
      entry.kill('tcpClosedSilent')
    }
    for (let entry = this.#served.oldest; entry && nowMs - entry.sinceMs >= idleMs; entry = this.#served.oldest) {
      entry.kill(entry.isSlow ? 'tcpClosedSlow' : 'tcpClosedIdle')
    }
  }

  /** All connections, silent ones first, each kind from the oldest. They may be removed while walking. */
  *[Symbol.iterator](): Generator<Entry> {
    for (const list of [this.#silent, this.#served]) {
      for (let entry = list.oldest; entry; ) {
        const { newer }: Entry = entry
        yield entry
        entry = newer
      }
    }
  }

  /** A walk over all connections, taken only when a client is at its limit. */
  #oldestOf(client: string): Entry | undefined {
    for (const entry of this) if (entry.client === client) return entry
    return undefined
  }
}
