/**
 * Calls of the system that write to a store's file, each failing in its turn, as the tests of the true disk have them: a process
 * writes (writer-process.ts) under a shim that fails one call, another goes on afterwards, and all that was acknowledged must be there.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Store } from '../../src/store/store.ts'
import { built, noShim, SHIM } from './bad-disks.ts'
import { makeFolder } from './support.ts'
import { checkPairs, WRITER } from './writer-process.ts'

/** What a run of the writer told. */
export interface Run {
  acknowledged: number[]
  faults: { i: number; code: string }[]
  out: string
  signal: NodeJS.Signals | null
  calls: number
}

/** Runs the writer on a folder to its end, under the shim where `environment` says how. */
export function run(folder: string, from: number, count: number, environment: Record<string, string> = {}): Run {
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
export async function check(folder: string, what: string, asked: number, ...runs: Run[]): Promise<number> {
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

/** Each write to the file fails in turn; of `every` only one, beginning with one by chance. */
export function describeCalls(every: number): void {
  for (const isNew of [false, true]) describeStore(isNew, every)
}

function describeStore(isNew: boolean, every: number): void {
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
        const first = randomInt(1, every + 1)
        for (let at = first; at <= total; at += every) {
          const { folder, before } = prepare(isNew)
          const hurt = run(folder, PAIRS, PAIRS, { ...environment, FAIL_AT: String(at) })
          const what = `${words}, call ${at} of ${total}: ${hurt.out}`
          assert.equal(hurt.signal, null, `the process that serves goes on: ${what}`)
          assert.ok(hurt.faults.length + hurt.acknowledged.length === PAIRS || /^refused (io|full)$/m.test(hurt.out), what)
          const second = run(folder, 2 * PAIRS, 3)
          assert.equal(second.acknowledged.length, 3, `${what}\nand afterwards ${second.out}`)
          await check(folder, what, 2 * PAIRS + 3, ...before, hurt, second)
          acknowledged += hurt.acknowledged.length
          faults += hurt.faults.length
        }
        t.diagnostic(`${words}: ${total} calls, each ${every} from ${first} on, ${acknowledged} pairs acknowledged and found, ${faults} refused`)
      })
    }
  })
}
