/**
 * What the battery asks: for every name of a zone the name itself, its ancestors, children, the names just before
 * and after it, matches of its wildcards, in changing letter case; with types, classes, EDNS and transports drawn
 * by seed. Every name around every node is asked at least once where the wanted total allows it.
 */
import { Chance } from './chance.ts'
import { childOf, isLegal, isWithin, labelsOf, parentOf, printLabels } from './names.ts'
import type { Question } from './wire.ts'

/** Types that most questions of the world ask for, and those that decide between the branches of RFC 1034 4.3.2. */
const COMMON = [1, 28, 2, 6, 15, 5, 39, 43, 16, 255, 46, 47, 50, 51, 48, 64, 65, 33, 12, 65280, 65400, 257]
/** All others that hold data; transfers (251, 252) are another protocol and stay out. */
const RARE = [
  3, 4, 7, 8, 9, 10, 11, 13, 14, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30, 35, 36, 37, 38, 40, 42, 44, 45, 49, 52, 53, 55, 59, 60, 61, 62, 63, 99,
  104, 105, 106, 107, 108, 109, 256, 258, 259, 260, 261, 32768, 32769, 65281, 65440, 65441, 65442, 65534,
]
/** Types that are not data (RFC 6895 3.1): servers differ in what they say to them. */
const META = [41, 249, 250, 253, 254, 128, 0, 65535]
const OTHER_CLASSES = [3, 255, 4, 254, 2, 65440, 0]
const SIZES = [512, 1232, 4096, 0, 65_535]

/** Every name worth asking around these owners: each owner, the names between it and the apex, and their neighbours. */
export function neighbourhood(owners: readonly string[], zone: string): string[] {
  const inside = new Set<string>([zone])
  for (const owner of owners) {
    for (let name: string | undefined = owner; name !== undefined && isWithin(name, zone); name = parentOf(name)) inside.add(name.toLowerCase())
  }
  const names = new Set<string>(inside)
  for (const name of inside) for (const near of around(name)) names.add(near)
  for (const name of outside(zone)) names.add(name)
  return [...names].filter(isLegal)
}

function around(name: string): string[] {
  const labels = labelsOf(name)
  const first = labels[0]
  const below = ['zz', '*', 'a.b', '\\000', 'www', '*.*'].map((label) => childOf(label, name))
  if (!first) return below
  const sibling = (label: number[]): string => printLabels([label, ...labels.slice(1)])
  const last = first.at(-1) ?? 0
  const near = [sibling([...first, 0]), sibling([...first.slice(0, -1), Math.max(last - 1, 0), 255]), sibling([...first.slice(0, -1), Math.min(last + 1, 255)])]
  const parent = printLabels(labels.slice(1))
  if (first.length === 1 && first[0] === 42) near.push(childOf('match', parent), childOf('deep.match', parent), childOf('*.match', parent))
  return [...below, ...near]
}

function outside(zone: string): string[] {
  const parent = parentOf(zone)
  return parent === undefined ? [] : [parent, childOf('zz', parent), childOf('*', parent)]
}

/** `total` questions about `names`, each name in turn, the same for the same seed. */
export function* questionsAbout(names: readonly string[], total: number, seed: number): Generator<Question> {
  const chance = new Chance(seed)
  const order = shuffled(names, chance)
  for (let i = 0; i < total; i++) yield questionAbout(order[i % order.length] as string, chance)
}

function questionAbout(name: string, chance: Chance): Question {
  const type = chance.percent(80) ? chance.pick(COMMON) : chance.percent(90) ? chance.pick(RARE) : chance.pick(META)
  const recordClass = chance.percent(97) ? 1 : chance.pick(OTHER_CLASSES)
  const flags = (chance.percent(10) ? 0x0100 : 0) | (chance.percent(5) ? 0x0010 : 0) | (chance.percent(5) ? 0x0020 : 0)
  const edns = chance.percent(25) ? undefined : { size: chance.pick(SIZES), dnssecOk: chance.percent(65), version: chance.percent(0.5) ? 1 : 0 }
  return { name: chance.percent(20) ? mixCase(name, chance) : name, type, class: recordClass, flags, edns, tcp: chance.percent(5) }
}

function mixCase(name: string, chance: Chance): string {
  return name.replaceAll(/[a-z]/g, (letter) => (chance.percent(50) ? letter.toUpperCase() : letter))
}

function shuffled<T>(list: readonly T[], chance: Chance): T[] {
  const copy = [...list]
  for (let i = copy.length - 1; i > 0; i--) {
    const other = chance.below(i + 1)
    ;[copy[i], copy[other]] = [copy[other] as T, copy[i] as T]
  }
  return copy
}
