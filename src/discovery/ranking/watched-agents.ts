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
/** No version is that, as it is odd where an entry is being written alone. */
const UNTOLD = -1

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
  /** The list of slots at the last look, by place: each one's version as it was judged, UNTOLD where it is to be looked at each time, and until when the judgement stands. */
  private places = new Int32Array(0)
  private versions = new Int32Array(0)
  private untils = new Float64Array(0)
  private placed = 0
  /** Who has a record and is not told of, as another is who has the same key, or enough are. */
  private readonly passedOver = new Set<Slot>()
  /** Changes of slots that the table had counted, its index, and until when nothing ends by time alone. */
  private changes = -1
  private index = -1
  private quietUntilMs = 0
  /** The time of the look: what ends in its midst ends after it. */
  private nowMs = 0

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
    this.nowMs = this.options.nowMs()
    if (this.isQuiet(table)) return []
    const there = table !== undefined && this.find(table) ? table : undefined
    const gone: Told[] = []
    const changed = there === undefined ? [] : this.changedPlaces(there)
    const fresh = this.judge(there, changed, gone)
    const added = there === undefined ? [] : this.take(there, fresh)
    this.note(there, changed)
    this.table = there
    return gone.length === 0 && added.length === 0 ? [] : this.changesOf(gone, added)
  }

  all(): PushChange[] {
    return Array.from(this.known.values(), (told) => this.add(told))
  }

  /** Whether nothing can be other than at the last look; else notes what is now. */
  private isQuiet(table: CandidateTable | undefined): boolean {
    if (table === undefined) return this.known.size === 0
    const [changes, index] = [table.header[TABLE.changes], table.header[TABLE.index]]
    const isQuiet = table === this.table && changes === this.changes && index === this.index && this.nowMs < this.quietUntilMs
    this.changes = changes
    this.index = index
    return isQuiet
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

  /** Places whose slots are not as they were judged: whatever is written of an entry steps its version, so that one column is looked at where nothing was. */
  private changedPlaces(table: CandidateTable): number[] {
    const { match: { order, from, count }, places, versions, untils } = this
    const { version } = table.i32
    const { nowMs } = this
    const before = table === this.table ? Math.min(this.placed, count) : 0
    const changed: number[] = []
    this.quietUntilMs = Infinity
    for (let i = 0; i < before; i++) {
      const slot = order[from + i]
      if (places[i] !== slot || versions[i] !== version[slot] || nowMs >= untils[i]) changed.push(i)
      else if (untils[i] < this.quietUntilMs) this.quietUntilMs = untils[i]
    }
    for (let i = before; i < count; i++) changed.push(i)
    return changed
  }

  /** Forgets into `gone` whoever has left his place and stands at no other, or may not be told of as he was; the slots of all who are to be read anew. */
  private judge(table: CandidateTable | undefined, changed: readonly number[], gone: Told[]): Slot[] {
    const { order, from, count, aliasAt } = this.match
    const isSame = table !== undefined && table === this.table
    const there = new Set(changed.map((i) => order[from + i]))
    for (const slot of isSame ? this.leftPlaces(changed, count) : this.known.keys()) if (!there.has(slot)) this.forget(slot, gone)
    const fresh: Slot[] = []
    if (table === undefined) return fresh
    const { nowMs } = this
    for (const slot of there) {
      const told = this.known.get(slot)
      if (told !== undefined && isSame && told.version === table.i32.version[slot] && nowMs < told.untilMs) continue // it has moved
      this.forget(slot, gone)
      if (isLiving(table, slot, nowMs)) fresh.push(slot)
    }
    this.forget(ALIAS_SLOT, gone)
    if (aliasAt !== 0 && this.hasAlias) fresh.push(ALIAS_SLOT)
    return fresh
  }

  /** Slots that stood where others stand now, or nobody. */
  private leftPlaces(changed: readonly number[], count: number): Slot[] {
    const { places, placed } = this
    return [...changed.filter((i) => i < placed).map((i) => places[i]), ...places.subarray(Math.min(count, placed), placed)]
  }

  /** Notes at the changed places who stands there now, and as what. */
  private note(table: CandidateTable | undefined, changed: readonly number[]): void {
    const { match: { order, from, count }, known } = this
    this.placed = table === undefined ? 0 : count
    if (table === undefined) return
    this.makePlaces(count)
    const { nowMs } = this
    const { i32: { version }, f64: { holdEndMs } } = table
    for (const i of changed) {
      const slot = order[from + i]
      const told = known.get(slot)
      this.places[i] = slot
      this.versions[i] = told?.version ?? (this.passedOver.has(slot) ? UNTOLD : version[slot])
      this.untils[i] = told?.untilMs ?? (holdEndMs[slot] > nowMs ? holdEndMs[slot] : Infinity)
      this.quietUntilMs = Math.min(this.quietUntilMs, this.untils[i])
    }
  }

  private makePlaces(count: number): void {
    if (count <= this.places.length) return
    const room = Math.max(16, count + (count >>> 1))
    const { places, versions, untils } = this
    this.places = new Int32Array(room)
    this.versions = new Int32Array(room)
    this.untils = new Float64Array(room)
    this.places.set(places)
    this.versions.set(versions)
    this.untils.set(untils)
  }

  /** Notes what was not told before, nothing twice; returns it. */
  private take(table: CandidateTable, fresh: readonly Slot[]): Told[] {
    const added = new Map<string, Told>()
    const { nowMs } = this
    this.isCut = false
    this.passedOver.clear()
    for (const slot of fresh) {
      const record = this.isCut ? undefined : slot === ALIAS_SLOT ? this.readAlias(table) : this.read(table, slot, nowMs)
      const holder = record && this.holders.get(record.key)
      if (this.isCut || (holder !== undefined && !this.outdoes(table, slot, holder))) this.passedOver.add(slot)
      if (record === undefined || this.passedOver.has(slot)) continue
      if (holder !== undefined) this.displace(holder)
      this.isCut = this.known.size >= MAX_PUSH_RECORDS
      if (this.isCut) {
        this.passedOver.add(slot)
        continue
      }
      const [version, untilMs] = slot === ALIAS_SLOT ? [0, Infinity] : [table.i32.version[slot], table.f64.leaseEndMs[slot]]
      const told: Told = { ...record, text: octetKey(record.rdata), version, untilMs }
      this.known.set(slot, told)
      this.holders.set(told.key, slot)
      added.set(told.key, told)
    }
    return [...added.values()]
  }

  /** Another is told of with its key: whoever was is looked at each time, as his turn may come again. */
  private displace(slot: Slot): void {
    this.known.delete(slot)
    this.passedOver.add(slot)
    const place = this.places.subarray(0, this.placed).indexOf(slot)
    if (place >= 0) this.versions[place] = UNTOLD
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
