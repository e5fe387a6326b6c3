/**
 * Every record type that has a form of its own, carried all the way: a line of a zone file is loaded, asked for, answered on the
 * wire, and read back as text. What stands here are the texts that people write and the one text that each of them comes out as.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rrTypes } from '../../src/dns/rr/index.ts'
import { asker, zoneOf } from '../authority/ask.ts'
import { parse } from '../zone/support.ts'

/** Type and data as a zone file of `example.` has them, and as the answer has them where that differs. */
type Row = readonly [written: string, answered?: string]

const SOA = '@ SOA ns admin 1 2 3 4 60\n'
const LABEL = 'l'.repeat(63)
const LONGEST = `${LABEL}.${LABEL}.${LABEL}.${'l'.repeat(53)}.example.` // 255 octets
const STRING = 's'.repeat(255)
const OCTETS = 'A'.repeat(1364) // base64 of 1023 zero octets
const DIGEST = '0123456789ABCDEF'.repeat(4)

/** Types that live for one message and cannot stand in a zone (RFC 2930 2, RFC 8945 4.2); OPT has no place in the list at all. */
const METATYPES = ['OPT', 'TKEY', 'TSIG']
/** Types that a zone has at its apex; elsewhere they would make a delegation or no sense. */
const AT_APEX = ['SOA', 'NS', 'DNSKEY', 'NSEC3PARAM', 'ZONEMD', 'CDS', 'CDNSKEY', 'CSYNC']

const CARRIED: readonly (readonly [title: string, rows: readonly Row[]])[] = [
  ['RFC 1035 3.3.1 CNAME keeps the case of its target, and what is escaped in it', [
    ['CNAME Target', 'CNAME Target.example.'], ['CNAME .'], ['CNAME a\\.b.\\000\\255.C.'], ['CNAME \\065\\@\\;\\(.x.', 'CNAME A\\@\\;\\(.x.'],
  ]],
  ['RFC 1035 3.3.2 HINFO is two strings, quoted or not', [
    ['HINFO VAX-11/780 UNIX', 'HINFO "VAX-11/780" "UNIX"'], ['HINFO "" ""'], [`HINFO "${STRING}" "\\000\\127\\255"`], ['HINFO "a b" c\\ d', 'HINFO "a b" "c d"'],
  ]],
  ['RFC 1035 3.3.3 MB, 3.3.6 MG, 3.3.8 MR name a host or mailbox', [
    ['MB Host', 'MB Host.example.'], ['MB .'], ['MG john\\.doe', 'MG john\\.doe.example.'], [`MG ${LONGEST}`], ['MR @', 'MR example.'], ['MR \\"x\\".test.'],
  ]],
  ['RFC 1035 3.3.4 MD, 3.3.5 MF are obsolete and carried all the same', [
    ['MD mail', 'MD mail.example.'], [`MD ${LONGEST}`], ['MF .'], ['MF \\001.relay.test.'],
  ]],
  ['RFC 1035 3.3.7 MINFO is two mailboxes', [['MINFO owner errors', 'MINFO owner.example. errors.example.'], ['MINFO . .'], [`MINFO a\\.b.test. ${LONGEST}`]]],
  ['RFC 1035 3.3.9 MX is a number of 16 bits and a host', [['MX 010 mail', 'MX 10 mail.example.'], ['MX 0 .'], [`MX 65535 ${LONGEST}`]]],
  ['RFC 1035 3.3.11 NS is a name, in the zone or out of it', [['NS ns1', 'NS ns1.example.'], ['NS ns.\\200.test.'], [`NS ${LONGEST}`]]],
  ['RFC 1035 3.3.12 PTR is a name of up to 255 octets', [['PTR Host.TEST.'], [`PTR ${LONGEST}`], ['PTR *.\\032.x.']]],
  ['RFC 1035 3.3.13 SOA has numbers of 32 bits, times with units, and goes on over lines in parentheses', [
    ['SOA ns admin ( 1 ; serial\n 1h 15m\n 2w 1d )', 'SOA ns.example. admin.example. 1 3600 900 1209600 86400'],
    ['SOA . . 4294967295 2147483647 2147483647 2147483647 0'],
    ['SOA @ first\\.last 0 0 0 0 0', 'SOA example. first\\.last.example. 0 0 0 0 0'],
  ]],
  ['RFC 1035 3.3.14 TXT is one or more strings of any octets', [
    ['TXT plain', 'TXT "plain"'], ['TXT ""'], [`TXT "${STRING}" "${STRING}" "${STRING}"`], ['TXT "\\000\\009\\010\\127\\255"'],
    ['TXT "q\\"q" b\\\\b semi\\;colon "semi;colon"', 'TXT "q\\"q" "b\\\\b" "semi;colon" "semi;colon"'], ['TXT "\\065\\b"', 'TXT "Ab"'], ['TXT ( one\n two )', 'TXT "one" "two"'],
  ]],
  ['RFC 1035 3.4.1 A is four octets', [['A 0.0.0.0'], ['A 255.255.255.255'], ['A 192.0.2.1'], ['A \\# 4 ( c0 00\n 02ff )', 'A 192.0.2.255']]],
  ['RFC 1183 1 AFSDB, 2.2 RP, 3.1 X25, 3.2 ISDN, 3.3 RT', [
    ['AFSDB 1 afs', 'AFSDB 1 afs.example.'], ['AFSDB 65535 .'], ['RP louie\\.trantor LAM1', 'RP louie\\.trantor.example. LAM1.example.'], ['RP . .'],
    ['X25 311061700956', 'X25 "311061700956"'], ['X25 "\\0481"', 'X25 "01"'], ['ISDN 150862028003217 004', 'ISDN "150862028003217" "004"'], ['ISDN "1"'], ['ISDN "" ""'],
    ['RT 2 relay', 'RT 2 relay.example.'], [`RT 65535 ${LONGEST}`],
  ]],
  ['RFC 1876 3 LOC fills in what text leaves out, and reaches from pole to pole', [
    ['LOC 42 N 71 W 0', 'LOC 42 0 0.000 N 71 0 0.000 W 0.00m 1m 10000m 10m'], ['LOC 90 0 0.000 S 180 0 0.000 W -100000.00m 0m 0m 0m'],
    ['LOC 90 N 180 E 42849672.95m 90000000m 90000000m 90000000m', 'LOC 90 0 0.000 N 180 0 0.000 E 42849672.95m 90000000m 90000000m 90000000m'],
    ['LOC 0 0 0.001 S 0 59 59.999 E 1.5 0.5 1 1', 'LOC 0 0 0.001 S 0 59 59.999 E 1.50m 0.50m 1m 1m'],
    ['LOC 0 S 0 W 0m 1234m', 'LOC 0 0 0.000 N 0 0 0.000 E 0.00m 1000m 10000m 10m'],
  ]],
  ['RFC 2163 4 PX is a preference and two names', [['PX 50 it PRMD-net.test.', 'PX 50 it.example. PRMD-net.test.'], ['PX 65535 . .']]],
  ['RFC 2230 3 KX is a preference and a name', [['KX 0 .'], ['KX 65535 Kx', 'KX 65535 Kx.example.']]],
  ['RFC 2535 3.1 KEY may hold no key at all, RFC 2931 3 SIG may cover type 0', [
    ['KEY 256 3 RSASHA256 AQ==', 'KEY 256 3 8 AQ=='], ['KEY 49152 3 0'], ['KEY 65535 255 255 /+8='],
    ['SIG 0 15 0 0 20300101000000 20200101000000 65535 Key.test. AQID'], ['SIG TXT ED25519 2 1h 4294967295 0 1 @ AQ ==', 'SIG TXT 15 2 3600 21060207062815 19700101000000 1 example. AQ=='],
  ]],
  ['RFC 2782 SRV is three numbers of 16 bits and a name', [['SRV 0 0 0 .'], ['SRV 65535 65535 65535 Host', 'SRV 65535 65535 65535 Host.example.']]],
  ['RFC 3123 4 APL holds any number of prefixes, without the zero octets at their end', [
    ['APL'], ['APL 1:0.0.0.0/0 !1:255.255.255.255/32'], ['APL 2:2001:DB8:0::/32 !2:ff00::/8', 'APL 2:2001:db8::/32 !2:ff00::/8'], ['APL !2:::/0 2:::1/128'],
  ]],
  ['RFC 3403 4.1 NAPTR keeps the backslashes of its expression', [
    ['NAPTR 100 50 s "z3950+I2L" "" _z3950._tcp', 'NAPTR 100 50 "s" "z3950+I2L" "" _z3950._tcp.example.'],
    ['NAPTR 0 0 "" "" "!^urn:cid:.+@([^\\\\.]+\\\\.)(.*)$!\\\\2!i" .'], [`NAPTR 65535 65535 "\\000" "${STRING}" "\\"" .`],
  ]],
  ['RFC 3596 2.2 AAAA is printed in the one form of RFC 5952', [
    ['AAAA ::'], ['AAAA FFFF:ffff:FFFF:ffff:FFFF:ffff:FFFF:ffff', 'AAAA ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['AAAA 2001:0db8:0:0:1:0:0:1', 'AAAA 2001:db8::1:0:0:1'], ['AAAA 64:ff9b::192.0.2.33', 'AAAA 64:ff9b::c000:221'], ['AAAA 1:0:2:3:4:5:6:7'],
  ]],
  ['RFC 4025 3.1 IPSECKEY has a gateway of four kinds, and perhaps no key', [
    ['IPSECKEY 10 1 2 192.0.2.38 AQNR'], ['IPSECKEY 255 0 255 . AQ=='], ['IPSECKEY 0 2 1 2001:DB8::1 AQ==', 'IPSECKEY 0 2 1 2001:db8::1 AQ=='],
    ['IPSECKEY 0 3 2 Gate A Q = =', 'IPSECKEY 0 3 2 Gate.example. AQ=='], ['IPSECKEY 0 0 0 .'],
  ]],
  ['RFC 4034 2.2 DNSKEY, 3.2 RRSIG, 4.2 NSEC, 5.3 DS', [
    ['DNSKEY 257 3 ECDSAP256SHA256 ( AQID\n BAUG )', 'DNSKEY 257 3 13 AQIDBAUG'], ['DNSKEY 65535 255 255 /w=='], [`DNSKEY 0 3 8 ${OCTETS}`],
    ['RRSIG TYPE1 5 255 4294967295 4294967295 0 65535 . AQ==', 'RRSIG A 5 255 4294967295 21060207062815 19700101000000 65535 . AQ=='],
    ['RRSIG TYPE65534 RSASHA512 0 1d 20240229235959 20000229000000 0 @ AQ==', 'RRSIG TYPE65534 10 0 86400 20240229235959 20000229000000 0 example. AQ=='],
    ['NSEC Host MX A TYPE1234 NSEC A', 'NSEC Host.example. A MX NSEC TYPE1234'], ['NSEC \\000.h.example. TYPE65535'], ['NSEC . A NS AVC TYPE65535 AGENT', 'NSEC . A NS AVC AGENT TYPE65535'],
    ['DS 60485 RSASHA1 1 2bb183af5f22588179a53b0a 98631fad1a292118', 'DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118'], ['DS 65535 255 255 00'],
  ]],
  ['RFC 4255 3.2 SSHFP is a fingerprint in hex, 7929 2.3 OPENPGPKEY a key in base64', [
    [`SSHFP 4 2 ${DIGEST}`], ['SSHFP 255 255 ( 0a\n fF )', 'SSHFP 255 255 0AFF'], ['OPENPGPKEY A Q I D', 'OPENPGPKEY AQID'], [`OPENPGPKEY ${OCTETS}`],
  ]],
  ['RFC 4398 2.2 CERT is printed with the mnemonics that it may be written with', [
    ['CERT PKIX 0 0 AQ=='], ['CERT 254 65535 8 AQ==', 'CERT OID 65535 RSASHA256 AQ=='], ['CERT 65535 1 255 /w=='],
  ]],
  ['RFC 4701 3.2 DHCID is base64', [['DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA='], ['DHCID A A A B', 'DHCID AAAB']]],
  ['RFC 5155 3.3 NSEC3 and 4.3 NSEC3PARAM: hashes are in base32hex, and no salt is -', [
    ['NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s MX DNSKEY NS SOA NSEC3PARAM RRSIG', 'NSEC3 1 1 12 AABBCCDD 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S NS SOA MX RRSIG DNSKEY NSEC3PARAM'],
    ['NSEC3 1 0 12 AABBCCDD 00000000000000000000000000000000'], ['NSEC3 1 1 12 AABBCCDD VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVV A TYPE65535'],
    [`NSEC3PARAM 1 0 0 ${'FF'.repeat(255)}`], ['NSEC3PARAM 255 255 65535 -'],
  ]],
  ['RFC 6672 2.1 DNAME is a name, never compressed', [['DNAME Other.Test.'], ['DNAME .'], ['DNAME \\.\\000', 'DNAME \\.\\000.example.']]],
  ['RFC 6698 2.2 TLSA and 8162 2 SMIMEA are three numbers and hex', [
    [`TLSA 3 1 1 ${DIGEST}`], ['TLSA 255 255 255 0 ab 0', 'TLSA 255 255 255 0AB0'], [`SMIMEA 0 0 0 ${'00'.repeat(1000)}`], ['SMIMEA 3 0 0 ( ab\n cd )', 'SMIMEA 3 0 0 ABCD'],
  ]],
  ['RFC 6742 2.1 NID, 2.2 L32, 2.3 L64, 2.4 LP', [
    ['NID 10 14:4FFF:ff20:ee64', 'NID 10 0014:4fff:ff20:ee64'], ['NID 65535 ffff:ffff:ffff:ffff'], ['L32 0 0.0.0.0'], ['L32 65535 255.255.255.255'],
    ['L64 10 2001:db8:0:1', 'L64 10 2001:0db8:0000:0001'], ['L64 0 0:0:0:0', 'L64 0 0000:0000:0000:0000'], ['LP 10 L64-subnet1', 'LP 10 L64-subnet1.example.'], ['LP 65535 .'],
  ]],
  ['RFC 7043 3.2 EUI48 and 4.2 EUI64 are pairs of hex digits', [
    ['EUI48 00-00-5E-00-53-2A', 'EUI48 00-00-5e-00-53-2a'], ['EUI48 ff-ff-ff-ff-ff-ff'], ['EUI64 00-00-5e-ef-10-00-00-2A', 'EUI64 00-00-5e-ef-10-00-00-2a'], ['EUI64 00-00-00-00-00-00-00-00'],
  ]],
  ['RFC 7208 3.1 SPF, 9606 3 RESINFO and AVC are TXT by other names', [
    ['SPF v=spf1 -all', 'SPF "v=spf1" "-all"'], [`SPF "${STRING}" "\\255"`], ['RESINFO qnamemin exterr=15-17', 'RESINFO "qnamemin" "exterr=15-17"'], ['RESINFO ""'],
    ['AVC "app-name:WOLFGANG|app-class:OAM"'], ['AVC a\\"b', 'AVC "a\\"b"'],
  ]],
  ['RFC 7344 3.1 CDS and 3.2 CDNSKEY, RFC 8078 4 both with algorithm 0', [
    ['CDS 0 0 0 00'], [`CDS 65535 13 2 ${DIGEST}`], ['CDNSKEY 0 3 0 AA=='], ['CDNSKEY 257 3 ED25519 AQ==', 'CDNSKEY 257 3 15 AQ=='],
  ]],
  ['RFC 7477 2.1 CSYNC may name no type', [['CSYNC 66 3 AAAA NS A', 'CSYNC 66 3 A NS AAAA'], ['CSYNC 4294967295 65535']]],
  ['RFC 7553 4.5 URI is one string of any length', [
    ['URI 10 1 ftp://ftp1.example.com/public', 'URI 10 1 "ftp://ftp1.example.com/public"'], [`URI 65535 65535 "${STRING}${STRING}"`], ['URI 0 0 "a\\"b\\\\c\\000"'],
  ]],
  ['RFC 8005 6 HIP has any number of rendezvous servers', [
    ['HIP 2 200100107b1a74df365639cc39f1d578 AwEAAQ==', 'HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAQ=='],
    ['HIP 255 FF AA== rvs1 Rvs2.test.', 'HIP 255 FF AA== rvs1.example. Rvs2.test.'],
  ]],
  ['RFC 8659 4.1.1 CAA keeps the case of its tag, and a value of no octets', [
    ['CAA 0 issue "ca1.example.net; account=230123"'], ['CAA 255 Issue ";"'], ['CAA 128 tbs ""'], [`CAA 0 a1 "${STRING}\\000\\255\\""`], ['CAA 0 issuewild ca', 'CAA 0 issuewild "ca"'],
  ]],
  ['RFC 8777 4.3 AMTRELAY has a relay of four kinds', [
    ['AMTRELAY 10 0 1 203.0.113.15'], ['AMTRELAY 255 1 2 2001:DB8::15', 'AMTRELAY 255 1 2 2001:db8::15'], ['AMTRELAY 128 1 3 Relay', 'AMTRELAY 128 1 3 Relay.example.'], ['AMTRELAY 0 0 0 .'],
  ]],
  ['RFC 8976 2.3 ZONEMD is a digest of at least 12 octets', [[`ZONEMD 4294967295 1 1 ${DIGEST} ${DIGEST.slice(0, 32)}`, `ZONEMD 4294967295 1 1 ${DIGEST}${DIGEST.slice(0, 32)}`], [`ZONEMD 0 255 255 ${'00'.repeat(12)}`]]],
  ['RFC 9460 2.1 SVCB and 9.1 HTTPS sort their parameters by key', [
    ['SVCB 0 Other', 'SVCB 0 Other.example.'], ['SVCB 65535 . key667="hello\\210qoo"'], ['SVCB 16 foo ( alpn=h2,h3-19 mandatory=ipv4hint,alpn\n ipv4hint=192.0.2.1 )', 'SVCB 16 foo.example. mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1'],
    ['HTTPS 1 . port=65535 alpn=h3 ipv6hint="2001:DB8::1"', 'HTTPS 1 . alpn=h3 port=65535 ipv6hint=2001:db8::1'], ['HTTPS 0 svc.test.'], ['HTTPS 1 . key65534'],
  ]],
  ['RFC 6895 3.1 AGENT, SENSE and TASK are of the range for private use and have the shape of RFC 9460 2.2', [
    ['AGENT 0 other', 'AGENT 0 other.example.'], ['AGENT 65535 Alice latency=0.2s', 'AGENT 65535 Alice.example. latency=200ms'], ['AGENT 1 a.test. binding=exclusive/3600 cost=0.002', 'AGENT 1 a.test. cost=0.002 binding=exclusive/3600'],
    ['SENSE 7 a state=occupied', 'SENSE 7 a.example. state=occupied'], ['SENSE 65535 .'], ['TASK 2 a role=leader', 'TASK 2 a.example. role=leader'], ['TASK 0 \\000.test.'],
  ]],
]

/** The hash of `example.` with salt AABBCCDD and 12 iterations (RFC 5155 A). */
const HASHED_APEX = '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom'

/** The texts of the records that come back for one line of a zone file. */
function carry(written: string): string[] {
  const [type] = written.split(' ', 1)
  const owner = type === 'NSEC3' ? HASHED_APEX : AT_APEX.includes(type) ? '@' : 'h'
  const head = [type === 'SOA' ? '' : SOA, '@ NS ns.test.\n', type === 'NSEC3' ? '@ NSEC3PARAM 1 0 12 AABBCCDD\n' : ''].join('')
  const ask = asker(zoneOf('example.', `$TTL 60\n${head}${owner} ${written}\n`))
  // RFC 5155 7.2.8: an NSEC3 cannot be asked for; it comes as the proof that another type is not there
  const response = type === 'NSEC3' ? ask('example. TXT', { dnssec: true, tcp: true }) : ask(`${owner === '@' ? '' : 'h.'}example. ${type}`, { tcp: true })
  assert.deepEqual([response.rcode, response.flags], ['NOERROR', 'aa'], written)
  const records = (type === 'NSEC3' ? response.authority : response.answer).map((record) => /^\S+ 60 IN (.*?) ?$/.exec(record)?.[1])
  return records.filter((record) => record?.split(' ', 1)[0] === type && (record !== 'NS ns.test.' || written === record)).map(String)
}

for (const [title, rows] of CARRIED) {
  test(title, () => {
    for (const [written, answered = written] of rows) assert.deepEqual(carry(written), [answered], written)
  })
}

test('RFC 3597 5 what is answered may stand in a zone file again, and comes out as it went in', () => {
  for (const [written, answered = written] of CARRIED.flatMap(([, rows]) => rows)) assert.deepEqual(carry(answered), [answered], written)
})

test('RFC 1035 5.1 every type of the list has two rows or more, all but those that live for one message', () => {
  const types = CARRIED.flatMap(([, rows]) => rows.map(([written]) => written.split(' ', 1)[0]))
  const missing = rrTypes.map(({ mnemonic }) => mnemonic).filter((mnemonic) => !METATYPES.includes(mnemonic) && types.filter((type) => type === mnemonic).length < 2)
  assert.deepEqual(missing, [])
})

/** Type and data that are refused, and how the fault begins. */
const REFUSED: readonly (readonly [title: string, rows: readonly (readonly [written: string, fault: string])[]])[] = [
  ['RFC 1035 3.3 names: none, too long, or with an empty label; 3.3.13 numbers of SOA', [
    ['CNAME', 'parse CNAME target as the entry ends before it'], ['PTR a..b', 'parse PTR target "a..b" as it must not hold an empty label'], [`MB ${LABEL}l`, 'parse MB host'],
    [`NS x${LONGEST}`, 'parse NS server'], ['MINFO a', 'parse MINFO errors as the entry ends before it'], ['MX 65536 a', 'parse MX preference "65536" as it must be a number'],
    ['MX -1 a', 'parse MX preference "-1" as it must be a number'], ['MX a', 'parse MX preference "a" as it must be a number'],
    ['MX 1 a b', 'parse MX data "b" as it goes on where the record is complete'], ['SOA a b 4294967296 1 1 1 1', 'parse SOA serial "4294967296" as it must be a number'],
    ['SOA a b 1 1x 1 1 1', 'parse SOA refresh "1x" as it must be seconds or use s m h d w, at most 2147483647'], ['SOA a b 1 1 1 1', 'parse SOA minimum as the entry ends before it'],
  ]],
  ['RFC 1035 3.3.2, 3.3.14 strings: too few, too long, not closed, escaped beyond an octet', [
    ['HINFO one', 'parse HINFO os as the entry ends before it'], ['HINFO a b c', 'parse HINFO data "c" as it goes on where the record is complete'],
    ['TXT', 'parse TXT text as the entry ends before it'], [`TXT "${STRING}s"`, 'parse TXT text'], ['TXT \\256', 'parse TXT text "\\256" as it must write escapes as \\X or \\DDD up to \\255'],
    ['TXT "open', 'parse text as its closing quote is missing on this line'], ['X25', 'parse X25 address as the entry ends before it'], ['ISDN', 'parse ISDN address as the entry ends before it'],
    ['RESINFO', 'parse RESINFO text as the entry ends before it'], ['SPF', 'parse SPF text as the entry ends before it'], ['AVC', 'parse AVC text as the entry ends before it'],
  ]],
  ['RFC 1035 3.4.1, 3596 2.2, 6742, 7043 addresses', [
    ['A 192.0.2', 'parse A address "192.0.2" as it must be an IPv4 address'], ['A 192.0.2.256', 'parse A address "192.0.2.256" as it must be an IPv4 address'],
    ['A 192.0.2.1.', 'parse A address "192.0.2.1." as it must be an IPv4 address'], ['AAAA 1::2::3', 'parse AAAA address "1::2::3" as it must be an IPv6 address'],
    ['AAAA 12345::', 'parse AAAA address "12345::" as it must be an IPv6 address'], ['L32 1 1.2.3', 'parse L32 locator "1.2.3" as it must be an IPv4 address'],
    ['L64 1 1:2:3', 'parse L64 locator "1:2:3" as it must be four groups of hex digits'], ['NID 65536 1:2:3:4', 'parse NID preference "65536" as it must be a number'],
    ['NID 1 g:1:1:1', 'parse NID identifier "g:1:1:1" as it must be four groups of hex digits'], ['LP 1', 'parse LP locators as the entry ends before it'],
    ['EUI48 00-00-5e-00-53', 'parse EUI48 address "00-00-5e-00-53" as it must be six pairs of hex digits with - between'],
    ['EUI64 00:00:5e:ef:10:00:00:2a', 'parse EUI64 address "00:00:5e:ef:10:00:00:2a" as it must be eight pairs of hex digits with - between'],
  ]],
  ['RFC 1183, 2163, 2230, 2782, 3403 preferences and what they prefer', [
    ['AFSDB afs', 'parse AFSDB subtype "afs" as it must be a number'], ['RP a', 'parse RP text as the entry ends before it'], ['RT 1', 'parse RT intermediate as the entry ends before it'],
    ['PX 1 a', 'parse PX x400 as the entry ends before it'], ['KX 70000 a', 'parse KX preference "70000" as it must be a number'], ['SRV 0 0 65536 a', 'parse SRV port "65536" as it must be a number'],
    ['SRV 0 0 0', 'parse SRV target as the entry ends before it'], ['NAPTR 1 1 s x', 'parse NAPTR regexp as the entry ends before it'],
    ['NAPTR 1 65536 s x "" .', 'parse NAPTR preference "65536" as it must be a number'],
  ]],
  ['RFC 1876 3 LOC beyond the pole, the minute and the height that fit', [
    ['LOC 91 N 0 E 0', 'parse LOC location latitude degrees "91" as it must be a number'], ['LOC 90 0 0.001 N 0 E 0', 'parse LOC location latitude "N" as it must be at most 90 degrees'],
    ['LOC 0 60 N 0 E 0', 'parse LOC location latitude minutes "60" as it must be a number'], ['LOC 0 0 60 N 0 E 0', 'parse LOC location latitude seconds "60" as it must be 0 to 59.999'],
    ['LOC 0 E 0 N 0', 'parse LOC location latitude direction "E" as it must be N or S'], ['LOC 0 N 0 E', 'parse LOC location altitude as the entry ends before it'],
    ['LOC 0 N 0 E -100000.01', 'parse LOC location altitude "-100000.01" as it must be metres from -100000 to 42849672.95'],
    ['LOC 0 N 0 E 0 90000001', 'parse LOC location size "90000001" as it must be metres from 0 to 90000000'],
  ]],
  ['RFC 3123 4, 4025 3.1, 8005 6, 8777 4.3 prefixes, gateways and identities', [
    ['APL 3:192.0.2.0/24', 'parse APL prefixes "3:192.0.2.0/24" as it must be a prefix'], ['APL 1:192.0.2.0/33', 'parse APL prefixes "1:192.0.2.0/33" as it must be a prefix'],
    ['APL 2:::/129', 'parse APL prefixes "2:::/129" as it must be a prefix'], ['IPSECKEY 1 4 2 . AQ==', 'parse IPSECKEY gateway type "4" as it must be a number'],
    ['IPSECKEY 1 0 2 192.0.2.1 AQ==', 'parse IPSECKEY gateway "192.0.2.1" as it must be . as its type is 0'],
    ['IPSECKEY 1 1 2 gate AQ==', 'parse IPSECKEY gateway "gate" as it must be an IPv4 address'], ['IPSECKEY 1 2 2 192.0.2.1', 'parse IPSECKEY gateway "192.0.2.1" as it must be an IPv6 address'],
    ['HIP 2 0 AQ==', 'parse HIP identity tag "0" as it must be an even number of hex digits'], ['HIP 2 00', 'parse HIP identity public key as the entry ends before it'],
    ['AMTRELAY 1 2 0 .', 'parse AMTRELAY relay discovery bit "2" as it must be a number'], ['AMTRELAY 1 0 4 .', 'parse AMTRELAY relay type "4" as it must be a number'],
    ['AMTRELAY 1 0 2 192.0.2.1', 'parse AMTRELAY relay "192.0.2.1" as it must be an IPv6 address'],
  ]],
  ['RFC 4034, 5155, 7477, 8976 keys, times, digests and bitmaps', [
    ['DNSKEY 256 3 NONSENSE AQ==', 'parse DNSKEY algorithm "NONSENSE" as it must be a known mnemonic or a number from 0 to 255'],
    ['DNSKEY 256 3 8', 'parse DNSKEY public key as the entry ends before it'], ['DNSKEY 256 3 8 A', 'parse DNSKEY public key "" as it must be base64 with its padding'],
    ['KEY 1 256 1', 'parse KEY protocol "256" as it must be a number'], ['DS 1 8 2', 'parse DS digest as the entry ends before it'],
    ['DS 1 8 2 abc', 'parse DS digest "" as it must be an even number of hex digits'], ['CDS 1 8 2 xy', 'parse CDS digest "xy" as it must be an even number of hex digits'],
    ['RRSIG 1 8 0 0 0 0 0 . AQ==', 'parse RRSIG type covered "1" as it must be an RR type'],
    ['RRSIG A 8 0 0 20230229000000 0 0 . AQ==', 'parse RRSIG expiration "20230229000000" as it must be a date and time, YYYYMMDDHHmmSS, from 1970 to 2106'],
    ['SIG A 8 0 0 21070101000000 0 0 . AQ==', 'parse SIG expiration "21070101000000" as it must be a date and time, YYYYMMDDHHmmSS, from 1970 to 2106'],
    ['NSEC', 'parse NSEC next as the entry ends before it'], ['NSEC . NONSENSE', 'parse NSEC types "NONSENSE" as it must be a list of RR types'],
    ['NSEC3 1 0 0 abc 00', 'parse NSEC3 salt "abc" as it must be an even number of hex digits'], ['NSEC3 1 0 0 - W0', 'parse NSEC3 next hashed owner "W0" as it must be base32hex without padding'],
    ['NSEC3PARAM 1 0 65536 -', 'parse NSEC3PARAM iterations "65536" as it must be a number'], ['CSYNC 1 65536 A', 'parse CSYNC flags "65536" as it must be a number'],
    ['ZONEMD 1 1 1 00', 'parse ZONEMD digest "" as it must hold at least 12 octets'], ['CDNSKEY 0 3 0', 'parse CDNSKEY public key as the entry ends before it'],
  ]],
  ['RFC 4255, 4398, 4701, 6698, 7553, 7929, 8659 fingerprints, certificates and who issues them', [
    ['SSHFP 256 1 00', 'parse SSHFP algorithm "256" as it must be a number'], ['SSHFP 1 1', 'parse SSHFP fingerprint as the entry ends before it'],
    ['CERT NONSENSE 1 1 AQ==', 'parse CERT type "NONSENSE" as it must be a known mnemonic or a number from 0 to 65535'], ['CERT PKIX 1 1', 'parse CERT certificate as the entry ends before it'],
    ['DHCID', 'parse DHCID digest as the entry ends before it'], ['DHCID %%%%', 'parse DHCID digest "%%%%" as it must be base64 with its padding'],
    ['TLSA 3 1 1', 'parse TLSA data as the entry ends before it'], ['TLSA 3 1 1 0g', 'parse TLSA data "0g" as it must be an even number of hex digits'],
    ['SMIMEA 3 1 256 00', 'parse SMIMEA matching type "256" as it must be a number'], ['OPENPGPKEY', 'parse OPENPGPKEY key as the entry ends before it'],
    ['URI 1 1 ""', 'parse URI target "" as it must not be empty'], ['CAA 256 issue ""', 'parse CAA flags "256" as it must be a number'],
    ['CAA 0 is-sue ""', 'parse CAA tag "is-sue" as it must be letters and digits'], ['CAA 0 issue', 'parse CAA value as the entry ends before it'],
  ]],
  ['RFC 9460 2.1 parameters: unknown, twice, and of another type', [
    ['SVCB', 'parse SVCB priority as the entry ends before it'], ['SVCB 65536 .', 'parse SVCB priority "65536" as it must be a number'],
    ['HTTPS 1 . nonsense=1', 'parse parameter "nonsense=1" as it must start with a known key or keyNNNNN'],
    ['SVCB 1 . port=1 port=1', 'parse parameter "port=1" as it must not occur twice (RFC 9460 2.1)'], ['HTTPS 1 . port=65536', 'parse port "65536" as it must be a number'],
    ['HTTPS 1 . latency=1ms', 'parse parameter "latency=1ms" as it must be one that occurs in SVCB'],
    ['SVCB 1 . mandatory=port', 'parse parameters "" as it must hold port, which mandatory names (RFC 9460 8)'],
    ['AGENT 1 . latency=soon', 'parse latency "soon" as it must be a number with a unit (us ms s) of at most 32 bits'],
    ['SENSE 1 . state=asleep', 'parse state "asleep" as it must be one of idle transition occupied draining failed'], ['TASK 65536 .', 'parse TASK state "65536" as it must be a number'],
  ]],
]

for (const [title, rows] of REFUSED) {
  test(title, () => {
    for (const [written, fault] of rows) {
      const { messages } = parse(`$TTL 60\nh ${written}\n`, 'example.')
      assert.equal(messages.map((message) => message.replace(/^[^ ]+ Cannot /, '').slice(0, fault.length)).join('\n'), fault, `${written}: ${messages.join('\n')}`)
    }
  })
}
