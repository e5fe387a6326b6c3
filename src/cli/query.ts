/**
 * `waggle query`: asks one question and prints the answer as dig does, as bare RDATA, or as JSON.
 */
import { randomInt } from 'node:crypto'
import { isCapabilityUrl, nameOrUrl } from '../discovery/identifier/capability.ts'
import { ask } from '../client/ask.ts'
import { splitBatch } from '../client/batch.ts'
import { OPCODE, OPTION, parseClass, parseType, printClass, printOption, printRcode, printType } from '../dns/codes.ts'
import { readExtendedError, type Edns, type EdnsOption } from '../dns/edns.ts'
import { WireFault } from '../dns/faults.ts'
import { DEFAULT_UDP_OCTETS } from '../dns/limits.ts'
import { MAX_BATCH_QUESTIONS } from '../dns/limits-discovery.ts'
import { decodeMessage, encodeMessage, makeMessage, type DnsRecord, type Message, type Question } from '../dns/message.ts'
import { printMessage } from '../dns/print-message.ts'
import { printRdata } from '../dns/rdata.ts'
import { parseEndpoint, printEndpoint, type Endpoint } from '../transport/address.ts'
import type { ServerOptions } from './control.ts'
import { encodeDemand } from './demand.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** The options of the command as commander gives them. */
export interface QueryOptions extends ServerOptions {
  server?: string
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
  short?: boolean
  json?: boolean
  explain?: boolean
}

/** Asks and prints; `type` is AGENT at the URL of a capability and else A where none is said. Failed where nothing answers or what answers is malformed; usage where name, type, class, server or demand cannot be read. */
export async function queryCommand(name: string, type: string = isCapabilityUrl(name) ? 'AGENT' : 'A', options: QueryOptions, io: Io): Promise<ExitCode> {
  if (options.explain === true) return (await import('./explain.ts')).explainCommand(name, options, io)
  const prepared = prepare(name, type, options)
  if ('wrong' in prepared) {
    io.err(`waggle: ${prepared.wrong}\n`)
    return EXIT.usage
  }
  const { server, message } = prepared
  const { tcp = false, ignoreTruncation = false, timeout, tries } = options
  const asked = await ask(encodeMessage(message), { server, tcp, keepTruncated: ignoreTruncation, timeoutMs: timeout, tries })
  if ('failed' in asked) {
    io.err(`waggle: No answer from ${printEndpoint(server)}: ${asked.failed}\n`)
    return EXIT.failed
  }
  const exchange: Exchange = { server: printEndpoint(server), transport: asked.transport, tookMs: asked.tookMs, octets: asked.octets.length }
  const read = readOrExplain(() => ({ text: printAnswer(decodeMessage(asked.octets), exchange, options) }))
  if (typeof read === 'string') {
    io.err(`waggle: ${read}\n`)
    return EXIT.failed
  }
  io.out(read.text)
  return EXIT.done
}

/** The answer in the form that was asked for. WireFault where a batch that is to be taken apart has a malformed OFFER. */
function printAnswer(answer: Message, exchange: Exchange, { json = false, short = false }: QueryOptions): string {
  if (!json && !short) return printMessage(answer) + printExchange(exchange)
  const parts = answer.questions.length > 1 ? splitBatch(answer) : []
  if (json) return `${JSON.stringify(toJson(answer, parts, exchange))}\n`
  return parts.length > 0 ? parts.map(printPart).join('') : printShort(answer)
}

function printShort({ answers }: Message): string {
  return answers.map(({ type, rdata }) => `${printRdata(type, rdata)}\n`).join('')
}

/** What one question of several came to, below its name. */
function printPart(part: Message): string {
  return `;${part.questions[0].name} ${printRcode(part.rcode)}\n${printShort(part)}`
}

interface Exchange {
  server: string
  transport: 'udp' | 'tcp'
  tookMs: number
  octets: number
}

function printExchange({ server, transport, tookMs, octets }: Exchange): string {
  return `\n;; Query time: ${tookMs.toFixed(1)} ms\n;; SERVER: ${server} (${transport.toUpperCase()})\n;; MSG SIZE rcvd: ${octets}\n`
}

/** What the arguments ask for, or what is wrong with them. */
function prepare(name: string, type: string, options: QueryOptions): { server: Endpoint; message: Message } | { wrong: string } {
  if (options.server === undefined) return { wrong: 'Cannot ask as nobody is named by --server: address[:port], such as 127.0.0.1:5300 or [::1]:5300' }
  const server = parseEndpoint(options.server) ?? parseEndpoint(`${options.server}:53`) ?? parseEndpoint(`[${options.server}]:53`)
  if (server === undefined) return { wrong: `Cannot use server "${options.server}" as it must be address[:port], such as 127.0.0.1:5300 or [::1]:5300` }
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

// ---- JSON ----

/** The answer as plain values; documented in docs/cli.md. */
function toJson(message: Message, parts: readonly Message[], exchange: Exchange): object {
  const { id, rcode, questions, answers, authorities, additionals, edns } = message
  return {
    status: printRcode(rcode),
    id,
    flags: flagsOf(message),
    question: questions.map((question) => ({ name: question.name.toString(), class: printClass(question.class), type: printType(question.type) })),
    answer: answers.map(recordToJson),
    ...(parts.length > 0 && { parts: parts.map(partToJson) }),
    authority: authorities.map(recordToJson),
    additional: additionals.map(recordToJson),
    ...(edns === undefined ? {} : { edns: ednsToJson(edns) }),
    server: exchange.server,
    transport: exchange.transport,
    timeMs: Number(exchange.tookMs.toFixed(3)),
    octets: exchange.octets,
  }
}

/** What one question of several came to. */
function partToJson({ questions: [question], rcode, answers, edns }: Message): object {
  const options = edns?.options.map(optionToJson)
  return { name: question.name.toString(), status: printRcode(rcode), answer: answers.map(recordToJson), ...(options && { options }) }
}

function flagsOf(message: Message): string[] {
  const { response, authoritative, truncated, recursionDesired, recursionAvailable, agent, authenticData, checkingDisabled } = message
  const all = { qr: response, aa: authoritative, tc: truncated, rd: recursionDesired, ra: recursionAvailable, ag: agent, ad: authenticData, cd: checkingDisabled }
  return Object.entries(all).flatMap(([flag, isSet]) => (isSet ? [flag] : []))
}

function recordToJson({ name, ttl, type, class: rrClass, rdata }: DnsRecord): object {
  return { name: name.toString(), ttl, class: printClass(rrClass), type: printType(type), rdata: printRdata(type, rdata) }
}

function ednsToJson({ version, udpSize, dnssecOk, options }: Edns): object {
  return { version, udpSize, flags: dnssecOk ? ['do'] : [], options: options.map(optionToJson) }
}

function optionToJson({ code, octets }: EdnsOption): object {
  const base = { code, name: printOption(code), hex: Buffer.from(octets).toString('hex') }
  return code === OPTION.EDE && octets.length >= 2 ? { ...base, ...readExtendedError(octets) } : base
}
