/** Somebody who watches through a world of a test, and reads at once what he is told. */
import assert from 'node:assert/strict'
import { afterEach } from 'node:test'
import { watch, type Watching, type WatchEvent, type WatchOptions } from '../../src/client/watch.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { type FakeWorld, settled } from './push-server.ts'

export const V2 = 'v2.translate.text.nlp._cap.acme.example.'
export const BABEL = `${V2} 60 IN AGENT 1 babel._sa.acme.example. latency=180ms`
export const IRIS = `${V2} 60 IN AGENT 1 iris._sa.acme.example. latency=40ms`

/** He, and what he was told; nothing of his is left after the test. */
export class Watcher {
  readonly world: FakeWorld
  readonly watching: Watching
  readonly events: WatchEvent[] = []
  /** `added v2… AGENT …`, one for each change. */
  lines: string[] = []
  fault: unknown
  isDone = false

  constructor(world: FakeWorld, options: Partial<WatchOptions> = {}, name = V2) {
    this.world = world
    this.watching = watch(name, { server: '127.0.0.1:5300', world, onEvent: (event) => void this.events.push(event), ...options })
    all.push(this)
    void this.read().then(() => (this.isDone = true), (fault: unknown) => (this.fault = fault))
  }

  /** What he was told since this was asked last. */
  async told(ms = 0): Promise<string[]> {
    await this.world.pass(ms)
    return this.lines.splice(0)
  }

  get kinds(): string[] {
    return this.events.map((event) => (event.kind === 'lost' ? `lost ${event.nextMs}: ${event.reason}` : event.kind))
  }

  get records(): string[] {
    return this.watching.records.map(printRecord)
  }

  private async read(): Promise<void> {
    for await (const { kind, record } of this.watching) this.lines.push(`${kind} ${printRecord(record)}`)
  }
}

const all: Watcher[] = []
afterEach(async () => {
  for (const { watching, world } of all.splice(0)) {
    watching.close()
    await settled()
    assert.deepEqual(world.due, [], 'no timer is left')
    assert.ok(world.sockets.every(({ destroyed }) => destroyed), 'no connection is left')
  }
})
