/**
 * The commands' side of the control socket (src/ops/control.ts): one request, its text and its last line.
 */
import { connect } from 'node:net'
import { MAX_CONTROL_ANSWER_OCTETS } from '../dns/limits.ts'
import type { ControlAnswer, ControlRequest } from '../ops/control.ts'

/** Asks the server behind the socket at `path`; text that it sends goes to `take`. A server that cannot be reached is an answer that says so. */
export function askControl(path: string, request: ControlRequest, take: (text: string) => void = () => undefined): Promise<ControlAnswer> {
  return new Promise((resolve) => {
    const socket = connect(path)
    let rest = ''
    let size = 0
    let answer: ControlAnswer = { ok: false, error: 'Cannot read the answer as the server closed the connection' }
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.on('error', (error) => {
      answer = { ok: false, error: whyUnreachable(error, path) }
    })
    socket.on('data', (chunk: string) => {
      size += chunk.length
      if (size > MAX_CONTROL_ANSWER_OCTETS) socket.destroy(new Error(`Cannot read an answer of more than ${MAX_CONTROL_ANSWER_OCTETS} octets`))
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const part = JSON.parse(line) as { text: string } | ControlAnswer
        if ('ok' in part) answer = part
        else take(part.text)
      }
    })
    socket.on('close', () => resolve(answer))
  })
}

function whyUnreachable(error: NodeJS.ErrnoException, path: string): string {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return `Cannot reach a server as none runs with this data directory (${path})`
    case 'EACCES':
      return `Cannot reach the server as its control socket belongs to another user (${path})`
    default:
      return `Cannot reach the server: ${error.message}`
  }
}
