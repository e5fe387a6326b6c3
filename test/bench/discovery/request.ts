/**
 * A request on its way through the simulated world: from an asker in a region to one agent, and where that fails to
 * another, three times at most.
 */
import type { DemandKind } from './world.ts'

/** Why an attempt failed. */
export type Failure = 'busy' | 'down' | 'nobody'

/** What an agent tells of itself in its answer; the asker passes it on. */
export interface Told {
  readonly atMs: number
  /** In service and waiting, the request itself not any more; as an agent that lies has it. */
  readonly active: number
  readonly slots: number
  readonly serviceMs: number
}

/** One request. */
export interface Request {
  readonly region: number
  readonly bornMs: number
  readonly kind: DemandKind
  /** How much work it is: a draw from the standard normal distribution. */
  readonly size: number
  /** Says when the asker asks again, and passes on what it met: a draw from the exponential distribution with mean 1. */
  readonly rest: number
  /** Whether the answer is right, if this is below the agent's accuracy: an even draw. */
  readonly luck: number
  /** Agents that it went to, the one that has it now the last. */
  readonly tried: number[]
  sentMs: number
  /** When the agent took it, and how many were there then. */
  takenMs: number
  /** When a slot was free for it. */
  servedFromMs: number
  met: number
  /** Milliseconds of work that it took. */
  workMs: number
  /** Crashes of the agent before it was taken: after another one it is lost. */
  epoch: number
  told: Told | undefined
  failure: Failure | undefined
}

/** The agent that has a request now; −1 before the first. */
export function agentOf({ tried }: Request): number {
  return tried.length === 0 ? -1 : tried[tried.length - 1]
}
