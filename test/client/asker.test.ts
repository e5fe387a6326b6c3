/**
 * Who looks for agents: what is asked, how the answer is read, what of earlier choices is told along, and what is said
 * where nobody answers. The network is made here.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Asker, AskFault, CallFault, type Met } from '../../src/client/asker.ts'
import { CLASS, EDE, OPCODE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { findOption, makeExtendedError, type EdnsOption } from '../../src/dns/edns.ts'
import { TextFault } from '../../src/dns/faults.ts'
import type { Message } from '../../src/dns/message.ts'
import { parseParameters } from '../../src/dns/parameters.ts'
import { FakeServer, SERVER_COOKIE, V2 } from './fake-server.ts'

describe('an answer', () => {
  it('is read as agents, best first, with where they are and how they were chosen', async () => {
    const server = new FakeServer()
    const { agents, ttlSeconds, tookMs, reason } = await server.asker().ask(V2)
    assert.deepEqual(agents, [
      {
        name: 'babel._sa.acme.example.', capability: V2, rank: 1, addresses: ['192.0.2.10', '2001:db8::10'], endpoint: 'https://babel.example/a2a', port: 8443,
        claims: 'port=8443 latency=50ms endpoint=https://babel.example/a2a', score: 0.9, ageMs: 250, state: 'idle',
      },
      { name: 'iris._sa.acme.example.', capability: V2, rank: 2, addresses: ['192.0.2.7'], claims: 'ipv4hint=192.0.2.7', score: 0.5, ageMs: null, state: 'occupied' },
    ])
    assert.deepEqual([ttlSeconds, tookMs, reason], [20, 1.5, undefined])
  })

  it('without an offer says nothing of the choice', async () => {
    const server = new FakeServer()
    server.options = []
    const [agent] = (await server.asker().ask(V2)).agents
    assert.deepEqual([agent.name, agent.score, agent.ageMs, agent.state], ['babel._sa.acme.example.', undefined, undefined, undefined])
  })

  it('to `candidates` has the newest reading of each that has told one', async () => {
    const server = new FakeServer()
    server.additionals.push(`${V2} 0 IN SENSE 7 IRIS._sa.acme.example. latency=90ms active=2`)
    const { agents, note } = await server.asker().ask(V2, { candidates: true })
    assert.equal(server.demand, 'candidates')
    assert.deepEqual(agents.map(({ reading }) => reading), [undefined, 'latency=90ms active=2'])
    assert.equal(note, undefined)
  })

  it('with a word beside the agents passes it on', async () => {
    const server = new FakeServer()
    server.options = [makeExtendedError({ infoCode: EDE.OTHER, text: '256 of 300 agents are listed' })]
    const { agents, note, reason } = await server.asker().ask(V2, 'candidates')
    assert.deepEqual([agents.length, note, reason], [2, '256 of 300 agents are listed', undefined])
  })

  const NOBODY: [what: string, rcode: number, options: EdnsOption[], reason: RegExp][] = [
    ['with a reason in words', RCODE.NOERROR, [makeExtendedError({ infoCode: EDE.DEMAND_NOT_SATISFIABLE, text: 'latency' })], /^latency$/],
    ['with a reason as a code', RCODE.NOERROR, [makeExtendedError({ infoCode: EDE.NO_LIVE_AGENT, text: '' })], /^no live agent$/],
    ['without a reason', RCODE.NOERROR, [], /no agent is registered at v2/],
    ['at a name that there is not', RCODE.NXDOMAIN, [], /nobody has registered at v2.*NXDOMAIN/],
  ]
  for (const [what, rcode, options, reason] of NOBODY) {
    it(`that names nobody, ${what}, is no fault`, async () => {
      const server = new FakeServer()
      Object.assign(server, { answers: [], rcode, options })
      const found = await server.asker().ask(V2)
      assert.deepEqual([found.agents, found.ttlSeconds], [[], 0])
      assert.match(found.reason ?? '', reason)
    })
  }

  const REFUSED: [what: string, change: Partial<FakeServer>, rcode: number, message: RegExp][] = [
    ['a refusal', { rcode: RCODE.REFUSED, answers: [], options: [makeExtendedError({ infoCode: EDE.PROHIBITED, text: 'ask another' })] }, RCODE.REFUSED, /^Cannot find agents at v2\..*: REFUSED: ask another$/],
    ['a failure', { rcode: RCODE.SERVFAIL, answers: [], options: [] }, RCODE.SERVFAIL, /SERVFAIL$/],
    ['silence', { failure: 'none came within 10 ms over UDP' }, -1, /no answer from 127\.0\.0\.1:5300, as none came within 10 ms/],
  ]
  for (const [what, change, rcode, message] of REFUSED) {
    it(`that is ${what} is an AskFault with its code`, async () => {
      const server = new FakeServer()
      Object.assign(server, change)
      await assert.rejects(server.asker().ask(V2), (fault) => fault instanceof AskFault && fault.rcode === rcode && message.test(fault.message))
    })
  }
})

describe('a question', () => {
  it('is for AGENT, says that an agent asks, and carries the need however it is written', async () => {
    const server = new FakeServer()
    const asker = server.asker()
    await asker.ask(V2, { latency: '200ms', accuracy: 0.9, count: 3, closure: true })
    const { message } = server.queries[0]
    assert.deepEqual([message.agent, message.questions[0].type, message.questions[0].class], [true, TYPE.AGENT, CLASS.IN])
    assert.equal(server.demand, 'latency=200ms accuracy=0.9 count=3 closure')
    await asker.ask(V2, 'near=48.2,16.4 provider=acme.example')
    assert.equal(server.demand, 'provider=acme.example near=48.2,16.4')
    await asker.ask(V2, { intent: 'translate my "letter"' })
    assert.match(server.demand, /translate my/)
  })

  it('of a zone that was signed ahead is put in order by what OFFER says, and who is not to be called is left out', async () => {
    const server = new FakeServer()
    const record = (label: string, priority: number): string => `${V2} 30 IN AGENT ${priority} ${label}._sa.acme.example.`
    const told = async (scores: string, answers: string[]): Promise<unknown[]> => {
      server.answers = answers
      server.options = [{ code: OPTION.OFFER, octets: parseParameters(`scores=${scores} ages=${answers.map(() => '5ms').join()} states=${answers.map(() => 'idle').join()}`, 'OFFER') }]
      const { agents, reason } = await server.asker().ask(V2)
      return [agents.map(({ name, rank, score }) => `${name.split('.')[0]} ${rank} ${score}`), ...(reason === undefined ? [] : [reason])]
    }
    const four = [record('slow', 7), record('gone', 1), record('fast', 9), record('usual', 1)]
    assert.deepEqual(await told('0.2,0,0.9,0.5', four), [['fast 1 0.9', 'usual 2 0.5', 'slow 3 0.2']])
    assert.deepEqual(await told('0,0,0,0', four), [[], `nobody at ${V2} may be called for this need now`])
    assert.deepEqual(await told('0.4,0.5', [record('first', 1), record('second', 2)]), [['first 1 0.4', 'second 2 0.5']], 'ranked: near-equals are drawn, and scores need not fall')
    assert.deepEqual(await told('0', [record('alone', 1)]), [[], `nobody at ${V2} may be called for this need now`])
  })

  it('takes URLs, and asks in the class it is told', async () => {
    const server = new FakeServer()
    await server.asker({ class: 'LOCAL' }).ask('agent://acme.example/nlp/text/translate/v2')
    const [question] = server.queries[0].message.questions
    assert.deepEqual([question.name.toString(), question.class], [V2, CLASS.LOCAL])
  })

  it('that cannot be written is a TextFault, and nothing is sent', async () => {
    const server = new FakeServer()
    for (const [capability, need] of [['a..b', ''], ['agent://acme.example/v2', ''], [V2, 'latency=soon'], [V2, { speed: 3 }]] as const) {
      await assert.rejects(server.asker().ask(capability, need), TextFault)
    }
    assert.throws(() => new Asker({ server: 'nowhere' }), TypeError)
    assert.throws(() => new Asker({ server: 'localhost:5411' }), /^TypeError: Cannot use server "localhost:5411" as it must be address:port, such as 127\.0\.0\.1:5411 or \[::1\]:5411$/)
    assert.equal(server.queries.length, 0)
  })

  it('shows the cookie that the server gave, and asks again where the server wants a newer one (RFC 7873 5.3)', async () => {
    const server = new FakeServer()
    const asker = server.asker()
    await asker.ask(V2)
    await asker.ask(V2)
    const cookies = server.queries.map(({ message }) => findOption(message.edns, OPTION.COOKIE))
    assert.equal(cookies[0]?.length, 8)
    assert.deepEqual(Buffer.from(cookies[1] ?? []), Buffer.from(SERVER_COOKIE))
    server.rcode = RCODE.BADCOOKIE
    await assert.rejects(asker.ask(V2), (fault) => fault instanceof AskFault && fault.rcode === RCODE.BADCOOKIE)
    assert.equal(server.queries.length, 4, 'once more, not for ever')
  })
})

describe('what became of choices', () => {
  it('is told with the next question, once', async () => {
    const server = new FakeServer()
    const asker = server.asker()
    const [babel, iris] = (await asker.ask(V2)).agents
    asker.met(babel, { result: 'done', latencyMs: 120.5, active: 3 })
    server.nowMs += 10
    asker.met(iris, { result: 'unreachable' })
    await asker.ask(V2, 'count=1')
    assert.equal(server.demand, 'count=1 outcome=babel._sa.acme.example/done/120500us/3/2027-01-15T08:00:00.000Z,iris._sa.acme.example/unreachable/0us/4294967295/2027-01-15T08:00:00.010Z')
    await asker.ask(V2)
    assert.equal(server.demand, '')
  })

  it('waits where nobody answered', async () => {
    const server = new FakeServer()
    const asker = server.asker()
    const [babel] = (await asker.ask(V2)).agents
    asker.met(babel, { result: 'busy' })
    server.failure = 'none came'
    await assert.rejects(asker.ask(V2), AskFault)
    assert.equal(asker.waiting, 1)
    server.failure = undefined
    await asker.ask(V2)
    assert.match(server.demand, /babel.*busy/)
    assert.equal(asker.waiting, 0)
  })

  it('is for its own domain, whatever is asked for there', async () => {
    const server = new FakeServer()
    const asker = server.asker()
    const [babel] = (await asker.ask(V2)).agents
    asker.met(babel, { result: 'done' })
    await asker.ask('v1.ocr._cap.other.example')
    assert.equal(server.demand, '')
    await asker.ask('nlp._cap.ACME.example')
    assert.match(server.demand, /babel/)
  })

  it('is as much as one demand may hold: the newest', async () => {
    const server = new FakeServer()
    const asker = server.asker()
    const [babel] = (await asker.ask(V2)).agents
    for (let i = 0; i < 40; i++) asker.met(babel, { result: 'done', active: i })
    assert.equal(asker.waiting, 16)
    await asker.ask(V2)
    assert.deepEqual([...server.demand.matchAll(/us\/(\d+)\//g)].map(([, active]) => Number(active)), Array.from({ length: 16 }, (_, i) => i + 24))
  })

  it('goes by TCP where no cookie shows who asks, as it would not be believed', async () => {
    const server = new FakeServer()
    server.options = []
    const asker = server.asker()
    const [babel] = (await asker.ask(V2)).agents
    asker.met(babel, { result: 'done' })
    await asker.ask(V2)
    await asker.ask(V2)
    assert.deepEqual(server.queries.map(({ tcp }) => tcp), [false, true, false])
  })

  it('cannot be said in a need besides', async () => {
    const server = new FakeServer()
    const asker = server.asker()
    const [babel] = (await asker.ask(V2)).agents
    asker.met(babel, { result: 'done' })
    await assert.rejects(asker.ask(V2, 'outcome=babel.example./done/1ms/0/2027-01-15T08:00:00Z'), TextFault)
  })
})

describe('a call', () => {
  it('goes to the best, and to the next where one is busy or not there; each is told of', async () => {
    const server = new FakeServer()
    const asker = server.asker()
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    for (const [fault, result] of [[new CallFault('busy', 'full', 8), 'busy/40ms/8'], [refused, 'unreachable/40ms/4294967295'], [new Error('fetch failed', { cause: refused }), 'unreachable/40ms/4294967295']] as const) {
      const answer = await asker.call(V2, 'count=2', async ({ name }, told) => {
        server.nowMs += 40
        told(3)
        if (name.startsWith('babel')) throw fault
        return `hello from ${name}`
      })
      assert.equal(answer, 'hello from iris._sa.acme.example.')
      await asker.ask(V2)
      assert.ok(server.demand.includes(`babel._sa.acme.example/${result}`) && server.demand.includes('iris._sa.acme.example/done/40ms/3/'), server.demand)
    }
  })

  it('of which nobody is left says so, and so does one for which nobody was', async () => {
    const server = new FakeServer()
    const asker = server.asker()
    await assert.rejects(asker.call(V2, '', () => Promise.reject(new CallFault('wrong', 'nonsense'))), (fault) => fault instanceof AskFault && /each of 2 failed, the last as nonsense/.test(fault.message))
    server.answers = []
    server.options = []
    await assert.rejects(asker.call(V2, '', () => Promise.resolve(1)), /no agent is registered/)
  })

  it('whose own work has a bug passes it on, and tells nothing of the agent', async () => {
    const server = new FakeServer()
    const asker = server.asker()
    await assert.rejects(asker.call(V2, '', () => Promise.reject(new TypeError('my bug'))), TypeError)
    assert.equal(asker.waiting, 0)
  })
})

const RESULTS: Met['result'][] = ['done', 'busy', 'unreachable', 'wrong']
describe('every result', () => {
  for (const result of RESULTS) {
    it(`${result} is written as it is`, async () => {
      const server = new FakeServer()
      const asker = server.asker()
      asker.met({ name: 'babel._sa.acme.example.', capability: V2 }, { result, latencyMs: 5_000_000 })
      await asker.ask(V2)
      assert.match(server.demand, new RegExp(`/${result}/4294967295us/4294967295/`))
    })
  }
})

describe('several capabilities', () => {
  const OCR = 'v1.ocr.vision._cap.acme.example.'
  const offer = (text: string): EdnsOption => ({ code: OPTION.OFFER, octets: parseParameters(text, 'OFFER') })
  const batchServer = (): FakeServer => {
    const server = new FakeServer()
    server.answers = [`${OCR} 30 IN AGENT 1 eye._sa.acme.example.`, ...server.answers]
    server.options = [offer('scores=0.7'), offer('scores=0.9,0.5')]
    return server
  }

  it('are asked for by one message, and answered in the order asked, one that comes twice too', async () => {
    const server = batchServer()
    const found = await server.asker().askAll([OCR, V2, OCR.toUpperCase()], { count: 2 })
    assert.deepEqual(found.map(({ agents }) => agents.map(({ name, score }) => `${name} ${score}`)), [
      ['eye._sa.acme.example. 0.7'], ['babel._sa.acme.example. 0.9', 'iris._sa.acme.example. 0.5'], ['eye._sa.acme.example. 0.7'],
    ])
    assert.deepEqual([server.queries.length, server.queries[0].message.opcode, server.demand], [1, OPCODE.AGENT, 'count=2'])
  })

  it('of which nobody can do one, or one is refused, say so for that one', async () => {
    const server = batchServer()
    server.answers = []
    server.options = [offer('result=3/65535'), offer('result=5/49156')]
    const [ocr, translate] = await server.asker().askAll([OCR, V2])
    assert.match(ocr.reason ?? '', /nobody has registered at v1\.ocr.*NXDOMAIN/)
    assert.match(translate.reason ?? '', /^REFUSED: /)
  })

  it('are asked for singly where the server knows no batches, or leaves some out', async () => {
    const old = new FakeServer()
    old.rcodeOf = ({ opcode }) => (opcode === OPCODE.AGENT ? RCODE.NOTIMP : RCODE.NOERROR)
    assert.deepEqual((await old.asker().askAll([V2, OCR])).map(({ agents }) => agents.length), [2, 2])
    assert.deepEqual(old.queries.map(({ message }) => [message.opcode, message.questions.length]), [[OPCODE.AGENT, 2], [OPCODE.QUERY, 1], [OPCODE.QUERY, 1]])
    const short = batchServer()
    short.truncated = true
    short.options = [offer('scores=0.7')]
    await short.asker().askAll([OCR, V2])
    assert.deepEqual(short.queries.map(({ message }) => message.questions.map(({ name }) => name.toString())), [[OCR, V2], [V2]])
  })

  it('are asked for singly where the server does not do in a batch what is needed: words are translated, and its words are kept', async () => {
    const server = new FakeServer()
    server.rcodeOf = ({ opcode }) => {
      const [batch, single] = [[offer('result=0/21'), offer('result=0/21'), makeExtendedError({ infoCode: EDE.NOT_SUPPORTED, text: 'not in a batch' })], [makeExtendedError({ infoCode: EDE.DEMAND_NOT_SATISFIABLE, text: 'nothing is near' })]]
      server.options = opcode === OPCODE.AGENT ? batch : single
      return RCODE.NOERROR
    }
    server.rcodeOf({ opcode: OPCODE.AGENT } as Message)
    server.answers = []
    const found = await server.asker().askAll([OCR, V2], { intent: 'read' })
    assert.deepEqual(found.map(({ reason }) => reason), ['nothing is near', 'nothing is near'])
    assert.deepEqual(server.asked, [['v1', 'v2'], ['v1'], ['v2']])
  })

  it('beyond the most that fit are asked for by more messages, and one by a query', async () => {
    const server = new FakeServer()
    server.options = []
    server.answers = []
    await server.asker().askAll(Array.from({ length: 33 }, (_, i) => `v${i}.ocr._cap.acme.example.`))
    assert.deepEqual(server.queries.map(({ message }) => message.questions.length), [32, 1])
    assert.deepEqual(await server.asker().askAll([]), [])
  })

  it('tell outcomes once', async () => {
    const server = batchServer()
    const asker = server.asker()
    asker.met({ name: 'babel._sa.acme.example.', capability: V2 }, { result: 'busy' })
    await asker.askAll([OCR, V2])
    assert.match(server.demand, /^outcome=babel/)
    assert.equal(asker.waiting, 0)
  })

  it('are a fault where the server refuses the whole', async () => {
    const server = batchServer()
    server.rcode = RCODE.REFUSED
    await assert.rejects(server.asker().askAll([OCR, V2]), (fault: AskFault) => fault instanceof AskFault && fault.rcode === RCODE.REFUSED && fault.message.includes(`${OCR}, ${V2}`))
  })

  it('and one, are a fault where OFFER is malformed', async () => {
    const server = batchServer()
    server.options = [{ code: OPTION.OFFER, octets: Uint8Array.of(1) }]
    for (const names of [[OCR, V2], [V2]]) await assert.rejects(server.asker().askAll(names), (fault: AskFault) => fault instanceof AskFault && fault.rcode === -1 && fault.message.includes('cannot be read'))
  })
})
