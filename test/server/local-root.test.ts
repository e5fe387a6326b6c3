/** A local copy of the root (RFC 8806): what is taken from it, how far it is believed, and when it is given up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Name } from '../../src/dns/name.ts'
import { parseType } from '../../src/dns/codes.ts'
import { SECURITY, TRUST, type Settings } from '../../src/resolver/contract.ts'
import { configuredFor } from '../../src/resolver/cuts.ts'
import { LocalRoot } from '../../src/server/local-root.ts'
import { serverOf, zoneOf } from '../authority/ask.ts'
import { NOW } from '../dnssec/zone-signer.ts'
import { leaveOut, signedInternet, spoil, START_MS, verdictOf, type SignedInternet, type ZonePlan } from '../resolver/signed-internet.ts'
import { MapCache, type Play, records } from '../resolver/support.ts'

const SOA = '. 3600 IN SOA ns. host. 1 7200 3600 604800 300\n'
const EXPIRE = 604_800
const PLANS: Record<string, ZonePlan> = {
  '.': {},
  'example.': { text: 'www.example. A 192.0.2.80' },
  'plain.': { text: 'www.plain. A 192.0.2.81', signing: 'unsigned' },
  'sub.example.': { text: 'www.sub.example. A 192.0.2.82' },
}

interface Copied extends SignedInternet {
  root: LocalRoot
  behind: MapCache
  givenUp: string[]
}

/** A resolver with a copy of the root that was made `ageSeconds` ago, and whose text `edits` has changed. */
function copied({ ageSeconds = 60, edits = (text: string) => text, settings = {}, plans = PLANS }: { ageSeconds?: number; edits?: (text: string) => string; settings?: Partial<Settings>; plans?: Record<string, ZonePlan> } = {}): Copied {
  const givenUp: string[] = []
  const behind = new MapCache()
  const text = SOA + edits(signedInternet(plans).zones.get('.')?.text ?? assert.fail())
  const zone = serverOf([zoneOf('.', text)])
  const plays: Play[] = []
  const root = new LocalRoot({
    zone,
    expiresSeconds: NOW - ageSeconds + EXPIRE,
    unixSeconds: () => NOW + ((plays.at(0)?.nowMs ?? START_MS) - START_MS) / 1_000,
    isConfigured: (name) => configuredFor({ zones: settings.zones ?? [] }, name) !== undefined,
    onGivenUp: (reason, name) => givenUp.push(`${reason} ${name}`),
  }, behind)
  const internet = signedInternet(plans, settings, root)
  plays.push(internet.play)
  return { ...internet, root, behind, givenUp }
}

const toRoot = (packets: readonly string[]): string[] => packets.filter((packet) => packet.startsWith('198.51.100.1 '))

const ROWS: [question: string, verdict: string][] = [
  ['www.example. A', 'secure answer'],
  ['www.sub.example. A', 'secure answer'],
  ['none.example. A', 'secure nxdomain'],
  ['www.plain. A', 'insecure answer'],
  ['example. DS', 'secure answer'],
  ['plain. DS', 'secure nodata'],
  ['www.nowhere. A', 'secure nxdomain'],
  ['nowhere. TXT', 'secure nxdomain'],
  ['. NS', 'secure answer'],
  ['. SOA', 'secure answer'],
  ['. MX', 'secure nodata'],
]

for (const [question, verdict] of ROWS) {
  test(`${question} is ${verdict}, and root servers are asked for their keys alone`, () => {
    const { play, givenUp } = copied()
    const told = play.ask(question)
    assert.equal(verdictOf(told), verdict)
    assert.deepEqual(toRoot(told.packets), ['198.51.100.1 udp . DNSKEY'])
    assert.deepEqual(toRoot(play.ask(question).packets), [])
    const plain = signedInternet(PLANS).play.ask(question)
    assert.deepEqual([verdictOf(plain), plain.records], [verdict, told.records], 'servers say the same')
    assert.deepEqual(givenUp, [])
  })
}

test('what was judged is kept, and comes before the copy from then on', () => {
  const { play, root, behind } = copied()
  play.ask('www.example. A')
  const [name, type] = [Name.parse('example.'), parseType('DS') as number]
  const kept = behind.find(name, type, START_MS / 1_000, TRUST.answer)
  assert.ok(kept?.kind === 'records' && kept.rrset.security === SECURITY.secure)
  assert.deepEqual(root.find(name, type, START_MS / 1_000, TRUST.answer), kept)
})

test('nothing of the copy is an answer of ours: what is of a cut is no answer, and nothing counts as a zone of ours', () => {
  const { root } = copied()
  const find = (question: string, least: typeof TRUST[keyof typeof TRUST]): ReturnType<LocalRoot['find']> => {
    const [name, type] = question.split(' ')
    return root.find(Name.parse(name), parseType(type) as number, 0, least)
  }
  assert.equal(find('example. NS', TRUST.answer), undefined)
  assert.equal(find('ns.example. A', TRUST.answer), undefined)
  for (const question of ['example. NS', 'ns.example. A', '. NS', 'example. DS']) {
    const found = find(question, TRUST.additional)
    assert.ok(found?.kind === 'records' && found.rrset.trust <= TRUST.authoritative, question)
  }
  assert.equal(find('. DNSKEY', TRUST.additional), undefined, 'roll-overs are seen by asking (RFC 5011 2.3)')
})

test('it is given up when it has expired by its SOA, told once, and servers are asked as without it (RFC 8806 2)', () => {
  for (const ageSeconds of [EXPIRE, EXPIRE + 1, 10 * EXPIRE]) {
    const { play, givenUp } = copied({ ageSeconds })
    const told = play.ask('www.example. A')
    assert.equal(verdictOf(told), 'secure answer')
    assert.ok(toRoot(told.packets).length > 1)
    play.ask('www.plain. A')
    assert.deepEqual(givenUp, ['expired .'])
  }
  const { play, givenUp } = copied({ ageSeconds: EXPIRE - 10 })
  play.ask('www.example. A')
  assert.deepEqual(givenUp, [])
  play.nowMs += 11_000
  assert.equal(verdictOf(play.ask('www.nowhere. A')), 'secure nxdomain')
  assert.deepEqual(givenUp, ['expired .'])
})

const BROKEN: [what: string, edits: (text: string) => string, question: string, name: string][] = [
  ['a DS that is not what was signed', spoil('example.', 'DS'), 'www.example. A', 'example.'],
  ['a DS without signature', leaveOut(/^example\. .*RRSIG DS /), 'www.example. A', 'example.'],
  ['no proofs', leaveOut(/ (NSEC|RRSIG NSEC) /), 'www.nowhere. A', 'www.nowhere.'],
]

for (const [what, edits, question, name] of BROKEN) {
  test(`a copy with ${what} is given up, told once, and servers are asked from then on`, () => {
    const { play, givenUp } = copied({ edits })
    assert.match(verdictOf(play.ask(question)), /^(secure|bogus)/)
    play.nowMs += 60_000
    const told = play.ask(question)
    assert.match(verdictOf(told), /^secure/)
    assert.deepEqual(givenUp, [`bogus ${name}`])
  })
}

test('a zone below that is broken does not cost the copy its trust', () => {
  const plans = { ...PLANS, 'example.': { text: 'www.example. A 192.0.2.80', edits: spoil('www.example.', 'A') } }
  const { play, givenUp } = copied({ plans })
  assert.match(verdictOf(play.ask('www.example. A')), /^bogus/)
  assert.equal(verdictOf(play.ask('www.nowhere. A')), 'secure nxdomain')
  assert.deepEqual(givenUp, [])
})

test('zones that the config sends elsewhere are not the root\'s to deny, but their DS is', () => {
  const server = { address: Uint8Array.of(198, 51, 100, 77), port: 53 }
  const { net, play, root } = copied({ settings: { zones: [{ name: Name.parse('corp.'), kind: 'stub', servers: [server] }] } })
  net.serve('198.51.100.77', { 'corp.': '@ NS ns\nns A 198.51.100.77\nwww A 10.0.0.1' })
  const told = play.ask('www.corp. A', true)
  assert.deepEqual([told.kind, told.records], ['answer', ['www.corp. A 10.0.0.1']])
  assert.equal(root.find(Name.parse('corp.'), parseType('DS') as number, 0, TRUST.answer)?.kind, 'nxdomain')
})

test('names are found whatever the case, and a remembered failure is not passed over', () => {
  const { root, behind } = copied()
  const type = parseType('DS') as number
  assert.equal(root.find(Name.parse('EXAMPLE.'), type, 0, TRUST.answer)?.kind, 'records')
  const name = Name.parse('www.nowhere.')
  behind.keepFailure(name, type, 0, 0)
  assert.equal(root.find(name, type, 1, TRUST.answer)?.kind, 'failure')
  behind.keep({ name: Name.parse('plain.'), type: parseType('NS') as number, records: records('plain. NS ns.other.'), signatures: [], trust: TRUST.additional }, 0)
  const known = root.find(Name.parse('plain.'), parseType('NS') as number, 1, TRUST.additional)
  assert.ok(known?.kind === 'records' && known.rrset.records.length === 1)
})

