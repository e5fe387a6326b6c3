/**
 * The question as it is sent, and whether a response answers it. Whoever sees no traffic must guess the port, the id and
 * the case of every letter (RFC 5452 4, draft-vixie-dnsext-dns0x20); whatever is near and wrong makes the question go
 * by TCP, where guessing does not help.
 */
import { CLASS, OPCODE } from '../dns/codes.ts'
import { DEFAULT_UDP_OCTETS } from '../dns/limits.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import type { Endpoint, Random } from './contract.ts'

/** A question on its way. */
export interface Asking {
  readonly id: number
  /** With its letters in the case that is sent. */
  readonly name: Name
  /** With its letters as they were asked for. */
  readonly plainName: Name
  readonly type: number
  /** RD: whole answers are wanted, as of a forwarder (RFC 1035 4.1.1). */
  readonly recursion: boolean
  /** With OPT (RFC 6891 6.1.1). */
  readonly edns: boolean
  /** DO: with DNSSEC records (RFC 3225 3). */
  readonly dnssec: boolean
}

/** Octets of the message that asks. */
export function encodeAsking({ id, name, type, recursion, edns, dnssec }: Omit<Asking, 'plainName'>): Uint8Array {
  const opt = { udpSize: DEFAULT_UDP_OCTETS, version: 0, dnssecOk: dnssec, compactOk: false, options: [] }
  // RFC 4035 3.2.2, RFC 9520: who validates itself asks others not to
  const parts = { id, recursionDesired: recursion, checkingDisabled: recursion && dnssec, questions: [{ name, type, class: CLASS.IN }] }
  return encodeMessage(makeMessage(edns ? { ...parts, edns: opt } : parts))
}

/** As many letters for one number drawn as it has bits: 24. The bit above them tells when they are used up. */
const CHANCES = 0x100_0000

/** `name` with each letter in upper or lower case by chance. */
export function inRandomCase(name: Name, random: Random): Name {
  const wire = new Uint8Array(name.wire)
  let chances = 1
  for (let at = 0; wire[at] !== 0; at += wire[at] + 1) {
    for (let i = at + 1; i <= at + wire[at]; i++) {
      if (!isLetter(wire[i])) continue
      if (chances === 1) chances = random(CHANCES) | CHANCES
      if ((chances & 1) === 1) wire[i] ^= 0x20
      chances >>>= 1
    }
  }
  return Name.fromWire(wire)
}

function isLetter(octet: number): boolean {
  const lower = octet | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

/** Why octets are not the response to a question. */
export type Mismatch =
  /** From somewhere else (RFC 5452 9.1). */
  | 'address'
  | 'id'
  /** The id is right, but the rest cannot be read. */
  | 'malformed'
  /** A query, or of another opcode. */
  | 'header'
  | 'question'
  /** The question, but not with its letters as they were sent. */
  | 'case'

/** A response that answers, or why it does not. */
export type Match =
  | { readonly kind: 'response'; readonly message: Message }
  /** What has the question but for its letters is told, as by TCP it is good enough. */
  | { readonly kind: 'mismatch'; readonly why: Mismatch; readonly message?: Message }

/** Holds octets from `from` against the question that went `to` (RFC 5452 9.1: all of address, id, question). The port is the socket's. */
export function match(octets: Uint8Array, from: Endpoint, to: Endpoint, asking: Asking): Match {
  if (from.port !== to.port || Buffer.compare(from.address, to.address) !== 0) return { kind: 'mismatch', why: 'address' }
  if (octets.length < 2 || ((octets[0] << 8) | octets[1]) !== asking.id) return { kind: 'mismatch', why: 'id' }
  const { wire } = asking.name
  const isExact = Buffer.compare(octets.subarray(QUESTION_AT, QUESTION_AT + wire.length), wire) === 0
  const message = readMessage(isExact ? withPlainName(octets, asking) : octets)
  if (message === undefined) return { kind: 'mismatch', why: 'malformed' }
  if (!message.response || message.opcode !== OPCODE.QUERY) return { kind: 'mismatch', why: 'header' }
  const [question] = message.questions
  if (message.questions.length !== 1 || question.type !== asking.type || question.class !== CLASS.IN || !question.name.equals(asking.name)) {
    return { kind: 'mismatch', why: 'question', message }
  }
  return isExact ? { kind: 'response', message } : { kind: 'mismatch', why: 'case', message }
}

/** Where the question starts (RFC 1035 4.1). */
const QUESTION_AT = 12

/** The response as if it had been asked with plain letters: other names point to those of the question (RFC 1035 4.1.4), and would take our chance for their owner's case (RFC 4343 4.1). */
function withPlainName(octets: Uint8Array, { plainName }: Asking): Uint8Array {
  const plain = new Uint8Array(octets) // a copy; never `slice`, which of a Buffer is a view
  plain.set(plainName.wire, QUESTION_AT)
  return plain
}

function readMessage(octets: Uint8Array): Message | undefined {
  try {
    return decodeMessage(octets)
  } catch (fault) {
    if (!(fault instanceof Error) || fault.name !== 'WireFault') throw fault
    return undefined
  }
}
