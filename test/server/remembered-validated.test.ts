/** Answers from the cache where answers are validated: what is proven says so, what was never judged or failed is the core's (RFC 4035 3.2.2, 3.2.3). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECURITY } from '../../src/cache/terms.ts'
import { EDE, OPTION, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import type { Asking } from '../authority/ask.ts'
import { Asked } from './remembering.ts'

const SOA = 'example. 900 IN SOA ns.example. admin.example. 1 7200 900 1209600 600'

function filled(isValidating = true): Asked {
  const asked = new Asked([], isValidating)
  const { bench } = asked
  bench.put('proven.example. 300 A 192.0.2.1', { security: SECURITY.secure })
  bench.put('plain.example. 300 A 192.0.2.2', { security: SECURITY.insecure })
  bench.put('unjudged.example. 300 A 192.0.2.3')
  bench.put('bogus.example. 300 A 192.0.2.4', { security: SECURITY.bogus, reason: EDE.DNSSEC_BOGUS })
  bench.put('to-proven.example. 300 CNAME proven.example.', { security: SECURITY.secure })
  bench.put('to-plain.example. 300 CNAME plain.example.', { security: SECURITY.secure })
  bench.put('plain-to-proven.example. 300 CNAME proven.example.', { security: SECURITY.insecure })
  bench.put('to-unjudged.example. 300 CNAME unjudged.example.', { security: SECURITY.secure })
  bench.putAbsent('none.example.', { soa: SOA, security: SECURITY.secure })
  bench.putAbsent('maybe.example.', { soa: SOA })
  bench.cache.keepFailure({ name: Name.parse('failed.example.'), type: TYPE.A, reason: EDE.SIGNATURE_EXPIRED }, bench.now)
  bench.cache.keepFailure({ name: Name.parse('dead.example.'), type: TYPE.A }, bench.now)
  // known for a second, from whoever validates by himself, and bogus ever since
  bench.put('old.example. 1 A 192.0.2.5')
  bench.now += 2
  bench.cache.keepFailure({ name: Name.parse('old.example.'), type: TYPE.A, reason: EDE.DNSKEY_MISSING }, bench.now)
  return asked
}

/** RCODE, `ad` where it is set, and the INFO-CODE; `core` where the core is asked. */
function told(asked: Asked, question: string, asking: Asking): string {
  const message = asked.ask(question, asking)
  if (message === undefined) return 'core'
  const ede = message.edns?.options.find(({ code }) => code === OPTION.EDE)?.octets
  return [message.rcode, ...(message.authenticData ? ['ad'] : []), ...(ede === undefined ? [] : [Buffer.from(ede).readUInt16BE()])].join(' ')
}

const DO: Asking = { dnssec: true }
const CD: Asking = { dnssec: true, header: 'rd cd' }

const ROWS: [question: string, asking: Asking, said: string][] = [
  ['proven.example. A', DO, '0 ad'],
  ['old.example. A', DO, `2 ${EDE.DNSKEY_MISSING}`],
  ['old.example. A', CD, 'core'],
  ['proven.example. A', { header: 'rd ad' }, '0 ad'],
  ['proven.example. A', {}, '0'],
  ['proven.example. A', CD, '0 ad'],
  ['plain.example. A', DO, '0'],
  ['unjudged.example. A', DO, 'core'],
  ['unjudged.example. A', {}, 'core'],
  ['unjudged.example. A', CD, '0'],
  ['bogus.example. A', DO, 'core'],
  ['bogus.example. A', CD, '0'],
  ['to-proven.example. A', DO, '0 ad'],
  ['to-plain.example. A', DO, '0'],
  ['plain-to-proven.example. A', DO, '0'],
  ['to-unjudged.example. A', DO, 'core'],
  ['none.example. A', DO, '3 ad'],
  ['maybe.example. A', DO, 'core'],
  ['failed.example. A', DO, `2 ${EDE.SIGNATURE_EXPIRED}`],
  ['failed.example. A', CD, 'core'],
  ['dead.example. A', DO, `2 ${EDE.CACHED_ERROR}`],
  ['dead.example. A', CD, `2 ${EDE.CACHED_ERROR}`],
]

for (const [question, asking, said] of ROWS) {
  test(`${question} ${JSON.stringify(asking)}: ${said}`, () => assert.equal(told(filled(), question, asking), said))
}

test('one answer leaves nothing behind for the next: AD after AD, and without', () => {
  const asked = filled()
  const questions = ['proven.example. A', 'failed.example. A', 'plain.example. A', 'proven.example. A', 'to-plain.example. A', 'none.example. A']
  assert.deepEqual(questions.map((question) => told(asked, question, DO)), ['0 ad', `2 ${EDE.SIGNATURE_EXPIRED}`, '0', '0 ad', '0', '3 ad'])
})

test('where nothing is validated nothing is said to be proven, whatever was kept, and all of it is given', () => {
  const asked = filled(false)
  assert.deepEqual(['proven.example. A', 'plain.example. A', 'unjudged.example. A', 'none.example. A', 'bogus.example. A'].map((question) => told(asked, question, DO)), ['0', '0', '0', '3', 'core'])
})

test('what is cut off is not said to be proven', () => {
  const asked = new Asked([], true)
  asked.bench.put(Array.from({ length: 40 }, (_, i) => `many.example. 300 A 192.0.2.${i}`).join('\n'), { security: SECURITY.secure })
  const message = asked.ask('many.example. A', { dnssec: true, size: 512 }) ?? assert.fail()
  assert.deepEqual([message.truncated, message.authenticData, message.answers.length], [true, false, 0])
  assert.equal(asked.ask('many.example. A', { dnssec: true, tcp: true })?.authenticData, true)
})
