/**
 * `waggle query`: asks one question, or some in one message, signed where a key is given, and prints the answer (query-answer.ts).
 */
import { randomInt } from 'node:crypto'
import { isCapabilityUrl, nameOrUrl } from '../discovery/identifier/capability.ts'
import { askSigned } from '../client/ask-signed.ts'
import type { ChangeSigner } from '../client/change.ts'
import { notAServer, serverOf } from '../client/server-address.ts'
import { signerFromFile } from '../client/signers.ts'
import { OPCODE, OPTION, parseClass, parseType } from '../dns/codes.ts'
import { findOption, type EdnsOption } from '../dns/edns.ts'
import { TextFault, WireFault } from '../dns/faults.ts'
import { DEFAULT_UDP_OCTETS } from '../dns/limits.ts'
import { MAX_BATCH_QUESTIONS } from '../dns/limits-discovery.ts'
import { decodeMessage, makeMessage, type Message, type Question } from '../dns/message.ts'
import { printEndpoint, type Endpoint } from '../transport/address.ts'
import type { ServerOptions } from './control.ts'
import { encodeDemand } from './demand.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'
import { printAnswer, type AnswerForm, type Exchange } from './query-answer.ts'

/** The options of the command as commander gives them. */
export interface QueryOptions extends ServerOptions, AnswerForm {
  server?: string
  /** Key file that signs. */
  key?: string
  class: string
  tcp?: boolean
  dnssec?: boolean
  edns: boolean
  recurse?: boolean
  ag?: boolean
  demand?: string
  /** More names for the same message. */
  and?: string[]
  ignoreTruncation?: boolean
  timeout: number
  tries: number
  explain?: boolean
}

/** Asks and prints; `type` is AGENT at the URL of a capability and else A where none is said. Failed where nothing answers, what answers is malformed or not signed as it must be, or the key file cannot be read; usage where name, type, class, server or demand cannot be read. */
export async function queryCommand(name: string, type: string = isCapabilityUrl(name) ? 'AGENT' : 'A', options: QueryOptions, io: Io): Promise<ExitCode> {
  if (options.explain === true) return (await import('./explain.ts')).explainCommand(name, options, io)
  const prepared = prepare(name, type, options)
  if ('wrong' in prepared) {
    io.err(`waggle: ${prepared.wrong}\n`)
    return EXIT.usage
  }
  const { server, message } = prepared
  const signer = options.key === undefined ? undefined : await readSigner(options.key)
  if (typeof signer === 'string') {
    io.err(`${signer}\n`)
    return EXIT.failed
  }
  const { tcp = false, ignoreTruncation = false, timeout, tries } = options
  const asked = await askSigned(message, signer, { server, tcp, keepTruncated: ignoreTruncation, timeoutMs: timeout, tries })
  if (!('octets' in asked)) {
    io.err('failed' in asked ? `waggle: No answer from ${printEndpoint(server)}: ${asked.failed}\n` : `waggle: No good answer from ${printEndpoint(server)}: ${asked.wrong}\n`)
    return EXIT.failed
  }
  const exchange: Exchange = { server: printEndpoint(server), transport: asked.transport, tookMs: asked.tookMs, octets: asked.octets.length, demand: demandIn(message) }
  const read = readOrExplain(() => ({ text: printAnswer(decodeMessage(asked.octets), exchange, options) }))
  if (typeof read === 'string') {
    io.err(`waggle: ${read}\n`)
    return EXIT.failed
  }
  io.out(read.text)
  return EXIT.done
}

/** The signer that a key file makes, or what is wrong with that, with its place. */
async function readSigner(file: string): Promise<ChangeSigner | string> {
  try {
    return await signerFromFile(file)
  } catch (fault) {
    if (!(fault instanceof TextFault)) throw fault
    return fault.toString()
  }
}

function demandIn({ edns }: Message): Uint8Array | undefined {
  return findOption(edns, OPTION.DEMAND)
}

/** What the arguments ask for, or what is wrong with them. */
function prepare(name: string, type: string, options: QueryOptions): { server: Endpoint; message: Message } | { wrong: string } {
  if (options.server === undefined) return { wrong: 'Cannot ask as nobody is named by --server: address[:port], such as 127.0.0.1:5300 or [::1]:5300' }
  const server = serverOf(options.server)
  if (server === undefined) return { wrong: notAServer(options.server, 'address[:port]') }
  const qtype = parseType(type)
  if (qtype === undefined) return { wrong: `Cannot use type "${type}" as it must be a mnemonic such as AAAA, or TYPE and a number` }
  const qclass = parseClass(options.class)
  if (qclass === undefined) return { wrong: `Cannot use class "${options.class}" as it must be IN, LOCAL, CH, or CLASS and a number` }
  if (!options.edns && (options.dnssec === true || options.demand !== undefined)) return { wrong: 'Cannot use --no-edns with --dnssec or --demand as both travel in EDNS' }
  try {
    const names = [name, ...(options.and ?? [])].map((text) => nameOrUrl(text))
    const twice = names.find((one, i) => names.findIndex((other) => other.equals(one)) < i)
    if (twice !== undefined) return { wrong: `Cannot ask for ${twice} twice in one message as its answers could not be told apart` }
    if (names.length > MAX_BATCH_QUESTIONS) return { wrong: `Cannot ask ${names.length} questions in one message as ${MAX_BATCH_QUESTIONS} is the most` }
    return { server, message: makeQuery(names.map((one) => ({ name: one, type: qtype, class: qclass })), options) }
  } catch (error) {
    return { wrong: (error as Error).message } // TextFault of the name or of the demand
  }
}

function makeQuery(questions: Question[], options: QueryOptions): Message {
  const message = makeMessage({
    id: randomInt(0x1_0000), // RFC 5452 9.2: not to be guessed
    opcode: questions.length > 1 ? OPCODE.AGENT : OPCODE.QUERY,
    recursionDesired: options.recurse === true,
    agent: options.ag === true,
    questions,
  })
  if (!options.edns) return message
  const demand: EdnsOption[] = options.demand === undefined ? [] : [{ code: OPTION.DEMAND, octets: encodeDemand(options.demand) }]
  message.edns = { udpSize: DEFAULT_UDP_OCTETS, version: 0, dnssecOk: options.dnssec === true, compactOk: false, options: demand }
  return message
}

/** What `read` makes of the answer, or what is wrong with that. */
function readOrExplain<Result>(read: () => Result): Result | string {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof WireFault)) throw error
    return `Cannot read the answer: ${error.message} (octet ${error.offset})`
  }
}
