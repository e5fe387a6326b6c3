/**
 * All sessions (RFC 8490) and what is pushed in them (RFC 8765): each belongs to one TCP connection, and ends with it.
 *
 *     message of opcode DSO ──► session of its connection ──► response
 *     every PUSH_LOOK_MS, while there are any ──► what has changed ──► each session what waits for it
 */
import { RCODE } from '../dns/codes.ts'
import { type DsoTlv, encodeDso } from '../dns/dso.ts'
import { MAX_SESSIONS, PUSH_BUSY_RETRY_MS, PUSH_LOOK_MS } from '../dns/limits-sessions.ts'
import type { CoreMessage, Lasting } from './core-contract.ts'
import { networkOf, NetworkShares } from './network-shares.ts'
import { Pushes } from './pushes.ts'
import { idOf, type OpenTopic, refused, Session } from './session.ts'

/** What sessions count, by name. */
export const SESSION_COUNTERS = {
  opened: 'sessions begun',
  refused: 'requests for sessions of who may have none, or that were one too many',
  subscribed: 'subscriptions taken',
  turned_away: 'requests of sessions that were not answered NOERROR',
  pushed: 'messages that told changes',
} as const
/** The name of a counter of sessions. */
export type SessionCounter = keyof typeof SESSION_COUNTERS

/** The world of sessions. */
export interface SessionsOptions {
  readonly open: OpenTopic
  /** Whether anybody there may have a session. */
  readonly admits: (peer: CoreMessage['peer']) => boolean
  /** Milliseconds of a clock that does not jump. */
  readonly nowMs: () => number
  /** Runs every so many milliseconds until what it returns is called. */
  readonly every: (delayMs: number, run: () => void) => () => void
  /** A topic has more records than are told of. */
  readonly onCut: (key: string) => void
  /** Default MAX_SESSIONS. */
  readonly sessions?: number
}

/** Sessions of a server; on the thread of the core. */
export class Sessions {
  readonly counts: Record<SessionCounter, number> = { opened: 0, refused: 0, subscribed: 0, turned_away: 0, pushed: 0 }
  readonly pushes: Pushes
  private readonly options: SessionsOptions
  private readonly byConnection = new Map<Lasting, { readonly session: Session; readonly network: string }>()
  private readonly shares = new NetworkShares()
  private rest: (() => void) | undefined

  constructor(options: SessionsOptions) {
    this.options = options
    this.pushes = new Pushes({ nowMs: options.nowMs, onCut: options.onCut })
  }

  /** Sessions now. */
  get size(): number {
    return this.byConnection.size
  }

  /** Subscriptions in all of them. */
  get subscriptions(): number {
    let sum = 0
    for (const { session } of this.byConnection.values()) sum += session.size
    return sum
  }

  /** Answers a message of a session; returns the RCODE of the response, undefined where there is none. */
  take = (incoming: CoreMessage): number | undefined => {
    const { connection } = incoming
    if (connection === undefined) return undefined
    if (!this.options.admits(incoming.peer)) return this.refuse(incoming, { rcode: RCODE.NOTIMP, tlvs: [] }) // as a server that knows no sessions (RFC 8490 5.1.1)
    const session = this.byConnection.get(connection)?.session ?? this.begin(connection, incoming)
    if (session === undefined) return this.refuse(incoming, refused(RCODE.SERVFAIL, PUSH_BUSY_RETRY_MS))
    const before = session.size
    const rcode = session.take(incoming)
    if (session.size > before) this.counts.subscribed++
    if (rcode !== undefined && rcode !== RCODE.NOERROR) this.counts.turned_away++
    return rcode
  }

  /** Tells every client to come again, and lets the connections end. */
  close(): void {
    for (const [connection, { session }] of this.byConnection) {
      session.close()
      this.forget(connection)
    }
  }

  private begin(connection: Lasting, { peer }: CoreMessage): Session | undefined {
    const network = networkOf(peer.address)
    const most = this.options.sessions ?? MAX_SESSIONS
    if (!this.shares.take(network, most - this.size)) return undefined
    const session = new Session(connection, {
      pushes: this.pushes, open: this.options.open, nowMs: this.options.nowMs, onPushed: (messages) => (this.counts.pushed += messages),
    })
    this.byConnection.set(connection, { session, network })
    this.counts.opened++
    connection.keep(() => {
      session.end()
      this.forget(connection)
    })
    this.rest ??= this.options.every(PUSH_LOOK_MS, () => this.look())
    return session
  }

  private forget(connection: Lasting): void {
    const known = this.byConnection.get(connection)
    if (known === undefined) return
    this.shares.give(known.network)
    this.byConnection.delete(connection)
    if (this.size > 0) return
    this.rest?.()
    this.rest = undefined
    this.pushes.tidy()
  }

  private look(): void {
    this.pushes.look()
    for (const [connection, { session }] of this.byConnection) {
      session.turn()
      if (session.isOver) this.forget(connection)
    }
  }

  private refuse(incoming: CoreMessage, { rcode, tlvs }: { rcode: number; tlvs: DsoTlv[] }): number {
    this.counts.refused++
    incoming.reply(encodeDso({ id: idOf(incoming.octets), response: true, rcode, tlvs }))
    return rcode
  }
}
