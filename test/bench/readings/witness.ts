/** A thread that asks at a fixed rate, plain and ranked in turn, and keeps how long each answer took: `new Worker(…, { workerData: WitnessTask })`; any message ends it, and it says WitnessTold. */
import { createSocket } from 'node:dgram'
import { parentPort, workerData } from 'node:worker_threads'

/** What to ask: `queries` in turn, whose ids are set here. */
export interface WitnessTask {
  port: number
  perSecond: number
  queries: readonly Uint8Array[]
}

/** Milliseconds of the answers by query, and how many were asked. */
export interface WitnessTold {
  waits: readonly Float64Array[]
  asked: number
}

const LAST_MS = 500
const IDS = 65_536

/** Asks until it is told to end. */
function witness({ port, perSecond, queries }: WitnessTask, told: (told: WitnessTold) => void): () => void {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
  const sentMs = new Float64Array(IDS)
  const waits: number[][] = queries.map(() => [])
  const begun = performance.now()
  let asked = 0
  socket.on('message', (octets) => {
    const id = octets.readUInt16BE(0)
    if (sentMs[id] === 0) return
    waits[id % queries.length].push(performance.now() - sentMs[id])
    sentMs[id] = 0
  })
  const timer = setInterval(() => {
    for (const due = Math.floor(((performance.now() - begun) / 1e3) * perSecond); asked < due; asked++) {
      const id = asked % (IDS - (IDS % queries.length))
      const query = Buffer.from(queries[id % queries.length])
      query.writeUInt16BE(id, 0)
      sentMs[id] = performance.now()
      socket.send(query, port, '127.0.0.1')
    }
  }, 1)
  return () => {
    clearInterval(timer)
    setTimeout(() => {
      socket.close()
      told({ waits: waits.map((list) => Float64Array.from(list)), asked })
    }, LAST_MS)
  }
}

const parent = parentPort
if (parent !== null) {
  const end = witness(workerData as WitnessTask, (told) => {
    parent.postMessage(told)
    parent.close()
  })
  parent.once('message', end)
}
