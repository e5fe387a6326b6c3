/**
 * `npm run bench:updates`: changes of a zone by signed updates (RFC 2136, TSIG), each on disk before it is answered, by Waggle beside
 * Knot and BIND, in turn, several rounds over; then many agents registered with Waggle alone, what they weigh, and how long a
 * start with them takes. The same is sent once more by dnsperf, where it is installed. Meanwhile a name of the zone file is asked for, and afterwards a sample of what was acknowledged.
 *
 *     npm run bench:updates -- --help
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readOptions } from '../command-line.ts'
import { endAll, TITLES, versionOf, type Kind } from '../servers.ts'
import { shuffled } from '../statistics.ts'
import { hasDnsperf, measureByDnsperf, type Counted } from './dnsperf.ts'
import { KEY, WORKS, type Work } from './messages.ts'
import { gather, measure, type Measured } from './measure.ts'
import { printAgents, printPage, printTable, type Results } from './report.ts'

const PAGE = fileURLToPath(new URL('../../../../docs/performance-updates.md', import.meta.url))
const USAGE = `npm run bench:updates -- [--count N] [--agents N] [--window N] [--rest S] [--rounds N] [--servers ours,knot,bind] [--only record,agent] [--client own,dnsperf] [--page]

  --count    updates in each run (20000)
  --agents   agents to register with Waggle at the end; 0 leaves that out (100000)
  --window   updates under way at a time (256)
  --rest     seconds that a server has to itself between its start and the first update (5)
  --rounds   runs of each server for each work (3)
  --servers  who is measured
  --only     which works: record, agent; none leaves both out
  --client   who sends: own, dnsperf
  --page     writes docs/performance-updates.md
`
const values = readOptions(USAGE, {
  count: { type: 'string', default: '20000' }, agents: { type: 'string', default: '100000' }, window: { type: 'string', default: '256' }, rest: { type: 'string', default: '5' },
  rounds: { type: 'string', default: '3' }, servers: { type: 'string', default: 'ours,knot,bind' }, only: { type: 'string', default: Object.keys(WORKS).join(',') }, client: { type: 'string', default: 'own,dnsperf' }, page: { type: 'boolean', default: false },
})
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'))
const say = (line: string): void => void process.stdout.write(`${line}\n`)

process.on('exit', () => {
  endAll()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

async function run(): Promise<Results> {
  const [count, agents, window, rounds, rest] = [values.count, values.agents, values.window, values.rounds, values.rest].map(Number)
  const versions = new Map((values.servers.split(',') as Kind[]).map((kind) => [kind, versionOf(kind)]))
  for (const [kind, version] of versions) if (version === null) say(`MISSING: ${TITLES[kind]} is not installed here and is left out`)
  const kinds = [...versions.keys()].filter((kind) => versions.get(kind) !== null)
  const runs: Measured[] = []
  const works = (Object.keys(WORKS) as Work[]).filter((one) => values.only.split(',').includes(one))
  for (const work of values.client.split(',').includes('own') ? works : []) {
    for (let round = 0; round < rounds; round++) {
      for (const kind of shuffled(kinds)) runs.push(await measure({ kind, work, count, window, rest, folder, key: KEY }, say))
    }
    say(printTable(work, runs))
  }
  const counted: Counted[] = []
  for (const work of values.client.split(',').includes('dnsperf') && hasDnsperf() ? works : []) {
    for (let round = 0; round < rounds; round++) {
      for (const kind of shuffled(kinds)) counted.push(await measureByDnsperf({ kind, work, count, window, rest, folder, key: KEY }, say))
    }
  }
  const gathered = agents > 0 && kinds.includes('ours') ? await gather({ count: agents, window, rest, folder, key: KEY }, say) : undefined
  if (gathered !== undefined) say(printAgents(gathered))
  return { runs, counted, gathered, versions, window, rest, count }
}

try {
  const results = await run()
  if (values.page) writeFileSync(PAGE, printPage(results))
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`)
  process.exitCode = 1
}
