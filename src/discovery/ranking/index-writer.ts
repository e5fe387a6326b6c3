/**
 * Writes the index of a table of candidates: capabilities in canonical order, so that all at or below a name are
 * one run (RFC 4034 6.1), and a hash table of every name at which agents are found, up to `_cap.<domain>`.
 */
import { MAX_CAPABILITY_LABELS } from '../../dns/limits-discovery.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import { METRIC } from './metrics.ts'
import { INDEX_NODE, TABLE } from './table-layout.ts'

/** One capability at which something is registered. */
export interface Capability {
  /** `Name.key`, by which capabilities are sorted. */
  readonly key: string
  /** Where its own numbers stand in the columns of capabilities. */
  readonly number: number
  /** Its folded name in the heap. */
  readonly nameAt: number
  readonly nameLength: number
  readonly slots: Set<Slot>
  /** RDATA of its alias in the heap; 0 octets for none. */
  aliasAt: number
  aliasLength: number
}

const CAP_LABEL = Uint8Array.of(4, 0x5f, 0x63, 0x61, 0x70) // _cap

/** Sums of what is usual among the agents of a node. */
class Sums {
  readonly costLogs: number[] = []
  readonly costs: number[] = []
  readonly weights: number[] = []
  readonly weighted: number[] = []
}

/** Writes the index of `capabilities`, which are sorted, and puts it into service. False where it has more names than the table has room for. */
export function writeIndex(table: CandidateTable, capabilities: readonly Capability[], seed: number): boolean {
  const { header, capacity, shape } = table
  const next = header[TABLE.index] + 1
  Atomics.store(header, TABLE.indexWriting, next)
  const { words, floats } = table.indexHalf(next & 1)
  words.fill(0, capacity, capacity + shape.hashSlots)
  const writer = new NodeWriter(table, words, floats, seed)
  let at = 0
  for (const capability of capabilities) {
    const from = at
    for (const slot of capability.slots) words[at++] = slot
    if (!writer.add(capability, from, at)) return false
  }
  writer.finish()
  Atomics.store(header, TABLE.index, next)
  return true
}

class NodeWriter {
  private readonly table: CandidateTable
  private readonly words: Int32Array
  private readonly floats: Float32Array
  private readonly name: LookupName
  private readonly sums = new Sums()
  private count = 0

  constructor(table: CandidateTable, words: Int32Array, floats: Float32Array, seed: number) {
    this.table = table
    this.words = words
    this.floats = floats
    this.name = new LookupName(seed)
  }

  /** Enters a capability whose agents are the run `from … to`, and its ancestors; false where there is no room. */
  add(capability: Capability, from: number, to: number): boolean {
    const { name, table } = this
    name.load(table.heap, capability.nameAt)
    const last = this.lastLabel()
    for (let label = 0; label <= last; label++) {
      const number = this.nodeFor(label, capability.nameAt + name.labelAt[label], from)
      if (number === 0) return false
      const node = this.placeOf(number)
      this.words[node + INDEX_NODE.to] = to
      this.addSums(number - 1, from, to)
      if (label > 0) continue
      this.words[node + INDEX_NODE.aliasAt] = capability.aliasAt
      this.words[node + INDEX_NODE.aliasLength] = capability.aliasLength
    }
    return true
  }

  /** Label `_cap`, up to which ancestors are entered; 0 where the name has none near enough. */
  private lastLabel(): number {
    const { octets, labelAt, labelCount } = this.name
    for (let label = 0; label < labelCount && label < MAX_CAPABILITY_LABELS; label++) {
      const at = labelAt[label]
      if (CAP_LABEL.every((octet, i) => octets[at + i] === octet)) return label
    }
    return 0
  }

  /** The number of the node of label `label` and onward, made where it is new; 0 where there is no room. */
  private nodeFor(label: number, nameAt: number, from: number): number {
    const { words, name, table } = this
    const { capacity, shape } = table
    const mask = shape.hashSlots - 1
    const length = name.length - name.labelAt[label]
    let slot = name.hash[label] & mask
    for (; words[capacity + slot] !== 0; slot = (slot + 1) & mask) {
      const node = this.placeOf(words[capacity + slot])
      const isAlike = words[node + INDEX_NODE.hash] === name.hash[label] && words[node + INDEX_NODE.nameLength] === length
      if (isAlike && this.isSame(words[node + INDEX_NODE.nameAt], nameAt, length)) return words[capacity + slot]
    }
    if (this.count === shape.nodeCapacity) return 0
    words[capacity + slot] = ++this.count
    const node = this.placeOf(this.count)
    words[node + INDEX_NODE.hash] = name.hash[label]
    words[node + INDEX_NODE.nameAt] = nameAt
    words[node + INDEX_NODE.nameLength] = length
    words[node + INDEX_NODE.from] = from
    words[node + INDEX_NODE.aliasAt] = words[node + INDEX_NODE.aliasLength] = 0
    return this.count
  }

  private isSame(a: number, b: number, length: number): boolean {
    const { heap } = this.table
    for (let i = 0; i < length; i++) if (heap[a + i] !== heap[b + i]) return false
    return true
  }

  private placeOf(number: number): number {
    return this.table.capacity + this.table.shape.hashSlots + (number - 1) * INDEX_NODE.words
  }

  private addSums(i: number, from: number, to: number): void {
    const { sums, table, words } = this
    for (let at = from; at < to; at++) {
      const slot = words[at]
      if ((table.i32.claimed[slot] & (1 << METRIC.cost)) !== 0) {
        sums.costLogs[i] = (sums.costLogs[i] ?? 0) + Math.log(Math.max(1, table.claims[METRIC.cost][slot] >>> 0))
        sums.costs[i] = (sums.costs[i] ?? 0) + 1
      }
      if (table.i32.weight[slot] < 0) continue
      sums.weights[i] = (sums.weights[i] ?? 0) + table.i32.weight[slot]
      sums.weighted[i] = (sums.weighted[i] ?? 0) + 1
    }
  }

  /** Writes what is usual among the agents of each node. */
  finish(): void {
    const { costLogs, costs, weights, weighted } = this.sums
    for (let i = 0; i < this.count; i++) {
      const node = this.placeOf(i + 1)
      this.floats[node + INDEX_NODE.costReference] = costs[i] > 0 ? Math.exp(costLogs[i] / costs[i]) : 0
      this.floats[node + INDEX_NODE.weightReference] = weighted[i] > 0 ? weights[i] / weighted[i] : 0
    }
  }
}
