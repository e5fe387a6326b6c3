/**
 * What an administrator asks of a zone that updates change: how it stands, that no update comes in between (freeze),
 * and that they go on over the file as it is now (thaw).
 *
 *     freeze ──▶ updates are refused, leases go on to end ──▶ edit the file ──▶ thaw: file read, net changes laid over it ──▶ updates go on
 */
import type { WritableZone } from '../update/writable-zone.ts'
import { headOf, zoneOf, type Command } from './command-parts.ts'
import { printFinding } from './finding.ts'
import type { ServedZone } from './zone-keeper.ts'

/** What `zone status` tells of a zone besides its line of `zone list`. */
export interface ZoneChanges {
  /** Whether somebody may change it by update: it has grants, or is open to registrations. */
  writable: boolean
  frozen: boolean
  /** SERIAL that the file has, as it was read last. */
  fileSerial: number
  /** Records that updates have added, removed or given another TTL, seen from the file. */
  changes: number
  /** Leases in force. */
  leases: number
}

/** How a zone stands towards its file and updates. */
export function changesOf(zone: ServedZone, leases: number): ZoneChanges {
  const { writable, serial } = zone
  return { writable: writable !== undefined, frozen: writable?.isFrozen ?? false, fileSerial: writable?.file.serial ?? serial, changes: writable?.changeCount ?? 0, leases }
}

/** Refuses updates of a zone until `zone thaw`; done already where it is frozen. */
export const freezeZone: Command = async (server, request) => {
  const zone = zoneOf(server, request)
  const writable = writableOf(zone, 'freeze')
  const wasFrozen = writable.isFrozen
  await writable.freeze()
  const answer = { ...headOf(zone), serial: writable.serial }
  if (!wasFrozen) server.tell('zone frozen', answer)
  return { ok: true, ...answer, wasFrozen }
}

/** Reads a frozen zone's file again and takes updates over it; a file with errors leaves the zone frozen, as it was. */
export const thawZone: Command = async (server, request) => {
  const frozen = zoneOf(server, request)
  const head = headOf(frozen)
  const { serial: previousSerial, isFrozen } = writableOf(frozen, 'thaw')
  if (!isFrozen) return { ok: true, ...head, serial: previousSerial, wasFrozen: false, findings: [] }
  const outcomes = await server.reload(frozen.config.name.key)
  const outcome = outcomes.find(({ zone, class: rrClass }) => zone === head.zone && rrClass === head.class)
  const findings = (outcome?.findings ?? []).map(printFinding)
  const zone = server.find(frozen.config.name, frozen.config.class)
  if (outcome?.outcome !== 'reloaded' || zone === undefined) {
    return { ok: false, error: [...findings, `Cannot thaw zone ${head.zone} as its file has errors: it stays frozen, with the records that it had`].join('\n') }
  }
  const writable = writableOf(zone, 'thaw')
  writable.thaw()
  server.tell('zone thawed', { ...head, previousSerial, serial: writable.serial })
  return { ok: true, ...head, previousSerial, serial: writable.serial, wasFrozen: true, findings }
}

/** The zone as updates change it. Throws why none does, and what to do about it. */
function writableOf(zone: ServedZone, what: string): WritableZone {
  const { writable } = zone
  const { zone: name } = headOf(zone)
  if (writable === undefined) throw new Error(`Cannot ${what} zone ${name} as no update can change it: the config gives it neither grants nor register`)
  if (writable.refusal !== undefined && !writable.isFrozen) throw new Error(`Cannot ${what} zone ${name}: ${writable.refusal.reason}`)
  return writable
}
