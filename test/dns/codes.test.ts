/** Mnemonics of types, classes, opcodes and response codes in both directions, and the numbers that are our own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as codes from '../../src/dns/codes.ts'
import { Mnemonics } from '../../src/dns/mnemonics.ts'
import { TextReader } from '../../src/dns/text.ts'

const { CLASS, EDE, OPCODE, OPTION, RCODE, TYPE } = codes

function readerAt(token: string): TextReader {
  const reader = new TextReader(Buffer.from(token), 'codes')
  assert.ok(reader.beginEntry() && reader.token())
  return reader
}

test('the code points of the agent protocol are those that it publishes', () => {
  assert.deepEqual([TYPE.AGENT, TYPE.SENSE, TYPE.TASK, CLASS.LOCAL, OPCODE.AGENT], [65440, 65441, 65442, 65440, 14])
  assert.deepEqual([OPTION.DEMAND, OPTION.OFFER, OPTION.UPDATE_LEASE], [65440, 65441, 2])
  assert.deepEqual(
    [EDE.NO_LIVE_AGENT, EDE.LEASE_EXPIRED, EDE.DEMAND_NOT_SATISFIABLE, EDE.HELD_EXCLUSIVELY, EDE.AGENT_PERMISSION_REQUIRED, EDE.DEPENDENCY_MISSING],
    [49152, 49153, 49154, 49155, 49156, 49157],
  )
})

test('types have the numbers that IANA has given them', () => {
  const given = {
    A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, HINFO: 13, MX: 15, TXT: 16, RP: 17, AFSDB: 18, X25: 19, ISDN: 20, RT: 21, SIG: 24, KEY: 25, PX: 26, AAAA: 28, LOC: 29, SRV: 33, NAPTR: 35,
    KX: 36, CERT: 37, DNAME: 39, OPT: 41, APL: 42, DS: 43, SSHFP: 44, IPSECKEY: 45, RRSIG: 46, NSEC: 47, DNSKEY: 48, DHCID: 49, NSEC3: 50, NSEC3PARAM: 51, TLSA: 52, SMIMEA: 53, HIP: 55,
    CDS: 59, CDNSKEY: 60, OPENPGPKEY: 61, CSYNC: 62, ZONEMD: 63, SVCB: 64, HTTPS: 65, SPF: 99, NID: 104, L32: 105, L64: 106, LP: 107, EUI48: 108, EUI64: 109, TKEY: 249, TSIG: 250,
    IXFR: 251, AXFR: 252, ANY: 255, URI: 256, CAA: 257, AVC: 258, AMTRELAY: 260, RESINFO: 261,
  }
  for (const [mnemonic, number] of Object.entries(given)) {
    assert.equal(codes.parseType(mnemonic), number, mnemonic)
    assert.equal(codes.printType(number), mnemonic)
  }
})

test('every type, class, opcode and response code is read as it is printed, known or not', () => {
  const tables: [(code: number) => string, (text: string) => number | undefined, number][] = [
    [codes.printType, codes.parseType, 0xffff], [codes.printClass, codes.parseClass, 0xffff], [codes.printOption, codes.parseOption, 0xffff],
    [codes.printOpcode, codes.parseOpcode, 15], [codes.printRcode, codes.parseRcode, 0xfff],
  ]
  for (const [print, parse, max] of tables) {
    for (let code = 0; code <= max; code++) {
      assert.equal(parse(print(code)), code)
      assert.equal(parse(print(code).toLowerCase()), code)
    }
  }
})

test('TYPEnnn and CLASSnnn stand for any number, known ones too (RFC 3597 5)', () => {
  assert.equal(codes.parseType('TYPE1'), TYPE.A)
  assert.equal(codes.parseType('type65440'), TYPE.AGENT)
  assert.equal(codes.parseType('TYPE65535'), 65535)
  assert.equal(codes.parseClass('CLASS1'), CLASS.IN)
  assert.equal(codes.parseClass('class65440'), CLASS.LOCAL)
  assert.equal(codes.printType(65280), 'TYPE65280')
  assert.equal(codes.printClass(7), 'CLASS7')
})

test('what names no type is no type', () => {
  for (const text of ['', 'AA', 'TYPE', 'TYPE65536', 'TYPE-1', 'TYPE1.0', 'TYPE 1', 'TYPE0x1', 'TYPE111111', 'CLASS1', 'TYP1', 'Ä', 'A\0', 'constructor', '__proto__', 'toString']) {
    assert.equal(codes.parseType(text), undefined, JSON.stringify(text))
  }
  for (const text of ['', 'I', 'INN', 'CLASS', 'CLASS65536', 'TYPE1']) assert.equal(codes.parseClass(text), undefined, text)
  assert.equal(codes.parseOpcode('QUERYX'), undefined)
  assert.equal(codes.parseRcode('RCODE65536'), undefined)
})

test('a token of a zone file is read as its text would be, without consuming it', () => {
  const token = fc.oneof(fc.constantFrom(...Object.keys(TYPE), 'IN', 'ch', 'Local', 'TYPE7', 'CLASS9', 'TYPE99999'), fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/))
  fc.assert(fc.property(token, (text) => {
    const reader = readerAt(text)
    assert.equal(codes.readType(reader), codes.parseType(text) ?? -1)
    assert.equal(codes.readClass(reader), codes.parseClass(text) ?? -1)
    assert.equal(reader.word(), text)
  }), { numRuns: 500 })
})

test('a quoted token names no type, as text in quotes is never a mnemonic', () => {
  assert.equal(codes.readType(readerAt('"A"')), -1)
  assert.equal(codes.readClass(readerAt('"IN"')), -1)
})

test('options and response codes with a dash in their name keep it', () => {
  assert.equal(codes.printOption(2), 'UPDATE-LEASE')
  assert.equal(codes.parseOption('update-lease'), 2)
  assert.equal(codes.printRcode(RCODE.BADVERS), 'BADVERS')
  assert.equal(codes.parseRcode('BADSIG'), 16, 'both names of 16 are read')
})

test('an Extended DNS Error prints in words, an unknown one by number (RFC 8914 5.2)', () => {
  assert.equal(codes.printEde(EDE.NO_LIVE_AGENT), 'no live agent')
  assert.equal(codes.printEde(EDE.STALE_ANSWER), 'stale answer')
  assert.equal(codes.printEde(4711), 'EDE4711')
})

test('a table refuses one mnemonic for two code points', () => {
  const table = new Mnemonics('X', 255, { ONE: 1 })
  assert.throws(() => table.add('ONE', 2), /two code points/)
  table.add('UNO', 1)
  assert.deepEqual([table.parse('uno'), table.print(1)], [1, 'ONE'], 'a second name is read, the first is printed')
})
