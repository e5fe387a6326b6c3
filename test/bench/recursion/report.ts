/** Figures of bench:recursion in words: a table for the terminal and a page for docs/. */
import { figure, median, type Figure } from '../statistics.ts'
import { type Kind, KINDS, TITLES } from './peers.ts'

/** What is asked: names that are remembered, as many as are answered or so many a second; or each once that are not, as many as are answered. */
export type Load = 'all it can' | 'new names' | number

/** One measurement of one server. */
export interface Run {
  kind: Kind
  workers: number
  load: Load
  /** Measurements of one round follow each other at once, so that what disturbs one disturbs all. */
  round: number
  answers: number
  perSecond: number
  /** Microseconds of processor time for each answer. */
  micros: number
  lost: number
  /** Answers with another RCODE than NOERROR. */
  wrong: number
}

/** Runs that are compared: of the same number of workers under the same load. */
export function groupsOf(runs: readonly Run[]): { workers: number; load: Load; runs: Run[] }[] {
  const groups = new Map<string, { workers: number; load: Load; runs: Run[] }>()
  for (const run of runs) {
    const key = `${run.workers} ${run.load}`
    const group = groups.get(key) ?? { workers: run.workers, load: run.load, runs: [] }
    group.runs.push(run)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** Our processor time for an answer in units of Unbound's, round by round; undefined where no round has both. */
export function ratioOf(runs: readonly Run[]): Figure | undefined {
  const ratios = runs.filter(({ kind }) => kind === 'ours').flatMap(({ round, micros }) => {
    const theirs = runs.find((run) => run.kind === 'unbound' && run.round === round)
    return theirs === undefined ? [] : [micros / theirs.micros]
  })
  return ratios.length === 0 ? undefined : figure(ratios)
}

function printRatio(ratio: Figure | undefined): string {
  return ratio === undefined ? 'not measured' : `**${ratio.median.toFixed(2)} ×** (${ratio.least.toFixed(2)} to ${ratio.greatest.toFixed(2)})`
}

/** A load in words. */
export function printLoad(load: Load): string {
  return typeof load === 'number' ? `${load} a second` : load
}

/** A line for each server of each group, in Markdown. */
export function printTable(runs: readonly Run[]): string {
  const lines = ['| Workers | Load | Server | Answers a second | µs of processor each, by round | Lost | Not NOERROR |', '|---|---|---|---|---|---|---|']
  for (const { workers, load, runs: group } of groupsOf(runs)) {
    for (const kind of KINDS) {
      const own = group.filter((run) => run.kind === kind)
      if (own.length === 0) continue
      const sum = (of: (run: Run) => number): number => own.reduce((total, run) => total + of(run), 0)
      lines.push(`| ${workers} | ${printLoad(load)} | ${TITLES[kind]} | ${Math.round(median(own.map(({ perSecond }) => perSecond)))} | ${own.map(({ micros }) => micros.toFixed(2)).join(', ')} | ${sum(({ lost }) => lost)} | ${sum(({ wrong }) => wrong)} |`)
    }
    lines.push(`| ${workers} | ${printLoad(load)} | **Waggle / Unbound** |  | ${printRatio(ratioOf(group))} |  |  |`)
  }
  return lines.join('\n')
}

/** The page. */
export function printPage(runs: readonly Run[], { names, seconds, clients, starts, versions, machine }: { names: number; seconds: number; clients: number; starts: number; versions: readonly string[]; machine: string }): string {
  return `# Performance of recursion

Answers from the cache, beside Unbound in the same run: made by \`npm run bench:recursion -- --page\`, not by hand. ${names} names of one unsigned zone are asked for until
all are remembered, then at random by dnsperf (${clients} sockets, 200 questions under way), ${seconds} seconds at a time, the servers in turn and started ${starts} times each. Processor time is that of all threads and
processes of a server, by the scheduler's count. Ratios are those of the two measurements of a round, which follow each other; their median, the least and the greatest.
The goal is 1.00 × or less in each group of names that are remembered. New names are asked for once, and the servers ask NSD: there is no goal for them yet.

- ${machine}
${versions.map((version) => `- ${version}`).join('\n')}

${printTable(runs)}
`
}
