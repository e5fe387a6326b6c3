/**
 * What the control socket can ask of a running server: its counters, its zones, a reload, a dump. One table
 * of commands; each gives plain values, which the command line prints.
 */
import { resolve } from 'node:path'
import { CLASS, parseClass, printClass } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import type { ControlAnswer, ControlHandler, ControlRequest } from './control.ts'
import { printFinding } from './finding.ts'
import { flatten, type Metric } from './metrics.ts'
import { suggestion } from '../dns/nearest.ts'
import type { ServedZone, ZoneOutcome } from './zone-keeper.ts'

/** One zone in an answer to `zone list`. */
export interface ZoneLine {
  zone: string
  class: string
  file: string
  serial: number
  records: number
  octets: number
  /** ISO 8601. */
  loaded: string
  loadMs: number
  /** Why the last reload was refused. */
  refusal?: string
  /** Updates carried out since the start, where grants let somebody change the zone. */
  updates?: number
  /** Why a zone with grants takes no updates. */
  locked?: string
}

/** One zone in an answer to `zone reload`: an outcome with its findings as text. */
export type ZoneReport = Omit<ZoneOutcome, 'findings'> & { findings: string[] }

/** What the commands need of the running server. */
export interface Commanded {
  metrics(): Metric[]
  zones(): ServedZone[]
  find(name: Name, rrClass: number): ServedZone | undefined
  /** Reads the config and all zones again, or one zone only, by the key of its name. */
  reload(onlyKey?: string): Promise<ZoneOutcome[]>
  dump(zone: ServedZone, send: (text: string) => Promise<void>): Promise<void>
}

type Command = (server: Commanded, request: ControlRequest, send: (text: string) => Promise<void>) => Promise<ControlAnswer> | ControlAnswer

const COMMANDS: Readonly<Record<string, Command>> = {
  stats: (server) => ({ ok: true, metrics: server.metrics().flatMap(flatten) }),
  'zone list': (server) => ({ ok: true, zones: server.zones().map(lineOf) }),
  'zone reload': reloadZones,
  'zone dump': dumpZone,
}

/** The handler of the control socket for `server`. */
export function commandsOf(server: Commanded): ControlHandler {
  return async (request, send) => {
    const command = Object.hasOwn(COMMANDS, request.command) ? COMMANDS[request.command] : undefined
    if (command === undefined) return { ok: false, error: `Cannot carry out "${request.command}" as this server does not know it${suggestion(request.command, Object.keys(COMMANDS))}` }
    return command(server, request, send)
  }
}

async function reloadZones(server: Commanded, request: ControlRequest): Promise<ControlAnswer> {
  const name = request.zone === undefined ? undefined : Name.parse(textOf(request, 'zone'))
  const isServed = name === undefined || server.zones().some((zone) => zone.config.name.equals(name))
  if (!isServed) return { ok: false, error: notServed(server, name.toString()) }
  const outcomes = await server.reload(name?.key)
  return { ok: true, zones: outcomes.map((outcome): ZoneReport => ({ ...outcome, findings: outcome.findings.map(printFinding) })) }
}

async function dumpZone(server: Commanded, request: ControlRequest, send: (text: string) => Promise<void>): Promise<ControlAnswer> {
  const name = Name.parse(textOf(request, 'zone'))
  const rrClass = request.class === undefined ? CLASS.IN : parseClass(textOf(request, 'class'))
  if (rrClass === undefined) return { ok: false, error: 'Cannot dump zone as its class is unknown' }
  const zone = server.find(name, rrClass)
  if (zone === undefined) return { ok: false, error: notServed(server, name.toString(), rrClass) }
  await server.dump(zone, send)
  return { ok: true }
}

/** A field that must be text; a request comes from outside, so it is checked. */
function textOf(request: ControlRequest, field: string): string {
  const value = request[field]
  if (typeof value !== 'string') throw new Error(`Cannot carry out "${request.command}" as "${field}" must be text`)
  return value
}

function notServed(server: Commanded, name: string, rrClass?: number): string {
  const others = server.zones().filter((zone) => zone.config.name.toString().toLowerCase() === name.toLowerCase())
  if (rrClass !== undefined && others.length > 0) return `Cannot find zone ${name} in class ${printClass(rrClass)}; it is served in class ${printClass(others[0].config.class)}`
  return `Cannot find zone ${name} as it is not served${suggestion(name, server.zones().map((zone) => zone.config.name.toString()))}`
}

function lineOf({ config, image, serial, loadedAtMs, loadMs, refusal, writable }: ServedZone): ZoneLine {
  const line = {
    zone: config.name.toString(),
    class: printClass(config.class),
    file: resolve(config.file),
    serial: writable?.serial ?? serial,
    records: image.recordCount,
    octets: image.usedOctets,
    loaded: new Date(loadedAtMs).toISOString(),
    loadMs,
  }
  const changed = writable === undefined ? {} : { updates: writable.updates, ...(writable.refusal === undefined ? {} : { locked: writable.refusal.reason }) }
  return { ...line, ...changed, ...(refusal === undefined ? {} : { refusal }) }
}
