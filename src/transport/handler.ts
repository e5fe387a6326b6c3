/**
 * What a socket and the server say to each other: octets of one query in, octets of one answer out.
 * The call is synchronous, so that a batch of datagrams or a chunk of pipelined queries is answered in
 * one go, and every object in it is used again for the next query, so that answering leaves nothing for
 * the garbage collector.
 */

/** Who asks. One object serves many queries: copy what must outlive the call. */
export interface Peer {
  transport: 'udp' | 'tcp'
  /** 4 octets for IPv4, IPv4-mapped IPv6 included; else 16. */
  address: Uint8Array
  port: number
}

/**
 * Answers the query in `query[0, length)` by writing to `out` and returns how many octets it wrote, or 0
 * to stay silent. `out` is 65,535 octets long; all of it may be used as scratch, and nothing in it is
 * sent beyond the returned length. Octets of `query` from `length` on belong to other queries.
 * Throwing is a bug of ours: the transport counts it, reports it to `OnFault` and sends nothing.
 */
export type Handler = (query: Uint8Array, length: number, peer: Peer, out: Uint8Array) => number

/** Told of what a socket or the handler threw and no caller can receive. Must not throw. */
export type OnFault = (fault: unknown) => void
