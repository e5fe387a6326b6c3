/**
 * What stands at a topic as far as a server has told it (RFC 8765 6.3): takes what is pushed, and gives what has changed by it. It outlives
 * sessions: where a new one tells the whole set again, only the differences are changes.
 *
 *     begin ──▶ add: new, another, or the same as before │ remove, clear ──▶ complete: what was not told again has gone
 *
 * A record is known by name, class, type and the octets of its RDATA (RFC 8765 6.3.1). Of an agent's readings the newest alone counts, so
 * SENSE is known by its agent: a new one takes the place of the one before.
 */
import { TYPE } from '../dns/codes.ts'
import type { PushChange, PushTopic } from '../dns/dso.ts'
import { MAX_PUSH_RECORDS, MAX_WATCHED_OCTETS } from '../dns/limits-sessions.ts'
import type { DnsRecord } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { octetKey } from '../dns/octets.ts'

/** What has become of a record: `changed` is another TTL, or another reading of the same agent. `record` is as it is now, or was before it went. */
export interface WatchChange {
  kind: 'added' | 'removed' | 'changed'
  record: DnsRecord
}

/** One record before and after; undefined where it was not there, or is not. */
export interface RecordStep {
  /** What tells it from others. */
  key: string
  before: DnsRecord | undefined
  after: DnsRecord | undefined
}

/** Every type, or every class. */
const ALL = TYPE.ANY
/** Octets of a SENSE record's RDATA before its agent. */
const SEQUENCE_OCTETS = 2

/** What a step is to whoever watches; undefined where nothing has changed. */
export function changeIn({ before, after }: RecordStep): WatchChange | undefined {
  if (before === undefined) return after && { kind: 'added', record: after }
  if (after === undefined) return { kind: 'removed', record: before }
  return isSame(before, after) ? undefined : { kind: 'changed', record: after }
}

/** The records of one topic. */
export class PushedRecords {
  private readonly topic: PushTopic
  private readonly known = new Map<string, DnsRecord>()
  /** Keys of what the session under way has told. */
  private readonly told = new Set<string>()
  private octets = 0
  /** Of what the session under way has not told yet. */
  private oldOctets = 0

  constructor(topic: PushTopic) {
    this.topic = topic
  }

  /** What stands there, in the order in which it came. */
  get all(): readonly DnsRecord[] {
    return [...this.known.values()]
  }

  /** More stands there than can be kept (MAX_PUSH_RECORDS, MAX_WATCHED_OCTETS), beside as much that stood there before the session under way. */
  get isOverfull(): boolean {
    return this.told.size > MAX_PUSH_RECORDS || this.octets - this.oldOctets > MAX_WATCHED_OCTETS
  }

  /** How many records the session under way has told. */
  get toldCount(): number {
    return this.told.size
  }

  /** A session begins: everything is told again. */
  begin(): void {
    this.told.clear()
    this.oldOctets = this.octets
  }

  /** Takes a change; gives the steps that it makes. What is of another topic makes none. */
  take(change: PushChange): RecordStep[] {
    if (change.kind === 'clear') return this.clear(change)
    const { record } = change
    if (!record.name.equals(this.topic.name) || !isAmong(record.type, this.topic.type) || !isAmong(record.class, this.topic.class)) return []
    const key = keyOf(record)
    return change.kind === 'add' ? this.add(key, change.record) : this.remove(key)
  }

  /** All is told: what was not has gone. */
  complete(): RecordStep[] {
    return [...this.known.keys()].filter((key) => !this.told.has(key)).flatMap((key) => this.remove(key))
  }

  private add(key: string, record: DnsRecord): RecordStep[] {
    const before = this.known.get(key)
    if (!this.told.has(key)) this.oldOctets -= before?.rdata.length ?? 0
    this.told.add(key)
    if (before !== undefined && isSame(before, record)) return []
    this.known.set(key, record)
    this.octets += record.rdata.length - (before?.rdata.length ?? 0)
    return [{ key, before, after: record }]
  }

  private remove(key: string): RecordStep[] {
    const before = this.known.get(key)
    if (before === undefined) return []
    this.known.delete(key)
    if (!this.told.delete(key)) this.oldOctets -= before.rdata.length
    this.octets -= before.rdata.length
    return [{ key, before, after: undefined }]
  }

  /** All of a name, type and class (RFC 8765 6.3.1). */
  private clear({ name, type, class: rrClass }: PushTopic): RecordStep[] {
    if (!name.equals(this.topic.name) || (type !== ALL && !isAmong(type, this.topic.type))) return []
    const gone = [...this.known].filter(([, record]) => isAmong(record.type, type) && isAmong(record.class, rrClass))
    return gone.flatMap(([key]) => this.remove(key))
  }
}

function isSame(a: DnsRecord, b: DnsRecord): boolean {
  return a.ttl === b.ttl && Buffer.compare(a.rdata, b.rdata) === 0
}

function isAmong(code: number, wanted: number): boolean {
  return wanted === ALL || code === wanted
}

function keyOf({ type, class: rrClass, rdata }: Omit<DnsRecord, 'ttl'>): string {
  const what = type === TYPE.SENSE ? Name.fromWire(rdata, SEQUENCE_OCTETS).key : octetKey(rdata)
  return `${rrClass} ${type} ${what}`
}
