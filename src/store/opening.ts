/**
 * Opening the store's folder: one process has it, the file is looked at before anything is changed, and a disk
 * that takes no writes is still read.
 *
 *     make folder ─▶ lock ─▶ prove, where there is doubt ─▶ judge kind and version ─▶ open to write ─▶ or to read
 *                      │               │                          │
 *                      └─ busy         └─ corrupt                 └─ foreign: StoreFault, nothing touched
 */
import { accessSync, closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { STORE_FIRST_OCTETS, STORE_WRITER_MS } from '../dns/limits.ts'
import type { Disk, OpenDisk } from './disk.ts'
import { codeOf, faultOf, StoreFault } from './fault.ts'
import { lockFolder, waitForWriter } from './folder-lock.ts'
import { proveStore } from './prove.ts'

/** The version of the file that this code writes and reads: what a space holds is its owner's, and is versioned there. */
export const STORE_VERSION = 1

/** Stands in the folder from opening until everything has been read once: where it is found, reading ended the process before. */
export const UNPROVEN = 'unproven'

const KIND = new TextEncoder().encode('waggle store')
const KIND_KEY = new TextEncoder().encode('kind')
const VERSION_KEY = new TextEncoder().encode('version')
const HEAD = [
  { space: 'about' as const, key: KIND_KEY, value: KIND },
  { space: 'about' as const, key: VERSION_KEY, value: Uint8Array.of(STORE_VERSION) },
]

/** A folder that this process has. */
export interface OpenFolder {
  /** Missing where there is nothing to read. */
  disk: OpenDisk | undefined
  /** Why nothing can be written. */
  refusal: StoreFault | undefined
  /** Why the file could not be made; that is tried again with the first write. */
  trouble?: StoreFault
  unlock: () => Promise<void>
}

/** Opens the folder, making it where it is missing. StoreFault: `busy`, `corrupt`, `foreign`, `io`. */
export async function openFolder(folder: string, disk: Disk): Promise<OpenFolder> {
  const file = disk.fileIn(folder)
  const refusal = makeFolder(folder, file)
  if (!existsSync(folder)) return { disk: undefined, refusal, unlock: async () => undefined }
  const unlock = await lockFolder(folder, 'owner')
  try {
    await waitForWriter(folder, STORE_WRITER_MS)
    if (existsSync(join(folder, UNPROVEN)) || !disk.isWhole(folder)) await proveStore(folder, file)
    if (disk.exists(folder)) await judge(disk, folder, file)
    return { unlock, ...(await openAsItAllows(folder, disk, refusal)) }
  } catch (error) {
    await unlock()
    throw faultOf(error, 'open the store', file)
  }
}

/** Makes the folder where it is missing; why nothing can be written to it, where that is so. */
function makeFolder(folder: string, file: string): StoreFault | undefined {
  try {
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
    accessSync(folder, constants.W_OK | constants.R_OK)
    if (existsSync(file)) accessSync(file, constants.W_OK)
    return undefined
  } catch (error) {
    return faultOf(error, 'write to the store', file)
  }
}

/** To write; or to read, where nothing can be written. Making the file, where it failed, is tried again by who wants to write. */
async function openAsItAllows(folder: string, disk: Disk, refusal: StoreFault | undefined): Promise<Omit<OpenFolder, 'unlock'>> {
  let readonly = refusal
  try {
    if (readonly === undefined) return { disk: await openToWrite(folder, disk), refusal: undefined }
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'readonly' && disk.exists(folder)) throw error
    const fault = faultOf(error, 'write to the store', disk.fileIn(folder))
    if (code !== 'readonly') return { disk: undefined, refusal: undefined, trouble: fault }
    readonly = fault
  }
  return { disk: disk.exists(folder) ? disk.open(folder, false) : undefined, refusal: readonly }
}

/** Opens a folder to write, as `openFolder` has found it fit. */
export async function openToWrite(folder: string, disk: Disk): Promise<OpenDisk> {
  if (!disk.exists(folder)) await create(folder, disk)
  try {
    writeFileSync(join(folder, UNPROVEN), '')
  } catch {
    // a full disk is no reason to read less; without the mark a second start would end as the first
  }
  return disk.open(folder, true)
}

/** Makes the file under another name first, so that a file by the true name is whole, whenever making it was cut short. */
async function create(folder: string, disk: Disk): Promise<void> {
  const draft = join(folder, 'new')
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  try {
    writeFileSync(join(draft, 'room'), new Uint8Array(STORE_FIRST_OCTETS)) // LMDB ends the process that has no room to begin with
    const open = disk.open(draft, true)
    await open.commit(HEAD).finally(() => open.close())
    renameSync(disk.fileIn(draft), disk.fileIn(folder))
    syncFolder(folder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Makes the names in a folder durable. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Looks at a file without changing it: whether a store of this version or an earlier one made it. */
async function judge(disk: Disk, folder: string, file: string): Promise<void> {
  const open = disk.open(folder, false)
  try {
    const kind = open.get('about', KIND_KEY)
    const version = open.get('about', VERSION_KEY)?.[0]
    if (kind === undefined || Buffer.compare(kind, KIND) !== 0 || version === undefined) throw new StoreFault('foreign', `Cannot open ${file} as a store as another program made it`)
    if (version > STORE_VERSION) throw new StoreFault('foreign', `Cannot open the store ${file} as it has version ${version}, and this server reads up to ${STORE_VERSION}: start the newer server`)
  } finally {
    await open.close()
  }
}
