/** What is trusted more is not replaced by what is trusted less while it lives (RFC 2181 5.4.1), nor what is proven by what is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECURITY, TRUST } from '../../src/cache/terms.ts'
import { Bench } from './support.ts'

const LEVELS = Object.entries(TRUST)

test('RFC 2181 5.4.1: each level gives way to its own and to those above, and to none below', () => {
  for (const [old, oldTrust] of LEVELS) {
    for (const [young, youngTrust] of LEVELS) {
      const bench = new Bench()
      bench.put('www.example. 60 A 192.0.2.1', { trust: oldTrust })
      const kept = bench.put('www.example. 60 A 192.0.2.2', { trust: youngTrust })
      assert.equal(kept, youngTrust >= oldTrust ? 'kept' : 'trusted-less', `${young} over ${old}`)
      assert.match(bench.get('www.example. A', TRUST.additional), kept === 'kept' ? /192\.0\.2\.2/ : /192\.0\.2\.1/)
    }
  }
})

test('RFC 2181 5.4.1: once it has expired, it gives way to anything', () => {
  const bench = new Bench()
  bench.put('www.example. 60 A 192.0.2.1', { trust: TRUST.primary, security: SECURITY.secure })
  bench.now += 60
  assert.equal(bench.put('www.example. 60 A 192.0.2.2', { trust: TRUST.additional }), 'kept')
})

test('RFC 2181 5.4.1: what came in an additional section is never an answer, but serves who asks for it', () => {
  const bench = new Bench()
  bench.put('ns.example. 60 A 192.0.2.1', { trust: TRUST.additional })
  assert.equal(bench.look('ns.example. A'), 'nothing')
  assert.equal(bench.look('ns.example. A', TRUST.additional), 'records')
})

test('RFC 2181 5.4.1: an absence and data of the same name weigh against each other in the same way', () => {
  for (const [first, second, kept] of [
    ['answer', 'authority', 'kept'],
    ['authoritative', 'authority', 'trusted-less'],
  ] as const) {
    const bench = new Bench()
    bench.put('www.example. 60 A 192.0.2.1', { trust: TRUST[first] })
    assert.equal(bench.putAbsent('www.example. A', { trust: TRUST[second] }), kept)
    assert.equal(bench.putAbsent('www.example.', { trust: TRUST[second] }), kept)
    assert.equal(bench.look('www.example. A'), kept === 'kept' ? 'nxdomain' : 'records')
  }
  const bench = new Bench()
  bench.putAbsent('www.example.', { trust: TRUST.authority })
  assert.equal(bench.put('www.example. 60 A 192.0.2.1', { trust: TRUST.additional }), 'trusted-less')
  assert.equal(bench.look('www.example. A'), 'nxdomain')
})

test('what is proven gives way to what is proven only, and what failed its proof gives way to all', () => {
  const order = [['bogus', TRUST.primary], ['indeterminate', TRUST.answer], ['insecure', TRUST.authoritative], ['secure', TRUST.additional], ['secure', TRUST.authoritative]] as const
  for (const [i, [oldSecurity, oldTrust]] of order.entries()) {
    for (const [j, [youngSecurity, youngTrust]] of order.entries()) {
      const bench = new Bench()
      bench.put('www.example. 60 A 192.0.2.1', { trust: oldTrust, security: SECURITY[oldSecurity] })
      assert.equal(bench.put('www.example. 60 A 192.0.2.2', { trust: youngTrust, security: SECURITY[youngSecurity] }), j >= i ? 'kept' : 'trusted-less', `${youngSecurity} over ${oldSecurity}`)
    }
  }
})

test('the state of validation is told with what is found', () => {
  for (const security of Object.values(SECURITY)) {
    const bench = new Bench()
    bench.put('www.example. 60 A 192.0.2.1', { security, reason: 7 })
    bench.look('www.example. A')
    assert.deepEqual([bench.reader.security, bench.reader.reason], [security, 7])
  }
})
