/**
 * Disks that fail for real, for tests as root on Linux: a file system of a few hundred kilobytes that can be filled, and a
 * library put before libc that lets the n-th write to the store's file fail (c/failing-disk.c).
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeFolder } from './support.ts'

const SOURCE = fileURLToPath(new URL('../../../test/store/c/failing-disk.c', import.meta.url))

/** Where the library is built. */
export const built = makeFolder()
/** The library, for LD_PRELOAD. */
export const SHIM = join(built, 'failing-disk.so')
const compiler = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', SHIM, SOURCE, '-ldl'], { encoding: 'utf8' })
/** Why the library cannot be used; false where it can. */
export const noShim = process.platform !== 'linux' ? 'SKIPPED: needs Linux' : compiler.error !== undefined ? 'SKIPPED: needs a C compiler (cc)' : false
if (noShim === false) assert.equal(compiler.status, 0, compiler.stderr)

const mountable = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/bin/mount')
/** Why no file system can be mounted; false where it can. */
export const noMount = mountable ? false : 'SKIPPED: needs root, to mount a small file system'

/** A small file system of its own, gone with the tests. */
export function mountSmall(octets: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-small-'))
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${octets}`, 'tmpfs', folder], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  after(() => {
    spawnSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Fills the file system with the file at `path` until not a page more fits. */
export function fillWith(path: string): void {
  for (let chunk = 65_536; chunk >= 4_096; chunk /= 2) fill(path, chunk)
}

/** Makes a file longer by chunks until no more fits. */
function fill(path: string, chunk: number): void {
  try {
    for (;;) writeFileSync(path, Buffer.alloc(chunk, 1), { flag: 'a' })
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
  }
}
