/**
 * The disk that is written by a process of its own: what it wrote is read here, its end costs the commit under
 * way and no more, and it ends with its parent. And the frames between the two.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { apartDisk } from '../../src/store/apart-disk.ts'
import { DISK_SPACES } from '../../src/store/disk.ts'
import type { StoreFault } from '../../src/store/fault.ts'
import { lockFolder, waitForWriter } from '../../src/store/folder-lock.ts'
import { decodeWrites, encodeWrites } from '../../src/store/frame.ts'
import { Store } from '../../src/store/store.ts'
import { listOf, makeFolder, octets, put, text } from './support.ts'
import { WRITER } from './writer-process.ts'

/** Processes that write for this one. */
function writers(): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line.includes('apart-process')).map((line) => Number(line.trim().split(' ')[0]))
}

describe('a disk written apart', () => {
  it('starts no process before there is something to write', async () => {
    const folder = makeFolder()
    await (await Store.open({ folder })).close() // makes the file
    const store = await Store.open({ folder })
    assert.deepEqual(listOf(store), [])
    assert.deepEqual(writers(), [])
    await store.close()
  })

  it('reads here what was written there, and grows', async () => {
    const store = await Store.open({ folder: makeFolder() })
    for (let round = 0; round < 4; round++) {
      await store.keep(Array.from({ length: 2_000 }, (_, i) => put(`key ${round} ${i}`, 'x'.repeat(300))))
      assert.equal(listOf(store).length, (round + 1) * 2_000)
      assert.equal(text(store.get('overlay', octets(`key ${round} 1999`)))?.length, 300)
    }
    assert.ok(store.usedOctets > 8_000 * 300)
    await store.close()
    assert.deepEqual(writers(), [], 'it ends with the store')
  })

  it('reads here at once what was written there, also where it was read a moment before', async () => {
    const store = await Store.open({ folder: makeFolder() })
    await store.keep([put('count', '0')])
    for (let i = 1; i <= 200; i++) {
      assert.equal(text(store.get('overlay', octets('count'))), String(i - 1))
      const kept = store.keep([put('count', String(i)), put(`key ${i}`, '')])
      assert.equal(text(store.get('overlay', octets('count'))), String(i - 1))
      await kept
      assert.equal(text(store.get('overlay', octets('count'))), String(i))
      assert.equal(listOf(store, 'overlay', 'key').length, i)
    }
    await store.close()
  })

  it('loses a commit with the process that writes, and starts another for the next', async () => {
    const told: string[] = []
    const store = await Store.open({ folder: makeFolder(), onFault: ({ message }) => told.push(message), onRecovered: () => told.push('recovered') })
    await store.keep([put('a', '1')])
    const [first] = writers()
    const lost = store.keep([put('b', '2')])
    process.kill(first, 'SIGKILL')
    const outcome = await lost.then(() => 'kept', (fault: StoreFault) => fault.code)
    await store.keep([put('c', '3')]).catch(() => store.keep([put('c', '3')])) // its end may be told with the first or the second
    assert.ok(outcome === 'kept' || outcome === 'io')
    assert.notEqual(writers()[0], first)
    assert.match(told[0], /the process that writes it ended \((SIGKILL|EPIPE|ERR_IPC_CHANNEL_CLOSED)\)/)
    assert.equal(told.at(-1), 'recovered')
    assert.equal(text(store.get('overlay', octets('a'))), '1')
    assert.equal(text(store.get('overlay', octets('c'))), '3')
    await store.close()
  })

  it('ends with a parent that was killed, and the next start waits for it', async () => {
    const folder = makeFolder()
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env
    const child = spawn(process.execPath, [WRITER, folder, '0', '1000000'], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    await new Promise<void>((resolve) => child.stdout.on('data', (chunk: Buffer) => { if ((out += chunk.toString()).includes('ok 30')) resolve() }))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    const store = await Store.open({ folder })
    const count = listOf(store).length
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.equal(listOf(store).length, count, 'nothing is written behind our back')
    assert.ok(out.match(/^ok/gm)?.length !== undefined && count >= 60)
    await store.close()
  })

  it('is refused where the process of another owner goes on writing', async () => {
    const folder = makeFolder()
    const unlock = await lockFolder(folder, 'writer')
    await assert.rejects(waitForWriter(folder, 50), (fault: StoreFault) => fault.code === 'busy')
    setTimeout(() => void unlock(), 60)
    await waitForWriter(folder, 5_000)
  })

  it('says why it cannot write', async () => {
    const disk = apartDisk.open(join(makeFolder(), 'missing'), true)
    await assert.rejects(disk.commit([{ space: 'zone', key: octets('a'), value: octets('b') }]), /no such file/)
    await assert.rejects(disk.commit([]), /ended|closed|channel/i)
    await disk.close()
  })

  it('is the only one that imports lmdb, but for one file', () => {
    assert.match(readFileSync(new URL('../../../src/store/lmdb-disk.ts', import.meta.url), 'utf8'), /from 'lmdb'/)
    const { stdout } = spawnSync('grep', ['-rl', "from 'lmdb'", new URL('../../../src', import.meta.url).pathname], { encoding: 'utf8' })
    assert.deepEqual(stdout.trim().split('\n').map((path) => path.split('/').slice(-2).join('/')), ['store/lmdb-disk.ts'])
  })
})

describe('a frame of writes', () => {
  const write = fc.record({ space: fc.constantFrom(...DISK_SPACES), key: fc.uint8Array({ minLength: 1, maxLength: 50 }), value: fc.option(fc.uint8Array({ maxLength: 50 }), { nil: undefined }) })

  it('is read as it was written', () => {
    fc.assert(fc.property(fc.array(write), (writes) => {
      assert.deepEqual(decodeWrites(encodeWrites(writes)), writes.map(({ space, key, value }) => ({ space, key, value })))
    }), { numRuns: 200 })
  })

  it('that is cut off or of an unknown space is a fault', () => {
    const frame = encodeWrites([{ space: 'zone', key: octets('key'), value: octets('value') }])
    for (let length = 1; length < frame.length; length++) assert.throws(() => decodeWrites(frame.subarray(0, length)), RangeError)
    frame[0] = 99
    assert.throws(() => decodeWrites(frame), RangeError)
    assert.deepEqual(decodeWrites(new Uint8Array(0)), [])
  })
})
