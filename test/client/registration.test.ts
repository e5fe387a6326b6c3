/**
 * The messages by which an agent registers, renews, changes and withdraws (docs/protocol.md 6).
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agentName, changeMessage, registerMessage, registrationRecords, withdrawMessage, type Registration } from '../../src/client/registration.ts'
import { CLASS, OPCODE, OPTION, TYPE } from '../../src/dns/codes.ts'
import { findOption, readUpdateLease } from '../../src/dns/edns.ts'
import { decodeMessage, encodeMessage, type Message } from '../../src/dns/message.ts'
import { printRecord } from '../../src/dns/record-text.ts'

const BABEL: Registration = {
  provider: 'acme.example',
  id: 'babel',
  key: Uint8Array.of(0, 0, 3, 13, ...new Uint8Array(64).fill(7)),
  addresses: ['192.0.2.10', '2001:db8::10'],
  texts: ['Babel, "the" translator'],
  capabilities: [{ name: 'v2.translate.text.nlp', parameters: 'latency=180ms accuracy=0.97' }, { name: 'v1.ocr._cap.beta.example.', priority: 3 }],
}

function leaseOf(message: Message): unknown {
  return readUpdateLease(findOption(message.edns, OPTION.UPDATE_LEASE) ?? assert.fail('no lease'))
}

describe('a registration', () => {
  it('is an identifier with KEY, addresses and texts, and AGENT at each capability', () => {
    const text = registrationRecords(BABEL).map(printRecord)
    assert.match(text[0], /^babel\._sa\.acme\.example\. 60 IN KEY 0 3 (13|ECDSAP256SHA256) /)
    assert.deepEqual(text.slice(1), [
      'babel._sa.acme.example. 60 IN A 192.0.2.10',
      'babel._sa.acme.example. 60 IN AAAA 2001:db8::10',
      'babel._sa.acme.example. 60 IN TXT "Babel, \\"the\\" translator"',
      'v2.translate.text.nlp._cap.acme.example. 60 IN AGENT 1 babel._sa.acme.example. latency=180ms accuracy=0.97',
      'v1.ocr._cap.beta.example. 60 IN AGENT 3 babel._sa.acme.example.',
    ])
  })

  it('of a user agent stands below _ua, one for the local area in class LOCAL', () => {
    assert.equal(agentName({ provider: 'op.example.', id: 'mia', kind: 'user' }).toString(), 'mia._ua.op.example.')
    const records = registrationRecords({ ...BABEL, class: 'LOCAL', ttl: 5 })
    assert.ok(records.every((record) => record.class === CLASS.LOCAL && record.ttl === 5))
  })

  it('is sent as an UPDATE with a lease, which the strict decoder takes (RFC 2136 2, RFC 9664 4)', () => {
    const message = decodeMessage(encodeMessage(registerMessage(BABEL, { lease: 7_200, keyLease: 1_209_600 }, 4_711)))
    assert.equal(message.id, 4_711)
    assert.equal(message.opcode, OPCODE.UPDATE)
    assert.equal(message.agent, true)
    assert.deepEqual(message.questions.map(({ name, type, class: c }) => [name.toString(), type, c]), [['acme.example.', TYPE.SOA, CLASS.IN]])
    assert.equal(message.answers.length, 0, 'no prerequisites')
    assert.deepEqual(message.authorities.map(printRecord), registrationRecords(BABEL).map(printRecord))
    assert.deepEqual(leaseOf(message), { lease: 7_200, keyLease: 1_209_600 })
  })

  it('is withdrawn by the same records with a lease of 0; the name may stay reserved (RFC 9664 4.2)', () => {
    const gone = withdrawMessage(BABEL, 1)
    assert.deepEqual(gone.authorities.map(printRecord), registrationRecords(BABEL).map(printRecord))
    assert.deepEqual(leaseOf(gone), { lease: 0, keyLease: 0 })
    assert.deepEqual(leaseOf(withdrawMessage(BABEL, 1, 600)), { lease: 0, keyLease: 600 })
  })

  it('changes by deleting, one by one, what is no longer said (RFC 2136 2.5.4), in the same message', () => {
    const now: Registration = { ...BABEL, addresses: ['192.0.2.10'], texts: [], capabilities: [{ name: 'v2.translate.text.nlp', parameters: 'latency=90ms accuracy=0.97' }] }
    const text = changeMessage(BABEL, now, { lease: 60 }, 2).authorities.map(printRecord)
    assert.deepEqual(text.filter((line) => line.includes(' NONE ')), [
      'babel._sa.acme.example. 0 NONE AAAA 2001:db8::10',
      'babel._sa.acme.example. 0 NONE TXT "Babel, \\"the\\" translator"',
      'v2.translate.text.nlp._cap.acme.example. 0 NONE AGENT 1 babel._sa.acme.example. latency=180ms accuracy=0.97',
      'v1.ocr._cap.beta.example. 0 NONE AGENT 3 babel._sa.acme.example.',
    ])
    assert.deepEqual(text.filter((line) => !line.includes(' NONE ')), registrationRecords(now).map(printRecord))
  })
})

describe('what cannot be registered', () => {
  const cases: [string, Partial<Registration>, RegExp][] = [
    ['an address that is none', { addresses: ['192.0.2'] }, /address/],
    ['a parameter that is unknown', { capabilities: [{ name: 'v1.x', parameters: 'latancy=1ms' }] }, /known key/],
    ['a metric without unit', { capabilities: [{ name: 'v1.x', parameters: 'latency=fast' }] }, /latency/],
    ['a URL that names no capability', { capabilities: [{ name: 'agent://acme.example/v2' }] }, /must name what has the version/],
    ['a capability with an empty label', { capabilities: [{ name: 'v1..x' }] }, /empty label/],
    ['an identifier of several words', { id: 'a b' }, /one word/],
    ['a provider that is no name', { provider: '' }, /empty/],
  ]
  for (const [what, part, message] of cases) {
    it(`says so before anything is sent: ${what}`, () => {
      assert.throws(() => registrationRecords({ ...BABEL, ...part }), message)
    })
  }
})

it('a capability may be named by its URL', () => {
  const named = (name: string): string[] => registrationRecords({ ...BABEL, capabilities: [{ name, parameters: 'latency=1s' }] }).filter(({ type }) => type === TYPE.AGENT).map((record) => printRecord(record))
  assert.deepEqual(named('agent://acme.example/nlp/text/translate/v2?security=mtls'), named('mtls.v2.translate.text.nlp._cap.acme.example.'))
})
