/**
 * What the table of accepted differences looks at in an answer: where its chain ends, whether it is a referral, which
 * records prove an absence, whose addresses are added.
 */
import { recordKey } from './compare.ts'
import { FLAG, namesInRdata, type SeenMessage, type SeenRecord } from './wire.ts'
import { isWithin } from './names.ts'

/** The types that the table names. */
export const T = { A: 1, NS: 2, CNAME: 5, SOA: 6, AAAA: 28, DNAME: 39, DS: 43, RRSIG: 46, NSEC: 47, NSEC3: 50, SVCB: 64, HTTPS: 65, ANY: 255 } as const

/** The type of a record, or the type that an RRSIG covers. */
export function typeOrCovered({ type, rdata }: SeenRecord): number {
  return type === T.RRSIG ? parseInt(rdata.slice(0, 4), 16) : type
}

/** True where two names are equal but for letter case. */
export function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase()
}

/** True for A and AAAA and their signatures. */
export function isAddress(record: SeenRecord): boolean {
  return [T.A, T.AAAA].includes(typeOrCovered(record) as 1)
}

/** True where `record` holds an address of a name that the records of `types` in `from` point at. */
export function isTargetOf(record: SeenRecord, from: readonly SeenRecord[], types: readonly number[]): boolean {
  return from.some((one) => types.includes(one.type) && namesInRdata(one).some((name) => same(name, record.owner)))
}

/** Where a chain of CNAMEs in the answer ends: the first name without a CNAME in it; the owner before it. */
export function chainEnd({ answer, question }: SeenMessage): { last: string; before: string | undefined; steps: number } {
  let last = question[0]?.name ?? '.'
  let before: string | undefined
  const seen = new Set<string>()
  for (let steps = 0; ; steps++) {
    const step = answer.find(({ owner, type }) => type === T.CNAME && same(owner, last))
    if (!step || seen.has(last.toLowerCase())) return { last, before, steps }
    seen.add(last.toLowerCase())
    before = last
    last = namesInRdata(step)[0] ?? '.'
  }
}

/** The nearest of `zones` that holds the name; undefined outside all. */
export function zoneOf(name: string, zones: readonly string[]): string | undefined {
  return zones.filter((zone) => isWithin(name, zone)).sort((a, b) => b.length - a.length)[0]
}

/** True where the answer ends in a CNAME that leaves its zone for another of the server. */
export function stopsAtZoneEdge(message: SeenMessage, zones: readonly string[]): boolean {
  const { last, before } = chainEnd(message)
  const target = zoneOf(last, zones)
  return before !== undefined && target !== undefined && target !== zoneOf(before, zones) && !message.answer.some(({ owner }) => same(owner, last))
}

/** The first label is an asterisk: of the question, or of the name at the end of its chain. */
export function isAsterisk(message: SeenMessage): boolean {
  return [message.question[0]?.name ?? '', chainEnd(message).last].some((name) => /^(\*|\\042)\./.test(name))
}

/** True for NSEC and NSEC3 and their signatures. */
export function isDenial(record: SeenRecord | undefined): record is SeenRecord {
  return record !== undefined && [T.NSEC, T.NSEC3].includes(typeOrCovered(record) as 47)
}

/** An NSEC3 record whose first bitmap window lists SOA: the apex. RFC 5155 3.2 for the shape. */
export function isApexNsec3({ type, rdata }: SeenRecord): boolean {
  const octets = Buffer.from(rdata, 'hex')
  const bitmap = 6 + (octets[4] ?? 0) + (octets[5 + (octets[4] ?? 0)] ?? 0)
  return type === T.NSEC3 && octets[bitmap] === 0 && ((octets[bitmap + 2] ?? 0) & 0x02) !== 0
}

/** The name lies in two zones of the server, or above another one. */
export function isShared(name: string, zones: readonly string[]): boolean {
  return zones.filter((zone) => isWithin(name, zone)).length > 1 || zones.some((zone) => !same(zone, name) && isWithin(zone, name))
}

/** True where the answer only points further down (RFC 1034 4.3.2 step 3b). */
export function isReferral(message: SeenMessage): boolean {
  return !(message.flags & FLAG.aa) && message.answer.length === 0 && message.rcode === 0
}

/** True where the name stands below a label that looks like an NSEC3 hash right below an apex. */
export function isBelowHash(name: string, zones: readonly string[]): boolean {
  const zone = zoneOf(name, zones)
  return zone !== undefined && /\.[0-9a-v]{32}\.$/i.test(name.slice(0, zone === '.' ? name.length : name.length - zone.length))
}

/** True where a DNAME stands in the answer. */
export function hasDname({ answer }: SeenMessage): boolean {
  return answer.some(({ type }) => type === T.DNAME)
}

/** True where some record stands twice. */
export function repeats(records: readonly SeenRecord[]): boolean {
  return new Set(records.map(recordKey)).size < records.length
}
