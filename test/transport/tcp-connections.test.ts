/** Who is shed and who has outlived its time, against a model that sorts; and the counts of clients, against a Map. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAddress } from '../../src/transport/address.ts'
import { ClientCounts, clientHigh, clientLow } from '../../src/transport/client-counts.ts'
import { type CloseReason, type ConnectionOwner, Connections } from '../../src/transport/tcp-connections.ts'

/** What the model knows of a connection: when it came or last asked, as a number that only grows, and when by the clock. */
interface Stub {
  slot: number
  client: string
  order: number
  sinceMs: number
  hasAsked: boolean
  isKept: boolean
  isSlow: boolean
  isWaiting: boolean
  reason: CloseReason | undefined
}

const LIMITS = { total: 6, perClient: 3, firstMessageMs: 50, idleMs: 100 }

/** A table whose connections are stubs. */
class Owner implements ConnectionOwner {
  readonly table: Connections = new Connections(LIMITS, this)
  readonly all: Stub[] = []

  at(slot: number): Stub {
    return this.all.findLast((stub) => stub.slot === slot && !stub.reason)!
  }

  isSlow(slot: number): boolean {
    return this.at(slot).isSlow
  }

  isWaiting(slot: number): boolean {
    return this.at(slot).isWaiting
  }

  kill(slot: number, reason: CloseReason): void {
    this.at(slot).reason = reason
    this.table.remove(slot)
  }

  add(client: string, nowMs: number): Stub {
    const stub = { slot: -1, client, order: this.all.length, sinceMs: nowMs, hasAsked: false, isKept: false, isSlow: false, isWaiting: false, reason: undefined }
    this.table.tick(nowMs)
    stub.slot = this.table.add(Uint8Array.of(192, 0, 2, client.charCodeAt(0)))
    this.all.push(stub)
    return stub
  }

  /** Those still in, silent before served and kept last, oldest first: the order in which they may be shed. */
  byWorth(): Stub[] {
    return this.all.filter(({ reason }) => !reason).sort((a, b) => worth(a) - worth(b) || a.order - b.order)
  }
}

function worth({ hasAsked, isKept }: Stub): number {
  return isKept ? 2 : hasAsked ? 1 : 0
}

test('whatever comes, asks, is kept, leaves and waits, the table agrees with a model that sorts', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('connect' as const), client: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({ kind: fc.constant('ask' as const), pick: fc.nat(20) }),
    fc.record({ kind: fc.constantFrom('keep' as const, 'release' as const), pick: fc.nat(20) }),
    fc.record({ kind: fc.constant('leave' as const), pick: fc.nat(20) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(60) }),
  )
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const owner = new Owner()
    const { table } = owner
    let nowMs = 0
    let order = 1_000
    for (const next of steps) {
      const before = owner.byWorth()
      if (next.kind === 'connect') {
        const same = before.filter(({ client }) => client === next.client)
        const shed = same.length >= LIMITS.perClient ? same[0] : before.length >= LIMITS.total ? before[0] : undefined
        owner.add(next.client, nowMs).order = order++
        assert.deepEqual(before.filter(({ reason }) => reason), shed ? [shed] : [])
      } else if (next.kind === 'wait') {
        nowMs += next.ms
        table.tick(nowMs)
        table.sweep()
        for (const stub of before) {
          const late = nowMs - stub.sinceMs >= (stub.hasAsked ? LIMITS.idleMs : LIMITS.firstMessageMs)
          assert.equal(stub.reason, late && !stub.isKept ? (stub.hasAsked ? 'tcpClosedIdle' : 'tcpClosedSilent') : undefined)
          if (late && stub.isKept) Object.assign(stub, { order: order++, sinceMs: nowMs }) // looked at, and let be
        }
      } else if (before.length > 0) {
        const stub = before[next.pick % before.length]
        if (next.kind !== 'leave') {
          Object.assign(stub, { hasAsked: true, order: order++, sinceMs: nowMs })
          if (next.kind !== 'ask') stub.isKept = next.kind === 'keep'
          table[next.kind === 'ask' ? 'touch' : next.kind](stub.slot)
        } else {
          owner.kill(stub.slot, 'tcpClosedByClient')
          table.remove(stub.slot) // a second time changes nothing
        }
      }
      assert.deepEqual(table.slots(), owner.byWorth().map(({ slot }) => slot))
      assert.equal(table.size, owner.byWorth().length)
    }
  }), { numRuns: 300 })
})

test('one past its time with answers unread is called slow, not idle', () => {
  const owner = new Owner()
  const stub = owner.add('a', 0)
  owner.table.tick(10)
  owner.table.touch(stub.slot)
  stub.isSlow = true
  owner.table.tick(109)
  owner.table.sweep()
  assert.equal(stub.reason, undefined)
  owner.table.tick(110)
  owner.table.sweep()
  assert.equal(stub.reason, 'tcpClosedSlow')
})

test('a kept one lives for as long as its answers are read, and no longer', () => {
  const owner = new Owner()
  const stub = owner.add('a', 0)
  owner.table.keep(stub.slot)
  for (let nowMs = 0; nowMs <= 1_000; nowMs += 50) {
    owner.table.tick(nowMs)
    owner.table.sweep()
    assert.equal(stub.reason, undefined)
  }
  stub.isSlow = true
  owner.table.tick(1_099)
  owner.table.sweep()
  assert.equal(stub.reason, undefined)
  owner.table.tick(1_100)
  owner.table.sweep()
  assert.equal(stub.reason, 'tcpClosedSlow')
})

test('kept ones are shed when nothing else is left, one that was released as any other', () => {
  const owner = new Owner()
  const shedFor = (client: string): Stub[] => {
    const before = owner.byWorth()
    owner.table.keep(owner.add(client, 0).slot)
    return before.filter(({ reason }) => reason)
  }
  const kept = ['a', 'b', 'c'].map((client) => owner.add(client, 0))
  for (const { slot } of kept) owner.table.keep(slot)
  const asked = ['a', 'b', 'c'].map((client) => owner.add(client, 1))
  for (const { slot } of asked) owner.table.touch(slot)
  owner.table.release(kept[1].slot)
  assert.deepEqual(['d', 'e', 'f', 'g', 'h'].flatMap(shedFor), [...asked, kept[1], kept[0]])
})

test('a client at its own limit loses those that are not kept first', () => {
  const owner = new Owner()
  const [first, second, third] = [owner.add('a', 0), owner.add('a', 1), owner.add('a', 2)]
  owner.table.keep(first.slot)
  owner.table.touch(second.slot)
  owner.table.keep(third.slot)
  owner.table.keep(owner.add('a', 3).slot)
  assert.deepEqual([first, second, third].map(({ reason }) => reason), [undefined, 'tcpShedClient', undefined])
  owner.add('a', 4)
  assert.deepEqual([first, third].map(({ reason }) => reason), ['tcpShedClient', undefined])
})

function keyOf(text: string): number[] {
  const octets = new Uint8Array(16)
  const address = octets.subarray(0, parseAddress(text, octets))
  return [clientHigh(address), clientLow(address)]
}

test('one client is an IPv4 address or a /64 of IPv6', () => {
  assert.notDeepEqual(keyOf('192.0.2.1'), keyOf('192.0.2.2'))
  assert.deepEqual(keyOf('192.0.2.1'), keyOf('::ffff:192.0.2.1'))
  assert.deepEqual(keyOf('2001:db8:1:2::1'), keyOf('2001:db8:1:2:ffff::9'))
  assert.notDeepEqual(keyOf('2001:db8:1:2::1'), keyOf('2001:db8:1:3::1'))
  assert.notDeepEqual(keyOf('::1'), keyOf('0.0.0.0'))
})

test('clients are counted as a Map counts them, whatever collides and whoever leaves', () => {
  const client = fc.tuple(fc.constantFrom(0xffff, 0x20010db8, -1), fc.nat(30))
  const steps = fc.array(fc.tuple(client, fc.boolean()), { maxLength: 300 })
  fc.assert(fc.property(steps, fc.integer(), (list, seed) => {
    const counts = new ClientCounts(93, seed) // so small that places are dear
    const model = new Map<string, number>()
    for (const [[high, low], isMore] of list) {
      const key = `${high} ${low}`
      const had = model.get(key) ?? 0
      if (isMore) counts.add(high, low)
      else if (had > 0) counts.remove(high, low)
      model.set(key, isMore ? had + 1 : Math.max(0, had - 1))
      for (const [known, number] of model) {
        const [a, b] = known.split(' ').map(Number)
        assert.equal(counts.get(a, b), number)
      }
    }
  }), { numRuns: 200 })
})
