/**
 * The ways of outcomes to the desk: rings of threads that are looked into now and then, what the main thread reads by
 * itself, whose signature counts, and what is said of losses.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Query } from '../../src/authority/query.ts'
import { CLASS } from '../../src/dns/codes.ts'
import { OUTCOME_TICK_MS, OUTCOME_TOLD_MS } from '../../src/dns/limits-discovery.ts'
import { Name } from '../../src/dns/name.ts'
import { OutcomeRing } from '../../src/discovery/sense/outcome-ring.ts'
import { OutcomeDesk } from '../../src/discovery/sense/outcomes.ts'
import { OutcomeWays } from '../../src/ops/outcomes.ts'
import type { Signer } from '../../src/update/contract.ts'
import { CAPABILITY, demandOf, Hive, outcomeText } from '../discovery/ranking/hive.ts'

const OWNER = Name.parse(CAPABILITY).wire

class Office {
  readonly hive = new Hive()
  readonly desk = new OutcomeDesk({ candidatesAbove: () => this.hive, nowMs: () => this.hive.nowMs, onBroken: () => undefined })
  readonly rings = [new OutcomeRing(OutcomeRing.create()), new OutcomeRing(OutcomeRing.create())]
  readonly losses: number[] = []
  nowMs = 0
  tick: (() => void) | undefined
  readonly ways = new OutcomeWays({
    desk: this.desk,
    clock: { nowMs: () => this.nowMs, every: (ms, run) => (assert.equal(ms, OUTCOME_TICK_MS), (this.tick = run), () => (this.tick = undefined)) },
    rings: () => this.rings,
    onLost: (demands) => void this.losses.push(demands),
  })
  private told = 0

  get isWatched(): boolean {
    return this.tick !== undefined
  }

  constructor() {
    this.hive.put('babel')
    this.ways.watch(true)
  }

  /** A query with one outcome, each of another millisecond. */
  asks(): Parameters<OutcomeWays['direct']> {
    const query = new Query()
    const octets = Uint8Array.of(...new Uint8Array(12), ...OWNER, 0xff, 0xa0, 0, 1)
    query.begin(octets, octets.length, { transport: 'udp', address: Uint8Array.of(192, 0, 2, 1), port: 4053 })
    query.qnameLength = OWNER.length
    query.qclass = CLASS.IN
    return [query, demandOf(`outcome=${outcomeText('babel', { aheadMs: this.told++ })}`), true]
  }

  get counts(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.desk.counts).filter(([, count]) => count > 0))
  }
}

test('what threads leave is taken at the next look, what the main thread reads at once', () => {
  const office = new Office()
  for (const ring of office.rings) ring.tell(...office.asks())
  assert.deepEqual(office.counts, {})
  office.tick?.()
  assert.deepEqual(office.counts, { 'outcome.done': 2 })
  office.ways.direct(...office.asks())
  assert.deepEqual(office.counts, { 'outcome.done': 3 })
})

test('nobody looks while no zone has agents', () => {
  const office = new Office()
  office.ways.watch(false)
  assert.equal(office.isWatched, false)
  office.ways.watch(true)
  office.rings[0].tell(...office.asks())
  office.tick?.()
  assert.deepEqual(office.counts, { 'outcome.done': 1 })
})

test('what is left at the end is taken, and nobody looks any more', () => {
  const office = new Office()
  office.rings[1].tell(...office.asks())
  office.ways.stop()
  assert.deepEqual([office.counts, office.tick], [{ 'outcome.done': 1 }, undefined])
})

test('unproven askers are counted wherever they ask, and heard where they sign', () => {
  const office = new Office()
  const unproven = (): Parameters<OutcomeWays['direct']> => [office.asks()[0], office.asks()[1], false]
  office.rings[0].tell(...unproven())
  office.ways.direct(...unproven())
  office.tick?.()
  assert.deepEqual(office.counts, { 'outcome_left.unproven': 2 })
  const signer = { kind: 'tsig', name: Name.parse('app.') } as Signer
  assert.equal(office.ways.signedBy(signer, () => (office.ways.direct(...unproven()), 77)), 77)
  assert.deepEqual(office.counts, { 'outcome_left.unproven': 2, 'outcome.done': 1 })
  assert.throws(() => office.ways.signedBy(signer, () => assert.fail('a fault of ours')))
  office.ways.direct(...unproven())
  office.tick?.()
  assert.equal(office.counts['outcome_left.unproven'], 3, 'the next query is not signed')
})

test('losses are told, at most once in a while, each once', () => {
  const office = new Office()
  const [ring] = office.rings
  const overflow = (): void => {
    const { lost } = ring
    while (ring.lost === lost) ring.put({ rrClass: 1, address: Uint8Array.of(192, 0, 2, 1), owner: OWNER, value: new Uint8Array(0) })
  }
  overflow()
  office.tick?.()
  assert.deepEqual([office.losses, office.counts], [[1], { 'outcome_left.lost': 1 }])
  overflow()
  overflow()
  office.nowMs += OUTCOME_TOLD_MS - 1
  office.tick?.()
  assert.deepEqual(office.losses, [1])
  office.nowMs += 1
  office.tick?.()
  office.tick?.()
  assert.deepEqual(office.losses, [1, 2])
  assert.equal(office.counts['outcome_left.lost'], 3)
})
