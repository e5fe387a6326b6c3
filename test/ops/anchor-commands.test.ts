/** What the control socket says of trust anchors, over a keeper that follows some. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { AnchorKeeper } from '../../src/ops/anchor-keeper.ts'
import type { Commanded } from '../../src/ops/command-parts.ts'
import { commandsOf } from '../../src/ops/commands.ts'
import { ROOT_ANCHORS } from '../../src/resolver/trust-anchors.ts'
import { makeFolder } from './process.ts'

const folder = makeFolder({})
after(() => folder.remove())

async function ask(anchors: Commanded['anchors']): Promise<unknown> {
  const unasked = (): never => assert.fail('not asked')
  const server: Commanded = { anchors, tell: unasked, metrics: () => [], zones: () => [], find: () => undefined, leasesIn: () => 0, agents: () => [], explain: unasked, reload: unasked, dump: unasked, write: unasked }
  return commandsOf(server)({ command: 'anchor list' }, () => Promise.resolve())
}

it('anchor list tells each key of each anchor, those of the root as IANA gives them being unseen at first', async () => {
  const keeper = new AnchorKeeper({ file: join(folder.path, 'trust-anchors'), log: () => assert.fail('nothing to tell'), unixSeconds: () => 1_800_000_000, after: () => () => undefined, ask: () => assert.fail('not yet'), onChange: () => undefined })
  keeper.follow(ROOT_ANCHORS)
  const head = { zone: '.', algorithm: 8, state: 'unseen', next: '2027-01-15T08:00:10Z' }
  assert.deepEqual(await ask(keeper.lines), { ok: true, anchors: [{ ...head, key: 20_326 }, { ...head, key: 38_696 }] })
})

it('anchor list says why there is nothing to tell', async () => {
  await assert.rejects(ask(undefined), /^Error: Cannot list trust anchors as none are followed: the config has no recursion, or turns validate or follow-anchors off$/)
})
