/**
 * What stands on the pages in a form that can be loaded, is loaded: configs, zones. And the reader of pages,
 * on which the tests of commands rely, is held to what it promises.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../src/ops/config.ts'
import { parseZone } from '../../src/zone/parse.ts'
import { blocksOf, commandsOf, matches, pages } from './pages.ts'
import { filesBelow, textOf } from './tree.ts'

const blocks = pages().flatMap((page) => blocksOf(page))
const LANGUAGES = new Set(['sh', 'console', 'yaml', 'zone', 'ts', 'json', 'text'])

test('every block says what it is, so that it can be checked', () => {
  assert.deepEqual(blocks.filter(({ language }) => !LANGUAGES.has(language)).map(({ page, line, language }) => `${page}:${line}: ${language}`), [])
})

for (const { page, line, lines } of blocks.filter(({ language }) => language === 'yaml')) {
  test(`the config at ${page}:${line} is read without a finding`, () => {
    assert.deepEqual(parseConfig(lines.join('\n'), 'zones/waggle.yaml').findings.map(({ message }) => message), [])
  })
}

test('commands are read with their output, and long ones joined', () => {
  const [block] = blocksOf('page.md', '```console\n$ one \\\n  two\nout\n\n$ three\n```\n')
  assert.deepEqual(commandsOf(block).map(({ command, output }) => [command, output]), [['one two', ['out', '']], ['three', []]])
})

test('commands of a script block have no output, and comments are no commands', () => {
  const [block] = blocksOf('page.md', '```sh\n# why\nnpm start    # and so on\n```\n')
  assert.deepEqual(commandsOf(block).map(({ command, output }) => [command, output]), [['npm start', null]])
})

test('a block that is never closed is an error', () => {
  assert.throws(() => blocksOf('page.md', '```sh\nnpm test\n'), /page\.md:2: a block is never closed/)
})

test('output matches blank for blank, but not word for another word', () => {
  assert.ok(matches('a.example.\t60  IN A 192.0.2.1\n\n', ['a.example. 60 IN A 192.0.2.1']))
  assert.ok(!matches('a.example. 60 IN A 192.0.2.2\n', ['a.example. 60 IN A 192.0.2.1']))
  assert.ok(!matches('a.example. 60 IN A 192.0.2.1\nmore\n', ['a.example. 60 IN A 192.0.2.1']))
  assert.ok(!matches('', ['a']))
  assert.ok(matches('', []))
})

test('dots of omission stand for a part of a line, or for any number of lines', () => {
  assert.ok(matches('id: 4711, ok\n', ['id: …, ok']))
  assert.ok(!matches('id: 4711,\nok\n', ['id: …, ok']))
  assert.ok(matches('one\ntwo\nthree\n', ['one', '…']))
  assert.ok(matches('three\n', ['…', 'three']))
  assert.ok(!matches('one\ntwo\n', ['…', 'three']))
})

for (const { page, line, lines } of blocks.filter(({ language }) => language === 'zone')) {
  test(`the records at ${page}:${line} are read without a fault`, () => {
    assert.deepEqual(faultsOf(lines.join('\n'), 'IN'), [])
  })
}

test('the zones that are given along are read without a fault', () => {
  const config = textOf('zones/waggle.yaml')
  const files = filesBelow('zones', '.zone')
  assert.ok(files.length >= 3)
  for (const file of files) assert.ok(config.includes(file.replace('zones/', '')), `${file} is not served by zones/waggle.yaml`)
})
