/**
 * Asking a server a question at a time: whether it is up, and whether what it answers is right. A server that
 * answers wrongly is left out of the row, however fast it does so.
 */
import { createSocket } from 'node:dgram'
import { Asker } from '../battery/asker.ts'
import { decode, FLAG } from '../battery/wire.ts'
import { sampleQueries } from './queries.ts'
import type { Row } from './rows.ts'

/** Milliseconds between two questions whether a server is up; what is measured of its start is as exact as that. */
const PROBE_MS = 10
const SAMPLE = 12

/** True once `port` answers `probe` with a record and no error; false after `patienceMs`, or as soon as it is no longer alive. */
export async function wholeAnswer(port: number, probe: Uint8Array, patienceMs: number, isAlive: () => boolean): Promise<boolean> {
  const socket = createSocket('udp4')
  const until = performance.now() + patienceMs
  let isAnswered = false
  socket.on('message', (message) => { isAnswered ||= message.length > 12 && (message[2] & 0x80) !== 0 && (message[3] & 15) === 0 })
  socket.on('error', () => undefined) // nobody listens yet
  while (!isAnswered && isAlive() && performance.now() < until) {
    socket.send(probe, port, '127.0.0.1', () => undefined)
    await new Promise((resolve) => setTimeout(resolve, PROBE_MS))
  }
  socket.close()
  return isAnswered
}

/** What is wrong with the answers to a sample of the row's queries, or null. */
export async function faultOf(row: Row, port: number): Promise<string | null> {
  const asker = new Asker(port)
  try {
    for (const query of sampleQueries(row, SAMPLE)) {
      const answer = await asker.ask(query, row.drive !== 'udp')
      const fault = answer === undefined ? 'no answer' : faultIn(row, answer)
      if (fault !== null) return fault
    }
    return null
  } finally {
    asker.close()
  }
}

function faultIn({ expected }: Row, octets: Uint8Array): string | null {
  const answer = decode(octets)
  const authoritative = (answer.flags & FLAG.aa) !== 0
  if (answer.rcode !== expected.rcode) return `RCODE ${answer.rcode} instead of ${expected.rcode}`
  if ((answer.flags & FLAG.tc) !== 0) return 'truncated'
  if (authoritative !== expected.authoritative) return `AA is ${authoritative ? 'set' : 'clear'}`
  if (answer.answer.length < expected.answers) return `${answer.answer.length} answer records instead of ${expected.answers}`
  if (answer.authority.length < expected.authorities) return `${answer.authority.length} authority records instead of ${expected.authorities}`
  if (answer.additional.length < expected.additionals) return `${answer.additional.length} additional records instead of ${expected.additionals}`
  return null
}
