/**
 * A change asked of real sockets: servers that take it, refuse it, lie about it, or are silent.
 */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readOutcome, requestChange, type ChangeOptions, type ChangeSigner } from '../../src/client/change.ts'
import { registerMessage } from '../../src/client/registration.ts'
import { EDE, RCODE } from '../../src/dns/codes.ts'
import { makeExtendedError, makeUpdateLease, type EdnsOption } from '../../src/dns/edns.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'

const MESSAGE = registerMessage({ provider: 'acme.example', id: 'babel', capabilities: [{ name: 'v1.x' }] }, { lease: 60 }, 7)

function response(query: Uint8Array, rcode: number, options: EdnsOption[] = []): Buffer {
  const { id, opcode, questions } = decodeMessage(query)
  return Buffer.from(encodeMessage(makeMessage({ id, opcode, questions, response: true, rcode, edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options } })))
}

interface Answers {
  udp?: (query: Uint8Array) => Uint8Array | undefined
  tcp?: (query: Uint8Array) => Uint8Array
}

/** A server on UDP and TCP of one port that answers as told, and keeps what it was sent. */
async function withServer(answers: Answers, work: (options: ChangeOptions, got: { udp: Buffer[]; tcp: Buffer[] }) => Promise<void>): Promise<void> {
  const got = { udp: [] as Buffer[], tcp: [] as Buffer[] }
  const tcp = createServer((socket) => socket.on('error', () => undefined).on('data', (chunk) => {
    const query = chunk.subarray(2)
    got.tcp.push(query)
    const octets = answers.tcp?.(query)
    if (octets === undefined) return void socket.destroy()
    socket.write(Buffer.concat([Buffer.of(octets.length >> 8, octets.length & 255), octets]))
  }))
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
  const { port } = tcp.address() as { port: number }
  const udp = createSocket('udp4')
  udp.on('message', (query, from) => {
    got.udp.push(query)
    const octets = answers.udp?.(query)
    if (octets !== undefined) udp.send(octets, from.port, from.address)
  })
  await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve))
  try {
    await work({ server: { host: '127.0.0.1', family: 4, port }, timeoutMs: 150, tries: 2 }, got)
  } finally {
    udp.close()
    tcp.close()
  }
}

describe('a change', () => {
  it('is done, with the lease that the server granted', async () => {
    await withServer({ udp: (query) => response(query, RCODE.NOERROR, [makeUpdateLease({ lease: 30, keyLease: 90 })]) }, async (options) => {
      assert.deepEqual(await requestChange(MESSAGE, options), { kind: 'done', lease: { lease: 30, keyLease: 90 } })
    })
  })

  it('is refused, in the words of the server where it has some', async () => {
    for (const [options, reason] of [
      [[], 'REFUSED'],
      [[makeExtendedError({ infoCode: EDE.PROHIBITED, text: 'no grant for this key' })], 'REFUSED: no grant for this key'],
    ] as const) {
      await withServer({ udp: (query) => response(query, RCODE.REFUSED, [...options]) }, async (server) => {
        assert.deepEqual(await requestChange(MESSAGE, server), { kind: 'refused', rcode: RCODE.REFUSED, reason })
      })
    }
  })

  it('may go through later where the server fails', async () => {
    await withServer({ udp: (query) => response(query, RCODE.SERVFAIL) }, async (options) => {
      assert.deepEqual(await requestChange(MESSAGE, options), { kind: 'unreachable', reason: 'SERVFAIL' })
    })
  })

  it('turns to TCP where UDP is silent, with the same change under another ID', async () => {
    await withServer({ tcp: (query) => response(query, RCODE.NOERROR) }, async (options, got) => {
      assert.deepEqual(await requestChange(MESSAGE, options), { kind: 'done', lease: undefined })
      assert.deepEqual([got.udp.length, got.tcp.length], [2, 1])
      const wanted = Buffer.from(encodeMessage(MESSAGE))
      for (const octets of got.udp) assert.deepEqual(octets, wanted)
      assert.deepEqual(got.tcp[0].subarray(2), wanted.subarray(2))
      assert.notEqual(got.tcp[0].readUInt16BE(0), MESSAGE.id)
    })
  })

  it('goes by TCP at once where it is longer than a datagram should be, or it is told to', async () => {
    const long = registerMessage({ provider: 'acme.example', id: 'babel', texts: Array.from({ length: 30 }, (_, i) => `${i}`.padEnd(60, 'x')), capabilities: [] }, { lease: 60 }, 7)
    for (const [message, more] of [[long, {}], [MESSAGE, { tcp: true }]] as const) {
      await withServer({ tcp: (query) => response(query, RCODE.NOERROR) }, async (options, got) => {
        assert.equal((await requestChange(message, { ...options, ...more })).kind, 'done')
        assert.deepEqual([got.udp.length, got.tcp.length], [0, 1])
      })
    }
  })

  it('is unreachable where nobody answers at all', async () => {
    await withServer({}, async (options) => {
      assert.equal((await requestChange(MESSAGE, options)).kind, 'unreachable')
    })
  })
})

describe('a signed change', () => {
  const signer: ChangeSigner = {
    sign: (message) => Promise.resolve({
      octets: Buffer.concat([message]),
      check: (octets) => Promise.resolve(decodeMessage(octets).rcode === RCODE.REFUSED ? 'no signature' : undefined),
    }),
  }

  it('believes no answer whose signature is not good: a forged refusal ends nothing', async () => {
    await withServer({ udp: (query) => response(query, RCODE.REFUSED) }, async (options) => {
      assert.deepEqual(await requestChange(MESSAGE, { ...options, signer }), { kind: 'unreachable', reason: 'no signature' })
    })
    await withServer({ udp: (query) => response(query, RCODE.NOERROR) }, async (options) => {
      assert.equal((await requestChange(MESSAGE, { ...options, signer })).kind, 'done')
    })
  })
})

describe('a change that is sent again', () => {
  const counting = (): { signer: ChangeSigner; signed: number[] } => {
    const signed: number[] = []
    const sign: ChangeSigner['sign'] = (message) => {
      signed.push(decodeMessage(message).id)
      return Promise.resolve({ octets: Buffer.from(message), check: () => Promise.resolve(undefined) })
    }
    return { signer: { sign }, signed }
  }

  it('over UDP is signed once, over TCP anew', async () => {
    const { signer, signed } = counting()
    await withServer({ tcp: (query) => response(query, RCODE.NOERROR) }, async (options, got) => {
      assert.equal((await requestChange(MESSAGE, { ...options, signer, tries: 3 })).kind, 'done')
      assert.deepEqual([got.udp.length, got.tcp.length, signed.length], [3, 1, 2])
      assert.equal(signed[0], MESSAGE.id)
      assert.equal(got.tcp[0].readUInt16BE(0), signed[1])
      assert.notEqual(signed[1], signed[0])
    })
  })

  it('after an answer that came is not sent again', async () => {
    const { signer, signed } = counting()
    await withServer({ udp: (query) => response(query, RCODE.NOERROR) }, async (options, got) => {
      assert.equal((await requestChange(MESSAGE, { ...options, signer, timeoutMs: 40 })).kind, 'done')
      await new Promise((resolve) => setTimeout(resolve, 120))
      assert.deepEqual([got.udp.length, got.tcp.length, signed.length], [1, 0, 1])
    })
  })
})

describe('what a response says', () => {
  it('is an outcome for every octets, never a throw', () => {
    const good = response(encodeMessage(MESSAGE), RCODE.NOERROR, [makeUpdateLease({ lease: 30 })])
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => ['done', 'refused', 'unreachable'].includes(readOutcome(octets).kind)))
    fc.assert(fc.property(fc.nat(good.length - 1), fc.nat(255), (at, octet) => {
      const octets = Uint8Array.from(good)
      octets[at] = octet
      return ['done', 'refused', 'unreachable'].includes(readOutcome(octets).kind)
    }))
  })

  it('is nothing where its lease is malformed', () => {
    const octets = response(encodeMessage(MESSAGE), RCODE.NOERROR, [{ code: 2, octets: Uint8Array.of(1, 2, 3) }])
    assert.equal(readOutcome(octets).kind, 'unreachable')
  })
})
