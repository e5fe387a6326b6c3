/**
 * The full comparison, run by hand: `node dist/test/battery/main.js --queries 120000 --servers ours,nsd,knot`.
 * Options: --seed, --random (zones by chance), --worlds a,b, --examples, --folder. Exit code 1 where a difference
 * is left that no accepted one explains.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { runWorld } from './battery.ts'
import type { ServerKind } from './peers.ts'
import { Report } from './report.ts'
import { allWorlds, SHARE } from './zones.ts'

const { values } = parseArgs({
  options: {
    queries: { type: 'string', default: '120000' }, servers: { type: 'string', default: 'ours,nsd,knot' }, seed: { type: 'string', default: '1' },
    random: { type: 'string', default: '200' }, worlds: { type: 'string', default: Object.keys(SHARE).join(',') }, examples: { type: 'string', default: '3' },
    folder: { type: 'string' },
  },
})

const folder = values.folder ?? mkdtempSync(`${tmpdir()}/battery-`)
const report = new Report(Number(values.examples))
const chosen = values.worlds.split(',')
try {
  for (const world of allWorlds(Number(values.seed), Number(values.random))) {
    if (!chosen.includes(world.title)) continue
    const started = performance.now()
    const total = Math.round(Number(values.queries) * (SHARE[world.title] ?? 0.01))
    report.serving(world.zones)
    await runWorld(world, values.servers.split(',') as ServerKind[], total, Number(values.seed), folder, (asked, servers) => report.add(asked, servers))
    console.error(`${world.title}: ${world.zones.length} zones, ${total} questions, ${((performance.now() - started) / 1000).toFixed(1)} s`)
  }
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
}
console.log(report.toString())
process.exitCode = report.openCount() > 0 ? 1 : 0
