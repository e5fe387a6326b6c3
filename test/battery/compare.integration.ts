/**
 * The comparison at the size of CI: every world, a few zones by chance, some thousands of questions, answered by NSD,
 * Knot and us alike but for the accepted differences. The full run is `node dist/test/battery/main.js`.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, describe, it } from 'node:test'
import { runWorld } from './battery.ts'
import { isInstalled } from './peers.ts'
import { Report } from './report.ts'
import { canSign } from './signing.ts'
import { allWorlds, SHARE } from './zones.ts'

const QUESTIONS = Number(process.env['BATTERY_QUESTIONS'] ?? 5_000)
const SEED = Number(process.env['BATTERY_SEED'] ?? 20_261_123)
const RANDOM_ZONES = 40
const SERVERS = ['ours', 'nsd', 'knot'] as const
const missing = [...SERVERS.filter((kind) => !isInstalled(kind)), ...(canSign('bind') ? [] : ['dnssec-signzone'])]

describe('Answers are the same as those of NSD and Knot', { skip: missing.length > 0 ? `not installed here: ${missing.join(' ')}` : false }, () => {
  const folder = mkdtempSync(`${tmpdir()}/compare-`)
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const world of allWorlds(SEED, RANDOM_ZONES)) {
    it(`in every section, for the ${world.zones.length} zones of the world "${world.title}"`, async () => {
      const report = new Report()
      report.serving(world.zones)
      await runWorld(world, SERVERS, Math.round(QUESTIONS * (SHARE[world.title] ?? 0.01)), SEED, folder, (asked, servers) => report.add(asked, servers))
      assert.ok(report.asked('ours nsd') > 0 && report.asked('ours knot') > 0, 'nothing was asked')
      assert.equal(report.openCount('ours'), 0, report.toString())
    })
  }
})
