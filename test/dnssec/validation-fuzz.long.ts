/** The short fuzz run over more messages, from a seed of its own each time, which is printed so that a failure can be had again. */
import { test } from 'node:test'
import { breakMessages } from './validation-fuzz.ts'

test('a hundred thousand broken messages: none proves what its zone does not hold', (context) => {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 0x1_0000_0000)
  context.diagnostic(`FUZZ_SEED=${seed}`)
  const { read, proven } = breakMessages(100_000, seed)
  context.diagnostic(`${read} read, ${proven} with something proven`)
})
