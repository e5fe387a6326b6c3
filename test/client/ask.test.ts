/**
 * Asking one question of servers that behave well, badly, or not at all.
 */
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ask, isAnswerTo, type AskOptions } from '../../src/client/ask.ts'

// a.example. A IN, ID 0x1234
const QUERY = Buffer.from('123400000001000000000000' + '0161076578616d706c6500' + '00010001', 'hex')

function responseTo(query: Uint8Array, change: (octets: Buffer) => void = () => {}): Buffer {
  const octets = Buffer.from(query)
  octets[2] |= 0x80
  change(octets)
  return octets
}

/** A UDP server that answers each query with the datagrams that `answer` gives for it. */
async function withUdp(host: '127.0.0.1' | '::1', answer: (query: Buffer, count: number) => Buffer[], work: (options: AskOptions) => Promise<void>): Promise<void> {
  const socket: Socket = createSocket(host === '::1' ? 'udp6' : 'udp4')
  let count = 0
  socket.on('message', (query, from) => {
    for (const octets of answer(query, ++count)) socket.send(octets, from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  try {
    await work({ server: { host, family: host === '::1' ? 6 : 4, port: socket.address().port }, timeoutMs: 150, tries: 3 })
  } finally {
    socket.close()
  }
}

describe('a UDP answer', () => {
  it('comes from a server on IPv4 and on IPv6', async () => {
    for (const host of ['127.0.0.1', '::1'] as const) {
      await withUdp(host, (query) => [responseTo(query)], async (options) => {
        const asked = await ask(QUERY, options)
        assert.ok('octets' in asked)
        assert.equal(asked.transport, 'udp')
        assert.deepEqual(Buffer.from(asked.octets), responseTo(QUERY))
        assert.ok(asked.tookMs >= 0)
      })
    }
  })

  it('is waited for through ones that answer something else (RFC 5452 9.1)', async () => {
    const wrong = [
      responseTo(QUERY, (o) => o.writeUInt16BE(0x4321, 0)), // another ID
      Buffer.from(QUERY), // no response
      responseTo(QUERY, (o) => o.write('b', 13)), // another name
      responseTo(QUERY, (o) => o.writeUInt16BE(28, o.length - 4)), // another type
      responseTo(QUERY).subarray(0, 20), // cut short
      Buffer.from('12348000', 'hex'),
    ]
    await withUdp('127.0.0.1', (query) => [...wrong, responseTo(query, (o) => o.write('A', 13))], async (options) => {
      const asked = await ask(QUERY, options)
      assert.ok('octets' in asked)
      assert.equal(asked.octets[13], 0x41) // a difference of case alone is none (RFC 1034 3.1)
    })
  })

  it('may come to a later try', async () => {
    await withUdp('127.0.0.1', (query, count) => (count < 3 ? [] : [responseTo(query)]), async (options) => {
      assert.ok('octets' in (await ask(QUERY, options)))
    })
  })

  it('is asked for again with the same octets from the same port, a timeout apart', async () => {
    const socket = createSocket('udp4')
    const got: { octets: Buffer; port: number; atMs: number }[] = []
    socket.on('message', (octets, { port }) => void got.push({ octets, port, atMs: performance.now() }))
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    try {
      const asked = await ask(QUERY, { server: { host: '127.0.0.1', family: 4, port: socket.address().port }, timeoutMs: 60, tries: 3 })
      assert.deepEqual(asked, { failed: 'none came within 60 ms over UDP' })
    } finally {
      socket.close()
    }
    assert.equal(got.length, 3)
    assert.equal(new Set(got.map(({ port }) => port)).size, 1)
    for (const { octets } of got) assert.deepEqual(octets, QUERY)
    assert.ok(got[2].atMs - got[0].atMs >= 80, 'two timeouts lie between the first and the last')
  })

  it('may not come at all, which is said', async () => {
    await withUdp('127.0.0.1', () => [], async (options) => {
      assert.deepEqual(await ask(QUERY, { ...options, tries: 2 }), { failed: 'none came within 150 ms over UDP' })
    })
  })

  it('cannot come from a closed port, which is noticed at once', async () => {
    let server = { host: '127.0.0.1', family: 4 as const, port: 0 }
    await withUdp('127.0.0.1', () => [], async (options) => void (server = { ...server, port: options.server.port }))
    assert.deepEqual(await ask(QUERY, { server, timeoutMs: 2_000, tries: 1 }), { failed: 'nothing listens there (connection refused)' })
  })
})

describe('a question over UDP that cannot be sent', () => {
  it('fails in words where no route leads to the server, and where the address is none of the socket\'s family', async () => {
    for (const server of [{ host: '127.0.0.1', family: 6, port: 53 }, { host: '255.255.255.255', family: 4, port: 53 }] as const) {
      const asked = await ask(QUERY, { server, timeoutMs: 100, tries: 2 })
      assert.ok('failed' in asked && asked.failed.length > 0)
      assert.doesNotMatch(asked.failed, /within/, 'it is not waited for')
    }
  })

  it('fails once, however many of its datagrams are refused', async () => {
    const closed = createSocket('udp4')
    await new Promise<void>((resolve) => closed.bind(0, '127.0.0.1', resolve))
    const { port } = closed.address()
    await new Promise<void>((resolve) => closed.close(() => resolve()))
    const many = await Promise.all(Array.from({ length: 20 }, () => ask(QUERY, { server: { host: '127.0.0.1', family: 4, port }, timeoutMs: 1, tries: 5 })))
    for (const asked of many) assert.ok('failed' in asked)
  })
})

describe('a TCP answer', () => {
  const framed = (octets: Buffer) => Buffer.concat([Buffer.from([octets.length >> 8, octets.length & 255]), octets])

  /** A TCP server beside a UDP one that always truncates, on one port. */
  async function withTcp(serve: (query: Buffer, write: (octets: Buffer) => void, end: () => void) => void, work: (options: AskOptions) => Promise<void>): Promise<void> {
    const server: Server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', (chunk) => serve(chunk.subarray(2), (octets) => void socket.write(octets), () => socket.end()))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const udp = createSocket('udp4')
    udp.on('message', (query, from) => udp.send(responseTo(query, (o) => (o[2] |= 2)), from.port, from.address))
    await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve))
    try {
      await work({ server: { host: '127.0.0.1', family: 4, port }, timeoutMs: 300, tries: 1 })
    } finally {
      udp.close()
      server.close()
    }
  }

  it('replaces a truncated one (RFC 7766 5), however it is cut into pieces', async () => {
    const serve = (query: Buffer, write: (octets: Buffer) => void) => {
      for (const octet of framed(responseTo(query))) write(Buffer.of(octet))
    }
    await withTcp(serve, async (options) => {
      const asked = await ask(QUERY, options)
      assert.ok('octets' in asked)
      assert.equal(asked.transport, 'tcp')
      assert.equal(asked.octets[2] & 2, 0)
      const kept = await ask(QUERY, { ...options, keepTruncated: true })
      assert.ok('octets' in kept && kept.transport === 'udp' && (kept.octets[2] & 2) !== 0)
    })
  })

  it('must answer the question, and must come', async () => {
    await withTcp((query, write) => write(framed(responseTo(query, (o) => (o[0] ^= 1)))), async (options) => {
      assert.deepEqual(await ask(QUERY, { ...options, tcp: true }), { failed: 'what came is no answer to the question' })
    })
    await withTcp((_, __, end) => end(), async (options) => {
      assert.deepEqual(await ask(QUERY, { ...options, tcp: true }), { failed: 'the server closed the connection' })
    })
    await withTcp((query, write) => write(framed(query).subarray(0, 9)), async (options) => {
      assert.deepEqual(await ask(QUERY, { ...options, tcp: true }), { failed: 'none came within 300 ms over TCP' })
    })
  })
})

describe('whether octets answer a query', () => {
  it('may be decided without the question where the server could not read it', () => {
    const bare = responseTo(QUERY, (o) => o.writeUInt16BE(0, 4)).subarray(0, 12)
    assert.equal(isAnswerTo(QUERY, bare), false)
    bare[3] |= 1 // FORMERR
    assert.equal(isAnswerTo(QUERY, bare), true)
  })

  it('may leave out the questions of a batch that found no room, where it says so by TC', () => {
    const cut = (query: Uint8Array): Buffer => responseTo(query, (o) => {
      o[2] |= 2
      o[5] = 0
    }).subarray(0, 12)
    const two = Buffer.concat([QUERY, QUERY.subarray(12)])
    two[5] = 2
    assert.equal(isAnswerTo(two, cut(two)), true)
    assert.equal(isAnswerTo(two, responseTo(two, (o) => (o[5] = 0)).subarray(0, 12)), false)
    assert.equal(isAnswerTo(QUERY, cut(QUERY)), false)
  })

  it('is decided for any octets without a fault', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => typeof isAnswerTo(QUERY, octets) === 'boolean'))
    fc.assert(
      fc.property(fc.nat(QUERY.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const octets = responseTo(QUERY, (o) => (o[at] ^= flip))
        const isIdOrQuestion = at < 2 || at >= 12
        const isCaseOnly = at >= 13 && at < 22 && flip === 0x20 && /[a-z]/i.test(String.fromCharCode(QUERY[at]))
        if (isIdOrQuestion && !isCaseOnly) assert.equal(isAnswerTo(QUERY, octets), false)
      }),
    )
  })
})
