/**
 * Withdrawals for servers of both kinds: a lease of 0 where leases are known (RFC 9664 4.2), deletions where they are not (RFC 2136 2.5.4).
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChangeOutcome } from '../../src/client/change.ts'
import { newKeyPair } from '../../src/client/new-keys.ts'
import { deleteMessage } from '../../src/client/registration.ts'
import { withdrawBy } from '../../src/client/withdrawal.ts'
import { OPTION, RCODE } from '../../src/dns/codes.ts'
import { findOption, readUpdateLease } from '../../src/dns/edns.ts'
import { decodeMessage, encodeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'

const BABEL = { provider: 'acme.example', id: 'babel', key: newKeyPair(Name.root, 15).record.rdata, addresses: ['192.0.2.10'], capabilities: [{ name: 'v1.x' }] }

/** What is sent for a withdrawal that is answered so, and what came of it. */
async function withdrawn(answers: ChangeOutcome[], keyLease = 0): Promise<{ outcome: ChangeOutcome; sent: { lease: number | undefined; records: string[]; id: number }[] }> {
  const sent: { lease: number | undefined; records: string[]; id: number }[] = []
  let id = 0
  const request = (message: Message): Promise<ChangeOutcome> => {
    const option = findOption(message.edns, OPTION.UPDATE_LEASE)
    sent.push({ lease: option && readUpdateLease(option).lease, records: message.authorities.map((record) => printRecord(record).replace(/KEY .*/, 'KEY')), id: message.id })
    return Promise.resolve(answers[sent.length - 1])
  }
  return { outcome: await withdrawBy(request, BABEL, { keyLease, messageId: () => ++id }), sent }
}

describe('a withdrawal', () => {
  it('is one message where the server grants a lease of 0', async () => {
    const done: ChangeOutcome = { kind: 'done', lease: { lease: 0, keyLease: 0 } }
    const { outcome, sent } = await withdrawn([done])
    assert.equal(outcome, done)
    assert.deepEqual(sent.map(({ lease, records }) => [lease, records.length]), [[0, 3]])
  })

  it('is two where the server says nothing of leases, each with an ID of its own', async () => {
    const last: ChangeOutcome = { kind: 'refused', rcode: RCODE.REFUSED, reason: 'REFUSED' }
    const { outcome, sent } = await withdrawn([{ kind: 'done', lease: undefined }, last])
    assert.equal(outcome, last, 'the outcome is that of the last message')
    assert.deepEqual(sent[1], { lease: undefined, id: 2, records: ['babel._sa.acme.example. 0 NONE KEY', 'babel._sa.acme.example. 0 NONE A 192.0.2.10', 'v1.x._cap.acme.example. 0 NONE AGENT 1 babel._sa.acme.example.'] })
  })

  it('leaves the KEY where the name shall stay reserved', async () => {
    const { sent } = await withdrawn([{ kind: 'done', lease: undefined }, { kind: 'done', lease: undefined }], 600)
    assert.deepEqual(sent[1].records.map((text) => text.split(' ')[3]), ['A', 'AGENT'])
  })

  it('ends with the first message where that is refused, or not answered', async () => {
    for (const answer of [{ kind: 'refused', rcode: RCODE.REFUSED, reason: 'REFUSED' }, { kind: 'unreachable', reason: 'none came' }] as ChangeOutcome[]) {
      const { outcome, sent } = await withdrawn([answer])
      assert.equal(outcome, answer)
      assert.equal(sent.length, 1)
    }
  })

  it('by deletion is a message that every server reads', () => {
    const { authorities, edns, questions } = decodeMessage(encodeMessage(deleteMessage(BABEL, 4_711)))
    assert.equal(authorities.length, 3)
    assert.deepEqual(edns?.options, [])
    assert.equal(questions[0].name.toString(), 'acme.example.')
  })
})
