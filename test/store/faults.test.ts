/**
 * A disk that fails: who waits is told, nothing acknowledged is lost, nothing is kept by half, and what comes
 * after the fault is kept again as soon as the disk lets it. Every commit fails in turn, in every way.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { codeOf, faultOf, StoreFault } from '../../src/store/fault.ts'
import { lmdbDisk } from '../../src/store/lmdb-disk.ts'
import { Store } from '../../src/store/store.ts'
import { FaultyDisk, listOf, makeFolder, octets, put, text, type Failure } from './support.ts'

const COMMITS = 6

/** Keeps `one i` and `two i` together for each i; gives the numbers that were acknowledged and the codes of the faults. */
async function keepPairs(store: Store, from: number, count: number): Promise<{ acknowledged: number[]; codes: string[] }> {
  const acknowledged: number[] = []
  const codes: string[] = []
  for (let i = from; i < from + count; i++) {
    await store.keep([put(`one ${i}`, String(i)), put(`two ${i}`, String(i))]).then(() => acknowledged.push(i), (fault: StoreFault) => codes.push(fault.code))
  }
  return { acknowledged, codes }
}

/** Numbers whose pair is kept; fails where one of a pair is there without the other. */
function pairsIn(store: Store): number[] {
  const keys = [...store.scan('overlay')].map(({ key }) => text(key) ?? '')
  const of = (word: string) => keys.filter((key) => key.startsWith(word)).map((key) => Number(key.slice(4))).toSorted((a, b) => a - b)
  assert.deepEqual(of('one'), of('two'), 'each pair is kept as a whole')
  return of('one')
}

describe('a commit that fails', () => {
  const failures = Array.from({ length: COMMITS + 1 }, (_, i) => i + 1).flatMap((at) =>
    (['ENOSPC', 'EIO', 'EROFS'] as const).flatMap((code) => (['before', 'after'] as const).map((when): Failure => ({ at, code, when }))))

  it(`is told to who waited for it, ${failures.length} ways, and all others are kept`, async () => {
    for (const failure of failures) {
      const folder = makeFolder()
      const what = JSON.stringify(failure)
      const disk = new FaultyDisk(failure)
      const store = await Store.open({ folder, disk })
      const { acknowledged, codes } = await keepPairs(store, 0, COMMITS)
      const kept = store.refusal === undefined ? pairsIn(store) : []
      await store.close()
      assert.equal(acknowledged.length + codes.length, COMMITS, what)
      const word = { ENOSPC: 'full', EIO: 'io', EROFS: 'readonly' }[failure.code] ?? ''
      const refused = failure.at > 1 ? 1 : store.refusal === undefined ? 0 : COMMITS // a file that could not be made is made with the first pair
      assert.deepEqual(codes, Array<string>(refused).fill(word), what)
      assert.deepEqual(acknowledged.filter((i) => !kept.includes(i)), [], what)
      const again = await Store.open({ folder, disk: lmdbDisk })
      assert.deepEqual(pairsIn(again).filter((i) => !acknowledged.includes(i)).length, failure.at > 1 && failure.when === 'after' ? 1 : 0, what)
      assert.deepEqual(acknowledged.filter((i) => pairsIn(again).includes(i)), acknowledged, what)
      await again.close()
    }
  })

  it('rejects all who shared it, and the next ones are kept', async () => {
    const store = await Store.open({ folder: makeFolder(), disk: new FaultyDisk({ at: 2, code: 'EIO', when: 'before' }) })
    const results = await Promise.allSettled([1, 2, 3].map((i) => store.keep([put(`a${i}`, '')])))
    assert.deepEqual(results.map(({ status }) => status), ['rejected', 'rejected', 'rejected'])
    await store.keep([put('b', '')])
    assert.deepEqual(listOf(store), ['b='])
    assert.equal(store.counts.failed, 3)
    await store.close()
  })

  it('has the file opened anew before anything else is kept or read', async () => {
    const disk = new FaultyDisk({ at: 2, code: 'EIO', when: 'after' })
    const store = await Store.open({ folder: makeFolder(), disk })
    const { opens } = disk
    await assert.rejects(store.keep([put('a', '1')]))
    assert.equal(text(store.get('overlay', octets('a'))), '1', 'what the disk really holds')
    assert.equal(disk.opens, opens + 1)
    await store.close()
  })

  it('is told once, until keeping works again or fails in another way', async () => {
    const told: string[] = []
    const disk = new FaultyDisk({ at: 2, code: 'ENOSPC', when: 'before', forever: true })
    const store = await Store.open({ folder: makeFolder(), disk, onFault: ({ code, message }) => told.push(`${code}: ${message.includes('data.mdb')}`), onRecovered: () => told.push('recovered') })
    await keepPairs(store, 0, 3)
    disk.failure = { at: 1, code: 'EIO', when: 'before', forever: true }
    await keepPairs(store, 3, 2)
    disk.failure = undefined
    await keepPairs(store, 5, 2)
    assert.deepEqual(told, ['full: true', 'io: true', 'recovered'])
    assert.deepEqual(pairsIn(store), [5, 6])
    await store.close()
  })

  it('closes all the same', async () => {
    const disk = new FaultyDisk({ at: 2, code: 'EIO', when: 'before', forever: true })
    const folder = makeFolder()
    const store = await Store.open({ folder, disk })
    const kept = store.keep([put('a', '1')])
    await Promise.all([assert.rejects(kept), store.close()])
    await (await Store.open({ folder, disk: lmdbDisk })).close()
  })
})

describe('a disk that cannot be opened anew', () => {
  it('refuses until it can', async () => {
    const disk = new FaultyDisk({ at: 2, code: 'EIO', when: 'before' })
    const store = await Store.open({ folder: makeFolder(), disk })
    await assert.rejects(store.keep([put('a', '1')]))
    disk.refuseOpening = 'EIO'
    await assert.rejects(store.keep([put('a', '2')]), (fault: StoreFault) => fault.code === 'io')
    assert.throws(() => store.get('overlay', octets('a')), (fault: StoreFault) => fault.code === 'io')
    disk.refuseOpening = undefined
    await store.keep([put('a', '3')])
    assert.deepEqual(listOf(store), ['a=3'])
    await store.close()
  })
})

describe('a disk without room', () => {
  it('for the file itself lets the server start, and is used once there is room', async () => {
    const folder = makeFolder()
    const disk = new FaultyDisk({ at: 1, code: 'ENOSPC', when: 'before', forever: true })
    const store = await Store.open({ folder, disk })
    assert.equal(store.refusal, undefined)
    assert.deepEqual(listOf(store), [])
    await assert.rejects(store.keep([put('a', '1')]), (fault: StoreFault) => fault.code === 'full' && /make room/.test(fault.message))
    assert.ok(!existsSync(join(folder, 'data.mdb')), 'no file that is half made')
    disk.failure = undefined
    await store.keep([put('a', '2')])
    assert.deepEqual(listOf(store), ['a=2'])
    await store.close()
  })
})

describe('a disk that takes no writes', () => {
  it('is read, and refuses to keep with words for both sides', async () => {
    const folder = makeFolder()
    const first = await Store.open({ folder, disk: lmdbDisk })
    await first.keep([put('a', '1')])
    await first.close()
    const disk = new FaultyDisk()
    disk.refuseOpening = 'EROFS'
    const store = await Store.open({ folder, disk })
    assert.deepEqual(listOf(store), ['a=1'])
    assert.equal(store.refusal?.code, 'readonly')
    await assert.rejects(store.keep([put('b', '2')]), (fault: StoreFault) => fault.forClient === 'the store of this server takes no writes' && /data\.mdb.*start it again/.test(fault.message))
    await store.close()
  })

  it('is empty where no store is on it', async () => {
    const disk = new FaultyDisk()
    disk.refuseOpening = 'EACCES'
    const store = await Store.open({ folder: makeFolder(), disk })
    assert.deepEqual(listOf(store), [])
    assert.equal(store.refusal?.code, 'readonly')
    await store.close()
  })

  it('is noticed where not even the folder can be made', async () => {
    const store = await Store.open({ folder: '/proc/waggle-store' }).catch((fault: StoreFault) => fault)
    assert.ok(store instanceof Store ? store.refusal !== undefined : store.code === 'io', 'the folder cannot be there')
    if (store instanceof Store) await store.close()
  })
})

describe('a file that was cut short while it was made', () => {
  it('is made anew', async () => {
    const folder = makeFolder()
    mkdirSync(join(folder, 'new'))
    writeFileSync(join(folder, 'new', 'data.mdb'), Buffer.alloc(100))
    const store = await Store.open({ folder, disk: lmdbDisk })
    await store.keep([put('a', '1')])
    await store.close()
    assert.ok(!existsSync(join(folder, 'new')))
  })
})

describe('faults in words', () => {
  const file = '/d/store/data.mdb'

  it('are of a kind that is known by number and by name', () => {
    assert.deepEqual([28, 'ENOSPC', 122, -30_792].map((code) => codeOf({ code })), ['full', 'full', 'full', 'full'])
    assert.deepEqual([30, 'EROFS', 'EACCES', 1].map((code) => codeOf({ code })), ['readonly', 'readonly', 'readonly', 'readonly'])
    assert.deepEqual([-30_793, -30_796, -30_797].map((code) => codeOf({ code })), ['corrupt', 'corrupt', 'corrupt'])
    assert.deepEqual([5, 'EIO', undefined, 'what'].map((code) => codeOf({ code })), ['io', 'io', 'io', 'io'])
    assert.equal(codeOf(undefined), 'io')
  })

  it('name the file, the reason and the way out', () => {
    const error = Object.assign(new Error('No space left on device: Attempting to write page at position 16384'), { code: 28 })
    assert.equal(faultOf(error, 'write to the store', file).message, `Cannot write to the store ${file}: no space left on device; make room, updates are taken again at once`)
    assert.match(faultOf(Object.assign(new Error('MDB_INVALID: File is not an LMDB file'), { code: -30_793 }), 'open the store', file).message, /^Cannot open the store .*: .*move it away/)
    const fault = new StoreFault('busy', 'as it is')
    assert.equal(faultOf(fault, 'open', file), fault)
  })

  it('have words for the client that fit an Extended DNS Error', () => {
    for (const code of ['full', 'readonly', 'io', 'corrupt', 'foreign', 'busy', 'closed'] as const) {
      const { forClient } = new StoreFault(code, '')
      assert.ok(forClient.length > 10 && Buffer.byteLength(forClient) <= 64, forClient)
    }
  })
})
