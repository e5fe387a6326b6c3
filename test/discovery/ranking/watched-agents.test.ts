/** Agents and readings that somebody has subscribed to (RFC 8765; docs/protocol.md 6): who is told of as gone and come, against who would be answered. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { octetKey } from '../../../src/dns/octets.ts'
import type { CandidateTable } from '../../../src/discovery/ranking/candidates.ts'
import { isLiving } from '../../../src/discovery/ranking/filter.ts'
import { hasReading, writeReading } from '../../../src/discovery/ranking/reading-rdata.ts'
import { AgentTopic, ReadingTopic } from '../../../src/discovery/ranking/watched-agents.ts'
import { CLASS, TYPE } from '../../../src/dns/codes.ts'
import type { PushChange } from '../../../src/dns/dso.ts'
import { MAX_PUSH_RECORDS } from '../../../src/dns/limits-sessions.ts'
import { Name } from '../../../src/dns/name.ts'
import { changeText } from '../../server/pushed.ts'
import { APEX, Desk, V2 } from './desk.ts'
import { agentName, agentRdata, BEGIN_MS, CAPABILITY, Hive, holdAgent, setAgentState } from './hive.ts'

const told = (changes: readonly PushChange[]): string[] => changes.map(changeText)

function agentsAt(desk: Desk | Hive, name: string): AgentTopic {
  return new AgentTopic({ name: Name.parse(name), type: TYPE.AGENT, class: CLASS.IN }, { table: () => tableOf(desk), nowMs: () => desk.nowMs })
}

function readingsAt(desk: Desk | Hive, name: string): ReadingTopic {
  return new ReadingTopic({ name: Name.parse(name), type: TYPE.SENSE, class: CLASS.IN }, { table: () => tableOf(desk), nowMs: () => desk.nowMs })
}

const tableOf = (desk: Desk | Hive): CandidateTable => (desk instanceof Desk ? desk.table : desk.registrar.table)

const FAST = `${V2} 60 IN AGENT 1 fast._sa.acme.example. latency=90ms accuracy=0.8 concurrency=4 region=us`
const SLOW = `${V2} 60 IN AGENT 1 slow._sa.acme.example. latency=900ms accuracy=0.99 concurrency=4 region=eu`
const SAFE = `${V2} 60 IN AGENT 1 safe._sa.beta.test. latency=400ms accuracy=0.95 security=mtls`

describe('a topic of agents', () => {
  test('begins with all who live at or below the name, under that name and with one priority', () => {
    const desk = new Desk()
    const watched = agentsAt(desk, V2)
    assert.deepEqual(told(watched.look()).sort(), [FAST, SAFE, SLOW].map((line) => `+ ${line}`).sort())
    assert.deepEqual(told(watched.all()).sort(), [FAST, SAFE, SLOW].map((line) => `+ ${line}`).sort())
    assert.deepEqual(told(watched.look()), [])
    assert.equal(agentsAt(desk, `_cap.${APEX}`).look().length, 3)
    assert.deepEqual(agentsAt(desk, `v9.x._cap.${APEX}`).look(), [])
  })

  test('tells of an agent that fails, or is held, as of one that goes, and of it again when it may be chosen again', () => {
    const desk = new Desk()
    const watched = agentsAt(desk, V2)
    watched.look()
    desk.fail('fast')
    const gone = `- ${FAST.replace(' 60', '')}`
    assert.deepEqual(told(watched.look()), [gone])
    desk.report('fast', { state: 0, active: 1 })
    assert.deepEqual(told(watched.look()), [`+ ${FAST}`])
    desk.report('fast', { active: 3, atMs: desk.nowMs + 1 })
    assert.deepEqual(told(watched.look()), [], 'a reading is no change of the agent')
    desk.hold('fast')
    assert.deepEqual(told(watched.look()), [gone])
    desk.nowMs += 1_001
    assert.deepEqual(told(watched.look()), [`+ ${FAST}`])
  })

  test('tells what is changed of an offer as its going and coming, and of the end of a lease without anybody\'s word', () => {
    const hive = new Hive()
    hive.put('a', 'cost=1')
    const watched = agentsAt(hive, CAPABILITY)
    const line = (claims: string): string => `${CAPABILITY} 60 IN AGENT 1 a._sa.acme.example.${claims}`
    assert.deepEqual(told(watched.look()).map((text) => text.replace(/ \d+ IN/, ' 60 IN')), [`+ ${line(' cost=1')}`])
    hive.put('a', 'cost=2')
    assert.deepEqual(told(watched.look()).map((text) => text.replace(/ \d+ IN| IN/, ' 60 IN')), [`- ${line(' cost=1')}`, `+ ${line(' cost=2')}`])
    hive.registrar.renew(hive.slot('a'), hive.nowMs + 5_000)
    assert.deepEqual(told(watched.look()), [], 'a renewal is no change')
    hive.nowMs += 5_001
    assert.deepEqual(told(watched.look()).length, 1)
    assert.deepEqual(watched.all(), [])
  })

  test('has an agent once that has the same to offer twice below the name, for as long as one of them stands', () => {
    const hive = new Hive()
    for (const version of ['v1', 'v2']) hive.put('a', 'cost=1', `${version}.x._cap.${APEX}`)
    const watched = agentsAt(hive, `x._cap.${APEX}`)
    assert.deepEqual(told(watched.look()), [`+ x._cap.${APEX} 60 IN AGENT 1 a._sa.acme.example. cost=1`])
    hive.remove('a', `v1.x._cap.${APEX}`)
    assert.deepEqual(told(watched.look()), [])
    hive.remove('a', `v2.x._cap.${APEX}`)
    assert.equal(told(watched.look()).length, 1)
    assert.deepEqual(watched.all(), [])
  })

  test('tells of the alias by which a version has moved on, at its very name', () => {
    const desk = new Desk()
    const alias = `v1.translate.text.nlp._cap.${APEX}`
    const watched = agentsAt(desk, alias)
    assert.deepEqual(told(watched.look()).map((line) => line.replace(/ \d+ IN/, ' IN')), [`+ ${alias} IN AGENT 0 ${V2}`])
    assert.deepEqual(told(watched.look()), [])
  })

  test('goes on where the table is another, or none', () => {
    const desk = new Desk()
    let table: typeof desk.table | undefined
    const watched = new AgentTopic({ name: Name.parse(V2), type: TYPE.AGENT, class: CLASS.IN }, { table: () => table, nowMs: () => desk.nowMs })
    assert.deepEqual(watched.look(), [])
    table = desk.table
    assert.equal(watched.look().length, 3)
    table = new Desk().table
    assert.deepEqual(told(watched.look()), [])
    table = undefined
    assert.deepEqual(watched.look().map(({ kind }) => kind), ['remove', 'remove', 'remove'])
  })

  test('misses no end of a hold, though it falls into the midst of a look', () => {
    for (let tick = 1; tick < 8; tick++) {
      const desk = new Desk()
      let [reads, at] = [0, Infinity]
      const nowMs = (): number => (++reads === at ? (desk.nowMs += 1) : desk.nowMs)
      const watched = new AgentTopic({ name: Name.parse(V2), type: TYPE.AGENT, class: CLASS.IN }, { table: () => desk.table, nowMs })
      watched.look()
      desk.hold('fast') // for a second
      watched.look()
      desk.nowMs += 990
      desk.report('fast', {}) // so that it is judged anew, just before the end
      desk.nowMs += 9
      ;[reads, at] = [0, tick]
      watched.look()
      desk.nowMs += 60_000
      watched.look()
      assert.equal(watched.all().length, 3, `the clock goes on at its reading ${tick}`)
    }
  })

  test('tells of no more than MAX_PUSH_RECORDS, and says so', () => {
    const hive = new Hive({}, 1, 32_768)
    for (let i = 0; i <= MAX_PUSH_RECORDS; i++) hive.registrar.put({ owner: Name.parse(CAPABILITY).wire, rdata: agentRdata(`a${i}`), ttl: 60, leaseEndMs: Infinity })
    hive.registrar.commit()
    const watched = agentsAt(hive, CAPABILITY)
    assert.deepEqual([watched.look().length, watched.isCut], [MAX_PUSH_RECORDS, true])
    hive.put('late')
    assert.deepEqual([watched.look().length, watched.isCut], [0, true])
    hive.remove('a7')
    assert.deepEqual([watched.look().map(({ kind }) => kind), watched.isCut], [['remove', 'add'], true], 'who was passed over has his turn')
    hive.remove('a8')
    hive.remove('a9')
    assert.deepEqual([watched.look().map(({ kind }) => kind), watched.isCut], [['remove', 'remove', 'add'], false])
  })

  test('what was told is who would be answered, whatever happens to agents', () => {
    const step = fc.record({ who: fc.integer({ min: 0, max: 4 }), what: fc.constantFrom('put', 'remove', 'fail', 'heal', 'hold', 'report', 'wait', 'look'), cost: fc.integer({ min: 1, max: 3 }) })
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const hive = new Hive()
      hive.put('z')
      const watched = agentsAt(hive, CAPABILITY)
      const known = new Set<string>()
      const take = (): void => {
        for (const change of watched.look()) {
          assert.ok(change.kind !== 'clear')
          const text = octetKey(change.record.rdata)
          assert.equal(known.has(text), change.kind === 'remove', 'what goes was there, what comes was not')
          if (change.kind === 'add') known.add(text)
          else known.delete(text)
        }
      }
      for (const { who, what, cost } of steps) act(hive, `a${who}`, what, cost, take)
      take()
      assert.deepEqual([...known].sort(), answered(hive))
    }), { numRuns: 200 })
  })
})

/** RDATA of all who are answered to who demands nothing, as told. */
function answered(hive: Hive): string[] {
  const { table } = hive.registrar
  const match = hive.find()
  assert.ok(match !== null)
  return hive.ask('', CAPABILITY, 32).map((label) => {
    const slot = hive.slot(label)
    const rdata = table.heap.slice(table.i32.rdataAt[slot], table.i32.rdataAt[slot] + table.i32.rdataLength[slot])
    rdata[1] = 1
    return octetKey(rdata)
  }).sort()
}

function act(hive: Hive, agent: string, what: string, cost: number, look: () => void): void {
  const name = agentName(agent)
  if (what === 'put') hive.put(agent, `cost=${cost}`, CAPABILITY, hive.nowMs + 3_000)
  else if (what === 'remove') hive.remove(agent)
  else if (what === 'fail') setAgentState(hive.registrar, name, 4)
  else if (what === 'heal') setAgentState(hive.registrar, name, 0)
  else if (what === 'hold') holdAgent(hive.registrar, name, hive.nowMs + 1_500)
  else if (what === 'report') hive.report(agent, { active: cost })
  else if (what === 'wait') hive.nowMs += 1_000
  else if (what === 'look') look()
}

describe('a topic of readings', () => {
  test('begins with those who have told any, and tells each new one in place of the last', () => {
    const desk = new Desk()
    desk.report('slow', { sequence: 7, active: 3, slots: 4, room: 2, serviceMs: 250, state: 1, arrivals: 12 })
    const watched = readingsAt(desk, V2)
    const at = (ms: number): string => new Date(BEGIN_MS + ms).toISOString()
    assert.deepEqual(told(watched.look()), [`+ ${V2} 0 IN SENSE 7 slow._sa.acme.example. active=3 state=transition time=${at(0)} arrivals=12 queue=2 service=250ms`])
    assert.deepEqual(told(watched.look()), [])
    desk.nowMs += 100
    desk.report('slow', { sequence: 8, active: 4 })
    desk.report('fast', { sequence: 1, active: 1, slots: 4, room: 0, serviceMs: 90 })
    assert.deepEqual(told(watched.look()).sort(), [
      `+ ${V2} 0 IN SENSE 1 fast._sa.acme.example. active=1 state=idle time=${at(100)} queue=0 service=90ms`,
      `+ ${V2} 0 IN SENSE 8 slow._sa.acme.example. active=4 state=transition time=${at(100)} arrivals=12 queue=2 service=250ms`,
    ])
    assert.equal(watched.all().length, 2)
  })

  test('tells that an agent has gone with what it told last, and nothing of who chooses it', () => {
    const desk = new Desk()
    desk.report('slow', { sequence: 7, active: 3, slots: 4, room: 2, serviceMs: 250 })
    const watched = readingsAt(desk, V2)
    const [line] = told(watched.look())
    for (let i = 0; i < 5; i++) desk.ask(V2)
    assert.deepEqual(told(watched.look()), [])
    desk.fail('slow')
    assert.deepEqual(told(watched.look()), [line.replace('+', '-').replace(' 0 IN', ' IN')])
    assert.deepEqual(watched.all(), [])
  })

  test('tells the newest reading of an agent, at whichever of its capabilities it reports', () => {
    const hive = new Hive()
    for (const version of ['v1', 'v2']) hive.put('a', 'cost=1', `${version}.x._cap.${APEX}`)
    const watched = readingsAt(hive, `x._cap.${APEX}`)
    const activeAfter = (version: string, active: number): string[] => {
      hive.nowMs += 1_000
      hive.report('a', { sequence: active, active }, `${version}.x._cap.${APEX}`)
      return told(watched.look()).map((line) => /^. |active=\d+/g[Symbol.match](line)?.join('') ?? '')
    }
    assert.deepEqual([activeAfter('v1', 1), activeAfter('v2', 2), activeAfter('v2', 3), activeAfter('v1', 4)], [['+ active=1'], ['+ active=2'], ['+ active=3'], ['+ active=4']])
    assert.deepEqual([watched.look(), watched.all().length], [[], 1])
  })

  test('has one reading for an agent that offers several capabilities below the name', () => {
    const hive = new Hive()
    for (const version of ['v1', 'v2']) hive.put('a', `cost=${version.slice(1)}`, `${version}.x._cap.${APEX}`)
    for (const version of ['v1', 'v2']) hive.report('a', { sequence: 1, active: Number(version.slice(1)) }, `${version}.x._cap.${APEX}`)
    const watched = readingsAt(hive, `x._cap.${APEX}`)
    assert.equal(watched.look().length, 1)
    assert.deepEqual(watched.look(), [])
    const [before] = told(watched.all())
    hive.remove('a', before.includes('active=1') ? `v1.x._cap.${APEX}` : `v2.x._cap.${APEX}`)
    const after = told(watched.look())
    assert.deepEqual(after.map((line) => line.replace(/active=[12]/, 'active=…')), [before.replace(/active=[12]/, 'active=…')], 'the other one stands in')
    assert.notEqual(after[0], before)
  })

  test('goes back to what an agent told elsewhere before, where it offers no more what it told last of', () => {
    const hive = new Hive()
    const caps = ['v1.x._cap.acme.example.', 'v2.y._cap.acme.example.']
    caps.forEach((capability) => hive.put('a', '', capability))
    const watched = readingsAt(hive, '_cap.acme.example.')
    caps.forEach((capability, i) => {
      hive.report('a', { active: i + 1 }, capability)
      hive.nowMs += 10
      assert.match(told(watched.look()).join(), new RegExp(`active=${i + 1}`))
    })
    hive.remove('a', caps[1])
    assert.match(told(watched.look()).at(-1) ?? '', /active=1/)
  })

  test('what was told is the newest reading of each who lives, at whichever capability, whatever happens (model)', () => {
    const CAPS = ['v1.x._cap.acme.example.', 'v2.y._cap.acme.example.']
    const step = fc.record({ who: fc.integer({ min: 0, max: 2 }), cap: fc.integer({ min: 0, max: 1 }), what: fc.constantFrom('put', 'remove', 'fail', 'heal', 'hold', 'report', 'report', 'wait', 'look') })
    fc.assert(fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const hive = new Hive()
      hive.put('z', '', CAPS[0])
      const watched = readingsAt(hive, '_cap.acme.example.')
      const known = new Map<string, string>()
      const take = (): void => {
        for (const change of watched.look()) {
          assert.ok(change.kind !== 'clear')
          const { rdata } = change.record
          const agent = Name.fromWire(rdata, 2).key
          if (change.kind === 'add') known.set(agent, octetKey(rdata))
          else if (known.get(agent) === octetKey(rdata)) known.delete(agent)
          else assert.fail('what goes was there')
        }
      }
      for (const { who, cap, what } of steps) {
        const label = `a${who}`
        if (what === 'put') hive.put(label, '', CAPS[cap], hive.nowMs + 3_000)
        else if (what === 'remove') hive.remove(label, CAPS[cap])
        else if (what === 'report' && hive.slot(label, CAPS[cap]) >= 0) hive.report(label, { active: steps.length }, CAPS[cap])
        else if (what !== 'report') act(hive, label, what, 1, take)
        hive.nowMs += 7
      }
      take()
      assert.deepEqual(known, newest(hive, CAPS))
    }), { numRuns: 300 })
  })
})

/** The newest reading of each agent who lives, by the agent's key, as told. */
function newest(hive: Hive, capabilities: readonly string[]): Map<string, string> {
  const { table } = hive.registrar
  const octets = new Uint8Array(1_024)
  const best = new Map<string, { atMs: number; text: string }>()
  for (const capability of capabilities) {
    for (const label of ['a0', 'a1', 'a2', 'z']) {
      const slot = hive.slot(label, capability)
      if (slot < 0 || !isLiving(table, slot, hive.nowMs) || !hasReading(table, slot)) continue
      const end = writeReading(table, slot, new DataView(octets.buffer), octets, 0)
      const key = Name.fromWire(octets, 2).key
      const atMs = table.f64.readingAtMs[slot]
      if (atMs > (best.get(key)?.atMs ?? 0)) best.set(key, { atMs, text: octetKey(octets.slice(0, end)) })
    }
  }
  return new Map([...best].map(([key, { text }]) => [key, text]))
}
