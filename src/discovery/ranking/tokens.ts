/**
 * Comparing lists where they stand: tokens, names and addresses, of a demand against those of an agent. Letters fold
 * (docs/protocol.md 3: tokens are words, and names are names, RFC 4343 3).
 */
import { nameEnd, sameFolded } from './values.ts'

/** Whether every token of `octets[at … end)` is among those of `own[ownAt … ownEnd)`. */
export function holdsAllTokens(octets: Uint8Array, at: number, end: number, own: Uint8Array, ownAt: number, ownEnd: number): boolean {
  for (; at < end; at += 1 + octets[at]) if (!holdsItem(octets, at, 1 + octets[at], own, ownAt, ownEnd)) return false
  return true
}

/** Whether a length octet and its token, `size` octets at `octets[at]`, are an item of `own`. */
function holdsItem(octets: Uint8Array, at: number, size: number, own: Uint8Array, ownAt: number, ownEnd: number): boolean {
  for (; ownAt < ownEnd; ownAt += 1 + own[ownAt]) {
    if (own[ownAt] === octets[at] && sameFolded(octets, at + 1, own, ownAt + 1, size - 1)) return true
  }
  return false
}

/** Whether one name of `octets[at … end)` is among those of `own[ownAt … ownEnd)`. */
export function sharesName(octets: Uint8Array, at: number, end: number, own: Uint8Array, ownAt: number, ownEnd: number): boolean {
  for (let next = nameEnd(octets, at, end); at < end; at = next, next = nameEnd(octets, at, end)) {
    for (let from = ownAt, to = nameEnd(own, from, ownEnd); from < ownEnd && to > from; from = to, to = nameEnd(own, from, ownEnd)) {
      if (to - from === next - at && sameFolded(octets, at, own, from, to - from)) return true
    }
  }
  return false
}

/** Whether `octets[at … end)` is the text `own[ownAt … ownEnd)`, letters folded. */
export function isSameText(octets: Uint8Array, at: number, end: number, own: Uint8Array, ownAt: number, ownEnd: number): boolean {
  return end - at === ownEnd - ownAt && sameFolded(octets, at, own, ownAt, end - at)
}
