/**
 * RFC 5155 7.2: which NSEC3 records come with which answer, over a zone that BIND has signed with opt-out
 * (test/golden/signed-nsec3.zone). Hashes are made here by node:crypto, apart from ours, so that each proof is
 * checked for what it must show: a record that matches a name, a record that covers one.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { Name } from '../../src/dns/name.ts'
import { asker, zoneOf, type Response } from '../authority/ask.ts'

const ORIGIN = 'example.com.'
const SALT = Buffer.of(0xab)
const ask = asker(zoneOf(ORIGIN, readFileSync('test/golden/signed-nsec3.zone', 'latin1')))

/** RFC 5155 5 with no extra iterations, in base32hex as owners are written. */
function hashOf(name: string): string {
  const digest = createHash('sha1').update(Name.parse(name.toLowerCase()).wire).update(SALT).digest()
  const bits = [...digest].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((five) => parseInt(five, 2).toString(32)).join('').toUpperCase()
}

interface Nsec3 {
  from: string
  to: string
  flags: number
  types: string[]
}

function nsec3Of({ authority }: Response): Nsec3[] {
  const rows = authority.map((record) => record.split(' ')).filter(([, , , type]) => type === 'NSEC3')
  return rows.map(([owner, , , , , flags, , , to, ...types]) => ({ from: owner.split('.')[0].toUpperCase(), to: to.toUpperCase(), flags: Number(flags), types }))
}

const matching = (response: Response, name: string): Nsec3 | undefined => nsec3Of(response).find(({ from }) => from === hashOf(name))

function covering(response: Response, name: string): Nsec3 | undefined {
  const hash = hashOf(name)
  return nsec3Of(response).find(({ from, to }) => (from < to ? from < hash && hash < to : from < hash || hash < to))
}

/** Question, RCODE, names that must be matched and names that must be covered. */
const ROWS: [section: string, what: string, question: string, rcode: string, matched: string[], covered: string[]][] = [
  ['7.2.2', 'no name, under the apex', 'none.example.com. A', 'NXDOMAIN', [ORIGIN], ['none.example.com.', '*.example.com.']],
  ['7.2.2', 'no name, under an empty non-terminal', 'x.y.b.ent.example.com. A', 'NXDOMAIN', ['b.ent.example.com.'], ['y.b.ent.example.com.', '*.b.ent.example.com.']],
  ['7.2.2', 'no name, under a name with data', 'x.www.example.com. A', 'NXDOMAIN', ['www.example.com.'], ['x.www.example.com.', '*.www.example.com.']],
  ['7.2.3', 'no data', 'www.example.com. MX', 'NOERROR', ['www.example.com.'], []],
  ['7.2.3', 'no data at an empty non-terminal', 'ent.example.com. A', 'NOERROR', ['ent.example.com.'], []],
  ['7.2.3', 'no data at the apex', 'example.com. A', 'NOERROR', [ORIGIN], []],
  ['7.2.4', 'no DS at a delegation that opt-out leaves out: the closest encloser that can be proven', 'plain.example.com. DS', 'NOERROR', [ORIGIN], ['plain.example.com.']],
  ['7.2.5', 'no data at a wildcard', 'x.wild.example.com. A', 'NOERROR', ['wild.example.com.', '*.wild.example.com.'], ['x.wild.example.com.']],
  ['7.2.6', 'a name from a wildcard', 'x.wild.example.com. TXT', 'NOERROR', [], ['x.wild.example.com.']],
  ['7.2.6', 'a name from a wildcard over two labels: the next closer name is denied', 'x.y.wild.example.com. TXT', 'NOERROR', [], ['y.wild.example.com.']],
  ['7.2.7', 'a referral to an unsigned zone that opt-out leaves out', 'x.plain.example.com. A', 'NOERROR', [ORIGIN], ['plain.example.com.']],
  ['7.2.8', 'a name that only an NSEC3 record has: as if it did not exist', `${hashOf('www.example.com.')}.example.com. A`, 'NXDOMAIN', [ORIGIN], [`${hashOf('www.example.com.')}.example.com.`, '*.example.com.']],
]

describe('RFC 5155 7.2: proofs', () => {
  for (const [section, what, question, rcode, matched, covered] of ROWS) {
    test(`${section} ${what}`, () => {
      const response = ask(question, { dnssec: true })
      assert.equal(response.rcode, rcode)
      for (const name of matched) assert.ok(matching(response, name), `no NSEC3 matches ${name}`)
      for (const name of covered) assert.ok(covering(response, name), `no NSEC3 covers ${name}`)
      assert.ok(nsec3Of(response).length <= matched.length + covered.length, 'none is sent that is not needed')
      assert.equal(nsec3Of(response).length, response.authority.filter((record) => record.includes(' RRSIG NSEC3 ')).length, 'each with its signature')
    })
  }

  test('7.2.1 the record of the closest encloser shows no delegation and no DNAME', () => {
    for (const [, , question, rcode, [encloser]] of ROWS) {
      if (rcode !== 'NXDOMAIN') continue
      const { types } = matching(ask(question, { dnssec: true }), encloser) ?? assert.fail()
      assert.ok(!types.includes('DNAME') && (!types.includes('NS') || types.includes('SOA')))
    }
  })

  test('7.2.3 the bitmap of the match lacks the type asked for, and CNAME', () => {
    const { types } = matching(ask('www.example.com. MX', { dnssec: true }), 'www.example.com.') ?? assert.fail()
    assert.deepEqual(types, ['A', 'AAAA', 'RRSIG'])
  })

  test('7.2.4, 7.2.7 what leaves a delegation out has the opt-out flag', () => {
    for (const question of ['plain.example.com. DS', 'x.plain.example.com. A']) assert.equal(covering(ask(question, { dnssec: true }), 'plain.example.com.')?.flags, 1)
  })

  test('7.2.7 a signed delegation has its DS, and needs no NSEC3', () => {
    assert.deepEqual(nsec3Of(ask('x.secure.example.com. A', { dnssec: true })), [])
  })

  test('7.2.8 a question for NSEC3 is answered by no NSEC3, at any name', () => {
    for (const name of [ORIGIN, 'www.example.com.', `${hashOf('www.example.com.')}.example.com.`]) assert.deepEqual(ask(`${name} NSEC3`, { dnssec: true }).answer, [])
  })

  test('3 without DO no answer has NSEC3; NSEC3PARAM is data of the apex', () => {
    for (const [, , question] of ROWS) assert.deepEqual(nsec3Of(ask(question)), [])
    assert.deepEqual(ask('example.com. NSEC3PARAM').answer, ['example.com. 0 IN NSEC3PARAM 1 0 0 AB'])
  })
})

test('RFC 5155 7.1 where NSEC3 are there but no NSEC3PARAM says how, nothing is proven, and nothing fails', () => {
  const text = readFileSync('test/golden/signed-nsec3.zone', 'latin1').split('\n').filter((line) => !/NSEC3PARAM (1|13)/.test(line)).join('\n')
  const lost = asker(zoneOf(ORIGIN, text))
  assert.deepEqual([lost('none.example.com. A', { dnssec: true }).rcode, nsec3Of(lost('none.example.com. A', { dnssec: true }))], ['NXDOMAIN', []])
})
