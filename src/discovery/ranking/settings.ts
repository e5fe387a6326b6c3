/**
 * The numbers by which agents are ranked, with where each comes from; docs/ranking.md has the formulas around them.
 * [SIM] are values found by simulation on seeds that are never used for measuring.
 */

/** How long a kind of agent may be silent, and by how much its load moves before it says so (paper 5.2). Index: the parameter `profile`. */
export interface Reporting {
  /** Milliseconds from one report to the next at most: a keepalive. */
  readonly periodMs: readonly number[]
  /** Change of load, in parts of the slots of a usual agent, that makes a report (silence.ts); 0: reports are periodic, and silence tells nothing. */
  readonly threshold: readonly number[]
}

/** Everything that ranking goes by. */
export interface RankingSettings {
  readonly reporting: Reporting
  /** Cost = certainty × way + service × (max(1, z) + externality × z^p): what an arrival costs those behind it [SIM]. */
  readonly externality: number
  /** What the way counts for beside what is reckoned of the agent: who looks best of many is often one that was reckoned too well, and none is nearer than it is [SIM]. */
  readonly certainty: number
  /** How far the service time that is told counts against the one claimed, as a power, for the same reason [SIM]; within BELIEVED_SERVICE of it. */
  readonly belief: number
  /** How much of what other resolvers choose goes as our own choices do, which know the same; the rest comes as the agent has told [SIM]. */
  readonly alikeness: number
  /** How uncertain it is whether an agent that is nearly full takes one more, in parts of its slots and waiting places [SIM]. */
  readonly entryBlur: number
  /** Milliseconds of service of an agent that neither claims nor tells: an LLM's answer [SIM: 0.2 to 4 s]. */
  readonly unknownServiceMs: number
  /** Load of an agent that has not told any, in parts of its slots; what stale readings fade to: never the best. */
  readonly unknownLoad: number
  /** Periods of silence after which a reading begins to fade; after twice as many nothing is left of it. */
  readonly overduePeriods: number
  /** Milliseconds at which the worth of being fast has fallen to a half, where the demand gives no bound on latency. */
  readonly patienceMs: number
  /** Weights of latency, accuracy, concurrency, cost, stability, history, uplink, downlink, errors where the demand prefers nothing. */
  readonly weights: readonly number[]
  /** Added to the score of an agent of a wished provider, of one near the peer, and taken from one whose reading is older than wished. */
  readonly providerBonus: number
  readonly peerBonus: number
  readonly stalePenalty: number
  /** Taken from the score by state: idle, transition, occupied (paper 5.3); the rest for one that leaves or fails while it is being scored. */
  readonly statePenalty: readonly number[]
  /** Scores that fall short of the best by no larger part count as equal to it, and weights decide; less than between two states. */
  readonly nearEqual: number
  /** Milliseconds over which choices are counted, so that weights have their shares: some forty times a usual service [SIM]. */
  readonly shareMs: number
  /** Milliseconds on the way, and milliseconds for each kilometre: 100 km are 1 ms there and back in glass, and ways are not straight. */
  readonly nearMs: number
  readonly msPerKilometre: number
  /** From that inflation of our own choices on (many resolvers, each seeing little) ranking is blurred, so that they do not move as one. */
  readonly blurFrom: number
  /** Strength of that blur: noise of this times ln kappa on ln cost. */
  readonly blur: number
}

/** The defaults. */
export const DEFAULT_RANKING: RankingSettings = {
  reporting: { periodMs: [10_000, 5_000, 5_000], threshold: [0.5, 0.25, 0.5] },
  externality: 0.8,
  certainty: 2,
  belief: 0.85,
  alikeness: 0.7,
  entryBlur: 0.08,
  unknownServiceMs: 1_000,
  unknownLoad: 0.7,
  overduePeriods: 1.6,
  patienceMs: 3_000,
  weights: [6, 2, 0, 1, 0.5, 0.5, 0, 0, 0],
  providerBonus: 0.1,
  peerBonus: 0.05,
  stalePenalty: 0.05,
  statePenalty: [0, 0.02, 0.04, 1, 1],
  nearEqual: 0.0025,
  shareMs: 30_000,
  nearMs: 6,
  msPerKilometre: 0.02,
  blurFrom: 16,
  blur: 0.065,
}

/** How readings and outcomes become estimates; the writer's part. */
export const LEARNING = {
  /** Weight of a claimed accuracy, in outcomes. */
  claimOutcomes: 5,
  /** What an outcome is worth after the next one: half after some 1,400. */
  outcomeMemory: 0.9995,
  /** Weight, in outcomes, of the belief that an agent is as fast as it says. */
  honestOutcomes: 3,
  /** Slowness is an average of the last outcomes: no outcome weighs less than this. */
  slownessStep: 0.025,
  /** Milliseconds in which what was met of slowness fades to a third: who is not chosen is not met, and may have mended [SIM]. */
  slownessMs: 120_000,
  /** An outcome slower than that many times what was to be expected counts as that: one stuck request is no proof. */
  mostSlowness: 20,
  /** Slowness that is nobody's fault: networks, chance, queues that were short when asked (lognormal service, CV 1: the mean of 40 is above 1.5 once in a thousand [SIM]). */
  forgivenSlowness: 0.5,
  /** Slowness that counts for a refusal from an agent that claims to have room (linkerd2-proxy: a penalised round trip of 5 s). */
  refusalSlowness: 5,
  /** Milliseconds that an agent is passed over after somebody could not reach it, or until it reports. */
  avoidMs: 8_000,
  /** Milliseconds from our answer to the agent's door: choices younger than a report by less are not in it. */
  wayMs: 40,
  /** Milliseconds of the averages of rates. */
  rateMs: 10_000,
  /** Bounds of kappa. */
  mostKappa: 60,
  /** Sessions at once of an agent that does not tell and serves more than one [SIM: 1 to 16]. */
  unknownSlots: 4,
  /** Waiting places of an agent that does not tell, in parts of its slots [SIM]. */
  unknownRoom: 3,
} as const
