/**
 * The response to a batch (docs/protocol.md 5), taken apart: one message for each question, as if it had been asked alone.
 *
 *     answers | a a a b c c     OFFER | a: 3 scores | b: 1 score | c: 2 scores      ──▶  a, b, c
 */
import { OPTION, RCODE, TYPE } from '../dns/codes.ts'
import { findOption, makeExtendedError, readExtendedError, type EdnsOption } from '../dns/edns.ts'
import type { DnsRecord, Message, Question } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { decodeParameters, PARAMETERS, valueOf, type ParameterMap } from '../dns/parameters.ts'

/** `result` of a question whose answer has no Extended DNS Error. */
const NO_CODE = 0xffff

/**
 * The parts of a response to a batch, in the order of its questions; fewer than questions where it was cut short. Each has its own
 * answers, RCODE, OFFER and Extended DNS Error, and the other sections whole. Where no OFFER tells how many agents
 * a question has, owners do: what is at or below a name, or where its aliases lead. WireFault where an OFFER is malformed.
 */
export function splitBatch(response: Message): Message[] {
  const offers = response.edns?.options.filter(({ code }) => code === OPTION.OFFER)
  const lists = offers?.map(({ octets }) => decodeParameters(octets, 'OFFER')) ?? []
  const parts: Message[] = []
  let rest = response.answers
  for (const [i, question] of response.questions.entries()) {
    if (response.truncated && offers !== undefined && i >= offers.length) break
    const count = countOf(question, rest, lists[i])
    parts.push({ ...response, questions: [question], answers: rest.slice(0, count), ...endOf(response, offers?.[i], lists, i) })
    rest = rest.slice(count)
  }
  return parts
}

/** Answers at the head of `rest` that are of this question. */
function countOf({ name, type }: Question, rest: readonly DnsRecord[], offer: ParameterMap | undefined): number {
  const scores = offer === undefined || type !== TYPE.AGENT ? undefined : valueOf(offer, PARAMETERS.scores)
  const names = [name]
  let [count, agents] = [0, 0]
  for (const record of rest) {
    if (scores !== undefined && record.type === TYPE.AGENT && agents++ === scores.length) break
    if (!isOf(record, names, type)) break
    if (record.type === TYPE.CNAME) names.push(Name.fromWire(record.rdata))
    count++
  }
  return count
}

/** Whether a record stands at one of these names, below one as the version of a capability, or above one as DNAME (RFC 6672 2.2). */
function isOf(record: DnsRecord, names: readonly Name[], type: number): boolean {
  return names.some((name) => record.name.equals(name) || (type === TYPE.AGENT && record.name.isWithin(name)) || (record.type === TYPE.DNAME && name.isWithin(record.name)))
}

/** RCODE and EDNS of one question. */
function endOf({ rcode, edns }: Message, offer: EdnsOption | undefined, lists: readonly ParameterMap[], i: number): Pick<Message, 'rcode' | 'edns'> {
  if (edns === undefined || offer === undefined) return { rcode, ...(edns && { edns }) }
  const [own, infoCode] = valueOf(lists[i], PARAMETERS.result) ?? [RCODE.NOERROR, NO_CODE]
  const others = edns.options.filter(({ code }) => code !== OPTION.OFFER && code !== OPTION.EDE)
  const error = infoCode === NO_CODE ? [] : [makeExtendedError({ infoCode, text: wordsOf(edns, infoCode, lists) })]
  return { rcode: own, edns: { ...edns, options: [...others, offer, ...error] } }
}

/** The words of the message's Extended DNS Error, which is that of the first question that has one: another of the same code may have other words. */
function wordsOf(edns: NonNullable<Message['edns']>, infoCode: number, lists: readonly ParameterMap[]): string {
  const whole = findOption(edns, OPTION.EDE)
  const error = whole === undefined || whole.length < 2 ? undefined : readExtendedError(whole)
  const alike = lists.filter((list) => valueOf(list, PARAMETERS.result)?.[1] === infoCode)
  return error?.infoCode === infoCode && alike.length === 1 ? error.text : ''
}
