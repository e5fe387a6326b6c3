/**
 * TSIG (RFC 8945) against the tools that people use: what dig, kdig, nsupdate and knsupdate sign is proven here, and they accept what is
 * signed here; with every algorithm, over UDP and TCP. A changed response they refuse, so that their acceptance says something.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Authenticator } from '../../src/dnssec/authenticate.ts'
import { TSIG_ALGORITHMS } from '../../src/dnssec/tsig-algorithms.ts'
import { keyOf, worldOf } from './signed.ts'
import { startSignedServer, type SignedServer } from './signed-server.ts'
import { missing, run } from './tools.ts'
import type { PeerKey } from './tsig-peer.ts'

const secret = Buffer.from('0123456789abcdef0123456789abcdef')
const peers: PeerKey[] = TSIG_ALGORITHMS.map(({ mnemonic, hash }) => ({ name: `k-${mnemonic}.example`, algorithm: mnemonic, hash, secret }))
const whole = peers.filter(({ algorithm }) => !/-\d+$/.test(algorithm)) // the tools know the truncated ones in ways of their own, or not at all
const authenticatorAt = (nowMs: () => number): Authenticator => worldOf(peers.map((peer) => keyOf(peer)), { nowMs }).authenticator

let server: SignedServer
let lying: SignedServer
let ahead: SignedServer

before(async () => {
  server = await startSignedServer(authenticatorAt(() => Date.now()))
  lying = await startSignedServer(authenticatorAt(() => Date.now()), (octets) => octets.with(octets.length - 10, octets[octets.length - 10] ^ 1))
  ahead = await startSignedServer(authenticatorAt(() => Date.now() + 3_600_000))
})
after(() => [server, lying, ahead].forEach((one) => one.close()))

const yOf = ({ name, algorithm }: PeerKey): string => `${algorithm}:${name}:${secret.toString('base64')}`

for (const peer of whole) {
  for (const transport of ['+notcp', '+tcp']) {
    test(`dig ${transport} ${peer.algorithm}: a signed query is proven, and its response accepted`, { skip: missing('dig') }, async () => {
      const { out } = await run('dig', ['@127.0.0.1', '-p', String(server.port), transport, '-y', yOf(peer), 'example.', 'SOA', '+tries=1'])
      assert.match(out, /status: NOERROR/)
      assert.match(out, /TSIG\s+hmac-\w+\. \d+ 300 \d+ .* NOERROR 0/)
      assert.doesNotMatch(out, /Couldn't verify/)
      assert.equal(server.seen.at(-1), `QUERY: proven tsig ${peer.name}.`)
    })
  }

  test(`kdig ${peer.algorithm}: a signed query is proven, and its response accepted`, { skip: missing('kdig') }, async () => {
    const { out } = await run('kdig', ['@127.0.0.1', '-p', String(server.port), '-y', yOf(peer), 'example.', 'SOA'])
    assert.match(out, /status: NOERROR/)
    assert.doesNotMatch(out, /WARNING|;; ERROR/)
    assert.equal(server.seen.at(-1), `QUERY: proven tsig ${peer.name}.`)
  })

  for (const flags of [[], ['-v']]) {
    test(`nsupdate ${flags.join('')} ${peer.algorithm}: a signed update is proven, and its response accepted`, { skip: missing('nsupdate') }, async () => {
      const script = `server 127.0.0.1 ${server.port}\nzone example.\nupdate add www.example. 60 A 192.0.2.1\nsend\nanswer\n`
      const { code, out } = await run('nsupdate', [...flags, '-y', yOf(peer)], script)
      assert.equal(code, 0, out)
      assert.equal(server.seen.at(-1), `UPDATE: proven tsig ${peer.name}.`)
    })
  }

  test(`knsupdate ${peer.algorithm}: a signed update is proven, and its response accepted`, { skip: missing('knsupdate') }, async () => {
    const script = `server 127.0.0.1 ${server.port}\nzone example.\nupdate add www.example. 60 A 192.0.2.1\nsend\nanswer\n`
    const { code, out } = await run('knsupdate', ['-y', yOf(peer)], script)
    assert.equal(code, 0, out)
    assert.equal(server.seen.at(-1), `UPDATE: proven tsig ${peer.name}.`)
  })
}

test('dig and nsupdate refuse a response that was changed after it was signed', { skip: missing('dig', 'nsupdate') }, async () => {
  const query = await run('dig', ['@127.0.0.1', '-p', String(lying.port), '-y', yOf(whole[2]), 'example.', 'SOA', '+tries=1', '+timeout=1'])
  assert.match(query.out, /Couldn't verify signature|tsig indicates error|expected a TSIG/i)
  const update = await run('nsupdate', ['-t', '2', '-u', '1', '-y', yOf(whole[2])], `server 127.0.0.1 ${lying.port}\nzone example.\nupdate add a.example. 60 A 192.0.2.1\nsend\n`)
  assert.notEqual(update.code, 0)
})

test('a key that nobody knows: dig and nsupdate show BADKEY', { skip: missing('dig', 'nsupdate') }, async () => {
  const y = `hmac-sha256:nobody.example:${secret.toString('base64')}`
  const query = await run('dig', ['@127.0.0.1', '-p', String(server.port), '-y', y, 'example.', 'SOA', '+tries=1'])
  assert.match(query.out, /status: NOTAUTH[\s\S]*BADKEY/)
  const update = await run('nsupdate', ['-y', y], `server 127.0.0.1 ${server.port}\nzone example.\nupdate add a.example. 60 A 192.0.2.1\nsend\n`)
  assert.match(update.out, /BADKEY|NOTAUTH/)
  assert.equal(update.code, 2)
})

test('a wrong secret: dig and nsupdate show BADSIG', { skip: missing('dig', 'nsupdate') }, async () => {
  const y = `hmac-sha256:k-hmac-sha256.example:${Buffer.from('wrong').toString('base64')}`
  const query = await run('dig', ['@127.0.0.1', '-p', String(server.port), '-y', y, 'example.', 'SOA', '+tries=1'])
  assert.match(query.out, /status: NOTAUTH[\s\S]*BADSIG/)
  const update = await run('nsupdate', ['-y', y], `server 127.0.0.1 ${server.port}\nzone example.\nupdate add a.example. 60 A 192.0.2.1\nsend\n`)
  assert.match(update.out, /BADSIG|NOTAUTH/)
})

test('a client whose clock is an hour behind: BADTIME, in a response that dig can verify', { skip: missing('dig') }, async () => {
  const { out } = await run('dig', ['@127.0.0.1', '-p', String(ahead.port), '-y', yOf(whole[2]), 'example.', 'SOA', '+tries=1'])
  assert.match(out, /status: NOTAUTH[\s\S]*BADTIME 6/)
  assert.match(out, /clocks are unsynchronized/) // what dig says of the time, once the MAC is good
  assert.equal(ahead.seen.at(-1), 'QUERY: refused NOTAUTH BADTIME')
})

test('BIND writes hmac-sha256-128 as hmac-sha256 with a short MAC: the key takes both, and a whole key neither', { skip: missing('dig') }, async () => {
  for (const [algorithm, name] of [['hmac-sha256-128', 'k-hmac-sha256-128'], ['hmac-sha384-192', 'k-hmac-sha384-192'], ['hmac-sha512-256', 'k-hmac-sha512-256']]) {
    const { out } = await run('dig', ['@127.0.0.1', '-p', String(server.port), '-y', `${algorithm}:${name}.example:${secret.toString('base64')}`, 'example.', 'SOA', '+tries=1'])
    assert.match(out, /status: NOERROR/)
    assert.doesNotMatch(out, /verify/)
    assert.equal(server.seen.at(-1), `QUERY: proven tsig ${name}.example.`)
  }
  await run('dig', ['@127.0.0.1', '-p', String(server.port), '-y', `hmac-sha256-128:k-hmac-sha256.example:${secret.toString('base64')}`, 'example.', 'SOA', '+tries=1'])
  assert.equal(server.seen.at(-1), 'QUERY: refused NOTAUTH BADTRUNC')
})
