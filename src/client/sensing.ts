/**
 * The agent's side of readings that a server fetches (docs/protocol.md 6): answers questions for SENSE at its capabilities by how it is
 * doing at this moment, and stays silent where it cannot meet the demand that comes with the question.
 *
 *     const responder = await SenseResponder.open({ registration, read: () => ({ active: 3, concurrency: 8 }), port: 5310 })
 *     … register the capability with `sense-port=5310` …
 *     responder.close()
 */
import { createSocket, type Socket } from 'node:dgram'
import { CLASS, OPCODE, OPTION, TYPE } from '../dns/codes.ts'
import { findOption } from '../dns/edns.ts'
import { unlessMalformed } from '../dns/faults.ts'
import { CLIENT_REPORT_GAP_MS, MAX_SENSE_QUERY_OCTETS } from '../dns/limits.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { decodeParameters, PARAMETERS, valueOf, type ParameterMap } from '../dns/parameters.ts'
import { parseAddress } from '../dns/address.ts'
import type { Registration } from './registration.ts'
import { reportMessage, type LoadReading } from './reporter.ts'

/** What to answer, and where. */
export interface SenseOptions {
  /** As it is registered. */
  registration: Registration
  /** How the agent is doing at this moment. */
  read: () => LoadReading | Promise<LoadReading>
  /** Address and port to answer at; default every IPv4 address, and any free port. */
  host?: string
  port?: number
  /** Whether a demand can be met; default: `canMeet`. */
  meets?: (demand: ParameterMap, reading: LoadReading) => boolean
  /** Milliseconds since 1970; default the system's clock. */
  wallMs?: () => number
}

/** Whether an agent with this load meets what a demand says of load: free sessions (`concurrency`). The rest is known by the server. */
export function canMeet(demand: ParameterMap, { active, concurrency, state }: LoadReading): boolean {
  if (state === 'draining' || state === 'failed') return false
  const wanted = valueOf(demand, PARAMETERS.concurrency)
  return wanted === undefined || concurrency === undefined || concurrency - active >= wanted
}

/** Answers until it is closed. */
export class SenseResponder {
  /** Questions answered, and those met with silence. */
  readonly counts = { answered: 0, silent: 0 }
  private readonly options: SenseOptions
  private readonly socket: Socket
  private sequence = 0
  private isClosed = false

  private constructor(options: SenseOptions, socket: Socket) {
    this.options = options
    this.socket = socket
    socket.on('message', (octets, { address, port }) => void this.take(octets).then((answer) => answer !== undefined && socket.send(answer, port, address), () => this.counts.silent++))
    socket.on('error', () => undefined) // an answer that cannot be sent is as good as silence
  }

  /** Begins to answer; rejects where the port cannot be had. */
  static async open(options: SenseOptions): Promise<SenseResponder> {
    const { host = '0.0.0.0', port = 0 } = options
    const socket = createSocket(parseAddress(host)?.length === 16 ? 'udp6' : 'udp4')
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(port, host, () => resolve())
    })
    socket.removeAllListeners('error')
    return new SenseResponder(options, socket)
  }

  /** The port that it answers at: the value of `sense-port`. */
  get port(): number {
    return this.socket.address().port
  }

  /** Answers no more. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.socket.removeAllListeners('message').close()
  }

  /** The answer to a question; undefined where silence is. */
  private async take(octets: Uint8Array): Promise<Uint8Array | undefined> {
    const query = octets.length > MAX_SENSE_QUERY_OCTETS ? undefined : unlessMalformed(() => decodeMessage(octets))
    const answer = query && (await this.answerTo(query))
    this.counts[answer === undefined ? 'silent' : 'answered']++
    return answer
  }

  private async answerTo({ id, response, opcode, questions, edns }: Message): Promise<Uint8Array | undefined> {
    const { registration, read: load, meets = canMeet, wallMs = Date.now } = this.options
    const [question] = questions
    if (response || opcode !== OPCODE.QUERY || questions.length !== 1 || question.type !== TYPE.SENSE || question.class !== CLASS[registration.class ?? 'IN']) return undefined
    const origin = Name.parse('_cap', Name.parse(registration.provider))
    const capability = registration.capabilities.find(({ name }) => Name.parse(name, origin).equals(question.name))
    if (capability === undefined) return undefined
    const reading = await load()
    const demand = findOption(edns, OPTION.DEMAND)
    if (demand !== undefined && !meets(decodeParameters(demand, 'DEMAND'), reading)) return undefined
    this.sequence = Math.max(this.sequence + 1, Math.floor(wallMs() / CLIENT_REPORT_GAP_MS)) // as a reporter counts, so that both may tell (RFC 1982 3.2)
    const { authorities } = reportMessage(registration, reading, this.sequence & 0xffff, id, [capability.name])
    return encodeMessage(makeMessage({ id, response: true, authoritative: true, agent: true, questions, answers: authorities }))
  }
}
