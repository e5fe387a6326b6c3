/** A question whose demand has words, in the core (docs/protocol.md 4, `intent`): translated, answered a second time with what the words mean, and signed where it was; or refused with the reason. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Peer } from '../../src/authority/query.ts'
import { EDE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import type { Translated } from '../../src/server/core-contract.ts'
import { DEFERRED } from '../../src/server/server.ts'
import { KEY, peerSign, peerVerify } from '../dnssec/tsig-peer.ts'
import { decode, NOW, serverOf, udp } from './messages.ts'
import { slowPath, type SlowPath } from './slow-path.ts'

const CAPABILITY = Name.parse('v1.ocr._cap.example.').wire
const WORDS = Buffer.from('ff440003616263', 'hex') // intent=abc
const question = (octets: Uint8Array | undefined): Buffer => Buffer.from(encodeMessage(makeMessage({
  id: 5, questions: [{ name: Name.parse('_cap.example.'), type: TYPE.AGENT, class: 1 }],
  edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options: octets === undefined ? [] : [{ code: OPTION.DEMAND, octets }] },
})))

/** A core whose server knows an answer only to what is translated; `seen` are the scores that it was told. */
async function path(translate: (() => Promise<Translated> | undefined) | undefined, isDeferredAgain = false): Promise<SlowPath & { seen: (number | undefined)[] }> {
  const seen: (number | undefined)[] = []
  const server = serverOf((query, answer) => {
    seen.push(query.peer.translation?.score)
    answer.rcode = RCODE.NXDOMAIN
  }, { isOfCore: true })
  const query = (octets: Uint8Array, length: number, peer: Peer, out: Uint8Array, room: number): number => {
    const size = server.answer(octets, length, peer, out, room)
    return peer.translation === undefined || isDeferredAgain ? DEFERRED : size
  }
  return { ...await slowPath({ core: { handlers: { query, ...(translate === undefined ? {} : { translate }) } } }), seen }
}

const meant = (score: number): Promise<Translated> => Promise.resolve({ translation: { capability: CAPABILITY, score, isMeant: true, nearest: '' } })

describe('a question with words', () => {
  test('is answered with what they mean', async () => {
    const { send, seen, faults } = await path(() => meant(0.5))
    assert.equal(decode(await send(question(WORDS))).rcode, RCODE.NXDOMAIN)
    assert.deepEqual([seen, faults], [[undefined, 0.5], []])
  })

  test('that was signed is answered under a signature (RFC 8945 5.3)', async () => {
    const { send } = await path(() => meant(0.5))
    const { octets, mac } = peerSign(question(WORDS), KEY, { time: NOW })
    const response = await send(octets)
    assert.deepEqual([decode(response).rcode, peerVerify(response!, KEY, mac)], [RCODE.NXDOMAIN, true])
  })

  test('that nobody could translate in time is SERVFAIL, and the reason is told (RFC 8914 4.1)', async () => {
    const { send, seen } = await path(() => Promise.resolve({ refused: 'too many intents wait' }))
    const { rcode, opt } = decode(await send(question(WORDS)))
    assert.equal(rcode, RCODE.SERVFAIL)
    assert.deepEqual(opt?.options, [[OPTION.EDE, `0000${Buffer.from('too many intents wait').toString('hex')}`]].filter(() => EDE.OTHER === 0))
    assert.equal(seen.length, 1)
  })

  test('that has none, or where nobody translates, is one that others must be asked for: REFUSED where nobody can be', async () => {
    for (const translate of [undefined, (): undefined => undefined]) {
      const { send } = await path(translate)
      assert.equal(decode(await send(question(undefined))).rcode, RCODE.REFUSED)
    }
  })

  test('is not translated a second time: what is deferred again ends in silence', async () => {
    let times = 0
    const { send } = await path(() => (times++, meant(0.5)), true)
    assert.equal(await send(question(WORDS), udp), null)
    assert.equal(times, 1)
  })
})
