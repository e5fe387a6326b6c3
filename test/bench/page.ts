/**
 * The page of results, docs/performance.md: the machine, each goal with what was reached, and all figures.
 */
import type { Chosen } from './chosen.ts'
import { goalsOf, isReached } from './goals.ts'
import { MODERATE, type Results } from './series.ts'
import { ROWS } from './rows.ts'
import { KINDS, TITLES, type Kind } from './servers.ts'
import { median } from './statistics.ts'
import { bestPeer, fixed, machineLine, markdownTable, medianOf, spreadOf, type RowRuns } from './table.ts'

/** Version of each server, empty for what has none; null: not installed. */
export type Versions = ReadonlyMap<Kind, string | null>

const OPENING = `# Performance

\`npm run bench\` writes this page. It builds zones, starts each server with one worker on one processor and a load
generator on another, and measures them in turn, in an order of chance, several rounds over, on loopback. The figure
that counts is **microseconds of processor per answer**, taken from the kernel's own accounting of all threads of the
server: it stays true on a machine that others use too. It holds the way of the answer into the asker's socket, for
every server alike. The floor is a C program that sends each datagram back with one more record's octets, by the same
system calls as ours, and does nothing else: what is above it is the server's own.

All servers get the same zones and workers, no rate limits, and answer minimally; every query has EDNS. Before a server
is measured on a row, a sample of its answers is checked, and the generator watches the RCODE of every answer: who
answers wrongly is left out. Of each server's runs the three fifths are kept in which others used the processors least.
Differences below a twentieth mean nothing.
`

const CLOSING = `## Where it falls short

[Decision 7](decisions/0007-what-stands-between-an-answer-and-its-goal.md) has the profile, what was tried with which effect, and
what would be next. \`npm run soak\` holds the server at full load while a million names are loaded anew every minute, and looks at samples.

## What is not on this page

[Ranked answers](performance-ranked.md), [cache hits of the resolver](performance-recursion.md) and [durable updates](performance-updates.md)
have pages of their own; the time from lease to answer has a goal too, and no row yet. Scaling beyond two workers, cards that steer packets to processors, and zero-copy sockets need other
machines.
`

/** The page. */
export function printPage(results: Results, versions: Versions, chosen: Chosen): string {
  return [OPENING, machine(versions, chosen), goals(results), figures(results), latency(results), starts(results), leftOut(results, versions), CLOSING].filter((part) => part !== '').join('\n')
}

function machine(versions: Versions, { rounds, seconds }: Chosen): string {
  const servers = KINDS.filter((kind) => versions.get(kind) !== null && kind !== 'echo').map((kind) => `${TITLES[kind]} ${versions.get(kind)}`)
  return `## Machine\n\n${machineLine()} ${servers.join(', ')}. ${rounds} rounds of ${seconds} s.\n`
}

function goals(results: Results): string {
  const lines = goalsOf(results).map((goal) => {
    const verdict = isReached(goal) ? 'reached' : `**short**: ${fixed((goal.value / goal.limit - 1) * 100, 0)} % above`
    return [goal.what, goal.goal, fixed(goal.value, 2), verdict]
  })
  return `## Goals\n\n${markdownTable(['What', 'Goal', 'Measured', ''], lines)}${reach(results)}`
}

/** How near to the floor the better of NSD and Knot is: a goal below that cannot be met with the same system calls. */
function reach({ rows }: Results): string {
  const share = medianOf(rows.hit ?? {}, 'echo', 'micros') / bestPeer(rows.hit ?? {})
  if (Number.isNaN(share)) return ''
  return `\nOn hits the floor itself takes ${fixed(share, 2)} × the better of NSD and Knot. Nothing that receives and sends by these system calls can be\nbelow that; to go there means fewer crossings of the kernel for each datagram, not less work of ours.\n`
}

function figures({ rows }: Results): string {
  const parts = ROWS.filter(({ id }) => rows[id] !== undefined).map((row) => {
    const runs = rows[row.id] as RowRuns
    const best = bestPeer(runs)
    const lines = measured(runs).map((kind) => {
      const of = (measure: Parameters<typeof medianOf>[2]) => medianOf(runs, kind, measure)
      const user = `${fixed(of('user') * of('micros'), 2)} (${fixed(of('user') * 100, 0)} %)`
      return [TITLES[kind], fixed(of('micros'), 2), spreadOf(runs, kind), user, fixed(of('micros') / best, 2), fixed(of('rate') / 1e3, 0), fixed(of('octets'), 0)]
    })
    return `### ${row.title.replace(/^./, (letter) => letter.toUpperCase())}\n\n${markdownTable(['', 'CPU µs per answer', 'least–greatest', 'of it user', '× best of NSD and Knot', 'thousand answers/s', 'octets'], lines)}`
  })
  return `## Figures\n\n${parts.join('\n')}`
}

function measured(runs: RowRuns): Kind[] {
  return KINDS.filter((kind) => (runs[kind] ?? []).length > 0)
}

function latency({ latency: runs }: Results): string {
  if (measured(runs).length === 0) return ''
  const lines = measured(runs).map((kind) => [TITLES[kind], fixed(medianOf(runs, kind, 'p50'), 0), fixed(medianOf(runs, kind, 'p99'), 0), fixed(medianOf(runs, kind, 'micros'), 1)])
  return `### Latency of hits at ${MODERATE} queries per second\n\n${markdownTable(['', 'p50 µs', 'p99 µs', 'CPU µs per answer'], lines)}`
}

function starts({ starts: all }: Results): string {
  if (all.length === 0) return ''
  const keys = [...new Map(all.map(({ kind, workers }) => [`${kind}${workers}`, { kind, workers }])).values()].toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.workers - b.workers)
  const lines = keys.map(({ kind, workers }) => {
    const own = all.filter((start) => start.kind === kind && start.workers === workers)
    const of = (measure: 'wall' | 'cpu' | 'pss') => median(own.map((start) => start[measure]))
    return [workers === 1 ? TITLES[kind] : `${TITLES[kind]}, ${workers} workers`, fixed(of('wall'), 2), fixed(of('cpu'), 2), fixed(of('pss') / 1e6, 0)]
  })
  return `### Start with a million names\n\n${markdownTable(['', 's to the first answer', 's of processor', 'MB (PSS)'], lines)}`
}

function leftOut({ leftOut: all }: Results, versions: Versions): string {
  const absent = KINDS.filter((kind) => versions.get(kind) === null).map((kind) => `- ${TITLES[kind]}: not installed`)
  const lines = [...absent, ...all.map((line) => `- ${line}`)]
  return lines.length === 0 ? '' : `### Left out\n\n${lines.join('\n')}\n`
}
