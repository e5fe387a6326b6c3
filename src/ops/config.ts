/**
 * Reads the config file: YAML whose every fault is told at its place, all of them at once. The keys are in
 * config-schema.ts; here they are matched with the text, paths are made absolute, and what a schema cannot
 * say (names, duplicates) is checked.
 */
import { readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml'
import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { parseClass } from '../dns/codes.ts'
import type { Place } from '../dns/faults.ts'
import { MAX_CONFIG_OCTETS, MAX_SOCKET_PATH_OCTETS } from '../dns/limits.ts'
import { Name } from '../dns/name.ts'
import { parseEndpoint, printEndpoint, type Endpoint } from '../transport/address.ts'
import type { Grant } from '../update/grants.ts'
import { configSchema, notesOf, RELOADED_KEYS, schemaAt, unwrap, type ConfigValues } from './config-schema.ts'
import { settleGrants } from './config-grants.ts'
import { hasErrors, inOrder, type Finding } from './finding.ts'
import { suggestion } from '../dns/nearest.ts'
import { reasonOf } from './reason.ts'

/** One zone of the config, ready to be loaded. */
export interface ConfigZone {
  name: Name
  class: number
  /** Path from the working directory, or absolute where the config's own path is. */
  file: string
  /** Where the config names the file: a file that cannot be read is reported there too. */
  place: Place
  /** Who may change it: its own grants, then those of all zones. None, or undefined: nobody. */
  grants?: readonly Grant[]
}

/** A config in use: values with defaults, names parsed and paths absolute. */
export interface Config {
  /** Path as it was given. */
  file: string
  values: ConfigValues
  listen: Endpoint[]
  zones: ConfigZone[]
  /** Absolute path of the data directory. */
  dataFolder: string
}

/** What reading a config gave. */
export interface ConfigReading {
  /** Undefined where `findings` holds an error. */
  config: Config | undefined
  findings: Finding[]
}

/** What a reload makes of values in use and values read. */
export interface MergedValues {
  /** Those to use: the new ones where a reload can put them into use. */
  values: ConfigValues
  /** Changed keys that are in them, `zones` aside, and changed keys that wait for the next start. */
  taken: string[]
  waiting: string[]
}

/** Puts what was read at a reload together with what has to stay until the next start. */
export function mergeValues(inUse: ConfigValues, read: ConfigValues): MergedValues {
  const keys = Object.keys(configSchema.shape)
  const changed = keys.filter((key) => key !== 'zones' && !isDeepStrictEqual(valueAt(inUse, [key]), valueAt(read, [key])))
  const values = Object.fromEntries(keys.map((key) => [key, valueAt(RELOADED_KEYS.has(key) ? read : inUse, [key])])) as ConfigValues
  return { values, taken: changed.filter((key) => RELOADED_KEYS.has(key)), waiting: changed.filter((key) => !RELOADED_KEYS.has(key)) }
}

/** Path of the control socket in a data directory. */
export function controlPath(dataFolder: string): string {
  return resolve(dataFolder, 'control.sock')
}

/** Reads and checks the config at `file`. Never throws: what cannot be read is a finding. */
export function readConfig(file: string): ConfigReading {
  let text: string
  try {
    const { size } = statSync(file)
    if (size > MAX_CONFIG_OCTETS) return failed(file, `Cannot read config as it is longer than ${MAX_CONFIG_OCTETS} octets`)
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return failed(file, `Cannot read config: ${reasonOf(error)}`)
  }
  return parseConfig(text, file)
}

function failed(file: string, message: string): ConfigReading {
  return { config: undefined, findings: [{ file, line: 0, column: 0, severity: 'error', message }] }
}

/** Checks the config in `text`; `file` names it in findings, and its folder is where relative paths start. */
export function parseConfig(text: string, file: string): ConfigReading {
  const yaml = new ConfigText(text, file)
  if (hasErrors(yaml.findings)) return { config: undefined, findings: inOrder(yaml.findings) }
  const parsed = configSchema.safeParse(yaml.values)
  if (!parsed.success) for (const issue of parsed.error.issues) yaml.addIssue(issue)
  const config = parsed.success ? settle(parsed.data, yaml) : undefined
  const findings = inOrder(yaml.findings)
  return { config: hasErrors(findings) ? undefined : config, findings }
}

/** A config file's text with the places of its values, and the findings about it. */
class ConfigText {
  readonly file: string
  readonly findings: Finding[] = []
  /** The document as plain values; keys left empty (`cookies:` and nothing below) count as not given. */
  readonly values: unknown
  private readonly document: Document.Parsed
  private readonly lines = new LineCounter()

  constructor(text: string, file: string) {
    this.file = file
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
  addIssue(issue: z.core.$ZodIssue): void {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) this.addUnknownKey(issue.path, key)
      return
    }
    const key = printPath(issue.path)
    const schema = schemaAt(issue.path)
    const value = valueAt(this.values, issue.path)
    const wanted = issue.code === 'custom' ? issue.message : (notesOf(schema)?.wanted ?? issue.message)
    if (value === undefined) this.error(issue.path, `Cannot do without ${key}, which ${wanted}`)
    else this.error(issue.path, `Cannot use ${key} ${printValue(value)} as it ${wanted}`)
  }

  private addUnknownKey(path: readonly PropertyKey[], key: string): void {
    const map = this.nodeAt(path)
    const pair = isMap(map) ? map.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key) : undefined
    const offset = (pair?.key as Node | undefined)?.range?.[0] ?? map?.range?.[0] ?? 0
    const { inner } = unwrap(schemaAt(path))
    const known = 'shape' in inner ? Object.keys(inner.shape as object) : []
    const where = path.length === 0 ? 'the config' : printPath(path)
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

/** `zones[2].name` for `['zones', 2, 'name']`; `the config` for the whole. */
function printPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the config'
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${String(step)}`)).join('')
}

/** The value as YAML's flow form would write it, cut after 60 letters. */
function printValue(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let value = values
  for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step]
  return value
}

// ---- What the schema cannot say ----

function settle(values: ConfigValues, yaml: ConfigText): Config {
  const base = dirname(yaml.file)
  const dataFolder = resolve(base, values.data)
  if (Buffer.byteLength(controlPath(dataFolder)) > MAX_SOCKET_PATH_OCTETS) {
    yaml.error(['data'], `Cannot use data "${values.data}" as the path of its control socket must be at most ${MAX_SOCKET_PATH_OCTETS} octets long: ${controlPath(dataFolder)}`)
  }
  warnOfUnserved(values, yaml)
  return { file: yaml.file, values, dataFolder, listen: settleListen(values, yaml), zones: settleZones(values, yaml, base) }
}

function settleListen(values: ConfigValues, yaml: ConfigText): Endpoint[] {
  const seen = new Set<string>()
  return values.listen.map((text, i) => {
    const endpoint = parseEndpoint(text) as Endpoint // the schema has tried it
    const printed = printEndpoint(endpoint)
    if (seen.has(printed) && endpoint.port !== 0) yaml.error(['listen', i], `Cannot use listen[${i}] "${text}" as the address is listed already`)
    seen.add(printed)
    return endpoint
  })
}

function settleZones(values: ConfigValues, yaml: ConfigText, base: string): ConfigZone[] {
  const seen = new Map<string, number>()
  const zones: ConfigZone[] = []
  const keyNames = keyNamesOf(values)
  const onFault = (path: readonly PropertyKey[]) => (at: readonly PropertyKey[], text: string) => yaml.error([...path, ...at], `Cannot use ${printPath([...path, ...at.slice(0, 1)])}: ${text}`)
  const common = settleGrants(values.grants, undefined, keyNames, onFault(['grants']))
  values.zones.forEach((zone, i) => {
    const path = ['zones', i]
    const name = Name.parse(zone.name) // the schema has tried it
    const id = `${zone.class} ${name.key}`
    const first = seen.get(id)
    if (first !== undefined) yaml.error([...path, 'name'], `Cannot use zones[${i}].name "${zone.name}" as zones[${first}] is the same zone`)
    else seen.set(id, i)
    const own = settleGrants(zone.grants, name, keyNames, onFault([...path, 'grants']))
    const file = isAbsolute(zone.file) ? zone.file : join(base, zone.file)
    zones.push({ name, class: parseClass(zone.class) as number, file, place: yaml.placeOf([...path, 'file']), grants: [...own, ...common] })
  })
  return zones
}

/** Keys of the names of TSIG keys. */
function keyNamesOf(values: ConfigValues): Set<string> {
  const names = new Set<string>()
  for (const { name } of values.keys) {
    try {
      names.add(Name.parse(name).key)
    } catch {
      // told where keys are checked
    }
  }
  return names
}

function warnOfUnserved(values: ConfigValues, yaml: ConfigText): void {
  for (const [key, schema] of Object.entries(configSchema.shape)) {
    const { unserved } = notesOf(unwrap(schema).inner) ?? {}
    const value = values[key as keyof ConfigValues]
    const isEmpty = value === undefined || (Array.isArray(value) && value.length === 0)
    if (unserved !== undefined && !isEmpty) yaml.warn([key], `Cannot act on "${key}" yet: ${unserved}`)
  }
}
