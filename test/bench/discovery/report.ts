/** Results of the simulator as lines for the eye. */
import { medianOf, relative, rowOf, type Row, type ScenarioResult } from './runs.ts'
import { SED, STAR } from './scenarios.ts'

const HEAD = ['', 'mean s', 'p50', 'p99', 'regret', '/SED', 'p99', 'worst', '/oracle*', 'p99', 'err %', 'fail %', 'msg/req']

/** A scenario as a table of text. */
export function printScenario(result: ScenarioResult): string {
  const sed = rowOf(result, SED) as Row
  const star = rowOf(result, STAR) as Row
  const lines = result.rows.map((row) => [row.name, ...figuresOf(row, sed, star)])
  const widths = HEAD.map((head, i) => Math.max(head.length, ...lines.map((line) => line[i].length)))
  const print = (cells: readonly string[]): string => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
  return [`\n${result.scenario.title} (seeds ${result.seeds.join(' ')})`, print(HEAD), ...lines.map(print)].join('\n')
}

/** The figures of a row as text, in the order of the head. */
export function figuresOf(row: Row, sed: Row, star: Row): string[] {
  return [
    medianOf(row, ({ mean }) => mean).toFixed(2),
    medianOf(row, ({ p50 }) => p50).toFixed(2),
    medianOf(row, ({ p99 }) => p99).toFixed(2),
    (medianOf(row, ({ mean }) => mean) - medianOf(sed, ({ mean }) => mean)).toFixed(2),
    relative(row, sed, ({ mean }) => mean).toFixed(2),
    relative(row, sed, ({ p99 }) => p99).toFixed(2),
    Math.max(...row.results.map(({ p99 }, i) => p99 / sed.results[i].p99)).toFixed(2),
    relative(row, star, ({ mean }) => mean).toFixed(2),
    relative(row, star, ({ p99 }) => p99).toFixed(2),
    (100 * medianOf(row, ({ errors }) => errors)).toFixed(2),
    (100 * medianOf(row, ({ failures }) => failures)).toFixed(2),
    medianOf(row, ({ messages }) => messages).toFixed(2),
  ]
}
