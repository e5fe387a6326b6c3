/**
 * The checks of whole zones, one by one: what each finds, where it says it stands, and what it lets pass.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CHECKS } from '../../src/zone/checks-table.ts'
import { load } from './support.ts'

/** Lines 1 to 4 of most zones below, so that what a test is about starts in line 5. */
const HEAD = '$TTL 60\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n'

/** What is found in HEAD and `lines`: `line check`. */
function found(...lines: string[]): string[] {
  return foundIn(HEAD + lines.join('\n'))
}

function foundIn(text: string, nowSeconds?: number): string[] {
  const { findings } = load(text, 'example.com.', nowSeconds === undefined ? {} : { nowSeconds })
  for (const { check } of findings) shown.add(check)
  return findings.map(({ line, check }) => `${line} ${check}`)
}

const shown = new Set<string>(['syntax', 'zone-too-large']) // the latter in large-image.test.ts

test('a good zone has no findings, and an image', () => {
  const { findings, image, records, octets } = load(HEAD)
  assert.deepEqual(findings, [])
  assert.equal(image?.recordCount, 3)
  assert.deepEqual([records, octets], [3, HEAD.length])
})

test('a zone with an error has no image, one with a warning has', () => {
  assert.equal(load('a 9 A 192.0.2.1').image, undefined)
  assert.equal(load(`${HEAD}b A 192.0.2.1 x`).image, undefined)
  assert.notEqual(load(`${HEAD}mx MX 1 nowhere`).image, undefined)
})

test('where the text has faults no check is made, as it would find what is missing for them', () => {
  assert.deepEqual(found('@ A 192.0.2.999', 'mx MX 1 nowhere'), ['5 syntax'])
})

// [what, lines from the fifth on, findings]
const cases: [what: string, lines: string[], findings: string[]][] = [
  ['RFC 1035 5.2: a second SOA', ['@ SOA ns2 host 1 2 3 4 5'], ['2 several-soa']],
  ['RFC 1035 5.2: a SOA below the apex', ['www SOA ns1 host 1 2 3 4 5'], ['5 soa-not-at-apex']],
  ['a SOA below a cut too', ['sub NS ns1', 'www.sub SOA ns1 host 1 2 3 4 5'], ['6 records-below-cut', '6 soa-not-at-apex']],
  ['RFC 2181 10.1: CNAME beside other data', ['a CNAME ns1', 'a A 192.0.2.1'], ['5 cname-and-other-data']],
  ['CNAME at the apex', ['@ CNAME ns1'], ['5 cname-and-other-data']],
  ['RFC 2181 10.1: two CNAMEs', ['a CNAME ns1', 'a CNAME ns2'], ['5 several-cnames']],
  ['CNAME beside DNAME', ['a CNAME ns1', 'a DNAME example.net.'], ['5 cname-and-other-data']],
  ['RFC 4034: CNAME may stand beside NSEC, RRSIG and KEY', ['a CNAME ns1', 'a KEY 512 255 1 AAAA'], []],
  ['RFC 6672 2.4: two DNAMEs', ['a DNAME example.net.', 'a DNAME example.org.'], ['5 several-dnames']],
  ['RFC 6672 2.4: records below a DNAME', ['a DNAME example.net.', 'x.a A 192.0.2.1', 'y.x.a TXT t'], ['6 records-below-dname', '7 records-below-dname']],
  ['RFC 6672 2.3: DNAME at a cut', ['a DNAME example.net.', 'a NS ns1'], ['5 dname-at-cut', '5 records-below-cut']],
  ['RFC 1034 4.2.1: records below a cut', ['a NS ns1', 'x.a TXT t', 'x.a A 192.0.2.1'], ['6 records-below-cut']],
  ['records at a cut', ['a NS ns1', 'a TXT t'], ['5 records-below-cut']],
  ['a cut below a cut', ['a NS ns1', 'b.a NS ns1'], ['6 records-below-cut']],
  ['RFC 4035 2.4: DS at the apex', [`@ DS 1 8 2 ${'00'.repeat(32)}`], ['5 ds-at-apex']],
  ['RFC 4035 2.4: DS without NS', [`a DS 1 8 2 ${'00'.repeat(32)}`], ['5 ds-not-at-cut']],
  ['DS with NS is right', ['a NS ns1', `a DS 1 8 2 ${'00'.repeat(32)}`], []],
  ['RFC 4592 4.2: NS at a wildcard', ['*.a NS ns1'], ['5 wildcard-ns']],
  ['RFC 4592 4.4: DNAME at a wildcard', ['*.a DNAME example.net.'], ['5 wildcard-dname']],
  ['a forgotten final dot, in owners', ['www.example.com A 192.0.2.1'], ['5 repeated-origin']],
  ['a forgotten final dot, in targets', ['@ MX 1 ns1.example.com', 'a CNAME ns1.example.com'], ['5 repeated-origin', '6 repeated-origin']],
  ['RFC 1034 4.2.1: a server below its cut without address', ['a NS ns.a', 'a NS ns1'], ['5 missing-glue']],
  ['a server at its cut without address', ['a NS a'], ['5 missing-glue']],
  ['glue, A or AAAA, is enough', ['a NS ns.a', 'ns.a AAAA 2001:db8::1', 'b NS b', 'b A 192.0.2.1'], []],
  ['a server below another cut needs no address here', ['a NS ns.b', 'b NS ns1'], []],
  ['a server in the zone without address', ['a NS nowhere', '@ NS ns3', 'ns3 TXT t'], ['5 ns-without-address', '6 ns-without-address']],
  ['a server of another zone is not looked at', ['@ NS ns.example.net.'], []],
  ['RFC 4592: an address by wildcard counts', ['@ NS ns9.w', '*.w A 192.0.2.1'], []],
  ['RFC 2181 10.3: NS to an alias', ['@ NS al', 'al CNAME ns1'], ['5 ns-to-cname']],
  ['NS below a DNAME', ['@ NS x.d', 'd DNAME example.net.'], ['5 ns-to-cname']],
  ['RFC 2181 10.3: MX to an alias, or to nothing', ['@ MX 1 al', '@ MX 2 nothing', '@ MX 3 ns1', 'al CNAME ns1'], ['5 mx-to-cname', '6 mx-without-address']],
  ['RFC 7505: the null MX', ['@ MX 0 .'], []],
  ['RFC 2782: SRV to an alias, or to nothing', ['_x._tcp SRV 1 1 1 al', '_x._tcp SRV 1 1 1 nothing', '_x._tcp SRV 1 1 1 ns1', 'al CNAME ns1'], ['5 srv-to-cname', '6 srv-without-address']],
  ['RFC 2782: SRV to the root, for no service', ['_x._tcp SRV 0 0 0 .'], []],
  ['RFC 1034 3.6.2: a loop of CNAMEs', ['a CNAME b', 'b CNAME c', 'c CNAME a', 'd CNAME ns1'], ['5 cname-loop', '6 cname-loop', '7 cname-loop']],
  ['a CNAME to itself', ['a CNAME a'], ['5 cname-loop']],
  ['a CNAME to itself by wildcard', ['*.w CNAME x.w'], ['5 cname-loop']],
  ['RFC 2181 5.2: differing TTLs', ['a 60 A 192.0.2.1', 'a 61 A 192.0.2.2'], ['6 ttl-differs-in-rrset']],
  ['RFC 2181 5: a duplicate, capitals aside', ['a NS B', 'A NS b', 'b A 192.0.2.1'], ['6 duplicate-record']],
  ['AGENT at a name that is no capability', ['x AGENT 1 a._sa', 'a._sa A 192.0.2.1'], ['5 agent-owner']],
  ['AGENT at a name without version, without type, or with neither', ['x._cap AGENT 1 a._sa', 'v1._cap AGENT 1 a._sa', '_cap AGENT 1 a._sa', 'tls.x._cap AGENT 1 a._sa', 'x.v1._cap AGENT 1 a._sa', 'a._sa A 192.0.2.1'], ['5 agent-incomplete', '6 agent-incomplete', '7 agent-incomplete', '8 agent-incomplete', '9 agent-incomplete']],
  ['AGENT at names that are complete, and at a wildcard', ['V1.x._CAP AGENT 1 a._sa', 'MTLS.v1-2.x.y._cap AGENT 1 a._sa', 'v1.tls._cap AGENT 1 a._sa', '*.y._cap AGENT 1 a._sa', 'v1.x._cap.dept AGENT 1 a._sa', 'a._sa A 192.0.2.1'], []],
  ['AGENT and TASK that name no agent', ['v1.x._cap AGENT 1 ns1', 't._task TASK 0 ns1'], ['5 agent-target', '6 agent-target']],
  ['an agent without address', ['v1.x._cap AGENT 1 a._sa', 'v1.x._cap AGENT 2 b._ua', 'b._ua A 192.0.2.1', 'v1.x._cap AGENT 3 c._sa.example.net.'], ['5 agent-without-address']],
  ['one agent twice at a name, in whatever letters', ['v1.x._cap AGENT 1 a._sa cost=1', 'v1.x._cap AGENT 2 A._sa cost=2', 'v2.x._cap AGENT 1 a._sa', 'a._sa A 192.0.2.1'], ['6 agent-twice']],
  ['an alias that names no capability', ['v1.x._cap AGENT 0 a._sa'], ['5 agent-alias-target']],
  ['an alias with parameters', ['v1.x._cap AGENT 0 v2.x._cap latency=1ms', 'v2.x._cap AGENT 0 v3.x._cap.example.net.'], ['5 agent-alias-with-parameters']],
  ['an alias that leads to itself', ['v1.x._cap AGENT 0 V1.x._cap'], ['5 agent-alias-to-itself']],
  ['an alias beside agents, and beside another', ['v1.x._cap AGENT 0 v2.x._cap', 'v1.x._cap AGENT 1 a._sa', 'a._sa A 192.0.2.1', 'v3.x._cap AGENT 0 v4.x._cap', 'v3.x._cap AGENT 0 v5.x._cap'], ['5 agent-alias-beside-agents', '8 agent-alias-beside-agents', '9 agent-alias-beside-agents']],
  ['a human name that is no label of a host', ['v1.x._cap AGENT 1 a._sa alias=_sa', 'v2.x._cap AGENT 1 a._sa alias=a.b', 'v3.x._cap AGENT 1 a._sa alias=Chat-7', 'a._sa A 192.0.2.1'], ['5 agent-human-name', '6 agent-human-name']],
  [
    'a human name that is the id of another agent',
    ['v1.x._cap AGENT 1 a._sa alias=B', 'v2.x._cap AGENT 1 a._sa alias=c', 'v3.x._cap AGENT 1 a._sa alias=a', 'v4.x._cap AGENT 1 a._sa alias=d', 'v5.x._cap AGENT 1 ns1 alias=b', 'a._sa A 192.0.2.1', 'b._sa A 192.0.2.2', 'c._ua TXT t'],
    ['5 agent-human-name-taken', '6 agent-human-name-taken', '9 agent-target'],
  ],
  ['a port of another service for readings', ['v1.x._cap AGENT 1 a._sa sense-port=53', 'v2.x._cap AGENT 1 a._sa sense-port=1023', 'v3.x._cap AGENT 1 a._sa sense-port=1024', 'a._sa A 192.0.2.1'], ['5 agent-sense-port', '6 agent-sense-port']],
  ['a state of TASK that is none', ['t._task TASK 5 a._sa', 't._task TASK 4 b._sa', 'a._sa A 192.0.2.1', 'b._sa A 192.0.2.1'], ['5 task-state']],
  [
    'a dependency that is not there',
    ['v1.z._cap AGENT 1 a._sa depends=v1.x._cap.example.com,v2.y._cap.example.com,y._cap.example.com,_cap.example.net', 'v2.y._cap AGENT 1 a._sa', 'a._sa A 192.0.2.1'],
    ['5 agent-dependency-missing'],
  ],
]

for (const [what, lines, findings] of cases) test(what, () => assert.deepEqual(found(...lines), findings))

test('RFC 1034 4.2.1: a zone without SOA, and one without NS', () => {
  assert.deepEqual(foundIn('@ 9 NS ns1\nns1 9 A 192.0.2.1'), ['1 no-soa'])
  assert.deepEqual(foundIn('@ 9 SOA ns1 host 1 2 3 4 5'), ['1 no-apex-ns'])
})

test('a chain of CNAMEs is followed as far as answers follow it', () => {
  const chain = (steps: number): string[] => Array.from({ length: steps }, (_, i) => `c${i} CNAME ${i + 1 < steps ? `c${i + 1}` : 'ns1'}`)
  assert.deepEqual(found(...chain(11)), [])
  assert.deepEqual(found(...chain(12)), ['5 cname-chain-too-long'])
})

test('RFC 2181 5: an RRset that no message can hold is an error at the record that is too much', () => {
  const text = Array.from({ length: 300 }, (_, i) => `big TXT "${String(i).padEnd(250, '-')}"`)
  const findings = found(...text)
  assert.ok(findings.length > 0 && findings.every((finding) => finding.endsWith('rrset-too-large')), findings[0])
})

test('the same name may end like the zone where the zone has one label: com.com. is a name', () => {
  assert.deepEqual(load('com. 9 SOA a.com. b.com. 1 2 3 4 5\n 9 NS a.com.\na.com. 9 A 192.0.2.1\ncom.com. 9 NS a.com.\n', 'com.').findings, [])
})

test('findings are placed in included files too, the zone file first', () => {
  const readFile = (): { octets: Uint8Array; file: string } => ({ octets: Buffer.from('\nx MX 1 nothing\n'), file: 'part' })
  const { findings } = load(`${HEAD}$INCLUDE part\ny MX 1 nothing\n`, 'example.com.', { readFile })
  assert.deepEqual(findings.map(({ file, line }) => `${file}:${line}`), ['z:6', 'part:2'])
})

test('messages name the owner, the type and what to do', () => {
  assert.deepEqual(load(`${HEAD}Sub NS ns.sub\n`).findings.map(({ message }) => message), ['NS at Sub.example.com. names ns.sub.example.com., which has no address here: add its A or AAAA as glue'])
})

test('the report is bounded, and what is left out is counted', () => {
  const many = Array.from({ length: 1000 }, (_, i) => `m${i} MX 1 nothing${i}\nd${i} A 192.0.2.1\nd${i} A 192.0.2.1\n`).join('')
  const { findings, unreported } = load(HEAD + many)
  assert.deepEqual([findings.length, unreported], [400, 1600])
})

test('an error is never lost among warnings', () => {
  const warnings = Array.from({ length: 500 }, (_, i) => `m${i} MX 1 nothing${i}\nd${i} A 192.0.2.1\nd${i} A 192.0.2.1\n`).join('')
  const tooLarge = Array.from({ length: 300 }, (_, i) => `big TXT "${String(i).padEnd(250, '-')}"\n`).join('')
  for (const lines of ['zz CNAME a\nzz CNAME b\n', tooLarge]) {
    const { image, findings } = load(HEAD + warnings + lines)
    assert.equal(image, undefined)
    assert.ok(findings.some(({ severity }) => severity === 'error'))
  }
})

// ---- Signed zones ----

const nsec = readFileSync('test/golden/signed-nsec.zone', 'latin1')
const nsec3 = readFileSync('test/golden/signed-nsec3.zone', 'latin1')
const IN_2030 = Date.UTC(2030, 0) / 1000

/** What is found in `zone` once each line that `from` matches has been changed; checks only. */
function changed(zone: string, from: RegExp, to: string, nowSeconds = IN_2030): string[] {
  const text = zone.replaceAll(new RegExp(from, 'gm'), to)
  assert.notEqual(text, zone, `nothing matches ${String(from)}`)
  return [...new Set(foundIn(text, nowSeconds).map((finding) => finding.split(' ')[1]))].sort()
}

test('RFC 4035: a zone signed by BIND has no findings, with NSEC and with NSEC3 and opt-out', () => {
  assert.deepEqual(foundIn(nsec, IN_2030), [])
  assert.deepEqual(foundIn(nsec3, IN_2030), [])
})

test('RFC 4034 3.1.5: signatures of the past and of the future', () => {
  assert.deepEqual([...new Set(foundIn(nsec, Date.UTC(2038, 0) / 1000).map((finding) => finding.split(' ')[1]))], ['rrsig-expired'])
  assert.deepEqual([...new Set(foundIn(nsec, Date.UTC(2025, 0) / 1000).map((finding) => finding.split(' ')[1]))], ['rrsig-not-yet-valid'])
})

test('one good signature is enough for an RRset', () => {
  const old = /^(www\.example\.com\. .*RRSIG +A 13 3 3600) 20370101000000 (.*)$/
  assert.deepEqual(changed(nsec, old, '$1 20270101000000 $2'), ['rrsig-expired'])
  assert.deepEqual(changed(nsec, old, '$1 20270101000000 $2\n$&'), [])
})

const signedCases: [what: string, zone: string, from: RegExp, to: string, findings: string[]][] = [
  ['RFC 4035 2.1: signatures without DNSKEY', nsec, /^.* (RRSIG +)?DNSKEY .*\n/, '', ['dnskey-missing', 'nsec-wrong-types']],
  ['RFC 4035 2.2: an RRset without signature', nsec, /^www.* RRSIG +AAAA .*\n/, '', ['rrset-without-rrsig']],
  ['RFC 4035 2.2: a DS without signature', nsec, /^\S+ .* RRSIG +DS .*\n/, '', ['rrset-without-rrsig']],
  ['a signature of nothing', nsec, /^www.* AAAA +2001.*\n/, '', ['nsec-wrong-types', 'rrsig-without-rrset']],
  ['a signature by another zone', nsec, /(^www.* RRSIG +A 13.* )example\.com\. /, '$1example.net. ', ['rrsig-wrong-signer']],
  ['the signer in capitals is the same signer', nsec, /(^www.* RRSIG +A 13.* )example\.com\. /, '$1EXAMPLE.com. ', []],
  ['a signature by an unknown key', nsec, /(^www.* RRSIG +A 13.*) \d+ example\.com\. /, '$1 1 example.com. ', ['rrsig-unknown-key']],
  ['RFC 4034 4.1.1: a name left out of the chain', nsec, /^ns1.* IN NSEC .*\n/, '', ['nsec-chain-broken', 'rrsig-without-rrset']],
  ['RFC 4034 4.1.1: a link that leads elsewhere', nsec, /(^ns1.* NSEC +)plain/, '$1plane', ['nsec-chain-broken']],
  ['RFC 4034 4.1.2: a type too few', nsec, /(^www.* NSEC +.*) AAAA/, '$1', ['nsec-wrong-types']],
  ['RFC 4034 4.1.2: a type too many', nsec, /(^www.* NSEC +.*) AAAA/, '$1 AAAA TXT', ['nsec-wrong-types']],
  ['RFC 5155 6: delegations without DS, and an empty non-terminal above them, may be left out by opt-out', nsec3, /^ns1.* IN A .*\n/, '$&x.y.example.com. 3600 IN NS ns1.example.com.\nz.y.example.com. 3600 IN NS ns1.example.com.\n', []],
  ['RFC 5155 7.1: a name left out of the chain', nsec3, /^www.* IN A .*\n/, '$&more.example.com. 3600 IN A 192.0.2.9\n', ['nsec3-chain-broken', 'rrset-without-rrsig']],
  ['RFC 5155 7.1: NSEC3 without NSEC3PARAM', nsec3, /^.* (RRSIG +)?NSEC3PARAM .*\n/, '', ['nsec3param-mismatch']],
  ['RFC 5155 7.1: NSEC3PARAM with another salt', nsec3, /(NSEC3PARAM 1 0 0) AB/, '$1 CD', ['nsec3param-mismatch']],
  ['RFC 9276 3.1: iterations', nsec3, /(NSEC3(PARAM)? +1 [01]) 0 AB/, '$1 1 AB', ['nsec3-chain-broken', 'nsec3-iterations']],
  ['RFC 9276 3.2: so many iterations that nobody checks', nsec3, /(NSEC3(PARAM)? +1 [01]) 0 AB/, '$1 65535 AB', ['nsec3-iterations']],
  ['RFC 5155: a type too many in NSEC3', nsec3, /( NSEC3 .*) AAAA/, '$1 AAAA TXT', ['nsec-wrong-types']],
]

for (const [what, zone, from, to, findings] of signedCases) test(what, () => assert.deepEqual(changed(zone, from, to), findings))

test('RFC 5155 7.1: a link of NSEC3 that leads elsewhere', () => {
  const hash = /^(\w{32})\.example\.com\. .* NSEC3 /m.exec(nsec3)?.[1] ?? ''
  const text = nsec3.replace(new RegExp(`( NSEC3 .*) ${hash} `, 'i'), `$1 ${'0'.repeat(32)} `)
  assert.notEqual(text, nsec3)
  assert.deepEqual(foundIn(text, IN_2030).map((finding) => finding.split(' ')[1]), ['nsec3-chain-broken'])
})

test('RFC 5155 6: without opt-out a delegation without DS needs an NSEC3', () => {
  assert.deepEqual(changed(nsec3, /( NSEC3 +1) 1 /, '$1 0 '), ['nsec3-chain-broken'])
})

test('a zone that holds keys but is not signed yet is not called badly signed', () => {
  assert.deepEqual(found('@ DNSKEY 256 3 13 AAAA'), [])
})

test('every check has been seen to find something', () => {
  assert.deepEqual(Object.keys(CHECKS).filter((check) => !shown.has(check)), [])
})
