/**
 * Response rate limiting: whoever forges the victim's address in its queries gets few of our answers to hit
 * the victim with. Responses over UDP are counted per network of the asker and by what they say; a bucket
 * that is empty drops them, but lets every n-th through as an empty answer with TC (slip), on which a true
 * asker turns to TCP, where no address can be forged (RFC 5358 1 tells the attack; the scheme is that of BIND and NSD).
 *
 *     bucket   network of the asker   /24 of IPv4, /56 of IPv6
 *              kind                   answer | nodata or referral | NXDOMAIN | error
 *              subject                the first RRset of the response: the one that answers, be it a wildcard's;
 *                                     the NS of a referral; the zone's SOA where there is nothing, so that
 *                                     random names below one zone are one subject;
 *                                     from memory the last name, or of one that does not exist its parent
 *
 *     slot     [ tag | second last seen | tokens | limited so far ]     8 slots to a group, chosen by hash
 *
 * A bucket gains `responses` tokens a second up to as many, and each response costs one, into debt of up to
 * `windowSeconds` of gain: a flood keeps itself shut out. A bucket not seen for that long is full, and so worth
 * as much as none. That is all the ageing there is: a new bucket takes the place of the fullest in its group,
 * nobody sweeps, and memory never grows.
 */
import { SECTION, type Answer } from '../authority/plan.ts'
import { RCODE } from '../dns/codes.ts'
import { RATE_LIMIT_SLOTS } from '../dns/limits.ts'
import { PrefixList, type Prefix } from '../dns/prefix.ts'

/** How responses are limited: plain values. */
export interface RateLimitSettings {
  /** Responses a second that one bucket gives: 1 to 100,000. */
  readonly responses: number
  /** Threads among which datagrams are dealt, each of which counts for itself and gives its share; 1 by default. */
  readonly shares?: number
  /** Every so many-th limited response is sent, without records and with TC; 0 sends none, 1 each. */
  readonly slip: number
  /** Seconds of gain that a bucket can be in debt: 1 to 3,600. */
  readonly windowSeconds: number
  /** Networks that are never limited. */
  readonly allow: readonly Prefix[]
}

/** What is said from memory, as far as it is limited. */
export interface RememberedSaid {
  readonly rcode: number
  /** Records in the answer section. */
  readonly answers: number
  /** A hash of the name that it is about. */
  readonly subject: number
}

/** What becomes of a response. */
export const VERDICT = {
  pass: 0,
  drop: 1,
  /** It is sent without its records and with TC, or as it is where it is an error, which is as small. */
  slip: 2,
} as const
/** A value of VERDICT. */
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT]

/** Kinds of responses that are limited apart. */
const KIND = { answer: 0, nothing: 1, nameError: 2, error: 3 } as const
/** Stands for the zone of what is not from one of ours. */
const NO_ZONE = -2

/** Words of a slot. */
const SLOT = { tag: 0, seen: 1, tokens: 2, limited: 3, words: 4 } as const
const GROUP_SLOTS = 8
const GROUP_WORDS = GROUP_SLOTS * SLOT.words
const GROUP_MASK = RATE_LIMIT_SLOTS / GROUP_SLOTS - 1

/** Odd multipliers of the two halves of the hash. */
const MIX_A = 0x85eb_ca6b
const MIX_B = 0xc2b2_ae35

/** Counts responses and says which are too many. One per thread; `judge` allocates nothing. */
export class RateLimit {
  private readonly allow: PrefixList
  private responses: number
  private readonly whole: number
  private readonly share: number
  private readonly slip: number
  private readonly windowSeconds: number
  private readonly seed: number
  private readonly words = new Int32Array(RATE_LIMIT_SLOTS * SLOT.words)
  private tag = 0

  /** `seed` is random, so that networks sharing a slot cannot be prepared. */
  constructor({ responses, shares = 1, slip, windowSeconds, allow }: RateLimitSettings, seed: number) {
    this.allow = new PrefixList(allow)
    this.whole = responses
    this.share = Math.ceil(responses / shares)
    this.responses = this.share
    this.slip = slip
    this.windowSeconds = windowSeconds
    this.seed = seed
  }

  /** Whether this thread is given the datagrams of all, and so gives what all may, or its share. */
  takeAll(isAll: boolean): void {
    this.responses = isAll ? this.whole : this.share
  }

  /** What is to become of `answer`, planned for the asker at `address`; counts it. Any clock will do, one that jumps back included. */
  judge(address: Uint8Array, answer: Answer, nowSeconds: number): Verdict {
    const kind = kindOf(answer)
    const subject = kind === KIND.error || answer.count === 0 ? 0 : answer.rrset[0]
    return this.spend(address, subject, (answer.zone << 2) | kind, nowSeconds)
  }

  /** The same for what is said from memory of others' names. */
  judgeRemembered(address: Uint8Array, { rcode, answers, subject }: RememberedSaid, nowSeconds: number): Verdict {
    const kind = rcode === RCODE.NXDOMAIN ? KIND.nameError : rcode !== RCODE.NOERROR ? KIND.error : answers > 0 ? KIND.answer : KIND.nothing
    return this.spend(address, kind === KIND.error ? 0 : subject, (NO_ZONE << 2) | kind, nowSeconds)
  }

  private spend(address: Uint8Array, subject: number, scope: number, nowSeconds: number): Verdict {
    if (this.allow.holds(address)) return VERDICT.pass
    const { words } = this
    const slot = this.slotOf(this.groupOf(address, subject, scope), nowSeconds)
    const tokens = this.tokensAt(slot, nowSeconds)
    words[slot + SLOT.seen] = nowSeconds
    if (tokens > 0) {
      words[slot + SLOT.tokens] = tokens - 1
      return VERDICT.pass
    }
    if (tokens > -this.windowSeconds * this.responses) words[slot + SLOT.tokens] = tokens - 1
    const limited = words[slot + SLOT.limited] + 1
    words[slot + SLOT.limited] = limited
    return this.slip !== 0 && limited % this.slip === 0 ? VERDICT.slip : VERDICT.drop
  }

  /** First word of the group in which the response's bucket lies; sets `tag`, which tells it from its neighbours. */
  private groupOf(address: Uint8Array, subject: number, scope: number): number {
    const isFour = address.length === 4
    const network = (address[0] << 24) | (address[1] << 16) | (address[2] << 8) | (isFour ? 4 : address[3])
    let a = Math.imul(this.seed ^ network, MIX_A)
    let b = Math.imul(~this.seed ^ network, MIX_B)
    if (!isFour) {
      const rest = (address[4] << 16) | (address[5] << 8) | address[6]
      a = Math.imul(a ^ (a >>> 15) ^ rest, MIX_A)
      b = Math.imul(b ^ (b >>> 13) ^ rest, MIX_B)
    }
    a = Math.imul(a ^ (a >>> 15) ^ subject, MIX_A)
    b = Math.imul(b ^ (b >>> 13) ^ subject, MIX_B)
    a = Math.imul(a ^ (a >>> 15) ^ scope, MIX_A)
    b = Math.imul(b ^ (b >>> 13) ^ scope, MIX_B)
    this.tag = b ^ (b >>> 16)
    return ((a ^ (a >>> 16)) & GROUP_MASK) * GROUP_WORDS
  }

  /** The slot of bucket `tag` in `group`; a new bucket takes the fullest, whose loss says least. */
  private slotOf(group: number, nowSeconds: number): number {
    const { words, tag } = this
    const end = group + GROUP_WORDS
    for (let slot = group; slot < end; slot += SLOT.words) if (words[slot] === tag) return slot
    let fullest = group
    let most = -Infinity
    for (let slot = group; slot < end; slot += SLOT.words) {
      const tokens = this.tokensAt(slot, nowSeconds)
      if (tokens <= most) continue
      most = tokens
      fullest = slot
    }
    words[fullest] = tag
    words[fullest + SLOT.tokens] = this.responses
    words[fullest + SLOT.seen] = nowSeconds
    words[fullest + SLOT.limited] = 0
    return fullest
  }

  /** Tokens of a slot now. Seconds are 32 bits and may wrap; where the clock went back, nothing is gained or lost. */
  private tokensAt(slot: number, nowSeconds: number): number {
    const { words, responses } = this
    const elapsed = (nowSeconds - words[slot + SLOT.seen]) | 0
    const tokens = words[slot + SLOT.tokens]
    if (elapsed <= 0) return tokens
    if (elapsed > this.windowSeconds) return responses
    const gained = tokens + elapsed * responses
    return gained < responses ? gained : responses
  }
}

function kindOf(answer: Answer): number {
  if (answer.rcode === RCODE.NXDOMAIN) return KIND.nameError
  if (answer.rcode !== RCODE.NOERROR) return KIND.error
  return answer.count > 0 && answer.section[0] === SECTION.answer ? KIND.answer : KIND.nothing
}

/** Whether a response of this RCODE has no records to leave out, so that slip sends it as it is. */
export function isBare(rcode: number): boolean {
  return rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN
}
