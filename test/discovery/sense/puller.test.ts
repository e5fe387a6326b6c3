/** Readings fetched for an asker who wants them fresher: who is asked and for what, that nobody is asked twice at once or too often, and which answers count. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type PullAsker, type PullCounter, type PulledZone, Puller, senseIn, senseQuery } from '../../../src/discovery/sense/puller.ts'
import type { PullTarget } from '../../../src/discovery/sense/pull-target.ts'
import { CLASS, OPTION, RCODE, TYPE } from '../../../src/dns/codes.ts'
import { findOption } from '../../../src/dns/edns.ts'
import { MAX_PULL_DEMAND_OCTETS, MAX_PULL_WAITING, MAX_PULLS_OF_HOST, PULL_GAP_MS, PULL_REST_MS, PULL_SHARE_MS } from '../../../src/dns/limits-discovery.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import { printParameters } from '../../../src/dns/parameters.ts'
import { parseRecord } from '../../../src/dns/record-text.ts'
import { CAPABILITY, chance, demandOctets, Hive } from '../ranking/hive.ts'

/** What an agent answers to a question: parameters of SENSE in text, or a whole message, or nothing (null). */
type Answer = string | ((query: Message) => Uint8Array | undefined) | null

/** Agents who are asked, and a puller. */
class Yard {
  readonly hive = new Hive()
  readonly puller: Puller
  readonly asked: { label: string; query: Message }[] = []
  readonly answers = new Map<string, Answer>()
  rules = { fanOut: 4, deadlineMs: 150, share: 10, budget: 500 }
  isPulled = true
  /** Networks whose askers may see nobody. */
  readonly shutOut = new Set<string>()
  /** All agents are said to live at one address. */
  isOneHost = false
  /** Agents without an address that may be asked. */
  readonly homeless = new Set<string>()
  private readonly labels: string[] = []
  private held: (() => void)[] = []
  isHolding = false
  /** Of the last answer: an older one would not count. */
  private sequence = 0

  constructor() {
    this.puller = new Puller({
      nowMs: () => this.hive.nowMs,
      random: chance(1),
      zoneAbove: () => (this.isPulled ? this.zone() : undefined),
      ask: (target, octets) => this.ask(target, octets),
    })
  }

  put(label: string, claims = 'sense-port=5310', answer: Answer = 'active=3 concurrency=8'): this {
    this.hive.put(label, claims)
    this.labels.push(label)
    this.answers.set(label, answer)
    return this
  }

  private zone(): PulledZone {
    return {
      id: 'acme.example. IN', candidates: this.hive, rules: this.rules, isOpenTo: ({ network }) => !this.shutOut.has(network), targetOf: (agent) => this.targetOf(agent),
    }
  }

  private targetOf(agent: Name): PullTarget | undefined {
    const number = this.labels.indexOf(agent.toString().split('.')[0])
    return number < 0 || this.homeless.has(this.labels[number]) ? undefined : { address: Uint8Array.of(9, 9, 9, this.isOneHost ? 0 : number), port: 5_310 + number }
  }

  private async ask({ port }: PullTarget, octets: Uint8Array): Promise<Uint8Array | undefined> {
    const label = this.labels[port - 5_310]
    const query = decodeMessage(octets)
    this.asked.push({ label, query })
    if (this.isHolding) await new Promise<void>((resolve) => this.held.push(resolve))
    const answer = this.answers.get(label)
    if (answer === undefined || answer === null) return undefined
    return typeof answer === 'string' ? senseAnswer(query, `${++this.sequence} ${label}._sa.acme.example. ${answer}`) : answer(query)
  }

  /** Asks for readings no older than that; the labels of those who were asked for it. */
  async freshen(demand: string, asker = 'a', owner = CAPABILITY): Promise<string[]> {
    const before = this.asked.length
    await this.puller.freshen(Name.parse(owner), CLASS.IN, demandOctets(demand), askerOf(asker))
    return this.asked.slice(before).map(({ label }) => label).toSorted()
  }

  release(): void {
    this.isHolding = false
    for (const go of this.held.splice(0)) go()
  }

  active(label: string): number | undefined {
    const { f64 } = this.hive.registrar.table
    const slot = this.hive.slot(label)
    return f64.readingAtMs[slot] === 0 ? undefined : f64.active[slot]
  }

  count(name: PullCounter): number {
    return this.puller.counts[name]
  }
}

const askerOf = (network: string): PullAsker => ({ address: Uint8Array.of(192, 0, 2, 1), network })

function senseAnswer(query: Message, rdata: string, more: Partial<Message> = {}, owner = query.questions[0].name.toString()): Uint8Array {
  return encodeMessage(makeMessage({ id: query.id, response: true, questions: query.questions, answers: [parseRecord(`${owner} 0 IN SENSE ${rdata}`)], ...more }))
}

describe('a demand for readings no older than some time', () => {
  test('has agents asked whose reading is older, or who have none, and their answers count', async () => {
    const yard = new Yard().put('new', 'sense-port=5310').put('old').put('never')
    yard.hive.report('old', { active: 7 })
    yard.hive.nowMs += 5_000
    yard.hive.report('new', { active: 1 })
    yard.hive.nowMs += 100
    assert.deepEqual(await yard.freshen('max-age=1s'), ['never', 'old'])
    assert.deepEqual(['new', 'old', 'never'].map((label) => yard.active(label)), [1, 3, 3])
    assert.equal(yard.count('pull.taken'), 2)
  })

  const NOBODY: [what: string, demand: string, arrange: (yard: Yard) => void][] = [
    ['a demand says nothing of age', 'accuracy=0.1', () => undefined],
    ['the need is in words, whose capability is not known yet', 'max-age=1s intent="translate a letter"', () => undefined],
    ['there is no demand', '', () => undefined],
    ['the zone fetches none', 'max-age=1s', (yard) => (yard.isPulled = false)],
    ['agents do not say where', 'max-age=1s', (yard) => void yard.hive.put('babel', '')],
    ['an agent is exclusive', 'max-age=1s', (yard) => void yard.hive.put('babel', 'sense-port=5310 binding=exclusive')],
    ['the lease has ended', 'max-age=1s', (yard) => void yard.hive.put('babel', 'sense-port=5310', CAPABILITY, yard.hive.nowMs)],
    ['an agent fails its probes', 'max-age=1s', (yard) => yard.hive.registrar.setHealth(Name.parse('babel._sa.acme.example.').wire, false)],
    ['readings are fresh enough', 'max-age=1s', (yard) => void yard.hive.report('babel', { active: 1 })],
  ]
  for (const [what, demand, arrange] of NOBODY) {
    test(`has nobody asked where ${what}`, async () => {
      const yard = new Yard().put('babel')
      arrange(yard)
      assert.equal(yard.puller.freshen(Name.parse(CAPABILITY), CLASS.IN, demandOctets(demand), askerOf('a')), undefined)
      assert.equal(yard.asked.length, 0)
    })
  }

  test('at an ancestor has agents asked at their own capabilities', async () => {
    const yard = new Yard().put('babel')
    await yard.freshen('max-age=0ms', 'a', 'text.nlp._cap.acme.example.')
    assert.deepEqual(yard.asked.map(({ query }) => query.questions[0].name.toString()), [CAPABILITY])
  })

  test('at a name that is no capability has nobody asked', async () => assert.deepEqual(await new Yard().put('babel').freshen('max-age=1s', 'a', 'v9.x._cap.acme.example.'), []))

  test('is passed on to agents without what is not for them', async () => {
    const yard = new Yard().put('babel')
    await yard.freshen('latency=200ms concurrency=2 max-age=1s outcome=a.example/done/1s/1/2026-11-23T12:00:00.000Z')
    const [{ query }] = yard.asked
    assert.deepEqual([query.questions[0].type, query.agent, query.response], [TYPE.SENSE, true, false])
    assert.equal(printParameters(findOption(query.edns, OPTION.DEMAND) as Uint8Array, 'DEMAND'), 'latency=200ms concurrency=2')
  })

  test('is not passed on where it is longer than MAX_PULL_DEMAND_OCTETS', async () => {
    const yard = new Yard().put('babel')
    await yard.freshen(`max-age=1s avoid=${Array.from({ length: 20 }, (_, i) => `agent-number-${i}.example`).join(',')}`)
    const [{ query }] = yard.asked
    assert.equal(findOption(query.edns, OPTION.DEMAND), undefined)
    assert.ok(encodeMessage(query).length < MAX_PULL_DEMAND_OCTETS)
  })
})

describe('what one question may cause', () => {
  test('is at most `fanOut` messages, and all agents have their turn', async () => {
    const yard = new Yard()
    for (let i = 0; i < 12; i++) yard.put(`a${i}`, 'sense-port=5310', null)
    const turns = new Set<string>()
    for (let i = 0; i < 40; i++) {
      const asked = await yard.freshen('max-age=1s', `asker ${i}`)
      assert.ok(asked.length <= 4, asked.join())
      for (const label of asked) turns.add(label)
      yard.hive.nowMs += PULL_REST_MS + 1
    }
    assert.equal(turns.size, 12)
  })

  test('is nothing more while an agent is being asked: who comes meanwhile waits for the same answer', async () => {
    const yard = new Yard().put('babel')
    yard.isHolding = true
    const all = Array.from({ length: 5 }, (_, i) => yard.freshen('max-age=1s', `asker ${i}`))
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(yard.asked.length, 1)
    yard.release()
    await Promise.all(all)
    assert.equal(yard.active('babel'), 3)
  })

  for (const [what, answer, restMs] of [['has answered', 'active=1', PULL_GAP_MS], ['was silent', null, PULL_REST_MS]] as const) {
    test(`is nothing to an agent that ${what} within ${restMs} ms`, async () => {
      const yard = new Yard().put('babel', 'sense-port=5310', answer)
      const ask = (): Promise<string[]> => {
        yard.hive.nowMs += 1
        return yard.freshen('max-age=0ms')
      }
      assert.deepEqual(await ask(), ['babel'])
      assert.deepEqual(await ask(), [])
      yard.hive.nowMs += restMs - 3
      assert.deepEqual(await ask(), [])
      yard.hive.nowMs += 2
      assert.deepEqual(await ask(), ['babel'])
    })
  }

  test('is bounded for each network of askers, and others have their own share', async () => {
    const yard = new Yard().put('babel')
    yard.rules.share = 3
    let pulls = 0
    for (let i = 0; i < 10; i++) {
      pulls += (await yard.freshen('max-age=0ms')).length
      yard.hive.nowMs += PULL_GAP_MS + 1
    }
    assert.ok(pulls <= 3 + Math.ceil((10 * (PULL_GAP_MS + 1) * 3) / PULL_SHARE_MS) && pulls >= 3, String(pulls))
    assert.equal(yard.count('pull_left.spent'), 10 - pulls)
    assert.deepEqual(await yard.freshen('max-age=0ms', 'b'), ['babel'])
    yard.hive.nowMs += PULL_SHARE_MS
    assert.deepEqual(await yard.freshen('max-age=0ms'), ['babel'])
  })
})

describe('who may cause nothing', () => {
  test('is who may not see the agents: its share stays whole, for the day that it may', async () => {
    const yard = new Yard().put('babel')
    yard.rules.share = 1
    yard.shutOut.add('a')
    for (let i = 0; i < 3; i++) assert.deepEqual(await yard.freshen('max-age=0ms'), [])
    assert.deepEqual([yard.count('pull_left.forbidden'), yard.count('pull_left.spent')], [3, 0])
    assert.deepEqual(await yard.freshen('max-age=0ms', 'b'), ['babel'])
    yard.shutOut.clear()
    yard.hive.nowMs += PULL_GAP_MS + 1
    assert.deepEqual(await yard.freshen('max-age=0ms'), ['babel'])
  })

  test('is who comes while MAX_PULL_WAITING wait', async () => {
    const yard = new Yard().put('babel')
    yard.isHolding = true
    const all = Array.from({ length: MAX_PULL_WAITING + 2 }, (_, i) => yard.puller.freshen(Name.parse(CAPABILITY), CLASS.IN, demandOctets('max-age=1s'), askerOf(`${i}`)))
    const waiting = all.filter((one) => one !== undefined)
    assert.equal(waiting.length, MAX_PULL_WAITING)
    assert.equal(yard.count('pull_left.waiting'), 2)
    await new Promise((resolve) => setImmediate(resolve))
    yard.release()
    await Promise.all(waiting)
    yard.hive.nowMs += PULL_REST_MS + 1
    assert.deepEqual(await yard.freshen('max-age=1s'), ['babel'], 'who waited has gone')
  })
})

describe('whom nobody is made to ask', () => {
  test('is an agent without an address or port that may be asked', async () => {
    const yard = new Yard().put('babel').put('pocket')
    yard.homeless.add('babel')
    assert.deepEqual(await yard.freshen('max-age=1s'), ['pocket'])
    assert.equal(yard.count('pull_spared.target'), 1)
  })

  test('is a host that stays silent, more often than MAX_PULLS_OF_HOST a second, however many agents are said to live there and whoever asks', async () => {
    const yard = new Yard()
    yard.isOneHost = true
    for (let i = 0; i < 100; i++) yard.put(`a${i}`, 'sense-port=5310', null)
    for (let i = 0; i < 400; i++) {
      await yard.freshen('max-age=1s', `asker ${i}`)
      yard.hive.nowMs += 10
    }
    assert.ok(yard.asked.length > 3 * MAX_PULLS_OF_HOST && yard.asked.length <= 5 * MAX_PULLS_OF_HOST, String(yard.asked.length)) // 4 s, and a share at once
    assert.ok(yard.count('pull_spared.host') > 1_000)
  })

  test('nor one that answers with what is no reading', async () => {
    const yard = new Yard()
    yard.isOneHost = true
    for (let i = 0; i < 100; i++) yard.put(`a${i}`, 'sense-port=5310', (query) => senseAnswer(query, '9 x.example. active=1', { rcode: RCODE.REFUSED }))
    for (let i = 0; i < 100; i++) await yard.freshen('max-age=1s', `asker ${i}`)
    assert.equal(yard.asked.length, MAX_PULLS_OF_HOST)
  })

  test('but a host whose agents tell their readings is asked for all of them', async () => {
    const yard = new Yard()
    yard.isOneHost = true
    for (let i = 0; i < 40; i++) yard.put(`a${i}`)
    for (let i = 0; i < 40; i++) await yard.freshen('max-age=1s', `asker ${i}`)
    assert.equal(new Set(yard.asked.map(({ label }) => label)).size, 40)
    assert.equal(yard.count('pull_spared.host'), 0)
  })

  test('is anybody, once the budget of the zone is spent', async () => {
    const yard = new Yard()
    yard.rules.budget = 6
    for (let i = 0; i < 40; i++) yard.put(`a${i}`)
    for (let i = 0; i < 5; i++) await yard.freshen('max-age=1s', `asker ${i}`)
    assert.deepEqual([yard.asked.length, yard.count('pull_spared.budget')], [6, 14])
    yard.hive.nowMs += PULL_SHARE_MS / 2
    await yard.freshen('max-age=1s')
    assert.equal(yard.asked.length, 6 + 3)
  })
})

describe('an answer counts', () => {
  const good = '9 babel._sa.acme.example. active=5'
  const CASES: [what: string, answer: Answer, counter: PullCounter][] = [
    ['that is one', (query) => senseAnswer(query, good), 'pull.taken'],
    ['in any case of letters', (query) => senseAnswer(query, '9 BABEL._sa.acme.example. active=5', {}, CAPABILITY.toUpperCase()), 'pull.taken'],
    ['not with another id', (query) => senseAnswer(query, good, { id: query.id ^ 1 }), 'pull.useless'],
    ['not if it is a query', (query) => senseAnswer(query, good, { response: false }), 'pull.useless'],
    ['not with an error', (query) => senseAnswer(query, good, { rcode: RCODE.REFUSED }), 'pull.useless'],
    ['not to another question', (query) => senseAnswer(query, good, { questions: [{ name: Name.parse('x.example'), type: TYPE.SENSE, class: 1 }] }), 'pull.useless'],
    ['not to a question of another type', (query) => senseAnswer(query, good, { questions: [{ ...query.questions[0], type: TYPE.A }] }), 'pull.useless'],
    ['not to a question of another class', (query) => senseAnswer(query, good, { questions: [{ ...query.questions[0], class: CLASS.LOCAL }] }), 'pull.useless'],
    ['not of another agent', (query) => senseAnswer(query, '9 pocket._sa.acme.example. active=5'), 'pull.useless'],
    ['not at another capability', (query) => senseAnswer(query, good, {}, 'v1.x._cap.acme.example.'), 'pull.useless'],
    ['not if it cannot be read', () => Uint8Array.of(1, 2, 3), 'pull.useless'],
    ['not if there is none', () => undefined, 'pull.silent'],
  ]
  for (const [what, answer, counter] of CASES) {
    test(what, async () => {
      const yard = new Yard().put('babel', 'sense-port=5310', answer)
      await yard.freshen('max-age=1s')
      assert.deepEqual(Object.entries(yard.puller.counts).filter(([, value]) => value > 0), [[counter, 1]])
      assert.equal(yard.active('babel'), counter === 'pull.taken' ? 5 : undefined)
    })
  }

  test('or not, and nothing is thrown, whatever octets come', () => {
    const query = senseQuery(7, Name.parse(CAPABILITY), CLASS.IN, undefined)
    const whole = senseAnswer(query, good)
    assert.ok(senseIn(whole, query, Name.parse('babel._sa.acme.example.')) !== undefined)
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 })
    fc.assert(fc.property(changes, fc.nat(whole.length), (changed, length) => {
      const octets = whole.slice(0, length)
      for (const [at, octet] of changed) if (at < length) octets[at] = octet
      const rdata = senseIn(octets, query, Name.parse('babel._sa.acme.example.'))
      assert.ok(rdata === undefined || rdata.length > 2)
    }), { numRuns: 1_000 })
  })
})
