/**
 * A zone that outgrows its block while it is served: many additions move it to larger ones, what was answered before
 * is answered after, and readers that could not be moved are moved with the next change.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RCODE } from '../../src/dns/codes.ts'
import { rebuildImage } from '../../src/zone/rebuild.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { bench, copyOf, MapKeeper, rec, recordsOf, updateMessage, type Bench, type BenchParts } from './support.ts'

/** A zone in a block that holds little more than itself; each larger one leaves `room` free. */
const small = (room: number, parts: BenchParts = {}): Promise<Bench> =>
  bench({ ...parts, expectedOctets: 2_000, options: { rebuild: (image, least) => Promise.resolve(rebuildImage(image, Math.max(room, least))), ...parts.options } })

const text = (i: number): string => `t${i}.example. 60 TXT "${'x'.repeat(200)} ${i}"`
const grownTimes = (running: Bench): number => running.engine.counts.lines().find(({ name }) => name === 'grown')?.value ?? 0

describe('hundreds of additions', () => {
  const COUNT = 600
  const sizes: [room: number, perUpdate: number, least: number][] = [[20_000, 1, 2], [200_000, 10, 1], [4_000, 30, 2]]
  for (const [room, perUpdate, least] of sizes) {
    test(`${perUpdate} an update, with ${room} octets free in each new block, are all there, and so is what was before`, async () => {
      const running = await small(room)
      const before = running.records().filter((line) => !line.includes(' SOA '))
      for (let from = 0; from < COUNT; from += 300) {
        const rcodes = await Promise.all(Array.from({ length: 300 / perUpdate }, (_, i) =>
          running.send(updateMessage({ updates: Array.from({ length: perUpdate }, (_, j) => rec(text(from + i * perUpdate + j).replace(' TXT', ' IN TXT'))) }))))
        assert.deepEqual(new Set(rcodes), new Set(['NOERROR']))
        const now = new Set(running.records())
        for (const line of before) assert.ok(now.has(line), line)
        for (let i = 0; i < from + 300; i++) assert.ok(now.has(text(i)), `t${i}`)
      }
      assert.ok(grownTimes(running) >= least, `it grew ${grownTimes(running)} times`)
      assert.equal(running.served.at(-1), running.zone.image, 'readers were told of the last block')
      assert.equal(new Set(running.served).size, running.served.length, 'and of each once')
      assert.equal(running.serial(), 7 + COUNT / perUpdate)
      assert.deepEqual(running.faults, [])
    })
  }

  test('are there after a start in a block of their own size', async () => {
    const keeper = new MapKeeper()
    const running = await small(50_000, { keeper })
    for (let i = 0; i < 500; i += 50) {
      assert.equal(await running.send(updateMessage({ updates: Array.from({ length: 50 }, (_, j) => rec(text(i + j).replace(' TXT', ' IN TXT'))) })), 'NOERROR')
    }
    const again = await small(50_000, { keeper })
    assert.deepEqual(again.records(), running.records())
    assert.equal(again.served.length, 0, 'nobody reads it yet')
  })

  test('and as many deletions in turn do not fill block after block', async () => {
    const running = await small(30_000)
    for (let i = 0; i < 800; i++) {
      assert.equal(await running.send(`add ${text(i)}`), 'NOERROR')
      assert.equal(await running.send(`delete t${i}.example.`), 'NOERROR')
    }
    assert.ok(running.zone.image.octets.length < 200_000, `the block has ${running.zone.image.octets.length} octets`)
    assert.deepEqual(running.at('x'.repeat(200)), [])
  })
})

describe('what is under way while the zone moves', () => {
  test('is undone as a whole where the store does not keep it; the zone moves and is as it was', async () => {
    const running = await small(500_000)
    const before = running.records()
    running.keeper.fail = new Error('no')
    const many = updateMessage({ updates: Array.from({ length: 300 }, (_, i) => rec(text(i).replace(' TXT', ' IN TXT'))) })
    assert.equal(await running.send(many), 'SERVFAIL')
    assert.deepEqual(running.records(), before)
    assert.deepEqual([grownTimes(running), running.served.at(-1) === running.zone.image], [1, true])
    running.keeper.fail = undefined
    assert.equal(await running.send(many), 'NOERROR')
    assert.deepEqual([grownTimes(running), running.at('t299.').length], [1, 1])
  })

  test('is answered after readers have moved, and the old block is as it was for who still reads it', async () => {
    const order: string[] = []
    const running = await small(500_000, { options: { serve: () => new Promise((resolve) => setImmediate(() => resolve(void order.push('served')))) } })
    const old = running.zone.image
    const oldRecords = recordsOf(old)
    const many = updateMessage({ updates: Array.from({ length: 300 }, (_, i) => rec(text(i).replace(' TXT', ' IN TXT'))) })
    await running.send(many).then((rcode) => order.push(rcode))
    assert.deepEqual(order, ['served', 'NOERROR'])
    assert.deepEqual(recordsOf(old), oldRecords)
  })
})

describe('readers that cannot be moved', () => {
  test('are moved with the next change, and every change is kept meanwhile', async () => {
    let failures = 2
    const served: ZoneImage[] = []
    const running = await small(500_000, {
      options: { serve: (_, image) => (failures-- > 0 ? Promise.reject(new Error('a thread died')) : Promise.resolve(void served.push(image))) },
    })
    const many = updateMessage({ updates: Array.from({ length: 300 }, (_, i) => rec(text(i).replace(' TXT', ' IN TXT'))) })
    assert.equal(await running.send(many), 'NOERROR', 'it is on disk')
    assert.equal(await running.send('add a.example. 60 A 192.0.2.9'), 'NOERROR')
    assert.deepEqual([served.length, running.faults.length], [0, 2])
    assert.equal(await running.send('delete a.example.'), 'NOERROR')
    assert.deepEqual([served, running.faults.length], [[running.zone.image], 2])
    assert.equal(await running.send('add a.example. 60 A 192.0.2.9'), 'NOERROR')
    assert.equal(served.length, 1, 'once is enough')
  })

  test('are not moved by what is refused', async () => {
    const running = await small(500_000)
    assert.equal(await running.send('prereq nxdomain www.example.; add a.example. 60 A 192.0.2.9'), 'YXDOMAIN')
    assert.deepEqual([running.served, grownTimes(running)], [[], 0])
  })
})

test('a zone that fills every block it can have says so, and takes what makes room', async () => {
  const running = await bench({ expectedOctets: 4_000, options: { rebuild: (image) => Promise.resolve(copyOf(image, 4_000)) } })
  let count = 0
  let last = RCODE.NOERROR as number
  for (; count < 2_000 && last === RCODE.NOERROR; count++) last = (await running.judge(`add ${text(count)}`)).rcode
  assert.equal(last, RCODE.SERVFAIL)
  const full = running.records()
  const verdict = await running.judge(`add ${text(9_999)}`)
  assert.deepEqual([verdict.rcode, verdict.ede?.text], [RCODE.SERVFAIL, 'the zone is full'])
  assert.deepEqual(running.records(), full)
  assert.equal(running.at('x'.repeat(200)).length, count - 1, 'all that was acknowledged is there')
})
