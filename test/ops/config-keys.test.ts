/**
 * TSIG keys of the config: what is taken, and what is said of those that cannot be used, at its place.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../../src/ops/config.ts'
import { mergeValues } from '../../src/ops/config.ts'
import { printFinding } from '../../src/ops/finding.ts'

const SECRET = Buffer.alloc(32, 7).toString('base64')

describe('TSIG keys', () => {
  it('are ready for use, whatever the case of the algorithm and with or without the final dot', () => {
    const { config, findings } = parseConfig(`keys:\n  - { name: agents-key, secret: "${SECRET}" }\n  - { name: Other., algorithm: HMAC-SHA512., secret: "${Buffer.alloc(64).toString('base64')}" }\n`, 'w.yaml')
    assert.deepEqual(findings, [])
    assert.deepEqual(config?.keys.map(({ name, algorithm }) => [name.toString(), algorithm.mnemonic]), [['agents-key.', 'hmac-sha256'], ['Other.', 'hmac-sha512']])
  })

  it('are warned of where they are easily guessed (RFC 8945 8)', () => {
    const { config, findings } = parseConfig('keys: [{ name: k, secret: "AAECAw==" }]\n', 'w.yaml')
    assert.equal(config?.keys.length, 1)
    assert.deepEqual(findings.map(printFinding), ['w.yaml:1:27: warning: Cannot rely on keys[0].secret as it has 4 octets where hmac-sha256 wants 32'])
  })

  const mistakes: [string, string, RegExp][] = [
    ['an algorithm that is none', `{ name: k, algorithm: hmac-sha255, secret: "${SECRET}" }`, /^w\.yaml:1:30: Cannot use keys\[0\]\.algorithm "hmac-sha255" as it must be one of .*did you mean "hmac-sha256"\?$/],
    ['an algorithm that is broken', `{ name: k, algorithm: hmac-md5, secret: "${SECRET}" }`, /:1:30: .*hmac-md5" as it is not served \(RFC 8945 6/],
    ['a secret that is no base64', '{ name: k, secret: "not base64!" }', /:1:27: Cannot use keys\[0\]\.secret as it must be base64/],
    ['an empty secret', '{ name: k, secret: "" }', /:1:27: Cannot use keys\[0\]\.secret as it must be base64/],
    ['a secret without end', `{ name: k, secret: "${Buffer.alloc(1_025).toString('base64')}" }`, /must have at most 1024 octets/],
    ['a name that is none', `{ name: a..b, secret: "${SECRET}" }`, /:1:16: Cannot use keys\[0\]\.name "a\.\.b" as it must not hold an empty label/],
  ]
  for (const [what, key, message] of mistakes) {
    it(`are refused with their place: ${what}`, () => {
      const { config, findings } = parseConfig(`keys: [${key}]\n`, 'w.yaml')
      assert.equal(config, undefined)
      assert.match(printFinding(findings[0]), message)
      assert.ok(!printFinding(findings[0]).includes(SECRET), 'no secret is told')
    })
  }

  it('have names of their own', () => {
    const { findings } = parseConfig(`keys:\n  - { name: k, secret: "${SECRET}" }\n  - { name: K., secret: "${SECRET}" }\n`, 'w.yaml')
    assert.deepEqual(findings.map(printFinding), ['w.yaml:3:13: Cannot use keys[1].name "K." as keys[0] has the same name'])
  })

  it('are taken by a reload', () => {
    const valuesOf = (text: string) => parseConfig(text, 'w.yaml').config?.values ?? assert.fail(text)
    const { taken, waiting, values } = mergeValues(valuesOf('{}'), valuesOf(`keys: [{ name: k, secret: "${SECRET}" }]`))
    assert.deepEqual([taken, waiting, values.keys.length], [['keys'], [], 1])
  })
})
