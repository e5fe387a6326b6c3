/**
 * `waggle query` before servers that are slow, short of room, confused or hostile: what it prints of good answers as JSON, and
 * with which words and exit code it ends before bad ones; and the borders of its numbers.
 */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import { OPTION, printType, printRcode, RCODE, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, type Message } from '../../src/dns/message.ts'
import { parseParameters } from '../../src/dns/parameters.ts'
import { parseRecord } from '../../src/dns/record-text.ts'
import { run } from './running.ts'

/** What the server sends for a query: messages over UDP, and what follows their length over TCP. */
type Reply = (query: Message, octets: Uint8Array) => Uint8Array[]

const udp = createSocket('udp4')
const tcp = createServer((socket) => {
  socket.on('error', () => socket.destroy())
  socket.once('data', (octets: Buffer) => {
    asked.push('tcp')
    for (const reply of onTcp(decodeMessage(octets.subarray(2)), octets.subarray(2))) socket.write(Buffer.concat([Buffer.of(reply.length >> 8, reply.length & 255), reply]))
    socket.end()
  })
})
let server = ''
let asked: string[] = []
let onUdp: Reply = () => []
let onTcp: Reply = () => []

before(async () => {
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const { port } = tcp.address() as { port: number }
  udp.on('message', (octets, from) => {
    asked.push('udp')
    for (const reply of onUdp(decodeMessage(octets), octets)) udp.send(reply, from.port, from.address)
  })
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  server = `127.0.0.1:${port}`
})
after(() => void [udp.close(), tcp.close()])
beforeEach(() => {
  asked = []
  onUdp = onTcp = () => []
})

function answered(query: Message, parts: Partial<Message> = {}): Uint8Array {
  return encodeMessage({ ...query, response: true, answers: [parseRecord('a.example. 60 IN A 192.0.2.1')], ...parts })
}

const query = (...flags: string[]) => run('query', 'a.example', '-s', server, ...flags)

describe('a question', () => {
  const questions: string[] = []
  beforeEach(() => {
    questions.length = 0
    onUdp = (message) => {
      questions.push(...message.questions.map(({ name, type }) => `${name} ${printType(type)}`))
      return [answered(message)]
    }
  })

  it('may name a capability by its URL, and is for AGENT then unless it says otherwise', async () => {
    const url = 'agent://acme.example/nlp/text/translate/v2?security=mtls'
    const name = 'mtls.v2.translate.text.nlp._cap.acme.example.'
    for (const args of [[url], [url, 'TXT'], ['a.example'], ['a.example', 'AGENT', '--and', url], [url, '--and', 'b.example']]) {
      assert.equal((await run('query', ...args, '-s', server)).code, 0, args.join(' '))
    }
    assert.deepEqual(questions, [`${name} AGENT`, `${name} TXT`, 'a.example. A', 'a.example. AGENT', `${name} AGENT`, `${name} AGENT`, 'b.example. AGENT'])
    const twice = await run('query', url, '--and', name, '-s', server)
    assert.deepEqual([twice.code, twice.err.includes('twice in one message')], [2, true])
  })
})

describe('an answer', () => {
  it('to several questions whose OFFER is malformed is printed whole, and cannot be taken apart', async () => {
    const options = [{ code: OPTION.OFFER, octets: Uint8Array.of(1) }]
    onUdp = (message) => [answered(message, { edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options } })]
    assert.deepEqual([(await query('--and', 'b.example')).code, (await query('--and', 'b.example')).err], [0, ''])
    for (const flag of ['--short', '--json']) {
      const { code, out, err } = await query('--and', 'b.example', flag)
      assert.deepEqual([code, out], [1, ''])
      assert.match(err, /^waggle: Cannot read the answer: /)
    }
  })

  it('that was cut short is asked for again over TCP (RFC 7766 5), unless it is wanted as it is', async () => {
    onUdp = (message) => [answered(message, { truncated: true, answers: [] })]
    onTcp = (message) => [answered(message)]
    assert.deepEqual([(await query('--short')).out, asked], ['192.0.2.1\n', ['udp', 'tcp']])
    asked = []
    assert.deepEqual([await query('--short', '--ignore-truncation'), asked], [{ code: 0, out: '', err: '' }, ['udp']])
    asked = []
    assert.deepEqual([(await query('--short', '--tcp')).out, asked], ['192.0.2.1\n', ['tcp']])
    assert.match((await query('--tcp')).out, new RegExp(`\n;; SERVER: ${server} \\(TCP\\)\n`))
  })

  it('to another question is passed over, and the right one behind it is taken (RFC 5452 9.1)', async () => {
    const [question] = QUERY.questions
    const strangers: ((message: Message) => Uint8Array)[] = [
      (message) => answered({ ...message, id: message.id ^ 1 }),
      (message) => answered({ ...message, questions: [{ ...question, type: TYPE.AAAA }] }),
      (message) => encodeMessage({ ...message, response: false }),
      () => Uint8Array.of(),
      () => Uint8Array.of(1, 2, 3),
    ]
    onUdp = (message) => [...strangers.map((make) => make(message)), answered(message, { answers: [parseRecord('a.example. 60 IN A 192.0.2.99')] })]
    assert.deepEqual(await query('--short'), { code: 0, out: '192.0.2.99\n', err: '' })
    onUdp = (message) => strangers.map((make) => make(message))
    const { code, err } = await query('--tries', '1', '--timeout', '150')
    assert.deepEqual([code, err], [1, `waggle: No answer from ${server}: none came within 150 ms over UDP\n`])
  })

  for (const rcode of [RCODE.NOERROR, RCODE.NXDOMAIN, RCODE.SERVFAIL, RCODE.REFUSED, RCODE.NOTIMP]) {
    it(`of ${printRcode(rcode)} came: the command is done`, async () => {
      onUdp = (message) => [answered(message, { rcode, answers: [] })]
      const { code, out, err } = await query('--json')
      assert.deepEqual([code, err, (JSON.parse(out) as { status: string }).status], [0, '', printRcode(rcode)])
    })
  }

  it('has every flag and section in JSON, on one line', async () => {
    onUdp = (message) => [answered(message, { authoritative: true, recursionAvailable: true, authenticData: true, checkingDisabled: true, authorities: [parseRecord('example. 5 IN NS ns.example.')], additionals: [parseRecord('ns.example. 6 IN AAAA 2001:db8::1')] })]
    const { out } = await query('--json', '--recurse', '--dnssec', '--ag')
    assert.equal(out.indexOf('\n'), out.length - 1)
    const { flags, authority, additional, edns, octets } = JSON.parse(out) as Record<string, unknown>
    assert.deepEqual(flags, ['qr', 'aa', 'rd', 'ra', 'ag', 'ad', 'cd'])
    assert.deepEqual([authority, additional], [[{ name: 'example.', ttl: 5, class: 'IN', type: 'NS', rdata: 'ns.example.' }], [{ name: 'ns.example.', ttl: 6, class: 'IN', type: 'AAAA', rdata: '2001:db8::1' }]])
    assert.deepEqual(edns, { version: 0, udpSize: 1232, flags: ['do'], options: [] })
    assert.ok(Number(octets) > 60)
  })

  /** Answers with these options to a demand of `near`, `provider` and a bound: in the order of their keys latency, provider, near. */
  const offered = (offers: Uint8Array[]) => (message: Message) => {
    const options = [...offers.map((octets) => ({ code: OPTION.OFFER, octets })), { code: OPTION.DEMAND, octets: parseParameters('latency=1s', 'DEMAND') }]
    return [answered(message, { edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options } })]
  }
  const WISHES = ['--demand', 'near=48,16 provider=acme.example latency=1s']

  it('has OFFER and DEMAND in JSON as text too, as a whole and in parts; what is malformed as octets alone', async () => {
    onUdp = offered([parseParameters('scores=0.9,0.5 unmet=6,0', 'OFFER')])
    const options = (text: string): unknown => (JSON.parse(text) as { edns: { options: object[] } }).edns.options
    assert.deepEqual(options((await query('--json', ...WISHES)).out), [
      { code: 65441, name: 'OFFER', hex: Buffer.from(parseParameters('scores=0.9,0.5 unmet=6,0', 'OFFER')).toString('hex'), text: 'scores=0.9,0.5 unmet=6,0' },
      { code: 65440, name: 'DEMAND', hex: 'ff140004000f4240', text: 'latency=1s' },
    ])
    onUdp = offered([parseParameters('scores=0.9', 'OFFER'), parseParameters('result=3/65535', 'OFFER')])
    const { parts } = JSON.parse((await query('--json', '--and', 'b.example')).out) as { parts: { options: { name: string; text: string }[] }[] }
    assert.deepEqual(parts.map((part) => part.options.find(({ name }) => name === 'OFFER')?.text), ['scores=0.9', 'result=3/65535'])
    onUdp = offered([Uint8Array.of(1)])
    assert.deepEqual((options((await query('--json')).out) as object[])[0], { code: 65441, name: 'OFFER', hex: '01' })
  })

  it('tells below OFFER which wishes each answer does not meet, by the words of a demand', async () => {
    const lines = async (...flags: string[]): Promise<string[]> => (await query(...flags)).out.split('\n').filter((line) => /^; (OFFER|unmet)/.test(line))
    onUdp = offered([parseParameters('scores=0.9,0.5,0.4 unmet=6,0,4', 'OFFER')])
    assert.deepEqual(await lines(...WISHES), ['; OFFER: scores=0.9,0.5,0.4 unmet=6,0,4', '; unmet: 1 provider near, 3 near'])
    assert.deepEqual(await lines(), ['; OFFER: scores=0.9,0.5,0.4 unmet=6,0,4'], 'without a demand nothing was wished')
    onUdp = offered([parseParameters('scores=0.9 unmet=0', 'OFFER'), parseParameters('scores=0.9 unmet=2', 'OFFER')])
    assert.deepEqual(await lines('--and', 'b.example', ...WISHES), ['; OFFER: scores=0.9 unmet=0', '; OFFER: scores=0.9 unmet=2', '; unmet: 1 provider'])
    onUdp = offered([Uint8Array.of(1)])
    assert.match((await lines(...WISHES)).join(), /^; OFFER: 01 \(malformed: /)
  })

  it('without EDNS has none in JSON', async () => {
    onUdp = (message) => [answered(message)]
    assert.equal('edns' in (JSON.parse((await query('--json', '--no-edns')).out) as object), false)
  })
})

const QUERY: Message = decodeMessage(Uint8Array.of(0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x61, 7, ...Buffer.from('example'), 0, 0, 1, 0, 1))

describe('no answer', () => {
  it('after as many tries as were wanted', async () => {
    for (const tries of [1, 3]) {
      asked = []
      assert.equal((await query('--tries', String(tries), '--timeout', '60')).code, 1)
      assert.equal(asked.length, tries)
    }
  })

  const BROKEN: [what: string, reply: (good: Uint8Array) => Uint8Array, wanted: RegExp][] = [
    ['counts a record that is not there', (good) => good.with(7, 9), /^waggle: Cannot read the answer: .* \(octet \d+\)\n$/],
    ['has octets left over', (good) => Uint8Array.of(...good, 1), /^waggle: Cannot read the answer: .* \(octet \d+\)\n$/],
    ['is cut in its record', (good) => good.slice(0, 40), /^waggle: Cannot read the answer: .* \(octet \d+\)\n$/],
  ]
  for (const transport of ['udp', 'tcp'] as const) {
    for (const [what, reply, wanted] of BROKEN) {
      it(`that can be read, where it ${what} over ${transport}`, async () => {
        onUdp = onTcp = (message) => [reply(answered(message))]
        const { code, out, err } = await query('--tries', '1', ...(transport === 'tcp' ? ['--tcp'] : []))
        assert.deepEqual([code, out], [1, ''])
        assert.match(err, wanted)
      })
    }
  }

  it('over TCP, where the server closes or says something else', async () => {
    assert.deepEqual(await query('--tcp'), { code: 1, out: '', err: `waggle: No answer from ${server}: the server closed the connection\n` })
    onTcp = (message) => [answered({ ...message, id: message.id ^ 1 })]
    assert.deepEqual(await query('--tcp'), { code: 1, out: '', err: `waggle: No answer from ${server}: what came is no answer to the question\n` })
  })
})

describe('numbers', () => {
  const BORDERS: [flag: string, from: number, to: number][] = [['--timeout', 1, 600_000], ['--tries', 1, 20]]
  for (const [flag, from, to] of BORDERS) {
    it(`of ${flag} go from ${from} to ${to}, and are digits`, async () => {
      onUdp = (message) => [answered(message)]
      for (const value of [to, from + 1_000 > to ? from : from + 1_000]) assert.equal((await query(flag, String(value))).code, 0, String(value))
      for (const value of [from - 1, to + 1, '', 'x', '1.5', '1e2', '0x10', ' 5', '-1']) {
        const { code, err } = await query(`${flag}=${value}`)
        assert.equal(code, 2, String(value))
        assert.ok(err.includes(`It must be a number from ${from} to ${to}.`), err)
      }
    })
  }
})
