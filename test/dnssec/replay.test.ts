/** The memory of signed messages: what is let in once, what is answered again, and that forgetting never lets a replay in (RFC 8945 10). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ReplayMemory, senderOf, tagOf, type Recall, type ReplayBounds } from '../../src/dnssec/replay.ts'
import { CLIENT, NOW, responseTo, shown, update, worldOf, keyOf } from './signed.ts'
import { KEY, peerSign } from './tsig-peer.ts'

const at = (memory: ReplayMemory, tag: number, { second = NOW, now = NOW, sender = 'a', group = 'key.' } = {}): Recall => memory.recall({ group, tag, second, sender }, now)

test('a message is new once; from the same sender it is then a retransmission, from another a replay', () => {
  const memory = new ReplayMemory()
  assert.deepEqual(at(memory, 1), { is: 'new' })
  assert.deepEqual(at(memory, 1), { is: 'retransmitted', response: undefined })
  assert.deepEqual(at(memory, 1, { sender: 'b' }), { is: 'replayed' })
  const response = Uint8Array.of(1, 2, 3)
  memory.keep(1, response)
  assert.deepEqual(at(memory, 1), { is: 'retransmitted', response })
  assert.deepEqual(at(memory, 1, { sender: 'b' }), { is: 'replayed' })
})

test('twelve clients that share a key, each signing a thousand messages in one second, are all new', () => {
  const memory = new ReplayMemory()
  for (let i = 0; i < 12_000; i++) assert.equal(at(memory, i, { sender: String(i % 12) }).is, 'new')
  assert.equal(memory.size, 12_000)
})

test('messages that overtake each other are new, whatever their times', () => {
  const memory = new ReplayMemory()
  const seconds = [0, 5, -5, 300, -300, 1].map((off) => NOW + off)
  assert.deepEqual(seconds.map((second, tag) => at(memory, tag, { second }).is), seconds.map(() => 'new'))
})

test('a response is kept once, and not where nobody asked', () => {
  const memory = new ReplayMemory()
  at(memory, 1)
  memory.keep(1, Uint8Array.of(1))
  memory.keep(1, Uint8Array.of(2))
  memory.keep(2, Uint8Array.of(3))
  assert.deepEqual(at(memory, 1), { is: 'retransmitted', response: Uint8Array.of(1) })
  assert.deepEqual(at(memory, 2), { is: 'new' })
})

test('responses are bounded by number, by octets together and each: what is forgotten is a replay', () => {
  const byNumber = new ReplayMemory({ responses: 2 })
  for (const tag of [1, 2, 3]) at(byNumber, tag)
  assert.deepEqual([1, 2, 3].map((tag) => at(byNumber, tag).is), ['replayed', 'retransmitted', 'retransmitted'])
  const byOctets = new ReplayMemory({ responseOctets: 10 })
  for (const tag of [1, 2, 3]) at(byOctets, tag)
  for (const tag of [1, 2, 3]) byOctets.keep(tag, new Uint8Array(4))
  assert.deepEqual([1, 2, 3].map((tag) => at(byOctets, tag).is), ['replayed', 'retransmitted', 'retransmitted'])
  const each = new ReplayMemory({ responseEach: 3 })
  at(each, 1)
  each.keep(1, new Uint8Array(4))
  assert.equal(at(each, 1).is, 'replayed')
})

test('when there is no more room the oldest second of the busiest key goes, and nothing signed up to it is let in again', () => {
  const memory = new ReplayMemory({ macs: 10 })
  for (let i = 0; i < 8; i++) at(memory, i, { second: NOW + i, group: 'busy.' })
  at(memory, 100, { second: NOW, group: 'calm.' })
  at(memory, 101, { second: NOW, group: 'calm.' })
  assert.equal(memory.size, 10)
  assert.equal(at(memory, 8, { second: NOW + 8, group: 'busy.' }).is, 'new')
  assert.equal(memory.size, 10)
  assert.equal(at(memory, 0, { second: NOW, group: 'busy.', sender: 'b' }).is, 'replayed')
  assert.equal(at(memory, 999, { second: NOW, group: 'busy.' }).is, 'replayed', 'too old to tell')
  assert.equal(at(memory, 102, { second: NOW, group: 'calm.' }).is, 'new', 'another key has its own floor')
})

test('what is too old to be accepted is forgotten, and costs no floor', () => {
  const memory = new ReplayMemory()
  for (let i = 0; i < 100; i++) at(memory, i)
  assert.equal(memory.size, 100)
  at(memory, 1_000, { second: NOW + 301, now: NOW + 301 })
  assert.equal(memory.size, 1)
  assert.equal(at(memory, 1_001, { second: NOW + 2, now: NOW + 302 }).is, 'new')
})

interface Sent {
  tag: number
  off: number
  group: number
  later: number
}

test('property: whatever is sent and forgotten, no message within its time is new twice, and the bounds hold', () => {
  const sent: fc.Arbitrary<Sent> = fc.record({ tag: fc.integer({ min: 0, max: 40 }), off: fc.integer({ min: -300, max: 300 }), group: fc.integer({ min: 0, max: 2 }), later: fc.integer({ min: 0, max: 60 }) })
  const bounds: fc.Arbitrary<Partial<ReplayBounds>> = fc.record({ macs: fc.integer({ min: 1, max: 20 }), responses: fc.integer({ min: 1, max: 5 }) })
  fc.assert(fc.property(bounds, fc.array(sent, { maxLength: 200 }), (limits, messages) => {
    const memory = new ReplayMemory(limits)
    const seen = new Map<string, number>() // a tag stands for one message, so it has one time
    let now = NOW
    for (const { tag, off, group, later } of messages) {
      now += later
      const id = `${group} ${tag}`
      const second = seen.get(id) ?? now + off
      if (Math.abs(second - now) > 300) continue // BADTIME before anybody asks the memory
      const isNew = at(memory, tag + group * 1_000, { second, now, group: String(group) }).is === 'new'
      assert.ok(!(isNew && seen.has(id)), `message ${id} was new twice`)
      seen.set(id, second)
      assert.ok(memory.size <= (limits.macs ?? 0))
    }
  }), { numRuns: 300 })
})

test('tags are 53 bits of the signature, and a sender is address, port, ID and transport', () => {
  assert.equal(tagOf(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 1)), Number.MAX_SAFE_INTEGER)
  assert.equal(tagOf(Uint8Array.of(0xe0, 0, 0, 1, 0, 0, 0, 2)), 2 ** 32 + 2)
  const senders = [senderOf(CLIENT, 1), senderOf(CLIENT, 2), senderOf({ ...CLIENT, port: 1 }, 1), senderOf({ ...CLIENT, transport: 'tcp' }, 1), senderOf({ ...CLIENT, address: Uint8Array.of(192, 0, 2, 2) }, 1)]
  assert.equal(new Set(senders).size, senders.length)
  assert.equal(senderOf({ ...CLIENT, address: Uint8Array.of(0, 192, 0, 2, 1).subarray(1) }, 1), senders[0])
})

test('property: two clients, or two of their messages, never share the text of a sender', () => {
  const address = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  const number = fc.integer({ min: 0, max: 0xffff })
  const source = fc.record({ address, port: number, transport: fc.constantFrom('udp' as const, 'tcp' as const), id: number })
  fc.assert(fc.property(source, source, fc.constantFrom('address', 'port', 'transport', 'id'), (one, two, part) => {
    const changed = { ...one, [part]: two[part as keyof typeof two] }
    const isSame = Buffer.compare(one.address, changed.address) === 0 && one.port === changed.port && one.transport === changed.transport && one.id === changed.id
    assert.equal(senderOf(one, one.id) === senderOf(changed, changed.id), isSame)
    assert.equal(senderOf({ ...one, address: Uint8Array.from(one.address) }, one.id), senderOf(one, one.id))
  }), { numRuns: 500 })
})

// ---- The same through the authenticator ----

test('an UPDATE that is sent again by its client gets the same response, and before that silence', () => {
  const { verify, authenticator } = worldOf()
  const { octets } = peerSign(update(), KEY, { time: NOW })
  const first = verify(octets)
  assert.ok(first.outcome === 'proven' && first.seal !== undefined)
  assert.equal(verify(octets).outcome, 'pending')
  const response = authenticator.sign(responseTo(octets), first.seal)
  const again = verify(octets)
  assert.ok(again.outcome === 'repeated')
  assert.deepEqual(again.response, response)
})

test('an UPDATE that is replayed from another address, port or transport is BADTIME', () => {
  const { verify } = worldOf()
  const { octets } = peerSign(update(), KEY, { time: NOW })
  assert.equal(verify(octets).outcome, 'proven')
  for (const source of [{ ...CLIENT, port: 1 }, { ...CLIENT, address: Uint8Array.of(198, 51, 100, 1) }, { ...CLIENT, transport: 'tcp' as const }]) {
    assert.equal(shown(verify(octets, source)), 'refused NOTAUTH BADTIME')
  }
})

test('an UPDATE replayed with another ID in its header is BADTIME too, as the signature covers the original one', () => {
  const { verify } = worldOf()
  const { octets } = peerSign(update(), KEY, { time: NOW })
  assert.equal(verify(octets).outcome, 'proven')
  octets.writeUInt16BE(7, 0)
  assert.equal(shown(verify(octets)), 'refused NOTAUTH BADTIME')
})

test('a MAC cut shorter is no new message', () => {
  const { verify } = worldOf([keyOf(KEY, 16)])
  assert.equal(verify(peerSign(update(), KEY, { time: NOW }).octets).outcome, 'proven')
  assert.equal(shown(verify(peerSign(update(), KEY, { time: NOW, macOctets: 16 }).octets, { ...CLIENT, port: 9 })), 'refused NOTAUTH BADTIME')
})

test('queries change nothing: they may come twice, and cost no memory', () => {
  const { verify } = worldOf()
  const { octets } = peerSign(update({ opcode: 0 }), KEY, { time: NOW })
  for (let i = 0; i < 3; i++) assert.equal(verify(octets, { ...CLIENT, port: i + 1 }).outcome, 'proven')
})

test('a message that was refused for its time is not remembered, and is good when its time has come', () => {
  const { verify, clock } = worldOf()
  const { octets } = peerSign(update(), KEY, { time: NOW + 400 })
  assert.equal(shown(verify(octets)), 'refused NOTAUTH BADTIME')
  clock.seconds += 200
  assert.equal(verify(octets).outcome, 'proven')
})
