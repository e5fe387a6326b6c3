/**
 * The work that one client question may cause, in all: it goes with the question through aliases, lookups of name
 * servers and lookups for those, so that no combination of them costs more than the sum (CAMP, NXNSAttack, TsuNAME).
 */
import { MAX_LOOKUPS_PER_QUESTION, MAX_OCTETS_PER_QUESTION, MAX_PROOF_RETRIES, MAX_QUESTION_MS, MAX_SENDS_PER_QUESTION } from '../dns/limits-resolver.ts'
import { Effort } from '../dnssec/effort.ts'
import type { Milliseconds, Work } from './contract.ts'

/** What a question has left. */
export class Budget implements Omit<Work, 'verifications' | 'rounds'> {
  sends = 0
  octets = 0
  lookups = 0
  /** Times that something was asked again as it was bogus. */
  retries = 0
  readonly endMs: Milliseconds
  /** The account of validation. */
  readonly effort = new Effort()

  constructor(nowMs: Milliseconds) {
    this.endMs = nowMs + MAX_QUESTION_MS
  }

  /** Whether one more message may be sent; then it counts. */
  takeSend(nowMs: Milliseconds): boolean {
    if (!this.isLeft(nowMs)) return false
    this.sends++
    return true
  }

  /** Whether the address of one more name server may be looked for; then it counts. */
  takeLookup(): boolean {
    if (this.lookups >= MAX_LOOKUPS_PER_QUESTION) return false
    this.lookups++
    return true
  }

  /** Whether it may be asked again for what was bogus (RFC 4035 5.5), nothing else being spent; then it counts. */
  takeRetry(nowMs: Milliseconds): boolean {
    if (this.retries >= MAX_PROOF_RETRIES || this.effort.isSpent || !this.isLeft(nowMs)) return false
    this.retries++
    return true
  }

  /** Counts what has come. */
  receive(octets: number): void {
    this.octets += octets
  }

  /** Whether anything may be sent at all. */
  isLeft(nowMs: Milliseconds): boolean {
    return this.sends < MAX_SENDS_PER_QUESTION && this.octets < MAX_OCTETS_PER_QUESTION && nowMs < this.endMs
  }

  /** What was spent, as it stands now. */
  get work(): Work {
    const { sends, octets, lookups, effort: { verifications, rounds } } = this
    return { sends, octets, lookups, verifications, rounds }
  }
}
