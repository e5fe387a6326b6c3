/**
 * One question, one answer: sends a query over UDP, waits, sends again, and turns to TCP where the answer
 * was cut short (RFC 1035 4.2, RFC 7766 5). Only an answer to this very question counts: from the server's
 * address, with the query's ID and question (RFC 5452 9.1). For people and scripts; a server asks otherwise.
 */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { DEFAULT_UDP_OCTETS, MAX_MESSAGE_OCTETS } from '../dns/limits.ts'
import { fold, wireLength } from '../dns/name.ts'
import type { Endpoint } from '../transport/address.ts'

/** Whom to ask, and how long. */
export interface AskOptions {
  server: Endpoint
  /** Starts with TCP. */
  tcp?: boolean
  /** Takes a truncated answer as it is. */
  keepTruncated?: boolean
  /** Milliseconds to wait for each try. */
  timeoutMs: number
  /** How often a query is sent over UDP, the first time included. */
  tries: number
}

/** What came of asking. `failed` says why there is no answer, in words that complete `No answer: …`. */
export type Asked = { octets: Uint8Array; transport: 'udp' | 'tcp'; tookMs: number } | { failed: string }

const QR = 0x80
const TC = 0x02
const QUESTION_TAIL_OCTETS = 4 // QTYPE and QCLASS (RFC 1035 4.1.2)
const HEADER_OCTETS = 12

/** Asks `query`, a whole message with questions written without compression, and gives the answer's octets. One that is too long for UDP goes over TCP at once. */
export async function ask(query: Uint8Array, options: AskOptions): Promise<Asked> {
  if (options.tcp === true || query.length > DEFAULT_UDP_OCTETS) return askTcp(query, options)
  const asked = await askUdp(query, options)
  const isCut = 'octets' in asked && (asked.octets[2] & TC) !== 0
  return isCut && options.keepTruncated !== true ? askTcp(query, options) : asked
}

/** Whether `answer` answers `query`: a response with its ID, opcode and question; an error, or a batch that was cut short, may leave questions out. */
export function isAnswerTo(query: Uint8Array, answer: Uint8Array): boolean {
  if (answer.length < HEADER_OCTETS || answer[0] !== query[0] || answer[1] !== query[1]) return false
  if ((answer[2] & QR) === 0 || (answer[2] & 0x78) !== (query[2] & 0x78)) return false
  const isCutBatch = (answer[2] & TC) !== 0 && query[4] + query[5] > 1 // its questions alone found no room (docs/protocol.md 5)
  if (answer[4] === 0 && answer[5] === 0) return (answer[3] & 0x0f) !== 0 || isCutBatch
  const end = HEADER_OCTETS + wireLength(query, HEADER_OCTETS) + QUESTION_TAIL_OCTETS
  if (answer.length < end) return false
  const tail = end - QUESTION_TAIL_OCTETS
  for (let at = HEADER_OCTETS; at < tail; at++) if (fold(answer[at]) !== fold(query[at])) return false
  for (let at = tail; at < end; at++) if (answer[at] !== query[at]) return false
  return true
}

/** Sends again from the same port, so that a server can tell a signed message that is sent again from one that somebody replays. */
function askUdp(query: Uint8Array, { server, timeoutMs, tries }: AskOptions): Promise<Asked> {
  const startMs = performance.now()
  return new Promise((resolve) => {
    let triesLeft = tries
    let isSettled = false
    const socket = createSocket(server.family === 6 ? 'udp6' : 'udp4')
    const settle = (asked: Asked) => {
      if (isSettled) return // errors of two datagrams may come one after the other, and a socket is closed once
      isSettled = true
      clearInterval(timer)
      socket.removeAllListeners('message').close()
      resolve(asked)
    }
    const send = () => {
      if (triesLeft-- > 0) socket.send(query)
      else settle({ failed: `none came within ${timeoutMs} ms over UDP` })
    }
    let timer: NodeJS.Timeout | undefined
    socket.on('error', (error) => settle({ failed: wordsFor(error) }))
    socket.on('message', (octets) => {
      if (isAnswerTo(query, octets)) settle({ octets, transport: 'udp', tookMs: performance.now() - startMs })
    })
    // connected, so that the kernel lets nothing in but what comes from the server, and reports a closed port
    socket.connect(server.port, server.host, (fault?: Error) => {
      if (fault !== undefined) return settle({ failed: wordsFor(fault) })
      timer = setInterval(send, timeoutMs)
      send()
    })
  })
}

function askTcp(query: Uint8Array, { server, timeoutMs }: AskOptions): Promise<Asked> {
  const startMs = performance.now()
  return new Promise((resolve) => {
    const socket = connect({ host: server.host, port: server.port })
    let received = Buffer.alloc(0)
    const settle = (asked: Asked) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(asked)
    }
    const timer = setTimeout(() => settle({ failed: `none came within ${timeoutMs} ms over TCP` }), timeoutMs)
    socket.on('error', (error) => settle({ failed: wordsFor(error) }))
    socket.on('close', () => settle({ failed: 'the server closed the connection' }))
    socket.on('connect', () => socket.write(framed(query)))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const octets = received.length >= 2 ? received.subarray(2, 2 + received.readUInt16BE(0)) : received
      if (received.length < 2 || octets.length < received.readUInt16BE(0)) return
      if (!isAnswerTo(query, octets)) settle({ failed: 'what came is no answer to the question' })
      else settle({ octets, transport: 'tcp', tookMs: performance.now() - startMs })
    })
  })
}

/** The message behind its two octets of length (RFC 1035 4.2.2). */
function framed(message: Uint8Array): Buffer {
  if (message.length > MAX_MESSAGE_OCTETS) throw new Error(`Cannot send a message of more than ${MAX_MESSAGE_OCTETS} octets`)
  const out = Buffer.alloc(2 + message.length)
  out.writeUInt16BE(message.length, 0)
  out.set(message, 2)
  return out
}

/** Why a connection failed, in words that complete `… does not answer: …`. */
export function wordsFor(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return 'nothing listens there (connection refused)'
  if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH') return 'no route leads there'
  return error.message
}
