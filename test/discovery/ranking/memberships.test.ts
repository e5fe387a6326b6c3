/**
 * Who is held by which task group (docs/protocol.md 6, join and leave): exclusive agents by the first group that they are
 * in and not in transition in, as long as their binding says; and the group that holds an agent may have it all the same.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Name } from '../../../src/dns/name.ts'
import { parseRecord } from '../../../src/dns/record-text.ts'
import { Memberships, type TaskRecord, tasksOf } from '../../../src/discovery/ranking/memberships.ts'
import { zoneOf } from '../../authority/ask.ts'
import { BEGIN_MS, CAPABILITY, Hive } from './hive.ts'

const [RED, BLUE] = ['red._task.acme.example.', 'blue._task.acme.example.']

function task(group: string, state: number, agent = 'iris', more = ''): TaskRecord {
  const { rdata } = parseRecord(`${group} 60 IN TASK ${state} ${agent}._sa.acme.example. ${more}`)
  return { owner: Name.parse(group), rdata }
}

/** A hive of iris, exclusive, and babel, shared, with task groups. */
class Workshop {
  readonly hive = new Hive()
  readonly memberships = new Memberships()

  constructor(binding = 'exclusive') {
    this.hive.put('iris', `latency=1s binding=${binding}`)
    this.hive.put('babel', 'latency=1s')
  }

  join(record: TaskRecord): void {
    this.memberships.put(record, this.hive.nowMs)
    this.settle()
  }

  leave(record: TaskRecord): void {
    this.memberships.remove(record)
    this.settle()
  }

  settle(coming: string[] = []): void {
    this.memberships.settle(this.hive.registrar, coming)
    this.hive.registrar.commit()
  }

  found(demand = ''): string[] {
    return this.hive.ask(demand).sort()
  }
}

describe('an exclusive agent', () => {
  test('that is a member of a group is nobody else\'s, and free when it leaves; one that is shared goes on', () => {
    const shop = new Workshop()
    const [red, shared] = [task(RED, 2), task(RED, 2, 'babel')]
    shop.join(red)
    shop.join(shared)
    assert.deepEqual([shop.found(), shop.found(`group=${BLUE}`), shop.found(`group=${RED}`)], [['babel'], ['babel'], ['babel', 'iris']])
    assert.equal(shop.memberships.size, 2)
    shop.leave(red)
    assert.deepEqual([shop.found(), shop.memberships.size], [['babel', 'iris'], 1])
  })

  for (const [state, others, own] of [[0, false, true], [1, true, true], [2, false, true], [3, false, false], [4, false, false]] as const) {
    test(`in state ${state} is ${others ? '' : 'not '}for others, and ${own ? '' : 'not '}for its group`, () => {
      const shop = new Workshop()
      shop.join(task(RED, state))
      assert.deepEqual([shop.found().includes('iris'), shop.found(`group=${RED}`).includes('iris')], [others, own])
    })
  }

  test('is told apart by the case of no letter', () => {
    const shop = new Workshop()
    shop.join(task('Red._TASK.acme.example.', 2, 'IRIS'))
    assert.deepEqual([shop.found(), shop.found(`group=rED._task.acme.example`)], [['babel'], ['babel', 'iris']])
  })

  test('is held for the seconds of its binding, counted from when it was told or from the time that its record has', () => {
    const shop = new Workshop('exclusive/10')
    shop.join(task(RED, 2))
    shop.hive.nowMs += 9_999
    assert.deepEqual(shop.found(), ['babel'])
    shop.hive.nowMs += 1
    assert.deepEqual(shop.found(), ['babel', 'iris'])
    const dated = new Workshop('exclusive/10')
    dated.join(task(RED, 2, 'iris', `time=${new Date(BEGIN_MS - 9_000).toISOString()}`))
    dated.hive.nowMs += 999
    assert.deepEqual(dated.found(), ['babel'])
    dated.hive.nowMs += 1
    assert.deepEqual(dated.found(), ['babel', 'iris'])
    const ahead = new Workshop('exclusive/10')
    ahead.join(task(RED, 2, 'iris', `time=${new Date(BEGIN_MS + 900_000).toISOString()}`))
    ahead.hive.nowMs += 10_000
    assert.deepEqual(ahead.found(), ['babel', 'iris'], 'a time ahead of our clock counts as now')
  })

  test('belongs to the first group that holds it; the other has it when that lets it go', () => {
    const shop = new Workshop()
    const red = task(RED, 2)
    shop.join(red)
    shop.hive.nowMs += 1_000
    shop.join(task(BLUE, 2))
    const whose = (): boolean[] => [RED, BLUE].map((group) => shop.found(`group=${group}`).includes('iris'))
    assert.deepEqual(whose(), [true, false])
    shop.leave(red)
    assert.deepEqual(whose(), [false, true])
  })

  test('of two records in one group has the higher state; one in transition is another\'s to take', () => {
    const shop = new Workshop()
    shop.join(task(RED, 1))
    shop.hive.nowMs += 1_000
    assert.deepEqual(shop.found(), ['babel', 'iris'])
    shop.join(task(BLUE, 0))
    assert.deepEqual([shop.found().includes('iris'), shop.found(`group=${BLUE}`).includes('iris')], [false, true])
    const again = task(RED, 2)
    shop.join(again)
    shop.leave(task(BLUE, 0))
    assert.deepEqual([shop.found().includes('iris'), shop.found(`group=${RED}`).includes('iris')], [false, true])
  })

  test('that registers when it is a member already, or at one more capability, is held there', () => {
    const shop = new Workshop()
    shop.join(task(RED, 2, 'late'))
    shop.hive.put('late', 'latency=1s binding=exclusive')
    shop.settle([Name.parse('late._sa.acme.example.').key])
    assert.deepEqual(shop.found(), ['babel', 'iris'])
    shop.hive.put('late', 'latency=1s binding=exclusive', 'v1.scan.vision._cap.acme.example.')
    shop.settle([Name.parse('late._sa.acme.example.').key])
    assert.deepEqual(shop.hive.ask('', 'vision._cap.acme.example.'), [])
  })

  test('that is shared from now on is free, and keeps nothing of its group\'s state', () => {
    const shop = new Workshop()
    shop.join(task(RED, 2))
    shop.hive.put('iris', 'latency=1s')
    shop.settle([Name.parse('iris._sa.acme.example.').key])
    assert.deepEqual(shop.found(), ['babel', 'iris'])
    assert.equal(shop.hive.registrar.table.i32.state[shop.hive.slot('iris')], 0)
  })

  test('leaves nothing behind: values are given back, and whoever has its place is free', () => {
    const shop = new Workshop()
    const before = shop.hive.registrar.valuesHeld
    shop.join(task(RED, 2))
    assert.equal(shop.hive.registrar.valuesHeld, before + 1)
    shop.leave(task(RED, 2))
    assert.equal(shop.hive.registrar.valuesHeld, before)
    shop.join(task(RED, 2))
    shop.hive.remove('iris')
    assert.equal(shop.hive.registrar.valuesHeld, before)
    for (let i = 0; i < 4; i++) shop.hive.put(`new${i}`, 'latency=1s binding=exclusive')
    assert.equal(shop.found().length, 5)
  })

  test('is held still in a table that has grown', () => {
    const shop = new Workshop()
    shop.join(task(RED, 2))
    for (let i = 0; i < 200; i++) shop.hive.put(`more${i}`, 'latency=1s')
    assert.ok(!shop.hive.ask('', CAPABILITY, 32).includes('iris'))
    assert.ok(shop.hive.ask(`group=${RED} prefer=accuracy:1 only-provider=acme.example binding=exclusive`).length === 0, 'no provider is claimed')
    assert.deepEqual(shop.hive.ask(`group=${RED} binding=exclusive`), ['iris'])
  })
})

test('what stands in a zone that was read anew takes the place of what stood there; what stays is as old as it was', () => {
  const shop = new Workshop('exclusive/10')
  shop.join(task(RED, 2))
  shop.join(task(BLUE, 2, 'babel'))
  shop.hive.nowMs += 6_000
  shop.memberships.replace([task(RED, 2)], shop.hive.nowMs)
  shop.settle()
  assert.equal(shop.memberships.size, 1)
  shop.hive.nowMs += 4_000
  assert.deepEqual(shop.found(), ['babel', 'iris'], 'ten seconds since it was told first')
  shop.memberships.replace([], shop.hive.nowMs)
  shop.settle()
  assert.equal(shop.memberships.size, 0)
})

test('the TASK records of a zone are those that it answers for', () => {
  const image = zoneOf('acme.example.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nt._task 60 TASK 2 iris._sa\nt._task 60 TASK 1 babel._sa role=reader\n*.t._task 60 TASK 2 iris._sa\nsub 60 NS ns\nt.sub 60 TASK 2 iris._sa\n')
  const found = tasksOf(image).map(({ owner, rdata }) => `${owner} ${rdata[1]}`)
  assert.deepEqual(found.sort(), ['t._task.acme.example. 1', 't._task.acme.example. 2'])
  assert.deepEqual(tasksOf(zoneOf('acme.example.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\n')), [])
})

test('however records come and go, who is held is told by those that stand (model)', () => {
  const change = fc.record({ group: fc.constantFrom(RED, BLUE), state: fc.integer({ min: 0, max: 4 }), isJoin: fc.boolean() })
  fc.assert(fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
    const shop = new Workshop()
    const standing = new Map<string, { group: string; state: number; at: number }>()
    for (const { group, state, isJoin } of changes) {
      shop.hive.nowMs += 10
      const key = `${group} ${state}`
      if (isJoin && !standing.has(key)) standing.set(key, { group, state, at: shop.hive.nowMs })
      else if (!isJoin) standing.delete(key)
      if (isJoin) shop.join(task(group, state))
      else shop.leave(task(group, state))
    }
    const parts = [RED, BLUE].flatMap((group) => {
      const [highest] = [...standing.values()].filter((one) => one.group === group).sort((a, b) => b.state - a.state)
      return highest === undefined ? [] : [highest]
    }).sort((a, b) => a.at - b.at)
    const holder = parts.find(({ state }) => state !== 1)
    const isAble = (holder ?? parts[0])?.state === undefined || (holder ?? parts[0]).state < 3
    assert.equal(shop.found().includes('iris'), isAble && holder === undefined)
    for (const group of [RED, BLUE]) assert.equal(shop.found(`group=${group}`).includes('iris'), isAble && (holder === undefined || holder.group === group))
  }), { numRuns: 200 })
})

