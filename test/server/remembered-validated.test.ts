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
  bench.put('odd.example. 300 A 192.0.2.5', { security: SECURITY.insecure, reason: EDE.UNSUPPORTED_DNSKEY_ALGORITHM })
  bench.put('odd-to-dear.example. 300 CNAME dear.example.', { security: SECURITY.insecure, reason: EDE.UNSUPPORTED_DS_DIGEST_TYPE })
  bench.put('to-odd.example. 300 CNAME odd.example.', { security: SECURITY.secure })
  bench.put('odd-to-proven.example. 300 CNAME proven.example.', { security: SECURITY.insecure, reason: EDE.UNSUPPORTED_DNSKEY_ALGORITHM })
  bench.putAbsent('dear.example.', { soa: SOA, security: SECURITY.insecure, reason: EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE })
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
  ['odd.example. A', DO, `0 ${EDE.UNSUPPORTED_DNSKEY_ALGORITHM}`],
  ['odd.example. A', CD, '0'],
  ['to-odd.example. A', DO, `0 ${EDE.UNSUPPORTED_DNSKEY_ALGORITHM}`],
  ['odd-to-proven.example. A', DO, `0 ${EDE.UNSUPPORTED_DNSKEY_ALGORITHM}`],
  ['dear.example. A', DO, `3 ${EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE}`],
  ['odd-to-dear.example. A', DO, `3 ${EDE.UNSUPPORTED_DS_DIGEST_TYPE}`],
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

/** Why asking failed once the answer has expired, and what is told then. */
const EXPIRED: [why: number, said: string][] = [
  [EDE.NO_REACHABLE_AUTHORITY, `0 ${EDE.STALE_ANSWER}`],
  [EDE.OTHER, `0 ${EDE.STALE_ANSWER}`],
  [EDE.SIGNATURE_EXPIRED, `2 ${EDE.SIGNATURE_EXPIRED}`],
  [EDE.DNSSEC_INDETERMINATE, `2 ${EDE.DNSSEC_INDETERMINATE}`],
]
for (const [reason, said] of EXPIRED) {
  test(`what has expired and could not be asked for by reason ${reason}: ${said}, whatever was said of it before (RFC 8767 5, RFC 9520 3.2)`, () => {
    const asked = filled()
    const { bench } = asked
    bench.now += 301
    for (const name of ['odd.example.', 'plain.example.']) {
      bench.cache.keepFailure({ name: Name.parse(name), type: TYPE.A, reason }, bench.now)
      assert.equal(told(asked, `${name} A`, DO), said, name)
    }
  })
}

test('no reason is told where nothing is validated', () => assert.equal(told(filled(false), 'odd.example. A', DO), '0'))
