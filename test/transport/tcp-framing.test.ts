/** Messages out of a stream, however it is cut (RFC 1035 4.2.2, RFC 7766 8). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Framer, MALFORMED, NEED_MORE } from '../../src/transport/tcp-framing.ts'
import { framed, query } from './support.ts'

/** All messages in the framer now, and what stopped it. */
function drain(framer: Framer): { messages: Buffer[]; stop: number } {
  const messages: Buffer[] = []
  for (;;) {
    const length = framer.next()
    if (length < 0) return { messages, stop: length }
    messages.push(Buffer.from(framer.message.subarray(0, length)))
  }
}

test('any messages cut anywhere come out the same and in order (RFC 7766 8)', () => {
  const message = fc.oneof({ weight: 9, arbitrary: fc.uint8Array({ minLength: 12, maxLength: 60 }) }, { weight: 1, arbitrary: fc.uint8Array({ minLength: 500, maxLength: 3_000 }) })
  fc.assert(fc.property(fc.array(message, { maxLength: 20 }), fc.array(fc.nat(100)), (messages, cuts) => {
    const stream = framed(...messages)
    const framer = new Framer()
    const found: Buffer[] = []
    for (let at = 0, i = 0; at < stream.length; i++) {
      const end = Math.min(stream.length, at + 1 + (cuts[i % (cuts.length || 1)] ?? 40))
      framer.push(Buffer.from(stream.subarray(at, end)))
      at = end
      const { messages: some, stop } = drain(framer)
      assert.equal(stop, NEED_MORE)
      found.push(...some)
    }
    assert.deepEqual(found, messages.map((octets) => Buffer.from(octets)))
    assert.equal(framer.isMidway, false)
  }), { numRuns: 300 })
})

test('a stream cut after every octet comes out the same', () => {
  const messages = [query(1, 0, 0, 12), query(2, 0, 0, 300), query(3)]
  const framer = new Framer()
  const found: Buffer[] = []
  for (const octet of framed(...messages)) {
    framer.push(Uint8Array.of(octet))
    found.push(...drain(framer).messages)
  }
  assert.deepEqual(found, messages)
})

test('a message that is left for later stays while more chunks come', () => {
  const framer = new Framer()
  const messages = [1, 2, 3, 4].map((id) => query(id))
  framer.push(framed(messages[0], messages[1]))
  assert.equal(framer.next(), messages[0].length)
  framer.push(framed(messages[2]).subarray(0, 5))
  framer.push(Buffer.concat([framed(messages[2]).subarray(5), framed(messages[3])]))
  assert.deepEqual(drain(framer), { messages: messages.slice(1), stop: NEED_MORE })
})

test('a length below 12 octets is malformed, whole or in pieces, after the messages before it', () => {
  for (let length = 0; length < 12; length++) {
    const framer = new Framer()
    framer.push(Buffer.concat([framed(query(1)), Buffer.of(0, length)]))
    assert.deepEqual(drain(framer), { messages: [query(1)], stop: MALFORMED })
    const slow = new Framer()
    slow.push(Buffer.of(0))
    assert.equal(slow.next(), NEED_MORE)
    slow.push(Buffer.of(length, 0xff))
    assert.equal(slow.next(), MALFORMED)
    assert.equal(slow.next(), MALFORMED, 'and stays so')
  }
})

test('the longest message, octet by octet, takes time in proportion to its length', () => {
  const long = query(7, 0, 0, 65_535)
  const framer = new Framer()
  const stream = framed(long)
  const started = performance.now()
  let length = NEED_MORE
  for (let at = 0; at < stream.length; at++) {
    framer.push(stream.subarray(at, at + 1))
    length = framer.next()
  }
  assert.equal(length, 65_535)
  assert.deepEqual(Buffer.from(framer.message), long)
  assert.ok(performance.now() - started < 1_000, 'copying all that came before each octet would move two billion octets')
})
