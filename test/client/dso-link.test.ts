/**
 * A client's side of a session (RFC 8490): messages in whatever pieces they come, requests with their responses, Keepalives in time, and a server that
 * breaks the rules, which costs it the session and us nothing else.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, describe, it } from 'node:test'
import { connect } from 'node:net'
import { DsoLink, LONGEST_TIMER, type LinkEnd } from '../../src/client/dso-link.ts'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { decodeDso, DSO, type DsoMessage, type DsoTlv, encodeDso, keepaliveTlv, type PushChange, pushMessages, retryDelayTlv, subscribeTlv } from '../../src/dns/dso.ts'
import { MAX_MESSAGE_OCTETS } from '../../src/dns/limits.ts'
import { encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { Chance } from '../battery/chance.ts'
import { writeMutation } from '../battery/mutate.ts'
import { changesOf, FakeWorld, type PushBehaviour, settled, startPushServer } from './push-server.ts'

const TOPIC = { name: Name.parse('a.example.'), type: TYPE.A, class: CLASS.IN }
const A = 'a.example. 60 IN A 192.0.2.1'

/** A session, and what it told. */
class Session {
  readonly world: FakeWorld
  readonly link: DsoLink
  readonly changes: PushChange[] = []
  readonly responses: DsoMessage[] = []
  ends: LinkEnd[] = []
  opened = 0

  constructor(behaviour: Partial<PushBehaviour> = {}) {
    this.world = new FakeWorld(behaviour)
    this.link = new DsoLink({
      server: { host: '127.0.0.1', family: 4, port: 5300 },
      timeoutMs: 2_000,
      onOpen: () => void this.opened++,
      onPush: (changes) => void this.changes.push(...changes),
      onEnd: (end) => void this.ends.push(end),
    }, this.world)
    all.push(this)
  }

  static async opened(behaviour: Partial<PushBehaviour> = {}): Promise<Session> {
    const session = new Session(behaviour)
    await settled()
    assert.deepEqual([session.opened, session.ends], [1, []])
    return session
  }

  request(tlv: DsoTlv): void {
    this.link.request(tlv, (response) => void this.responses.push(response))
  }

  get reasons(): string[] {
    return this.ends.map(({ reason }) => reason)
  }
}

const all: Session[] = []
afterEach(async () => {
  for (const { link, world, ends } of all.splice(0)) {
    link.close()
    await settled()
    assert.deepEqual(world.due, [], 'no timer is left')
    assert.ok(world.sockets.every(({ destroyed }) => destroyed), 'no connection is left')
    assert.ok(ends.length <= 1, 'it ends once')
  }
})

function framed(...messages: Uint8Array[]): Buffer {
  return Buffer.concat(messages.flatMap((octets) => [Buffer.of(octets.length >>> 8, octets.length & 255), octets]))
}

describe('messages', () => {
  const stream = framed(...pushMessages(changesOf([`+ ${A}`])), ...pushMessages(changesOf([`- ${A}`])), ...pushMessages(changesOf([`+ ${A}`, 'x a.example. ANY ANY'])))

  it('are read one octet at a time, all in one chunk, and cut anywhere (RFC 7766 8)', async () => {
    for (const size of [1, 2, 3, 11, 40, 57, stream.length]) {
      const session = await Session.opened()
      for (let at = 0; at < stream.length; at += size) session.world.peer.write(stream.subarray(at, at + size))
      await settled()
      assert.deepEqual(session.changes.map(({ kind }) => kind), ['add', 'remove', 'add', 'clear'], `pieces of ${size}`)
    }
  })

  it('keep nothing of the octets that they came in', async () => {
    const session = await Session.opened()
    session.world.peer.push(`+ ${A}`)
    session.world.peer.push(`+ ${A.replace('192.0.2.1', '192.0.2.99')}`)
    await settled()
    assert.deepEqual(session.changes, changesOf([`+ ${A}`, `+ ${A.replace('192.0.2.1', '192.0.2.99')}`]))
  })

  it(`are read up to ${MAX_MESSAGE_OCTETS} octets`, async () => {
    const session = await Session.opened()
    const rdata = Buffer.alloc(MAX_MESSAGE_OCTETS - 16 - 21)
    const [octets] = pushMessages([{ kind: 'add', record: { ...TOPIC, type: 4711, ttl: 1, rdata } }])
    assert.equal(octets.length, MAX_MESSAGE_OCTETS)
    session.world.peer.sendOctets(octets)
    await settled()
    assert.equal(session.changes.length, 1)
  })

  it('go over a socket of the system as they do here', async () => {
    const server = await startPushServer({ records: [A] })
    const changes = await new Promise<PushChange[]>((resolve, reject) => {
      const port = Number(server.server.split(':')[1])
      const after = (delayMs: number, work: () => void): (() => void) => {
        const timer = setTimeout(work, delayMs)
        return () => clearTimeout(timer)
      }
      const link: DsoLink = new DsoLink({
        server: { host: '127.0.0.1', family: 4, port },
        timeoutMs: 10_000,
        onOpen: () => link.request(subscribeTlv(TOPIC), () => undefined),
        onPush: (told) => {
          link.close()
          resolve(told)
        },
        onEnd: ({ reason }) => reject(new Error(reason)),
      }, { connect: (endpoint) => connect(endpoint), after })
    })
    assert.deepEqual(changes, changesOf([`+ ${A}`]))
    await once(server.peers[0].socket, 'close')
    server.close()
  })
})

describe('a request', () => {
  it('has its response, whatever comes between and in whatever order', async () => {
    const session = await Session.opened({ isSilent: false })
    session.world.behaviour.isSilent = true
    session.request(subscribeTlv(TOPIC))
    session.request(keepaliveTlv({ inactivityMs: 1, intervalMs: 2 }))
    await settled()
    const ids = session.world.peer.seen.map(({ id }) => id)
    assert.deepEqual(ids, [1, 2, 3], 'each its own, none 0')
    session.world.peer.send([], { id: 3, response: true })
    session.world.peer.push(`+ ${A}`)
    session.world.peer.send([{ type: 0xf800, data: Uint8Array.of(1) }], { id: 2, response: true })
    await settled()
    assert.deepEqual([session.responses.map(({ id }) => id), session.changes.length, session.ends], [[3, 2], 1, []])
  })

  it('never has the ID of the subscription, as long as that stands', async () => {
    const session = await Session.opened({ intervalMs: 0xffff_ffff })
    session.request(subscribeTlv(TOPIC))
    await settled()
    Object.assign(session.link, { lastId: 0xfffd }) // as after so many requests
    for (let i = 0; i < 4; i++) session.request(keepaliveTlv({ inactivityMs: 1, intervalMs: 2 }))
    await settled()
    assert.deepEqual(session.world.peer.seen.map(({ id }) => id), [1, 2, 0xfffe, 0xffff, 1, 3])
    session.world.behaviour.isSilent = true
    session.request(keepaliveTlv({ inactivityMs: 1, intervalMs: 2 }))
    Object.assign(session.link, { lastId: 3 })
    session.request(keepaliveTlv({ inactivityMs: 1, intervalMs: 2 }))
    await settled()
    assert.deepEqual(session.world.peer.seen.slice(-2).map(({ id }) => id), [4, 5], 'nor that of a request under way')
    assert.deepEqual(session.ends, [])
  })

  it('that is refused ends the session with the code, and with the delay if there is one', async () => {
    for (const retryMs of [undefined, 7]) {
      const session = await Session.opened({ subscribeRcode: RCODE.REFUSED, retryMs })
      session.request(subscribeTlv(TOPIC))
      await settled()
      assert.deepEqual([session.ends, session.responses], [[{ reason: 'REFUSED', rcode: RCODE.REFUSED, ...(retryMs !== undefined && { retryMs }) }], []])
    }
  })

  it('after the end goes nowhere', async () => {
    const session = await Session.opened()
    session.link.close()
    session.request(subscribeTlv(TOPIC))
    await settled()
    assert.deepEqual([session.world.peer.asked, session.world.due], [['keepalive'], []])
  })

  it('of the server is answered that it is not known (RFC 8490 5.4.5)', async () => {
    const session = await Session.opened()
    session.world.peer.send([{ type: 0xf800, data: new Uint8Array(3) }], { id: 77 })
    session.world.peer.send([subscribeTlv(TOPIC), { type: 3, data: new Uint8Array(3) }], { id: 78 })
    session.world.peer.send([], { id: 79 })
    await settled()
    const answers = session.world.peer.seen.slice(1).map(({ id, response, rcode, tlvs }) => [id, response, rcode, tlvs.length])
    assert.deepEqual(answers, [[77, true, RCODE.DSOTYPENI, 0], [78, true, RCODE.DSOTYPENI, 0], [79, true, RCODE.FORMERR, 0]])
    assert.deepEqual(session.ends, [])
  })

  it('of a server that does not read what it is answered is not answered for ever', async () => {
    const session = await Session.opened()
    session.world.peer.socket.pause()
    for (let i = 0; i < 20_000 && session.ends.length === 0; i++) {
      session.world.peer.send([{ type: 0xf800, data: new Uint8Array(0) }], { id: 77 })
      if (i % 100 === 0) await settled()
    }
    assert.deepEqual(session.reasons, ['it reads nothing of what it is sent'])
  })
})

describe('a Keepalive', () => {
  it('goes 80 % of the interval after whatever was sent last', async () => {
    const session = await Session.opened({ intervalMs: 10_000 })
    assert.deepEqual(session.world.due, [8_000])
    await session.world.pass(7_000)
    session.request(subscribeTlv(TOPIC))
    await settled()
    assert.deepEqual(session.world.due, [8_000])
    await session.world.pass(8_000)
    assert.deepEqual(session.world.peer.asked, ['keepalive', 'subscribe', 'keepalive'])
  })

  it('changes the times by its response, and by one that the server sends by itself (RFC 8490 7.1.1)', async () => {
    const session = await Session.opened({ intervalMs: 10_000 })
    session.world.behaviour.intervalMs = 50_000
    await session.world.pass(8_000)
    assert.deepEqual(session.world.due, [40_000])
    session.world.peer.send([keepaliveTlv({ inactivityMs: 0, intervalMs: 20_000 })])
    await settled()
    assert.deepEqual(session.world.due, [16_000])
    session.world.peer.send([keepaliveTlv({ inactivityMs: 0, intervalMs: 0xffff_ffff })])
    await settled()
    assert.deepEqual(session.world.due, [])
    session.world.peer.send([keepaliveTlv({ inactivityMs: 0, intervalMs: 0xffff_fffe })])
    await settled()
    assert.deepEqual(session.world.due, [LONGEST_TIMER], 'as long as a timer runs')
    assert.deepEqual(session.world.peer.asked, ['keepalive', 'keepalive'], 'none of them is answered')
  })

  it('of less than ten seconds ends the session, of ten does not (RFC 8490 6.5.2)', async () => {
    const session = await Session.opened({ intervalMs: 10_000 })
    session.world.peer.send([keepaliveTlv({ inactivityMs: 0, intervalMs: 9_999 })])
    await settled()
    assert.deepEqual(session.reasons, ['it wants a Keepalive every 9999 ms, which is too often'])
    const other = new Session({ intervalMs: 0 })
    await settled()
    assert.deepEqual([other.opened, other.reasons], [0, ['it wants a Keepalive every 0 ms, which is too often']])
  })

  it('whose response has none, or two, ends the session (RFC 8490 7.1)', async () => {
    const good = keepaliveTlv({ inactivityMs: 0, intervalMs: 20_000 })
    for (const tlvs of [[], [good, good], [retryDelayTlv(1)]]) {
      const session = new Session({ isSilent: true })
      await settled()
      session.world.peer.send(tlvs, { id: 1, response: true })
      await settled()
      assert.deepEqual([session.opened, session.reasons], [0, ['what it sends cannot be read: Cannot read response as it must hold one Keepalive']])
    }
  })
})

describe('a server that breaks the rules ends its session', () => {
  const KEEPALIVE = keepaliveTlv({ inactivityMs: 0, intervalMs: 20_000 })
  const message = (parts: Partial<DsoMessage>): Uint8Array => framed(encodeDso({ id: 0, response: false, rcode: 0, tlvs: [], ...parts }))
  const CASES: [what: string, octets: Uint8Array, reason: RegExp][] = [
    ...[0, 1, 11].map((size): [string, Uint8Array, RegExp] => [`by a length of ${size}`, Buffer.of(0, size, ...new Uint8Array(40)), /a length is less than that of a header/]),
    ['by a message of another kind', framed(encodeMessage(makeMessage({ response: true }))), /its opcode is another/],
    ['by a count', framed(encodeDso({ id: 0, response: false, rcode: 0, tlvs: [KEEPALIVE] }).with(5, 1)), /its counts must be zero/],
    ['by a TLV that is cut', framed(encodeDso({ id: 0, response: false, rcode: 0, tlvs: [KEEPALIVE] }).subarray(0, 20)), /cannot be read/],
    ['by a PUSH without a change', message({ tlvs: [{ type: DSO.PUSH, data: new Uint8Array(0) }] }), /cannot be read/],
    ['by a PUSH whose TTL means nothing', message({ tlvs: [{ type: DSO.PUSH, data: Uint8Array.of(0, 0, 1, 0, 1, 0x80, 0, 0, 0, 0, 4, 1, 2, 3, 4) }] }), /TTL 2147483648 means nothing/],
    ['by a Keepalive of another length', message({ tlvs: [{ type: DSO.KEEPALIVE, data: new Uint8Array(7) }] }), /cannot be read/],
    ['by a Retry Delay of another length', message({ tlvs: [{ type: DSO.RETRY_DELAY, data: new Uint8Array(5) }] }), /cannot be read/],
    ['by what is not known and wants no response (RFC 8490 5.4.5)', message({ tlvs: [{ type: 0xf800, data: new Uint8Array(0) }] }), /^it sends what is not known here$/],
    ['by nothing that wants no response', message({}), /^it sends what is not known here$/],
    ['by a SUBSCRIBE that wants no response', message({ tlvs: [subscribeTlv(TOPIC)] }), /^it sends what is not known here$/],
    ['by a Keepalive that wants a response (RFC 8490 7.1)', message({ id: 5, tlvs: [KEEPALIVE] }), /^it sends a Keepalive that wants a response$/],
    ['by a response to what was not asked (RFC 8490 5.5.2)', message({ id: 99, response: true }), /^it answers what was not asked$/],
    ['by a response with ID 0', message({ response: true }), /^it answers what was not asked$/],
    ['by a response that comes twice', message({ id: 1, response: true, tlvs: [KEEPALIVE] }), /^it answers what was not asked$/],
  ]
  for (const [what, octets, reason] of CASES) {
    it(what, async () => {
      const session = await Session.opened()
      session.world.peer.write(Buffer.concat([octets, framed(...pushMessages(changesOf([`+ ${A}`])))]))
      await settled()
      assert.equal(session.ends.length, 1)
      assert.match(session.reasons[0], reason)
      assert.deepEqual([session.changes, session.world.due, session.world.sockets[0].destroyed], [[], [], true], 'what stands behind it is not read')
    })
  }

  it('but not by what it adds and we do not know, nor by padding (RFC 8490 5.4.5, 7.3)', async () => {
    const session = await Session.opened()
    session.world.peer.send([KEEPALIVE, { type: 0xf800, data: new Uint8Array(2) }, { type: DSO.ENCRYPTION_PADDING, data: new Uint8Array(9) }])
    const [push] = decodeDso(pushMessages(changesOf([`+ ${A}`]))[0]).tlvs
    session.world.peer.send([push, { type: DSO.ENCRYPTION_PADDING, data: new Uint8Array(9) }])
    await settled()
    assert.deepEqual([session.changes.length, session.ends], [1, []])
  })

  it('or does not, but nothing is thrown: 2,000 mutated streams', async (t) => {
    const chance = new Chance(8490)
    const corpus = [
      ...pushMessages(changesOf([`+ ${A}`, `- ${A}`, 'x a.example. ANY ANY'])), ...[KEEPALIVE, retryDelayTlv(9), subscribeTlv(TOPIC)].flatMap((tlv) => [0, 2].map((id) => encodeDso({ id, response: false, rcode: 0, tlvs: [tlv] }))),
      encodeDso({ id: 2, response: true, rcode: 0, tlvs: [] }),
    ].map((octets) => framed(octets))
    const out = Buffer.alloc(4_096)
    let [over, told] = [0, 0]
    for (let i = 0; i < 2_000; i++) {
      const world = new FakeWorld()
      const link = new DsoLink({ server: { host: '127.0.0.1', family: 4, port: 5300 }, timeoutMs: 1, onOpen: () => undefined, onPush: () => void told++, onEnd: () => void over++ }, world)
      world.sockets[0].emit('data', Buffer.from(out.subarray(0, writeMutation(out, corpus, chance))))
      link.close()
      assert.deepEqual(world.due, [])
    }
    t.diagnostic(`${over} sessions ended, ${told} PUSH messages were read`)
    assert.ok(over > 500 && told > 20)
  })
})

describe('an end', () => {
  it('is told once, whatever comes together', async () => {
    const session = await Session.opened()
    session.world.sockets[0].destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
    await settled()
    assert.deepEqual(session.ends, [{ reason: 'the server closed the connection' }])
  })

  it('of our own is not told', async () => {
    const session = await Session.opened()
    session.link.close()
    session.world.peer.socket.end()
    await settled()
    assert.deepEqual(session.ends, [])
  })
})
