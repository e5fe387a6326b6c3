/**
 * `waggle query --key`: who signs, how the answer is believed, and with which words and exit code it ends where it is not. The
 * server proves signatures, and signs what it answers.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { findSignature, withoutSignature, type SignatureRecord } from '../../src/dnssec/signed-message.ts'
import { startRegistrar, type Registrar } from '../client/registrar.ts'
import { pairIn, secretIn } from './keys.ts'
import { run, scratch, type Ran } from './running.ts'

const { write, folder } = scratch()
const { secret: tsigKey, file: tsig } = secretIn(write, 'desk-key')
const { file: foreign } = secretIn(write, 'foreign-key')
const { pair, file: own } = pairIn(write, 'babel._sa.acme.example')

let registrar: Registrar
before(async () => {
  registrar = await startRegistrar({ keys: [tsigKey], known: new Map([['babel._sa.acme.example.', pair.record.rdata]]) })
})
after(() => registrar.close())
beforeEach(() => {
  registrar.corrupt = (octets) => octets
  registrar.seen.length = 0
})

const query = (...flags: string[]): Promise<Ran> => run('query', 'a.example', '-s', registrar.server, '--tries', '1', ...flags)

describe('a query', () => {
  it('is signed by a secret, alone and with others in one message, and its answer is proven', async () => {
    for (const more of [[], ['--tcp'], ['--no-edns'], ['--and', 'b.example']]) {
      const { code, out, err } = await query('--key', tsig, ...more)
      assert.deepEqual([code, err], [0, ''], more.join(' '))
      assert.match(out, /status: NOERROR[\s\S]*\ndesk-key\.\t0\tANY\tTSIG\t/)
    }
    assert.deepEqual(registrar.seen, Array.from({ length: 4 }, () => 'proven tsig desk-key. NOERROR'))
  })

  it('is signed by a private key, under the name in its file', async () => {
    assert.deepEqual((await query('-k', own, '--short')), { code: 0, out: '', err: '' })
    assert.deepEqual(registrar.seen, ['proven sig0 babel._sa.acme.example. NOERROR'])
  })

  it('without a key is not signed', async () => {
    assert.equal((await query()).code, 0)
    assert.deepEqual(registrar.seen.map((line) => line.split(' ')[0]), ['unsigned'])
  })
})

const unsigned = (octets: Uint8Array): Uint8Array => withoutSignature(octets, (findSignature(octets) as SignatureRecord).at)

describe('a signed query fails', () => {
  const ANSWERS: [what: string, key: string, corrupt: Registrar['corrupt'], wanted: RegExp][] = [
    ['where the answer is not signed', tsig, unsigned, /the answer's signature is not good: it is not signed$/],
    ['where its signature is broken', tsig, (octets) => octets.with(octets.length - 10, octets[octets.length - 10] ^ 1), /the answer's signature is not good: its MAC is wrong$/],
    ['where the server does not know the key', foreign, (octets) => octets, /the server knows no key foreign-key\. of that algorithm \(BADKEY\)$/],
  ]
  for (const [what, key, corrupt, wanted] of ANSWERS) {
    it(what, async () => {
      registrar.corrupt = corrupt
      for (const form of [[], ['--json']]) {
        const { code, out, err } = await query('-k', key, ...form)
        assert.deepEqual([code, out], [1, ''])
        assert.ok(err.startsWith(`waggle: No good answer from ${registrar.server}: `), err)
        assert.match(err.trimEnd(), wanted)
      }
    })
  }

  it('where the key file cannot be read, and nothing is sent', async () => {
    for (const [file, wanted] of [[`${folder}/none.tsig`, /none\.tsig:1:1: Cannot read key file: no such file or directory\n$/], [write('bad.tsig', 'nothing here\n'), /bad\.tsig:1:\d+: Cannot /]] as const) {
      const { code, out, err } = await query('-k', file)
      assert.deepEqual([code, out, registrar.seen], [1, '', []])
      assert.match(err, wanted)
    }
  })

  it('with --explain, as that is asked by the control socket', async () => {
    const { code, err } = await run('query', 'a.example', '--explain', '-d', folder, '-k', tsig)
    assert.deepEqual([code, /cannot be used with option/.test(err)], [2, true])
  })
})
