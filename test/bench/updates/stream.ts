/**
 * Sends updates as fast as they are answered: so many at a time are under way, each is sent again as it is where no
 * answer came, and every one ends with an RCODE.
 */
import { createSocket, type Socket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'

/** What to send. */
export interface Stream {
  port: number
  /** Updates in all, and how many are under way at most. */
  count: number
  window: number
  /** The octets of the update number `i`, whose id is `(first + i) & 0xffff`. */
  make: (i: number) => Uint8Array
  /** By default 0. */
  first?: number
}

/** What came of it. */
export interface Streamed {
  seconds: number
  /** Answers by RCODE. */
  rcodes: Map<number, number>
  /** Messages sent again. */
  again: number
  /** Milliseconds from the first sending to the answer, in no order. */
  waits: Float64Array
  /** Seconds of processor that the sender used itself. */
  ownSeconds: number
}

const PATIENCE_MS = 2_000
const TRIES = 15
const LOOK_MS = 250
/** Above this, ids would be shared by messages under way. */
const MOST = 32_768

interface Waiting {
  octets: Uint8Array
  sentMs: number
  lastMs: number
  tries: number
}

/** Sends all of the stream; throws where an update is not answered at all. */
export async function stream({ port, count, window, make, first = 0 }: Stream): Promise<Streamed> {
  if (window > MOST) throw new Error(`Cannot send ${window} at a time as ids suffice for ${MOST}`)
  const sockets = Array.from({ length: 8 }, () => createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 }))
  const waiting = new Map<number, Waiting>()
  const rcodes = new Map<number, number>()
  const waits = new Float64Array(count)
  let [next, done, again] = [0, 0, 0]
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const send = (): void => {
    while (next < count && waiting.size < window) {
      const octets = make(next)
      const now = performance.now()
      waiting.set((first + next) & 0xffff, { octets, sentMs: now, lastMs: now, tries: 1 })
      socketOf(sockets, first + next).send(octets, port, '127.0.0.1')
      next++
    }
  }
  const onMessage = (octets: Buffer): void => {
    const id = octets.readUInt16BE(0)
    const one = waiting.get(id)
    if (one === undefined) return
    waiting.delete(id)
    waits[done++] = performance.now() - one.sentMs
    rcodes.set(octets[3] & 15, (rcodes.get(octets[3] & 15) ?? 0) + 1)
    send()
  }
  for (const socket of sockets) socket.on('message', onMessage)
  send()
  try {
    while (done < count) {
      await sleep(LOOK_MS)
      const now = performance.now()
      for (const [id, one] of waiting) {
        if (now - one.lastMs < PATIENCE_MS) continue
        if (one.tries++ === TRIES) throw new Error(`Cannot go on as an update is not answered after ${TRIES} tries (${done} of ${count} were)`)
        one.lastMs = now
        again++
        socketOf(sockets, id).send(one.octets, port, '127.0.0.1')
      }
    }
  } finally {
    for (const socket of sockets) socket.close()
  }
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - begun) / 1e3, rcodes, again, waits, ownSeconds: (user + system) / 1e6 }
}

function socketOf(sockets: readonly Socket[], i: number): Socket {
  return sockets[i % sockets.length]
}
