/** Lists of faces are bounded and say so (RFC 8914 4.1), what is asked comes back as it was written, and other classes have faces of their own. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_FACE_AGENTS } from '../../../src/dns/limits-discovery.ts'
import { CLASS, EDE, OPTION } from '../../../src/dns/codes.ts'
import type { Conversed } from '../../authority/ask.ts'
import { ALL_SHOWN } from '../../../src/discovery/faces/names.ts'
import { Stall } from './stall.ts'

const CUT_TEXT = 'more agents than a list holds: ask by capability'

/** A zone of `count` agents who all offer the same. */
function crowd(count: number): string {
  const agents = Array.from({ length: count }, (_, i) => `v1.crowd._cap AGENT 1 a${i}._sa alpn=a2a alias=a${i}\na${i}._sa A 192.0.2.${1 + i % 250}\n`)
  return agents.join('')
}

/** Code and text of the Extended DNS Error in a response; undefined where it has none. */
function errorOf({ edns }: Conversed): [code: number, text: string] | undefined {
  const option = edns?.options.find(([code]) => code === OPTION.EDE)?.[1]
  if (option === undefined) return undefined
  const octets = Buffer.from(option, 'hex')
  return [octets.readUInt16BE(0), octets.toString('utf8', 2)]
}

describe('lists of faces are bounded', () => {
  const full = new Stall(crowd(MAX_FACE_AGENTS))
  const over = new Stall(crowd(MAX_FACE_AGENTS + 44))
  const LISTS: [name: string, type: string, entries: (found: Conversed) => string[]][] = [
    ['_a2a._tcp', 'PTR', pointersOf],
    ['v1\\.crowd._sub._a2a._tcp', 'PTR', pointersOf],
    ['_index._agents', 'TXT', ({ answer }) => (answer[0] ?? '').replaceAll('" "', '').match(/a\d+:a2a/g) ?? []],
  ]
  for (const [name, type, entries] of LISTS) {
    test(`${name} ${type}: as many agents as there may be are all listed, without an error`, () => {
      const found = full.ask(name, type, { tcp: true })
      assert.deepEqual([found.rcode, new Set(entries(found)).size, entries(found).length], ['NOERROR', MAX_FACE_AGENTS, MAX_FACE_AGENTS])
      assert.equal(errorOf(found), undefined)
    })

    test(`${name} ${type}: of more, that many are listed, each once, and the response says that it is cut`, () => {
      const found = over.ask(name, type, { tcp: true })
      assert.deepEqual([found.rcode, new Set(entries(found)).size, entries(found).length], ['NOERROR', MAX_FACE_AGENTS, MAX_FACE_AGENTS])
      assert.deepEqual(errorOf(found), [EDE.OTHER, CUT_TEXT])
    })

    test(`${name} ${type}: when enough of them have died, all who live are listed and nothing is said`, () => {
      const stall = new Stall(crowd(MAX_FACE_AGENTS + 44))
      for (let i = 0; i < 50; i++) stall.expire(`a${i}`)
      const found = stall.ask(name, type, { tcp: true })
      assert.equal(new Set(entries(found)).size, MAX_FACE_AGENTS - 6)
      assert.ok(!entries(found).some((entry) => /^a([0-9]|[1-4][0-9])[:.]/.test(entry)))
      assert.equal(errorOf(found), undefined)
    })
  }

  test('a list that does not fit a datagram is truncated, not shortened (RFC 2181 9)', () => {
    const { flags, answer, octets } = full.ask('_a2a._tcp', 'PTR', { size: 1_232 })
    assert.deepEqual([flags, answer], ['aa tc', []])
    assert.ok(octets <= 1_232)
  })

  test('answers that are ranked, and names that do not list agents, are not called cut', () => {
    for (const [name, type] of [['v1.crowd._cap', 'A'], ['_a2a._tcp', 'SRV'], ['b._dns-sd._udp', 'PTR'], ['_services._dns-sd._udp', 'PTR'], ['a7._sa', 'SVCB']]) {
      const found = over.ask(name, type, { tcp: true })
      assert.ok(found.answer.length > 0 && found.answer.length < 20, `${name} ${type}: ${found.answer.length}`)
      assert.equal(errorOf(found), undefined, `${name} ${type}`)
    }
  })
})

describe('what is asked and where', () => {
  const ZONE = 'babel._sa A 192.0.2.10\nv2.nlp._cap AGENT 1 babel._sa alpn=a2a alias=chat\n'
  const ASKED: [name: string, type: string][] = [['ChAt', 'A'], ['V2.nLp._CAP', 'SVCB'], ['_A2a._tCp', 'PTR'], ['BABEL._a2A._TCP', 'SRV'], ['_INDEX._Agents', 'TXT'], ['cHAT._AGENTS', 'HTTPS']]
  for (const [name, type] of ASKED) {
    test(`${name} ${type}: the question comes back in the case in which it was asked (RFC 4343 4.1)`, () => {
      const { question, answer } = new Stall(ZONE).ask(name, type)
      assert.equal(question?.split(' ')[0], `${name}.acme.example.`)
      assert.ok(answer.length > 0)
    })
  }

  test('a zone of the local class has faces of that class (RFC 1035 3.2.4)', () => {
    const stall = new Stall(ZONE, ALL_SHOWN, 1, CLASS.LOCAL)
    for (const [name, type] of ASKED) {
      const { rcode, answer } = stall.ask(name, type)
      assert.deepEqual([rcode, [...new Set(answer.map((line) => line.split(' ')[2]))]], ['NOERROR', ['LOCAL']], `${name} ${type}`)
    }
    assert.deepEqual(stall.ask('chat', 'A').answer, ['chat.acme.example. 60 LOCAL A 192.0.2.10'])
  })

  test('a zone without agents has no faces at all', () => {
    const stall = new Stall('www A 192.0.2.80\n')
    for (const [name, type] of ASKED) assert.equal(stall.ask(name, type).rcode, 'NXDOMAIN', `${name} ${type}`)
    for (const name of ['_tcp', '_agents', '_udp']) assert.equal(stall.ask(name, 'A').rcode, 'NXDOMAIN', name)
  })
})

function pointersOf({ answer }: Conversed): string[] {
  return answer.map((line) => line.split(' ').at(-1) as string)
}
