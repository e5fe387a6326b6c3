/** The cache over a restart: what is written comes back, and whatever else stands in the file costs no more than that. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readCache, writeCache } from '../../src/ops/cache-file.ts'
import type { Log } from '../../src/ops/log.ts'
import { Bench } from '../cache/support.ts'
import { makeFolder } from './process.ts'

interface Place { path: string; file: string; told: unknown[][]; log: Log }

function place(t: TestContext): Place {
  const folder = makeFolder({})
  t.after(() => folder.remove())
  const told: unknown[][] = []
  return { path: folder.path, file: join(folder.path, 'data', 'cache'), told, log: (...what: unknown[]) => void told.push(what) }
}

function filled(): Bench {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1')
  bench.put('short.example. 10 A 192.0.2.2')
  bench.putAbsent('none.example.')
  return bench
}

test('what is written comes back with the time that is left, readable by the server\'s user alone', (t) => {
  const { path, file, told, log } = place(t)
  const bench = filled()
  writeCache(bench.cache, file, bench.now, log)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(join(path, 'data')), ['cache'])
  const later = new Bench()
  later.now = bench.now + 100
  readCache(later.cache, file, later.now, log)
  const [[event, fields]] = told as [[string, { entries: number }]]
  assert.deepEqual([event, fields.entries], ['cache restored', later.block.entryCount])
  later.name.load(Buffer.from('\x03www\x07example\x00'), 0)
  assert.equal(later.reader.find(later.name, 1, later.now), 1)
  assert.equal(later.reader.ttlSeconds, 200)
})

test('a second writing takes the place of the first', (t) => {
  const { file, log } = place(t)
  writeCache(filled().cache, file, filled().now, log)
  const { size } = statSync(file)
  writeCache(new Bench().cache, file, filled().now, log)
  assert.ok(statSync(file).size < size)
})

test('without a file there is nothing to take, and nothing to tell', (t) => {
  const { file, told, log } = place(t)
  const bench = new Bench()
  readCache(bench.cache, file, bench.now, log)
  assert.deepEqual([told, bench.block.entryCount], [[], 0])
})

/** What happens to the file, and what is said of it. */
const BROKEN: [how: string, change: (octets: Buffer) => Buffer, reason: RegExp][] = [
  ['cut', (octets) => octets.subarray(0, octets.length - 5), /checksum/],
  ['changed in one bit', (octets) => (octets[60] ^= 1, octets), /checksum/],
  ['another kind of file', () => Buffer.alloc(200, 'x'), /foreign/],
  ['empty', () => Buffer.alloc(0), /foreign/],
  ['far too large', () => Buffer.alloc(3 * 1_048_576), /larger than any/],
]

for (const [how, change, reason] of BROKEN) {
  test(`a file that is ${how} is told and left alone, and the cache begins empty`, (t) => {
    const { file, told, log } = place(t)
    const bench = filled()
    writeCache(bench.cache, file, bench.now, log)
    writeFileSync(file, change(readFileSync(file)))
    const after = new Bench()
    readCache(after.cache, file, after.now, log)
    assert.equal(after.block.entryCount, 0)
    assert.equal(told[0][0], 'cache not restored')
    assert.match(JSON.stringify(told[0][1]), reason)
  })
}

test('a folder that cannot be written to is told, and leaves no draft', (t) => {
  const { path, told, log } = place(t)
  writeFileSync(join(path, 'data'), 'a file in the place of the folder')
  writeCache(filled().cache, join(path, 'data', 'cache'), filled().now, log)
  assert.equal(told[0][0], 'cache not saved')
  assert.equal(existsSync(join(path, 'data', '.cache.draft')), false)
})
