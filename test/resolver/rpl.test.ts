/** Plays in Unbound's replay format: every file of plays/ comes about as written (RFC 1034 5.3.3, RFC 4035 5), the reader tells what it cannot play, and a play whose expectation is wrong fails. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { playScenario } from './rpl-play.ts'
import { parseScenario } from './rpl.ts'

const folder = new URL('../../../test/resolver/plays/', import.meta.url)
const files = readdirSync(folder).filter((file) => file.endsWith('.rpl')).sort()

function textOf(file: string): string {
  return readFileSync(new URL(file, folder), 'utf8')
}

for (const file of files) {
  const scenario = parseScenario(textOf(file), file)
  test(`${file}: ${scenario.title}`, () => playScenario(scenario, file))
}

test('there are plays, each with a title and an answer that is checked', () => {
  assert.ok(files.length >= 6, `${files.length}`)
  for (const file of files) assert.ok(parseScenario(textOf(file), file).steps.some(({ kind }) => kind === 'CHECK_ANSWER'), file)
})

/** A change of a play that must make it fail, and what is complained of. */
const WRONG: readonly [string, (text: string) => string, RegExp][] = [
  ['walk.rpl', (text) => text.replace('www.example.com. IN A 192.0.2.80\nENTRY_END\n\n; from the cache', 'www.example.com. IN A 192.0.2.81\nENTRY_END\n\n; from the cache'), /walk\.rpl:\d+: step 10: answer/],
  ['walk.rpl', (text) => text.replace('REPLY QR RD RA NOERROR', 'REPLY QR RD RA NXDOMAIN'), /rcode/],
  ['walk.rpl', (text) => text.replace(/RANGE_BEGIN 0 15[^]*?RANGE_END/, ''), /expects an answer, and there is none; on their way are 198\.51\.100\.1/],
  ['secure.rpl', (text) => text.replace('RD RA DO AD NOERROR', 'RD RA DO NOERROR'), /AD/],
  ['bogus.rpl', (text) => text.replace('ede=6', 'ede=7'), /extended error/],
  ['timeout.rpl', (text) => text.replace('STEP 20 TIMEOUT', 'STEP 20 NOTHING'), /expects an answer/],
]

for (const [file, change, expected] of WRONG) {
  test(`${file} fails where ${expected.source} differs`, () => {
    const text = change(textOf(file))
    assert.notEqual(text, textOf(file))
    assert.throws(() => playScenario(parseScenario(text, file), file), expected)
  })
}

test('what cannot be read is told with its line', () => {
  const around = (body: string): string => `CONFIG_END\nSCENARIO_BEGIN x\n${body}`
  const cases: readonly [string, RegExp][] = [
    ['', /p:\d+: the line is missing: the file ends/], ['server\nCONFIG_END', /p:1: the line is no line of a config/], ['CONFIG_END\nSTEP 1 QUERY', /p:2: the line must be \^SCENARIO_BEGIN/],
    [around('STEP 1 ASSIGN'), /p:3: the line has the step ASSIGN, which cannot be played/], [around('STEP x'), /p:3: the line is neither a range nor a step/], [around('RANGE_BEGIN 0 1\nFOO'), /p:4: the line is neither ADDRESS/],
    [around('STEP 1 QUERY\nENTRY_BEGIN\nSECTION ANSWER\nwww.example. IN A nonsense'), /p:6: the line holds no record/], [around('STEP 1 QUERY\nENTRY_BEGIN\nSECTION QUESTION\nwww.example. IN NOTYPE!'), /p:6: the line asks for no type/],
    [around('STEP 1 QUERY\nENTRY_BEGIN\nwww.example. IN A'), /p:5: the line is not part of an entry/], [around('STEP 1 TIME_PASSES EVAL 3'), /must say ELAPSE/],
  ]
  for (const [text, expected] of cases) assert.throws(() => parseScenario(text, 'p'), expected, text)
  assert.throws(() => playScenario(parseScenario('server: num-threads: 4\n'.replace('server: ', 'server:\n') + around('STEP 1 NOTHING\nSCENARIO_END'), 'p'), 'p'), /the option server num-threads cannot be played/)
})
