/**
 * The response to a batch (docs/protocol.md 5), taken apart: one message for each question, as if it had been asked alone.
 *
 *     answers | a a a b c c     OFFER | a: 3 scores | b: 1 score | c: 2 scores      ──▶  a, b, c
 *
 * Where an alias of one question leads to the name of another, the same records stand there twice, one answer behind the other:
 *
 *     answers | www CNAME @ · @ A 192.0.2.80 | @ A 192.0.2.80      ──▶  www, @
 */
import { OPTION, RCODE, TYPE } from '../dns/codes.ts'
import { findOption, makeExtendedError, readExtendedError, type EdnsOption } from '../dns/edns.ts'
import type { DnsRecord, Message, Question } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { decodeParameters, PARAMETERS, valueOf, type ParameterMap } from '../dns/parameters.ts'

/** `result` of a question whose answer has no Extended DNS Error. */
const NO_CODE = 0xffff
const PRIORITY_OCTETS = 2

/**
 * The parts of a response to a batch, in the order of its questions; fewer than questions where it was cut short. Each has its own
 * answers, RCODE, OFFER and Extended DNS Error, and the other sections whole. Where no OFFER tells how many agents
 * a question has, owners do: what is at a name, or where its aliases lead, up to the first record that has come already; or below a name,
 * where nobody asks for that itself. WireFault where an OFFER is malformed.
 */
export function splitBatch(response: Message): Message[] {
  const offers = response.edns?.options.filter(({ code }) => code === OPTION.OFFER)
  const lists = offers?.map(({ octets }) => decodeParameters(octets, 'OFFER')) ?? []
  const parts: Message[] = []
  const asked = new Set(response.questions.map(({ name }) => name.key))
  let rest = response.answers
  for (const [i, question] of response.questions.entries()) {
    if (response.truncated && offers !== undefined && i >= offers.length) break
    const count = countOf(question, rest, lists[i], asked)
    parts.push({ ...response, questions: [question], answers: rest.slice(0, count), ...endOf(response, offers?.[i], lists, i) })
    rest = rest.slice(count)
  }
  return parts
}

/** Answers at the head of `rest` that are of this question; `asked` has the keys of the names of all. */
function countOf({ name, type }: Question, rest: readonly DnsRecord[], offer: ParameterMap | undefined, asked: ReadonlySet<string>): number {
  const scores = offer === undefined || type !== TYPE.AGENT ? undefined : valueOf(offer, PARAMETERS.scores)
  const names = [name]
  const seen = new Set<string>()
  let [count, agents, rank] = [0, 0, 0]
  for (const [i, record] of rest.entries()) {
    if (scores !== undefined && record.type === TYPE.AGENT && agents++ === scores.length) break
    const key = contentOf(record)
    const isSignature = i > 0 && record.type === TYPE.RRSIG && record.name.equals(rest[i - 1].name)
    if (seen.has(key) || (!isSignature && !isOf(record, names, type, asked))) break
    const before = rank
    rank = record.type === TYPE.AGENT ? rankOf(record) : 0
    if (scores === undefined && rank === 1 && before > 1 && !record.name.equals(name)) break // where an alias leads is asked for itself: who is ranked there begins anew
    if (record.type === TYPE.CNAME) names.push(Name.fromWire(record.rdata))
    seen.add(key)
    count++
  }
  return count
}

/** Whether a record stands at one of these names, above one as DNAME (RFC 6672 2.2), or below one as the version of a capability that is not asked for itself. */
function isOf(record: DnsRecord, names: readonly Name[], type: number, asked: ReadonlySet<string>): boolean {
  const { name: owner } = record
  const leadsAway = record.type === TYPE.DNAME && type !== TYPE.DNAME && type !== TYPE.ANY
  if (leadsAway) return names.some((name) => name.isWithin(owner) && !name.equals(owner))
  return names.some((name) => owner.equals(name) || (type === TYPE.AGENT && owner.isWithin(name) && !asked.has(owner.key)))
}

/** What no two records of one answer share (RFC 2181 5); of AGENT its place among the chosen is left out. */
function contentOf({ name, type, rdata }: DnsRecord): string {
  return `${name.key} ${type} ${Buffer.from(type === TYPE.AGENT ? rdata.subarray(PRIORITY_OCTETS) : rdata).toString('latin1')}`
}

/** The priority of AGENT; 0, as that of an alias, where RDATA is too short to have one. */
function rankOf({ rdata }: DnsRecord): number {
  return (rdata[0] << 8) | rdata[1]
}

/** RCODE and EDNS of one question. */
function endOf({ rcode, edns }: Message, offer: EdnsOption | undefined, lists: readonly ParameterMap[], i: number): Pick<Message, 'rcode' | 'edns'> {
  if (edns === undefined || offer === undefined) return { rcode, ...(edns && { edns }) }
  const [own, infoCode] = valueOf(lists[i], PARAMETERS.result) ?? [RCODE.NOERROR, NO_CODE]
  const others = edns.options.filter(({ code }) => code !== OPTION.OFFER && code !== OPTION.EDE)
  const error = infoCode === NO_CODE ? [] : [makeExtendedError({ infoCode, text: wordsOf(edns, lists, i) })]
  return { rcode: own, edns: { ...edns, options: [...others, offer, ...error] } }
}

/** The words of the message's Extended DNS Error where question `i` is the first that has one, as they are its (docs/protocol.md 5): another of the same code may have other words. */
function wordsOf(edns: NonNullable<Message['edns']>, lists: readonly ParameterMap[], i: number): string {
  const whole = findOption(edns, OPTION.EDE)
  const error = whole === undefined || whole.length < 2 ? undefined : readExtendedError(whole)
  const codes = lists.map((list) => valueOf(list, PARAMETERS.result)?.[1] ?? NO_CODE)
  return error?.infoCode === codes[i] && codes.findIndex((code) => code !== NO_CODE) === i ? error.text : ''
}
