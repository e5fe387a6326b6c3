/**
 * The cache over a restart: written when the server stops, read when it starts, where the config says so. A file that
 * cannot be read, or is not as it was written, costs what it held and nothing else.
 */
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Cache } from '../cache/cache.ts'
import { restoreCache, saveCache } from '../cache/persist.ts'
import { makeFolders } from './folder.ts'
import type { Log } from './log.ts'
import { reasonOf } from './reason.ts'
import { draftOf } from './replace-file.ts'

/** Takes back what the file holds; without a file there is nothing to take. */
export function readCache(cache: Cache, file: string, nowSeconds: number, log: Log): void {
  try {
    const { size } = statSync(file)
    if (size > 2 * cache.block.buffer.byteLength) return log('cache not restored', { file, reason: 'it is larger than any that this cache writes' })
    const restored = restoreCache(cache, readFileSync(file), nowSeconds)
    if ('refused' in restored) log('cache not restored', { file, reason: restored.refused })
    else log('cache restored', { file, entries: restored.restored })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log('cache not restored', { file, reason: reasonOf(error) })
  }
}

/** Writes what the cache holds, as a whole or not at all. */
export function writeCache(cache: Cache, file: string, nowSeconds: number, log: Log): void {
  const draft = draftOf(file)
  try {
    makeFolders(dirname(file))
    writeFileSync(draft, saveCache(cache, nowSeconds), { mode: 0o600 })
    renameSync(draft, file)
  } catch (error) {
    log('cache not saved', { file, reason: reasonOf(error) })
    if (existsSync(draft)) rmSync(draft)
  }
}
