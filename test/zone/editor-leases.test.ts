/** The end of an RRset's first-ending lease (RFC 9664 4.2): where it stands, who sees it and when, and what keeps it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import { ZoneImage } from '../../src/zone/image.ts'
import { HEADER } from '../../src/zone/layout.ts'

const SEED = 0x1ea5e
const wire = (name: string): Uint8Array => Name.parse(name).wire
const APEX = wire('example.')
const AGENT = wire('a.example.')
const rdata = (last: number): Uint8Array => Uint8Array.of(0, last, 0)
/** Beyond 2038, so that the sign of 32 bits matters. */
const LATE = 4_000_000_000

/** A zone with one AGENT record that has no lease yet, and a transaction open. */
function start(): { image: ZoneImage; editor: ZoneEditor } {
  const builder = new ZoneBuilder({ apex: APEX, class: CLASS.IN, seed: SEED, expectedOctets: 4_000_000 })
  builder.add(AGENT, TYPE.AGENT, 60, rdata(1), 3)
  const image = builder.finish()
  const editor = new ZoneEditor(image)
  editor.begin()
  return { image, editor }
}

const lookup = new LookupName(SEED)

function leaseOf(image: ZoneImage): number {
  lookup.load(AGENT, 0)
  return image.leaseEndOf(image.rrsetOf(image.nodeOf(lookup), TYPE.AGENT))
}

function recordsOf(image: ZoneImage): number {
  lookup.load(AGENT, 0)
  return image.recordsIn(image.rrsetOf(image.nodeOf(lookup), TYPE.AGENT))
}

test('an RRset as loaded has no lease; its first is a change like any other', () => {
  const { image, editor } = start()
  assert.equal(leaseOf(image), 0)
  assert.equal(editor.setLeaseEnd(AGENT, TYPE.AGENT, LATE), true)
  assert.deepEqual([leaseOf(image), leaseOf(editor.view)], [0, LATE])
  assert.equal(editor.commit(), true)
  assert.equal(leaseOf(image), LATE)
  assert.equal(recordsOf(image), 1)
})

test('a refresh is seen at once by who reads, and makes neither generation nor garbage', () => {
  const { image, editor } = start()
  const reader = new ZoneImage(image.buffer)
  editor.setLeaseEnd(AGENT, TYPE.AGENT, LATE)
  editor.commit()
  reader.refresh()
  const before = [image.words[HEADER.top], image.words[HEADER.generation], image.words[HEADER.waste]]
  for (let i = 1; i <= 100; i++) {
    editor.begin()
    assert.equal(editor.setLeaseEnd(AGENT, TYPE.AGENT, LATE + i), true)
    assert.equal(leaseOf(reader), LATE + i)
    assert.equal(editor.commit(), false)
  }
  assert.deepEqual([image.words[HEADER.top], image.words[HEADER.generation], image.words[HEADER.waste]], before)
})

test('a refresh that is given up is taken back', () => {
  const { image, editor } = start()
  editor.setLeaseEnd(AGENT, TYPE.AGENT, 1_000)
  editor.commit()
  editor.begin()
  const mark = editor.mark()
  editor.setLeaseEnd(AGENT, TYPE.AGENT, 2_000)
  editor.rollback(mark)
  assert.equal(leaseOf(image), 1_000)
  editor.setLeaseEnd(AGENT, TYPE.AGENT, 3_000)
  editor.abort()
  assert.equal(leaseOf(image), 1_000)
})

test('records come and go and the end of the lease stays, until it is set anew', () => {
  const { image, editor } = start()
  editor.setLeaseEnd(AGENT, TYPE.AGENT, 1_000)
  for (let i = 2; i < 50; i++) editor.addRecord(AGENT, TYPE.AGENT, 60, rdata(i))
  for (let i = 2; i < 40; i++) editor.removeRecord(AGENT, TYPE.AGENT, rdata(i))
  editor.commit()
  assert.deepEqual([leaseOf(image), recordsOf(image)], [1_000, 11])
  editor.begin()
  editor.addRecord(AGENT, TYPE.AGENT, 90, rdata(60))
  editor.putRRset(AGENT, TYPE.AGENT, 60, [rdata(1), rdata(2)])
  editor.setLeaseEnd(AGENT, TYPE.AGENT, 500)
  assert.equal(leaseOf(image), 1_000, 'what nobody may see yet has a word of its own')
  editor.commit()
  assert.deepEqual([leaseOf(image), recordsOf(image)], [500, 2])
})

test('no lease again is 0, and what is not there has none', () => {
  const { image, editor } = start()
  editor.setLeaseEnd(AGENT, TYPE.AGENT, 1_000)
  editor.commit()
  editor.begin()
  assert.equal(editor.setLeaseEnd(AGENT, TYPE.AGENT, 0), true)
  editor.addRecord(AGENT, TYPE.AGENT, 60, rdata(2))
  assert.equal(editor.setLeaseEnd(AGENT, TYPE.TXT, 7), false)
  assert.equal(editor.setLeaseEnd(wire('none.example.'), TYPE.AGENT, 7), false)
  editor.removeRRset(AGENT, TYPE.AGENT)
  assert.equal(editor.setLeaseEnd(AGENT, TYPE.AGENT, 7), false)
  editor.addRecord(AGENT, TYPE.AGENT, 60, rdata(3))
  editor.commit()
  assert.deepEqual([leaseOf(image), recordsOf(image)], [0, 1])
})

test('a reader on another thread meets every RRset whole, with a lease of its own time, while records and leases change', async () => {
  const { image, editor } = start()
  editor.putRRset(AGENT, TYPE.TXT, 60, [Uint8Array.of(1, 0)])
  editor.commit()
  const worker = new Worker(new URL('./torn-lease-reader.js', import.meta.url), { workerData: { buffer: image.buffer, owner: AGENT, seed: SEED } })
  await once(worker, 'message') // it reads from now on
  const outcome = once(worker, 'message') as Promise<[{ reads: number; seen: number; torn: string[] }]>
  for (let round = 1; round <= 10_000; round++) {
    editor.begin()
    const records = 1 + (round % 120) // from 37 on they are shared (sharing.ts)
    while (recordsOf(editor.view) < records) editor.addRecord(AGENT, TYPE.AGENT, 60, rdata(recordsOf(editor.view) + 1))
    for (let last = recordsOf(editor.view); last > records; last--) editor.removeRecord(AGENT, TYPE.AGENT, rdata(last))
    editor.putRRset(AGENT, TYPE.TXT, 60, [Uint8Array.of(1, records)])
    editor.setLeaseEnd(AGENT, TYPE.AGENT, 1_000 + records)
    if (round % 3 === 0) editor.abort()
    else editor.commit()
    // room for all rounds would need many more pages: the block is used anew by a new zone only, so that rounds stay small
    if (round % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    if (image.words[HEADER.top] * 4 > 3_900_000) break
  }
  worker.postMessage('stop')
  const [{ reads, seen, torn }] = await outcome
  assert.deepEqual(torn, [])
  assert.ok(reads > 0 && seen > 1, `the reader must have met several generations: ${reads} reads, ${seen} states`)
})
