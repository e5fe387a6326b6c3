/** What of an SRP registration is an agent's (docs/protocol.md 6). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS } from '../../../src/dns/codes.ts'
import { Name } from '../../../src/dns/name.ts'
import { parseRecord, printRecord } from '../../../src/dns/record-text.ts'
import { agentsOf, stringsOf } from '../../../src/discovery/srp/capabilities.ts'
import type { SrpInstance } from '../../../src/discovery/srp/classify.ts'

const ZONE = Name.parse('acme.example.')
const HOST = Name.parse('host', ZONE)
const rec = (text: string) => parseRecord(text, ZONE)

/** AGENT records of an instance with these subtypes and strings. */
function agents(subtypes: string[], strings: string, service = '_a2a._tcp'): string[] {
  const instance: SrpInstance = {
    name: Name.parse(`Chat.${service}`, ZONE), key: undefined, srv: rec(`Chat.${service} 60 IN SRV 0 0 8443 host`), txt: [rec(`Chat.${service} 60 IN TXT ${strings}`)],
    pointers: [`${service} 60 IN PTR Chat.${service}`, ...subtypes.map((subtype) => `${subtype}._sub.${service} 60 IN PTR Chat.${service}`)].map(rec), unpointed: [],
  }
  return agentsOf(instance, HOST).map(({ owner: name, type, ttl, rdata }) => printRecord({ name, type, class: CLASS.IN, ttl, rdata }))
}

test('each subtype that is a capability becomes one, with port and parameters', () => {
  assert.deepEqual(agents(['v2\\.translate\\.text\\.nlp', 'tls\\.v1-3\\.ocr\\.vision'], '"latency=200ms" "cost=0.002"'), [
    'v2.translate.text.nlp._cap.acme.example. 60 IN AGENT 1 host.acme.example. port=8443 latency=200ms cost=0.002',
    'tls.v1-3.ocr.vision._cap.acme.example. 60 IN AGENT 1 host.acme.example. port=8443 latency=200ms cost=0.002',
  ])
  assert.equal(agents(['v1\\.x'], '"a=b"', '_mcp._tcp').length, 1)
})

test('subtypes that are none, and services of other kinds, are not', () => {
  for (const subtype of ['_printer', 'translate\\.text', 'v2', 'v2\\.a\\032b', 'v2\\.\\255', '\\.v2\\.x', 'v2\\.\\.x']) assert.deepEqual(agents([subtype], '""'), [], subtype)
  assert.deepEqual(agents(['v1\\.x'], '""', '_http._tcp'), [])
  assert.deepEqual(agents(['v1\\.x', 'V1\\.X'], '""').length, 1, 'the same name once')
})

test('RFC 6763 6.4: the first string of a key counts; what is no parameter of AGENT is for others; SRV has the port', () => {
  assert.deepEqual(agents(['v1\\.x'], '"txtvers=1" "latency=1ms" "latency=2ms" "port=9" "active=3" "latency" "=x" "" "cost=dear"')[0].split(' ').slice(6), ['port=8443', 'latency=1ms'])
})

test('an instance that is removed is nobody’s capability', () => {
  assert.deepEqual(agentsOf({ name: HOST, key: undefined, srv: undefined, txt: [], pointers: [], unpointed: [] }, HOST), [])
})

test('the strings of TXT are read as they are', () => {
  assert.deepEqual(stringsOf(Uint8Array.of(1, 65, 0, 2, 66, 255)), ['A', '', 'B\xff'])
  assert.deepEqual(stringsOf(new Uint8Array(0)), [])
})
