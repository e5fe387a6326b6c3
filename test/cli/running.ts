/** Commands run in this process: what each printed, where, and its exit code; and a folder for their files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { runCommand } from '../../src/cli/main.ts'

/** What a command left. */
export interface Ran {
  code: number
  out: string
  err: string
}

/** Runs a command by its arguments. */
export async function run(...args: string[]): Promise<Ran> {
  const ran = { code: -1, out: '', err: '' }
  ran.code = await runCommand(args, { out: (text) => void (ran.out += text), err: (text) => void (ran.err += text) })
  return ran
}

/** A folder that is removed when the file's tests are over; `write` gives the path of what it wrote. */
export function scratch(): { folder: string; write: (name: string, text: string) => string } {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-cli-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return {
    folder,
    write: (name, text) => {
      const path = join(folder, name)
      writeFileSync(path, text)
      return path
    },
  }
}
