/**
 * The process behind apart-disk.ts: commits frame after frame to the store in the folder that it is given, and
 * ends with its parent, after the commit under way. A commit that fails ends it too, as nobody knows what LMDB
 * holds in memory then; the next one opens the file anew.
 */
import type { WriterAnswer } from './apart-disk.ts'
import type { OpenDisk } from './disk.ts'
import { lockFolder } from './folder-lock.ts'
import { decodeWrites } from './frame.ts'
import { lmdbDisk } from './lmdb-disk.ts'

const [folder] = process.argv.slice(2)
let disk: OpenDisk | undefined
let working: Promise<void> = Promise.resolve()

async function commit(frame: Uint8Array): Promise<void> {
  try {
    if (disk === undefined) {
      await lockFolder(folder, 'writer')
      disk = lmdbDisk.open(folder, true)
    }
    await disk.commit(decodeWrites(frame))
    answer({ ok: true })
  } catch (error) {
    const { code, message } = error as { code?: string | number; message: string }
    answer({ ok: false, code, message }, () => process.exit(1))
  }
}

function answer(answer: WriterAnswer, then?: () => void): void {
  if (process.connected) process.send?.(answer, undefined, undefined, then)
  else then?.()
}

process.on('message', (frame: Uint8Array) => {
  working = working.then(() => commit(frame))
})
process.on('disconnect', () => void working.then(() => disk?.close()).then(() => process.exit(0)))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined) // the parent decides
