/**
 * Who may look for the agents of a zone: those of some networks, and whoever has signed by a key that is known. A zone
 * without such a list is open to all; everybody else is told that permission is missing (docs/protocol.md 4, EDE 49156).
 */
import type { Peer } from '../../authority/query.ts'
import type { LookupName } from '../../dns/lookup-name.ts'
import { Name } from '../../dns/name.ts'
import { type Prefix, PrefixList } from '../../dns/prefix.ts'

/** `_cap`, the mark below which capabilities stand, as a label on the wire. */
const MARK = Buffer.from('\x04_cap')

/** Whether a name of a zone whose apex has `apexLabels` labels is a capability's, or an ancestor's of some: whether or not it exists, who may not look is told the same of it. */
export function isCapabilityName({ octets, labelAt, labelCount }: LookupName, apexLabels: number): boolean {
  for (let label = labelCount - apexLabels - 1; label >= 0; label--) {
    const at = labelAt[label]
    if (octets[at] === MARK[0] && MARK.every((octet, i) => octets[at + i] === octet)) return true
  }
  return false
}

/** A list as plain values, that may cross to another thread. */
export interface AskerValues {
  readonly networks: readonly Prefix[]
  /** Names of keys in text; `*` is every key that is proven, `*.acme.example.` every one whose name lies below. */
  readonly keys: readonly string[]
}

/** Those who may look. */
export class Askers {
  private readonly networks: PrefixList
  private readonly names: ReadonlySet<string>
  private readonly above: readonly Name[]
  private readonly isAnyKey: boolean

  /** TextFault where a key's name is none. */
  constructor({ networks, keys }: AskerValues) {
    this.networks = new PrefixList(networks)
    this.isAnyKey = keys.includes('*')
    const named = keys.filter((key) => key !== '*')
    this.names = new Set(named.filter((key) => !key.startsWith('*.')).map((key) => Name.parse(key).key))
    this.above = named.filter((key) => key.startsWith('*.')).map((key) => Name.parse(key.slice(2)))
  }

  /** Whether the asker may look: by its address, or by the key that the core has proven. */
  holds({ peer: { address, signer } }: { readonly peer: Pick<Peer, 'address' | 'signer'> }): boolean {
    if (this.networks.holds(address)) return true
    if (signer === undefined) return false
    return this.isAnyKey || this.names.has(signer.key) || this.above.some((name) => signer.isWithin(name) && signer.key !== name.key)
  }
}
