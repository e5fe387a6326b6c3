/** Looks through the whole block of a cache for what must never be: entries that overlap, lie outside, or stand in the wrong chain. */
import assert from 'node:assert/strict'
import type { CacheBlock } from '../../src/cache/block.ts'
import { ALIVE, BUCKET, ENTRY } from '../../src/cache/layout.ts'

/** Fails where the block is not in order. */
export function audit(block: CacheBlock): void {
  const { words } = block
  const entries: number[] = []
  for (let i = 0; i <= block.bucketMask; i++) {
    const bucket = block.buckets + i * BUCKET.words
    assert.equal(words[bucket + BUCKET.sequence] & 1, 0, 'a bucket is locked for ever')
    for (let entry = words[bucket + BUCKET.first]; entry !== 0; entry = words[entry + ENTRY.next]) {
      assert.equal(block.bucketOf(words[entry + ENTRY.hash]), bucket, 'an entry stands in the chain of another bucket')
      assert.notEqual(words[entry + ENTRY.span] & ALIVE, 0, 'a dead entry can be found')
      entries.push(entry)
      assert.ok(entries.length <= block.entryCount, 'more entries can be found than are counted')
    }
  }
  assert.equal(entries.length, block.entryCount)
  entries.sort((a, b) => a - b)
  let end = block.arena
  for (const entry of entries) {
    assert.ok(entry >= end, 'two entries overlap')
    end = entry + block.spanOf(entry)
  }
  assert.ok(end <= block.arenaEnd, 'an entry lies outside')
  assert.equal(entries.reduce((sum, entry) => sum + block.spanOf(entry) * 4, 0), block.liveOctets)
}
