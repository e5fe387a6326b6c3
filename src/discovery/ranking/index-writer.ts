/**
 * The writing side of the index of candidates: a node for each capability and each of its ancestors up to `_cap.<domain>`, with
 * the list of all slots at or below it. A slot is put at the end of a list, and the last one takes the place of one that
 * leaves, so that a change costs the same however many there are.
 *
 *     prepare ─ the halves not in use catch up ─► enter, leave, setAlias, … ─► commit ─ changed halves come into use
 *
 * A node has two halves (table-layout.ts): what is changed is written down, and done to the other half when the next
 * changes begin, as from then on no reader can be using that one.
 */
import { MAX_CAPABILITY_LABELS } from '../../dns/limits-discovery.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import type { Heap } from './heap.ts'
import { ListPlaces, Log, roomFor } from './lists.ts'
import { Resting } from './resting.ts'
import { HALF, NODE, TABLE, THERE } from './table-layout.ts'
import { Usual } from './usual.ts'

/** Numbers of the nodes of a capability: its topmost ancestor first, itself last. */
export type Path = readonly number[]

const CAP_LABEL = Uint8Array.of(4, 0x5f, 0x63, 0x61, 0x70) // _cap
/** Octets by which a piece may be longer than what is in it. */
const ROUNDING = 16

/** Writes the index of one table. */
export class IndexWriter {
  private table: CandidateTable
  private readonly heap: Heap
  private readonly name: LookupName
  private readonly usual = new Usual()
  private readonly places = new ListPlaces()
  private readonly resting = new Resting()
  private nextNode = 1
  /** By node: capabilities at or below it. */
  private readonly capabilities: number[] = [0]
  /** By node: those of them at which the last lease has ended. */
  private readonly ended: number[] = [0]
  /** What was done to the halves that are not in use since `prepare`; and what was done before that to those now in use. */
  private logs = new Map<number, Log>()
  private former = new Map<number, Log>()
  private emptied: number[] = []
  private isOpen = false
  /** Octets that the halves not in use will need to catch up. */
  private owed = 0

  constructor(table: CandidateTable, heap: Heap, seed: number) {
    this.table = table
    this.heap = heap
    this.name = new LookupName(seed)
  }

  // ---- Room ----

  /** Whether one more capability can have its nodes. */
  get hasNodes(): boolean {
    return this.nextNode + MAX_CAPABILITY_LABELS - this.resting.size <= this.table.shape.nodeCapacity
  }

  /** Octets of the heap that it takes at most to enter one more slot at a capability of this name, whose nodes are `path` where it is open. */
  octetsFor(owner: Uint8Array, path: Path | undefined): number {
    let octets = this.owed
    if (path !== undefined) {
      for (const node of path) octets += this.growthOf(node)
      return octets
    }
    const { name, table } = this
    name.loadOnce(owner)
    for (let label = this.topLabel(); label >= 0; label--) {
      const node = table.nodeOf(name, label)
      octets += node === 0 ? name.length - name.labelAt[label] + ROUNDING + 2 * 4 * roomFor(1) : this.growthOf(node)
    }
    return octets
  }

  /** Octets for both halves' lists of a node that are longer by one, where those it has are full. */
  private growthOf(node: number): number {
    const { nodes } = this.table
    const half = this.halfOf(node)
    const count = nodes[half + HALF.count]
    return count === nodes[half + HALF.room] ? 2 * 4 * roomFor(count + 1) : 0
  }

  // ---- Capabilities ----

  /** The nodes of a capability that is new, made where they are new. */
  open(owner: Uint8Array): Path {
    this.prepare()
    const { name } = this
    name.loadOnce(owner)
    const path: number[] = []
    for (let label = this.topLabel(); label >= 0; label--) {
      const node = this.table.nodeOf(name, label) || this.makeNode(label)
      this.count(node, 1, 0)
      path.push(node)
    }
    return path
  }

  /** The capability at the end of the path has neither slots nor an alias any more. */
  close(path: Path): void {
    this.prepare()
    for (const node of path) {
      this.count(node, -1, 0)
      if (this.capabilities[node] === 0) this.emptied.push(node)
    }
  }

  /** The last lease at the capability at the end of the path has ended; or something has come there again, or it is forgotten. */
  end(path: Path, isEnded: boolean): void {
    this.prepare()
    for (const node of path) this.count(node, 0, isEnded ? 1 : -1)
  }

  private count(node: number, capabilities: number, ended: number): void {
    const before = this.thereAt(node)
    this.capabilities[node] += capabilities
    this.ended[node] += ended
    const now = this.thereAt(node)
    if (now !== before) this.table.nodes[this.changedHalf(node) + HALF.isThere] = now
  }

  private thereAt(node: number): number {
    return this.capabilities[node] === 0 ? THERE.nothing : this.ended[node] === this.capabilities[node] ? THERE.ended : THERE.something
  }

  /** Label `_cap`, up to which ancestors are entered; 0 where the name has none near enough. */
  private topLabel(): number {
    const { octets, labelAt, labelCount } = this.name
    for (let label = 0; label < labelCount && label < MAX_CAPABILITY_LABELS; label++) {
      const at = labelAt[label]
      if (CAP_LABEL.every((octet, i) => octets[at + i] === octet)) return label
    }
    return 0
  }

  private makeNode(label: number): number {
    const { name, table: { nodes } } = this
    const node = this.resting.take() ?? this.nextNode++
    const at = node * NODE.words
    nodes.fill(0, at, at + NODE.words)
    nodes[at + NODE.hash] = name.hash[label]
    nodes[at + NODE.nameAt] = this.heap.write(name.octets.subarray(name.labelAt[label], name.length))
    nodes[at + NODE.nameLength] = name.length - name.labelAt[label]
    this.capabilities[node] = this.ended[node] = 0
    this.usual.clear(node)
    this.link(node)
    return node
  }

  private link(node: number): void {
    const { heads, nodes } = this.table
    const head = nodes[node * NODE.words + NODE.hash] & (heads.length - 1)
    nodes[node * NODE.words + NODE.next] = heads[head]
    Atomics.store(heads, head, node)
  }

  private unlink(node: number): void {
    const { heads, nodes } = this.table
    const head = nodes[node * NODE.words + NODE.hash] & (heads.length - 1)
    const next = nodes[node * NODE.words + NODE.next]
    if (heads[head] === node) return void Atomics.store(heads, head, next)
    let before = heads[head]
    while (nodes[before * NODE.words + NODE.next] !== node) before = nodes[before * NODE.words + NODE.next]
    Atomics.store(nodes, before * NODE.words + NODE.next, next)
  }

  /** Place and octets of the folded name at the end of the path, in the heap. */
  nameOf(path: Path): { at: number; octets: number } {
    const at = path[path.length - 1] * NODE.words
    return { at: this.table.nodes[at + NODE.nameAt], octets: this.table.nodes[at + NODE.nameLength] }
  }

  /** Place and octets of the RDATA of the capability's alias in the heap, as the next commit has it; 0 octets for none. */
  aliasOf(path: Path): { at: number; octets: number } {
    const half = this.halfOf(path[path.length - 1])
    return { at: this.table.nodes[half + HALF.aliasAt], octets: this.table.nodes[half + HALF.aliasLength] }
  }

  /** Makes what stands in the heap the capability's alias; no octets leave it without one. */
  setAlias(path: Path, at: number, octets: number): void {
    this.prepare()
    const half = this.changedHalf(path[path.length - 1])
    this.table.nodes[half + HALF.aliasAt] = at
    this.table.nodes[half + HALF.aliasLength] = octets
  }

  // ---- Slots ----

  /** Enters a slot, whose claims are written, at a capability and all of its ancestors. */
  enter(path: Path, slot: Slot): void {
    this.prepare()
    const { nodes } = this.table
    this.weigh(path, slot, 1)
    for (let depth = 0; depth < path.length; depth++) {
      const half = this.changedHalf(path[depth])
      const i = nodes[half + HALF.count]++
      this.fit(half, i + 1)
      this.put(path[depth], half, depth, i, slot)
    }
  }

  /** Takes a slot, whose claims are still written, out of all lists. */
  leave(path: Path, slot: Slot): void {
    this.prepare()
    const { lists, nodes } = this.table
    this.weigh(path, slot, -1)
    for (let depth = 0; depth < path.length; depth++) {
      const half = this.changedHalf(path[depth])
      const i = this.places.at(depth, slot)
      const last = --nodes[half + HALF.count]
      if (i !== last) this.put(path[depth], half, depth, i, lists[(nodes[half + HALF.listAt] >>> 2) + last])
      this.shrink(half)
    }
  }

  /** Adds what the slot claims to what is usual at the nodes, or takes it away (−1). Before its claims are written anew, and afterwards. */
  weigh(path: Path, slot: Slot, sign: number): void {
    this.prepare()
    if (!this.usual.read(this.table, slot)) return
    for (const node of path) {
      this.changedHalf(node)
      this.usual.add(node, sign)
    }
  }

  /** Slots at the capability at the end of the path, and below it, as the next commit has them. */
  slotsAt(path: Path): Int32Array {
    const { lists, nodes } = this.table
    const half = this.halfOf(path[path.length - 1])
    const from = nodes[half + HALF.listAt] >>> 2
    return lists.slice(from, from + nodes[half + HALF.count])
  }

  private put(node: number, half: number, depth: number, i: number, slot: Slot): void {
    const { lists, nodes } = this.table
    lists[(nodes[half + HALF.listAt] >>> 2) + i] = slot
    this.places.set(depth, slot, i);
    (this.logs.get(node) as Log).note(i, slot, nodes[half + HALF.count])
  }

  /** Makes room for `count` slots in the list of a half. */
  private fit(half: number, count: number): void {
    const { nodes } = this.table
    if (count > nodes[half + HALF.room]) this.owed += this.moveList(half, roomFor(count))
  }

  private shrink(half: number): void {
    const { nodes } = this.table
    const room = roomFor(2 * nodes[half + HALF.count])
    if (2 * room > nodes[half + HALF.room] || !this.heap.hasRoom(this.owed + 2 * 4 * room)) return
    this.owed += this.moveList(half, room)
  }

  /** Returns the octets of the new list. */
  private moveList(half: number, room: number): number {
    const { lists, nodes } = this.table
    const [from, before] = [nodes[half + HALF.listAt], nodes[half + HALF.room]]
    const to = this.heap.take(room * 4)
    lists.copyWithin(to >>> 2, from >>> 2, (from >>> 2) + Math.min(room, before))
    this.heap.give(from, before * 4)
    nodes[half + HALF.listAt] = to
    nodes[half + HALF.room] = room
    return room * 4
  }

  // ---- Halves ----

  /** The half that the next commit has: in use, unless it has been changed. */
  private halfOf(node: number): number {
    return this.placeOf(node, this.logs.has(node) ? 1 : 0)
  }

  private placeOf(node: number, other: number): number {
    const { nodes } = this.table
    return node * NODE.words + NODE.halves + (nodes[node * NODE.words + NODE.half] ^ other) * HALF.words
  }

  private changedHalf(node: number): number {
    if (!this.logs.has(node)) this.logs.set(node, new Log())
    return this.placeOf(node, 1)
  }

  /** Before the first change since the last commit: the halves that are out of use catch up. */
  prepare(): void {
    if (this.isOpen) return
    this.isOpen = true
    const { header } = this.table
    Atomics.store(header, TABLE.indexWriting, header[TABLE.index] + 1)
    for (const [node, log] of this.former) this.catchUp(this.placeOf(node, 0), this.placeOf(node, 1), log)
    this.former.clear()
    this.owed = 0
  }

  private catchUp(used: number, half: number, { isWhole, writes }: Log): void {
    const { lists, nodes } = this.table
    const count = nodes[used + HALF.count]
    if (nodes[half + HALF.room] !== nodes[used + HALF.room]) this.moveList(half, nodes[used + HALF.room])
    const [from, to] = [nodes[used + HALF.listAt] >>> 2, nodes[half + HALF.listAt] >>> 2]
    if (isWhole) lists.copyWithin(to, from, from + count)
    else for (let at = 0; at < writes.length; at += 2) if (writes[at] < count) lists[to + writes[at]] = writes[at + 1]
    for (const word of COPIED) nodes[half + word] = nodes[used + word]
  }

  /** Puts all changed halves into use. */
  commit(): void {
    this.prepare()
    const { header, nodes } = this.table
    for (const node of this.logs.keys()) {
      this.usual.write(this.table, node, this.placeOf(node, 1))
      Atomics.store(nodes, node * NODE.words + NODE.half, nodes[node * NODE.words + NODE.half] ^ 1)
    }
    const { former } = this
    this.former = this.logs
    this.logs = former
    for (const node of this.emptied) if (this.capabilities[node] === 0 && this.former.delete(node)) this.drop(node)
    this.emptied = []
    this.resting.settle()
    Atomics.store(header, TABLE.index, header[TABLE.index] + 1)
    this.isOpen = false
  }

  /** No reader comes to the node any more. */
  private drop(node: number): void {
    const { nodes } = this.table
    this.unlink(node)
    for (const other of [0, 1]) {
      const half = this.placeOf(node, other)
      this.heap.give(nodes[half + HALF.listAt], nodes[half + HALF.room] * 4)
    }
    this.heap.give(nodes[node * NODE.words + NODE.nameAt], nodes[node * NODE.words + NODE.nameLength])
    this.resting.give(node)
  }

  // ---- Growing ----

  /** Goes on in a larger table, whose heap is `heap`'s by now: both halves of all nodes as they are, in places of their own. */
  moveTo(table: CandidateTable): void {
    const old = this.table
    this.table = table
    table.nodes.set(old.nodes.subarray(0, this.nextNode * NODE.words))
    for (let node = 1; node < this.nextNode; node++) if (this.capabilities[node] > 0 || this.logs.has(node)) this.moveNode(old, node)
  }

  private moveNode(old: CandidateTable, node: number): void {
    const { heap, table: { lists, nodes } } = this
    const at = node * NODE.words
    const moved = (place: number, octets: number): number => (octets === 0 ? 0 : heap.write(old.heap.subarray(place, place + octets)))
    nodes[at + NODE.nameAt] = moved(nodes[at + NODE.nameAt], nodes[at + NODE.nameLength])
    const current = this.halfOf(node)
    const other = current === at + NODE.halves ? current + HALF.words : at + NODE.halves
    for (const half of [current, other]) {
      const from = nodes[half + HALF.listAt] >>> 2
      const to = nodes[half + HALF.room] === 0 ? 0 : heap.take(nodes[half + HALF.room] * 4)
      lists.set(old.lists.subarray(from, from + nodes[half + HALF.count]), to >>> 2)
      nodes[half + HALF.listAt] = to
    }
    const isOne = nodes[current + HALF.aliasAt] === nodes[other + HALF.aliasAt]
    nodes[current + HALF.aliasAt] = moved(nodes[current + HALF.aliasAt], nodes[current + HALF.aliasLength])
    nodes[other + HALF.aliasAt] = isOne ? nodes[current + HALF.aliasAt] : moved(nodes[other + HALF.aliasAt], nodes[other + HALF.aliasLength])
    if (!isOne) heap.give(nodes[other + HALF.aliasAt], nodes[other + HALF.aliasLength]) // given up already, and still shown
    this.link(node)
  }
}

/** Words that a half takes over as they are. */
const COPIED = [HALF.count, HALF.aliasAt, HALF.aliasLength, HALF.costReference, HALF.weightReference, HALF.isThere]
