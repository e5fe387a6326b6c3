/**
 * What tests of the store share: folders that go away, keys and values as text, and a disk that fails where it is told to.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Disk, DiskWrite, OpenDisk } from '../../src/store/disk.ts'
import { lmdbDisk } from '../../src/store/lmdb-disk.ts'
import type { Store, StoreSpace, StoreWrite } from '../../src/store/store.ts'

/** Where a sync costs nothing; no test here is about a power cut. */
const MEMORY = '/dev/shm'
const folders: string[] = []
after(() => { for (const folder of folders) rmSync(folder, { recursive: true, force: true }) })

/** A folder that is removed when the tests of the file have ended. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'waggle-store-'))
  folders.push(folder)
  return folder
}

/** The octets of a text. */
export function octets(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** The text of octets. */
export function text(from: Uint8Array | undefined): string | undefined {
  return from === undefined ? undefined : new TextDecoder().decode(from)
}

/** A write of texts: `put('a', '1')`; without a value the key is removed. */
export function put(key: string, value?: string, space: StoreSpace = 'overlay'): StoreWrite {
  return { space, key: octets(key), value: value === undefined ? undefined : octets(value) }
}

/** Everything in a space as `key=value` texts. */
export function listOf(store: Store, space: StoreSpace = 'overlay', prefix = ''): string[] {
  return [...store.scan(space, octets(prefix))].map(({ key, value }) => `${text(key)}=${text(value)}`)
}

/** How a commit fails: told `before` anything is written, or `after` all of it is, as when the last word of the disk is lost. */
export interface Failure {
  /** Which commit, from 1; the making of the file is one. */
  at: number
  code: string
  when: 'before' | 'after'
  /** Whether all commits from there on fail too. */
  forever?: boolean
}

/** The true disk, failing as it is told to. */
export class FaultyDisk implements Disk {
  commits = 0
  opens = 0
  failure: Failure | undefined
  /** Error code that opening gives, while it is set. */
  refuseOpening: string | undefined

  constructor(failure?: Failure) {
    this.failure = failure
  }

  fileIn(folder: string): string {
    return lmdbDisk.fileIn(folder)
  }

  exists(folder: string): boolean {
    return lmdbDisk.exists(folder)
  }

  isWhole(folder: string): boolean {
    return lmdbDisk.isWhole(folder)
  }

  open(folder: string, canWrite: boolean): OpenDisk {
    if (this.refuseOpening !== undefined && canWrite) throw failed(this.refuseOpening)
    this.opens++
    const disk = lmdbDisk.open(folder, canWrite)
    const commit = async (writes: readonly DiskWrite[]): Promise<void> => {
      const { failure } = this
      const isFailing = failure !== undefined && (++this.commits === failure.at || (failure.forever === true && this.commits > failure.at))
      if (failure === undefined) this.commits++
      if (isFailing && failure.when === 'before') throw failed(failure.code)
      await disk.commit(writes)
      if (isFailing) throw failed(failure.code)
    }
    return {
      canWrite: disk.canWrite,
      commit,
      get: (space, key) => disk.get(space, key),
      range: (space, from, isBehind) => disk.range(space, from, isBehind),
      refresh: () => disk.refresh(),
      usedOctets: () => disk.usedOctets(),
      close: () => disk.close(),
    }
  }
}

function failed(code: string): Error {
  return Object.assign(new Error(`${code}: the disk says so`), { code })
}
