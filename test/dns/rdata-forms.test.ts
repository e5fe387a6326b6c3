/** What text each type takes and refuses beyond its vectors: the corners of its RFC, case by case. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseType } from '../../src/dns/codes.ts'
import { TextFault } from '../../src/dns/faults.ts'
import { hexOf, octetsOf, textOf } from './rdata-text.ts'

/** Each text is read, and prints as the second (by default as itself). */
function takes(...cases: (string | [text: string, printed: string])[]): void {
  for (const item of cases) {
    const [text, printed] = typeof item === 'string' ? [item, item] : item
    const type = parseType(text.split(' ')[0]) ?? assert.fail(text)
    assert.equal(textOf(type, octetsOf(text)), printed)
  }
}

/** Each text is refused with the reason given, in the words of the fault. */
function refuses(reason: RegExp, ...texts: string[]): void {
  for (const text of texts) {
    assert.throws(() => octetsOf(text), (fault: unknown) => {
      assert.ok(fault instanceof TextFault, `${text}: ${String(fault)}`)
      assert.match(fault.message, reason, text)
      return true
    }, text)
  }
}

test('A takes four numbers without leading zeros (RFC 1035 3.4.1)', () => {
  takes('A 0.0.0.0', 'A 255.255.255.255')
  refuses(/^Cannot parse A address .* as it must be an IPv4 address/, 'A 192.0.2', 'A 192.0.2.1.1', 'A 192.0.2.256', 'A 192.0.02.1', 'A 192.0.2.1a', 'A .192.0.2', 'A 192..2.1', 'A 1.2.3.4.', 'A 2001:db8::1', 'A 3221225985', 'A 0x7f.0.0.1')
  refuses(/entry ends/, 'A')
})

test('AAAA takes every form of RFC 4291 2.2 and prints the one of RFC 5952 4', () => {
  takes(
    ['AAAA 2001:DB8:0:0:0:0:0:1', 'AAAA 2001:db8::1'], ['AAAA ::', 'AAAA ::'], ['AAAA 0:0:0:0:0:0:0:0', 'AAAA ::'], ['AAAA ::1', 'AAAA ::1'], ['AAAA 1::', 'AAAA 1::'],
    ['AAAA 2001:0db8:0000:0001:0001:0001:0001:0001', 'AAAA 2001:db8:0:1:1:1:1:1'], ['AAAA 2001:0:0:1:0:0:0:1', 'AAAA 2001:0:0:1::1'], ['AAAA 2001:db8:0:0:1:0:0:1', 'AAAA 2001:db8::1:0:0:1'],
    ['AAAA ::ffff:192.0.2.1', 'AAAA ::ffff:192.0.2.1'], ['AAAA 64:ff9b::192.0.2.33', 'AAAA 64:ff9b::c000:221'], ['AAAA 1:2:3:4:5:6:192.0.2.1', 'AAAA 1:2:3:4:5:6:c000:201'], ['AAAA 1:2:3:4:5:6:7::', 'AAAA 1:2:3:4:5:6:7:0'],
  )
  refuses(/must be an IPv6 address/, 'AAAA 1:2:3:4:5:6:7', 'AAAA 1:2:3:4:5:6:7:8:9', 'AAAA 1::2::3', 'AAAA :1:2:3:4:5:6:7', 'AAAA 1:2:3:4:5:6:7:', 'AAAA 12345::', 'AAAA g::', 'AAAA ::192.0.2', 'AAAA 192.0.2.1', 'AAAA :', 'AAAA :::', 'AAAA 1:2:3:4:5:6:7::8', 'AAAA fe80::1%eth0', 'AAAA ::1/128', 'AAAA 192.0.2.1::', 'AAAA 1:2:3:4:5:6:7:192.0.2.1')
})

test('names of types are words of the entry, each named where it is missing', () => {
  refuses(/SOA primary/, 'SOA')
  refuses(/SOA mailbox/, 'SOA a.')
  refuses(/SOA minimum/, 'SOA a. b. 1 2 3 4')
  refuses(/MX exchange/, 'MX 10')
  refuses(/MX preference "65536"/, 'MX 65536 a.')
  refuses(/SRV target/, 'SRV 1 2 3')
  refuses(/SRV port "http"/, 'SRV 1 2 http a.')
  refuses(/dot, as no origin is known/, 'NS relative')
})

test('SOA takes its times with units, its serial without (RFC 1035 3.3.13)', () => {
  takes(['SOA a. b. 4294967295 1h 15M 2w 1d12h', 'SOA a. b. 4294967295 3600 900 1209600 129600'], 'SOA a. b. 0 4294967295 0 0 0')
  refuses(/SOA serial "1h"/, 'SOA a. b. 1h 1 1 1 1')
  refuses(/SOA serial/, 'SOA a. b. 4294967296 1 1 1 1', 'SOA a. b. -1 1 1 1 1')
  refuses(/SOA refresh "1x" as it must be seconds or use s m h d w/, 'SOA a. b. 1 1x 1 1 1')
})

test('TXT takes strings of up to 255 octets, quoted or not, and prints them quoted (RFC 1035 3.3.14)', () => {
  takes(['TXT a', 'TXT "a"'], ['TXT a b', 'TXT "a" "b"'], ['TXT "a""b"', 'TXT "a" "b"'], 'TXT ""', ['TXT "\\097\\"\\\\;"', 'TXT "a\\"\\\\;"'], ['TXT a\\ b\\;c', 'TXT "a b;c"'], ['TXT "ü"', 'TXT "\\195\\188"'], `TXT "${'x'.repeat(255)}"`)
  refuses(/at most 255 octets/, `TXT "${'x'.repeat(256)}"`, `TXT a ${'x'.repeat(256)}`)
  refuses(/entry ends/, 'TXT')
  refuses(/escapes/, 'TXT \\256', 'TXT "\\1"')
  refuses(/closing quote/, 'TXT "a')
})

test('HINFO holds two strings, ISDN one or two, X25 one (RFC 1035 3.3.2, RFC 1183 3)', () => {
  refuses(/HINFO os/, 'HINFO cpu')
  refuses(/goes on/, 'HINFO a b c', 'ISDN a b c', 'X25 a b')
})

test('RRSIG takes times as dates or as seconds and prints dates (RFC 4034 3.2)', () => {
  const rrsig = (expiration: string, inception: string): string => `RRSIG A 13 2 60 ${expiration} ${inception} 1 a. AQID`
  takes(
    [rrsig('0', '4294967295'), rrsig('19700101000000', '21060207062815')],
    rrsig('20240229235959', '20380119031408'),
    [rrsig('1709251199', '1'), rrsig('20240229235959', '19700101000001')],
  )
  const bad = ['20240230000000', '20230229000000', '21000229000000', '20241301000000', '20240001000000', '20240100000000', '20240101240000', '20240101006000', '20240101000060', '19691231235959', '21060207062816', '2024010100000x']
  for (const time of bad) refuses(/expiration .*must be/, rrsig(time, '0'))
  refuses(/from 0 to 4294967295/, rrsig('4294967296', '0'), rrsig('202401010000', '0'), rrsig('-1', '0'))
})

test('DNSSEC algorithms are read as numbers or mnemonics and printed as numbers (RFC 4034 A.1)', () => {
  const known: [string, number][] = [['RSASHA1', 5], ['RSASHA1-NSEC3-SHA1', 7], ['RSASHA256', 8], ['RSASHA512', 10], ['ECDSAP256SHA256', 13], ['ecdsap384sha384', 14], ['ED25519', 15], ['ED448', 16], ['PRIVATEDNS', 253], ['PRIVATEOID', 254]]
  takes(...known.map(([mnemonic, number]): [string, string] => [`DNSKEY 257 3 ${mnemonic} AQID`, `DNSKEY 257 3 ${number} AQID`]), 'DNSKEY 257 3 200 AQID')
  refuses(/DNSKEY algorithm "FOO" as it must be a known mnemonic or a number from 0 to 255/, 'DNSKEY 257 3 FOO AQID')
  refuses(/algorithm "256"/, 'DNSKEY 257 3 256 AQID', 'DS 1 256 1 00')
})

test('types in records are mnemonics or TYPEnnn (RFC 4034 3.2, RFC 3597 5)', () => {
  takes(['RRSIG TYPE1 13 2 60 0 0 1 a. AQID', 'RRSIG A 13 2 60 19700101000000 19700101000000 1 a. AQID'], 'RRSIG AGENT 13 2 60 19700101000000 19700101000000 1 a. AQID', 'RRSIG TYPE65280 13 2 60 19700101000000 19700101000000 1 a. AQID')
  refuses(/type covered "FOO"/, 'RRSIG FOO 13 2 60 0 0 1 a. AQID')
})

test('base64 may be parted anywhere and is whole, padded and clean (RFC 4648 3.2, 3.5)', () => {
  takes(['DNSKEY 256 3 13 AQ ID BA ==', 'DNSKEY 256 3 13 AQIDBA=='], ['DNSKEY 256 3 13 A Q I D', 'DNSKEY 256 3 13 AQID'], 'DNSKEY 256 3 13 AQ==', 'DNSKEY 256 3 13 AQI=')
  refuses(/base64/, 'DNSKEY 256 3 13 AQI', 'DNSKEY 256 3 13 AQ=', 'DNSKEY 256 3 13 A===', 'DNSKEY 256 3 13 AQID=', 'DNSKEY 256 3 13 AR==', 'DNSKEY 256 3 13 AQJ=', 'DNSKEY 256 3 13 AQ==AQ==', 'DNSKEY 256 3 13 AQ-_', 'DNSKEY 256 3 13 ====', 'DNSKEY 256 3 13 =AQI')
  refuses(/entry ends/, 'DNSKEY 256 3 13')
})

test('hex is of either case, parted anywhere, and has an even number of digits', () => {
  takes(['DS 1 13 2 ab cD e f', 'DS 1 13 2 ABCDEF'], ['TLSA 3 1 1 a0', 'TLSA 3 1 1 A0'])
  refuses(/hex/, 'DS 1 13 2 abc', 'DS 1 13 2 0x00', 'DS 1 13 2 zz', 'SSHFP 1 1 12 3', 'TLSA 3 1 1 "a b"')
  refuses(/entry ends/, 'DS 1 13 2', 'SSHFP 1 1', 'TLSA 3 1 1', 'SMIMEA 3 1 1')
  refuses(/12 octets/, `ZONEMD 1 1 1 ${'00'.repeat(11)}`)
})

test('type bitmaps take types in any order, twice too, and print them in theirs (RFC 4034 4.1.2)', () => {
  takes(['NSEC a. TYPE65535 MX A A AAAA', 'NSEC a. A MX AAAA TYPE65535'], ['NSEC a. AGENT CAA', 'NSEC a. CAA AGENT'], 'NSEC a.', 'CSYNC 1 0')
  refuses(/list of RR types/, 'NSEC a. FOO', 'NSEC a. A TYPE65536', 'NSEC a. "A"', 'CSYNC 1 0 1')
  assert.equal(hexOf(octetsOf('NSEC . TYPE255 TYPE256')), '00' + '0020' + '00'.repeat(31) + '01' + '0101' + '80')
})

test('NSEC3 takes - for no salt and base32hex without padding (RFC 5155 3.3)', () => {
  takes(['NSEC3 1 0 0 - 2t7b4g4v', 'NSEC3 1 0 0 - 2T7B4G4V'], ['NSEC3PARAM 1 1 65535 ff', 'NSEC3PARAM 1 1 65535 FF'], `NSEC3PARAM 1 0 0 ${'AB'.repeat(255)}`)
  refuses(/hex|255 octets/, 'NSEC3PARAM 1 0 0 f', `NSEC3PARAM 1 0 0 ${'ab'.repeat(256)}`, 'NSEC3PARAM 1 0 0 --')
  refuses(/base32hex/, 'NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojw', 'NSEC3 1 0 0 - 2t======', 'NSEC3 1 0 0 - 2tb')
  refuses(/entry ends/, 'NSEC3 1 0 0 -', 'NSEC3PARAM 1 0 0')
})

test('LOC takes degrees alone, and every later part by default (RFC 1876 3)', () => {
  takes(
    ['LOC 42 N 71 W 0', 'LOC 42 0 0.000 N 71 0 0.000 W 0.00m 1m 10000m 10m'], ['LOC 42 21 N 71 6 W 1.5', 'LOC 42 21 0.000 N 71 6 0.000 W 1.50m 1m 10000m 10m'],
    ['LOC 0 0 0.5 s 0 0 0.05 e -1.5m 2m', 'LOC 0 0 0.500 S 0 0 0.050 E -1.50m 2m 10000m 10m'],
    ['LOC 90 N 180 E 42849672.95m 90000000m 0m 0.01m', 'LOC 90 0 0.000 N 180 0 0.000 E 42849672.95m 90000000m 0m 0.01m'], ['LOC 90 S 180 W -100000m', 'LOC 90 0 0.000 S 180 0 0.000 W -100000.00m 1m 10000m 10m'],
  )
  refuses(/LOC .*(latitude|longitude)/, 'LOC 91 N 0 E 0', 'LOC 90 0 0.001 N 0 E 0', 'LOC 0 N 180 0 1 E 0', 'LOC 42 60 N 71 W 0', 'LOC 42 1 60 N 71 W 0', 'LOC 42 1 1.0001 N 71 W 0', 'LOC 42 N 71 N 0', 'LOC 42 E 71 N 0', 'LOC 42.5 N 71 W 0', 'LOC 42', 'LOC N 71 W 0', 'LOC -42 N 71 W 0')
  refuses(/altitude/, 'LOC 42 N 71 W', 'LOC 42 N 71 W high', 'LOC 42 N 71 W -100000.01', 'LOC 42 N 71 W 42849672.96', 'LOC 42 N 71 W 1km')
  refuses(/size|precision/, 'LOC 42 N 71 W 0 -1m', 'LOC 42 N 71 W 0 90000000.01m', 'LOC 42 N 71 W 0 1m x', 'LOC 42 N 71 W 0 1m 1m 99999999m')
  refuses(/goes on/, 'LOC 42 N 71 W 0 1m 1m 1m 1m')
})

test('APL takes prefixes of families 1 and 2, each with its own length (RFC 3123 5)', () => {
  takes('APL 1:0.0.0.0/0', 'APL !2:::/0', ['APL 2:2001:DB8::/128 1:192.0.2.1/32', 'APL 2:2001:db8::/128 1:192.0.2.1/32'])
  refuses(/must be a prefix/, 'APL 1:192.0.2.0/33', 'APL 2:2001:db8::/129', 'APL 3:192.0.2.0/24', 'APL 1:2001:db8::/32', 'APL 2:192.0.2.0/24', 'APL 192.0.2.0/24', 'APL 1:192.0.2.0', 'APL !!1:192.0.2.0/24', 'APL 1:192.0.2.0/x', 'APL 1:192.0.2.0/')
})

test('gateways have the form that their type says (RFC 4025 3.1, RFC 8777 4.3)', () => {
  takes('IPSECKEY 0 0 0 .', ['IPSECKEY 255 3 255 . AQID', 'IPSECKEY 255 3 255 . AQID'], 'AMTRELAY 0 1 0 .')
  refuses(/must be \. as its type is 0/, 'IPSECKEY 1 0 1 192.0.2.1 AQID', 'AMTRELAY 1 0 0 a.')
  refuses(/IPv4/, 'IPSECKEY 1 1 1 2001:db8::1 AQID', 'AMTRELAY 1 0 1 a.')
  refuses(/IPv6/, 'IPSECKEY 1 2 1 192.0.2.1 AQID')
  refuses(/type "4" as it must be a number from 0 to 3/, 'IPSECKEY 1 4 1 . AQID', 'AMTRELAY 1 0 4 .')
  refuses(/discovery bit "2"/, 'AMTRELAY 1 2 0 .')
  refuses(/goes on/, 'AMTRELAY 1 0 0 . .')
})

test('HIP takes its tag in hex, its key in one word of base64, and servers behind (RFC 8005 6)', () => {
  takes('HIP 2 AB AQID', 'HIP 2 AB AQID a. b.')
  refuses(/tag/, 'HIP 2', 'HIP 2 abc AQID', `HIP 2 ${'ab'.repeat(256)} AQID`)
  refuses(/public key/, 'HIP 2 ab', 'HIP 2 ab A', 'HIP 2 ab AQI')
  refuses(/no origin/, 'HIP 2 ab AQID a')
})

test('hardware addresses are pairs of hex with dashes (RFC 7043 3.2, 4.2)', () => {
  takes(['EUI48 00-00-5E-00-53-2A', 'EUI48 00-00-5e-00-53-2a'])
  refuses(/six pairs/, 'EUI48 00:00:5e:00:53:2a', 'EUI48 00-00-5e-00-53', 'EUI48 00-00-5e-00-53-2a-2b', 'EUI48 0-0-5e-0-53-2a', 'EUI48 00005e00532a')
  refuses(/eight pairs/, 'EUI64 00-00-5e-00-53-2a', 'EUI64 00-00-5e-ef-10-00-00-zz')
})

test('ILNP identifiers are four groups of hex (RFC 6742 2.1, 2.3)', () => {
  takes(['NID 1 0:0:0:1', 'NID 1 0000:0000:0000:0001'])
  refuses(/four groups/, 'NID 1 1:2:3', 'NID 1 1:2:3:10000', 'L64 1 ::1', 'L64 1 1:2:3:4:5', 'NID 1 1:2::4')
  refuses(/IPv4/, 'L32 1 2001:db8::1')
})

test('CAA takes a tag of letters and digits and any value (RFC 8659 4.1)', () => {
  takes('CAA 0 issue ";"', 'CAA 0 issue ""', ['CAA 255 a1Z x', 'CAA 255 a1Z "x"'], `CAA 0 issue "${'x'.repeat(300)}"`)
  refuses(/letters and digits/, 'CAA 0 is-sue "x"', 'CAA 0 "" "x"', 'CAA 0 is\\000sue "x"')
  refuses(/CAA value/, 'CAA 0 issue')
  refuses(/CAA flags "256"/, 'CAA 256 issue "x"')
})

test('URI takes a target that is not empty, longer than a character-string too (RFC 7553 4.4)', () => {
  takes(['URI 1 1 x:y', 'URI 1 1 "x:y"'], `URI 1 1 "x:${'y'.repeat(400)}"`)
  refuses(/not be empty/, 'URI 1 1 ""')
  refuses(/entry ends/, 'URI 1 1')
})

test('CERT takes its type as a number or mnemonic (RFC 4398 2.1)', () => {
  takes(['CERT 1 0 0 AQID', 'CERT PKIX 0 0 AQID'], ['CERT uri 0 0 AQID', 'CERT URI 0 0 AQID'], 'CERT 9 0 0 AQID', ['CERT 254 0 8 AQID', 'CERT OID 0 RSASHA256 AQID'])
  refuses(/CERT type "FOO"/, 'CERT FOO 0 0 AQID')
})

test('KEY may hold no key, DNSKEY may not (RFC 2535 3.1.2, RFC 4034 2.1)', () => {
  takes('KEY 49664 3 0')
  refuses(/entry ends/, 'CDNSKEY 0 3 0')
})

test('NAPTR keeps its strings as they are, empty ones too (RFC 3403 4.1)', () => {
  takes('NAPTR 0 65535 "" "" "" .', ['NAPTR 1 1 S SIP+D2U "" _sip._udp.a.', 'NAPTR 1 1 "S" "SIP+D2U" "" _sip._udp.a.'], 'NAPTR 1 1 "u" "E2U" "!^(.*)$!x:\\\\1!" .')
  refuses(/NAPTR replacement/, 'NAPTR 1 1 "" "" ""')
})

test('TSIG and TKEY take their counted parts with the counts they have (RFC 8945 4.2, RFC 2930 2)', () => {
  takes('TSIG a. 281474976710655 65535 0 0 BADSIG 0', 'TSIG a. 0 0 0 0 NOERROR 0', ['TSIG a. 0 0 0 0 16 0', 'TSIG a. 0 0 0 0 BADSIG 0'], 'TSIG a. 0 0 0 0 4711 0')
  refuses(/time signed/, 'TSIG a. 281474976710656 0 0 0 0 0')
  refuses(/announced/, 'TSIG a. 0 0 4 AQID 0 0 0', 'TKEY a. 0 0 3 0 2 AQID 0')
  refuses(/base64/, 'TSIG a. 0 0 3 AQI 0 0 0')
})

test('priority and target of SVCB, HTTPS and our types come before their parameters (RFC 9460 2.1)', () => {
  takes('SVCB 0 a.', 'HTTPS 65535 .', 'AGENT 1 a. concurrency=5', 'TASK 4 a. role=lead', 'SENSE 65535 a.')
  for (const type of ['SVCB', 'HTTPS', 'AGENT', 'SENSE', 'TASK']) {
    refuses(new RegExp(type), type, `${type} 65536 a.`, `${type} x a.`)
    refuses(/entry ends/, `${type} 1`)
    refuses(/known key or keyNNNNN/, `${type} 1 a. wings=2`)
    refuses(/twice/, `${type} 1 a. key7000=1 key7000=2`)
  }
})
