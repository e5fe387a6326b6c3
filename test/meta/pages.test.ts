/**
 * What stands on the pages in a form that can be loaded, is loaded: configs, zones. And the reader of pages,
 * on which the tests of commands rely, is held to what it promises.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agentSchema } from '../../src/cli/agent-schema.ts'
import { CLASS } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { parseConfig } from '../../src/ops/config.ts'
import { printFinding, type Finding } from '../../src/ops/finding.ts'
import { YamlText } from '../../src/ops/yaml-text.ts'
import { parseZone } from '../../src/zone/parse.ts'
import { blocksOf, commandsOf, matches, pages } from './pages.ts'
import { filesBelow, root, textOf } from './tree.ts'

const blocks = pages().flatMap((page) => blocksOf(page))
const LANGUAGES = new Set(['sh', 'console', 'yaml', 'zone', 'ts', 'json', 'text'])

test('every block says what it is, so that it can be checked', () => {
  assert.deepEqual(blocks.filter(({ language }) => !LANGUAGES.has(language)).map(({ page, line, language }) => `${page}:${line}: ${language}`), [])
})

for (const { page, line, lines } of blocks.filter(({ language }) => language === 'yaml')) {
  test(`the config or agent file at ${page}:${line} is read without a finding`, () => {
    const text = lines.join('\n')
    assert.deepEqual((/^provider:/m.test(text) ? agentFindings(text) : parseConfig(text, 'zones/waggle.yaml').findings).map(({ message }) => message), [])
  })
}

function agentFindings(text: string): Finding[] {
  const yaml = new YamlText(text, 'agent.yaml', 'the agent file')
  assert.ok(yaml.match(agentSchema) !== undefined || yaml.findings.length > 0)
  return yaml.findings
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
    const { faults, records } = read(lines.join('\n'), `${page}:${line}`, '.', CLASS.IN)
    assert.deepEqual(faults, [])
    assert.ok(records > 0, 'a block of zone holds no record')
  })
}

test('the zones that are given along are read without a fault, and each is served', () => {
  const { config, findings } = parseConfig(textOf('zones/waggle.yaml'), `${root}zones/waggle.yaml`)
  assert.deepEqual(findings.map(printFinding), [])
  const served = new Set<string>()
  for (const { file, name, class: rrClass } of config?.zones ?? []) {
    const path = file.slice(root.length)
    served.add(path)
    assert.deepEqual(read(textOf(path), path, name.toString(), rrClass).faults, [])
  }
  assert.deepEqual(filesBelow('zones', '.zone').filter((path) => !served.has(path)), [])
})

/** Faults and number of records of a zone file's text. */
function read(text: string, file: string, origin: string, rrClass: number): { faults: string[]; records: number } {
  const options = { origin: Name.parse(origin).wire, class: rrClass }
  const { reported, records } = parseZone({ octets: Buffer.from(text), file }, options, { add: () => undefined })
  return { faults: reported.map(String), records }
}
