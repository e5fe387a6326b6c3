/**
 * Agents and their readings at a capability, or at an ancestor of one, for whoever is told of changes (docs/protocol.md 6):
 * AGENT records of those who live, as a list of candidates has them, and the newest SENSE record of each.
 *
 *     look ──► slots at or below the name ──► living, changed since? ──► who has gone | who has come | who is another
 *
 * An agent that has failed, drains, or is held is gone as one whose lease has ended: what is told is who may be chosen. What holds
 * for several offers of one agent below an ancestor is told once, as long as one of them stands.
 */
import type { WatchedTopic } from '../../authority/watched.ts'
import { TYPE } from '../../dns/codes.ts'
import type { PushChange, PushTopic } from '../../dns/dso.ts'
import { MAX_PUSH_RECORDS, PUSH_READINGS_MS } from '../../dns/limits-sessions.ts'
import { MAX_NAME_OCTETS } from '../../dns/limits.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { Name } from '../../dns/name.ts'
import { octetKey } from '../../dns/octets.ts'
import { type CandidateTable, CapabilityMatch, type Slot } from './candidates.ts'
import { LISTED_PRIORITY } from './candidate-list.ts'
import { isLiving } from './filter.ts'
import { hasReading, READING_OCTETS, writeReading } from './reading-rdata.ts'
import { TABLE } from './table-layout.ts'

/** The world of a topic of agents. */
export interface WatchedAgentsOptions {
  /** The candidates of the zone that the name is in, as they are now; undefined where it has none. */
  readonly table: () => CandidateTable | undefined
  /** Milliseconds since 1970, by the clock that leases run by. */
  readonly nowMs: () => number
}

/** A record that was told of. */
interface Told {
  /** What tells it from others: of an agent's reading the agent alone. */
  readonly key: string
  readonly rdata: Uint8Array
  readonly text: string
  readonly ttl: number
  /** Of the entry, when it was read. */
  readonly version: number
  /** When its lease ends. */
  readonly untilMs: number
}

/** The slot of what stands at the very name and is no agent: an alias (docs/protocol.md 2). */
const ALIAS_SLOT = -1

/** What both topics have in common; the main thread, which writes the table, looks. */
abstract class SlotTopic implements WatchedTopic {
  abstract readonly everyMs: number
  protected abstract readonly type: number
  isCut = false
  private readonly topic: PushTopic
  private readonly options: WatchedAgentsOptions
  private readonly match = new CapabilityMatch()
  private name: LookupName | undefined
  private table: CandidateTable | undefined
  private readonly known = new Map<Slot, Told>()
  /** Who is told of by each key. */
  private readonly holders = new Map<string, Slot>()
  /** How many stand as they were told, at this look. */
  private unchanged = 0
  /** Changes of slots that the table had counted, its index, and until when nothing ends by time alone. */
  private changes = -1
  private index = -1
  private quietUntilMs = 0

  constructor(topic: PushTopic, options: WatchedAgentsOptions) {
    this.topic = topic
    this.options = options
  }

  /** The record of an entry that lives; undefined where it has none. */
  protected abstract read(table: CandidateTable, slot: Slot, nowMs: number): { key: string; rdata: Uint8Array; ttl: number } | undefined
  /** Whether what is told of `slot` is better than what is told of another with the same key. */
  protected abstract outdoes(table: CandidateTable, slot: Slot, other: Slot): boolean
  /** Whether what stands at the very name and is no agent is told of. */
  protected abstract get hasAlias(): boolean

  look(): PushChange[] {
    const table = this.options.table()
    if (this.isQuiet(table)) return []
    this.unchanged = 0
    const there = table !== undefined && this.find(table) ? table : undefined
    const fresh = there === undefined ? [] : this.lookAt(there)
    const gone = this.forgetChanged(there, fresh)
    const added = there === undefined ? [] : this.take(there, fresh)
    this.table = table
    return gone.length === 0 && added.length === 0 ? [] : this.changesOf(gone, added)
  }

  all(): PushChange[] {
    return Array.from(this.known.values(), (told) => this.add(told))
  }

  /** Whether nothing can be other than at the last look; else notes what is now. */
  private isQuiet(table: CandidateTable | undefined): boolean {
    if (table === undefined) return this.known.size === 0
    const [changes, index] = [table.header[TABLE.changes], table.header[TABLE.index]]
    const isQuiet = table === this.table && changes === this.changes && index === this.index && this.options.nowMs() < this.quietUntilMs
    this.changes = changes
    this.index = index
    return isQuiet
  }

  /** Forgets those of `fresh` that were told before, and where that is not all, those that stand no more in `table`, undefined where the name does not; returns them. */
  private forgetChanged(table: CandidateTable | undefined, fresh: readonly Slot[]): Told[] {
    const { match, known } = this
    const gone: Told[] = []
    for (const slot of fresh) this.forget(slot, gone)
    if (known.size === this.unchanged) return gone
    const there = new Set(table === undefined ? [] : match.order.subarray(match.from, match.from + match.count))
    const nowMs = this.options.nowMs()
    for (const slot of known.keys()) if (table === undefined || !there.has(slot) || !isLiving(table, slot, nowMs)) this.forget(slot, gone)
    return gone
  }

  private forget(slot: Slot, gone: Told[]): void {
    const told = this.known.get(slot)
    if (told === undefined) return
    gone.push(told)
    this.known.delete(slot)
    this.holders.delete(told.key)
  }

  private find(table: CandidateTable): boolean {
    const seed = table.header[TABLE.seed]
    let { name } = this
    if (name?.seed !== seed) {
      name = this.name = new LookupName(seed)
      name.loadOnce(this.topic.name.wire)
    }
    return table.lookup(name, this.match)
  }

  /** Marks those that stand as they were told; the slots of all others who live. */
  private lookAt(table: CandidateTable): Slot[] {
    const { order, from, count, aliasAt } = this.match
    const nowMs = this.options.nowMs()
    const isSame = table === this.table
    const fresh: Slot[] = []
    const { version } = table.i32
    this.quietUntilMs = Infinity
    for (let i = from; i < from + count; i++) {
      const slot = order[i]
      const told = this.known.get(slot)
      // whatever is written of an entry steps its version: one column is looked at where nothing was
      if (told !== undefined && isSame && told.version === version[slot] && nowMs < told.untilMs) this.keep(told)
      else if (isLiving(table, slot, nowMs)) fresh.push(slot)
      else this.stayQuietFor(table.f64.holdEndMs[slot], nowMs)
    }
    if (aliasAt !== 0 && this.hasAlias) fresh.push(ALIAS_SLOT)
    return fresh
  }

  private keep({ untilMs }: Told): void {
    this.unchanged++
    if (untilMs < this.quietUntilMs) this.quietUntilMs = untilMs
  }

  private stayQuietFor(untilMs: number, nowMs: number): void {
    if (untilMs > nowMs) this.quietUntilMs = Math.min(this.quietUntilMs, untilMs)
  }

  /** Notes what was not told before, nothing twice; returns it. */
  private take(table: CandidateTable, fresh: readonly Slot[]): Told[] {
    const added = new Map<string, Told>()
    const nowMs = this.options.nowMs()
    this.isCut = false
    for (const slot of fresh) {
      const record = slot === ALIAS_SLOT ? this.readAlias(table) : this.read(table, slot, nowMs)
      if (record === undefined) continue
      const holder = this.holders.get(record.key)
      if (holder !== undefined && !this.outdoes(table, slot, holder)) continue
      if (holder !== undefined) this.known.delete(holder)
      this.isCut ||= this.known.size >= MAX_PUSH_RECORDS
      if (this.known.size >= MAX_PUSH_RECORDS) break
      const [version, untilMs] = slot === ALIAS_SLOT ? [0, Infinity] : [table.i32.version[slot], table.f64.leaseEndMs[slot]]
      const told: Told = { ...record, text: octetKey(record.rdata), version, untilMs }
      this.quietUntilMs = Math.min(this.quietUntilMs, untilMs)
      this.known.set(slot, told)
      this.holders.set(told.key, slot)
      added.set(told.key, told)
    }
    return [...added.values()]
  }

  private readAlias({ heap }: CandidateTable): { key: string; rdata: Uint8Array; ttl: number } {
    const { aliasAt, aliasLength } = this.match
    const rdata = heap.slice(aliasAt, aliasAt + aliasLength)
    return { key: octetKey(rdata), rdata, ttl: 0 }
  }

  /** What was read again and is the same is no change; what has the same key is a change by its coming alone. */
  private changesOf(gone: readonly Told[], added: readonly Told[]): PushChange[] {
    const { name, class: rrClass } = this.topic
    const before = new Set(gone.map(({ key, text }) => key + text))
    const removed = gone.filter(({ key }) => !this.holders.has(key))
    return [
      ...removed.map(({ rdata }): PushChange => ({ kind: 'remove', record: { name, type: this.type, class: rrClass, rdata } })),
      ...added.filter(({ key, text }) => !before.has(key + text)).map((told) => this.add(told)),
    ]
  }

  private add({ rdata, ttl }: Told): PushChange {
    const { name, class: rrClass } = this.topic
    return { kind: 'add', record: { name, type: this.type, class: rrClass, ttl, rdata } }
  }
}

/** AGENT at a capability: everybody who lives, and the alias that a version has moved on by. */
export class AgentTopic extends SlotTopic {
  readonly everyMs = 0
  protected readonly type = TYPE.AGENT

  protected get hasAlias(): boolean {
    return true
  }

  protected outdoes(): boolean {
    return false
  }

  protected read({ i32, f64, heap }: CandidateTable, slot: Slot, nowMs: number): { key: string; rdata: Uint8Array; ttl: number } {
    const rdata = heap.slice(i32.rdataAt[slot], i32.rdataAt[slot] + i32.rdataLength[slot])
    new DataView(rdata.buffer).setUint16(0, LISTED_PRIORITY)
    return { key: octetKey(rdata), rdata, ttl: Math.min(i32.ttl[slot], Math.max(0, Math.floor((f64.leaseEndMs[slot] - nowMs) / 1_000))) }
  }
}

/** SENSE at a capability: how everybody who lives is doing, as told last. */
export class ReadingTopic extends SlotTopic {
  readonly everyMs = PUSH_READINGS_MS
  protected readonly type = TYPE.SENSE
  private readonly octets = new Uint8Array(READING_OCTETS + MAX_NAME_OCTETS)
  private readonly view = new DataView(this.octets.buffer)

  protected get hasAlias(): boolean {
    return false
  }

  /** The newest reading of an agent counts, at whichever of its capabilities it was told. */
  protected outdoes({ f64 }: CandidateTable, slot: Slot, other: Slot): boolean {
    return f64.readingAtMs[slot] > f64.readingAtMs[other]
  }

  protected read(table: CandidateTable, slot: Slot): { key: string; rdata: Uint8Array; ttl: number } | undefined {
    if (!hasReading(table, slot)) return undefined
    const end = writeReading(table, slot, this.view, this.octets, 0)
    if (end < 0) return undefined
    const rdata = this.octets.slice(0, end)
    return { key: Name.fromWire(rdata, 2).key, rdata, ttl: 0 }
  }
}
