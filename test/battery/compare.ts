/**
 * Sets the answers of two servers side by side, section by section. Not compared, since no RFC orders it: the order
 * of records within a section, compression, letter case of owner names and names in RDATA, which options OPT holds,
 * and where each truncates (what a truncated answer keeps is asked again over TCP; TC is checked for each server alone).
 */
import { FLAG, type SeenMessage, type SeenRecord } from './wire.ts'

/** Where two answers differ. */
export type DifferenceKind = 'silence' | 'malformed' | 'rcode' | 'aa' | 'truncation' | 'flags' | 'question' | 'edns' | 'answer' | 'authority' | 'additional'

/** An answer as compared: a message, or why there is none. */
export type Seen = SeenMessage | 'silent' | { malformed: string }

/** The three record sections, in their order. */
export const SECTIONS = ['answer', 'authority', 'additional'] as const

const OTHER_FLAGS = FLAG.rd | FLAG.ra | FLAG.z | FLAG.ad | FLAG.cd | FLAG.qr

/** True where a message, not a silence or a fault, was received. */
export function isMessage(seen: Seen): seen is SeenMessage {
  return seen !== 'silent' && !('malformed' in seen)
}

/** One point of difference. `bits` are the header flags that differ; `holder` is the side (0 or 1) that has `record` while the other lacks it. */
export type Difference = { kind: DifferenceKind; holder?: 0 | 1; record?: SeenRecord; bits?: number }

/** Every point where the two differ, empty where they say the same. */
export function differences(left: Seen, right: Seen): Difference[] {
  if (!isMessage(left) || !isMessage(right)) return wordless(left, right)
  const kinds: DifferenceKind[] = []
  const bits = (left.flags ^ right.flags) & OTHER_FLAGS
  if (left.rcode !== right.rcode) kinds.push('rcode')
  if ((left.flags ^ right.flags) & FLAG.aa) kinds.push('aa')
  if (JSON.stringify(left.question) !== JSON.stringify(right.question)) kinds.push('question')
  if (ednsShape(left) !== ednsShape(right)) kinds.push('edns')
  const records = (left.flags | right.flags) & FLAG.tc ? [] : SECTIONS.flatMap((section) => inSection(section, left[section], right[section]))
  return [...kinds.map((kind) => ({ kind })), ...(bits ? [{ kind: 'flags' as const, bits }] : []), ...records]
}

function wordless(left: Seen, right: Seen): Difference[] {
  const differs: Difference[] = []
  if ((left === 'silent') !== (right === 'silent')) differs.push({ kind: 'silence' })
  if ([left, right].some((seen) => seen !== 'silent' && 'malformed' in seen)) differs.push({ kind: 'malformed' })
  return differs
}

/** Records that one side lacks; where both hold the same but one holds some twice, the section without a record. */
function inSection(kind: (typeof SECTIONS)[number], left: readonly SeenRecord[], right: readonly SeenRecord[]): Difference[] {
  if (sectionKey(left) === sectionKey(right)) return []
  const only: Difference[] = [
    ...missingFrom(left, right).map((record): Difference => ({ kind, holder: 0, record })),
    ...missingFrom(right, left).map((record): Difference => ({ kind, holder: 1, record })),
  ]
  return only.length > 0 ? only : [{ kind }]
}

/**
 * What is wrong with a server's truncation, given its UDP and TCP answers to one question and the octets UDP may hold:
 * TC without need, or sections cut without TC (RFC 2181 9: required RRsets never go silently).
 */
export function truncationFault(udp: Seen, tcp: Seen, limit: number): string | undefined {
  if (!isMessage(udp) || !isMessage(tcp)) return 'no answer over one of UDP and TCP'
  if (udp.octets > limit) return `${udp.octets} octets over UDP where ${limit} are allowed`
  if (tcp.flags & FLAG.tc) return 'TC over TCP'
  if (udp.flags & FLAG.tc) return tcp.octets > limit ? undefined : `TC though ${tcp.octets} octets fit into ${limit}`
  for (const section of ['answer', 'authority'] as const) if (sectionKey(udp[section]) !== sectionKey(tcp[section])) return `${section} is cut without TC`
  return missingFrom(udp.additional, tcp.additional).length > 0 ? 'additional holds over UDP what it lacks over TCP' : undefined
}

function ednsShape({ edns }: SeenMessage): string {
  return edns ? `${edns.version} ${edns.dnssecOk}` : 'none'
}

/** A record as text in which equal records are equal: names folded to lower case. */
export function recordKey(record: SeenRecord): string {
  return `${record.owner.toLowerCase()} ${record.ttl} ${record.class} ${record.type} ${foldRdata(record)}`
}

function sectionKey(records: readonly SeenRecord[]): string {
  return records.map(recordKey).sort().join('\n')
}

/** Types whose RDATA holds names: folding octets A–Z there may only merge what DNS itself calls equal in the name part. */
const NAMED = new Set([2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15, 17, 18, 21, 24, 26, 30, 33, 35, 36, 39, 46, 47, 64, 65])

function foldRdata({ type, rdata }: SeenRecord): string {
  if (!NAMED.has(type)) return rdata
  return rdata.replaceAll(/(..)/g, (pair) => (pair >= '41' && pair <= '5a' ? (parseInt(pair, 16) + 32).toString(16) : pair))
}

/** The records of `records` that `others` lacks. */
export function missingFrom(records: readonly SeenRecord[], others: readonly SeenRecord[]): SeenRecord[] {
  const held = new Set(others.map(recordKey))
  return records.filter((record) => !held.has(recordKey(record)))
}
