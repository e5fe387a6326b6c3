/**
 * The shape that the code keeps, measured and printed: lengths of functions and files, what is documented,
 * how much is tested, how often protocol code names the text that it obeys.
 */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import ts from 'typescript'
import { codeLineCount, filesBelow, lineCount, lineOf, parse, percentile, textOf, walk } from './tree.ts'

const PROTOCOL_ROOMS = ['dns', 'dnssec', 'authority', 'server', 'update', 'resolver']
const CITATIONS_PER_1000_LINES = 15
const TEST_LINES_PER_SOURCE_LINE = 1.5
const FUNCTION_LINES = { p90: 25, max: 80 }
const FILE_LINES = { p90: 250, max: 400 }

const sources = filesBelow('src', '.ts')
const tests = filesBelow('test', '.ts')

/** Prints a measurement into the report and returns it, so that the numbers are seen while they are still good. */
function measured(t: TestContext, what: string, value: number): number {
  t.diagnostic(`${what}: ${value}`)
  return value
}

/** Every function with a body of statements, with its length; `x => x + 1` has none and is not counted. */
function functionsOf(path: string): { at: string; lines: number }[] {
  const file = parse(path)
  const found: { at: string; lines: number }[] = []
  walk(file, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body || !ts.isBlock(node.body as ts.Node)) return
    const first = lineOf(file, node)
    const last = file.getLineAndCharacterOfPosition(node.getEnd()).line + 1
    found.push({ at: `${path}:${first}`, lines: last - first + 1 })
  })
  return found
}

test('functions are short: 9 of 10 within 25 lines, none above 80', (t) => {
  const functions = sources.flatMap(functionsOf)
  const p90 = measured(t, 'function lines, 9 of 10', percentile(functions.map(({ lines }) => lines), 0.9))
  const long = functions.filter(({ lines }) => lines > FUNCTION_LINES.max)
  assert.deepEqual(long, [])
  assert.ok(p90 <= FUNCTION_LINES.p90, `9 of 10 functions take up to ${p90} lines; the limit is ${FUNCTION_LINES.p90}`)
})

test('files are short: 9 of 10 within 250 lines, none above 400', (t) => {
  const sizes = sources.map((path) => ({ path, lines: lineCount(textOf(path)) }))
  const p90 = measured(t, 'file lines, 9 of 10', percentile(sizes.map(({ lines }) => lines), 0.9))
  const longTests = tests.map((path) => ({ path, lines: lineCount(textOf(path)) }))
  assert.deepEqual([...sizes, ...longTests].filter(({ lines }) => lines > FILE_LINES.max), [])
  const over = sizes.filter(({ lines }) => lines > FILE_LINES.p90).map(({ path, lines }) => `${path}: ${lines}`)
  assert.ok(p90 <= FILE_LINES.p90, `9 of 10 files take up to ${p90} lines; the limit is ${FILE_LINES.p90}: ${over.join(', ')}`)
})

test('every file opens with what it is for', () => {
  const scripts = [...filesBelow('scripts', '.mjs'), ...filesBelow('bin'), 'eslint.config.js']
  const opening = /^(#!.*\n)?(\/\*\*[\s*]+\S|\/\/ \S|# \S)/
  assert.deepEqual([...sources, ...tests, ...scripts].filter((path) => !opening.test(textOf(path))), [])
})

test('every export has a docstring', () => {
  assert.deepEqual(sources.flatMap(undocumented), [])
})

/** Exported declarations without a docstring, each as `file:line: name`. */
function undocumented(path: string): string[] {
  const file = parse(path)
  const documented = new Set<string>()
  const missing: string[] = []
  for (const statement of file.statements) {
    if (!ts.canHaveModifiers(statement) || !ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue
    const name = nameOf(statement, file)
    if (ts.getJSDocCommentsAndTags(statement).some((doc) => ts.isJSDoc(doc) && doc.comment !== undefined)) documented.add(name.toLowerCase())
    else if (!documented.has(name.toLowerCase())) missing.push(`${path}:${lineOf(file, statement)}: ${name}`) // an overload, or type Kind beside const KIND, needs no second text
  }
  return missing
}

function nameOf(statement: ts.Statement, file: ts.SourceFile): string {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations[0].name.getText(file)
  return (statement as ts.DeclarationStatement).name?.getText(file) ?? ''
}

test('a file without a docstring is found', () => {
  const file = parse('x.ts', 'export const a = 1\n/** B. */\nexport function b(): void {}')
  const bare = file.statements.filter((statement) => ts.getJSDocCommentsAndTags(statement).length === 0)
  assert.equal(bare.length, 1)
})

test('nothing is of type any, in sources and tests', () => {
  const found: string[] = []
  for (const path of [...sources, ...tests]) {
    const file = parse(path)
    walk(file, (node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(`${path}:${lineOf(file, node)}`)
    })
  }
  assert.deepEqual(found, [])
})

test('nothing is left to do in the tree: open matters stand in docs/conformance.md', () => {
  const marks = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X'.repeat(3)].map((word) => `\\b${word}\\b`).join('|'))
  const found = [...sources, ...tests, ...filesBelow('scripts'), ...filesBelow('docs')].flatMap((path) => linesWith(path, marks))
  assert.deepEqual(found, [])
})

test('checks are not switched off where the code stands', () => {
  const off = new RegExp('@ts-' + '(ignore|nocheck|expect-error)|eslint-' + 'disable')
  assert.deepEqual([...sources, ...tests].flatMap((path) => linesWith(path, off)), [])
})

function linesWith(path: string, pattern: RegExp): string[] {
  return textOf(path).split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []))
}

test('protocol code names the text that it obeys: 15 RFC citations in 1,000 lines', (t) => {
  const poor: string[] = []
  for (const room of PROTOCOL_ROOMS) {
    const text = filesBelowIfAny(`src/${room}`).map((path) => textOf(path)).join('')
    if (text === '') continue
    const citations = text.match(/\bRFC \d{3,5}\b/g)?.length ?? 0
    const rate = measured(t, `RFC citations in 1,000 lines of ${room}`, Math.round((citations * 1000) / lineCount(text)))
    if (rate < CITATIONS_PER_1000_LINES) poor.push(`src/${room}: ${rate}`)
  }
  assert.deepEqual(poor, [])
})

function filesBelowIfAny(folder: string): string[] {
  return sources.filter((path) => path.startsWith(`${folder}/`))
}

test('tests are at least one and a half times as long as the sources, in lines of code', (t) => {
  // blank lines and comments are left out on both sides: they are not what a test tests, nor what tests it
  const total = (paths: string[]): number => paths.reduce((sum, path) => sum + codeLineCount(textOf(path)), 0)
  const ratio = total(tests) / total(sources)
  measured(t, 'lines of code in sources', total(sources))
  measured(t, 'lines of code in tests', total(tests))
  measured(t, 'lines of test for each line of source', Number(ratio.toFixed(2)))
  assert.ok(ratio >= TEST_LINES_PER_SOURCE_LINE, `tests are ${ratio.toFixed(2)} times as long as the sources`)
})

test('lines of code are those that hold more than a comment', () => {
  assert.equal(codeLineCount('/** what\n * for\n */\n\nconst a = 1 // one\n  // two\n/* three */\nconst b = `\n\n  text\n`\n'), 4)
  assert.equal(codeLineCount(''), 0)
})
