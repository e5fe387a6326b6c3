/**
 * What is kept is there again: by key, in order, after the store was closed and opened, and as a whole or not at all.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { open } from 'lmdb'
import { MAX_STORE_KEY_OCTETS, STORE_SCAN_CHUNK } from '../../src/dns/limits.ts'
import { StoreFault } from '../../src/store/fault.ts'
import { lmdbDisk } from '../../src/store/lmdb-disk.ts'
import { Store, type StoreEntry, type StoreWrite } from '../../src/store/store.ts'
import { listOf, makeFolder, octets, put, text } from './support.ts'

describe('a store', () => {
  it('holds what was kept, each space for itself', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: join(makeFolder(), 'store') })
    await store.keep([put('a', '1'), put('b', '2'), put('a', 'leased', 'lease')])
    assert.equal(text(store.get('overlay', octets('a'))), '1')
    assert.equal(text(store.get('lease', octets('a'))), 'leased')
    assert.equal(store.get('agent', octets('a')), undefined)
    assert.deepEqual(listOf(store), ['a=1', 'b=2'])
    await store.close()
  })

  it('gives octets whose slice is a copy, not the Buffers that the disk gives', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    const long = 'k'.repeat(3_000)
    await store.keep([put('a', '123'), put(long, '456')])
    const given = [store.get('overlay', octets('a')), store.get('overlay', octets(long)), ...[...store.scan('overlay')].flatMap(({ key, value }) => [key, value])]
    for (const one of given) {
      assert.ok(one !== undefined && !Buffer.isBuffer(one))
      const copy = one.slice()
      copy[0] ^= 0xff
      assert.notEqual(one[0], copy[0])
    }
    assert.deepEqual(listOf(store).toSorted(), ['a=123', `${long}=456`])
    await store.close()
  })

  it('holds it after it was closed and opened', async () => {
    const folder = makeFolder()
    const first = await Store.open({ disk: lmdbDisk, folder })
    await first.keep([put('a', '1'), put('empty', '')])
    await first.keep([put('a', '2'), put('gone', 'x')])
    await first.keep([put('gone')])
    await first.close()
    const second = await Store.open({ disk: lmdbDisk, folder })
    assert.deepEqual(listOf(second), ['a=2', 'empty='])
    assert.equal(second.refusal, undefined)
    await second.close()
  })

  it('takes the last of two writes of one key in one transaction', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    await store.keep([put('a', '1'), put('a'), put('a', '3'), put('b', '1'), put('b')])
    assert.deepEqual(listOf(store), ['a=3'])
    await store.close()
  })

  it('removes what is not there without a fault, and keeps nothing where nothing is asked', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    await store.keep([put('missing')])
    await store.keep([])
    assert.deepEqual(listOf(store), [])
    assert.equal(store.counts.commits, 1)
    await store.close()
  })

  it('refuses an empty key as the bug that it is', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    await assert.rejects(store.keep([put('a', '1'), put('', '2')]), RangeError)
    assert.throws(() => store.get('overlay', octets('')), RangeError)
    assert.deepEqual(listOf(store), [], 'nothing of the call was kept')
    await store.close()
  })

  it('lets calls of one moment and those during a commit share commits', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    const done: number[] = []
    const first = Array.from({ length: 50 }, (_, i) => store.keep([put(`a${i}`, String(i))]).then(() => done.push(i)))
    await new Promise((resolve) => setImmediate(resolve))
    const second = Array.from({ length: 50 }, (_, i) => store.keep([put(`b${i}`, String(i))]).then(() => done.push(50 + i)))
    await Promise.all([...first, ...second])
    assert.equal(store.counts.commits, 2)
    assert.equal(store.counts.writes, 100)
    assert.deepEqual(done, Array.from({ length: 100 }, (_, i) => i), 'each is answered in its turn')
    await store.close()
  })

  it('keeps what waits before it closes, and nothing afterwards', async () => {
    const folder = makeFolder()
    const store = await Store.open({ disk: lmdbDisk, folder })
    const kept = store.keep([put('a', '1')])
    await store.close()
    await kept
    await assert.rejects(store.keep([put('b', '2')]), (fault: StoreFault) => fault.code === 'closed')
    await store.close()
    const again = await Store.open({ disk: lmdbDisk, folder })
    assert.deepEqual(listOf(again), ['a=1'])
    await again.close()
  })
})

describe('a scan', () => {
  it('gives the keys of a prefix in order, and not their neighbours', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    await store.keep(['b', 'a', 'ab', 'abc', 'ac', 'aÿ', '\0a'].map((key) => put(key, '.')))
    assert.deepEqual(listOf(store, 'overlay', 'ab'), ['ab=.', 'abc=.'])
    assert.deepEqual(listOf(store, 'overlay', 'c'), [])
    assert.deepEqual(listOf(store).length, 7)
    await store.close()
  })

  it('goes on over chunks, while others keep', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    const count = STORE_SCAN_CHUNK * 2 + 7
    await store.keep(Array.from({ length: count }, (_, i) => put(`k${String(i).padStart(6, '0')}`, String(i))))
    const seen: string[] = []
    for (const { key } of store.scan('overlay', octets('k'))) {
      if (seen.length === STORE_SCAN_CHUNK) await store.keep([put('k999999', 'late'), put('k000000')])
      seen.push(text(key) ?? '')
    }
    assert.equal(seen.length, count + 1)
    assert.deepEqual(seen, seen.toSorted())
    await store.close()
  })

  it('of a whole chunk exactly comes to an end', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    await store.keep(Array.from({ length: STORE_SCAN_CHUNK }, (_, i) => put(`k${i}`, '')))
    assert.equal(listOf(store).length, STORE_SCAN_CHUNK)
    await store.close()
  })

  it('can be left early', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    await store.keep([put('a', '1'), put('b', '2')])
    for (const { key } of store.scan('overlay')) {
      assert.equal(text(key), 'a')
      break
    }
    await store.keep([put('c', '3')])
    assert.equal(listOf(store).length, 3)
    await store.close()
  })
})

describe('keys longer than the disk takes', () => {
  const long = (head: string, tail: string, length = MAX_STORE_KEY_OCTETS + 500) => head.padEnd(length - tail.length, 'x') + tail

  it('are kept, found, scanned and removed like others', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    const keys = [long('a', '1'), long('a', '2'), long('b', '1'), long('c', '', MAX_STORE_KEY_OCTETS - 1), long('c', '', MAX_STORE_KEY_OCTETS), long('c', '', MAX_STORE_KEY_OCTETS + 1)]
    await store.keep(keys.map((key, i) => put(key, String(i))))
    for (const [i, key] of keys.entries()) assert.equal(text(store.get('overlay', octets(key))), String(i))
    assert.deepEqual(listOf(store).toSorted(), keys.map((key, i) => `${key}=${i}`).toSorted())
    assert.equal(listOf(store, 'overlay', 'a').length, 2)
    assert.equal(listOf(store, 'overlay', keys[0]).length, 1, 'a prefix may be as long')
    await store.keep([put(keys[0])])
    assert.equal(listOf(store, 'overlay', 'a').length, 1)
    await store.close()
  })
})

/** A store as a Map would be one. */
function modelScan(model: ReadonlyMap<string, string>, prefix: string): string[] {
  return [...model].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => `${key}=${value}`).toSorted()
}

describe('any writes', () => {
  it('leave what a Map would hold', async () => {
    const hex = (from: Uint8Array) => Buffer.from(from).toString('hex')
    const key = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 3 }), fc.constantFrom(1_977, 1_978, 1_979, 2_400).chain((length) => fc.integer({ min: 0, max: 3 }).map((last) => Uint8Array.of(...new Uint8Array(length - 1).fill(7), last))))
    const write = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }) })
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder() })
    await fc.assert(fc.asyncProperty(fc.array(fc.array(write, { maxLength: 12 }), { maxLength: 6 }), fc.uint8Array({ maxLength: 2 }), async (calls, prefix) => {
      const model = new Map<string, string>()
      await store.keep([...store.scan('overlay')].map((entry: StoreEntry): StoreWrite => ({ space: 'overlay', key: entry.key, value: undefined })))
      await Promise.all(calls.map((writes) => store.keep(writes.map((one) => ({ space: 'overlay' as const, ...one })))))
      for (const one of calls.flat()) {
        if (one.value === undefined) model.delete(hex(one.key))
        else model.set(hex(one.key), hex(one.value))
      }
      const found = [...store.scan('overlay', prefix)].map((entry) => `${hex(entry.key)}=${hex(entry.value)}`)
      assert.deepEqual(found.toSorted(), modelScan(model, hex(prefix)))
      const short = found.filter((entry) => entry.indexOf('=') < 1_900 * 2)
      assert.deepEqual(short, short.toSorted((a, b) => Buffer.compare(Buffer.from(a.split('=')[0], 'hex'), Buffer.from(b.split('=')[0], 'hex'))))
    }), { numRuns: 60 })
    await store.close()
  })
})

describe('a folder that is not ours to use', () => {
  it('is refused while another store of this machine has it', async () => {
    const folder = makeFolder()
    const store = await Store.open({ disk: lmdbDisk, folder })
    await assert.rejects(Store.open({ disk: lmdbDisk, folder }), (fault: StoreFault) => fault.code === 'busy' && fault.message.includes(folder))
    await store.close()
    await (await Store.open({ disk: lmdbDisk, folder })).close()
  })

  it('is refused and left alone where a newer version made it', async () => {
    const folder = makeFolder()
    await (await Store.open({ disk: lmdbDisk, folder })).close()
    const disk = lmdbDisk.open(folder, true)
    await disk.commit([{ space: 'about', key: octets('version'), value: Uint8Array.of(9) }])
    await disk.close()
    const before = readFileSync(join(folder, 'data.mdb'))
    await assert.rejects(Store.open({ disk: lmdbDisk, folder }), (fault: StoreFault) => fault.code === 'foreign' && /version 9.*up to 1.*newer server/.test(fault.message))
    assert.deepEqual(readFileSync(join(folder, 'data.mdb')), before)
  })

  it('is refused and left alone where another program keeps its own there', async () => {
    const folder = makeFolder()
    const other = open<string, string>({ path: folder, noSubdir: false })
    await other.put('theirs', 'x')
    await other.close()
    const before = readFileSync(join(folder, 'data.mdb'))
    await assert.rejects(Store.open({ disk: lmdbDisk, folder }), (fault: StoreFault) => fault.code === 'foreign' && /another program/.test(fault.message))
    assert.deepEqual(readFileSync(join(folder, 'data.mdb')), before)
  })

  it('is refused where its file is no database, with words on what to do', async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'data.mdb'), Buffer.alloc(20_000, 'not a database '))
    const fault = await Store.open({ disk: lmdbDisk, folder }).then(() => undefined, (error: unknown) => error)
    assert.ok(fault instanceof StoreFault)
    assert.equal(fault.code, 'corrupt')
    assert.match(fault.message, /data\.mdb.*copy the folder.*move it away/)
    assert.equal(readFileSync(join(folder, 'data.mdb')).length, 20_000)
  })

  it('is refused where its file has lost its end', async () => {
    const folder = makeFolder()
    const store = await Store.open({ disk: lmdbDisk, folder })
    await store.keep(Array.from({ length: 2_000 }, (_, i) => put(`key ${i}`, 'x'.repeat(200))))
    await store.close()
    const whole = readFileSync(join(folder, 'data.mdb'))
    writeFileSync(join(folder, 'data.mdb'), whole.subarray(0, 40_960))
    await assert.rejects(Store.open({ disk: lmdbDisk, folder }), (fault: StoreFault) => fault.code === 'corrupt')
    writeFileSync(join(folder, 'data.mdb'), whole)
    const again = await Store.open({ disk: lmdbDisk, folder })
    assert.equal(listOf(again).length, 2_000)
    await again.close()
  })

  it('is refused where it cannot be one', async () => {
    const folder = join(makeFolder(), 'file')
    writeFileSync(folder, '')
    await assert.rejects(Store.open({ disk: lmdbDisk, folder }), (fault: StoreFault) => fault.code === 'io')
  })
})

describe('a start that ended before everything was read', () => {
  it('has the next one prove the file first, from outside', async () => {
    const folder = makeFolder()
    const first = await Store.open({ disk: lmdbDisk, folder })
    await first.keep([put('a', '1')])
    await first.close()
    writeFileSync(join(folder, 'unproven'), '')
    const third = await Store.open({ disk: lmdbDisk, folder })
    assert.deepEqual(listOf(third), ['a=1'])
    assert.ok(existsSync(join(folder, 'unproven')), 'not all was read yet')
    third.proven()
    assert.ok(!existsSync(join(folder, 'unproven')))
    await third.close()
  })

  it('makes a damaged page a refusal instead of an end without words', async () => {
    const folder = makeFolder()
    const store = await Store.open({ disk: lmdbDisk, folder })
    await store.keep(Array.from({ length: 3_000 }, (_, i) => put(`key ${i}`, 'x'.repeat(100))))
    await store.close()
    const octetsOfFile = readFileSync(join(folder, 'data.mdb'))
    for (let page = 2; page < octetsOfFile.length / 4_096; page++) octetsOfFile.fill(0xff, page * 4_096 + 10, page * 4_096 + 200)
    writeFileSync(join(folder, 'data.mdb'), octetsOfFile)
    writeFileSync(join(folder, 'unproven'), '')
    await assert.rejects(Store.open({ disk: lmdbDisk, folder }), (fault: StoreFault) => fault.code === 'corrupt' && fault.message.includes('data.mdb'))
  })
})

describe('a store that stands in for one that could not be opened', () => {
  it('is empty and says why to whoever wants to keep', async () => {
    const fault = new StoreFault('corrupt', 'Cannot open the store /d/data.mdb: damaged')
    const store = Store.refusing(fault)
    assert.deepEqual(listOf(store), [])
    assert.equal(store.get('zone', octets('a')), undefined)
    assert.equal(store.refusal, fault)
    await assert.rejects(store.keep([put('a', '1')]), fault)
    store.proven()
    await store.close()
  })
})

describe('the limit of a store', () => {
  it('refuses what goes beyond it, and still takes what removes', async () => {
    const faults: string[] = []
    const folder = makeFolder()
    mkdirSync(join(folder, 'sub'))
    const store = await Store.open({ disk: lmdbDisk, folder: join(folder, 'sub'), maxOctets: 100_000, onFault: (fault) => faults.push(fault.code), onRecovered: () => faults.push('recovered') })
    const big = 'x'.repeat(3_000)
    let kept = 0
    const refused = await (async () => {
      for (;; kept++) await store.keep([put(`key ${kept}`, big)])
    })().catch((error: unknown) => error)
    assert.ok(refused instanceof StoreFault)
    assert.equal(refused.code, 'full')
    assert.match(refused.message, /at most 100000/)
    assert.ok(kept > 5 && kept < 34, `${kept} were kept`)
    await assert.rejects(store.keep([put('one more', big)]), (fault: StoreFault) => fault.code === 'full')
    assert.deepEqual(faults, ['full'], 'told once')
    await store.keep(Array.from({ length: kept }, (_, i) => put(`key ${i}`)))
    await store.keep([put('again', big)])
    assert.deepEqual(faults, ['full', 'recovered'])
    assert.equal(listOf(store).length, 1)
    await store.close()
  })

  it('takes what adds nothing: a removal that is noted elsewhere, and another value of the same size', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder(), maxOctets: 100_000 })
    const big = 'x'.repeat(3_000)
    await store.keep([put('note', '0000', 'zone')])
    let kept = 0
    for (let isFull = false; !isFull;) await store.keep([put(`key ${kept}`, big), put('note', '0001', 'zone')]).then(() => kept++, () => (isFull = true))
    const cases: [what: string, writes: StoreWrite[], isTaken: boolean][] = [
      ['one more', [put('one more', big)], false],
      ['a removal, noted by a value of the same size', [put('key 0'), put('note', '0002', 'zone')], true],
      ['another value of the same size', [put('key 1', 'y'.repeat(3_000))], true],
      ['a longer value', [put('key 1', 'y'.repeat(60_000))], false],
      ['one for another', [put('key 2'), put('key two', 'y'.repeat(2_998))], true],
      ['more than one for another', [put('key 3'), put('key three', 'y'.repeat(40_000))], false],
    ]
    for (const [what, writes, isTaken] of cases) assert.equal(await store.keep(writes).then(() => true, () => false), isTaken, what)
    assert.equal(store.get('zone', octets('note'))?.at(-1), '2'.charCodeAt(0))
    await store.close()
  })

  it('counts what waits, so that many at once do not pass it together', async () => {
    const store = await Store.open({ disk: lmdbDisk, folder: makeFolder(), maxOctets: 200_000 })
    const results = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => store.keep([put(`key ${i}`, 'x'.repeat(10_000))])))
    const kept = results.filter(({ status }) => status === 'fulfilled').length
    assert.ok(kept > 5 && kept < 20, `${kept} were kept`)
    assert.equal(listOf(store).length, kept)
    await store.close()
  })
})

describe('a commit of LMDB', () => {
  const key = (name: string): Uint8Array => octets(name)

  it('stands before the next turn of the loop, so that its process waits for nothing else', async () => {
    const disk = lmdbDisk.open(makeFolder(), true)
    const committed = disk.commit([{ space: 'overlay', key: key('a'), value: octets('1') }])
    assert.equal(text(disk.get('overlay', key('a'))), '1', 'without an await')
    await committed
    await disk.close()
  })

  it('that fails half way leaves nothing of itself, and the next one is kept', async () => {
    const folder = makeFolder()
    const disk = lmdbDisk.open(folder, true)
    await disk.commit([{ space: 'overlay', key: key('a'), value: octets('1') }])
    const tooLong = new Uint8Array(MAX_STORE_KEY_OCTETS * 4).fill(97)
    const half = [
      { space: 'overlay', key: key('a'), value: undefined }, { space: 'zone', key: key('b'), value: octets('2') }, { space: 'overlay', key: tooLong, value: octets('3') },
    ] as const
    await assert.rejects(disk.commit(half))
    await disk.commit([{ space: 'overlay', key: key('c'), value: octets('4') }])
    await disk.close()
    const again = lmdbDisk.open(folder, false)
    const found = (['overlay', 'zone'] as const).flatMap((space) => [...again.range(space, key('a'), false)].map((entry) => `${space} ${text(entry.key)}=${text(entry.value)}`))
    assert.deepEqual(found, ['overlay a=1', 'overlay c=4'])
    await again.close()
  })

  it('takes an entry away and puts another under the same key in the order that it was told', async () => {
    const disk = lmdbDisk.open(makeFolder(), true)
    await disk.commit([{ space: 'lease', key: key('a'), value: octets('1') }, { space: 'lease', key: key('a'), value: undefined }, { space: 'lease', key: key('b'), value: undefined }])
    assert.equal(disk.get('lease', key('a')), undefined)
    await disk.commit([{ space: 'lease', key: key('a'), value: undefined }, { space: 'lease', key: key('a'), value: octets('2') }])
    assert.equal(text(disk.get('lease', key('a'))), '2')
    await disk.close()
  })
})
