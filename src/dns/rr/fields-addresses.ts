/**
 * Fields that are addresses: IPv4 (RFC 1035 3.4.1), IPv6 (RFC 3596 2.2), the identifiers of ILNP (RFC 6742) and
 * the hardware addresses EUI-48 and EUI-64 (RFC 7043).
 */
import { printIpv4, printIpv6, readIpv4, readIpv6 } from '../address.ts'
import type { WireWriter } from '../octets.ts'
import type { TextReader } from '../text.ts'
import type { Field } from './field.ts'

type ReadAddress = (octets: Uint8Array, start: number, end: number, into: Uint8Array, at: number) => boolean

const scratch = new Uint8Array(16)

function addressField(size: number, readAddress: ReadAddress, print: (octets: Uint8Array, at: number) => string, wanted: string): Field<string> {
  const readToken = (text: TextReader, out: WireWriter, what: string): void => {
    if (!readAddress(text.octets, text.start, text.end, scratch, 0)) throw text.fault(what, wanted)
    out.copy(scratch, 0, size)
  }
  return {
    size,
    parse(text, out, what) {
      text.need(what)
      readToken(text, out, what)
    },
    print: (wire) => print(wire.bytes(size), 0),
    read: (wire) => print(wire.bytes(size), 0),
    write(value, out) {
      const octets = Buffer.from(value)
      if (!readAddress(octets, 0, octets.length, scratch, 0)) throw new RangeError(`Cannot write "${value}" as it ${wanted}`)
      out.copy(scratch, 0, size)
    },
    copy(wire, out) {
      out.copy(wire.octets, wire.at, wire.bytes(size).length)
    },
  }
}

/** An IPv4 address, such as `192.0.2.1`. */
export const ipv4 = addressField(4, readIpv4, printIpv4, 'must be an IPv4 address, such as 192.0.2.1')
/** An IPv6 address, such as `2001:db8::1`. */
export const ipv6 = addressField(16, readIpv6, printIpv6, 'must be an IPv6 address, such as 2001:db8::1')
/** 64 bits as four groups of hex: node identifier and locator of ILNP (RFC 6742 2.1, 2.3). Groups are printed with all four digits, as Knot reads no shorter ones. */
export const nodeIdentifier = addressField(8, readGroups, printGroups, 'must be four groups of hex digits, such as 0014:4fff:ff20:ee64')
/** EUI-48, such as `00-00-5e-00-53-2a` (RFC 7043 3.2). */
export const eui48 = addressField(6, (o, s, e, into, at) => readPairs(o, s, e, into, at, 6), (o, at) => printPairs(o, at, 6), 'must be six pairs of hex digits with - between')
/** EUI-64, such as `00-00-5e-ef-10-00-00-2a` (RFC 7043 4.2). */
export const eui64 = addressField(8, (o, s, e, into, at) => readPairs(o, s, e, into, at, 8), (o, at) => printPairs(o, at, 8), 'must be eight pairs of hex digits with - between')

function readGroups(octets: Uint8Array, start: number, end: number, into: Uint8Array, at: number): boolean {
  const groups = Buffer.from(octets.subarray(start, end)).toString('latin1').split(':')
  if (groups.length !== 4 || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false
  groups.forEach((group, i) => {
    const value = parseInt(group, 16)
    into[at + 2 * i] = value >>> 8
    into[at + 2 * i + 1] = value
  })
  return true
}

function printGroups(octets: Uint8Array, at: number): string {
  return [0, 2, 4, 6].map((i) => ((octets[at + i] << 8) | octets[at + i + 1]).toString(16).padStart(4, '0')).join(':')
}

function readPairs(octets: Uint8Array, start: number, end: number, into: Uint8Array, at: number, count: number): boolean {
  const pairs = Buffer.from(octets.subarray(start, end)).toString('latin1').split('-')
  if (pairs.length !== count || !pairs.every((pair) => /^[0-9a-f]{2}$/i.test(pair))) return false
  pairs.forEach((pair, i) => (into[at + i] = parseInt(pair, 16)))
  return true
}

function printPairs(octets: Uint8Array, at: number, count: number): string {
  return Array.from(octets.subarray(at, at + count), (octet) => octet.toString(16).padStart(2, '0')).join('-')
}
