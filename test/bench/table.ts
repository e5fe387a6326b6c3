/**
 * Figures for the eye: a line per server while the bench runs, and what the pages of all benches share.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import type { Run } from './meter.ts'
import { KINDS, TITLES, type Kind } from './servers.ts'
import { figure, median } from './statistics.ts'

/** The runs of one row, by server. */
export type RowRuns = Partial<Record<Kind, readonly Run[]>>

/** Median of one measure over a server's runs; NaN where there are none. */
export function medianOf(runs: RowRuns, kind: Kind, measure: keyof Run): number {
  return median((runs[kind] ?? []).map((run) => run[measure]))
}

/** Microseconds per answer of the better of NSD and Knot; NaN where neither was measured. */
export function bestPeer(runs: RowRuns): number {
  const figures = (['nsd', 'knot'] as const).map((kind) => medianOf(runs, kind, 'micros')).filter((micros) => !Number.isNaN(micros))
  return figures.length === 0 ? NaN : Math.min(...figures)
}

/** Least and greatest microseconds per answer. */
export function spreadOf(runs: RowRuns, kind: Kind): string {
  const { least, greatest } = figure((runs[kind] ?? []).map(({ micros }) => micros))
  return `${fixed(least, 2)}–${fixed(greatest, 2)}`
}

/** `value` with so many decimals, or a dash where there is none. */
export function fixed(value: number, decimals: number): string {
  return Number.isFinite(value) ? value.toFixed(decimals) : '–'
}

/** A table in Markdown, numbers to the right: the first column is text. */
export function markdownTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return `${[head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`
}

/** What a page says of the machine that it was measured on: processors, memory, kernel, distribution. */
export function machineLine(): string {
  const debian = /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
  return `A virtual machine: ${availableParallelism()} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${/^[\d.]+/.exec(release())?.[0]}, ${debian}.`
}

const HEAD = ['', 'CPU µs', 'spread', 'user', 'share', 'answers/s', 'p50 µs', 'p99 µs', 'octets', 'lost', 'wrong', 'foreign', 'to best']

/** A row of the bench as lines of text. */
export function printRow(title: string, runs: RowRuns): string {
  const best = bestPeer(runs)
  const lines = KINDS.filter((kind) => runs[kind] !== undefined).map((kind) => {
    const of = (measure: keyof Run) => medianOf(runs, kind, measure)
    const micros = of('micros')
    return [
      TITLES[kind], fixed(micros, 2), spreadOf(runs, kind), fixed(micros * of('user'), 2), `${fixed(of('user') * 100, 0)}%`, fixed(of('rate'), 0), fixed(of('p50'), 0),
      fixed(of('p99'), 0), fixed(of('octets'), 0), fixed(of('lost'), 0), fixed(of('wrong'), 0), fixed(of('foreign'), 2), fixed(micros / best, 2),
    ]
  })
  const widths = HEAD.map((head, i) => Math.max(head.length, ...lines.map((cells) => cells[i].length)))
  const print = (cells: readonly string[]) => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
  return [`\n${title}`, print(HEAD), ...lines.map(print)].join('\n')
}
