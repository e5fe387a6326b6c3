/**
 * The writing side of a zone's candidates: registrations come and go, and `commit` makes a new index of them
 * (table-layout.ts). Held by the one thread that changes the zone. Readings and outcomes: sensing.ts.
 *
 *     registrar.put({ owner, rdata, ttl, leaseEndMs })      a new agent, a changed or a renewed one
 *     registrar.remove(owner, agent)
 *     registrar.commit()                                    now every reader finds them
 */
import { HANDED_HISTORY, MAX_CANDIDATE_OCTETS, MAX_CANDIDATES, READING_HISTORY } from '../../dns/limits-discovery.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { fold, Name } from '../../dns/name.ts'
import { WireReader } from '../../dns/octets.ts'
import { aliasOf } from '../registration/message.ts'
import { CandidateTable, createTable, type Slot } from './candidates.ts'
import { readClaims } from './claims.ts'
import { Heap } from './heap.ts'
import { writeIndex, type Capability } from './index-writer.ts'
import { DRAINING } from './metrics.ts'
import { nameHash } from './name-hash.ts'
import { DOUBLES, HISTORY, KEPT_COLUMNS, shapeOf, TABLE, WORDS } from './table-layout.ts'

/** One AGENT record that is alive. */
export interface Registration {
  /** Wire name of the capability. */
  owner: Uint8Array
  /** RDATA in wire form, checked: priority, agent, parameters. Priority 0 makes it an alias. */
  rdata: Uint8Array
  /** Seconds. */
  ttl: number
  /** Milliseconds since 1970; Infinity for what is not leased. */
  leaseEndMs: number
}

/** What `put` did. `full`: the table has MAX_CANDIDATES or MAX_CANDIDATE_OCTETS and cannot take it. */
export type PutResult = 'added' | 'changed' | 'same' | 'full'

const FIRST_CAPACITY = 64
const HISTORY_DOUBLES = READING_HISTORY * HISTORY.doubles
/** Octets of the heap for each registration: two names and some ten parameters. */
const HEAP_OCTETS_EACH = 320

/** Keeps one zone's table; `onGrown` is told of the block that has replaced it. */
export class Registrar {
  table: CandidateTable
  private readonly onGrown: (buffer: SharedArrayBuffer) => void
  private readonly seed: number
  private readonly heap: Heap
  private readonly lookup: LookupName
  private readonly slots = new Map<string, Slot>()
  private readonly agents = new Map<string, Set<Slot>>()
  private readonly capabilities = new Map<string, Capability>()
  private readonly numbered = new Map<number, Capability>()
  private readonly values = new Map<string, number>()
  private readonly freeSlots: Slot[] = []
  private readonly freeNumbers: number[] = []
  private nextNumber = 1
  /** Slots given up since the last commit, and before it: used again two commits later, when no reader can hold them. */
  private leaving: Slot[] = []
  private left: Slot[] = []
  private isChanged = false
  private hasGrown = false

  /** `seed` is the process's hash seed, as that of zone images; `capacity` and `heapOctets` are what is expected, both grow. */
  constructor(seed: number, onGrown: (buffer: SharedArrayBuffer) => void = () => undefined, capacity: number = FIRST_CAPACITY, heapOctets: number = capacity * HEAP_OCTETS_EACH) {
    this.seed = seed
    this.onGrown = onGrown
    this.table = new CandidateTable(createTable(capacity, heapOctets, seed))
    this.heap = new Heap(this.table)
    this.lookup = new LookupName(seed)
  }

  /** Bits of the faces that the zone shows, for every reader from now on. */
  showFaces(bits: number): void {
    this.table.header[TABLE.faces] = bits
  }

  /** The slot of an agent at a capability (both wire names); −1 where it is not registered. */
  slotOf(owner: Uint8Array, agent: Uint8Array): Slot {
    return this.slots.get(keyOf(owner, agent)) ?? -1
  }

  /** All slots of an agent, at whatever capability. */
  slotsOf(agent: Uint8Array): readonly Slot[] {
    return [...(this.agents.get(Name.fromWire(agent).key) ?? [])]
  }

  /** Whether the agent is registered anywhere. */
  knows(agent: Name): boolean {
    return this.agents.has(agent.key)
  }

  /** Every capability at which something is registered: wire names, folded. */
  owners(): Uint8Array[] {
    return [...this.capabilities.values()].map((capability) => this.nameOf(capability))
  }

  /** RDATA of all that is registered at a capability, its alias among it. */
  rdatasAt(owner: Uint8Array): Uint8Array[] {
    const capability = this.capabilities.get(Name.fromWire(owner).key)
    if (capability === undefined) return []
    const { aliasAt, aliasLength, slots } = capability
    return [...[...slots].map((slot) => this.rdataOf(slot)), ...(aliasLength > 0 ? [this.table.heap.slice(aliasAt, aliasAt + aliasLength)] : [])]
  }

  /** The capability at which a slot in use is registered. */
  ownerOf(slot: Slot): Uint8Array {
    return this.nameOf(this.numbered.get(this.table.i32.capability[slot]) as Capability)
  }

  /** RDATA of a slot, as it was registered. */
  rdataOf(slot: Slot): Uint8Array {
    const { heap, i32 } = this.table
    return heap.slice(i32.rdataAt[slot], i32.rdataAt[slot] + i32.rdataLength[slot])
  }

  /** Until when this very record is known to live, in ms since 1970; undefined where it is not registered, or otherwise. */
  leaseEndOf(owner: Uint8Array, rdata: Uint8Array): number | undefined {
    const slot = this.slotOf(owner, rdata.subarray(2))
    return slot >= 0 && Buffer.compare(this.rdataOf(slot), rdata) === 0 ? this.table.f64.leaseEndMs[slot] : undefined
  }

  private nameOf({ nameAt, nameLength }: Capability): Uint8Array {
    return this.table.heap.slice(nameAt, nameAt + nameLength)
  }

  /** Tells until when a registration lives now, in ms since 1970. */
  renew(slot: Slot, leaseEndMs: number): void {
    if (this.table.f64.leaseEndMs[slot] !== leaseEndMs) this.change(slot, () => (this.table.f64.leaseEndMs[slot] = leaseEndMs))
  }

  /** Takes a registration; readers meet a new one from the next commit on, the changes of an old one at once. */
  put(registration: Registration): PutResult {
    const { owner, rdata } = registration
    if (rdata[0] === 0 && rdata[1] === 0) return this.putAlias(owner, rdata)
    const agent = Name.read(new WireReader(rdata, 2), false)
    const key = keyOf(owner, agent.wire)
    const known = this.slots.get(key)
    if (known !== undefined) return this.replace(known, registration)
    if (!this.makeRoom(owner.length * 2 + rdata.length)) return 'full'
    const slot = this.takeSlot()
    const capability = this.capabilityOf(owner)
    this.slots.set(key, slot)
    this.agents.set(agent.key, (this.agents.get(agent.key) ?? new Set()).add(slot))
    this.begin(slot)
    this.clear(slot)
    this.table.i32.capability[slot] = capability.number
    this.write(slot, registration)
    this.end(slot)
    capability.slots.add(slot)
    this.table.header[TABLE.count]++
    this.isChanged = true
    return 'added'
  }

  /** Removes an agent from a capability; false where it is not there. An alias is removed by the name that it leads to. */
  remove(owner: Uint8Array, agent: Uint8Array): boolean {
    const key = keyOf(owner, agent)
    const slot = this.slots.get(key)
    const capability = this.capabilities.get(Name.fromWire(owner).key)
    if (capability === undefined) return false
    if (slot === undefined) return this.removeAlias(capability, agent)
    this.slots.delete(key)
    const agentKey = Name.fromWire(agent).key
    const others = this.agents.get(agentKey)
    others?.delete(slot)
    if (others?.size === 0) this.agents.delete(agentKey)
    capability.slots.delete(slot)
    this.begin(slot)
    this.table.byAgent.unlink(slot)
    this.table.byAlias.unlink(slot)
    this.forgetArrivals(slot, capability.number)
    this.heap.give(this.table.i32.rdataAt[slot], this.table.i32.rdataLength[slot])
    this.table.i32.rdataLength[slot] = 0
    this.table.f64.leaseEndMs[slot] = 0
    this.end(slot)
    this.leaving.push(slot)
    this.table.header[TABLE.count]--
    this.dropIfEmpty(capability)
    this.isChanged = true
    return true
  }

  /** Holds an agent exclusively at all its capabilities until then, or frees it where that is past (docs/protocol.md 6). Returns how many that are. */
  hold(agent: Uint8Array, untilMs: number): number {
    const slots = this.slotsOf(agent)
    for (const slot of slots) this.change(slot, () => (this.table.f64.holdEndMs[slot] = untilMs))
    return slots.length
  }

  /** The states of TASK, for an agent that takes part in a group: the highest counts. */
  setState(agent: Uint8Array, state: number): number {
    const slots = this.slotsOf(agent)
    for (const slot of slots) this.change(slot, () => (this.table.i32.state[slot] = state))
    return slots.length
  }

  /** Makes a new index where registrations came or went; readers find them from now on. */
  commit(): void {
    if (!this.isChanged) return
    this.isChanged = false
    const sorted = [...this.capabilities.values()].sort((a, b) => (a.key < b.key ? -1 : 1)) // RFC 4034 6.1
    while (!writeIndex(this.table, sorted, this.seed)) this.grow(this.table.capacity * 2, this.table.shape.heapOctets)
    this.heap.settle()
    this.freeSlots.push(...this.left)
    this.left = this.leaving
    this.leaving = []
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
    const { i32, f64 } = this.table
    i32.attention[slot] = f64.holdEndMs[slot] > 0 || i32.state[slot] >= DRAINING || i32.rdataLength[slot] === 0 ? 1 : 0
    Atomics.add(this.table.i32.version, slot, 1)
  }

  private replace(slot: Slot, registration: Registration): PutResult {
    const { rdata, ttl, leaseEndMs } = registration
    const { i32, heap } = this.table
    const at = i32.rdataAt[slot]
    const isSame = i32.ttl[slot] === ttl && i32.rdataLength[slot] === rdata.length && Buffer.compare(heap.subarray(at, at + rdata.length), rdata) === 0
    if (isSame) {
      this.renew(slot, leaseEndMs)
      return 'same'
    }
    if (!this.makeRoom(rdata.length * 2)) return 'full'
    this.begin(slot)
    this.heap.give(this.table.i32.rdataAt[slot], this.table.i32.rdataLength[slot])
    this.write(slot, registration)
    this.end(slot)
    this.isChanged = true // what is usual among a capability's agents has changed
    return 'changed'
  }

  private putAlias(owner: Uint8Array, rdata: Uint8Array): PutResult {
    if (!this.makeRoom(owner.length * 2 + rdata.length)) return 'full'
    const capability = this.capabilityOf(owner)
    const known = capability.aliasLength > 0
    if (known) this.heap.give(capability.aliasAt, capability.aliasLength)
    capability.aliasAt = this.heap.write(rdata)
    capability.aliasLength = rdata.length
    this.isChanged = true
    return known ? 'changed' : 'added'
  }

  private removeAlias(capability: Capability, target: Uint8Array): boolean {
    if (capability.aliasLength === 0 || !Name.fromWire(this.table.heap, capability.aliasAt + 2).equals(Name.fromWire(target))) return false
    this.heap.give(capability.aliasAt, capability.aliasLength)
    capability.aliasAt = capability.aliasLength = 0
    this.dropIfEmpty(capability)
    return (this.isChanged = true)
  }

  private write(slot: Slot, { rdata, ttl, leaseEndMs }: Registration): void {
    const { table } = this
    const at = this.heap.write(rdata)
    table.i32.rdataAt[slot] = at
    table.i32.rdataLength[slot] = rdata.length
    table.i32.ttl[slot] = ttl
    table.i32.agentHash[slot] = nameHash(rdata, 2)
    table.f64.leaseEndMs[slot] = leaseEndMs
    readClaims(table, slot, rdata, (start, end) => this.valueOf(rdata, start, end))
    table.byAgent.link(slot, this.hashOf(rdata.subarray(2)))
    const alias = aliasOf(rdata)
    if (alias === undefined) table.byAlias.unlink(slot)
    else table.byAlias.link(slot, this.hashOf(alias.wire))
  }

  private hashOf(name: Uint8Array): number {
    this.lookup.loadOnce(name)
    return this.lookup.hash[0]
  }

  /** The number of the value `octets[at … end)`, one for all who have the same. */
  private valueOf(octets: Uint8Array, at: number, end: number): number {
    const text = Buffer.from(octets.buffer, octets.byteOffset + at, end - at).toString('latin1')
    const known = this.values.get(text)
    if (known !== undefined) return known
    const { header, i32 } = this.table
    const number = header[TABLE.values]++
    i32.valueAt[number] = this.heap.write(octets.subarray(at, end))
    i32.valueLength[number] = end - at
    this.values.set(text, number)
    return number
  }

  private capabilityOf(owner: Uint8Array): Capability {
    const name = Name.fromWire(owner)
    const known = this.capabilities.get(name.key)
    if (known !== undefined) return known
    const number = this.freeNumbers.pop() ?? this.nextNumber++
    const folded = owner.map(fold)
    const { f64, i32 } = this.table
    f64.kappa[number] = 1
    f64.totalArrivals[number] = f64.ownRate[number] = f64.ownWeight[number] = f64.ownAtMs[number] = f64.ownArrivals[number] = 0
    i32.picks[number] = 0
    const capability: Capability = { key: name.key, number, nameAt: this.heap.write(folded), nameLength: folded.length, slots: new Set(), aliasAt: 0, aliasLength: 0 }
    this.capabilities.set(name.key, capability)
    this.numbered.set(number, capability)
    i32.capabilityAt[number] = capability.nameAt
    i32.capabilityLength[number] = capability.nameLength
    return capability
  }

  private dropIfEmpty(capability: Capability): void {
    if (capability.slots.size > 0 || capability.aliasLength > 0) return
    this.capabilities.delete(capability.key)
    this.numbered.delete(capability.number)
    this.freeNumbers.push(capability.number)
    this.heap.give(capability.nameAt, capability.nameLength)
  }

  /** An agent that is gone receives nothing any more (sensing.ts counts what all receive). */
  private forgetArrivals(slot: Slot, number: number): void {
    const { f64 } = this.table
    if (f64.arrivalWeight[slot] > 0) f64.totalArrivals[number] = Math.max(0, f64.totalArrivals[number] - f64.arrivalRate[slot] / f64.arrivalWeight[slot])
  }

  private takeSlot(): Slot {
    return this.freeSlots.pop() ?? this.table.header[TABLE.top]++
  }

  private clear(slot: Slot): void {
    const { f64, i32 } = this.table
    for (const name of DOUBLES) if (!KEPT_COLUMNS.has(name)) f64[name][slot] = 0
    for (const name of WORDS) if (!KEPT_COLUMNS.has(name)) i32[name][slot] = 0
    this.table.handedTimes.fill(0, slot * HANDED_HISTORY, (slot + 1) * HANDED_HISTORY)
    this.table.history.fill(0, slot * HISTORY_DOUBLES, (slot + 1) * HISTORY_DOUBLES)
  }

  /** Room for one more registration whose texts take `octets`; false where there can be none. */
  private makeRoom(octets: number): boolean {
    const { capacity, shape, header } = this.table
    const isFull = (this.freeSlots.length === 0 && header[TABLE.top] >= capacity) || header[TABLE.values] + 4 >= capacity || this.nextNumber + 1 >= capacity
    const needsHeap = !this.heap.hasRoom(octets + 256)
    if (!isFull && !needsHeap) return true
    const wanted = isFull ? capacity * 2 : capacity
    const heapOctets = needsHeap ? Math.max(shape.heapOctets * 2, shape.heapOctets + octets * 2 + 1024) : shape.heapOctets
    if (wanted > MAX_CANDIDATES || shapeOf(wanted, wanted * 2 + 64, heapOctets).octets > MAX_CANDIDATE_OCTETS) return false
    this.grow(wanted, heapOctets)
    return true
  }

  /** Moves to a larger block. Its slots, numbers and offsets are the same, so that a reader of the old one misses only what comes after. */
  private grow(capacity: number, heapOctets: number): void {
    const old = this.table
    const table = new CandidateTable(createTable(capacity, heapOctets, this.seed))
    for (const name of DOUBLES) table.f64[name].set(old.f64[name])
    for (const name of WORDS) table.i32[name].set(old.i32[name])
    old.claims.forEach((column, i) => table.claims[i].set(column))
    old.readings.forEach((column, i) => table.readings[i].set(column))
    table.handedTimes.set(old.handedTimes)
    table.history.set(old.history)
    table.heap.set(old.heap)
    for (let slot = 0; slot < old.header[TABLE.top]; slot++) {
      if (table.i32.agentKey[slot] !== 0) table.byAgent.relink(slot, table.i32.agentKey[slot])
      if (table.i32.aliasKey[slot] !== 0) table.byAlias.relink(slot, table.i32.aliasKey[slot])
    }
    for (const word of [TABLE.top, TABLE.count, TABLE.heapTop, TABLE.values, TABLE.faces]) table.header[word] = old.header[word]
    this.table = table
    this.heap.moveTo(table)
    this.isChanged = this.hasGrown = true
  }
}

/** One string for a capability and an agent. */
function keyOf(owner: Uint8Array, agent: Uint8Array): string {
  return `${Name.fromWire(owner).key}\x00${Name.fromWire(agent).key}`
}
