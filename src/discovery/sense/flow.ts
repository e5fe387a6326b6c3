/**
 * Readings (docs/protocol.md 6): an update of SENSE records alone tells how loaded agents are. It goes to the table of
 * candidates, not to the zone: no serial moves and nothing is kept on disk, as a reading is worth seconds.
 *
 *     SENSE records alone ─► prerequisites ─► each: the agent's own KEY signed, or a grant ─► offers there? ─► the table
 *         no: next flow        RFC 2136 3.2     REFUSED                                      REFUSED, 49152
 */
import { EDE, RCODE, TYPE } from '../../dns/codes.ts'
import type { Name } from '../../dns/name.ts'
import { encodeParameters, encodeValue, PARAMETERS } from '../../dns/parameters.ts'
import { prescan } from '../../update/apply.ts'
import type { Refusal, Requester, Update, UpdateFlow, Verdict, ZoneDraft } from '../../update/contract.ts'
import type { Grants } from '../../update/grants.ts'
import { checkPrerequisites, scanPrerequisites } from '../../update/prerequisites.ts'
import { refuse } from '../../update/refusal.ts'
import { WHOLE_RATIO } from '../ranking/metrics.ts'
import { decodeReading, type Reading } from '../ranking/reading.ts'
import { DEFAULT_RANKING } from '../ranking/settings.ts'
import type { Candidates, ZoneCandidates } from '../ranking/zone-candidates.ts'

/** One SENSE record, read. */
interface Report {
  readonly owner: Name
  readonly agent: Name
  readonly reading: Reading
}

/** The flow of readings; it keeps nothing and changes no zone. */
export class SenseFlow implements UpdateFlow {
  readonly name = 'sense'
  private readonly candidates: ZoneCandidates
  private readonly grantsOf: (draft: ZoneDraft) => Grants

  constructor(candidates: ZoneCandidates, grantsOf: (draft: ZoneDraft) => Grants) {
    this.candidates = candidates
    this.grantsOf = grantsOf
  }

  take(update: Update, requester: Requester, draft: ZoneDraft, nowMs: number): Verdict | undefined {
    const { updates } = update
    if (updates.length === 0 || !updates.every(({ type, class: rrClass }) => type === TYPE.SENSE && rrClass === draft.class)) return undefined
    const refusal = scanPrerequisites(update.prerequisites, draft) ?? prescan(updates, draft) ?? checkPrerequisites(update.prerequisites, draft)
    const verdict = refusal ?? this.report(update, requester, draft, nowMs)
    return { ...verdict, flow: this.name }
  }

  private report(update: Update, requester: Requester, draft: ZoneDraft, nowMs: number): Omit<Verdict, 'flow'> {
    const reports = update.updates.map(({ name, rdata }): Report => ({ owner: name, ...decodeReading(rdata) })) // checked when it was decoded
    const isOwn = reports.every(({ agent }) => isSignedBy(requester, agent, draft))
    const refusal = isOwn ? undefined : this.grantsOf(draft).refusalOf(update, requester, draft)
    if (refusal !== undefined) return refusal
    const candidates = this.candidates.of({ name: draft.apex, class: draft.class })
    const stranger = reports.find(({ owner, agent }) => slotIn(candidates, owner, agent) < 0)
    if (stranger !== undefined) return notThere(stranger)
    const results = reports.map(({ owner, agent, reading }) => candidates?.sensing.report(slotIn(candidates, owner, agent), reading, nowMs))
    const taken = results.filter((result) => result === 'taken').length
    const profiles = reports.map(({ owner, agent }) => candidates?.registrar.table.i32.profile[slotIn(candidates, owner, agent)] ?? 0)
    return { rcode: RCODE.NOERROR, reason: `${taken} of ${results.length} readings are new`, offer: adviceFor(profiles) }
  }
}

/** OFFER that advises whoever reports of agents with these profiles: as often as the one that is due first, and at the least change. */
function adviceFor(profiles: readonly number[]): Uint8Array {
  const { periodMs, threshold } = DEFAULT_RANKING.reporting
  const period = Math.min(...profiles.map((profile) => periodMs[profile]))
  const change = Math.min(...profiles.map((profile) => threshold[profile]))
  return encodeParameters(new Map([[PARAMETERS.reporting.key, encodeValue(PARAMETERS.reporting, [period, change * WHOLE_RATIO])]]))
}

/** Whether the agent itself speaks: by the KEY that stands at its identifier (RFC 2931 3.1). */
function isSignedBy({ signer }: Requester, agent: Name, draft: ZoneDraft): boolean {
  return signer?.kind === 'sig0' && draft.holds(agent, TYPE.KEY, signer.key)
}

function slotIn(candidates: Candidates | undefined, owner: Name, agent: Name): number {
  return candidates?.registrar.slotOf(owner.wire, agent.wire) ?? -1
}

function notThere({ owner, agent }: Report): Refusal {
  return refuse(RCODE.REFUSED, `${agent} offers nothing at ${owner}`, EDE.NO_LIVE_AGENT)
}
