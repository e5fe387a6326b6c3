/**
 * How the battery writes a zone: one record a line, `owner [ttl] type rdata`, owners relative to the apex or
 * absolute. This form is a master file (RFC 1035 5) once $ORIGIN and $TTL stand above it, and its owner names
 * can be read off without a parser.
 */
import { childOf } from './names.ts'

/** How a zone is to be signed: the kind of denial, and what RFC 5155 calls iterations and salt. */
export type Signing = { denial: 'nsec' | 'nsec3' | 'opt-out'; iterations?: number; salt?: string; tool?: 'bind' | 'ldns' }

/** A zone in source form. */
export type BatteryZone = { name: string; lines: readonly string[]; signing?: Signing }

/** Zones that one server process serves together; names within a world are unique. */
export type World = { title: string; zones: readonly BatteryZone[] }

/** Makes a zone from text; an SOA, an NS and its address are put in front where the text has no SOA. */
export function zoneOf(name: string, text: string, signing?: Signing): BatteryZone {
  const written = text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  const hasSoa = written.some((line) => /\sSOA\s/.test(line))
  const head = [`@ SOA ${childOf('ns', name)} ${childOf('hostmaster', name)} 1 3600 900 604800 300`, '@ NS ns', 'ns A 192.0.2.53']
  const lines = hasSoa ? written : [...head, ...written]
  return signing ? { name, lines, signing } : { name, lines }
}

/** The zone as a master file. */
export function masterFile(zone: BatteryZone): string {
  return `$ORIGIN ${zone.name}\n$TTL 3600\n${zone.lines.join('\n')}\n`
}

/** Every owner name of the zone, absolute, in order of first appearance. */
export function ownersOf(zone: BatteryZone): string[] {
  return [...new Set(zone.lines.map((line) => ownerOf(line, zone.name)))]
}

function ownerOf(line: string, zone: string): string {
  const owner = line.slice(0, line.search(/\s/))
  if (owner === '@') return zone
  return /(^|[^\\])\.$/.test(owner) ? owner : childOf(owner, zone)
}
