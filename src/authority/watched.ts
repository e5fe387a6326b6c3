/**
 * What somebody wants to be told of, at one name (RFC 8765): looked at now and then, it says what has changed since.
 */
import { TYPE } from '../dns/codes.ts'
import type { PushChange, PushTopic } from '../dns/dso.ts'
import { MAX_PUSH_RECORDS } from '../dns/limits-sessions.ts'
import { LookupName } from '../dns/lookup-name.ts'
import type { DnsRecord } from '../dns/message.ts'
import { octetKey } from '../dns/octets.ts'
import { HEADER } from '../zone/layout.ts'
import type { ZoneImage } from '../zone/image.ts'

/** A topic that is watched. */
export interface WatchedTopic {
  /** Milliseconds between two looks that are worth it. */
  readonly everyMs: number
  /** More stands there than is told of (MAX_PUSH_RECORDS). */
  readonly isCut: boolean
  /** What has changed since the last look, what has gone before what has come (RFC 8765 6.3.1). */
  look(): PushChange[]
  /** What stood there at the last look. */
  all(): PushChange[]
}

/** Records that stand in a zone: an RRset, or all of a name (type ANY). Nothing is made of wildcards, and of an alias nothing but itself (RFC 8765 6.2.1). */
export class StoredTopic implements WatchedTopic {
  readonly everyMs = 0
  isCut = false
  private readonly topic: PushTopic
  private readonly zone: () => ZoneImage | undefined
  private lookup: LookupName | undefined
  private known = new Map<string, DnsRecord>()
  private image: ZoneImage | undefined
  private generation = -1

  /** `zone` gives the zone that the name is in, as it is served now; undefined where it is no longer. */
  constructor(topic: PushTopic, zone: () => ZoneImage | undefined) {
    this.topic = topic
    this.zone = zone
  }

  look(): PushChange[] {
    const image = this.zone()
    image?.refresh()
    if (image === this.image && image?.generation === this.generation) return []
    this.image = image
    this.generation = image?.generation ?? -1
    const before = this.known
    const now = (this.known = image === undefined ? new Map<string, DnsRecord>() : this.read(image))
    const changes: PushChange[] = []
    for (const [key, record] of before) if (!now.has(key)) changes.push({ kind: 'remove', record })
    for (const [key, record] of now) if (before.get(key)?.ttl !== record.ttl) changes.push({ kind: 'add', record })
    return changes
  }

  all(): PushChange[] {
    return Array.from(this.known.values(), (record) => ({ kind: 'add', record }))
  }

  private read(image: ZoneImage): Map<string, DnsRecord> {
    const { type } = this.topic
    const records = new Map<string, DnsRecord>()
    const node = image.nodeOf(this.ready(image.words[HEADER.seed]))
    this.isCut = false
    for (let link = node === 0 ? 0 : image.firstLink(node); link !== 0; link = image.nextLink(link)) {
      const rrset = image.rrsetAt(link)
      if (type === TYPE.ANY || type === image.typeOf(rrset)) this.readRRset(image, rrset, records)
    }
    return records
  }

  private readRRset(image: ZoneImage, rrset: number, records: Map<string, DnsRecord>): void {
    const { name, class: rrClass } = this.topic
    const type = image.typeOf(rrset)
    const ttl = image.ttlOf(rrset)
    const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
    for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) {
      if (records.size >= MAX_PUSH_RECORDS) {
        this.isCut = true
        return
      }
      const rdata = image.octets.slice(image.rdataAt(at), image.rdataAt(at) + image.rdataLength(at))
      records.set(`${type} ${octetKey(rdata)}`, { name, type, class: rrClass, ttl, rdata })
    }
  }

  /** A zone that is read again may have another seed. */
  private ready(seed: number): LookupName {
    if (this.lookup?.seed === seed) return this.lookup
    const lookup = (this.lookup = new LookupName(seed))
    lookup.loadOnce(this.topic.name.wire)
    return lookup
  }
}

/** One topic in several classes (RFC 8765 6.2.1: class ANY). */
export class JoinedTopic implements WatchedTopic {
  readonly everyMs: number
  private readonly parts: readonly WatchedTopic[]

  constructor(parts: readonly WatchedTopic[]) {
    this.parts = parts
    this.everyMs = Math.min(...parts.map(({ everyMs }) => everyMs))
  }

  get isCut(): boolean {
    return this.parts.some(({ isCut }) => isCut)
  }

  look(): PushChange[] {
    return this.parts.flatMap((part) => part.look())
  }

  all(): PushChange[] {
    return this.parts.flatMap((part) => part.all())
  }
}
