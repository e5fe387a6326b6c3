/**
 * The story of zones/, told by questions: the four example zones are served together from their files, and all
 * that their comments promise is asked for. A change of an example that breaks its own words is seen here.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CLASS, OPTION, printClass, printType, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { nodesInOrder } from '../../src/zone/canonical.ts'
import type { NodeId, RRsetId, ZoneImage } from '../../src/zone/image.ts'
import { type Asking, asker, assertResponse, converser, zoneOf } from '../authority/ask.ts'

const EDNS: Asking = { size: 1232 }
const ZONES = new URL('../../../zones/', import.meta.url)

function served(origin: string, rrClass: number = CLASS.IN): ZoneImage {
  return zoneOf(`${origin}.`, readFileSync(new URL(`${origin}.zone`, ZONES), 'utf8'), rrClass)
}

const zones = [served('acme.example'), served('beta.example'), served('example.com'), served('floor3.example', CLASS.LOCAL)]
const ask = asker(...zones)
const converse = converser(zones)

const ACME_SOA = 'acme.example. 10 IN SOA ns1.acme.example. hostmaster.acme.example. 2026110101 14400 3600 1209600 10'
const BETA_SOA = 'beta.example. 10 IN SOA ns1.beta.example. hostmaster.beta.example. 2026110101 14400 3600 1209600 10'
const FLOOR_SOA = 'floor3.example. 10 LOCAL SOA ns.floor3.example. hostmaster.floor3.example. 2026110101 14400 3600 1209600 10'
const COM_SOA = 'example.com. 300 IN SOA ns1.example.com. hostmaster.example.com. 2026110101 14400 3600 1209600 300'

const TRANSLATE = 'v2.translate.text.nlp._cap.acme.example.'
const BABEL = ['babel._sa.acme.example. 60 IN A 192.0.2.10', 'babel._sa.acme.example. 60 IN AAAA 2001:db8::10']
const POCKET = ['pocket._sa.acme.example. 60 IN A 192.0.2.11']
const LENS = ['lens._sa.acme.example. 60 IN A 192.0.2.20']
const IRIS = ['iris._sa.acme.example. 60 IN A 192.0.2.21', 'iris._sa.acme.example. 60 IN AAAA 2001:db8::21']
const CHORUS = ['chorus._sa.acme.example. 60 IN A 192.0.2.30']
const POLYGLOT = ['polyglot._sa.beta.example. 60 IN A 198.51.100.10', 'polyglot._sa.beta.example. 60 IN AAAA 2001:db8:be7a::10']

/** The three who translate, each record in full. */
const TRANSLATORS = [
  '1 babel._sa.acme.example. alpn=a2a port=443 latency=180ms accuracy=0.97 concurrency=64 cost=0.004 stability=0.999 ' +
    'provider=acme.example location=48.2082,16.3738 region=eu modality=text endpoint=https://babel.acme.example/a2a alias=babel',
  '2 pocket._sa.acme.example. latency=40ms accuracy=0.88 concurrency=512 cost=0.0002 stability=0.99 ' +
    'provider=acme.example location=50.1109,8.6821 region=eu modality=text',
  '3 polyglot._sa.beta.example. latency=95ms accuracy=0.94 concurrency=128 cost=0.002 stability=0.995 ' +
    'provider=beta.example location=1.3521,103.8198 region=asia modality=text,audio',
].map((rdata) => `${TRANSLATE} 60 IN AGENT ${rdata}`)

/** What the record says under `key`, in the text form of the protocol. */
function saying(record: string, key: string): string | undefined {
  return record.split(' ').find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1)
}

// ---- Agents

test('where each agent lives stands at its identifier, one family of addresses or both', () => {
  for (const addresses of [BABEL, POCKET, LENS, IRIS, CHORUS, POLYGLOT]) {
    const [name] = addresses[0].split(' ')
    const soa = name.endsWith('acme.example.') ? ACME_SOA : BETA_SOA
    assertResponse(ask(`${name} A`), { answer: [addresses[0]] })
    assertResponse(ask(`${name} AAAA`), addresses.length > 1 ? { answer: [addresses[1]] } : { authority: [soa] })
  }
})

test('the agents that say something of themselves say it as TXT', () => {
  assertResponse(ask('babel._sa.acme.example. TXT'), { answer: ['babel._sa.acme.example. 60 IN TXT "Babel, translator of texts"'] })
  assertResponse(ask('polyglot._sa.beta.example. TXT'), { answer: ['polyglot._sa.beta.example. 60 IN TXT "Polyglot, translator of texts and voices"'] })
  assertResponse(ask('pocket._sa.acme.example. TXT'), { authority: [ACME_SOA] })
})

test('the agent of the traveller has an address and nothing that binds it to her', () => {
  assertResponse(ask('mia._ua.acme.example. A'), { answer: ['mia._ua.acme.example. 60 IN A 192.0.2.100'] })
  for (const type of ['AAAA', 'TXT', 'AGENT', 'PTR', 'KEY']) assertResponse(ask(`mia._ua.acme.example. ${type}`), { authority: [ACME_SOA] })
  assertResponse(ask('mia._sa.acme.example. A'), { rcode: 'NXDOMAIN', authority: [ACME_SOA] })
})

// ---- Capabilities

test('three agents of two providers translate; the addresses of those of the zone come along', () => {
  assertResponse(ask(`${TRANSLATE} AGENT`, EDNS), { answer: TRANSLATORS, additional: [...BABEL, ...POCKET] })
})

test('the type by its number is the same question, as the comment for dig has it', () => {
  assert.deepEqual(ask(`${TRANSLATE} TYPE65440`, EDNS), ask(`${TRANSLATE} AGENT`, EDNS))
})

test('each translator stands somewhere else', () => {
  const places = ask(`${TRANSLATE} AGENT`, EDNS).answer.map((record) => [saying(record, 'location'), saying(record, 'region')])
  assert.deepEqual(places, [['48.2082,16.3738', 'eu'], ['50.1109,8.6821', 'eu'], ['1.3521,103.8198', 'asia']])
})

test('version 1 is another name for version 2: priority 0, without parameters', () => {
  const alias = ask('v1.translate.text.nlp._cap.acme.example. AGENT', EDNS)
  assertResponse(alias, { answer: [`v1.translate.text.nlp._cap.acme.example. 60 IN AGENT 0 ${TRANSLATE}`] })
  const target = alias.answer[0].split(' ').at(-1) ?? ''
  assertResponse(ask(`${target} AGENT`, EDNS), { answer: TRANSLATORS, additional: [...BABEL, ...POCKET] })
})

test('behind mutual TLS the capability has a name of its own, with its own port', () => {
  assertResponse(ask(`mtls.${TRANSLATE} AGENT`, EDNS), {
    answer: [`mtls.${TRANSLATE} 60 IN AGENT 1 babel._sa.acme.example. port=8443 latency=190ms accuracy=0.97 cost=0.005 provider=acme.example security=mtls`],
    additional: BABEL,
  })
  assertResponse(ask(`attested.${TRANSLATE} AGENT`, EDNS), { rcode: 'NXDOMAIN', authority: [ACME_SOA] })
})

test('of those who read pictures one is shared and one exclusive, for an hour at most', () => {
  const owner = 'v1.ocr.vision._cap.acme.example.'
  const readers = ask(`${owner} AGENT`, EDNS)
  assertResponse(readers, {
    answer: [
      `${owner} 60 IN AGENT 1 lens._sa.acme.example. latency=300ms accuracy=0.92 concurrency=32 cost=0.001 binding=shared provider=acme.example location=48.2082,16.3738 modality=image`,
      `${owner} 60 IN AGENT 2 iris._sa.acme.example. latency=60ms accuracy=0.995 cost=0.05 binding=exclusive/3600 provider=acme.example location=52.52,13.405 modality=image profile=performance-sensitive`,
    ],
    additional: [...LENS, ...IRIS],
  })
  assert.deepEqual(readers.answer.map((record) => saying(record, 'binding')), ['shared', 'exclusive/3600'])
})

test('speaking a menu depends on capabilities that are there to be asked for', () => {
  const owner = 'v1.menu.travel._cap.acme.example.'
  const menu = ask(`${owner} AGENT`, EDNS)
  assertResponse(menu, {
    answer: [`${owner} 60 IN AGENT 1 chorus._sa.acme.example. latency=900ms accuracy=0.9 cost=0.006 depends=v1.ocr.vision._cap.acme.example,v2.translate.text.nlp._cap.acme.example provider=acme.example modality=audio profile=short-lived`],
    additional: CHORUS,
  })
  const needed = saying(menu.answer[0], 'depends')?.split(',') ?? []
  assert.deepEqual(needed.map((name) => ask(`${name}. AGENT`, EDNS).answer.length), [2, 3])
})

test('the task group names its members, how busy each is and what part it has', () => {
  const owner = 'menu42._task.acme.example.'
  const group = ask(`${owner} TASK`, EDNS)
  assert.deepEqual([group.rcode, group.flags], ['NOERROR', 'aa'])
  assert.deepEqual(group.answer, [`${owner} 60 IN TASK 1 lens._sa.acme.example. role=reader`, `${owner} 60 IN TASK 2 babel._sa.acme.example. role=translator`])
  assertResponse(ask(`${owner} AGENT`), { authority: [ACME_SOA] })
  assertResponse(ask('menu43._task.acme.example. TASK'), { rcode: 'NXDOMAIN', authority: [ACME_SOA] })
})

test('Beta has the same agent in its own tree, and moves on by a minor step', () => {
  const minor = 'v2-1.translate.text.nlp._cap.beta.example.'
  assertResponse(ask(`${minor} AGENT`, EDNS), {
    answer: [`${minor} 60 IN AGENT 1 polyglot._sa.beta.example. latency=95ms accuracy=0.94 concurrency=128 cost=0.002 provider=beta.example modality=text,audio`],
    additional: POLYGLOT,
  })
  assertResponse(ask('v2.translate.text.nlp._cap.beta.example. AGENT', EDNS), { answer: [`v2.translate.text.nlp._cap.beta.example. 60 IN AGENT 0 ${minor}`] })
})

test('ancestors of a capability exist and hold nothing; a name beside them does not exist (RFC 4592 2.2.2)', () => {
  const ancestors = ['translate.text.nlp._cap', 'text.nlp._cap', 'nlp._cap', '_cap', 'ocr.vision._cap', 'vision._cap', 'menu.travel._cap', 'travel._cap', '_sa', '_ua', '_task']
  for (const ancestor of ancestors) {
    for (const type of ['AGENT', 'A', 'TXT']) assertResponse(ask(`${ancestor}.acme.example. ${type}`, EDNS), { authority: [ACME_SOA] })
    assertResponse(ask(`beside.${ancestor}.acme.example. AGENT`, EDNS), { rcode: 'NXDOMAIN', authority: [ACME_SOA] })
  }
  assertResponse(ask(`${TRANSLATE} A`), { authority: [ACME_SOA] })
  assertResponse(ask('_cap.beta.example. AGENT'), { authority: [BETA_SOA] })
  assertResponse(ask('v3.translate.text.nlp._cap.beta.example. AGENT'), { rcode: 'NXDOMAIN', authority: [BETA_SOA] })
})

// ---- Classes

test('the third floor is seen in class LOCAL, with the addresses of its agents', () => {
  assertResponse(ask('v1.print.device._cap.floor3.example. AGENT LOCAL', EDNS), {
    answer: ['v1.print.device._cap.floor3.example. 60 LOCAL AGENT 1 inky._sa.floor3.example. cost=0.01 queue=20 binding=shared location=48.2082,16.3738'],
    additional: ['inky._sa.floor3.example. 60 LOCAL A 192.0.2.140'],
  })
  assertResponse(ask('v1.clean.device._cap.floor3.example. AGENT LOCAL', EDNS), {
    answer: ['v1.clean.device._cap.floor3.example. 60 LOCAL AGENT 1 dusty._sa.floor3.example. binding=exclusive/1800 location=48.20821,16.37382'],
    additional: ['dusty._sa.floor3.example. 60 LOCAL A 192.0.2.141'],
  })
  assertResponse(ask('device._cap.floor3.example. AGENT LOCAL'), { authority: [FLOOR_SOA] })
  assertResponse(ask('v1.scan.device._cap.floor3.example. AGENT LOCAL'), { rcode: 'NXDOMAIN', authority: [FLOOR_SOA] })
})

test('a query of the other class sees none of it', () => {
  for (const name of ['floor3.example. SOA', 'inky._sa.floor3.example. A', 'v1.print.device._cap.floor3.example. AGENT']) assertResponse(ask(name), { rcode: 'REFUSED', flags: '' })
  for (const name of ['acme.example. SOA', 'www.example.com. A', `${TRANSLATE} AGENT`]) assertResponse(ask(`${name} LOCAL`), { rcode: 'REFUSED', flags: '' })
})

test('one name in both classes holds two things that do not meet', () => {
  const outside = zoneOf('floor3.example.', '@ 60 SOA ns hostmaster 1 2 3 4 10\n@ 60 NS ns\nns 60 A 198.51.100.1\ninky._sa 60 A 198.51.100.140\n')
  const both = asker(...zones, outside)
  assertResponse(both('inky._sa.floor3.example. A IN'), { answer: ['inky._sa.floor3.example. 60 IN A 198.51.100.140'] })
  assertResponse(both('inky._sa.floor3.example. A LOCAL'), { answer: ['inky._sa.floor3.example. 60 LOCAL A 192.0.2.140'] })
  assert.equal(both('dusty._sa.floor3.example. A IN').rcode, 'NXDOMAIN')
})

// ---- AG and DEMAND

test('AG comes back from zones with agents alone, and only where it was sent', () => {
  const agents = [`${TRANSLATE} AGENT`, 'ns1.acme.example. A', 'nobody.acme.example. A', 'beta.example. SOA', 'ns.floor3.example. A LOCAL', '_cap.floor3.example. A LOCAL']
  for (const question of agents) {
    assert.equal(converse(question, { header: 'ag rd' }).message.agent, true, question)
    assert.equal(converse(question, { header: 'rd' }).message.agent, false, question)
  }
  for (const question of ['example.com. A', 'nobody.example.com. A', 'dev.example.com. A', 'elsewhere.test. A']) {
    assert.equal(converse(question, { header: 'ag' }).message.agent, false, question)
  }
})

test('DEMAND is ignored, well formed or not: the same answer, and no OFFER', () => {
  const plain = ask(`${TRANSLATE} AGENT`, EDNS)
  for (const octets of ['', 'ff14000400030d40', 'ff7c000101', 'ff', 'ffffffffff']) {
    const { edns, ...response } = converse(`${TRANSLATE} AGENT`, { size: 1232, options: [[OPTION.DEMAND, octets]] })
    assert.deepEqual([response.rcode, response.answer, response.additional], ['NOERROR', plain.answer, plain.additional], octets)
    assert.deepEqual(edns?.options, [], octets)
  }
})

// ---- An ordinary zone

test('www is another name for the apex, and ftp for www: the answer holds each step', () => {
  const www = 'www.example.com. 3600 IN CNAME example.com.'
  assertResponse(ask('www.example.com. A'), { answer: [www, 'example.com. 3600 IN A 192.0.2.80'] })
  assertResponse(ask('www.example.com. CNAME'), { answer: [www] })
  assertResponse(ask('ftp.example.com. AAAA'), { answer: ['ftp.example.com. 3600 IN CNAME www.example.com.', www, 'example.com. 3600 IN AAAA 2001:db8::80'] })
  assertResponse(ask('www.example.com. SRV'), { answer: [www], authority: [COM_SOA] })
})

test('mail goes to two hosts; only the one of this zone comes with addresses', () => {
  assertResponse(ask('example.com. MX'), {
    answer: ['example.com. 3600 IN MX 10 mail.example.com.', 'example.com. 3600 IN MX 20 mail.example.net.'],
    additional: ['mail.example.com. 3600 IN A 192.0.2.25', 'mail.example.com. 3600 IN AAAA 2001:db8::25'],
  })
})

test('a service binding comes with the addresses of its targets, the owner being one (RFC 9460 4.1)', () => {
  assertResponse(ask('example.com. HTTPS'), {
    answer: ['example.com. 3600 IN HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.80 ipv6hint=2001:db8::80'],
    additional: ['example.com. 3600 IN A 192.0.2.80', 'example.com. 3600 IN AAAA 2001:db8::80'],
  })
  assertResponse(ask('api.example.com. SVCB'), {
    answer: ['api.example.com. 3600 IN SVCB 1 api-fast.example.com. alpn=h3 port=8443', 'api.example.com. 3600 IN SVCB 2 api-slow.example.com. alpn=h2 port=443'],
    additional: ['api-fast.example.com. 3600 IN A 192.0.2.81', 'api-slow.example.com. 3600 IN A 192.0.2.82'],
  })
})

test('the wildcard answers for what does not exist, not for blog nor below it (RFC 4592 2.2.1)', () => {
  assertResponse(ask('any.hosted.example.com. A'), { answer: ['any.hosted.example.com. 3600 IN A 203.0.113.10'] })
  assertResponse(ask('a.b.hosted.example.com. TXT'), { answer: ['a.b.hosted.example.com. 3600 IN TXT "made from a wildcard"'] })
  assertResponse(ask('any.hosted.example.com. AAAA'), { authority: [COM_SOA] })
  assertResponse(ask('blog.hosted.example.com. A'), { answer: ['blog.hosted.example.com. 3600 IN A 203.0.113.11'] })
  assertResponse(ask('blog.hosted.example.com. TXT'), { authority: [COM_SOA] })
  assertResponse(ask('x.blog.hosted.example.com. A'), { rcode: 'NXDOMAIN', authority: [COM_SOA] })
  assertResponse(ask('hosted.example.com. A'), { authority: [COM_SOA] })
})

test('_tcp exists though it holds nothing, and node-5 was not generated', () => {
  assertResponse(ask('_tcp.example.com. SRV'), { authority: [COM_SOA] })
  assertResponse(ask('_udp.example.com. SRV'), { rcode: 'NXDOMAIN', authority: [COM_SOA] })
  assertResponse(ask('_xmpp-client._tcp.example.com. SRV'), { answer: ['_xmpp-client._tcp.example.com. 3600 IN SRV 5 0 5222 chat.example.com.'], additional: ['chat.example.com. 3600 IN A 192.0.2.52'] })
  for (const n of [1, 2, 3, 4]) assertResponse(ask(`node-${n}.example.com. A`), { answer: [`node-${n}.example.com. 3600 IN A 198.51.100.${n}`] })
  for (const n of [0, 5]) assertResponse(ask(`node-${n}.example.com. A`), { rcode: 'NXDOMAIN', authority: [COM_SOA] })
})

test('everything below old is found below new, old itself is not (RFC 6672 2.3)', () => {
  const dname = 'old.example.com. 3600 IN DNAME new.example.com.'
  assertResponse(ask('host.old.example.com. A'), { answer: [dname, 'host.old.example.com. 3600 IN CNAME host.new.example.com.', 'host.new.example.com. 3600 IN A 192.0.2.90'] })
  assertResponse(ask('old.example.com. A'), { authority: [COM_SOA] })
})

test('dev is referred to its servers, with glue, for every name at or below it but its DS', () => {
  const referral = {
    flags: '',
    authority: ['dev.example.com. 3600 IN NS ns1.dev.example.com.', 'dev.example.com. 3600 IN NS ns2.example.com.'],
    additional: ['ns1.dev.example.com. 3600 IN A 203.0.113.53', 'ns2.example.com. 3600 IN A 198.51.100.53'],
  }
  for (const question of ['dev.example.com. A', 'dev.example.com. NS', 'ns1.dev.example.com. A', 'x.y.dev.example.com. TXT']) {
    for (const asking of [{}, EDNS, { size: 512 }, { tcp: true }]) assertResponse(ask(question, asking), referral)
  }
  assertResponse(ask('dev.example.com. DS'), { authority: [COM_SOA] })
})

// ---- Sizes

test('as the offered size shrinks addresses go first, and the agents stay', () => {
  const all = [...BABEL, ...POCKET]
  let held = 0
  for (let size = 0; size <= 1232; size += 8) {
    const response = ask(`${TRANSLATE} AGENT`, { size })
    assert.ok(response.octets <= Math.max(size, 512), `${response.octets} octets of ${size}`)
    assert.deepEqual([response.flags, response.answer], ['aa', TRANSLATORS])
    assert.deepEqual(response.additional, all.filter((address) => response.additional.includes(address)))
    assert.ok(response.additional.length >= held, `fewer addresses at ${size} than below`)
    held = response.additional.length
  }
  assert.equal(held, all.length)
})

test('an answer above 512 octets is cut with TC, and whole over TCP or where the asker takes more', () => {
  const long = `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(63)}.${'w'.repeat(40)}.old.example.com. A`
  const whole = ask(long, { tcp: true })
  assert.equal(whole.rcode, 'NXDOMAIN')
  assert.equal(whole.answer.length, 2)
  assert.ok(whole.octets > 512)
  for (const asking of [{}, { size: 0 }, { size: 512 }]) {
    const cut = ask(long, asking)
    assert.equal(cut.flags, 'aa tc')
    assert.ok(cut.octets <= 512)
  }
  const { octets: _, ...taken } = ask(long, EDNS)
  assertResponse(taken as typeof whole, { rcode: 'NXDOMAIN', answer: whole.answer, authority: whole.authority })
})

// ---- Every RRset

/** Types whose RDATA holds names that may be compressed, so that they take over the case of the question (RFC 3597 4). */
const COMPRESSIBLE: ReadonlySet<number> = new Set([TYPE.NS, TYPE.SOA, TYPE.CNAME, TYPE.MX])
const CASES: ((name: string) => string)[] = [
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replace(/[a-z]/g, (letter, at: number) => (at % 2 === 0 ? letter.toUpperCase() : letter)),
]

/** The records of the RRset as text under the owner as it was asked for. */
function recordsOf(zone: ZoneImage, rrset: RRsetId, owner: string): string[] {
  const records: string[] = []
  const end = zone.firstRecordAt(rrset) + zone.octetsOf(rrset)
  for (let at = zone.firstRecordAt(rrset); at < end; at = zone.nextRecordAt(at)) {
    const rdata = zone.octets.slice(zone.rdataAt(at), zone.rdataAt(at) + zone.rdataLength(at))
    records.push(printRecord({ name: Name.parse(owner), type: zone.typeOf(rrset), class: zone.class, ttl: zone.ttlOf(rrset), rdata }))
  }
  return records.sort()
}

function isCut(zone: ZoneImage, node: NodeId): boolean {
  return Name.fromWire(zone.octets, zone.nameAt(node)).isWithin(Name.parse('dev.example.com.'))
}

/** Asks for one RRset in each case and over each transport. */
function askFor(zone: ZoneImage, node: NodeId, rrset: RRsetId): void {
  const type = zone.typeOf(rrset)
  for (const spelt of CASES) {
    const owner = spelt(Name.fromWire(zone.octets, zone.nameAt(node)).toString())
    for (const asking of [EDNS, { tcp: true }]) {
      const response = ask(`${owner} ${printType(type)} ${printClass(zone.class)}`, asking)
      const seen = (records: string[]): string[] => (COMPRESSIBLE.has(type) ? records.map((record) => record.toLowerCase()) : [...records]).sort()
      const wanted = isCut(zone, node) ? ['NOERROR', '', []] : ['NOERROR', 'aa', seen(recordsOf(zone, rrset, owner))]
      assert.deepEqual([response.rcode, response.flags, seen(response.answer)], wanted, owner)
    }
  }
}

test('every RRset of every zone is the answer to its name and type, in any case, over UDP and TCP', (t) => {
  let asked = 0
  for (const zone of zones) {
    for (const node of nodesInOrder(zone)) {
      for (let link = zone.firstLink(node); link !== 0; link = zone.nextLink(link), asked++) askFor(zone, node, zone.rrsetAt(link))
    }
  }
  t.diagnostic(`RRsets asked for: ${asked}`)
  assert.ok(asked >= 60, `${asked} RRsets`)
})

test('every agent that a zone offers and houses comes with all its addresses', () => {
  for (const zone of zones) {
    const inClass = printClass(zone.class)
    const apex = Name.fromWire(zone.octets, zone.nameAt(zone.apex))
    for (const node of nodesInOrder(zone)) {
      if (zone.rrsetOf(node, TYPE.AGENT) === 0) continue
      const { answer, additional } = ask(`${Name.fromWire(zone.octets, zone.nameAt(node))} AGENT ${inClass}`, { tcp: true })
      const housed = answer.map((record) => record.split(' ')).filter((words) => words[4] !== '0' && Name.parse(words[5]).isWithin(apex))
      assert.deepEqual(additional, housed.flatMap((words) => ['A', 'AAAA'].flatMap((type) => ask(`${words[5]} ${type} ${inClass}`).answer)))
    }
  }
})
