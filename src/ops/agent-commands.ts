/**
 * What an operator asks of the registry by the control socket, which only the server's own user can open: the agents of a
 * zone, or one of them, with what is never said by DNS (docs/protocol.md 6).
 */
import { parseClass, printClass } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import { suggestion } from '../dns/nearest.ts'
import type { MovedOn } from '../discovery/ranking/explain.ts'
import { type Command, type Commanded, textOf, zoneOf } from './command-parts.ts'
import type { ServedZone } from './zone-keeper.ts'

/** Agents in one piece of an answer. */
const PIECE = 100

/** Sends the agents of a zone, or of every zone, each as a line of JSON. */
export const listAgents: Command = async (server, request, send) => {
  const zones = request.zone === undefined ? server.zones() : [zoneOf(server, request)]
  let lines: string[] = []
  let count = 0
  for (const zone of zones) {
    for (const agent of server.agents(zone)) {
      count++
      if (lines.push(`${JSON.stringify(agent)}\n`) < PIECE) continue
      await send(lines.join(''))
      lines = []
    }
  }
  if (lines.length > 0) await send(lines.join(''))
  return { ok: true, count }
}

/** The agent of a name, in the zone nearest above it. */
export const showAgent: Command = (server, request) => {
  const name = Name.parse(textOf(request, 'agent'))
  for (const zone of zonesAbove(server, name)) {
    for (const agent of server.agents(zone, name)) return { ok: true, agent }
  }
  const known = server.zones().flatMap((zone) => firstOf(server, zone))
  return { ok: false, error: `Cannot find agent ${name} as nobody holds that name${suggestion(name.toString(), known)}` }
}

/** Why a demand at a capability is answered as it is (docs/decisions/0008). */
export const explainAgents: Command = (server, request) => {
  const name = Name.parse(textOf(request, 'name'))
  const className = textOf(request, 'class')
  const rrClass = parseClass(className)
  if (rrClass === undefined) return { ok: false, error: `Cannot explain ${name} as class "${className}" is unknown` }
  const explanation = server.explain(name, rrClass, Buffer.from(textOf(request, 'demand'), 'hex'))
  if (explanation !== undefined && 'movedTo' in explanation) return { ok: false, error: movedText(name, explanation) }
  if (explanation !== undefined) return { ok: true, explanation }
  const isOurs = server.zones().some(({ config }) => config.class === rrClass && name.isWithin(config.name))
  const why = isOurs ? 'no agent is registered there, or below it' : 'it is in no zone that is served'
  return { ok: false, error: `Cannot explain ${name} in class ${printClass(rrClass)} as ${why}` }
}

function movedText(name: Name, { movedTo }: MovedOn): string {
  return `Cannot explain ${name} as that version has moved on to ${movedTo}: explain it there`
}

/** Zones that the name lies in, the nearest first. */
function zonesAbove(server: Commanded, name: Name): ServedZone[] {
  return server.zones().filter(({ config }) => name.isWithin(config.name)).sort((a, b) => b.config.name.labelCount - a.config.name.labelCount)
}

/** Names of agents that may have been meant; of a large zone only some. */
function firstOf(server: Commanded, zone: ServedZone): string[] {
  const names: string[] = []
  for (const { agent } of server.agents(zone)) if (names.push(agent) === PIECE) break
  return names
}
