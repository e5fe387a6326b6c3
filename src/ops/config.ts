/**
 * Reads the config file: YAML whose every fault is told at its place, all of them at once. The keys are in
 * config-schema.ts; here they are matched with the text, paths are made absolute, and what a schema cannot
 * say (names, duplicates) is checked.
 */
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parseClass } from '../dns/codes.ts'
import type { Place } from '../dns/faults.ts'
import { MAX_CONFIG_OCTETS, MAX_SOCKET_PATH_OCTETS } from '../dns/limits.ts'
import { keyInClass, Name } from '../dns/name.ts'
import { parsePrefix, type Prefix, PrefixList } from '../dns/prefix.ts'
import { SHOWN } from '../discovery/faces/names.ts'
import type { RegistrationPolicy } from '../discovery/registration/policy.ts'
import type { TsigKey } from '../dnssec/tsig.ts'
import { parseEndpoint, printEndpoint, type Endpoint } from '../transport/address.ts'
import type { Grant } from '../update/grants.ts'
import { askerValues } from './asker-values.ts'
import { configSchema, RELOADED_KEYS, type ConfigValues } from './config-schema.ts'
import { type EmbeddingConfig, settleIntent } from './config-intent.ts'
import { settleKeys } from './config-keys.ts'
import { settleProbe, type ProbeConfig } from './config-probe.ts'
import { settlePull, type PullConfig } from './config-pull.ts'
import { settleRecursion, type RecursionConfig } from './config-recursion.ts'
import { settleGrants } from './config-grants.ts'
import { hasErrors, inOrder, type Finding } from './finding.ts'
import { notesOf, unwrap } from './schema-notes.ts'
import { printPath, readText, valueAt, YamlText } from './yaml-text.ts'

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
  /** From where keys of their own may register; undefined: from nowhere. */
  registration?: RegistrationPolicy
  /** Bits of the forms in which agents are answered besides AGENT; undefined: all. */
  faces?: number
  /** How its agents are probed; undefined: they are not. */
  probe?: ProbeConfig
  /** How readings of its agents are fetched; undefined: they are not. */
  pull?: PullConfig
  /** It stands for default.service.arpa. (RFC 9665 3.2.2). */
  isDefaultService?: boolean
}

/** Whether anybody can change the zone while it is served. */
export function isWritable({ grants = [], registration }: ConfigZone): boolean {
  return grants.length > 0 || registration !== undefined
}

/** A config in use: values with defaults, names parsed and paths absolute. */
export interface Config {
  /** Path as it was given. */
  file: string
  values: ConfigValues
  listen: Endpoint[]
  zones: ConfigZone[]
  keys: TsigKey[]
  /** Undefined: nobody is recursed for. */
  recursion: RecursionConfig | undefined
  /** Who is asked what needs mean; undefined: nobody. Taken at the start. */
  embeddings?: EmbeddingConfig
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
  const text = readText(file, 'config', MAX_CONFIG_OCTETS)
  return typeof text === 'string' ? parseConfig(text, file) : { config: undefined, findings: [text] }
}

/** Checks the config in `text`; `file` names it in findings, and its folder is where relative paths start. */
export function parseConfig(text: string, file: string): ConfigReading {
  const yaml = new YamlText(text, file, 'the config')
  const values = yaml.match(configSchema)
  const config = values === undefined ? undefined : settle(values, yaml)
  const findings = inOrder(yaml.findings)
  return { config: hasErrors(findings) ? undefined : config, findings }
}

// ---- What the schema cannot say ----

function settle(values: ConfigValues, yaml: YamlText): Config {
  const base = dirname(yaml.file)
  const dataFolder = resolve(base, values.data)
  if (Buffer.byteLength(controlPath(dataFolder)) > MAX_SOCKET_PATH_OCTETS) {
    yaml.error(['data'], `Cannot use data "${values.data}" as the path of its control socket must be at most ${MAX_SOCKET_PATH_OCTETS} octets long: ${controlPath(dataFolder)}`)
  }
  warnOfUnserved(values, yaml)
  const recursion = values.recursion && settleRecursion(values.recursion, yaml, base)
  const embeddings = settleIntent(values.intent, yaml)
  const [listen, zones, keys] = [settleListen(values, yaml), settleZones(values, yaml, base), settleKeys(values.keys, yaml)]
  return { file: yaml.file, values, dataFolder, listen, zones, keys, recursion, ...(embeddings && { embeddings }) }
}

function settleListen(values: ConfigValues, yaml: YamlText): Endpoint[] {
  const seen = new Set<string>()
  return values.listen.map((text, i) => {
    const endpoint = parseEndpoint(text) as Endpoint // the schema has tried it
    const printed = printEndpoint(endpoint)
    if (seen.has(printed) && endpoint.port !== 0) yaml.error(['listen', i], `Cannot use listen[${i}] "${text}" as the address is listed already`)
    seen.add(printed)
    return endpoint
  })
}

function settleZones(values: ConfigValues, yaml: YamlText, base: string): ConfigZone[] {
  const seen = new Map<string, number>()
  const zones: ConfigZone[] = []
  const keyNames = keyNamesOf(values)
  const onFault = (path: readonly PropertyKey[]) => (at: readonly PropertyKey[], text: string) => yaml.error([...path, ...at], `Cannot use ${printPath([...path, ...at.slice(0, 1)])}: ${text}`)
  const common = settleGrants(values.grants, undefined, keyNames, onFault(['grants']))
  const defaults = values.zones.flatMap((zone, i) => (zone['default-service'] ? [i] : []))
  for (const i of defaults.slice(1)) yaml.error(['zones', i, 'default-service'], `Cannot use zones[${i}].default-service true as zones[${defaults[0]}] stands for default.service.arpa. already`)
  values.zones.forEach((zone, i) => {
    const path = ['zones', i]
    const name = Name.parse(zone.name) // the schema has tried it
    const rrClass = parseClass(zone.class) as number // the schema has tried it
    const id = keyInClass({ name, class: rrClass })
    const first = seen.get(id)
    if (first !== undefined) yaml.error([...path, 'name'], `Cannot use zones[${i}].name "${zone.name}" as zones[${first}] is the same zone`)
    else seen.set(id, i)
    const own = settleGrants(zone.grants, name, keyNames, onFault([...path, 'grants']))
    const file = isAbsolute(zone.file) ? zone.file : join(base, zone.file)
    zones.push({
      name, class: rrClass, file, place: yaml.placeOf([...path, 'file']), grants: [...own, ...common],
      ...(zone.register.length === 0 ? {} : { registration: { networks: new PrefixList(zone.register.map((text) => parsePrefix(text) as Prefix)) } }),
      faces: zone.faces.reduce((bits, face) => bits | SHOWN[face], 0),
      ...(zone.probe === undefined ? {} : { probe: settleProbe(zone.probe) }),
      ...(zone.pull === undefined ? {} : { pull: settlePull(zone.pull, zone.askers && askerValues(zone.askers)) }),
      ...(zone['default-service'] ? { isDefaultService: true } : {}),
    })
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

function warnOfUnserved(values: ConfigValues, yaml: YamlText): void {
  for (const [key, schema] of Object.entries(configSchema.shape)) {
    const { unserved } = notesOf(unwrap(schema).inner) ?? {}
    const value = values[key as keyof ConfigValues]
    const isEmpty = value === undefined || (Array.isArray(value) && value.length === 0)
    if (unserved !== undefined && !isEmpty) yaml.warn([key], `Cannot act on "${key}" yet: ${unserved}`)
  }
}
