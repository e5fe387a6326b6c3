/** Figures of bench:recursion in words: a table for the terminal and a page for docs/. */
import { median } from '../statistics.ts'
import { type Kind, KINDS, TITLES } from './peers.ts'

/** One measurement of one server. */
export interface Run {
  kind: Kind
  workers: number
  /** Questions a second that were asked; 0: as many as were answered. */
  rate: number
  answers: number
  perSecond: number
  /** Microseconds of processor time for each answer. */
  micros: number
  lost: number
  /** Answers with another RCODE than NOERROR. */
  wrong: number
}

/** Runs that are compared: of the same number of workers at the same rate. */
export function groupsOf(runs: readonly Run[]): { workers: number; rate: number; runs: Run[] }[] {
  const groups = new Map<string, { workers: number; rate: number; runs: Run[] }>()
  for (const run of runs) {
    const key = `${run.workers} ${run.rate}`
    const group = groups.get(key) ?? { workers: run.workers, rate: run.rate, runs: [] }
    group.runs.push(run)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** Our processor time for an answer in units of Unbound's, of the medians; NaN where one of them is missing. */
export function ratioOf(runs: readonly Run[]): number {
  const [ours, theirs] = KINDS.map((kind) => runs.filter((run) => run.kind === kind).map(({ micros }) => micros))
  return ours.length === 0 || theirs.length === 0 ? NaN : median(ours) / median(theirs)
}

/** A line for each server of each group, in Markdown. */
export function printTable(runs: readonly Run[]): string {
  const lines = ['| Workers | Questions a second | Server | Answers a second | µs of processor each, by round | Lost | Not NOERROR |', '|---|---|---|---|---|---|---|']
  for (const { workers, rate, runs: group } of groupsOf(runs)) {
    for (const kind of KINDS) {
      const own = group.filter((run) => run.kind === kind)
      if (own.length === 0) continue
      const sum = (of: (run: Run) => number): number => own.reduce((total, run) => total + of(run), 0)
      lines.push(`| ${workers} | ${rate === 0 ? 'all it can' : rate} | ${TITLES[kind]} | ${Math.round(median(own.map(({ perSecond }) => perSecond)))} | ${own.map(({ micros }) => micros.toFixed(2)).join(', ')} | ${sum(({ lost }) => lost)} | ${sum(({ wrong }) => wrong)} |`)
    }
    lines.push(`| ${workers} | ${rate === 0 ? 'all it can' : rate} | **Waggle / Unbound** |  | **${ratioOf(group).toFixed(2)} ×** |  |  |`)
  }
  return lines.join('\n')
}

/** The page. */
export function printPage(runs: readonly Run[], { names, seconds, clients, starts, versions, machine }: { names: number; seconds: number; clients: number; starts: number; versions: readonly string[]; machine: string }): string {
  return `# Performance of recursion

Answers from the cache, beside Unbound in the same run: made by \`npm run bench:recursion -- --page\`, not by hand. ${names} names of one unsigned zone are asked for until
all are remembered, then at random by dnsperf (${clients} sockets, 200 questions under way), ${seconds} seconds at a time, the servers in turn and started ${starts} times each. Processor time is that of all threads and
processes of a server, by the scheduler's count. The goal is 1.00 × or less in each group.

- ${machine}
${versions.map((version) => `- ${version}`).join('\n')}

${printTable(runs)}
`
}
