/**
 * What an administrator asks of a zone that updates change: how it stands, that no update comes in between (freeze),
 * that they go on over the file as it is now (thaw), what they have made of the file (diff), and that the file says so itself (write).
 *
 *     freeze ──▶ updates are refused, leases go on to end ──▶ edit the file ──▶ thaw: file read, net changes laid over it ──▶ updates go on
 */
import { isAbsolute } from 'node:path'
import { printClass, printType } from '../dns/codes.ts'
import { printRdata } from '../dns/rdata.ts'
import type { NetChange } from '../update/net-changes.ts'
import type { WritableZone } from '../update/writable-zone.ts'
import { printZoneRecord } from '../zone/print.ts'
import { headOf, textOf, zoneOf, type Command } from './command-parts.ts'
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

/** Sends what updates have made of a zone's file, in master-file form behind `-` and `+`, or as one JSON object. */
export const diffZone: Command = async (server, request, send) => {
  const zone = zoneOf(server, request)
  const { writable, serial, config } = zone
  const changes = (await writable?.netChanges()) ?? []
  const head = { ...headOf(zone), serial: writable?.serial ?? serial, fileSerial: writable?.file.serial ?? serial }
  const lines = request.json === true ? jsonOf(head, changes, config.class) : textsOf(changes, config.class)
  for (const piece of inPieces(lines)) await send(piece)
  return { ok: true, changes: changes.length }
}

/** Writes a zone into its own file, or the one that the request names by its whole path. */
export const writeZoneFile: Command = async (server, request) => {
  const zone = zoneOf(server, request)
  const file = request.file === undefined ? undefined : textOf(request, 'file')
  if (file !== undefined && !isAbsolute(file)) throw new Error(`Cannot write ${file} as it must be a whole path`)
  const written = await server.write(zone, { file, leases: request.leases === true })
  const isWritten = !written.isOwn || written.changes > 0
  if (isWritten) server.tell('zone written', { ...headOf(zone), file: written.file, serial: written.serial, changes: written.changes })
  return { ok: true, ...headOf(zone), ...written, isWritten }
}

function* textsOf(changes: readonly NetChange[], rrClass: number): Generator<string> {
  for (const { kind, owner: name, ...record } of changes) yield `${kind === 'added' ? '+' : '-'}${printZoneRecord({ ...record, name, class: rrClass })}\n`
}

function* jsonOf(head: object, changes: readonly NetChange[], rrClass: number): Generator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"changes":[`
  for (const [i, { kind, owner, ttl, type, rdata }] of changes.entries()) {
    yield `${i === 0 ? '' : ','}${JSON.stringify({ change: kind, name: owner.toString(), ttl, class: printClass(rrClass), type: printType(type), rdata: printRdata(type, rdata) })}`
  }
  yield ']}\n'
}

/** Many short texts as few long ones. */
function* inPieces(texts: Iterable<string>): Generator<string> {
  let piece = ''
  for (const text of texts) {
    piece += text
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

/** Characters of one piece, about. */
const PIECE = 65_536

/** The zone as updates change it. Throws why none does, and what to do about it. */
function writableOf(zone: ServedZone, what: string): WritableZone {
  const { writable } = zone
  const { zone: name } = headOf(zone)
  if (writable === undefined) throw new Error(`Cannot ${what} zone ${name} as no update can change it: the config gives it neither grants nor register`)
  if (writable.refusal !== undefined && !writable.isFrozen) throw new Error(`Cannot ${what} zone ${name}: ${writable.refusal.reason}`)
  return writable
}
