/**
 * Keeps the score of a comparison: how many questions each pair answered alike, how many differ in an accepted way
 * (by the name of the difference), and the first examples of each kind that is not accepted, with a dig line.
 */
import { acceptedTruncation } from './accepted.ts'
import type { Asked } from './battery.ts'
import { differences, isMessage, missingFrom, SECTIONS, truncationFault, type Difference, type Seen } from './compare.ts'
import { explain } from './explain.ts'
import type { RunningServer } from './peers.ts'
import { digLine, showRecord, typeWord } from './show.ts'
import { ownersOf, type BatteryZone } from './zone-text.ts'
import { FLAG, type Question } from './wire.ts'

const EXAMPLES_PER_KIND = 3

type Tally = { asked: number; same: number; accepted: Map<string, number>; open: Map<string, { count: number; examples: string[] }> }

/** The score of one run. */
export class Report {
  private readonly pairs = new Map<string, Tally>()
  private readonly examplesPerKind: number
  private zones: readonly string[] = []
  private owners: ReadonlySet<string> = new Set()

  /** `examples` are kept of each kind of difference that no accepted one explains. */
  constructor(examples = EXAMPLES_PER_KIND) {
    this.examplesPerKind = examples
  }

  /** The zones that are served from here on; some accepted differences depend on what they hold and where they end. */
  serving(zones: readonly BatteryZone[]): void {
    this.zones = zones.map(({ name }) => name)
    this.owners = new Set(zones.flatMap(ownersOf).map((name) => name.toLowerCase()))
  }

  /** Compares each pair of answers to one question. */
  add({ question, answers, before }: Asked, servers: readonly RunningServer[]): void {
    if (before) servers.forEach((server, i) => this.addTruncation(question, [before[i] as Seen, answers[i] as Seen], server))
    const agreed = agreement(answers, servers)
    for (let i = 0; i < answers.length; i++) {
      for (let j = i + 1; j < answers.length; j++) this.addPair(question, [answers[i] as Seen, answers[j] as Seen], [servers[i] as RunningServer, servers[j] as RunningServer], agreed)
    }
  }

  /** Questions asked of the pair, such as `ours nsd`. */
  asked(pair: string): number {
    return this.pairs.get(pair)?.asked ?? 0
  }

  /** Differences that nothing accepted explains, over pairs that hold `server`; all pairs where it is not given. */
  openCount(server?: string): number {
    let sum = 0
    for (const [pair, tally] of this.pairs) {
      if (server === undefined || pair.split(' ').includes(server)) for (const { count } of tally.open.values()) sum += count
    }
    return sum
  }

  /** The whole score as text. */
  toString(): string {
    return [...this.pairs].map(([pair, tally]) => describe(pair, tally)).join('\n')
  }

  private addPair(question: Question, seen: [Seen, Seen], servers: [RunningServer, RunningServer], agreed: boolean): void {
    const tally = this.tallyOf(`${servers[0].kind} ${servers[1].kind}`)
    tally.asked++
    const all = differences(...seen)
    if (all.length === 0) return void tally.same++
    const { names, open: left } = explain(all, { question, seen, kinds: [servers[0].kind, servers[1].kind], zones: this.zones, owners: this.owners, agreed })
    for (const name of names) tally.accepted.set(name, (tally.accepted.get(name) ?? 0) + 1)
    if (left.length === 0) return
    const key = signature(question, left, seen)
    const open = tally.open.get(key) ?? { count: 0, examples: [] }
    tally.open.set(key, open)
    if (++open.count <= this.examplesPerKind) open.examples.push(example(question, seen, servers))
  }

  private addTruncation(question: Question, [udp, tcp]: [Seen, Seen], server: RunningServer): void {
    const tally = this.tallyOf(server.kind)
    tally.asked++
    const fault = truncationFault(udp, tcp, Math.min(Math.max(question.edns?.size ?? 512, 512), 1232))
    if (fault === undefined) return void tally.same++
    const accepted = acceptedTruncation(server.kind, fault, question, tcp)
    if (accepted) return void tally.accepted.set(accepted, (tally.accepted.get(accepted) ?? 0) + 1)
    const key = `truncation: ${fault.replaceAll(/\d+/g, 'n')}`
    const open = tally.open.get(key) ?? { count: 0, examples: [] }
    tally.open.set(key, open)
    if (++open.count <= this.examplesPerKind) open.examples.push(`    ${digLine({ ...question, tcp: false }, server.port)}\n      ${fault}`)
  }

  private tallyOf(pair: string): Tally {
    const tally = this.pairs.get(pair) ?? { asked: 0, same: 0, accepted: new Map(), open: new Map() }
    this.pairs.set(pair, tally)
    return tally
  }
}

/** True where NSD and Knot are both asked and say the same, whole. */
function agreement(answers: readonly Seen[], servers: readonly RunningServer[]): boolean {
  const [nsd, knot] = ['nsd', 'knot'].map((kind) => answers[servers.findIndex((server) => server.kind === kind)])
  return [nsd, knot].every((seen) => seen !== undefined && isMessage(seen) && !(seen.flags & FLAG.tc)) && differences(nsd as Seen, knot as Seen).length === 0
}

/** Groups differences that probably have one cause. */
function signature(question: Question, left: readonly Difference[], seen: readonly Seen[]): string {
  const kinds = [...new Set(left.map(({ kind }) => kind))]
  const rcodes = seen.map((one) => (isMessage(one) ? one.rcode : '-')).join('/')
  const records = SECTIONS.filter((section) => kinds.includes(section)).map((section) => `${section}[${typesHeld(left, section, 0)}|${typesHeld(left, section, 1)}]`)
  const others = kinds.filter((kind) => !SECTIONS.includes(kind as 'answer'))
  return [...others, ...records, `rcode ${rcodes}`, typeGroup(question), question.edns?.dnssecOk ? 'DO' : ''].join(' ')
}

function typesHeld(left: readonly Difference[], section: string, side: 0 | 1): string {
  const types = left.flatMap(({ kind, holder, record }) => (kind === section && holder === side && record ? [typeWord(record.type)] : []))
  return [...new Set(types)].sort().join('+')
}

function typeGroup({ type, class: recordClass }: Question): string {
  const special = [2, 5, 6, 39, 43, 46, 47, 50, 255, 41, 249, 250, 253, 254]
  return `${special.includes(type) ? `q=${typeWord(type)}` : 'q=other'}${recordClass === 1 ? '' : ` class ${recordClass}`}`
}

function example(question: Question, seen: readonly Seen[], servers: readonly RunningServer[]): string {
  const lines = [`    ${digLine(question, servers[0]?.port ?? 0)}   # ${servers[1]?.kind}: -p ${servers[1]?.port}`]
  const [left, right] = seen as [Seen, Seen]
  if (!isMessage(left) || !isMessage(right)) return [...lines, `      ${JSON.stringify(seen.map((one) => (isMessage(one) ? `rcode ${one.rcode}` : one)))}`].join('\n')
  for (const section of SECTIONS) {
    for (const record of missingFrom(left[section], right[section])) lines.push(`      ${section} only ${servers[0]?.kind}: ${showRecord(record)}`)
    for (const record of missingFrom(right[section], left[section])) lines.push(`      ${section} only ${servers[1]?.kind}: ${showRecord(record)}`)
  }
  lines.push(`      ${seen.map((one, i) => `${servers[i]?.kind}: ${isMessage(one) ? `rcode ${one.rcode} flags ${one.flags.toString(16)} edns ${JSON.stringify(one.edns)}` : ''}`).join(' · ')}`)
  return lines.join('\n')
}

function describe(pair: string, tally: Tally): string {
  const accepted = [...tally.accepted].sort((a, b) => b[1] - a[1]).map(([name, count]) => `  accepted ${count} × ${name}`)
  const open = [...tally.open].sort((a, b) => b[1].count - a[1].count).map(([key, { count, examples }]) => [`  OPEN ${count} × ${key}`, ...examples].join('\n'))
  const sum = [...tally.open.values()].reduce((total, { count }) => total + count, 0)
  return [`${pair}: ${tally.asked} asked, ${tally.same} the same, ${tally.asked - tally.same - sum} accepted, ${sum} open`, ...accepted, ...open].join('\n')
}
