/**
 * Where updates come in: from a message to its zone's queue, through the flows, and back with a verdict. The
 * world is handed in: the store, the clocks, who serves what has grown, who writes the audit.
 *
 *     submit(message, requester) ─► readRequest ─► the zone's queue ─► flows in order, RFC 2136 last ─► Verdict
 *     carryOut(own change)       ────────────────►
 */
import { EDE, RCODE } from '../dns/codes.ts'
import type { Message } from '../dns/message.ts'
import { keyInClass, type Name } from '../dns/name.ts'
import type { ZoneImage } from '../zone/image.ts'
import { AuditBound, auditLine, type Audited } from './audit.ts'
import type { OwnChange, Refusal, Requester, Update, UpdateFlow, Verdict } from './contract.ts'
import { UpdateCounts } from './counters.ts'
import type { EditorDraft } from './draft.ts'
import type { Grants } from './grants.ts'
import { refuse } from './refusal.ts'
import { readRequest } from './request.ts'
import { StandardFlow } from './standard.ts'
import type { EngineOptions, EngineWorld, Outcome } from './world.ts'
import { WritableZone } from './writable-zone.ts'
import type { FileState } from './zone-state.ts'

/** Every zone that can be changed, and the way to it. */
export class UpdateEngine {
  readonly counts = new UpdateCounts()
  private readonly world: EngineWorld
  private readonly flows: readonly UpdateFlow[]
  private readonly zones = new Map<string, WritableZone>()
  private readonly bound = new AuditBound()

  constructor(options: EngineOptions) {
    const done: EngineWorld['done'] = (zone, outcome) => this.done(zone, outcome)
    this.world = Object.assign(Object.create(options) as EngineOptions, { counts: this.counts, done })
    this.flows = [...(options.flows ?? []), new StandardFlow((draft) => this.grantsOf(draft))]
  }

  // ---- Zones ----

  /** The zone, where it can be changed. */
  find(name: Name, rrClass: number): WritableZone | undefined {
    return this.zones.get(keyInClass({ name, class: rrClass }))
  }

  /** Makes a zone changeable: `image` is as its file has it and not yet in service; afterwards the zone's own `image` is to be served. */
  async open(image: ZoneImage, file: FileState, grants: Grants): Promise<WritableZone> {
    const zone = new WritableZone(image, grants, this.flows, this.world)
    await zone.open(image, file)
    this.zones.set(keyInClass(zone), zone)
    return zone
  }

  /** Makes a zone one that cannot be changed any more; what waits is refused. */
  async close(zone: WritableZone): Promise<void> {
    this.zones.delete(keyInClass(zone))
    await zone.queue.hold()
    for (const job of zone.queue.clear()) job.resolve({ rcode: RCODE.REFUSED, flow: 'none', reason: 'the zone can no longer be changed' })
  }

  /** Lets what is under way end in every zone. */
  async stop(): Promise<void> {
    await Promise.all([...this.zones.values()].map((zone) => this.close(zone)))
  }

  private grantsOf(draft: { apex: Name; class: number }): Grants {
    return (this.find(draft.apex, draft.class) as WritableZone).grants
  }

  // ---- Updates ----

  /** What becomes of the UPDATE or compact update in `message`; resolves when it is on disk and seen, or refused. Never rejects. */
  submit(message: Message, requester: Requester): Promise<Verdict> {
    const request = readRequest(message, (name, rrClass) => this.world.zoneOf(name, rrClass))
    if ('rcode' in request) return this.refuse(request, message, requester)
    const update = this.flows.reduce((renamed, flow) => flow.rename?.(renamed) ?? renamed, request)
    const zone = this.find(update.zone.name, update.zone.class)
    const refusal = zone === undefined ? this.refusalOf(update) : zone.refusal
    if (zone === undefined || refusal !== undefined) return this.refuse(refusal as Refusal, message, requester)
    return new Promise((resolve) => {
      const job = { requester, update, resolve, judge: (draft: EditorDraft, nowMs: number) => this.judge(update, requester, draft, nowMs) }
      if (!zone.queue.submit(job)) resolve(this.refuse(TOO_MANY, message, requester))
    })
  }

  /** Carries out a change of the server's own. */
  carryOut(own: OwnChange): Promise<Verdict> {
    const zone = this.find(own.zone.name, own.zone.class)
    if (zone === undefined) return Promise.resolve({ rcode: RCODE.NOTAUTH, flow: 'own', reason: 'the zone cannot be changed' })
    if (zone.barrier !== undefined) return Promise.resolve({ ...zone.barrier, flow: 'own' })
    return new Promise((resolve) => {
      const job = { requester: undefined, update: undefined, resolve, judge: (draft: EditorDraft, nowMs: number) => own.carryOut(draft, nowMs) }
      if (!zone.queue.submit(job)) resolve({ ...TOO_MANY, flow: 'own' })
    })
  }

  private judge(update: Update, requester: Requester, draft: EditorDraft, nowMs: number): Verdict {
    for (const flow of this.flows) {
      const verdict = flow.take(update, requester, draft, nowMs)
      if (verdict === undefined) continue
      if (verdict.rcode !== RCODE.NOERROR || draft.refusal === undefined) return verdict
      flow.undone?.(update)
      return { ...draft.refusal, flow: flow.name }
    }
    throw new Error('Cannot judge an update as the last flow must take every one')
  }

  /** NOTAUTH for a zone that is not ours (RFC 2136 3.1.1); a zone of ours that nobody may change is refused. */
  private refusalOf({ zone: { name, class: rrClass } }: Update): Refusal {
    const isOurs = this.world.zoneOf(name, rrClass)?.equals(name) === true
    if (!isOurs) return refuse(RCODE.NOTAUTH, 'not a zone of this server', EDE.NOT_AUTHORITATIVE)
    return { rcode: RCODE.REFUSED, ede: { infoCode: EDE.PROHIBITED, text: 'no grant allows changes of this zone' }, reason: 'the zone has no grants' }
  }

  private refuse(refusal: Refusal, message: Message, requester: Requester): Promise<Verdict> {
    const verdict: Verdict = { ...refusal, flow: 'none' }
    const [question] = message.questions
    this.tell({ zone: question?.name, class: question?.class ?? 0, requester, verdict, changes: [], serial: [0, 0] })
    this.counts.verdict(verdict.rcode)
    return Promise.resolve(verdict)
  }

  private done(zone: { name: Name; class: number }, { job, verdict, changes, serial }: Outcome): void {
    const isOwn = job.update === undefined
    if (isOwn) this.counts.add('own')
    else this.counts.verdict(verdict.rcode)
    this.counts.changes(changes)
    this.tell({ zone: zone.name, class: zone.class, requester: job.requester, verdict, changes, serial })
    job.resolve(verdict)
  }

  private tell(audited: Audited): void {
    const untold = this.bound.admit(audited.verdict.rcode, this.world.nowMs())
    if (untold !== undefined) this.world.audit(() => auditLine(audited, untold))
  }
}

const TOO_MANY: Refusal = { rcode: RCODE.SERVFAIL, ede: { infoCode: EDE.OTHER, text: 'too many updates wait for this zone' }, reason: 'too many updates wait for the zone' }
