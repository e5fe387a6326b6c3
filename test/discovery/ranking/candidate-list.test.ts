/** docs/protocol.md 4, `candidates`: all who live and meet the demand, in no order, with their readings. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CapabilityMatch } from '../../../src/discovery/ranking/candidates.ts'
import { CandidateList } from '../../../src/discovery/ranking/candidate-list.ts'
import { CandidateFilter } from '../../../src/discovery/ranking/filter.ts'
import { type Reading, readingIn } from '../../../src/discovery/ranking/reading.ts'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { CLASS, EDE, TYPE } from '../../../src/dns/codes.ts'
import { MAX_LISTED_CANDIDATES } from '../../../src/dns/limits-discovery.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { Name } from '../../../src/dns/name.ts'
import { decodeParameters } from '../../../src/dns/parameters.ts'
import { RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS } from '../../../src/zone/layout.ts'
import { APEX, Desk, edeOf, HEAD, offerOf, V2 } from './desk.ts'
import { BEGIN_MS, CAPABILITY, demandOf, Hive, SEED } from './hive.ts'

const ALL = { demand: 'candidates' }

describe('an answer to a demand for all candidates', () => {
  test('is all of them with priority 1, their readings, then addresses; OFFER says what shaped it, and nobody was chosen', () => {
    const desk = new Desk()
    desk.report('slow', { sequence: 7, active: 3, slots: 4, room: 2, serviceMs: 250, state: 1, arrivals: 12, measured: [200_000, undefined, 4, undefined, undefined, undefined, undefined, undefined, 25] })
    const picks = desk.table.i32.picks.reduce((sum, count) => sum + count, 0)
    const found = desk.ask(V2, ALL)
    assert.deepEqual(found.answer.sort(), [
      `${V2} 60 IN AGENT 1 fast._sa.acme.example. latency=90ms accuracy=0.8 concurrency=4 region=us`,
      `${V2} 60 IN AGENT 1 safe._sa.beta.test. latency=400ms accuracy=0.95 security=mtls`,
      `${V2} 60 IN AGENT 1 slow._sa.acme.example. latency=900ms accuracy=0.99 concurrency=4 region=eu`,
    ])
    assert.equal(found.additional[0], `${V2} 0 IN SENSE 7 slow._sa.acme.example. latency=200ms concurrency=4 active=3 state=transition time=${new Date(BEGIN_MS).toISOString()} errors=0.0025 arrivals=12 queue=2 service=250ms`)
    assert.deepEqual(found.additional.slice(1).sort(), ['fast._sa.acme.example. 60 IN A 192.0.2.10', 'slow._sa.acme.example. 60 IN A 192.0.2.20', 'slow._sa.acme.example. 60 IN AAAA 2001:db8::20'])
    assert.equal(offerOf(found), 'scope=candidates')
    assert.equal(desk.table.i32.picks.reduce((sum, count) => sum + count, 0), picks)
  })

  test('may be remembered as long as the leases run, whoever is late with his report', () => {
    const desk = new Desk()
    desk.report('slow', { active: 3 })
    desk.nowMs += 15_000
    assert.deepEqual([...new Set(desk.ask(V2, ALL).answer.map((line) => line.split(' ')[1]))], ['60'])
    assert.deepEqual([...new Set(desk.ask(V2).answer.map((line) => line.split(' ')[1]))], ['1'], 'what is ranked no longer than a second')
  })

  test('holds nobody who may not be chosen, and none twice who has several capabilities', () => {
    const desk = new Desk(`${HEAD}v1.x._cap AGENT 1 a._sa cost=1\nv2.x._cap AGENT 1 a._sa cost=2\nv2.x._cap AGENT 1 b._sa cost=1\nv2.x._cap AGENT 1 c._sa cost=9\n`)
    desk.report('b', { active: 1 }, `v2.x._cap.${APEX}`)
    desk.fail('b')
    const found = desk.ask(`_cap.${APEX}`, { demand: 'cost=5 candidates' })
    assert.deepEqual([found.answer.length, found.additional], [1, []])
    assert.match(found.answer[0], / AGENT 1 a\._sa\.acme\.example\. cost=[12]$/)
    assert.deepEqual(edeOf(desk.ask(`_cap.${APEX}`, { demand: 'cost=0.5 candidates' })), [EDE.DEMAND_NOT_SATISFIABLE, 'most fall short of cost'])
  })

  test('is truncated over UDP where it finds no room, the readings included', () => {
    const desk = new Desk(`${HEAD}${Array.from({ length: 9 }, (_, i) => `v1.x._cap AGENT 1 a${i}._sa latency=${i + 1}s`).join('\n')}\n`)
    for (let i = 0; i < 9; i++) desk.report(`a${i}`, { active: i, slots: 4, serviceMs: 100 }, `v1.x._cap.${APEX}`)
    const small = desk.ask(`v1.x._cap.${APEX}`, { ...ALL, size: 700 })
    assert.deepEqual([small.flags, small.answer.length, small.additional], ['aa tc', 9, []])
    const whole = desk.ask(`v1.x._cap.${APEX}`, { ...ALL, tcp: true })
    assert.deepEqual([whole.flags, whole.answer.length, whole.additional.length], ['aa', 9, 9])
  })

  test('says so where there are more than it lists, by number or by octets', () => {
    const some = (count: number, more: string): Desk => new Desk(`${HEAD}${Array.from({ length: count }, (_, i) => `v1.x._cap AGENT 1 a${i}._sa latency=1s${more}`).join('\n')}\n`)
    const name = `v1.x._cap.${APEX}`
    const just = some(MAX_LISTED_CANDIDATES, '').ask(name, { ...ALL, tcp: true })
    assert.deepEqual([just.answer.length, edeOf(just)], [MAX_LISTED_CANDIDATES, undefined])
    const many = some(MAX_LISTED_CANDIDATES + 1, '').ask(name, { ...ALL, tcp: true })
    assert.deepEqual([many.answer.length, edeOf(many)], [MAX_LISTED_CANDIDATES, [EDE.OTHER, 'more candidates than an answer lists: ask below the name']])
    const plain = some(MAX_LISTED_CANDIDATES, ` endpoint=https://${'x'.repeat(80)}.example/ alpn=a2a port=8443`).ask(name, { ...ALL, tcp: true })
    assert.deepEqual([plain.answer.length, edeOf(plain)], [MAX_LISTED_CANDIDATES, undefined], 'nothing is kept free for readings that nobody has told')
    const half = some(MAX_LISTED_CANDIDATES, ` endpoint=https://${'x'.repeat(30)}.example/`)
    for (let i = 0; i < MAX_LISTED_CANDIDATES; i++) half.report(`a${i}`, { active: i }, name)
    const read = half.ask(name, { ...ALL, tcp: true })
    assert.deepEqual([read.answer.length, read.additional.length, edeOf(read)], [MAX_LISTED_CANDIDATES, MAX_LISTED_CANDIDATES, undefined], 'and for those told no more than they take')
    const desk = some(160, ` endpoint=https://${'x'.repeat(250)}.example/`)
    for (let i = 0; i < 160; i++) desk.report(`a${i}`, { active: i }, name)
    const long = desk.ask(name, { ...ALL, tcp: true })
    assert.ok(long.answer.length > 100 && long.answer.length < 160, String(long.answer.length))
    const readings = long.additional.filter((line) => line.includes(' SENSE '))
    assert.deepEqual([long.flags, readings.length, edeOf(long)?.[0]], ['aa', long.answer.length, EDE.OTHER])
  })
})

/** What a list has of a hive's readings, by agent. */
function listed(hive: Hive): Map<string, Uint8Array> {
  const { table } = hive.registrar
  const [name, match, filter, list] = [new LookupName(SEED), new CapabilityMatch(), new CandidateFilter(DEFAULT_RANKING), new CandidateList()]
  name.load(Name.parse(CAPABILITY).wire, 0)
  assert.ok(table.lookup(name, match))
  filter.run(table, match, demandOf('candidates'), hive.nowMs, MAX_LISTED_CANDIDATES + 1, 0)
  list.take(table, filter, CLASS.IN, hive.nowMs)
  const found = new Map<string, Uint8Array>()
  if (list.readings === 0) return found
  let at = list.readings * 4 + RRSET_HEAD_OCTETS
  for (let left = list.words[list.readings + RRSET.count]; left > 0; left--) {
    const size = list.view.getUint16(at + 10)
    assert.equal(list.view.getUint16(at + 2), TYPE.SENSE)
    const rdata = list.octets.slice(at + RECORD_HEAD_OCTETS, at + RECORD_HEAD_OCTETS + size)
    found.set(Name.fromWire(rdata, 2).toString().split('.')[0], rdata)
    at += RECORD_HEAD_OCTETS + size
  }
  return found
}

describe('a reading in a list', () => {
  const count = fc.nat(1_000_000)
  const told = fc.record({
    sequence: fc.nat(0xffff), active: count, slots: fc.integer({ min: 1, max: 10_000 }), room: count, serviceMs: fc.integer({ min: 1, max: 3_000_000 }).map((us) => us / 1_000),
    state: fc.nat(2), arrivals: fc.nat(0xffff_ffff), atMs: fc.nat(200_000).map((ago) => BEGIN_MS - ago),
  })

  test('is the one that was taken, and reads back as it was reported', () => {
    fc.assert(fc.property(fc.array(told, { minLength: 1, maxLength: 5 }), (readings) => {
      const hive = new Hive()
      readings.forEach((_, i) => hive.put(`a${i}`))
      hive.put('silent')
      readings.forEach((reading, i) => assert.equal(hive.report(`a${i}`, { ...reading, measured: metricsOf(reading) }), 'taken'))
      const found = listed(hive)
      assert.equal(found.size, readings.length)
      readings.forEach((reading, i) => {
        const rdata = found.get(`a${i}`) as Uint8Array
        decodeParameters(rdata.subarray(Name.fromWire(rdata, 2).wire.length + 2), 'SENSE')
        const { measured, ...back } = readingIn(rdata)
        assert.deepEqual(back, { ...reading })
        assert.equal(measured?.[2], reading.slots)
      })
    }), { numRuns: 200 })
  })

  /** `concurrency` is what a reading has for its slots. */
  function metricsOf({ slots }: Reading): (number | undefined)[] {
    return [undefined, undefined, slots, undefined, undefined, undefined, undefined, undefined, undefined]
  }

  test('an agent whose entry is being changed all the while is left out, and nobody waits for it', () => {
    const hive = new Hive()
    for (const label of ['still', 'torn']) {
      hive.put(label)
      assert.equal(hive.report(label, { active: 1 }), 'taken')
    }
    hive.registrar.table.i32.version[hive.slot('torn')]++
    assert.deepEqual([...listed(hive).keys()], ['still'])
  })

  test('is none of an agent that has told nothing, or is exclusive', () => {
    const hive = new Hive()
    hive.put('silent')
    hive.put('alone', 'binding=exclusive/60')
    assert.equal(hive.report('alone', { active: 1 }), 'exclusive')
    assert.equal(listed(hive).size, 0)
  })
})
