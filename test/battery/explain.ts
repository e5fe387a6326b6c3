/**
 * Splits differences into those that the table of accepted differences claims and those left open. Where NSD and Knot
 * agree with each other against us, it takes more than one that departs: they are probably right.
 */
import { ACCEPTED } from './accepted.ts'
import { isMessage, type Difference, type Seen } from './compare.ts'
import type { Question } from './wire.ts'

/** Two answers to one question, by which servers; `agreed` where NSD and Knot say the same, so that neither alone departs. */
export type Compared = { question: Question; seen: readonly [Seen, Seen]; kinds: readonly [string, string]; zones: readonly string[]; owners: ReadonlySet<string>; agreed: boolean }

/** Splits the points of difference into those that accepted differences claim (by name) and those left open. */
export function explain(all: readonly Difference[], compared: Compared): { names: Set<string>; open: Difference[] } {
  const names = new Set<string>()
  const open = all.filter((difference) => {
    const name = nameFor(difference, compared)
    if (name !== undefined) names.add(name)
    return name === undefined
  })
  return { names, open }
}

/** Where NSD and Knot agree against us, a coincidence of two mistakes is conceivable: then each must be explained for itself. */
function nameFor(difference: Difference, compared: Compared): string | undefined {
  const { kinds, agreed } = compared
  const own = claimant('ours', difference, compared)
  if (own !== undefined || !agreed) return own ?? kinds.map((kind) => claimant(kind, difference, compared)).find((name) => name !== undefined)
  const names = ['nsd', 'knot'].map((kind) => claimant(kind, difference, compared))
  return names.includes(undefined) ? undefined : names[0]
}

/** The accepted difference by which `kind` departs here; where the peers agree, either may stand for the other. */
function claimant(kind: string, difference: Difference, { question, seen: [left, right], kinds, zones, owners, agreed }: Compared): string | undefined {
  if (!isMessage(left) || !isMessage(right)) return undefined
  const at = kinds.indexOf(kind)
  const side = at >= 0 || kind === 'ours' || !agreed ? at : kinds.findIndex((one) => one !== 'ours')
  if (side < 0) return undefined
  const [theirs, other] = side === 0 ? [left, right] : [right, left]
  const view = { question, theirs, other, theyHold: difference.holder === side, zones, owners }
  return ACCEPTED.find(({ who, wide, claims }) => who.includes(kind) && !(agreed && wide) && claims(difference, view))?.name
}
