/** Opening a list of endpoints: all or nothing, and errors that say what to do. */
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { connect, createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { sumCounters, TRANSPORT_COUNTER_NAMES, TRANSPORT_COUNTER_OCTETS, TRANSPORT_COUNTERS, transportCounters } from '../../src/transport/counters.ts'
import { ListenFault } from '../../src/transport/listen-fault.ts'
import { listen, type Listeners, type ListenOptions } from '../../src/transport/listen.ts'
import { hasIpv6, query, scripted, TcpClient, UdpClient } from './support.ts'

function open(addresses: string[], more: Partial<ListenOptions> = {}): Promise<Listeners> {
  return listen({ addresses, handler: scripted, counters: transportCounters(), onFault: assert.ifError, ...more })
}

async function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => connect(port, '127.0.0.1', () => resolve(false)).on('error', () => resolve(true)))
}

test('each address answers over UDP and TCP, on one port (RFC 7766 5)', async () => {
  const listeners = await open(['127.0.0.1:0', '127.0.0.1:0', ...(hasIpv6 ? ['[::1]:0'] : [])])
  for (const { host, port } of listeners.endpoints) {
    const udp = await UdpClient.open(host)
    assert.deepEqual((await udp.ask(query(1), port, host)).octets, query(1))
    udp.close()
    const tcp = await TcpClient.connect(port, host)
    assert.deepEqual(await tcp.ask(query(2)), query(2))
    assert.equal(listeners.connectionCount > 0, true)
    tcp.socket.destroy()
  }
  await listeners.close()
  assert.ok(await isRefused(listeners.endpoints[0].port))
})

test('UDP can be left to others', async () => {
  const listeners = await open(['127.0.0.1:0'], { udp: false })
  const other = createSocket('udp4')
  await new Promise<void>((resolve) => other.bind(listeners.endpoints[0].port, '127.0.0.1', resolve))
  other.close()
  await listeners.close()
})

test('an address in use is named, with its protocol, and nothing stays open', async (t) => {
  const free = await open(['127.0.0.1:0'])
  const { port } = free.endpoints[0]
  await free.close()
  const holder = createSocket('udp4')
  t.after(() => holder.close())
  const taken = await bindWhereTcpIsFree(holder)
  await assert.rejects(open([`127.0.0.1:${port}`, `127.0.0.1:${taken}`]), (fault: ListenFault) => {
    assert.equal(fault.code, 'EADDRINUSE')
    assert.equal(fault.address, `127.0.0.1:${taken}`)
    assert.match(fault.message, new RegExp(`^Cannot listen on UDP 127\\.0\\.0\\.1:${taken} as another process has this address and port: .*ss -lnp`))
    return true
  })
  assert.ok(await isRefused(port))
  const again = await open([`127.0.0.1:${port}`])
  await again.close()
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  await assert.rejects(open([`127.0.0.1:${(server.address() as AddressInfo).port}`]), /Cannot listen on TCP /)
  server.close()
})

/** Binds `holder` to a port that both protocols had free, as the kernel gives out ports for each on its own. */
async function bindWhereTcpIsFree(holder: Socket): Promise<number> {
  const both = await open(['127.0.0.1:0'])
  const { port } = both.endpoints[0]
  await both.close()
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject)
    holder.bind(port, '127.0.0.1', resolve)
  })
  return port
}

test('an address that no interface has, and a text that is none, say what to write instead', async () => {
  await assert.rejects(open(['192.0.2.254:5300']), { code: 'EADDRNOTAVAIL', message: /as no interface of this machine has the address: `ip addr`/ })
  await assert.rejects(open(['ns1.example.:53']), { code: 'EINVAL', message: /^Cannot listen on "ns1\.example\.:53" as it is not an address and port: write 192\.0\.2\.1:53/ })
})

test('a privileged port names the right that is missing, and an unknown code is shown', () => {
  assert.match(new ListenFault('UDP ', '192.0.2.1:53', 'EACCES').message, /^Cannot listen on UDP 192\.0\.2\.1:53 as ports below 1024 need a right: run with CAP_NET_BIND_SERVICE/)
  assert.match(new ListenFault('TCP ', '192.0.2.1:53', 'ENOSPC').message, /the system refuses it \(ENOSPC\)/)
})

test('counts lie in memory that threads share, each described, and add up', () => {
  const memory = new SharedArrayBuffer(2 * TRANSPORT_COUNTER_OCTETS)
  const [one, two] = [transportCounters(memory), transportCounters(memory, TRANSPORT_COUNTER_OCTETS)]
  one[TRANSPORT_COUNTER_NAMES.indexOf('udpReceived')] += 3
  two[TRANSPORT_COUNTER_NAMES.indexOf('udpReceived')] += 4
  two[TRANSPORT_COUNTER_NAMES.length - 1] = 1
  assert.equal(sumCounters([one, two]).udpReceived, 7)
  assert.equal(sumCounters([one]).handlerFaults, 0)
  for (const name of TRANSPORT_COUNTER_NAMES) assert.ok(TRANSPORT_COUNTERS[name].length > 10, name)
})
