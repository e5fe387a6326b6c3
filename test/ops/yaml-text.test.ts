/**
 * YAML read against any schema: faults at their places in the schema's words, unknown keys with the near one, and the table of keys.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { printFinding } from '../../src/ops/finding.ts'
import { keysOf, notesOf, schemaAt } from '../../src/ops/schema-notes.ts'
import { printPath, printValue, readText, valueAt, YamlText } from '../../src/ops/yaml-text.ts'

const leg = z.strictObject({ joints: z.int().meta({ wanted: 'must be a number', about: 'Joints.' }), hairy: z.boolean().meta({ wanted: 'must be true or false', about: 'Hair.' }).default(true) }).meta({ wanted: 'must be { joints }', about: 'A leg.' })
const schema = z
  .strictObject({
    name: z.string().min(1).meta({ wanted: 'must be a name', about: 'Name.' }),
    legs: z.array(leg).max(6).meta({ wanted: 'must be a list of at most 6 legs', about: 'Legs.' }).default([]),
    wings: z.strictObject({ span: z.int().meta({ wanted: 'must be a number', about: 'Span.' }).optional() }).meta({ wanted: 'must be a map', about: 'Wings.' }).optional(),
  })
  .meta({ wanted: 'must be a map of keys', about: 'A bee.' })

function read(text: string): { values: z.infer<typeof schema> | undefined; findings: string[] } {
  const yaml = new YamlText(text, 'bee.yaml', 'the bee')
  const values = yaml.match(schema)
  return { values, findings: yaml.findings.map(printFinding) }
}

describe('a YAML text', () => {
  it('gives its values, with the defaults of what is left out or empty', () => {
    assert.deepEqual(read('name: maya\nlegs: [{ joints: 5 }]\nwings:\n'), { values: { name: 'maya', legs: [{ joints: 5, hairy: true }] }, findings: [] })
    assert.deepEqual(read('name: maya').values?.legs, [])
  })

  it('is told of every fault at its place, in the words of the schema', () => {
    const { values, findings } = read('nmae: maya\nlegs:\n  - { joints: many }\n  - { jonts: 5 }\n  - 7\nwings: { span: wide, colour: no }\n')
    assert.equal(values, undefined)
    assert.deepEqual(findings.sort(), [
      'bee.yaml:1:1: Cannot do without name, which must be a name',
      'bee.yaml:1:1: Cannot use key "nmae" as the bee has none of that name; did you mean "name"?',
      'bee.yaml:3:15: Cannot use legs[0].joints "many" as it must be a number',
      'bee.yaml:4:5: Cannot do without legs[1].joints, which must be a number',
      'bee.yaml:4:7: Cannot use key "jonts" as legs[1] has none of that name; did you mean "joints"?',
      'bee.yaml:5:5: Cannot use legs[2] 7 as it must be { joints }',
      'bee.yaml:6:16: Cannot use wings.span "wide" as it must be a number',
      'bee.yaml:6:22: Cannot use key "colour" as wings has none of that name',
    ])
  })

  it('that is no map is told so by what it is called', () => {
    for (const text of ['- 1', 'maya', '7']) assert.match(read(text).findings.join(), /^bee\.yaml:1:1: Cannot use the bee .* as it must be a map of keys$/)
  })

  it('that is empty has its keys missing', () => {
    assert.deepEqual(read('').findings, ['bee.yaml:1:1: Cannot do without name, which must be a name'])
  })

  it('that does not parse is not matched', () => {
    const { values, findings } = read('name: [\n')
    assert.equal(values, undefined)
    assert.ok(findings.length > 0 && findings.every((line) => line.includes('Cannot parse YAML')))
  })

  it('knows the place of a value, or of what is around it', () => {
    const yaml = new YamlText('name: maya\nlegs:\n  - joints: 5\n', 'bee.yaml', 'the bee')
    assert.deepEqual(yaml.placeOf(['legs', 0, 'joints']), { file: 'bee.yaml', line: 3, column: 13 })
    assert.deepEqual(yaml.placeOf(['legs', 0, 'hairy']), { file: 'bee.yaml', line: 3, column: 5 })
    assert.deepEqual(yaml.placeOf([]), { file: 'bee.yaml', line: 1, column: 1 })
  })
})

describe('paths and values', () => {
  it('are printed as one would write them', () => {
    assert.equal(printPath(['zones', 2, 'name']), 'zones[2].name')
    assert.equal(printValue({ a: [1] }), '{"a":[1]}')
    assert.equal(printValue('x'.repeat(100)).length, 60)
  })

  it('lead to values, or nowhere', () => {
    assert.equal(valueAt({ a: [{ b: 7 }] }, ['a', 0, 'b']), 7)
    for (const path of [['a', 1, 'b'], ['c', 'd']]) assert.equal(valueAt({ a: [{ b: 7 }] }, path), undefined)
  })
})

describe('a text from a file', () => {
  it('is bounded, and a file that cannot be read is a finding about the whole', () => {
    const folder = mkdtempSync(join(tmpdir(), 'waggle-yaml-'))
    try {
      const file = join(folder, 'bee.yaml')
      writeFileSync(file, 'name: maya')
      assert.equal(readText(file, 'bee', 10), 'name: maya')
      for (const [path, most, wanted] of [[file, 9, `${file}: Cannot read bee as it is longer than 9 octets`], [join(folder, 'none'), 9, `${folder}/none: Cannot read bee: no such file or directory`]] as const) {
        const finding = readText(path, 'bee', most)
        assert.ok(typeof finding !== 'string')
        assert.equal(printFinding(finding), wanted)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the notes of a schema', () => {
  it('make the table of its keys, members behind their group', () => {
    assert.deepEqual(keysOf(schema).map(({ path, default: fallback }) => `${path} ${fallback}`.trim()), ['name', 'legs []', 'legs[].joints', 'legs[].hairy true', 'wings', 'wings.span'])
  })

  it('are found by a path, as far as it leads', () => {
    assert.equal(notesOf(schemaAt(schema, ['legs', 3, 'joints']))?.about, 'Joints.')
    assert.equal(notesOf(schemaAt(schema, ['wings', 'colour']))?.about, 'Wings.')
    assert.equal(notesOf(schemaAt(schema, []))?.about, 'A bee.')
  })
})
