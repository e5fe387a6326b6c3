/**
 * What askers met, weighed (docs/ranking.md): which offers an outcome counts for, what each asker's share is, what does
 * not count and why, and when the operator is told.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS } from '../../../src/dns/codes.ts'
import { MAX_OUTCOME_ASKERS, MAX_OUTCOMES_PER_DEMAND, OUTCOME_TOLD_MS, OUTCOMES_ALONE, LOAD_WORD_REST_MS, SIGNED_OUTCOMES, UNSIGNED_OUTCOMES } from '../../../src/dns/limits-discovery.ts'
import { Name } from '../../../src/dns/name.ts'
import { type Asker, askerAt, askerWith, OutcomeDesk, type PromiseBroken } from '../../../src/discovery/sense/outcomes.ts'
import type { Signer } from '../../../src/update/contract.ts'
import { CAPABILITY, demandOf, Hive, outcomeText, type OutcomeWords } from '../ranking/hive.ts'

const SOMEBODY = askerAt(Uint8Array.of(192, 0, 2, 1))
/** One whom the operator has given a secret. */
const KNOWN = askerWith({ kind: 'tsig', name: Name.parse('app.example.') } as Signer)
const OTHER = 'v1.ocr.vision._cap.acme.example.'
const CLAIMS = 'latency=100ms accuracy=0.9 concurrency=4'

/** A desk over a hive in which babel and iris stand. */
class Office {
  readonly hive = new Hive()
  readonly broken: PromiseBroken[] = []
  readonly desk = new OutcomeDesk({
    candidatesAbove: (owner, rrClass) => (rrClass === CLASS.IN && owner.isWithin(Name.parse('acme.example.')) ? this.hive : undefined),
    nowMs: () => this.hive.nowMs,
    onBroken: (told) => void this.broken.push(told),
  })

  constructor() {
    this.hive.put('babel', CLAIMS)
    this.hive.put('iris', CLAIMS)
    this.hive.put('babel', CLAIMS, OTHER)
  }

  /** Tells one outcome, or several, at the present time unless they say otherwise. */
  tell(outcomes: string | readonly string[], asker: Asker = SOMEBODY, owner = CAPABILITY): void {
    const demand = demandOf(`outcome=${[outcomes].flat().join(',')}`)
    this.desk.take(asker, Name.parse(owner).wire, CLASS.IN, demand.octets.slice(demand.outcome.at, demand.outcome.end))
  }

  says(words: OutcomeWords = {}, label = 'babel'): string {
    return outcomeText(label, { atMs: this.hive.nowMs, ...words })
  }

  /** Tells one and lets a second pass. */
  tellNext(words: OutcomeWords = {}, asker: Asker = SOMEBODY, label = 'babel'): void {
    this.tell(this.says(words, label), asker)
    this.hive.nowMs += 1_000
  }

  /** Counters above 0. */
  get counts(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.desk.counts).filter(([, count]) => count > 0))
  }

  outcomesOf(label: string, capability = CAPABILITY): number {
    return this.hive.registrar.table.f64.outcomes[this.hive.slot(label, capability)]
  }
}

test('an outcome counts for what the agent offers at or below the name asked for', () => {
  for (const [owner, here, there] of [[CAPABILITY, 1, 0], ['nlp._cap.acme.example.', 1, 0], [OTHER, 0, 1], ['_cap.acme.example.', 1, 1]] as const) {
    const office = new Office()
    office.tell(office.says(), SOMEBODY, owner)
    assert.deepEqual([office.outcomesOf('babel'), office.outcomesOf('babel', OTHER), office.outcomesOf('iris')], [here, there, 0], owner)
    assert.deepEqual(office.counts, { 'outcome.done': 1 })
  }
})

test('for all of its offers where it has none there, and where it was not reached at all', () => {
  const office = new Office()
  office.tell(office.says(), SOMEBODY, 'v9.none._cap.acme.example.')
  assert.deepEqual([office.outcomesOf('babel'), office.outcomesOf('babel', OTHER)], [1, 1])
  office.hive.nowMs += 1
  office.tell(office.says({ result: 'unreachable' }))
  assert.deepEqual([office.hive.ask('', CAPABILITY), office.hive.ask('', OTHER)], [['iris'], ['babel']], 'alone it is tried all the same')
})

test('an agent that is wrong is chosen less, one that is done well stays', () => {
  const office = new Office()
  for (let i = 0; i < 20; i++) {
    office.tell([office.says({ result: 'wrong' }), office.says({}, 'iris')], KNOWN)
    office.hive.nowMs += 1_000
  }
  assert.deepEqual(office.counts, { 'outcome.done': 20, 'outcome.wrong': 20 })
  assert.equal(office.hive.ask('')[0], 'iris')
})

const LEFT: [why: string, words: OutcomeWords, label: string, owner: string][] = [
  ['unknown', {}, 'ghost', CAPABILITY],
  ['unknown', {}, 'babel', 'v2.x._cap.other.example.'],
  ['old', { aheadMs: -400_000 }, 'babel', CAPABILITY],
  ['old', { aheadMs: 60_000 }, 'babel', CAPABILITY],
]
for (const [why, words, label, owner] of LEFT) {
  test(`does not count: ${label} at ${owner} ${JSON.stringify(words)}: ${why}`, () => {
    const office = new Office()
    office.tell(office.says(words, label), SOMEBODY, owner)
    assert.deepEqual(office.counts, { [`outcome_left.${why}`]: 1 })
    assert.equal(office.outcomesOf('babel'), 0)
  })
}

test('a clock that is a little ahead is forgiven', () => {
  const office = new Office()
  office.tell(office.says({ aheadMs: 4_000 }))
  assert.deepEqual(office.counts, { 'outcome.done': 1 })
})

test('told twice, as by a query that is sent again, it counts once; another asker may have met the same', () => {
  const office = new Office()
  const told = office.says()
  office.tell(told)
  office.tell(told)
  office.tell(told, askerAt(Uint8Array.of(192, 0, 2, 2)))
  assert.deepEqual(office.counts, { 'outcome.done': 2, 'outcome_left.repeated': 1 })
})

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
test('an asker is its address, a site of IPv6, or its key', () => {
  const tsig = askerWith({ kind: 'tsig', name: Name.parse('App.Example.') } as Signer)
  assert.deepEqual(tsig, { id: `key ${Name.parse('app.example.').key}`, share: SIGNED_OUTCOMES, isTrusted: true })
  const ids = ['20010db8000000aa0000000000000001', '20010db8000000bb0000000000000002', '20010db800000100'.padEnd(32, '0')].map((text) => askerAt(hex(text)).id)
  assert.equal(ids[0], ids[1])
  assert.notEqual(ids[0], ids[2])
  assert.notEqual(askerAt(hex('c0000201')).id, askerAt(hex('c0000202')).id)
})

test('each asker has its share, which comes back within a minute; one that signs by a secret has more', () => {
  const signed = askerWith({ kind: 'tsig', name: Name.parse('app.') } as Signer)
  const key = askerWith({ kind: 'sig0', name: Name.parse('app2.') } as Signer)
  for (const [known, share] of [[SOMEBODY, UNSIGNED_OUTCOMES], [signed, SIGNED_OUTCOMES], [key, UNSIGNED_OUTCOMES]] as const) {
    const asker = { ...known, isTrusted: true } // so that nothing but its share bounds it
    const office = new Office()
    for (let i = 0; i < share + 20; i++) {
      office.tell(office.says(), asker)
      office.hive.nowMs += 1
    }
    const capped = office.desk.counts['outcome_left.capped']
    assert.ok(capped >= 20 - Math.ceil(share / 90) && capped <= 20, `${asker.id}: ${capped} of 20 capped`) // some came back meanwhile
    office.hive.nowMs += 60_000
    office.tell(office.says(), asker)
    assert.equal(office.desk.counts['outcome_left.capped'], capped, 'a minute later it counts again')
    office.tell(office.says(), askerAt(Uint8Array.of(192, 0, 2, 99)))
    assert.equal(office.desk.counts['outcome_left.capped'], capped, 'another has its own')
  }
})

test('nobody is believed of himself', () => {
  const office = new Office()
  office.tell([office.says(), office.says({}, 'iris')], askerWith({ kind: 'sig0', name: Name.parse('babel._sa.acme.example.') } as Signer))
  assert.deepEqual(office.counts, { 'outcome.done': 1, 'outcome_left.own': 1 })
  assert.deepEqual([office.outcomesOf('babel'), office.outcomesOf('iris')], [0, 1])
})

test('one asker alone cannot keep an agent away: its word that it was not reached counts once a minute', () => {
  const office = new Office()
  const awayFor = (): number => office.hive.registrar.table.f64.avoidUntilMs[office.hive.slot('babel')] - office.hive.nowMs
  office.tell(office.says({ result: 'unreachable' }))
  assert.ok(awayFor() > 0)
  for (let passed = 0; passed < LOAD_WORD_REST_MS - 10_000; passed += 10_000) {
    office.hive.nowMs += 10_000
    office.tell(office.says({ result: 'unreachable' }))
    assert.ok(awayFor() <= 0, `away again after ${passed} ms`)
  }
  office.tell(office.says({ result: 'unreachable', aheadMs: 1 }), askerAt(Uint8Array.of(192, 0, 2, 2)))
  assert.ok(awayFor() > 0, 'another asker is heard')
  office.hive.nowMs += 10_000
  office.tell(office.says({ result: 'unreachable' }))
  assert.ok(awayFor() > 0, 'and the first, a minute after its first word')
})

test('of one demand so many count, the rest is capped', () => {
  const office = new Office()
  office.tell(Array.from({ length: MAX_OUTCOMES_PER_DEMAND + 1 }, (_, i) => office.says({ aheadMs: i - 20 })), KNOWN)
  assert.deepEqual(office.counts, { 'outcome.done': MAX_OUTCOMES_PER_DEMAND, 'outcome_left.capped': 1 })
})

test('askers are remembered up to a bound, and the one silent longest is forgotten first', () => {
  const office = new Office()
  const at = (i: number): Asker => ({ id: `10.${i}`, share: 1, isTrusted: false })
  office.tell(office.says(), at(0))
  office.hive.nowMs += 1
  for (let i = 1; i < MAX_OUTCOME_ASKERS; i++) office.tell(office.says({ aheadMs: i % 1_000 }), at(i))
  office.tell(office.says(), at(0))
  assert.equal(office.desk.counts['outcome_left.capped'], 1, 'its share is spent')
  office.tell(office.says(), at(MAX_OUTCOME_ASKERS))
  office.hive.nowMs += 1_001
  office.tell(office.says(), at(1))
  assert.equal(office.desk.counts['outcome_left.capped'], 1, 'that of the one forgotten is whole again')
})

test('the operator is told of an agent that promises too much, once a minute', () => {
  const office = new Office()
  for (let i = 0; i < 30; i++) office.tellNext({ latencyMs: 1_500 }, KNOWN)
  assert.equal(office.broken.length, 1)
  const [first] = office.broken
  assert.deepEqual([first.agent, first.capability], ['babel._sa.acme.example.', CAPABILITY])
  assert.ok(first.slowness >= 2 && first.slowness < 15, String(first.slowness))
  office.hive.nowMs += OUTCOME_TOLD_MS
  office.tellNext({ latencyMs: 1_500 }, KNOWN)
  assert.equal(office.broken.length, 2)
})

test('and of one that is wrong more often than it says', () => {
  const office = new Office()
  for (let i = 0; i < 4; i++) office.tellNext({ result: 'wrong' }, KNOWN, 'iris')
  assert.equal(office.broken.length, 1)
  assert.deepEqual([office.broken[0].agent, office.broken[0].accuracy?.claimed], ['iris._sa.acme.example.', 0.9])
  assert.ok((office.broken[0].accuracy?.believed ?? 1) < 0.72)
  const honest = new Office()
  for (let i = 0; i < 50; i++) honest.tellNext({ result: i % 10 === 0 ? 'wrong' : 'done' }, KNOWN)
  assert.deepEqual(honest.broken, [], 'nine of ten is what it claims')
})

test('nobody alone breaks an agent: what one asker says weighs as much as the claim, and more only as others tell as much', () => {
  const office = new Office()
  const accuracy = (): number => office.hive.registrar.table.f64.outcomes[office.hive.slot('babel')]
  for (let i = 0; i < 30; i++) office.tellNext({ result: 'wrong', active: 0xffff_ffff })
  assert.deepEqual(office.counts, { 'outcome.wrong': OUTCOMES_ALONE, 'outcome_left.capped': 30 - OUTCOMES_ALONE })
  assert.ok(accuracy() <= OUTCOMES_ALONE)
  const others = Array.from({ length: 4 }, (_, i) => askerAt(Uint8Array.of(198, 51, 100, i)))
  for (const other of others) office.tellNext({}, other)
  const before = office.desk.counts['outcome.wrong']
  for (let i = 0; i < 30; i++) office.tellNext({ result: 'wrong', active: 0xffff_ffff })
  assert.equal(office.desk.counts['outcome.wrong'] - before, others.length)
  for (let i = 0; i < 20; i++) office.tellNext({ result: 'wrong' }, KNOWN)
  assert.equal(office.desk.counts['outcome.wrong'] - before, others.length + 20, 'whom the operator knows is not bound')
})

const WORDS_ON_LOAD: [what: string, words: OutcomeWords, isBelieved: (office: Office) => boolean][] = [
  ['busy', { result: 'busy' }, ({ hive }) => hive.registrar.table.f64.busy[hive.slot('babel')] > 0],
  ['so many sessions', { active: 9 }, ({ hive }) => hive.registrar.table.f64.active[hive.slot('babel')] === 9],
]
for (const [what, words, isBelieved] of WORDS_ON_LOAD) {
  test(`the word of one asker on an agent's load (${what}) counts once a minute, until the agent itself reports`, () => {
    const office = new Office()
    office.tell(office.says(words))
    assert.ok(isBelieved(office))
    office.hive.nowMs += 100
    office.hive.report('babel', { active: 0 })
    for (let passed = 0; passed < LOAD_WORD_REST_MS - 1_000; passed += 1_000) {
      office.hive.nowMs += 1_000
      office.tell(office.says(words))
      assert.ok(!isBelieved(office), `again after ${passed} ms`)
    }
    office.hive.nowMs += 2_000
    office.tell(office.says(words))
    assert.ok(isBelieved(office), 'a minute later')
  })
}

test('no asker makes an agent busier than it can be', () => {
  const office = new Office()
  office.tell(office.says({ active: 0xffff_fffe }), KNOWN)
  const { f64 } = office.hive.registrar.table
  const slot = office.hive.slot('babel')
  assert.equal(f64.active[slot], f64.slots[slot] + f64.room[slot])
})
