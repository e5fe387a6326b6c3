/** A few thousand hostile updates (fuzz.ts); many more in fuzz.long.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RCODE } from '../../src/dns/codes.ts'
import { attackMany } from './fuzz.ts'

test('no octets make an update fail on our side, or half of one', async (t) => {
  const ended = await attackMany(4_000, 4711)
  t.diagnostic([...ended].map(([rcode, count]) => `${rcode ?? 'no message'}: ${count}`).join(', '))
  for (const rcode of [undefined, RCODE.NOERROR, RCODE.FORMERR, RCODE.NOTZONE, RCODE.NOTAUTH]) assert.ok((ended.get(rcode) ?? 0) > 0, `none ended with ${rcode}`)
  assert.equal(ended.get(RCODE.SERVFAIL), undefined)
})
