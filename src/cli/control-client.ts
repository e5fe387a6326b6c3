/**
 * The commands' side of the control socket (src/ops/control.ts): one request, its text and its last line.
 */
import { connect } from 'node:net'
import { MAX_CONTROL_ANSWER_OCTETS } from '../dns/limits.ts'
import type { ControlAnswer, ControlRequest } from '../ops/control.ts'

/** Asks the server behind the socket at `path`; text that it sends goes to `take`, whose fault ends it and is the caller's. A server that cannot be reached, or is none of ours, is an answer that says so. */
export function askControl(path: string, request: ControlRequest, take: (text: string) => void = () => undefined): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
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
      try {
        for (const line of lines) {
          const part = partOf(line)
          if ('ok' in part) answer = part
          else take(part.text)
        }
      } catch (fault) {
        reject(fault instanceof Error ? fault : new Error(String(fault))) // not thrown: nobody would catch it here
        socket.destroy()
      }
    })
    socket.on('close', () => resolve(answer))
  })
}

/** One line of an answer; where it is none, an answer that says so. */
function partOf(line: string): { text: string } | ControlAnswer {
  try {
    const part = JSON.parse(line) as { text: string } | ControlAnswer | null
    if (part !== null && typeof part === 'object' && ('ok' in part || typeof part.text === 'string')) return part
  } catch {
    // told below
  }
  return { ok: false, error: 'Cannot read the answer as what listens there is no Waggle' }
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
