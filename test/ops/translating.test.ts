/** Needs on their way through the thread that translates: what comes back, and what is refused, each with its reason. The thread is the real one. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { registerZone } from '../../src/discovery/ranking/from-image.ts'
import { OPTION, TYPE } from '../../src/dns/codes.ts'
import { MAX_INTENT_OCTETS, MAX_INTENTS_WAITING } from '../../src/dns/limits-discovery.ts'
import { makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { Translating } from '../../src/ops/translating.ts'
import type { Translated } from '../../src/server/core-contract.ts'
import { SEED, zoneOf } from '../authority/ask.ts'
import { demandOctets } from '../discovery/ranking/hive.ts'

const ZONE = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nv1.ocr.vision._cap AGENT 1 a._sa\nv2.translate.text.nlp._cap AGENT 1 b._sa\n'

function query(demand: string | Uint8Array | undefined): Message {
  const octets = typeof demand === 'string' ? demandOctets(demand) : demand
  const options = octets === undefined ? [] : [{ code: OPTION.DEMAND, octets }]
  return makeMessage({ questions: [{ name: Name.parse('_cap.acme.example.'), type: TYPE.AGENT, class: 1 }], edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options } })
}

const shown = (outcome: Translated | undefined): string => {
  if (outcome === undefined) return 'none'
  if ('refused' in outcome) return outcome.refused
  return outcome.translation.capability === undefined ? 'nothing' : Name.fromWire(outcome.translation.capability).toString()
}

describe('a need', () => {
  const faults: unknown[] = []
  const translating = new Translating({ seed: SEED, onFault: (fault) => faults.push(fault), deadlineMs: 20_000 })
  before(() => {
    const image = zoneOf('acme.example.', ZONE)
    translating.publish({ images: [image.buffer], candidates: [registerZone(image).registrar.table.buffer] })
  })
  after(async () => {
    await translating.close()
    assert.deepEqual(faults, [])
  })

  const CASES: [what: string, demand: string | Uint8Array | undefined, outcome: string][] = [
    ['is translated', 'intent="translate a text"', 'v2.translate.text.nlp._cap.acme.example.'],
    ['may mean another', 'intent=ocr count=1', 'v1.ocr.vision._cap.acme.example.'],
    ['may mean nothing', 'intent=xyzzy', 'nothing'],
    ['is not there without a demand', undefined, 'none'],
    ['is not there in a demand without words', 'count=1', 'none'],
    ['is not there in what cannot be read', Uint8Array.of(1), 'none'],
    ['is not too long', `intent=${'x'.repeat(MAX_INTENT_OCTETS + 1)}`, `an intent has at most ${MAX_INTENT_OCTETS} octets`],
  ]
  for (const [what, demand, outcome] of CASES) test(what, async () => assert.equal(shown(await translating.translate(query(demand))), outcome))

  test('waits with a bounded number of others, and each gets its own', async () => {
    const all = Array.from({ length: MAX_INTENTS_WAITING + 1 }, (_, i) => translating.translate(query(i % 2 === 0 ? 'intent=ocr' : 'intent=translate')))
    const outcomes = (await Promise.all(all.map((one) => Promise.resolve(one)))).map(shown)
    assert.equal(outcomes.pop(), 'too many intents wait')
    assert.deepEqual(new Set(outcomes.filter((_, i) => i % 2 === 0)), new Set(['v1.ocr.vision._cap.acme.example.']))
    assert.deepEqual(new Set(outcomes.filter((_, i) => i % 2 === 1)), new Set(['v2.translate.text.nlp._cap.acme.example.']))
  })

  test('sees zones that were published later', async () => {
    const image = zoneOf('acme.example.', `${ZONE}v1.forecast.weather._cap AGENT 1 c._sa\n`)
    translating.publish({ images: [image.buffer], candidates: [registerZone(image).registrar.table.buffer] })
    assert.equal(shown(await translating.translate(query('intent="weather forecast"'))), 'v1.forecast.weather._cap.acme.example.')
  })
})

test('a need that is not translated in time is refused, and so is one that waits when the server stops', async () => {
  const late = new Translating({ seed: SEED, onFault: () => undefined, deadlineMs: 0 })
  assert.equal(shown(await late.translate(query('intent=ocr'))), 'the intent was not translated in time')
  await late.close()
  const stopped = new Translating({ seed: SEED, onFault: () => undefined, deadlineMs: 20_000 })
  const waiting = stopped.translate(query('intent=ocr'))
  await stopped.close()
  assert.equal(shown(await waiting), 'the server stops')
})
