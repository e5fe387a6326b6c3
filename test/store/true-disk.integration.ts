/**
 * The true disk failing for real: each call of the system that writes to the file fails in turn, is cut short
 * with the process, or the file system is full. Whatever happens, what was acknowledged is there afterwards and
 * nothing is there by half.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Store } from '../../src/store/store.ts'
import { built, fillWith, mountSmall, noMount, noShim, SHIM } from './bad-disks.ts'
import { makeFolder } from './support.ts'
import { checkPairs, WRITER } from './writer-process.ts'

interface Run {
  acknowledged: number[]
  faults: { i: number; code: string }[]
  out: string
  signal: NodeJS.Signals | null
  calls: number
}

function run(folder: string, from: number, count: number, environment: Record<string, string> = {}): Run {
  const counted = join(built, 'calls')
  rmSync(counted, { force: true })
  const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env
  const shim = Object.keys(environment).length > 0 ? { LD_PRELOAD: SHIM, FAIL_COUNT: counted, ...environment } : {}
  const { stdout, signal, error } = spawnSync(process.execPath, [WRITER, folder, String(from), String(count)], { encoding: 'utf8', env: { ...rest, ...shim }, timeout: 60_000 })
  assert.equal(error, undefined, 'the writer came to an end')
  return {
    acknowledged: [...stdout.matchAll(/^ok (\d+)$/gm)].map(([, i]) => Number(i)),
    faults: [...stdout.matchAll(/^fault (\d+) (\w+)$/gm)].map(([, i, code]) => ({ i: Number(i), code })),
    out: stdout,
    signal,
    calls: existsSync(counted) ? Number(readFileSync(counted, 'utf8')) : 0,
  }
}

/** Opens the folder as a next start does and holds it against what the run acknowledged. */
async function check(folder: string, what: string, asked: number, ...runs: Run[]): Promise<number> {
  const acknowledged = runs.flatMap((one) => one.acknowledged)
  const doubtful = Array.from({ length: asked }, (_, i) => i).filter((i) => !acknowledged.includes(i))
  const store = await Store.open({ folder })
  const { wrong, count } = checkPairs(store, acknowledged, doubtful)
  await store.close()
  assert.deepEqual(wrong, [], what)
  return count
}

const PAIRS = 9

/** A folder for a store that is to be made; or with one that holds PAIRS pairs, so that what fails is a commit. */
function prepare(isNew: boolean): { folder: string; before: Run[] } {
  const folder = join(makeFolder(), 'store')
  if (isNew) return { folder, before: [] }
  prepared ??= (() => {
    const made = join(makeFolder(), 'store')
    return { folder: made, before: [run(made, 0, PAIRS)] }
  })()
  cpSync(prepared.folder, folder, { recursive: true })
  return { folder, before: prepared.before }
}

let prepared: { folder: string; before: Run[] } | undefined

for (const isNew of [false, true]) {
  describe(isNew ? 'each write that makes the file' : 'each write to the true disk', { skip: noShim }, () => {
    const total = noShim === false ? run(prepare(isNew).folder, PAIRS, isNew ? 0 : PAIRS, { FAIL_KIND: 'none' }).calls : 0

    it('is counted', () => {
      assert.ok(total >= 10, `${total} calls write to the file`)
    })

    const kinds: [string, Record<string, string>][] = [
      ['fails with ENOSPC', { FAIL_KIND: 'error', FAIL_ERRNO: '28' }],
      ['fails with EIO, and so do all later ones', { FAIL_KIND: 'error', FAIL_ERRNO: '5', FAIL_ON: '1' }],
      ['ends the process that writes half way through', { FAIL_KIND: 'torn' }],
    ]
    for (const [words, environment] of kinds) {
      it(words, async (t: TestContext) => {
        let acknowledged = 0
        let faults = 0
        for (let at = 1; at <= total; at++) {
          const { folder, before } = prepare(isNew)
          const first = run(folder, PAIRS, PAIRS, { ...environment, FAIL_AT: String(at) })
          const what = `${words}, call ${at} of ${total}: ${first.out}`
          assert.equal(first.signal, null, `the process that serves goes on: ${what}`)
          assert.ok(first.faults.length + first.acknowledged.length === PAIRS || /^refused (io|full)$/m.test(first.out), what)
          const second = run(folder, 2 * PAIRS, 3)
          assert.equal(second.acknowledged.length, 3, `${what}\nand afterwards ${second.out}`)
          await check(folder, what, 2 * PAIRS + 3, ...before, first, second)
          acknowledged += first.acknowledged.length
          faults += first.faults.length
        }
        t.diagnostic(`${words}: ${total} calls in turn, ${acknowledged} pairs acknowledged and found, ${faults} refused`)
      })
    }
  })
}

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
