/**
 * `npm run soak`: the server at full load while a zone of a million names is loaded anew every minute.
 *
 *     npm run soak -- --help
 *
 * Each reload is asked for as an administrator does (`waggle zone reload`) and must be in service when that ends.
 * Meanwhile a checker asks for samples, and the generator watches the RCODE of every answer. Prints a line for each
 * reload, and in the end what was wrong; ends with 1 where anything was. Everything is on loopback.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { RCODE, TYPE } from '../../../src/dns/codes.ts'
import { Chance } from '../../battery/chance.ts'
import { cpuOf, nanosBetween, pssOf } from '../accounting.ts'
import { positive } from '../chosen.ts'
import { readOptions } from '../command-line.ts'
import { buildPrograms, endLoad, load } from '../generator.ts'
import { encodeNamed, writeFramed } from '../queries.ts'
import { hostName } from '../rows.ts'
import { endAll, start, type Running } from '../servers.ts'
import { Checker } from './checker.ts'
import { APEX, writeVersion } from './zone.ts'

const LAUNCHER = fileURLToPath(new URL('../../../../bin/waggle', import.meta.url))
const QUERIES = 60_000
const SAMPLE_EVERY_MS = 5
const MEMORY_EVERY_MS = 500
/** Memory is held against that of the first reloads, in which the process reaches its size. */
const FIRST_RELOADS = 3
const MOST_GROWTH = 1.1

const USAGE = `
npm run soak -- [--minutes N] [--hosts N] [--every S] [--workers N]

  --minutes  how long (20)
  --hosts    names in the zone (1000000)
  --every    seconds from one reload to the next (60)
  --workers  threads that answer (2)
`
const values = readOptions(USAGE, { minutes: { type: 'string' }, hosts: { type: 'string' }, every: { type: 'string' }, workers: { type: 'string' } })
const minutes = positive('minutes', values.minutes, 20)
const hosts = positive('hosts', values.hosts, 1_000_000)
const every = positive('every', values.every, 60)
const workers = positive('workers', values.workers, 2)
const folder = mkdtempSync(join(tmpdir(), 'waggle-soak-'))
const home = join(folder, 'home')
const file = join(folder, 'soak.zone')
const faults: string[] = []
let isOver = false

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

process.on('exit', () => {
  endLoad()
  endAll()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

async function soak(): Promise<void> {
  const programs = buildPrograms(folder)
  mkdirSync(home)
  await writeVersion(file, hosts, 1)
  const probe = encodeNamed(`${hostName(hosts - 1)}.${APEX}`, TYPE.A)
  const server = await start('ours', { zones: [{ id: 'million', name: APEX, file }], workers, processors: undefined, probe, home }, folder, '')
  say(`ready with ${hosts} hosts after ${(server.readyMs / 1_000).toFixed(1)} s, ${mebi(pssOf(server.pid))}`)
  const chance = new Chance(Date.now() >>> 0)
  writeFramed(Array.from({ length: QUERIES }, () => encodeNamed(`${hostName(chance.below(hosts))}.${APEX}`, TYPE.A)), join(folder, 'queries'))
  const checker = new Checker(server.port, hosts, chance)
  checker.allow(1)
  const loading = keepLoading(server, programs)
  const checking = keepChecking(checker)
  const memory = await reloadMany(server, checker)
  isOver = true
  const answered = await loading
  await checking
  checker.close()
  await server.stop()
  const growth = Math.max(...memory.slice(FIRST_RELOADS)) / Math.max(...memory.slice(0, FIRST_RELOADS))
  if (growth > MOST_GROWTH) faults.push(`memory grew to ${growth.toFixed(2)} × what the first ${FIRST_RELOADS} reloads needed`)
  faults.push(...checker.told)
  const growths = memory.length > FIRST_RELOADS ? `, memory at most ${growth.toFixed(2)} × that of the first ${FIRST_RELOADS}` : ''
  say(`${memory.length} reloads, ${answered} answers, ${checker.asked} of them looked at, ${checker.faults} wrong${growths}`)
}

/** Writes and loads a new version again and again; the greatest memory in each time, in octets. */
async function reloadMany(server: Running, checker: Checker): Promise<number[]> {
  const memory: number[] = []
  const begun = performance.now()
  for (let version = 2; performance.now() - begun + every * 1_000 <= minutes * 60_000; version++) {
    const due = begun + (version - 1) * every * 1_000
    const cpu = cpuOf(server.pid)
    const from = performance.now()
    const most = watchMemory(server, () => performance.now() >= due)
    await writeVersion(`${file}.new`, hosts, version)
    checker.allow(version)
    renameSync(`${file}.new`, file)
    const asked = performance.now()
    const said = await reload()
    const reloadSeconds = (performance.now() - asked) / 1_000
    await checker.askVersion()
    if (checker.shown !== version) faults.push(`reload ${version} is lost: version ${checker.shown} is shown after "${said}"`)
    await sleep(Math.max(0, due - performance.now()))
    memory.push(await most)
    const busy = nanosBetween(cpu, cpuOf(server.pid)) / 1e6 / (performance.now() - from)
    say(`version ${version}: reloaded in ${reloadSeconds.toFixed(1)} s, at most ${mebi(memory.at(-1) ?? 0)}, ${busy.toFixed(2)} processors, ${checker.asked} looked at, ${checker.faults} wrong`)
  }
  return memory
}

async function reload(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [LAUNCHER, 'zone', 'reload', APEX, '-c', join(home, 'waggle.yaml')])
    return stdout.trim()
  } catch (error) {
    faults.push(`reload failed: ${(error as Error).message}`)
    return ''
  }
}

/** Runs the generator until all is over; how many answers it got in all. */
async function keepLoading(server: Running, programs: Parameters<typeof load>[1]): Promise<number> {
  let answered = 0
  while (!isOver) {
    const round = await load({ drive: 'udp', port: server.port, queries: join(folder, 'queries'), seconds: 10, rcode: RCODE.NOERROR, processors: undefined, perSecond: 0 }, programs)
    answered += round.answered
    if (round.wrong > 0) faults.push(`${round.wrong} answers to the generator had another RCODE or were truncated`)
  }
  return answered
}

async function keepChecking(checker: Checker): Promise<void> {
  while (!isOver) {
    void checker.sample()
    await sleep(SAMPLE_EVERY_MS)
  }
}

/** The most memory that the server has until `isDone`, in octets. */
async function watchMemory(server: Running, isDone: () => boolean): Promise<number> {
  let most = 0
  do {
    most = Math.max(most, pssOf(server.pid))
    await sleep(MEMORY_EVERY_MS)
  } while (!isDone())
  return most
}

function mebi(octets: number): string {
  return `${Math.round(octets / 2 ** 20)} MiB`
}

await soak()
for (const fault of faults) say(`FAULT: ${fault}`)
say(faults.length === 0 ? 'nothing wrong' : `${faults.length} faults`)
process.exit(faults.length === 0 ? 0 : 1)
