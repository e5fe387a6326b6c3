/**
 * What the silence of an agent hides that reports when its load moves: by how many sessions it may have moved untold
 * (docs/ranking.md). Agent, server and simulation go by the same.
 *
 *     Δ = 4θ · ∛((c / 4) · (1 s / s))      c slots, s service; never more than 4 · c
 *
 * An error of Δ sessions costs whoever comes Δ · s / c, and c / s come in a second: so much as Δ, whoever the agent is. Its load
 * moves by Δ some c / (s · Δ²) times a second, each a message. The least harm for so many messages in all is where Δ goes with
 * the cube root of c / s: small agents report less often than by parts of their slots, and large ones more.
 */
import { MAX_UNTOLD_CHANGE } from '../../dns/limits-discovery.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import { METRIC } from './metrics.ts'
import { DEFAULT_RANKING } from './settings.ts'

/** Slots and milliseconds of service of an agent whose load moves by θ of its slots. */
const USUAL_SLOTS = 4
const USUAL_SERVICE = 1_000

/** A service time told is taken to be that many times the one claimed at most, or that part at least, where the claim is heeded: a claim of nothing at all gains no more. */
const BELIEVED_SERVICE = 4

/** Sessions by which the load moves before it is told, of an agent with `slots`, where `threshold` is the θ of its profile and `wholly` what would go untold for a threshold of 1. */
export function untoldSessions(threshold: number, slots: number, wholly: number): number {
  return Math.min(MAX_UNTOLD_CHANGE * slots, threshold * wholly)
}

/** Sessions that would go untold for a threshold of 1, of an agent with `slots` that takes `serviceMs`. */
export function untoldWholly(slots: number, serviceMs: number): number {
  return USUAL_SLOTS * Math.cbrt((slots / USUAL_SLOTS) * (USUAL_SERVICE / serviceMs))
}

/** Keeps that in the table, where scoring looks, and the service time that is reckoned with; for who has written slots, service or claims. */
export function noteDerived(table: CandidateTable, slot: Slot): void {
  const { f64 } = table
  const serviceMs = f64.serviceMs[slot] || DEFAULT_RANKING.unknownServiceMs
  f64.untold[slot] = untoldWholly(f64.slots[slot], serviceMs)
  f64.reckonedMs[slot] = serviceMs * Math.min(BELIEVED_SERVICE, Math.max(1 / BELIEVED_SERVICE, claimedMs(table, slot, serviceMs) / serviceMs)) ** (1 - DEFAULT_RANKING.belief)
}

/** What the agent claims to take; what it tells, where it claims nothing. */
function claimedMs({ i32, claims }: CandidateTable, slot: Slot, toldMs: number): number {
  const claimedUs = claims[METRIC.latency][slot] >>> 0
  return (i32.claimed[slot] & (1 << METRIC.latency)) === 0 || claimedUs === 0 ? toldMs : claimedUs / 1_000
}
