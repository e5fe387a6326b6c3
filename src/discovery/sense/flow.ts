/**
 * Readings (docs/protocol.md 6): an update of SENSE records alone tells how loaded agents are. It goes to the table of
 * candidates, not to the zone: no serial moves and nothing is kept on disk, as a reading is worth seconds.
 *
 *     adds SENSE ─► SENSE alone ─► prerequisites ─► each: the agent's own KEY signed, or a grant ─► offers there? ─► the table
 *   no: next flow     REFUSED        RFC 2136 3.2     REFUSED                                       REFUSED, 49152
 */
import { EDE, RCODE, TYPE } from '../../dns/codes.ts'
import type { DnsRecord } from '../../dns/message.ts'
import { Name } from '../../dns/name.ts'
import { encodeParameters, encodeValue, PARAMETERS } from '../../dns/parameters.ts'
import { prescan } from '../../update/apply.ts'
import type { Refusal, Requester, Update, UpdateFlow, Verdict, ZoneDraft } from '../../update/contract.ts'
import type { Grants } from '../../update/grants.ts'
import { checkPrerequisites, scanPrerequisites } from '../../update/prerequisites.ts'
import { refuse } from '../../update/refusal.ts'
import type { CandidateTable, Slot } from '../ranking/candidates.ts'
import { WHOLE_RATIO } from '../ranking/metrics.ts'
import { AGENT_AT, readingIn } from '../ranking/reading.ts'
import { DEFAULT_RANKING } from '../ranking/settings.ts'
import { choicesPerSecond } from '../ranking/sensing.ts'
import { untoldSessions } from '../ranking/silence.ts'
import type { ZoneCandidates } from '../ranking/zone-candidates.ts'

/** Whether somebody is told of each reading at or below some capability that `owner` is at or below (RFC 8765). */
export type IsWatched = (owner: Name, rrClass: number) => boolean

/** The flow of readings; it keeps nothing and changes no zone. */
export class SenseFlow implements UpdateFlow {
  readonly name = 'sense'
  private readonly candidates: ZoneCandidates
  private readonly grantsOf: (draft: ZoneDraft) => Grants
  private readonly isWatched: IsWatched

  constructor(candidates: ZoneCandidates, grantsOf: (draft: ZoneDraft) => Grants, isWatched: IsWatched = () => false) {
    this.candidates = candidates
    this.grantsOf = grantsOf
    this.isWatched = isWatched
  }

  take(update: Update, requester: Requester, draft: ZoneDraft, nowMs: number): Verdict | undefined {
    const { updates } = update
    const isReading = ({ type, class: rrClass }: DnsRecord): boolean => type === TYPE.SENSE && rrClass === draft.class
    if (!updates.some(isReading)) return undefined // who deletes SENSE records that a zone file holds changes the zone
    const refusal =
      scanPrerequisites(update.prerequisites, draft) ??
      prescan(updates, draft) ??
      (updates.every(isReading) ? undefined : refuse(RCODE.REFUSED, 'readings come in a message of their own')) ??
      checkPrerequisites(update.prerequisites, draft)
    const verdict = refusal ?? this.report(update, requester, draft, nowMs)
    return { ...verdict, flow: this.name }
  }

  private report(update: Update, requester: Requester, draft: ZoneDraft, nowMs: number): Omit<Verdict, 'flow'> {
    const { updates } = update
    const isOwn = updates.every((record) => isSignedBy(requester, record, draft))
    const refusal = isOwn ? undefined : this.grantsOf(draft).refusalOf(update, requester, draft)
    if (refusal !== undefined) return refusal
    const candidates = this.candidates.of({ name: draft.apex, class: draft.class })
    if (candidates === undefined) return notThere(updates[0])
    const { registrar, sensing } = candidates
    // all are found before the first is taken: an update is carried out whole or not at all (RFC 2136 3.7)
    const slots = updates.map(({ name, rdata }) => registrar.slotOf(name.wire, rdata.subarray(AGENT_AT)))
    const stranger = slots.findIndex((slot) => slot < 0)
    if (stranger >= 0) return notThere(updates[stranger])
    let taken = 0
    for (let i = 0; i < slots.length; i++) if (sensing.report(slots[i], readingIn(updates[i].rdata), nowMs) === 'taken') taken++
    return { rcode: RCODE.NOERROR, reason: `${taken} of ${slots.length} readings are new`, offer: this.adviceFor(registrar.table, slots, updates) }
  }

  /** OFFER that advises whoever reports of these agents: as often as the one that is due first, and at the least change; never at none, which would be a message for each session. */
  private adviceFor(table: CandidateTable, slots: readonly Slot[], updates: readonly DnsRecord[]): Uint8Array {
    const { f64, i32 } = table
    const { periodMs, threshold } = DEFAULT_RANKING.reporting
    let period = Infinity
    let change = Infinity
    let isWanted = false
    for (const [i, slot] of slots.entries()) {
      period = Math.min(period, periodMs[i32.profile[slot]])
      change = Math.min(change, untoldSessions(threshold[i32.profile[slot]], f64.slots[slot], f64.untold[slot]) / f64.slots[slot])
      const choices = choicesPerSecond(table, slot) * periodMs[i32.profile[slot]] / 1_000
      // where less is chosen than reports are due, those that are due tell enough
      isWanted ||= choices > 1 || this.isWatched(updates[i].name, updates[i].class)
    }
    const advice = new Map([[PARAMETERS.reporting.key, encodeValue(PARAMETERS.reporting, [period, Math.max(1, Math.round(change * WHOLE_RATIO))])]])
    if (isWanted) advice.set(PARAMETERS.wanted.key, encodeValue(PARAMETERS.wanted, true))
    return encodeParameters(advice)
  }
}

/** Whether the agent itself speaks: by the KEY that stands at its identifier (RFC 2931 3.1). */
function isSignedBy({ signer }: Requester, { rdata }: DnsRecord, draft: ZoneDraft): boolean {
  return signer?.kind === 'sig0' && draft.holds(Name.fromWire(rdata, AGENT_AT), TYPE.KEY, signer.key)
}

function notThere({ name, rdata }: DnsRecord): Refusal {
  return refuse(RCODE.REFUSED, `${Name.fromWire(rdata, AGENT_AT)} offers nothing at ${name}`, EDE.NO_LIVE_AGENT)
}
