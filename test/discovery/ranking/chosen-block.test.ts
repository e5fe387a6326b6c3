/** The RRset that a choice becomes: records as an image would hold them, whole or not at all, of entries that are still what was ranked. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ChosenBlock, NO_ROOM, TORN } from '../../../src/discovery/ranking/chosen-block.ts'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { CLASS, TYPE } from '../../../src/dns/codes.ts'
import { MAX_CLOSURE_OCTETS } from '../../../src/dns/limits-discovery.ts'
import { MAX_MESSAGE_OCTETS } from '../../../src/dns/limits.ts'
import { RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS } from '../../../src/zone/layout.ts'
import { agentName, agentRdata, Hive } from './hive.ts'

const block = new ChosenBlock(DEFAULT_RANKING.reporting)

/** The records of the block, as an image's reader walks them. */
function records(rrset = block.rrset): { type: number; rrClass: number; ttl: number; rdata: Buffer }[] {
  const { words, view, octets } = block
  const all = []
  let at = rrset * 4 + RRSET_HEAD_OCTETS
  const end = at + words[rrset + RRSET.octets]
  for (let left = words[rrset + RRSET.count]; left > 0; left--) {
    assert.equal(view.getUint16(at), 0xc00c, 'the owner is that of the question (RFC 1035 4.1.4)')
    const size = view.getUint16(at + 10)
    const rdataAt = at + RECORD_HEAD_OCTETS
    all.push({ type: view.getUint16(at + 2), rrClass: view.getUint16(at + 4), ttl: view.getUint32(at + 6), rdata: Buffer.from(octets.slice(rdataAt, rdataAt + size)) })
    at = rdataAt + size
  }
  assert.equal(at, end)
  return all
}

const take = (hive: Hive, rrClass: number = CLASS.IN): boolean => block.take(hive.registrar.table, hive.ranker, rrClass, hive.nowMs)

test('it holds what was ranked, in that order, priorities counted from 1', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 65_535 })), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 12 }), (agents, most) => {
    const hive = new Hive()
    agents.forEach(([latency], i) => hive.put(`a${i}`, `latency=${latency}ms`))
    const order = hive.ask('', undefined, most)
    assert.ok(take(hive, CLASS.LOCAL))
    assert.equal(block.count, order.length)
    const found = records()
    assert.deepEqual(found.map(({ rdata }) => rdata), order.map((label, i) => Buffer.from(agentRdata(label, `latency=${agents[Number(label.slice(1))][0]}ms`, i + 1))))
    for (const { type, rrClass, ttl } of found) assert.deepEqual([type, rrClass, ttl], [TYPE.AGENT, CLASS.LOCAL, 60])
  }), { numRuns: 100 })
})

test('an entry that has changed since it was ranked makes it void', () => {
  const changes: [string, (hive: Hive) => unknown][] = [
    ['it claims something else', (hive) => hive.put('b', 'latency=2s')], ['it was removed', (hive) => hive.remove('b')], ['it reported', (hive) => hive.report('b', { active: 1 })],
    ['it is being changed', (hive) => Atomics.add(hive.registrar.table.i32.version, hive.slot('b'), 1)],
  ]
  for (const [what, change] of changes) {
    const hive = new Hive()
    for (const label of ['a', 'b', 'c']) hive.put(label, 'latency=1s')
    hive.ask()
    assert.ok(take(hive))
    change(hive)
    assert.ok(!take(hive), what)
  }
})

test('a change of one that was not chosen does not matter', () => {
  const hive = new Hive()
  hive.put('best', 'latency=1ms')
  hive.put('other', 'latency=9s')
  hive.ask('', undefined, 1)
  hive.report('other', { active: 3 })
  assert.ok(take(hive))
})

test('what the largest message cannot hold is left out, the worst first, and nothing is cut in two', () => {
  const hive = new Hive({}, 1, 64)
  for (let i = 0; i < 4; i++) hive.put(`a${i}`, `latency=${i + 1}s endpoint=x:${'y'.repeat(20_000)}`)
  assert.deepEqual(hive.ask('prefer=latency:1'), ['a0', 'a1', 'a2', 'a3'])
  assert.ok(take(hive))
  assert.equal(block.count, 3)
  assert.ok(block.words[block.rrset + RRSET.octets] <= MAX_MESSAGE_OCTETS)
  assert.deepEqual(records().map(({ rdata }) => rdata[0] * 256 + rdata[1]), [1, 2, 3])
})

test('nobody chosen is an RRset of no record', () => {
  const hive = new Hive()
  hive.put('a')
  hive.ask('accuracy=1')
  assert.ok(take(hive))
  assert.deepEqual([block.count, records()], [0, []])
})

test('the TTL is that of the shortest lease, report or registration, whoever has it', () => {
  const hive = new Hive()
  hive.put('long', 'latency=1s', undefined, hive.nowMs + 3_600_000)
  hive.put('short', 'latency=9s', undefined, hive.nowMs + 20_999)
  const ttl = (): number => {
    hive.ask()
    assert.ok(take(hive))
    assert.equal(new Set(records().map((record) => record.ttl)).size, 1)
    return records()[0].ttl
  }
  assert.equal(ttl(), 20)
  hive.report('long', { active: 1 })
  assert.equal(ttl(), 10)
  hive.nowMs += 4_500
  assert.equal(ttl(), 5)
  hive.nowMs += 16_000
  assert.equal(ttl(), 0, 'half a second of the lease is left')
})

describe('what stands behind the answer', () => {
  const append = (hive: Hive): number => block.append(hive.registrar.table, hive.ranker, CLASS.IN, hive.nowMs)
  const appendName = (name: Uint8Array): number => block.appendName(name, 0, name.length)

  /** A hive of which one agent is the answer. */
  function answered(): Hive {
    const hive = new Hive({}, 1, 64)
    hive.put('a', 'latency=1s')
    hive.ask()
    assert.ok(take(hive))
    return hive
  }

  test('further RRsets lie each behind its name, and leave the others as they are', () => {
    const hive = answered()
    const first = records()
    const found = ['b', 'c.d.test.', 'ef'].map((label, i) => {
      hive.put(label, `latency=${i + 2}ms`, `v${i}.x._cap.acme.example.`)
      hive.ask('', `v${i}.x._cap.acme.example.`)
      return { nameAt: appendName(agentName(label)), rrset: append(hive), label, latency: i + 2 }
    })
    for (const { nameAt, rrset, label, latency } of found) {
      assert.deepEqual(Buffer.from(block.octets.subarray(nameAt, nameAt + agentName(label).length)), Buffer.from(agentName(label)))
      assert.deepEqual(records(rrset).map(({ rdata }) => rdata), [Buffer.from(agentRdata(label, `latency=${latency}ms`))])
    }
    assert.deepEqual([records(), block.count], [first, 1])
  })

  test('what does not fit any more is NO_ROOM and takes none', () => {
    const hive = answered()
    hive.put('big', `endpoint=x:${'y'.repeat(10_000)}`, 'v1.big._cap.acme.example.')
    hive.ask('', 'v1.big._cap.acme.example.')
    assert.ok(append(hive) > 0)
    assert.equal(append(hive), NO_ROOM)
    const name = agentName('b')
    let names = 0
    while (appendName(name) !== NO_ROOM) names++
    const left = MAX_CLOSURE_OCTETS - (10_000 + 2 + 4) - RECORD_HEAD_OCTETS - agentName('big').length - 2 - RRSET_HEAD_OCTETS
    assert.ok(names >= Math.floor((left - 3) / name.length) && names <= Math.ceil(left / name.length), `${names} names of ${name.length} in ${left}`)
  })

  test('an entry that has changed since it was ranked is TORN and takes no room', () => {
    const hive = answered()
    hive.put('b', '', 'v1.b._cap.acme.example.')
    hive.ask('', 'v1.b._cap.acme.example.')
    const rrset = append(hive)
    hive.put('b', 'latency=1s', 'v1.b._cap.acme.example.')
    assert.deepEqual([append(hive), append(hive)], [TORN, TORN])
    assert.ok(rrset > 0)
    assert.equal(records(rrset).length, 1)
  })
})
