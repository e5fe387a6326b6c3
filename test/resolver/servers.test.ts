/** What is remembered of servers, and who is asked (RFC 1034 5.3.3 step 2, RFC 6298, RFC 2308 7). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Name } from '../../src/dns/name.ts'
import { EXPLORE_ONE_IN, FIRST_WAIT_MS, LAME_SECONDS, MAX_LAME_ZONES, MAX_SERVERS_REMEMBERED, MAX_SILENCES, MAX_WAIT_MS, MIN_WAIT_MS, REST_SECONDS } from '../../src/dns/limits-resolver.ts'
import type { Endpoint } from '../../src/resolver/contract.ts'
import { endpointKey, ServerMemory } from '../../src/resolver/servers.ts'
import { Chance } from '../battery/chance.ts'
import { address } from './support.ts'

const [a, b, c] = ['192.0.2.1', '192.0.2.2', '2001:db8::3'].map((text) => ({ address: address(text), port: 53 }))

function memory(seed = 1): ServerMemory {
  const chance = new Chance(seed)
  return new ServerMemory((bound) => chance.below(bound))
}

/** How often each is chosen in `times`. */
function choices(servers: ServerMemory, times: number, nowMs = 0): number[] {
  const counts = new Map([a, b, c].map((endpoint) => [endpointKey(endpoint), 0]))
  for (let i = 0; i < times; i++) {
    const key = endpointKey(servers.choose([a, b, c], nowMs))
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts.values()]
}

test('an endpoint is known by address and port', () => {
  const other = [a, c].flatMap(({ address, port }) => [{ address, port: port + 1 }, { address: address.with(-1, 99), port }])
  const keys = [a, b, c, ...other].map(endpointKey)
  assert.equal(new Set(keys).size, keys.length)
  assert.equal(endpointKey({ address: Uint8Array.from(a.address), port: a.port }), keys[0])
})

test('the first round trip is the mean, later ones move it by an eighth (RFC 6298 2.2, 2.3)', () => {
  const servers = memory()
  servers.answered(a, 80)
  assert.deepEqual([servers.of(a).roundTripMs, servers.of(a).deviationMs], [80, 40])
  servers.answered(a, 160)
  assert.deepEqual([servers.of(a).roundTripMs, servers.of(a).deviationMs], [90, 50])
})

test('the wait is the mean and four deviations within its bounds; after silence it doubles (RFC 6298 2.3, 5.5)', () => {
  const servers = memory()
  assert.equal(servers.waitMs(a), FIRST_WAIT_MS)
  servers.answered(a, 80)
  assert.equal(servers.waitMs(a), 240)
  for (let i = 0; i < 50; i++) servers.answered(a, 1)
  assert.equal(servers.waitMs(a), MIN_WAIT_MS)
  const waits = Array.from({ length: 5 }, () => {
    servers.silent(b, 0)
    return servers.waitMs(b)
  })
  assert.deepEqual(waits, [800, 1600, MAX_WAIT_MS, MAX_WAIT_MS, MAX_WAIT_MS])
})

test('the fastest is asked most, the others now and then', () => {
  const servers = memory()
  for (let i = 0; i < 20; i++) {
    servers.answered(a, 20)
    servers.answered(b, 200)
    servers.answered(c, 400)
  }
  const counts = choices(servers, 100)
  assert.ok(counts[0] > 80, counts.join())
  assert.ok(counts[1] + counts[2] >= 2, `${counts.join()}: one in ${EXPLORE_ONE_IN} is by chance`)
})

test('one that got faster is found again', () => {
  const servers = memory()
  for (let i = 0; i < 20; i++) {
    servers.answered(a, 100)
    servers.answered(b, 1000)
  }
  let chosen = 0
  for (let i = 0; i < 400; i++) {
    const endpoint = servers.choose([a, b], 0)
    if (endpoint === b) chosen++
    servers.answered(endpoint, endpoint === a ? 100 : 5)
  }
  assert.ok(chosen > 200, `chosen ${chosen} times`)
})

test('unknown servers are tried by chance before slow ones', () => {
  const servers = memory(5)
  servers.answered(a, 300)
  const counts = choices(servers, 60)
  assert.ok(counts[1] > 15 && counts[2] > 15, counts.join())
})

test('silence after silence makes a server rest: seconds at first, half a minute at most; an answer ends it', () => {
  const servers = memory()
  for (let i = 0; i < MAX_SILENCES - 1; i++) servers.silent(a, 0)
  assert.equal(servers.isResting(a, 0), false)
  const rests = Array.from({ length: 9 }, () => {
    servers.silent(a, 0)
    return servers.of(a).restsUntilMs / 1000
  })
  assert.deepEqual(rests, [1, 2, 4, 8, 16, ...Array<number>(4).fill(REST_SECONDS)])
  assert.equal(servers.isResting(a, REST_SECONDS * 1_000 - 1), true)
  assert.equal(servers.isResting(a, REST_SECONDS * 1_000), false)
  servers.answered(a, 10)
  assert.equal(servers.isResting(a, 0), false)
})

test('messages that were on their way together fall silent as one, however many: a burst puts no server to rest that ever answered', () => {
  const servers = memory()
  servers.answered(a, 10)
  for (let round = 0; round < MAX_SILENCES - 1; round++) {
    const sentMs = round * 1_000
    for (let i = 0; i < 50; i++) servers.silent(a, sentMs + 400 + i / 100, sentMs + i / 100)
    assert.deepEqual([servers.of(a).silences, servers.isResting(a, sentMs + 500)], [round + 1, false])
  }
  servers.silent(a, 9_400, 9_000)
  assert.equal(servers.isResting(a, 9_500), true)
  for (let i = 0; i < MAX_SILENCES; i++) servers.silent(b, 400 + i, i)
  assert.equal(servers.isResting(b, 500), true, 'who never answered is not waited for so long')
})

test('after its rest one question tries it, and it rests for the others meanwhile', () => {
  const servers = memory()
  for (let i = 0; i < MAX_SILENCES; i++) servers.silent(a, 0)
  assert.equal(servers.isResting(a, 1_000), false)
  assert.equal(servers.choose([a], 1_000), a)
  assert.equal(servers.isResting(a, 1_000), true)
})

test('a server is lame for a zone, not for others, and for a minute (RFC 2308 7.1)', () => {
  const servers = memory()
  servers.setLame(a, Name.parse('Example.'), 0)
  assert.equal(servers.isLameFor(a, Name.parse('example.'), LAME_SECONDS * 1000 - 1), true)
  assert.equal(servers.isLameFor(a, Name.parse('example.'), LAME_SECONDS * 1000), false)
  assert.equal(servers.isLameFor(a, Name.parse('sub.example.'), 0), false)
  assert.equal(servers.isLameFor(b, Name.parse('example.'), 0), false)
})

test('memory is bounded: of zones for one server, and of servers', () => {
  const servers = memory()
  for (let i = 0; i <= MAX_LAME_ZONES; i++) servers.setLame(a, Name.parse(`z${i}.example.`), 0)
  assert.equal(servers.of(a).lame.size, MAX_LAME_ZONES)
  assert.equal(servers.isLameFor(a, Name.parse('z0.example.'), 0), false)
  for (let i = 0; i < MAX_SERVERS_REMEMBERED + 10; i++) servers.of({ address: Uint8Array.of(10, i >> 16, i >> 8, i), port: 53 })
  assert.equal(servers.size, MAX_SERVERS_REMEMBERED)
})

test('to be looked at makes no memory of a server, and does not keep one', () => {
  const servers = memory()
  const zone = Name.parse('example.')
  for (const look of [() => servers.isLameFor(a, zone, 0), () => servers.isDoubted(a, zone, 0), () => servers.isResting(a, 0), () => servers.waitMs(a), () => servers.hasAnsweredSince(a, 0)]) look()
  assert.equal(servers.size, 0)
  assert.equal(servers.choose([a], 0), a)
  assert.equal(servers.size, 1, 'who is asked is remembered')
})

test('who was heard of last is forgotten last', () => {
  const servers = memory()
  const other = (i: number): Endpoint => ({ address: Uint8Array.of(10, i >> 16, i >> 8, i), port: 53 })
  for (const endpoint of [a, b, a, b, b]) servers.answered(endpoint, 7, 0)
  for (let i = 0; i < MAX_SERVERS_REMEMBERED - 2; i++) servers.of(other(i))
  servers.answered(a, 7, 1)
  servers.of(other(MAX_SERVERS_REMEMBERED))
  assert.deepEqual([a, b].map((endpoint) => servers.of(endpoint).hasAnswered), [true, false])
})
