/** Blocks of shared memory, and who is told of them. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { HUGE_BLOCK_OCTETS } from '../../src/dns/limits.ts'
import { adviseBlocks, sharedBlock } from '../../src/dns/shared-block.ts'

afterEach(() => adviseBlocks(undefined))

test('large ones are told of, small ones are not', () => {
  const told: SharedArrayBuffer[] = []
  adviseBlocks((block) => told.push(block))
  const small = sharedBlock(HUGE_BLOCK_OCTETS - 4)
  const large = sharedBlock(HUGE_BLOCK_OCTETS)
  assert.deepEqual([small.byteLength, large.byteLength], [HUGE_BLOCK_OCTETS - 4, HUGE_BLOCK_OCTETS])
  assert.deepEqual(told, [large])
})

test('where nobody wants to know they come all the same, and none that is too large', () => {
  assert.equal(sharedBlock(HUGE_BLOCK_OCTETS).byteLength, HUGE_BLOCK_OCTETS)
  assert.throws(() => sharedBlock(2 ** 53 - 1), RangeError)
})
