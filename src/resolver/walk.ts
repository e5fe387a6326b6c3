/**
 * From the nearest known servers down to those that answer: steps 2 to 4 of RFC 1034 5.3.3.
 *
 *     2. Find the best servers to ask.                       nearestCut
 *     3. Send them queries until one returns a response.     askZone, nextServer, exchange
 *     4. Analyze the response, either:                       classify
 *          a. it answers the question or contains a name error: cache it, and return it
 *          b. it contains a better delegation to other servers: cache it, and go to step 2
 *          c. it shows a CNAME that is not the answer itself: cache it, change SNAME, and go to step 1
 *          d. it shows a servers failure or other bizarre contents: delete the server from the SLIST, and go back to step 3
 */
import { EDE, printRcode, RCODE, TYPE } from '../dns/codes.ts'
import { LIVELY_MS, MAX_ATTEMPTS_PER_SERVER, MAX_ATTEMPTS_PER_STEP, MAX_LOOKUPS_PER_ZONE, MAX_REFERRALS } from '../dns/limits-resolver.ts'
import { Name } from '../dns/name.ts'
import type { Standing } from './busy-zones.ts'
import { classify, type Finding, type Referral } from './classify.ts'
import { TRUST, type Endpoint, type FailureReason, type Milliseconds } from './contract.ts'
import { addressesIn, nearestCut, referredCut, usableEndpoints, type Cut } from './cuts.ts'
import { exchange } from './exchange.ts'
import { Minimiser, type Step } from './minimise.ts'
import { withoutPrivate } from './private-addresses.ts'
import { keepFinding, keepReferral } from './remember.ts'
import { endpointKey } from './servers.ts'
import { lookUp, nowSeconds, takePlace, type Errand, type Steps, type Teller, type World } from './steps.ts'

/** Why a walk led nowhere. */
export interface Failure {
  readonly kind: 'failure'
  readonly reason: FailureReason
  /** INFO-CODE of RFC 8914 and a text. */
  readonly infoCode: number
  readonly text: string
}

/** What says something about the question itself. */
type Kept = Extract<Finding, { kind: 'answer' | 'alias' | 'absence' }>

/** Where a walk ends. */
export type Walked = Kept | Failure

/** Walks to the servers of `name`, and tells what they say. */
export function* walk(world: World, errand: Errand, name: Name, type: number): Steps<Walked> {
  let cut = yield* startOf(world, name, type)
  const minimiser = new Minimiser(name, type, world.settings.minimise && cut.kind !== 'forward')
  for (let referrals = 0; referrals <= MAX_REFERRALS; ) {
    const step = minimiser.next(cut.zone)
    const known = step.whole ? undefined : world.cache.find(step.name, step.type, nowSeconds(world), TRUST.answer)
    if (known?.kind === 'nxdomain') return { kind: 'absence', chain: [], absence: { ...known, name, type } } // RFC 8020 2
    if (known !== undefined && known.kind !== 'failure') continue
    const finding = screened(world, yield* askZone(world, errand, cut, step))
    if (finding.kind === 'referral') {
      keepReferral(world, finding)
      cut = referredCut(world, finding)
      referrals++
    } else {
      if (finding.kind !== 'failure' && isToKeep(step, finding)) keepFinding(world, finding)
      if (step.whole || (finding.kind === 'failure' && finding.reason !== 'useless')) return finding
      // RFC 9156 2.3 and 4: names on the way must not fail where the whole name does not
      if (finding.kind === 'failure' || isNameError(finding)) minimiser.giveUp()
    }
  }
  return { kind: 'failure', reason: 'budget', infoCode: EDE.OTHER, text: `more than ${MAX_REFERRALS} referrals` }
}

/** Some servers deny names that only have others below (RFC 8020 4): NXDOMAIN on the way is not believed before the whole name says so too. */
function isToKeep(step: Step, finding: Kept): boolean {
  return step.whole || !isNameError(finding)
}

function isNameError(finding: Kept): boolean {
  return finding.kind === 'absence' && finding.absence.kind === 'nxdomain'
}

/** The finding without what no name of the world may say. */
function screened(world: World, finding: Kept | Referral | Failure): Kept | Referral | Failure {
  if (finding.kind !== 'answer') return finding
  const { sets, hidden } = withoutPrivate(world.settings, finding.sets)
  if (hidden === 0) return finding
  if (sets.length > 0) return { ...finding, sets }
  return { kind: 'failure', reason: 'blocked', infoCode: EDE.BLOCKED, text: 'private addresses in a public name' }
}

/** The servers to begin with. Where the roots are only hinted at, they are asked who they are first (RFC 8109 3). */
function* startOf(world: World, name: Name, type: number): Steps<Cut> {
  const cut = nearestCut(world, name, type)
  if (cut.kind !== 'hints' || (type === TYPE.NS && name.labelCount === 0)) return cut
  yield* lookUp(Name.root, TYPE.NS)
  return nearestCut(world, name, type)
}

/** What the servers of a zone say. Only so many questions wait for one zone; root and top level are everybody's way. */
function* askZone(world: World, errand: Errand, cut: Cut, step: Step): Steps<Kept | Referral | Failure> {
  if (!(yield* takePlace(cut.zone, () => standingOf(world, cut)))) {
    return { kind: 'failure', reason: 'busy', infoCode: EDE.OTHER, text: `too many questions wait for ${cut.zone}` }
  }
  try {
    return yield* askServers(world, errand, cut, step)
  } finally {
    world.busy.give(cut.zone.key)
  }
}

function standingOf({ servers, nowMs }: World, { zone, kind, endpoints }: Cut): Standing {
  if (zone.labelCount <= 1 || kind !== 'delegation') return 'spared'
  return endpoints.some((endpoint) => servers.hasAnsweredSince(endpoint, nowMs - LIVELY_MS)) ? 'answering' : 'unknown'
}

/** What one step of a walk has tried. */
interface Tries {
  /** Attempts with each server, by its key. */
  readonly attempts: Map<string, number>
  /** Servers that were silent by TCP. */
  readonly mute: Set<string>
  readonly sinceMs: Milliseconds
}

/** What the first of a zone's servers says that says something of use. */
function* askServers(world: World, errand: Errand, cut: Cut, step: Step): Steps<Kept | Referral | Failure> {
  const tries: Tries = { attempts: new Map(), mute: new Set(), sinceMs: world.nowMs }
  const { attempts } = tries
  let failure: Failure = { kind: 'failure', reason: 'unreachable', infoCode: EDE.NO_REACHABLE_AUTHORITY, text: `no server of ${cut.zone} answers` }
  for (let count = 0; count < MAX_ATTEMPTS_PER_STEP; count++) {
    const next = yield* nextServer(world, errand, cut, tries)
    if (next === undefined) return cut.isCurtailed ? curtailed(cut) : failure
    const { endpoint, isOnly } = next
    const key = endpointKey(endpoint)
    const before = attempts.get(key) ?? 0
    attempts.set(key, before + 1)
    const isLast = isOnly && errand.isAside !== true && before + 1 >= MAX_ATTEMPTS_PER_SERVER
    const reply = yield* exchange(world, endpoint, step, { recursion: cut.kind === 'forward', transport: before < MAX_ATTEMPTS_PER_SERVER ? 'udp' : 'tcp', isLast })
    if (reply.kind === 'spent') return { kind: 'failure', reason: 'budget', infoCode: EDE.OTHER, text: 'the work for one question is spent' }
    if (reply.kind === 'silence') {
      if (reply.transport === 'tcp') tries.mute.add(key)
      continue
    }
    const asked = { ...step, zone: cut.zone, forwarded: cut.kind === 'forward' }
    const finding: Finding = reply.kind === 'broken' ? { kind: 'error', rcode: RCODE.FORMERR } : classify(reply.message, asked)
    if (finding.kind !== 'lame' && finding.kind !== 'error') {
      noteTeller(world, finding, { endpoint, zone: cut.zone, hasOthers: hasOthers(world, cut, key) })
      return finding
    }
    attempts.set(key, Infinity) // step 4d: deleted from the list
    // what fails on the way may not fail whole (RFC 9156 4); who is configured is asked as long as it is
    if (isLame(finding) && step.whole && cut.kind === 'delegation') world.servers.setLame(endpoint, cut.zone, world.nowMs)
    failure = useless(cut, finding)
  }
  return failure
}

/** Notes who told a finding, so that another is asked where it turns out to be bogus (RFC 4035 5.5). */
function noteTeller({ tellers, settings }: World, finding: Kept | Referral, teller: Teller): void {
  if (finding.kind === 'referral' || settings.validation === undefined) return
  const told = [...finding.chain, ...(finding.kind === 'answer' ? finding.sets : []), ...(finding.kind === 'absence' ? [finding.absence] : [])]
  for (const what of told) tellers.set(what, teller)
}

/** Whether another server of the zone could be asked that has said nothing bogus of it. */
function hasOthers(world: World, cut: Cut, key: string): boolean {
  const isOther = (endpoint: Endpoint): boolean => endpointKey(endpoint) !== key && isTrusted(world, cut, endpoint) && !world.servers.isResting(endpoint, world.nowMs)
  return cut.endpoints.some(isOther) || (cut.lookups < MAX_LOOKUPS_PER_ZONE && cut.nameless.some((name) => !name.isWithin(cut.zone)))
}

/** Whether the server knows nothing of the zone, whatever is asked of it. SERVFAIL may pass, or be about this name only. */
function isLame(finding: Extract<Finding, { kind: 'lame' | 'error' }>): boolean {
  return finding.kind === 'lame' || finding.rcode === RCODE.REFUSED || finding.rcode === RCODE.NOTAUTH
}

function curtailed({ zone }: Cut): Failure {
  return { kind: 'failure', reason: 'budget', infoCode: EDE.NO_REACHABLE_AUTHORITY, text: `too much work to find servers of ${zone}` }
}

function useless(cut: Cut, finding: Extract<Finding, { kind: 'lame' | 'error' }>): Failure {
  const what = finding.kind === 'lame' ? 'no authority' : printRcode(finding.rcode)
  return { kind: 'failure', reason: 'useless', infoCode: EDE.NO_REACHABLE_AUTHORITY, text: `${what} from servers of ${cut.zone}` }
}

/** The server to ask next: one that is known, else one whose address is looked for; and whether it is the only one that is left. Undefined where none is. */
function* nextServer(world: World, errand: Errand, cut: Cut, tries: Tries): Steps<{ endpoint: Endpoint; isOnly: boolean } | undefined> {
  const { attempts } = tries
  for (;;) {
    const hasTries = (endpoint: Endpoint): boolean => (attempts.get(endpointKey(endpoint)) ?? 0) < mostAttempts(world, endpoint, tries)
    const left = cut.endpoints.filter((endpoint) => hasTries(endpoint) && !world.servers.isResting(endpoint, world.nowMs))
    // those that were not asked yet come before second tries (RFC 1034 5.3.3 step 3)
    const isFresh = (endpoint: Endpoint): boolean => !attempts.has(endpointKey(endpoint))
    const trusted = left.filter((endpoint) => isFresh(endpoint) && isTrusted(world, cut, endpoint))
    if (trusted.length > 0) return { endpoint: world.servers.choose(trusted, world.nowMs), isOnly: false }
    if (yield* findServer(world, errand, cut)) continue
    // who was lame for another question may answer this one: servers refuse types, names and floods
    const rest = someOrAll(left, (endpoint) => !world.servers.isLameFor(endpoint, cut.zone, world.nowMs))
    const last = someOrAll(rest, isFresh)
    return last.length > 0 ? { endpoint: world.servers.choose(last, world.nowMs), isOnly: left.length === 1 } : undefined
  }
}

/** Those that are such, or all where none is. */
function someOrAll(endpoints: readonly Endpoint[], isSuch: (endpoint: Endpoint) => boolean): readonly Endpoint[] {
  const some = endpoints.filter(isSuch)
  return some.length > 0 ? some : endpoints
}

/** One that was silent to us and has answered others meanwhile limits its responses, it may be: by TCP it is asked once more (RFC 9520 3.1). */
function mostAttempts({ servers }: World, endpoint: Endpoint, { mute, sinceMs }: Tries): number {
  const isWorthMore = servers.hasAnsweredSince(endpoint, sinceMs) && !mute.has(endpointKey(endpoint))
  return MAX_ATTEMPTS_PER_SERVER + (isWorthMore ? 1 : 0)
}

/** Whether it has said nothing bogus of the zone lately, nor that it does not serve it: others come after it. */
function isTrusted({ servers, nowMs }: World, { zone }: Cut, endpoint: Endpoint): boolean {
  return !servers.isLameFor(endpoint, zone, nowMs) && !servers.isDoubted(endpoint, zone, nowMs)
}

/** Looks for the address of one more server. True where one was found; false where there is nothing left to look for (NXNSAttack, NRDelegation). */
function* findServer(world: World, { budget }: Errand, cut: Cut): Steps<boolean> {
  while (cut.nameless.length > 0 && cut.lookups < MAX_LOOKUPS_PER_ZONE) {
    const [name] = cut.nameless.splice(world.random(cut.nameless.length), 1)
    if (name.isWithin(cut.zone)) continue // its address is asked of itself: glue was due (RFC 9471 2.1)
    for (const type of familiesOf(world)) {
      if (!budget.takeLookup()) {
        cut.isCurtailed = true
        return false
      }
      cut.lookups++
      const outcome = yield* lookUp(name, type, true)
      const found = outcome.kind === 'answer' ? usableEndpoints(world.settings, outcome.sets.flatMap(addressesIn)) : []
      cut.endpoints.push(...found)
      if (found.length > 0) return true
      if (outcome.kind === 'failure' && (outcome.reason === 'budget' || outcome.reason === 'busy')) cut.isCurtailed = true
      if (outcome.kind === 'nxdomain') break // it has no address of the other family either
    }
  }
  return false
}

function familiesOf({ settings, random }: World): number[] {
  const types = [...(settings.ipv4 ? [TYPE.A] : []), ...(settings.ipv6 ? [TYPE.AAAA] : [])]
  return types.length === 2 && random(2) === 1 ? types.toReversed() : types
}
