/** Huge pages: what the system is asked for, and that a block is good whatever it says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { HUGE_BLOCK_OCTETS } from '../../src/dns/limits.ts'
import { canUseMmsg, type Libc, loadLibc } from '../../src/transport/libc.ts'
import { adviseHugePages } from '../../src/transport/huge-pages.ts'

const usable = canUseMmsg()
const hasHugePages = usable.usable && /\bmadvise\b|\balways\b/.test(textOf('/sys/kernel/mm/transparent_hugepage/enabled'))
const skip = hasHugePages ? false : `SKIPPED: no huge pages here (${usable.usable ? 'the system has none' : usable.reason})`
const skipElsewhere = process.platform === 'linux' ? false : 'SKIPPED: Linux alone takes advice'

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** Flags of the mapping that holds the middle of a block, as Linux prints them: `rd wr mr mw me ac hg`. */
function flagsOf(block: SharedArrayBuffer): string {
  const middle = loadLibc().addressOf(new Uint8Array(block)) + block.byteLength / 2
  for (const mapping of textOf('/proc/self/smaps').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [from, end] = (/^([0-9a-f]+)-([0-9a-f]+) /.exec(mapping) ?? []).slice(1).map((digits) => parseInt(digits, 16))
    if (from <= middle && middle < end) return /VmFlags: (.*)/.exec(mapping)?.[1] ?? ''
  }
  return assert.fail('the block is in no mapping')
}

test('a block is put on them, and holds zeros', { skip }, () => {
  const block = new SharedArrayBuffer(2 * HUGE_BLOCK_OCTETS)
  assert.doesNotMatch(flagsOf(block), /\bhg\b/)
  adviseHugePages(block)
  assert.match(flagsOf(block), /\bhg\b/)
  assert.ok(new Int32Array(block).every((word) => word === 0))
})

test('the advice keeps within the block, on whole pages', { skip: skipElsewhere }, () => {
  const asked: number[][] = []
  const libc = { addressOf: () => 0x7f00_0000_1010, madvise: (...values: number[]) => (asked.push(values), 0) } as unknown as Libc
  adviseHugePages(new SharedArrayBuffer(HUGE_BLOCK_OCTETS), () => libc)
  assert.deepEqual(asked, [[0x7f00_0001_0000, HUGE_BLOCK_OCTETS - 0x1_0000, 14]])
})

test('a system that gives none, and calls that are not to be had, are no fault', () => {
  const block = new SharedArrayBuffer(HUGE_BLOCK_OCTETS)
  adviseHugePages(block, () => ({ addressOf: () => 4_096, madvise: () => -1 }) as unknown as Libc)
  adviseHugePages(block, () => {
    throw new Error('no koffi')
  })
})
