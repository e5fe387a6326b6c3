/**
 * Who chooses: what a policy is asked and told, and what it may look at. All policies meet the same world; how reports reach
 * them, and what else they are told, is their own and is counted.
 */
import type { SimAgent } from './agents.ts'
import type { Even } from './chances.ts'
import type { Reach, Report } from './reporting.ts'
import type { Request } from './request.ts'
import type { World } from './world.ts'

/** What a probe of an agent brings back. */
export interface Probed {
  readonly agent: number
  readonly active: number
  /** Median time of late requests that met about as many. */
  readonly tookMs: number
}

/** What a policy may use. Only oracles may look at `agents`. */
export interface Scene {
  readonly world: World
  readonly agents: readonly SimAgent[]
  /** Newest report by region and agent. */
  readonly views: readonly (readonly Report[])[]
  readonly even: Even
  readonly nowMs: () => number
  /** Asks an agent for its load, for two messages; one that is down does not answer. */
  readonly probe: (region: number, agent: number, then: (probed: Probed) => void) => void
}

/** Chooses for all regions; each region's knowledge is its own. */
export interface Policy {
  /** The agent to which the request goes now, none of `request.tried` where another is there; −1: nobody. */
  pick(request: Request): number
  /** A newer report has reached a region. */
  reported?(region: number, agent: number): void
  /** A region has pulled all reports. */
  pulled?(region: number): void
  /** The request was answered; only told to those that pay a message for it. */
  served?(request: Request, tookMs: number): void
  /** The attempt failed; the asker says so as it asks for another agent. */
  failed?(request: Request): void
  /** Some time after it was answered the asker asks again, and passes on what it met. */
  passedOn?(request: Request, tookMs: number, servedMs: number): void
}

/** One row of a table: a policy with the way in which it comes by its knowledge. */
export interface Contestant {
  readonly name: string
  readonly reach: Reach
  /** Whether each answered request is told, by a message of its own. */
  readonly isTold?: boolean
  /** Mean milliseconds until what an asker met rides on its next question; none where it never does. */
  readonly rideMs?: number
  /** Whether agents report how fast they are by the product's `Pace`; else as an average that moves. */
  readonly usesPace?: boolean
  readonly make: (scene: Scene) => Policy
}
