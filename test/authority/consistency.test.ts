/**
 * One answer, one state of the zone: however many steps an answer takes, and whatever is committed meanwhile, it
 * tells what was, or what is, but never half of each.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import type { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import { ZoneImage, type ZoneMatch } from '../../src/zone/image.ts'
import { parseZone } from '../../src/zone/parse.ts'
import { asker, SEED, zoneOf } from './ask.ts'

const START = `
@ 60 SOA ns admin 1 2 3 4 60
@ 60 NS ns
ns 60 A 192.0.2.1
alias 60 CNAME old
old 60 A 192.0.2.2
`
const wire = (name: string): Uint8Array => Name.parse(name).wire

/** A reader of the same block that runs `meanwhile` behind its first search. */
class SlowImage extends ZoneImage {
  meanwhile: (() => void) | undefined

  override find(name: LookupName, match: ZoneMatch): void {
    super.find(name, match)
    this.meanwhile?.()
    this.meanwhile = undefined
  }
}

test('a change that is committed between two steps of a chain is not seen by the second', () => {
  const image = zoneOf('example.', START)
  const slow = new SlowImage(image.buffer)
  const editor = new ZoneEditor(image)
  slow.meanwhile = () => {
    editor.begin()
    editor.putRRset(wire('alias.example.'), TYPE.CNAME, 60, [wire('new.example.')])
    editor.putRRset(wire('new.example.'), TYPE.A, 60, [Uint8Array.of(192, 0, 2, 3)])
    editor.removeRRset(wire('old.example.'), TYPE.A)
    editor.commit()
  }
  const ask = asker(slow)
  assert.deepEqual(ask('alias.example. A').answer, ['alias.example. 60 IN CNAME old.example.', 'old.example. 60 IN A 192.0.2.2'])
  assert.deepEqual(ask('alias.example. A').answer, ['alias.example. 60 IN CNAME new.example.', 'new.example. 60 IN A 192.0.2.3'])
})

test('two threads answer from one image while an editor changes it: each answer is all old or all new', async () => {
  const builder = new ZoneBuilder({ apex: wire('example.'), class: CLASS.IN, seed: SEED, expectedOctets: 16_000_000 })
  parseZone({ octets: Buffer.from(`${START}mx 60 MX 1 old\n`), file: 'z' }, { origin: wire('example.'), class: CLASS.IN }, builder)
  const image = builder.finish()
  const workers = [0, 1].map(() => new Worker(new URL('./answering-reader.js', import.meta.url), { workerData: { buffer: image.buffer } }))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const outcomes = workers.map((worker) => once(worker, 'message') as Promise<[{ answers: number; seen: number; wrong: string[] }]>)
  const editor = new ZoneEditor(image)
  for (let round = 1; round <= 4_000; round++) {
    const host = wire(`host${round % 50}.example.`)
    const address = Uint8Array.of(10, 0, round >>> 8, round)
    editor.begin()
    editor.removeRRset(wire(`host${(round - 1) % 50}.example.`), TYPE.A)
    editor.putRRset(host, TYPE.A, 60, [address])
    editor.putRRset(wire('alias.example.'), TYPE.CNAME, 60, [host])
    editor.putRRset(wire('mx.example.'), TYPE.MX, 60, [Uint8Array.of(0, 1, ...host)])
    editor.putRRset(wire('mx.example.'), TYPE.A, 60, [address])
    if (round % 7 === 0) editor.abort()
    else editor.commit()
    if (round % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  for (const worker of workers) worker.postMessage('stop')
  for (const [{ answers, seen, wrong }] of await Promise.all(outcomes)) {
    assert.deepEqual(wrong, [])
    assert.ok(answers > 0 && seen > 1, `the thread must have met several states: ${answers} answers, ${seen} states`)
  }
})
