/**
 * The control socket: a Unix socket in the data directory by which the commands `stats` and `zone` reach a
 * running server. Only the server's own user may open it (mode 0600), so it asks for no password.
 *
 *     request    one line of JSON      {"command":"zone reload","zone":"example.com."}
 *     answer     lines of JSON         {"text":"…"} any number of times, then {"ok":true,…} or {"ok":false,"error":"…"}
 */
import { chmodSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { CONTROL_REQUEST_MS, MAX_CONTROL_CONNECTIONS, MAX_CONTROL_REQUEST_OCTETS } from '../dns/limits.ts'
import { reasonOf } from './reason.ts'

/** A request as it came: `command`, and whatever that command needs. */
export type ControlRequest = Readonly<Record<string, unknown>> & { command: string }

/** The last line of an answer. */
export type ControlAnswer = { ok: true; [field: string]: unknown } | { ok: false; error: string }

/** Carries out one request; long text goes through `send` first, piece by piece. A fault thrown becomes an answer that says so. */
export type ControlHandler = (request: ControlRequest, send: (text: string) => Promise<void>) => Promise<ControlAnswer>

/** A control socket in service. */
export interface ControlSocket {
  /** Takes no more requests, cuts off those under way, and removes the socket. */
  close(): Promise<void>
}

/** Whether a server answers on the socket at `path`. */
export function isInUse(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

/** Listens on `path`, taking the place of a socket that a dead server left there. Fails where another server answers on it. */
export async function openControl(path: string, handle: ControlHandler): Promise<ControlSocket> {
  if (await isInUse(path)) throw new Error(`Cannot use ${path} as another server answers on it`)
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw new Error(`Cannot replace ${path}: ${reasonOf(error)}`, { cause: error })
  }
  const connections = new Set<Socket>()
  const server = createServer((socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
    serveConnection(socket, handle)
  })
  server.maxConnections = MAX_CONTROL_CONNECTIONS
  const listening = new Promise<void>((resolve, reject) => {
    server.on('error', (error) => reject(new Error(`Cannot listen on ${path}: ${reasonOf(error)}`)))
    server.on('listening', resolve)
  })
  const before = process.umask(0o177) // the path is bound before listen() returns, private from its first moment
  server.listen(path)
  process.umask(before)
  await listening
  chmodSync(path, 0o600)
  return {
    close: () => {
      for (const connection of connections) connection.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function serveConnection(socket: Socket, handle: ControlHandler): void {
  let line = ''
  let isTaken = false
  socket.setEncoding('utf8')
  socket.setTimeout(CONTROL_REQUEST_MS, () => socket.destroy())
  socket.on('error', () => socket.destroy()) // the client went away: nobody is left to be told
  socket.on('data', (chunk: string) => {
    if (isTaken) return
    line += chunk
    const end = line.indexOf('\n')
    if (end < 0 && line.length <= MAX_CONTROL_REQUEST_OCTETS) return
    isTaken = true
    socket.setTimeout(0)
    if (end < 0) finish(socket, { ok: false, error: `Cannot take a request of more than ${MAX_CONTROL_REQUEST_OCTETS} octets` })
    else void answerLine(line.slice(0, end), socket, handle).then((answer) => finish(socket, answer))
  })
}

async function answerLine(line: string, socket: Socket, handle: ControlHandler): Promise<ControlAnswer> {
  let request: ControlRequest
  try {
    request = JSON.parse(line) as ControlRequest
    if (typeof request.command !== 'string') throw new Error('it names no command')
  } catch (error) {
    return { ok: false, error: `Cannot parse request: ${reasonOf(error)}` }
  }
  try {
    return await handle(request, (text) => sendText(socket, text))
  } catch (error) {
    return { ok: false, error: reasonOf(error) }
  }
}

/** Writes one piece of text; resolves when the client has taken enough of it, rejects where it has gone. */
function sendText(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) return reject(new Error('the client went away'))
    if (socket.write(`${JSON.stringify({ text })}\n`)) return resolve()
    const settle = () => {
      socket.off('drain', settle)
      socket.off('close', settle)
      if (socket.destroyed) reject(new Error('the client went away'))
      else resolve()
    }
    socket.on('drain', settle)
    socket.on('close', settle)
  })
}

function finish(socket: Socket, answer: ControlAnswer): void {
  if (socket.destroyed) return
  socket.setTimeout(CONTROL_REQUEST_MS) // for the client to read the end and close its side
  socket.end(`${JSON.stringify(answer)}\n`)
}
