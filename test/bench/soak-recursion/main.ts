/**
 * `npm run soak:recursion`: an hour of mixed load on the recursive service, in front of a private tree on loopback whose
 * servers are killed, fall silent and come back, and whose zones change.
 *
 *     npm run soak:recursion -- --help
 *
 * `--junk 80 --calm` is hours of random names instead: most names are asked once, no server dies, and what counts is that
 * the cache keeps to its octets, that the process does not grow, and popular names are still answered from memory.
 * Each answer is held against what the tree says or said. Prints a line a minute, and in the end what was wrong: wrong or
 * missing answers, questions that are under way when nobody asks any more, descriptors and memory that grew. Ends with 1
 * where anything was. It needs NSD, Knot and leave to open port 53; everything is on loopback.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Chance } from '../../battery/chance.ts'
import { missing } from '../../ops/private-internet.ts'
import { Served } from '../../ops/process.ts'
import { positive } from '../chosen.ts'
import { readOptions } from '../command-line.ts'
import { Asker } from './asker.ts'
import { Chaos } from './chaos.ts'
import { Host } from './hosts.ts'
import { ROOT_HOST, TOP_HOSTS, Tree } from './tree.ts'

const LAUNCHER = fileURLToPath(new URL('../../../../bin/waggle', import.meta.url))
const MINUTE_MS = 60_000
/** After the last question everything must have ended within this: a question lives no longer. */
const REST_MS = 15_000
const SPARE_DESCRIPTORS = 4
/** Memory in the last quarter against that in the second. */
const MOST_GROWTH = 1.1
/** What comes from the cache in the last quarter against that in the second. */
const LEAST_KEPT = 0.9

const USAGE = `
npm run soak:recursion -- [--minutes N] [--rate N] [--zones N] [--every S] [--junk N] [--calm] [--cache N] [--seed N]

  --minutes  how long (60)
  --rate     questions a second (300)
  --zones    zones below the top ones, 250 at most (200)
  --every    seconds from one change of the world to the next (5)
  --junk     of a hundred questions, those for names of chance (20)
  --calm     no server dies and no zone changes
  --cache    MiB of the cache (16)
  --seed     what chance begins with
`
const values = readOptions(USAGE, { minutes: { type: 'string' }, rate: { type: 'string' }, zones: { type: 'string' }, every: { type: 'string' }, junk: { type: 'string' }, cache: { type: 'string' }, calm: { type: 'boolean', default: false }, seed: { type: 'string' } })
const minutes = positive('minutes', values.minutes, 60)
const rate = positive('rate', values.rate, 300)
const zones = Math.min(250, positive('zones', values.zones, 200))
const every = positive('every', values.every, 5)
const junk = Math.min(100, positive('junk', values.junk, 20))
const cacheOctets = positive('cache', values.cache, 16) * 2 ** 20
const seed = positive('seed', values.seed, Date.now() % 2 ** 31)
const folder = mkdtempSync(join(tmpdir(), 'waggle-soak-'))
const faults: string[] = []
const hosts = new Map<number, Host>()

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

process.on('exit', () => {
  for (const host of hosts.values()) host.end()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

/** Starts every host of the tree. */
async function startTree(tree: Tree, at: (host: number) => string): Promise<void> {
  const numbers = new Set([ROOT_HOST, ...TOP_HOSTS, ...tree.leaves.flatMap((leaf) => leaf.hosts)])
  for (const number of numbers) hosts.set(number, new Host(number, at(number), folder))
  hosts.get(ROOT_HOST)?.write(tree.root)
  for (const number of TOP_HOSTS) for (const top of tree.tops) hosts.get(number)?.write(top)
  for (const leaf of tree.leaves) for (const number of leaf.hosts) hosts.get(number)?.write(tree.textOf(leaf))
  await Promise.all([...hosts.values()].map((host) => host.start()))
}

async function statistics(): Promise<Record<string, number>> {
  const { stdout } = await promisify(execFile)(process.execPath, [LAUNCHER, 'stats', '-d', join(folder, 'data'), '--json'])
  return JSON.parse(stdout) as Record<string, number>
}

function memoryOf(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]) * 1_024
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

async function soak(): Promise<void> {
  const network = `127.88.${new Chance(seed).below(254) + 1}`
  const tree = new Tree(zones, (host) => `${network}.${host}`, Math.floor(Date.now() / 1_000))
  await startTree(tree, (host) => `${network}.${host}`)
  writeFileSync(join(folder, 'hints'), `. 3600 IN NS a.root.\na.root. 3600 IN A ${network}.${ROOT_HOST}\n`)
  writeFileSync(join(folder, 'root.key'), `${tree.rootKey}\n`)
  writeFileSync(join(folder, 'w.yaml'), `listen: ["127.0.0.1:0"]\nworkers: 1\nrecursion: { hints: hints, anchors: root.key, never-ask: [], ipv6: false, cache: ${cacheOctets} }\n`)
  const server = await Served.start(join(folder, 'w.yaml'))
  const { pid = 0 } = server.child
  const atStart = descriptorsOf(pid)
  say(`seed ${seed}: ${zones} zones at ${hosts.size} servers, ${rate} questions a second for ${minutes} minutes`)
  const asker = new Asker(tree, hosts, server.endpoints[0].port, new Chance(seed + 1), say, junk)
  const chaos = new Chaos(tree, hosts, new Chance(seed + 2))
  await asker.begin(rate)
  const happening = values.calm ? Promise.resolve() : chaos.run(every * 1_000)
  const watched = await watch(pid, asker, chaos)
  chaos.end()
  await happening
  await asker.end()
  await sleep(REST_MS)
  for (const failure of asker.judge.oneAway) say(`SERVFAIL while one of two servers was up: ${failure}`)
  judge(await statistics(), watched, descriptorsOf(pid) - atStart)
  faults.push(...asker.wrong, ...asker.unanswered, ...chaos.faults, ...(asker.counts.wrong > asker.wrong.length + asker.unanswered.length ? [`${asker.counts.wrong} answers wrong in all`] : []))
  const { code, err } = await server.stop()
  if (code !== 0) faults.push(`the server ended with ${code}: ${err}`)
  for (const line of server.lines()) if (line.level === 'error' || Number(line.level) >= 50) faults.push(`the log says: ${JSON.stringify(line)}`)
}

/** A line a minute; at each the memory, and what part of the answers since the last came from the cache without the core. */
async function watch(pid: number, asker: Asker, chaos: Chaos): Promise<{ memory: number[]; shares: number[] }> {
  const memory: number[] = []
  const shares: number[] = []
  let before = { asked: 0, remembered: 0 }
  const begun = performance.now()
  for (let minute = 1; minute <= minutes; minute++) {
    await sleep(Math.max(0, begun + minute * MINUTE_MS - performance.now()))
    memory.push(memoryOf(pid))
    const { asked, again, lost, wrong, lagMs } = asker.counts
    asker.counts.lagMs = 0
    const { failures, failuresOneAway, stale, proven } = asker.judge.counts
    const told = await statistics()
    if (told['cache.octets'] > told['cache.size'] || told['cache.size'] > cacheOctets) faults.push(`the cache has ${told['cache.octets']} octets of ${told['cache.size']}`)
    const remembered = told['server.response.remembered']
    shares.push((remembered - before.remembered) / (asked - before.asked))
    before = { asked, remembered }
    const { killed, silenced, changed } = chaos.counts
    say(`${minute} min: ${asked} asked, ${wrong} wrong, ${again} asked again after 5 s, ${lost} lost, ${failures} + ${failuresOneAway} SERVFAIL while servers were away (both + one), ${stale} stale, ${proven} proven; ${killed} killed, ${silenced} silenced, ${changed} zones changed; ${Math.round(memory[minute - 1] / 2 ** 20)} MiB, cache ${told['cache.entries']} entries of ${Math.round(told['cache.octets'] / 2 ** 20)} MiB, ${Math.round(100 * shares[minute - 1])} % of this minute's answers from it, ${descriptorsOf(pid)} descriptors; the asker was held up for ${lagMs} ms at most`)
  }
  return { memory, shares }
}

function judge(stats: Record<string, number>, { memory, shares }: { memory: readonly number[]; shares: readonly number[] }, descriptors: number): void {
  for (const gauge of ['recursion.under_way', 'recursion.in_flight']) if (stats[gauge] !== 0) faults.push(`${gauge} is ${stats[gauge]} though nobody asks`)
  if (descriptors > SPARE_DESCRIPTORS) faults.push(`${descriptors} descriptors more than at the start`)
  const quarter = Math.floor(memory.length / 4)
  if (quarter === 0) return
  const growth = Math.max(...memory.slice(-quarter)) / Math.max(...memory.slice(quarter, 2 * quarter))
  say(`memory in the last quarter ${growth.toFixed(2)} × that in the second; ${stats['recursion.questions']} questions of the resolver, ${stats['recursion.sends']} messages to servers`)
  const kept = Math.min(...shares.slice(-quarter)) / Math.min(...shares.slice(quarter, 2 * quarter))
  say(`answers from the cache in the last quarter ${kept.toFixed(2)} × those in the second`)
  if (kept < LEAST_KEPT) faults.push(`answers from the cache fell to ${kept.toFixed(2)} × those of the second quarter`)
  if (growth > MOST_GROWTH) faults.push(`memory grew to ${growth.toFixed(2)} × that of the second quarter`)
}

const absent = missing('nsd', 'knotd')
if (absent.length > 0) {
  say(`SKIPPED: needs ${absent.join(', ')}`)
  process.exit(0)
}
await soak()
for (const fault of faults) say(`FAULT: ${fault}`)
say(faults.length === 0 ? 'nothing wrong' : `${faults.length} faults`)
process.exit(faults.length === 0 ? 0 : 1)
