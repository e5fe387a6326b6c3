/**
 * `waggle zone …`: looking at and changing the zones of a running server.
 */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseClass, printClass } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import type { ZoneLine, ZoneReport, ZoneStatus } from '../ops/commands.ts'
import type { ControlAnswer, ControlRequest } from '../ops/control.ts'
import type { ZoneWritten } from '../ops/zone-writing.ts'
import { reasonOf } from '../ops/reason.ts'
import { askServer, columns, type ServerOptions } from './control.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** Which zone of which running server is meant. */
export interface ZoneOptions extends ServerOptions {
  class?: string
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

/** Tells how a zone stands: what is served, what its file has, whether updates change it. */
export async function zoneStatusCommand(name: string, options: ZoneOptions & { json?: boolean }, io: Io): Promise<ExitCode> {
  const answer = await askAboutZone('zone status', name, options, io)
  if (typeof answer === 'number') return answer
  const status = answer.status as ZoneStatus
  if (options.json === true) io.out(`${JSON.stringify(status)}\n`)
  else io.out(columns(statusRows(status)))
  return EXIT.done
}

function statusRows(status: ZoneStatus): string[][] {
  const { zone, class: rrClass, file, serial, fileSerial, records, loaded, refusal, changes, leases } = status
  return [
    ['zone', `${zone} ${rrClass}`],
    ['file', file],
    ['serial', `${serial} served, ${fileSerial} in the file`],
    ['records', String(records)],
    ['loaded', loaded],
    ['state', refusal === undefined ? 'served' : `old data: ${refusal}`],
    ['updates', updatesOf(status)],
    ['changes', `${changes} ${changes === 1 ? 'record' : 'records'} by updates (waggle zone diff)`],
    ['leases', String(leases)],
  ]
}

function updatesOf({ writable, locked, updates = 0 }: ZoneStatus): string {
  if (!writable) return 'refused: the config gives the zone neither grants nor register'
  return locked === undefined ? `taken, ${updates} since the start` : `refused: ${locked}`
}

/** Has updates of a zone refused until it is thawed. */
export async function zoneFreezeCommand(name: string, options: ZoneOptions, io: Io): Promise<ExitCode> {
  const answer = await askAboutZone('zone freeze', name, options, io)
  if (typeof answer === 'number') return answer
  io.out(`${headOf(answer)} ${answer.wasFrozen === true ? 'was frozen already' : 'frozen'}, serial ${String(answer.serial)}\n`)
  return EXIT.done
}

/** Has a frozen zone's file read again, and updates of it taken. */
export async function zoneThawCommand(name: string, options: ZoneOptions, io: Io): Promise<ExitCode> {
  const answer = await askAboutZone('zone thaw', name, options, io)
  if (typeof answer === 'number') return answer
  for (const finding of answer.findings as string[]) io.err(`${finding}\n`)
  if (answer.wasFrozen === true) io.out(`${headOf(answer)} thawed, serial from ${String(answer.previousSerial)} to ${String(answer.serial)}\n`)
  else io.out(`${headOf(answer)} was not frozen, serial ${String(answer.serial)}\n`)
  return EXIT.done
}

/** Prints what updates have made of a zone's file: nothing where they have made nothing of it. */
export async function zoneDiffCommand(name: string, options: ZoneOptions & { json?: boolean }, io: Io): Promise<ExitCode> {
  const request = zoneRequest('zone diff', name, options, io)
  if (typeof request === 'number') return request
  const answer = await askServer(options, { ...request, json: options.json === true }, io, (text) => io.out(text))
  return typeof answer === 'number' ? answer : EXIT.done
}

function headOf(answer: Answered): string {
  return `${String(answer.zone)} ${String(answer.class)}`
}

/** What `zone dump` may be told. */
export interface DumpOptions extends ZoneOptions {
  output?: string
  /** The server writes: into the zone's own file (true) or that one. */
  write?: true | string
  leases?: boolean
}

/** Prints a zone as it is served, or has the server write it into a file. */
export async function zoneDumpCommand(name: string, options: DumpOptions, io: Io): Promise<ExitCode> {
  const { output, write, leases } = options
  if (write !== undefined) return writeZone(name, write, options, io)
  if (leases === true) {
    io.err('waggle: Cannot use --leases without --write as what is printed holds leased records anyhow\n')
    return EXIT.usage
  }
  if (output === undefined) {
    const answer = await askAboutZone('zone dump', name, options, io, (text) => io.out(text))
    return typeof answer === 'number' ? answer : EXIT.done
  }
  const request = zoneRequest('zone dump', name, options, io)
  return typeof request === 'number' ? request : dumpToFile(options, request, output, io)
}

async function writeZone(name: string, write: true | string, options: DumpOptions, io: Io): Promise<ExitCode> {
  const request = zoneRequest('zone write', name, options, io)
  if (typeof request === 'number') return request
  const answer = await askServer(options, { ...request, leases: options.leases === true, ...(write === true ? {} : { file: resolve(write) }) }, io)
  if (typeof answer === 'number') return answer
  const { file, serial, isWritten, isOwn, changes } = answer as Answered & ZoneWritten & { isWritten: boolean }
  if (!isWritten) io.out(`${headOf(answer)}: ${file} says already what is served, serial ${serial}\n`)
  else io.out(`${headOf(answer)} written to ${file}, serial ${serial}${isOwn ? `, ${changes} lines of changes` : ''}\n`)
  return EXIT.done
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

type Answered = Extract<ControlAnswer, { ok: true }>

async function askAboutZone(command: string, name: string, options: ZoneOptions, io: Io, take?: (text: string) => void): Promise<Answered | ExitCode> {
  const request = zoneRequest(command, name, options, io)
  return typeof request === 'number' ? request : askServer(options, request, io, take)
}

/** The request, or the exit code after saying what is wrong with the call. */
function zoneRequest(command: string, name: string, options: ZoneOptions, io: Io): ControlRequest | ExitCode {
  const rrClass = options.class === undefined ? undefined : parseClass(options.class)
  if (options.class !== undefined && rrClass === undefined) {
    io.err(`waggle: Cannot use class "${options.class}" as it must be IN or LOCAL\n`)
    return EXIT.usage
  }
  if (!isName(name, io)) return EXIT.usage
  return { command, zone: name, ...(rrClass === undefined ? {} : { class: printClass(rrClass) }) }
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
