/** Which updates register an agent, and what they say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TYPE } from '../../../src/dns/codes.ts'
import { parseRecord } from '../../../src/dns/record-text.ts'
import { aliasOf, classifyAgent, readAgent } from '../../../src/discovery/registration/message.ts'
import type { Update } from '../../../src/update/contract.ts'
import { raw } from '../../update/support.ts'
import { textUpdate } from '../updates.ts'

const LEASE = { lease: 60 }
const HOST = 'babel._sa 60 IN A 192.0.2.1'
const OFFER = 'v1.x._cap 60 IN AGENT 1 babel._sa'
const about = (lines: string[], lease: Update['lease'] = LEASE) => classifyAgent(textUpdate('acme.example.', lines, lease))
const agentRdata = (text: string): Uint8Array => parseRecord(`x. 60 IN AGENT ${text}`).rdata

test('records at the identifier, offers, aliases and deletions are told apart', () => {
  const message = about([HOST, OFFER, 'v0.x._cap 60 IN AGENT 0 v1.x._cap', 'v9.x._cap 0 NONE AGENT 1 babel._sa', 'babel._sa 0 NONE A 192.0.2.9'])
  assert.deepEqual([message?.agent.name.toString(), message?.own.length, message?.offers.length, message?.removed.length, message?.cleared.size], ['babel._sa.acme.example.', 1, 2, 2, 0])
})

test('deletions of RRsets count at the identifier, and nowhere else', () => {
  const update = textUpdate('acme.example.', [OFFER], LEASE)
  const with_ = (name: string, type: number) => classifyAgent({ ...update, updates: [...update.updates, raw(name, type, 255)] })
  assert.deepEqual([...(with_('BABEL._sa.acme.example.', TYPE.TXT)?.cleared ?? [])], [TYPE.TXT])
  assert.deepEqual([...(with_('babel._sa.acme.example.', TYPE.ANY)?.cleared ?? [])], [TYPE.ANY])
  for (const [name, type] of [['v1.x._cap.acme.example.', TYPE.AGENT], ['www.acme.example.', TYPE.ANY], ['rosetta._sa.acme.example.', TYPE.TXT]] as const) assert.equal(with_(name, type), undefined, name)
})

test('what is about another thing, about two agents, or has no lease, is no registration', () => {
  assert.equal(classifyAgent(textUpdate('acme.example.', [HOST])), undefined)
  for (const lines of [[], [HOST, 'www 60 IN A 192.0.2.1'], [HOST, 'rosetta._sa 60 IN A 192.0.2.1'], [OFFER, 'v1.x._cap 60 IN AGENT 1 rosetta._sa'], ['v0.x._cap 60 IN AGENT 0 v1.x._cap'], ['v1.x._cap 60 IN AGENT 1 www'], ['x.babel._sa 60 IN A 192.0.2.1']]) {
    assert.equal(about(lines), undefined, lines.join('; '))
  }
  const update = textUpdate('acme.example.', [HOST], LEASE)
  assert.equal(classifyAgent({ ...update, updates: [{ ...update.updates[0], class: 3 }] }), undefined)
})

test('RDATA of AGENT is read whole', () => {
  const { priority, target, parameters } = readAgent(agentRdata('7 babel._sa.acme.example. latency=1ms port=443'))
  assert.deepEqual([priority, target.toString(), [...parameters.keys()]], [7, 'babel._sa.acme.example.', [3, 65300]])
})

test('a human name stands below the provider; other data has none', () => {
  assert.equal(aliasOf(agentRdata('1 babel._sa.acme.example. alias=chat'))?.toString(), 'chat.acme.example.')
  assert.equal(aliasOf(agentRdata('1 babel._sa.acme.example. alias=übel'))?.labelCount, 3)
  for (const text of ['1 babel._sa.acme.example.', '1 host.acme.example. alias=chat']) assert.equal(aliasOf(agentRdata(text)), undefined, text)
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.d.example.`
  assert.equal(aliasOf(agentRdata(`1 x._sa.${long} alias=${'y'.repeat(63)}`)), undefined, 'longer than a name may be')
})

test('the order of records does not matter', () => {
  const lines = [HOST, OFFER, 'v0.x._cap 60 IN AGENT 0 v1.x._cap', 'babel._sa 60 IN TXT "a=b"']
  fc.assert(fc.property(fc.shuffledSubarray(lines, { minLength: 4 }), (shuffled) => {
    const message = about(shuffled)
    assert.deepEqual([message?.agent.id, message?.own.length, message?.offers.length], ['babel', 2, 2])
  }))
})
