/**
 * Address prefixes of APL (RFC 3123 4): family, prefix length, a bit for "not", and the address without the zero
 * octets at its end. Text is `1:192.0.2.0/24 !2:2001:db8::/32`.
 */
import { printIpv4, printIpv6, readIpv4, readIpv6 } from '../address.ts'
import { WireFault } from '../faults.ts'
import type { WireReader, WireWriter } from '../octets.ts'
import type { TextReader } from '../text.ts'
import type { Field } from './field.ts'

/** One prefix of a list; `address` is in text. */
export interface AddressPrefix {
  negated: boolean
  /** 1 IPv4, 2 IPv6 (IANA "Address Family Numbers"). */
  family: number
  address: string
  prefixLength: number
}

const NEGATED = 0x80
const FAMILIES = [
  { family: 1, size: 4, read: readIpv4, print: printIpv4 },
  { family: 2, size: 16, read: readIpv6, print: printIpv6 },
] as const
const WANTED = 'must be a prefix, such as 1:192.0.2.0/24 or !2:2001:db8::/32'

/** Any number of prefixes, none included (RFC 3123 4). */
export const addressPrefixes: Field<AddressPrefix[]> = {
  parse(text, out, what) {
    while (text.token()) writePrefix(readPrefix(text, what), out)
  },
  print: (wire) => readAll(wire).map((item) => `${item.negated ? '!' : ''}${item.family}:${item.address}/${item.prefixLength}`).join(' '),
  read: readAll,
  write(value, out) {
    for (const item of value) writePrefix(item, out)
  },
  copy(wire, out) {
    const start = wire.at
    readAll(wire)
    out.copy(wire.octets, start, wire.at - start)
  },
}

function readPrefix(text: TextReader, what: string): AddressPrefix {
  const match = /^(!?)([12]):([^/]+)\/(\d{1,3})$/.exec(text.word())
  if (match === null) throw text.fault(what, WANTED)
  const item = { negated: match[1] === '!', family: Number(match[2]), address: match[3], prefixLength: Number(match[4]) }
  const { size, read } = FAMILIES[item.family - 1]
  const address = Buffer.from(item.address)
  if (item.prefixLength > size * 8 || !read(address, 0, address.length, new Uint8Array(size), 0)) throw text.fault(what, WANTED)
  return item
}

function writePrefix(item: AddressPrefix, out: WireWriter): void {
  const { size, read } = FAMILIES[item.family - 1]
  const address = Buffer.from(item.address)
  const octets = new Uint8Array(size)
  if (!read(address, 0, address.length, octets, 0)) throw new RangeError(`Cannot write "${item.address}" as it must be an address of family ${item.family}`)
  let used: number = size
  while (used > 0 && octets[used - 1] === 0) used-- // RFC 3123 4: trailing zero octets are left out
  out.u16(item.family)
  out.u8(item.prefixLength)
  out.u8((item.negated ? NEGATED : 0) | used)
  out.copy(octets, 0, used)
}

function readAll(wire: WireReader): AddressPrefix[] {
  const items: AddressPrefix[] = []
  while (wire.remaining > 0) items.push(readOne(wire))
  return items
}

function readOne(wire: WireReader): AddressPrefix {
  const at = wire.at
  const known = FAMILIES.find(({ family }) => family === wire.octets[at] * 256 + wire.octets[at + 1])
  const family = wire.u16()
  const prefixLength = wire.u8()
  const octet = wire.u8()
  const part = wire.bytes(octet & ~NEGATED)
  if (known === undefined) throw new WireFault('Cannot read prefix as its family is neither IPv4 nor IPv6', at)
  const tooLong = prefixLength > known.size * 8 || part.length > known.size
  if (tooLong || part[part.length - 1] === 0) throw new WireFault('Cannot read prefix as it must fit its family and not end with a zero octet', at)
  const octets = new Uint8Array(known.size)
  octets.set(part)
  return { negated: (octet & NEGATED) !== 0, family, address: known.print(octets, 0), prefixLength }
}
