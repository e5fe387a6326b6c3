/**
 * The cache as text, for an operator who asks what is remembered and why: records as in a zone file, each entry under
 * a comment that says what it is.
 *
 *     ; www.example. A records, authoritative, secure, 299 s left
 *     www.example. 299 IN A 192.0.2.1
 *     ; none.example. NXDOMAIN, authority, insecure, expired 12 s ago
 *     example. 0 IN SOA ns.example. admin.example. 1 7200 900 1209600 600
 */
import { printAddress } from '../dns/address.ts'
import { printType } from '../dns/codes.ts'
import { printName } from '../dns/name.ts'
import { printRecord } from '../dns/record-text.ts'
import type { Cache } from './cache.ts'
import { type CachedEntry, PART } from './entry.ts'
import { recordsIn } from './records.ts'
import { KIND, SECURITY, TRUST } from './terms.ts'

const KIND_WORDS = wordsOf(KIND)
const TRUST_WORDS = wordsOf(TRUST)
const SECURITY_WORDS = wordsOf(SECURITY)

function wordsOf(codes: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(codes).map(([word, code]) => [code, word]))
}

/** Calls `write` with the lines of each entry, no newline at their end, at `now`. */
export function dumpCache(cache: Cache, now: number, write: (lines: string) => void): void {
  cache.forEach((entry) => {
    entry.ttlSeconds = Math.max(0, entry.expiry - now)
    write([headOf(entry, now), ...[PART.records, PART.signatures, PART.proof].flatMap((part) => recordsIn(entry, part)).map(printRecord)].join('\n'))
  })
}

function headOf(entry: CachedEntry, now: number): string {
  const what = entry.kind === KIND.nxdomain ? 'NXDOMAIN' : `${printType(entry.type)} ${KIND_WORDS.get(entry.kind)}`
  const left = entry.expiry - now
  const time = left > 0 ? `${left} s left` : `expired ${-left} s ago`
  const provenance = entry.kind === KIND.failure ? `${entry.failures} in a row${serverOf(entry)}` : `${TRUST_WORDS.get(entry.trust)}, ${SECURITY_WORDS.get(entry.security)}`
  return `; ${printName(entry.octets, entry.nameAt)} ${what}, ${provenance}, ${time}`
}

function serverOf(entry: CachedEntry): string {
  const { serverLength, nameAt, nameLength, octets } = entry
  if (serverLength === 0) return ''
  return ` at ${printAddress(octets.subarray(nameAt + nameLength, nameAt + nameLength + serverLength))}`
}
