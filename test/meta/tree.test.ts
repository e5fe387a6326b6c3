/**
 * What may stand nowhere in the tree: paths of one machine, hosts that serve packages, bounds without a
 * name, words that say nothing. And what the pages of docs must hold together: links and words.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { filesBelow, LIMITS, lineOf, parse, root, textOf, walk } from './tree.ts'

const everything = filesBelow('').filter((path) => path !== 'LICENSE' && !path.endsWith('.tsbuildinfo'))
const sources = filesBelow('src', '.ts')
const pages = ['README.md', 'CHANGELOG.md', ...filesBelow('docs', '.md')]

function found(paths: string[], pattern: RegExp): string[] {
  return paths.flatMap((path) => textOf(path).split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])))
}

test('no file holds a path of one machine', () => {
  const machine = new RegExp(`(^|[\\s"'\`(=:])/(${['work', 'home', 'root', 'Users', 'workspace', 'builds'].join('|')})/`)
  assert.deepEqual(found(everything, machine), [])
})

test('no file names a host that serves packages', () => {
  const hosts = new RegExp(['registry\\.npm' + 'js', 'npm' + 'mirror', 'deb\\.deb' + 'ian', 'index\\.cr' + 'ates', 'pypi\\.' + 'org', 'arti' + 'factory'].join('|'))
  assert.deepEqual(found(everything, hosts), [])
})

test('no file holds octets that are neither text nor known to be binary', () => {
  const binary = everything.filter((path) => !path.includes('/golden/') && textOf(path).includes('\0'))
  assert.deepEqual(binary, [])
})

test('a bound is a name of the files of limits, not a number where it is compared', () => {
  const bare: string[] = []
  for (const path of sources.filter((source) => !LIMITS.includes(source))) {
    const file = parse(path)
    walk(file, (node) => {
      if (boundsSomething(node) || namesBound(node)) bare.push(`${path}:${lineOf(file, node)}: ${node.getText(file).slice(0, 100)}`)
    })
  }
  assert.deepEqual(bare, [])
})

const RELATIONS = new Set([ts.SyntaxKind.LessThanToken, ts.SyntaxKind.LessThanEqualsToken, ts.SyntaxKind.GreaterThanToken, ts.SyntaxKind.GreaterThanEqualsToken])
/** Full ranges of an octet, two octets and four: what a field can hold, not what we let it. */
const RANGES = new Set(['127', '128', '255', '256', '65535', '65_535', '65536', '65_536', '4294967295', '4_294_967_295', '2147483647', '2_147_483_647'])
/** Numbers below this are counts of the format itself: octets of an address, digits of an escape. */
const SMALL = 100

/** `size > 4000`: a decimal number that decides. Hexadecimal ones are octet and bit patterns. */
function boundsSomething(node: ts.Node): boolean {
  if (!ts.isBinaryExpression(node) || !RELATIONS.has(node.operatorToken.kind)) return false
  return [node.left, node.right].some((side) => ts.isNumericLiteral(side) && isBound(side.getText()))
}

function isBound(text: string): boolean {
  return /^[\d_]+$/.test(text) && Number(text.replaceAll('_', '')) >= SMALL && !RANGES.has(text)
}

/** `const MAX_THINGS = 5` or `const IDLE_MS = 10_000` outside the file of limits. */
function namesBound(node: ts.Node): boolean {
  if (!ts.isVariableDeclaration(node) || !node.initializer || !ts.isNumericLiteral(node.initializer)) return false
  if (/^0x/i.test(node.initializer.getText())) return false // a bit pattern
  return /^(MAX|DEFAULT)_|_(LIMIT|TIMEOUT|MS)$/.test(node.name.getText())
}

test('every limit says what happens when it is reached', () => {
  const limits = LIMITS.flatMap((path) => [...parse(path).statements]).filter(ts.isVariableStatement).filter((statement) => /^(MAX|MIN)_/.test(nameOfFirst(statement)))
  const silent = limits.filter((statement) => {
    const doc = ts.getJSDocCommentsAndTags(statement).filter(ts.isJSDoc).map((one) => ts.getTextOfJSDocComment(one.comment) ?? '').join(' ')
    return !/\b(Reached|Follows)\b/.test(doc)
  })
  assert.deepEqual(silent.map(nameOfFirst), [])
})

function nameOfFirst(statement: ts.VariableStatement): string {
  return statement.declarationList.declarations[0].name.getText()
}

test('names say outcome or unit, not that something is data or a helper', () => {
  const empty = /^(data|info|util|utils|helper|helpers|manager|process)$|(Data|Info|Util|Utils|Helper|Helpers|Manager)$/
  const wrong: string[] = []
  for (const path of sources) {
    const file = parse(path)
    walk(file, (node) => {
      const name = isNamed(node) ? node.name?.getText(file) : undefined
      if (name && empty.test(name)) wrong.push(`${path}:${lineOf(file, node)}: ${name}`)
    })
    if (empty.test(path.split('/').at(-1)?.replace('.ts', '') ?? '')) wrong.push(path)
  }
  assert.deepEqual(wrong, [])
})

function isNamed(node: ts.Node): node is ts.FunctionDeclaration | ts.ClassDeclaration | ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.VariableDeclaration | ts.ParameterDeclaration {
  return [ts.isFunctionDeclaration, ts.isClassDeclaration, ts.isInterfaceDeclaration, ts.isTypeAliasDeclaration, ts.isVariableDeclaration, ts.isParameter].some((is) => is(node))
}

test('links between pages lead somewhere', () => {
  const dead: string[] = []
  for (const page of pages) {
    for (const [, target] of textOf(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (!/^[a-z]+:/.test(target) && !existsSync(root + join(dirname(page), target))) dead.push(`${page}: ${target}`)
    }
  }
  assert.deepEqual(dead, [])
})

test('a link whose text is a name of the code leads to a file that holds the name', () => {
  const wrong: string[] = []
  for (const page of pages) {
    for (const [, name, target] of textOf(page).matchAll(/\[`(\w+)`\]\(([^)#\s]+\.ts)\)/g)) {
      const path = join(dirname(page), target)
      if (!existsSync(root + path) || !new RegExp(`\\b${name}\\b`).test(textOf(path))) wrong.push(`${page}: ${name} in ${target}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('files that pages name in code font exist', () => {
  const gone: string[] = []
  for (const page of pages.filter((path) => path !== 'CHANGELOG.md')) {
    for (const [, path] of textOf(page).matchAll(/`((?:src|test|zones|scripts|docs|bin|\.ci)\/[\w./-]+\.(?:ts|mjs|md|yaml|zone))`/g)) {
      if (!existsSync(root + path)) gone.push(`${page}: ${path}`)
    }
  }
  assert.deepEqual(gone, [])
})

test('the glossary (words as in RFC 9499) is in order and every word is said once', () => {
  const words = [...textOf('docs/glossary.md').matchAll(/^\*\*([^*]+)\*\*/gm)].map(([, word]) => word.toLowerCase())
  assert.ok(words.length > 40, 'docs/glossary.md holds too few words')
  assert.deepEqual(words, [...new Set(words)].toSorted((a, b) => a.localeCompare(b, 'en')))
})

test('the words that our names are made of stand in the glossary', () => {
  const glossary = textOf('docs/glossary.md').toLowerCase()
  const ourWords = ['image', 'encloser', 'cut', 'snapshot', 'capability', 'demand', 'reading', 'lease', 'group', 'score', 'trust', 'room', 'floor', 'fault', 'finding']
  assert.deepEqual(ourWords.filter((word) => !glossary.includes(`**${word}`)), [])
})
