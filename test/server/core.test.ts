/**
 * The slow path of a message: what the core makes of octets, of signatures and of what its handlers say, with
 * clients, clock and signatures of the test's own making.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EDE, OPCODE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { CORE_MESSAGES_PER_TURN, CORE_WAIT_MS } from '../../src/dns/limits.ts'
import type { DnsRecord, Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { Cookies } from '../../src/server/cookies.ts'
import { Core, type CoreOptions } from '../../src/server/core.ts'
import type { Authentication, CoreMessage, MessageAuthenticator, Reply } from '../../src/server/core-contract.ts'
import { Counters } from '../../src/server/counters.ts'
import type { Requester } from '../../src/update/contract.ts'
import { decode, encode, hex, NOW, query, record, serverOf, tcp, udp, type Decoded, type QueryParts } from './messages.ts'

const UPDATE = OPCODE.UPDATE << 11
const A = encode(record('x.example. 60 IN A 192.0.2.1'))
const { FORMERR, NOTIMP, REFUSED, SERVFAIL, BADVERS, BADCOOKIE, NOTAUTH } = RCODE

const update = (parts: QueryParts = {}): Uint8Array => query({ flags: UPDATE, name: 'Example.', type: TYPE.SOA, authority: [A], ...parts })

interface Made {
  core: Core
  counters: Counters
  clock: { ms: number }
  faults: unknown[]
  timers: { ms: number; run: () => void }[]
  /** Hands a message over; what comes back, or null for silence. */
  ask(octets: Uint8Array, peer?: CoreMessage['peer']): Promise<Decoded | null>
}

function make(options: Partial<CoreOptions> = {}): Made {
  const counters = new Counters()
  const clock = { ms: 5_000 }
  const faults: unknown[] = []
  const timers: Made['timers'] = []
  const core = new Core({
    handlers: {}, counters, nowSeconds: () => NOW, nowMs: () => clock.ms, soon: (run) => setImmediate(run), after: (ms, run) => timers.push({ ms, run }), onFault: (fault) => faults.push(fault), ...options,
  })
  const ask = async (octets: Uint8Array, peer: CoreMessage['peer'] = udp): Promise<Decoded | null> => {
    let answer: Decoded | null | undefined
    await core.handle({
      octets, peer,
      reply: (response) => {
        assert.equal(answer, undefined, 'one reply')
        answer = decode(response)
      },
      drop: () => (answer ??= null),
    })
    return answer === undefined ? assert.fail('neither reply nor silence') : answer
  }
  return { core, counters, clock, faults, timers, ask }
}

/** Handlers that say this to everything. */
const says = (reply: Reply): Pick<CoreOptions, 'handlers'> => ({ handlers: { update: () => Promise.resolve(reply), agent: () => Promise.resolve(reply) } })

function recordsOf(count: number): DnsRecord[] {
  return Array.from({ length: count }, (_, i) => ({ name: Name.parse(`n${i}.example.`), type: TYPE.A, class: 1, ttl: 60, rdata: hex('c0000201') }))
}

describe('what comes back', () => {
  test('an UPDATE reaches its handler decoded, with who asks, and its zone section comes back as it was written (RFC 2136 3.8)', async () => {
    const seen: [Message, Requester][] = []
    const { ask, counters } = make({ handlers: { update: (message, requester) => (seen.push([message, requester]), Promise.resolve({ rcode: REFUSED })) } })
    const answer = await ask(update({ id: 77 }), tcp)
    assert.ok(answer)
    assert.deepEqual([answer.id, answer.qr, answer.opcode, answer.rcode, answer.aa, answer.opt], [77, true, OPCODE.UPDATE, REFUSED, false, null])
    assert.deepEqual(answer.question, { name: 'Example.', type: TYPE.SOA, class: 1 })
    const [[message, requester]] = seen
    assert.deepEqual(message.authorities.map(({ name }) => name.toString()), ['x.example.'])
    assert.deepEqual(requester, { address: tcp.address, port: tcp.port, transport: 'tcp' })
    assert.equal(counters.get('rcode.REFUSED'), 1)
  })

  test('the reply\'s lease, offer, Extended DNS Error and records are in the response, and OPT only where the request had it (RFC 6891 7)', async () => {
    const { ask } = make(says({ rcode: 0, lease: { lease: 1_800, keyLease: 604_800 }, offer: hex('ff5600060000271004d2'), ede: { infoCode: EDE.OTHER, text: 'why' }, answers: recordsOf(1), agent: true, authoritative: true }))
    const answer = await ask(update({ flags: UPDATE | 0x40, opt: {} }))
    assert.deepEqual(answer?.opt?.options, [[OPTION.EDE, '0000' + Buffer.from('why').toString('hex')], [OPTION.OFFER, 'ff5600060000271004d2'], [OPTION.UPDATE_LEASE, '0000070800093a80']])
    assert.deepEqual([answer?.answer.length, answer?.z, answer?.aa], [1, true, true])
    const bare = await ask(update())
    assert.deepEqual([bare?.opt, bare?.answer.length, bare?.z], [null, 1, false])
  })

  test('opcode AGENT reaches its own handler, and what has no handler is NOTIMP', async () => {
    const { ask } = make({ handlers: { agent: (message) => Promise.resolve({ rcode: 0, questions: message.questions.slice(0, 1) }) } })
    assert.equal((await ask(query({ flags: OPCODE.AGENT << 11 })))?.rcode, 0)
    assert.equal((await ask(update()))?.rcode, NOTIMP)
    assert.equal((await ask(query({ flags: 3 << 11 })))?.rcode, NOTIMP)
  })

  test('what is malformed is FORMERR, with its question where that can be read', async () => {
    const { ask } = make(says({ rcode: 0 }))
    const broken = encode(record('x.example. 60 IN A 192.0.2.1')).slice(0, -1)
    assert.deepEqual([(await ask(update({ authority: [broken] })))?.rcode, (await ask(update({ authority: [broken] })))?.question?.name], [FORMERR, 'Example.'])
    const wrongLength = Uint8Array.of(...A.slice(0, -6), 0, 3, 1, 2, 3) // an A record of three octets
    assert.deepEqual([(await ask(update({ authority: [wrongLength] })))?.rcode, (await ask(update({ authority: [wrongLength], opt: {} })))?.opt?.options], [FORMERR, []])
    assert.equal((await ask(update({ question: hex('ffff') })))?.question, null)
    assert.equal((await ask(update({ opt: {}, additional: [encode(record('y. 1 IN A 192.0.2.1')), Uint8Array.of(0, 0, TYPE.OPT, 4, 0, 0, 0, 0, 0, 0, 0)] })))?.rcode, FORMERR, 'two OPT')
  })

  test('an EDNS version above ours is BADVERS (RFC 6891 6.1.3)', async () => {
    const { ask } = make(says({ rcode: 0 }))
    const answer = await ask(update({ opt: { version: 1 } }))
    assert.deepEqual([answer?.rcode, answer?.opt?.version], [BADVERS, 0])
  })

  test('an extended code without OPT becomes SERVFAIL, as four bits cannot say it (RFC 6891 6.1.3)', async () => {
    const { ask } = make(says({ rcode: BADCOOKIE }))
    assert.equal((await ask(update()))?.rcode, SERVFAIL)
    assert.equal((await ask(update({ opt: {} })))?.rcode, BADCOOKIE)
  })

  test('a response too long for UDP has TC and no records, over TCP it is whole (RFC 2181 9)', async () => {
    const { ask, counters } = make(says({ rcode: 0, answers: recordsOf(200) }))
    for (const [parts, limit] of [[{}, 512], [{ opt: { size: 100 } }, 512], [{ opt: { size: 4_096 } }, 1_232]] as const) {
      const answer = await ask(update(parts))
      assert.deepEqual([answer?.tc, answer?.answer.length, answer!.size <= limit], [true, 0, true])
    }
    const whole = await ask(update(), tcp)
    assert.deepEqual([whole?.tc, whole?.answer.length], [false, 200])
    assert.equal(counters.get('response.truncated'), 3)
  })

  test('a response or a piece of a header is met with silence', async () => {
    const { ask } = make(says({ rcode: 0 }))
    assert.equal(await ask(update({ flags: 0x8000 | UPDATE })), null)
    assert.equal(await ask(new Uint8Array(11)), null)
  })
})

describe('cookies', () => {
  const cookies = new Cookies(new Uint8Array(16).fill(3))
  const client = hex('0102030405060708')
  const option = (data: Uint8Array): QueryParts => ({ opt: { options: [[OPTION.COOKIE, data]] } })

  function cookieOf(answer: Decoded | null): Uint8Array {
    const [, data] = answer?.opt?.options.find(([code]) => code === OPTION.COOKIE) ?? assert.fail('no cookie')
    return hex(data)
  }

  test('one is given with every response that asks, and kept where it is good (RFC 7873 5.2)', async () => {
    const { ask } = make({ ...says({ rcode: 0 }), cookies })
    const cookie = cookieOf(await ask(update(option(client))))
    assert.deepEqual(cookieOf(await ask(update(option(cookie)))), cookie)
    assert.equal((await ask(update({ opt: {} })))?.opt?.options.length, 0)
  })

  test('where they are required, an unsigned message over UDP that shows one needs a good one (RFC 7873 5.2.3)', async () => {
    const { ask, core } = make({ ...says({ rcode: 0 }), cookies, requireCookie: true })
    const refused = await ask(update(option(client)))
    assert.equal(refused?.rcode, BADCOOKIE)
    assert.equal((await ask(update(option(cookieOf(refused)))))?.rcode, 0)
    assert.equal((await ask(update(option(client)), tcp))?.rcode, 0)
    assert.equal((await ask(update()))?.rcode, 0)
    core.settle({ cookies })
    assert.equal((await ask(update(option(client))))?.rcode, 0, 'from the next response on')
  })
})

// ---- Signatures, as a test makes them: a TXT record as the last, whose text says who signs ----

/** Signs by a record of 14 octets, whose last tells the seal. */
const sealRecord = (seal: string): Uint8Array => encode(record(`. 0 IN TXT ${seal}`))

function authenticatorOf(verify: (octets: Uint8Array) => Authentication<string> | Promise<Authentication<string>>): MessageAuthenticator<string> {
  return {
    verify: (octets) => verify(octets),
    overhead: (seal) => sealRecord(seal).length,
    sign: (response, seal) => {
      const signed = Uint8Array.of(...response, ...sealRecord(seal))
      signed[11]++
      return signed
    },
  }
}

const signer = { kind: 'tsig', name: Name.parse('key.example.') } as const
const sealOf = (answer: Decoded | null): string => Buffer.from(answer?.additional.at(-1)?.rdata.slice(2) ?? '', 'hex').toString()

describe('signatures', () => {
  test('a proven message is carried out for its signer, and the response is signed', async () => {
    let asked: Requester | undefined
    for (const isLater of [false, true]) {
      const proven: Authentication<string> = { outcome: 'proven', signer, seal: 'good' }
      const { ask } = make({
        handlers: { update: (_, requester) => ((asked = requester), Promise.resolve({ rcode: 0 })) },
        authenticator: authenticatorOf(() => (isLater ? Promise.resolve(proven) : proven)),
      })
      const answer = await ask(update({ opt: {} }))
      assert.deepEqual([answer?.rcode, sealOf(answer), asked?.signer], [0, 'good', signer])
    }
  })

  test('a refused one never reaches a handler; the response is signed where there is a seal', async () => {
    const handlers = { update: () => assert.fail('reached'), agent: () => assert.fail('reached') }
    for (const seal of [undefined, 'bad']) {
      const { ask, faults } = make({ handlers, authenticator: authenticatorOf(() => ({ outcome: 'refused', rcode: NOTAUTH, seal, reason: '' })) })
      const answer = await ask(update())
      assert.deepEqual([answer?.rcode, sealOf(answer), faults], [NOTAUTH, seal ?? '', []])
    }
  })

  test('a repeated one gets the octets of its first response, and one still under way silence', async () => {
    const response = query({ id: 9, flags: 0x8000 | UPDATE })
    const handlers = { update: () => assert.fail('reached') }
    assert.equal((await make({ handlers, authenticator: authenticatorOf(() => ({ outcome: 'repeated', response })) }).ask(update()))?.id, 9)
    assert.equal(await make({ handlers, authenticator: authenticatorOf(() => ({ outcome: 'pending' })) }).ask(update()), null)
  })

  test('room is left for the signature, within the limit of UDP (RFC 8945 5.3)', async () => {
    for (let count = 20; count < 40; count++) {
      const { ask } = make({ ...says({ rcode: 0, answers: recordsOf(count) }), authenticator: authenticatorOf(() => ({ outcome: 'proven', signer, seal: 's'.repeat(60) })) })
      const answer = await ask(update())
      assert.ok(answer && answer.size <= 512 && sealOf(answer).length === 60 && (answer.tc || answer.answer.length === count), `${count} records`)
    }
  })

  test('without an authenticator a TSIG is answered BADKEY (RFC 8945 5.2.1)', async () => {
    const rdata = hex('0b686d61632d73686132353600 00006b49d200 012c 0004 01020304 1234 0000 0000')
    const tsig = Uint8Array.of(...Name.parse('key.').wire, 0, TYPE.TSIG, 0, 255, 0, 0, 0, 0, 0, rdata.length, ...rdata)
    const answer = await make(says({ rcode: 0 })).ask(update({ additional: [tsig] }))
    assert.equal(answer?.rcode, NOTAUTH)
    assert.match(answer?.tsig?.rdata ?? '', /0011 ?0000$/)
  })

  test('a signed query is answered without its signature, and the answer signed within its limit', async () => {
    const server = serverOf((_, answer) => (answer.rcode = RCODE.NXDOMAIN), { isOfCore: true })
    let asked = new Uint8Array(0)
    const { ask } = make({
      handlers: { query: (octets, length, peer, out, room) => ((asked = octets.slice(0, length)), server.answer(octets, length, peer, out, room)) },
      authenticator: authenticatorOf(() => ({ outcome: 'proven', signer, seal: 'good' })),
    })
    const sig0 = Uint8Array.of(0, 0, TYPE.SIG, 0, 255, 0, 0, 0, 0, 0, 27, ...new Uint8Array(27))
    const answer = await ask(query({ opt: { size: 1232 }, additional: [] }))
    assert.deepEqual([answer?.rcode, sealOf(answer)], [RCODE.NXDOMAIN, 'good'])
    const signed = query({ additional: [A, sig0] })
    await ask(signed)
    assert.deepEqual(asked, query({ additional: [A] }), 'the record that signs is taken off, and ARCOUNT is one less')
    assert.equal(server.counters.get('transport.udp'), 0, 'counted by who deferred it')
  })
})

describe('faults of ours', () => {
  test('a handler that fails gives SERVFAIL and one report in a second', async () => {
    const { ask, faults, counters } = make({ handlers: { update: () => Promise.reject(new Error('bug')) } })
    for (let i = 0; i < 3; i++) assert.equal((await ask(update()))?.rcode, SERVFAIL)
    assert.deepEqual([faults.map(String), counters.get('fault.answering')], [['Error: bug'], 3])
  })

  test('one that throws instead of rejecting is no worse', async () => {
    const { ask } = make({ handlers: { update: () => {
      throw new Error('bug')
    } } })
    assert.equal((await ask(update()))?.rcode, SERVFAIL)
  })

  test('an authenticator that fails proves nothing', async () => {
    const { ask, faults } = make({ handlers: { update: () => assert.fail('reached') }, authenticator: authenticatorOf(() => Promise.reject(new Error('bug'))) })
    assert.equal((await ask(update()))?.rcode, SERVFAIL)
    assert.equal(faults.length, 1)
  })

  test('an authenticator or a handler that throws at once does no more than one that fails later', async () => {
    const bug = (): never => {
      throw new Error('bug')
    }
    const broken = make({ handlers: { update: () => assert.fail('reached') }, authenticator: authenticatorOf(bug) })
    const throwing = make({ handlers: { update: bug } })
    for (const { ask, faults, core } of [broken, throwing]) {
      assert.equal((await ask(update()))?.rcode, SERVFAIL)
      assert.deepEqual([faults.length, core.size], [1, 0])
    }
    assert.deepEqual([broken.counters.get('fault.answering'), throwing.counters.get('fault.answering')], [0, 1])
  })

  test('a way back that fails ends the message all the same', async () => {
    const { core, faults } = make(says({ rcode: 0 }))
    let isDropped = false
    await core.handle({ octets: update(), peer: udp, reply: () => {
      throw new Error('no way')
    }, drop: () => (isDropped = true) })
    assert.deepEqual([isDropped, faults.length, core.size], [true, 1, 0])
  })
})

describe('work', () => {
  test('one network does not keep another waiting, and what is under way at once is bounded', async () => {
    const order: number[] = []
    let running = 0
    let most = 0
    const { core } = make({
      limits: { running: 10 },
      handlers: { update: async (message) => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running--
        order.push(message.id)
        return { rcode: 0 }
      } },
    })
    const hand = (id: number, last: number): Promise<void> => core.handle({ octets: update({ id }), peer: { ...udp, address: Uint8Array.of(192, 0, last, 1) }, reply: () => undefined, drop: () => assert.fail('dropped') })
    const all = [...Array.from({ length: 500 }, (_, id) => hand(id, 1)), hand(1_000, 2), hand(1_001, 2)]
    assert.equal(core.size, 502)
    await Promise.all([...all, core.idle()])
    assert.ok(order.indexOf(1_001) < 30, `the second of the other came as number ${order.indexOf(1_001)}`)
    assert.deepEqual([most, order.length, core.size], [10, 502, 0])
    await core.idle()
  })

  test('what is proven at once reaches its handler within the turn, one behind the other, so that an update waits for no other', async () => {
    const order: string[] = []
    const turns: (() => void)[] = []
    const { core } = make({
      soon: (run) => turns.push(run),
      authenticator: authenticatorOf(() => ({ outcome: 'unsigned' })),
      handlers: { update: ({ id }) => (order.push(`judged ${id}`), Promise.resolve({ rcode: 0 })) },
    })
    for (const id of [1, 2, 3]) core.take({ octets: update({ id }), peer: udp, reply: () => order.push(`answered ${id}`), drop: () => assert.fail('dropped') }, () => order.push(`done ${id}`))
    assert.deepEqual(order, [])
    turns.shift()?.()
    assert.deepEqual(order, ['judged 1', 'judged 2', 'judged 3'])
    await core.idle()
    assert.deepEqual(order.slice(3), ['answered 1', 'answered 2', 'answered 3', 'done 1', 'done 2', 'done 3'])
  })

  test('a turn is bounded, so that timers come through', async () => {
    let begun = 0
    const { core } = make({ handlers: { update: () => (begun++, Promise.resolve({ rcode: 0 })) } })
    const all = Array.from({ length: 300 }, (_, id) => core.handle({ octets: update({ id }), peer: udp, reply: () => undefined, drop: () => undefined }))
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(begun, CORE_MESSAGES_PER_TURN)
    await Promise.all(all)
  })

  test('what proves nothing spends the allowance of its network, and waits then; what is carried out does not', async () => {
    let rcode: number = REFUSED
    const { core, clock, timers } = make({ limits: { perSecond: 1_000, burst: 5_000 }, handlers: { update: () => Promise.resolve({ rcode }) } })
    let answered = 0
    const hand = (): Promise<void> => core.handle({ octets: update(), peer: tcp, reply: () => answered++, drop: () => assert.fail('dropped') })
    const all = Array.from({ length: 10 }, hand)
    while (timers.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const atOnce = answered
    assert.ok(atOnce >= 4 && atOnce <= 6, `${atOnce} at once`)
    clock.ms += timers[0].ms
    timers.shift()!.run()
    await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(answered, atOnce + 1, 'one more when its time has come')
    clock.ms += 100_000
    while (timers.length > 0) timers.shift()!.run()
    await Promise.all(all)
    rcode = 0
    for (let i = 0; i < 50; i++) await hand()
    assert.equal(answered, 60)
  })

  test('over UDP, what has waited too long is dropped: its sender has asked again', async () => {
    const { core, clock } = make(says({ rcode: 0 }))
    const fates: string[] = []
    const hand = (peer: CoreMessage['peer']): Promise<void> => core.handle({ octets: update(), peer, reply: () => fates.push(`${peer.transport} answered`), drop: () => fates.push(`${peer.transport} dropped`) })
    const both = [hand(udp), hand({ ...tcp, address: Uint8Array.of(1, 2, 3, 4) })]
    clock.ms += CORE_WAIT_MS + 1
    await Promise.all(both)
    assert.deepEqual(fates.sort(), ['tcp answered', 'udp dropped'])
  })
})
