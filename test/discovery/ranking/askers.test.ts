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
      assert.deepEqual([rcode, answer.length], ['NOERROR', may ? 1 : 0])
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
  const HIDDEN: [name: string, type: string][] = [
    ['v2.translate.nlp._cap', 'AGENT'], ['translate.nlp._cap', 'AGENT'], ['v1.translate.nlp._cap', 'AGENT'], ['any.wild', 'AGENT'], ['reading', 'SENSE'], ['group._task', 'TASK'],
    ['v2.translate.nlp._cap', 'A'], ['v2.translate.nlp._cap', 'SVCB'], ['chat', 'A'], ['chat', 'TXT'], ['_a2a._tcp', 'PTR'], ['_a2a._tcp', 'SRV'], ['babel._a2a._tcp', 'TXT'],
    ['_index._agents', 'TXT'], ['chat._agents', 'HTTPS'], ['_services._dns-sd._udp', 'PTR'],
  ]
  for (const [name, type] of HIDDEN) {
    test(`${name} ${type}: NODATA with its SOA (RFC 2308 2.2) and 49156 to them, the records to others`, () => {
      const stall = closed()
      assert.ok(stall.ask(name, type, { from: from('192.0.2.1') }).answer.length > 0)
      const { rcode, flags, answer, authority, additional } = stall.ask(name, type, outside)
      assert.deepEqual([rcode, flags, answer, additional], ['NOERROR', 'aa', [], []])
      assert.match(authority.join(), /^acme\.example\. \d+ IN SOA /)
      assert.equal(errorOf(stall, name, type, outside), EDE.AGENT_PERMISSION_REQUIRED)
    })
  }

  test('behind an alias as well, which itself is shown', () => {
    const { answer } = closed().ask('lead', 'AGENT', outside)
    assert.deepEqual(answer, ['lead.acme.example. 60 IN CNAME v2.translate.nlp._cap.acme.example.'])
    assert.equal(closed().ask('lead', 'AGENT').answer.length, 2, 'and others are led on')
  })

  for (const tcp of [false, true]) {
    test(`ANY over ${tcp ? 'TCP' : 'UDP'} leaves types of agents out (RFC 8482 4.1)`, () => {
      const types = (want: Want): string => closed().ask('v2.translate.nlp._cap', 'ANY', { ...want, tcp }).answer.map((line) => line.split(' ')[3]).join()
      assert.equal(types(outside), 'TXT')
      assert.match(types({ from: from('192.0.2.1'), size: 4_096 }), /AGENT/)
    })
  }

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
