/**
 * What the registry holds of agents, for their operator and nobody else: who they are, by what key, until when, what they
 * offer and whether it is served, and the private fields of user agents, which never leave by DNS (docs/protocol.md 6).
 */
import { printType, TYPE } from '../../dns/codes.ts'
import type { Name } from '../../dns/name.ts'
import { printRdata } from '../../dns/rdata.ts'
import { keyTag } from '../../dnssec/public-key.ts'
import { readAgentIdentifier } from '../identifier/agent.ts'
import type { Lease, LeaseUnit, ZoneId } from '../lease/lease.ts'
import type { LeaseBooks } from '../lease/books.ts'

/** One agent, or a host that registered by SRP, as the registry holds it. Times are ISO 8601. */
export interface RegisteredAgent {
  /** Identifier, or name of the host. */
  agent: string
  kind: 'service' | 'user' | 'host'
  /** The KEY that holds the name, such as `13/56382` (algorithm/tag); absent where a TSIG key holds it. */
  key?: string
  granted: string
  /** When its records end; absent where they have, and its KEY alone keeps the name from others. */
  leaseEnds?: string
  keyEnds: string
  capabilities: { name: string; offer: string; state: 'served' | 'waiting' }[]
  /** Other records, as `babel._sa.acme.example. A 192.0.2.10`. */
  records: string[]
  /** `user=alice`: of user agents only. */
  private?: string[]
}

/** The agents of a zone in the order of their registration's number, read as they are asked for. WireFault where the store is damaged. */
export function* agentsOf(books: LeaseBooks, zone: ZoneId): Generator<RegisteredAgent, void> {
  for (const lease of books.of(zone).kept()) if (lease.kind === 'agent') yield describe(books, lease)
}

/** The agent of this name; undefined where none has it. WireFault where the store is damaged. */
export function agentNamed(books: LeaseBooks, zone: ZoneId, name: Name): RegisteredAgent | undefined {
  const lease = books.of(zone).keptClaimOf(name)
  return lease && describe(books, lease)
}

function describe(books: LeaseBooks, { units, grantedMs, zone, class: rrClass }: Lease): RegisteredAgent {
  const [anchor] = units
  const records = units.flatMap((unit) => unit.records)
  const key = anchor.records.find(({ type }) => type === TYPE.KEY)?.rdata
  const offers = records.filter(({ type }) => type === TYPE.AGENT)
  const kind = readAgentIdentifier(anchor.name)?.kind ?? 'host'
  const fields = kind === 'user' ? books.fieldsOf({ name: zone, class: rrClass }, anchor.name) : []
  return {
    agent: anchor.name.toString(),
    kind,
    ...(key === undefined ? {} : { key: `${key[3]}/${keyTag(key)}` }),
    granted: printTime(grantedMs),
    ...(isLive(anchor) ? { leaseEnds: printTime(anchor.leaseEndMs) } : {}),
    keyEnds: printTime(anchor.keyEndMs),
    capabilities: offers.map(({ owner, rdata, waiting }) => ({ name: owner.toString(), offer: printRdata(TYPE.AGENT, rdata), state: waiting === true ? 'waiting' : 'served' })),
    records: records.filter(({ type }) => type !== TYPE.AGENT && type !== TYPE.KEY).map(({ owner, type, rdata }) => `${owner} ${printType(type)} ${printRdata(type, rdata)}`),
    ...(fields.length === 0 ? {} : { private: fields }),
  }
}

/** Whether anything but the KEY is left. */
function isLive({ records }: LeaseUnit): boolean {
  return records.some(({ type }) => type !== TYPE.KEY)
}

function printTime(ms: number): string {
  return new Date(ms).toISOString()
}
