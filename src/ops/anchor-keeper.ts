/**
 * Trust anchors that follow the roll-overs of their zones (RFC 5011): asks each zone for its DNSKEY set when that is due (2.3), turns
 * the state machine (src/dnssec/rollover.ts), keeps what is tracked over a restart (anchor-file.ts), and has what is in use at hand
 * for validation. Clock, timers and the asking are handed in.
 *
 *     follow ──▶ arm ──due──▶ ask DNSKEY ──▶ adopt, observe ──▶ the file, log, `anchors`
 *                 ▲              └ nothing came ──▶ missed ─┐          │
 *                 └─────────────────────────────────────────┴──────────┘
 *
 * What the operator gives is the beginning only: a key that was revoked is not believed any more though it still stands in the config.
 */
import { Effort } from '../dnssec/effort.ts'
import { KeyCache, keyTag } from '../dnssec/public-key.ts'
import { adopt, anchorKeys, forgetRemoved, LONGEST_INTERVAL, missed, observe, retrack, track, unseenDigests, type KeyState, type TrackedKey, type Tracking } from '../dnssec/rollover.ts'
import type { SignedSet } from '../dnssec/rrsig.ts'
import type { Name } from '../dns/name.ts'
import type { TrustAnchor } from '../resolver/contract.ts'
import { putAside, readAnchors, sumOfAnchor, writeAnchors, type KeptAnchor } from './anchor-file.ts'
import type { Log } from './log.ts'
import { reasonOf } from './reason.ts'

/** What an anchor keeper needs. */
export interface AnchorKeeperParts {
  /** Where what is tracked is kept. */
  readonly file: string
  readonly log: Log
  readonly unixSeconds: () => number
  /** Runs after so many milliseconds; returns what cancels it. */
  readonly after: (delayMs: number, run: () => void) => () => void
  /** Asks for the DNSKEY set of `zone`, whatever is remembered of it and whether it is proven or not; undefined where none is to be had. */
  readonly ask: (zone: Name, done: (set: SignedSet | undefined) => void) => void
  /** Told when other keys than before are trust anchors. */
  readonly onChange: () => void
}

/** A key of an anchor as an operator sees it. */
export interface AnchorLine {
  readonly zone: string
  /** Key tag (RFC 4034 B). */
  readonly key: number
  readonly algorithm: number
  /** `unseen`: a DS in the config names it and the zone does not hold it, or was not asked yet. */
  readonly state: KeyState | 'unseen'
  /** When a hold-down ends, ISO 8601. */
  readonly until?: string
  /** When the zone is asked again, ISO 8601. */
  readonly next: string
}

/** An anchor that is followed. */
interface Followed {
  readonly anchor: TrustAnchor
  readonly given: string
  tracking: Tracking
  isAsking: boolean
}

/** Seconds from the start, or a reload, until zones are asked at the earliest, so that who starts and ends at once asks nobody. */
const START_DELAY = 10
/** Seconds for which it sleeps at most, so that a clock that is set is noticed. */
const LONGEST_SLEEP = 3_600

/** What an operator does about a file of tracked anchors that cannot be read. */
const REMEDY = 'check that the anchors of the config name no key that its zone has revoked; to go on from a good copy, stop the server, put the copy in place of the file and start it'

/** Follows trust anchors. */
export class AnchorKeeper {
  private readonly parts: AnchorKeeperParts
  private readonly keys = new KeyCache()
  private followed: Followed[] = []
  private inForce: readonly TrustAnchor[] = []
  private cancel: () => void = () => undefined
  private saving: Promise<void> = Promise.resolve()
  private isSaveDue = false
  /** The file stands there as it could not be read, and must not be written over. */
  private isInTheWay = false
  private isStopped = false

  constructor(parts: AnchorKeeperParts) {
    this.parts = parts
  }

  /** What is believed now: keys in use, and DS that name keys which were not seen yet. A zone whose keys are all revoked has no anchor any more (RFC 5011 5). */
  get anchors(): readonly TrustAnchor[] {
    return this.inForce
  }

  /** What is known of each key. */
  get lines(): AnchorLine[] {
    return this.followed.flatMap(({ anchor: { zone, digests }, tracking }) => {
      const head = { zone: zone.toString(), next: timeOf(tracking.nextQuery) }
      const tracked = tracking.keys.map(({ rdata, state, until }) => ({ ...head, key: keyTag(rdata), algorithm: rdata[3], state, ...(until > 0 && { until: timeOf(until) }) }))
      const unseen = unseenDigests(tracking, digests).map((rdata) => ({ ...head, key: (rdata[0] << 8) | rdata[1], algorithm: rdata[2], state: 'unseen' as const }))
      return [...tracked, ...unseen]
    })
  }

  /** Follows what the operator gives from now on; what is known of zones already is taken from before, or from the file. */
  follow(anchors: readonly TrustAnchor[]): void {
    const kept = this.followed.length > 0 ? this.followed : this.restore()
    this.followed = anchors.map((anchor) => {
      const given = sumOfAnchor(anchor)
      const before = kept.find(({ tracking: { zone } }) => zone.equals(anchor.zone))
      const tracking = before === undefined ? track(anchor.zone, anchor.keys) : before.given === given ? before.tracking : retrack(before.tracking, anchor.keys, anchor.digests)
      return { anchor, given, tracking: this.rescheduled(tracking), isAsking: false }
    })
    this.inForce = this.followed.flatMap(anchorOf)
    this.arm()
  }

  /** Asks nobody any more. What is being written is written. */
  stop(): void {
    this.isStopped = true
    this.cancel()
  }

  /** Resolves once all that was to be kept is on the disk, or was told not to be. */
  saved(): Promise<void> {
    return this.saving
  }

  private restore(): KeptAnchor[] {
    const { file, log } = this.parts
    try {
      return readAnchors(file)
    } catch (error) {
      log('anchors not restored', { file, reason: reasonOf(error), ...this.clear(), remedy: REMEDY })
      return []
    }
  }

  /** Puts a file aside that cannot be read; what it is called then, or why it is where it was. */
  private clear(): { kept: string } | { unkept: string } {
    const { file, unixSeconds } = this.parts
    try {
      const kept = putAside(file, unixSeconds())
      this.isInTheWay = false
      return { kept }
    } catch (error) {
      this.isInTheWay = true
      return { unkept: reasonOf(error) }
    }
  }

  /** Not before the start is over, and not for longer than RFC 5011 2.3 has it, whatever a clock that went back makes of the time kept. */
  private rescheduled(tracking: Tracking): Tracking {
    const now = this.parts.unixSeconds()
    const isSane = tracking.nextQuery <= now + LONGEST_INTERVAL
    return { ...tracking, nextQuery: Math.max(now + START_DELAY, isSane ? tracking.nextQuery : 0) }
  }

  private arm(): void {
    this.cancel()
    if (this.isStopped || this.followed.length === 0) return
    const now = this.parts.unixSeconds()
    const waiting = this.followed.filter(({ isAsking }) => !isAsking).map(({ tracking }) => tracking.nextQuery - now)
    this.cancel = this.parts.after(1_000 * Math.max(0, Math.min(LONGEST_SLEEP, ...waiting)), () => this.askWhatIsDue())
  }

  private askWhatIsDue(): void {
    const now = this.parts.unixSeconds()
    for (const one of this.followed.filter(({ isAsking, tracking }) => !isAsking && tracking.nextQuery <= now)) {
      one.isAsking = true
      this.parts.ask(one.anchor.zone, (set) => this.take(one, set))
    }
    this.arm()
  }

  /** What came of asking, unless another config has come meanwhile. */
  private take(one: Followed, set: SignedSet | undefined): void {
    one.isAsking = false
    if (this.isStopped || !this.followed.includes(one)) return
    const now = this.parts.unixSeconds()
    const zone = one.anchor.zone.toString()
    const before = one.tracking
    if (set === undefined) {
      one.tracking = missed(before, now)
      this.parts.log('anchor not checked', { zone, reason: `no DNSKEY of ${zone} is to be had` })
    } else {
      const adopted = adopt(before, set.records.map(({ rdata }) => rdata), one.anchor.digests)
      const { tracking, fault } = observe(adopted, set, { unixSeconds: now, keys: this.keys, effort: new Effort() })
      one.tracking = fault === undefined ? forgetRemoved(tracking, set, one.anchor) : tracking
      if (fault !== undefined) this.parts.log('anchor not checked', { zone, reason: fault.text })
    }
    this.conclude(one, before)
  }

  private conclude(one: Followed, before: Tracking): void {
    for (const { zone, rdata, from, to, until } of changesOf(before, one.tracking)) {
      this.parts.log('anchor changed', { zone: zone.toString(), key: keyTag(rdata), algorithm: rdata[3], ...(from && { from }), to, ...(until > 0 && { until: timeOf(until) }) })
    }
    const was = this.inForce
    this.inForce = this.followed.flatMap(anchorOf)
    if (anchorOf(one).length === 0 && anchorOf({ ...one, tracking: before }).length > 0) this.parts.log('anchor ended', { zone: one.anchor.zone.toString() })
    if (!isSame(was, this.inForce)) this.parts.onChange()
    this.save()
    this.arm()
  }

  /** One write after the other, each of what is known when it begins; a change meanwhile is in the next one. */
  private save(): void {
    if (this.isSaveDue) return
    this.isSaveDue = true
    const { file, log } = this.parts
    this.saving = this.saving.then(() => {
      this.isSaveDue = false
      if (this.isInTheWay) {
        const cleared = this.clear()
        if ('unkept' in cleared) throw new Error(`what stands there is damaged and cannot be put aside: ${cleared.unkept}`)
      }
      return writeAnchors(file, this.followed.filter(({ tracking }) => tracking.keys.length > 0))
    }).catch((error: unknown) => log('anchors not saved', { file, reason: reasonOf(error) }))
  }
}

/** What is believed of a zone; nothing where all its keys are revoked. */
function anchorOf({ anchor: { zone, digests }, tracking }: Followed): TrustAnchor[] {
  const own = { zone, digests: unseenDigests(tracking, digests), keys: anchorKeys(tracking) }
  return own.digests.length + own.keys.length > 0 ? [own] : []
}

function isSame(before: readonly TrustAnchor[], after: readonly TrustAnchor[]): boolean {
  const sums = (anchors: readonly TrustAnchor[]): string => anchors.map((anchor) => `${anchor.zone.key} ${sumOfAnchor(anchor)}`).join()
  return sums(before) === sums(after)
}

interface KeyChange {
  readonly zone: Name
  readonly rdata: Uint8Array
  readonly from?: KeyState
  readonly to: KeyState | 'forgotten'
  readonly until: number
}

function changesOf({ zone, keys: before }: Tracking, { keys: after }: Tracking): KeyChange[] {
  const find = (keys: readonly TrackedKey[], { rdata }: TrackedKey): TrackedKey | undefined => keys.find((key) => Buffer.compare(key.rdata, rdata) === 0)
  const changed = after.flatMap((key): KeyChange[] => {
    const from = find(before, key)?.state
    return from === key.state ? [] : [{ zone, rdata: key.rdata, to: key.state, until: key.until, ...(from && { from }) }]
  })
  const gone = before.filter((key) => find(after, key) === undefined).map((key): KeyChange => ({ zone, rdata: key.rdata, from: key.state, to: 'forgotten', until: 0 }))
  return [...changed, ...gone]
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000', '')
}
