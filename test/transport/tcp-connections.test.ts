/** Who is shed and who has outlived its time, against a model that sorts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AgeList, type CloseReason, Connections, type Entry } from '../../src/transport/tcp-connections.ts'

class Stub implements Entry {
  readonly client: string
  older: Entry | undefined
  newer: Entry | undefined
  list: AgeList | undefined
  sinceMs = 0
  isSlow = false
  reason: CloseReason | undefined
  /** What the model knows: when it came, when it last asked; both only ever grow. */
  order = 0
  hasAsked = false
  readonly #table: Connections

  constructor(client: string, table: Connections) {
    this.client = client
    this.#table = table
  }

  kill(reason: CloseReason): void {
    this.reason = reason
    this.#table.remove(this)
  }
}

const LIMITS = { total: 6, perClient: 3, firstMessageMs: 50, idleMs: 100 }

/** Those still in, silent before served, oldest first: the order in which they may be shed. */
function byWorth(all: Stub[]): Stub[] {
  return all.filter(({ reason }) => !reason).sort((a, b) => Number(a.hasAsked) - Number(b.hasAsked) || a.order - b.order)
}

test('whatever comes, asks, leaves and waits, the table agrees with a model that sorts', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('connect' as const), client: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({ kind: fc.constant('ask' as const), pick: fc.nat(20) }),
    fc.record({ kind: fc.constant('leave' as const), pick: fc.nat(20) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(60) }),
  )
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const table = new Connections(LIMITS)
    const all: Stub[] = []
    let nowMs = 0
    let order = 0
    for (const next of steps) {
      const before = byWorth(all)
      if (next.kind === 'connect') {
        const added = new Stub(next.client, table)
        const same = before.filter(({ client }) => client === next.client)
        const shed = same.length >= LIMITS.perClient ? same[0] : before.length >= LIMITS.total ? before[0] : undefined
        table.add(added, nowMs)
        added.order = order++
        assert.deepEqual(before.filter(({ reason }) => reason), shed ? [shed] : [])
        all.push(added)
      } else if (next.kind === 'wait') {
        nowMs += next.ms
        table.sweep(nowMs)
        for (const stub of before) {
          const late = nowMs - stub.sinceMs >= (stub.hasAsked ? LIMITS.idleMs : LIMITS.firstMessageMs)
          assert.equal(stub.reason, late ? (stub.hasAsked ? 'tcpClosedIdle' : 'tcpClosedSilent') : undefined)
        }
      } else if (before.length > 0) {
        const stub = before[next.pick % before.length]
        if (next.kind === 'ask') {
          stub.hasAsked = true
          stub.order = order++
          table.touch(stub, nowMs)
        } else {
          stub.kill('tcpClosedByClient')
          table.remove(stub) // a second time changes nothing
        }
      }
      assert.deepEqual([...table], byWorth(all))
      assert.equal(table.size, byWorth(all).length)
    }
  }), { numRuns: 300 })
})

test('one past its time with answers unread is called slow, not idle', () => {
  const table = new Connections(LIMITS)
  const stub = new Stub('a', table)
  table.add(stub, 0)
  table.touch(stub, 10)
  stub.isSlow = true
  table.sweep(109)
  assert.equal(stub.reason, undefined)
  table.sweep(110)
  assert.equal(stub.reason, 'tcpClosedSlow')
})
