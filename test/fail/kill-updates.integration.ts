/** A server that is killed while it takes updates (kill-rounds.ts), eight times; two hundred, of one that rehearses as well, in kill-updates.long.ts. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { UNREHEARSED } from '../ops/process.ts'
import { printRounds, runKillRounds } from './kill-rounds.ts'
import { configText } from './update-client.ts'

const SEED = 20_260_101

it('SIGKILL at any moment loses nothing that was acknowledged and leaves no change by half (RFC 2136 3.5)', async (t) => {
  const rounds = await runKillRounds(8, SEED, configText(UNREHEARSED))
  t.diagnostic(printRounds(rounds, SEED))
  assert.ok(rounds.acknowledged >= 6, 'all rounds but two waited for a change')
  assert.ok(rounds.doubtful > 0, 'kills met changes under way')
})
