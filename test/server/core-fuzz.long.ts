/** Hostile messages against the slow path (core-fuzz.ts), some hundred thousand of them, from a seed that is printed. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { attackAsHolder, attackSigned } from './core-fuzz.ts'

for (const [title, attack] of [['damaged after they were signed', attackSigned], ['damaged and rightly signed', attackAsHolder]] as const) {
  test(`messages ${title} neither fail nor change what they may not`, async (t) => {
    const seed = randomInt(1, 0x7fff_ffff)
    t.diagnostic(`seed ${seed}`)
    const ended = await attack(150_000, seed)
    t.diagnostic([...ended].map(([said, count]) => `${said}: ${count}`).join(', '))
    assert.ok(ended.size > 5)
  })
}
