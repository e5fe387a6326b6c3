/**
 * `waggle keygen`: keys that only their owner can read, in files that are never written over, and that read back as what was asked for.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseDocument } from 'yaml'
import { readKeyFile } from '../../src/client/signers.ts'
import { certifies } from '../../src/discovery/identifier/agent.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { keyFileName, parsePublicFile } from '../../src/dnssec/key-files.ts'
import { SERVED_ALGORITHMS, printAlgorithm } from '../../src/dnssec/public-key.ts'
import { TSIG_ALGORITHMS } from '../../src/dnssec/tsig-algorithms.ts'
import { parseTsigKey } from '../../src/dnssec/tsig-text.ts'
import { parseConfig } from '../../src/ops/config.ts'
import { run, scratch } from './running.ts'

const { folder, write } = scratch()
let folders = 0

/** An empty folder that is not there yet. */
function fresh(): string {
  return join(folder, `d${++folders}`, 'keys')
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

describe('keygen tsig', () => {
  it('prints a text that is a key file as it stands, with lines for the config and for Knot\'s tools', async () => {
    const { code, out, err } = await run('keygen', 'tsig', 'Agents-Key')
    assert.deepEqual([code, err], [0, ''])
    const key = await readKeyFile(write('printed', out))
    assert.ok('secret' in key)
    assert.deepEqual([key.name.toString(), key.algorithm.mnemonic, key.secret.length], ['Agents-Key.', 'hmac-sha256', 32])
    const line = out.split('\n').find((text) => text.includes('hmac-sha256:'))?.slice(2) ?? ''
    assert.deepEqual(parseTsigKey(line, 'knot'), key)
    const yaml = out.split('\n').slice(0, 2).map((text) => text.slice(2)).join('\n')
    const [inConfig] = (parseDocument(yaml).toJS() as { keys: { name: string; algorithm: string; secret: string }[] }).keys
    assert.deepEqual(inConfig, { name: 'Agents-Key.', algorithm: 'hmac-sha256', secret: Buffer.from(key.secret).toString('base64') })
    assert.deepEqual(parseConfig(yaml, 'w.yaml').findings.filter(({ severity }) => severity === 'error'), [])
  })

  it('makes secrets of every algorithm, as long as its hash', async () => {
    for (const { mnemonic, digestOctets } of TSIG_ALGORITHMS) {
      const { out } = await run('keygen', 'tsig', 'k', '--algorithm', mnemonic)
      const key = parseTsigKey(out, 'k')
      assert.deepEqual([key.algorithm.mnemonic, key.secret.length], [mnemonic, digestOctets])
    }
  })

  it('writes files for their owner only, and prints the line of the config', async () => {
    const output = fresh()
    const { code, out } = await run('keygen', 'tsig', 'Agents-Key.example', '-a', 'sha512', '-o', output)
    assert.equal(code, 0)
    assert.deepEqual(readdirSync(output).sort(), ['agents-key.example.knot', 'agents-key.example.tsig'])
    const keys = readdirSync(output).map((file) => parseTsigKey(readFileSync(join(output, file), 'utf8'), file))
    assert.deepEqual(keys[0], keys[1])
    for (const file of readdirSync(output)) assert.equal(modeOf(join(output, file)), '600')
    assert.deepEqual((parseDocument(out).toJS() as { name: string }[]).map(({ name }) => name), ['Agents-Key.example.'])
    assert.ok(out.includes(`# ${output}/agents-key.example.tsig: nsupdate -k`))
  })

  it('never writes over a key, and leaves nothing half-done', async () => {
    const output = fresh()
    mkdirSync(output, { recursive: true })
    writeFileSync(join(output, 'k.knot'), 'mine')
    const { code, out, err } = await run('keygen', 'tsig', 'k', '-o', output)
    assert.deepEqual([code, out, err], [1, '', `waggle: Cannot write ${output}/k.knot: file already exists\n`])
    assert.deepEqual(readdirSync(output), ['k.knot'])
    assert.equal(readFileSync(join(output, 'k.knot'), 'utf8'), 'mine')
  })

  it('does not write through a link', async () => {
    const output = fresh()
    mkdirSync(output, { recursive: true })
    symlinkSync(join(output, 'elsewhere'), join(output, 'k.tsig'))
    assert.equal((await run('keygen', 'tsig', 'k', '-o', output)).code, 1)
    assert.ok(!existsSync(join(output, 'elsewhere')))
  })

  it('keeps the root\'s file name, and octets that a file name should not hold escaped', async () => {
    const output = fresh()
    for (const name of ['.', 'a/b', 'x\\000y']) assert.equal((await run('keygen', 'tsig', name, '-o', output)).code, 0, name)
    assert.deepEqual(readdirSync(output).filter((file) => file.endsWith('.tsig')).sort(), ['..tsig', 'a%2Fb.tsig', 'x%5C000y.tsig'])
  })
})

describe('keygen sig0', () => {
  for (const algorithm of SERVED_ALGORITHMS) {
    const mnemonic = printAlgorithm(algorithm) ?? ''
    it(`makes a pair that signs messages: ${mnemonic} (RFC 2931)`, async () => {
      const output = fresh()
      const { code, out, err } = await run('keygen', 'sig0', 'babel._sa.acme.example', '-a', mnemonic.toLowerCase(), '-o', output)
      assert.deepEqual([code, err], [0, ''])
      const base = out.trim()
      const key = await readKeyFile(base)
      assert.ok('privateKey' in key)
      assert.equal(base, join(output, keyFileName(key.record)))
      assert.deepEqual([...key.record.rdata.subarray(0, 4)], [0, 0, 3, algorithm])
      assert.deepEqual([modeOf(`${base}.private`), modeOf(`${base}.key`)], ['600', '644'])
    })
  }

  it('is of ECDSAP256SHA256 unless told, which every registrar knows (RFC 9665 6.6)', async () => {
    assert.match((await run('keygen', 'sig0', 'a.example', '-o', fresh())).out, /\/Ka\.example\.\+013\+\d{5}\n$/)
  })

  it('names the key for the agent that is known by it', async () => {
    const { out } = await run('keygen', 'sig0', '--agent', 'acme.example', '-o', fresh())
    const key = await readKeyFile(out.trim())
    assert.ok('privateKey' in key)
    const [id, mark, ...provider] = key.record.name.toString().split('.')
    assert.deepEqual([mark, provider.join('.')], ['_sa', 'acme.example.'])
    assert.equal(certifies(id, key.record.rdata), 'certified')
  })

  it('makes a second pair beside the first', async () => {
    const output = fresh()
    for (let i = 0; i < 3; i++) assert.equal((await run('keygen', 'sig0', 'a.example', '-o', output)).code, 0)
    assert.equal(readdirSync(output).length, 6)
  })

  it('says where nothing can be written', async () => {
    const file = write('a-file', '')
    for (const args of [['sig0', 'a.example'], ['dnssec', 'a.example'], ['tsig', 'a']]) {
      const { code, out, err } = await run('keygen', ...args, '-o', file)
      assert.deepEqual([code, out], [1, ''])
      assert.match(err, /^waggle: Cannot write .*a-file: file already exists\n$/)
    }
  })
})

describe('keygen dnssec', () => {
  it('makes keys for zones: 256, and 257 where it signs keys (RFC 4034 2.1.1)', async () => {
    for (const [flag, wanted] of [[[], 256], [['--ksk'], 257]] as const) {
      const { out } = await run('keygen', 'dnssec', 'acme.example', ...flag, '-o', fresh())
      const { type, rdata } = parsePublicFile(readFileSync(`${out.trim()}.key`, 'utf8'), 'k')
      assert.deepEqual([type, rdata[0] * 256 + rdata[1]], [TYPE.DNSKEY, wanted])
      await assert.rejects(readKeyFile(out.trim()), /Cannot sign messages as the key is a zone's/)
    }
  })
})

describe('keygen called wrongly', () => {
  it('says what it would take, and makes nothing', async () => {
    const output = fresh()
    const cases: [string[], RegExp][] = [
      [['tsig', 'k', '-a', 'hmac-md5'], /^waggle: Cannot use algorithm "hmac-md5" as it is not served \(RFC 8945 6: MUST NOT be used\); use hmac-sha256\n$/],
      [['tsig', 'k', '-a', 'hmac-sha265'], /must be one of hmac-sha1, .*; did you mean "hmac-sha256"\?\n$/],
      [['tsig', 'a..b'], /^waggle: Cannot parse name "a\.\.b" as it must not hold an empty label\n$/],
      [['sig0', 'a..b'], /^waggle: Cannot parse name "a\.\.b"/],
      [['sig0', 'a', '-a', 'ED2551'], /^waggle: Cannot use algorithm "ED2551" as it must be one of RSASHA256, .*; did you mean "ED25519"\?\n$/],
      [['dnssec', 'a', '-a', 'RSAMD5'], /^waggle: Cannot use algorithm "RSAMD5"/],
      [['sig0'], /^waggle: missing required argument 'name'/],
      [['rndc', 'a'], /^waggle: unknown command 'rndc'\nCommands: keygen tsig, keygen sig0, keygen dnssec\. /],
    ]
    for (const [args, wanted] of cases) {
      const { code, out, err } = await run('keygen', ...args, ...(args.length > 1 && args[0] !== 'rndc' ? ['-o', output] : []))
      assert.match(err, wanted, args.join(' '))
      assert.deepEqual([code, out], [2, ''], args.join(' '))
    }
    assert.ok(!existsSync(output))
  })
})
