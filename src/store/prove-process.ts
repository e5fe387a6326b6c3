/**
 * The process behind prove.ts: reads every entry of the store in the folder that it is given, and ends with 0.
 */
import { DISK_SPACES } from './disk.ts'
import { diskStart, keptEntry } from './keys.ts'
import { lmdbDisk } from './lmdb-disk.ts'

const [folder] = process.argv.slice(2)
try {
  const disk = lmdbDisk.open(folder, false)
  for (const space of DISK_SPACES) for (const entry of disk.range(space, diskStart(new Uint8Array(0)), false)) keptEntry(entry)
  await disk.close()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
