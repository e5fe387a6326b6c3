/** UDP by node:dgram: what every transport does, then what is its own: errors of sending, its queue, and wildcards. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:dgram'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { INTERFACE_RESCAN_MS, MAX_UDP_SENDS_IN_FLIGHT } from '../../src/dns/limits.ts'
import { parseEndpoint } from '../../src/transport/address.ts'
import { systemClock } from '../../src/transport/clock.ts'
import { COUNTER, type TransportCounter, transportCounters } from '../../src/transport/counters.ts'
import { type Interfaces, UdpEndpoint, type UdpOptions } from '../../src/transport/udp-dgram.ts'
import { FakeCore } from './fake-core.ts'
import { DEFER, FakeClock, hasIpv6, query, scripted, SIZED, UdpClient, until } from './support.ts'
import { type UdpUnderTest, udpSuite } from './udp-suite.ts'

type Family = 'IPv4' | 'IPv6'

function machine(...hosts: string[]): ReturnType<Interfaces> {
  return { lo: hosts.map((address) => ({ address, family: (address.includes(':') ? 'IPv6' : 'IPv4') as Family })) }
}

async function open(address: string, more: Partial<UdpOptions> = {}, core: FakeCore = new FakeCore()): Promise<UdpUnderTest & { endpoint: UdpEndpoint; faults: unknown[] }> {
  const { counters } = core
  const faults: unknown[] = []
  const interfaces = (): ReturnType<Interfaces> => machine('127.0.0.1', '127.0.0.2', ...(hasIpv6 ? ['::1'] : []))
  const endpoint = await UdpEndpoint.open(
    { handler: scripted, counters, clock: systemClock, interfaces, onFault: (fault) => faults.push(fault), deferrals: core.main, ...more }, parseEndpoint(address)!,
  )
  return { endpoint, faults, core, port: endpoint.port, count: (name: TransportCounter) => counters[COUNTER[name]], close: () => endpoint.close(1_000) }
}

udpSuite('node:dgram', (address, core) => open(address, {}, core), ['127.0.0.1', '127.0.0.2', '::1'])

/** Stands in for a socket whose kernel does what the test says. */
class StubSocket extends EventEmitter {
  sent: { octets: Buffer; done: (error: Error | null) => void }[] = []
  /** Whether the kernel takes no more, so that sends wait in Node. */
  full = false

  bind(_options: object, done: () => void): void {
    setImmediate(done)
  }

  address(): { port: number } {
    return { port: 5300 }
  }

  send(octets: Buffer, offset: number, size: number, _port: number, _host: string, done: (error: Error | null) => void): void {
    this.sent.push({ octets: octets.subarray(offset, offset + size), done })
  }

  getSendQueueCount(): number {
    return this.full ? this.sent.length : 0
  }

  close(done: () => void): void {
    done()
  }

  ask(octets: Buffer, port = 40_000): void {
    this.emit('message', octets, { address: '192.0.2.9', port, family: 'IPv4', size: octets.length })
  }
}

async function openStub(clock = new FakeClock()): Promise<{ stub: StubSocket; udp: Awaited<ReturnType<typeof open>>; clock: FakeClock }> {
  const stub = new StubSocket()
  return { stub, udp: await open('192.0.2.1:53', { clock, createSocket: () => stub as unknown as Socket }), clock }
}

test('errors of sending are counted, each the loss of one answer', async () => {
  const { stub, udp } = await openStub()
  for (const code of ['EPERM', 'ENOBUFS', 'EMSGSIZE', 'ENETUNREACH']) {
    stub.ask(query(1))
    stub.sent.pop()?.done(Object.assign(new Error(code), { code }))
  }
  assert.equal(udp.count('udpSendRefused'), 4)
  assert.equal(udp.count('udpSent'), 0)
  stub.emit('error', new Error('ENOMEM'))
  assert.equal(udp.count('udpSocketFaults'), 1)
  assert.equal(udp.faults.length, 1)
})

test('answers that wait in the queue keep their octets while later ones are made', async () => {
  const { stub, udp } = await openStub()
  stub.full = true
  for (let id = 0; id < 50; id++) stub.ask(query(id))
  assert.deepEqual(stub.sent.map(({ octets }) => octets), Array.from({ length: 50 }, (_, id) => query(id)))
  for (const { done } of stub.sent.splice(0)) done(null)
  assert.equal(udp.count('udpSent'), 50)
})

test('no more answers wait than the limit; the rest is dropped until some have left', async () => {
  const { stub, udp } = await openStub()
  stub.full = true
  for (let id = 0; id < MAX_UDP_SENDS_IN_FLIGHT + 10; id++) stub.ask(query(id))
  assert.equal(stub.sent.length, MAX_UDP_SENDS_IN_FLIGHT)
  assert.equal(udp.count('udpDropBusy'), 10)
  stub.sent.shift()?.done(null)
  stub.ask(query(1))
  assert.equal(stub.sent.length, MAX_UDP_SENDS_IN_FLIGHT)
})

test('closing waits for answers in the queue, up to the deadline', async () => {
  for (const leaves of [true, false]) {
    const { stub, udp, clock } = await openStub()
    stub.full = true
    stub.ask(query(1))
    let closed = false
    const closing = udp.close().then(() => (closed = true))
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(closed, false)
    stub.ask(query(2))
    assert.equal(stub.sent.length, 1, 'nothing new is answered meanwhile')
    if (leaves) stub.sent[0].done(null)
    else clock.advance(1_000)
    await closing
  }
})

test('nothing is sent to port 0 (RFC 768)', async () => {
  const { stub, udp } = await openStub()
  stub.ask(query(1), 0)
  assert.equal(stub.sent.length, 0)
  assert.equal(udp.count('udpDropPort'), 1)
})

test('a wildcard follows the addresses of the machine', async (t) => {
  const clock = new FakeClock()
  let hosts = ['127.0.0.1', '2001:db8::1']
  const udp = await open('0.0.0.0:0', { clock, interfaces: () => machine(...hosts) })
  const client = await UdpClient.open('127.0.0.1')
  t.after(() => {
    client.close()
    return udp.close()
  })
  assert.deepEqual(udp.endpoint.hosts, ['127.0.0.1'], 'of its own family')
  hosts = ['127.0.0.3', '192.0.2.222']
  clock.advance(INTERFACE_RESCAN_MS)
  await until('the look', () => udp.faults.length === 1)
  assert.deepEqual(udp.endpoint.hosts, ['127.0.0.3'], 'an address that cannot be opened is reported and tried again')
  assert.equal((await client.ask(query(1, SIZED, 40), udp.port, '127.0.0.3')).from.address, '127.0.0.3')
  assert.deepEqual([udp.count('udpAddressesAdded'), udp.count('udpAddressesRemoved')], [1, 1])
})

test('closing waits for answers of the core, but not beyond its deadline; what comes later is counted', async () => {
  for (const isInTime of [true, false]) {
    const core = new FakeCore()
    const { endpoint, port, count } = await open('127.0.0.1:0', {}, core)
    const client = await UdpClient.open('127.0.0.1')
    client.send(query(1, DEFER), port, '127.0.0.1')
    const [message] = await core.first(1)
    let isClosed = false
    const closing = endpoint.close(isInTime ? 5_000 : 50).then(() => (isClosed = true))
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(isClosed, false)
    if (!isInTime) await closing
    message.reply(message.octets)
    await closing
    if (isInTime) await until('the answer', () => client.answers.length === 1)
    assert.deepEqual([count('deferLate'), core.budget.messages], [isInTime ? 0 : 1, 0])
    client.close()
  }
})

test('without a core, what the handler defers is met with silence', async () => {
  const counters = transportCounters()
  const endpoint = await UdpEndpoint.open({ handler: scripted, counters, clock: systemClock, interfaces: () => machine('127.0.0.1'), onFault: (fault) => assert.fail(String(fault)) }, parseEndpoint('127.0.0.1:0')!)
  const client = await UdpClient.open('127.0.0.1')
  client.send(query(1, DEFER), endpoint.port, '127.0.0.1')
  await until('the silence', () => counters[COUNTER.udpSilent] === 1)
  client.close()
  await endpoint.close(0)
})
