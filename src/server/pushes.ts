/**
 * What is subscribed to, in all sessions (RFC 8765): a topic that several want is watched once, and its changes are written
 * once for all of them.
 *
 *     look ──► each topic that is due ──► changes ──► messages ──► every subscriber
 */
import type { WatchedTopic } from '../authority/watched.ts'
import { type PushChange, pushMessages } from '../dns/dso.ts'
import { MAX_PUSH_TOPICS, PUSH_REST_SHARE } from '../dns/limits-sessions.ts'

/** Who is told. */
export interface Subscriber {
  /** Takes messages that tell changes; they are shared and must not change. */
  push(messages: readonly Uint8Array[]): void
}

/** A topic that may be watched, and by what it is known among others. */
export interface TopicSource {
  readonly key: string
  readonly watch: () => WatchedTopic
}

/** A topic and who wants it. */
interface Watched {
  readonly topic: WatchedTopic
  readonly subscribers: Set<Subscriber>
  dueMs: number
  isCutTold: boolean
}

/** What the watching needs of the world. */
export interface PushesOptions {
  /** Milliseconds of a clock that does not jump. */
  readonly nowMs: () => number
  /** A topic has more records than are told of. */
  readonly onCut: (key: string) => void
  /** Default MAX_PUSH_TOPICS. */
  readonly topics?: number
}

/** All that is watched. */
export class Pushes {
  private readonly options: PushesOptions
  private readonly watched = new Map<string, Watched>()
  private restsUntilMs = 0

  constructor(options: PushesOptions) {
    this.options = options
  }

  /** Topics watched. */
  get size(): number {
    return this.watched.size
  }

  /** Whether anybody wants the topic of this key. */
  has(key: string): boolean {
    return this.watched.has(key)
  }

  /** Tells `subscriber` what stands there, and from now on what changes; false where too much is watched already. */
  subscribe({ key, watch }: TopicSource, subscriber: Subscriber): boolean {
    let watched = this.watched.get(key)
    if (watched === undefined) {
      if (this.watched.size >= (this.options.topics ?? MAX_PUSH_TOPICS)) return false
      watched = { topic: watch(), subscribers: new Set(), dueMs: 0, isCutTold: false }
      this.watched.set(key, watched)
    }
    this.lookAt(key, watched, this.options.nowMs()) // for those that are there already, so that all know the same
    watched.subscribers.add(subscriber)
    subscriber.push(messagesOf(watched.topic.all()))
    return true
  }

  /** Tells `subscriber` of the topic no more. */
  unsubscribe(key: string, subscriber: Subscriber): void {
    const watched = this.watched.get(key)
    if (watched?.subscribers.delete(subscriber) === true && watched.subscribers.size === 0) this.watched.delete(key)
  }

  /** Looks at what is due. What costs much is looked at the less often. */
  look(): void {
    const startMs = this.options.nowMs()
    if (startMs < this.restsUntilMs) return
    for (const [key, watched] of this.watched) if (startMs >= watched.dueMs) this.lookAt(key, watched, startMs)
    const endMs = this.options.nowMs()
    this.restsUntilMs = endMs + PUSH_REST_SHARE * (endMs - startMs)
  }

  private lookAt(key: string, watched: Watched, nowMs: number): void {
    const { topic, subscribers } = watched
    const changes = topic.look()
    watched.dueMs = nowMs + topic.everyMs
    if (topic.isCut && !watched.isCutTold) this.options.onCut(key)
    watched.isCutTold = topic.isCut
    if (changes.length === 0 || subscribers.size === 0) return
    const messages = messagesOf(changes)
    for (const subscriber of subscribers) subscriber.push(messages)
  }
}

function messagesOf(changes: readonly PushChange[]): Uint8Array[] {
  return changes.length === 0 ? [] : pushMessages(changes)
}
