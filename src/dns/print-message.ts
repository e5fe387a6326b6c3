/**
 * A message as text for people, in the layout that everybody knows from dig: header, OPT, then one section
 * after another. Lines that start with `;` are comments to a zone file reader; the rest are records that it
 * can read.
 *
 *     ;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711
 *     ;; flags: qr aa ag; QUESTION: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1
 */
import { OPCODE, OPTION, printClass, printEde, printOpcode, printOption, printRcode, printType } from './codes.ts'
import { readExtendedError, readUpdateLease, type Edns, type EdnsOption } from './edns.ts'
import { WireFault } from './faults.ts'
import type { DnsRecord, Message, Question } from './message.ts'
import { printParameters } from './parameters.ts'
import { printRecord } from './record-text.ts'

/** The sections by what an ordinary message and an UPDATE (RFC 2136 2) call them. */
const ORDINARY = ['QUESTION', 'ANSWER', 'AUTHORITY', 'ADDITIONAL'] as const
const UPDATING = ['ZONE', 'PREREQUISITE', 'UPDATE', 'ADDITIONAL'] as const

/** What is to be said below an option, as a comment; undefined nothing. */
export type OptionNote = (option: EdnsOption) => string | undefined

/** The message as text of several lines, the last of which ends with a newline. */
export function printMessage(message: Message, noteOf: OptionNote = () => undefined): string {
  const titles = message.opcode === OPCODE.UPDATE ? UPDATING : ORDINARY
  const { questions, answers, authorities, additionals, edns } = message
  const parts = [printHeader(message, titles)]
  if (edns) parts.push(printEdns(edns, noteOf))
  if (questions.length > 0) parts.push(printSection(titles[0], questions.map(printQuestion)))
  for (const [index, records] of [answers, authorities, additionals].entries()) {
    if (records.length > 0) parts.push(printSection(titles[index + 1], records.map(printAligned)))
  }
  return parts.join('\n')
}

function printHeader(message: Message, titles: readonly string[]): string {
  const counts = [message.questions.length, message.answers.length, message.authorities.length, message.additionals.length + (message.edns ? 1 : 0)]
  const opcode = printOpcode(message.opcode)
  return `;; ->>HEADER<<- opcode: ${opcode}, status: ${printRcode(message.rcode)}, id: ${message.id}\n` +
    `;; flags:${printFlags(message)}; ${titles.map((title, index) => `${title}: ${counts[index]}`).join(', ')}\n`
}

function printFlags(message: Message): string {
  const flags: [boolean, string][] = [
    [message.response, 'qr'], [message.authoritative, 'aa'], [message.truncated, 'tc'], [message.recursionDesired, 'rd'],
    [message.recursionAvailable, 'ra'], [message.agent, 'ag'], [message.authenticData, 'ad'], [message.checkingDisabled, 'cd'],
  ]
  return flags.map(([set, mnemonic]) => (set ? ` ${mnemonic}` : '')).join('')
}

function printEdns(edns: Edns, noteOf: OptionNote): string {
  const flags = (edns.dnssecOk ? ' do' : '') + (edns.compactOk ? ' co' : '')
  const lines = edns.options.flatMap((option) => [printOptionLine(option), noteOf(option)]).filter((line) => line !== undefined)
  return printSection('OPT PSEUDO', [`; EDNS: version: ${edns.version}, flags:${flags}; udp: ${edns.udpSize}`, ...lines.map((line) => `; ${line}`)])
}

function printSection(title: string, lines: readonly string[]): string {
  return `;; ${title} SECTION:\n${lines.join('\n')}\n`
}

function printQuestion({ name, type, class: questionClass }: Question): string {
  return `;${name.toString()}\t${printClass(questionClass)}\t${printType(type)}`
}

/** The record with tabs between its columns; the RDATA keeps its spaces. */
function printAligned(record: DnsRecord): string {
  return printRecord(record).replace(/^(\S+) (\S+) (\S+) (\S+) ?/, '$1\t$2\t$3\t$4\t').trimEnd()
}

/** An option as `NAME: content`; what its format does not allow is shown as octets, since this is where one looks for faults. */
function printOptionLine({ code, octets }: EdnsOption): string {
  const name = printOption(code)
  try {
    return `${name}: ${printContent(code, octets)}`
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault
    return `${name}: ${printHex(octets)} (malformed: ${fault.message})`
  }
}

function printContent(code: number, octets: Uint8Array): string {
  switch (code) {
    case OPTION.EDE:
      return printExtendedError(octets)
    case OPTION.UPDATE_LEASE:
      return printUpdateLease(octets)
    case OPTION.DEMAND:
      return printParameters(octets, 'DEMAND')
    case OPTION.OFFER:
      return printParameters(octets, 'OFFER')
    case OPTION.NSID:
      return `${printHex(octets)} (${printVisible(octets)})` // RFC 5001 2.3: hex, and text for those who put text there
    default:
      return printHex(octets)
  }
}

function printExtendedError(octets: Uint8Array): string {
  const { infoCode, text } = readExtendedError(octets)
  // RFC 8914 6: EXTRA-TEXT is not to be trusted: no control character of it may reach a terminal
  return `${infoCode} (${printEde(infoCode)})${text ? `: "${text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '.')}"` : ''}`
}

function printUpdateLease(octets: Uint8Array): string {
  const { lease, keyLease } = readUpdateLease(octets)
  return keyLease === undefined ? `${lease}s` : `${lease}s, key ${keyLease}s`
}

function printHex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex')
}

function printVisible(octets: Uint8Array): string {
  return Array.from(octets, (octet) => (octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '.')).join('')
}
