/**
 * Commands that a running server carries out: the way to it, and `waggle stats`. Those about zones stand in zone.ts.
 */
import { resolve } from 'node:path'
import type { ControlAnswer, ControlRequest } from '../ops/control.ts'
import type { MetricLine } from '../ops/metrics.ts'
import { askControl } from './control-client.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** Which running server is meant. */
export interface ServerOptions {
  config?: string
  data?: string
}

/** Prints the counters of a running server; as text those that are not zero, unless all are wanted. */
export async function statsCommand(options: ServerOptions & { json?: boolean; all?: boolean }, io: Io): Promise<ExitCode> {
  const answer = await askServer(options, { command: 'stats' }, io)
  if (typeof answer === 'number') return answer
  const metrics = answer.metrics as MetricLine[]
  if (options.json === true) io.out(`${JSON.stringify(Object.fromEntries(metrics.map(({ name, value }) => [name, value])))}\n`)
  else {
    const shown = metrics.filter(({ value }) => options.all === true || value !== 0)
    io.out(columns(shown.map(({ name, value, about }) => [name, String(value), about]), 1))
  }
  return EXIT.done
}

/** The server's answer; or, where there is none or it refuses, the exit code after saying why. */
export async function askServer(options: ServerOptions, request: ControlRequest, io: Io, take?: (text: string) => void): Promise<Extract<ControlAnswer, { ok: true }> | ExitCode> {
  const folder = await dataFolder(options, io)
  if (typeof folder === 'number') return folder
  const answer = await askControl(resolve(folder, 'control.sock'), request, take)
  if (answer.ok) return answer
  io.err(`waggle: ${answer.error}\n`)
  return EXIT.failed
}

async function dataFolder(options: ServerOptions, io: Io): Promise<string | ExitCode> {
  if (options.data !== undefined) return resolve(options.data)
  if (options.config === undefined) {
    io.err('waggle: Cannot find the server as neither --config nor --data was given\n')
    return EXIT.usage
  }
  const { readConfig } = await import('../ops/config.ts')
  const { printFinding } = await import('../ops/finding.ts')
  const { config, findings } = readConfig(options.config)
  if (config !== undefined) return config.dataFolder
  for (const finding of findings) io.err(`${printFinding(finding)}\n`)
  return EXIT.failed
}

/** Rows as aligned columns, two blanks between them; column `right`, if given, is set flush right. */
export function columns(rows: readonly (readonly string[])[], right = -1): string {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  const lines = rows.map((row) => row.map((cell, i) => (i === right ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ').trimEnd())
  return lines.map((line) => `${line}\n`).join('')
}
