/**
 * The tables on our pages that say again what a table in the code says. Each is made here from the code; a test
 * holds the page against it, and `npm run docs` writes it into the page, between two marks:
 *
 *     <!-- table: limits -->   …   <!-- end -->
 */
import ts from 'typescript'
import { agentKeys } from '../../src/cli/agent-schema.ts'
import { listParameters } from '../../src/dns/parameter-table.ts'
import { definitionOf } from '../../src/dns/rdata.ts'
import { configKeys, RELOADED_KEYS } from '../../src/ops/config-schema.ts'
import { LOG_EVENTS } from '../../src/ops/log.ts'
import { metricTable } from '../../src/ops/metrics.ts'
import { prometheusName } from '../../src/ops/prometheus.ts'
import { CHECKS } from '../../src/zone/checks-table.ts'
import { ACCEPTED } from '../battery/accepted.ts'
import { filesBelow, LIMITS, parse } from './tree.ts'

/** One table: the page it stands on, its name in the mark, and its lines as Markdown. */
export interface PageTable {
  page: string
  name: string
  lines: () => string[]
}

/** The tables that are made whole from code. */
export const TABLES: PageTable[] = [
  { page: 'docs/limits.md', name: 'limits', lines: limitLines },
  { page: 'docs/types.md', name: 'types', lines: typeLines },
  { page: 'docs/config.md', name: 'config', lines: configLines },
  { page: 'docs/cli.md', name: 'agent keys', lines: agentKeyLines },
  { page: 'docs/metrics.md', name: 'metrics', lines: metricLines },
  { page: 'docs/errors.md', name: 'events', lines: eventLines },
  { page: 'docs/protocol.md', name: 'parameters', lines: parameterLines },
  { page: 'docs/zone-checks.md', name: 'checks', lines: checkLines },
  { page: 'docs/conformance.md', name: 'differences', lines: differenceLines },
]

/** Whatever stands between the marks of a table on a page. Error where the page has no such marks. */
export function tableOn(text: string, name: string): string {
  return split(text, name).inside
}

/** The page's text with what stands between the marks replaced. Error where the page has no such marks. */
export function withTable(text: string, name: string, lines: string[]): string {
  const { start, end } = split(text, name)
  return `${text.slice(0, start)}${lines.join('\n')}\n${text.slice(end)}`
}

function split(text: string, name: string): { start: number; end: number; inside: string } {
  const mark = `<!-- table: ${name} -->\n`
  const start = text.indexOf(mark) + mark.length
  const end = text.indexOf('<!-- end -->', start)
  if (start < mark.length || end < 0) throw new Error(`the page has no marks for table ${name}`)
  return { start, end, inside: text.slice(start, end) }
}

/** Cells of every row of a Markdown table, without its two lines of heading. */
export function rowsOf(table: string): string[][] {
  const rows = table.split('\n').filter((line) => line.startsWith('|')).slice(2)
  return rows.map((line) => line.slice(1, line.lastIndexOf('|')).split(/(?<!\\)\|/).map((cell) => cell.trim()))
}

/** Name, value and docstring of every limit, under the headings that its file groups them by. */
function limitLines(): string[] {
  const lines: string[] = []
  const statements = LIMITS.flatMap((path) => [...parse(path).statements]).filter(ts.isVariableStatement)
  for (const statement of statements) {
    const file = statement.getSourceFile()
    const before = file.text.slice(statement.getFullStart(), statement.getStart(file))
    const heading = /^\/\/ -+ (.*?) -+$/m.exec(before)?.[1]
    if (heading || lines.length === 0) lines.push('', `### ${heading ?? 'General'}`, '', '| Limit | Value | Meaning |', '|---|---|---|')
    const [declaration] = statement.declarationList.declarations
    lines.push(`| \`${declaration.name.getText(file)}\` | ${declaration.initializer?.getText(file) ?? ''} | ${docOf(statement)} |`)
  }
  return lines
}

/** Number, mnemonic, fields in the order of wire and text, and docstring of every `export const X = rr('X', …)`. */
function typeLines(): string[] {
  const rows = filesBelow('src/dns/rr', '.ts').flatMap((path) => {
    const file = parse(path)
    return file.statements.filter(ts.isVariableStatement).flatMap((statement) => typeRow(statement, file))
  })
  const sorted = rows.toSorted((a, b) => a.code - b.code).map(({ line }) => line)
  return ['| Number | Type | Data | Meaning |', '|---|---|---|---|', ...sorted]
}

function typeRow(statement: ts.VariableStatement, file: ts.SourceFile): { code: number; line: string }[] {
  const call = statement.declarationList.declarations[0].initializer
  if (!call || !ts.isCallExpression(call) || call.expression.getText(file) !== 'rr') return []
  const code = Number(call.arguments[1].getText(file))
  const definition = definitionOf(code)
  const fields = definition?.steps.map(({ name }) => `\`${name}\``).join(' ')
  return [{ code, line: `| ${code} | ${definition?.mnemonic} | ${fields} | ${docOf(statement)} |` }]
}

/** Key, name, places, kind of value and meaning of every parameter; where it is asked for by another name, that one too. */
function parameterLines(): string[] {
  const rows = listParameters().map(({ key, name, demandName, places, kind, meaning }) => {
    const names = demandName === undefined ? `\`${name}\`` : `\`${name}\`, in a demand \`${demandName}\``
    return `| ${key} | ${names} | ${places} | ${kind.form} | ${meaning} |`
  })
  return ['| Key | Name | In | Value, and its text | Meaning |', '|---|---|---|---|---|', ...rows]
}

/** Name, severity and meaning of every check of zones, errors first as they stand in the code. */
function checkLines(): string[] {
  const rows = Object.entries(CHECKS).map(([name, { severity, means }]) => `| \`${name}\` | ${severity} | ${means.replaceAll('<', '\\<')} |`)
  return ['| Check | Severity | What is wrong |', '|---|---|---|', ...rows]
}

const SERVERS: Readonly<Record<string, string>> = { ours: 'we', nsd: 'NSD', knot: 'Knot' }

/** Every accepted difference between servers: its name, who departs, and the text that decides. */
function differenceLines(): string[] {
  const rows = ACCEPTED.map(({ name, who, rfc, why }) => `| ${name} | ${who.map((one) => SERVERS[one] ?? one).join(', ')} | ${rfc} | ${why.replaceAll('|', '\\|')} |`)
  return ['| Difference | Who departs | Text | Why |', '|---|---|---|---|', ...rows]
}

/** A statement's docstring as one cell of a table. */
function docOf(statement: ts.Statement): string {
  const doc = ts.getJSDocCommentsAndTags(statement).filter(ts.isJSDoc).map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join(' ')
  return doc.replace(/\s+/g, ' ').replaceAll('|', '\\|')
}

/** Path, default, form, moment of taking effect and meaning of every key of the config file. */
function configLines(): string[] {
  const rows = configKeys().map(({ path, default: fallback, wanted, about }) => {
    const when = RELOADED_KEYS.has(/^[\w-]+/.exec(path)?.[0] ?? '') ? 'reload' : 'start'
    return `| \`${path}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${wanted.replace(/^must be /, '')} | ${when} | ${about} |`
  })
  return ['| Key | Default | A value must be | Changes at | Meaning |', '|---|---|---|---|---|', ...rows]
}

/** Path, form and meaning of every key of an agent file. */
function agentKeyLines(): string[] {
  const rows = agentKeys().map(({ path, wanted, about }) => `| \`${path}\` | ${wanted.replace(/^must be /, '')} | ${about} |`)
  return ['| Key | A value must be | Meaning |', '|---|---|---|', ...rows]
}

/** Names, kind and meaning of every metric; the buckets of a group of the server's counters share a line. */
function metricLines(): string[] {
  const rows = metricTable().map((entry) => `| \`${entry.name}\` | \`${prometheusName(entry)}\` | ${entry.kind} | ${entry.about} |`)
  return ['| `waggle stats` | Prometheus | Kind | Meaning |', '|---|---|---|---|', ...rows]
}

/** Name, level and meaning of every event of the log. */
function eventLines(): string[] {
  return ['| `msg` | Level | Meaning |', '|---|---|---|', ...Object.entries(LOG_EVENTS).map(([event, [level, about]]) => `| \`${event}\` | ${level} | ${about} |`)]
}
