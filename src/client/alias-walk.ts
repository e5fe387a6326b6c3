/**
 * A version that has moved on, followed: `v1 AGENT 0 v2` says that v1 is found at v2 now (docs/protocol.md 2). What an answer
 * has of the next version in its additional section is used; what it has not is asked for.
 *
 *     ask v1 ──▶ v1 AGENT 0 v2                        ──▶ ask v2 ──▶ v2 AGENT 1 babel      agents
 *            └─▶ v1 AGENT 0 v2 · v2 AGENT 1 babel     ──▶ agents
 */
import { CLIENT_ALIAS_STEPS } from '../dns/limits.ts'
import type { Name } from '../dns/name.ts'
import type { Answered, Found } from './found.ts'

/** The way from one capability to who offers it now. */
export class AliasWalk {
  /** What is to be asked for next; undefined when `found` is there. */
  next: Name | undefined
  found: Found | undefined
  private readonly passed: Name[]
  private ttlSeconds = Infinity
  private tookMs = 0

  constructor(asked: Name) {
    this.next = asked
    this.passed = [asked]
  }

  /** Takes the answer about `next`. */
  take({ found, steps }: Answered): void {
    this.ttlSeconds = Math.min(this.ttlSeconds, found.ttlSeconds)
    this.tookMs += found.tookMs
    const wrong = this.pass(steps)
    if (wrong !== undefined) return this.end({ agents: [], ttlSeconds: 0, reason: wrong })
    const [asked, last] = [this.passed[0], this.passed[this.passed.length - 1]]
    if (steps.length > 0 && found.agents.length === 0) this.next = last
    else if (found.reason !== undefined && last !== asked) this.end({ ...found, reason: `${asked} has moved on to ${last}: ${found.reason}` })
    else this.end(found)
  }

  /** Notes the steps; what is wrong with them, in words. */
  private pass(steps: readonly Name[]): string | undefined {
    const { passed } = this
    for (const step of steps) {
      const isCircle = passed.some((name) => name.equals(step))
      passed.push(step)
      if (isCircle) return `${passed[0]} has moved on in a circle: ${passed.join(', ')}`
      if (passed.length - 1 > CLIENT_ALIAS_STEPS) return `${passed[0]} has moved on more than ${CLIENT_ALIAS_STEPS} times, the last time to ${step}`
    }
    return undefined
  }

  private end(found: Omit<Found, 'tookMs'>): void {
    this.next = undefined
    this.found = { ...found, ttlSeconds: this.ttlSeconds, tookMs: this.tookMs }
  }
}
