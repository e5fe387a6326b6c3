/**
 * A server in service when things go wrong around it: files, folders, disk, sockets and people that misbehave.
 * After each of them it answers as before, says what happened, and takes up the good state when it comes back.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdirSync, openSync, closeSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { askControl } from '../../src/cli/control-client.ts'
import { ask } from '../../src/client/ask.ts'
import { RCODE, TYPE } from '../../src/dns/codes.ts'
import { MAX_CONTROL_CONNECTIONS, UDP_WAIT_MS } from '../../src/dns/limits.ts'
import { encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { makeFolder, Served, waggle, zoneText } from '../ops/process.ts'

const LAUNCHER = fileURLToPath(new URL('../../../bin/waggle', import.meta.url))
const ZONES = 'zones:\n  - { name: example.com, file: a.zone }\n'
const CONFIG = `listen: ["127.0.0.1:0", "[::1]:0"]\n${ZONES}`

function textOf({ answers: [answer], rcode }: Message): string {
  return answer === undefined ? `no answer: ${rcode}` : Buffer.from(answer.rdata.subarray(1)).toString()
}

interface Running {
  server: Served
  folder: ReturnType<typeof makeFolder>
  path: (file: string) => string
  /** The text at a.example.com., asked once over UDP and once over TCP, which must agree. */
  served: () => Promise<string>
  reload: () => ReturnType<typeof askControl>
}

/** Runs `body` against a server of `config`; the server must end well afterwards, having told of no fault of its own. */
async function withServer(config: string, body: (running: Running) => Promise<void>): Promise<void> {
  const folder = makeFolder({ 'w.yaml': config, 'a.zone': zoneText(1) })
  const path = (file: string): string => join(folder.path, file)
  const server = await Served.start(path('w.yaml'))
  const served = async (): Promise<string> => {
    const [udp, tcp] = await Promise.all([false, true].map(async (tcp) => textOf(await server.ask('a.example.com.', TYPE.TXT, { tcp }))))
    return udp === tcp ? udp : `UDP ${udp}, TCP ${tcp}`
  }
  try {
    await body({ server, folder, path, served, reload: () => askControl(path('data/control.sock'), { command: 'zone reload' }) })
    assert.deepEqual(server.lines().filter(({ msg }) => msg === 'fault'), [])
  } finally {
    const { code } = await server.stop()
    folder.remove()
    assert.equal(code, 0)
  }
}

describe('the zone file of a zone in service', () => {
  it('may become anything: what is served stays, the reason is told, and the mended file is taken up', async () => {
    await withServer(CONFIG, async ({ server, folder, path, served, reload }) => {
      const calamities: [what: string, make: (file: string) => void, reason: RegExp][] = [
        ['is gone', () => undefined, /no such file or directory/],
        ['is a folder', (file) => mkdirSync(file), /directory/],
        ['is empty', (file) => writeFileSync(file, ''), /SOA/],
        ['is a pipe that nobody writes to', (file) => void spawnSync('mkfifo', [file]), /not a file but a pipe/],
        ['is a device without end', (file) => symlinkSync('/dev/zero', file), /not a file but a pipe/],
        ['is a link to itself', (file) => symlinkSync(file, file), /symbolic links/],
        ['is cut off', (file) => { writeFileSync(file, zoneText(9)); truncateSync(file, zoneText(9).length - 4) }, /Cannot /],
        ['includes itself', (file) => writeFileSync(file, `${zoneText(9)}$INCLUDE a.zone\n`), /includes itself/],
        ['belongs to another zone', (file) => writeFileSync(file, `$ORIGIN example.net.\n${zoneText(9)}`), /Cannot /],
        ['is full of octets by chance', (file) => writeFileSync(file, Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 2_654_435_761) >>> 24))), /Cannot /],
      ]
      let serial = 1
      for (const [what, make, reason] of calamities) {
        rmSync(path('a.zone'), { recursive: true, force: true })
        make(path('a.zone'))
        const answer = await reload() as unknown as { zones: { outcome: string; findings: string[] }[] }
        assert.equal(answer.zones[0].outcome, 'kept', what)
        assert.match(answer.zones[0].findings.join('\n'), reason, what)
        assert.equal(await served(), String(serial), `while it ${what}`)
        rmSync(path('a.zone'), { recursive: true, force: true })
        folder.write('a.zone', zoneText(++serial))
        assert.equal((await reload()).ok, true)
        assert.equal(await served(), String(serial), `after it ${what}`)
      }
      assert.equal(server.lines().filter(({ msg }) => msg === 'zone kept').length, calamities.length)
    })
  })

  it('may be 100 MB of garbage: it is refused in bounded time, while queries are answered', async () => {
    await withServer(CONFIG, async ({ path, served, reload }) => {
      const file = openSync(path('b.zone'), 'w')
      for (let i = 0; i < 100; i++) writeFileSync(file, Buffer.alloc(1_000_000, i % 2 === 0 ? 'h( "x\n' : Buffer.from('\0\xff)a A 1.2.3\n', 'latin1')))
      closeSync(file)
      renameSync(path('b.zone'), path('a.zone'))
      const started = Date.now()
      let isOver = false
      const reloaded = reload().finally(() => (isOver = true))
      let answers = 0
      while (!isOver) {
        assert.equal(await served(), '1')
        answers++
        await sleep(20)
      }
      const { zones } = await reloaded as unknown as { zones: { outcome: string; findings: string[] }[] }
      assert.equal(zones[0].outcome, 'kept')
      assert.ok(zones[0].findings.length < 600)
      assert.ok(answers > 3 && Date.now() - started < 60_000, `${answers} answers in ${Date.now() - started} ms`)
    })
  })

  it('may be replaced again and again while it is loaded: what is served is one version of it, whole', async () => {
    await withServer(CONFIG, async ({ folder, path, served, server, reload }) => {
      const records = Array.from({ length: 20_000 }, (_, i) => `h${i} A 192.0.2.${i % 256}\n`).join('')
      const seen = new Set<string>()
      for (let serial = 2; serial <= 12; serial++) {
        folder.write('next.zone', zoneText(serial) + records)
        server.child.kill('SIGHUP')
        renameSync(path('next.zone'), path('a.zone'))
        seen.add(await served())
        await sleep(30)
      }
      assert.equal((await reload()).ok, true)
      assert.equal(await served(), '12')
      for (const text of seen) assert.match(text, /^(\d+|UDP \d+, TCP \d+)$/)
      assert.equal(server.lines().filter(({ msg }) => msg === 'zone kept').length, 0)
    })
  })
})

describe('reloads', () => {
  it('in a storm of 50 signals under queries lose no query, and end with the last state', async () => {
    await withServer(CONFIG, async ({ folder, served, server, reload }) => {
      let isOver = false
      const texts: string[] = []
      const askers = [false, true, false].map(async (tcp) => {
        while (!isOver) texts.push(textOf(await server.ask('a.example.com.', TYPE.TXT, { tcp })))
      })
      for (let serial = 2; serial <= 51; serial++) {
        folder.write('next.zone', zoneText(serial))
        renameSync(join(folder.path, 'next.zone'), join(folder.path, 'a.zone'))
        server.child.kill('SIGHUP')
        if (serial % 5 === 0) await sleep(10)
      }
      assert.equal((await reload()).ok, true)
      isOver = true
      await Promise.all(askers)
      assert.equal(await served(), '51')
      assert.ok(texts.length > 50 && texts.every((text) => /^\d+$/.test(text)), texts.find((text) => !/^\d+$/.test(text)))
    })
  })
})

describe('the config of a server in service', () => {
  it('may become garbage: everything stays, the reason is told, and the mended config is taken up', async () => {
    await withServer(CONFIG, async ({ folder, path, served, server }) => {
      const garbage: [what: string, make: (file: string) => void][] = [
        ['gone', () => undefined],
        ['a folder', (file) => mkdirSync(file)],
        ['octets', (file) => writeFileSync(file, Buffer.from(Array.from({ length: 9_999 }, (_, i) => (i * 40_503) & 0xff)))],
        ['a zone file', (file) => writeFileSync(file, zoneText(1))],
        ['cut off', (file) => writeFileSync(file, CONFIG.slice(0, -14))],
        ['a list', (file) => writeFileSync(file, '- a\n- b\n')],
        ['an alias bomb', (file) => writeFileSync(file, `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.split('').map((key, i) => `${key}: &${key} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[i]}`).join(',')}]`).join('\n')}\n`)],
        ['twice the same zone', (file) => writeFileSync(file, `${CONFIG}  - { name: EXAMPLE.com., file: a.zone }\n`)],
      ]
      for (const [i, [what, make]] of garbage.entries()) {
        rmSync(path('w.yaml'), { recursive: true, force: true })
        make(path('w.yaml'))
        server.child.kill('SIGHUP')
        await server.line('config kept', i + 1)
        assert.equal(await served(), String(i + 1), what)
        rmSync(path('w.yaml'), { recursive: true, force: true })
        folder.write('w.yaml', CONFIG)
        folder.write('a.zone', zoneText(i + 2))
        server.child.kill('SIGHUP')
        await server.line('reload done', i + 1)
        assert.equal(await served(), String(i + 2), `after ${what}`)
      }
    })
  })
})

describe('the control socket', () => {
  /** Connects `count` times; gives the sockets that got through. */
  async function flood(path: string, count: number): Promise<Socket[]> {
    const sockets: Socket[] = []
    for (let i = 0; i < count; i++) {
      const socket = connect(path)
      socket.on('error', () => undefined)
      socket.resume()
      sockets.push(socket)
      if (i % 100 === 99) await sleep(5)
    }
    await sleep(100)
    return sockets
  }

  it('under 1,000 connections, endless lines and silence harms nobody, and works again when they are gone', async () => {
    await withServer(CONFIG, async ({ path, served }) => {
      const control = path('data/control.sock')
      const sockets = await flood(control, 1_000)
      assert.equal(await served(), '1')
      assert.ok(sockets.filter((socket) => !socket.destroyed && socket.readyState === 'open').length <= MAX_CONTROL_CONNECTIONS)
      for (const [i, socket] of sockets.entries()) if (!socket.destroyed) socket.write(i % 2 === 0 ? 'x'.repeat(100_000) : '{"command":"zone dump","zone":7}\n')
      assert.equal(await served(), '1')
      for (const socket of sockets) socket.destroy()
      await sleep(100)
      assert.equal((await askControl(control, { command: 'zone list' })).ok, true)
    })
  })

  it('drops a client that sends its line octet by octet, and serves others meanwhile', async () => {
    await withServer(CONFIG, async ({ path, served }) => {
      const control = path('data/control.sock')
      const [slow] = await flood(control, 1)
      slow.write('{"comm')
      assert.equal((await askControl(control, { command: 'stats' })).ok, true)
      const closed = new Promise((resolve) => slow.on('close', resolve))
      assert.equal(await Promise.race([closed.then(() => 'closed'), sleep(12_000, 'open')]), 'closed')
      assert.equal(await served(), '1')
    })
  })

  it('whose client reads no dump holds up neither queries nor reloads, nor the end', async () => {
    await withServer(CONFIG, async ({ folder, path, served, reload }) => {
      folder.write('a.zone', zoneText(2) + Array.from({ length: 50_000 }, (_, i) => `h${i} TXT "${'x'.repeat(60)}"\n`).join(''))
      await reload()
      const deaf = connect(path('data/control.sock'))
      deaf.on('error', () => undefined)
      deaf.write('{"command":"zone dump","zone":"example.com."}\n')
      deaf.pause()
      await sleep(300)
      folder.write('a.zone', zoneText(3))
      assert.equal((await reload()).ok, true)
      assert.equal(await served(), '3')
    })
  })
})

describe('a server whose surroundings are poor', () => {
  it('serves without its data directory where that cannot be made, and says so', async () => {
    for (const data of ['w.yaml', '/proc/none', 'a.zone/below']) {
      await withServer(`${CONFIG}data: ${data}\n`, async ({ server, served }) => {
        assert.equal(await served(), '1')
        assert.equal((await server.line('control socket not open')).level, 'warn')
      })
    }
  })

  it('serves on IPv6 alone, and on a wildcard of IPv6, without a socket of IPv4', async () => {
    for (const listen of ['[::1]:0', '[::]:0']) {
      await withServer(`listen: ["${listen}"]\n${ZONES}`, async ({ server }) => {
        const [{ port }] = server.endpoints
        const query = encodeMessage(makeMessage({ id: 7, questions: [{ name: Name.parse('a.example.com.'), type: TYPE.TXT, class: 1 }] }))
        for (const tcp of [false, true]) {
          assert.ok('octets' in await ask(query, { server: { host: '::1', family: 6, port }, tcp, timeoutMs: 2_000, tries: 2 }))
          assert.ok('failed' in await ask(query, { server: { host: '127.0.0.1', family: 4, port }, tcp, timeoutMs: 300, tries: 1 }), 'IPv4 is not ours')
        }
      })
    }
  })

  it('does not start where its TCP port alone is taken, and leaves nothing open', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const folder = makeFolder({ 'w.yaml': `listen: ["127.0.0.1:0", "127.0.0.1:${port}"]\n${ZONES}`, 'a.zone': zoneText(1) })
    const { code, err } = await waggle(['serve', '-c', join(folder.path, 'w.yaml')])
    taken.close()
    folder.remove()
    assert.equal(code, 1)
    assert.match(err, new RegExp(`Cannot listen on TCP 127\\.0\\.0\\.1:${port} as another process has this address and port`))
  })

  /** Starts a server by a line of the shell, on a port that was free, and waits until it answers. */
  async function startByShell(redirection: string): Promise<{ text: string; stop: () => Promise<number | null>; remove: () => void; hangUp: (serial: number) => Promise<string> }> {
    const probe = createSocket('udp4').bind(0, '127.0.0.1')
    await new Promise((resolve) => probe.once('listening', resolve))
    const { port } = probe.address()
    await new Promise<void>((resolve) => probe.close(() => resolve()))
    const folder = makeFolder({ 'w.yaml': `listen: ["127.0.0.1:${port}"]\nlog: debug\n${ZONES}`, 'a.zone': zoneText(1) })
    const child = spawn('bash', ['-c', `exec ${process.execPath} ${LAUNCHER} serve -c ${join(folder.path, 'w.yaml')} ${redirection}`], { stdio: ['ignore', 'ignore', 'ignore'] })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    const query = encodeMessage(makeMessage({ id: 7, questions: [{ name: Name.parse('a.example.com.'), type: TYPE.TXT, class: 1 }] }))
    const once = async (): Promise<string> => {
      const answer = await ask(query, { server: { host: '127.0.0.1', family: 4, port }, timeoutMs: 300, tries: 1 })
      return 'octets' in answer ? Buffer.from(answer.octets.subarray(-1)).toString() : answer.failed
    }
    let text = ''
    for (let i = 0; i < 60 && text !== '1'; i++) {
      text = await once()
      if (text !== '1') await sleep(100)
    }
    const hangUp = async (serial: number): Promise<string> => {
      folder.write('a.zone', zoneText(serial))
      child.kill('SIGHUP')
      for (let i = 0; i < 60 && (await once()) !== String(serial); i++) await sleep(50)
      await sleep(2 * UDP_WAIT_MS) // another thread may be asleep with the old zone until then
      return once()
    }
    return { text, hangUp, stop: () => { child.kill('SIGTERM'); return ended }, remove: () => folder.remove() }
  }

  for (const [what, redirection] of [['closed', '>&- 2>&- <&-'], ['on a full disk', '>/dev/full 2>/dev/full']]) {
    it(`answers, reloads and ends with code 0 where its output is ${what}`, async () => {
      const { text, hangUp, stop, remove } = await startByShell(redirection)
      try {
        assert.equal(text, '1')
        for (const serial of [2, 3, 4]) assert.equal(await hangUp(serial), String(serial))
      } finally {
        const code = await stop()
        remove()
        assert.equal(code, 0)
      }
    })
  }
})

describe('queries that nobody should send', () => {
  it('in a burst on every socket, with a reload in between, leave a server that answers and has told of no fault', async () => {
    await withServer(CONFIG, async ({ server, served, reload }) => {
      const socket = createSocket('udp4')
      const [{ port }] = server.endpoints
      for (let i = 0; i < 5_000; i++) {
        socket.send(Buffer.from(Array.from({ length: i % 600 }, (_, at) => (at * 31 + i * 17) & 0xff)), port, '127.0.0.1')
        if (i % 500 === 499) await sleep(5)
      }
      assert.equal((await reload()).ok, true)
      assert.equal(await served(), '1')
      assert.equal((await server.ask('none.example.com.')).rcode, RCODE.NXDOMAIN)
      socket.close()
    })
  })
})
