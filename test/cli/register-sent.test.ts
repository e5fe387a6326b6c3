/**
 * What register and withdraw send and print where a server answers: grants as columns and as JSON, refusals in the server's
 * words, servers that lie or fall silent. The server is a small registrar on loopback that proves signatures.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { selfCertifyingId } from '../../src/discovery/identifier/agent.ts'
import { RCODE } from '../../src/dns/codes.ts'
import { findSignature, withoutSignature, type SignatureRecord } from '../../src/dnssec/signed-message.ts'
import { startRegistrar, type Behaviour, type Registrar } from '../client/registrar.ts'
import { pairIn, secretIn } from './keys.ts'
import { run, scratch, type Ran } from './running.ts'

const { write } = scratch()
const { secret: tsigKey, file: tsig } = secretIn(write, 'agents-key')
const { file: foreign } = secretIn(write, 'foreign-key')
const { pair, file: own } = pairIn(write, 'laptop.example')
const OWN_NAME = `${selfCertifyingId(pair.record.rdata)}._sa.acme.example.`
const BABEL = 'babel._sa.acme.example.'
const USUAL: Behaviour = { grant: { lease: 600, keyLease: 86_400 }, refusal: undefined, waits: undefined, rcode: RCODE.NOERROR, isSilent: false, isSilentOnUdp: false, lost: 0, corrupt: (octets) => octets }

let registrar: Registrar
before(async () => {
  registrar = await startRegistrar({ keys: [tsigKey] })
})
after(() => registrar.close())
beforeEach(() => {
  Object.assign(registrar, USUAL)
  registrar.records.clear()
  registrar.seen.length = registrar.leases.length = 0
})

const OFFER = ['--provider', 'acme.example', '--address', '192.0.2.10', '--capability', 'v1.ocr.vision latency=1s']

function ask(command: 'register' | 'withdraw', ...args: string[]): Promise<Ran> {
  return run(command, '-s', registrar.server, '--tries', '1', ...OFFER, ...args)
}

describe('register', () => {
  const byTsig = ['-k', tsig, '--id', 'babel']

  it('prints what was granted in columns, the capabilities last', async () => {
    const { code, out, err } = await ask('register', ...byTsig)
    assert.deepEqual([code, err], [0, ''])
    assert.deepEqual(out.trimEnd().split('\n').map((line) => line.split(/ {2,}/)), [
      ['agent', BABEL], ['server', registrar.server], ['lease', '600 s, to be renewed before (waggle renew)'], ['key lease', '86400 s'], ['capability', 'v1.ocr.vision._cap.acme.example.'],
    ])
    assert.deepEqual(registrar.seen, ['proven tsig agents-key. NOERROR'])
    assert.deepEqual([...registrar.records], [`${BABEL} 60 IN A 192.0.2.10`, `v1.ocr.vision._cap.acme.example. 60 IN AGENT 1 ${BABEL} latency=1s`])
  })

  const GRANTS: [what: string, grant: Behaviour['grant'], flags: string[], lease: number | null, keyLease: number | null][] = [
    ['the server\'s bounds', { lease: 600, keyLease: 86_400 }, [], 600, 86_400],
    ['what was asked for, where that is less', { lease: 600, keyLease: 86_400 }, ['--lease', '60', '--key-lease', '90'], 60, 90],
    ['nothing, where the server knows no leases', undefined, [], null, null],
  ]
  for (const [what, grant, flags, lease, keyLease] of GRANTS) {
    it(`as JSON tells ${what}`, async () => {
      registrar.grant = grant
      const { code, out, err } = await ask('register', ...byTsig, ...flags, '--json')
      assert.deepEqual([code, err, out.at(-1)], [0, '', '\n'])
      assert.deepEqual(JSON.parse(out), { agent: BABEL, server: registrar.server, lease, keyLease, capabilities: ['v1.ocr.vision._cap.acme.example.'] })
    })
  }

  it('warns of what is not answered before another is there, and is done', async () => {
    registrar.waits = 'v1.ocr.vision._cap.acme.example. waits for v1.words._cap.acme.example.'
    for (const flag of [[], ['--json']]) {
      const { code, out, err } = await ask('register', ...byTsig, ...flag)
      assert.deepEqual([code, err], [0, `waggle: ${BABEL} is registered, but ${registrar.waits}\n`])
      if (flag.length > 0) assert.equal((JSON.parse(out) as { waits: string }).waits, registrar.waits)
    }
    registrar.waits = 'v1.words._cap.acme.example.'
    assert.match((await ask('register', ...byTsig)).err, /is registered, but it waits for v1\.words\._cap\.acme\.example\.\n$/)
    registrar.waits = 'a waits for \u001b]0;b\u0007'
    assert.match((await ask('register', ...byTsig)).err, /is registered, but a waits for \.\]0;b\.\n$/)
    registrar.waits = ''
    assert.match((await ask('register', ...byTsig)).err, /is registered, but it waits for what it depends on\n$/)
  })

  it('says that a server without leases keeps what it was told', async () => {
    registrar.grant = undefined
    assert.match((await ask('register', ...byTsig)).out, /\nlease +none: this server keeps it until it is withdrawn\n(?!key lease)/)
  })

  it('asks for two hours and fourteen days unless told, and never for a key lease below the lease', async () => {
    const CASES: [flags: string[], lease: number, keyLease: number][] = [[[], 7_200, 1_209_600], [['--lease', '2000000'], 2_000_000, 2_000_000], [['--lease', '1', '--key-lease', '1'], 1, 1]]
    for (const [flags] of CASES) assert.equal((await ask('register', ...byTsig, ...flags)).code, 0)
    assert.deepEqual(registrar.leases, CASES.map(([, lease, keyLease]) => ({ lease, keyLease })))
  })

  it('with a KEY of its own brings it along and signs by it', async () => {
    const { code, out, err } = await ask('register', '-k', own)
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, new RegExp(`^agent +${OWN_NAME.replaceAll('.', '\\.')}\n`))
    assert.deepEqual(registrar.seen, [`proven sig0 ${OWN_NAME} NOERROR`])
    assert.ok([...registrar.records].some((record) => record.startsWith(`${OWN_NAME} 60 IN KEY `)))
  })

  it('goes over TCP where that is wanted, or UDP brings nothing', async () => {
    registrar.isSilentOnUdp = true
    assert.equal((await ask('register', ...byTsig, '--tcp')).code, 0)
    assert.equal((await ask('register', ...byTsig, '--timeout', '300')).code, 0)
    assert.equal(registrar.seen.length, 2)
  })
})

/** The response without its signature, as who cannot sign would forge it. */
function withoutTsig(octets: Uint8Array): Uint8Array {
  const { at } = findSignature(octets) as SignatureRecord
  return withoutSignature(octets, at)
}

const FAILURES: [what: string, behaviour: Partial<Behaviour>, key: string[], wanted: RegExp][] = [
  ['refuses with words', { refusal: 'no grant for babel' }, ['-k', tsig], / refuses: REFUSED: no grant for babel\n$/],
  ['refuses with words that would play with a terminal (RFC 8914 6)', { refusal: 'no\u001b[31m grant\n' }, ['-k', tsig], / refuses: REFUSED: no\.\[31m grant\.\n$/],
  ['refuses without words', { rcode: RCODE.NOTAUTH }, ['-k', tsig], / refuses: NOTAUTH\n$/],
  ['says YXDOMAIN: the name is another\'s', { rcode: RCODE.YXDOMAIN }, ['-k', tsig], / refuses: YXDOMAIN\n$/],
  ['does not know the key', {}, ['-k', foreign], /: the server knows no key foreign-key\. of that algorithm \(BADKEY\)\n$/],
  ['is silent', { isSilent: true }, ['-k', tsig, '--timeout', '200'], /no good answer from 127\.0\.0\.1:\d+: none came within 200 ms over TCP\n$/],
  ['answers with a signature that is broken', { corrupt: (octets) => octets.with(octets.length - 10, octets[octets.length - 10] ^ 1) }, ['-k', tsig], /: the answer's signature is not good: its MAC is wrong\n$/],
  ['answers without a signature', { corrupt: withoutTsig }, ['-k', tsig, '--timeout', '300'], /: the answer's signature is not good: it is not signed\n$/],
]
for (const command of ['register', 'withdraw'] as const) {
  describe(`${command} fails where the server`, () => {
    for (const [what, behaviour, key, wanted] of FAILURES) {
      it(what, async () => {
        Object.assign(registrar, behaviour)
        const { code, out, err } = await ask(command, ...key, '--id', 'babel')
        assert.deepEqual([code, out], [1, ''])
        assert.ok(err.startsWith(`waggle: Cannot ${command} ${BABEL} as `) && err.endsWith('\n'), err)
        assert.match(err, wanted)
        assert.deepEqual([...registrar.records].length > 0, behaviour.corrupt !== undefined && command === 'register')
      })
    }
  })
}

describe('withdraw', () => {
  it('takes everything back, the KEY too', async () => {
    for (const key of [['-k', own], ['-k', tsig, '--id', 'babel']]) {
      assert.equal((await ask('register', ...key)).code, 0)
      assert.ok(registrar.records.size > 0)
      assert.deepEqual(await ask('withdraw', ...key), { code: 0, out: `${key.length === 2 ? OWN_NAME : BABEL} is withdrawn\n`, err: '' })
      assert.deepEqual([...registrar.records], [])
      assert.equal(registrar.leases.at(-1)?.lease, 0)
    }
  })

  it('leaves the KEY where the name is to be kept', async () => {
    assert.equal((await ask('register', '-k', own)).code, 0)
    assert.equal((await ask('withdraw', '-k', own, '--keep-name')).code, 0)
    assert.deepEqual([...registrar.records].map((record) => record.split(' ').slice(0, 4).join(' ')), [`${OWN_NAME} 60 IN KEY`])
    assert.deepEqual(registrar.leases.at(-1), { lease: 0, keyLease: 1_209_600 })
  })

  const WRONG: [args: string[], code: number, wanted: RegExp][] = [
    [['--lease', '0'], 2, /must be a number from 1 to 2147483647/],
    [['--keep-nam'], 2, /unknown option '--keep-nam'/],
    [['--id', 'ba bel'], 2, /^waggle: Cannot use --id "ba bel" as it must be one label/],
    [['--id', 'babel', '-k', write('none.tsig', 'nothing here\n')], 1, /none\.tsig:1:\d+: Cannot /],
    [['-f', write('bad.yaml', 'idd: babel\n')], 1, /bad\.yaml:1:1: Cannot use key "idd" .*did you mean "id"\?/],
  ]
  for (const [args, code, wanted] of WRONG) {
    it(`called with ${args[0]} ${code === 1 ? 'of a bad file' : (args[1] ?? 'misspelt')} ends with ${code} and sends nothing`, async () => {
      const ran = await ask('withdraw', ...args)
      assert.match(ran.err, wanted)
      assert.deepEqual([ran.code, ran.out, registrar.seen], [code, '', []])
    })
  }
})
