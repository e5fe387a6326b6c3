/**
 * docs/protocol.md 4: one registration in every form that today's software asks for, from a query's octets to the
 * response's. The names and types are those of RFC 9460, RFC 2782, RFC 6763 and of DNS-AID; each row is one question.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SHOWN } from '../../../src/discovery/faces/names.ts'
import { Sensing } from '../../../src/discovery/ranking/sensing.ts'
import { EDE, OPTION } from '../../../src/dns/codes.ts'
import type { Conversed } from '../../authority/ask.ts'
import { agentName, outcomeText } from '../ranking/hive.ts'
import { Stall, type Want } from './stall.ts'

const ZONE = `
babel._sa A 192.0.2.10
babel._sa AAAA 2001:db8::10
slow._sa A 192.0.2.20
v2.translate.text.nlp._cap AGENT 1 babel._sa latency=90ms alpn=a2a port=8443 alias=chat key65409=agent-card.json endpoint=https://babel.acme.example/a2a
v2.translate.text.nlp._cap AGENT 1 slow._sa latency=1500ms alpn=mcp accuracy=0.99 mandatory=accuracy,alpn
v2.translate.text.nlp._cap AGENT 1 far._sa.beta.test. latency=2s alpn=a2a,mcp ipv4hint=198.51.100.7 ipv6hint=2001:db8::7
v1.speak.nlp._cap AGENT 1 babel._sa latency=50ms alpn=mcp port=9000 alias=chat
v1.plain.nlp._cap AGENT 1 host alpn=a2a
v1.translate.text.nlp._cap AGENT 0 v2.translate.text.nlp._cap
host A 192.0.2.30
www A 192.0.2.80
lead CNAME chat
*.wild A 192.0.2.99
`
const V2 = 'v2.translate.text.nlp._cap'
const FAST_PARAMETERS = 'alpn=a2a port=8443 key65402=a2a key65409=agent-card.json'

/** INFO-CODE of an Extended DNS Error. */
function edeIn({ edns }: Conversed): number | undefined {
  const option = edns?.options.find(([code]) => code === OPTION.EDE)?.[1]
  return option === undefined ? undefined : Number.parseInt(option.slice(0, 4), 16)
}

type Row = [what: string, name: string, type: string, answer: string[], want?: Want]

const ANSWERED: Row[] = [
  ['A at a capability: the best first, foreign agents by their hint', V2, 'A', ['A 192.0.2.10', 'A 192.0.2.20', 'A 198.51.100.7']],
  ['AAAA likewise, of those who have any', V2, 'AAAA', ['AAAA 2001:db8::10', 'AAAA 2001:db8::7']],
  ['AAAA of the best who has any, where fewer are wanted than have none', V2, 'AAAA', ['AAAA 2001:db8::10'], { demand: 'count=1 prefer=accuracy:1' }],
  ['A by demand', V2, 'A', ['A 192.0.2.20'], { demand: 'accuracy=0.9' }],
  ['A at a version that has moved on', 'v1.translate.text.nlp._cap', 'A', ['A 192.0.2.10', 'A 192.0.2.20', 'A 198.51.100.7']],
  ['A at an ancestor, no address twice (RFC 2181 5)', 'nlp._cap', 'A', ['A 192.0.2.10'], { demand: 'count=1 prefer=latency:1' }],
  ['SVCB at a capability: ranks as priorities, parameters of SVCB alone, protocols of DNS-AID from alpn, no mandatory that names what is left out', V2, 'SVCB', [
    `SVCB 1 babel._sa.acme.example. ${FAST_PARAMETERS}`,
    'SVCB 2 slow._sa.acme.example. alpn=mcp key65402=mcp',
    'SVCB 3 far._sa.beta.test. alpn=a2a,mcp ipv4hint=198.51.100.7 ipv6hint=2001:db8::7 key65402=a2a,mcp',
  ]],
  ['HTTPS the same', V2, 'HTTPS', [`HTTPS 1 babel._sa.acme.example. ${FAST_PARAMETERS}`], { demand: 'count=1' }],
  ['SVCB at a version that has moved on: the alias form (RFC 9460 2.4.2)', 'v1.translate.text.nlp._cap', 'SVCB', ['SVCB 0 v2.translate.text.nlp._cap.acme.example.']],
  ['SVCB at an agent: a record for each of its protocols', 'babel._sa', 'SVCB', ['SVCB 1 babel._sa.acme.example. alpn=mcp port=9000 key65402=mcp', `SVCB 1 babel._sa.acme.example. ${FAST_PARAMETERS}`]],
  ['A at the human name', 'chat', 'A', ['A 192.0.2.10']],
  ['A at the human name, in any case (RFC 4343 3)', 'CHAT', 'A', ['A 192.0.2.10']],
  ['SVCB at the human name, which it leads to itself (DNS-AID 3.1.1)', 'chat', 'SVCB', ['SVCB 1 chat.acme.example. alpn=mcp port=9000 key65402=mcp', `SVCB 1 chat.acme.example. ${FAST_PARAMETERS}`]],
  ['TXT at the human name', 'chat', 'TXT', ['TXT "capabilities=v1.speak.nlp,v2.translate.text.nlp"']],
  ['a human name behind a CNAME', 'lead', 'A', ['CNAME chat.acme.example.', 'A 192.0.2.10']],
  ['PTR: all of a protocol, whoever is of the domain by id', '_a2a._tcp', 'PTR', ['PTR babel._a2a._tcp.acme.example.', 'PTR far\\._sa\\.beta\\.test._a2a._tcp.acme.example.']],
  ['PTR of another protocol', '_mcp._tcp', 'PTR', ['PTR babel._mcp._tcp.acme.example.', 'PTR far\\._sa\\.beta\\.test._mcp._tcp.acme.example.', 'PTR slow._mcp._tcp.acme.example.']],
  ['PTR of a subtype that is a capability', 'v1\\.speak\\.nlp._sub._mcp._tcp', 'PTR', ['PTR babel._mcp._tcp.acme.example.']],
  ['the same with the underscore that some clients put before it', '_v1\\.speak\\.nlp._sub._mcp._tcp', 'PTR', ['PTR babel._mcp._tcp.acme.example.']],
  ['PTR of a subtype that is an ancestor', 'translate\\.text\\.nlp._sub._mcp._tcp', 'PTR', ['PTR far\\._sa\\.beta\\.test._mcp._tcp.acme.example.', 'PTR slow._mcp._tcp.acme.example.']],
  ['SRV of an instance', 'babel._a2a._tcp', 'SRV', ['SRV 1 0 8443 babel._sa.acme.example.']],
  ['SRV of an instance of a foreign agent', 'far\\._sa\\.beta\\.test._mcp._tcp', 'SRV', ['SRV 1 0 443 far._sa.beta.test.']],
  ['TXT of an instance (RFC 6763 6.7)', 'babel._a2a._tcp', 'TXT', ['TXT "txtvers=1" "cap=v2.translate.text.nlp" "endpoint=https://babel.acme.example/a2a"']],
  ['types of services (RFC 6763 9)', '_services._dns-sd._udp', 'PTR', ['PTR _a2a._tcp.acme.example.', 'PTR _mcp._tcp.acme.example.']],
  ['domains to browse (RFC 6763 11)', 'b._dns-sd._udp', 'PTR', ['PTR acme.example.']],
  ['SRV of a service: ranked (RFC 2782)', '_mcp._tcp', 'SRV', ['SRV 1 0 9000 babel._sa.acme.example.', 'SRV 2 0 443 slow._sa.acme.example.', 'SRV 3 0 443 far._sa.beta.test.']],
  ['SRV of a service at a capability', `_mcp._tcp.${V2}`, 'SRV', ['SRV 1 0 443 slow._sa.acme.example.', 'SRV 2 0 443 far._sa.beta.test.']],
  ['TXT of the index', '_index._agents', 'TXT', ['TXT "agents=chat:a2a,chat:mcp,host:a2a"']],
  ['SVCB of the index: names that certificates can have', '_index._agents', 'SVCB', ['SVCB 1 chat.acme.example. alpn=mcp port=9000 key65402=mcp'], { demand: 'count=1 prefer=latency:1' }],
  ['HTTPS of the agents of one protocol', '_a2a._agents', 'HTTPS', [`HTTPS 1 chat.acme.example. ${FAST_PARAMETERS}`, 'HTTPS 2 host.acme.example. alpn=a2a key65402=a2a']],
  ['the walkable alias of a human name', 'chat._agents', 'SVCB', ['SVCB 0 chat.acme.example.']],
  ['the name of an agent in the first drafts of DNS-AID', '_chat._a2a._agents', 'SVCB', ['SVCB 0 chat.acme.example.']],
  ['the same of an agent without a human name', '_slow._mcp._agents', 'HTTPS', ['HTTPS 0 slow._sa.acme.example.']],
  ['the walkable alias of an agent without one', 'slow._agents', 'HTTPS', ['HTTPS 0 slow._sa.acme.example.']],
]

/** Names that exist without the type, so that nobody stops above what stands below (RFC 8020 2, RFC 9156 3). */
const ABSENT: [name: string, type: string][] = [
  ['_tcp', 'A'], ['_udp', 'NS'], ['_agents', 'A'], ['_dns-sd._udp', 'A'], ['_sub._a2a._tcp', 'A'], ['_a2a._tcp', 'A'], ['_index._agents', 'A'], ['_a2a._agents', 'TXT'],
  ['babel._a2a._tcp', 'A'], ['v1\\.speak\\.nlp._sub._mcp._tcp', 'SRV'], ['chat', 'MX'], ['chat._agents', 'A'], ['babel._sa', 'MX'], [V2, 'MX'], ['_services._dns-sd._udp', 'A'],
]
const NOBODY: [name: string, type: string][] = [
  ['who', 'A'], ['who._a2a._tcp', 'SRV'], ['who._agents', 'SVCB'], ['_who._a2a._agents', 'SVCB'], ['v9\\.none._sub._a2a._tcp', 'PTR'], ['_http._tcp', 'PTR'], ['chat.sub', 'A'], ['x._dns-sd._udp', 'PTR'],
  ['\\.\\.._sub._a2a._tcp', 'PTR'], ['babel\\.\\.x._a2a._tcp', 'SRV'], ['_a2a._tcp.www', 'PTR'], ['_index._agents.www', 'TXT'],
]

describe('faces of one registration', () => {
  for (const [what, name, type, answer, want] of ANSWERED) {
    test(`${what}: ${name} ${type}`, () => {
      const stall = new Stall(ZONE)
      const found = stall.ask(name, type, want)
      assert.deepEqual([found.rcode, found.flags, found.authority], ['NOERROR', 'aa', []])
      assert.deepEqual(stall.tell(name, type, want).sort(), [...answer].sort())
      const priorities = found.answer.flatMap((line) => / (?:SVCB|HTTPS|SRV) (\d+) /.exec(line)?.[1] ?? []).map(Number)
      assert.deepEqual(priorities, [...priorities].sort((a, b) => a - b), 'in the order of rank')
    })
  }

  test('where the form can carry it only by order, addresses come in the order of rank', () => {
    assert.deepEqual(new Stall(ZONE).tell(V2, 'A'), ['A 192.0.2.10', 'A 192.0.2.20', 'A 198.51.100.7'])
    assert.deepEqual(new Stall(ZONE).tell(V2, 'A', { demand: 'prefer=accuracy:1' })[0], 'A 192.0.2.20')
  })

  test('who has no address of the type is passed over for the next best, is not handed the asker, and is no reason to say that nobody lives', () => {
    const bare = Array.from({ length: 12 }, (_, i) => `v1.deep._cap AGENT 1 bare${i}._sa latency=${1 + i}ms\n`).join('')
    const stall = new Stall(`${bare}v1.deep._cap AGENT 1 late._sa latency=2s\nlate._sa A 192.0.2.77\nv1.deep._cap AGENT 1 later._sa latency=4s ipv4hint=192.0.2.78\n`)
    const { table } = stall.registrar
    const handed = (label: string): boolean => stall.registrar.slotsOf(agentName(label)).some((slot) => table.f64.handed[slot] > 0)
    assert.deepEqual(stall.tell('v1.deep._cap', 'A'), ['A 192.0.2.77', 'A 192.0.2.78'])
    assert.deepEqual(['late', 'later', 'bare0'].map(handed), [true, false, false])
    assert.deepEqual(stall.tell('v1.deep._cap', 'A', { demand: 'count=1' }).length, 1)
    assert.deepEqual([stall.ask('v1.deep._cap', 'AAAA').rcode, stall.tell('v1.deep._cap', 'AAAA')], ['NOERROR', ['NOERROR']])
    assert.equal(edeIn(stall.ask('v1.deep._cap', 'AAAA')), undefined)
    assert.deepEqual(stall.tell('v1.deep._cap', 'SVCB', { demand: 'count=1' }).length, 1)
  })

  test('addresses of SRV and SVCB targets are in the additional section (RFC 2782, RFC 9460 4.1)', () => {
    const stall = new Stall(ZONE)
    const own = ['babel._sa.acme.example. 60 IN A 192.0.2.10', 'babel._sa.acme.example. 60 IN AAAA 2001:db8::10']
    assert.deepEqual(stall.ask('babel._a2a._tcp', 'SRV').additional, own)
    assert.deepEqual(stall.ask(V2, 'SVCB', { demand: 'count=1' }).additional, own)
    assert.deepEqual(stall.ask(V2, 'A').additional, [])
  })

  for (const [name, type] of ABSENT) {
    test(`${name} ${type}: the name is there, the type is not (RFC 2308 2.2)`, () => {
      const { rcode, answer, authority, flags } = new Stall(ZONE).ask(name, type)
      assert.deepEqual([rcode, answer, flags, authority.length], ['NOERROR', [], 'aa', 1])
    })
  }

  for (const [name, type] of NOBODY) {
    test(`${name} ${type}: no such name (RFC 2308 2.1)`, () => {
      assert.equal(new Stall(ZONE).ask(name, type).rcode, 'NXDOMAIN')
    })
  }

  test('what the zone holds stands before what is derived', () => {
    const stall = new Stall(`${ZONE}${V2} TXT "mine"\nchat.other A 192.0.2.5\nslow._sa SVCB 1 . port=1\n`)
    assert.deepEqual(stall.tell(V2, 'TXT'), ['TXT "mine"'])
    assert.deepEqual(stall.tell('slow._sa', 'SVCB'), ['SVCB 1 . port=1'])
    assert.deepEqual(stall.tell('www', 'A'), ['A 192.0.2.80'])
  })

  test('a wildcard does not stand for names that are derived, and does for others (RFC 4592 2.2.1)', () => {
    const stall = new Stall(`${ZONE}* TXT "any"\n* A 192.0.2.99\n`)
    assert.deepEqual(stall.tell('chat', 'A'), ['A 192.0.2.10'])
    assert.deepEqual(stall.tell('chat', 'MX'), ['NOERROR'])
    assert.deepEqual(stall.tell('other', 'A'), ['A 192.0.2.99'])
  })

  test('instances that a client has registered itself are listed with those that are derived, each once', () => {
    const stall = new Stall(`${ZONE}_a2a._tcp PTR Mine._a2a._tcp\n_a2a._tcp PTR babel._a2a._tcp\nMine._a2a._tcp SRV 0 0 1 host\n`)
    assert.deepEqual(stall.tell('_a2a._tcp', 'PTR').sort(), ['PTR Mine._a2a._tcp.acme.example.', 'PTR babel._a2a._tcp.acme.example.', 'PTR far\\._sa\\.beta\\.test._a2a._tcp.acme.example.'])
    assert.deepEqual(stall.tell('Mine._a2a._tcp', 'SRV'), ['SRV 0 0 1 host.acme.example.'])
  })
})

describe('human names that nothing is derived from', () => {
  const EVIL = 'evil._sa A 192.0.2.66\nv1.spy._cap AGENT 1 evil._sa alpn=a2a alias='
  const STRANGER = /192\.0\.2\.66|evil/

  for (const alias of ['_sa', '_cap', '_agents', '_tcp', '_index', 'A_B', 'a.b', 'dot\\\\046ted']) {
    test(`${alias}: no label of a host (RFC 1123 2.1)`, () => {
      const stall = new Stall(`${ZONE}${EVIL}"${alias}"\n`)
      const label = alias.replace(/\./g, '\\.')
      for (const name of alias === '_cap' ? [`${label}._agents`] : [label, `${label}._agents`]) for (const type of ['A', 'SVCB', 'TXT']) assert.ok(!stall.tell(name, type).some((line) => STRANGER.test(line)), `${name} ${type}`)
      assert.ok(!stall.tell('_index._agents', 'SVCB', { demand: 'count=99' }).some((line) => line.includes('_') || STRANGER.test(line)))
      assert.deepEqual(stall.tell('_index._agents', 'TXT'), ['TXT "agents=chat:a2a,chat:mcp,host:a2a"'])
      assert.deepEqual(stall.tell('evil._agents', 'SVCB'), ['SVCB 0 evil._sa.acme.example.'])
    })
  }

  for (const [what, alias] of [['an agent that offers something', 'slow'], ['one in other letters', 'BABEL'], ['one that stands in the zone alone', 'mute'], ['an agent of a person', 'pat']]) {
    test(`the id of ${what}`, () => {
      const stall = new Stall(`${ZONE}mute._sa A 192.0.2.40\npat._ua A 192.0.2.41\n${EVIL}${alias}\n`)
      assert.deepEqual([stall.tell(alias, 'A'), stall.tell(alias, 'SVCB')], [['NXDOMAIN'], ['NXDOMAIN']])
      const walked = stall.tell(`${alias}._agents`, 'SVCB')
      assert.ok(!walked.some((line) => /^SVCB 0 (slow|babel|mute|pat)\.acme/i.test(line) || STRANGER.test(line)), walked.join())
      assert.ok(!stall.tell('_index._agents', 'SVCB').some((line) => STRANGER.test(line)))
    })
  }

  test('another agent’s name leads to that agent, whoever calls himself so', () => {
    assert.deepEqual(new Stall(`${ZONE}${EVIL}slow\n`).tell('slow._agents', 'SVCB'), ['SVCB 0 slow._sa.acme.example.'])
  })

  test('that of a host without an identifier, of whatever domain it would be', () => {
    assert.equal(new Stall(`${ZONE}v1.spy._cap AGENT 1 a.b.acme.example. alpn=a2a ipv4hint=192.0.2.66 alias=stolen\n`).ask('stolen', 'A').rcode, 'NXDOMAIN')
  })

  test('an agent may be called by its own id', () => {
    const stall = new Stall(`${ZONE}own._sa A 192.0.2.44\nv1.own._cap AGENT 1 own._sa alpn=a2a alias=own\n`)
    assert.deepEqual([stall.tell('own', 'A'), stall.tell('own._agents', 'SVCB')], [['A 192.0.2.44'], ['SVCB 0 own.acme.example.']])
  })

  test('both forms of the index name the same agents: who has a name without `_` in the domain, and speaks a protocol that DNS-AID knows', () => {
    const stall = new Stall(`${ZONE}q._sa A 192.0.2.45\nv1.q._cap AGENT 1 q._sa alpn=h2 alias=quiet\nv1.q._cap AGENT 1 m._sa alpn=mcp alias=loud\nv1.q._cap AGENT 1 z._sa.beta.test. alpn=a2a alias=abroad\n`)
    const targets = (line: string): string => (line.split(' ')[2] ?? '').replace('.acme.example.', '')
    assert.deepEqual(stall.tell('_index._agents', 'TXT'), ['TXT "agents=chat:a2a,chat:mcp,host:a2a,loud:mcp"'])
    for (const type of ['SVCB', 'HTTPS']) assert.deepEqual([...new Set(stall.tell('_index._agents', type).map(targets))].sort(), ['chat', 'host', 'loud'])
  })

  test('a name that no index leads to does not take the place of one that it does', () => {
    const many = Array.from({ length: 9 }, (_, i) => `v1.fast._cap AGENT 1 fast${i}._sa latency=1ms alpn=a2a\n`).join('')
    assert.deepEqual(new Stall(`${many}v1.late._cap AGENT 1 late._sa latency=9s alpn=a2a alias=late9\n`).tell('_index._agents', 'SVCB'), ['SVCB 1 late9.acme.example. alpn=a2a key65402=a2a'])
  })
})

describe('only the living', () => {
  /** Whatever is asked that names babel now. */
  const QUESTIONS: [name: string, type: string][] = ANSWERED.filter(([, , , answer]) => answer.some((line) => /192\.0\.2\.10$|babel|chat/.test(line))).map(([, name, type]) => [name, type])
  const ENDS: [what: string, end: (stall: Stall) => void][] = [
    ['whose lease has ended', (stall) => stall.expire('babel')],
    ['that has withdrawn', (stall) => stall.leave('babel')],
    ['that has failed', (stall) => stall.setState('babel', 4)],
    ['that is draining', (stall) => stall.setState('babel', 3)],
    ['that somebody holds', (stall) => stall.hold('babel')],
  ]
  for (const [what, end] of ENDS) {
    test(`an agent ${what} is in none of the faces`, () => {
      const stall = new Stall(ZONE)
      assert.ok(QUESTIONS.length > 20)
      end(stall)
      for (const [name, type] of QUESTIONS) {
        const found = stall.tell(name, type).filter((line) => !line.startsWith('CNAME'))
        assert.ok(!found.some((line) => /192\.0\.2\.10$|babel|2001:db8::10$|chat/.test(line)), `${name} ${type}: ${found.join(' | ')}`)
      }
    })
  }

  test('nobody left is NODATA, and says why (RFC 8914)', () => {
    const stall = new Stall(ZONE)
    const edeOf = (name: string, type: string, want?: Want): number | undefined => edeIn(stall.ask(name, type, want))
    assert.equal(edeOf(V2, 'A', { demand: 'accuracy=0.999' }), EDE.DEMAND_NOT_SATISFIABLE)
    for (const label of ['babel', 'slow', 'far._sa.beta.test.']) stall.expire(label)
    assert.equal(edeOf(V2, 'A'), EDE.LEASE_EXPIRED)
    assert.equal(edeOf('chat', 'SVCB'), EDE.LEASE_EXPIRED)
    assert.equal(edeOf('babel._a2a._tcp', 'SRV'), EDE.LEASE_EXPIRED)
    assert.equal(edeOf('_tcp', 'A'), undefined)
  })

  test('an agent that is late with its report shortens what is ranked, and no list that is not', () => {
    const stall = new Stall(ZONE)
    const sensing = new Sensing(stall.registrar)
    for (const slot of stall.registrar.slotsOf(agentName('babel'))) assert.equal(sensing.report(slot, { active: 1, atMs: stall.nowMs }, stall.nowMs), 'taken')
    stall.nowMs += 15_000
    const ttls = (name: string, type: string): string[] => [...new Set(stall.ask(name, type).answer.map((line) => line.split(' ')[1]))]
    for (const [name, type] of [['_index._agents', 'TXT'], ['_services._dns-sd._udp', 'PTR'], ['_a2a._tcp', 'PTR'], ['v1\\.speak\\.nlp._sub._mcp._tcp', 'PTR'], ['babel._a2a._tcp', 'SRV'], ['babel._a2a._tcp', 'TXT'], ['chat', 'A'], ['chat', 'SVCB'], ['chat._agents', 'SVCB']]) {
      assert.deepEqual(ttls(name, type), ['60'], `${name} ${type}`)
    }
    for (const [name, type] of [[V2, 'A'], [V2, 'SVCB'], ['_mcp._tcp', 'SRV'], ['_index._agents', 'SVCB'], [V2, 'AGENT']]) assert.deepEqual(ttls(name, type), ['1'], `${name} ${type}`)
  })

  test('a face is remembered no longer than the lease it is made of', () => {
    const stall = new Stall(ZONE)
    for (const slot of stall.registrar.slotsOf(Buffer.from(Stall.hex('babel._sa.acme.example.'), 'hex'))) stall.registrar.renew(slot, stall.nowMs + 7_900)
    for (const [name, type] of [['chat', 'A'], ['chat', 'SVCB'], ['babel._a2a._tcp', 'SRV'], [V2, 'A'], ['_a2a._tcp', 'PTR']]) {
      assert.deepEqual([...new Set(stall.ask(name, type).answer.map((line) => line.split(' ')[1]))], ['7'], `${name} ${type}`)
    }
  })

  test('an agent that comes back is in all of them again, and one that takes another human name is found by that alone', () => {
    const stall = new Stall(ZONE)
    stall.setState('babel', 4)
    stall.setState('babel', 0)
    const unranked = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^(SVCB|HTTPS|SRV) \d+/, '$1')).sort() // each answer is counted as load
    for (const [, name, type, answer] of ANSWERED.filter(([, , , , want]) => want === undefined)) assert.deepEqual(unranked(stall.tell(name, type)), unranked(answer), `${name} ${type}`)
    for (const slot of stall.registrar.slotsOf(Buffer.from(Stall.hex('babel._sa.acme.example.'), 'hex'))) {
      const rdata = Buffer.from(Buffer.from(stall.registrar.rdataOf(slot)).toString('latin1').replace('chat', 'talk'), 'latin1')
      stall.registrar.put({ owner: stall.registrar.ownerOf(slot), rdata, ttl: 60, leaseEndMs: Infinity })
    }
    stall.registrar.commit()
    assert.deepEqual([stall.tell('talk', 'A'), stall.tell('chat', 'A')], [['A 192.0.2.10'], ['NXDOMAIN']])
  })
})

describe('which faces a zone shows', () => {
  const ASKED = { address: [V2, 'A'], svcb: [V2, 'SVCB'], 'dns-sd': ['_a2a._tcp', 'PTR'], 'dns-aid': ['_index._agents', 'TXT'] } as const
  for (const [shown, bit] of Object.entries(SHOWN)) {
    test(`${shown} alone`, () => {
      const stall = new Stall(ZONE, bit)
      const answered = Object.entries(ASKED).flatMap(([face, [name, type]]) => (stall.ask(name, type).answer.length > 0 ? [face] : []))
      assert.deepEqual(answered, [shown])
    })
  }

  test('none: every name is as the zone has it', () => {
    const stall = new Stall(ZONE, 0)
    for (const [, name, type] of ANSWERED) {
      const { answer } = stall.ask(name, type)
      assert.ok(answer.every((line) => line.includes('CNAME')), `${name} ${type}`)
    }
    assert.equal(stall.ask('_tcp', 'A').rcode, 'NXDOMAIN')
    assert.equal(stall.ask('chat', 'A').rcode, 'NXDOMAIN')
  })

  test('a zone that was signed beforehand shows none, as nothing of them is signed (RFC 4035 3.1)', () => {
    const stall = new Stall(`${ZONE}@ RRSIG SOA 13 2 60 20300101000000 20200101000000 1 @ AAAA\n`)
    assert.deepEqual([stall.ask('chat', 'A').rcode, stall.ask(V2, 'SVCB').answer], ['NXDOMAIN', []])
  })

  test('words are not translated for a face: NODATA that says so, of whatever is ranked, and nobody is sent anywhere; what is not is as ever', () => {
    const stall = new Stall(ZONE)
    const { table } = stall.registrar
    for (const [name, type] of [['_cap', 'A'], [V2, 'AAAA'], ['nlp._cap', 'SVCB'], [V2, 'HTTPS'], ['_a2a._tcp', 'SRV'], [`_mcp._tcp.${V2}`, 'SRV'], ['_index._agents', 'SVCB']]) {
      const found = stall.ask(name, type, { demand: 'count=1 intent="translate a letter"' })
      assert.deepEqual([found.rcode, found.answer, found.authority.length, edeIn(found)], ['NOERROR', [], 1, EDE.NOT_SUPPORTED], `${name} ${type}`)
      const option = found.edns?.options.find(([code]) => code === OPTION.EDE)?.[1] ?? ''
      assert.equal(Buffer.from(option.slice(4), 'hex').toString(), 'intents are not translated here')
    }
    assert.ok(['babel', 'slow'].every((label) => stall.registrar.slotsOf(agentName(label)).every((slot) => table.f64.handed[slot] === 0)))
    for (const [name, type] of [['chat', 'A'], ['_index._agents', 'TXT'], ['babel._a2a._tcp', 'SRV']]) assert.ok(stall.ask(name, type, { demand: 'intent="x"' }).answer.length > 0)
  })

  test('a DEMAND that cannot be read is FORMERR at a face as at AGENT', () => {
    const options: [number, string][] = [[OPTION.DEMAND, 'ff']]
    for (const [name, type] of [[V2, 'A'], ['_a2a._tcp', 'SRV'], ['_index._agents', 'SVCB']]) {
      const found = new Stall(ZONE).ask(name, type, { options } as Want)
      assert.deepEqual([found.rcode, edeIn(found)], ['FORMERR', EDE.OTHER])
    }
  })
})

test('who asks for a face may tell what became of earlier choices, too', () => {
  const stall = new Stall(ZONE)
  const demand = `outcome=${outcomeText('babel')}`
  for (const [type, told] of [['A', 1], ['SVCB', 1], ['AGENT', 1], ['TXT', 0]] as const) {
    stall.told = 0
    stall.ask(V2, type, { demand })
    assert.equal(stall.told, told, type)
    stall.ask(V2, type, { demand: 'count=1' })
    assert.equal(stall.told, told, `${type} without any`)
  }
})
