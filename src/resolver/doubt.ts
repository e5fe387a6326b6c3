/**
 * What to do about an answer that is bogus: another of the zone's servers may have a good one (RFC 4035 5.5), as this one may lie, may have
 * fallen behind, or somebody between us may have changed what it said. How often one question does so is bounded, and within its account.
 */
import type { Absence, RRset } from './contract.ts'
import type { Errand, World } from './steps.ts'

/**
 * Whether to ask again for `what`, which is bogus; then it is forgotten, and whoever told it comes after the zone's other servers. Not where the
 * zone has no other, nor where the question's account is spent. What was remembered is asked for anew, whoever told it then.
 */
export function isWorthAnother(world: World, { budget }: Errand, what: RRset | Absence): boolean {
  const teller = world.tellers.get(what)
  if (teller !== undefined) world.servers.setDoubted(teller.endpoint, teller.zone, world.nowMs)
  if (teller?.hasOthers === false || !budget.takeRetry(world.nowMs)) return false
  world.cache.forget(what.name, what.type)
  return true
}
