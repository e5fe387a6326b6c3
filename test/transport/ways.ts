/** The way back to a client over UDP, noted as a thread notes it when the client's datagram is read. */
import assert from 'node:assert/strict'
import { UDP_BATCH } from '../../src/dns/limits.ts'
import { transportCounters } from '../../src/transport/counters.ts'
import { Deferrals, unpackQueries, WAY_BACK_WORD } from '../../src/transport/deferral-parcel.ts'
import { loadLibc, MSG_WAITFORONE } from '../../src/transport/libc.ts'
import { Batch } from '../../src/transport/mmsg-batch.ts'
import type { MmsgSocket } from '../../src/transport/mmsg-socket.ts'
import { FakeCore } from './fake-core.ts'
import { query, type UdpClient } from './support.ts'

/** Where an answer goes. */
export interface Way {
  socket: MmsgSocket
  words: Int32Array
  wayBackAt: number
}

/** Has the client ask `host` and reads its datagram from `socket`, which nobody else reads. */
export async function wayTo(client: UdpClient, socket: MmsgSocket, host: string): Promise<Way> {
  const libc = loadLibc()
  const batch = new Batch(libc, socket.family, socket.isWildcard)
  client.send(query(1), socket.port, host)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(libc.recvmmsg(socket.fd, batch.received, UDP_BATCH, MSG_WAITFORONE, 0), 1)
  let parcel = new ArrayBuffer(0)
  const deferrals = new Deferrals({ budget: new FakeCore().budget.shared, post: (sent) => (parcel = sent) }, transportCounters())
  const at = deferrals.add(batch.queries[0], batch.length(0), { transport: 'udp', address: batch.addresses[0], port: batch.port(0) }, 0)
  batch.wayBack(0, deferrals.words, at + WAY_BACK_WORD)
  deferrals.flush()
  const ways: Way[] = []
  unpackQueries(parcel, 'udp', ({ words, wayBackAt }) => ways.push({ socket, words, wayBackAt }))
  return ways[0]
}
