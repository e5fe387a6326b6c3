// Writes the tables that are made from code into the pages that show them: `npm run docs`, after a change of a
// limit, a type or a parameter. A test fails where a page has fallen behind.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { TABLES, withTable } = await import('../dist/test/meta/tables.js')

for (const { page, name, lines } of TABLES) {
  const before = readFileSync(root + page, 'utf8')
  const after = withTable(before, name, lines())
  if (after !== before) writeFileSync(root + page, after)
  console.log(`${page}: ${name} ${after === before ? 'is up to date' : 'written'}`)
}
