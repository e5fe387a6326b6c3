/**
 * Addresses between their text, which Node speaks, and their octets, which the server speaks. Node hands
 * the client's address as a string with every datagram, so reading it is on the answering path: one pass
 * over the characters, no pattern matching and no new objects.
 */
import type { Peer } from './handler.ts'

const COLON = 0x3a
const DOT = 0x2e
const PERCENT = 0x25

/** A `Peer` whose address is set from text or octets without making anything new. */
export class ReusedPeer implements Peer {
  readonly transport: 'udp' | 'tcp'
  address: Uint8Array
  port = 0
  readonly #four = new Uint8Array(4)
  readonly #sixteen = new Uint8Array(16)

  constructor(transport: 'udp' | 'tcp') {
    this.transport = transport
    this.address = this.#four
  }

  /** Takes an address as Node writes it; false where it is none. */
  set(text: string, port: number): boolean {
    const size = parseAddress(text, this.#sixteen)
    if (size === 4) for (let i = 0; i < 4; i++) this.#four[i] = this.#sixteen[i]
    this.address = size === 4 ? this.#four : this.#sixteen
    this.port = port
    return size !== 0
  }

  /** Takes the address that lies in `octets` at `at`, of 4 or 16 octets. */
  setOctets(octets: Uint8Array, at: number, size: 4 | 16, port: number): void {
    const address = size === 4 ? this.#four : this.#sixteen
    for (let i = 0; i < size; i++) address[i] = octets[at + i]
    this.address = address
    this.port = port
  }
}

/**
 * Writes the address in `text` to `out`, 16 octets long, and returns its size: 4, 16, or 0 where `text`
 * is no address. An IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) gives 4; a zone such as `%eth0`
 * (RFC 4007 11) is passed over.
 */
export function parseAddress(text: string, out: Uint8Array): number {
  if (text.indexOf(':') < 0) return parseFour(text, 0, text.length, out, 0) ? 4 : 0
  const size = parseGroups(text, out)
  if (size === 0 || !isMapped(out)) return size
  out.copyWithin(0, 12, 16)
  return 4
}

/** Whether 16 octets are ::ffff:0:0/96 (RFC 4291 2.5.5.2). */
export function isMapped(octets: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (octets[i] !== 0) return false
  return octets[10] === 0xff && octets[11] === 0xff
}

/** Dotted decimal of RFC 1123 2.1 in text[start, end), without leading zeros, which some read as octal. */
function parseFour(text: string, start: number, end: number, out: Uint8Array, at: number): boolean {
  let i = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(i++) !== DOT) return false
    const first = i
    let value = 0
    for (; i < end && i - first < 3; i++) {
      const digit = text.charCodeAt(i) - 0x30
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (i === first || value > 255 || (i - first > 1 && text.charCodeAt(first) === 0x30)) return false
    out[at + part] = value
  }
  return i === end
}

/** The text forms of RFC 4291 2.2: groups, one `::`, and a dotted quad at the end. Returns 16, or 0. */
function parseGroups(text: string, out: Uint8Array): number {
  let end = text.indexOf('%')
  if (end < 0) end = text.length
  let at = 0
  let gap = -1
  let i = 0
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return 0
    gap = 0
    i = 2
  }
  while (i < end) {
    const first = i
    let value = 0
    let digit = 0
    while (i < end && i - first < 4 && (digit = hexDigit(text.charCodeAt(i))) >= 0) {
      value = value * 16 + digit
      i++
    }
    if (i < end && text.charCodeAt(i) === DOT) {
      if (at > 12 || !parseFour(text, first, end, out, at)) return 0
      at += 4
      break
    }
    if (i === first || at > 14) return 0
    out[at++] = value >> 8
    out[at++] = value
    if (i === end) break
    if (text.charCodeAt(i++) !== COLON || i === end) return 0
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return 0
      gap = at
      i++
    }
  }
  return closeGap(out, at, gap)
}

/** Spreads the `at` octets read so that zeros fill the place of `::`, which stands for one group or more. */
function closeGap(out: Uint8Array, at: number, gap: number): number {
  if (gap < 0) return at === 16 ? 16 : 0
  if (at > 14) return 0
  const moved = at - gap
  out.copyWithin(16 - moved, gap, at)
  out.fill(0, gap, 16 - moved)
  return 16
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** An address and port to listen on. `host` is without brackets and may carry a zone: `fe80::1%eth0`. */
export interface Endpoint {
  host: string
  family: 4 | 6
  port: number
}

/** Prints an endpoint as it is written in the config: `127.0.0.1:5300`, `[::1]:5300`. */
export function printEndpoint({ host, family, port }: Endpoint): string {
  return family === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * The endpoint that `text` writes: `192.0.2.1:53`, `[2001:db8::1]:53`, `0.0.0.0:53`, `[::]:53`; port 0
 * lets the kernel choose. Undefined where it is none: names are not looked up, as no name can be resolved
 * before the server runs.
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const colon = text.lastIndexOf(':')
  const port = parsePort(text.slice(colon + 1))
  if (colon < 1 || port === undefined) return undefined
  const bracketed = text.charCodeAt(0) === 0x5b && text.charCodeAt(colon - 1) === 0x5d
  const host = bracketed ? text.slice(1, colon - 1) : text.slice(0, colon)
  const six = host.includes(':')
  if (six !== bracketed || host.charCodeAt(host.length - 1) === PERCENT) return undefined
  return parseAddress(host, new Uint8Array(16)) === 0 ? undefined : { host, family: six ? 6 : 4, port }
}

function parsePort(text: string): number | undefined {
  const port = Number(text)
  return text.length > 0 && text.length <= 5 && String(port) === text && Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined
}

/** Whether the endpoint stands for every local address: 0.0.0.0 or ::. */
export function isWildcard({ host, family }: Endpoint): boolean {
  const octets = new Uint8Array(16)
  const size = parseAddress(host, octets)
  return size === (family === 6 ? 16 : 4) && octets.subarray(0, size).every((octet) => octet === 0)
}
