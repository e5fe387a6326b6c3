/**
 * Reads a YAML file so that every fault in it is told at its place, all of them at once, in the words of its schema's
 * notes (schema-notes.ts) and with the near key where one is unknown. The config is read so, and what an agent registers.
 */
import { readFileSync, statSync } from 'node:fs'
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml'
import type { z } from 'zod'
import type { Place } from '../dns/faults.ts'
import { suggestion } from '../dns/nearest.ts'
import { hasErrors, type Finding } from './finding.ts'
import { reasonOf } from './reason.ts'
import { notesOf, schemaAt, unwrap } from './schema-notes.ts'

/** The text of a file of at most `most` octets; or the finding that says why it cannot be read, as `what`. */
export function readText(file: string, what: string, most: number): string | Finding {
  const failed = (reason: string): Finding => ({ file, line: 0, column: 0, severity: 'error', message: `Cannot read ${what}${reason}` })
  try {
    if (statSync(file).size > most) return failed(` as it is longer than ${most} octets`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    return failed(`: ${reasonOf(error)}`)
  }
}

/** A file's text with the places of its values, and the findings about it. */
export class YamlText {
  readonly file: string
  readonly findings: Finding[] = []
  /** The document as plain values; keys left empty (`cookies:` and nothing below) count as not given. */
  readonly values: unknown
  private readonly whole: string
  private readonly document: Document.Parsed
  private readonly lines = new LineCounter()

  /** `whole` is what messages call the file as a whole, such as `the config`. */
  constructor(text: string, file: string, whole: string) {
    this.file = file
    this.whole = whole
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false })
    for (const fault of this.document.errors) this.add('error', fault.pos[0], `Cannot parse YAML: ${lowerFirst(fault.message)}`)
    if (this.document.errors.length > 0) return
    visit(this.document, { Pair: (_, pair) => (isScalar(pair.value) && pair.value.value === null ? visit.REMOVE : undefined) })
    try {
      this.values = this.document.toJS() ?? {}
    } catch (error) {
      this.add('error', 0, `Cannot parse YAML: ${reasonOf(error)}`) // an alias bomb, or an alias without its anchor
    }
  }

  /** The values with the schema's defaults; undefined where they do not match it, which is among the findings then. */
  match<T extends z.ZodType>(schema: T): z.infer<T> | undefined {
    if (hasErrors(this.findings)) return undefined
    const parsed = schema.safeParse(this.values)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) this.addIssue(schema, issue)
    return undefined
  }

  /** Where the value at `path` stands, or the nearest thing around it that the text holds. */
  placeOf(path: readonly PropertyKey[]): Place {
    return this.at(this.nodeAt(path)?.range?.[0] ?? 0)
  }

  warn(path: readonly PropertyKey[], message: string): void {
    this.findings.push({ ...this.placeOf(path), severity: 'warning', message })
  }

  error(path: readonly PropertyKey[], message: string): void {
    this.findings.push({ ...this.placeOf(path), severity: 'error', message })
  }

  /** Turns what the schema found into findings in our words. */
  private addIssue(root: z.ZodType, issue: z.core.$ZodIssue): void {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) this.addUnknownKey(root, issue.path, key)
      return
    }
    const key = issue.path.length === 0 ? this.whole : printPath(issue.path)
    const schema = schemaAt(root, issue.path)
    const value = valueAt(this.values, issue.path)
    const wanted = issue.code === 'custom' ? issue.message : (notesOf(schema)?.wanted ?? issue.message)
    if (value === undefined) this.error(issue.path, `Cannot do without ${key}, which ${wanted}`)
    else this.error(issue.path, `Cannot use ${key} ${printValue(value)} as it ${wanted}`)
  }

  private addUnknownKey(root: z.ZodType, path: readonly PropertyKey[], key: string): void {
    const map = this.nodeAt(path)
    const pair = isMap(map) ? map.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key) : undefined
    const offset = (pair?.key as Node | undefined)?.range?.[0] ?? map?.range?.[0] ?? 0
    const { inner } = unwrap(schemaAt(root, path))
    const known = 'shape' in inner ? Object.keys(inner.shape as object) : []
    const where = path.length === 0 ? this.whole : printPath(path)
    this.add('error', offset, `Cannot use key "${key}" as ${where} has none of that name${suggestion(key, known)}`)
  }

  private nodeAt(path: readonly PropertyKey[]): Node | undefined {
    let node: unknown = this.document.contents
    for (const step of path) {
      const next: unknown = isMap(node) || isSeq(node) ? node.get(step, true) : undefined
      if (next === undefined) break
      node = next
    }
    return (node ?? undefined) as Node | undefined
  }

  private add(severity: Finding['severity'], offset: number, message: string): void {
    this.findings.push({ ...this.at(offset), severity, message })
  }

  private at(offset: number): Place {
    const { line, col } = this.lines.linePos(offset)
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) }
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** `zones[2].name` for `['zones', 2, 'name']`. */
export function printPath(path: readonly PropertyKey[]): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${String(step)}`)).join('')
}

/** The value as YAML's flow form would write it, cut after 60 letters. */
export function printValue(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** The value at `path` in plain values; undefined where the path leads nowhere. */
export function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let value = values
  for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step]
  return value
}
