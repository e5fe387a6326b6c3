/**
 * The package dns-packet as a second opinion on octets: what it encodes we decode, and what we encode it decodes,
 * for the types that it has right. (It is wrong for SVCB, and reads escapes of names as text.)
 */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'

interface Packet {
  id: number
  type: string
  flags: number
  questions: { name: string; type: string; class: string }[]
  answers: { name: string; type: string; ttl: number; class: string; data: unknown }[]
}

interface DnsPacket {
  encode(packet: unknown): Buffer
  decode(octets: Buffer): Packet
}

const packets = createRequire(import.meta.url)('dns-packet') as DnsPacket

/** Records as our text and as the package's data. */
const RECORDS: [text: string, data: unknown][] = [
  ['A 192.0.2.1', '192.0.2.1'],
  ['AAAA 2001:db8::1', '2001:db8::1'],
  ['NS ns1.example.', 'ns1.example'],
  ['CNAME target.example.', 'target.example'],
  ['DNAME target.example.', 'target.example'],
  ['PTR host.example.', 'host.example'],
  ['MX 10 mail.example.', { preference: 10, exchange: 'mail.example' }],
  ['SRV 1 2 8443 agent.example.', { priority: 1, weight: 2, port: 8443, target: 'agent.example' }],
  ['SOA ns1.example. host.example. 2026112301 7200 900 1209600 300', { mname: 'ns1.example', rname: 'host.example', serial: 2026112301, refresh: 7200, retry: 900, expire: 1209600, minimum: 300 }],
  ['TXT "one" "two"', [Buffer.from('one'), Buffer.from('two')]],
  ['HINFO "cpu" "os"', { cpu: 'cpu', os: 'os' }],
  ['CAA 128 issue "ca.example"', { flags: 128, tag: 'issue', value: 'ca.example', issuerCritical: true }],
  ['DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118', { keyTag: 60485, algorithm: 5, digestType: 1, digest: Buffer.from('2BB183AF5F22588179A53B0A98631FAD1A292118', 'hex') }],
  ['DNSKEY 257 3 13 AQPSKmynfzW4kyBv015MUG2DeIQ3', { flags: 257, algorithm: 13, key: Buffer.from('AQPSKmynfzW4kyBv015MUG2DeIQ3', 'base64') }],
  ['NSEC b.example. A MX RRSIG NSEC', { nextDomain: 'b.example', rrtypes: ['A', 'MX', 'RRSIG', 'NSEC'] }],
  ['SSHFP 4 2 123456789ABCDEF67890123456789ABCDEF678901234567890ABCDEF12345678', { algorithm: 4, hash: 2, fingerprint: '123456789ABCDEF67890123456789ABCDEF678901234567890ABCDEF12345678' }],
  ['RP admin.example. text.example.', { mbox: 'admin.example', txt: 'text.example' }],
  ['NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .', { order: 100, preference: 10, flags: 'u', services: 'E2U+sip', regexp: '!^.*$!sip:info@example.com!', replacement: '.' }],
  ['TLSA 3 1 1 0A0B0C', { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from('0A0B0C', 'hex') }],
]

test('what dns-packet encodes we decode to the same records', () => {
  for (const [text, data] of RECORDS) {
    const octets = packets.encode({ type: 'response', id: 1, answers: [{ type: text.split(' ')[0], name: 'www.example', ttl: 60, class: 'IN', data }] })
    const { answers } = decodeMessage(octets)
    assert.equal(printRecord(answers[0]), `www.example. 60 IN ${text}`)
  }
})

test('what we encode, compression included, dns-packet decodes to the same data', () => {
  const message = makeMessage({
    id: 4711, response: true, questions: [{ name: Name.parse('www.example.'), type: 1, class: 1 }],
    answers: RECORDS.map(([text]) => parseRecord(`www.example. 60 IN ${text}`)),
  })
  const packet = packets.decode(Buffer.from(encodeMessage(message)))
  assert.deepEqual([packet.id, packet.type, packet.questions], [4711, 'response', [{ name: 'www.example', type: 'A', class: 'IN' }]])
  for (const [i, [text, data]] of RECORDS.entries()) {
    const answer = packet.answers[i]
    assert.deepEqual([answer.name, answer.type, answer.ttl, answer.class], ['www.example', text.split(' ')[0], 60, 'IN'])
    assert.deepEqual(sameKeys(answer.data, data), data, text)
  }
})

/** The package adds fields of its own making: only those that we know are compared. */
function sameKeys(actual: unknown, expected: unknown): unknown {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) return actual
  const fields = actual as Record<string, unknown>
  return Object.fromEntries(Object.keys(expected).map((key) => [key, fields[key]]))
}
