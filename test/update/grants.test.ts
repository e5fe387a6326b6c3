/** Grants: the first that matches decides, record by record; nothing is allowed that no grant allows. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { parsePrefix, type Prefix } from '../../src/dns/prefix.ts'
import { OPERATIONS, parseScope, type Grant, type Scope } from '../../src/update/grants.ts'
import { anybody, bench, grant, signed } from './support.ts'

const name = (text: string): Name => Name.parse(text)
const scope = (text: string): Scope => parseScope(text) ?? assert.fail(text)
const network = (text: string): Prefix[] => [parsePrefix(text) ?? assert.fail(text)]

/** RCODE of one update under these grants. */
async function under(grants: Grant[], update: string, requester = signed()): Promise<string> {
  return (await bench({ grants })).send(update, requester)
}

/** Each update with whether it is allowed. */
async function allows(grants: Grant[], cases: [string, boolean][], requester = signed()): Promise<void> {
  for (const [update, isAllowed] of cases) assert.equal(await under(grants, update, requester), isAllowed ? 'NOERROR' : 'REFUSED', update)
}

describe('scopes', () => {
  test('zone: every name', () => allows([grant({ scope: scope('zone') })], [['add example. 60 TXT "x"', true], ['add a.b.c.example. 60 TXT "x"', true]]))

  test('name: that name and no other', () =>
    allows([grant({ scope: scope('name Www.example.') })], [['add www.example. 60 TXT "x"', true], ['add a.www.example. 60 TXT "x"', false], ['add example. 60 TXT "x"', false]]))

  test('subdomain: that name and what lies below', () =>
    allows([grant({ scope: scope('subdomain dyn.example') })], [['add dyn.example. 60 TXT "x"', true], ['add a.b.dyn.example. 60 TXT "x"', true], ['add adyn.example. 60 TXT "x"', false], ['add example. 60 TXT "x"', false]]))

  test('wildcard: what lies below, as a wildcard would stand for it (RFC 4592 2.1.1)', () =>
    allows([grant({ scope: scope('wildcard *.dyn.example.') })], [['add dyn.example. 60 TXT "x"', false], ['add a.dyn.example. 60 TXT "x"', true], ['add a.b.dyn.example. 60 TXT "x"', true]]))

  test('self: the name of the key', () =>
    allows([grant({ scope: scope('self') })], [['add host.example. 60 TXT "x"', true], ['add a.host.example. 60 TXT "x"', false], ['add www.example. 60 TXT "x"', false]], signed('Host.example.')))

  test('selfsub: the name of the key and what lies below', () =>
    allows([grant({ scope: scope('selfsub') })], [['add host.example. 60 TXT "x"', true], ['add a.host.example. 60 TXT "x"', true], ['add www.example. 60 TXT "x"', false]], signed('host.example.', 'sig0')))

  test('self is nobody where nobody signed', () =>
    allows([grant({ key: undefined, networks: network('192.0.2.0/24'), scope: scope('self') })], [['add host.example. 60 TXT "x"', false]], anybody))

  test('what is no scope is none', () => {
    for (const text of ['', 'everything', 'name', 'subdomain', 'zone example.', 'self a.', 'wildcard example.', 'name *.', 'name a. b.']) {
      if (text === 'name *.') continue
      assert.equal(parseScope(text), undefined, text)
    }
    assert.throws(() => parseScope('name a..b'), /Cannot parse name/)
  })
})

describe('keys and networks', () => {
  test('a key that only the message itself holds is nobody’s: it could stand at any name (RFC 9665 3.2.5.2)', async () => {
    const known = signed('host.example.', 'sig0')
    const introduced = { ...known, signer: known.signer?.kind === 'sig0' ? { ...known.signer, isIntroduced: true } : assert.fail() }
    const update = 'add host.example. 60 TXT "x"'
    for (const one of [grant({ key: name('host.example.') }), grant({ scope: scope('self') }), grant({ key: 'any', kind: 'sig0' })]) {
      await allows([one], [[update, true]], known)
      await allows([one], [[update, false]], introduced)
    }
  })

  test('a key by its name, case aside', async () => {
    const grants = [grant({ key: name('Agents-Key.') })]
    await allows(grants, [['add a.example. 60 TXT "x"', true]], signed('agents-key.'))
    await allows(grants, [['add a.example. 60 TXT "x"', false]], signed('other-key.'))
    await allows(grants, [['add a.example. 60 TXT "x"', false]], anybody)
  })

  test('any key that is proven, of one kind or both', async () => {
    await allows([grant()], [['add a.example. 60 TXT "x"', true]], signed('k.', 'sig0'))
    await allows([grant({ kind: 'tsig' })], [['add a.example. 60 TXT "x"', false]], signed('k.', 'sig0'))
    await allows([grant({ kind: 'sig0' })], [['add a.example. 60 TXT "x"', true]], signed('k.', 'sig0'))
  })

  test('a network without a key: signed or not', async () => {
    const grants = [grant({ key: undefined, networks: network('192.0.2.0/24') })]
    await allows(grants, [['add a.example. 60 TXT "x"', true]], anybody)
    await allows(grants, [['add a.example. 60 TXT "x"', true]], signed())
    await allows(grants, [['add a.example. 60 TXT "x"', false]], { ...anybody, address: Uint8Array.of(198, 51, 100, 1) })
  })

  test('a key and a network: both', async () => {
    const grants = [grant({ networks: network('192.0.2.0/24') })]
    await allows(grants, [['add a.example. 60 TXT "x"', false]], anybody)
    await allows(grants, [['add a.example. 60 TXT "x"', true]], signed())
    await allows(grants, [['add a.example. 60 TXT "x"', false]], { ...signed(), address: Uint8Array.of(198, 51, 100, 1) })
  })
})

describe('types and operations', () => {
  test('the types that are named', () =>
    allows([grant({ types: new Set([TYPE.TXT, TYPE.A]) })], [['add a.example. 60 TXT "x"', true], ['add a.example. 60 MX 1 b.', false], ['delete www.example. TXT', true], ['delete example. MX', false]]))

  test('without types every one but SOA and NS', () =>
    allows([grant({ types: undefined })], [['add a.example. 60 MX 1 b.', true], ['add a.example. 60 NS b.', false], ['delete example. SOA', false], ['add a.example. 60 TYPE4711 \\# 0', true]]))

  test('to delete a name is to delete each of its types', async () => {
    await allows([grant({ types: new Set([TYPE.TXT, TYPE.A]) })], [['delete www.example.', true]])
    await allows([grant({ types: new Set([TYPE.TXT]) })], [['delete www.example.', false], ['delete nothing.example.', true]])
    await allows([grant({ types: undefined })], [['delete example.', true]])
    assert.equal(await under([grant({ types: undefined, scope: scope('subdomain dyn.example.') })], 'delete nothing.example.'), 'REFUSED')
  })

  test('types that the same update brings are looked at as they stand when it is judged', () => allows([grant({ types: new Set([TYPE.A]) })], [['add a.example. 60 A 192.0.2.1; delete a.example.', true]]))

  for (const operation of OPERATIONS) {
    test(`only ${operation}`, () =>
      allows([grant({ operations: new Set([operation]) })], [
        ['add a.example. 60 TXT "x"', operation === 'add'],
        ['delete www.example. TXT', operation === 'delete'],
        ['delete www.example. TXT "x"', operation === 'delete'],
        ['delete www.example.', operation === 'delete'],
        ['prereq yxdomain www.example.', operation === 'prerequisites'],
        ['prereq yxrrset www.example. A', operation === 'prerequisites'],
      ]))
  }

  test('prerequisites are looked at by their type; in use or not by the name alone', () =>
    allows([grant({ types: new Set([TYPE.TXT]) })], [['prereq yxrrset www.example. TXT', true], ['prereq yxrrset www.example. A', false], ['prereq yxdomain www.example.', true]]))
})

describe('order', () => {
  test('the first grant that matches decides', async () => {
    const deny = grant({ deny: true, scope: scope('name www.example.') })
    await allows([deny, grant()], [['add www.example. 60 TXT "x"', false], ['add a.example. 60 TXT "x"', true]])
    await allows([grant(), deny], [['add www.example. 60 TXT "x"', true]])
  })

  test('a denial of some types leaves the others', async () => {
    const deny = grant({ deny: true, types: new Set([TYPE.MX]) })
    await allows([deny, grant()], [['add a.example. 60 MX 1 b.', false], ['add a.example. 60 TXT "x"', true], ['delete www.example.', true], ['prereq yxdomain www.example.; add a.example. 60 TXT "x"', true]])
    await allows([grant({ deny: true, types: new Set([TYPE.A]) }), grant()], [['delete www.example.', false]])
  })

  test('each record is decided apart, and one that is refused refuses all', async () => {
    const grants = [grant({ types: new Set([TYPE.TXT]), scope: scope('name a.example.') }), grant({ types: new Set([TYPE.A]), scope: scope('name b.example.') })]
    await allows(grants, [['add a.example. 60 TXT "x"; add b.example. 60 A 192.0.2.1', true], ['add a.example. 60 TXT "x"; add b.example. 60 TXT "x"', false]])
  })

  test('no grant, no change', () => allows([], [['add a.example. 60 TXT "x"', false]]))

  test('the refusal says for whom and what', async () => {
    const running = await bench({ grants: [grant({ types: new Set([TYPE.TXT]) })] })
    const { ede } = await running.judge('add a.example. 60 MX 1 b.')
    assert.equal(ede?.text, 'no grant for key key.: a.example. MX')
    assert.equal((await running.judge('add a.example. 60 MX 1 b.', anybody)).ede?.text, 'no grant for unsigned updates')
    assert.equal((await (await bench({ grants: [grant({ operations: new Set(['add']) })] })).judge('prereq yxrrset www.example. A')).ede?.text, 'no grant for key key.: prerequisite www.example. A')
  })
})
