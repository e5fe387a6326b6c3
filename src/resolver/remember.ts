/** What goes from responses into the cache, and with what trust (RFC 2181 5.4.1). What classify.ts did not take never comes here. */
import { TYPE } from '../dns/codes.ts'
import { TRUST, type RRset } from './contract.ts'
import type { Finding, Referral } from './classify.ts'
import { nowSeconds, type World } from './steps.ts'

/** Keeps an answer, the aliases that led to it, or an absence. */
export function keepFinding(world: World, finding: Extract<Finding, { kind: 'answer' | 'alias' | 'absence' }>): void {
  const now = nowSeconds(world)
  finding.chain.forEach((set, i) => {
    // a CNAME made from a DNAME is made again whenever it is wanted, with the DNAME beside it (RFC 6672 3.1)
    if (finding.chain[i - 1]?.type !== TYPE.DNAME) world.cache.keep(set, now)
  })
  if (finding.kind === 'answer') for (const set of [...finding.sets, ...finding.glue]) world.cache.keep(withDelegationsEnd(world, set), now)
  if (finding.kind === 'absence') world.cache.keepAbsence(finding.absence, now)
}

/** Keeps again what was validated, in place of what it was before. */
export function keepChecked(world: World, set: RRset): void {
  world.cache.keep(withDelegationsEnd(world, set), nowSeconds(world))
}

/** Keeps a referral: never an answer, whoever asks (RFC 2181 5.4.1: its trust is the least). */
export function keepReferral(world: World, { servers, glue, signer }: Referral): void {
  for (const set of [servers, ...glue, ...(signer === undefined ? [] : [signer])]) world.cache.keep(set, nowSeconds(world))
}

/**
 * A zone's own NS records take the place of its parent's (RFC 2181 5.4.1), but do not outlive them: else a zone that
 * was taken away could keep itself alive for as long as somebody asks (ghost domains).
 */
function withDelegationsEnd(world: World, set: RRset): RRset {
  if (set.type !== TYPE.NS || set.name.labelCount === 0) return set
  const known = world.cache.find(set.name, TYPE.NS, nowSeconds(world), TRUST.additional)
  if (known?.kind !== 'records') return set
  const most = Math.min(...known.rrset.records.map(({ ttl }) => ttl))
  return { ...set, records: set.records.map((record) => (record.ttl > most ? { ...record, ttl: most } : record)) }
}
