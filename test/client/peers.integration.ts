/**
 * Clients and keys beside the tools of others: registrations taken by BIND, a server that knows nothing of agents, and read back by
 * dig; our keys in the hands of nsupdate, knsupdate, dig and kdig, and theirs (tsig-keygen, keymgr, dnssec-keygen) in ours.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Agent } from '../../src/client/agent.ts'
import { newTsigKey } from '../../src/client/new-keys.ts'
import { readKeyFile, signerFromFile } from '../../src/client/signers.ts'
import { Name } from '../../src/dns/name.ts'
import { parsePublicFile } from '../../src/dnssec/key-files.ts'
import { printAlgorithm, SERVED_ALGORITHMS } from '../../src/dnssec/public-key.ts'
import { printBindKey } from '../../src/dnssec/tsig-text.ts'
import { freePort } from '../battery/peers.ts'
import { run as waggle } from '../cli/running.ts'
import { algorithmOf } from '../dnssec/signed.ts'
import { missing, run, scratchFolder, toolEnvironment } from '../dnssec/tools.ts'
import { startRegistrar } from './registrar.ts'

const folder = scratchFolder()
const OURS = join(folder, 'agents-key.tsig')
const THEIRS = join(folder, 'theirs.key')
const noBind = missing('named', 'dig', 'nsupdate', 'tsig-keygen')
let named: ChildProcess | undefined
let port = 0

before(async () => {
  if (noBind !== false) return
  assert.equal((await waggle('keygen', 'tsig', 'agents-key', '-o', folder)).code, 0)
  const { out } = await run('tsig-keygen', ['-a', 'hmac-sha512', 'theirs.example'])
  writeFileSync(THEIRS, out)
  port = await freePort()
  writeFileSync(join(folder, 'zone'), '$TTL 60\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n')
  // an address below _sa is no host name, which BIND refuses unless told not to
  writeFileSync(join(folder, 'named.conf'), `include "${OURS}"; include "${THEIRS}";
options { directory "${folder}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; pid-file "${folder}/named.pid"; session-keyfile "${folder}/session"; dnssec-validation no; notify no; };
controls { };
zone "acme.example" { type primary; file "${folder}/zone"; check-names ignore; allow-update { key "agents-key"; key "theirs.example"; }; };`)
  named = spawn('named', ['-g', '-c', join(folder, 'named.conf')], { env: toolEnvironment, stdio: 'ignore' })
  for (let tries = 0; tries < 100 && (await short('acme.example', 'SOA')) === ''; tries++) await new Promise((resolve) => setTimeout(resolve, 50))
})

after(async () => {
  if (named === undefined || named.exitCode !== null) return
  named.kill('SIGKILL')
  await once(named, 'exit')
})

async function short(name: string, type: string): Promise<string> {
  const { out } = await run('dig', ['@127.0.0.1', '-p', String(port), name, type, '+short', '+tries=1', '+time=1'])
  return /^;;/m.test(out) ? '' : out.trim()
}

const CAPABILITY = 'v2.translate.text.nlp'
const flags = (key: string, id: string): string[] => ['-s', `127.0.0.1:${port}`, '-k', key, '--provider', 'acme.example', '--id', id, '--address', '192.0.2.10', '--capability', `${CAPABILITY} latency=180ms`]

describe('BIND, which knows nothing of agents', { skip: noBind }, () => {
  for (const [whose, key, id] of [['waggle keygen', OURS, 'babel'], ['tsig-keygen', THEIRS, 'polyglot']]) {
    it(`takes a registration signed by a key of ${whose}, and its withdrawal (RFC 2136, RFC 8945)`, async () => {
      const registered = await waggle('register', ...flags(key, id))
      assert.equal(registered.code, 0, registered.err)
      assert.match(registered.out, /lease {7}none: this server keeps it until it is withdrawn/)
      assert.equal(await short(`${id}._sa.acme.example`, 'A'), '192.0.2.10')
      assert.match(await short(`${CAPABILITY}._cap.acme.example`, 'TYPE65440'), /^\\# \d+ 0001/)
      assert.equal((await waggle('withdraw', ...flags(key, id))).code, 0)
      assert.equal(await short(`${id}._sa.acme.example`, 'A'), '')
      assert.equal(await short(`${CAPABILITY}._cap.acme.example`, 'TYPE65440'), '')
    })
  }

  it('refuses another key in words that help', async () => {
    const stranger = join(folder, 'stranger.tsig')
    writeFileSync(stranger, printBindKey(newTsigKey(Name.parse('stranger'), algorithmOf('hmac-sha256'))))
    assert.match((await waggle('register', ...flags(stranger, 'babel'))).err, /the server knows no key stranger\. of that algorithm \(BADKEY\)\n$/)
    writeFileSync(stranger, printBindKey(newTsigKey(Name.parse('agents-key'), algorithmOf('hmac-sha256'))))
    assert.match((await waggle('register', ...flags(stranger, 'babel'))).err, /the server has another secret for key agents-key\. \(BADSIG\)\n$/)
    assert.match((await waggle('register', ...flags(OURS, 'babel').filter((flag) => flag !== '-k' && flag !== OURS))).err, /refuses: REFUSED\n$/)
  })

  it('is renewed, changed and left by the library', async () => {
    const agent = new Agent({ server: `127.0.0.1:${port}`, signer: await signerFromFile(OURS), provider: 'acme.example', id: 'hermes', addresses: ['192.0.2.20'], capabilities: [{ name: 'v1.carry' }] })
    await agent.register()
    await agent.change({ addresses: ['192.0.2.21'] })
    assert.equal(await short('hermes._sa.acme.example', 'A'), '192.0.2.21')
    await agent.withdraw()
    assert.equal(await short('hermes._sa.acme.example', 'A'), '')
  })
})

describe('keys of ours in other tools', { skip: noBind }, () => {
  const script = () => `server 127.0.0.1 ${port}\nzone acme.example.\nupdate delete x.acme.example. A\nupdate add x.acme.example. 60 A 192.0.2.1\nsend\n`

  it('sign updates of nsupdate -k, which BIND takes', async () => {
    const { code, out } = await run('nsupdate', ['-k', OURS], script())
    assert.equal(code, 0, out)
    assert.equal(await short('x.acme.example', 'A'), '192.0.2.1')
  })

  it('printed to standard output are a key file for nsupdate -k', async () => {
    const printed = await waggle('keygen', 'tsig', 'other-key')
    const file = join(folder, 'printed')
    writeFileSync(file, printed.out)
    const { code, out } = await run('nsupdate', ['-k', file], script())
    assert.equal(code, 2)
    assert.match(out, /BADKEY|NOTAUTH/, 'it was read, and signed with')
  })

  it('sign queries of dig -k', async () => {
    const { out } = await run('dig', ['@127.0.0.1', '-p', String(port), '-k', OURS, 'acme.example', 'SOA'])
    assert.match(out, /status: NOERROR[\s\S]*TSIG\s+hmac-sha256\. .* NOERROR/)
  })

  it('sign for Knot\'s tools, kdig -k and knsupdate -k', { skip: missing('kdig', 'knsupdate') }, async () => {
    const knot = join(folder, 'agents-key.knot')
    const { out } = await run('kdig', ['@127.0.0.1', '-p', String(port), '-k', knot, 'acme.example', 'SOA'])
    assert.match(out, /status: NOERROR/)
    assert.doesNotMatch(out, /WARNING|;; ERROR/)
    const updated = await run('knsupdate', ['-k', knot], script())
    assert.equal(updated.code, 0, updated.out)
  })
})

describe('keys of Knot', { skip: missing('keymgr') }, () => {
  it('by keymgr --tsig are read', async () => {
    const { out } = await run('keymgr', ['-t', 'knots-key', 'hmac-sha384'])
    const file = join(folder, 'knots.conf')
    writeFileSync(file, out.split('\n')[0].replace(/^# /, ''))
    const key = await readKeyFile(file)
    assert.ok('secret' in key && key.algorithm.mnemonic === 'hmac-sha384' && key.name.toString() === 'knots-key.', out)
  })
})

describe('pairs for SIG(0), which this BIND only makes and signs with (RFC 2931)', () => {
  for (const algorithm of SERVED_ALGORITHMS) {
    const mnemonic = printAlgorithm(algorithm) ?? ''

    it(`of ours sign updates of nsupdate -k: ${mnemonic}`, { skip: missing('nsupdate') }, async () => {
      const base = (await waggle('keygen', 'sig0', `ours-${algorithm}.example`, '-a', mnemonic, '-o', folder)).out.trim()
      const { name, rdata } = parsePublicFile(readFileSync(`${base}.key`, 'utf8'), base)
      const registrar = await startRegistrar({ known: new Map([[name.toString(), rdata]]) })
      for (const file of [base, `${base}.private`, `${base}.key`]) {
        const { code, out } = await run('nsupdate', ['-k', file], `server 127.0.0.1 ${registrar.port}\nzone example.\nupdate add x.example. 60 A 192.0.2.1\nsend\n`)
        assert.equal(code, 0, out)
        assert.equal(registrar.seen.at(-1), `proven sig0 ours-${algorithm}.example. NOERROR`)
      }
      registrar.close()
    })

    it(`of dnssec-keygen sign our registrations: ${mnemonic}`, { skip: missing('dnssec-keygen') }, async () => {
      const size = algorithm <= 10 ? ['-b', '2048'] : []
      const { code, out } = await run('dnssec-keygen', ['-q', '-T', 'KEY', '-n', 'HOST', '-a', mnemonic, ...size, `bind-${algorithm}._sa.acme.example`], '', folder)
      assert.equal(code, 0, out)
      const registrar = await startRegistrar({ grant: { lease: 60, keyLease: 600 } })
      const done = await waggle('register', '-s', registrar.server, '-k', join(folder, out.trim()), '--provider', 'acme.example', '--id', `bind-${algorithm}`, '--capability', 'v1.x')
      registrar.close()
      assert.equal(done.code, 0, done.err)
      assert.deepEqual(registrar.seen, [`proven sig0 bind-${algorithm}._sa.acme.example. NOERROR`])
    })
  }

  it('of dnssec-keygen for a zone are refused as signers of messages (RFC 3445 4)', { skip: missing('dnssec-keygen') }, async () => {
    const { out } = await run('dnssec-keygen', ['-q', '-a', 'ECDSAP256SHA256', 'acme.example'], '', folder)
    await assert.rejects(signerFromFile(join(folder, out.trim())), /Cannot sign messages as the key is a zone's/)
  })

  it('of ours for a zone are those that dnssec-signzone signs with', { skip: missing('dnssec-signzone') }, async () => {
    const zone = join(folder, 'signed')
    const bases: string[] = []
    for (const more of [[], ['--ksk']]) bases.push((await waggle('keygen', 'dnssec', 'sign.example', '-o', folder, ...more)).out.trim())
    const keys = bases.map((base) => readFileSync(`${base}.key`, 'utf8')).join('')
    writeFileSync(zone, `$TTL 60\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n${keys}`)
    const { code, out } = await run('dnssec-signzone', ['-o', 'sign.example', '-K', folder, zone, ...bases], '', folder)
    assert.equal(code, 0, out)
    assert.match(out, /fully signed/)
  })
})
