/** The stage of a rehearsal carries out what is played on it by the code that does so in earnest, and touches nothing else. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { REHEARSAL_UPDATES } from '../../src/dns/limits.ts'
import { RehearsalStage } from '../../src/ops/rehearsal-stage.ts'
import { rehearse } from '../../src/ops/rehearse.ts'
import { UpdateCounts } from '../../src/update/counters.ts'
import { grant } from '../update/support.ts'

/** Every ninth update renews, which steps no serial (docs/protocol.md 6). */
const steps = (played: number): number => played - Math.floor(played / 9)
const noFault = (fault: unknown): never => assert.fail(String(fault))

async function opened(): Promise<{ stage: RehearsalStage; faults: unknown[] }> {
  const faults: unknown[] = []
  const stage = new RehearsalStage({ secret: Buffer.alloc(32, 9), onFault: (fault) => void faults.push(fault) })
  await stage.open()
  return { stage, faults }
}

describe('on the stage', () => {
  for (const rounds of [[1], [16, 16, 16], [257]]) {
    it(`${rounds.join(' and ')} updates are proven, change the zone, step its serial each unless they renew (RFC 2136 3.6), and are answered NOERROR`, async () => {
      const { stage, faults } = await opened()
      for (const count of rounds) await stage.play(count)
      const all = rounds.reduce((sum, count) => sum + count)
      assert.deepEqual([...stage.responses], [[0, all]])
      assert.equal(stage.serial, 1 + steps(all))
      assert.deepEqual(faults, [])
    })
  }

  it('no message is taken for one that was seen before, though all have one key and most one second', async () => {
    const { stage } = await opened()
    await stage.play(128)
    await stage.play(128)
    assert.equal(stage.responses.get(0), 256, 'a repeated one would be refused or have no response of its own')
  })

  it('a whole rehearsal finds room', { timeout: 30_000 }, async () => {
    const { stage, faults } = await opened()
    for (let played = 0; played < REHEARSAL_UPDATES; played += 256) await stage.play(256)
    assert.deepEqual([[...stage.responses], stage.serial, faults], [[[0, REHEARSAL_UPDATES]], 1 + steps(REHEARSAL_UPDATES), []])
  })

  it('before the zone is open nothing is carried out, and the rehearsal would see it', async () => {
    const stage = new RehearsalStage({ secret: Buffer.alloc(32, 9), onFault: noFault })
    await stage.play(3)
    assert.equal(stage.responses.get(0), undefined)
    assert.equal([...stage.responses.values()].reduce((sum, count) => sum + count), 3)
    assert.equal(stage.serial, 0)
  })
})

describe('whoever', () => {
  type Setting = Parameters<typeof rehearse>[0]
  const zone = (grants: Setting['zones'][number]['grants']): Setting['zones'][number] => ({ grants }) as Setting['zones'][number]
  const setting = (rehearses: boolean, keys: number, zones: Setting['zones']): Setting => ({ values: { rehearse: rehearses } as Setting['values'], keys: Array.from({ length: keys }) as unknown as Setting['keys'], zones })
  const cases: [who: string, setting: Setting, rehearses: boolean][] = [
    ['has a key and a zone that may be changed rehearses', setting(true, 1, [zone([grant()])]), true],
    ['has such a zone among others rehearses', setting(true, 2, [zone([]), zone([grant()])]), true],
    ['does not want to does not', setting(false, 1, [zone([grant()])]), false],
    ['has no key does not: nobody signs', setting(true, 0, [zone([grant()])]), false],
    ['has no zone that may be changed does not', setting(true, 1, [zone([])]), false],
    ['has no zone does not', setting(true, 1, []), false],
  ]
  for (const [who, parts, rehearses] of cases) {
    it(who, () => {
      const rehearsal = rehearse(parts, new UpdateCounts(), noFault)
      rehearsal?.stop()
      assert.equal(rehearsal !== undefined, rehearses)
    })
  }

  it('has had updates in earnest is not played to the end', async () => {
    const counts = new UpdateCounts()
    const rehearsal = rehearse(setting(true, 1, [zone([grant()])]), counts, noFault) ?? assert.fail('no rehearsal')
    counts.add('own') // such as the end of a lease: nobody has sent anything
    const end = performance.now() + 10_000
    while (rehearsal.played < 32 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 2))
    assert.ok(rehearsal.played >= 32, 'it goes on meanwhile')
    counts.verdict(0)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const { played } = rehearsal
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.equal(rehearsal.played, played)
    assert.ok(played < REHEARSAL_UPDATES)
  })
})
