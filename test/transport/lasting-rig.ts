/** What the suites of connections that last share: a TCP transport with a core whose calls a test makes, and clients whose connections are kept. */
import assert from 'node:assert/strict'
import { parseEndpoint } from '../../src/transport/address.ts'
import { COUNTER, type TransportCounter, transportCounters, type TransportCounters } from '../../src/transport/counters.ts'
import type { Deferred, Lasting } from '../../src/transport/handler.ts'
import type { ConnectionLimits } from '../../src/transport/tcp-connections.ts'
import { FakeCore } from './fake-core.ts'
import { DEFER, framed, query, scripted, TcpClient, until } from './support.ts'
import type { OpenTcp, TcpUnderTest } from './tcp-suite.ts'

/** Identifiers of the messages that a client has received whole, in order. */
export function idsOf(client: TcpClient): number[] {
  const octets = client.octets()
  const ids: number[] = []
  for (let at = 0; at + 2 < octets.length && at + 2 + octets.readUInt16BE(at) <= octets.length; at += 2 + octets.readUInt16BE(at)) ids.push(octets.readUInt16BE(at + 2))
  return ids
}

/** A client whose connection is kept. */
export interface Kept {
  client: TcpClient
  connection: Lasting
  /** How often its end was told. */
  ends: number
}

/** A transport in service. */
export class LastingRig {
  readonly #open: OpenTcp
  #counters: TransportCounters = transportCounters()
  #faults: unknown[] = []
  core: FakeCore = new FakeCore()
  server!: TcpUnderTest
  readonly #clients: TcpClient[] = []

  constructor(open: OpenTcp) {
    this.#open = open
  }

  async start(limits: Partial<ConnectionLimits> = {}): Promise<void> {
    const faults: unknown[] = []
    this.#counters = transportCounters()
    this.#faults = faults
    this.core = new FakeCore()
    this.server = await this.#open({ handler: scripted, counters: this.#counters, onFault: (fault) => faults.push(fault), limits }, parseEndpoint('127.0.0.1:0')!, this.core)
  }

  /** Closes at once, whatever the clients do, and them too. */
  async stop(): Promise<void> {
    const closing = this.server.close(0)
    const pushed = setInterval(() => this.server.advance(1), 5)
    await closing
    clearInterval(pushed)
    for (const { socket } of this.#clients.splice(0)) socket.destroy()
    assert.deepEqual(this.#faults, [])
  }

  count(name: TransportCounter): number {
    return this.#counters[COUNTER[name]] + this.core.count(name)
  }

  async connect(): Promise<TcpClient> {
    const client = await TcpClient.connect(this.server.port)
    this.#clients.push(client)
    return client
  }

  /** Connects, and has `queries` deferred; one client at a time. */
  async defer(...queries: Buffer[]): Promise<{ client: TcpClient; waiting: Deferred[]; connection: Lasting }> {
    const client = await this.connect()
    const before = this.core.deferred.length
    client.socket.write(framed(...queries))
    const waiting = (await this.core.first(before + queries.length)).slice(before)
    return { client, waiting, connection: waiting[0].connection ?? assert.fail('no connection') }
  }

  /** Connects and asks once, on which the core keeps the connection. */
  async keep(): Promise<Kept> {
    const { client, waiting, connection } = await this.defer(query(1, DEFER))
    const kept: Kept = { client, connection, ends: 0 }
    connection.keep(() => kept.ends++)
    waiting[0].reply(query(1))
    await until('the answer', () => idsOf(client).length === 1)
    return kept
  }
}
