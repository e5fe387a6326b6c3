/**
 * What answers in one thread, put together from a config: its share of the rate limit, and what a change of
 * options keeps and what it replaces.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CLASS, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { machineMs } from '../../src/ops/machine-clock.ts'
import { answeringOptions, makeAnswering, unixSeconds, type Answering, type AnsweringOptions } from '../../src/ops/answering.ts'
import { parseConfig } from '../../src/ops/config.ts'
import { Counters } from '../../src/server/counters.ts'
import type { Peer } from '../../src/transport/handler.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { SEED, zoneOf } from '../authority/ask.ts'
import { decode, hex, NOW, query, type Decoded } from '../server/messages.ts'

const SECRETS = { current: new Uint8Array(16).fill(1), also: new Uint8Array(16).fill(2) }

function optionsOf(text: string, threads = 1, secrets: { current: Uint8Array; also: Uint8Array | undefined } = SECRETS): AnsweringOptions {
  const { config } = parseConfig(text, 'w.yaml')
  return answeringOptions(config?.values ?? assert.fail(text), SEED, secrets, threads)
}

interface Made extends Answering {
  counters: Counters
  clock: { seconds: number }
  ask(message: Uint8Array, from?: Uint8Array): Decoded | null
}

function make(options: AnsweringOptions): Made {
  const counters = new Counters()
  const clock = { seconds: NOW }
  const answering = makeAnswering(options, counters, (fault) => {
    throw fault
  }, { clock: { unixMs: () => clock.seconds * 1_000, machineMs } })
  const out = new Uint8Array(65_535)
  const ask = (message: Uint8Array, from = Uint8Array.of(192, 0, 2, 1)): Decoded | null => {
    const peer: Peer = { transport: 'udp', address: from, port: 4053 }
    const size = answering.handler(message, message.length, peer, out)
    return size === 0 ? null : decode(out.slice(0, size))
  }
  return { ...answering, counters, clock, ask }
}

const version = query({ name: 'version.bind.', type: TYPE.TXT, class: CLASS.CH })
const textOf = (answer: Decoded | null): string => Buffer.from(answer?.answer[0]?.rdata ?? '', 'hex').subarray(1).toString()
const cookie = (data: Uint8Array): Uint8Array => query({ opt: { options: [[OPTION.COOKIE, data]] } })
const cookieIn = (answer: Decoded | null): Uint8Array => hex(answer?.opt?.options.find(([code]) => code === OPTION.COOKIE)?.[1] ?? '')

describe('options of answering', () => {
  it('tell how many threads share a limit, and none where nothing is limited', () => {
    const limit = (responses: number, threads: number): (number | undefined)[] => {
      const { rateLimit } = optionsOf(`rate-limit: { responses: ${responses} }`, threads)
      return [rateLimit?.responses, rateLimit?.shares]
    }
    assert.deepEqual([limit(200, 1), limit(5, 2), limit(0, 2)], [[200, 1], [5, 2], [undefined, undefined]])
  })

  it('are plain values that reach another thread as they are', () => {
    const options = optionsOf('server: { nsid: ns1 }')
    assert.deepEqual(structuredClone(options), options)
  })

  it('have no secret where cookies are off', () => {
    assert.equal(optionsOf('cookies: { enabled: false }').cookieSecret, undefined)
    assert.deepEqual(optionsOf('').cookieSecret, SECRETS.current)
  })
})

describe('what answers in one thread', () => {
  it('limits by the clock that it was given', () => {
    const { ask, clock } = make(optionsOf('rate-limit: { responses: 3, slip: 0 }'))
    assert.deepEqual(Array.from({ length: 5 }, () => ask(version) !== null), [true, true, true, false, false])
    clock.seconds += 100
    assert.equal(textOf(ask(version)), 'waggle')
  })

  it('does not limit loopback unless it is told to', () => {
    const lenient = make(optionsOf('rate-limit: { responses: 1, slip: 0 }'))
    const strict = make(optionsOf('rate-limit: { responses: 1, slip: 0, allow: [] }'))
    const from = Uint8Array.of(127, 0, 0, 1)
    for (let i = 0; i < 20; i++) assert.notEqual(lenient.ask(version, from), null)
    assert.deepEqual(Array.from({ length: 3 }, () => strict.ask(version, from) !== null), [true, false, false])
  })

  it('answers by new options from the next query on, and goes on counting', () => {
    const { ask, settle, counters } = make(optionsOf('server: { version: one }'))
    assert.equal(textOf(ask(version)), 'one')
    settle(optionsOf('server: { version: two }'))
    assert.equal(textOf(ask(version)), 'two')
    assert.equal(counters.get('transport.udp'), 2)
  })

  it('serves the same zones under new options', () => {
    const { ask, settle, publish } = make(optionsOf(''))
    assert.equal(ask(query({ name: 'www.example.' }))?.rcode, RCODE.REFUSED)
    publish(new ZoneDirectory([zoneOf('example.', '@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\nwww 60 A 192.0.2.80\n')], SEED), [])
    settle(optionsOf('server: { id: x }'))
    assert.equal(ask(query({ name: 'www.example.' }))?.answer.length, 1)
  })

  it('remembers who was limited where the limit stays, and starts anew where it changed', () => {
    const { ask, settle } = make(optionsOf('rate-limit: { responses: 2, slip: 0 }'))
    for (let i = 0; i < 10; i++) ask(version)
    settle(optionsOf('rate-limit: { responses: 2, slip: 0 }\nserver: { id: x }'))
    assert.equal(ask(version), null, 'a reload is no way out')
    settle(optionsOf('rate-limit: { responses: 3, slip: 0 }'))
    assert.notEqual(ask(version), null)
    settle(optionsOf('rate-limit: { responses: 0 }'))
    for (let i = 0; i < 10; i++) assert.notEqual(ask(version), null)
  })

  it('accepts cookies of both secrets of a change and makes them by the current one (RFC 9018 5)', () => {
    const old = make(optionsOf('cookies: { require: true }', 1, { current: SECRETS.also, also: undefined }))
    const given = cookieIn(old.ask(cookie(new Uint8Array(8).fill(9))))
    assert.equal(given.length, 24)
    const { ask, settle } = make(optionsOf('cookies: { require: true }'))
    const answer = ask(cookie(given))
    assert.notEqual(answer?.rcode, RCODE.BADCOOKIE)
    assert.notDeepEqual(cookieIn(answer), given, 'a new one by the current secret')
    settle(optionsOf('cookies: { require: true }', 1, { current: new Uint8Array(16).fill(3), also: SECRETS.current }))
    assert.equal(ask(cookie(given))?.rcode, RCODE.BADCOOKIE)
    assert.notEqual(ask(cookie(cookieIn(answer)))?.rcode, RCODE.BADCOOKIE)
  })

  it('reads the time in whole seconds', () => {
    const now = unixSeconds()
    assert.ok(Number.isInteger(now) && Math.abs(now - Date.now() / 1_000) < 5)
  })
})
