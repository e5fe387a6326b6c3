/**
 * Checks of parameter values where they stand, for the answering path: the same rules as the kinds of value in
 * src/dns/parameter-values.ts, without a string or an object in between. A property test holds the two together.
 */
import { MAX_TOKEN_OCTETS, TIME_LIMIT } from '../../dns/limits-discovery.ts'
import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS, MAX_PARAMETER_ITEMS } from '../../dns/limits.ts'

/** What a reading function returns where the octets are not what they must be. */
export const FAULT = -1
/** Results of an outcome (docs/protocol.md 3). */
export const RESULT = { done: 0, busy: 1, unreachable: 2, wrong: 3 } as const
/** Octets of an outcome behind its name: result, latency, active, time. */
export const OUTCOME_TAIL_OCTETS = 17

/** `active` of an outcome whose asker was not told how many sessions the agent has (docs/protocol.md 3). */
export const UNTOLD = 0xffff_ffff

/** Two octets as a number. */
export function read16(octets: Uint8Array, at: number): number {
  return (octets[at] << 8) | octets[at + 1]
}

/** Four octets as a number of 32 bits, 0 to 4,294,967,295. */
export function read32(octets: Uint8Array, at: number): number {
  return ((octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3]) >>> 0
}

/** Eight octets as milliseconds since 1970; exact where `isTime` holds. */
export function readTime(octets: Uint8Array, at: number): number {
  return read32(octets, at) * 4_294_967_296 + read32(octets, at + 4)
}

/** Whether the eight octets at `at` are a time. */
export function isTime(octets: Uint8Array, at: number): boolean {
  return readTime(octets, at) < TIME_LIMIT
}

/** Where the uncompressed name at `at` ends; FAULT where none ends at or before `end` (RFC 1035 3.1). */
export function nameEnd(octets: Uint8Array, at: number, end: number): number {
  const longest = at + MAX_NAME_OCTETS
  while (at < end && at < longest) {
    const size = octets[at]
    if (size === 0) return at + 1
    if (size > MAX_LABEL_OCTETS) return FAULT
    at += size + 1
  }
  return FAULT
}

/** Where the value of a parameter starts in a record that ends at `end` and whose agent's name stands at `nameAt`; 0 where it has none. Its length stands in the two octets before. */
export function valueBehindName(octets: Uint8Array, nameAt: number, end: number, key: number): number {
  const from = nameEnd(octets, nameAt, end)
  if (from === FAULT) return 0
  for (let at = from; at + 4 <= end; at += 4 + read16(octets, at + 2)) if (read16(octets, at) === key) return at + 4
  return 0
}

/** Whether `octets[at … end)` is one name. */
export function isName(octets: Uint8Array, at: number, end: number): boolean {
  return nameEnd(octets, at, end) === end
}

/** Whether it is one name or more. */
export function isNames(octets: Uint8Array, at: number, end: number): boolean {
  let items = 0
  do {
    at = nameEnd(octets, at, end)
    if (at === FAULT || ++items > MAX_PARAMETER_ITEMS) return false
  } while (at < end)
  return true
}

/** Whether it is a token: letters, digits and . _ : + - */
export function isToken(octets: Uint8Array, at: number, end: number): boolean {
  if (at >= end || end - at > MAX_TOKEN_OCTETS) return false
  for (; at < end; at++) {
    const c = octets[at]
    const isAlphanumeric = (c >= 0x30 && c <= 0x3a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a)
    if (!isAlphanumeric && c !== 0x2e && c !== 0x5f && c !== 0x2b && c !== 0x2d) return false
  }
  return true
}

/** Whether it is one token or more, each behind its length. */
export function isTokens(octets: Uint8Array, at: number, end: number): boolean {
  let items = 0
  do {
    const next = at + 1 + octets[at]
    if (at >= end || next > end || !isToken(octets, at + 1, next) || ++items > MAX_PARAMETER_ITEMS) return false
    at = next
  } while (at < end)
  return true
}

/** Whether it is one address or more, each of 4 or 16 octets behind its length. */
export function isAddresses(octets: Uint8Array, at: number, end: number): boolean {
  let items = 0
  do {
    const size = octets[at]
    if (at >= end || (size !== 4 && size !== 16) || ++items > MAX_PARAMETER_ITEMS) return false
    at += 1 + size
    if (at > end) return false
  } while (at < end)
  return true
}

/** Whether it is one outcome or more: name, result, latency, active, time. */
export function isOutcomes(octets: Uint8Array, at: number, end: number): boolean {
  let items = 0
  do {
    const tailAt = nameEnd(octets, at, end)
    if (tailAt === FAULT || tailAt + OUTCOME_TAIL_OCTETS > end || ++items > MAX_PARAMETER_ITEMS) return false
    if (octets[tailAt] > RESULT.wrong || !isTime(octets, tailAt + 9)) return false
    at = tailAt + OUTCOME_TAIL_OCTETS
  } while (at < end)
  return true
}

/** Whether it is text: UTF-8 without a zero octet, not empty (RFC 3629 4). */
export function isText(octets: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return false
  while (at < end) {
    const size = characterOctets(octets, at, end)
    if (size === FAULT) return false
    at += size
  }
  return true
}

/** Octets of the character of UTF-8 at `at`; FAULT where it is none, overlong or a surrogate (RFC 3629 3). */
function characterOctets(octets: Uint8Array, at: number, end: number): number {
  const first = octets[at]
  if (first < 0x80) return first === 0 ? FAULT : 1
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  if (first < 0xc2 || first > 0xf4 || at + size > end) return FAULT
  for (let i = 1; i < size; i++) if ((octets[at + i] & 0xc0) !== 0x80) return FAULT
  const second = octets[at + 1]
  if (first === 0xe0 && second < 0xa0) return FAULT
  if (first === 0xed && second > 0x9f) return FAULT
  if (first === 0xf0 && second < 0x90) return FAULT
  return first === 0xf4 && second > 0x8f ? FAULT : size
}

/** Whether the first `length` octets at `a[aAt]` and `b[bAt]` are the same, A-Z folded. */
export function sameFolded(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    let x = a[aAt + i]
    let y = b[bAt + i]
    if (x === y) continue
    if (x >= 0x41 && x <= 0x5a) x += 0x20
    if (y >= 0x41 && y <= 0x5a) y += 0x20
    if (x !== y) return false
  }
  return true
}
