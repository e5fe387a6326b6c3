/** Sends messages over some TCP connections, so many at a time on each (RFC 7766 6.2.1.1), and counts how they are answered. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What to send. */
export interface Pipeline {
  port: number
  messages: readonly Uint8Array[]
  connections: number
  /** Messages under way on each connection at most. */
  window: number
}

/** What came of it: the seconds it took, and answers by RCODE. */
export interface Piped {
  seconds: number
  rcodes: Map<number, number>
}

/** Sends all of it. Throws where a connection ends before all of its messages are answered, and where nothing comes for a while. */
export async function pipe({ port, messages, connections, window }: Pipeline): Promise<Piped> {
  const rcodes = new Map<number, number>()
  let next = 0
  const take = (): Uint8Array | undefined => messages[next++]
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(port)))
  const begun = performance.now()
  await Promise.all(sockets.map((socket) => drive(socket, window, take, rcodes)))
  return { seconds: (performance.now() - begun) / 1e3, rcodes }
}

const PATIENCE_MS = 10_000

async function opened(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

function drive(socket: Socket, window: number, take: () => Uint8Array | undefined, rcodes: Map<number, number>): Promise<void> {
  let underWay = 0
  let held = Buffer.alloc(0)
  const send = (): void => {
    while (underWay < window) {
      const message = take()
      if (message === undefined) break
      underWay++
      socket.write(Buffer.concat([Uint8Array.of(message.length >> 8, message.length & 255), message]))
    }
  }
  return new Promise((resolve, reject) => {
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('Cannot go on as nothing is answered')))
    socket.on('error', reject)
    socket.on('close', () => (underWay === 0 ? resolve() : reject(new Error(`Cannot go on as the connection has ended with ${underWay} messages under way`))))
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const rcode = held[2 + 3] & 15
        rcodes.set(rcode, (rcodes.get(rcode) ?? 0) + 1)
        held = held.subarray(2 + held.readUInt16BE(0))
        underWay--
      }
      send()
      if (underWay === 0) socket.end()
    })
    send()
    if (underWay === 0) socket.end()
  })
}
