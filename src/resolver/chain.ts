/**
 * The chain of trust (RFC 4035 5): from an anchor down to the keys of a zone, one DS and DNSKEY after the other.
 *
 *     anchor ──▶ DNSKEY of . ──signs──▶ DS of example. ──▶ DNSKEY of example. ──signs──▶ www.example. A
 *                                 └──or NSEC: no DS──▶ example. is insecure, with all below
 *
 * Which zone a record is of is told by its signature; what has none is looked for from the anchor down, label by label, until
 * a delegation without DS is proven, as anybody can leave signatures out. Each question that this takes is a lookup on the
 * account of the client's question, and what is found out about a zone is kept (zone-memory.ts).
 */
import { EDE, printType, TYPE } from '../dns/codes.ts'
import { MAX_BOGUS_TTL, MAX_CACHE_TTL, MAX_CHAIN_STEPS, MAX_NEGATIVE_TTL, MAX_SIGNATURES_PER_RRSET } from '../dns/limits-resolver.ts'
import type { DnsRecord } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { checkAbsence } from '../dnssec/check-absence.ts'
import { checkKeys, unservedDigests, type Entry } from '../dnssec/check-keys.ts'
import { checkRRset } from '../dnssec/check-rrset.ts'
import { lastLabels, readRrsig } from '../dnssec/rrsig.ts'
import { bogus, type Bogus, type Judge } from '../dnssec/verdict.ts'
import { SECURITY, TRUST, type Absence, type Outcome, type RRset, type TrustAnchor, type ValidationSettings } from './contract.ts'
import { isWorthAnother } from './doubt.ts'
import { keepChecked } from './remember.ts'
import { lookUp, nowSeconds, type Errand, type Steps, type World } from './steps.ts'
import type { ZoneSecurity } from './zone-memory.ts'

/** What validation of one question works with. */
export interface Checking {
  readonly world: World
  readonly errand: Errand
  readonly validation: ValidationSettings
  readonly judge: Judge
}

/** What was found, and for how many seconds it may be kept; 0 where it says more of the moment than of the zone. */
interface Found {
  readonly security: ZoneSecurity
  readonly ttl: number
}

/** How `zone` stands, where it claims to be one. */
export function* securityOf(checking: Checking, zone: Name): Steps<ZoneSecurity> {
  const { world, judge } = checking
  const known = world.zones.find(zone, world.nowMs)
  if (known !== undefined) return known
  const { security, ttl } = yield* findOut(checking, zone)
  // what was cut short by the question's account says nothing of the zone
  if (!judge.effort.isSpent) world.zones.keep(zone, security, security.kind === 'bogus' ? Math.min(ttl, MAX_BOGUS_TTL) : ttl, world.nowMs)
  return security
}

function* findOut(checking: Checking, zone: Name): Steps<Found> {
  const start = startOf(checking.validation, zone)
  if (start === undefined) return { security: { kind: 'indeterminate' }, ttl: MAX_CACHE_TTL }
  if (start === 'negative') return { security: { kind: 'insecure' }, ttl: MAX_CACHE_TTL }
  if (start.zone.equals(zone)) return yield* keysBy(checking, zone, start, MAX_CACHE_TTL)
  const outcome = yield* askForDs(checking, zone)
  if (outcome.kind === 'failure') return { security: unavailable(`no DS of ${zone} is to be had`, outcome), ttl: 0 }
  if (outcome.kind === 'answer' && outcome.chain.length === 0) return yield* byDs(checking, zone, outcome.sets[0])
  // an alias at the name: no delegation is there (RFC 1034 3.6.2)
  if (outcome.chain.length > 0) return yield* byAlias(checking, zone, outcome.chain[0])
  return outcome.kind === 'answer' ? { security: bogus(EDE.DNSSEC_BOGUS, `no DS of ${zone}`), ttl: 0 } : yield* byAbsence(checking, zone, outcome.absence)
}

/** Where the chain to a zone begins: the nearest anchor at it or above, `negative` where that is one which says that it is unsigned (RFC 7646). */
function startOf({ anchors, negativeAnchors }: ValidationSettings, zone: Name): TrustAnchor | 'negative' | undefined {
  const nearest = nearestOf(anchors.map((anchor) => anchor.zone), zone)
  const negative = nearestOf(negativeAnchors, zone)
  if (negative !== undefined && (nearest === undefined || negative.isWithin(nearest))) return 'negative'
  return anchors.find((anchor) => nearest !== undefined && anchor.zone.equals(nearest))
}

function nearestOf(zones: readonly Name[], name: Name): Name | undefined {
  return zones.filter((zone) => name.isWithin(zone)).sort((a, b) => b.labelCount - a.labelCount).at(0)
}

/** What a referral brought does as well as an answer, as it is proven or it is not. */
function* askForDs({ world, errand }: Checking, zone: Name): Steps<Outcome> {
  const known = world.cache.find(zone, TYPE.DS, nowSeconds(world), TRUST.additional)
  if (known?.kind === 'records' && known.rrset.signatures.length > 0) return { kind: 'answer', sets: [known.rrset], chain: [], work: errand.budget.work }
  return yield* lookUp(zone, TYPE.DS)
}

/** RFC 4035 5.2: the parent vouches for a key. */
function* byDs(checking: Checking, zone: Name, set: RRset): Steps<Found> {
  const parent = yield* parentOf(checking, zone, set.signatures)
  if (isOfTheAnswer(parent) && isWorthAnother(checking.world, checking.errand, set)) return yield* findOut(checking, zone)
  if (parent.kind !== 'secure') return { security: parent, ttl: inheritedTtl(parent) }
  const found = checkRRset(set, parent.keys, checking.judge)
  if (found.kind === 'bogus') return isWorthAnother(checking.world, checking.errand, set) ? yield* findOut(checking, zone) : disbelieve(checking, set, found)
  keepSecure(checking.world, set, found.ttl)
  const digests = set.records.map(({ rdata }) => rdata)
  const unserved = unservedDigests(digests)
  return unserved === undefined ? yield* keysBy(checking, zone, { digests, keys: [] }, found.ttl) : { security: unserved, ttl: found.ttl }
}

/** RFC 4035 5.2: the parent says that there is no DS. Then it is an unsigned zone, or none. */
function* byAbsence(checking: Checking, zone: Name, absence: Absence): Steps<Found> {
  const { kind, proof, soa } = absence
  const parent = yield* parentOf(checking, zone, [...proof, ...(soa?.signatures ?? [])])
  if (isOfTheAnswer(parent) && isWorthAnother(checking.world, checking.errand, absence)) return yield* findOut(checking, zone)
  if (parent.kind !== 'secure') return { security: parent, ttl: inheritedTtl(parent) }
  const claim = kind === 'nxdomain' ? { kind, name: zone } : { kind, name: zone, type: TYPE.DS }
  const found = checkAbsence(proof, claim, parent.keys, checking.judge)
  if (found.kind === 'bogus') {
    if (isWorthAnother(checking.world, checking.errand, absence)) return yield* findOut(checking, zone)
    checking.world.cache.forget(zone, TYPE.DS)
    return { security: aboutDs(zone, found), ttl: MAX_BOGUS_TTL }
  }
  if (found.kind === 'insecure') return { security: found, ttl: MAX_NEGATIVE_TTL }
  const ttl = Math.min(found.ttl, MAX_NEGATIVE_TTL)
  return { security: found.isCut ? { kind: 'insecure' } : { kind: 'inside', isEmpty: kind === 'nxdomain' }, ttl }
}

/** A signed alias shows that its name is none of a zone. */
function* byAlias(checking: Checking, zone: Name, alias: RRset): Steps<Found> {
  const parent = yield* parentOf(checking, zone, alias.signatures)
  if (parent.kind !== 'secure') return { security: parent, ttl: inheritedTtl(parent) }
  const found = checkRRset(alias, parent.keys, checking.judge)
  return found.kind === 'bogus' ? disbelieve(checking, alias, found) : { security: { kind: 'inside', isEmpty: false }, ttl: found.ttl }
}

/** The zone whose DNSKEY set one of the keys signs that its parent or an anchor names. */
function* keysBy(checking: Checking, zone: Name, entry: Entry, most: number): Steps<Found> {
  const outcome = yield* lookUp(zone, TYPE.DNSKEY)
  if (outcome.kind === 'failure') return { security: unavailable(`no DNSKEY of ${zone} is to be had`, outcome), ttl: 0 }
  const set = outcome.kind === 'answer' && outcome.chain.length === 0 ? outcome.sets.at(0) : undefined
  const { world, errand } = checking
  if (set === undefined && 'absence' in outcome && isWorthAnother(world, errand, outcome.absence)) return yield* keysBy(checking, zone, entry, most)
  if (set === undefined) return { security: bogus(EDE.DNSKEY_MISSING, `${zone} has no DNSKEY`), ttl: MAX_BOGUS_TTL }
  const found = checkKeys(set, entry, checking.judge)
  if (found.kind === 'bogus') return isWorthAnother(world, errand, set) ? yield* keysBy(checking, zone, entry, most) : disbelieve(checking, set, found)
  if (found.kind === 'insecure') return { security: found, ttl: most }
  keepSecure(world, set, found.ttl)
  return { security: { kind: 'secure', keys: found.zone }, ttl: Math.min(found.ttl, most) }
}

/** A zone above; with `isOfAnswer` what was told is not signed by any that may. */
type Parent = Exclude<ZoneSecurity, { kind: 'inside' } | Bogus> | (Bogus & { readonly isOfAnswer?: true })

/** The zone above `zone` that signs for it, by what the signatures say; else the one that is found from the anchor down. */
function* parentOf(checking: Checking, zone: Name, signatures: readonly DnsRecord[]): Steps<Parent> {
  const signer = signerOf(signatures, zone.parent())
  if (signer === undefined) {
    const above = yield* enclosingZone(checking, zone.parent())
    return above.kind === 'secure' ? { ...bogus(EDE.RRSIGS_MISSING, `what ${above.keys.zone} says of ${zone} is not signed`), isOfAnswer: true } : above
  }
  const parent = yield* securityOf(checking, signer)
  return parent.kind === 'inside' ? { ...notAZone(signer), isOfAnswer: true } : parent
}

/** Whether it is what was told that is wrong, and not the zone: another server may tell it right (RFC 4035 5.5). */
function isOfTheAnswer(parent: Parent): boolean {
  return parent.kind === 'bogus' && parent.isOfAnswer === true
}

/** The zone that a name is in, looked for from the anchor down: for what is not signed (RFC 4035 5.2: only a proof that there is no DS makes it insecure). */
export function* enclosingZone(checking: Checking, name: Name): Steps<Exclude<ZoneSecurity, { kind: 'inside' }>> {
  const start = startOf(checking.validation, name)
  if (start === undefined) return { kind: 'indeterminate' }
  if (start === 'negative') return { kind: 'insecure' }
  let zone = yield* securityOf(checking, start.zone)
  const most = Math.min(name.labelCount, start.zone.labelCount + MAX_CHAIN_STEPS)
  for (let labels = start.zone.labelCount + 1; labels <= most && zone.kind === 'secure'; labels++) {
    const found = yield* securityOf(checking, lastLabels(name, labels))
    if (found.kind !== 'inside') zone = found
    else if (found.isEmpty) break
  }
  return zone.kind === 'inside' ? notAZone(start.zone) : zone
}

/** The zone that signed, as the signatures of a record at or below `name` tell: the longest name of those that may. */
export function signerOf(signatures: readonly DnsRecord[], name: Name): Name | undefined {
  const signers = signatures.filter(({ type }) => type === TYPE.RRSIG).slice(0, MAX_SIGNATURES_PER_RRSET).flatMap(({ rdata }) => readRrsig(rdata)?.signer ?? [])
  return nearestOf(signers, name)
}

/** A signer that is proven to be no zone (RFC 4035 5.3.1). */
export function notAZone(signer: Name): Bogus {
  return bogus(EDE.DNSSEC_BOGUS, `signed by ${signer}, which is no zone`)
}

/** Keeps a validated set, for as long as its signature lets it stand (RFC 4035 5.3.3), and returns it. */
export function keepSecure(world: World, set: RRset, ttl: number): RRset {
  const kept = { ...noLongerThan(set, ttl), security: SECURITY.secure }
  keepChecked(world, kept)
  return kept
}

/** The set with TTLs of so many seconds at most. */
export function noLongerThan(set: RRset, ttl: number): RRset {
  const shorter = (record: DnsRecord): DnsRecord => (record.ttl > ttl ? { ...record, ttl } : record)
  return { ...set, records: set.records.map(shorter), signatures: set.signatures.map(shorter) }
}

/** What is bogus is forgotten, so that it is asked for anew and not for its TTL (RFC 4035 4.7). */
function disbelieve({ world }: Checking, { name, type }: RRset, { infoCode, text }: Bogus): Found {
  world.cache.forget(name, type)
  return { security: bogus(infoCode, `${printType(type)} of ${name}: ${text}`), ttl: MAX_BOGUS_TTL }
}

function aboutDs(zone: Name, { infoCode, text }: Bogus): Bogus {
  return bogus(infoCode, `DS of ${zone}: ${text}`)
}

function unavailable(text: string, { explanation }: Outcome): Bogus {
  return bogus(EDE.DNSSEC_INDETERMINATE, explanation?.text === undefined ? text : `${text}: ${explanation.text}`)
}

/** What lies below is as long insecure as what is above is known to be; what is bogus is tried again. */
function inheritedTtl(parent: ZoneSecurity): number {
  return parent.kind === 'bogus' ? 0 : MAX_NEGATIVE_TTL
}
