/**
 * A2A agent cards read as registrations: cards of both versions, and cards that are none.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CardFault, readAgentCard } from '../../src/client/agent-card.ts'
import { registrationRecords } from '../../src/client/registration.ts'
import { MAX_CARD_CAPABILITIES } from '../../src/dns/limits.ts'

const CARD = {
  name: 'Babel the Translator',
  description: 'Translates texts.',
  version: '2.1.0',
  supportedInterfaces: [
    { url: 'https://babel.acme.example/a2a', protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
    { url: 'https://babel.acme.example:8443/grpc', protocolBinding: 'GRPC', protocolVersion: '1.0' },
  ],
  defaultInputModes: ['text/plain', 'application/json'],
  defaultOutputModes: ['text/plain'],
  skills: [
    { id: 'translate_text', name: 'Translate', description: 'x', tags: ['nlp'] },
    { id: 'Speak', name: 'Speak', description: 'x', tags: [], outputModes: ['audio/ogg'], inputModes: ['text/plain'] },
  ],
}

describe('an agent card of version 1.0', () => {
  it('gives a label, and a capability for each skill', () => {
    assert.deepEqual(readAgentCard(CARD), {
      label: 'babel-the-translator',
      description: 'Translates texts.',
      capabilities: [
        { name: 'v2.translate-text', parameters: 'alpn=a2a port=443 endpoint="https://babel.acme.example/a2a" modality=text' },
        { name: 'v2.speak', parameters: 'alpn=a2a port=443 endpoint="https://babel.acme.example/a2a" modality=text,audio' },
      ],
    })
  })

  it('can be registered as it is read', () => {
    const { label, capabilities } = readAgentCard(CARD)
    const names = registrationRecords({ provider: 'acme.example', id: label, capabilities }).map(({ name }) => name.toString())
    assert.deepEqual(names, ['v2.translate-text._cap.acme.example.', 'v2.speak._cap.acme.example.'])
  })

  it('has version 1 where it states none, and the port of its URL', () => {
    const { version: _, ...unversioned } = CARD
    const { capabilities } = readAgentCard({ ...unversioned, supportedInterfaces: [{ url: 'http://127.0.0.1:8080/' }] })
    assert.equal(capabilities[0].name, 'v1.translate-text')
    assert.match(capabilities[0].parameters ?? '', /^alpn=a2a port=8080 endpoint="http:\/\/127\.0\.0\.1:8080\/"/)
  })
})

describe('an agent card of version 0.3', () => {
  it('is called at its url', () => {
    const { capabilities } = readAgentCard({ name: 'Lens', url: 'http://lens.acme.example/', preferredTransport: 'JSONRPC', protocolVersion: '0.3.0', skills: [{ id: 'ocr' }] })
    assert.deepEqual(capabilities, [{ name: 'v1.ocr', parameters: 'alpn=a2a port=80 endpoint="http://lens.acme.example/"' }])
  })
})

describe('what is no card', () => {
  const cases: [string, unknown, RegExp][] = [
    ['no object', 'card', /card must be an object/],
    ['a list', [], /card must be an object/],
    ['nothing', null, /card must be an object/],
    ['no name', { ...CARD, name: undefined }, /name must be text/],
    ['a name without letters', { ...CARD, name: '***' }, /name must hold a letter or a digit/],
    ['a description that is a number', { ...CARD, description: 7 }, /description must be text/],
    ['a version without number', { ...CARD, version: 'latest' }, /version must start with a number/],
    ['no skills', { ...CARD, skills: [] }, /at least one skill/],
    ['skills that are no list', { ...CARD, skills: {} }, /skills must be a list/],
    ['a skill that is text', { ...CARD, skills: ['ocr'] }, /skills\[0\] must be an object/],
    ['a skill without id', { ...CARD, skills: [{ name: 'x' }] }, /skills\[0\]\.id must be text/],
    ['too many skills', { ...CARD, skills: Array.from({ length: MAX_CARD_CAPABILITIES + 1 }, (_, i) => ({ id: `s${i}` })) }, /at most 100/],
    ['no address', { ...CARD, supportedInterfaces: undefined }, /url must be text/],
    ['a relative address', { ...CARD, supportedInterfaces: [{ url: '/a2a' }] }, /supportedInterfaces\[0\]\.url must be an absolute URL/],
    ['an address of a file', { ...CARD, supportedInterfaces: [{ url: 'file:///etc/passwd' }] }, /must be an http or https URL/],
    ['an address with a quote', { ...CARD, supportedInterfaces: [{ url: 'https://a.example/"x' }] }, /must be an absolute URL/],
  ]
  for (const [what, card, message] of cases) {
    it(`is told by name of the field: ${what}`, () => {
      assert.throws(() => readAgentCard(card), (fault) => fault instanceof CardFault && message.test(fault.message))
    })
  }

  it('throws nothing but CardFault, whatever the JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(CARD)), (value, field) => {
      for (const card of [value, { ...CARD, [field]: value }]) {
        try {
          readAgentCard(card)
        } catch (fault) {
          assert.ok(fault instanceof CardFault, String(fault))
        }
      }
    }), { numRuns: 500 })
  })

  it('becomes a registration that can be written, or a CardFault', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 90 }), fc.webUrl({ withQueryParameters: true }), (id, url) => {
      let reading
      try {
        reading = readAgentCard({ ...CARD, name: id, supportedInterfaces: [{ url }], skills: [{ id }] })
      } catch (fault) {
        assert.ok(fault instanceof CardFault, String(fault))
        return
      }
      assert.equal(registrationRecords({ provider: 'acme.example', id: reading.label, capabilities: reading.capabilities }).length, 1)
    }), { numRuns: 300 })
  })
})
