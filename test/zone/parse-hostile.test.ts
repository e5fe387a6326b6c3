/**
 * Zone text that nobody wrote: whatever the octets are, parsing ends, throws nothing, reports a bounded number of
 * faults at places that exist, and gives out well-formed records only.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS } from '../../src/dns/codes.ts'
import { TextFault } from '../../src/dns/faults.ts'
import { MAX_NAME_OCTETS, MAX_REPORTED_FAULTS } from '../../src/dns/limits.ts'
import { Name, wireLength } from '../../src/dns/name.ts'
import { printRdata } from '../../src/dns/rdata.ts'
import { parseZone, type ZoneFaults, type ZoneSource } from '../../src/zone/parse.ts'
import { load } from './support.ts'

const ORIGIN = Name.parse('example.com.')

/** Parses `octets`, checking all that must hold whatever they are. Included files are the text itself, under new names. */
function parseHostile(octets: Uint8Array): ZoneFaults {
  let files = 0
  const readFile = (path: string): ZoneSource => ({ octets: octets.subarray(0, 200), file: `${path}${files++}` })
  const lines = octets.reduce((count, octet) => count + (octet === 0x0a ? 1 : 0), 1)
  const faults = parseZone({ octets, file: 'z' }, { origin: ORIGIN.wire, class: CLASS.IN, readFile }, {
    add(owner, type, ttl, rdata, rdataLength, place) {
      assert.ok(wireLength(owner, 0) <= MAX_NAME_OCTETS)
      assert.ok(Name.fromWire(owner).isWithin(ORIGIN))
      assert.ok(ttl >= 0 && ttl <= 0x7fff_ffff)
      assert.ok(place.line >= 1 && place.line <= lines && place.column >= 1)
      printRdata(type, rdata.slice(0, rdataLength)) // a WireFault here would mean malformed RDATA
    },
  })
  assert.ok(faults.reported.length <= MAX_REPORTED_FAULTS && faults.reported.length <= faults.count)
  for (const fault of faults.reported) {
    assert.ok(fault instanceof TextFault)
    assert.match(fault.message, /^Cannot \w+ /)
    assert.ok(fault.line >= 1 && fault.line <= lines && fault.column >= 1, String(fault))
  }
  return faults
}

const corpus = ['print.zone', 'mistakes.zone', 'signed-nsec3.zone'].map((file) => readFileSync(`test/golden/${file}`))
  .concat(Buffer.from('$TTL 9\n$GENERATE 1-20/3 h${0,3,x} A 192.0.2.$\n$INCLUDE part sub\n$ORIGIN a.b\n@ SOA a b ( 1 2\n 3 4 5 ) ; x\n\tMX 1 @\n'))

/** Octets that mean something in a zone file, so that mutations reach deep. */
const telling = fc.constantFrom(...Buffer.from('()";\\$@.\n\r\t 09aZ*\0\xff{}', 'latin1'))
const mutation = fc.record({ at: fc.nat(), kind: fc.constantFrom('change', 'insert', 'remove', 'cut', 'repeat'), octet: fc.oneof(telling, fc.integer({ min: 0, max: 255 })), length: fc.integer({ min: 1, max: 40 }) })

function mutate(octets: Uint8Array, { at, kind, octet, length }: { at: number; kind: string; octet: number; length: number }): Uint8Array {
  const place = at % (octets.length + 1)
  const [before, after] = [octets.subarray(0, place), octets.subarray(place)]
  switch (kind) {
    case 'change':
      return Buffer.concat([before, Buffer.of(octet), after.subarray(1)])
    case 'insert':
      return Buffer.concat([before, Buffer.of(octet), after])
    case 'remove':
      return Buffer.concat([before, after.subarray(length)])
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, length), after])
    default:
      return before
  }
}

test('mutated zone files never do more than report faults', () => {
  fc.assert(
    fc.property(fc.constantFrom(...corpus), fc.array(mutation, { minLength: 1, maxLength: 12 }), (octets, mutations) => {
      parseHostile(mutations.reduce<Uint8Array>(mutate, octets))
    }),
    { numRuns: 500 },
  )
})

test('octets by chance never do more than report faults', () => {
  fc.assert(fc.property(fc.array(fc.oneof(telling, fc.integer({ min: 0, max: 255 })), { maxLength: 300 }), (octets) => void parseHostile(Uint8Array.from(octets))), { numRuns: 1_500 })
})

test('mutated zones are loaded, or refused with an error, never half', () => {
  fc.assert(
    fc.property(fc.constantFrom(...corpus), fc.array(mutation, { minLength: 1, maxLength: 4 }), (octets, mutations) => {
      const text = Buffer.from(mutations.reduce<Uint8Array>(mutate, octets)).toString('latin1')
      const { image, findings } = load(text)
      assert.equal(image === undefined, findings.some(({ severity }) => severity === 'error'))
    }),
    { numRuns: 200 },
  )
})

test('the same text parses alike when it is cut off at any octet', () => {
  const octets = corpus[0]
  for (let end = 0; end <= octets.length; end++) parseHostile(octets.subarray(0, end))
})

/** Milliseconds of CPU that parsing `text` takes. */
function cpuMs(text: string): number {
  const before = process.cpuUsage()
  parseHostile(Buffer.from(text))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const REPEAT = 40_000
const costly: [what: string, text: string][] = [
  ['parentheses that are never closed', 'a TXT (\n'.repeat(REPEAT)],
  ['parentheses nested without end', '('.repeat(REPEAT * 4)],
  ['quotes that are never closed', 'a TXT "\n'.repeat(REPEAT)],
  ['quotes that are never closed inside parentheses', 'a TXT ( "\n'.repeat(REPEAT)],
  ['faults inside parentheses that look like entries', 'a MX ( x\nb\n'.repeat(REPEAT)],
  ['backslashes', '\\'.repeat(REPEAT * 4)],
  ['one word without end', 'a'.repeat(REPEAT * 8)],
  ['one line of dots', '.'.repeat(REPEAT * 8)],
  ['blank lines', ' \n'.repeat(REPEAT * 2)],
  ['comments', ';\n'.repeat(REPEAT * 2)],
  ['closing parentheses', ')'.repeat(REPEAT)],
  ['closing parentheses, one in each line', 'a A )\n'.repeat(REPEAT)],
  ['types that resemble others', 'a 1 CNMAE b\n'.repeat(REPEAT)],
  ['names that are too long', `${'a.'.repeat(400)} A 192.0.2.1\n`.repeat(REPEAT / 400)],
  ['a text of many strings', `a 9 TXT ${'"x" '.repeat(REPEAT)}\n`],
]

for (const [what, text] of costly) {
  test(`parsing costs time in proportion to the text: ${what}`, () => {
    assert.ok(cpuMs(text) < 3_000)
  })
}
