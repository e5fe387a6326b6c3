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
import { DEFAULT_RANKING } from './settings.ts'

/** Slots and milliseconds of service of an agent whose load moves by θ of its slots. */
const USUAL_SLOTS = 4
const USUAL_SERVICE = 1_000

/** Sessions by which the load moves before it is told, of an agent with `slots`, where `threshold` is the θ of its profile and `wholly` what would go untold for a threshold of 1. */
export function untoldSessions(threshold: number, slots: number, wholly: number): number {
  return Math.min(MAX_UNTOLD_CHANGE * slots, threshold * wholly)
}

/** Sessions that would go untold for a threshold of 1, of an agent with `slots` that takes `serviceMs`. */
export function untoldWholly(slots: number, serviceMs: number): number {
  return USUAL_SLOTS * Math.cbrt((slots / USUAL_SLOTS) * (USUAL_SERVICE / serviceMs))
}

/** Keeps that in the table, where scoring looks; for who has written slots or service. */
export function noteUntold({ f64 }: CandidateTable, slot: Slot): void {
  f64.untold[slot] = untoldWholly(f64.slots[slot], f64.serviceMs[slot] || DEFAULT_RANKING.unknownServiceMs)
}
