/** What a registrar takes, and what it says to that. */

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

/** What `put` did. `full`: the table has MAX_CANDIDATES or MAX_CANDIDATE_OCTETS and cannot take it. */
export type PutResult = 'added' | 'changed' | 'same' | 'full'
