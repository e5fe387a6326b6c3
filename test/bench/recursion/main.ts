/**
 * `npm run bench:recursion`: what an answer from the cache costs, by Waggle and by Unbound in one run, with one worker and with
 * two, at full load and at an even rate.
 *
 *     npm run bench:recursion -- --help
 *
 * It needs nsd, unbound and dnsperf. Everything is on loopback.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Chance } from '../../battery/chance.ts'
import { cpuOf, nanosBetween } from '../accounting.ts'
import { positive } from '../chosen.ts'
import { readOptions } from '../command-line.ts'
import { shuffled } from '../statistics.ts'
import { APEX, endAll, type Kind, KINDS, type Running, startAuthority, startRecursive, versionOf } from './peers.ts'
import { type Load, printLoad, printPage, printTable, type Run } from './report.ts'

const PAGE = fileURLToPath(new URL('../../../../docs/performance-recursion.md', import.meta.url))
const QUESTIONS = 100_000
/** Sockets of dnsperf. The kernel deals them out among the workers by chance: with four, one of two workers often gets three, and fewer wakings make that server look better. */
const CLIENTS = 40
const USAGE = `
npm run bench:recursion -- [--names N] [--fresh N] [--seconds S] [--starts N] [--rounds N] [--rate N] [--workers 1,2] [--page]

  --names    names in the zone that is asked for (10000)
  --fresh    names that are asked for once, and not remembered before (20000; 0: none)
  --seconds  length of one measurement (3)
  --starts   times that each server is started anew (4)
  --rounds   measurements of each server and load in one start (3)
  --rate     questions a second, besides as many as a server can (20000)
  --workers  with how many threads that answer (1,2)
  --page     writes docs/performance-recursion.md
`
const values = readOptions(USAGE, { names: { type: 'string' }, fresh: { type: 'string', default: '20000' }, seconds: { type: 'string' }, starts: { type: 'string' }, rounds: { type: 'string' }, rate: { type: 'string' }, workers: { type: 'string', default: '1,2' }, page: { type: 'boolean', default: false } })
const names = positive('names', values.names, 10_000)
const fresh = values.fresh === '0' ? 0 : positive('fresh', values.fresh, 20_000)
const seconds = positive('seconds', values.seconds, 3)
/** Servers are started anew so often: where the memory and the sockets of a process happen to lie makes it cheaper or dearer by up to a tenth. */
const starts = positive('starts', values.starts, 4)
const rounds = positive('rounds', values.rounds, 3)
const rate = positive('rate', values.rate, 20_000)
const workers = values.workers.split(',').map((text) => positive('workers', text, 1))
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'))
const say = (line: string): void => void process.stdout.write(`${line}\n`)

process.on('exit', () => {
  endAll()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

/** A number that dnsperf prints behind a word; 0 where it does not. */
function figureOf(text: string, word: string): number {
  return Number(new RegExp(`${word}:\\s+([\\d.]+)`).exec(text)?.[1] ?? 0)
}

async function perf(port: number, more: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('dnsperf', ['-s', '127.0.0.1', '-p', String(port), '-c', String(CLIENTS), '-q', '200', '-t', '2', ...more], { maxBuffer: 1 << 24 })
  return stdout
}

async function measure(kind: Kind, load: Load, { port, pid }: Running): Promise<Omit<Run, 'workers' | 'round'>> {
  const before = cpuOf(pid)
  const told = await perf(port, load === 'new names' ? ['-d', join(folder, 'fresh'), '-n', '1'] : ['-d', join(folder, 'asked'), '-l', String(seconds), ...(typeof load === 'number' ? ['-Q', String(load)] : [])])
  const nanos = nanosBetween(before, cpuOf(pid))
  const answers = figureOf(told, 'Queries completed')
  const right = Number(/NOERROR (\d+)/.exec(told)?.[1] ?? 0)
  return { kind, load, answers, perSecond: figureOf(told, 'Queries per second'), micros: nanos / 1e3 / answers, lost: figureOf(told, 'Queries lost'), wrong: answers - right }
}

/** Starts both servers, fills their caches and measures them in turn; `firstRound` and those after it are the rounds of this start. */
async function compare(count: number, authority: Running, runs: Run[], firstRound: number): Promise<void> {
  const servers = new Map<Kind, Running>()
  for (const kind of KINDS) {
    servers.set(kind, await startRecursive(kind, count, authority, folder))
    // once at a pace that loses nothing, once to see what is known
    for (const pace of ['2000', '10000']) await perf(servers.get(kind)?.port ?? 0, ['-d', join(folder, 'all'), '-n', '1', '-Q', pace])
  }
  const turns: [Load, number][] = [['all it can', rounds], [rate, rounds], ['new names', fresh > 0 ? 1 : 0]]
  for (const [load, times] of turns) {
    for (let round = firstRound; round < firstRound + times; round++) {
      for (const kind of shuffled(KINDS)) {
        const run = { ...(await measure(kind, load, servers.get(kind) as Running)), workers: count, round }
        runs.push(run)
        say(`${count} workers, ${printLoad(load)}, ${kind}: ${Math.round(run.perSecond)} a second, ${run.micros.toFixed(2)} µs each, ${run.lost} lost, ${run.wrong} wrong`)
      }
    }
  }
  for (const server of servers.values()) await server.stop()
}

async function main(): Promise<void> {
  const versions = [versionOf('unbound', '-V'), versionOf('nsd', '-v'), versionOf('dnsperf', '-h')]
  const absent = ['unbound', 'nsd', 'dnsperf'].filter((_, i) => versions[i] === undefined)
  if (absent.length > 0) throw new Error(`Cannot measure as not installed: ${absent.join(', ')}`)
  const chance = new Chance(7)
  writeFileSync(join(folder, 'all'), Array.from({ length: names }, (_, i) => `h${i}.${APEX} A`).join('\n'))
  writeFileSync(join(folder, 'asked'), Array.from({ length: QUESTIONS }, () => `h${chance.below(names)}.${APEX} A`).join('\n'))
  writeFileSync(join(folder, 'fresh'), Array.from({ length: fresh }, (_, i) => `h${names + i}.${APEX} A`).join('\n'))
  const authority = await startAuthority(names + fresh, folder)
  const runs: Run[] = []
  for (const count of workers) {
    for (let start = 0; start < starts; start++) await compare(count, authority, runs, start * rounds)
  }
  await authority.stop()
  say(printTable(runs))
  const machine = `${cpus().length} processors, ${cpus()[0].model.trim()}, Node.js ${process.versions.node}`
  if (values.page) writeFileSync(PAGE, printPage(runs, { names, seconds, clients: CLIENTS, starts, versions: versions.slice(0, 2) as string[], machine }))
}

try {
  await main()
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`)
  process.exitCode = 1
}
