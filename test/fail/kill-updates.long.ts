/** A server that is killed while it takes updates (kill-rounds.ts), two hundred times, from a seed that is printed. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { it } from 'node:test'
import { printRounds, runKillRounds } from './kill-rounds.ts'

it('SIGKILL at any moment loses nothing that was acknowledged and leaves no change by half (RFC 2136 3.5)', async (t) => {
  const seed = Number(process.env.KILL_SEED ?? randomInt(1, 0x7fff_ffff))
  const rounds = await runKillRounds(Number(process.env.KILL_ROUNDS ?? 200), seed)
  t.diagnostic(printRounds(rounds, seed))
  assert.ok(rounds.doubtful > 0 && rounds.acknowledged > 0, 'the rounds were about something')
})
