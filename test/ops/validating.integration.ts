/**
 * A validating server in a private internet whose zones are signed, served by NSD and Knot, beside Unbound and BIND that trust the
 * same root (RFC 4035 5): zones that are good, unsigned, and broken in each way that must be told (RFC 8914 4); with and without DO, AD and CD.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { EDE, OPTION, TYPE } from '../../src/dns/codes.ts'
import type { Message } from '../../src/dns/message.ts'
import { coveredType, isProof } from '../../src/resolver/rrsets.ts'
import { signZone, type Signing } from '../dnssec/zone-signer.ts'
import { leaveOut, spoil } from '../resolver/signed-internet.ts'
import { missing, PrivateInternet, gist, tell } from './private-internet.ts'
import { makeFolder, Served } from './process.ts'

const absent = missing('nsd', 'knotd', 'unbound', 'named')
const skip = absent.length > 0 ? `needs ${absent.join(', ')}` : false

const HOUR = 3_600
const NOW = Math.floor(Date.now() / 1_000)
/** Times of signatures that are good now, with more leeway than any clock needs. */
const GOOD: Signing = { inception: NOW - 24 * HOUR, expiration: NOW + 24 * HOUR }
const P256 = [{ algorithm: 13, flags: 257, which: 0 }, { algorithm: 13, flags: 256, which: 1 }]

interface Zone {
  signing?: Signing | 'unsigned'
  ds?: (own: string) => string
  edits?: (text: string) => string
}

/** Each is `www`, an alias, and wildcards below `wild` and `made`. */
const ZONES: Readonly<Record<string, Zone>> = {
  'good.': {},
  'p256.': { signing: { ...GOOD, keys: P256 } },
  'rsa.': { signing: { ...GOOD, keys: [{ algorithm: 8, flags: 257, which: 0 }] } },
  'ed448.': { signing: { ...GOOD, keys: [{ algorithm: 16, flags: 257, which: 0 }] } },
  'nsec3.': { signing: { ...GOOD, denial: 'nsec3', iterations: 0 } },
  'salted.': { signing: { ...GOOD, denial: 'nsec3', iterations: 5, salt: 'ab' } },
  'plain.': { signing: 'unsigned' },
  'odd.': { ds: (own) => own.replace(/DS (\d+) 15/, 'DS $1 253') },
  'expired.': { signing: { inception: NOW - 72 * HOUR, expiration: NOW - 48 * HOUR } },
  'future.': { signing: { inception: NOW + 48 * HOUR, expiration: NOW + 72 * HOUR } },
  'wrong.': { edits: spoil('www.wrong.', 'A') },
  'bare.': { edits: leaveOut(/^www\.bare\. .*RRSIG A /) },
  'keyless.': { edits: leaveOut(/^keyless\. .*(DNSKEY|RRSIG DNSKEY) /) },
  'stranger.': { ds: (own) => own.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) },
  'unproven.': { edits: leaveOut(/ (NSEC|RRSIG NSEC) /) },
  'leftout.': { edits: spoil('www.leftout.', 'A') },
}

const text = (apex: string, host: string): string => [`${apex} NS ns.${apex}`, `ns.${apex} A ${host}`, `www.${apex} A 192.0.2.1`, `alias.${apex} CNAME www.${apex}`, `out.${apex} CNAME www.plain.`, `*.wild.${apex} TXT "any"`, `*.made.${apex} CNAME www.${apex}`, `*.far.${apex} CNAME q.wild.${apex}`].join('\n')

/** Zones as they are served, the root last, and the DS of the root. */
function build(at: (n: number) => string): { zones: Record<string, string>; ds: string } {
  const up: string[] = ['. NS a.root.', `a.root. A ${at(1)}`]
  const zones: Record<string, string> = {}
  for (const [i, [apex, { signing = GOOD, ds = (own: string) => own, edits = (own: string) => own }]] of Object.entries(ZONES).entries()) {
    const host = at(2 + (i % 2))
    const own = text(apex, host)
    const zone = signing === 'unsigned' ? undefined : signZone(apex, own, signing)
    zones[apex] = edits(zone?.text ?? own)
    up.push(`${apex} NS ns.${apex}`, `ns.${apex} A ${host}`, ds(zone?.ds ?? ''))
  }
  const root = signZone('.', up.join('\n'), GOOD)
  return { zones: { ...zones, '.': root.text }, ds: root.ds }
}

const flags = (dnssecOk: boolean): Partial<Message> => ({ edns: { udpSize: 1232, version: 0, dnssecOk, compactOk: false, options: [] } })
const DO = flags(true)

/** RCODE and records, signatures aside, and whether they are said to be proven. */
function verdict(message: Message): string {
  const shown = gist({ ...message, answers: message.answers.filter(({ type }) => type !== TYPE.RRSIG) })
  return `${message.authenticData ? 'secure' : 'not proven'} ${shown.replaceAll('\n', ', ')}`
}

/** What stands in the authority section as a proof, signatures by what they cover; `-` where there is none. */
function proofOf({ authorities }: Message): string {
  const shown = authorities.filter(isProof).map((record) => `${record.name.key} ${record.type === TYPE.RRSIG ? `RRSIG ${coveredType(record)}` : record.type}`)
  return shown.sort().join(', ') || '-'
}

function whyOf({ edns }: Message): number | undefined {
  const told = edns?.options.find(({ code }) => code === OPTION.EDE)?.octets
  return told && Buffer.from(told).readUInt16BE()
}

const A = (apex: string, verdict = 'secure'): string => `${verdict} NOERROR, www.${apex} 0 in a 192.0.2.1`
const SERVFAIL = 'not proven SERVFAIL'

/** Questions, what all three say, and the INFO-CODE that we give. */
const SAME: [question: string, verdict: string, ede?: number][] = [
  ...['good.', 'p256.', 'rsa.', 'ed448.', 'nsec3.', 'salted.'].flatMap((apex): [string, string][] => [
    [`www.${apex} A`, A(apex)],
    [`alias.${apex} A`, `secure NOERROR, alias.${apex} 0 in cname www.${apex}, www.${apex} 0 in a 192.0.2.1`],
    [`out.${apex} A`, `not proven NOERROR, out.${apex} 0 in cname www.plain., www.plain. 0 in a 192.0.2.1`],
    [`q.wild.${apex} TXT`, `secure NOERROR, q.wild.${apex} 0 in txt "any"`],
    [`q.made.${apex} A`, `secure NOERROR, q.made.${apex} 0 in cname www.${apex}, www.${apex} 0 in a 192.0.2.1`],
    [`q.far.${apex} TXT`, `secure NOERROR, q.far.${apex} 0 in cname q.wild.${apex}, q.wild.${apex} 0 in txt "any"`],
    [`www.${apex} AAAA`, 'secure NOERROR'],
    [`none.${apex} A`, 'secure NXDOMAIN'],
  ]),
  ['nowhere. A', 'secure NXDOMAIN'],
  ['plain. DS', 'secure NOERROR'],
  ['www.plain. A', A('plain.', 'not proven')],
  ['none.plain. A', 'not proven NXDOMAIN'],
  ['www.odd. A', A('odd.', 'not proven'), EDE.UNSUPPORTED_DNSKEY_ALGORITHM],
  ['www.expired. A', SERVFAIL, EDE.SIGNATURE_EXPIRED],
  ['none.expired. A', SERVFAIL, EDE.SIGNATURE_EXPIRED],
  ['www.future. A', SERVFAIL, EDE.SIGNATURE_NOT_YET_VALID],
  ['www.wrong. A', SERVFAIL, EDE.DNSSEC_BOGUS],
  ['alias.wrong. A', SERVFAIL, EDE.DNSSEC_BOGUS],
  ['www.wrong. AAAA', 'secure NOERROR'],
  ['www.bare. A', SERVFAIL, EDE.RRSIGS_MISSING],
  ['www.keyless. A', SERVFAIL, EDE.DNSKEY_MISSING],
  ['www.stranger. A', SERVFAIL, EDE.DNSKEY_MISSING],
  ['none.unproven. A', SERVFAIL, EDE.NSEC_MISSING],
  ['www.unproven. A', A('unproven.')],
]

describe('a validating server in a private internet', { skip }, () => {
  let net: PrivateInternet
  let served: Served
  let folder: ReturnType<typeof makeFolder>
  let copied: Served
  let root: ReturnType<PrivateInternet['nsd']>
  let peers: Record<'unbound' | 'bind', number>
  const asked = (question: string, more: Partial<Message> = DO): Promise<Message> => tell(question, '127.0.0.1', served.endpoints[0].port, 3, more)

  /** What delv, which trusts the same root and asks us for everything, says of a question. */
  const delv = async (question: string): Promise<string> => {
    const [name, type] = question.split(' ')
    const { stdout, stderr } = await promisify(execFile)('delv', ['@127.0.0.1', '-p', String(served.endpoints[0].port), '-a', join(folder.path, 'delv.key'), '+root=.', name, type])
    return stdout + stderr
  }

  before(async () => {
    net = new PrivateInternet()
    const { zones, ds } = build((n) => net.at(n))
    const { '.': top, ...below } = zones
    const half = (n: number): Record<string, string> => Object.fromEntries(Object.entries(below).filter((_, i) => i % 2 === n))
    root = net.nsd(1, { '.': top })
    net.nsd(2, half(0))
    net.knot(3, half(1))
    const config = (more: string): string => `listen: ["127.0.0.1:0"]\nworkers: 1\nrecursion: { hints: ${net.hints}, anchors: root.key, negative-anchors: [leftout.], never-ask: [], ipv6: false, stale: 0, policy: rules${more} }\n`
    folder = makeFolder({ 'root.key': `${ds}\n`, rules: 'old.rule CNAME www.good.\n', 'delv.key': `trust-anchors { . static-ds ${ds.replace(/^.* DS (\d+ \d+ \d+) (.*)$/, '$1 "$2"')}; };\n`, 'root.zone': `. 3600 IN SOA ns. host. 1 7200 3600 604800 300\n${top}\n`, 'w.yaml': config(''), 'copied.yaml': `${config(', local-root: root.zone')}data: copied\n` })
    served = await Served.start(join(folder.path, 'w.yaml'))
    copied = await Served.start(join(folder.path, 'copied.yaml'))
    peers = { unbound: await net.unbound(ds), bind: await net.bind(ds) }
    await Promise.all([net.ready('good.', net.at(2)), net.ready('p256.', net.at(3)), ...Object.values(peers).map((port) => net.ready('good.', '127.0.0.1', port))])
  })

  after(async () => {
    await served.stop()
    await copied.stop()
    await net.stop()
    folder.remove()
  })

  for (const [question, wanted, ede] of SAME) {
    it(`${question}: ${wanted}, as Unbound and BIND say`, async () => {
      const ours = await asked(question)
      assert.deepEqual([verdict(ours), whyOf(ours)], [wanted, ede])
      assert.deepEqual([verdict(await asked(question)), whyOf(await asked(question))], [wanted, ede], 'from memory the reason is the same')
      for (const [who, port] of Object.entries(peers)) assert.equal(verdict(await tell(question, '127.0.0.1', port, 3, DO)), wanted, who)
    })
  }

  it('what a wildcard made comes with the proof that nothing is nearer, the first time and from memory, as from Unbound (RFC 4035 3.1.3.3)', async () => {
    for (const [question] of SAME.filter(([text]) => /^q\.(wild|made)/.test(text))) {
      const theirs = proofOf(await tell(question, '127.0.0.1', peers.unbound, 3, DO))
      assert.notEqual(theirs, '-', question)
      for (const time of ['once', 'again']) assert.equal(proofOf(await asked(question)), theirs, `${question} ${time}`)
      for (const more of [flags(false), { authenticData: true }]) assert.equal(proofOf(await asked(question, more)), '-', question)
    }
  })

  it('a validator that asks us believes all that we call proven', { skip: missing('delv').length > 0 && 'needs delv' }, async () => {
    for (const [question] of SAME.filter(([, wanted]) => wanted.startsWith('secure'))) {
      for (const time of ['once', 'again']) assert.match(await delv(question), /; (negative response, )?fully validated/, `${question} ${time}`)
    }
  })

  it('what a rule leads to is not proven, and says that it was a rule (RFC 8914 4.5)', async () => {
    for (const time of ['once', 'again']) {
      const ours = await asked('old.rule. A')
      assert.deepEqual([verdict(ours), whyOf(ours)], ['not proven NOERROR, old.rule. 0 in cname www.good., www.good. 0 in a 192.0.2.1', EDE.FORGED_ANSWER], time)
    }
  })

  it('AD is for who asks by DO or AD, and signatures for DO alone (RFC 4035 3.2.1, RFC 6840 5.8)', async () => {
    const rows: [Partial<Message>, boolean, number][] = [[DO, true, 2], [flags(false), false, 1], [{ authenticData: true }, true, 1], [{}, false, 1]]
    for (const [more, isProven, count] of rows) {
      for (const [who, port] of Object.entries({ us: served.endpoints[0].port, ...peers })) {
        const { authenticData, answers } = await tell('www.good. A', '127.0.0.1', port, 3, more)
        assert.deepEqual([authenticData, answers.length], [isProven, count], `${who} ${JSON.stringify(more)}`)
      }
    }
  })

  for (const apex of ['expired.', 'wrong.', 'bare.', 'stranger.']) {
    it(`with CD ${apex} is given as it is, and fails again without (RFC 4035 3.2.2)`, async () => {
      for (const time of ['once', 'again']) {
        const ours = await asked(`www.${apex} A`, { ...DO, checkingDisabled: true })
        assert.deepEqual([verdict(ours), ours.checkingDisabled], [A(apex, 'not proven'), true], time)
        assert.equal(verdict(await asked(`www.${apex} A`)), SERVFAIL, time)
      }
      for (const [who, port] of Object.entries(peers)) assert.equal(verdict(await tell(`www.${apex} A`, '127.0.0.1', port, 3, { ...DO, checkingDisabled: true })), A(apex, 'not proven'), who)
    })
  }

  it('what a negative anchor covers passes as unsigned (RFC 7646), which the others were not told of', async () => {
    assert.equal(verdict(await asked('www.leftout. A')), A('leftout.', 'not proven'))
    for (const [who, port] of Object.entries(peers)) assert.equal(verdict(await tell('www.leftout. A', '127.0.0.1', port, 3, DO)), SERVFAIL, who)
  })

  it('with a local copy of the root every answer is the same, while the root is asked for its keys alone (RFC 8806)', async () => {
    const { port } = copied.endpoints[0]
    assert.equal(verdict(await tell('. DNSKEY', '127.0.0.1', port, 3, { ...DO, checkingDisabled: true })).split(',')[0].slice(0, 18), 'not proven NOERROR')
    await tell('. DNSKEY', '127.0.0.1', port, 3, DO)
    const ended = new Promise((resolve) => root.once('exit', resolve))
    root.kill('SIGTERM')
    await ended
    for (const [question, wanted, ede] of SAME) {
      const ours = await tell(question, '127.0.0.1', port, 3, DO)
      assert.deepEqual([verdict(ours), whyOf(ours)], [wanted, ede], question)
    }
    assert.deepEqual(copied.lines().filter(({ msg }) => msg === 'local root given up'), [])
  })

  it('a copy that has expired is given up, with a word in the log, and a reload with a new one takes it up again', async () => {
    const file = join(folder.path, 'root.zone')
    utimesSync(file, NOW, NOW - 8 * 24 * HOUR)
    copied.child.kill('SIGHUP')
    await copied.line('reload done')
    assert.equal(verdict(await tell('www.elsewhere. A', '127.0.0.1', copied.endpoints[0].port, 1, DO)), SERVFAIL, 'nobody is there to be asked')
    const [{ reason, file: told }] = copied.lines().filter(({ msg }) => msg === 'local root given up')
    assert.deepEqual([reason, told], ['expired', file])
    utimesSync(file, NOW, NOW)
    copied.child.kill('SIGHUP')
    for (let tries = 0; verdict(await tell('www.otherwise. A', '127.0.0.1', copied.endpoints[0].port, 1, DO)) !== 'secure NXDOMAIN'; tries++) {
      assert.ok(tries < 50, 'the copy is taken up')
      await sleep(100) // for the reload: without a copy it is told at once that nobody is there
    }
  })
})
