/** Datagrams to other servers by node:dgram, where system calls cannot be made: a socket object for each. */
import { createSocket, type Socket } from 'node:dgram'
import { MAX_PORT_TRIES } from '../dns/limits-resolver.ts'
import { parseAddress } from './address.ts'
import { type DatagramListener, type Datagrams, portFor, type Random, type UpstreamEndpoint } from './upstream-datagrams.ts'

/** Sends them so. */
export class NodeDatagrams implements Datagrams {
  readonly #print: (address: Uint8Array) => string

  /** `print` writes an address of 4 or 16 octets as text. */
  constructor(print: (address: Uint8Array) => string) {
    this.#print = print
  }

  send({ address, port }: UpstreamEndpoint, octets: Uint8Array, random: Random, listener: DatagramListener): () => void {
    const four = address.length === 4
    const host = this.#print(address)
    let socket: Socket | undefined
    const begin = (tries: number): void => {
      const own = createSocket({ type: four ? 'udp4' : 'udp6', ipv6Only: !four, lookup: asItIs })
      socket = own
      own.on('message', (message, from) => listener.onDatagram(message, { address: octetsOf(from.address), port: from.port }))
      own.on('error', (error: NodeJS.ErrnoException) => {
        if (socket !== own) return // it is told a turn later, and may have been closed meanwhile
        socket = undefined
        own.close()
        if (error.code === 'EADDRINUSE' && tries < MAX_PORT_TRIES) begin(tries + 1)
        else listener.onBroken()
      })
      own.once('listening', () => own.connect(port, host))
      own.once('connect', () => socket === own && own.send(octets)) // a turn later as well
      own.bind({ port: portFor(tries, random), exclusive: true })
    }
    begin(0)
    return () => {
      const last = socket
      socket = undefined
      last?.close()
    }
  }

  /** What has come is told before anything that is put off by a turn. */
  catchUp(): void {}
}

/** The address of a peer as Node writes it. */
function octetsOf(text: string): Uint8Array {
  const octets = new Uint8Array(16)
  return octets.subarray(0, parseAddress(text, octets))
}

/** Addresses are never looked up: they are none but addresses. */
function asItIs(host: string, _options: unknown, found: (error: null, address: string, family: number) => void): void {
  found(null, host, host.includes(':') ? 6 : 4)
}
