/** Capability identifiers: what a name says, and the same as a URL, one to one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TextFault } from '../../../src/dns/faults.ts'
import { CAPABILITY_NAMES_AT_HAND } from '../../../src/dns/limits-discovery.ts'
import { Name } from '../../../src/dns/name.ts'
import { capabilityName, isComplete, isCompleteName, labelAt, labelsOf, parseCapabilityUrl, printCapabilityUrl, readCapability, SECURITY, securityOf, urlOfName, type Capability } from '../../../src/discovery/identifier/capability.ts'
import { anyName } from '../../dns/values.ts'

const DOMAIN = Name.parse('acme.example.')

function read(text: string): Capability | undefined {
  return readCapability(Name.parse(text))
}

test('a name tells security, version, type and domain', () => {
  assert.deepEqual(read('mtls.v2.translate.text.nlp._cap.acme.example.'), { domain: DOMAIN, type: ['nlp', 'text', 'translate'], version: { major: 2 }, security: 'mtls' })
  assert.deepEqual(read('v2-13.ocr._cap.acme.example.'), { domain: DOMAIN, type: ['ocr'], version: { major: 2, minor: 13 } })
})

test('a query may stop at any ancestor, down to the mark', () => {
  assert.deepEqual(read('translate.text.nlp._cap.acme.example.'), { domain: DOMAIN, type: ['nlp', 'text', 'translate'] })
  assert.deepEqual(read('_cap.acme.example.'), { domain: DOMAIN, type: [] })
  assert.equal(isComplete(read('_cap.acme.example.')!), false)
  assert.equal(isComplete(read('text.nlp._cap.acme.example.')!), false)
  assert.equal(isComplete(read('v1.text.nlp._cap.acme.example.')!), true)
})

test('a word of security counts only before a version: elsewhere it is a type', () => {
  assert.deepEqual(read('tls.net._cap.acme.example.')?.type, ['net', 'tls'])
  assert.deepEqual(read('v1.tls.net._cap.acme.example.'), { domain: DOMAIN, type: ['net', 'tls'], version: { major: 1 } })
  assert.equal(read('tls.v1.tls.net._cap.acme.example.')?.security, 'tls')
})

test('security left out means open', () => {
  assert.equal(securityOf(read('v1.ocr._cap.acme.example.')!), 'open')
  assert.equal(securityOf(read('attested.v1.ocr._cap.acme.example.')!), 'attested')
})

test('case does not matter', () => {
  assert.deepEqual(read('MTLS.V2.Translate.NLP._CAP.Acme.Example.'), read('mtls.v2.translate.nlp._cap.acme.example.'))
})

test('what is no capability is none', () => {
  const none = ['acme.example.', 'v1.ocr._cap.', 'v1._cap.acme.example.', 'v2.v1.ocr._cap.acme.example.', 'v1.-ocr._cap.acme.example.', 'v1.o_cr._cap.acme.example.',
    'v01.ocr._cap.acme.example.x\\032y.', 'secret.v1.ocr._cap.acme.example.', 'ocr.v1.vision._cap.acme.example.', '.', 'v1.o\\.cr._cap.acme.example.']
  for (const text of none) {
    assert.equal(read(text), undefined, text)
    assert.equal(urlOfName(Name.parse(text)), undefined, text)
  }
})

test('a capability as a URL reads from the general to the particular', () => {
  assert.equal(urlOfName(Name.parse('v2.translate.text.nlp._cap.acme.example.')), 'agent://acme.example/nlp/text/translate/v2')
  assert.equal(urlOfName(Name.parse('mtls.v2.translate.text.nlp._cap.acme.example.')), 'agent://acme.example/nlp/text/translate/v2?security=mtls')
  assert.equal(urlOfName(Name.parse('text.nlp._cap.acme.example.')), 'agent://acme.example/nlp/text')
  assert.equal(urlOfName(Name.parse('_cap.acme.example.')), 'agent://acme.example')
  assert.equal(capabilityName(parseCapabilityUrl('AGENT://Acme.Example./nlp/text/translate/v2?security=MTLS')).toString(), 'mtls.v2.translate.text.nlp._cap.acme.example.')
  assert.equal(capabilityName(parseCapabilityUrl('agent://acme.example/')).toString(), '_cap.acme.example.')
})

test('a URL that names no capability is refused with what it must be', () => {
  const wrong: [string, RegExp][] = [
    ['https://acme.example/nlp/v1', /must be agent:\/\//],
    ['agent:///nlp/v1', /must be agent:\/\//],
    ['agent://acme.example/nlp/v1?security=secret', /must have a security of open tls mtls attested/],
    ['agent://acme.example/nlp?security=tls', /must name a version where it names a security/],
    ['agent://acme.example/v1', /must name what has the version/],
    ['agent://acme.example/v1/nlp', /with the version last/],
    ['agent://acme.example/n%20lp/v1', /letters, digits and hyphens/],
    ['agent://ac$me.example/nlp/v1', /must name a domain/],
    ['agent://acme.example/nlp/v1?security=tls&x=y', /must be agent:\/\//],
    ['agent://acme.example/nlp/v1#x', /must be agent:\/\//],
    [`agent://acme.example/${'x'.repeat(64)}/v1`, /letters, digits and hyphens/],
  ]
  for (const [url, wanted] of wrong) assert.throws(() => parseCapabilityUrl(url), (fault: unknown) => fault instanceof TextFault && wanted.test(fault.message), url)
})

test('a capability longer than a name may be is refused', () => {
  const long = parseCapabilityUrl(`agent://acme.example/${Array.from({ length: 5 }, () => 'x'.repeat(63)).join('/')}/v1`)
  assert.throws(() => capabilityName(long), TextFault)
})

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/).filter((text) => !/^v\d+(-\d+)?$/.test(text))
const version = fc.record({ major: fc.nat(99_999), minor: fc.nat(99_999) }, { requiredKeys: ['major'], noNullPrototype: true })
const capability = fc.record({ domain: fc.constantFrom('acme.example.', 'a.b.c.test.', '_x.example.'), type: fc.array(label, { minLength: 1, maxLength: 5 }), version, security: fc.constantFrom(...SECURITY) }, { requiredKeys: ['domain', 'type', 'version'], noNullPrototype: true })
  .map(({ domain, ...rest }): Capability => ({ domain: Name.parse(domain), ...rest }))

test('name and URL say the same, in both directions, for any capability', () => {
  fc.assert(fc.property(capability, (one) => {
    const name = capabilityName(one)
    assert.deepEqual(readCapability(name), one)
    const url = printCapabilityUrl(one)
    assert.deepEqual(parseCapabilityUrl(url), one)
    assert.equal(urlOfName(name), url)
  }))
})

test('any name and any text is a capability or none, and nothing else happens', () => {
  fc.assert(fc.property(anyName(), (name) => {
    const found = readCapability(name)
    if (found) assert.ok(capabilityName(found).equals(name))
  }))
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map((text) => `agent://${text}`)), (text) => {
    try {
      parseCapabilityUrl(text)
    } catch (fault) {
      assert.ok(fault instanceof TextFault)
    }
  }))
})

test('labels are those of the name in lower case, one character for each octet', () => {
  fc.assert(fc.property(anyName(), (name) => {
    const labels: string[] = []
    for (let at = 0; name.wire[at] !== 0; at += name.wire[at] + 1) labels.push(Buffer.from(name.wire.slice(at + 1, at + 1 + name.wire[at])).toString('latin1').toLowerCase())
    assert.deepEqual(labelsOf(name), labels)
  }))
  assert.deepEqual(labelsOf(Name.parse('V2.\\193b.EXAMPLE.')), ['v2', '\xe1b', 'example'])
})

test('whether a name writes a whole capability is the same however often it is asked, and however many others were asked about', () => {
  const names = ['v1.text.nlp._cap.acme.example.', 'MTLS.V2.text.nlp._cap.acme.example.', 'text.nlp._cap.acme.example.', 'v1._cap.acme.example.', 'www.acme.example.', '.'].map((text) => Name.parse(text))
  const answers = [true, true, false, false, false, false]
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(names.map(isCompleteName), answers)
    for (let i = 0; i <= CAPABILITY_NAMES_AT_HAND; i++) isCompleteName(Name.parse(`n${i}.example.`))
  }
})

test('a label is read in lower case, an octet each a character', () => {
  const { wire } = Name.parse('AbC.\\000\\255x.example.')
  assert.deepEqual([labelAt(wire, 0), labelAt(wire, 4), labelAt(wire, 8)], ['abc', '\0\xffx', 'example'])
})
