/**
 * Mutated datagrams in bursts: after each a known good question is asked and awaited, so the server's socket buffer
 * never overflows and nothing is lost unseen. One socket, no promise per datagram.
 */
import { createSocket, type Socket } from 'node:dgram'
import type { Chance } from './chance.ts'
import type { Probes, Watch } from './fuzz-watch.ts'
import { writeMutation } from './mutate.ts'

/** Datagrams between two probes: well below what a default socket buffer holds (212,992 octets at about 800 each). */
const BURST = 128
const LARGEST = 1_400
const SAMPLES = 20
const QUERY = 1
const RESPONSE = 2

/** Sends `total` mutated datagrams; faults go to `watch`. */
export async function fuzzUdp(total: number, host: string, port: number, corpus: readonly Buffer[], chance: Chance, probes: Probes, watch: Watch): Promise<void> {
  const socket = await connected(host, port)
  const sentAs = new Uint8Array(65_536)
  const buffers = Array.from({ length: BURST }, () => Buffer.alloc(LARGEST))
  const fitting = corpus.filter((message) => message.length <= LARGEST)
  socket.on('message', (answer) => watch.judge(answer, (id) => (sentAs[id] === QUERY ? 'query' : sentAs[id] === RESPONSE ? 'response' : 'unknown')))
  const base = watch.sent
  const step = Math.ceil(total / SAMPLES)
  watch.sample(0, 'udp')
  for (let sent = 0, id = 0; sent < total; ) {
    const count = Math.min(BURST, total - sent)
    for (let i = 0; i < count; i++, id = (id + 1) & 0xffff) sendOne(socket, buffers[i] as Buffer, fitting, chance, id, sentAs)
    sentAs.fill(0, (id + 2_048) & 0xffff, ((id + 2_048) & 0xffff) + BURST) // an answer this late would be to nothing
    const crossed = Math.floor((sent + count) / step) > Math.floor(sent / step)
    sent += count
    watch.sent = base + sent
    await probes.ask(watch)
    if (crossed) watch.sample(sent / total, 'udp')
  }
  await new Promise((done) => setTimeout(done, 200))
  watch.sample(1, 'udp')
  socket.close()
}

function sendOne(socket: Socket, buffer: Buffer, corpus: readonly Buffer[], chance: Chance, id: number, sentAs: Uint8Array): void {
  const length = writeMutation(buffer, corpus, chance)
  if (length >= 2) buffer.writeUInt16BE(id, 0)
  sentAs[id] = length >= 3 && (buffer[2] ?? 0) & 0x80 ? RESPONSE : QUERY
  socket.send(buffer, 0, length)
}

async function connected(host: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 8_388_608, sendBufferSize: 1_048_576 })
  socket.on('error', () => undefined) // ECONNREFUSED comes back by ICMP; the probe tells
  await new Promise<void>((done) => socket.connect(port, host, done))
  return socket
}
