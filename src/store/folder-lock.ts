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
import { StoreFault } from './fault.ts'

/** Takes the folder, or throws a StoreFault `busy`; what it gives lets it go. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const { dev, ino } = statSync(folder, { bigint: true })
  const isKernels = process.platform === 'linux'
  const path = isKernels ? `\0waggle-store:${dev}:${ino}` : join(folder, 'lock.sock')
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
