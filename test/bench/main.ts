/**
 * `npm run bench`: Waggle beside NSD, Knot, BIND and PowerDNS, and beside the kernel alone, on the same zones
 * and generator, in one run. Servers are measured in turn, in an order of chance, several rounds over. Prints as
 * it goes, and writes docs/performance.md when the whole was measured. chosen.ts tells the options.
 *
 * Everything is on loopback; only processes that were started here are ended, on Ctrl-C too.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArguments } from './chosen.ts'
import { endLoad } from './generator.ts'
import { canPin } from './meter.ts'
import { printPage } from './page.ts'
import { endAll, KINDS, TITLES, versionOf } from './servers.ts'
import { measureAll } from './series.ts'

const PAGE = fileURLToPath(new URL('../../../docs/performance.md', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'))

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function leave(): void {
  endLoad()
  endAll()
  rmSync(folder, { recursive: true, force: true })
}

process.on('exit', leave)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

try {
  const chosen = readArguments(process.argv.slice(2), PAGE)
  const begun = performance.now()
  const versions = new Map(KINDS.map((kind) => [kind, versionOf(kind)]))
  const present = chosen.servers.filter((kind) => versions.get(kind) !== null)
  for (const kind of chosen.servers) if (versions.get(kind) === null) say(`MISSING: ${TITLES[kind]} is not installed here and is left out`)
  const isPinned = canPin()
  if (!isPinned) say('MISSING: taskset, so servers and generator share processors and figures are rougher')
  const results = await measureAll({ ...chosen, servers: present }, folder, isPinned, say)
  say(`\nmeasured in ${Math.round((performance.now() - begun) / 1e3)} s`)
  if (chosen.json !== undefined) writeFileSync(chosen.json, JSON.stringify(results))
  if (chosen.page !== undefined) writeFileSync(chosen.page, printPage(results, versions, chosen))
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`)
  process.exitCode = 1
}
