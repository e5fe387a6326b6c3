/**
 * What the commands of the control socket are written with: the server that they ask, the fields of a request, which
 * comes from outside and is checked, and the zone that one means.
 */
import { parseClass, printClass } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import { suggestion } from '../dns/nearest.ts'
import type { Explained } from '../discovery/ranking/explain.ts'
import type { RegisteredAgent } from '../discovery/registration/registry.ts'
import type { AnchorLine } from './anchor-keeper.ts'
import type { CacheDesk } from './cache-desk.ts'
import type { ControlAnswer, ControlRequest } from './control.ts'
import type { Metric } from './metrics.ts'
import type { ServedZone, ZoneOutcome } from './zone-keeper.ts'
import type { ZoneCopy, ZoneWritten } from './zone-writing.ts'

/** What the commands need of the running server. */
export interface Commanded {
  metrics(): Metric[]
  zones(): ServedZone[]
  find(name: Name, rrClass: number): ServedZone | undefined
  /** Leases in force in a zone. */
  leasesIn(zone: ServedZone): number
  /** Agents registered in a zone, or the one of that name. */
  agents(zone: ServedZone, name?: Name): Iterable<RegisteredAgent>
  /** Why a demand at a capability is answered as it is; undefined where no agent is registered there. WireFault where the demand is malformed. */
  explain(name: Name, rrClass: number, demand: Uint8Array): Explained | undefined
  /** Reads the config and all zones again, or one zone only, by the key of its name. */
  reload(onlyKey?: string): Promise<ZoneOutcome[]>
  dump(zone: ServedZone, send: (text: string) => Promise<void>): Promise<void>
  /** Writes a zone into its own file or another. Rejects with what stands against it. */
  write(zone: ServedZone, copy: ZoneCopy): Promise<ZoneWritten>
  /** What is remembered of others' names; undefined where nobody is recursed for. */
  readonly cache?: CacheDesk | undefined
  /** What has become of trust anchors; undefined where they are not followed. */
  readonly anchors?: readonly AnchorLine[] | undefined
  /** Tells what was done to a zone, or the cache. */
  tell(event: 'zone frozen' | 'zone thawed' | 'zone written' | 'cache flushed', fields: object): void
}

/** Carries out one command. */
export type Command = (server: Commanded, request: ControlRequest, send: (text: string) => Promise<void>) => Promise<ControlAnswer> | ControlAnswer

/** A field that must be text. Throws where it is not. */
export function textOf(request: ControlRequest, field: string): string {
  const value = request[field]
  if (typeof value !== 'string') throw new Error(`Cannot carry out "${request.command}" as "${field}" must be text`)
  return value
}

/** The zone in service that the request names; where it names no class, that of class IN, or the only other one. Throws what to tell where there is none. */
export function zoneOf(server: Commanded, request: ControlRequest): ServedZone {
  const name = Name.parse(textOf(request, 'zone'))
  const wanted = request.class === undefined ? undefined : textOf(request, 'class')
  const rrClass = wanted === undefined ? undefined : parseClass(wanted)
  if (wanted !== undefined && rrClass === undefined) throw new Error(`Cannot find zone ${name} as class "${wanted}" is unknown`)
  const named = server.zones().filter(({ config }) => config.name.equals(name)).sort((a, b) => a.config.class - b.config.class)
  const zone = named.find(({ config }) => rrClass === undefined || config.class === rrClass)
  if (zone === undefined) throw new Error(notServed(server, name, rrClass))
  return zone
}

/** Why a name is no zone in service, with the one that may have been meant. */
export function notServed(server: Commanded, name: Name, rrClass?: number): string {
  const others = server.zones().filter((zone) => zone.config.name.equals(name))
  if (rrClass !== undefined && others.length > 0) return `Cannot find zone ${name} in class ${printClass(rrClass)}; it is served in class ${printClass(others[0].config.class)}`
  return `Cannot find zone ${name} as it is not served${suggestion(name.toString(), server.zones().map((zone) => zone.config.name.toString()))}`
}

/** How a zone is named in answers and log lines. */
export function headOf({ config }: ServedZone): { zone: string; class: string } {
  return { zone: config.name.toString(), class: printClass(config.class) }
}
