/**
 * Plans that chance has made for connections that last, run over any TCP transport: a core that answers, sends unasked, keeps,
 * releases and cuts in any order, and clients that come to any end. Whatever the plan, each client has what the core has said to it,
 * in its order, and the core hears of the end of each connection that it keeps, once, and of no other.
 */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Deferred, Lasting } from '../../src/transport/handler.ts'
import { idsOf, LastingRig } from './lasting-rig.ts'
import { DEFER, framed, query, type TcpClient, until } from './support.ts'
import type { OpenTcp } from './tcp-suite.ts'

const QUERIES = 8
const CLIENTS = 4

interface Step {
  client: number
  act: 'send' | 'answer' | 'answer in part' | 'drop' | 'keep' | 'release'
  size: number
  /** Lets others have their turn afterwards. */
  isTurn: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  client: fc.nat(CLIENTS - 1),
  act: fc.constantFrom('send', 'send', 'send', 'answer', 'answer in part', 'drop', 'keep', 'keep', 'release'),
  size: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 15, max: 400 }) }, { weight: 1, arbitrary: fc.integer({ min: 3_000, max: 20_000 }) }),
  isTurn: fc.boolean(),
})
const fate = fc.constantFrom('ends its side', 'vanishes', 'is cut', 'is idle')
const plan = fc.record({ steps: fc.array(step, { maxLength: 60 }), fates: fc.array(fate, { minLength: CLIENTS, maxLength: CLIENTS }) })

/** One client and what it must have. */
interface Party {
  client: TcpClient
  connection: Lasting
  waiting: Deferred[]
  expected: number[]
  /** The last `keep`, undefined once released. */
  kept: number | undefined
  told: number[]
}

async function connect(rig: LastingRig): Promise<Party> {
  const { client, waiting, connection } = await rig.defer(...Array.from({ length: QUERIES }, (_, id) => query(id, DEFER)))
  return { client, waiting, connection, expected: [], kept: undefined, told: [] }
}

function perform(party: Party, { act, size }: Step, id: number): void {
  const { connection, waiting, expected, told } = party
  switch (act) {
    case 'send':
      expected.push(id)
      return connection.send(query(id, 0, 0, size))
    case 'keep':
      party.kept = id
      return connection.keep(() => told.push(id))
    case 'release':
      party.kept = undefined
      return connection.release()
    case 'drop':
      return waiting.pop()?.drop()
    default: {
      const [message] = waiting
      if (message === undefined) return
      if (act === 'answer') waiting.shift()
      expected.push(id)
      message.reply(query(id, 0, 0, size), act === 'answer in part')
    }
  }
}

async function run(rig: LastingRig, { steps, fates }: { steps: Step[]; fates: string[] }): Promise<void> {
  const parties: Party[] = []
  for (let i = 0; i < CLIENTS; i++) parties.push(await connect(rig))
  for (const [id, next] of steps.entries()) {
    perform(parties[next.client], next, id)
    if (next.isTurn) await new Promise((resolve) => setImmediate(resolve))
  }
  for (const { client, expected } of parties) await until('what was said', () => idsOf(client).length >= expected.length)
  for (const { waiting } of parties) for (const message of waiting) message.drop()
  for (const [i, party] of parties.entries()) {
    if (fates[i] === 'ends its side') party.client.socket.end()
    else if (fates[i] === 'vanishes') party.client.socket.resetAndDestroy()
    else if (fates[i] === 'is cut') party.connection.cut()
  }
  const lasting = (): number => parties.filter(({ kept }, i) => fates[i] === 'is idle' && kept !== undefined).length
  await until('the end of all that are not kept', () => {
    rig.server.advance(1_000)
    return rig.server.connectionCount === lasting()
  })
  for (const [i, { client }] of parties.entries()) if (fates[i] === 'is idle') client.socket.destroy()
  await until('the end of all', () => rig.server.connectionCount === 0 && parties.every(({ kept, told }) => kept === undefined || told.length > 0))
  for (const [i, { client, expected, kept, told }] of parties.entries()) {
    assert.deepEqual([idsOf(client), told], [expected, kept === undefined ? [] : [kept]], `client ${i}, which ${fates[i]}`)
  }
}

/** Declares the tests. */
export function tcpLastingPlans(name: string, open: OpenTcp, skip: string | false = false): void {
  describe(`plans of connections that last over TCP by ${name}`, { skip }, () => {
    const rig = new LastingRig(open)
    beforeEach(() => rig.start())
    afterEach(() => rig.stop())

    test('each client has what was said to it in order, and each end of a kept connection is told once', async () => {
      await fc.assert(fc.asyncProperty(plan, (one) => run(rig, one)), { numRuns: 40, endOnFailure: true })
      assert.deepEqual([rig.core.budget.messages, rig.core.budget.octets, rig.count('deferLate')], [0, 0, 0])
    })

    test('a client that asks and is told at once by a core that never rests loses nothing of either', async () => {
      const { client, connection } = await rig.keep()
      const [asked, sent] = [2_000, 2_000]
      client.socket.write(framed(...Array.from({ length: asked }, (_, id) => query(id))))
      for (let id = 0; id < sent; id++) {
        connection.send(query(10_000 + id, 0, 0, 300))
        if (id % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await until('all', () => idsOf(client).length === 1 + asked + sent)
      const ids = idsOf(client).slice(1)
      assert.deepEqual(ids.filter((id) => id < 10_000), Array.from({ length: asked }, (_, id) => id))
      assert.deepEqual(ids.filter((id) => id >= 10_000), Array.from({ length: sent }, (_, id) => 10_000 + id))
    })
  })
}
