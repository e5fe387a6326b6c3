/** Debian's DNS tools as children of a test: run with a bound of time and what they print kept, or the reason why they cannot be. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after } from 'node:test'

/** The environment of tools: with sbin, which an ordinary PATH may lack. */
export const toolEnvironment: NodeJS.ProcessEnv = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }
delete toolEnvironment.NODE_EXTRA_CA_CERTS

/** What a tool left; `out` holds both of its streams. */
export interface Left {
  code: number | null
  out: string
}

/** Why a test that needs these programs is skipped; false where they are all here. */
export function missing(...programs: string[]): string | false {
  const lacking = programs.filter((program) => spawnSync('which', [program], { env: toolEnvironment }).status !== 0)
  return lacking.length === 0 ? false : `needs ${lacking.join(', ')}`
}

/** Runs a tool to its end, 30 s at most, while the test's own servers go on. */
export function run(program: string, args: readonly string[], input = '', cwd?: string): Promise<Left> {
  const child = spawn(program, args, { env: toolEnvironment, cwd, timeout: 30_000 })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')))
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')))
  child.stdin.on('error', () => undefined) // a tool that ends early does not read its input
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out }))
  })
}

/** A folder for the file's tests, removed when they are over. */
export function scratchFolder(): string {
  const folder = mkdtempSync(`${tmpdir()}/waggle-dnssec-`)
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
