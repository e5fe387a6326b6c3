/**
 * The ordinary update: RFC 2136 3.2 to 3.4 from top to bottom. It is the last of the flows and takes everything
 * that no other has taken.
 */
import { EDE, RCODE } from '../dns/codes.ts'
import { applyUpdates, prescan } from './apply.ts'
import type { Refusal, Requester, Update, UpdateFlow, Verdict, ZoneDraft } from './contract.ts'
import type { Grants } from './grants.ts'
import { checkPrerequisites, scanPrerequisites } from './prerequisites.ts'
import { isProofType } from './records.ts'
import { refuse } from './refusal.ts'

/** The flow of RFC 2136, where `grantsOf` tells who may change a zone. */
export class StandardFlow implements UpdateFlow {
  readonly name = 'update'
  private readonly grantsOf: (draft: ZoneDraft) => Grants

  constructor(grantsOf: (draft: ZoneDraft) => Grants) {
    this.grantsOf = grantsOf
  }

  /**
   * We differ from the order of RFC 2136 3: both sections are scanned first, as malformed is malformed whatever the zone holds, and
   * permission (3.3) comes before prerequisites (3.2), which would tell anybody what the zone holds.
   */
  take(update: Update, requester: Requester, draft: ZoneDraft): Verdict {
    const { prerequisites, updates } = update
    const refusal =
      scanPrerequisites(prerequisites, draft) ??
      prescan(updates, draft) ??
      this.grantsOf(draft).refusalOf(update, requester, draft) ??
      refusalOfProofs(update) ??
      checkPrerequisites(prerequisites, draft)
    if (refusal !== undefined) return { ...refusal, flow: this.name }
    const ignored = applyUpdates(updates, draft)
    return { rcode: RCODE.NOERROR, flow: this.name, ...(ignored === 0 ? {} : { reason: `${ignored} of ${updates.length} records changed nothing` }) }
  }
}

/** Signatures and chains of proofs come with a zone's file (RFC 4035 2, RFC 5155 7): nobody may add or delete one. */
function refusalOfProofs({ updates }: Update): Refusal | undefined {
  const record = updates.find(({ type }) => isProofType(type))
  if (record === undefined) return undefined
  return refuse(RCODE.REFUSED, 'RRSIG, NSEC, NSEC3 and NSEC3PARAM cannot be updated', EDE.NOT_SUPPORTED)
}
