/** What `group` of a demand must not tell: who takes part in a task group of a zone whose agents are not for the asker. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZoneAuthority } from '../../../src/authority/answer.ts'
import { Askers } from '../../../src/discovery/ranking/askers.ts'
import { RankedChooser } from '../../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../../src/discovery/ranking/from-image.ts'
import { OPTION } from '../../../src/dns/codes.ts'
import { ZoneDirectory } from '../../../src/zone/directory.ts'
import { converserOf, SEED, serverOf, zoneOf } from '../../authority/ask.ts'
import { HEAD, offerOf } from './desk.ts'
import { BEGIN_MS, chance, demandOctets } from './hive.ts'

test('a group of a zone that is closed to the asker is as one that there is not; one of the zone that is asked counts', () => {
  const AGENTS = 'v1.x._cap AGENT 1 p._sa latency=1s ipv4hint=10.1.2.9\nv1.x._cap AGENT 1 q._sa latency=1s ipv4hint=10.9.9.9\nown._task TASK 2 m._sa peer=10.1.2.7\n'
  const zones = [zoneOf('open.test.', `${HEAD}${AGENTS}`), zoneOf('shut.test.', `${HEAD}secret._task TASK 2 m._sa peer=10.1.2.7\n`)]
  const chooser = new RankedChooser({ nowMs: () => BEGIN_MS, random: chance(1) })
  chooser.useTables(zones.map((zone) => registerZone(zone).registrar.table.buffer))
  chooser.useAskers([undefined, new Askers({ networks: [], keys: [] })])
  const converse = converserOf(serverOf([], { authority: new ZoneAuthority(new ZoneDirectory(zones, SEED), SEED, chooser) }))
  const unmet = (group: string): string[] => {
    const offer = offerOf(converse('v1.x._cap.open.test. AGENT', { size: 1_232, options: [[OPTION.DEMAND, Buffer.from(demandOctets(`group=${group}`)).toString('hex')]] })) ?? ''
    return (/unmet=([\d,]+)/.exec(offer)?.[1].split(',') ?? []).sort()
  }
  assert.equal(converse('secret._task.shut.test. TASK', {}).rcode, 'REFUSED')
  assert.deepEqual([unmet('secret._task.shut.test.'), unmet('none._task.open.test.'), unmet('own._task.open.test.')], [['1', '1'], ['1', '1'], ['0', '1']])
})
