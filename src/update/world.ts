/** What the rooms of an update hand to each other inside: jobs and what came of them, and the world that all of it runs in. */
import type { Name } from '../dns/name.ts'
import type { Serial } from '../dns/serial.ts'
import type { ZoneImage } from '../zone/image.ts'
import type { AuditLine } from './audit.ts'
import type { Change, Keeper, Requester, Update, UpdateFlow, Verdict } from './contract.ts'
import type { UpdateCounts } from './counters.ts'
import type { EditorDraft } from './draft.ts'

/** What waits: an update, or a change of the server's own, which nobody requests. */
export interface Job {
  requester: Requester | undefined
  update: Update | undefined
  judge(draft: EditorDraft, nowMs: number): Verdict
  resolve(verdict: Verdict): void
}

/** A job with what came of it. */
export interface Outcome {
  job: Job
  verdict: Verdict
  changes: readonly Change[]
  /** Before and after. */
  serial: [Serial, Serial]
}

/** What the engine needs of the world. */
export interface EngineOptions {
  keeper: Keeper
  /** Flows that look at an update before it is ordinary, in order. */
  flows?: readonly UpdateFlow[]
  /** The zone in service nearest above a name in a class, changeable or not. */
  zoneOf(name: Name, rrClass: number): Name | undefined
  /** Milliseconds since 1970. */
  nowMs(): number
  /** Milliseconds of a clock that never goes back. */
  clockMs(): number
  /** Runs a function when what has arrived already is in. */
  soon(run: () => void): void
  /** The zone in a larger block, as it is committed, with at least `leastOctets` free where it may have that many. */
  rebuild(image: ZoneImage, leastOctets: number): Promise<ZoneImage>
  /** Puts the zone's new block into service; resolves when every thread reads it. */
  serve(zone: { name: Name; class: number }, image: ZoneImage): Promise<void>
  /** Told of every update and change; `line` makes what is to be written of it. */
  audit(line: () => AuditLine): void
  /** Told of what went wrong on our side. */
  onFault(fault: unknown): void
}

/** The same with what the engine adds for its zones. */
export interface EngineWorld extends EngineOptions {
  readonly counts: UpdateCounts
  done(zone: { name: Name; class: number }, outcome: Outcome): void
}
