/** A closure makes no garbage, neither for each answer nor for each candidate: the socket thread stays without pauses (docs/architecture.md). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

/**
 * Heaps that are tried, each with a compiler of its own. What the compiler takes into one function depends on when it
 * comes to it: on a busy machine, one heap in two keeps boxing some thirty doubles an answer that others keep in
 * registers. An object that the code makes itself would be in all of them.
 */
const HEAPS = 16
/**
 * Half of the least that one object of 16 octets for each of 22 candidates would be. What remains below it are doubles
 * of 16 octets: a compiler that does not take a function into its caller boxes what it returns, up to seven an answer.
 */
const MOST_OCTETS_EACH = 176

test('a closure over 21 candidates leaves nothing on the heap', async () => {
  const counts: number[] = []
  for (let heap = 0; heap < HEAPS && !counts.some((octets) => octets < MOST_OCTETS_EACH); heap++) {
    const [rounds] = await once(new Worker(new URL('./closure-heap.js', import.meta.url)), 'message') as [number[]]
    counts.push(...rounds)
  }
  assert.ok(Math.min(...counts) < MOST_OCTETS_EACH, `${counts.map((octets) => octets.toFixed(1)).join(', ')} octets for each answer`)
})
