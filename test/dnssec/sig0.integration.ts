/**
 * SIG(0) (RFC 2931) against nsupdate: with keys of dnssec-keygen and with keys that we wrote, in every algorithm, over UDP and TCP.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { Authenticator } from '../../src/dnssec/authenticate.ts'
import { KEY_FLAGS, keyFileName, makeKeyPair, parsePrivateFile, parsePublicFile, printPrivateFile, printPublicFile } from '../../src/dnssec/key-files.ts'
import { makeSignature, printAlgorithm, SERVED_ALGORITHMS, verifySignature, importPublicKey } from '../../src/dnssec/public-key.ts'
import { pairOf } from './pairs.ts'
import { startSignedServer, type SignedServer } from './signed-server.ts'
import { missing, run, scratchFolder } from './tools.ts'

const folder = scratchFolder()
/** RDATA of KEY records by their owner in lower case. */
const keys = new Map<string, Uint8Array>()
let server: SignedServer

before(async () => {
  const keysOf = (signer: Name): Uint8Array[] => [keys.get(signer.toString().toLowerCase())].filter((one) => one !== undefined)
  server = await startSignedServer(new Authenticator({ keys: new Map(), nowMs: () => Date.now(), sig0: { keysOf } }))
})
after(() => server.close())

async function updateWith(privateFile: string, ...flags: string[]): Promise<{ code: number | null; out: string }> {
  const script = `server 127.0.0.1 ${server.port}\nzone example.\nupdate add www.example. 60 A 192.0.2.1\nsend\nanswer\n`
  return run('nsupdate', [...flags, '-k', privateFile], script)
}

for (const algorithm of SERVED_ALGORITHMS) {
  const mnemonic = printAlgorithm(algorithm) ?? ''

  for (const flags of [[], ['-v']]) {
    test(`nsupdate ${flags.join('')} with a key of dnssec-keygen, ${mnemonic}: the update is proven`, { skip: missing('nsupdate', 'dnssec-keygen') }, async () => {
      const owner = `bind-${algorithm}${flags.join('')}.example`
      const size = algorithm <= 10 ? ['-b', '2048'] : []
      const { code, out } = await run('dnssec-keygen', ['-q', '-T', 'KEY', '-n', 'HOST', '-a', mnemonic, ...size, owner], '', folder)
      assert.equal(code, 0, out)
      const base = join(folder, out.trim())
      const record = parsePublicFile(readFileSync(`${base}.key`, 'utf8'), `${base}.key`)
      assert.equal(keyFileName(record), out.trim())
      const pair = parsePrivateFile(readFileSync(`${base}.private`, 'utf8'), `${base}.private`, record)
      const key = importPublicKey(algorithm, record.rdata.subarray(4))
      assert.ok(key !== undefined && verifySignature(algorithm, key, Buffer.of(1), makeSignature(algorithm, pair.privateKey, Buffer.of(1))))
      keys.set(record.name.toString(), record.rdata)
      const updated = await updateWith(`${base}.private`, ...flags)
      assert.equal(server.seen.at(-1), `UPDATE: proven sig0 ${owner}.`, updated.out)
      assert.equal(updated.code, 0, updated.out)
    })
  }

  test(`nsupdate with a key that we wrote, ${mnemonic}: the update is proven`, { skip: missing('nsupdate') }, async () => {
    const pair = makeKeyPair(Name.parse(`ours-${algorithm}.example.`), TYPE.KEY, KEY_FLAGS.message, algorithm, pairOf(algorithm).privateKey)
    const base = join(folder, keyFileName(pair.record))
    writeFileSync(`${base}.key`, printPublicFile(pair))
    writeFileSync(`${base}.private`, printPrivateFile(pair, '20261125203729'), { mode: 0o600 })
    keys.set(pair.record.name.toString(), pair.record.rdata)
    const updated = await updateWith(`${base}.private`)
    assert.equal(server.seen.at(-1), `UPDATE: proven sig0 ours-${algorithm}.example.`, updated.out)
    assert.equal(updated.code, 0, updated.out)
  })
}

test('nsupdate with a key that nobody knows, or another of the same name, is refused', { skip: missing('nsupdate') }, async () => {
  const pair = makeKeyPair(Name.parse('nobody.example.'), TYPE.KEY, KEY_FLAGS.message, 15, pairOf(15, 2).privateKey)
  const base = join(folder, keyFileName(pair.record))
  writeFileSync(`${base}.key`, printPublicFile(pair))
  writeFileSync(`${base}.private`, printPrivateFile(pair, '20261125203729'), { mode: 0o600 })
  const unknown = await updateWith(`${base}.private`)
  assert.match(unknown.out, /REFUSED/)
  assert.equal(unknown.code, 2)
  keys.set('nobody.example.', Buffer.concat([Buffer.of(0, 0, 3, 15), pairOf(15, 3).publicOctets]))
  await updateWith(`${base}.private`)
  assert.equal(server.seen.at(-1), 'UPDATE: refused REFUSED')
})
