/**
 * The file of readings: written now and then and at the end, read at the start, whatever there is in its place; and a
 * disk that does not work is told of once and costs nothing else.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import { MAX_READINGS_FILE_OCTETS, READINGS_PER_PIECE, READINGS_SAVED_MS } from '../../src/dns/limits-discovery.ts'
import { ReadingsFile } from '../../src/ops/readings-file.ts'
import { scratch } from '../cli/running.ts'
import { Hive } from '../discovery/ranking/hive.ts'

const { folder } = scratch()
const file = join(folder, 'data', 'readings')
let told: [event: string, fields: Record<string, unknown>][] = []
let tick: (() => void) | undefined

beforeEach(() => {
  rmSync(join(folder, 'data'), { recursive: true, force: true })
  told = []
})

function fileOf(hive: Hive): ReadingsFile {
  return new ReadingsFile({
    file, registrars: () => [{ registrar: hive.registrar, class: 1 }], registrarAbove: () => hive.registrar, nowMs: () => hive.nowMs,
    clock: { every: (ms, run) => (assert.equal(ms, READINGS_SAVED_MS), (tick = run), () => (tick = undefined)) },
    log: (event, fields = {}) => void told.push([event, fields as Record<string, unknown>]),
  })
}

function hiveWith(count: number, active?: number): Hive {
  const hive = new Hive({}, 1, 64)
  for (let i = 0; i < count; i++) hive.put(`n${i}`, 'concurrency=4')
  if (active !== undefined) for (let i = 0; i < count; i++) hive.report(`n${i}`, { active, sequence: 1 })
  return hive
}

function activeOf(hive: Hive): number[] {
  const { header, f64 } = hive.registrar.table
  return [...f64.active.subarray(0, header[7])]
}

test('what one server wrote at its end the next knows at its start', async () => {
  const first = fileOf(hiveWith(3, 2))
  await first.restore()
  assert.deepEqual(told, [], 'the first start ever has nothing to take')
  await first.stop(true)
  assert.equal(tick, undefined)
  const hive = hiveWith(4)
  await fileOf(hive).restore()
  assert.deepEqual(told, [['readings restored', { file, readings: 3, left: 0 }]])
  assert.deepEqual(activeOf(hive), [2, 2, 2, 0])
  assert.deepEqual(readdirSync(join(folder, 'data')), ['readings'], 'no draft is left')
  assert.equal(statSync(file).mode & 0o777, 0o600, 'nobody else may read it')
})

test('it is written now and then, so that a sudden end costs little', async () => {
  const hive = hiveWith(1, 1)
  const readings = fileOf(hive)
  await readings.restore()
  tick?.()
  await readings.save()
  assert.match(readFileSync(file, 'utf8'), /^\{"waggle":"readings","version":1,"atMs":\d+\}\n\["v2\.translate[^\n]*"active":1[^\n]*\n$/)
  hive.nowMs += 1
  hive.report('n0', { active: 4, sequence: 2 })
  await readings.save()
  assert.match(readFileSync(file, 'utf8'), /"active":4/)
})

test('where nothing has changed nothing is written, but at the end', async () => {
  const hive = hiveWith(2, 1)
  const readings = fileOf(hive)
  await readings.restore()
  await readings.save()
  rmSync(file)
  tick?.()
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(existsSync(file), false, 'the disk is left alone')
  hive.nowMs += 1
  hive.report('n1', { active: 2, sequence: 2 })
  tick?.()
  for (let waited = 0; !existsSync(file) && waited < 2_000; waited += 10) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.match(readFileSync(file, 'utf8'), /"active":2/)
  rmSync(file)
  await readings.stop(true)
  assert.ok(existsSync(file), 'at the end it is written in any case, as its age counts')
})

test('a server that never came into service leaves the file of another as it is', async () => {
  const readings = fileOf(hiveWith(1, 1))
  await readings.restore()
  await readings.stop(false)
  assert.deepEqual([existsSync(file), tick], [false, undefined])
})

test('where nobody has told anything there is no file', async () => {
  const readings = fileOf(hiveWith(3))
  await readings.restore()
  await readings.stop(true)
  assert.equal(existsSync(join(folder, 'data')), false)
})

test('many go piece by piece, all of them, while others have their turn', async () => {
  const count = READINGS_PER_PIECE * 3 + 7
  const readings = fileOf(hiveWith(count, 3))
  let turns = 0
  const turning = setInterval(() => turns++, 0)
  await readings.save()
  clearInterval(turning)
  assert.equal(readFileSync(file, 'utf8').trimEnd().split('\n').length, count + 1)
  assert.ok(turns >= 1, 'nobody had a turn')
  const hive = hiveWith(count)
  await fileOf(hive).restore()
  assert.deepEqual(new Set(activeOf(hive)), new Set([3]))
})

const UNREADABLE: [what: string, make: () => void, reason: RegExp][] = [
  ['of another form', () => writeFileSync(file, 'hello\n'), /not of this form/],
  ['of a later version', () => writeFileSync(file, '{"waggle":"readings","version":2,"atMs":1}\n'), /not of this form/],
  ['a folder', () => mkdirSync(file), /directory/i],
  ['far too large', () => (writeFileSync(file, ''), truncateSync(file, MAX_READINGS_FILE_OCTETS + 1)), /larger than any/],
]
for (const [what, make, reason] of UNREADABLE) {
  test(`a file that is ${what} is told of, and agents are unknown`, async () => {
    mkdirSync(join(folder, 'data'))
    make()
    const hive = hiveWith(1)
    await fileOf(hive).restore()
    assert.deepEqual([told.length, told[0][0]], [1, 'readings not restored'])
    assert.match(String(told[0][1].reason), reason)
    assert.deepEqual(activeOf(hive), [0])
  })
}

test('a file that was cut short gives what it has', async () => {
  const readings = fileOf(hiveWith(5, 1))
  await readings.save()
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, -40))
  const hive = hiveWith(5)
  await fileOf(hive).restore()
  assert.deepEqual(told, [['readings restored', { file, readings: 4, left: 1 }]])
})

test('a disk that does not work is told of once, until it works again', async () => {
  mkdirSync(file, { recursive: true })
  const readings = fileOf(hiveWith(1, 1))
  await readings.save()
  await readings.save()
  assert.deepEqual(told.map(([event]) => event), ['readings not saved'])
  rmSync(file, { recursive: true })
  await readings.save()
  assert.ok(existsSync(file))
  rmSync(file)
  mkdirSync(file)
  await readings.save()
  assert.equal(told.length, 2, 'and again when it fails anew')
})
