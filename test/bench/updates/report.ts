/** The figures of the bench of updates, for the eye and as docs/performance-updates.md. */
import { TITLES, type Kind } from '../servers.ts'
import { median } from '../statistics.ts'
import { fixed, machineLine, markdownTable } from '../table.ts'
import type { Counted } from './dnsperf.ts'
import type { Gathered, Measured } from './measure.ts'
import { WORKS, type Work } from './messages.ts'

/** What the whole bench gave. */
export interface Results {
  runs: readonly Measured[]
  /** By dnsperf; none where it is not installed. */
  counted: readonly Counted[]
  gathered: Gathered | undefined
  versions: ReadonlyMap<Kind, string | null>
  window: number
  rest: number
  count: number
}

const HEAD = ['', 'updates/s', '× Knot', 'CPU µs', 'p50 ms', 'p99 ms', 'sent again', 'query p50 ms', 'query p99 ms']

function linesOf(work: Work, runs: readonly Measured[]): string[][] {
  const of = (kind: Kind, measure: Exclude<keyof Measured, 'kind' | 'work'>): number => median(runs.filter((run) => run.kind === kind && run.work === work).map((run) => run[measure]))
  const kinds = [...new Set(runs.filter((run) => run.work === work).map(({ kind }) => kind))].toSorted((a, b) => of(b, 'rate') - of(a, 'rate'))
  return kinds.map((kind) => [
    TITLES[kind], fixed(of(kind, 'rate'), 0), fixed(of(kind, 'rate') / of('knot', 'rate'), 2), fixed(of(kind, 'micros'), 0), fixed(of(kind, 'p50'), 1), fixed(of(kind, 'p99'), 1), fixed(of(kind, 'again'), 0),
    fixed(of(kind, 'queryP50'), 2), fixed(of(kind, 'queryP99'), 2),
  ])
}

const COUNTED_HEAD = ['', 'updates/s', '× Knot', 'CPU µs', 'mean ms', 'lost']

function countedLines(work: Work, counted: readonly Counted[]): string[][] {
  const runs = counted.filter((run) => run.work === work)
  const of = (kind: Kind, measure: Exclude<keyof Counted, 'kind' | 'work'>): number => median(runs.filter((run) => run.kind === kind).map((run) => run[measure]))
  const kinds = [...new Set(runs.map(({ kind }) => kind))].toSorted((a, b) => of(b, 'rate') - of(a, 'rate'))
  return kinds.map((kind) => [TITLES[kind], fixed(of(kind, 'rate'), 0), fixed(of(kind, 'rate') / of('knot', 'rate'), 2), fixed(of(kind, 'micros'), 0), fixed(of(kind, 'meanMs'), 1), fixed(of(kind, 'lost'), 0)])
}

/** The medians of one work, as text. */
export function printTable(work: Work, runs: readonly Measured[]): string {
  const rows = [HEAD, ...linesOf(work, runs)]
  const widths = HEAD.map((_, i) => Math.max(...rows.map((cells) => cells[i].length)))
  return [`\n${WORKS[work]}`, ...rows.map((cells) => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))].join('\n')
}

function agentLines({ count, rate, stages, asked, askedP50, askedP99, octets, disk, renewalMicros, renewals, emptyStartMs, startMs }: Gathered): [string, string][] {
  return [
    ['agents registered', String(count)], ['registrations a second', fixed(rate, 0)], ...stages.map(({ from, to, micros }): [string, string] => [`CPU µs of each from ${from} to ${to}`, fixed(micros, 0)]), ['renewals a second', fixed(renewals, 0)], ['CPU µs of a renewal', fixed(renewalMicros, 0)],
    ['ranked answers meanwhile, all right', String(asked)], ['p50 of them, ms', fixed(askedP50, 2)], ['p99 of them, ms', fixed(askedP99, 2)],
    ['octets of memory for each agent', fixed(octets, 0)], ['octets on disk for each agent', fixed(disk, 0)], ['start without agents, ms', fixed(emptyStartMs, 0)], ['start with them, ms', fixed(startMs, 0)],
  ]
}

/** What many agents gave, as text. */
export function printAgents(gathered: Gathered): string {
  return `\n${agentLines(gathered).map(([what, value]) => `${what.padEnd(38)}${value.padStart(10)}`).join('\n')}`
}

/** The page. */
export function printPage({ runs, counted, gathered, versions, window, rest, count }: Results): string {
  const servers = [...versions].filter(([, version]) => version !== null).map(([kind, version]) => `${TITLES[kind]} ${version}`)
  return `# Performance of changes

\`npm run bench:updates -- --page\` writes this page. Each server has one worker for UDP, all processors, and a zone that one TSIG key may change; the
sender, beside it, keeps ${window} updates under way, ${count} in a run, each its own message, the first ${rest} s after the start, of which Waggle spends up to two rehearsing (\`rehearse\`). Servers are measured in turn, in an order of chance; figures
are medians. Waggle and BIND have an update on disk before they answer it, and Knot its journal, by their defaults. Afterwards a sample of what was
acknowledged is asked for.

${machineLine()} ${servers.join(', ')}.

${[...new Set(runs.map(({ work }) => work))].map((work) => `## ${titleOf(work)}\n\n${markdownTable(HEAD, linesOf(work, runs))}`).join('\n')}
Only Waggle knows leases: the others are sent the same records without one.
${[...new Set(counted.map(({ work }) => work))].map((work) => `\n## ${titleOf(work)}, sent by dnsperf\n\n${markdownTable(COUNTED_HEAD, countedLines(work, counted))}`).join('')}${counted.length === 0 ? '' : BY_DNSPERF}${gathered === undefined ? '' : `\n## Many agents\n\n${markdownTable(['', 'Waggle'], agentLines(gathered))}`}`
}

const BY_DNSPERF = `
dnsperf is a client in C that is given messages signed beforehand (\`-B\`), so that it leaves more of the two processors to the
server. What had no answer within ten seconds is lost.
`

function titleOf(work: Work): string {
  return WORKS[work].replace(/^./, (letter) => letter.toUpperCase())
}
