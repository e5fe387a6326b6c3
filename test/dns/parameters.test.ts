/** Parameters of records and options: one table, one codec, one text (docs/protocol.md 3, RFC 9460 2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TextFault, WireFault } from '../../src/dns/faults.ts'
import { Name } from '../../src/dns/name.ts'
import { listParameters, parameterAt, parseKey, printKey } from '../../src/dns/parameter-table.ts'
import { PARAMETERS, decodeParameters, encodeParameters, encodeValue, findValue, parseParameters, printParameters, valueIn, valueOf, type Place } from '../../src/dns/parameters.ts'
import { PLACES, anyParameterOctets, anyParameters, samplesAt, valueOctets, wordOf } from './parameter-samples.ts'
import { fromHex, hexOf, octetsOf, textOf } from './rdata-text.ts'

function refusedText(text: string, place: Place, reason: RegExp): void {
  assert.throws(() => parseParameters(text, place), (fault: unknown) => fault instanceof TextFault && reason.test(fault.message), text.slice(0, 100))
}

function refusedOctets(hex: string, place: Place): void {
  assert.throws(() => decodeParameters(fromHex(hex), place), WireFault, `decode ${hex}`)
  assert.throws(() => printParameters(fromHex(hex), place), WireFault, `print ${hex}`)
}

test('the demand of the protocol is one line of text and back', () => {
  const text = 'latency=200ms accuracy=0.93 cost=0.002 binding=exclusive/3600 provider=acme.example near=48.2,16.4 group=t42._task.acme.example'
  const octets = parseParameters(text, 'DEMAND')
  assert.equal(printParameters(octets, 'DEMAND'), text)
  const demand = decodeParameters(octets, 'DEMAND')
  assert.equal(valueOf(demand, PARAMETERS.latency), 200_000)
  assert.equal(valueOf(demand, PARAMETERS.accuracy), 9_300)
  assert.equal(valueOf(demand, PARAMETERS.cost), 2_000)
  assert.deepEqual(valueOf(demand, PARAMETERS.binding), { exclusive: true, seconds: 3600 })
  assert.deepEqual(valueOf(demand, PARAMETERS.provider)?.map(String), ['acme.example.'])
  assert.deepEqual(valueOf(demand, PARAMETERS.location), { latitude: 48_200_000, longitude: 16_400_000 })
  assert.equal(valueOf(demand, PARAMETERS.group)?.toString(), 't42._task.acme.example.')
  assert.equal(valueOf(demand, PARAMETERS.modality), undefined)
})

/** Wire values by the widths of docs/protocol.md 3, in hex: what other implementations will send. */
const WIRE: [place: Place, word: string, hex: string][] = [
  ['DEMAND', 'latency=200ms', '00030D40'], ['DEMAND', 'accuracy=0.93', '2454'], ['AGENT', 'concurrency=16', '00000010'], ['SENSE', 'active=3', '00000003'],
  ['AGENT', 'cost=0.002', '000007D0'], ['AGENT', 'stability=1', '2710'], ['AGENT', 'history=0.5', '1388'], ['DEMAND', 'uplink=10Mbit', '00002710'], ['DEMAND', 'downlink=64kbit', '00000040'],
  ['SENSE', 'state=occupied', '02'], ['SENSE', 'time=1970-01-01T00:00:01.000Z', '00000000000003E8'], ['SENSE', 'errors=0.01', '0064'], ['SENSE', 'arrivals=1', '00000001'],
  ['SENSE', 'rejects=2', '00000002'], ['AGENT', 'queue=8', '00000008'], ['SENSE', 'service=1ms', '000003E8'], ['AGENT', 'binding=shared', '00'], ['AGENT', 'binding=exclusive/60', '010000003C'],
  ['AGENT', 'depends=a.example,b', '0161076578616D706C6500' + '016200'], ['AGENT', 'location=-1,0.000001', 'FFF0BDC0' + '00000001'], ['DEMAND', 'near=90,-180', '055D4A80' + 'F5456B00'],
  ['AGENT', 'region=eu', '6575'], ['AGENT', 'security=tls,mtls', '03746C73' + '046D746C73'], ['AGENT', 'weight=10', '000A'], ['AGENT', 'endpoint=x:y', '783A79'], ['AGENT', 'profile=short-lived', '02'],
  ['TASK', 'successor=a', '016100'], ['AGENT', 'color=7/192.0.2.9', '00000007' + '04C0000209'], ['AGENT', 'alias=ocr', '6F6372'], ['DEMAND', 'count=8', '08'],
  ['DEMAND', 'peer=192.0.2.7,2001:db8::7', '04C0000207' + '1020010DB8000000000000000000000007'], ['DEMAND', 'max-age=2s', '000007D0'], ['DEMAND', 'closure', ''],
  ['DEMAND', 'prefer=latency:3,cost:1', 'FF1403' + 'FF1801'], ['DEMAND', 'intent=hi', '6869'], ['DEMAND', 'candidates', ''],
  ['DEMAND', 'outcome=a/unreachable/1ms/3/1970-01-01T00:00:00.005Z', '016100' + '02' + '000003E8' + '00000003' + '0000000000000005'],
  ['OFFER', 'scores=1,0.5', '27101388'], ['OFFER', 'ages=5ms,none', '00000005FFFFFFFF'], ['OFFER', 'states=idle,failed', '0004'], ['OFFER', 'unmet=0,5', '0000000000000005'],
  ['OFFER', 'scope=latency,cost', 'FF14FF18'], ['OFFER', 'translated=a/0.5', '0161001388'], ['TASK', 'role=lead', '6C656164'],
  ['SVCB', 'port=53', '0035'], ['SVCB', 'tls-supported-groups=29,23', '001D0017'], ['SVCB', 'ohttp', ''], ['SVCB', 'key65409=agent-card.json', '6167656E742D636172642E6A736F6E'],
]

for (const [place, word, hex] of WIRE) {
  test(`${place} ${word} has the octets that the protocol gives it`, () => {
    const octets = parseParameters(word, place)
    assert.equal(hexOf(octets.slice(4)), hex)
    assert.equal(octets[2] * 256 + octets[3], hex.length / 2)
    assert.equal(printParameters(octets, place), word)
  })
}

test('every parameter prints as its samples are written, wherever it may occur', () => {
  for (const place of PLACES) {
    for (const [parameter, samples] of samplesAt(place)) {
      if (parameter.key === PARAMETERS.mandatory.key || parameter.key === PARAMETERS['no-default-alpn'].key) continue
      assert.ok(samples.length > 0, parameter.name)
      for (const sample of samples) {
        const octets = parseParameters(wordOf(parameter, sample, place), place)
        const printed = printParameters(octets, place)
        assert.deepEqual(parseParameters(printed, place), octets, printed)
        if (!/0$/.test(sample)) assert.equal(printed, wordOf(parameter, sample, place))
      }
    }
  }
})

test('every sample, by its number as keyNNNNN with its octets escaped, is the same list (RFC 9460 2.1)', () => {
  for (const place of PLACES) {
    for (const [parameter, samples] of samplesAt(place)) {
      if (parameter.key === PARAMETERS.mandatory.key || parameter.key === PARAMETERS['no-default-alpn'].key) continue
      for (const sample of samples) {
        const octets = valueOctets(parameter, sample, place)
        const escaped = Array.from(octets, (octet) => `\\${String(octet).padStart(3, '0')}`).join('')
        const generic = octets.length === 0 ? `key${parameter.key}` : `key${parameter.key}="${escaped}"`
        assert.deepEqual(parseParameters(generic, place), parseParameters(wordOf(parameter, sample, place), place), generic)
      }
    }
  }
})

test('the value of every parameter is refused when it is cut short or goes on, or is another legal value', () => {
  for (const place of PLACES) {
    for (const [parameter, samples] of samplesAt(place)) {
      for (const sample of samples) {
        const whole = valueOctets(parameter, sample, place)
        const variants = [...Array.from(whole, (_, size) => whole.slice(0, size)), Uint8Array.from([...whole, 0]), Uint8Array.from([...whole, 0xff]), Uint8Array.from([0xff, ...whole])]
        for (const octets of variants) {
          const list = encodeParameters(new Map([[parameter.key, octets]]))
          try {
            decodeParameters(list, place)
            assert.ok(printParameters(list, place).length > 0)
          } catch (fault) {
            assert.ok(fault instanceof WireFault, `${parameter.name} ${hexOf(octets)}: ${String(fault)}`)
          }
        }
      }
    }
  }
})

test('parameters stand in any order in text and ascend on the wire (RFC 9460 2.1, 2.2)', () => {
  const ordered = parseParameters('latency=1ms cost=1 count=2', 'DEMAND')
  assert.deepEqual(parseParameters('count=2 latency=1ms cost=1', 'DEMAND'), ordered)
  assert.deepEqual([...decodeParameters(ordered, 'DEMAND').keys()], [65300, 65304, 65340])
  assert.deepEqual(encodeParameters(new Map([...decodeParameters(ordered, 'DEMAND')].reverse())), ordered)
})

test('65535 is no key, on the wire neither (RFC 9460 14.3.2)', () => {
  refusedOctets('FFFF 0000', 'SVCB')
  assert.equal(decodeParameters(fromHex('FFFE 0000'), 'SVCB').size, 1)
})

test('keys that do not ascend, or come twice, are malformed (RFC 9460 2.2)', () => {
  refusedOctets('FF18 0004 00000001 FF14 0004 00000001', 'DEMAND')
  refusedOctets('FF14 0004 00000001 FF14 0004 00000001', 'DEMAND')
  assert.equal(decodeParameters(fromHex('0000 0002 0001 0001 0003 026832'), 'SVCB').size, 2, 'key 0 may be first')
})

test('lists that end within a key, a length or a value are malformed at every octet (RFC 9460 2.2)', () => {
  const whole = parseParameters('latency=1ms count=2', 'DEMAND')
  const cuts = Array.from(whole, (_, size) => size).filter((size) => size !== 0 && size !== 8)
  for (const size of cuts) assert.throws(() => decodeParameters(whole.slice(0, size), 'DEMAND'), WireFault, `${size}`)
  assert.equal(decodeParameters(whole.slice(0, 8), 'DEMAND').size, 1)
})

test('values out of their range are malformed', () => {
  const malformed: [Place, string][] = [
    ['DEMAND', 'FF15 0002 2711'], ['SENSE', 'FF1D 0001 05'], ['AGENT', 'FF28 0001 02'], ['AGENT', 'FF28 0003 010000'], ['AGENT', 'FF2B 0008 055D4A81 00000000'], ['AGENT', 'FF2B 0008 00000000 0ABA9501'],
    ['AGENT', 'FF31 0001 03'], ['DEMAND', 'FF3E 0004 03C00002'], ['DEMAND', 'FF42 0001 00'], ['DEMAND', 'FF44 0002 C3 28'], ['AGENT', 'FF2A 0002 C000'], ['AGENT', 'FF2D 0002 0500'], ['AGENT', 'FF2D 0001 00'],
    ['SVCB', '0000 0000'], ['SVCB', '0000 0002 0000'], ['SVCB', '0000 0004 0003 0001'], ['SVCB', '0000 0004 0001 0001'], ['SVCB', '0001 0000'], ['SVCB', '0001 0001 00'], ['SVCB', '0001 0003 036832'],
    ['SVCB', '0002 0001 00'], ['SVCB', '0003 0001 35'], ['SVCB', '0003 0003 003500'], ['SVCB', '0004 0000'], ['SVCB', '0004 0005 C000020100'], ['SVCB', '0006 0004 C0000201'],
  ]
  for (const [place, hex] of malformed) refusedOctets(hex, place)
})

test('a key without meaning in its place is octets, and prints as keyNNNNN (RFC 9460 2.1)', () => {
  const octets = fromHex('029B 0005 68656C6C6F FF14 0001 07')
  assert.equal(printParameters(octets, 'SVCB'), 'key667=hello key65300="\\007"')
  assert.deepEqual(parseParameters(printParameters(octets, 'SVCB'), 'SVCB'), octets)
  assert.equal(parameterAt(65300, 'SVCB'), undefined)
  refusedText('latency=1ms', 'SVCB', /occurs in SVCB/)
  refusedText('near=1,1', 'OFFER', /occurs in OFFER/)
})

test('keyNNNNN has no leading zeros and is never 65535 (RFC 9460 2.1, 14.3.2)', () => {
  assert.equal(parseKey('key0'), 0)
  assert.equal(parseKey('KEY65534'), 65534)
  for (const text of ['key', 'key00', 'key01', 'key65535', 'key65536', 'key99999', 'key123456', 'key-1', 'key1x', '', 'latenc', 'constructor', '__proto__']) assert.equal(parseKey(text), undefined, text)
  refusedText('key65535=x', 'SVCB', /known key or keyNNNNN/)
  refusedText('=x', 'SVCB', /known key or keyNNNNN/)
})

test('a generic key that has a meaning is held to it', () => {
  assert.equal(printParameters(parseParameters('key3="\\000\\053"', 'SVCB'), 'SVCB'), 'port=53')
  refusedText('key3=53x', 'SVCB', /octets of its kind/)
  refusedText('key3=53 port=53', 'SVCB', /occur twice/)
})

test('location is asked for as near, and both names are read in a demand', () => {
  assert.equal(printParameters(parseParameters('near=48.2,16.4', 'DEMAND'), 'DEMAND'), 'near=48.2,16.4')
  assert.equal(printParameters(parseParameters('location=48.2,16.4', 'DEMAND'), 'DEMAND'), 'near=48.2,16.4')
  assert.equal(printParameters(parseParameters('location=48.2,16.4', 'AGENT'), 'AGENT'), 'location=48.2,16.4')
  assert.equal(printKey(65323, 'SENSE'), 'key65323')
})

test('values that are none are refused with what is wanted', () => {
  const refused: [Place, string, RegExp][] = [
    ['DEMAND', 'latency=200', /unit \(us ms s\)/], ['DEMAND', 'latency=-1ms', /unit/], ['DEMAND', 'latency=4295s', /32 bits/], ['DEMAND', 'latency=0.5us', /unit/], ['DEMAND', 'latency', /unit/],
    ['DEMAND', 'accuracy=1.1', /from 0 to 1/], ['DEMAND', 'accuracy=0.00001', /4 decimals/], ['DEMAND', 'accuracy=1e-1', /from 0 to 1/], ['DEMAND', 'cost=-1', /0 to/], ['DEMAND', 'cost=4294.967296', /0 to/],
    ['DEMAND', 'count=256', /0 to 255/], ['DEMAND', 'near=48.2', /latitude and longitude/], ['DEMAND', 'near=91,0', /latitude/], ['DEMAND', 'near=0,181', /latitude/], ['DEMAND', 'near=0.0000001,0', /latitude/],
    ['DEMAND', 'binding=mine', /shared, exclusive/], ['DEMAND', 'binding=exclusive/4294967296', /shared, exclusive/], ['DEMAND', 'provider=a..b', /domain name/], ['DEMAND', 'provider=', /domain name|empty/],
    ['DEMAND', 'provider=a,,b', /empty items/], ['DEMAND', 'closure=yes', /no value/], ['DEMAND', 'peer=192.0.2.256', /IP address/], ['DEMAND', 'prefer=latency', /2 parts/], ['DEMAND', 'prefer=x:1', /names of keys/],
    ['SENSE', 'state=busy', /idle transition/], ['SENSE', 'time=yesterday', /time/], ['AGENT', 'endpoint=nowhere', /absolute URI/], ['AGENT', 'alias=', /label/], [
      'AGENT', `alias=${'a'.repeat(64)}`, /label/], ['SVCB', 'ipv4hint=2001:db8::1', /IPv4/], ['SVCB', 'ipv6hint=192.0.2.1', /IPv6/], ['SVCB', 'ech=!!', /base64/], ['SVCB', 'dohpath=/q', /variable dns/],
    ['SVCB', 'port=65536', /0 to 65535/], ['SVCB', 'alpn=', /empty items/], ['SVCB', 'alpn=h2,', /empty items/], ['SVCB', 'alpn="h2\\\\"', /lone backslash/], ['SVCB', `alpn=${'a'.repeat(256)}`, /1 to 255/],
    ['SVCB', '"port=53"', /outside the quotes/], ['SVCB', 'no-default-alpn', /alpn/],
  ]
  for (const [place, text, reason] of refused) refusedText(text, place, reason)
})

test('a value may be quoted whole, with blanks and escapes inside (RFC 9460 2.1)', () => {
  assert.equal(valueOf(decodeParameters(parseParameters('intent="find me a \\"good\\" translator; now"', 'DEMAND'), 'DEMAND'), PARAMETERS.intent), 'find me a "good" translator; now')
  assert.equal(printParameters(parseParameters('intent="two words" count=1', 'DEMAND'), 'DEMAND'), 'count=1 intent="two words"')
  assert.deepEqual(parseParameters('alpn="h2,h3" port="53"', 'SVCB'), parseParameters('alpn=h2,h3 port=53', 'SVCB'))
  refusedText('intent= "two words"', 'DEMAND', /./)
})

test('UTF-8 passes as text and as escapes; octets that are no UTF-8 do not', () => {
  const octets = parseParameters('intent="übersetze"', 'DEMAND')
  assert.equal(valueOf(decodeParameters(octets, 'DEMAND'), PARAMETERS.intent), 'übersetze')
  assert.equal(printParameters(octets, 'DEMAND'), 'intent="\\195\\188bersetze"')
  refusedText('intent="\\195"', 'DEMAND', /UTF-8/)
})

test('names with commas, slashes and dots inside labels survive lists and tuples', () => {
  const names = ['a\\,b.c', 'x\\/y.z', 'p\\.q.r', '.', 'back\\\\slash'].map((text) => Name.parse(text))
  const octets = encodeParameters(new Map([[PARAMETERS.avoid.key, encodeValue(PARAMETERS.avoid, names)]]))
  assert.deepEqual(parseParameters(printParameters(octets, 'DEMAND'), 'DEMAND'), octets)
  const translated = encodeParameters(new Map([[PARAMETERS.translated.key, encodeValue(PARAMETERS.translated, [names[1], 5000])]]))
  assert.deepEqual(parseParameters(printParameters(translated, 'OFFER'), 'OFFER'), translated)
})

test('a text of no parameters is an empty list', () => {
  for (const text of ['', '   ', '; comment']) assert.equal(parseParameters(text, 'DEMAND').length, 0)
  assert.equal(printParameters(new Uint8Array(0), 'DEMAND'), '')
})

test('a demand on two lines, or too long for an option, is refused', () => {
  refusedText('count=1\nclosure', 'DEMAND', /one line/)
  refusedText(`intent=${'x'.repeat(70_000)}`, 'DEMAND', /65535/)
  refusedText(`intent=${'x'.repeat(65_000)} avoid=${'a.b,'.repeat(200)}a`, 'DEMAND', /65535/)
  refusedText(`avoid=${'a.b,'.repeat(255)}a`, 'DEMAND', /at most 255 items/)
})

test('any list of any place survives text, in a record and alone (seed printed on failure)', () => {
  fc.assert(fc.property(fc.constantFrom(...PLACES), fc.gen(), (place, gen) => {
    const octets = gen(anyParameterOctets, place)
    const text = printParameters(octets, place)
    assert.match(text, /^[\x20-\x7e]*$/)
    assert.equal(hexOf(parseParameters(text, place)), hexOf(octets), text)
    if (place === 'AGENT' || place === 'SVCB') {
      const record = `${place} 1 a.example. ${text}`.trimEnd()
      assert.equal(textOf(place === 'AGENT' ? 65440 : 64, octetsOf(record)), record)
    }
  }), { numRuns: 400 })
})

test('any list is read and written back as its octets', () => {
  fc.assert(fc.property(fc.constantFrom(...PLACES), fc.gen(), (place, gen) => {
    const list = gen(anyParameters, place)
    assert.deepEqual(decodeParameters(encodeParameters(list), place), list)
  }))
})

test('random octets as a list are refused by a WireFault, or survive text (seed printed on failure)', () => {
  const entry = fc.tuple(fc.constantFrom(...listParameters().map(({ key }) => key), 7, 700), fc.uint8Array({ maxLength: 20 }))
  fc.assert(fc.property(fc.constantFrom(...PLACES), fc.array(entry, { maxLength: 4 }), fc.boolean(), (place, entries, shuffled) => {
    const sorted = shuffled ? entries : entries.toSorted(([a], [b]) => a - b)
    const octets = Uint8Array.from(sorted.flatMap(([key, value]) => [key >> 8, key & 255, 0, value.length, ...value]))
    let text: string
    try {
      text = printParameters(octets, place)
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault
      return
    }
    const hasMandates = place === 'AGENT' || place === 'SVCB' // what mandatory asks for is checked in text alone (RFC 9460 8)
    try {
      assert.equal(hexOf(parseParameters(text, place)), hexOf(octets), text)
    } catch (fault) {
      if (!(hasMandates && fault instanceof TextFault && /RFC 9460 (8|7)/.test(fault.message))) throw fault
    }
  }), { numRuns: 4000 })
})

test('the keys of the table ascend, each has one name, and each place has some', () => {
  const keys = listParameters().map(({ key }) => key)
  assert.deepEqual(keys, [...new Set(keys)].toSorted((a, b) => a - b))
  const names = listParameters().flatMap(({ name, demandName }) => [name, ...(demandName ? [demandName] : [])])
  assert.equal(new Set(names).size, names.length)
  for (const place of PLACES) assert.ok(samplesAt(place).length >= 4, place)
})

test('a value is found in place, behind whatever stands before the list', () => {
  const list = parseParameters('latency=200ms accuracy=0.93 alias=babel', 'AGENT')
  const octets = Uint8Array.from([9, 9, 9, ...list])
  const { latency, accuracy, alias, depends, modality } = PARAMETERS
  assert.deepEqual([valueIn(octets, 3, latency), valueIn(octets, 3, accuracy), valueIn(octets, 3, alias)], [200_000, 9_300, 'babel'])
  assert.deepEqual([valueIn(octets, 3, depends), valueIn(octets, 3, modality), valueIn(octets, octets.length, latency)], [undefined, undefined, undefined])
  assert.equal(findValue(list, 0, 1), -1, 'one below all')
  assert.equal(findValue(list, 0, 65_534), -1, 'one above all')
  const parameters = decodeParameters(list, 'AGENT')
  for (const [key, value] of parameters) assert.deepEqual(list.slice(findValue(list, 0, key)).slice(0, value.length), value)
})
