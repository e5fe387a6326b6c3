/**
 * Answers whose tail is known are octet by octet those of the long way: whatever is asked, in whatever letters and
 * sizes, and whatever changes meanwhile (src/authority/tails.ts).
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ZoneAuthority } from '../../src/authority/answer.ts'
import { TAIL, Tails } from '../../src/authority/tails.ts'
import { Query } from '../../src/authority/query.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { MAX_TAIL_OCTETS, TAIL_SLOTS } from '../../src/dns/limits.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { RateLimit } from '../../src/server/rate-limit.ts'
import { Server, type ServerOptions } from '../../src/server/server.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { type Asking, encodeQuery, SEED, zoneOf } from './ask.ts'
import { type Chain, type Records, signedText } from './signing.ts'

/** Labels that a slot has room for (tails.ts). */
const MOST_LABELS = 8
const out = new Uint8Array(65_535)

/** A server twice: one that remembers, and one that is made to forget before each question. */
class Pair {
  readonly directory: ZoneDirectory
  private readonly authority: ZoneAuthority
  private readonly forgetful: ZoneAuthority
  private readonly server: Server
  private readonly reference: Server

  constructor(zones: readonly ZoneImage[], options: Partial<ServerOptions> = {}) {
    this.directory = new ZoneDirectory(zones, SEED)
    this.authority = new ZoneAuthority(this.directory, SEED)
    this.forgetful = new ZoneAuthority(this.directory, SEED)
    const set = { nowSeconds: () => 0, onFault: (fault: unknown) => { throw fault }, ...options }
    this.server = new Server({ authority: this.authority, ...set })
    this.reference = new Server({ authority: this.forgetful, ...set })
  }

  /** Serves other zones from now on. */
  replace(zones: readonly ZoneImage[]): void {
    for (const each of [this.authority, this.forgetful]) each.replaceDirectory(new ZoneDirectory(zones, SEED))
  }

  /** How many of `times` answers were given from a tail; all of them are those of the long way. */
  ask(question: string, asking: Asking = {}, times = 3): number {
    const query = encodeQuery(question, asking)
    this.forgetful.replaceDirectory(this.directory)
    const expected = octetsOf(this.reference, query, asking)
    const before = recalled
    for (let i = 0; i < times; i++) assert.equal(octetsOf(this.server, query, asking), expected, `${question} ${JSON.stringify(asking)}, asked ${i + 1} times`)
    return recalled - before
  }
}

function octetsOf(server: Server, query: Uint8Array, { tcp }: Asking): string {
  const length = server.answer(query, query.length, { transport: tcp === true ? 'tcp' : 'udp', address: Uint8Array.of(192, 0, 2, 1), port: 4096 }, out)
  return Buffer.from(out.subarray(0, length)).toString('hex')
}

/** Tails found so far, by all. */
let recalled = 0
const recall = Object.getOwnPropertyDescriptor(Tails.prototype, 'recall')?.value as Tails['recall']
Tails.prototype.recall = function (...question) {
  const isFound = recall.apply(this, question)
  if (isFound) recalled++
  return isFound
}

const SOA = 'ns1.example. hostmaster.example. 1 7200 900 1209600 300'
const records = (): Records => new Map([
  ['example.', new Map([['SOA', [SOA]], ['NS', ['ns1.example.', 'ns.elsewhere.test.']]])],
  ['ns1.example.', new Map([['A', ['192.0.2.1']], ['AAAA', ['2001:db8::1']]])],
  ['host.example.', new Map([['A', ['192.0.2.2']], ['MX', ['10 mail.example.', '20 mail.sub.example.']]])],
  ['alias.example.', new Map([['CNAME', ['host.example.']]])],
  ['long.alias.example.', new Map([['CNAME', ['alias.example.']]])],
  ['lost.example.', new Map([['CNAME', ['nowhere.example.']]])],
  ['away.example.', new Map([['CNAME', ['www.example.org.']]])],
  ['loop.example.', new Map([['CNAME', ['loop.example.']]])],
  ['any.example.', new Map([['CNAME', ['x.w.example.']]])],
  ['into.example.', new Map([['CNAME', ['deep.sub.example.']]])],
  ['*.w.example.', new Map([['A', ['192.0.2.3']]])],
  ['*.v.example.', new Map([['CNAME', ['host.v.example.']]])],
  ['moved.example.', new Map([['DNAME', ['sub.example.']]])],
  ['sub.example.', new Map([['NS', ['ns1.sub.example.', 'ns2.sub.example.', 'ns1.example.', 'Ns.Sub.Example.', 'sub.example.']]])],
  ['ns1.sub.example.', new Map([['A', ['192.0.2.4']], ['AAAA', ['2001:db8::4']]])],
  ['ns2.sub.example.', new Map([['A', ['192.0.2.5', '192.0.2.6']]])],
  ['ns.sub.example.', new Map([['A', ['192.0.2.7']]])],
  ['x.far.example.', new Map([['NS', ['ns.elsewhere.test.', 'far.example.', 'ns2.sub.example.']]])],
  ['safe.example.', new Map([['NS', ['ns1.safe.example.']], ['DS', [`1 13 2 ${'00'.repeat(32)}`]]])],
  ['ns1.safe.example.', new Map([['A', ['192.0.2.8']]])],
])

const CHAINS: [string, Chain | undefined][] = [
  ['not signed', undefined],
  ['signed with NSEC', { kind: 'nsec' }],
  ['signed with NSEC3', { kind: 'nsec3', optOut: false, iterations: 1, salt: 'ab' }],
  ['signed with NSEC3 and opt-out', { kind: 'nsec3', optOut: true, iterations: 0, salt: 'cd' }],
]

function textOf(chain: Chain | undefined): string {
  if (chain !== undefined) return signedText('example.', records(), chain)
  return [...records()].flatMap(([owner, types]) => [...types].flatMap(([type, rdatas]) => rdatas.map((rdata) => `${owner} 3600 IN ${type} ${rdata}\n`))).join('')
}

/** Names that stand in tails, so that questions for what lies below them take the long way too. */
const LABELS = ['www', 'ns1', 'ns2', 'ns', 'hostmaster', 'host', 'example', 'sub', 'x', 'a', 'b', 'far']
const OWNERS = [...records().keys(), 'example.', 'sub.example.', 'sub.example.', 'w.example.', 'v.example.', 'far.example.']

/** A name at or below one of the zone's, at times with letters of the other case. */
const names = fc.tuple(fc.array(fc.constantFrom(...LABELS), { maxLength: 3 }), fc.constantFrom(...OWNERS), fc.nat({ max: 9 }), fc.nat()).map(([labels, owner, kind, bits]) => {
  const name = [...labels, owner].join('.')
  return kind > 2 ? name : [...name].map((letter, i) => (((bits >>> (i % 20)) & 1) === 1 ? letter.toUpperCase() : letter)).join('')
})
const types = fc.constantFrom('A', 'AAAA', 'NS', 'DS', 'MX', 'SOA', 'CNAME', 'ANY', 'TXT')
const askings = fc.record({ dnssec: fc.boolean(), tcp: fc.boolean(), size: fc.constantFrom(512, 560, 620, 700, 1232) }, { requiredKeys: [] })

describe('answers are those of the long way', () => {
  for (const [title, chain] of CHAINS) {
    test(`from a zone ${title}`, () => {
      const pair = new Pair([zoneOf('example.', textOf(chain))])
      let found = 0
      fc.assert(fc.property(names, types, fc.constantFrom('IN', 'IN', 'IN', 'ANY'), askings, (name, type, rrClass, asking) => {
        found += pair.ask(`${name} ${type} ${rrClass}`, asking)
      }), { numRuns: 1_500 })
      assert.ok(found > 700, `only ${found} of 4,500 answers came from tails`)
    })
  }

  test('from the root zone, where every top-level name is one label below the node', () => {
    const pair = new Pair([zoneOf('.', '. 60 IN SOA a.root-servers.test. nstld.test2. 1 2 3 4 5\n. 60 IN NS a.root-servers.test.\nnet. 60 IN NS a.gtld.net.\na.gtld.net. 60 IN A 192.0.2.1\n')])
    for (const name of ['missing.', 'x.y.', 'www.a.net.', 'a.gtld.net.', 'b.gtld.net.', 'net.']) assert.equal(pair.ask(`${name} A`), 1 + (['x.y.', 'a.gtld.net.', 'b.gtld.net.', 'net.'].includes(name) ? 2 : 0) - (name.includes('gtld') ? 3 : 0), name)
    for (const name of ['test.', 'a.test.', 'x.root-servers.test.', 'test2.', 'x.test2.', 'TEST.']) assert.equal(pair.ask(`${name} A`), 0, name)
  })

  test('from a zone whose apex or servers are written in capitals', () => {
    const pair = new Pair([zoneOf('Example.', 'Example. 60 IN SOA NS1.Example. Admin.EXAMPLE. 1 2 3 4 5\nExample. 60 IN NS NS1.Example.\nSub.EXAMPLE. 60 IN NS Ns.Sub.Example.\nnS.sub.example. 60 IN A 192.0.2.1\n')])
    for (const question of ['no.example. A', 'no.Example. A', 'no.EXAMPLE. A', 'www.sub.example. A', 'www.Sub.EXAMPLE. A', 'ns.sub.example. A', 'Ns.Sub.Example. A', 'ns1.example. A', 'x.NS1.example. A', 'admin.example. A']) pair.ask(question)
    assert.equal(pair.ask('other.sub.example. A'), 3)
  })
})

describe('tails are taken', () => {
  const zone = (): ZoneImage => zoneOf('example.', textOf({ kind: 'nsec' }))
  const CASES: [string, Asking, string, string, number][] = [
    ['names that do not exist', {}, 'no.example. A', 'nor.this.one.example. MX', 3],
    ['types that names lack', {}, 'host.example. TXT', 'ns1.w.example. A', 0],
    ['types that other names lack', {}, 'host.example. TXT', 'alias.w.example. MX', 3],
    ['types that a name lacks, with the proof', { dnssec: true }, 'host.example. TXT', 'host.example. AAAA', 3],
    ['names below a cut', {}, 'www.sub.example. A', 'a.b.sub.example. TXT', 3],
    ['a cut itself', {}, 'www.sub.example. A', 'sub.example. NS', 3],
    ['signed referrals', { dnssec: true }, 'www.safe.example. A', 'ftp.safe.example. AAAA', 3],
    ['an alias, by type', {}, 'alias.example. A', 'alias.example. A', 3],
  ]
  for (const [title, asking, first, second, times] of CASES) {
    test(`for ${title}: ${second} after ${first}`, () => {
      const pair = new Pair([zone()])
      assert.equal(pair.ask(first, asking, 1), 0, 'asked once')
      assert.equal(pair.ask(first, asking, 1), 0, 'asked twice, and kept')
      assert.equal(pair.ask(first, asking, 1), 1, 'asked again')
      assert.equal(pair.ask(second, asking), times)
    })
  }

  const NEVER: [string, string][] = [
    ['names that the servers of the cut stand in', 'www.ns1.sub.example. A'],
    ['other letters', 'www.SUB.example. A'],
    ['an alias to a name that does not exist', 'lost.example. A'],
    ['what a wildcard stands for', 'a.v.example. A'],
    ['what a DNAME moves', 'www.moved.example. A'],
  ]
  for (const [title, question] of NEVER) {
    test(`never for ${title}: ${question}`, () => {
      const pair = new Pair([zone()])
      pair.ask('www.sub.example. A')
      assert.equal(pair.ask(question), 0)
    })
  }

  test('only where they fit: a limit that is too small takes the long way, which leaves out what it may', () => {
    const glue = Array.from({ length: 8 }, (_, i) => `big.example. 60 IN NS n${i}.big.example.\nn${i}.big.example. 60 IN A 192.0.2.${i}\n`).join('')
    const pair = new Pair([zoneOf('example.', `example. 60 IN SOA a. b. 1 2 3 4 5\n${glue}`)])
    assert.equal(pair.ask('www.big.example. A', { size: 1232 }), 1)
    const long = `${[...'abcd'].map((letter) => letter.repeat(55)).join('.')}.big.example. A`
    assert.equal(pair.ask(long, { size: 1232 }), 3)
    assert.equal(pair.ask(long, { size: 512 }), 0)
  })

  test('not where the tail would be longer than a slot', () => {
    const servers = Array.from({ length: 20 }, (_, i) => `sub.example. 60 IN NS n${i}.a-label-that-is-rather-long-${i}.test.\n`).join('')
    const pair = new Pair([zoneOf('example.', `example. 60 IN SOA a. b. 1 2 3 4 5\n${servers}`)])
    assert.equal(pair.ask('www.sub.example. A'), 0)
    assert.ok(servers.length > MAX_TAIL_OCTETS)
  })

  test('not where more labels follow the node than a slot has room for', () => {
    const of = (count: number): Pair => new Pair([zoneOf('example.', `example. 60 IN SOA a. b. 1 2 3 4 5\n${Array.from({ length: count }, (_, i) => `s.example. 60 IN NS n${i}.s.example.\n`).join('')}`)])
    assert.equal(of(MOST_LABELS).ask('www.s.example. A'), 1)
    assert.equal(of(MOST_LABELS + 1).ask('www.s.example. A'), 0)
  })
})

describe('a tail ends with what it tells of', () => {
  const address = (last: number): Uint8Array[] => [Uint8Array.of(192, 0, 2, last)]
  const wire = (name: string): Uint8Array => Name.parse(name).wire

  function edited(): { pair: Pair; editor: ZoneEditor; change(run: () => void): void } {
    const image = zoneOf('example.', textOf(undefined))
    const editor = new ZoneEditor(image)
    return {
      pair: new Pair([image]), editor,
      change: (run) => { editor.begin(); run(); editor.commit() },
    }
  }

  const CHANGES: [string, string, (editor: ZoneEditor) => void][] = [
    ['glue', 'www.sub.example. A', (editor) => { editor.putRRset(wire('ns1.sub.example.'), TYPE.A, 60, address(99)) }],
    ['a server', 'www.sub.example. A', (editor) => { editor.putRRset(wire('sub.example.'), TYPE.NS, 60, [wire('other.test.')]) }],
    ['the cut', 'www.sub.example. A', (editor) => { editor.removeRRset(wire('sub.example.'), TYPE.NS) }],
    ['the serial', 'no.example. A', (editor) => { editor.setSerial(77) }],
    ['the name that was missing', 'no.example. A', (editor) => { editor.putRRset(wire('no.example.'), TYPE.A, 60, address(98)) }],
    ['what an alias leads to', 'alias.example. A', (editor) => { editor.putRRset(wire('host.example.'), TYPE.A, 60, address(97)) }],
    ['the alias', 'alias.example. A', (editor) => { editor.putRRset(wire('alias.example.'), TYPE.CNAME, 60, [wire('ns1.example.')]) }],
  ]
  for (const [title, question, run] of CHANGES) {
    test(`with a change of ${title}`, () => {
      const { pair, editor, change } = edited()
      assert.equal(pair.ask(question), 1)
      editor.begin()
      run(editor)
      assert.equal(pair.ask(question), 3, 'nothing is seen before the commit')
      editor.abort()
      assert.equal(pair.ask(question), 3)
      change(() => { run(editor) })
      assert.ok(pair.ask(question) <= 1, 'after the commit all is new')
    })
  }

  test('with each of many changes, at random', () => {
    const { pair, change, editor } = edited()
    const hosts = ['ns1.sub.example.', 'ns2.sub.example.', 'host.example.', 'no.example.', 'new.sub.example.']
    const step = fc.tuple(fc.constantFrom(...hosts), fc.nat({ max: 255 }), fc.boolean(), fc.constantFrom('www.sub.example.', 'no.example.', 'alias.example.', 'new.sub.example.'))
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      for (const [host, last, isGone, question] of steps) {
        change(() => isGone ? editor.removeRRset(wire(host), TYPE.A) : editor.putRRset(wire(host), TYPE.A, 60, address(last)))
        pair.ask(`${question} A`)
      }
    }), { numRuns: 100 })
  })

  test('as what is leased is never kept, its TTLs run down (RFC 9664 4.2)', () => {
    const image = zoneOf('example.', textOf(undefined))
    const editor = new ZoneEditor(image)
    let now = 0
    const pair = new Pair([image], { leaseSeconds: () => now })
    pair.ask('www.sub.example. A')
    editor.begin()
    editor.setLeaseEnd(wire('ns1.sub.example.'), TYPE.A, 100)
    editor.commit()
    for (now = 0; now <= 120; now += 40) assert.equal(pair.ask('www.sub.example. A'), 0, `after ${now} s`)
  })

  test('with the directory: an alias finds the zone that was not there', () => {
    const image = zoneOf('example.', textOf(undefined))
    const pair = new Pair([image])
    assert.equal(pair.ask('away.example. A'), 1)
    const other = zoneOf('example.org.', 'example.org. 60 IN SOA a. b. 1 2 3 4 5\nwww.example.org. 60 IN A 192.0.2.9\n')
    const wider = new Pair([image, other])
    const query = encodeQuery('away.example. A', {})
    pair.replace([image, other])
    assert.equal(wider.ask('away.example. A'), 0, 'and what two zones tell is not kept')
    assert.equal(octetsOf(pair['server'], query, {}), octetsOf(wider['server'], query, {}))
  })

  test('and a zone of the same name in another directory has none of it', () => {
    const of = (ns: string): ZoneImage => zoneOf('example.', `example. 60 IN SOA ${ns} b. 1 2 3 4 5\n`)
    const [first, second] = [of('one.'), of('two.')]
    const pair = new Pair([first])
    assert.equal(pair.ask('no.example. A'), 1)
    pair['authority'].replaceDirectory(new ZoneDirectory([second], SEED))
    assert.match(octetsOf(pair['server'], encodeQuery('no.example. A', {}), {}), /0374776f00/u)
  })
})

describe('slots', () => {
  const image = zoneOf('example.', `example. 60 IN SOA a. b. 1 2 3 4 5\n${Array.from({ length: 9_000 }, (_, i) => `h${i}.example. 60 IN A 192.0.2.1\n`).join('')}`)
  const name = new LookupName(SEED)

  /** Asks for the tail of host `i`, and keeps an empty one where it is wanted. */
  function ask(tails: Tails, i: number): 'found' | 'kept' | 'missed' {
    const query = new Query()
    const octets = encodeQuery(`h${i}.example. A`, {})
    query.begin(octets, octets.length, { transport: 'udp', address: new Uint8Array(4), port: 1 })
    name.load(octets, 12)
    if (tails.recall(image, 0, image.nodeOf(name), TAIL.absence, query, name, 500)) return 'found'
    if (!tails.isWanted) return 'missed'
    assert.equal(tails.begin(0, new Uint16Array(3)), true)
    tails.finish()
    return 'kept'
  }

  test('who is asked for twice is kept, and stays while it is asked for between two questions for a rival', () => {
    const tails = new Tails()
    for (let i = 0; i < 9_000; i++) assert.equal(ask(tails, i), 'missed')
    assert.deepEqual([ask(tails, 8_999), ask(tails, 8_999), ask(tails, 8_999)], ['kept', 'found', 'found'])
    const rival = Array.from({ length: 8_999 }, (_, i) => i).find((i) => ask(tails, i) === 'missed' && ask(tails, 8_999) === 'found' && ask(tails, i) === 'missed') as number
    assert.ok(rival < TAIL_SLOTS * 2, 'some share the slot')
    assert.equal(ask(tails, rival), 'kept')
    assert.equal(ask(tails, 8_999), 'missed')
    assert.equal(ask(tails, rival), 'found')
  })

  test('all is forgotten by clear', () => {
    const tails = new Tails()
    for (const expected of ['missed', 'kept', 'found']) assert.equal(ask(tails, 1), expected)
    tails.clear()
    assert.equal(ask(tails, 1), 'missed')
  })
})

test('responses are rate-limited alike, whether their tail is known or not', () => {
  const limited = (): RateLimit => new RateLimit({ responses: 4, slip: 2, windowSeconds: 15, allow: [] }, 1)
  const image = zoneOf('example.', textOf(undefined))
  const servers = [image, zoneOf('example.', textOf(undefined))].map((zone) => new Server({ authority: new ZoneAuthority(new ZoneDirectory([zone], SEED), SEED), nowSeconds: () => 5, rateLimit: limited() }))
  const sent = (server: Server, i: number): string => octetsOf(server, encodeQuery(`n${i}.sub.example. A`, {}), {})
  const [same, varied] = servers.map((server, which) => Array.from({ length: 12 }, (_, i) => sent(server, which === 0 ? 1 : i).length))
  assert.deepEqual(same.map((octets) => octets > 0), varied.map((octets) => octets > 0))
  assert.deepEqual([same[3] > 100, same[4], same[5] > 0 && same[5] < 100], [true, 0, true])
})
