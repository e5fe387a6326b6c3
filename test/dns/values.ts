/** Generators of names, octets and records for the property tests of this room. */
import fc from 'fast-check'
import { Name } from '../../src/dns/name.ts'
import type { DnsRecord, Message, Question } from '../../src/dns/message.ts'
import { makeMessage } from '../../src/dns/message.ts'

/** Octets that are awkward in text or in order: controls, specials of master files, both cases, the highest. */
const AWKWARD = [0x00, 0x01, 0x02, 0x20, 0x22, 0x24, 0x28, 0x29, 0x2c, 0x2e, 0x30, 0x3b, 0x3d, 0x40, 0x41, 0x5a, 0x5c, 0x61, 0x7a, 0x7f, 0x80, 0xff]

/** Ordinary objects, so that they compare equal to those of the code under test. */
export const PLAIN = { noNullPrototype: true } as const

/** One octet, awkward ones often. */
export function anyOctet(): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(...AWKWARD), fc.nat(255))
}

export function anyOctets(minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.array(anyOctet(), { minLength, maxLength }).map((octets) => Uint8Array.from(octets))
}

/** A name of up to `maxLabels` labels of any octets; few distinct labels, so that names share suffixes. */
export function anyName(maxLabels = 5): fc.Arbitrary<Name> {
  const label = fc.oneof(anyOctets(1, 8), fc.constantFrom('a', 'A', 'b', 'example', 'Example', 'com').map((text) => Uint8Array.from(Buffer.from(text))), anyOctets(63, 63))
  return fc.array(label, { maxLength: maxLabels }).map((labels) => {
    const wire: number[] = []
    for (const octets of labels) if (wire.length + octets.length + 2 <= 255) wire.push(octets.length, ...octets)
    return Name.fromWire(Uint8Array.from([...wire, 0]))
  })
}

export function anyQuestion(): fc.Arbitrary<Question> {
  return fc.record({ name: anyName(), type: fc.nat(0xffff), class: fc.constantFrom(1, 3, 254, 255, 65440) }, PLAIN)
}

const U16 = fc.nat(0xffff)
const TTL = fc.nat(0x7fff_ffff)

/** Records whose RDATA holds names that may be compressed, names that may not, and none. */
export function anyRecord(): fc.Arbitrary<DnsRecord> {
  const rdata = fc.oneof(
    fc.tuple(fc.constantFrom(2, 5, 12, 39), anyName()).map(([type, name]) => ({ type, rdata: name.wire })),
    fc.tuple(U16, anyName()).map(([preference, name]) => ({ type: 15, rdata: Uint8Array.from([preference >> 8, preference & 255, ...name.wire]) })),
    fc.tuple(anyName(), anyName(), anyOctets(20, 20)).map(([mname, rname, rest]) => ({ type: 6, rdata: Uint8Array.from([...mname.wire, ...rname.wire, ...rest]) })),
    fc.tuple(anyOctets(6, 6), anyName()).map(([head, name]) => ({ type: 33, rdata: Uint8Array.from([...head, ...name.wire]) })),
    anyOctets(4, 4).map((octets) => ({ type: 1, rdata: octets })),
    anyOctets(0, 40).map((octets) => ({ type: 4711, rdata: octets })),
  )
  return fc.tuple(anyName(), TTL, rdata).map(([name, ttl, { type, rdata: octets }]) => ({ name, type, class: 1, ttl, rdata: octets }))
}

/** A record of an UPDATE that names an RRset or a name, with no RDATA (RFC 2136 2.4, 2.5). */
export function anyEmptyRecord(): fc.Arbitrary<DnsRecord> {
  return fc.tuple(anyName(), fc.constantFrom(1, 6, 15, 33, 255, 65440), fc.constantFrom(254, 255))
    .map(([name, type, recordClass]) => ({ name, type, class: recordClass, ttl: 0, rdata: new Uint8Array(0) }))
}

export function anyMessage(): fc.Arbitrary<Message> {
  const records = fc.array(fc.oneof(anyRecord(), anyEmptyRecord()), { maxLength: 6 })
  const edns = fc.record({
    udpSize: U16, version: fc.nat(255), dnssecOk: fc.boolean(), compactOk: fc.boolean(),
    options: fc.array(fc.record({ code: U16, octets: anyOctets(0, 12) }, PLAIN), { maxLength: 4 }),
  }, PLAIN)
  return fc.record({
    id: U16, response: fc.boolean(), opcode: fc.nat(15), authoritative: fc.boolean(), truncated: fc.boolean(), recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(), agent: fc.boolean(), authenticData: fc.boolean(), checkingDisabled: fc.boolean(),
    questions: fc.array(anyQuestion(), { maxLength: 3 }), answers: records, authorities: records, additionals: records, edns, rcode: fc.nat(0xfff), withEdns: fc.boolean(),
  }, PLAIN).map(({ withEdns, edns: opt, rcode, ...rest }) => makeMessage(withEdns ? { ...rest, rcode, edns: opt } : { ...rest, rcode: rcode & 15 }))
}
