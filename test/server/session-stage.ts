/** Sessions over topics that a test changes, on a clock that it moves. */
import assert from 'node:assert/strict'
import type { WatchedTopic } from '../../src/authority/watched.ts'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { type PushChange, type PushTopic, subscribeTlv } from '../../src/dns/dso.ts'
import { PUSH_LOOK_MS } from '../../src/dns/limits-sessions.ts'
import { Name } from '../../src/dns/name.ts'
import { Sessions } from '../../src/server/sessions.ts'
import { FakeConnection } from './pushed.ts'

/** A topic that a test changes: records are single octets of TXT. */
export class Board implements WatchedTopic {
  everyMs = 0
  isCut = false
  looks = 0
  private readonly topic: PushTopic
  private readonly texts = new Set<string>()
  private changes: PushChange[] = []

  constructor(topic: PushTopic) {
    this.topic = topic
  }

  add(text: string): void {
    this.texts.add(text)
    this.changes.push(this.adding(text))
  }

  look(): PushChange[] {
    this.looks++
    return this.changes.splice(0)
  }

  all(): PushChange[] {
    return [...this.texts].map((text) => this.adding(text))
  }

  private adding(text: string): PushChange {
    const { name, type, class: rrClass } = this.topic
    return { kind: 'add', record: { name, type, class: rrClass, ttl: 60, rdata: Buffer.from(String.fromCharCode(text.length) + text, 'latin1') } }
  }
}

/** Sessions over boards by name, and hands on the clock. */
export class Stage {
  nowMs = 1_000
  readonly boards = new Map<string, Board>()
  readonly cut: string[] = []
  readonly sessions: Sessions
  isTicking = false
  admitted = true
  private tick: () => void = () => undefined

  constructor(limits: { sessions?: number } = {}) {
    this.sessions = new Sessions({
      open: (topic) => {
        if (topic.name.toString() === 'elsewhere.') return { rcode: RCODE.NOTAUTH }
        if (topic.name.toString() === 'secret.') return { rcode: RCODE.REFUSED }
        return { key: `${topic.type} ${topic.name.key}`, watch: () => this.board(topic) }
      },
      admits: () => this.admitted,
      nowMs: () => this.nowMs,
      every: (delayMs, run) => {
        assert.equal(delayMs, PUSH_LOOK_MS)
        this.tick = run
        this.isTicking = true
        return () => (this.isTicking = false)
      },
      onCut: (key) => this.cut.push(key),
      ...limits,
    })
  }

  /** Messages that are kept for a client. */
  waitingIn(connection: FakeConnection): number {
    const { byConnection } = this.sessions as unknown as { byConnection: Map<unknown, { session: { waiting: unknown[] } }> }
    return byConnection.get(connection)?.session.waiting.length ?? 0
  }

  private board(topic: PushTopic): Board {
    const board = this.boards.get(topic.name.toString()) ?? new Board(topic)
    this.boards.set(topic.name.toString(), board)
    return board
  }

  /** Time goes by, with a look at each of its steps. */
  pass(ms: number, stepMs: number = PUSH_LOOK_MS): void {
    for (let gone = 0; gone < ms; gone += stepMs) {
      this.nowMs += stepMs
      if (this.isTicking) this.tick()
    }
  }
}

export const topicOf = (name: string, type: number = TYPE.TXT): PushTopic => ({ name: Name.parse(name), type, class: CLASS.IN })
export function subscribed(stage: Stage, name = 'a.', connection = new FakeConnection()): FakeConnection {
  connection.request(stage.sessions.take, subscribeTlv(topicOf(name)))
  stage.pass(PUSH_LOOK_MS)
  connection.take()
  return connection
}

