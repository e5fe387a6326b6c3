/**
 * The candidates of a zone: a view of the table that one thread reads (table-layout.ts draws it). `lookup` finds all
 * registrations at or below a capability in one probe; the columns tell everything about each. Nothing here allocates
 * once a view is made.
 */
import { HANDED_HISTORY, MAX_CHAIN_STEPS, MAX_INDEX_TRIES, READING_HISTORY } from '../../dns/limits-discovery.ts'
import type { LookupName } from '../../dns/lookup-name.ts'
import { SlotChains } from './chains.ts'
import { METRIC_COUNT } from './metrics.ts'
import { FAULT, nameEnd, sameFolded } from './values.ts'
import { DOUBLES, HALF, HISTORY, NODE, shapeOf, TABLE, TABLE_MAGIC, THERE, WORDS, type DoubleColumn, type TableShape, type WordColumn } from './table-layout.ts'

/** Number of an entry; −1 is none. */
export type Slot = number

/** Nodes of the index of a table for `capacity` registrations: names of capabilities and of their ancestors. */
export function nodesFor(capacity: number): number {
  return capacity * 2 + 64
}

/** Makes an empty block for `capacity` registrations. */
export function createTable(capacity: number, heapOctets: number, seed: number): SharedArrayBuffer {
  const nodeCapacity = nodesFor(capacity)
  const buffer = new SharedArrayBuffer(shapeOf(capacity, nodeCapacity, heapOctets).octets)
  const header = new Int32Array(buffer)
  header[TABLE.magic] = TABLE_MAGIC
  header[TABLE.capacity] = capacity
  header[TABLE.nodeCapacity] = nodeCapacity
  header[TABLE.heapOctets] = heapOctets
  header[TABLE.seed] = seed
  header[TABLE.heapTop] = header[TABLE.values] = 1 // 0 is no offset and no value
  return buffer
}

const NO_ORDER = new Int32Array(0)

/** What a lookup found: a list of slots, and what the name says besides. */
export class CapabilityMatch {
  /** Slots of all registrations at or below the name are `order[from … from + count)`, in no order, in shared memory: see `CandidateTable.isCurrent`. */
  order: Int32Array = NO_ORDER
  from = 0
  count = 0
  /** Where the RDATA of an alias at the very name stands in the heap, and its octets; 0 for none. */
  aliasAt = 0
  aliasLength = 0
  /** Nobody is there, as the last leases have ended. */
  hasEnded = false
  /** Cost (millionths) and weight that are usual among them: their geometric and arithmetic mean; 0 where none tells. */
  costReference = 0
  weightReference = 0
  /** Number of the index that it was found in. */
  index = 0
}

/** One thread's view of a zone's candidates. RangeError where the block is none. */
export class CandidateTable {
  readonly buffer: SharedArrayBuffer
  readonly shape: TableShape
  readonly capacity: number
  readonly header: Int32Array
  /** Names, values and RDATA. */
  readonly heap: Uint8Array
  /** Columns by name; see table-layout.ts. */
  readonly f64: Readonly<Record<DoubleColumn, Float64Array>>
  readonly i32: Readonly<Record<WordColumn, Int32Array>>
  /** Columns of claims and of readings, by metric. */
  readonly claims: readonly Int32Array[]
  readonly readings: readonly Int32Array[]
  /** When we chose each agent: HANDED_HISTORY words a slot. */
  readonly handedTimes: Int32Array
  /** Earlier readings: READING_HISTORY × HISTORY.doubles a slot. */
  readonly history: Float64Array
  /** Slots by the name of the agent, and by its human name. */
  readonly byAgent: SlotChains
  readonly byAlias: SlotChains
  /** Heads of the chains of nodes, the nodes, the same as floats, and the heap as words. */
  readonly heads: Int32Array
  readonly nodes: Int32Array
  readonly nodeFloats: Float32Array
  readonly lists: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    const header = new Int32Array(buffer, 0, 16)
    if (header[TABLE.magic] !== TABLE_MAGIC) throw new RangeError('Cannot read candidates as the block holds none')
    const capacity = header[TABLE.capacity]
    const shape = shapeOf(capacity, header[TABLE.nodeCapacity], header[TABLE.heapOctets])
    this.buffer = buffer
    this.shape = shape
    this.capacity = capacity
    this.header = header
    this.heap = new Uint8Array(buffer, shape.heapAt, shape.heapOctets)
    this.f64 = Object.fromEntries(DOUBLES.map((name, i) => [name, new Float64Array(buffer, shape.doublesAt + i * capacity * 8, capacity)])) as Record<DoubleColumn, Float64Array>
    this.i32 = Object.fromEntries(WORDS.map((name, i) => [name, new Int32Array(buffer, shape.wordsAt + i * capacity * 4, capacity)])) as Record<WordColumn, Int32Array>
    const metrics = (at: number): Int32Array[] => Array.from({ length: METRIC_COUNT }, (_, i) => new Int32Array(buffer, at + i * capacity * 4, capacity))
    this.claims = metrics(shape.claimsAt)
    this.readings = metrics(shape.readingsAt)
    this.handedTimes = new Int32Array(buffer, shape.handedAt, HANDED_HISTORY * capacity)
    this.history = new Float64Array(buffer, shape.historyAt, READING_HISTORY * HISTORY.doubles * capacity)
    const heads = (kind: number): Int32Array => new Int32Array(buffer, shape.chainsAt + kind * shape.buckets * 4, shape.buckets)
    this.byAgent = new SlotChains(heads(0), this.i32.agentNext, this.i32.agentKey)
    this.byAlias = new SlotChains(heads(1), this.i32.aliasNext, this.i32.aliasKey)
    this.heads = heads(2)
    this.nodes = new Int32Array(buffer, shape.nodesAt, (shape.nodeCapacity + 1) * NODE.words)
    this.nodeFloats = new Float32Array(buffer, shape.nodesAt, this.nodes.length)
    this.lists = new Int32Array(buffer, shape.heapAt, shape.heapOctets >>> 2)
  }

  /** Bits of the faces that the zone shows. */
  get faces(): number {
    return this.header[TABLE.faces]
  }

  /** Registrations held. */
  get count(): number {
    return this.header[TABLE.count]
  }

  /** Whether `name`, loaded with the table's seed, is a capability or an ancestor of one; fills `match` with what is at or below it. */
  lookup(name: LookupName, match: CapabilityMatch): boolean {
    for (let tries = 1; ; tries++) {
      const index = Atomics.load(this.header, TABLE.index)
      match.index = index
      const found = this.search(name, match)
      if (this.isCurrent(match) || tries === MAX_INDEX_TRIES) return found
    }
  }

  /** Whether every slot of `match` still is what it was when it was found, and so what was made of them since: a list is written over, and a slot used again, only when two newer commits have been begun. */
  isCurrent(match: CapabilityMatch): boolean {
    return Atomics.load(this.header, TABLE.indexWriting) - match.index <= 1
  }

  private search(name: LookupName, match: CapabilityMatch): boolean {
    const node = this.nodeOf(name, 0)
    return node !== 0 && this.take(node * NODE.words, match)
  }

  /** The node of label `label` and onward of a name that was loaded with the table's seed; 0 where there is none. */
  nodeOf(name: LookupName, label: number): number {
    const { heads, nodes } = this
    const hash = name.hash[label]
    let node = Atomics.load(heads, hash & (heads.length - 1))
    for (let steps = 0; node !== 0 && steps < MAX_CHAIN_STEPS; steps++, node = nodes[node * NODE.words + NODE.next]) {
      if (nodes[node * NODE.words + NODE.hash] === hash && this.isNamed(node * NODE.words, name, name.labelAt[label])) return node
    }
    return 0
  }

  private isNamed(node: number, name: LookupName, from: number): boolean {
    const { heap, nodes } = this
    const length = name.length - from
    if (nodes[node + NODE.nameLength] !== length) return false
    const at = nodes[node + NODE.nameAt]
    for (let i = 0; i < length; i++) if (heap[at + i] !== name.octets[from + i]) return false
    return true
  }

  /** Fills `match` from the half in use; false where nothing stands there. */
  private take(node: number, match: CapabilityMatch): boolean {
    const { lists, nodeFloats, nodes } = this
    const half = node + NODE.halves + Atomics.load(nodes, node + NODE.half) * HALF.words
    const from = nodes[half + HALF.listAt] >>> 2
    match.order = lists
    match.from = from
    match.count = Math.max(0, Math.min(nodes[half + HALF.count], lists.length - from))
    match.aliasAt = nodes[half + HALF.aliasAt]
    match.aliasLength = nodes[half + HALF.aliasLength]
    match.costReference = nodeFloats[half + HALF.costReference]
    match.weightReference = nodeFloats[half + HALF.weightReference]
    match.hasEnded = nodes[half + HALF.isThere] === THERE.ended
    return nodes[half + HALF.isThere] !== THERE.nothing
  }
}

/** Whether the agent of `slot` is among the first `count` of `slots` already, for another of its capabilities. */
export function holdsAgentOf({ i32, heap }: CandidateTable, slots: Int32Array, count: number, slot: Slot): boolean {
  const nameAt = i32.rdataAt[slot] + 2
  for (let i = 0; i < count; i++) {
    const other = slots[i]
    if (i32.agentHash[other] !== i32.agentHash[slot]) continue
    const end = nameEnd(heap, nameAt, heap.length)
    if (end !== FAULT && sameFolded(heap, nameAt, heap, i32.rdataAt[other] + 2, end - nameAt)) return true
  }
  return false
}
