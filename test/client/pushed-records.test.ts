/**
 * The set of records that a server has told, and the queue of its changes: whatever is pushed, in whatever sessions, and however slowly it is read, who adds up
 * what he was told has what stands there.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { changeIn, PushedRecords, type RecordStep, type WatchChange } from '../../src/client/pushed-records.ts'
import { WatchQueue } from '../../src/client/watch-queue.ts'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { MAX_PUSH_RECORDS, MAX_WATCHED_OCTETS } from '../../src/dns/limits-sessions.ts'
import type { DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { PLAIN } from '../dns/values.ts'
import { changesOf } from './push-server.ts'

const TOPIC = { name: Name.parse('c.example.'), type: TYPE.ANY, class: CLASS.IN }

function record(text: string): DnsRecord {
  return parseRecord(`c.example. ${text}`)
}

/** A record's way through these states, in text; `-` where it is not there. */
function way(...states: string[]): RecordStep[] {
  const [, ...after] = states.map((text) => (text === '-' ? undefined : record(text)))
  const key = states.find((text) => text !== '-')?.replace(/^\d+ (SENSE \d )?/, '') ?? ''
  return after.map((one, i) => ({ key, before: states[i] === '-' ? undefined : record(states[i]), after: one }))
}

function shown({ kind, record: one }: WatchChange): string {
  return `${kind} ${printRecord(one).replace('c.example. ', '').replace(' IN', '')}`
}

/** Comes and goes, and is of so many octets that what waits is drawn together when it has done so eight times. */
const FILLER = record(`TYPE4711 \\# 65535 ${'00'.repeat(65_535)}`)

/** Makes a queue draw together what waits in it; of the filler two steps are left at most. */
function fill(queue: WatchQueue, times = 8): void {
  for (let i = 0; i < times; i++) queue.put([{ key: 'filler', before: undefined, after: FILLER }, { key: 'filler', before: FILLER, after: undefined }])
}

/** All that waits in a queue. */
async function drained(queue: WatchQueue): Promise<WatchChange[]> {
  const changes: WatchChange[] = []
  while (queue.size > 0) {
    const { value } = await queue.next()
    changes.push(value ?? assert.fail())
  }
  return changes
}

describe('a set of records', () => {
  it('tells two sessions apart: what the second does not tell again has gone when it is complete', () => {
    const known = new PushedRecords(TOPIC)
    const take = (...lines: string[]): string[] => changesOf(lines).flatMap((change) => known.take(change)).map((step) => shown(changeIn(step) ?? assert.fail()))
    known.begin()
    assert.deepEqual(take('+ c.example. 1 IN A 192.0.2.1', '+ c.example. 1 IN A 192.0.2.2'), ['added 1 A 192.0.2.1', 'added 1 A 192.0.2.2'])
    assert.deepEqual(known.complete(), [])
    known.begin()
    assert.equal(known.toldCount, 0)
    assert.deepEqual(take('+ c.example. 1 IN A 192.0.2.2', '+ c.example. 1 IN A 192.0.2.3', '- c.example. 1 IN A 192.0.2.3'), ['added 1 A 192.0.2.3', 'removed 1 A 192.0.2.3'])
    assert.deepEqual(known.complete().map(({ before, after }) => [before?.rdata[3], after]), [[1, undefined]])
    assert.deepEqual(known.all.map((one) => one.rdata[3]), [2])
    assert.deepEqual(known.complete(), [])
    assert.equal(known.toldCount, 1, 'nothing is kept of what has gone')
  })

  it('is overfull by one record too many, or one octet', () => {
    const known = new PushedRecords(TOPIC)
    const add = (i: number, size: number): void => void known.take({ kind: 'add', record: { ...TOPIC, type: 4711, ttl: 1, rdata: Buffer.concat([Buffer.of(i >> 8, i & 255), Buffer.alloc(size - 2)]) } })
    const whole = MAX_WATCHED_OCTETS / 32_768
    for (let i = 0; i < whole; i++) add(i, 32_768)
    assert.equal(known.isOverfull, false)
    add(0, 32_768)
    assert.equal(known.isOverfull, false, 'the same again')
    add(whole, 2)
    assert.equal(known.isOverfull, true)
    known.take({ kind: 'clear', ...TOPIC })
    assert.equal(known.isOverfull, false)
    for (let i = 0; i < MAX_PUSH_RECORDS; i++) add(i, 2)
    assert.equal(known.isOverfull, false)
    add(MAX_PUSH_RECORDS, 2)
    assert.equal(known.isOverfull, true)
  })

  it('counts what the session under way has told, so that a set which is all another after a break is no fault', () => {
    const known = new PushedRecords(TOPIC)
    const tell = (from: number, count: number, size: number): void => {
      known.begin()
      for (let i = from; i < from + count; i++) known.take({ kind: 'add', record: { ...TOPIC, type: 4711, ttl: 1, rdata: Buffer.concat([Buffer.of(i >> 8, i & 255), Buffer.alloc(size - 2)]) } })
    }
    tell(0, MAX_PUSH_RECORDS, 3)
    tell(20_000, MAX_PUSH_RECORDS, 3)
    assert.deepEqual([known.isOverfull, known.all.length], [false, 2 * MAX_PUSH_RECORDS])
    assert.equal(known.complete().length, MAX_PUSH_RECORDS)
    const whole = MAX_WATCHED_OCTETS / 32_768
    tell(0, whole, 32_768)
    known.complete()
    tell(whole, whole, 32_768)
    assert.equal(known.isOverfull, false)
    known.complete()
    assert.deepEqual([known.isOverfull, known.all.length], [false, whole])
    known.take({ kind: 'add', record: { ...TOPIC, type: 4711, ttl: 1, rdata: Buffer.of(255, 255) } })
    assert.equal(known.isOverfull, true)
  })

  it('counts the octets of a reading that takes the place of another once', () => {
    const known = new PushedRecords(TOPIC)
    for (let sequence = 0; sequence < 6_000; sequence++) known.take({ kind: 'add', record: { ...READING, rdata: Buffer.concat([Buffer.of(sequence >> 8, sequence & 255), READING.rdata.subarray(2)]) } })
    assert.ok(READING.rdata.length * 6_000 > MAX_WATCHED_OCTETS)
    assert.deepEqual([known.all.length, known.isOverfull], [1, false])
  })
})

/** A long one, of several kB. */
const READING = parseRecord(`c.example. 0 IN SENSE 1 a.example. ${Array.from({ length: 200 }, (_, i) => `key${60_000 + i}=${'x'.repeat(30)}`).join(' ')}`)

describe('a queue', () => {
  const CASES: [steps: RecordStep[], told: string[]][] = [
    [way('-', '1 A 192.0.2.1', '2 A 192.0.2.1'), ['added 2 A 192.0.2.1']],
    [way('-', '1 A 192.0.2.1', '-'), []],
    [way('-', '1 A 192.0.2.1', '-', '3 A 192.0.2.1'), ['added 3 A 192.0.2.1']],
    [way('1 A 192.0.2.1', '2 A 192.0.2.1', '3 A 192.0.2.1'), ['changed 3 A 192.0.2.1']],
    [way('1 A 192.0.2.1', '2 A 192.0.2.1', '1 A 192.0.2.1'), []],
    [way('1 A 192.0.2.1', '2 A 192.0.2.1', '-'), ['removed 1 A 192.0.2.1']],
    [way('1 A 192.0.2.1', '-', '1 A 192.0.2.1'), []],
    [way('1 A 192.0.2.1', '-', '2 A 192.0.2.1'), ['changed 2 A 192.0.2.1']],
    [way('0 SENSE 1 a. active=1', '-', '0 SENSE 2 a. active=1'), ['changed 0 SENSE 2 a. active=1']],
    [[...way('-', '1 A 192.0.2.1'), ...way('-', '1 A 192.0.2.2'), ...way('1 A 192.0.2.1', '2 A 192.0.2.1')], ['added 2 A 192.0.2.1', 'added 1 A 192.0.2.2']],
  ]
  for (const [steps, told] of CASES) {
    const text = (one: DnsRecord | undefined): string => (one === undefined ? 'nothing' : shown({ kind: 'changed', record: one }).slice(8))
    it(`of ${steps.map(({ before, after }) => `${text(before)} to ${text(after)}`).join(', ')} tells who reads late ${told.join(', ') || 'nothing'}`, async () => {
      const queue = new WatchQueue()
      queue.put(steps)
      assert.equal(queue.size, steps.length, 'he might keep up yet')
      fill(queue)
      assert.deepEqual((await drained(queue)).map(shown), told)
    })
  }

  it('tells who is little behind every step', async () => {
    const queue = new WatchQueue()
    queue.put(way('-', '1 A 192.0.2.1', '2 A 192.0.2.1', '-', '1 A 192.0.2.1'))
    fill(queue, 7)
    assert.deepEqual((await drained(queue)).map(shown).slice(0, 4), ['added 1 A 192.0.2.1', 'changed 2 A 192.0.2.1', 'removed 2 A 192.0.2.1', 'added 1 A 192.0.2.1'])
  })

  it('counts what waits, not what was read', async () => {
    const queue = new WatchQueue()
    for (let i = 0; i < 7; i++) {
      fill(queue, 1)
      await drained(queue)
    }
    queue.put(way('-', '1 A 192.0.2.1', '2 A 192.0.2.1'))
    fill(queue, 1)
    assert.deepEqual((await drained(queue)).map(shown).slice(0, 2), ['added 1 A 192.0.2.1', 'changed 2 A 192.0.2.1'])
  })

  it('that ends without a fault tells nothing more', async () => {
    const queue = new WatchQueue()
    queue.put(way('-', '1 A 192.0.2.1'))
    queue.end()
    assert.deepEqual(await queue.next(), { value: undefined, done: true })
  })

  it('holds no more than a few times what stands there, however long nobody reads', async () => {
    const queue = new WatchQueue()
    const texts = Array.from({ length: 9_000 }, (_, i) => `1 A 10.0.${i >> 8}.${i & 255}`)
    for (const text of texts) queue.put(way('-', text))
    let most = 0
    for (const text of [...texts, ...texts, ...texts]) {
      queue.put(way(text, text.replace('1', '2'), text))
      most = Math.max(most, queue.size)
    }
    assert.ok(most >= 9_000 && most < 45_000, `${most} waited`)
    queue.put(texts.flatMap((text) => way(text, '-')))
    fill(queue, 1_000)
    assert.ok(queue.size <= 100, `${queue.size} wait where nothing stands any more`)
  })

  it('tells who reads at once every step, and none that is none', async () => {
    const queue = new WatchQueue()
    const reads = Array.from({ length: 3 }, () => queue.next())
    queue.put(way('-', '1 A 192.0.2.1', '2 A 192.0.2.1', '2 A 192.0.2.1', '-'))
    assert.deepEqual((await Promise.all(reads)).map(({ value }) => value && shown(value)), ['added 1 A 192.0.2.1', 'changed 2 A 192.0.2.1', 'removed 2 A 192.0.2.1'])
    assert.equal(queue.size, 0)
  })

  it('that ends by a fault tells what waits, then the fault once', async () => {
    const queue = new WatchQueue()
    queue.put(way('-', '1 A 192.0.2.1'))
    queue.end(new Error('over'))
    queue.end(new Error('again'))
    queue.put(way('-', '1 A 192.0.2.2'))
    assert.equal((await queue.next()).done, false)
    await assert.rejects(queue.next(), /over/)
    assert.deepEqual(await queue.next(), { value: undefined, done: true })
  })

  it('that ends before whoever waits rejects one of them, and lets the others go', async () => {
    const queue = new WatchQueue()
    const reads = [queue.next(), queue.next()]
    queue.end(new Error('over'))
    assert.deepEqual((await Promise.allSettled(reads)).map(({ status }) => status), ['rejected', 'fulfilled'])
  })
})

const place = fc.nat(4)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), host: place, ttl: fc.integer({ min: 1, max: 2 }) }, PLAIN) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sense' as const), host: place, ttl: fc.integer({ min: 1, max: 3 }) }, PLAIN) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('remove' as const, 'unsense' as const), host: place }, PLAIN) },
  fc.record({ do: fc.constantFrom('clear' as const, 'again' as const, 'complete' as const) }, PLAIN),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), host: fc.nat(3) }, PLAIN) },
  fc.record({ do: fc.constant('draw' as const) }, PLAIN),
)

describe('whatever is pushed and however it is read', () => {
  it('the sum of what is told is what stands there, and what is drawn together is no more than there are records', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const known = new PushedRecords(TOPIC)
      const queue = new WatchQueue()
      const sum = new Map<string, string>()
      const add = ({ kind, record: one }: WatchChange): void => {
        if (one === FILLER) return
        const key = one.type === TYPE.SENSE ? `SENSE ${String(one.rdata[3])}` : String(one.rdata[3])
        assert.equal(sum.has(key), kind !== 'added', `${shown({ kind, record: one })} where ${sum.get(key) ?? 'nothing'} stood`)
        assert.notEqual(sum.get(key), kind === 'removed' ? undefined : printRecord(one), 'a change is one')
        if (kind === 'removed') sum.delete(key)
        else sum.set(key, printRecord(one))
      }
      for (const one of steps) {
        const host = 'host' in one ? one.host : 0
        const ttl = 'ttl' in one ? one.ttl : 1
        const address = `c.example. ${ttl} IN A 192.0.2.${host}`
        const sense = `c.example. 0 IN SENSE ${ttl} ${'abcde'[host]}. active=${ttl}`
        const pushed = { add: `+ ${address}`, sense: `+ ${sense}`, remove: `- ${address}`, unsense: `- ${sense}`, clear: 'x c.example. A IN' }
        if (one.do === 'again') known.begin()
        else if (one.do === 'complete') queue.put(known.complete())
        else if (one.do === 'read') for (let i = 0; i < host && queue.size > 0; i++) add((await queue.next()).value ?? assert.fail())
        else if (one.do === 'draw') {
          fill(queue, 9)
          assert.ok(queue.size <= 10 + 2, 'two kinds of five records')
        } else for (const change of changesOf([pushed[one.do]])) queue.put(known.take(change))
      }
      for (const change of await drained(queue)) add(change)
      assert.deepEqual([...sum.values()].sort(), known.all.map(printRecord).sort())
    }), { numRuns: 300 })
  })
})
