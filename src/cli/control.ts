/**
 * `waggle stats` and `waggle zone …`: commands that a running server carries out.
 */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseClass, printClass } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import { reasonOf } from '../ops/reason.ts'
import type { ControlAnswer, ControlRequest } from '../ops/control.ts'
import type { MetricLine } from '../ops/metrics.ts'
import type { ZoneLine, ZoneReport } from '../ops/commands.ts'
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

/** Lists the zones that a running server serves. */
export async function zoneListCommand(options: ServerOptions & { json?: boolean }, io: Io): Promise<ExitCode> {
  const answer = await askServer(options, { command: 'zone list' }, io)
  if (typeof answer === 'number') return answer
  const zones = answer.zones as ZoneLine[]
  if (options.json === true) {
    io.out(`${JSON.stringify(zones)}\n`)
    return EXIT.done
  }
  const rows = zones.map((zone) => [zone.zone, zone.class, String(zone.serial), String(zone.records), zone.loaded, stateOf(zone)])
  io.out(columns([['ZONE', 'CLASS', 'SERIAL', 'RECORDS', 'LOADED', 'STATE'], ...rows]))
  return EXIT.done
}

function stateOf({ refusal, updates, locked }: ZoneLine): string {
  if (refusal !== undefined) return `old data: ${refusal}`
  if (locked !== undefined) return `served; no updates: ${locked}`
  return updates === undefined ? 'served' : `served, ${updates} updates`
}

/** Reloads one zone, or the config and all zones. Failed where any zone was kept as it was or refused. */
export async function zoneReloadCommand(name: string | undefined, options: ServerOptions, io: Io): Promise<ExitCode> {
  const request = { command: 'zone reload', ...(name === undefined ? {} : { zone: name }) }
  if (name !== undefined && !isName(name, io)) return EXIT.usage
  const answer = await askServer(options, request, io)
  if (typeof answer === 'number') return answer
  const reports = answer.zones as ZoneReport[]
  for (const report of reports) {
    for (const finding of report.findings) io.err(`${finding}\n`)
    const from = report.previousSerial === undefined ? '' : ` from ${report.previousSerial}`
    const to = report.serial === undefined ? '' : ` to ${report.serial}`
    io.out(`${report.zone} ${report.class} ${report.outcome}${report.outcome === 'reloaded' ? from + to : ''}\n`)
  }
  return reports.some(({ outcome }) => outcome === 'kept' || outcome === 'refused') ? EXIT.failed : EXIT.done
}

/** Prints a zone as it is served. */
export async function zoneDumpCommand(name: string, options: ServerOptions & { class: string; output?: string }, io: Io): Promise<ExitCode> {
  const rrClass = parseClass(options.class)
  if (rrClass === undefined) {
    io.err(`waggle: Cannot use class "${options.class}" as it must be IN or LOCAL\n`)
    return EXIT.usage
  }
  if (!isName(name, io)) return EXIT.usage
  const request = { command: 'zone dump', zone: name, class: printClass(rrClass) }
  if (options.output === undefined) {
    const answer = await askServer(options, request, io, (text) => io.out(text))
    return typeof answer === 'number' ? answer : EXIT.done
  }
  return dumpToFile(options, request, options.output, io)
}

/** Writes beside `path` and renames, so that a dump cut short never stands where a zone file is looked for. */
async function dumpToFile(options: ServerOptions, request: ControlRequest, path: string, io: Io): Promise<ExitCode> {
  const draft = `${path}.${process.pid}.part`
  try {
    const file = openSync(draft, 'w')
    let code: ExitCode = EXIT.failed
    try {
      const answer = await askServer(options, request, io, (text) => void writeSync(file, text))
      code = typeof answer === 'number' ? answer : EXIT.done
    } finally {
      closeSync(file)
      if (code === EXIT.done) renameSync(draft, path)
      else rmSync(draft, { force: true })
    }
    return code
  } catch (error) {
    io.err(`waggle: Cannot write ${path}: ${reasonOf(error)}\n`)
    return EXIT.failed
  }
}

/** The server's answer; or, where there is none or it refuses, the exit code after saying why. */
async function askServer(options: ServerOptions, request: ControlRequest, io: Io, take?: (text: string) => void): Promise<Extract<ControlAnswer, { ok: true }> | ExitCode> {
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

function isName(text: string, io: Io): boolean {
  try {
    Name.parse(text)
    return true
  } catch (error) {
    io.err(`waggle: ${(error as Error).message}\n`)
    return false
  }
}

/** Rows as aligned columns, two blanks between them; column `right`, if given, is set flush right. */
export function columns(rows: readonly (readonly string[])[], right = -1): string {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  const lines = rows.map((row) => row.map((cell, i) => (i === right ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ').trimEnd())
  return lines.map((line) => `${line}\n`).join('')
}
