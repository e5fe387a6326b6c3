/**
 * What the control socket can ask of a running server: its counters, its zones, a reload, a dump. One table
 * of commands; each gives plain values, which the command line prints.
 */
import { resolve } from 'node:path'
import { Name } from '../dns/name.ts'
import { suggestion } from '../dns/nearest.ts'
import { explainAgents, listAgents, showAgent } from './agent-commands.ts'
import { dumpCacheText, flushCache, showCache } from './cache-commands.ts'
import { type Command, type Commanded, headOf, notServed, textOf, zoneOf } from './command-parts.ts'
import type { ControlAnswer, ControlHandler, ControlRequest } from './control.ts'
import { printFinding } from './finding.ts'
import { flatten } from './metrics.ts'
import { changesOf, diffZone, freezeZone, thawZone, writeZoneFile, type ZoneChanges } from './zone-commands.ts'
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

/** The answer to `zone status`. */
export type ZoneStatus = ZoneLine & ZoneChanges

/** One zone in an answer to `zone reload`: an outcome with its findings as text. */
export type ZoneReport = Omit<ZoneOutcome, 'findings'> & { findings: string[] }

const COMMANDS: Readonly<Record<string, Command>> = {
  stats: (server) => ({ ok: true, metrics: server.metrics().flatMap(flatten) }),
  'zone list': (server) => ({ ok: true, zones: server.zones().map(lineOf) }),
  'zone reload': reloadZones,
  'zone status': (server, request) => ({ ok: true, status: statusOf(zoneOf(server, request), server) }),
  'zone dump': dumpZone,
  'zone diff': diffZone,
  'zone write': writeZoneFile,
  'zone freeze': freezeZone,
  'zone thaw': thawZone,
  'anchor list': listAnchors,
  'cache stats': showCache,
  'cache dump': dumpCacheText,
  'cache flush': flushCache,
  'agent list': listAgents,
  'agent show': showAgent,
  'agent explain': explainAgents,
}

/** The handler of the control socket for `server`. */
export function commandsOf(server: Commanded): ControlHandler {
  return async (request, send) => {
    const command = Object.hasOwn(COMMANDS, request.command) ? COMMANDS[request.command] : undefined
    if (command === undefined) return { ok: false, error: `Cannot carry out "${request.command}" as this server does not know it${suggestion(request.command, Object.keys(COMMANDS))}` }
    return command(server, request, send)
  }
}

/** What has become of trust anchors (RFC 5011). */
function listAnchors({ anchors }: Commanded): ControlAnswer {
  if (anchors === undefined) throw new Error('Cannot list trust anchors as none are followed: the config has no recursion, or turns validate or follow-anchors off')
  return { ok: true, anchors: [...anchors] }
}

async function reloadZones(server: Commanded, request: ControlRequest): Promise<ControlAnswer> {
  const name = request.zone === undefined ? undefined : Name.parse(textOf(request, 'zone'))
  const isServed = name === undefined || server.zones().some((zone) => zone.config.name.equals(name))
  if (!isServed) return { ok: false, error: notServed(server, name) }
  const outcomes = await server.reload(name?.key)
  return { ok: true, zones: outcomes.map((outcome): ZoneReport => ({ ...outcome, findings: outcome.findings.map(printFinding) })) }
}

async function dumpZone(server: Commanded, request: ControlRequest, send: (text: string) => Promise<void>): Promise<ControlAnswer> {
  const zone = zoneOf(server, request)
  await server.dump(zone, send)
  return { ok: true }
}

function statusOf(zone: ServedZone, server: Commanded): ZoneStatus {
  return { ...lineOf(zone), ...changesOf(zone, zone.writable === undefined ? 0 : server.leasesIn(zone)) }
}

function lineOf(zone: ServedZone): ZoneLine {
  const { config, image, serial, loadedAtMs, loadMs, refusal, writable } = zone
  const line = {
    ...headOf(zone),
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
