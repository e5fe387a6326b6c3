/**
 * One zone that updates may change, and the transaction that changes it:
 *
 *     judge each in the draft ─► write to the image, unseen ─► keep ─► commit: seen ─► flows follow ─► tell each its verdict
 *            │ not NOERROR: undone, the others stay               │ not kept: all undone, SERVFAIL
 *
 * A batch is finished, from where the flows follow, while the disk has the next one, or at once where none waits.
 * RFC 2136 3.7: no two updates of a zone are under way at once, and no query sees half of one. RFC 2136 3.5: what is
 * answered is on disk.
 */
import { EDE, RCODE, TYPE } from '../dns/codes.ts'
import type { Name } from '../dns/name.ts'
import { addSerial, type Serial } from '../dns/serial.ts'
import { ImageFull, ZoneEditor } from '../zone/editor.ts'
import type { ZoneImage } from '../zone/image.ts'
import type { KeptWrite, Refusal, UpdateFlow, Verdict } from './contract.ts'
import { EditorDraft } from './draft.ts'
import type { Grants } from './grants.ts'
import { netChanges, type NetChange, type Soa, soaChanges } from './net-changes.ts'
import { Overlay, zonePrefix } from './overlay.ts'
import { isProofType } from './records.ts'
import { refuse } from './refusal.ts'
import { settleImage } from './settled-image.ts'
import { Undoing } from './undoing.ts'
import type { EngineWorld, Job, Outcome } from './world.ts'
import { ZoneQueue } from './zone-queue.ts'
import { type FileState, keepState, readState, settleState, soaOf, type ZoneState } from './zone-state.ts'

/** Verdicts that hold whatever became of the batch: they say nothing of what it changed. */
const UNMOVED: ReadonlySet<number> = new Set([RCODE.FORMERR, RCODE.NOTIMP, RCODE.REFUSED, RCODE.NOTAUTH, RCODE.NOTZONE, RCODE.SERVFAIL])

/** A zone with its queue. `open` must be called before anything is submitted. */
export class WritableZone {
  readonly name: Name
  readonly class: number
  readonly queue: ZoneQueue<Job>
  grants: Grants
  /** Why this zone can take no change at all: it was signed beforehand, or what is kept of it cannot be used. */
  barrier: Refusal | undefined
  /** In service, or about to be. */
  image: ZoneImage
  /** Updates carried out since the start. */
  updates = 0
  private readonly world: EngineWorld
  private readonly flows: readonly UpdateFlow[]
  private readonly overlay: Overlay
  private readonly key: Uint8Array
  private readonly draft: EditorDraft
  private editor: ZoneEditor
  private state: ZoneState = { serial: 0, file: { serial: 0, fingerprint: new Uint8Array(8) }, soa: undefined }
  /** Whether the zone has moved to another block that not every thread reads yet. */
  private isMoved = false
  private readonly undoing: Undoing
  /** What came of the batch before, as long as nobody has been told. */
  private untold: readonly Outcome[] | undefined
  /** What could not be kept when the file was read or written; kept before anything else is, as what comes then builds upon it. */
  private owed: readonly KeptWrite[] = []
  /** The SOA that the file has. */
  private fileSoa: Soa | undefined
  private frozen = false

  constructor(image: ZoneImage, grants: Grants, flows: readonly UpdateFlow[], world: EngineWorld) {
    this.image = image
    this.grants = grants
    this.flows = flows
    this.world = world
    this.draft = new EditorDraft(image)
    this.editor = new ZoneEditor(image)
    this.name = this.draft.apex
    this.class = image.class
    this.key = zonePrefix(this)
    this.overlay = new Overlay(this, world.keeper)
    this.undoing = new Undoing(world.keeper)
    this.queue = new ZoneQueue((batch) => this.carryOut(batch), (run) => world.soon(run), () => this.finish())
  }

  /** SERIAL as it is served. */
  get serial(): Serial {
    return this.state.serial
  }

  /** What the zone's file says, as it was read last. */
  get file(): FileState {
    return this.state.file
  }

  /** Records that updates have added, removed or given another TTL, seen from the file; the SOA is not counted. */
  get changeCount(): number {
    return this.overlay.size
  }

  /** What updates have made of the zone's file: the SOA first, then name by name. */
  async netChanges(): Promise<NetChange[]> {
    if (this.barrier !== undefined) return []
    const release = await this.queue.hold() // a batch under way is in the draft and not yet in the overlay
    try {
      const { draft, overlay, name } = this
      return [...soaChanges(name, this.fileSoa, soaOf(draft)), ...netChanges(overlay.entries(), (owner, type) => draft.ttlOf(owner, type))]
    } finally {
      release()
    }
  }

  /** Why the zone takes no update: it can take no change, or is frozen. Undefined where it takes them. */
  get refusal(): Refusal | undefined {
    return this.barrier ?? (this.frozen ? FROZEN : undefined)
  }

  /** Whether its administrator has frozen it; no start remembers that. */
  get isFrozen(): boolean {
    return this.frozen
  }

  /** Takes no update from now on, those that wait included; leases go on to end. Resolves when what was under way has ended. */
  async freeze(): Promise<void> {
    this.frozen = true
    const release = await this.queue.hold()
    release()
  }

  /** Takes updates again. */
  thaw(): void {
    this.frozen = false
  }

  // ---- The zone's file written anew ----

  /**
   * `image`, the zone as its file has it, which nobody reads, with what updates have made of it and the SOA that is served: all but what
   * stands by a lease. A larger block where it did not fit. The queue must be held; rejects where the store keeps nothing.
   */
  async settled(image: ZoneImage): Promise<ZoneImage> {
    const { overlay, world } = this
    await this.payDebts()
    const draft = new EditorDraft(image)
    overlay.layOver(draft)
    const soa = soaOf(this.draft)
    if (soa !== undefined) draft.putSoa(soa.ttl, soa.rdata)
    const writes = overlay.alignWith(draft)
    if (writes.length > 0) await world.keeper.keep(writes)
    return settleImage(image, draft, (small, least) => world.rebuild(small, least))
  }

  /** The file says now what `settled` gave: nothing lies over it any more. The queue must be held since; rejects where that cannot be kept yet. */
  async adopt(file: FileState): Promise<void> {
    this.state = { serial: this.serial, file, soa: undefined }
    this.fileSoa = soaOf(this.draft)
    this.owed = [...this.overlay.forget(), keepState(this.key, this.state)]
    await this.payOwed()
  }

  private async payOwed(): Promise<void> {
    if (this.owed.length === 0) return
    await this.world.keeper.keep(this.owed)
    this.owed = []
  }

  // ---- Start and reload ----

  /**
   * Takes `image`, the zone as its file has it, which nobody reads yet, and lays over it what updates have made of the zone. Afterwards
   * `this.image` is to be served: a larger block where it did not fit. The queue must be held, or new.
   */
  async open(image: ZoneImage, file: FileState): Promise<void> {
    this.take(image)
    const { draft, world } = this
    draft.clear()
    this.barrier = isSigned(image) ? SIGNED : undefined
    this.fileSoa = soaOf(draft)
    this.state = { serial: file.serial, file, soa: undefined }
    this.owed = []
    if (this.barrier !== undefined) return
    try {
      await this.layOver(file)
    } catch (fault) {
      // what is kept and cannot be used costs the updates and not the zone, which is as its file has it; what is kept stays as it is
      this.editor.abort()
      draft.clear()
      this.barrier = UNUSABLE
      world.onFault(fault)
    }
    this.isMoved = false // nobody reads it yet
  }

  private async layOver(file: FileState): Promise<void> {
    const { draft, flows, undoing, world } = this
    await undoing.undo().catch((fault: unknown) => {
      undoing.forget()
      world.onFault(fault)
    })
    const kept = readState(world.keeper, this.key)
    const writes = this.overlay.layOver(draft)
    let isChanged = writes.length > 0
    for (const flow of flows) {
      const more = flow.restore?.(draft, world.nowMs()) ?? []
      isChanged ||= more.length > 0
      writes.push(...more)
    }
    const state = settleState(draft, file, kept, isChanged)
    await this.write()
    this.editor.commit()
    this.state = state
    draft.clear()
    if (kept !== undefined) writes.push(keepState(this.key, state))
    this.owed = writes
    // what is not kept now is found out again at the next start: the zone is served all the same
    await this.payOwed().catch((fault: unknown) => world.onFault(fault))
  }

  private take(image: ZoneImage): void {
    this.image = image
    this.draft.rebase(image)
    this.editor = new ZoneEditor(image)
  }

  // ---- A batch ----

  private async carryOut(batch: readonly Job[]): Promise<void> {
    const { draft, state } = this
    // responses are signed and sent while the disk has this batch, not while it waits for it
    if (this.untold !== undefined) this.world.soon(() => this.finish())
    // before anything is judged, which may look at what is kept
    const trouble = this.isOwing ? await this.payDebts().then(() => undefined, (fault: unknown) => ({ fault })) : undefined
    let { serial } = state
    const outcomes = batch.map((job) => {
      const outcome = this.judge(job, serial)
      serial = outcome.serial[1]
      return outcome
    })
    draft.mark()
    try {
      if (trouble !== undefined) throw trouble.fault
      const writes = this.collect(outcomes, serial)
      if (writes.length > 0 || draft.isTouched) await this.keep(writes, serial, outcomes.length)
      draft.clear()
    } catch (fault) {
      this.state = state
      this.giveUp(outcomes, fault)
    }
    this.finish() // where this batch has kept nothing
    this.untold = outcomes
    if (this.isMoved) await this.moveReaders()
  }

  /** Does what nobody waited for, and tells what came of the batch, if nobody has been told yet. Does not throw, as another batch may be under way. */
  private finish(): void {
    const { untold, flows, world } = this
    if (untold === undefined) return
    this.untold = undefined
    const trying = (act: () => void): void => {
      try {
        act()
      } catch (fault) {
        world.onFault(fault) // it is kept and seen all the same
      }
    }
    for (const flow of flows) trying(() => flow.follow?.(this))
    for (const outcome of untold) trying(() => this.tell(outcome))
  }

  private get isOwing(): boolean {
    return this.undoing.isOwed || this.owed.length > 0
  }

  /** Keeps all that is owed to the store; rejects as it does. */
  private async payDebts(): Promise<void> {
    if (this.undoing.isOwed) await this.undoing.undo()
    await this.payOwed()
  }

  private tell(outcome: Outcome): void {
    if (outcome.verdict.rcode === RCODE.NOERROR && outcome.job.update !== undefined) this.updates++
    this.world.done(this, outcome)
  }

  /** Judges one update in the draft; unless it ends with NOERROR it leaves no trace there. */
  private judge(job: Job, from: Serial): Outcome {
    const { draft, world } = this
    draft.mark()
    if (this.frozen && job.update !== undefined) return { job, verdict: { ...FROZEN, flow: 'none' }, changes: [], serial: [from, from] }
    let verdict: Verdict
    try {
      verdict = job.judge(draft, world.nowMs())
    } catch (fault) {
      world.onFault(fault)
      verdict = { rcode: RCODE.SERVFAIL, flow: 'fault', reason: 'the server failed' }
    }
    if (verdict.rcode !== RCODE.NOERROR) {
      draft.undo()
      return { job, verdict, changes: [], serial: [from, from] }
    }
    const { changes } = draft
    if (changes.length === 0) return { job, verdict, changes, serial: [from, from] }
    // one step for each message that changed anything, but where it has set the serial itself (RFC 2136 3.6)
    if (changes.some(({ type }) => type === TYPE.SOA)) return { job, verdict, changes, serial: [from, draft.serial] }
    const to = addSerial(from, 1) || 1 // 0 is no serial that an update may set (RFC 2136 4.2)
    draft.setSerial(to)
    return { job, verdict, changes, serial: [from, to] }
  }

  /** Everything that must be on disk before the outcomes are told. */
  private collect(outcomes: readonly Outcome[], serial: Serial): KeptWrite[] {
    const writes = keptOf(outcomes)
    const changes = outcomes.flatMap((outcome) => outcome.changes)
    if (changes.length === 0) return writes
    const { flows } = this
    const own = changes.filter((change) => !change.leased && !flows.some((flow) => flow.keeps?.(this, change) === true))
    writes.push(...this.overlay.writesFor(own))
    for (const flow of flows) writes.push(...(flow.changed?.(this, changes, this.draft) ?? []))
    const soa = changes.some(({ type }) => type === TYPE.SOA) ? soaOf(this.draft) : this.state.soa
    this.state = { ...this.state, soa }
    writes.push(keepState(this.key, { ...this.state, serial }))
    return writes
  }

  private async keep(writes: readonly KeptWrite[], serial: Serial, size: number): Promise<void> {
    const { world } = this
    await this.write()
    const startMs = world.clockMs()
    if (writes.length > 0) await this.undoing.keep(writes)
    world.counts.batch(size, Math.round((world.clockMs() - startMs) * 1_000))
    this.finish() // the one before, before this one is seen
    this.editor.commit()
    this.state = { ...this.state, serial }
    this.settle(true)
  }

  private settle(kept: boolean): void {
    const served = new EditorDraft(this.image)
    for (const flow of this.flows) flow.settled?.(kept, this, served)
  }

  /** Writes the draft into the image, where nobody sees it before the commit; into larger and larger blocks while it does not fit. */
  private async write(): Promise<void> {
    let least = 0
    for (;;) {
      try {
        this.editor.begin()
        return this.draft.writeTo(this.editor)
      } catch (fault) {
        this.editor.abort()
        if (!(fault instanceof ImageFull)) throw fault
        const larger = await this.world.rebuild(this.image, least)
        const size = larger.octets.length
        if (size <= least) throw fault // as large as can be
        this.take(larger)
        this.isMoved = true
        this.world.counts.add('grown')
        least = size
      }
    }
  }

  /** RFC 2136 3.4.2.1: undoes all of the batch and tells so to everybody whose verdict hung on it. */
  private giveUp(outcomes: Outcome[], fault: unknown): void {
    this.editor.abort()
    this.draft.clear()
    this.finish() // the one before
    this.settle(false)
    this.world.counts.add('batches.failed')
    this.world.onFault(fault)
    const text = (fault as { forClient?: string }).forClient ?? (fault instanceof ImageFull ? 'the zone is full' : 'the change cannot be kept')
    for (const outcome of outcomes) {
      const { verdict, serial: [from] } = outcome
      if (UNMOVED.has(verdict.rcode)) continue
      outcome.verdict = { rcode: RCODE.SERVFAIL, ede: { infoCode: EDE.OTHER, text }, flow: verdict.flow, reason: text }
      outcome.serial = [from, from]
      outcome.changes = []
    }
  }

  /** Has every thread read the new block; where that fails the next batch tries it again. */
  private async moveReaders(): Promise<void> {
    const { world, image } = this
    await world.serve(this, image).then(() => (this.isMoved = false), (fault: unknown) => world.onFault(fault))
  }
}

/** What the flows keep; of several writes under one key, in the same array, the last. */
function keptOf(outcomes: readonly Outcome[]): KeptWrite[] {
  const writes = new Map<Uint8Array, KeptWrite>()
  for (const { verdict: { rcode, kept = [] } } of outcomes) if (rcode === RCODE.NOERROR) for (const write of kept) writes.set(write.key, write)
  return [...writes.values()]
}

/** Whether the zone holds signatures made beforehand: they would not cover what an update changes (RFC 4035 2.2). */
function isSigned(image: ZoneImage): boolean {
  for (let link = image.firstLink(image.apex); link !== 0; link = image.nextLink(link)) if (isProofType(image.typeOf(image.rrsetAt(link)))) return true
  return false
}

const UNUSABLE = refuse(RCODE.SERVFAIL, 'what is kept of this zone cannot be used', EDE.OTHER)
const SIGNED = refuse(RCODE.REFUSED, 'the zone is signed beforehand and cannot be updated', EDE.NOT_SUPPORTED)
/** RFC 2136 3.3: who may update what is the server's to say; so it is for a while. */
const FROZEN = refuse(RCODE.REFUSED, 'the zone is frozen by its administrator')
