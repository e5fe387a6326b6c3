/**
 * Validation of what was resolved (RFC 4035 5): each RRset of the answer and of the aliases that led to it, or the absence, by the
 * keys of its zone. All of it secure makes the answer secure (3.2.3); any of it bogus makes it a failure (5.5); what is proven to
 * be unsigned passes as it is.
 *
 *     resolve ──▶ chain | sets | absence ──▶ whose zone (chain.ts) ──▶ signed? ──▶ secure   kept as such, with its TTL bounded
 *                                                                        ├──────▶ insecure
 *        ▲                                                               └──────▶ bogus    forgotten; SERVFAIL with the reason
 *        └────────── another of the zone's servers, where it has one (doubt.ts) ◀────┘
 */
import { EDE, printType, RCODE, TYPE } from '../dns/codes.ts'
import { checkAbsence } from '../dnssec/check-absence.ts'
import { checkRRset } from '../dnssec/check-rrset.ts'
import { bogus, type Bogus, type Insecure } from '../dnssec/verdict.ts'
import { enclosingZone, keepSecure, noLongerThan, notAZone, securityOf, signerOf, type Checking } from './chain.ts'
import { SECURITY, TRUST, type Absence, type Outcome, type RRset, type Security } from './contract.ts'
import { isWorthAnother } from './doubt.ts'
import { keepChecked } from './remember.ts'
import { resolve } from './resolve.ts'
import { nowSeconds, type Errand, type Steps, type World } from './steps.ts'
import type { ZoneSecurity } from './zone-memory.ts'

/** What was judged, as it may be kept and given out. */
interface Judged<What> {
  readonly what: What
  readonly security: Security
  readonly why?: Insecure['why']
}

/** Resolves what `errand` asks, and believes nothing of it that is not proven where it should be. */
export function* validate(world: World, errand: Errand): Steps<Outcome> {
  let doubt: Doubt | undefined
  for (;;) {
    const outcome = yield* resolve(world, errand)
    const { validation } = world.settings
    // where the others cannot be asked, what the first one said is what is told
    if (doubt !== undefined && outcome.kind === 'failure') return failed(world, errand, doubt)
    if (validation === undefined || outcome.kind === 'failure') return outcome
    const judge = { unixSeconds: Math.floor(validation.unixSeconds(world.nowMs)), keys: world.keys, effort: errand.budget.effort }
    const judged = yield* judgeOutcome({ world, errand, validation, judge }, outcome)
    if (!('fault' in judged)) return judged
    doubt = judged
    // what the zone's keys cannot prove, no server of it can
    if (judged.fault.isOfZone === true || !isWorthAnother(world, errand, judged.what)) return failed(world, errand, judged)
  }
}

/** What is bogus, and why: what was told, or with `isOfZone` the keys of the zone that it is of. */
interface Doubt {
  readonly what: RRset | Absence
  readonly fault: Fault
}

type Fault = Bogus & { readonly isOfZone?: true }

function* judgeOutcome(checking: Checking, outcome: Exclude<Outcome, { kind: 'failure' }>): Steps<Outcome | Doubt> {
  const chain: Judged<RRset>[] = []
  for (const [i, set] of outcome.chain.entries()) {
    // a CNAME that we made of a DNAME is as true as that is (RFC 6672 5.3.1)
    const judged = isMade(set, outcome.chain[i - 1]) ? { ...chain[i - 1], what: set } : yield* judgeSet(checking, set)
    if ('kind' in judged) return { what: set, fault: judged }
    chain.push(judged)
  }
  if (outcome.kind !== 'answer') {
    const judged = yield* judgeAbsence(checking, outcome.absence)
    return 'kind' in judged ? { what: outcome.absence, fault: judged } : concluded(checking, { ...outcome, absence: judged.what, chain: chain.map(({ what }) => what) }, [...chain, judged])
  }
  const sets: Judged<RRset>[] = []
  for (const set of outcome.sets) {
    const judged = yield* judgeSet(checking, set)
    if ('kind' in judged) return { what: set, fault: judged }
    sets.push(judged)
  }
  return concluded(checking, { ...outcome, sets: sets.map(({ what }) => what), chain: chain.map(({ what }) => what) }, [...chain, ...sets])
}

function isMade({ type, signatures }: RRset, before: RRset | undefined): boolean {
  return type === TYPE.CNAME && signatures.length === 0 && before?.type === TYPE.DNAME
}

/** RFC 4035 3.2.3: AD says that all of it is secure. */
function concluded({ errand }: Checking, outcome: Outcome, parts: readonly Judged<unknown>[]): Outcome {
  const security = parts.reduce<Security>((least, part) => (part.security < least ? part.security : least), SECURITY.secure)
  const why = parts.find((part) => part.why !== undefined)?.why
  return { ...outcome, security, ...(why && { explanation: why }), work: errand.budget.work }
}

/** RFC 4035 5.5: what is bogus is SERVFAIL, and forgotten. */
function failed(world: World, errand: Errand, { what: { name, type }, fault: { infoCode, text } }: Doubt): Outcome {
  world.cache.forget(name, type)
  // RFC 9520 3.2: at the name itself, as aliases that lead to it are good and stay
  world.cache.keepFailure(name, errand.type, infoCode, nowSeconds(world))
  return { kind: 'failure', reason: 'bogus', rcode: RCODE.SERVFAIL, chain: [], explanation: { infoCode, text: `${name} ${printType(type)}: ${text}` }, security: SECURITY.bogus, work: errand.budget.work }
}

// ---- RRsets ----

function* judgeSet(checking: Checking, set: RRset): Steps<Judged<RRset> | Fault> {
  if (set.security === SECURITY.secure || set.security === SECURITY.insecure) return known(set, set.security)
  if (isOurs(set) || set.type === TYPE.RRSIG) return { what: set, security: SECURITY.insecure } // RFC 4035 2.2: RRSIGs are not signed themselves
  const signer = signerOf(set.signatures, isOfParent(set) ? set.name.parent() : set.name)
  const zone = yield* zoneOf(checking, set, signer)
  if (zone.kind !== 'secure') return settled(zone, set, (judgement) => keepChecked(checking.world, { ...set, ...judgement }))
  if (signer === undefined) return bogus(EDE.RRSIGS_MISSING, `${zone.keys.zone} is signed and this is not`)
  const found = checkRRset(set, zone.keys, checking.judge)
  if (found.kind === 'bogus') return found
  if (found.encloser === undefined) return { what: keepSecure(checking.world, set, found.ttl), security: SECURITY.secure }
  const absence = checkAbsence(set.proof ?? [], { kind: 'expansion', name: set.name, encloser: found.encloser }, zone.keys, checking.judge)
  if (absence.kind !== 'absent') return settled(absence, set, (judgement) => keepChecked(checking.world, { ...set, ...judgement }))
  // RFC 5155 9.2: an opt-out span may hide a delegation that is nearer than the wildcard
  if (absence.isOptOut) return settled({ kind: 'insecure' }, set, (judgement) => keepChecked(checking.world, { ...set, ...judgement }))
  return { what: keepSecure(checking.world, set, Math.min(found.ttl, absence.ttl)), security: SECURITY.secure }
}

/** What our own zones hold was signed for others to check. */
function isOurs({ trust }: RRset): boolean {
  return trust === TRUST.primary || trust === TRUST.transfer || trust === TRUST.zoneGlue
}

/** DS stands above the cut (RFC 4034 5). */
function isOfParent({ type, name }: { type: number; name: RRset['name'] }): boolean {
  return type === TYPE.DS && name.labelCount > 0
}

/** The zone that signed, or that should have. */
function* zoneOf(checking: Checking, what: { name: RRset['name']; type: number }, signer: RRset['name'] | undefined): Steps<Exclude<ZoneSecurity, { kind: 'inside' } | Bogus> | Fault> {
  const zone = signer === undefined ? yield* enclosingZone(checking, isOfParent(what) ? what.name.parent() : what.name) : yield* securityOf(checking, signer)
  if (zone.kind === 'inside') return notAZone(signer ?? what.name)
  return zone.kind === 'bogus' ? { ...zone, isOfZone: true } : zone
}

/** What is not secure: bogus as it is, else kept as what it is found to be. */
function settled<What>(zone: Insecure | Fault | { kind: 'indeterminate' }, what: What & { security?: Security }, keep: (judgement: Judgement) => void): Judged<What> | Fault {
  if (zone.kind === 'bogus') return zone
  const security = zone.kind === 'insecure' ? SECURITY.insecure : SECURITY.indeterminate
  const why = zone.kind === 'insecure' ? zone.why : undefined
  const judgement: Judgement = { security, ...(why && { infoCode: why.infoCode }) }
  keep(judgement)
  return { what: { ...what, ...judgement }, security, ...(why && { why }) }
}

/** What is kept of what was found: from memory it is told again, without its text (RFC 8914 3). */
type Judgement = Pick<RRset, 'security' | 'infoCode'> & { readonly security: Security }

/** What was judged before. */
function known<What extends { readonly infoCode?: number }>(what: What, security: Security): Judged<What> {
  return { what, security, ...(what.infoCode !== undefined && { why: { infoCode: what.infoCode, text: '' } }) }
}

// ---- Absences ----

/** RFC 4035 5.4: the SOA is signed, and NSEC or NSEC3 prove what is denied. */
function* judgeAbsence(checking: Checking, absence: Absence): Steps<Judged<Absence> | Fault> {
  const { security, soa, proof, kind, name, type } = absence
  const { world, judge } = checking
  if (security === SECURITY.secure || security === SECURITY.insecure) return known(absence, security)
  if (soa !== undefined && isOurs(soa)) return { what: absence, security: SECURITY.insecure }
  const signer = signerOf([...proof, ...(soa?.signatures ?? [])], isOfParent(absence) ? name.parent() : name)
  const zone = yield* zoneOf(checking, absence, signer)
  const keep = (own: Judgement): void => world.cache.keepAbsence({ ...absence, ...own }, nowSeconds(world))
  if (zone.kind !== 'secure') return settled(zone, absence, keep)
  if (signer === undefined) return bogus(EDE.RRSIGS_MISSING, `${zone.keys.zone} is signed and its denial is not`)
  const head = soa === undefined ? undefined : checkRRset(soa, zone.keys, judge)
  if (head?.kind === 'bogus') return head
  const found = checkAbsence(proof, kind === 'nxdomain' ? { kind, name } : { kind, name, type }, zone.keys, judge)
  if (found.kind !== 'absent') return settled(found, absence, keep)
  if (found.isOptOut) return settled({ kind: 'insecure' }, absence, keep) // RFC 5155 9.2
  const shorter = soa && noLongerThan(soa, Math.min(found.ttl, head?.ttl ?? found.ttl))
  const kept: Absence = { ...absence, ...(shorter && { soa: shorter }), security: SECURITY.secure }
  world.cache.keepAbsence(kept, nowSeconds(world))
  if (shorter !== undefined) world.gaps.keep({ ...shorter, security: SECURITY.secure }, found.sets, found.ttl, world.nowMs)
  return { what: kept, security: SECURITY.secure }
}
