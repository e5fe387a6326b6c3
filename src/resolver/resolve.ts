/**
 * One question from its name to its end: step 1 of RFC 1034 5.3.3 and its return, over and over along aliases.
 *
 *     1. See if the answer is in local information, and if so return it.      answerSpecial, cache
 *     2 to 4. Ask the world.                                                  walk
 *     4c. An alias: change SNAME to the canonical name and go to step 1.
 */
import { CLASS, EDE, RCODE, TYPE } from '../dns/codes.ts'
import type { ExtendedError } from '../dns/edns.ts'
import { MAX_ALIASES } from '../dns/limits-resolver.ts'
import type { Question } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { aliasBy } from './classify.ts'
import { isProofFault } from '../dnssec/verdict.ts'
import { NO_WORK, TRUST, type Outcome, type Remembered, type RRset } from './contract.ts'
import { answerSpecial } from './special.ts'
import { nowSeconds, type Errand, type Steps, type World } from './steps.ts'
import { walk, type Failure, type Walked } from './walk.ts'

/** Resolves what `errand` asks. */
export function* resolve(world: World, errand: Errand): Steps<Outcome> {
  const chain: RRset[] = []
  const seen = new Set<string>()
  let { name } = errand
  for (;;) {
    seen.add(name.key)
    const found = locally(world, errand, name) ?? (yield* walk(world, errand, name, errand.type))
    if (found.kind === 'failure') return failed(errand, chain, found)
    chain.push(...found.chain)
    if (found.kind !== 'alias') return ended(errand, chain, found)
    name = found.target
    // RFC 1034 5.2.2: loops of aliases are errors; RFC 1034 3.6.2 asks to bear with chains, not with any
    if (seen.has(name.key)) return failed(errand, chain, { kind: 'failure', reason: 'loop', infoCode: EDE.OTHER, text: 'aliases lead to each other' })
    if (aliasesIn(chain) > MAX_ALIASES) return failed(errand, chain, { kind: 'failure', reason: 'budget', infoCode: EDE.OTHER, text: `more than ${MAX_ALIASES} aliases` })
  }
}

/** Whether a question can be resolved: of class IN, and of a type that names hold (RFC 6895 3.1: 128 to 255 are for questions and meta types; ANY is resolved). */
export function isResolvable({ type, class: rrClass }: Question): boolean {
  const isMeta = type === 0 || type === TYPE.OPT || (type >= 128 && type < 255)
  return rrClass === CLASS.IN && !isMeta
}


/** The outcome of a question that is not even begun, or that ends by a fault of ours. */
export function refuse(reason: 'busy' | 'unsupported' | 'loop' | 'budget' | 'fault', text: string): Outcome {
  const unsupported = reason === 'unsupported'
  const explanation = { infoCode: unsupported ? EDE.INVALID_QUERY_TYPE : EDE.OTHER, text }
  return { kind: 'failure', reason, rcode: unsupported ? RCODE.NOTIMP : RCODE.SERVFAIL, chain: [], explanation, work: NO_WORK }
}

/** What needs nobody else: special names and what was kept. */
function locally(world: World, { type, isChecked }: Errand, name: Name): Walked | undefined {
  const special = answerSpecial(world.settings, name, type)
  if (special !== undefined) return special
  if (type === TYPE.ANY) return undefined // what is kept is not all there is
  const known = world.cache.find(name, type, nowSeconds(world), TRUST.answer)
  if (known === undefined) return renamedByMemory(world, name) ?? (isChecked === true ? deniedByMemory(world, name, type) : undefined)
  // RFC 4035 3.2.2, 4.7: that a proof failed is nothing to who does without it
  return known.kind === 'failure' && isChecked !== true && isProofFault(known.infoCode) ? undefined : fromMemory(known)
}

/** The alias that a DNAME makes which is known from another name (RFC 6672 5.3.1). */
function renamedByMemory(world: World, name: Name): Walked | undefined {
  for (let owner = name.parent(); owner.labelCount > 0; owner = owner.parent()) {
    const known = world.cache.find(owner, TYPE.DNAME, nowSeconds(world), TRUST.answer)
    const alias = known?.kind === 'records' ? aliasBy(known.rrset, name) : undefined
    if (alias !== undefined && known?.kind === 'records') return { kind: 'alias', chain: [known.rrset, alias], target: Name.fromWire(alias.records[0].rdata) }
  }
  return undefined
}

/** What a proof for another name denies of this one as well (RFC 8198 5): for who wants proven answers, as nothing else says that it holds. */
function deniedByMemory({ gaps, nowMs }: World, name: Name, type: number): Walked | undefined {
  const absence = gaps.deny(name, type, nowMs)
  return absence && { kind: 'absence', chain: [], absence }
}

function fromMemory(known: Remembered): Walked {
  switch (known.kind) {
    case 'records':
      return { kind: 'answer', chain: [], sets: [known.rrset], glue: [] }
    case 'alias':
      return { kind: 'alias', chain: [known.rrset], target: Name.fromWire(known.rrset.records[0].rdata) }
    case 'failure':
      // RFC 9520 3.2: not asked for again while the failure is remembered
      return { kind: 'failure', reason: 'remembered', infoCode: isProofFault(known.infoCode) ? known.infoCode : EDE.CACHED_ERROR, text: 'it failed a moment ago' }
    default:
      return { kind: 'absence', chain: [], absence: known }
  }
}

function ended({ budget }: Errand, chain: RRset[], found: Exclude<Walked, Failure | { kind: 'alias' }>): Outcome {
  const { work } = budget
  if (found.kind === 'answer') return { kind: 'answer', sets: found.sets, chain, work }
  return { kind: found.absence.kind, absence: found.absence, chain, work }
}

function failed({ budget }: Errand, chain: RRset[], { reason, infoCode, text }: Failure): Outcome {
  const explanation: ExtendedError = { infoCode, text }
  return { kind: 'failure', reason, rcode: RCODE.SERVFAIL, chain, explanation, work: budget.work }
}

/** CNAMEs, those made by a DNAME among them. */
function aliasesIn(chain: readonly RRset[]): number {
  return chain.filter(({ type }) => type === TYPE.CNAME).length
}
