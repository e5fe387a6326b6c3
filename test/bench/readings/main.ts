/**
 * `npm run bench:readings`: readings of agents' load by signed updates (TSIG), in bulk as a provider's controller sends them and each
 * its own message, as fast as they are taken, while plain and ranked queries are asked at a fixed rate. Every run proves that the last
 * reading of every agent is what answers are chosen by, and that the serial of the zone stood still.
 *
 *     npm run bench:readings -- --help
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions } from '../command-line.ts'
import { endAll } from '../servers.ts'
import { median } from '../statistics.ts'
import { measure, type Measured, type Way } from './measure.ts'

const WAYS: Readonly<Record<string, Way>> = {
  bulk: { title: '250 in a message, TCP', transport: 'tcp', each: 250, window: 16 },
  datagrams: { title: '10 in a datagram, UDP', transport: 'udp', each: 10, window: 128 },
  single: { title: '1 in a datagram, UDP', transport: 'udp', each: 1, window: 256 },
}
const USAGE = `
npm run bench:readings -- [--count N] [--agents N] [--queries N] [--rounds N] [--only bulk,datagrams,single]

  --count    readings in a run; an eighth of it where each is a message (400000)
  --agents   whose they are (8000)
  --queries  queries a second meanwhile (1000)
  --rounds   runs of each way (3)
  --only     which ways
`
const values = readOptions(USAGE, {
  count: { type: 'string', default: '400000' }, agents: { type: 'string', default: '8000' }, queries: { type: 'string', default: '1000' },
  rounds: { type: 'string', default: '3' }, only: { type: 'string', default: Object.keys(WAYS).join(',') },
})
const folder = mkdtempSync(join(tmpdir(), 'waggle-readings-'))
const say = (line: string): void => void process.stdout.write(`${line}\n`)

process.on('exit', () => {
  endAll()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

async function run(way: Way): Promise<void> {
  const [count, agents, queries, rounds] = [values.count, values.agents, values.queries, values.rounds].map(Number)
  const runs: Measured[] = []
  for (let round = 0; round < rounds; round++) runs.push(await measure({ way, count: way.each === 1 ? count / 8 : count, agents, queries, folder }))
  const of = (figure: (run: Measured) => number): number => median(runs.map(figure))
  say([
    way.title.padEnd(24), `${Math.round(of(({ rate }) => rate))} readings/s`.padStart(20), `${of(({ micros }) => micros).toFixed(1)} µs each`.padStart(15),
    `plain p50 ${of(({ plain }) => plain[0]).toFixed(2)} ms, p99 ${of(({ plain }) => plain[1]).toFixed(2)} ms`, `ranked p50 ${of(({ ranked }) => ranked[0]).toFixed(2)} ms, p99 ${of(({ ranked }) => ranked[1]).toFixed(2)} ms`,
    `${(of(({ answered }) => answered) * 100).toFixed(2)} % of queries answered`, `serial ${runs[0].serials[0]} before, ${runs[0].serials[1]} after`,
  ].join('  '))
}

try {
  for (const name of values.only.split(',')) await run(WAYS[name])
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`)
  process.exitCode = 1
}
