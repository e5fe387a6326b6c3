/** Seen in the octets of a query, as every query is looked at: whether it wants readings of agents to be fresh. */
import type { Query } from '../authority/query.ts'
import { PARAMETERS } from '../dns/parameters.ts'

/** Key and length (RFC 9460 2.2). */
const PARAMETER_HEAD_OCTETS = 4
const MAX_AGE_KEY = PARAMETERS['max-age'].key

/** Whether the demand of a query has `max-age`; whether it is well formed is seen later. */
export function wantsFresh({ octets, demandAt, demandLength }: Query): boolean {
  const end = demandAt + demandLength
  for (let at = demandAt; at > 0 && at + PARAMETER_HEAD_OCTETS <= end; ) {
    const key = (octets[at] << 8) | octets[at + 1]
    if (key >= MAX_AGE_KEY) return key === MAX_AGE_KEY // keys ascend (RFC 9460 2.2)
    at += PARAMETER_HEAD_OCTETS + ((octets[at + 2] << 8) | octets[at + 3])
  }
  return false
}
