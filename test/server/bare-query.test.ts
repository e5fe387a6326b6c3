/** A query without its signature: its own octets where it has none, one record less where it has. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Query } from '../../src/authority/query.ts'
import { withoutSignature } from '../../src/server/bare-query.ts'

function query(octets: Uint8Array, length: number, tsigAt = 0): Query {
  return Object.assign(new Query(), { octets, length, tsigAt })
}

test('without a signature the octets are its own, no further than it goes', () => {
  const octets = Uint8Array.from({ length: 20 }, (_, i) => i)
  assert.equal(withoutSignature(query(octets, 20)), octets)
  const cut = withoutSignature(query(octets, 17))
  assert.deepEqual([cut.length, cut.buffer === octets.buffer], [17, true])
})

test('a signature goes with its place in ARCOUNT, and the query stays as it was', () => {
  const octets = new Uint8Array(30).fill(7)
  octets.set([1, 0], 10)
  const before = octets.slice()
  const bare = withoutSignature(query(octets, 30, 25))
  assert.deepEqual([bare.length, bare[10], bare[11]], [25, 0, 255])
  assert.deepEqual(octets, before)
})
