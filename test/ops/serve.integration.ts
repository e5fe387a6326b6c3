/**
 * A server as a process: from start to stop, with real signals, files and sockets, under both ways of
 * reading UDP.
 */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { connect } from 'node:net'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { UDP_WAIT_MS } from '../../src/dns/limits.ts'
import type { Message } from '../../src/dns/message.ts'
import { askControl } from '../../src/cli/control-client.ts'
import type { MetricLine } from '../../src/ops/metrics.ts'
import { canUseMmsg } from '../../src/transport/udp-mmsg.ts'
import { makeFolder, Served, waggle, zoneText } from './process.ts'

function configText(transport: string, more = ''): string {
  return `listen: ["127.0.0.1:0", "[::1]:0"]\ntransport: ${transport}\n${transport === 'dgram' ? '' : 'workers: 2\n'}zones:\n  - { name: example.com, file: a.zone }\n${more}`
}

function textOf(message: Message): string {
  const [answer] = message.answers
  return answer === undefined ? `no answer: ${message.rcode}` : Buffer.from(answer.rdata.subarray(1)).toString()
}

const TRANSPORTS = canUseMmsg().usable ? ['mmsg', 'dgram'] : ['dgram']

for (const transport of TRANSPORTS) {
  describe(`a server with transport ${transport}`, () => {
    it('answers on every address, over UDP and TCP, once it says that it is ready', async () => {
      const folder = makeFolder({ 'w.yaml': configText(transport), 'a.zone': zoneText(7) })
      const server = await Served.start(join(folder.path, 'w.yaml'))
      try {
        for (const endpoint of [0, 1]) {
          for (const tcp of [false, true]) {
            const answer = await server.ask('a.Example.COM.', TYPE.TXT, { endpoint, tcp })
            assert.equal(answer.authoritative, true)
            assert.equal(textOf(answer), '7')
            assert.equal(answer.answers[0].name.toString(), 'a.Example.COM.')
          }
        }
        assert.equal((await server.ask('none.example.com.')).rcode, RCODE.NXDOMAIN)
        assert.equal((await server.ask('example.net.')).rcode, RCODE.REFUSED)
        assert.equal(textOf(await server.ask('version.bind.', TYPE.TXT, { rrClass: CLASS.CH })), 'waggle')
        assert.deepEqual(server.lines().filter(({ msg }) => msg === 'ready').length, 1)
      } finally {
        const { code, err } = await server.stop()
        folder.remove()
        assert.equal(code, 0)
        assert.match(err, /^Try: dig @127\.0\.0\.1 -p \d+ example\.com\. SOA\n$/)
      }
    })

    it('serves old or new and never neither while zones are reloaded, bad files among them', async () => {
      const folder = makeFolder({ 'w.yaml': configText(transport), 'a.zone': zoneText(1) })
      const server = await Served.start(join(folder.path, 'w.yaml'))
      const seen: number[] = []
      const faults: string[] = []
      let isOver = false
      const askers = Array.from({ length: 4 }, async () => {
        while (!isOver) {
          const text = textOf(await server.ask('a.example.com.'))
          if (/^\d+$/.test(text)) seen.push(Number(text))
          else faults.push(text)
        }
      })
      try {
        for (let serial = 2; serial <= 6; serial++) {
          const isBad = serial % 2 === 1
          folder.write('a.zone', isBad ? `${zoneText(serial)}broken A 192.0.2\n` : zoneText(serial))
          server.child.kill('SIGHUP')
          await server.line('reload done', serial - 1)
        }
        await sleep(50)
      } finally {
        isOver = true
        await Promise.all(askers)
        await server.stop()
        folder.remove()
      }
      assert.deepEqual(faults, [])
      assert.ok(seen.length > 100, `only ${seen.length} answers`)
      assert.deepEqual([...new Set(seen)].sort(), [1, 2, 4, 6], 'every good zone was served and no bad one')
      assert.equal(server.lines().filter(({ msg }) => msg === 'zone kept').length, 2)
      const fault = server.lines().find(({ msg }) => msg === 'zone error')
      assert.match(String(fault?.at), /a\.zone:6:\d+$/)
      assert.match(String(fault?.text), /192\.0\.2/)
    })

    it('honours zones that come to the config or leave it, and says which keys wait for the next start', async () => {
      const folder = makeFolder({ 'w.yaml': configText(transport), 'a.zone': zoneText(1), 'b.zone': zoneText(2) })
      const server = await Served.start(join(folder.path, 'w.yaml'))
      try {
        assert.equal((await server.ask('a.example.org.')).rcode, RCODE.REFUSED)
        folder.write('w.yaml', `${configText(transport, '  - { name: example.org, file: b.zone }\n')}udp-size: 1400\nlog: debug\n`)
        server.child.kill('SIGHUP')
        await server.line('reload done')
        assert.equal(textOf(await server.ask('a.example.org.')), '2')
        assert.deepEqual((await server.line('config keys wait')).keys, ['log'])
        assert.deepEqual((await server.line('config keys taken')).keys, ['udp-size'])
        folder.write('w.yaml', 'listen: ["127.0.0.1:0"]\nzones:\n  - { name: example.org, file: b.zone }\n')
        server.child.kill('SIGHUP')
        await server.line('zone removed')
        await server.line('reload done', 2)
        assert.equal((await server.ask('a.example.com.')).rcode, RCODE.REFUSED)
        folder.write('w.yaml', 'zones: 7\n')
        server.child.kill('SIGHUP')
        assert.match(String((await server.line('config kept')).level), /error/)
        assert.equal(textOf(await server.ask('a.example.org.')), '2')
      } finally {
        await server.stop()
        folder.remove()
      }
    })

    it('goes on answering while a large zone is loaded', async () => {
      const records = Array.from({ length: 300_000 }, (_, i) => `h${i} A 192.0.2.${i % 256}\n`).join('')
      const folder = makeFolder({ 'w.yaml': configText(transport), 'a.zone': zoneText(1) })
      const server = await Served.start(join(folder.path, 'w.yaml'))
      try {
        folder.write('a.zone', zoneText(2) + records)
        let isOver = false
        server.child.kill('SIGHUP')
        const done = server.line('reload done').then(() => (isOver = true))
        let answers = 0
        while (!isOver) {
          const text = textOf(await server.ask('a.example.com.'))
          assert.match(text, /^[12]$/)
          if (text === '1') answers++
        }
        await done
        assert.ok(answers >= 20, `only ${answers} answers while loading`)
        assert.equal((await server.ask('h299999.example.com.', TYPE.A)).answers.length, 1)
      } finally {
        await server.stop()
        folder.remove()
      }
    })

    it('gives back the memory of zones that were replaced', async () => {
      const records = Array.from({ length: 100_000 }, (_, i) => `h${i} A 192.0.2.${i % 256}\n`).join('')
      const folder = makeFolder({ 'w.yaml': configText(transport), 'a.zone': zoneText(1) + records })
      const server = await Served.start(join(folder.path, 'w.yaml'))
      const control = join(folder.path, 'data', 'control.sock')
      const reload = async (): Promise<{ memory: number; image: number }> => {
        assert.equal((await askControl(control, { command: 'zone reload' })).ok, true)
        await server.ask('h5.example.com.', TYPE.A)
        const answer = await askControl(control, { command: 'stats' })
        const metrics = new Map((answer as unknown as { metrics: MetricLine[] }).metrics.map(({ name, value }) => [name, value]))
        return { memory: metrics.get('process.memory_rss_octets') ?? NaN, image: metrics.get('zones.octets') ?? NaN }
      }
      try {
        for (let i = 0; i < 5; i++) await reload()
        const early = await reload()
        for (let i = 0; i < 9; i++) await reload()
        const late = await reload()
        assert.ok(late.memory - early.memory < 5 * early.image, `grew by ${late.memory - early.memory} octets in 10 reloads of a zone of ${early.image}`)
      } finally {
        await server.stop()
        folder.remove()
      }
    })

    it('sees the last change after a storm of SIGHUPs, and does not reload once for each', async () => {
      const folder = makeFolder({ 'w.yaml': configText(transport), 'a.zone': zoneText(1) })
      const server = await Served.start(join(folder.path, 'w.yaml'))
      try {
        for (let serial = 2; serial <= 41; serial++) {
          folder.write('a.zone', zoneText(serial))
          server.child.kill('SIGHUP')
        }
        for (let i = 0; i < 200 && textOf(await server.ask('a.example.com.')) !== '41'; i++) await sleep(20)
        await sleep(2 * UDP_WAIT_MS) // another thread may be asleep with the old zone until then
        assert.equal(textOf(await server.ask('a.example.com.')), '41')
        const reloads = server.lines().filter(({ msg }) => msg === 'reload done').length
        assert.ok(reloads < 40, `${reloads} reloads`)
      } finally {
        await server.stop()
        folder.remove()
      }
    })

    it('finishes queries in flight on SIGTERM and ends with code 0', async () => {
      const folder = makeFolder({ 'w.yaml': configText(transport), 'a.zone': zoneText(1) })
      const server = await Served.start(join(folder.path, 'w.yaml'))
      const waiting = Array.from({ length: 50 }, () => server.ask('a.example.com.', TYPE.TXT, { tcp: true }).then(textOf, () => 'cut off'))
      const first = await Promise.race(waiting)
      const { code } = await server.stop('SIGTERM')
      folder.remove()
      assert.equal(first, '1')
      assert.equal(code, 0)
      for (const text of await Promise.all(waiting)) assert.match(text, /^(1|cut off)$/)
      assert.equal(existsSync(join(folder.path, 'data', 'control.sock')), false)
    })
  })
}

describe('a server that cannot start', () => {
  it('says which port is in use and by what means to find out, and ends with code 1', async () => {
    const taken = await holdUdpPort()
    const { port } = taken.address()
    for (const transport of TRANSPORTS) {
      const folder = makeFolder({ 'w.yaml': `listen: ["127.0.0.1:${port}"]\ntransport: ${transport}\n` })
      const { code, out, err } = await waggle(['serve', '-c', join(folder.path, 'w.yaml')])
      folder.remove()
      assert.equal(code, 1)
      assert.match(err, new RegExp(`Cannot listen on UDP 127\\.0\\.0\\.1:${port} as another process has this address and port`))
      assert.doesNotMatch(out, /ready/)
    }
    taken.close()
  })

  it('tells every mistake of the config and of all zone files, with their places', async () => {
    const folder = makeFolder({ 'w.yaml': 'lisen: x\nworkers: 0\n' })
    const config = join(folder.path, 'w.yaml')
    const bad = await waggle(['serve', '-c', config])
    assert.equal(bad.code, 1)
    assert.deepEqual(bad.err.split('\n').map((line) => line.slice(config.length).split(': ')[0]), [':1:1', ':2:10', ''])
    folder.write('w.yaml', 'listen: ["127.0.0.1:0"]\nzones:\n  - { name: example.com, file: a.zone }\n  - { name: example.net, file: b.zone }\n  - { name: example.org, file: none.zone }\n')
    folder.write('a.zone', `${zoneText(1)}x A 1.2.3\ny MX ten mail\n`)
    folder.write('b.zone', '@ SOA\n')
    const { code, out, err } = await waggle(['serve', '-c', config])
    assert.equal(code, 1)
    assert.doesNotMatch(out, /ready/)
    for (const place of ['a.zone:6:', 'a.zone:7:', 'b.zone:1:', 'w.yaml:5:']) assert.ok(err.includes(place), `${place} in\n${err}`)
    assert.match(err, /none\.zone/)
    assert.match(err, /waggle: Cannot start as zones have errors \(above\)\n$/)
    folder.remove()
  })

  it('does not share a data directory with a server that runs', async () => {
    const folder = makeFolder({ 'w.yaml': configText('dgram'), 'a.zone': zoneText(1) })
    const config = join(folder.path, 'w.yaml')
    const server = await Served.start(config)
    const second = await waggle(['serve', '-c', config])
    assert.equal(second.code, 1)
    assert.match(second.err, /another server uses the data directory/)
    assert.equal(textOf(await server.ask('a.example.com.')), '1')
    await server.stop()
    folder.remove()
  })
})

describe('a server whose log nobody reads any more', () => {
  it('goes on answering and reloading', async () => {
    const folder = makeFolder({ 'w.yaml': configText('auto'), 'a.zone': zoneText(1) })
    const server = await Served.start(join(folder.path, 'w.yaml'))
    server.child.stdout?.destroy()
    server.child.stderr?.destroy()
    folder.write('a.zone', zoneText(2))
    assert.equal((await waggle(['zone', 'reload', '-d', join(folder.path, 'data')])).code, 0)
    assert.equal((await waggle(['zone', 'reload', '-d', join(folder.path, 'data')])).code, 0)
    assert.equal(textOf(await server.ask('a.example.com.')), '2')
    assert.equal((await server.stop()).code, 0)
    folder.remove()
  })
})

describe('commands to a running server', () => {
  it('count, list, reload and dump', async () => {
    const folder = makeFolder({ 'w.yaml': configText('auto'), 'a.zone': zoneText(1) })
    const config = join(folder.path, 'w.yaml')
    const server = await Served.start(config)
    try {
      await server.ask('a.example.com.')
      const stats = JSON.parse((await waggle(['stats', '-c', config, '--json'])).out) as Record<string, number>
      assert.equal(stats['server.rcode.NOERROR'], 1)
      assert.equal(stats['transport.udp_received'], 1)
      assert.equal(stats['zones.served'], 1)
      assert.match((await waggle(['stats', '-d', join(folder.path, 'data')])).out, /^server\.transport\.udp +1 {2}messages received over this$/m)

      const list = await waggle(['zone', 'list', '-c', config])
      assert.match(list.out, /^example\.com\. +IN +1 +4 +\S+ +served$/m)
      folder.write('a.zone', zoneText(2))
      assert.deepEqual(await waggle(['zone', 'reload', 'EXAMPLE.com', '-c', config]), { code: 0, out: 'example.com. IN reloaded from 1 to 2\n', err: '' })
      folder.write('a.zone', 'nonsense\n')
      const kept = await waggle(['zone', 'reload', '-c', config])
      assert.equal(kept.code, 1)
      assert.match(kept.err, /a\.zone:1:\d+: Cannot /)
      assert.match((await waggle(['zone', 'list', '-c', config])).out, /old data: Cannot /)
      assert.equal(textOf(await server.ask('a.example.com.')), '2')
      assert.deepEqual(await waggle(['zone', 'reload', 'example.co', '-c', config]), { code: 1, out: '', err: 'waggle: Cannot find zone example.co. as it is not served; did you mean "example.com."?\n' })

      const target = join(folder.path, 'dump.zone')
      assert.equal((await waggle(['zone', 'dump', 'example.com', '-c', config, '-o', target])).code, 0)
      assert.deepEqual(await waggle(['check', '--origin', 'example.com', '-q', target]), { code: 0, out: '', err: '' })
      assert.match((await waggle(['zone', 'dump', 'example.com', '-c', config])).out, /a\.example\.com\.\s+60\s+IN\s+TXT\s+"2"|^a\s.*TXT\s+"?2/m)
      assert.match((await waggle(['zone', 'dump', 'example.com', '--class', 'LOCAL', '-c', config])).err, /in class LOCAL; it is served in class IN/)
      assert.equal(statSync(join(folder.path, 'data', 'control.sock')).mode & 0o777, 0o600)
    } finally {
      await server.stop()
      folder.remove()
    }
    const gone = await waggle(['stats', '-c', config])
    assert.equal(gone.code, 1)
  })

  it('survive a client that sends nonsense to the control socket, and the server goes on', async () => {
    const folder = makeFolder({ 'w.yaml': configText('dgram'), 'a.zone': zoneText(1) })
    const server = await Served.start(join(folder.path, 'w.yaml'))
    await new Promise<void>((resolve) => {
      const socket = connect(join(folder.path, 'data', 'control.sock'), () => socket.end(Buffer.alloc(100_000, 0xff)))
      socket.resume()
      socket.on('error', () => undefined)
      socket.on('close', () => resolve())
    })
    assert.equal(textOf(await server.ask('a.example.com.')), '1')
    await server.stop()
    folder.remove()
  })
})

/** A UDP socket on a port that the system gives to nobody by itself, so that no connection of another process has it over TCP. */
async function holdUdpPort(): Promise<Socket> {
  for (;;) {
    const socket = createSocket('udp4')
    const isBound = new Promise<boolean>((resolve) => socket.once('error', () => resolve(false)).bind(randomInt(10_000, 30_000), '127.0.0.1', () => resolve(true)))
    if (await isBound) return socket
    socket.close()
  }
}
