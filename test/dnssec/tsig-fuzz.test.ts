/** Messages broken at random: the authenticator always says something, and never that a message is proven whose meaning was changed (RFC 8945 5.2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findSignature } from '../../src/dnssec/signed-message.ts'
import { WireFault } from '../../src/dns/faults.ts'
import { keyOf, NOW, question, update, worldOf } from './signed.ts'
import { KEY, peerSign } from './tsig-peer.ts'

const signed = [peerSign(update(), KEY, { time: NOW }).octets, peerSign(question(), KEY, { time: NOW }).octets]

/** Up to eight changes: an octet set, some taken out, some put in. */
const change = fc.oneof(
  fc.record({ at: fc.nat(200), set: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ at: fc.nat(200), cut: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ at: fc.nat(200), put: fc.uint8Array({ minLength: 1, maxLength: 20 }) }),
)

function broken(octets: Buffer, changes: readonly (typeof change extends fc.Arbitrary<infer T> ? T : never)[]): Buffer {
  return changes.reduce<Buffer>((before, one) => {
    const at = Math.min(one.at, before.length)
    if ('put' in one) return Buffer.concat([before.subarray(0, at), one.put, before.subarray(at)])
    if ('cut' in one) return Buffer.concat([before.subarray(0, at), before.subarray(at + one.cut)])
    return Buffer.concat([before.subarray(0, at), Buffer.of(one.set), before.subarray(at + 1)])
  }, octets)
}

test('a message with a signature that was changed is never proven, unless only what the signature leaves open was', () => {
  const { verify } = worldOf()
  fc.assert(fc.property(fc.constantFrom(...signed), fc.array(change, { minLength: 1, maxLength: 8 }), (octets, changes) => {
    const result = verify(broken(octets, changes))
    if (result.outcome !== 'proven' && result.outcome !== 'pending') return
    // ID, and the case of two names
    assert.equal(broken(octets, changes).subarray(2).toString('latin1').toLowerCase(), octets.subarray(2).toString('latin1').toLowerCase())
  }), { numRuns: 3_000 })
})

test('octets of any kind are unsigned, or refused with a reason, and their signature is found where it is or not at all', () => {
  const { verify } = worldOf([keyOf()])
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
    assert.ok(['unsigned', 'refused'].includes(verify(octets).outcome))
    try {
      const record = findSignature(octets)
      if (record !== undefined) assert.ok(record.at < record.rdataAt && record.rdataAt + record.rdata.length === octets.length)
    } catch (fault) {
      assert.ok(fault instanceof WireFault)
    }
  }), { numRuns: 3_000 })
})
