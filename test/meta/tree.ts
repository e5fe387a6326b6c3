/**
 * The tree as the meta tests see it: files, their text, and their syntax as TypeScript itself parses it.
 * These tests judge the sources, so they read them where they stand and never the compiled output.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** Where the repository starts, with a final slash. The compiled test stands in dist/test/meta. */
export const root: string = fileURLToPath(new URL('../../../', import.meta.url))

/** The files of limits, in the order of their page. */
export const LIMITS: readonly string[] = ['src/dns/limits.ts', 'src/dns/limits-discovery.ts', 'src/dns/limits-resolver.ts', 'src/dns/limits-sessions.ts']

const NOT_OURS = new Set(['node_modules', 'dist', '.git', 'data'])

/** Paths of all files below `folder`, from the root of the repository, in order, whose name ends in `suffix`. */
export function filesBelow(folder: string, suffix = ''): string[] {
  const found: string[] = []
  for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
    if (NOT_OURS.has(entry.name)) continue
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) found.push(...filesBelow(path, suffix))
    else if (path.endsWith(suffix)) found.push(path)
  }
  return found.sort()
}

/** The text of a file, by its path from the root of the repository. */
export function textOf(path: string): string {
  return readFileSync(root + path, 'utf8')
}

/** How many lines a text has; the newline that ends the last one does not begin another. */
export function lineCount(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
}

/** How many lines of a TypeScript text hold code: neither blank nor nothing but a comment. */
export function codeLineCount(text: string): number {
  let count = 0
  let isComment = false
  for (const line of text.split('\n').map((one) => one.trim())) {
    const begins = !isComment && line.startsWith('/*')
    if (!isComment && !begins && line !== '' && !line.startsWith('//')) count++
    if (isComment || begins) isComment = !line.includes('*/')
  }
  return count
}

/** The syntax of one source file. */
export function parse(path: string, text: string = textOf(path)): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS)
}

/** The line, from 1, on which a node's own text begins (its docstring not counted). */
export function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

/** Calls `visit` on every node of the file, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** The smallest number that `share` of the numbers do not exceed: percentile([1, 2, 3, 4], 0.5) is 2. Empty: 0. */
export function percentile(numbers: number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}
