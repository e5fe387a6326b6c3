/**
 * How fast an agent works now, as it tells it in its reports (`service`). Agents have spells: a model that is loaded elsewhere, a
 * throttled account, a cold cache make everything take two or three times as long for half a minute. An average that moves
 * finds that out late and forgets it late. Here seven levels, in parts of what is usual, are each held for as likely as what
 * was begun makes them (a hidden Markov model with lognormal observations; docs/ranking.md).
 *
 *     in the order in which pieces of work were begun:
 *     P(level) ← sticky mixture towards what is usual, by the time since the one before was begun
 *     P(level) ← P(level) · p(this took t | level)            where it is done
 *     P(level) ← P(level) · p(this takes more than t | level) where it is under way
 *     service  = usual · exp(Σ P(level) · ln level)
 *
 * What is under way says most in a spell's first seconds, as nothing is done yet; but only beside what was begun as late and
 * is done: of the work that is under way most is long, at any level. So the order is that of begins, and what is done waits
 * until nothing that was begun before it is under way.
 */
import { MAX_PACE_WAITING } from '../../dns/limits-discovery.ts'

/** Levels, in parts of what is usual, and how often an agent is at each. */
const LEVELS = [0.5, 0.71, 1, 1.41, 2, 2.83, 4] as const
const LOG_LEVELS = LEVELS.map((level) => Math.log(level))
const USUALLY = [0.01, 0.02, 0.77, 0.05, 0.05, 0.05, 0.05] as const
/** Milliseconds after which a level is as good as forgotten [SIM]. */
const SPELL = 40_000
/** Standard deviation of the logarithm of one piece of work: a coefficient of variation of 1, as answers of a language model have. */
const SPREAD = Math.sqrt(Math.LN2)
const LEAST = 1e-6
/** Logarithms beyond these say no more: one stuck request is no proof. */
const FURTHEST = 3

/** A piece of work: when it was begun, and how likely what is seen of it is at each level, up to a factor. */
interface Piece {
  readonly begunMs: number
  readonly chances: readonly number[]
}

/** How likely work is that took, or takes more than, so many standard deviations above what it takes at a level; up to a factor. */
type Chance = (off: number) => number

/** The pace of one agent; times in ms by any clock that does not go back. */
export class Pace {
  /** Mean service while nothing is wrong. */
  private readonly usualMs: number
  /** By what was begun until `atMs`. */
  private readonly likely = Float64Array.from(USUALLY)
  private atMs: number
  /** Done, by begin: something begun before is under way. */
  private readonly waiting: Piece[] = []
  /** As `likely`, with all that is known until now. */
  private readonly now = new Float64Array(LEVELS.length)

  /** An agent that usually takes `usualMs`, as it claims. */
  constructor(usualMs: number, nowMs: number) {
    this.usualMs = Math.max(LEAST, usualMs)
    this.atMs = nowMs
  }

  /** Takes a piece of work that took `tookMs` of service; not a number says nothing. */
  done(tookMs: number, nowMs: number): void {
    const begunMs = nowMs - tookMs
    if (Number.isNaN(begunMs)) return
    const { waiting } = this
    let at = waiting.length
    while (at > 0 && waiting[at - 1].begunMs > begunMs) at--
    waiting.splice(at, 0, { begunMs, chances: this.chancesOf(tookMs, densityOf) })
    if (waiting.length > MAX_PACE_WAITING) this.settle(waiting[0].begunMs)
  }

  /** Service now, in the middle of what it may be, where work is under way for so many ms each: what an agent does not know of that it leaves out. */
  serviceMs(nowMs: number, underWayMs: readonly number[] = []): number {
    const { now, waiting } = this
    const known = underWayMs.filter((ms) => !Number.isNaN(ms))
    const underWay = known.map((ms) => ({ begunMs: nowMs - ms, chances: this.chancesOf(ms, restOf) })).sort((a, b) => a.begunMs - b.begunMs)
    this.settle(underWay.length === 0 ? Infinity : underWay[0].begunMs)
    now.set(this.likely)
    let { atMs } = this
    let next = 0
    for (const piece of underWay) {
      for (; next < waiting.length && waiting[next].begunMs <= piece.begunMs; next++) atMs = learn(now, atMs, waiting[next])
      atMs = learn(now, atMs, piece)
    }
    for (; next < waiting.length; next++) atMs = learn(now, atMs, waiting[next])
    relax(now, nowMs - atMs)
    let mean = 0
    for (let i = 0; i < LEVELS.length; i++) mean += now[i] * LOG_LEVELS[i]
    return this.usualMs * Math.exp(mean)
  }

  /** What was begun until then and is done waits no more. */
  private settle(untilMs: number): void {
    const { waiting } = this
    let count = 0
    for (; count < waiting.length && waiting[count].begunMs <= untilMs; count++) this.atMs = learn(this.likely, this.atMs, waiting[count])
    waiting.splice(0, count)
  }

  private chancesOf(ms: number, chanceOf: Chance): number[] {
    const log = Math.min(FURTHEST, Math.max(-FURTHEST, Math.log(Math.max(LEAST, ms) / this.usualMs) + (SPREAD * SPREAD) / 2))
    return LOG_LEVELS.map((level) => chanceOf((log - level) / SPREAD))
  }
}

/** Weighs `likely`, as it was for work begun at `atMs`, by one more piece; returns for which begin it is then. The later for its turn, the less it says. */
function learn(likely: Float64Array, atMs: number, { begunMs, chances }: Piece): number {
  relax(likely, begunMs - atMs)
  const weight = begunMs >= atMs ? 1 : Math.exp((begunMs - atMs) / SPELL)
  let sum = 0
  for (let i = 0; i < LEVELS.length; i++) {
    likely[i] *= weight === 1 ? chances[i] : chances[i] ** weight
    sum += likely[i]
  }
  for (let i = 0; i < LEVELS.length; i++) likely[i] /= sum
  return Math.max(atMs, begunMs)
}

function relax(likely: Float64Array, ms: number): void {
  const share = 1 - Math.exp(-Math.max(0, ms) / SPELL)
  for (let i = 0; i < LEVELS.length; i++) likely[i] += share * (USUALLY[i] - likely[i])
}

/** Density of the standard normal distribution, up to a factor. */
function densityOf(off: number): number {
  return Math.exp((-off * off) / 2)
}

/** What of the standard normal distribution lies above `off`, within 1e-7 (Abramowitz and Stegun 26.2.17). */
function restOf(off: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(off))
  const rest = 0.3989422804 * densityOf(off) * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return off > 0 ? rest : 1 - rest
}
