/**
 * A question that is signed: what is sent where an answer was cut short, and what is believed.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askSigned, type Send } from '../../src/client/ask-signed.ts'
import type { AskOptions } from '../../src/client/ask.ts'
import type { ChangeSigner } from '../../src/client/change.ts'
import { CLASS, OPCODE, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'

const QUERY = makeMessage({ id: 7, opcode: OPCODE.AGENT, questions: [{ name: Name.parse('a.example'), type: TYPE.A, class: CLASS.IN }] })
const OPTIONS: AskOptions = { server: { host: '127.0.0.1', port: 5300, family: 4 }, timeoutMs: 1_000, tries: 1 }

/** What was sent, signed and checked; what comes over UDP is cut short where `isCut`. */
function world({ isCut = false, wrong }: { isCut?: boolean; wrong?: string } = {}) {
  const sent: { id: number; tcp: boolean; keepTruncated: boolean }[] = []
  const signed: number[] = []
  const send: Send = (octets, { tcp = false, keepTruncated = false }) => {
    const message = decodeMessage(octets)
    sent.push({ id: message.id, tcp, keepTruncated })
    return Promise.resolve({ octets: encodeMessage({ ...message, response: true, truncated: isCut && !tcp }), transport: tcp ? 'tcp' : 'udp', tookMs: 1 })
  }
  const signer: ChangeSigner = {
    sign: (octets) => {
      signed.push(decodeMessage(octets).id)
      return Promise.resolve({ octets, check: () => Promise.resolve(wrong) })
    },
  }
  return { sent, signed, send, signer }
}

describe('a signed question', () => {
  it('that was answered whole is sent and signed once', async () => {
    const { sent, signed, send, signer } = world()
    const asked = await askSigned(QUERY, signer, OPTIONS, send)
    assert.ok('octets' in asked)
    assert.deepEqual([sent, signed], [[{ id: 7, tcp: false, keepTruncated: true }], [7]])
  })

  it('whose answer was cut short is asked over TCP by another message with its own signature, as the same would be a replay', async () => {
    const { sent, signed, send, signer } = world({ isCut: true })
    const asked = await askSigned(QUERY, signer, OPTIONS, send)
    assert.ok('octets' in asked && asked.transport === 'tcp')
    assert.deepEqual(sent.map(({ tcp }) => tcp), [false, true])
    assert.deepEqual(signed, sent.map(({ id }) => id))
    assert.notEqual(sent[1].id, sent[0].id)
  })

  it('whose answer is wanted as it is, or is cut over TCP too, is asked once', async () => {
    for (const more of [{ keepTruncated: true }, { tcp: true }]) {
      const { sent, send, signer } = world({ isCut: true })
      await askSigned(QUERY, signer, { ...OPTIONS, ...more }, send)
      assert.equal(sent.length, 1)
    }
  })

  it('whose answer is not signed as it must be says why, and a failure says which', async () => {
    const { send, signer } = world({ wrong: 'it is not signed', isCut: true })
    assert.deepEqual(await askSigned(QUERY, signer, OPTIONS, send), { wrong: 'it is not signed' })
    assert.deepEqual(await askSigned(QUERY, signer, OPTIONS, () => Promise.resolve({ failed: 'none came' })), { failed: 'none came' })
  })

  it('that nobody signs goes out as it is, and turns to TCP by itself', async () => {
    const { sent, signed, send } = world()
    await askSigned(QUERY, undefined, OPTIONS, send)
    assert.deepEqual([sent, signed], [[{ id: 7, tcp: false, keepTruncated: false }], []])
  })
})
