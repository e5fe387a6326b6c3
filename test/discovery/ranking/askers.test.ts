/** Who may look for agents (docs/protocol.md 4, EDE 49156): lists of networks and keys, and what those see who are in none. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EDE, OPTION } from '../../../src/dns/codes.ts'
import { parseAddress } from '../../../src/dns/address.ts'
import { parsePrefix, type Prefix } from '../../../src/dns/prefix.ts'
import { Stall, type Want } from '../faces/stall.ts'

const ZONE = `
babel._sa A 192.0.2.10
babel._sa TXT "babel"
v2.translate.nlp._cap AGENT 1 babel._sa latency=90ms alpn=a2a alias=chat
v2.translate.nlp._cap TXT "what it is, which is longer than any agent's record here so that ANY would choose the other: ${'x'.repeat(99)}"
v1.translate.nlp._cap AGENT 0 v2.translate.nlp._cap
reading SENSE 7 babel._sa active=3
group._task TASK 0 babel._sa
group._task TXT "a group, of which more is said here than the record of its member takes: ${'x'.repeat(99)}"
named._cap CNAME www
cut._cap NS ns.elsewhere.
sub NS ns.elsewhere.
v1.x._cap.dept AGENT 1 babel._sa
old DNAME _cap
astray CNAME v9.none._cap
lead CNAME v2.translate.nlp._cap
*.wild AGENT 1 babel._sa
_a2a._tcp PTR old._a2a._tcp
www A 192.0.2.80
`
const networks = (...texts: string[]): Prefix[] => texts.map((text) => parsePrefix(text) ?? assert.fail(text))
const from = (text: string): Uint8Array => parseAddress(text) ?? assert.fail(text)

function closed(): Stall {
  const stall = new Stall(ZONE)
  stall.showTo({ networks: networks('192.0.2.0/28', '2001:db8::/32'), keys: ['babel-key', '*._sa.acme.example'] })
  return stall
}

const errorOf = (stall: Stall, name: string, type: string, want: Want): number | undefined => {
  const option = stall.ask(name, type, want).edns?.options.find(([code]) => code === OPTION.EDE)?.[1]
  return option === undefined ? undefined : Number.parseInt(option.slice(0, 4), 16)
}

describe('who may look', () => {
  const ASKERS: [who: string, want: Want, may: boolean][] = [
    ['an address of a network', { from: from('192.0.2.15') }, true],
    ['its neighbour outside', { from: from('192.0.2.16') }, false],
    ['IPv6 alike', { from: from('2001:db8::1') }, true],
    ['and outside', { from: from('2001:db9::1') }, false],
    ['a key that is named, in any case', { from: from('198.51.100.1'), signer: 'BABEL-key' }, true],
    ['another key', { from: from('198.51.100.1'), signer: 'other-key' }, false],
    ['a key below a name', { from: from('198.51.100.1'), signer: 'fox._sa.acme.example' }, true],
    ['that name itself', { from: from('198.51.100.1'), signer: '_sa.acme.example' }, false],
    ['a name that only ends alike', { from: from('198.51.100.1'), signer: 'fox_sa.acme.example' }, false],
  ]
  for (const [who, want, may] of ASKERS) {
    test(who, () => {
      const { rcode, answer } = closed().ask('translate.nlp._cap', 'AGENT', want)
      assert.deepEqual([rcode, answer.length], [may ? 'NOERROR' : 'REFUSED', may ? 1 : 0])
      assert.equal(errorOf(closed(), 'translate.nlp._cap', 'AGENT', want), may ? undefined : EDE.AGENT_PERMISSION_REQUIRED)
    })
  }

  test('any key that is proven, where the list says so', () => {
    const stall = new Stall(ZONE)
    stall.showTo({ networks: [], keys: ['*'] })
    assert.equal(stall.ask('nlp._cap', 'AGENT', { signer: 'whoever' }).answer.length, 1)
    assert.equal(stall.ask('nlp._cap', 'AGENT').answer.length, 0)
  })

  test('nobody, where it is empty; everybody, where there is none', () => {
    const stall = new Stall(ZONE)
    assert.equal(stall.ask('nlp._cap', 'AGENT').answer.length, 1)
    stall.showTo({ networks: [], keys: [] })
    assert.equal(stall.ask('nlp._cap', 'AGENT', { signer: 'whoever' }).answer.length, 0)
  })
})

describe('who may not sees nothing of agents', () => {
  const outside: Want = { from: from('198.51.100.1'), size: 4_096 }
  const inside: Want = { from: from('192.0.2.1'), size: 4_096 }
  const TYPES = ['AGENT', 'SENSE', 'TASK', 'A', 'AAAA', 'SVCB', 'HTTPS', 'TXT', 'MX', 'NS', 'SOA', 'DS', 'CNAME', 'SRV', 'ANY', 'RRSIG', 'NSEC']
  const refused = (stall: Stall, name: string, type: string, want: Want): void => {
    const { rcode, flags, answer, authority, additional } = stall.ask(name, type, want)
    assert.deepEqual([rcode, flags, answer, authority, additional], ['REFUSED', '', [], [], []], `${name} ${type}`)
    assert.equal(errorOf(stall, name, type, want), EDE.AGENT_PERMISSION_REQUIRED, `${name} ${type}`)
  }

  for (const name of ['_cap', 'nlp._cap', 'translate.nlp._cap', 'v2.translate.nlp._cap', 'V1.Translate.NLP._CAP', 'v9.none._cap', 'x.v2.translate.nlp._cap', 'named._cap', '_a2a._tcp.v2.translate.nlp._cap', 'v1.x._cap.dept', 'none._cap.nowhere']) {
    test(`${name}: REFUSED with 49156 whatever the type, whether the name exists or not, so that none can be told from another`, () => {
      const stall = closed()
      for (const type of TYPES) for (const tcp of [false, true]) refused(stall, name, type, { ...outside, tcp })
      refused(stall, name, 'A', { ...outside, demand: 'count=1' })
    })
  }

  for (const name of ['', 'www', 'nobody', 'babel._sa', 'reading', 'group._task', 'nobody._task', 'any.wild', '_a2a._tcp']) {
    test(`AGENT, SENSE and TASK at ${name || 'the apex'}: REFUSED with 49156`, () => {
      for (const type of ['AGENT', 'SENSE', 'TASK']) refused(closed(), name, type, outside)
    })
  }

  test('the records are there for others', () => {
    const stall = closed()
    for (const [name, type] of [['v2.translate.nlp._cap', 'AGENT'], ['translate.nlp._cap', 'A'], ['v2.translate.nlp._cap', 'SVCB'], ['v2.translate.nlp._cap', 'TXT'], ['any.wild', 'AGENT'], ['reading', 'SENSE'], ['group._task', 'TASK']]) {
      assert.ok(stall.ask(name, type, inside).answer.length > 0, `${name} ${type}`)
    }
    assert.equal(stall.ask('v9.none._cap', 'A', inside).rcode, 'NXDOMAIN')
  })

  test('what is derived of agents elsewhere is as in a zone without any, and nothing is said of it', () => {
    const NAMES = [
      'chat', 'chat._agents', '_agents', '_index._agents', '_a2a._agents', '_tcp', '_mcp._tcp', '_a2a._tcp', 'babel._a2a._tcp', 'old._a2a._tcp', 'v2\\.translate\\.nlp._sub._a2a._tcp', '_udp', '_services._dns-sd._udp', 'b._dns-sd._udp',
      'babel._sa', '_sa', 'www', 'nobody', 'any.wild', '',
    ]
    const without = new Stall(ZONE.split('\n').filter((line) => !/ (AGENT|SENSE|TASK) /.test(line) && !line.includes('_cap')).join('\n') + '\n*.wild HINFO a b\n')
    const told = (stall: Stall, name: string, type: string): unknown => {
      const { rcode, flags, answer, authority, additional } = stall.ask(name, type, outside)
      return { rcode, flags, answer, authority, additional, error: errorOf(stall, name, type, outside) }
    }
    for (const name of NAMES) for (const type of ['A', 'AAAA', 'SVCB', 'HTTPS', 'TXT', 'PTR', 'SRV', 'NS', 'MX']) assert.deepEqual(told(closed(), name, type), told(without, name, type), `${name} ${type}`)
  })

  for (const [what, name, want] of [['an alias', 'lead', {}], ['one that is made by a DNAME', 'translate.nlp.old', {}], ['with DNSSEC', 'lead', { dnssecOk: true }]] as [string, string, Want][]) {
    test(`behind ${what} that leads there: the alias as if it led out of our zones, AA and NOERROR (RFC 1034 4.3.2 step 3a), with 49156; who follows it is refused`, () => {
      for (const type of ['AGENT', 'A', 'TXT', 'SVCB']) {
        const found = closed().ask(name, type, { ...outside, ...want })
        assert.deepEqual([found.rcode, found.flags, found.authority, found.additional], ['NOERROR', 'aa', [], []])
        assert.ok(found.answer.length > 0 && found.answer.every((line) => / (CNAME|DNAME) /.test(line)), found.answer.join())
        assert.equal(errorOf(closed(), name, type, { ...outside, ...want }), EDE.AGENT_PERMISSION_REQUIRED)
      }
    })
  }

  test('one that leads to nothing there is not told from one that leads to an agent', () => {
    const found = closed().ask('astray', 'A', outside)
    assert.deepEqual([found.rcode, found.answer.length, found.authority, errorOf(closed(), 'astray', 'A', outside)], ['NOERROR', 1, [], EDE.AGENT_PERMISSION_REQUIRED])
  })

  test('what others were told of an alias is not told to them from memory', () => {
    const stall = closed()
    for (let i = 0; i < 4; i++) assert.equal(stall.ask('lead', 'TXT', inside).answer.length, 2)
    for (let i = 0; i < 4; i++) assert.equal(stall.ask('lead', 'TXT', outside).answer.length, 1)
    assert.equal(stall.ask('lead', 'TXT', inside).answer.length, 2)
    for (let i = 0; i < 4; i++) assert.equal(stall.ask('chat', 'MX', outside).rcode, 'NXDOMAIN')
    assert.equal(stall.ask('chat', 'MX', inside).rcode, 'NOERROR')
  })

  for (const tcp of [false, true]) {
    test(`ANY elsewhere over ${tcp ? 'TCP' : 'UDP'} leaves types of agents out (RFC 8482 4.1)`, () => {
      const types = (want: Want): string => closed().ask('group._task', 'ANY', { ...want, tcp }).answer.map((line) => line.split(' ')[3]).join()
      assert.equal(types(outside), 'TXT')
      assert.match(types(inside), /TASK/)
    })
  }

  test('a delegation is one for them as well, below capabilities too: what lies there is not this zone\'s to hide', () => {
    for (const [cut, name] of [['sub', 'x.sub'], ['cut._cap', 'below.cut._cap'], ['cut._cap', 'cut._cap']]) {
      for (const type of ['AGENT', 'A', 'NS']) {
        const { rcode, authority } = closed().ask(name, type, outside)
        assert.deepEqual([rcode, authority], ['NOERROR', [`${cut}.acme.example. 60 IN NS ns.elsewhere.`]], `${name} ${type}`)
      }
    }
  })

  test('what is not about agents is answered as ever', () => {
    const stall = closed()
    assert.deepEqual(stall.tell('www', 'A', outside), ['A 192.0.2.80'])
    assert.deepEqual(stall.tell('babel._sa', 'TXT', outside), ['TXT "babel"'])
    assert.equal(stall.ask('nobody', 'A', outside).rcode, 'NXDOMAIN')
    assert.equal(errorOf(stall, 'www', 'AAAA', outside), undefined)
  })

  test('looking without permission moves nothing: the next who may is sent where he would have been', () => {
    const two = [10, 11].map((host) => `a${host}._sa A 192.0.2.${host}\nv2.translate.nlp._cap AGENT 1 a${host}._sa latency=${host * 9}ms alpn=a2a concurrency=1\n`).join('')
    const first = (looks: number, who: Want): string => {
      const stall = new Stall(two)
      stall.showTo({ networks: networks('192.0.2.0/28'), keys: [] })
      for (let i = 0; i < looks; i++) for (const type of ['AGENT', 'A', 'SVCB']) stall.ask('v2.translate.nlp._cap', type, who)
      return stall.tell('v2.translate.nlp._cap', 'A', { from: from('192.0.2.1') })[0]
    }
    assert.equal(first(50, outside), 'A 192.0.2.10')
    assert.ok([1, 2, 3, 4].some((looks) => first(looks, { from: from('192.0.2.1') }) === 'A 192.0.2.11'), 'nobody who may has moved it')
  })
})
