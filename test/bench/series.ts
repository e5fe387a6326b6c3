/**
 * The order of the bench: rows that need the same servers are measured together, so that each server starts
 * once for them; within a round each row asks all servers one after the other, in an order of chance.
 *
 *     one worker    every row of ten thousand names, then latency at a fixed rate
 *     two workers   hits again
 *     a million     load times and memory first, then hits
 */
import { buildPrograms } from './generator.ts'
import { faultOf } from './asking.ts'
import type { Chosen } from './chosen.ts'
import { measureStarts, type Start } from './starts.ts'
import { measure, placesFor, type Run } from './meter.ts'
import { encodeQuery, writeQueries } from './queries.ts'
import { printRow } from './table.ts'
import { hostName, rowOf, SIZES, type Row, type RowId, type ZoneId } from './rows.ts'
import { start, TITLES, type Kind, type Running, type Task } from './servers.ts'
import { quietest, shuffled } from './statistics.ts'
import { writeZone, type ZoneFile } from './zones.ts'
import { TYPE } from '../../src/dns/codes.ts'

/** Queries per second at which latency is measured: a tenth of what a core can do. */
export const MODERATE = 10_000

/** Runs of each server on each row, the quietest only; and what starting a million names took. */
export interface Results {
  rows: Partial<Record<RowId, Partial<Record<Kind, Run[]>>>>
  /** Hits at the moderate rate. */
  latency: Partial<Record<Kind, Run[]>>
  starts: Start[]
  /** Servers left out of a row, and why. */
  leftOut: string[]
}

/** A run before those that count: files are read, code is compiled. */
const WARM_SECONDS = 1

type Say = (line: string) => void
type Programs = ReturnType<typeof buildPrograms>

/** What all parts of a run share. */
export interface Bench {
  chosen: Chosen
  folder: string
  canPin: boolean
  say: Say
  programs: Programs
  zones: Map<ZoneId, ZoneFile>
  results: Results
}

/** Measures everything that was chosen. */
export async function measureAll(chosen: Chosen, folder: string, canPin: boolean, say: Say): Promise<Results> {
  const results: Results = { rows: {}, latency: {}, starts: [], leftOut: [] }
  const bench: Bench = { chosen, folder, canPin, say, programs: buildPrograms(folder), zones: new Map(), results }
  const rows = chosen.rows.map(rowOf)
  makeZones(bench, rows)
  const ready = rows.filter(({ zone }) => bench.zones.has(zone))
  for (const row of ready) writeQueries(row, queriesOf(bench, row))
  await measureGroup(bench, ready.filter(({ workers, zone }) => workers === 1 && zone !== 'million'), 1)
  await measureGroup(bench, ready.filter(({ workers }) => workers === 2), 2)
  const million = ready.filter(({ zone }) => zone === 'million')
  if (million.length > 0) await measureStarts(bench, taskFor(bench, million, 1, undefined))
  await measureGroup(bench, million, 1)
  return results
}

function makeZones({ zones, folder, say }: Bench, rows: readonly Row[]): void {
  for (const id of new Set(rows.map(({ zone }) => zone))) {
    say(`making zone ${id}`)
    const zone = writeZone(id, folder, say)
    if (zone !== null) zones.set(id, zone)
  }
}

function queriesOf({ folder }: Bench, row: Row): string {
  return `${folder}/${row.id}.queries`
}

/** Servers for `rows` hold the zones of all of them; the last host of the last zone tells that all is loaded. */
function taskFor({ zones }: Bench, rows: readonly Row[], workers: number, processors: string | undefined): Task {
  const needed = [...new Set(rows.map(({ zone }) => zone))]
  const last = rows.find(({ zone }) => zone === needed.at(-1)) as Row
  const probe = encodeQuery(last, hostName((last.zone === 'million' ? SIZES.million : SIZES.hosts) - 1), TYPE.A)
  return { zones: needed.map((id) => zones.get(id) as ZoneFile), workers, processors, probe }
}

async function measureGroup(bench: Bench, rows: readonly Row[], workers: 1 | 2): Promise<void> {
  if (rows.length === 0) return
  const servers = await startAll(bench, taskFor(bench, rows, workers, placesFor(workers, bench.canPin).server))
  for (const row of rows) await measureRow(bench, row, servers)
  if (rows.some(({ id }) => id === 'hit')) await measureLatency(bench, servers)
  await Promise.all(servers.map((server) => server.stop()))
}

async function startAll({ chosen, folder, programs, say }: Bench, task: Task): Promise<Running[]> {
  const servers: Running[] = []
  for (const kind of chosen.servers) {
    try {
      servers.push(await start(kind, task, folder, programs('udp-echo')))
    } catch (fault) {
      say(`MISSING: ${(fault as Error).message}`)
    }
  }
  return servers
}

/** All rounds of one row, behind a check of the answers and a short run that is not counted. */
async function measureRow(bench: Bench, row: Row, servers: readonly Running[]): Promise<void> {
  const fit: Running[] = []
  for (const server of servers) if (await isFit(bench, row, server)) fit.push(server)
  const runs = await rounds(bench, row, fit, 0)
  bench.results.rows[row.id] = runs
  bench.say(printRow(row.title, runs))
}

/** The floor can only stand beside datagrams that are as long as its own; every other server must answer rightly. */
async function isFit({ results, say }: Bench, row: Row, server: Running): Promise<boolean> {
  if (server.kind === 'echo') return row.drive === 'udp' && row.expected.answers > 0 && row.zone !== 'signed'
  const fault = await faultOf(row, server.port)
  if (fault === null) return true
  results.leftOut.push(`${TITLES[server.kind]}, ${row.title}: ${fault}`)
  say(`LEFT OUT: ${TITLES[server.kind]} on ${row.title}, as it answers wrongly: ${fault}`)
  return false
}

async function measureLatency(bench: Bench, servers: readonly Running[]): Promise<void> {
  bench.results.latency = await rounds(bench, rowOf('hit'), servers, MODERATE)
  bench.say(printRow(`hit at ${MODERATE} queries/s`, bench.results.latency))
}

async function rounds(bench: Bench, row: Row, servers: readonly Running[], perSecond: number): Promise<Partial<Record<Kind, Run[]>>> {
  const { chosen, canPin, programs } = bench
  const task = { queries: queriesOf(bench, row), seconds: chosen.seconds, processors: placesFor(row.workers, canPin).generator, perSecond }
  const runs = new Map<Kind, Run[]>(servers.map(({ kind }) => [kind, []]))
  for (const server of servers) await measure(row, server, { ...task, seconds: WARM_SECONDS }, programs)
  for (let round = 0; round < chosen.rounds; round++) {
    for (const server of shuffled(servers)) runs.get(server.kind)?.push(await measure(row, server, task, programs))
  }
  return Object.fromEntries([...runs].map(([kind, all]) => [kind, quietest(all)]))
}
