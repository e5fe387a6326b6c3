/** Thousands of hostile messages against the slow path (core-fuzz.ts), and octets that are nothing at all; many more in core-fuzz.long.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RCODE } from '../../src/dns/codes.ts'
import { attackAsHolder, attackSigned, type Ended } from './core-fuzz.ts'
import { decode, tcp, udp } from './messages.ts'
import { slowPath } from './slow-path.ts'

/** Fails unless the attack has come as far as it should: attacks that all end at the first gate prove little. */
function reached(ended: Ended, said: readonly (number | 'silence')[]): void {
  for (const one of said) assert.ok((ended.get(String(one)) ?? 0) >= 10, `${one} was said ${ended.get(String(one)) ?? 0} times`)
}

test('signed messages that were damaged on the way: silence or a well-formed answer, and none is carried out', async (t) => {
  const ended = await attackSigned(6_000, 20_261_126)
  t.diagnostic(JSON.stringify([...ended]))
  reached(ended, ['silence', RCODE.FORMERR, RCODE.NOTAUTH, RCODE.REFUSED, RCODE.NOTIMP, RCODE.NOERROR])
})

test('damaged messages that were rightly signed: each answer is signed, and nothing fails on our side', async (t) => {
  const ended = await attackAsHolder(6_000, 4_711)
  t.diagnostic(JSON.stringify([...ended]))
  reached(ended, ['silence', RCODE.FORMERR, RCODE.NOERROR, RCODE.NXDOMAIN, RCODE.NOTAUTH, RCODE.NOTIMP])
})

test('any octets behind the header of an UPDATE or a compact update get one answer with its ID, and change nothing', async () => {
  const path = await slowPath({ core: { limits: { burst: 1e12, perSecond: 1e12 } } })
  const header = fc.record({ id: fc.nat(0xffff), opcode: fc.constantFrom(5, 14, 0, 4), low: fc.nat(255), counts: fc.tuple(fc.nat(2), fc.nat(3), fc.nat(3), fc.nat(3)) })
  const property = fc.asyncProperty(header, fc.uint8Array({ maxLength: 200 }), fc.boolean(), async ({ id, opcode, low, counts }, rest, overTcp) => {
    const octets = Uint8Array.of(id >>> 8, id, opcode << 3, low, ...counts.flatMap((count) => [0, count]), ...rest)
    const answer = decode(await path.send(octets, overTcp ? tcp : udp))
    assert.deepEqual([answer.id, answer.opcode, answer.qr], [id, opcode, true])
    assert.deepEqual([path.steps(), path.faults], [0, []])
  })
  await fc.assert(property, { numRuns: 2_000 })
})

test('any octets at all are met with silence or a well-formed answer', async () => {
  const path = await slowPath({ core: { limits: { burst: 1e12, perSecond: 1e12 } } })
  const property = fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (octets) => {
    const response = await path.send(octets, udp)
    if (response === null) assert.ok(octets.length < 12 || octets[2] >= 0x80)
    else assert.equal(decode(response).id, (octets[0] << 8) | octets[1])
    assert.deepEqual(path.faults, [])
  })
  await fc.assert(property, { numRuns: 2_000 })
})
