/**
 * The answer to `waggle query`: as dig prints it, as bare RDATA, or as JSON.
 */
import { splitBatch } from '../client/batch.ts'
import { OPTION, printClass, printOption, printRcode, printType } from '../dns/codes.ts'
import { readExtendedError, type Edns, type EdnsOption } from '../dns/edns.ts'
import { WireFault } from '../dns/faults.ts'
import type { DnsRecord, Message } from '../dns/message.ts'
import { printKey } from '../dns/parameter-table.ts'
import { decodeParameters, PARAMETERS, printParameters, valueOf } from '../dns/parameters.ts'
import { printMessage } from '../dns/print-message.ts'
import { printRdata } from '../dns/rdata.ts'

/** The form of an answer: RDATA alone, JSON, or as dig prints it. */
export interface AnswerForm {
  short?: boolean
  json?: boolean
}

/** What is told of the exchange besides. */
export interface Exchange {
  server: string
  transport: 'udp' | 'tcp'
  tookMs: number
  octets: number
  /** Octets of the DEMAND that was sent. */
  demand: Uint8Array | undefined
}

/** The answer in the form that was asked for. WireFault where a batch that is to be taken apart has a malformed OFFER. */
export function printAnswer(answer: Message, exchange: Exchange, { json = false, short = false }: AnswerForm): string {
  if (!json && !short) return printMessage(answer, (option) => unmetIn(option, exchange.demand)) + printExchange(exchange)
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

function printExchange({ server, transport, tookMs, octets }: Exchange): string {
  return `\n;; Query time: ${tookMs.toFixed(1)} ms\n;; SERVER: ${server} (${transport.toUpperCase()})\n;; MSG SIZE rcvd: ${octets}\n`
}

/** Which wishes of the demand each answer does not meet, as people write them: `unmet: 1 near provider, 3 near`; undefined where all are met, or OFFER says nothing of it. */
function unmetIn({ code, octets }: EdnsOption, demand: Uint8Array | undefined): string | undefined {
  if (code !== OPTION.OFFER || demand === undefined) return undefined
  const wishes = [...decodeParameters(demand, 'DEMAND').keys()]
  const unmet = orNothing(() => valueOf(decodeParameters(octets, 'OFFER'), PARAMETERS.unmet)) ?? []
  const told = unmet.map((mask, i) => [i + 1, ...wishes.filter((_, bit) => bit < MASK_BITS && (mask & (1 << bit)) !== 0).map((key) => printKey(key, 'DEMAND'))])
  const lacking = told.filter(({ length }) => length > 1)
  return lacking.length === 0 ? undefined : `unmet: ${lacking.map((words) => words.join(' ')).join(', ')}`
}

const MASK_BITS = 32

/** What `read` gives; undefined where the octets are malformed. */
function orNothing<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault
    return undefined
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
  if (code === OPTION.EDE && octets.length >= 2) return { ...base, ...readExtendedError(octets) }
  const place = code === OPTION.OFFER ? 'OFFER' : code === OPTION.DEMAND ? 'DEMAND' : undefined
  const text = place && orNothing(() => printParameters(octets, place)) // hex is enough where it is malformed
  return text === undefined ? base : { ...base, text }
}
