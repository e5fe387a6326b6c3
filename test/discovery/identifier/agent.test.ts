/** Agent identifiers: their form, and what an id proves about a key. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Name } from '../../../src/dns/name.ts'
import { certifies, holderOfKey, holderOfSecret, readAgentIdentifier, selfCertifyingId } from '../../../src/discovery/identifier/agent.ts'

const KEY = Buffer.from('0000030d' + '11'.repeat(64), 'hex') // flags 0, protocol 3, algorithm 13 (RFC 2931, RFC 6605)

test('an identifier is an id below _sa or _ua of a domain', () => {
  const babel = readAgentIdentifier(Name.parse('Babel._SA.acme.example.'))
  assert.deepEqual([babel?.id, babel?.kind, babel?.domain.toString()], ['babel', 'service', 'acme.example.'])
  assert.equal(readAgentIdentifier(Name.parse('mia._ua.acme.example.'))?.kind, 'user')
})

test('other names are no identifiers', () => {
  for (const text of ['.', '_sa.acme.example.', 'babel.acme.example.', 'x.babel._sa.acme.example.', '_private.babel._sa.acme.example.', '-x._sa.acme.example.', 'a\\.b._sa.acme.example.', 'x_y._ua.acme.example.']) {
    assert.equal(readAgentIdentifier(Name.parse(text)), undefined, text)
  }
})

test('a self-certifying id is base32hex of half of the SHA-256 of the KEY, in lower case, without padding', () => {
  const digits = '0123456789abcdefghijklmnopqrstuv'
  const bits = [...createHash('sha256').update(KEY).digest().subarray(0, 16)].map((octet) => octet.toString(2).padStart(8, '0')).join('').padEnd(130, '0')
  const expected = (bits.match(/.{5}/g) ?? []).map((five) => digits[parseInt(five, 2)]).join('')
  assert.equal(selfCertifyingId(KEY), expected)
  assert.match(selfCertifyingId(KEY), /^[0-9a-v]{26}$/)
})

test('an id of that form is right for one key and wrong for every other; a label says nothing', () => {
  const id = selfCertifyingId(KEY)
  assert.equal(certifies(id, KEY), 'certified')
  assert.equal(certifies(id, Buffer.concat([KEY.subarray(0, 67), Buffer.of(0x12)])), 'other')
  assert.equal(certifies('babel', KEY), 'label')
  assert.equal(certifies(`${id}w`, KEY), 'label')
  assert.equal(certifies(id.replace(/^./, 'w'), KEY), 'label')
})

test('flags and algorithm are part of what is certified: the whole RDATA counts', () => {
  const other = Uint8Array.from(KEY)
  other[0] = 2
  assert.notEqual(selfCertifyingId(other), selfCertifyingId(KEY))
})

test('holders differ where keys differ, and a secret is never taken for a key', () => {
  assert.equal(holderOfKey(KEY).length, 16)
  assert.deepEqual(holderOfSecret(Name.parse('Agents-Key.')), holderOfSecret(Name.parse('agents-key.')))
  assert.notDeepEqual(holderOfSecret(Name.parse('agents-key.')), holderOfSecret(Name.parse('other-key.')))
  fc.assert(fc.property(fc.uint8Array({ minLength: 4, maxLength: 80 }), fc.uint8Array({ minLength: 4, maxLength: 80 }), (a, b) => {
    assert.equal(Buffer.compare(holderOfKey(a), holderOfKey(b)) === 0, Buffer.compare(a, b) === 0)
  }))
})

test('the holder of a secret is the same each time it is asked for, by whichever object of its name', () => {
  const name = Name.parse('agents-key.')
  const first = Buffer.from(holderOfSecret(name))
  assert.deepEqual([Buffer.from(holderOfSecret(name)), Buffer.from(holderOfSecret(Name.parse('AGENTS-KEY.')))], [first, first])
  assert.equal(holderOfSecret(name).length, 16)
})
