/** What a registrar takes, and what it says to that. */
import type { Name } from '../../dns/name.ts'

/** One AGENT record that is alive. */
export interface Registration {
  /** Wire name of the capability. */
  owner: Uint8Array
  /** RDATA in wire form, checked: priority, agent, parameters. Priority 0 makes it an alias. */
  rdata: Uint8Array
  /** Seconds. */
  ttl: number
  /** Milliseconds since 1970; Infinity for what is not leased. */
  leaseEndMs: number
}

/** An agent's part in a task group. */
export interface Member {
  readonly agent: Name
  readonly group: Name
  /** As TASK has it: 0 idle, 1 transition, 2 occupied, 3 draining, 4 failed. */
  readonly state: number
  /** Milliseconds since 1970: when that was measured, or else when it was told us. */
  readonly sinceMs: number
}

/** What `put` did. `full`: the table has MAX_CANDIDATES or MAX_CANDIDATE_OCTETS and cannot take it. */
export type PutResult = 'added' | 'changed' | 'same' | 'full'
