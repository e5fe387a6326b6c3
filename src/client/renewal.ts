/**
 * When an agent speaks to its server: the rules of RFC 9664 for who renews, with clock and chance handed in, so
 * that a day of renewals is tested in a moment.
 *
 *     first registration   after 0 to 3 s at random                    RFC 9664 4.2
 *     renewal              at 80 % of the granted lease, and 0 to 5 %  RFC 9664 5.2; never sooner than half a second
 *     after a failure      1 s, 2 s, 4 s … 60 s, each 0 to 50 % more
 */
import { CLIENT_FIRST_DELAY_MS, CLIENT_LEAST_RENEWAL_MS, CLIENT_MOST_RENEWAL_MS, CLIENT_RETRY_MOST_MS, CLIENT_RETRY_MS } from '../dns/limits.ts'

/** A number from 0 up to, not including, 1. */
export type Chance = () => number

const RENEW_AT = 0.8
const RENEW_SPREAD = 0.05
const RETRY_SPREAD = 0.5

/** Milliseconds before the first registration, so that a thousand agents started at once do not speak at once (RFC 9664 4.2). */
export function firstDelayMs(chance: Chance): number {
  return Math.floor(chance() * CLIENT_FIRST_DELAY_MS)
}

/** Milliseconds from a grant of `leaseSeconds` to its renewal (RFC 9664 5.2), within CLIENT_LEAST_RENEWAL_MS and CLIENT_MOST_RENEWAL_MS, whatever a server grants. */
export function renewalDelayMs(leaseSeconds: number, chance: Chance): number {
  const delayMs = Math.floor(leaseSeconds * 1_000 * (RENEW_AT + chance() * RENEW_SPREAD))
  return Math.min(CLIENT_MOST_RENEWAL_MS, Math.max(CLIENT_LEAST_RENEWAL_MS, delayMs))
}

/** Milliseconds from the failure number `failures`, counted from 1, to the next try. */
export function retryDelayMs(failures: number, chance: Chance): number {
  const base = Math.min(CLIENT_RETRY_MOST_MS, CLIENT_RETRY_MS * 2 ** Math.min(failures - 1, 16))
  return Math.floor(base * (1 + chance() * RETRY_SPREAD))
}
