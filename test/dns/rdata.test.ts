/** RDATA of every type: known vectors in all directions, and whatever values its fields can take. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TYPE, parseType, printType } from '../../src/dns/codes.ts'
import { TextFault, WireFault } from '../../src/dns/faults.ts'
import { canonicalRdata, printRdata, rdataNames, readRdata, writeRdata, type RrType } from '../../src/dns/rdata.ts'
import { Name } from '../../src/dns/name.ts'
import { A, AAAA } from '../../src/dns/rr/address.ts'
import { CAA } from '../../src/dns/rr/certificates.ts'
import { NSEC3PARAM } from '../../src/dns/rr/dnssec.ts'
import { rrTypes } from '../../src/dns/rr/index.ts'
import { MX } from '../../src/dns/rr/routing.ts'
import { APL } from '../../src/dns/rr/tunnels.ts'
import { TXT } from '../../src/dns/rr/words.ts'
import { anyFields } from './fields.ts'
import { copied, fromHex, hexOf, octetsOf, parsed, textOf, throughFields } from './rdata-text.ts'
import { VECTORS } from './vectors.ts'

const TYPES: readonly RrType[] = rrTypes

/** Types whose data goes on with character-strings, so that a further word is always another one. */
const OPEN_ENDED = /^(TXT|SPF|AVC|RESINFO|ISDN) /

function typeOf(text: string): number {
  return parseType(text.split(' ')[0]) ?? assert.fail(text)
}

test('every type with a form of its own has a vector', () => {
  const seen = new Set(VECTORS.map(([text]) => typeOf(text)))
  assert.deepEqual(TYPES.filter(({ code }) => !seen.has(code)).map(({ mnemonic }) => mnemonic), [])
})

test('the text of each vector has the octets that its RFC or BIND gives it', () => {
  for (const [text, hex] of VECTORS) assert.equal(hexOf(octetsOf(text)), hex, text)
})

test('the octets of each vector print as the text, or as its normal form, which is read as the same octets', () => {
  for (const [text, hex, printed = text] of VECTORS) {
    assert.equal(textOf(typeOf(text), fromHex(hex)), printed)
    assert.equal(hexOf(octetsOf(printed)), hex, printed)
  }
})

test('every type may be written by number and as octets (RFC 3597 5)', () => {
  for (const [text, hex] of VECTORS) {
    const type = typeOf(text)
    assert.equal(hexOf(octetsOf(`TYPE${type} \\# ${hex.length / 2} ${hex.toLowerCase()}`)), hex, text)
    assert.equal(hexOf(octetsOf(text.replace(/^\S+/, `TYPE${type}`))), hex, text)
  }
})

test('the data of each vector may stand on many lines in parentheses, with comments (RFC 1035 5.1)', () => {
  for (const [text, hex] of VECTORS) {
    if (/"|^NAPTR/.test(text)) continue // a quoted word may hold blanks
    const [mnemonic, ...words] = text.split(' ')
    assert.equal(hexOf(octetsOf(`${mnemonic} ( ; data\n   ${words.join(' ; next\n\t')}\n )`)), hex, text)
    assert.equal(hexOf(octetsOf(`${mnemonic} (\n${words.join(' ')})`)), hex, text)
  }
})

test('what follows complete data is a fault, not ignored', () => {
  for (const [text] of VECTORS) {
    if (!OPEN_ENDED.test(text)) assert.throws(() => octetsOf(`${text} !!`), TextFault, text)
  }
})

test('data that ends early is a fault that names what is missing, or is complete in itself', () => {
  for (const [text] of VECTORS) {
    const words = text.split(' ')
    for (let count = 1; count < words.length; count++) {
      const short = words.slice(0, count).join(' ')
      try {
        assert.ok(octetsOf(short).length >= 0)
      } catch (fault) {
        assert.ok(fault instanceof TextFault, short)
        assert.match(fault.message, /^Cannot parse /, short)
      }
    }
  }
})

test('the data of each vector is taken from a message as it stands, and goes through its fields unchanged', () => {
  for (const [text, hex] of VECTORS) {
    assert.equal(hexOf(copied(typeOf(text), fromHex(hex))), hex, text)
    assert.equal(hexOf(throughFields(typeOf(text), fromHex(hex))), hex, text)
  }
})

test('the data of each vector with an octet too many is refused, or is another legal value', () => {
  for (const [text, hex] of VECTORS) acceptOrRefuse(typeOf(text), Uint8Array.from([...fromHex(hex), 0xff]), text)
})

test('the data of each vector cut short at any octet is refused, or is another legal value', () => {
  for (const [text, hex] of VECTORS) {
    for (let size = 0; size < hex.length / 2; size++) acceptOrRefuse(typeOf(text), fromHex(hex).slice(0, size), `${text} cut to ${size}`)
  }
})

/** Whether a list of parameters contradicts itself: no zone file may say so, but what comes in a message is its reader's to judge (RFC 9460 7.1.1, 8). */
function isInconsistent(type: number, text: string): boolean {
  if (type !== TYPE.SVCB && type !== TYPE.HTTPS && type !== TYPE.AGENT) return false
  try {
    parsed(type, text)
    return false
  } catch (fault) {
    return fault instanceof TextFault && /\(RFC 9460 (8|7\.1\.1)\)$/.test(fault.message.replace(/: [^:]*:\d+:\d+$/, ''))
  }
}

test('parameters that contradict themselves are read from a message, and refused in a zone file (RFC 9460 8)', () => {
  const rdata = fromHex('000103737663076578616d706c65000000000202680001000302683200') // mandatory=key616, alpn=h2 and an octet too many
  const text = printRdata(TYPE.SVCB, copied(TYPE.SVCB, rdata.slice(0, -1)))
  assert.equal(isInconsistent(TYPE.SVCB, text), true, text)
  assert.throws(() => copied(TYPE.SVCB, rdata), WireFault)
})

/** Either a WireFault, or octets that every other function accepts too and that survive text. */
function acceptOrRefuse(type: number, rdata: Uint8Array, what: string): boolean {
  let atRest: Uint8Array
  try {
    atRest = copied(type, rdata)
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw new Error(`${what}: ${hexOf(rdata)}`, { cause: fault })
    return false
  }
  const text = printRdata(type, atRest)
  if (isInconsistent(type, text)) return false
  // nothing times a power of ten is nothing: LOC can say that in ten ways, its text in one (RFC 1876 2)
  if (type === TYPE.LOC) assert.equal(printRdata(type, parsed(type, text)), text)
  else assert.equal(hexOf(parsed(type, text)), hexOf(atRest), `${what}: ${text}`)
  if (type !== TYPE.LOC) assert.equal(hexOf(throughFields(type, atRest)), hexOf(atRest), what)
  assert.equal(canonicalRdata(type, atRest).length, atRest.length, what)
  return true
}

test('mutated data of every type is refused by a WireFault, or is legal and survives text (seed printed on failure)', () => {
  const change = fc.record({ at: fc.nat(400), octet: fc.oneof(fc.constantFrom(0, 1, 2, 3, 0x40, 0x80, 0xc0, 0xff), fc.nat(255)), kind: fc.constantFrom('set', 'set', 'insert', 'remove', 'cut') })
  let legal = 0
  fc.assert(fc.property(fc.constantFrom(...VECTORS), fc.array(change, { minLength: 1, maxLength: 4 }), ([text, hex], changes) => {
    const octets = [...fromHex(hex)]
    for (const { at, octet, kind } of changes) {
      const place = at % (octets.length + 1)
      if (kind === 'insert') octets.splice(place, 0, octet)
      else if (kind === 'remove') octets.splice(place, 1)
      else if (kind === 'cut') octets.length = place
      else if (place < octets.length) octets[place] = octet
    }
    if (acceptOrRefuse(typeOf(text), Uint8Array.from(octets), text)) legal++
  }), { numRuns: 6000 })
  assert.ok(legal > 600, 'the mutations reach legal values too')
})

test('random octets as data of every type are refused by a WireFault, or are legal and survive text', () => {
  fc.assert(fc.property(fc.constantFrom(...TYPES), fc.uint8Array({ maxLength: 40 }), ({ code, mnemonic }, octets) => {
    acceptOrRefuse(code, octets, mnemonic)
  }), { numRuns: 3000 })
})

test('mutated text of every type is refused by a TextFault, or is read (seed printed on failure)', () => {
  const piece = fc.oneof(fc.constantFrom('"', '\\', '(', ')', ' ', ';', '.', '-', ':', '/', '=', ',', '!', '\\#', '0', '4294967296', '9', 'x', '\\300', 'key65535', '1e9', 'é'), fc.string({ maxLength: 3 }))
  const change = fc.record({ at: fc.nat(300), remove: fc.nat(3), piece })
  fc.assert(fc.property(fc.constantFrom(...VECTORS), fc.array(change, { minLength: 1, maxLength: 3 }), ([text], changes) => {
    const [mnemonic] = text.split(' ', 1)
    let words = text.slice(mnemonic.length + 1)
    for (const { at, remove, piece: inserted } of changes) {
      const place = at % (words.length + 1)
      words = words.slice(0, place) + inserted + words.slice(place + remove)
    }
    try {
      const octets = octetsOf(`${mnemonic} ${words}`)
      assert.deepEqual(copied(typeOf(mnemonic), octets), octets, 'what text makes, a message may hold')
    } catch (fault) {
      if (!(fault instanceof TextFault)) throw new Error(`${mnemonic} ${words}`, { cause: fault })
    }
  }), { numRuns: 6000 })
})

for (const definition of TYPES) {
  test(`${definition.mnemonic}: any values of its fields go to octets, to text and back`, () => {
    fc.assert(fc.property(anyFields(definition), (fields) => {
      const rdata = writeRdata(definition, fields)
      assert.deepEqual(readRdata(definition, rdata), fields)
      assert.deepEqual(copied(definition.code, rdata), rdata)
      const text = printRdata(definition.code, rdata)
      assert.match(text, /^[\x20-\x7e]*$/, 'text is printable ASCII on one line')
      assert.equal(hexOf(parsed(definition.code, text)), hexOf(rdata), text)
    }), { numRuns: 60 })
  })

  test(`${definition.mnemonic}: the canonical form differs in the case of names alone, and is its own canonical form (RFC 4034 6.2)`, () => {
    fc.assert(fc.property(anyFields(definition), (fields) => {
      const rdata = writeRdata(definition, fields)
      const canonical = canonicalRdata(definition.code, rdata)
      assert.deepEqual(canonicalRdata(definition.code, canonical), canonical)
      assert.deepEqual(lowered(canonical), lowered(rdata))
      if (!definition.steps.some(({ field }) => field.nameRole === 'compressed' || field.nameRole === 'folded')) assert.equal(canonical, rdata)
    }), { numRuns: 20 })
  })
}

function lowered(octets: Uint8Array): Uint8Array {
  return octets.map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet))
}

test('values that do not fit their field are our own bug, never written cut', () => {
  const octets = (count: number): Uint8Array => new Uint8Array(count)
  const name = Name.root
  const wrong: (() => Uint8Array)[] = [
    () => writeRdata(A, { address: '192.0.2.256' }), () => writeRdata(A, { address: '2001:db8::1' }), () => writeRdata(AAAA, { address: '192.0.2.1' }),
    () => writeRdata(MX, { preference: 65_536, exchange: name }), () => writeRdata(MX, { preference: -1, exchange: name }), () => writeRdata(MX, { preference: 1.5, exchange: name }),
    () => writeRdata(MX, { preference: NaN, exchange: name }), () => writeRdata(TXT, { text: [octets(256)] }), () => writeRdata(TXT, { text: [] }), () => writeRdata(CAA, { flags: 0, tag: 'a-b', value: octets(0) }),
    () => writeRdata(NSEC3PARAM, { hashAlgorithm: 1, flags: 0, iterations: 0, salt: octets(256) }), () => writeRdata(APL, { prefixes: [{ negated: false, family: 1, address: '::1', prefixLength: 0 }] }),
  ]
  for (const write of wrong) assert.throws(write, RangeError, String(write))
})

test('names in canonical form are lower-case for the types of RFC 4034 6.2, NSEC excepted (RFC 6840 5.1)', () => {
  const folded = [
    'NS A.', 'MD A.', 'MF A.', 'CNAME A.', 'SOA A. B. 1 2 3 4 5', 'MB A.', 'MG A.', 'MR A.', 'PTR A.', 'MINFO A. B.', 'MX 1 A.', 'RP A. B.', 'AFSDB 1 A.', 'RT 1 A.',
    'SIG A 13 1 60 20261124000000 20261123000000 1 A. AQID', 'PX 1 A. B.', 'NAPTR 1 1 "A" "B" "C" D.', 'KX 1 A.', 'SRV 1 1 1 A.', 'DNAME A.', 'RRSIG A 13 1 60 20261124000000 20261123000000 1 A. AQID',
  ]
  for (const text of folded) {
    const type = typeOf(text)
    const lower = text.replace(/\b([A-D])\./g, (_, letter: string) => `${letter.toLowerCase()}.`)
    assert.notEqual(lower, text)
    assert.equal(textOf(type, canonicalRdata(type, octetsOf(text))), textOf(type, octetsOf(lower)), text)
  }
  for (const text of ['NSEC A. A', 'LP 1 A.', 'HINFO "A." "B."', 'TXT "A."', 'SVCB 1 A.', 'AGENT 1 A.', 'AMTRELAY 1 0 3 A.', 'IPSECKEY 1 3 2 A. AQID', 'HIP 2 01 AQID A.']) {
    const rdata = octetsOf(text)
    assert.deepEqual(canonicalRdata(typeOf(text), rdata), rdata, text)
  }
})

test('where names stand in data is known for the types that answers follow or compress', () => {
  const expected: [string, number, number, string][] = [
    ['NS', 0, 1, 'compressed'], ['CNAME', 0, 1, 'compressed'], ['PTR', 0, 1, 'compressed'], ['SOA', 0, 2, 'compressed'], ['MX', 2, 1, 'compressed'], ['MINFO', 0, 2, 'compressed'],
    ['SRV', 6, 1, 'folded'], ['DNAME', 0, 1, 'folded'], ['RP', 0, 2, 'folded'], ['KX', 2, 1, 'folded'], ['RRSIG', 18, 1, 'folded'],
    ['SVCB', 2, 1, 'plain'], ['HTTPS', 2, 1, 'plain'], ['AGENT', 2, 1, 'plain'], ['SENSE', 2, 1, 'plain'], ['TASK', 2, 1, 'plain'], ['LP', 2, 1, 'plain'], ['NSEC', 0, 1, 'plain'],
  ]
  for (const [mnemonic, prefix, count, role] of expected) assert.deepEqual(rdataNames(typeOf(mnemonic)), { prefix, count, role }, mnemonic)
  for (const mnemonic of ['A', 'TXT', 'NAPTR', 'HIP', 'IPSECKEY', 'TYPE65000']) assert.equal(rdataNames(typeOf(mnemonic)), undefined, mnemonic)
})

test('only the types of RFC 1035 have their names compressed (RFC 3597 4)', () => {
  const compressed = TYPES.filter(({ code }) => rdataNames(code)?.role === 'compressed').map(({ code }) => printType(code))
  assert.deepEqual(compressed.toSorted(), ['CNAME', 'MB', 'MD', 'MF', 'MG', 'MINFO', 'MR', 'MX', 'NS', 'PTR', 'SOA'])
})
