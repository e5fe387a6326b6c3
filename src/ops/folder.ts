/**
 * Making folders, level by level. Node's own recursive way never comes back below /proc and its like, where a
 * folder that exists lets nobody make another: it would hold up the start for ever.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes the folder at `path`, absolute, and those above it that are missing. Throws what the system says where that cannot be. */
export function makeFolders(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(path).isDirectory()) return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    makeFolders(dirname(path))
    mkdirSync(path)
  }
}
