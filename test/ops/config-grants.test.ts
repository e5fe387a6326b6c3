/** Grants in the config: every way of writing one, and every mistake at its place. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { mergeValues, parseConfig, type Config } from '../../src/ops/config.ts'
import { printFinding } from '../../src/ops/finding.ts'
import type { Grant } from '../../src/update/grants.ts'

const KEYS = 'keys: [{ name: agents-key, secret: "c2VjcmV0" }]\n'

function read(grants: string, more = ''): { config: Config | undefined; errors: string[] } {
  const { config, findings } = parseConfig(`${KEYS}zones:\n  - name: example.com\n    file: a.zone\n    grants:\n${grants.split('\n').map((line) => `      ${line}\n`).join('')}${more}`, 'w.yaml')
  return { config, errors: findings.filter(({ severity }) => severity === 'error').map(printFinding) }
}

function grantsOf(grants: string, more = ''): readonly Grant[] {
  const { config, errors } = read(grants, more)
  assert.deepEqual(errors, [])
  return config?.zones[0].grants ?? assert.fail('no config')
}

const shown = ({ deny, key, kind, networks, scope, types, operations }: Grant): unknown => ({
  deny, key: key === undefined || key === 'any' ? key : key.toString(), kind, networks: networks?.map(({ address, bits }) => `${address.join('.')}/${bits}`),
  scope: 'name' in scope ? `${scope.kind} ${scope.name}` : scope.kind, types: types === undefined || types === 'every' ? types : [...types], operations: [...operations].join(' '),
})

describe('grants', () => {
  it('have defaults for all but who is meant', () => {
    assert.deepEqual(grantsOf('- { key: agents-key }').map(shown), [
      { deny: false, key: 'agents-key.', kind: undefined, networks: undefined, scope: 'zone', types: undefined, operations: 'add delete prerequisites' },
    ])
  })

  it('say everything that a grant can say', () => {
    const [first, second, third] = grantsOf(
      '- { deny: true, scope: "name www.example.com" }\n- { key: "*", kind: sig0, network: ["192.0.2.0/24"], scope: selfsub, types: [A, aaaa, TYPE65440], operations: [add, delete] }\n- { network: ["198.51.100.7"], unsigned: true, types: [ANY], scope: "wildcard *.dyn.example.com." }',
    ).map(shown)
    assert.deepEqual(first, { deny: true, key: undefined, kind: undefined, networks: undefined, scope: 'name www.example.com.', types: undefined, operations: 'add delete prerequisites' })
    assert.deepEqual(second, { deny: false, key: 'any', kind: 'sig0', networks: ['192.0.2.0/24'], scope: 'selfsub', types: [TYPE.A, TYPE.AAAA, TYPE.AGENT], operations: 'add delete' })
    assert.deepEqual(third, { deny: false, key: undefined, kind: undefined, networks: ['198.51.100.7/32'], scope: 'wildcard *.dyn.example.com.', types: 'every', operations: 'add delete prerequisites' })
  })

  it('of a zone come before those of all zones', () => {
    const all = grantsOf('- { key: agents-key, scope: "subdomain a.example.com" }', 'grants:\n  - { key: "*", scope: zone }\n')
    assert.deepEqual(all.map(({ scope }) => scope.kind), ['subdomain', 'zone'])
  })

  it('of all zones make each zone changeable', () => {
    const { config } = parseConfig(`${KEYS}zones: [{ name: a.example, file: a }, { name: b.example, file: b }]\ngrants: [{ key: agents-key }]`, 'w.yaml')
    assert.deepEqual(config?.zones.map(({ grants }) => grants?.length), [1, 1])
  })

  it('are empty by default: nobody changes anything', () => {
    assert.deepEqual(parseConfig('zones: [{ name: a.example, file: a }]', 'w.yaml').config?.zones[0].grants, [])
  })

  it('are taken by a reload', () => {
    const values = (grants: string) => parseConfig(`${KEYS}grants: ${grants}`, 'w.yaml').config?.values ?? assert.fail(grants)
    const { taken, waiting } = mergeValues(values('[]'), values('[{ key: "*" }]'))
    assert.deepEqual([taken, waiting], [['grants'], []])
  })
})

const MISTAKES: [string, string, RegExp][] = [
  ['a grant for nobody', '- { scope: zone }', /^w\.yaml:6:9: Cannot use zones\[0\]\.grants\[0\]: grant as it must name a key \("\*" is any that is proven\), or a network with unsigned: true$/],
  ['a network alone', '- { network: ["192.0.2.0/24"] }', /:6:9: .* or a network with unsigned: true/],
  ['unsigned from anywhere', '- { unsigned: true }', /:6:21: .*unsigned true as the grant must then name a network/],
  ['unsigned for a key', '- { key: agents-key, unsigned: true, network: ["192.0.2.0/24"] }', /:6:38: .*unsigned true as the grant is for a key/],
  ['a kind without a key', '- { deny: true, kind: tsig }', /:6:29: .*kind tsig as a grant without key has none/],
  ['a TSIG key that is not there', '- { key: other-key, kind: tsig }', /:6:16: .*key "other-key" as no key of that name stands in keys/],
  ['a name outside of the zone', '- { key: "*", scope: "name www.example.org" }', /:6:28: .*scope "name www\.example\.org" as it must lie in the zone example\.com\./],
  ['a scope that is none', '- { key: "*", scope: everything }', /:6:28: Cannot use zones\[0\]\.grants\[0\]\.scope "everything" as it must be zone, name NAME, subdomain NAME/],
  ['a scope whose name is none', '- { key: "*", scope: "name a..b" }', /:6:28: .*must be zone, name NAME/],
  ['a type that is none', '- { key: "*", types: [A, AAAAA] }', /:6:32: .*"AAAAA" as it must be a type that a zone can hold/],
  ['a type that stands in no zone', '- { key: "*", types: [AXFR] }', /as it must be a type that a zone can hold/],
  ['a type that no update can change', '- { key: "*", types: [RRSIG] }', /and an update can change/],
  ['no types at all', '- { key: "*", types: [] }', /must be a list of types/],
  ['an operation that is none', '- { key: "*", operations: [ad] }', /"ad" as it must be one of add, delete, prerequisites/],
  ['a network with bits behind its prefix', '- { key: "*", network: ["192.0.2.1/24"] }', /must be a network/],
  ['a key that is no name', '- { key: "a..b" }', /Cannot use zones\[0\]\.grants\[0\]\.key "a\.\.b" as it/],
  ['a key of the config that does not exist', '- { key: "*", typs: [A] }', /Cannot use key "typs" as zones\[0\]\.grants\[0\] has none of that name; did you mean "types"\?/],
]

describe('mistakes in grants', () => {
  for (const [what, grants, message] of MISTAKES) {
    it(`${what} is told at its place`, () => {
      const { config, errors } = read(grants)
      assert.equal(config, undefined)
      assert.equal(errors.length, 1, errors.join('\n'))
      assert.match(errors[0], message)
    })
  }

  it('several are told together', () => {
    assert.equal(read('- { scope: zone }\n- { key: "*", types: [NOTYPE] }\n- { key: "*", scope: "name elsewhere" }').errors.length >= 1, true)
  })

  it('of all zones are told at their place too', () => {
    const { findings } = parseConfig('grants:\n  - { scope: zone }\n', 'w.yaml')
    assert.match(printFinding(findings[0]), /^w\.yaml:2:5: Cannot use grants\[0\]: grant as it must name a key/)
  })
})
