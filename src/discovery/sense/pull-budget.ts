/**
 * What may be spent on fetching readings: who asks has a share, the place where an agent answers has one, and the zone has one for all.
 *
 *     question ─► share of the asker's network ─► agent ─► share of its host ─► the zone's budget ─► asked
 *                        spent: answered as it is             spent: left alone    spent: left alone
 *
 * A host gets its share back with each reading that it tells: who wants to be asked may be asked much, and whoever is named by others
 * and stays silent hears MAX_PULLS_OF_HOST messages a second, however many agents are said to live there.
 */
import { MAX_PULL_ASKERS, MAX_PULLS_OF_HOST, PULL_SHARE_MS } from '../../dns/limits-discovery.ts'

/** Shares that fill again within PULL_SHARE_MS, one for each key; who took longest ago is forgotten where there are more than MAX_PULL_ASKERS. */
export class Shares {
  private readonly nowMs: () => number
  private readonly held = new Map<string, { left: number; atMs: number }>()

  constructor(nowMs: () => number) {
    this.nowMs = nowMs
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.held.size
  }

  /** Takes one of the `share` of `key`; false where all are spent. */
  take(key: string, share: number): boolean {
    const nowMs = this.nowMs()
    const known = this.held.get(key) ?? { left: share, atMs: nowMs }
    known.left = Math.min(share, known.left + (Math.max(0, nowMs - known.atMs) / PULL_SHARE_MS) * share)
    known.atMs = nowMs
    this.held.delete(key) // to the end: the first is who took longest ago
    this.held.set(key, known)
    if (this.held.size > MAX_PULL_ASKERS) for (const oldest of this.held.keys()) if (this.held.delete(oldest)) break
    if (known.left < 1) return false
    known.left--
    return true
  }

  /** Gives one back to `key`; `take` keeps it within the share. */
  give(key: string): void {
    const known = this.held.get(key)
    if (known !== undefined) known.left++
  }
}

/** Where an agent answers, as far as its share goes: an address of IPv4, a /64 of IPv6, as one machine has that many. */
export function hostOf(address: Uint8Array): string {
  return address.subarray(0, address.length === 4 ? 4 : 8).join('.')
}

/** Why an agent is left alone. */
export type Spared = 'host' | 'budget'

/** Shares of hosts, and budgets of zones. */
export class PullBudget {
  private readonly hosts: Shares
  private readonly zones: Shares

  constructor(nowMs: () => number) {
    this.hosts = new Shares(nowMs)
    this.zones = new Shares(nowMs)
  }

  /** Takes one message to a host for a zone that may send `most` a second; why not, where it may not. */
  take(address: Uint8Array, zone: string, most: number): Spared | undefined {
    const host = hostOf(address)
    if (!this.hosts.take(host, MAX_PULLS_OF_HOST)) return 'host'
    if (this.zones.take(zone, most)) return undefined
    this.hosts.give(host)
    return 'budget'
  }

  /** A host has told a reading that counts: it wants to be asked. */
  welcome(address: Uint8Array): void {
    this.hosts.give(hostOf(address))
  }
}
