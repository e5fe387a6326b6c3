/** Hostile updates (fuzz.ts), some hundred thousand of them, from a seed that is printed. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { RCODE } from '../../src/dns/codes.ts'
import { attackMany } from './fuzz.ts'

test('no octets make an update fail on our side, or half of one', async (t) => {
  const seed = randomInt(1, 0x7fff_ffff)
  const ended = await attackMany(300_000, seed)
  t.diagnostic(`seed ${seed}: ${[...ended].map(([rcode, count]) => `${rcode ?? 'no message'}: ${count}`).join(', ')}`)
  assert.equal(ended.get(RCODE.SERVFAIL), undefined)
})
