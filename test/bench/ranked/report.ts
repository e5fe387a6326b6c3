/** The figures of bench:ranked, for the eye and as docs/performance-ranked.md. */
import { median } from '../statistics.ts'
import { markdownTable } from '../table.ts'
import type { Run } from '../meter.ts'

/** What was measured of one kind of question with one number of candidates. */
export interface Measured {
  readonly title: string
  readonly candidates: number
  /** As many as were answered. */
  readonly full: readonly Run[]
  /** At an even rate. */
  readonly even: readonly Run[]
}

const HEAD = ['Candidates', 'Question', 'Answers a second', 'µs of processor', '/ plain', 'octets', 'p50 µs', 'p99 µs', 'lost', 'wrong']

/** A row for each kind of question and number of candidates; the first kind of a number is the one that others are compared with. */
export function rowsOf(measured: readonly Measured[]): string[][] {
  const of = (runs: readonly Run[], figure: (run: Run) => number): number => median(runs.map(figure))
  const micros = (one: Measured): number => of(one.full, (run) => run.micros)
  return measured.map((one) => {
    const plain = measured.find(({ candidates }) => candidates === one.candidates) as Measured
    const all = [...one.full, ...one.even]
    const sum = (figure: (run: Run) => number): string => String(all.reduce((total, run) => total + figure(run), 0))
    return [
      String(one.candidates), one.title, String(Math.round(of(one.full, (run) => run.rate))), micros(one).toFixed(2), (micros(one) / micros(plain)).toFixed(2),
      of(one.full, (run) => run.octets).toFixed(0), of(one.even, (run) => run.p50).toFixed(0), of(one.even, (run) => run.p99).toFixed(0), sum((run) => run.lost), sum((run) => run.wrong),
    ]
  })
}

/** The table in Markdown. */
export function printTable(measured: readonly Measured[]): string {
  return markdownTable(HEAD, rowsOf(measured))
}

/** The page. */
export function printPage(measured: readonly Measured[], { seconds, rounds, perSecond, machine }: { seconds: number; rounds: number; perSecond: number; machine: string }): string {
  return `# Performance of ranked answers

\`npm run bench:ranked -- --page\` writes this page: one server with one worker, a zone for each number of candidates, and the same load as in
[performance.md](performance.md) by UDP over loopback. "Answers a second" and "µs of processor" are at full load, latency is at ${perSecond} questions a second; medians
of ${rounds} rounds of ${seconds} s, the questions in turn. "/ plain" is the processor time in units of the smallest plain answer's beside as many candidates; that of
eight has as many records and addresses as AGENT without \`count\`. A batch is one answer here.
The goals: 2.00 or less with 10 candidates, 100 µs or less with 10,000.

${machine}

${printTable(measured)}
`
}
