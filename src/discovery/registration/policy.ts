/**
 * Who may register himself where: a zone may be open to whoever proves a KEY of his own, first come, first served
 * (RFC 9665 3.2.4), from some networks; everybody else needs grants, as for every update.
 */
import { RCODE } from '../../dns/codes.ts'
import type { Name } from '../../dns/name.ts'
import type { PrefixList } from '../../dns/prefix.ts'
import { isRegistrationKey } from '../../dnssec/sig0.ts'
import type { Refusal, Requester, Update, ZoneDraft } from '../../update/contract.ts'
import type { Grants } from '../../update/grants.ts'
import { refuse } from '../../update/refusal.ts'
import type { ZoneId } from '../lease/lease.ts'

/** What a zone says of registrations. */
export interface RegistrationPolicy {
  /** From where keys that nobody knows may register. Addresses are proven over TCP only, so let it be networks of ours (RFC 9665 6.1). */
  networks: PrefixList
}

/** What the flows ask of a zone. */
export interface Permissions {
  /** Undefined where the zone is not open. */
  readonly policyOf: (zone: ZoneId) => RegistrationPolicy | undefined
  readonly grantsOf: (draft: ZoneDraft) => Grants
}

/** Why the registration may not be made; undefined where it may. `isOwnKey`: the KEY that it is about signed it. */
export function refusalOf({ policyOf, grantsOf }: Permissions, update: Update, requester: Requester, draft: ZoneDraft, isOwnKey: boolean): Refusal | undefined {
  const policy = isOwnKey ? policyOf({ name: draft.apex, class: draft.class }) : undefined
  if (policy?.networks.holds(requester.address) === true) return undefined
  return grantsOf(draft).refusalOf(update, requester, draft)
}

/** Why nobody may be registered at `name` for this KEY (RFC 9665 3.2.5.1); undefined where he may, or where no KEY is given. */
export function refusalOfKey(name: Name, rdata: Uint8Array | undefined): Refusal | undefined {
  if (rdata === undefined || isRegistrationKey(rdata)) return undefined
  return refuse(RCODE.REFUSED, `the KEY of ${name} can sign no message that is checked here`)
}
