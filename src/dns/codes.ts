/**
 * The code points of DNS that this server knows, with ours among them, and their mnemonics in both directions.
 * Ours come from the ranges for private and experimental use (RFC 6895 2.2, 3.1, 3.2; RFC 6891 9; RFC 8914 5.2)
 * and stand nowhere else, since numbers may move.
 */
import { Mnemonics } from './mnemonics.ts'
import { rcodeNames } from './rcodes.ts'
import { rrTypes } from './rr/index.ts'
import { typeNames } from './rr/type-names.ts'
import type { TextReader } from './text.ts'

export { RCODE } from './rcodes.ts'

/** Types that stand in questions or carry no data of records: OPT (RFC 6891 6), IXFR (RFC 1995 2), the rest RFC 1035 3.2.3. */
const QUESTION_TYPE = { OPT: 41, IXFR: 251, AXFR: 252, MAILB: 253, MAILA: 254, ANY: 255 } as const

type Definition = (typeof rrTypes)[number]

/** RR types by mnemonic: `TYPE.AAAA` is 28. Made from the list in `rr/index.ts`, which is the only place that names them. */
export const TYPE = { ...Object.fromEntries(rrTypes.map(({ mnemonic, code }) => [mnemonic, code])), ...QUESTION_TYPE } as {
  readonly [Mnemonic in Definition['mnemonic']]: Extract<Definition, { readonly mnemonic: Mnemonic }>['code']
} & typeof QUESTION_TYPE

for (const [mnemonic, code] of Object.entries(QUESTION_TYPE)) typeNames.add(mnemonic, code)

/** Classes (RFC 1035 3.2.4, RFC 2136 1.3); LOCAL is ours: what is offered to the local area. */
export const CLASS = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255, LOCAL: 65440 } as const

/** Opcodes (RFC 6895 2.2); AGENT is ours: batch discovery and compact update. */
export const OPCODE = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6, AGENT: 14 } as const

/** EDNS option codes (RFC 6891 9); DEMAND and OFFER are ours. */
export const OPTION = {
  LLQ: 1, UPDATE_LEASE: 2, NSID: 3, DAU: 5, DHU: 6, N3U: 7, CLIENT_SUBNET: 8, EXPIRE: 9, COOKIE: 10, TCP_KEEPALIVE: 11, PADDING: 12,
  CHAIN: 13, KEY_TAG: 14, EDE: 15, CLIENT_TAG: 16, SERVER_TAG: 17, REPORT_CHANNEL: 18, ZONEVERSION: 19,
  DEMAND: 65440, OFFER: 65441,
} as const

/** INFO-CODEs of Extended DNS Errors (RFC 8914 5.2, RFC 9276, RFC 9824); from 49152 on ours: why no live agent is returned. */
export const EDE = {
  OTHER: 0, UNSUPPORTED_DNSKEY_ALGORITHM: 1, UNSUPPORTED_DS_DIGEST_TYPE: 2, STALE_ANSWER: 3, FORGED_ANSWER: 4, DNSSEC_INDETERMINATE: 5, DNSSEC_BOGUS: 6,
  SIGNATURE_EXPIRED: 7, SIGNATURE_NOT_YET_VALID: 8, DNSKEY_MISSING: 9, RRSIGS_MISSING: 10, NO_ZONE_KEY_BIT_SET: 11, NSEC_MISSING: 12, CACHED_ERROR: 13,
  NOT_READY: 14, BLOCKED: 15, CENSORED: 16, FILTERED: 17, PROHIBITED: 18, STALE_NXDOMAIN_ANSWER: 19, NOT_AUTHORITATIVE: 20, NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22, NETWORK_ERROR: 23, INVALID_DATA: 24, SIGNATURE_EXPIRED_BEFORE_VALID: 25, TOO_EARLY: 26,
  UNSUPPORTED_NSEC3_ITERATIONS_VALUE: 27, UNABLE_TO_CONFORM_TO_POLICY: 28, SYNTHESIZED: 29, INVALID_QUERY_TYPE: 30,
  NO_LIVE_AGENT: 49152, LEASE_EXPIRED: 49153, DEMAND_NOT_SATISFIABLE: 49154, HELD_EXCLUSIVELY: 49155, AGENT_PERMISSION_REQUIRED: 49156, DEPENDENCY_MISSING: 49157,
} as const

const classes = new Mnemonics('CLASS', 0xffff, CLASS)
const opcodes = new Mnemonics('OPCODE', 15, OPCODE)
const options = new Mnemonics('OPT', 0xffff, OPTION)
const infoCodes = new Mnemonics('EDE', 0xffff, EDE)

/** The mnemonic of an RR type, such as `AAAA`, or `TYPE4711` (RFC 3597 5). */
export function printType(type: number): string {
  return typeNames.print(type)
}

/** The RR type that `text` names, case aside, by its mnemonic or as TYPEnnn (RFC 3597 5); undefined if none. */
export function parseType(text: string): number | undefined {
  return typeNames.parse(text)
}

/** The RR type that the current token of `text` names, or -1; makes no string. The token is not consumed. */
export function readType(text: TextReader): number {
  return typeNames.read(text)
}

/** The mnemonic of a class, such as `IN`, or `CLASS4711` (RFC 3597 5). */
export function printClass(code: number): string {
  return classes.print(code)
}

/** The class that `text` names, case aside, by its mnemonic or as CLASSnnn (RFC 3597 5); undefined if none. */
export function parseClass(text: string): number | undefined {
  return classes.parse(text)
}

/** The class that the current token of `text` names, or -1; makes no string. The token is not consumed. */
export function readClass(text: TextReader): number {
  return classes.read(text)
}

/** The mnemonic of an opcode, such as `UPDATE`, or `OPCODE3`. */
export function printOpcode(opcode: number): string {
  return opcodes.print(opcode)
}

/** The opcode that `text` names, case aside; undefined if none. */
export function parseOpcode(text: string): number | undefined {
  return opcodes.parse(text)
}

/** The mnemonic of a response code, such as `NXDOMAIN`, or `RCODE3841`. */
export function printRcode(rcode: number): string {
  return rcodeNames.print(rcode)
}

/** The response code that `text` names, case aside; undefined if none. */
export function parseRcode(text: string): number | undefined {
  return rcodeNames.parse(text)
}

/** The mnemonic of an EDNS option, such as `UPDATE-LEASE`, or `OPT4711`. */
export function printOption(code: number): string {
  return options.print(code)
}

/** The EDNS option that `text` names, case aside; undefined if none. */
export function parseOption(text: string): number | undefined {
  return options.parse(text)
}

/** What an EDE INFO-CODE means, in words, such as `not authoritative`; `EDE4711` where it has no meaning known here. */
export function printEde(infoCode: number): string {
  return infoCodes.nameOf(infoCode)?.replaceAll('-', ' ').toLowerCase() ?? infoCodes.print(infoCode)
}
