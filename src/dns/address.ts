/**
 * IP addresses between octets and text, without strings in between: dotted quads (RFC 1035 3.4.1) and IPv6
 * (RFC 4291 2.2), printed in the one recommended form (RFC 5952).
 */

const COLON = 0x3a
const DOT = 0x2e

/** Reads the IPv4 address `octets[start … end)` into the four octets at `into[at]`; false where it is none. */
export function readIpv4(octets: Uint8Array, start: number, end: number, into: Uint8Array, at: number): boolean {
  let part = 0
  let digits = 0
  let parts = 0
  for (let i = start; i <= end; i++) {
    const c = i < end ? octets[i] : DOT
    if (c === DOT) {
      if (digits === 0 || parts === 4) return false
      into[at + parts++] = part
      part = digits = 0
      continue
    }
    const digit = c - 0x30
    // a leading zero is refused as some read such a part as octal
    if (digit < 0 || digit > 9 || (digits > 0 && part === 0)) return false
    part = part * 10 + digit
    if (part > 255) return false
    digits++
  }
  return parts === 4
}

/** Reads the IPv6 address `octets[start … end)` into the sixteen octets at `into[at]`; false where it is none. */
export function readIpv6(octets: Uint8Array, start: number, end: number, into: Uint8Array, at: number): boolean {
  let filled = 0
  let gap = -1
  let i = start
  if (end - start >= 2 && octets[i] === COLON) {
    if (octets[i + 1] !== COLON) return false
    gap = 0
    i += 2
  }
  while (i < end) {
    if (filled === 16) return false
    const groupAt = i
    let group = 0
    for (; i < end && octets[i] !== COLON; i++) {
      const digit = hexDigit(octets[i])
      if (octets[i] === DOT) {
        if (filled > 12 || !readIpv4(octets, groupAt, end, into, at + filled)) return false
        return spread(into, at, filled + 4, gap)
      }
      if (digit < 0 || i - groupAt === 4) return false
      group = (group << 4) | digit
    }
    if (i === groupAt) return false
    into[at + filled++] = group >>> 8
    into[at + filled++] = group
    if (i === end) break
    i++ // the colon behind the group
    if (octets[i] === COLON && i < end) {
      if (gap >= 0) return false
      gap = filled
      i++
    } else if (i === end) return false
  }
  return spread(into, at, filled, gap)
}

/** Moves what stands behind `::` to the end and fills the gap with zeros. */
function spread(into: Uint8Array, at: number, filled: number, gap: number): boolean {
  if (gap < 0) return filled === 16
  if (filled === 16) return false // `::` stands for at least one group (RFC 4291 2.2)
  into.copyWithin(at + 16 - (filled - gap), at + gap, at + filled)
  into.fill(0, at + gap, at + 16 - (filled - gap))
  return true
}

function hexDigit(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30
  const letter = (octet | 0x20) - 0x61
  return letter >= 0 && letter < 6 ? letter + 10 : -1
}

/** The IPv4 address at `octets[at]`, such as `192.0.2.1`. */
export function printIpv4(octets: Uint8Array, at = 0): string {
  return `${octets[at]}.${octets[at + 1]}.${octets[at + 2]}.${octets[at + 3]}`
}

/** The IPv6 address at `octets[at]` in the form of RFC 5952 4, such as `2001:db8::1`; mapped IPv4 as `::ffff:192.0.2.1` (RFC 5952 5). */
export function printIpv6(octets: Uint8Array, at = 0): string {
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push((octets[at + i] << 8) | octets[at + i + 1])
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return `::ffff:${printIpv4(octets, at + 12)}`
  const { start, length } = longestZeros(groups)
  const hex = groups.map((group) => group.toString(16))
  if (length < 2) return hex.join(':') // RFC 5952 4.2.2: one group of zeros is not shortened
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** The first longest run of zero groups (RFC 5952 4.2.3). */
function longestZeros(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  groups.forEach((group, i) => {
    if (group !== 0) start = i + 1
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start }
  })
  return best
}

/** The octets of an address in text: 4 for IPv4, 16 for IPv6; undefined where it is neither. */
export function parseAddress(text: string): Uint8Array | undefined {
  const octets = Buffer.from(text)
  const into = new Uint8Array(16)
  if (readIpv4(octets, 0, octets.length, into, 0)) return into.slice(0, 4)
  return readIpv6(octets, 0, octets.length, into, 0) ? into : undefined
}

/** An address of 4 or 16 octets in text. */
export function printAddress(address: Uint8Array): string {
  return address.length === 4 ? printIpv4(address) : printIpv6(address)
}
