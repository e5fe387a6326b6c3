/**
 * Whoever reads the sockets, the octets of the answers are the same: threads that call the system directly
 * beside Node's own, over UDP and TCP, on ordinary queries and on damaged ones.
 */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { canUseEpoll } from '../../src/transport/tcp-epoll.ts'
import { canUseMmsg } from '../../src/transport/udp-mmsg.ts'
import { Chance } from '../battery/chance.ts'
import { craftedMessages } from '../battery/fuzz-corpus.ts'
import { writeMutation } from '../battery/mutate.ts'
import { makeFolder, Served } from './process.ts'

const SEED = 20260504
const ZONES = fileURLToPath(new URL('../../../zones/', import.meta.url))
const SERVED = ['example.com', 'acme.example', 'beta.example'] as const
const MUTATIONS = 6_000
const UDP_WINDOW = 40
const [batches, epoll] = [canUseMmsg(), canUseEpoll()]
const skip = !batches.usable ? `SKIPPED: ${batches.reason}` : !epoll.usable ? `SKIPPED: ${epoll.reason}` : false

function configText(transport: string): string {
  const zones = SERVED.map((name) => `  - { name: ${name}, file: ${join(ZONES, `${name}.zone`)} }\n`).join('')
  // what differs from one server to another, or from one moment to another, is left out
  return `listen: ["127.0.0.1:0"]\ntransport: ${transport}\nworkers: 1\nserver: { nsid: bees }\ncookies: { enabled: false }\nrate-limit: { responses: 0 }\npush: { networks: [] }\nzones:\n${zones}` // else what is no message of a session ends its connection (RFC 8490 5.4)
}

/** Crafted messages of all zones, then damaged ones, each at least a header long and short enough for a datagram of a query. */
function corpus(): Buffer[] {
  const chance = new Chance(SEED)
  const crafted = SERVED.flatMap((name, i) => craftedMessages(`${name}.`, SEED + i))
  const out = Buffer.alloc(70_000)
  const damaged = Array.from({ length: MUTATIONS }, () => {
    const length = writeMutation(out, crafted, chance)
    return Buffer.from(out.subarray(0, length))
  })
  return [...crafted, ...damaged].filter(({ length }) => length >= 12 && length <= 4_096)
}

/** Opcodes of updates, which are the core's to answer (RFC 2136 2.2, docs/protocol.md 5). */
const OPCODES_OF_CORE: ReadonlySet<number> = new Set([5, 14])
/** TSIG, and SIG(0) (RFC 8945 4.2, RFC 2931 3). */
const SIGNATURES = [Buffer.from('00fa', 'hex'), Buffer.from('0018', 'hex')]

/** Whether the core may have to answer: its answers come late, so behind those of later messages, and over UDP perhaps not at all. */
function isForCore(message: Buffer): boolean {
  return OPCODES_OF_CORE.has((message[2] >> 3) & 15) || SIGNATURES.some((type) => message.includes(type, 12))
}

/** The messages of a stream of TCP, sorted. */
function sorted(stream: Buffer): string[] {
  const messages: string[] = []
  for (let at = 0; at < stream.length; at += 2 + stream.readUInt16BE(at)) messages.push(stream.subarray(at + 2, at + 2 + stream.readUInt16BE(at)).toString('hex'))
  return messages.sort()
}

/** All that the server sends back to these messages over one connection, until it ends it. */
function overTcp(port: number, messages: readonly Buffer[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('data', (chunk) => received.push(chunk))
    socket.on('end', () => {
      socket.destroy()
      resolve(Buffer.concat(received))
    })
    socket.on('error', reject)
    socket.end(Buffer.concat(messages.flatMap((message) => [Buffer.of(message.length >> 8, message.length & 0xff), message])))
  })
}

/** The answers to these messages in their order: after each window a plain query is sent, and what comes before its answer belongs to the window. */
async function overUdp(port: number, messages: readonly Buffer[]): Promise<string[]> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4_000_000 })
  const mark = Buffer.from('ffff01000001000000000000076578616d706c6503636f6d0000060001', 'hex')
  const answers: string[] = []
  let isMarked: (() => void) | undefined
  socket.on('message', (octets) => {
    if (octets.readUInt16BE(0) === 0xffff) isMarked?.()
    else answers.push(octets.toString('hex'))
  })
  await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve))
  for (let at = 0; at < messages.length; at += UDP_WINDOW) {
    const marked = new Promise<void>((resolve) => (isMarked = resolve))
    for (const message of messages.slice(at, at + UDP_WINDOW)) socket.send(message)
    socket.send(mark)
    await marked
  }
  socket.close()
  return answers
}

describe('servers whose sockets are read by threads and by Node', { skip }, () => {
  const folders = ['mmsg', 'dgram'].map((transport) => makeFolder({ 'w.yaml': configText(transport) }))
  let servers: Served[]
  let ports: number[]
  const all = corpus().filter((message) => message.readUInt16BE(0) !== 0xffff)
  const messages = all.filter((message) => !isForCore(message))
  const forCore = all.filter(isForCore)

  before(async () => {
    servers = await Promise.all(folders.map(({ path }) => Served.start(join(path, 'w.yaml'))))
    ports = servers.map(({ endpoints }) => endpoints[0].port)
  })

  after(async () => {
    for (const server of servers) assert.equal((await server.stop()).code, 0)
    for (const folder of folders) folder.remove()
  })

  it('are what they are said to be', () => {
    const [threads, node] = servers.map((server) => server.lines().find(({ msg }) => msg === 'ready'))
    assert.deepEqual([threads?.udpThreads, threads?.tcpThreads, threads?.fallback], [1, 1, undefined])
    assert.deepEqual([node?.udpThreads, node?.tcpThreads, node?.fallback], [0, 0, 'the config says dgram'])
  })

  it('answer with the same octets over TCP, in the same order, and stay silent on the same', async () => {
    let octets = 0
    for (let at = 0; at < messages.length; at += 500) {
      const some = messages.slice(at, at + 500)
      const [byThreads, byNode] = await Promise.all(ports.map((port) => overTcp(port, some)))
      assert.ok(byThreads.equals(byNode), `seed ${SEED}, messages from ${at}: ${byThreads.length} and ${byNode.length} octets`)
      octets += byThreads.length
    }
    assert.ok(octets > 100 * 1_000, `only ${octets} octets were compared`)
  })

  it('answer what the core must answer with the same octets over TCP, in whatever order (RFC 7766 6.2.1.1)', async () => {
    const [byThreads, byNode] = await Promise.all(ports.map((port) => overTcp(port, forCore.slice(0, 1_000))))
    assert.deepEqual(sorted(byThreads), sorted(byNode))
    assert.ok(sorted(byThreads).length > 100, `only ${sorted(byThreads).length} answers were compared`)
  })

  it('answer with the same octets over UDP, in the same order, and stay silent on the same', async () => {
    const [byThreads, byNode] = await Promise.all(ports.map((port) => overUdp(port, messages)))
    assert.deepEqual(byThreads, byNode)
    assert.ok(byThreads.length > 1_000, `only ${byThreads.length} answers were compared`)
  })
})
