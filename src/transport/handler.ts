/**
 * What a socket and the server say to each other: octets of one query in, octets of one answer out.
 * The call is synchronous, so that a batch of datagrams or a chunk of pipelined queries is answered in
 * one go, and every object in it is used again for the next query, so that answering leaves nothing for
 * the garbage collector.
 *
 * What cannot be answered in one go (a change that must reach the disk first) is deferred: the socket keeps
 * a copy with the way back, and whoever is told of it answers when it can, in any order.
 */

/** Who asks. One object serves many queries: copy what must outlive the call. */
export interface Peer {
  transport: 'udp' | 'tcp'
  /** 4 octets for IPv4, IPv4-mapped IPv6 included; else 16. */
  address: Uint8Array
  port: number
}

/** Returned by a handler that leaves the query to be answered later, by who is told of it as `Deferred`. */
export const DEFERRED = -1

/**
 * Answers the query in `query[0, length)` by writing to `out` and returns how many octets it wrote, 0
 * to stay silent, or DEFERRED. `out` is 65,535 octets long; all of it may be used as scratch, and nothing in it is
 * sent beyond the returned length. Octets of `query` from `length` on belong to other queries.
 * Throwing is a bug of ours: the transport counts it, reports it to `OnFault` and sends nothing.
 */
export type Handler = (query: Uint8Array, length: number, peer: Peer, out: Uint8Array) => number

/**
 * A TCP connection that may outlast its queries: messages go by it unasked. What is called here takes effect in the
 * order of the calls, those of `Deferred.reply` among them, and never from within a handler.
 */
export interface Lasting {
  /**
   * From now on it is not idle, however long its client says nothing, until `release`; others are shed before it. It ends as
   * any other where the client ends it, does not read or breaks it, or by a stop. `onEnd` is called once when it takes no more
   * messages, whoever has ended it, also where that was before this call; never within the call. It must not throw. A second call replaces it.
   */
  keep(onEnd: () => void): void
  /** Sends a message that answers no query. Where its client leaves more unread than MAX_TCP_UNSENT_OCTETS, it is reset instead; after its end the message is counted and dropped. */
  send(octets: Uint8Array): void
  /** It is as any other again, and idle from now on. `onEnd` is not called any more. */
  release(): void
  /** Ends it at once by a reset, whatever is left to send. */
  cut(): void
}

/** A query that is answered later. */
export interface Deferred {
  /** The query, in memory of its own. */
  readonly octets: Uint8Array
  readonly peer: Readonly<Peer>
  /** The connection that it has come by, the same object for all queries of a connection while it lasts; undefined over UDP. */
  readonly connection: Lasting | undefined
  /**
   * Answers with one message, whose octets must not change any more. Further messages of the same answer
   * follow where `more`; over UDP each is a datagram. A message to a client that has gone is counted and
   * dropped. Calls after the last message do nothing.
   */
  reply(octets: Uint8Array, more?: boolean): void
  /** Ends it without a further message. Each must end by this or by a last message, as it is waited for. */
  drop(): void
}

/** Told of each query that a handler has deferred. Must not throw. */
export type OnDeferred = (deferred: Deferred) => void

/** Told of what a socket or the handler threw and no caller can receive. Must not throw. */
export type OnFault = (fault: unknown) => void
