/**
 * Proves a store whose reading ended the process before, or whose file has lost octets: a damaged page of a
 * memory-mapped file can end whoever reads it, so a process of its own reads all of it first. That costs a
 * start of Node and one reading, and is done only where there is a reason to.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { StoreFault } from './fault.ts'

const PROVER = fileURLToPath(new URL('./prove-process.js', import.meta.url))

/** Resolves where everything in the folder's store can be read; rejects with a StoreFault `corrupt` where not. */
export async function proveStore(folder: string, file: string): Promise<void> {
  const child = spawn(process.execPath, [PROVER, folder], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-400)))
  const reason = await new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : signal === null ? said.trim().split('\n').at(-1) : `reading it ends the process (${signal})`))
  })
  if (reason === undefined) return
  const advice = 'stop the server, copy the folder as evidence, then restore it from a copy or move it away to start anew from the zone files'
  throw new StoreFault('corrupt', `Cannot read all of the store ${file}: ${reason}; ${advice}`)
}
