/**
 * What was signed and seen already. A signature proves who wrote a message, not that it is sent for the first
 * time: within the fudge of its time anybody who saw it can send it again (RFC 8945 10). So the signatures of the messages
 * that change something are remembered for as long as their times are good.
 *
 *     new             never seen: entered
 *     retransmitted   seen from the same address, port and ID: the client has lost our response and gets it again
 *     replayed        seen, or so old that it may have been forgotten: refused
 *
 * RFC 8945 5.2.3 would have a server remember only the latest time of each key and refuse what is older. We differ: twelve
 * clients that share a key, and sign within one second, or whose messages overtake each other, must all be served.
 *
 * Memory is bounded, and forgetting never lets a replay in: when the oldest second of a key is forgotten, the key's floor
 * rises to it, and what was signed at or before the floor is refused. The memory does not outlive the process.
 */
import { MAX_REMEMBERED_MACS, MAX_REMEMBERED_RESPONSE_EACH, MAX_REMEMBERED_RESPONSE_OCTETS, MAX_REMEMBERED_RESPONSES, TSIG_FUDGE_SECONDS } from '../dns/limits.ts'
import { type Recall, type ResponseBounds, ResponseMemory } from './response-memory.ts'
import { TagSet } from './tag-set.ts'

export { type Recall, ResponseMemory } from './response-memory.ts'

/** Who sent a message, as far as a retransmission must come from the same (RFC 1035 4.1.1: the ID matches responses to requests). */
export interface Source {
  /** 4 or 16 octets. */
  readonly address: Uint8Array
  readonly port: number
  readonly transport: 'udp' | 'tcp'
}

/** A message as the memory knows it. */
export interface Sighting {
  /** The key's name. */
  group: string
  /** 53 bits of its signature: enough that two messages are never taken for one, with half a million of them. */
  tag: number
  /** When it was signed. */
  second: number
  /** Client and ID in one text. */
  sender: string
}

/** The bounds, from limits.ts unless a test gives others. */
export interface ReplayBounds extends ResponseBounds {
  macs: number
}

const BOUNDS: ReplayBounds = {
  macs: MAX_REMEMBERED_MACS,
  responses: MAX_REMEMBERED_RESPONSES,
  responseOctets: MAX_REMEMBERED_RESPONSE_OCTETS,
  responseEach: MAX_REMEMBERED_RESPONSE_EACH,
}

/** The tags of one key by the second of their signature. */
interface Group {
  floor: number
  count: number
  cleanedAt: number
  seconds: Map<number, TagSet>
}

/** The memory of signatures and of the responses to them. */
export class ReplayMemory {
  private readonly bounds: ReplayBounds
  private readonly groups = new Map<string, Group>()
  private readonly responses: ResponseMemory
  private count = 0

  constructor(bounds: Partial<ReplayBounds> = {}) {
    this.bounds = { ...BOUNDS, ...bounds }
    this.responses = new ResponseMemory(this.bounds)
  }

  /** Signatures held. */
  get size(): number {
    return this.count
  }

  /** What is known of a message whose signature and time are good; a new one is known from now on. */
  recall(sighting: Sighting, nowSeconds: number): Recall {
    const { tag, second, sender } = sighting
    const group = this.groupOf(sighting.group, nowSeconds)
    if (second <= group.floor) return this.responses.recall(tag, sender)
    let tags = group.seconds.get(second)
    if (tags === undefined) group.seconds.set(second, (tags = new TagSet()))
    if (!tags.add(tag)) return this.responses.recall(tag, sender)
    group.count++
    if (++this.count > this.bounds.macs) this.makeRoom(nowSeconds)
    this.responses.expect(tag, sender)
    return NEW
  }

  /** Keeps the response to the message `tag` for its retransmissions. */
  keep(tag: number, response: Uint8Array): void {
    this.responses.keep(tag, response)
  }

  private groupOf(name: string, nowSeconds: number): Group {
    let group = this.groups.get(name)
    if (group === undefined) this.groups.set(name, (group = { floor: -1, count: 0, cleanedAt: nowSeconds, seconds: new Map() }))
    if (group.cleanedAt !== nowSeconds) this.clean(group, nowSeconds)
    return group
  }

  /** Drops the seconds that are too old to be accepted anyway. */
  private clean(group: Group, nowSeconds: number): void {
    group.cleanedAt = nowSeconds
    for (const second of group.seconds.keys()) if (second < nowSeconds - TSIG_FUDGE_SECONDS) this.drop(group, second)
  }

  private makeRoom(nowSeconds: number): void {
    for (const group of this.groups.values()) this.clean(group, nowSeconds)
    while (this.count > this.bounds.macs) {
      let busiest: Group | undefined
      for (const group of this.groups.values()) if (busiest === undefined || group.count > busiest.count) busiest = group
      if (busiest === undefined) return
      const oldest = Math.min(...busiest.seconds.keys())
      this.drop(busiest, oldest)
      busiest.floor = Math.max(busiest.floor, oldest)
    }
  }

  private drop(group: Group, second: number): void {
    const size = group.seconds.get(second)?.size ?? 0
    group.seconds.delete(second)
    group.count -= size
    this.count -= size
  }
}

const NEW: Recall = { is: 'new' }

/** 53 bits of a MAC or of a digest as a number. */
export function tagOf(octets: Uint8Array): number {
  const view = new DataView(octets.buffer, octets.byteOffset, 8)
  return (view.getUint32(0) & 0x1f_ffff) * 0x1_0000_0000 + view.getUint32(4)
}

/** Client and ID of a message in one text. */
export function senderOf({ address, port, transport }: Source, id: number): string {
  const a = address
  const how = transport === 'udp' ? 0 : 1
  if (a.length === 4) return String.fromCharCode(how, port, id, (a[0] << 8) | a[1], (a[2] << 8) | a[3])
  const words = Array.from({ length: a.length >> 1 }, (_, i) => (a[2 * i] << 8) | a[2 * i + 1])
  return String.fromCharCode(how, port, id, ...words)
}
