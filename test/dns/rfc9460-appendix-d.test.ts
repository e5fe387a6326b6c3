/** The test vectors of RFC 9460 appendix D: SVCB in text and wire, and the texts that must be refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseType } from '../../src/dns/codes.ts'
import { TextFault } from '../../src/dns/faults.ts'
import { printRdata } from '../../src/dns/rdata.ts'
import { copied, fromHex, hexOf, octetsOf } from './rdata-text.ts'

const FOO_COM = '03666F6F 07 6578616D706C65 03636F6D 00'
const FOO_ORG = '03666F6F 07 6578616D706C65 036F7267 00'

const VALID: readonly (readonly [title: string, text: string, hex: string])[] = [
  ['D.1 figure 2: alias mode', 'HTTPS 0 foo.example.com.', `0000 ${FOO_COM}`],
  ['D.2 figure 3: target name is "."', 'SVCB 1 .', '0001 00'],
  ['D.2 figure 4: a port', 'SVCB 16 foo.example.com. port=53', `0010 ${FOO_COM} 0003 0002 0035`],
  ['D.2 figure 5: a generic key, unquoted value', 'SVCB 1 foo.example.com. key667=hello', `0001 ${FOO_COM} 029B 0005 68656C6C6F`],
  ['D.2 figure 6: a generic key, quoted value with a decimal escape', 'SVCB 1 foo.example.com. key667="hello\\210qoo"', `0001 ${FOO_COM} 029B 0009 68656C6C6FD2716F6F`],
  ['D.2 figure 7: two quoted IPv6 hints', 'SVCB 1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"', `0001 ${FOO_COM} 0006 0020 20010DB8000000000000000000000001 20010DB8000000000000000000530001`],
  ['D.2 figure 8: an IPv6 hint with an embedded IPv4 address', 'SVCB 1 example.com. ipv6hint="2001:db8:122:344::192.0.2.33"', '0001 076578616D706C6503636F6D00 0006 0010 20010DB8012203440000 0000C0000221'],
  ['D.2 figure 9: the order of keys is arbitrary in text, ascending on the wire', 'SVCB 16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1', `0010 ${FOO_ORG} 0000 0004 0001 0004 0001 0009 026832 0568332D3139 0004 0004 C0000201`],
  ['D.2 figure 10: an alpn with escaped comma and backslash, quoted', 'SVCB 16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"', `0010 ${FOO_ORG} 0001 000C 08665C6F6F2C626172 026832`],
  ['D.2 figure 10: an alpn with escaped comma and backslash, unquoted', 'SVCB 16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2', `0010 ${FOO_ORG} 0001 000C 08665C6F6F2C626172 026832`],
]

const INVALID: readonly (readonly [title: string, text: string])[] = [
  ['D.3 figure 11: a key occurs twice', 'SVCB 1 foo.example.com. key123=abc key123=def'],
  ['D.3 figure 12: mandatory without a value', 'SVCB 1 foo.example.com. mandatory'],
  ['D.3 figure 12: alpn without a value', 'SVCB 1 foo.example.com. alpn'],
  ['D.3 figure 12: port without a value', 'SVCB 1 foo.example.com. port'],
  ['D.3 figure 12: ipv4hint without a value', 'SVCB 1 foo.example.com. ipv4hint'],
  ['D.3 figure 12: ipv6hint without a value', 'SVCB 1 foo.example.com. ipv6hint'],
  ['D.3 figure 13: no-default-alpn with a value', 'SVCB 1 foo.example.com. alpn=h2 no-default-alpn=abc'],
  ['D.3 figure 14: a mandatory key is missing', 'SVCB 1 foo.example.com. mandatory=key123'],
  ['D.3 figure 15: mandatory names itself', 'SVCB 1 foo.example.com. mandatory=mandatory'],
  ['D.3 figure 16: mandatory names a key twice', 'SVCB 1 foo.example.com. mandatory=key123,key123 key123=abc'],
]

for (const [title, text, hex] of VALID) {
  test(`RFC 9460 ${title}`, () => {
    const wire = hex.replaceAll(' ', '')
    assert.equal(hexOf(octetsOf(text)), wire)
    const [mnemonic] = text.split(' ', 1)
    const type = parseType(mnemonic) ?? assert.fail(mnemonic)
    assert.equal(hexOf(copied(type, fromHex(wire))), wire)
    assert.equal(hexOf(octetsOf(`${mnemonic} ${printRdata(type, fromHex(wire))}`)), wire)
  })
}

for (const [title, text] of INVALID) {
  test(`RFC 9460 ${title}: refused`, () => {
    assert.throws(() => octetsOf(text), TextFault)
  })
}

test('the form printed is the one form: keys in order, quotes only where they are needed (RFC 9460 2.1)', () => {
  const texts = [
    ['SVCB 16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1', '16 foo.example.org. mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1'],
    ['SVCB 1 . alpn="f\\\\\\\\oo\\\\,bar,h2"', '1 . alpn="f\\\\\\\\oo\\\\,bar,h2"'],
    ['SVCB 1 . key667="hello\\210qoo"', '1 . key667="hello\\210qoo"'],
    ['SVCB 1 . key667', '1 . key667'],
    ['SVCB 1 . key667=""', '1 . key667'],
    ['SVCB 1 . key667="a b"', '1 . key667="a b"'],
  ]
  for (const [text, printed] of texts) assert.equal(printRdata(64, octetsOf(text)), printed)
})

test('parameters that a server must not understand are kept as they came, in the AliasMode too (RFC 9460 2.4.2)', () => {
  assert.equal(hexOf(octetsOf('HTTPS 0 foo.example.com. key9999="\\000"')), `0000${FOO_COM}270F000100`.replaceAll(' ', ''))
})
