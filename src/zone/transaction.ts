/**
 * The frame of a change to a zone in service: new versions of the nodes that are touched, stamped with the
 * generation to come, lists of RRsets that share what stays, and the way back. `commit` stores the generation
 * in the header, and in that one store all of it becomes visible to every thread.
 *
 *     begin ──► … mark ──► … rollback(mark) … ──► commit     what came before the mark is kept
 *                                             └─► abort      as if nothing had been
 *
 * Whatever is changed in words that were there before and that somebody may read is noted in `undo`; going back runs that from behind.
 * Space is never taken back within a block, as a reader may be about to look at an unlinked version: it counts
 * as waste, which a rebuild wins back (rebuild.ts).
 */
import { TYPE } from '../dns/codes.ts'
import { negativeTtlOf } from './apex.ts'
import { ZoneImage, type Link, type NodeId, type RRsetId } from './image.ts'
import { CELL, HEADER, LEASED, MARK, NODE, RRSET, STATE_MARKS, VERSION, wordsFor } from './layout.ts'
import { ImageFull, isAgentType, ZoneWriter } from './writer.ts'

/** A point of a transaction to go back to; good until the transaction ends or goes back to an earlier one. */
export interface Savepoint {
  readonly undone: number
  readonly touched: number
  readonly counts: Counts
}

/** What a transaction adds to the zone. */
interface Counts {
  records: number
  /** RRsets of AGENT, SENSE and TASK. */
  agents: number
  /** Words that a rebuild would keep. */
  live: number
}

/** Generation of who sees the newest version of each node, committed or not. */
const NEWEST = 0x7fff_ffff

/** Reads a zone as it will be once the open transaction is committed. */
class PendingImage extends ZoneImage {
  override refresh(): void {
    this.generation = NEWEST
  }

  /** Read anew each time: within a transaction it may change. */
  override get negativeTtl(): number {
    return negativeTtlOf(this)
  }
}

/** The one writer of an image in service, without the changes themselves (editor.ts). */
export class ZoneTransaction extends ZoneWriter {
  /** Sees what the open transaction has changed so far; for the writer's thread alone. */
  readonly view: ZoneImage
  /** Words that each RRset made in this transaction has for records and lease: it can be rewritten, as nobody has seen it. */
  protected rooms = new Map<RRsetId, number>()
  /** SHARED RRsets made in this transaction: records can be added behind theirs, which others see, and none can be changed. */
  protected readonly shares = new Set<RRsetId>()
  protected readonly undo: (() => void)[] = []
  /** RRsets below were there at the last savepoint, so that going back must find them as they were. */
  protected markedTop = 0
  private readonly touched: NodeId[] = []
  private pending = 0
  private startTop = 0
  private counts: Counts = { records: 0, agents: 0, live: 0 }
  /** Words of tables made meanwhile: they stay whatever becomes of the transaction. */
  private tableWords = 0
  private readonly before: RRsetId[] = []

  constructor(image: ZoneImage) {
    super(image.words[HEADER.seed])
    this.class = image.class
    this.image = image
    this.words = image.words
    this.octets = image.octets
    this.view = new PendingImage(image.buffer)
  }

  /** Whether a transaction is open. */
  get isOpen(): boolean {
    return this.pending !== 0
  }

  /** Starts a transaction; one at a time. */
  begin(): void {
    if (this.isOpen) throw new Error('Cannot begin a transaction as another is open')
    this.pending = this.words[HEADER.generation] + 1
    this.startTop = this.markedTop = this.words[HEADER.top]
    this.counts = { records: 0, agents: 0, live: 0 }
  }

  /** A savepoint: `rollback` to it undoes what comes from now on and keeps what came before. */
  mark(): Savepoint {
    this.markedTop = this.words[HEADER.top]
    return { undone: this.undo.length, touched: this.touched.length, counts: { ...this.counts } }
  }

  /** Goes back to a savepoint of this transaction; it may be gone back to again. */
  rollback(savepoint: Savepoint): void {
    while (this.undo.length > savepoint.undone) this.undo.pop()?.()
    this.touched.length = savepoint.touched
    this.counts = { ...savepoint.counts }
  }

  /** Makes the transaction visible to every reader's next `refresh()`; false where it changed nothing, so that the generation stays. */
  commit(): boolean {
    const { words, counts } = this
    const isChanged = this.touched.length > 0
    words[HEADER.records] += counts.records
    words[HEADER.agents] += counts.agents
    if (isChanged) Atomics.store(words, HEADER.generation, this.pending)
    this.end()
    return isChanged
  }

  /** Undoes the transaction: no reader has seen any of it. Nothing where none is open. */
  abort(): void {
    if (this.isOpen) this.rollback({ undone: 0, touched: 0, counts: { records: 0, agents: 0, live: 0 } })
    this.end()
  }

  private end(): void {
    const { words } = this
    if (this.isOpen) words[HEADER.waste] += words[HEADER.top] - this.startTop - this.counts.live - this.tableWords
    this.tableWords = 0
    this.undo.length = this.touched.length = 0
    if (this.rooms.size > 0) this.rooms = new Map() // see EditorDraft.clear
    this.shares.clear()
    this.pending = 0
    this.image.refresh()
  }

  protected requireOpen(): void {
    if (!this.isOpen) throw new Error('Cannot change a zone as no transaction is open')
  }

  // ---- Versions ----

  /** The node's RRset of `key`, with what is pending; 0 where it holds none. */
  protected currentRRset(node: NodeId, key: number): RRsetId {
    return this.view.rrsetFrom(this.view.firstLink(node), key)
  }

  /** The node's version of this transaction, made from what it held before where it is touched for the first time. */
  private versionOf(node: NodeId): number {
    this.requireOpen()
    const state = this.words[node + NODE.state]
    if (state < 0 && this.words[-state + VERSION.generation] === this.pending) return -state
    const marks = this.view.marks(node) & STATE_MARKS
    const first = this.view.firstLink(node)
    const version = this.take(VERSION.words)
    const { words } = this
    words[version + VERSION.generation] = this.pending
    words[version + VERSION.marks] = marks
    words[version + VERSION.firstLink] = first
    words[version + VERSION.older] = state
    Atomics.store(words, node + NODE.state, -version)
    this.undo.push(() => Atomics.store(words, node + NODE.state, state))
    this.touched.push(node)
    return version
  }

  // ---- Lists ----

  /** Puts `made` into the node's list in place of `replaced`, both of `key`; either may be 0. */
  protected exchange(node: NodeId, key: number, replaced: RRsetId, made: RRsetId): void {
    const existed = this.view.exists(node)
    const first = this.view.firstLink(node)
    const rest = replaced === 0 ? first : this.listWithout(first, replaced)
    const version = this.versionOf(node)
    const { words } = this
    const marks = words[version + VERSION.marks]
    if (made !== 0) words[made + RRSET.next] = rest
    words[version + VERSION.firstLink] = made === 0 ? rest : made
    words[version + VERSION.marks] = this.marksWith(node, key, made !== 0, marks)
    this.undo.push(() => {
      words[version + VERSION.firstLink] = first
      words[version + VERSION.marks] = marks
    })
    this.countChange(key, replaced, made)
    if (existed !== this.view.exists(node)) this.tellParent(node, existed ? -1 : 1)
  }

  /** `marks` as they are once the node holds `key` or not. */
  private marksWith(node: NodeId, key: number, isHeld: boolean, marks: number): number {
    const mark = key === TYPE.DNAME ? MARK.dname : key === TYPE.NS && node !== this.image.apex ? MARK.cut : 0
    return isHeld ? marks | mark : marks & ~mark
  }

  /** The list at `first` without `left`: what follows it is shared, what precedes it is linked by cells. */
  private listWithout(first: Link, left: RRsetId): Link {
    const { image, before, words } = this
    let link = first
    let count = 0
    for (; image.rrsetAt(link) !== left; link = image.nextLink(link)) before[count++] = image.rrsetAt(link)
    let rest = image.nextLink(link)
    while (count > 0) {
      const cell = this.take(CELL.words)
      words[cell + CELL.next] = rest
      words[cell + CELL.rrset] = before[--count]
      rest = -cell
    }
    return rest
  }

  /** Words of an RRset with its records and the end of its lease, as it is where they stand in it. */
  protected sizeOf(rrset: RRsetId): number {
    const { words } = this
    return RRSET.words + wordsFor(words[rrset + RRSET.octets]) + ((words[rrset + RRSET.count] & LEASED) !== 0 ? 1 : 0)
  }

  // ---- What exists, and how much ----

  /** Keeps the parents' children marks true where a node comes into being or ceases to be, up to the first that stays as it was. */
  private tellParent(node: NodeId, by: number): void {
    this.counts.live += by * this.nodeWords(node)
    const parent = this.words[node + NODE.parent]
    if (parent === 0) return
    const existed = this.view.exists(parent)
    const version = this.versionOf(parent)
    const { words } = this
    const marks = words[version + VERSION.marks]
    const children = (words[parent + NODE.children] += by)
    words[version + VERSION.marks] = children > 0 ? marks | MARK.children : marks & ~MARK.children
    this.undo.push(() => {
      words[parent + NODE.children] -= by
      words[version + VERSION.marks] = marks
    })
    if (existed !== this.view.exists(parent)) this.tellParent(parent, by)
  }

  private nodeWords(node: NodeId): number {
    if (node === this.image.apex) return 0 // which is there even where it holds nothing
    const isCased = (this.words[node + NODE.marks] & MARK.cased) !== 0
    return NODE.name + wordsFor(this.image.nameLength(node)) * (isCased ? 2 : 1)
  }

  /** Notes that the RRset `replaced`, if it is one, gave way to `made`, if it is one. */
  private countChange(key: number, replaced: RRsetId, made: RRsetId): void {
    if (replaced !== 0) this.countRRset(replaced, -1)
    if (made !== 0) this.countRRset(made, 1)
    if (isAgentType(key & 0xffff)) this.counts.agents += Number(made !== 0) - Number(replaced !== 0)
  }

  /** Takes records and words of the RRset out of the counts (−1) before it is rewritten, or back into them (1). */
  protected countRRset(rrset: RRsetId, sign: number): void {
    this.counts.records += sign * this.image.recordsIn(rrset)
    this.counts.live += sign * this.sizeOf(rrset)
  }

  protected override makeTable(slots: number): number {
    this.tableWords += 1 + slots * 2
    return super.makeTable(slots)
  }

  /** New nodes come into being only with their first version, so the count of children is kept by `tellParent`. */
  protected override countChild(): void {}

  /** Readers hold this block: it cannot be moved under them. */
  protected override reserve(needed: number): void {
    throw new ImageFull(`Cannot add to the zone as its block of ${this.words.length * 4} octets would need ${needed}`)
  }
}
