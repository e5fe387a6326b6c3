/** Questions that want fresher readings, in the core: fetched for who has shown where it is, and answered once they have come (docs/protocol.md 6). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Peer } from '../../src/authority/query.ts'
import { OPCODE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { Cookies } from '../../src/server/cookies.ts'
import type { MessageAuthenticator } from '../../src/server/core-contract.ts'
import type { Requester, Signer } from '../../src/update/contract.ts'
import { peerSign, peerVerify } from '../dnssec/tsig-peer.ts'
import { demandOctets } from '../discovery/ranking/hive.ts'
import { decode, hex, NOW, serverOf, tcp, udp } from './messages.ts'
import { KEY, slowPath, STRANGER, type SlowPath } from './slow-path.ts'

const cookies = new Cookies(hex('00112233445566778899aabbccddeeff'))
const cookie = new Uint8Array(24)
cookies.make(hex('0102030405060708'), 0, udp.address, NOW, cookie, 0)

function question({ shown, parts = {} }: { shown?: Uint8Array; parts?: Partial<Message> } = {}): Buffer {
  const options = [{ code: OPTION.DEMAND, octets: demandOctets('max-age=1s') }, ...(shown === undefined ? [] : [{ code: OPTION.COOKIE, octets: shown }])]
  return Buffer.from(encodeMessage(makeMessage({
    id: 5, questions: [{ name: Name.parse('v1.ocr._cap.example.'), type: TYPE.AGENT, class: 1 }], edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options }, ...parts,
  })))
}

/** A core that tells in which order readings were fetched and questions answered. */
async function path(authenticator?: MessageAuthenticator, isToBeAsked = true): Promise<SlowPath & { told: string[]; requesters: Requester[]; come: () => void }> {
  const told: string[] = []
  const requesters: Requester[] = []
  let come = (): void => undefined
  const server = serverOf((_, answer) => {
    told.push('answered')
    answer.rcode = RCODE.NXDOMAIN
  }, { isOfCore: true, cookies })
  const freshen = (_: Message, requester: Requester): Promise<void> | undefined => {
    requesters.push(requester)
    return isToBeAsked ? new Promise<void>((resolve) => (come = resolve)).then(() => void told.push('fetched')) : undefined
  }
  const query = (octets: Uint8Array, length: number, peer: Peer, out: Uint8Array, room: number): number => server.answer(octets, length, peer, out, room)
  const running = await slowPath({ core: { handlers: { query, freshen }, cookies, ...(authenticator && { authenticator }) } })
  return { ...running, told, requesters, come: () => come() }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

/** Where every message is proven to be of one signer. */
const provenBy = (signer: Signer): MessageAuthenticator => ({ verify: () => ({ outcome: 'proven', signer, seal: undefined }), overhead: () => 0, sign: (octets) => octets })
const SIGNER = Name.parse('babel._sa.example.')
const sig0 = (isIntroduced: boolean): Signer => ({ kind: 'sig0', name: SIGNER, isIntroduced, key: new Uint8Array(4) })

describe('readings are fetched', () => {
  const WHO: [who: string, peer: Peer, octets: Uint8Array, signer: string | undefined, authenticator?: MessageAuthenticator][] = [
    ['who comes by TCP', tcp, question(), undefined],
    ['who shows a cookie of ours', udp, question({ shown: cookie }), undefined],
    ['who has signed by a key of the config', udp, peerSign(question(), KEY, { time: NOW }).octets, KEY.name],
    ['who has signed by a key that stands in a zone', udp, question(), 'babel._sa.example', provenBy(sig0(false))],
    ['a key that the message brings itself, by TCP: for the address, the name is none', tcp, question(), undefined, provenBy(sig0(true))],
  ]
  for (const [who, peer, octets, signer, authenticator] of WHO) {
    test(`for ${who}, and the answer waits for them`, async () => {
      const { send, told, requesters, come } = await path(authenticator)
      const answer = send(octets, peer)
      await turn()
      assert.deepEqual(told, [])
      come()
      assert.equal(decode(await answer).rcode, RCODE.NXDOMAIN)
      assert.deepEqual(told, ['fetched', 'answered'])
      assert.deepEqual(requesters.map(({ address, transport, signer: by }) => [address, transport, by?.name.toString().slice(0, -1)]), [[peer.address, peer.transport, signer]])
    })
  }

  test('for a batch as for one question', async () => {
    const { send, told, come } = await path()
    const questions = ['v1.ocr', 'v1.speak'].map((name) => ({ name: Name.parse(`${name}._cap.example.`), type: TYPE.AGENT, class: 1 }))
    const answer = send(question({ parts: { opcode: OPCODE.AGENT, questions } }), tcp)
    await turn()
    come()
    assert.ok(await answer)
    assert.deepEqual(told, ['fetched', 'answered', 'answered'])
  })

  test('and what was signed is answered under a signature (RFC 8945 5.3)', async () => {
    const { send, come } = await path()
    const { octets, mac } = peerSign(question(), KEY, { time: NOW })
    const answer = send(octets)
    await turn()
    come()
    assert.equal(peerVerify((await answer) as Uint8Array, KEY, mac), true)
  })
})

describe('nothing is fetched, and the question answered at once', () => {
  const WHO: [who: string, octets: Uint8Array, authenticator?: MessageAuthenticator][] = [
    ['for an address that may be forged', question()],
    ['for half a cookie', question({ shown: cookie.slice(0, 8) })],
    ['for a cookie that we have not made', question({ shown: cookie.map((octet, i) => octet ^ Number(i === 20)) })],
    ['for a key that the message brings itself, as it may stand at any name', question(), provenBy(sig0(true))],
  ]
  for (const [who, octets, authenticator] of WHO) {
    test(who, async () => {
      const { send, told, requesters } = await path(authenticator)
      assert.equal(decode(await send(octets, udp)).rcode, RCODE.NXDOMAIN)
      assert.deepEqual([told, requesters], [['answered'], []])
    })
  }

  test('for a signature that is none of a key of ours, which is refused (RFC 8945 5.2.1)', async () => {
    const { send, told, requesters } = await path()
    assert.equal(decode(await send(peerSign(question(), STRANGER, { time: NOW }).octets)).rcode, RCODE.NOTAUTH)
    assert.deepEqual([told, requesters], [[], []])
  })

  test('where nobody is to be asked', async () => {
    const { send, told } = await path(undefined, false)
    assert.ok(await send(question(), tcp))
    assert.deepEqual(told, ['answered'])
  })
})
