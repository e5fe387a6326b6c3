/**
 * One process per folder. On Linux the lock is a socket with a name in the kernel alone, made of the folder's
 * device and inode: it is gone with the process, however that ended, and two who start at once cannot both
 * have it. Elsewhere it is a socket in the folder, of which a dead one is replaced.
 *
 * Processes in two network namespaces do not see each other's lock: a folder belongs to one container.
 */
import { rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { STORE_WRITER_LOOK_MS } from '../dns/limits.ts'
import { StoreFault } from './fault.ts'

/** Whose lock: who owns the folder, or the process that writes for it. */
export type Locker = 'owner' | 'writer'

/** Takes the folder, or throws a StoreFault `busy`; what it gives lets it go. */
export async function lockFolder(folder: string, locker: Locker): Promise<() => Promise<void>> {
  const { dev, ino } = statSync(folder, { bigint: true })
  const isKernels = process.platform === 'linux'
  const path = isKernels ? `\0waggle-store:${locker}:${dev}:${ino}` : join(folder, `${locker}.sock`)
  if (!isKernels && !(await isAnswered(path))) rmSync(path, { force: true })
  const server = createServer((socket) => socket.destroy())
  server.unref()
  try {
    await listen(server, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new StoreFault('busy', `Cannot open the store in ${folder} as another process has it open`)
    throw error
  }
  return () => new Promise((resolve) => server.close(() => resolve()))
}

/** Waits until no process writes for an owner that is gone: it may be ending a commit. Throws a StoreFault `busy` after `patienceMs`. */
export async function waitForWriter(folder: string, patienceMs: number): Promise<void> {
  const startMs = performance.now()
  for (;;) {
    try {
      const unlock = await lockFolder(folder, 'writer')
      return await unlock()
    } catch (error) {
      if (performance.now() - startMs > patienceMs) throw error
      await new Promise((resolve) => setTimeout(resolve, STORE_WRITER_LOOK_MS))
    }
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
