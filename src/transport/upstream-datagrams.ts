/**
 * Datagrams to other servers, each from a port of its own. Two ways of the same shape:
 *
 *     upstream-sockets.ts   system calls, where they work      (UpstreamSockets)
 *     upstream-dgram.ts     node:dgram, everywhere             (NodeDatagrams)
 *
 * The port is a secret that a forger has to guess (RFC 5452 9.2), so that it is chosen from all that a user may have,
 * and never used for a second message. A connected socket hears of nobody but whom it has asked, and at once of ports
 * where nobody listens.
 */
import { MAX_PORT_TRIES, MIN_UPSTREAM_PORT } from '../dns/limits-resolver.ts'

const PORTS = 65_536

/** Where a server listens: 4 or 16 octets, and a port. */
export interface UpstreamEndpoint {
  readonly address: Uint8Array
  readonly port: number
}

/** Told what came of one datagram; of neither once its port is closed. */
export interface DatagramListener {
  /** Octets have come, in memory of their own; not always from whom it was sent to: a port is open for a moment before it hears of one alone. */
  onDatagram(octets: Uint8Array, from: UpstreamEndpoint): void
  /** Nothing will come any more; may be called while `send` runs. The port is closed. */
  onBroken(): void
}

/** A whole number from 0 to `bound` − 1 that nobody can foresee. */
export type Random = (bound: number) => number

/** A way of sending them. */
export interface Datagrams {
  /** Sends `octets`; returns what closes the port. */
  send(to: UpstreamEndpoint, octets: Uint8Array, random: Random, listener: DatagramListener): () => void
  /** Hands on what has come and was not looked at yet; where Node reads it, it has done so before whatever was put off by `setImmediate`. */
  catchUp(): void
}

/** The port for try `tries`, counted from 0. The last try leaves the choice to the system (0), which knows what is free. */
export function portFor(tries: number, random: Random): number {
  return tries < MAX_PORT_TRIES ? MIN_UPSTREAM_PORT + random(PORTS - MIN_UPSTREAM_PORT) : 0
}
