/** TTLs of leased records in answers: no longer than what is left of the lease (RFC 9664 7), whoever wrote them and wherever they stand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZoneAuthority } from '../../src/authority/answer.ts'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { Server } from '../../src/server/server.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { garden, START_MS, type Garden } from '../discovery/support.ts'
import { SEED } from '../update/support.ts'

interface Asked {
  running: Garden
  /** Seconds since the garden's beginning by the clock that the server answers by. */
  clock: { seconds: number }
  ask(name: string, type: number): Message
}

/** A garden with a server over its zone, whose two clocks differ. */
async function asked(): Promise<Asked> {
  const running = await garden()
  const clock = { seconds: 0 }
  const directory = new ZoneDirectory([running.zone.image], SEED)
  const server = new Server({ authority: new ZoneAuthority(directory, SEED), nowSeconds: () => assert.fail('not the clock of leases'), leaseSeconds: () => Math.floor(START_MS / 1_000) + clock.seconds })
  const out = new Uint8Array(1_232)
  const ask = (name: string, type: number): Message => {
    const query = encodeMessage(makeMessage({ id: 9, questions: [{ name: Name.parse(name), type, class: CLASS.IN }] }))
    const length = server.answer(query, query.length, { address: Uint8Array.of(192, 0, 2, 1), port: 4_000, transport: 'tcp' }, out)
    return decodeMessage(out.slice(0, length))
  }
  return { running, clock, ask }
}

const ttls = ({ answers, additionals }: Message): number[] => [...answers, ...additionals].map(({ ttl }) => ttl)

test('a TTL goes down with the lease, from where it is longer than what is left, to 0 and no further', async () => {
  const { running, clock, ask } = await asked()
  assert.equal(await running.lease('add leased.example. 100 A 192.0.2.9', { lease: 120 }), 'NOERROR 120')
  const steps: [number, number][] = [[0, 100], [20, 100], [21, 99], [119, 1], [120, 0], [121, 0], [100_000, 0]]
  for (const [seconds, ttl] of steps) {
    clock.seconds = seconds
    assert.deepEqual(ttls(ask('leased.example.', TYPE.A)), [ttl], `after ${seconds} s`)
  }
})

test('a refresh lets it rise again', async () => {
  const { running, clock, ask } = await asked()
  await running.lease('add leased.example. 100 A 192.0.2.9', { lease: 60 })
  await running.pass(50)
  clock.seconds = 50
  assert.deepEqual(ttls(ask('leased.example.', TYPE.A)), [10])
  await running.lease('add leased.example. 100 A 192.0.2.9', { lease: 60 })
  assert.deepEqual(ttls(ask('leased.example.', TYPE.A)), [60])
})

test('records of the zone file keep their TTL, beside leased ones too; every record of a leased set has the same (RFC 2181 5.2)', async () => {
  const { running, clock, ask } = await asked()
  await running.lease('add leased.example. 100 A 192.0.2.9\nadd leased.example. 100 A 192.0.2.10\nadd leased.example. 100 TXT "x"', { lease: 60 })
  clock.seconds = 45
  assert.deepEqual(ttls(ask('leased.example.', TYPE.A)), [15, 15])
  assert.deepEqual(ttls(ask('leased.example.', TYPE.TXT)), [15])
  assert.deepEqual(ttls(ask('www.example.', TYPE.A)), [300, 300])
})

test('so do records with names to compress, and what is added of itself', async () => {
  const { running, clock, ask } = await asked()
  await running.lease('add m.example. 100 MX 5 host.example.\nadd host.example. 100 A 192.0.2.9', { lease: 60 })
  clock.seconds = 58
  const response = ask('m.example.', TYPE.MX)
  assert.deepEqual([response.answers.map(({ ttl }) => ttl), response.additionals.map(({ ttl }) => ttl)], [[2], [2]])
})

test('what is leased to different ends has the TTL of the first of them, as one RRset has one', async () => {
  const { running, clock, ask } = await asked()
  await running.lease('add leased.example. 100 A 192.0.2.9', { lease: 60 })
  await running.lease('add leased.example. 100 A 192.0.2.10', { lease: 90 })
  clock.seconds = 40
  assert.deepEqual(ttls(ask('leased.example.', TYPE.A)), [20, 20])
})
