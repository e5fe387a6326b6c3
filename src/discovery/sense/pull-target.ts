/**
 * Where an agent is asked for its readings: at the port that its offer says, and an address that stands at its identifier beside its KEY.
 * The guards are those of probes (probe/target.ts), as whoever registers writes both; no port of a service of the system is asked at all.
 */
import { PARAMETERS } from '../../dns/parameters.ts'
import type { PrefixList } from '../../dns/prefix.ts'
import { valueAt } from '../faces/offer-fields.ts'
import { FIRST_USER_PORT, type Identified, isProbeable } from '../probe/target.ts'
import type { CandidateTable, Slot } from '../ranking/candidates.ts'
import { read16 } from '../ranking/values.ts'

/** Where an agent answers. */
export interface PullTarget {
  readonly address: Uint8Array
  readonly port: number
}

/** Where to ask the agent of a slot; undefined where it may not be asked. `networks`: special ones that may be. */
export function pullTargetOf(table: CandidateTable, slot: Slot, { hasKey, addresses }: Identified, networks: PrefixList): PullTarget | undefined {
  const at = valueAt(table, slot, PARAMETERS['sense-port'].key)
  const port = at === 0 ? 0 : read16(table.heap, at)
  const address = hasKey && port >= FIRST_USER_PORT ? addresses.find((one) => isProbeable(one, networks)) : undefined
  return address && { address, port }
}
