/**
 * Signers, over real sockets with a server that proves what they sign: TSIG (RFC 8945) and SIG(0) (RFC 2931), what they
 * believe of a response, and the key files of all tools that they are made from.
 */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { requestChange, type ChangeOptions, type ChangeOutcome, type ChangeSigner } from '../../src/client/change.ts'
import { newKeyPair, newTsigKey } from '../../src/client/new-keys.ts'
import { registerMessage } from '../../src/client/registration.ts'
import { readKeyFile, sig0Signer, signerFromFile, tsigSigner } from '../../src/client/signers.ts'
import { RCODE } from '../../src/dns/codes.ts'
import { TextFault } from '../../src/dns/faults.ts'
import { MAX_KEY_FILE_OCTETS } from '../../src/dns/limits.ts'
import { decodeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { printPrivateFile, printPublicFile, type KeyPair } from '../../src/dnssec/key-files.ts'
import { SERVED_ALGORITHMS } from '../../src/dnssec/public-key.ts'
import { TSIG_ALGORITHMS } from '../../src/dnssec/tsig-algorithms.ts'
import { printBindKey, printKnotKey, type TsigKeyText } from '../../src/dnssec/tsig-text.ts'
import type { Sig0Key } from '../../src/dnssec/sig0.ts'
import { algorithmOf } from '../dnssec/signed.ts'
import { startRegistrar, type Registrar, type RegistrarOptions } from './registrar.ts'

const KEY = newTsigKey(Name.parse('agents-key'), algorithmOf('hmac-sha256'))
const BABEL = Name.parse('babel._sa.acme.example')

/** What a registration by `signer` comes to, with the registrar that judged it. */
async function registered(signer: ChangeSigner | undefined, options: RegistrarOptions, key?: Uint8Array): Promise<{ outcome: ChangeOutcome; registrar: Registrar }> {
  const registrar = await startRegistrar(options)
  try {
    const message = registerMessage({ provider: 'acme.example', id: 'babel', capabilities: [{ name: 'v1.x' }], ...(key && { key }) }, { lease: 60 }, 7)
    const ask: ChangeOptions = { server: { host: '127.0.0.1', family: 4, port: registrar.port }, timeoutMs: 1_000, tries: 1, ...(signer && { signer }) }
    return { outcome: await requestChange(message, ask), registrar }
  } finally {
    registrar.close()
  }
}

function reasonOf(outcome: ChangeOutcome): string {
  return outcome.kind === 'done' ? 'done' : `${outcome.kind}: ${outcome.reason}`
}

describe('a signer by TSIG', () => {
  for (const algorithm of TSIG_ALGORITHMS) {
    it(`is proven, and believes the signed response: ${algorithm.mnemonic} (RFC 8945 6)`, async () => {
      const key = newTsigKey(Name.parse('Agents-Key.example'), algorithm)
      const { outcome, registrar } = await registered(tsigSigner(key), { keys: [key], grant: { lease: 30 } })
      assert.deepEqual(outcome, { kind: 'done', lease: { lease: 30 } })
      assert.deepEqual(registrar.seen, ['proven tsig agents-key.example. NOERROR'])
    })
  }

  it('says in words why the server does not take it (RFC 8945 5.2)', async () => {
    const other: TsigKeyText = { ...KEY, secret: KEY.secret.map((octet) => octet ^ 1) }
    const cases: [RegistrarOptions, RegExp][] = [
      [{ keys: [] }, /^unreachable: the server knows no key agents-key\. of that algorithm \(BADKEY\)$/],
      [{ keys: [other] }, /^unreachable: the server has another secret for key agents-key\. \(BADSIG\)$/],
      [{ keys: [KEY], aheadMs: 3_600_000 }, /^unreachable: the server's clock is 3(599|600|601) s ahead of ours \(BADTIME\)$/],
      [{ keys: [KEY], aheadMs: -3_600_000 }, /^unreachable: the server's clock is 3(599|600|601) s behind ours \(BADTIME\)$/],
    ]
    for (const [options, wanted] of cases) assert.match(reasonOf((await registered(tsigSigner(KEY), options)).outcome), wanted)
  })

  it('believes no response that was changed, or is not signed (RFC 8945 5.4)', async () => {
    const flipped = (octets: Uint8Array) => octets.with(octets.length - 10, octets[octets.length - 10] ^ 1)
    const cases: [RegistrarOptions['corrupt'], RegExp][] = [
      [flipped, /signature is not good: its MAC is wrong/],
      [(octets) => stripped(octets), /signature is not good: it is not signed/],
      [(octets) => octets.subarray(0, octets.length - 3), /signature is not good: it cannot be read/],
    ]
    for (const [corrupt, wanted] of cases) assert.match(reasonOf((await registered(tsigSigner(KEY), { keys: [KEY], ...(corrupt && { corrupt }) })).outcome), wanted)
  })

  it('takes a signed refusal as the last word', async () => {
    const { outcome } = await registered(tsigSigner(KEY), { keys: [KEY], refusal: 'no grant' })
    assert.deepEqual(outcome, { kind: 'refused', rcode: RCODE.REFUSED, reason: 'REFUSED: no grant' })
  })

  it('checks any octets without a throw', async () => {
    const message = registerMessage({ provider: 'acme.example', id: 'babel', capabilities: [] }, { lease: 1 }, 7)
    const signers = [tsigSigner(KEY), sig0Signer(newKeyPair(BABEL, 15), { serverKey: newKeyPair(BABEL, 15).record.rdata })]
    const { encodeMessage } = await import('../../src/dns/message.ts')
    for (const signer of signers) {
      const { octets: good, check } = await signer.sign(encodeMessage(message))
      await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (octets) => typeof (await check(octets)) === 'string'))
      await fc.assert(fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, octet) => typeof (await check(good.with(at, octet))) === 'string'))
    }
  })

  it('has a label for people', () => {
    assert.equal(tsigSigner(KEY).label, 'TSIG hmac-sha256 agents-key.')
    assert.equal(sig0Signer(newKeyPair(BABEL, 15)).label, 'SIG(0) babel._sa.acme.example.')
  })
})

/** The message without its last record. */
function stripped(octets: Uint8Array): Uint8Array {
  const { id, opcode, questions, rcode } = decodeMessage(octets)
  return Uint8Array.from([id >> 8, id & 255, 0x80 | (opcode << 3), rcode, 0, 1, 0, 0, 0, 0, 0, 0, ...questions[0].name.wire, 0, 6, 0, 1])
}

describe('a signer by SIG(0)', () => {
  for (const algorithm of SERVED_ALGORITHMS) {
    it(`is proven by the KEY that it registers: algorithm ${algorithm} (RFC 9665 3.2.5.2)`, async () => {
      const pair = newKeyPair(BABEL, algorithm)
      const { outcome, registrar } = await registered(sig0Signer(pair), { grant: { lease: 30 } }, pair.record.rdata)
      assert.equal(reasonOf(outcome), 'done')
      assert.deepEqual(registrar.seen, ['proven sig0 babel._sa.acme.example. NOERROR'])
    })
  }

  it('is refused where its KEY is not known', async () => {
    const { outcome } = await registered(sig0Signer(newKeyPair(BABEL, 15)), {})
    assert.equal(reasonOf(outcome), 'refused: REFUSED')
  })

  it('signs under another name where it is told to', async () => {
    const pair = newKeyPair(Name.parse('key.example'), 13)
    const { own } = sig0Signer(pair)
    assert.equal(own.name.toString(), 'key.example.')
    const { registrar } = await registered(own.as(BABEL), {}, pair.record.rdata)
    assert.deepEqual(registrar.seen, ['proven sig0 babel._sa.acme.example. NOERROR'])
  })

  it('is not good for ever: its times end after five minutes (RFC 2931 3.3)', async () => {
    const pair = newKeyPair(BABEL, 15)
    for (const [aheadMs, wanted] of [[290_000, 'done'], [310_000, 'refused: REFUSED'], [-310_000, 'refused: REFUSED']] as const) {
      assert.equal(reasonOf((await registered(sig0Signer(pair), { aheadMs }, pair.record.rdata)).outcome), wanted, String(aheadMs))
    }
  })

  it('believes a response that the server\'s KEY signed, and no other, where it knows that KEY (RFC 2931 3.1)', async () => {
    const pair = newKeyPair(BABEL, 15)
    const [server, stranger] = [newKeyPair(Name.parse('ns.example'), 13), newKeyPair(Name.parse('ns.example'), 13)]
    const ownKey: Sig0Key = { name: server.record.name, algorithm: 13, privateKey: server.privateKey, rdata: server.record.rdata }
    let readings = 0
    const signer = (serverKey: Uint8Array, nowMs = Date.now) => sig0Signer(pair, { serverKey, nowMs })
    const cases: [ChangeSigner, RegistrarOptions, RegExp][] = [
      [signer(server.record.rdata), { ownKey }, /^done$/],
      [signer(server.record.rdata), {}, /it is not signed$/],
      [signer(stranger.record.rdata), { ownKey }, /it is signed with another key$/],
      [signer(server.record.rdata), { ownKey, corrupt: (octets) => octets.with(octets.length - 1, octets[octets.length - 1] ^ 1) }, /it is wrong$/],
      [signer(server.record.rdata, () => Date.now() + (readings++ === 0 ? 0 : 700_000)), { ownKey }, /it is too old, or from the future$/],
    ]
    for (const [one, options, wanted] of cases) assert.match(reasonOf((await registered(one, options, pair.record.rdata)).outcome), wanted)
  })

  it('needs no signed response where nobody has told it the server\'s KEY, as in SRP', async () => {
    const pair = newKeyPair(BABEL, 15)
    const { outcome } = await registered(sig0Signer(pair), {}, pair.record.rdata)
    assert.equal(outcome.kind, 'done')
  })

  it('cannot be made of a zone\'s key (RFC 3445 4)', () => {
    assert.throws(() => sig0Signer(newKeyPair(Name.parse('acme.example'), 15, 'zone')), /Cannot sign messages as the key of acme\.example\. is a zone's/)
  })
})

// ---- Key files ----

const folder = mkdtempSync(join(tmpdir(), 'waggle-signers-'))
after(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

function writePair(base: string, pair: KeyPair): string {
  write(`${base}.key`, printPublicFile(pair))
  write(`${base}.private`, printPrivateFile(pair, '20261125203729'))
  return join(folder, base)
}

describe('a signer from a file', () => {
  it('signs by TSIG where the file holds a secret in any tool\'s form, whatever the file is called', async () => {
    const secret = Buffer.from(KEY.secret).toString('base64')
    const forms: [string, string][] = [
      ['a.tsig', printBindKey(KEY)],
      ['agents.key', `# for babel\n${printBindKey(KEY)}`],
      ['knot', printKnotKey(KEY)],
      ['one-line', `key agents-key { algorithm "hmac-sha256"; secret "${secret}"; };`],
    ]
    for (const [name, text] of forms) {
      const { registrar } = await registered(await signerFromFile(write(name, text)), { keys: [KEY] })
      assert.deepEqual(registrar.seen, ['proven tsig agents-key. NOERROR'], name)
    }
  })

  it('signs by SIG(0) where it is one of a pair of files, or their common name', async () => {
    const pair = newKeyPair(BABEL, 13)
    const base = writePair('Kbabel.+013+00001', pair)
    for (const file of [base, `${base}.key`, `${base}.private`]) {
      const { registrar } = await registered(await signerFromFile(file), {}, pair.record.rdata)
      assert.deepEqual(registrar.seen, ['proven sig0 babel._sa.acme.example. NOERROR'], file)
    }
  })

  it('takes the server\'s KEY along', async () => {
    const pair = newKeyPair(BABEL, 15)
    const signer = await signerFromFile(writePair('Kchecked', pair), { serverKey: newKeyPair(BABEL, 15).record.rdata })
    assert.match(reasonOf((await registered(signer, {}, pair.record.rdata)).outcome), /it is not signed/)
  })

  it('reads the public file with comments, a TTL and without a class', async () => {
    const pair = newKeyPair(BABEL, 15)
    const base = writePair('Kcommented', pair)
    for (const text of [`; a key\n${printPublicFile(pair)}`, printPublicFile(pair).replace(' IN', ' 3600 IN'), printPublicFile(pair).replace(' IN', '')]) {
      write('Kcommented.key', text)
      assert.ok('privateKey' in (await readKeyFile(`${base}.key`)), text)
    }
  })

  it('is refused with the place of the fault', async () => {
    const [one, other] = [newKeyPair(BABEL, 13), newKeyPair(BABEL, 13)]
    const mixed = writePair('Kmixed', one)
    write('Kmixed.private', printPrivateFile(other, '20261125203729'))
    write('Kalone.key', printPublicFile(one))
    const zone = writePair('Kzone', newKeyPair(BABEL, 13, 'zone'))
    write('Korphan.private', printPrivateFile(one, '20261125203729'))
    const cases: [string, RegExp][] = [
      [join(folder, 'none'), /none:1:1: Cannot read key file: no such file or directory$/],
      [`${mixed}.key`, /Kmixed\.private:3:1: Cannot read private key as it does not belong to the \.key file$/],
      [join(folder, 'Kalone.key'), /Kalone\.private:1:1: Cannot read key file: no such file or directory$/],
      [join(folder, 'Korphan.private'), /Korphan\.key:1:1: Cannot read key file: no such file or directory$/],
      [zone, /Kzone\.key:1:1: Cannot sign messages as the key is a zone's.*`waggle keygen sig0`$/],
      [write('empty', ''), /empty:1:1: Cannot read TSIG key as it must be a key block/],
      [write('md5', 'hmac-md5:k:AAAA'), /md5:1:1: Cannot use algorithm "hmac-md5" as it is not served/],
      [write('long', 'x'.repeat(MAX_KEY_FILE_OCTETS + 1)), /long:1:1: Cannot read key file as it is longer than 65536 octets$/],
      [folder, /Cannot read key file: illegal operation on a directory$/],
    ]
    for (const [file, wanted] of cases) await assert.rejects(signerFromFile(file), (fault) => fault instanceof TextFault && wanted.test(fault.toString()), file)
  })

  it('is refused where the file may not be read', { skip: process.getuid?.() === 0 ? 'root reads every file' : false }, async () => {
    mkdirSync(join(folder, 'shut'))
    chmodSync(write('shut/key', printBindKey(KEY)), 0)
    await assert.rejects(signerFromFile(join(folder, 'shut/key')), /permission denied/)
  })
})

describe('new keys', () => {
  it('are as long as their hash, and never the same twice', () => {
    for (const algorithm of TSIG_ALGORITHMS) {
      const [one, other] = [newTsigKey(BABEL, algorithm), newTsigKey(BABEL, algorithm)]
      assert.equal(one.secret.length, algorithm.digestOctets)
      assert.notDeepEqual(one.secret, other.secret)
    }
    assert.notDeepEqual(newKeyPair(BABEL, 15).record.rdata, newKeyPair(BABEL, 15).record.rdata)
  })

  it('have the flags of their use: messages 0, zone 256, keys 257 (RFC 4034 2.1.1)', () => {
    for (const [use, flags, type] of [['message', 0, 25], ['zone', 256, 48], ['entry', 257, 48]] as const) {
      const { record } = newKeyPair(BABEL, 13, use)
      assert.deepEqual([record.rdata[0] * 256 + record.rdata[1], record.type], [flags, type])
    }
  })

  it('have an RSA modulus of 2,048 bits', () => {
    assert.equal(newKeyPair(BABEL, 8).privateKey.asymmetricKeyDetails?.modulusLength, 2_048)
    assert.throws(() => newKeyPair(BABEL, 5), /Cannot make a key of algorithm 5/)
  })
})
