/**
 * What is subscribed to, in all sessions (RFC 8765): a topic that several want is watched once, and its changes are written
 * once for all of them, as is all that stands there for those who come.
 *
 *     look ──► each topic that is due ──► changes ──► messages ──► every subscriber
 *                                    └──► who has come: all that stands there, once there is room for it
 *
 * To subscribe costs next to nothing: what stands there is read at the next look, and a look is never long.
 */
import type { WatchedTopic } from '../authority/watched.ts'
import { pushMessages } from '../dns/dso.ts'
import { MAX_PUSH_TOPICS, PUSH_LOOK_MOST_MS, PUSH_REST_SHARE } from '../dns/limits-sessions.ts'

/** Who is told. */
export interface Subscriber {
  /** So much waits for it that what stands at a topic is not told yet. */
  readonly isFull: boolean
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
  /** Who has come, and knows nothing of it yet. */
  readonly newcomers: Set<Subscriber>
  /** All that stands there as messages, until it changes. */
  whole: readonly Uint8Array[] | undefined
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
  /** Where a look that was long enough goes on at the next. */
  private round: MapIterator<[string, Watched]> | undefined
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
    const watched = this.watched.get(key)
    return watched !== undefined && watched.subscribers.size + watched.newcomers.size > 0
  }

  /** Tells `subscriber` from the next look on what stands there, and then what changes; false where too much is watched already. */
  subscribe({ key, watch }: TopicSource, subscriber: Subscriber): boolean {
    let watched = this.watched.get(key)
    if (watched === undefined) {
      if (this.watched.size >= (this.options.topics ?? MAX_PUSH_TOPICS)) return false
      watched = { topic: watch(), subscribers: new Set(), newcomers: new Set(), whole: undefined, dueMs: 0, isCutTold: false }
      this.watched.set(key, watched)
    }
    watched.newcomers.add(subscriber)
    return true
  }

  /** Tells `subscriber` of the topic no more. It is let go at the next look, lest who comes and goes have it read each time. */
  unsubscribe(key: string, subscriber: Subscriber): void {
    const watched = this.watched.get(key)
    watched?.subscribers.delete(subscriber)
    watched?.newcomers.delete(subscriber)
  }

  /** Forgets what nobody wants any more. */
  tidy(): void {
    for (const [key, { subscribers, newcomers }] of this.watched) if (subscribers.size + newcomers.size === 0) this.watched.delete(key)
  }

  /** Looks at what is due, for PUSH_LOOK_MOST_MS at most. What costs much is looked at the less often. */
  look(): void {
    const { nowMs } = this.options
    const startMs = nowMs()
    if (startMs < this.restsUntilMs) return
    this.round ??= this.watched.entries()
    let endMs = startMs
    for (let next = this.round.next(); ; next = this.round.next()) {
      if (next.done === true) {
        this.round = undefined
        break
      }
      const [key, watched] = next.value
      if (watched.subscribers.size + watched.newcomers.size === 0) this.watched.delete(key)
      else if (startMs >= watched.dueMs || watched.newcomers.size > 0) this.lookAt(key, watched, startMs)
      endMs = nowMs()
      if (endMs - startMs >= PUSH_LOOK_MOST_MS) break
    }
    this.restsUntilMs = endMs + PUSH_REST_SHARE * (endMs - startMs)
  }

  private lookAt(key: string, watched: Watched, nowMs: number): void {
    const { topic, subscribers } = watched
    const changes = topic.look()
    watched.dueMs = nowMs + topic.everyMs
    if (topic.isCut && !watched.isCutTold) this.options.onCut(key)
    watched.isCutTold = topic.isCut
    if (changes.length > 0) {
      watched.whole = undefined
      if (subscribers.size > 0) {
        const messages = pushMessages(changes)
        for (const subscriber of subscribers) subscriber.push(messages)
      }
    }
    if (watched.newcomers.size > 0) this.welcome(watched)
  }

  private welcome(watched: Watched): void {
    for (const newcomer of watched.newcomers) {
      if (newcomer.isFull) continue
      watched.whole ??= pushMessages(watched.topic.all())
      watched.newcomers.delete(newcomer)
      watched.subscribers.add(newcomer)
      newcomer.push(watched.whole)
    }
  }
}
