/** Results of the simulator as lines for the eye, and as a page. */
import { isMet, judge, type Reached } from './goals.ts'
import { intervalOf, medianOf, relative, rowOf, type Row, type ScenarioResult } from './runs.ts'
import { NAME } from './scenarios.ts'

const HEAD = ['', 'mean s', 'p50', 'p99', 'p99.9', 'regret s', 'mean/SED', 'p99/SED', 'worst', 'mean/*', 'p99/*', 'errors %', 'given up %', 'utility', 'messages']

/** A scenario as a table of text. */
export function printScenario(result: ScenarioResult): string {
  return [`\n${result.scenario.title} (seeds ${result.seeds.join(' ')})`, ...aligned([HEAD, ...linesOf(result)])].join('\n')
}

/** The goals as a table of text. */
export function printGoals(results: readonly ScenarioResult[]): string {
  return ['\nGoals', ...aligned([GOAL_HEAD, ...judge(results).map(goalLine)])].join('\n')
}

/** Everything as docs/performance-discovery.md. */
export function printPage(results: readonly ScenarioResult[], intro: string): string {
  const reached = judge(results)
  const met = reached.filter(isMet).length
  return [
    intro.trimEnd(), '', '## Goals', '',
    `${met} of ${reached.length} are met. Less is better; the moonshot is what would be better than anybody has shown.`, '',
    ...markdown([GOAL_HEAD, ...reached.map(goalLine)]), '',
    ...results.flatMap((result) => [`## ${result.scenario.title}`, '', `${seedsOf(result)}`, '', ...markdown([HEAD, ...linesOf(result)]), '']),
  ].join('\n').trimEnd() + '\n'
}

const GOAL_HEAD = ['scenario', 'figure', 'measured', 'research', 'moonshot', '']

function goalLine(one: Reached): string[] {
  const { goal, figure } = one
  return [goal.scenario, goal.what, figure.toFixed(2), fixed(goal.reached), fixed(goal.moonshot), isMet(one) ? 'met' : 'missed']
}

function fixed(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(2)
}

function seedsOf({ rows, seeds }: ScenarioResult): string {
  return `${seeds.length} seeds, ${Math.round(medianOf(rows[0], ({ requests }) => requests) / 1_000)} thousand requests each.`
}

/** The rows as cells of text, in the order of the head. */
function linesOf(result: ScenarioResult): string[][] {
  const sed = rowOf(result, NAME.sed) as Row
  const star = rowOf(result, NAME.star) as Row
  return result.rows.map((row) => [row.name, ...figuresOf(row, sed, star)])
}

function figuresOf(row: Row, sed: Row, star: Row): string[] {
  const [low, high] = intervalOf(row, sed, ({ p99 }) => p99)
  return [
    medianOf(row, ({ mean }) => mean).toFixed(2),
    medianOf(row, ({ p50 }) => p50).toFixed(2),
    medianOf(row, ({ p99 }) => p99).toFixed(2),
    medianOf(row, ({ p999 }) => p999).toFixed(1),
    (medianOf(row, ({ mean }) => mean) - medianOf(sed, ({ mean }) => mean)).toFixed(2),
    relative(row, sed, ({ mean }) => mean).toFixed(2),
    `${relative(row, sed, ({ p99 }) => p99).toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`,
    Math.max(...row.results.map(({ p99 }, i) => p99 / sed.results[i].p99)).toFixed(2),
    relative(row, star, ({ mean }) => mean).toFixed(2),
    relative(row, star, ({ p99 }) => p99).toFixed(2),
    (100 * medianOf(row, ({ errors }) => errors)).toFixed(2),
    (100 * medianOf(row, ({ failures }) => failures)).toFixed(2),
    medianOf(row, ({ utility }) => utility).toFixed(3),
    row === sed || row === star ? '–' : medianOf(row, ({ messages }) => messages).toFixed(2),
  ]
}

/** Cells as lines, each column as wide as its widest. */
export function aligned(lines: readonly (readonly string[])[]): string[] {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)))
  return lines.map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ').trimEnd())
}

function markdown([head, ...lines]: readonly (readonly string[])[]): string[] {
  const print = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [print(head), print(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...lines.map(print)]
}
