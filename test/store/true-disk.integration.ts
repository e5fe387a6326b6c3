/**
 * The true disk failing for real: calls of the system that write to the file fail, or are cut short with the process (one in three
 * of them; all in true-disk.long.ts), or the file system is full. Whatever happens, what was acknowledged is there afterwards and
 * nothing is there by half.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Store } from '../../src/store/store.ts'
import { fillWith, mountSmall, noMount } from './bad-disks.ts'
import { check, describeCalls, run } from './failing-calls.ts'
import { checkPairs } from './writer-process.ts'

describeCalls(3)

describe('a file system that is full', { skip: noMount }, () => {
  it('refuses what does not fit, and takes it again once there is room', async (t: TestContext) => {
    const small = mountSmall(1_048_576)
    const folder = join(small, 'store')
    const before = run(folder, 0, 60)
    assert.equal(before.acknowledged.length, 60, before.out)
    const ballast = join(small, 'ballast')
    fillWith(ballast)
    const full = run(folder, 60, 60)
    assert.ok(full.faults.length > 0 && full.faults.every(({ code }) => code === 'full'), full.out)
    await check(folder, 'while it is full', 120, before, full)
    rmSync(ballast)
    const after = run(folder, 120, 30)
    assert.equal(after.acknowledged.length, 30, after.out)
    await check(folder, 'with room again', 150, before, full, after)
    t.diagnostic(`full file system: ${full.acknowledged.length} of 60 pairs acknowledged, ${full.faults.length} refused, all found`)
  })

  it('lets a store start that has no file yet', () => {
    const small = mountSmall(524_288)
    fillWith(join(small, 'ballast'))
    const folder = join(small, 'store')
    const first = run(folder, 0, 3)
    assert.deepEqual(first.faults.map(({ code }) => code), ['full', 'full', 'full'], first.out)
    assert.ok(!existsSync(join(folder, 'data.mdb')))
    rmSync(join(small, 'ballast'))
    const second = run(folder, 3, 3)
    assert.equal(second.acknowledged.length, 3, second.out)
  })

  it('that is mounted to be read is read', async () => {
    const small = mountSmall(1_048_576)
    const before = run(join(small, 'store'), 0, 9)
    assert.equal(before.acknowledged.length, 9)
    spawnSync('mount', ['-o', 'remount,ro', small])
    const store = await Store.open({ folder: join(small, 'store') })
    assert.equal(checkPairs(store, before.acknowledged, []).count, 9)
    assert.equal(store.refusal?.code, 'readonly')
    assert.match(store.refusal?.message ?? '', /read-only file system/)
    await store.close()
  })
})
