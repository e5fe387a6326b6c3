/**
 * Putting a file in the place of another so that nobody ever meets a half of it: written beside it, brought to the disk,
 * looked at once more, and renamed over it. Whoever dies on the way leaves the old file or the new one, and at worst a
 * draft beside it, which the next attempt clears away.
 *
 *     FOLDER/.NAME.draft   create ─► write ─► mode, owner ─► sync ─► check ─► rename to FOLDER/NAME ─► sync FOLDER
 */
import { constants, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { reasonOf } from './reason.ts'

/** What the new file is made by. */
export interface Replacement {
  /** Gives the text piece by piece. */
  readonly write: (send: (text: string) => Promise<void>) => Promise<void>
  /** Mode of a file that is new; default 0644. */
  readonly mode?: number
  /** Looks at the draft, on the disk by then, before it takes the place of the file; what it throws gives the draft up. */
  readonly check?: (draft: string) => Promise<void>
}

const NEW_MODE = 0o644

/** Writes the file at `path`, with the mode and owner of the one that it replaces; a link stays a link. Gives the true path. Throws, with the file as it was, where that cannot be. */
export async function replaceFile(path: string, { write, check, mode = NEW_MODE }: Replacement): Promise<string> {
  const before = await find(path)
  const target = before?.path ?? resolve(path)
  const draft = draftOf(target)
  try {
    await rm(draft, { force: true })
    const handle = await create(draft, mode)
    try {
      await write((text) => handle.writeFile(text))
      if (before !== undefined) await dress(handle, before)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await check?.(draft)
    await rename(draft, target)
  } catch (fault) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw new Error(`Cannot write ${target}: ${reasonOf(fault)}`, { cause: fault })
  }
  await syncFolder(dirname(target))
  return target
}

/** Where the draft of a file stands: in its folder, as a rename across disks would be a copy. */
export function draftOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.draft`)
}

interface Before {
  path: string
  mode: number
  uid: number
  gid: number
}

/** The file that is to be replaced; undefined where there is none. Throws where it is none that can be. */
async function find(path: string): Promise<Before | undefined> {
  try {
    const target = await realpath(path)
    const { mode, uid, gid } = await stat(target)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error('it is not a file')
    // a rename asks for the folder's permission only: a file that was made read-only shall stay as it is all the same
    const handle = await open(target, 'r+').catch((fault: unknown) => {
      throw new Error(`${reasonOf(fault)}; the server runs as user ${process.geteuid?.() ?? '?'}, let that user write it`, { cause: fault })
    })
    await handle.close()
    return { path: target, mode: mode & 0o7777, uid, gid }
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`Cannot write ${path}: ${reasonOf(fault)}`, { cause: fault })
  }
}

async function create(draft: string, mode: number): Promise<FileHandle> {
  try {
    return await open(draft, 'wx', mode)
  } catch (fault) {
    throw new Error(`${reasonOf(fault)} for a draft in its folder, ${dirname(draft)}`, { cause: fault })
  }
}

async function dress(handle: FileHandle, { uid, gid, mode }: Before): Promise<void> {
  const own = await handle.stat()
  if (own.uid !== uid || own.gid !== gid) {
    await handle.chown(uid, gid).catch((fault: unknown) => {
      throw new Error(`its owner cannot be kept (${reasonOf(fault)}): give the file to user ${own.uid} and group ${own.gid}, as whom the server runs`, { cause: fault })
    })
  }
  await handle.chmod(mode)
}

/** Brings the rename to the disk, where the file system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
    await handle.sync().finally(() => handle.close())
  } catch {
    // some file systems sync no folders; the file itself is there
  }
}
