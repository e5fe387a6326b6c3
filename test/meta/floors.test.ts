/**
 * The floors of docs/architecture.md, read from the imports: a folder imports lower floors only, no file
 * depends on itself in a circle, and the inner folders have the world handed to them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import ts from 'typescript'
import { filesBelow, LIMITS, lineOf, parse, textOf, walk } from './tree.ts'

/** Every room the house will have; a folder of src that is not here fails the first test. */
const FLOOR: Record<string, number> = {
  dns: 0,
  dnssec: 1,
  transport: 1,
  zone: 2,
  cache: 2,
  store: 3,
  authority: 3,
  resolver: 3,
  update: 3,
  discovery: 4,
  server: 5,
  client: 5,
  ops: 6,
  cli: 7,
}

/** Folders that know no clock, chance, network or disk: what they need of the world is handed in. */
const INNER = new Set(['dns', 'dnssec', 'zone', 'cache', 'authority', 'resolver', 'update', 'discovery', 'server'])

interface Import {
  from: string
  line: number
  /** The path of one of our files, or the name of a module. */
  to: string
  /** It is gone once the code is compiled. */
  isType: boolean
}

const sources = filesBelow('src', '.ts')
const imports = sources.flatMap(importsOf)

function importsOf(path: string): Import[] {
  const file = parse(path)
  const found: Import[] = []
  const add = (node: ts.Node, specifier: ts.Expression | undefined, isType = false): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return
    const to = specifier.text.startsWith('.') ? resolve(path, specifier.text) : specifier.text
    found.push({ from: path, line: lineOf(file, node), to, isType })
  }
  walk(file, (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, node.importClause?.isTypeOnly)
    if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node, node.arguments[0])
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal as ts.StringLiteral, true)
  })
  return found
}

function resolve(path: string, relative: string): string {
  return new URL(relative, `file:///${path}`).pathname.slice(1)
}

function roomOf(path: string): string {
  return path.split('/')[1]
}

function ours(path: string): boolean {
  return path.startsWith('src/')
}

function shown({ from, line, to }: Import): string {
  return `${from}:${line}: imports ${to}`
}

test('every folder of src is a room of the architecture', () => {
  const unknown = sources.filter((path) => !(roomOf(path) in FLOOR))
  assert.deepEqual(unknown, [])
})

/** All that a module loads, by itself or through others. */
function loadedBy(path: string, seen = new Set<string>()): Set<string> {
  for (const { to } of imports.filter(({ from, isType }) => from === path && !isType)) {
    if (seen.has(to)) continue
    seen.add(to)
    if (ours(to)) loadedBy(to, seen)
  }
  return seen
}

test('threads load none of the packages that read configs, as every start and every reload of a zone waits for them', () => {
  for (const thread of filesBelow('src/ops', '-thread.ts')) {
    const loaded = loadedBy(thread)
    assert.ok(loaded.size > 50, `${thread} loads ${loaded.size} modules`)
    assert.deepEqual([...loaded].filter((to) => !ours(to) && !to.startsWith('node:')), [], thread)
  }
  assert.ok(loadedBy('src/ops/serve.ts').has('yaml'), 'packages are seen')
})

test('the architecture page and this test name the same floors', () => {
  const rows = [...textOf('docs/architecture.md').matchAll(/^\| `src\/(\w+)` \| (\d) \|/gm)]
  assert.ok(rows.length > 0, 'docs/architecture.md holds no table of floors')
  for (const [, room, floor] of rows) assert.equal(Number(floor), FLOOR[room], `floor of ${room} in docs/architecture.md`)
  const written = new Set(rows.map(([, room]) => room))
  assert.deepEqual([...new Set(sources.map(roomOf))].filter((room) => !written.has(room)), [], 'rooms that docs/architecture.md does not show')
})

test('a room imports itself and lower floors only', () => {
  const wrong = imports.filter(({ from, to }) => ours(to) && roomOf(from) !== roomOf(to) && FLOOR[roomOf(to)] >= FLOOR[roomOf(from)])
  assert.deepEqual(wrong.map(shown), [])
})

test('sources import nothing from outside src but packages and Node', () => {
  const wrong = imports.filter(({ to }) => to.includes('/') && !ours(to) && !to.startsWith('node:') && /^(test|scripts|bin|zones|dist|docs)\//.test(to))
  assert.deepEqual(wrong.map(shown), [])
})

test('every imported file of ours exists', () => {
  const known = new Set(sources)
  assert.deepEqual(imports.filter(({ to }) => ours(to) && !known.has(to)).map(shown), [])
})

test('sockets and the path of a query meet only in ops', () => {
  const wrong = imports.filter(({ from, to }) => {
    const room = roomOf(from)
    return ours(to) && roomOf(to) === 'transport' && !['transport', 'client', 'ops', 'cli'].includes(room)
  })
  const joins = sources.filter((path) => {
    const rooms = new Set(imports.filter(({ from, to }) => from === path && ours(to)).map(({ to }) => roomOf(to)))
    return rooms.has('transport') && rooms.has('server') && roomOf(path) !== 'ops'
  })
  assert.deepEqual([...wrong.map(shown), ...joins], [])
})

/** Files of src/dns that say nothing about DNS: numbers, and how to count. */
const NEUTRAL = new Set([...LIMITS, 'src/dns/histogram.ts'])

test('transport knows nothing of DNS but limits and how to count', () => {
  const wrong = imports.filter(({ from, to }) => roomOf(from) === 'transport' && ours(to) && roomOf(to) === 'dns' && !NEUTRAL.has(to))
  assert.deepEqual(wrong.map(shown), [])
})

test('inner rooms import no module of Node except node:crypto, and no package', () => {
  const wrong = imports.filter(({ from, to }) => INNER.has(roomOf(from)) && !ours(to) && to !== 'node:crypto')
  assert.deepEqual(wrong.map(shown), [])
})

test('inner rooms take clock, chance and timers from whoever calls them', () => {
  const world = /^(Date\.now|Math\.random|performance\.now|crypto\.\w+|fetch|set(Timeout|Interval|Immediate)|queueMicrotask|process(\.\w+)*|console\.\w+)$/
  const wrong: string[] = []
  for (const path of sources.filter((source) => INNER.has(roomOf(source)))) {
    const file = parse(path)
    walk(file, (node) => {
      const text = ts.isCallExpression(node) ? node.expression.getText(file) : ts.isNewExpression(node) && !node.arguments?.length ? `new ${node.expression.getText(file)}` : ''
      if (world.test(text) || text === 'new Date') wrong.push(`${path}:${lineOf(file, node)}: ${text}`)
    })
  }
  assert.deepEqual(wrong, [])
})

test('no file depends on itself in a circle', () => {
  const edges = new Map<string, string[]>(sources.map((path) => [path, []]))
  for (const { from, to } of imports) if (ours(to)) edges.get(from)?.push(to)
  assert.deepEqual(circles(edges), [])
})

test('the search for circles finds one', () => {
  assert.deepEqual(circles(new Map([['a', ['b']], ['b', ['c']], ['c', ['b']]])), ['b > c > b'])
})

/** One line for each import that closes a circle. */
function circles(edges: Map<string, string[]>): string[] {
  const done = new Set<string>()
  const path: string[] = []
  const found: string[] = []
  const visit = (file: string): void => {
    const at = path.indexOf(file)
    if (at >= 0) found.push([...path.slice(at), file].join(' > '))
    if (at >= 0 || done.has(file)) return
    path.push(file)
    for (const next of edges.get(file) ?? []) visit(next)
    path.pop()
    done.add(file)
  }
  for (const file of edges.keys()) visit(file)
  return found
}
