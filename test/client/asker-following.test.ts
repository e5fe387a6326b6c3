/**
 * What an answer leads to: versions that have moved on, what the chosen depend on, and what words were taken to mean.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AskFault } from '../../src/client/asker.ts'
import type { Found } from '../../src/client/found.ts'
import { RCODE } from '../../src/dns/codes.ts'
import { FakeServer, V2 } from './fake-server.ts'

describe('a version that has moved on', () => {
  const cap = (version: string): string => `${version}.speak._cap.acme.example.`
  const moved = (from: string, to: string, ttl = 30): string => `${cap(from)} ${ttl} IN AGENT 0 ${cap(to)}`
  const agent = (version: string, rank: number, id: string): string => `${cap(version)} 20 IN AGENT ${rank} ${id}._sa.acme.example.`
  const shown = ({ agents, reason }: Found): unknown[] => [agents.map(({ name, capability, rank, score }) => `${name.split('.')[0]} ${capability.split('.')[0]} ${rank} ${score ?? '-'}`), ...(reason === undefined ? [] : [reason])]

  it('is followed: what the next one has is asked for, with the same need, and the time of all is told', async () => {
    const server = new FakeServer()
    server.at.set(cap('v1'), { answers: [moved('v1', 'v2', 10)] }).set(cap('v2'), { answers: [moved('v2', 'v3')] }).set(cap('v3'), { answers: [agent('v3', 1, 'babel'), agent('v3', 2, 'iris')], offer: 'scores=0.9,0.5' })
    const found = await server.asker().ask('agent://acme.example/speak/v1', { count: 2 })
    assert.deepEqual(shown(found), [['babel v3 1 0.9', 'iris v3 2 0.5']])
    assert.deepEqual([found.ttlSeconds, found.tookMs, server.asked, server.demand], [10, 4.5, [['v1'], ['v2'], ['v3']], 'count=2'])
  })

  it('is not asked for again where the answer has who offers the next one, addresses and all', async () => {
    const server = new FakeServer()
    server.at.set(cap('v1'), { answers: [moved('v1', 'v2')], additionals: [moved('v2', 'v3'), agent('v3', 1, 'babel'), agent('v3', 2, 'iris'), agent('v9', 1, 'other'), 'iris._sa.acme.example. 30 IN A 192.0.2.7'] })
    const found = await server.asker().ask(cap('v1'))
    assert.deepEqual(shown(found), [['babel v3 1 -', 'iris v3 2 -']])
    assert.deepEqual([found.agents[1].addresses, found.ttlSeconds, server.queries.length], [['192.0.2.7'], 20, 1])
    server.at.set(cap('v1'), { answers: [moved('v1', 'v3')], additionals: [agent('v3', 1, 'babel'), agent('v3', 2, 'iris')], offer: 'scores=0.9,0.5 ages=5ms,none states=idle,occupied' })
    assert.deepEqual(shown(await server.asker().ask(cap('v1'))), [['babel v3 1 0.9', 'iris v3 2 0.5']])
  })

  it('is asked for where what the answer has is in no order', async () => {
    const server = new FakeServer()
    server.at.set(cap('v1'), { answers: [moved('v1', 'v2')], additionals: [agent('v2', 7, 'babel'), agent('v2', 1, 'iris')], offer: 'scores=0' })
      .set(cap('v2'), { answers: [agent('v2', 7, 'babel'), agent('v2', 1, 'iris')], offer: 'scores=0.4,0.6' })
    assert.deepEqual(shown(await server.asker().ask(cap('v1'))), [['iris v2 1 0.6', 'babel v2 2 0.4']])
    assert.deepEqual(server.asked, [['v1'], ['v2']])
  })

  it('is asked for where all candidates are wanted, as an alias brings the best alone', async () => {
    const server = new FakeServer()
    server.at.set(cap('v1'), { answers: [moved('v1', 'v2')], additionals: [agent('v2', 1, 'babel')], offer: 'scores=0.9' })
      .set(cap('v2'), { answers: [agent('v2', 1, 'babel'), agent('v2', 1, 'iris')], additionals: [`${cap('v2')} 0 IN SENSE 7 iris._sa.acme.example. active=2`] })
    const { agents } = await server.asker().ask(cap('v1'), { candidates: true })
    assert.deepEqual(agents.map(({ name, reading }) => [name.split('.')[0], reading]), [['babel', undefined], ['iris', 'active=2']])
  })

  it('in a circle, or too often, has nobody, and the reason says so', async () => {
    const server = new FakeServer()
    server.at.set(cap('v1'), { answers: [moved('v1', 'v2')] }).set(cap('v2'), { answers: [moved('v2', 'V1')] })
    assert.deepEqual(shown(await server.asker().ask(cap('v1'))), [[], `${cap('v1')} has moved on in a circle: ${cap('v1')}, ${cap('v2')}, ${cap('V1')}`])
    server.at.set(cap('v1'), { answers: [moved('v1', 'v2')], additionals: [moved('v2', 'v1')] })
    assert.match((await server.asker().ask(cap('v1'))).reason ?? '', /in a circle: v1.*, v2.*, v1/)
    server.at.set(cap('v1'), { answers: [moved('v1', 'v1')] })
    assert.match((await server.asker().ask(cap('v1'))).reason ?? '', /in a circle: v1.*, v1/)
    for (let i = 1; i < 12; i++) server.at.set(cap(`v${i}`), { answers: [moved(`v${i}`, `v${i + 1}`)] })
    server.queries.length = 0
    assert.deepEqual(shown(await server.asker().ask(cap('v1'))), [[], `${cap('v1')} has moved on more than 8 times, the last time to ${cap('v10')}`])
    assert.equal(server.queries.length, 9)
    server.at.set(cap('v9'), { answers: [agent('v9', 1, 'babel')] })
    assert.deepEqual(shown(await server.asker().ask(cap('v1'))), [['babel v9 1 -']], 'eight steps are not too many')
  })

  it('to where nobody is says so by both names', async () => {
    const server = new FakeServer()
    server.at.set(cap('v1'), { answers: [moved('v1', 'v2')] })
    assert.deepEqual(shown(await server.asker().ask(cap('v1'))), [[], `${cap('v1')} has moved on to ${cap('v2')}: no agent is registered at ${cap('v2')}`])
  })

  it('is followed by a call, and what became of it is told where the agent was found', async () => {
    const server = new FakeServer()
    server.at.set(cap('v1'), { answers: ['v1.speak._cap.acme.example. 30 IN AGENT 0 v2.speak._cap.beta.example.'] }).set('v2.speak._cap.beta.example.', { answers: ['v2.speak._cap.beta.example. 30 IN AGENT 1 eve._sa.beta.example.'] })
    const asker = server.asker()
    assert.equal(await asker.call(cap('v1'), '', ({ name }) => Promise.resolve(name)), 'eve._sa.beta.example.')
    await asker.ask('_cap.beta.example')
    assert.match(server.demand, /eve\._sa\.beta\.example\/done/)
  })

  it('is followed for each of several, those that lead on once more by one message', async () => {
    const server = new FakeServer()
    server.at.set(cap('v1'), { answers: [moved('v1', 'v2')] }).set(cap('v2'), { answers: [agent('v2', 1, 'babel')], offer: 'scores=0.9' })
      .set(cap('v3'), { answers: [moved('v3', 'v4')] }).set(cap('v4'), { answers: [moved('v4', 'v2')] }).set(cap('v5'), { answers: [agent('v5', 1, 'iris')] })
      .set(cap('v6'), { answers: [moved('v6', 'v7')], additionals: [agent('v7', 1, 'otto')] }).set(cap('v8'), { answers: [moved('v8', 'v8')] })
    const found = await server.asker().askAll(['v1', 'v3', 'v5', 'v6', 'v8', 'v1'].map(cap))
    assert.deepEqual(found.map(shown), [['babel v2 1 0.9'], ['babel v2 1 0.9'], ['iris v5 1 -'], ['otto v7 1 -'], [], ['babel v2 1 0.9']].map((agents, i) => (i === 4 ? [agents, `${cap('v8')} has moved on in a circle: ${cap('v8')}, ${cap('v8')}`] : [agents])))
    assert.deepEqual(server.asked, [['v1', 'v3', 'v5', 'v6', 'v8'], ['v2', 'v4']], 'what is known is not asked for again')
  })

  it('to where the server refuses is a fault of one, and of several a reason', async () => {
    const server = new FakeServer()
    for (const version of ['v1', 'v3']) server.at.set(cap(version), { answers: [moved(version, `${version}-9`)] })
    server.at.set(cap('v5'), { answers: [agent('v5', 1, 'iris')] })
    server.rcodeOf = ({ questions }) => (questions.every(({ name }) => name.toString().includes('-9')) ? RCODE.REFUSED : RCODE.NOERROR)
    await assert.rejects(server.asker().ask(cap('v1')), (fault) => fault instanceof AskFault && fault.rcode === RCODE.REFUSED && fault.message.includes(cap('v1-9')))
    for (const names of [['v1', 'v3', 'v5'], ['v1', 'v5']]) {
      const found = await server.asker().askAll(names.map(cap))
      assert.deepEqual(found.map(({ agents, reason = '' }) => [agents.length, reason.includes('REFUSED')]), names.map((name) => (name === 'v5' ? [1, false] : [0, true])))
      assert.match(found[0].reason ?? '', /^v1\.speak\._cap\.acme\.example\. has moved on to v1-9\..*: Cannot find agents at .*: REFUSED$/)
    }
  })
})

describe('what is told besides', () => {
  const cap = (label: string): string => `${label}._cap.acme.example.`

  it('is the capability that words were taken to mean, and how well that fits', async () => {
    const server = new FakeServer()
    server.at.set('_cap.acme.example.', { answers: ['_cap.acme.example. 30 IN AGENT 1 babel._sa.acme.example.'], offer: `scores=0.9 translated=${V2}/0.62` })
    const { agents, translated } = await server.asker().ask('_cap.acme.example', { intent: 'translate' })
    assert.deepEqual([agents.length, translated], [1, { capability: V2, score: 0.62 }])
    server.at.set('_cap.acme.example.', { answers: [], offer: `translated=${V2}/0.08` })
    assert.deepEqual((await server.asker().ask('_cap.acme.example', { intent: 'knit' })).translated, { capability: V2, score: 0.08 })
    assert.equal('translated' in (await server.asker().ask(V2)), false)
  })

  const CLOSURE = [
    `${cap('v1.ocr')} 30 IN AGENT 1 eye._sa.acme.example. depends=${cap('v1.words')},${cap('v9.gone')}`, `${cap('v1.ocr')} 30 IN AGENT 2 lens._sa.acme.example. depends=${cap('v1.speak')}`,
    `${cap('v1.words')} 30 IN AGENT 0 ${cap('v2.words')}`, `${cap('v2.words')} 30 IN AGENT 1 lexi._sa.acme.example.`, `${cap('v1.other')} 30 IN AGENT 1 other._sa.acme.example.`,
    'lens._sa.acme.example. 30 IN A 192.0.2.9',
  ]
  const SPEAK = `${cap('v1.speak')} 30 IN AGENT 1 babel._sa.acme.example. depends=${cap('v1.ocr')}`

  it('is who offers what the chosen depend on, step by step, where the need wants it', async () => {
    const server = new FakeServer()
    server.at.set(cap('v1.speak'), { answers: [SPEAK], additionals: CLOSURE })
    const { agents, closure } = await server.asker().ask(cap('v1.speak'), { closure: true })
    assert.deepEqual([agents.length, agents[0].name], [1, 'babel._sa.acme.example.'])
    assert.deepEqual(closure?.map(({ capability, agents: some }) => [capability, some.map(({ name, capability: at, rank, addresses }) => `${name} ${at} ${rank} ${addresses.join()}`)]), [
      [cap('v1.ocr'), [`eye._sa.acme.example. ${cap('v1.ocr')} 1 `, `lens._sa.acme.example. ${cap('v1.ocr')} 2 192.0.2.9`]],
      [cap('v1.words'), [`lexi._sa.acme.example. ${cap('v2.words')} 1 `]],
    ])
    assert.equal('closure' in (await server.asker().ask(cap('v1.speak'))), false)
  })

  it('is told of each of several by what it depends on, and behind an alias', async () => {
    const server = new FakeServer()
    server.at.set(cap('v1.speak'), { answers: [SPEAK], additionals: CLOSURE, offer: 'scores=0.5' }).set(cap('v1.words'), { answers: [`${cap('v1.words')} 30 IN AGENT 1 lexi._sa.acme.example.`] })
      .set(cap('v0.speak'), { answers: [`${cap('v0.speak')} 30 IN AGENT 0 ${cap('v1.speak')}`], additionals: [SPEAK] })
    const found = await server.asker().askAll([cap('v1.speak'), cap('v1.words'), cap('v0.speak')], 'closure')
    assert.deepEqual(found.map(({ closure }) => closure?.map(({ capability, agents }) => [capability, agents.length])), [[[cap('v1.ocr'), 2], [cap('v1.words'), 1]], [], [[cap('v1.ocr'), 2], [cap('v1.words'), 1]]])
  })
})
