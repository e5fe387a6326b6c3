/**
 * How fast an agent works now, as it tells it in its reports (`service`). Agents have spells: a model that is loaded elsewhere, a
 * throttled account, a cold cache make everything take two or three times as long for half a minute. An average that moves
 * finds that out late and forgets it late. Here seven levels, in parts of what is usual, are each held for as likely as what
 * was done makes them (a hidden Markov model with lognormal observations; docs/ranking.md).
 *
 *     P(level) ← sticky mixture towards what is usual, by the time since the last look
 *     P(level) ← P(level) · p(this took t | level)            for each piece of work that is done
 *     service  = usual · Σ P(level) · level
 */

/** Levels, in parts of what is usual, and how often an agent is at each. */
const LEVELS = [0.5, 0.71, 1, 1.41, 2, 2.83, 4] as const
const USUALLY = [0.01, 0.02, 0.77, 0.05, 0.05, 0.05, 0.05] as const
/** Milliseconds after which a level is as good as forgotten [SIM]. */
const SPELL = 40_000
/** Standard deviation of the logarithm of one piece of work: a coefficient of variation of 1, as answers of a language model have. */
const SPREAD = Math.sqrt(Math.LN2)
const LEAST = 1e-6
/** Logarithms beyond these say no more: one stuck request is no proof. */
const FURTHEST = 3

/** The pace of one agent; times in ms by any clock that does not go back. */
export class Pace {
  /** Mean service while nothing is wrong. */
  private readonly usualMs: number
  private readonly likely = Float64Array.from(USUALLY)
  private atMs: number

  /** An agent that usually takes `usualMs`, as it claims. */
  constructor(usualMs: number, nowMs: number) {
    this.usualMs = Math.max(LEAST, usualMs)
    this.atMs = nowMs
  }

  /** Takes a piece of work that took `tookMs` of service. */
  done(tookMs: number, nowMs: number): void {
    const { likely } = this
    this.relax(nowMs)
    const log = Math.min(FURTHEST, Math.max(-FURTHEST, Math.log(Math.max(LEAST, tookMs) / this.usualMs) + (SPREAD * SPREAD) / 2))
    let sum = 0
    for (let i = 0; i < LEVELS.length; i++) {
      const off = (log - Math.log(LEVELS[i])) / SPREAD
      likely[i] *= Math.exp((-off * off) / 2)
      sum += likely[i]
    }
    for (let i = 0; i < LEVELS.length; i++) likely[i] /= sum
  }

  /** Mean service now. */
  serviceMs(nowMs: number): number {
    this.relax(nowMs)
    let mean = 0
    for (let i = 0; i < LEVELS.length; i++) mean += this.likely[i] * LEVELS[i]
    return this.usualMs * mean
  }

  private relax(nowMs: number): void {
    const share = 1 - Math.exp(-Math.max(0, nowMs - this.atMs) / SPELL)
    this.atMs = Math.max(this.atMs, nowMs)
    for (let i = 0; i < LEVELS.length; i++) this.likely[i] += share * (USUALLY[i] - this.likely[i])
  }
}
