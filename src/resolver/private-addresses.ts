/**
 * Addresses of the inside in names of the outside (DNS rebinding): a page from the world must not come to speak with a
 * machine behind the firewall because its own name server says so. The records are taken out before they are kept.
 */
import { TYPE } from '../dns/codes.ts'
import type { Name } from '../dns/name.ts'
import type { RRset, Settings } from './contract.ts'
import { configuredFor } from './cuts.ts'

/** `sets` without records whose address no name of the world may have; `hidden` counts those. */
export function withoutPrivate(settings: Settings, sets: readonly RRset[]): { sets: RRset[]; hidden: number } {
  let hidden = 0
  const kept = sets.flatMap((set) => {
    if (!isGuarded(settings, set)) return set
    const records = set.records.filter(({ rdata }) => settings.privateAddresses?.holds(plainAddress(rdata)) !== true)
    hidden += set.records.length - records.length
    if (records.length === set.records.length) return set
    // what is left is not what was signed
    return records.length === 0 ? [] : { ...set, records, signatures: [] }
  })
  return { sets: kept, hidden }
}

/** Names of zones that are configured here are the inside's own. */
function isGuarded(settings: Settings, { type, name }: RRset): boolean {
  if (settings.privateAddresses === undefined || (type !== TYPE.A && type !== TYPE.AAAA)) return false
  const configured = configuredFor(settings, name)
  if (configured !== undefined && configured.name.labelCount > 0) return false
  return !settings.privateNames.some((inside: Name) => name.isWithin(inside))
}

/** The IPv4 address that a mapped one stands for (RFC 4291 2.5.5.2), so that it cannot hide in it. */
function plainAddress(address: Uint8Array): Uint8Array {
  const isMapped = address.length === 16 && address.subarray(0, 10).every((octet) => octet === 0) && address[10] === 0xff && address[11] === 0xff
  return isMapped ? address.subarray(12) : address
}
