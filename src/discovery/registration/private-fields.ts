/**
 * What a user agent tells its operator and nobody else (docs/protocol.md 6): whose it is, how long, what it may do,
 * of what type and where. Said in TXT at the identifier, kept in the space `agent`, and never in a zone.
 *
 *     key     zone's prefix | the identifier's key
 *     value   1 | { length u8 | key=value }*
 */
import { TYPE } from '../../dns/codes.ts'
import { WireFault } from '../../dns/faults.ts'
import type { DnsRecord } from '../../dns/message.ts'
import type { Name } from '../../dns/name.ts'
import type { Keeper, KeptWrite } from '../../update/contract.ts'
import { zonePrefix } from '../../update/overlay.ts'
import { readAgentIdentifier } from '../identifier/agent.ts'
import type { ZoneId } from '../lease/lease.ts'
import { stringsOf } from '../srp/capabilities.ts'

/** Keys of the fields that are private. */
export const PRIVATE_FIELDS: ReadonlySet<string> = new Set(['user', 'valid-until', 'permissions', 'type', 'location'])

const FORMAT = 1
const NOTHING: readonly string[] = []

/** Records without their private strings, and those strings; a record of nothing else is left out. */
export function partPrivate(records: readonly DnsRecord[]): { open: readonly DnsRecord[]; fields: readonly string[] } {
  if (!records.some(({ type }) => type === TYPE.TXT)) return { open: records, fields: NOTHING }
  const fields: string[] = []
  const open: DnsRecord[] = []
  for (const record of records) {
    const strings = record.type === TYPE.TXT && readAgentIdentifier(record.name)?.kind === 'user' ? stringsOf(record.rdata) : []
    const hidden = strings.filter(isPrivate)
    fields.push(...hidden)
    const rest = strings.filter((text) => !isPrivate(text))
    if (hidden.length === 0) open.push(record)
    else if (rest.length > 0) open.push({ ...record, rdata: octetsOf(rest) })
  }
  return { open, fields }
}

function isPrivate(text: string): boolean {
  return PRIVATE_FIELDS.has(text.split('=', 1)[0].trim().toLowerCase())
}

function octetsOf(strings: readonly string[]): Uint8Array {
  return Buffer.concat(strings.map((text) => Buffer.from(`${String.fromCharCode(text.length)}${text}`, 'latin1')))
}

/** The write that keeps the fields of an agent; none drops them. */
export function keepFields(zone: ZoneId, agent: Name, fields: readonly string[]): KeptWrite {
  return { space: 'agent', key: keyOf(zone, agent), value: fields.length === 0 ? undefined : Buffer.concat([Uint8Array.of(FORMAT), octetsOf(fields)]) }
}

/** The private fields of an agent, for its operator: `['user=alice', 'valid-until=2027-01-01T00:00:00Z']`. WireFault where the store is damaged. */
export function readFields(keeper: Keeper, zone: ZoneId, agent: Name): string[] {
  const value = keeper.get('agent', keyOf(zone, agent))
  if (value === undefined) return []
  if (value[0] !== FORMAT) throw new WireFault('Cannot read fields of an agent as they are of no known format', 0)
  return stringsOf(value.subarray(1))
}

/** When the agent’s permission to be ends, in ms since 1970; Infinity where nothing is said, NaN where it is no time. */
export function validUntilMs(fields: readonly string[]): number {
  const field = fields.find((text) => /^valid-until=/i.test(text))
  return field === undefined ? Infinity : Date.parse(field.slice(field.indexOf('=') + 1))
}

function keyOf(zone: ZoneId, agent: Name): Uint8Array {
  return Buffer.concat([zonePrefix(zone), Buffer.from(agent.key, 'latin1')])
}
