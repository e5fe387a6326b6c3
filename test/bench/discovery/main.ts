/**
 * `npm run bench:discovery`: how good the choice of agents is, by a simulation that drives the product's own ranking beside
 * other policies and beside oracles. Same seeds, same figures, on every machine.
 *
 *     npm run bench:discovery -- [--scenario main,…] [--seeds 31-40 | 1,2,3] [--policy TEXT] [--page]
 */
import { parseArgs } from 'node:util'
import { printScenario } from './report.ts'
import { runScenario } from './runs.ts'
import { SCENARIOS } from './scenarios.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const { values } = parseArgs({
  options: { scenario: { type: 'string' }, seeds: { type: 'string', default: '31-40' }, policy: { type: 'string', default: '' } },
})

/** The numbers of `31-40` or `1,2,3`. */
function numbersOf(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number)
    if (!Number.isInteger(from) || !Number.isInteger(to)) throw new Error(`Cannot use --seeds ${text} as it must be numbers such as 31-40 or 1,2,3`)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
}

try {
  const seeds = numbersOf(values.seeds)
  const wanted = values.scenario?.split(',') ?? SCENARIOS.map(({ id }) => id)
  for (const id of wanted) {
    const scenario = SCENARIOS.find((one) => one.id === id)
    if (scenario === undefined) throw new Error(`Cannot run scenario ${id} as it must be one of ${SCENARIOS.map((one) => one.id).join(', ')}`)
    say(printScenario(runScenario(scenario, seeds, values.policy, (line) => process.stderr.write(`${line}\n`))))
  }
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`)
  process.exitCode = 1
}
