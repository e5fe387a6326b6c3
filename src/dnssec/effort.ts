/**
 * What validation may cost, counted where it is spent: a question, whatever it leads through, has one `Effort`. Tags of keys
 * collide at will and hashes may be iterated, so that without an account a response of 1 kB could keep a processor busy for
 * hours (KeyTrap, CVE-2023-50387; NSEC3, CVE-2023-50868).
 */
import { MAX_FAILED_VERIFICATIONS, MAX_HASH_ROUNDS_PER_QUESTION, MAX_VERIFICATIONS_PER_QUESTION } from '../dns/limits-resolver.ts'

/** The work of validation that one question may cause; RFC 4035 4 leaves its bounds to us. */
export class Effort {
  /** Signatures verified so far, and those of them that were wrong. */
  verifications = 0
  failures = 0
  /** Rounds of SHA-1 so far. */
  rounds = 0
  /** Something was left undone, so that what was found says nothing of the zone. */
  isSpent = false

  /** Whether one more signature may be verified; then it counts. */
  takeVerification(): boolean {
    if (this.verifications >= MAX_VERIFICATIONS_PER_QUESTION || this.failures >= MAX_FAILED_VERIFICATIONS) return this.spend()
    this.verifications++
    return true
  }

  /** Whether a name may be hashed in so many rounds; then they count. */
  takeRounds(count: number): boolean {
    if (this.rounds + count > MAX_HASH_ROUNDS_PER_QUESTION) return this.spend()
    this.rounds += count
    return true
  }

  private spend(): false {
    this.isSpent = true
    return false
  }
}
