/** How instances of DNS-SD are called (RFC 6763 4.1.1): by id, or by all of the agent's name; who has none that a label can tell is left out. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stall } from './stall.ts'

const LONG = 'x'.repeat(40)

/** The agent's name below the apex, or anywhere; and its instance, null where it has none. */
const CALLED: [what: string, agent: string, instance: string | null][] = [
  ['an agent of the domain', 'babel._sa', 'babel'],
  ['in the letters that it registered with (RFC 4343 4.1)', 'BaBel._SA', 'BaBel'],
  ['one with the longest id', `${'y'.repeat(63)}._sa`, 'y'.repeat(63)],
  ['an agent of another provider', 'far._sa.beta.test.', 'far\\._sa\\.beta\\.test'],
  ['a provider whose domain ends like ours', 'a._sa.other-acme.example.', 'a\\._sa\\.other-acme\\.example'],
  ['a provider below our domain', 'a._sa.sub.acme.example.', 'a\\._sa\\.sub\\.acme\\.example'],
  ['a user agent, also of our domain', 'u._ua', 'u\\._ua\\.acme\\.example'],
  ['a host, which is no identifier', 'host', null],
  ['a name with the mark in another place', 'a.b._sa', null],
  ['a longer mark', 'a._sax', null],
  ['another agent with a name too long for a label', `${LONG}._sa.${LONG}.test.`, null],
  ['an id with a dot of its own, which reads like two labels', 'a\\.b._sa', null],
  ['a foreign one likewise', 'a\\.b._sa.beta.test.', null],
]

describe('instances', () => {
  for (const [what, agent, instance] of CALLED) {
    test(`${what}: ${agent}`, () => {
      const stall = new Stall(`v1.echo._cap AGENT 1 ${agent} alpn=a2a\nv1.echo._cap AGENT 1 other._sa alpn=mcp\n`)
      const expected = instance === null ? ['NOERROR'] : [`PTR ${instance}._a2a._tcp.acme.example.`]
      assert.deepEqual(stall.tell('_a2a._tcp', 'PTR'), expected)
      assert.deepEqual(stall.tell('v1\\.echo._sub._a2a._tcp', 'PTR'), expected)
      if (instance === null) return
      assert.equal(stall.ask(`${instance}._a2a._tcp`, 'SRV').answer.length, 1, 'and whoever follows it finds the agent')
    })
  }

  test('one agent of several capabilities is one instance', () => {
    const stall = new Stall(['v1.a', 'v2.a', 'v1.b'].map((name) => `${name}._cap AGENT 1 babel._sa alpn=a2a\n`).join(''))
    assert.deepEqual(stall.tell('_a2a._tcp', 'PTR'), ['PTR babel._a2a._tcp.acme.example.'])
  })

  test('an instance whose name would be too long is left out, its neighbours are not (RFC 1035 2.3.4)', () => {
    const domain = Array.from({ length: 3 }, () => 'd'.repeat(57)).join('.')
    const stall = new Stall(['long', 'shrt'].map((id) => `v1.echo._cap.${domain} AGENT 1 ${id.padEnd(id === 'long' ? 58 : 4, 'g')}._sa.${domain} alpn=a2a\n`).join(''))
    assert.deepEqual(stall.tell(`_a2a._tcp.${domain}`, 'PTR'), [`PTR shrt._a2a._tcp.${domain}.acme.example.`])
  })
})
