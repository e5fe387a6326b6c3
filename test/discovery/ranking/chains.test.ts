/** Chains of slots by a name: against a map, for any order of linking, moving and unlinking; and what a reader sees in between. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SlotChains } from '../../../src/discovery/ranking/chains.ts'

const SLOTS = 40

function chains(heads = 4): { chains: SlotChains; next: Int32Array; keys: Int32Array } {
  const [next, keys] = [new Int32Array(SLOTS), new Int32Array(SLOTS)]
  return { chains: new SlotChains(new Int32Array(heads), next, keys), next, keys }
}

function found(of: SlotChains, hash: number, room = SLOTS): number[] {
  const slots = new Int32Array(room)
  return [...slots.subarray(0, of.collect(hash, slots))]
}

describe('chains', () => {
  test('hold what a map would, whatever is linked, moved and unlinked, by any hash', () => {
    const step = fc.record({ slot: fc.nat(SLOTS - 1), hash: fc.oneof(fc.constantFrom(0, 1, -1, 4, 0x7fff_ffff, -0x8000_0000), fc.integer()), isLinked: fc.boolean() })
    fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { chains: tested } = chains()
      const model = new Map<number, number>()
      for (const { slot, hash, isLinked } of steps) {
        if (isLinked) tested.link(slot, hash)
        else tested.unlink(slot)
        if (isLinked) model.set(slot, hash === 0 ? 1 : hash)
        else model.delete(slot)
      }
      for (const hash of new Set([...steps.map((one) => one.hash), 0, 77])) {
        const expected = [...model].filter(([, key]) => key === (hash === 0 ? 1 : hash)).map(([slot]) => slot)
        assert.deepEqual(found(tested, hash).sort((a, b) => a - b), expected.sort((a, b) => a - b))
      }
    }))
  })

  test('collects no more than there is room for', () => {
    const { chains: tested } = chains()
    for (let slot = 0; slot < 10; slot++) tested.link(slot, 9)
    assert.equal(found(tested, 9, 3).length, 3)
    assert.equal(found(tested, 9, 0).length, 0)
  })

  test('a slot that has left leads a reader on, who stands at it, to all that were behind it', () => {
    const { chains: tested, next } = chains(1)
    for (const slot of [3, 5, 7]) tested.link(slot, 9) // 7, 5, 3
    tested.unlink(5)
    assert.equal(next[5] - 1, 3)
    assert.deepEqual(found(tested, 9), [7, 3])
  })

  test('is linked anew in a larger table by the keys it had', () => {
    const { chains: tested, keys } = chains()
    for (let slot = 0; slot < SLOTS; slot++) tested.link(slot, slot % 7)
    const larger = new SlotChains(new Int32Array(64), new Int32Array(SLOTS), new Int32Array(SLOTS))
    for (let slot = 0; slot < SLOTS; slot++) larger.relink(slot, keys[slot])
    for (let hash = 0; hash < 7; hash++) assert.deepEqual(found(larger, hash).sort(), found(tested, hash).sort())
  })
})
