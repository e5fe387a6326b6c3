/**
 * `npm run bench:discovery`: how good the choice of agents is, by a simulation that drives the product's own ranking beside
 * other policies and beside oracles. Same seeds, same figures, on every machine. Seeds 1 to 6 are for tuning; 31 and above
 * were never looked at while anything was tuned.
 *
 *     npm run bench:discovery -- --help
 *
 * The whole takes an hour of one processor; parts can be run side by side, each with `--save`, and put together by `--from`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readOptions } from '../command-line.ts'
import { latencyLines, measureLatency } from './latency.ts'
import { aligned, printGoals, printPage, printScenario } from './report.ts'
import { runScenario, type ScenarioResult } from './runs.ts'
import { SCENARIOS } from './scenarios.ts'

const PAGE = fileURLToPath(new URL('../../../../docs/performance-discovery.md', import.meta.url))
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const progress = (line: string): void => void process.stderr.write(`${line}\n`)
const USAGE = `
npm run bench:discovery -- [--scenario main,…] [--seeds 31-40 | 1,2,3] [--policy TEXT] [--page] [--save FILE] [--from FILE,…]
npm run bench:discovery -- --latency

  --scenario  which: ${SCENARIOS.map(({ id }) => id).join(' ')} (all)
  --seeds     worlds of each (31-40)
  --policy    those policies alone whose name holds this, and the oracles
  --page      writes docs/performance-discovery.md
  --save      keeps what was measured, for --from
  --from      prints what was kept instead of measuring
  --latency   what a ranked answer costs beside a plain one, with 10 to 10,000 candidates
`
const values = readOptions(USAGE, {
  scenario: { type: 'string' }, seeds: { type: 'string', default: '31-40' }, policy: { type: 'string', default: '' }, page: { type: 'boolean', default: false },
  latency: { type: 'boolean', default: false }, save: { type: 'string' }, from: { type: 'string' },
})

/** The numbers of `31-40` or `1,2,3`. */
function numbersOf(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number)
    if (!Number.isInteger(from) || !(to >= from)) throw new Error(`Cannot use --seeds ${text} as it must be numbers such as 31-40 or 1,2,3`)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
}

function run(): ScenarioResult[] {
  const seeds = numbersOf(values.seeds)
  const wanted = values.scenario?.split(',') ?? SCENARIOS.map(({ id }) => id)
  return wanted.map((id) => {
    const scenario = SCENARIOS.find((one) => one.id === id)
    if (scenario === undefined) throw new Error(`Cannot run scenario ${id} as it must be one of ${SCENARIOS.map((one) => one.id).join(', ')}`)
    const result = runScenario(scenario, seeds, values.policy, progress)
    say(printScenario(result))
    return result
  })
}

/** What parts have saved, in the order of the scenarios. */
function load(files: readonly string[]): ScenarioResult[] {
  const saved = files.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')) as Saved[])
  return SCENARIOS.flatMap((scenario) => saved.filter(({ id }) => id === scenario.id).map(({ seeds, rows }) => ({ scenario, seeds, rows })))
}

/** A result as it is saved. */
type Saved = Omit<ScenarioResult, 'scenario'> & { id: string }

const CANDIDATES = [10, 100, 1_000, 10_000]
const LATENCY_SECONDS = 5

function simulateAll(): void {
  const results = values.from === undefined ? run() : load(values.from.split(','))
  if (values.save !== undefined) writeFileSync(values.save, JSON.stringify(results.map(({ scenario: { id }, seeds, rows }): Saved => ({ id, seeds, rows }))))
  say(printGoals(results))
  // what stands before the first table is written by hand, and stays
  if (values.page) writeFileSync(PAGE, printPage(results, readFileSync(PAGE, 'utf8').split('\n## Goals')[0]))
}

try {
  if (values.latency) say(aligned(latencyLines(measureLatency(CANDIDATES, LATENCY_SECONDS, progress))).join('\n'))
  else simulateAll()
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`)
  process.exitCode = 1
}
