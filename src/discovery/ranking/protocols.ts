/**
 * What an agent speaks, as far as faces tell it (src/discovery/faces): `alpn` names it (RFC 9460 7.1), or the list of
 * agent protocols of DNS-AID, whose items are text with commas between.
 */

/** Bits of the protocols under which agents are browsed; `any` asks for none. */
export const PROTOCOL = { any: 0, a2a: 1, mcp: 2 } as const

const A2A = Buffer.from('a2a')
const MCP = Buffer.from('mcp')

/** Bits of an `alpn` value, whose items stand behind their lengths. */
export function protocolsOfAlpn(octets: Uint8Array, at: number, end: number): number {
  let bits = 0
  for (; at < end; at += octets[at] + 1) bits |= protocolOf(octets, at + 1, at + 1 + octets[at])
  return bits
}

/** Bits of a list with commas. */
export function protocolsOfText(octets: Uint8Array, at: number, end: number): number {
  let bits = 0
  for (let from = at; at <= end; at++) {
    if (at < end && octets[at] !== 0x2c) continue
    bits |= protocolOf(octets, from, at)
    from = at + 1
  }
  return bits
}

/** Bits in words: `a2a,mcp`. */
export function printProtocols(bits: number): string {
  return [bits & PROTOCOL.a2a ? 'a2a' : '', bits & PROTOCOL.mcp ? 'mcp' : ''].filter((word) => word !== '').join(',')
}

function protocolOf(octets: Uint8Array, at: number, end: number): number {
  if (end - at !== 3) return 0
  if (A2A.every((octet, i) => octets[at + i] === octet)) return PROTOCOL.a2a
  return MCP.every((octet, i) => octets[at + i] === octet) ? PROTOCOL.mcp : 0
}
