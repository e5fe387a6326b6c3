/**
 * The writing side of a zone's candidates: registrations come and go, and `commit` shows them to every reader
 * (table-layout.ts). Held by the one thread that changes the zone. Readings and outcomes: sensing.ts.
 *
 *     registrar.put({ owner, rdata, ttl, leaseEndMs })      a new agent, a changed or a renewed one
 *     registrar.remove(owner, agent)
 *     registrar.commit()                                    now every reader finds them
 */
import { ENDED_REMEMBERED_MS, MAX_CANDIDATE_OCTETS, MAX_CANDIDATES, MAX_ENDED_REMEMBERED } from '../../dns/limits-discovery.ts'
import { Name } from '../../dns/name.ts'
import { aliasOf } from '../registration/message.ts'
import { CandidateTable, createTable, nodesFor, type Slot } from './candidates.ts'
import { readClaims } from './claims.ts'
import { FreeSlots } from './free-slots.ts'
import { copyColumns, copyTexts } from './growing.ts'
import { Heap } from './heap.ts'
import { type Capability, Holdings, keyOf } from './holdings.ts'
import { IndexWriter, type Path } from './index-writer.ts'
import { DRAINING, IDLE, TRANSITION } from './metrics.ts'
import { nameHash } from './name-hash.ts'
import { Resting } from './resting.ts'
import { shapeOf, TABLE } from './table-layout.ts'
import type { Member, PutResult, Registration } from './taken.ts'
import { ValueNumbers } from './value-numbers.ts'

export type { PutResult, Registration } from './taken.ts'

const FIRST_CAPACITY = 64
/** Value of `binding` of an agent that one task holds at a time. */
const EXCLUSIVE = 1
/** What twice as much adds is enough for whatever one more registration brings. */
const LEAST_CAPACITY = 16
/** Octets of the heap for each registration: two names and some ten parameters, and its places in lists. */
const HEAP_OCTETS_EACH = 320
/** Octets by which RDATA and four values may be rounded up, and by which a label makes what is said of security longer. */
const TEXTS_OCTETS = 6 * 16

/** Keeps one zone's table; `onGrown` is told of the block that has replaced it. */
export class Registrar extends Holdings {
  private readonly onGrown: (buffer: SharedArrayBuffer) => void
  private readonly seed: number
  private readonly heap: Heap
  private readonly values: ValueNumbers
  private readonly freeSlots = new FreeSlots()
  private readonly freeNumbers = new Resting()
  private nextNumber = 1
  /** Keys of capabilities at which the last lease has ended, and until when that is remembered, the first first. */
  private readonly ended = new Map<string, number>()
  private isChanged = false
  private hasGrown = false

  /** `seed` is the process's hash seed, as that of zone images; `capacity` and `heapOctets` are what is expected, both grow. */
  constructor(seed: number, onGrown: (buffer: SharedArrayBuffer) => void = () => undefined, capacity: number = FIRST_CAPACITY, heapOctets: number = capacity * HEAP_OCTETS_EACH) {
    const table = new CandidateTable(createTable(Math.max(LEAST_CAPACITY, capacity), heapOctets, seed))
    const heap = new Heap(table)
    super(table, new IndexWriter(table, heap, seed), seed)
    this.seed = seed
    this.onGrown = onGrown
    this.heap = heap
    this.values = new ValueNumbers(table, heap)
  }

  /** Octets of texts and lists that are alive. */
  get octetsAlive(): number {
    return this.heap.alive
  }

  /** Different values of security, modality, provider, region and holder that agents have now. */
  get valuesHeld(): number {
    return this.values.size
  }

  /** Bits of the faces that the zone shows, for every reader from now on. */
  showFaces(bits: number): void {
    this.table.header[TABLE.faces] = bits
  }

  /** Tells until when a registration lives now, in ms since 1970. */
  renew(slot: Slot, leaseEndMs: number): void {
    if (this.table.f64.leaseEndMs[slot] !== leaseEndMs) this.change(slot, () => (this.table.f64.leaseEndMs[slot] = leaseEndMs))
  }

  /** Takes a registration; readers meet a new one from the next commit on, the changes of an old one at once. */
  put(registration: Registration): PutResult {
    const { owner, rdata } = registration
    if (rdata[0] === 0 && rdata[1] === 0) return this.putAlias(owner, rdata)
    const key = keyOf(owner)
    const known = this.capabilities.get(key)
    const held = known === undefined ? -1 : this.slotAt(known, rdata.subarray(2))
    if (known !== undefined && held >= 0) return this.replace(known, held, registration)
    if (!this.makeRoom(rdata.length, owner, known?.path)) return 'full'
    const capability = known ?? this.open(key, owner)
    this.begun(capability)
    const slot = this.freeSlots.takeFor(this.table)
    this.begin(slot)
    this.table.i32.capability[slot] = capability.number
    this.write(slot, registration)
    this.end(slot)
    this.index.enter(capability.path, slot)
    capability.agents++
    this.table.header[TABLE.count]++
    this.isChanged = true
    return 'added'
  }

  /** Removes an agent from a capability; false where it is not there. An alias is removed by the name that it leads to. Whose lease has ended by `nowMs` is remembered to have been there. */
  remove(owner: Uint8Array, agent: Uint8Array, nowMs: number = -Infinity): boolean {
    const capability = this.capabilities.get(keyOf(owner))
    if (capability === undefined) return false
    const slot = this.slotAt(capability, agent)
    if (slot < 0) return this.removeAlias(capability, agent)
    const hasEnded = this.table.f64.leaseEndMs[slot] <= nowMs
    this.index.leave(capability.path, slot)
    capability.agents--
    this.begin(slot)
    this.table.byAgent.unlink(slot)
    this.table.byAlias.unlink(slot)
    this.forgetArrivals(slot, capability.number)
    this.giveTexts(slot, [...this.valuesOf(slot), this.table.i32.holder[slot]])
    this.table.i32.rdataLength[slot] = 0
    this.table.f64.leaseEndMs[slot] = 0
    this.end(slot)
    this.freeSlots.give(slot)
    this.table.header[TABLE.count]--
    if (hasEnded && this.isEmpty(capability)) this.remember(capability, nowMs)
    else this.closeIfEmpty(capability)
    return (this.isChanged = true)
  }

  /**
   * Makes the agent a member of a task group, or of none: at each capability where its binding is exclusive the group holds it as long as that says, but
   * for one in transition, which may take new work (docs/protocol.md 6). Who is shared is free all the same.
   */
  bind(agent: Uint8Array, member: Member | undefined): void {
    for (const slot of this.slotsOf(agent)) {
      if (member !== undefined && this.table.i32.binding[slot] === EXCLUSIVE) this.bindAt(slot, member)
      else if (this.table.i32.holder[slot] !== 0 || this.table.f64.holdEndMs[slot] !== 0) this.change(slot, () => this.setHolder(slot, 0, 0, IDLE))
    }
  }

  private bindAt(slot: Slot, { group, state, sinceMs }: Member): void {
    const { path } = this.numbered[this.table.i32.capability[slot]] as Capability
    const hasRoom = this.makeRoom(group.wire.length, group.wire, path)
    const { f64, i32 } = this.table
    const seconds = i32.bindingSeconds[slot]
    const endMs = state === TRANSITION ? 0 : seconds === 0 ? Infinity : sinceMs + seconds * 1_000
    const holder = hasRoom ? this.values.take(group.wire, 0, group.wire.length) : 0 // held all the same, from its own group too
    if (holder === i32.holder[slot] && endMs === f64.holdEndMs[slot] && state === i32.state[slot]) this.values.give(holder)
    else this.change(slot, () => this.setHolder(slot, holder, endMs, state))
  }

  private setHolder(slot: Slot, holder: number, endMs: number, state: number): void {
    const { f64, i32 } = this.table
    this.values.give(i32.holder[slot])
    i32.holder[slot] = holder
    f64.holdEndMs[slot] = endMs
    i32.state[slot] = state
    this.isChanged = true // what was given up rests until the next commits
  }

  /** Whether an agent passes its probes: one that does not counts as failed at all its capabilities, whatever it says of itself. */
  setHealth(agent: Uint8Array, isWell: boolean): void {
    const unwell = isWell ? 0 : 1
    for (const slot of this.slotsOf(agent)) if (this.table.i32.unwell[slot] !== unwell) this.change(slot, () => (this.table.i32.unwell[slot] = unwell))
  }

  /** Shows readers what came and went: they find it from now on. */
  commit(): void {
    if (!this.isChanged) return
    this.isChanged = false
    this.index.commit()
    this.heap.settle()
    this.values.settle()
    this.freeSlots.settle()
    this.freeNumbers.settle()
    if (this.hasGrown) this.onGrown(this.table.buffer)
    this.hasGrown = false
  }

  /** Runs `write` on a slot so that readers see all of it or nothing. */
  change(slot: Slot, write: () => void): void {
    this.begin(slot)
    write()
    this.end(slot)
  }

  private begin(slot: Slot): void {
    Atomics.add(this.table.i32.version, slot, 1)
  }

  private end(slot: Slot): void {
    const { header, i32, f64 } = this.table
    i32.attention[slot] = f64.holdEndMs[slot] > 0 || i32.state[slot] >= DRAINING || i32.unwell[slot] !== 0 || i32.rdataLength[slot] === 0 ? 1 : 0
    Atomics.add(header, TABLE.changes, 1)
    Atomics.add(i32.version, slot, 1)
  }

  private replace(capability: Capability, slot: Slot, registration: Registration): PutResult {
    const { owner, rdata, ttl, leaseEndMs } = registration
    const { i32, heap } = this.table
    const at = i32.rdataAt[slot]
    const isSame = i32.ttl[slot] === ttl && i32.rdataLength[slot] === rdata.length && Buffer.compare(heap.subarray(at, at + rdata.length), rdata) === 0
    if (isSame) {
      this.renew(slot, leaseEndMs)
      return 'same'
    }
    if (!this.makeRoom(rdata.length, owner, capability.path)) return 'full'
    this.index.weigh(capability.path, slot, -1)
    const before = this.valuesOf(slot)
    this.begin(slot)
    const [rdataAt, octets] = [this.table.i32.rdataAt[slot], this.table.i32.rdataLength[slot]]
    this.write(slot, registration)
    this.giveTexts(slot, before, rdataAt, octets)
    this.end(slot)
    this.index.weigh(capability.path, slot, 1)
    this.isChanged = true // what is usual among a capability's agents has changed
    return 'changed'
  }

  private valuesOf(slot: Slot): number[] {
    const { security, modality, provider, region } = this.table.i32
    return [security[slot], modality[slot], provider[slot], region[slot]]
  }

  /** Gives back RDATA and values that a slot had. */
  private giveTexts(slot: Slot, values: readonly number[], at: number = this.table.i32.rdataAt[slot], octets: number = this.table.i32.rdataLength[slot]): void {
    this.heap.give(at, octets)
    for (const number of values) this.values.give(number)
  }

  private putAlias(owner: Uint8Array, rdata: Uint8Array): PutResult {
    if (!this.makeRoom(rdata.length, owner, undefined)) return 'full'
    const capability = this.capabilities.get(keyOf(owner)) ?? this.open(keyOf(owner), owner)
    const { path } = capability
    this.begun(capability)
    const { at, octets } = this.index.aliasOf(path)
    this.heap.give(at, octets)
    this.index.setAlias(path, this.heap.write(rdata), rdata.length)
    this.isChanged = true
    return octets > 0 ? 'changed' : 'added'
  }

  private removeAlias(capability: Capability, target: Uint8Array): boolean {
    const { at, octets } = this.index.aliasOf(capability.path)
    if (octets === 0 || !Name.fromWire(this.table.heap, at + 2).equals(Name.fromWire(target))) return false
    this.heap.give(at, octets)
    this.index.setAlias(capability.path, 0, 0)
    this.closeIfEmpty(capability)
    return (this.isChanged = true)
  }

  private write(slot: Slot, { owner, rdata, ttl, leaseEndMs }: Registration): void {
    const { table } = this
    const at = this.heap.write(rdata)
    table.i32.rdataAt[slot] = at
    table.i32.rdataLength[slot] = rdata.length
    table.i32.ttl[slot] = ttl
    table.i32.agentHash[slot] = nameHash(rdata, 2)
    table.f64.leaseEndMs[slot] = leaseEndMs
    readClaims(table, slot, owner, rdata, (octets, start, end) => this.values.take(octets, start, end))
    table.byAgent.link(slot, this.hashOf(rdata.subarray(2)))
    const alias = aliasOf(rdata)
    if (alias === undefined) table.byAlias.unlink(slot)
    else table.byAlias.link(slot, this.hashOf(alias.wire))
  }

  private open(key: string, owner: Uint8Array): Capability {
    const number = this.freeNumbers.take() ?? this.nextNumber++
    const { f64, i32 } = this.table
    f64.kappa[number] = 1
    f64.totalArrivals[number] = f64.ownRate[number] = f64.ownWeight[number] = f64.ownAtMs[number] = f64.ownArrivals[number] = 0
    i32.picks[number] = 0
    const path = this.index.open(owner)
    const capability: Capability = { key, number, path, agents: 0 }
    this.capabilities.set(key, capability)
    this.numbered[number] = capability
    this.tellName(capability)
    return capability
  }

  /** Where readers find the name of a capability. */
  private tellName({ number, path }: Capability): void {
    const { at, octets } = this.index.nameOf(path)
    this.table.i32.capabilityAt[number] = at
    this.table.i32.capabilityLength[number] = octets
  }

  private closeIfEmpty(capability: Capability): void {
    const { key, number, path } = capability
    if (!this.isEmpty(capability)) return
    this.index.close(path)
    this.capabilities.delete(key)
    this.numbered[number] = undefined
    this.freeNumbers.give(number)
  }

  private isEmpty({ agents, path }: Capability): boolean {
    return agents === 0 && this.index.aliasOf(path).octets === 0
  }

  /** The last lease at the capability has ended: who asks there is told so for a while. */
  private remember(capability: Capability, nowMs: number): void {
    this.index.end(capability.path, true)
    this.ended.set(capability.key, nowMs + ENDED_REMEMBERED_MS)
    if (this.ended.size <= MAX_ENDED_REMEMBERED) return
    for (const key of this.ended.keys()) return this.forget(key)
  }

  /** Something stands at the capability again, which may have ended. */
  private begun({ key, path }: Capability): void {
    if (this.ended.delete(key)) this.index.end(path, false)
  }

  private forget(key: string): void {
    const capability = this.capabilities.get(key)
    if (capability === undefined) return
    this.begun(capability)
    this.closeIfEmpty(capability)
    this.isChanged = true
  }

  /** Forgets where leases ended long ago. */
  forgetEnded(nowMs: number): void {
    for (const [key, untilMs] of this.ended) {
      if (untilMs > nowMs) return
      this.forget(key)
    }
  }

  /** An agent that is gone receives nothing any more (sensing.ts counts what all receive). */
  private forgetArrivals(slot: Slot, number: number): void {
    const { f64 } = this.table
    if (f64.arrivalWeight[slot] > 0) f64.totalArrivals[number] = Math.max(0, f64.totalArrivals[number] - f64.arrivalRate[slot] / f64.arrivalWeight[slot])
  }

  /** Room for one more registration at `owner`, whose nodes are `path` where it is open, and whose RDATA takes `octets`; false where there can be none. */
  private makeRoom(octets: number, owner: Uint8Array, path: Path | undefined): boolean {
    const { capacity, shape, header } = this.table
    const isOutOfNumbers = (this.freeSlots.size === 0 && header[TABLE.top] >= capacity) || (this.freeNumbers.size === 0 && this.nextNumber >= capacity)
    const isFull = isOutOfNumbers || !this.values.hasRoom(4) || !this.index.hasNodes
    const wantedOctets = octets * 2 + TEXTS_OCTETS + this.index.octetsFor(owner, path) // values stand once more beside the RDATA that has them
    const needsHeap = !this.heap.hasRoom(wantedOctets)
    if (!isFull && !needsHeap) return true
    const wanted = isFull ? capacity * 2 : capacity
    const heapOctets = needsHeap ? Math.max(shape.heapOctets, (this.heap.alive + wantedOctets) * 2) : shape.heapOctets
    if (wanted > MAX_CANDIDATES || shapeOf(wanted, nodesFor(wanted), heapOctets).octets > MAX_CANDIDATE_OCTETS) return false
    this.grow(wanted, heapOctets)
    return true
  }

  /** Moves to a larger block. Its slots and numbers are the same, so that a reader of the old one misses only what comes after; texts and lists stand elsewhere, without gaps. */
  private grow(capacity: number, heapOctets: number): void {
    const old = this.table
    const table = new CandidateTable(createTable(capacity, heapOctets, this.seed))
    copyColumns(old, table, Math.max(old.header[TABLE.top], old.header[TABLE.values], this.nextNumber))
    this.table = table
    this.heap.moveTo(table)
    copyTexts(old, table, this.heap)
    this.values.moveTo(table, old)
    this.index.moveTo(table)
    for (const capability of this.capabilities.values()) this.tellName(capability)
    this.isChanged = this.hasGrown = true
  }
}
