/** What validation found out about zones (RFC 4035 5), kept for as long as the records that it stands on, so that each zone is judged once and not for every question. */
import { MAX_ZONES_REMEMBERED } from '../dns/limits-resolver.ts'
import type { Name } from '../dns/name.ts'
import type { Bogus, Insecure, ZoneKeys } from '../dnssec/verdict.ts'
import type { Milliseconds } from './contract.ts'

/** How a name stands as a zone. */
export type ZoneSecurity =
  /** A zone with proven keys (RFC 4033 5). */
  | { readonly kind: 'secure'; readonly keys: ZoneKeys }
  /** A zone that is proven not to be signed, or the like, or that lies below one. */
  | Insecure
  /** No zone: a name in one, whose keys are its own. With `isEmpty` nothing is below it either. */
  | { readonly kind: 'inside'; readonly isEmpty: boolean }
  /** No trust anchor is above it (RFC 4033 5). */
  | { readonly kind: 'indeterminate' }
  | Bogus

/** Zones by name. */
export class ZoneMemory {
  private readonly zones = new Map<string, { readonly security: ZoneSecurity; readonly endMs: Milliseconds }>()

  get size(): number {
    return this.zones.size
  }

  /** What is known of a zone at this time; the oldest are those that nobody asked for. */
  find({ key }: Name, nowMs: Milliseconds): ZoneSecurity | undefined {
    const known = this.zones.get(key)
    if (known === undefined) return undefined
    this.zones.delete(key)
    if (known.endMs <= nowMs) return undefined
    this.zones.set(key, known)
    return known.security
  }

  /** Keeps what was found for so many seconds; 0 keeps nothing. */
  keep({ key }: Name, security: ZoneSecurity, seconds: number, nowMs: Milliseconds): void {
    if (seconds <= 0) return
    this.zones.delete(key)
    this.zones.set(key, { security, endMs: nowMs + seconds * 1000 })
    if (this.zones.size > MAX_ZONES_REMEMBERED) this.zones.delete(this.zones.keys().next().value as string)
  }

  /** Forgets all, as after a change of trust anchors. */
  clear(): void {
    this.zones.clear()
  }
}
