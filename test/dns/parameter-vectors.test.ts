/** Parameters in octets as the protocol page fixes them, and each way in which a text is no parameter with what is then said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TextFault, WireFault } from '../../src/dns/faults.ts'
import { decodeParameters, parseParameters, PARAMETERS, printParameters, valueOf, type Place } from '../../src/dns/parameters.ts'
import { fromHex, hexOf } from './rdata-text.ts'

const VECTORS: readonly (readonly [Place, string, string])[] = [
  ['DEMAND', 'latency=200ms', 'FF14 0004 00030D40'],
  ['DEMAND', 'latency=1us accuracy=0.93', 'FF14 0004 00000001 FF15 0002 2454'],
  ['DEMAND', 'near=48.2,16.4', 'FF2B 0008 02DF7940 00FA3E80'],
  ['DEMAND', 'closure', 'FF42 0000'],
  ['DEMAND', 'prefer=latency:5,cost:2', 'FF43 0006 FF14 05 FF18 02'],
  ['DEMAND', 'outcome=a/busy/1ms/4/1970-01-01T00:00:00.009Z', 'FF46 0014 016100 01 000003E8 00000004 0000000000000009'],
  ['DEMAND', 'peer=192.0.2.1', 'FF3E 0005 04 C0000201'],
  ['AGENT', 'cost=0.002', 'FF18 0004 000007D0'],
  ['AGENT', 'binding=exclusive/3600', 'FF28 0005 01 00000E10'],
  ['AGENT', 'binding=shared', 'FF28 0001 00'],
  ['AGENT', 'depends=a.example,b', 'FF29 000E 0161076578616D706C6500 016200'],
  ['AGENT', 'location=-1,-0.000001', 'FF2B 0008 FFF0BDC0 FFFFFFFF'],
  ['AGENT', 'security=mtls,open', 'FF2D 000A 046D746C73 046F70656E'],
  ['AGENT', 'color=7/192.0.2.1', 'FF33 0009 00000007 04 C0000201'],
  ['SENSE', 'state=occupied', 'FF1D 0001 02'],
  ['SENSE', 'time=1970-01-01T00:00:01.000Z', 'FF1E 0008 00000000000003E8'],
  ['TASK', 'role=leader', 'FF5A 0006 6C6561646572'],
  ['OFFER', 'scores=1,0.5', 'FF50 0004 2710 1388'],
  ['OFFER', 'ages=none,1s', 'FF51 0008 FFFFFFFF 000003E8'],
  ['OFFER', 'scope=latency,location', 'FF54 0004 FF14 FF2B'],
  ['OFFER', 'translated=a/0.5', 'FF55 0005 016100 1388'],
  ['OFFER', 'reporting=10s/0.25', 'FF56 0006 00002710 09C4'],
]

test('octets are those of the protocol page, and print as the text', () => {
  for (const [place, text, hex] of VECTORS) {
    const wire = hex.replaceAll(' ', '')
    assert.equal(hexOf(parseParameters(text, place)), wire, text)
    assert.equal(printParameters(fromHex(wire), place), text)
  }
})

test('values read as numbers in the units of the protocol', () => {
  const text = 'latency=200ms accuracy=0.93 cost=0.002 near=48.2,-16.4 provider=Acme.example binding=exclusive/3600 count=3 max-age=2m closure'
  const demand = decodeParameters(parseParameters(text, 'DEMAND'), 'DEMAND')
  assert.equal(valueOf(demand, PARAMETERS.latency), 200_000)
  assert.equal(valueOf(demand, PARAMETERS.accuracy), 9_300)
  assert.equal(valueOf(demand, PARAMETERS.cost), 2_000)
  assert.deepEqual(valueOf(demand, PARAMETERS.location), { latitude: 48_200_000, longitude: -16_400_000 })
  assert.deepEqual(valueOf(demand, PARAMETERS.provider)?.map(String), ['Acme.example.'])
  assert.deepEqual(valueOf(demand, PARAMETERS.binding), { exclusive: true, seconds: 3600 })
  assert.equal(valueOf(demand, PARAMETERS['max-age']), 120_000)
  assert.equal(valueOf(demand, PARAMETERS.closure), true)
  assert.equal(valueOf(demand, PARAMETERS.uplink), undefined)
})

test('text is read as people write it: case of keys and units, trailing dots, quotes around any value, many lines', () => {
  const same: readonly (readonly [Place, string, string])[] = [
    ['DEMAND', 'LATENCY=0.2s', 'latency=200ms'],
    ['DEMAND', 'latency=200MS', 'latency=200ms'],
    ['DEMAND', 'latency="200ms"', 'latency=200ms'],
    ['DEMAND', 'provider=acme.example.', 'provider=acme.example'],
    ['DEMAND', 'uplink=0.5Gbit', 'uplink=500Mbit'],
    ['DEMAND', 'cost=0.0020', 'cost=0.002'],
    ['DEMAND', 'closure=""', 'closure'],
    ['DEMAND', '( latency=1s\n count=2 ) ; what is needed', 'count=2 latency=1s'],
    ['SENSE', 'time=1000', 'time=1970-01-01T00:00:01.000Z'],
    ['AGENT', 'key65300="\\000\\003\\013\\064"', 'latency=200ms'],
    ['SVCB', 'alpn="h2" port="443"', 'port=443 alpn=h2'],
  ]
  for (const [place, text, other] of same) assert.equal(hexOf(parseParameters(text, place)), hexOf(parseParameters(other, place)), text)
})

test('each text that is no parameter is told what it must be', () => {
  const faults: readonly (readonly [Place, string, RegExp])[] = [
    ['DEMAND', 'speed=3', /must start with a known key or keyNNNNN/],
    ['DEMAND', 'latency=200', /Cannot parse latency "200" as it must be a number with a unit \(us ms s\)/],
    ['DEMAND', 'latency=-1ms', /must be a number with a unit/],
    ['DEMAND', 'latency=4295s', /at most 32 bits/],
    ['DEMAND', 'latency=0.5us', /must be a number with a unit/],
    ['DEMAND', 'latency', /must be a number with a unit/],
    ['DEMAND', 'latency=1"ms"', /must be a number with a unit/],
    ['DEMAND', 'latency=1ms latency=2ms', /must not occur twice/],
    ['DEMAND', 'near=1,2 location=1,2', /must not occur twice/],
    ['DEMAND', 'accuracy=1.01', /from 0 to 1 with at most 4 decimals/],
    ['DEMAND', 'accuracy=0.12345', /at most 4 decimals/],
    ['DEMAND', 'cost=4295', /from 0 to 4294.967295/],
    ['DEMAND', 'near=91,0', /latitude and longitude in degrees/],
    ['DEMAND', 'near=0,180.1', /latitude and longitude in degrees/],
    ['DEMAND', 'near=48.2', /latitude and longitude in degrees/],
    ['DEMAND', 'binding=exclusive/x', /must be shared, exclusive or/],
    ['DEMAND', 'binding=exclusive/4294967296', /must be shared, exclusive or/],
    ['DEMAND', 'closure=yes', /must have no value/],
    ['DEMAND', 'count=256', /from 0 to 255/],
    ['DEMAND', 'provider=', /must not have empty items/],
    ['DEMAND', 'provider=a,,b', /must not have empty items/],
    ['DEMAND', 'provider=a..b', /must be a domain name/],
    ['DEMAND', 'provider="a b"', /must be a domain name/],
    ['DEMAND', 'provider="a\\\\"', /must not end with a lone backslash/],
    ['DEMAND', 'peer=example', /must be an IP address/],
    ['DEMAND', 'prefer=latency', /must have 2 parts with ":" between them/],
    ['DEMAND', 'prefer=speed:1', /must be names of keys/],
    ['DEMAND', 'outcome=a/lost/1ms/4/9', /must be one of done busy unreachable/],
    ['DEMAND', 'intent=""', /must be text in UTF-8/],
    ['DEMAND', 'security="two words"', /must be a word of/],
    ['DEMAND', `avoid=${'a,'.repeat(255)}a`, /at most 255 items/],
    ['DEMAND', 'state=idle', /must be one that occurs in DEMAND/],
    ['DEMAND', '"latency=1ms"', /key outside the quotes/],
    ['AGENT', 'count=3', /must be one that occurs in AGENT/],
    ['AGENT', 'endpoint=nowhere', /must be an absolute URI/],
    ['AGENT', 'key65300=x', /must hold octets of its kind/],
    ['AGENT', 'alias="\\000"', /must be a label of 1 to 63 octets/],
    ['SVCB', 'latency=1ms', /must be one that occurs in SVCB/],
    ['SVCB', 'ech="A==="', /must be base64 with its padding/],
    ['SVCB', 'dohpath=/dns', /must be a path template with the variable dns/],
    ['SVCB', 'ipv4hint=2001:db8::1', /must be IPv4 addresses/],
    ['SVCB', 'no-default-alpn', /must hold alpn where they hold no-default-alpn \(RFC 9460 7.1.1\)/],
    ['SENSE', 'time=yesterday', /must be a time/],
    ['SENSE', 'state=asleep', /must be one of idle transition/],
  ]
  for (const [place, text, pattern] of faults) {
    assert.throws(() => parseParameters(text, place), (fault) => fault instanceof TextFault && pattern.test(fault.message), `${place}: ${text}`)
  }
})

test('octets that break their kind are malformed, with the reason beside them', () => {
  const cases: readonly (readonly [Place, string, string])[] = [
    ['DEMAND', 'FF14 0003 000000', 'latency is too short'],
    ['DEMAND', 'FF14 0005 0000000000', 'latency is too long'],
    ['DEMAND', 'FF15 0002 2711', 'a ratio above 1'],
    ['DEMAND', 'FF42 0001 00', 'closure with a value'],
    ['DEMAND', 'FF2A 0000', 'a list without items'],
    ['DEMAND', 'FF2A 0002 C000', 'a compressed name'],
    ['DEMAND', 'FF2A 0002 0161', 'a name cut short'],
    ['DEMAND', 'FF2D 0001 00', 'an empty token'],
    ['DEMAND', 'FF2D 0002 0361', 'a token that runs past its value'],
    ['DEMAND', 'FF2D 0002 0361 FF42 0000', 'a token that runs into the next parameter'],
    ['DEMAND', 'FF2B 0008 055D4A81 00000000', '90.000001 degrees'],
    ['DEMAND', 'FF3E 0002 05C0', 'an address of five octets'],
    ['SENSE', 'FF1D 0001 05', 'no such state'],
    ['SENSE', 'FF1E 0008 FFFFFFFFFFFFFFFF', 'a time beyond what a double holds'],
    ['AGENT', 'FF28 0001 02', 'no such binding'],
    ['AGENT', 'FF28 0002 0100', 'half a time of holding'],
    ['SVCB', '0000 0002 0000', 'mandatory names itself (RFC 9460 8)'],
    ['SVCB', '0000 0004 0003 0001', 'mandatory descends (RFC 9460 8)'],
    ['SVCB', '0000 0000', 'mandatory is empty'],
    ['SVCB', '0001 0000', 'alpn is empty (RFC 9460 7.1.1)'],
    ['SVCB', '0001 0002 0341', 'an alpn that runs past its value'],
    ['SVCB', '0003 0003 010203', 'a port of three octets (RFC 9460 7.2)'],
    ['SVCB', '0004 0003 C00002', 'half an address (RFC 9460 7.3)'],
    ['SVCB', '0006 0004 C0000201', 'an IPv4 address as IPv6 hint (RFC 9460 7.3)'],
  ]
  for (const [place, hex, reason] of cases) {
    const octets = fromHex(hex)
    assert.throws(() => decodeParameters(octets, place), WireFault, reason)
    assert.throws(() => printParameters(octets, place), WireFault, reason)
  }
})
