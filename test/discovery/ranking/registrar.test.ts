/**
 * Registrations in shared memory: what is found at a capability and at each of its ancestors, while agents come, change,
 * go and the table grows; against a model that is a list.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CandidateTable, CapabilityMatch, createTable } from '../../../src/discovery/ranking/candidates.ts'
import { Registrar } from '../../../src/discovery/ranking/registrar.ts'
import { HISTORY } from '../../../src/discovery/ranking/table-layout.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { HANDED_HISTORY, MAX_CAPABILITY_LABELS, READING_HISTORY } from '../../../src/dns/limits-discovery.ts'
import { Name, printName } from '../../../src/dns/name.ts'
import { agentName, agentRdata, CAPABILITY, Hive, holdAgent, SEED } from './hive.ts'

test('an agent is found at its capability and at every ancestor up to _cap, and nowhere else', () => {
  const hive = new Hive()
  hive.put('babel')
  for (const name of [CAPABILITY, 'translate.text.nlp._cap.acme.example.', 'text.nlp._cap.acme.example.', 'nlp._cap.acme.example.', '_cap.acme.example.']) {
    assert.deepEqual(hive.registered(name), ['babel'], name)
  }
  for (const name of ['acme.example.', 'v1.translate.text.nlp._cap.acme.example.', `mtls.${CAPABILITY}`, '_cap.beta.example.', '.']) assert.equal(hive.find(name), null, name)
})

test('names are found in any case (RFC 4343 3)', () => {
  const hive = new Hive()
  hive.put('babel', '', 'V2.Translate.Text.NLP._Cap.Acme.Example.')
  assert.deepEqual(hive.registered('TEXT.nlp._CAP.acme.example.'), ['babel'])
  assert.equal(hive.put('BABEL', '', CAPABILITY), 'changed')
  assert.deepEqual(hive.registered(), ['BABEL'])
})

test('an agent has a slot at each of its capabilities, found by both names in any case, and none elsewhere', () => {
  const hive = new Hive()
  const [first, second] = ['v1.x._cap.acme.example.', 'v2.x._cap.acme.example.']
  for (const label of ['a', 'b']) for (const owner of [first, second]) hive.put(label, '', owner)
  const slotOf = (owner: string, label: string): number => hive.registrar.slotOf(Name.parse(owner).wire, agentName(label))
  const slots = [first, second].flatMap((owner) => ['a', 'b'].map((label) => slotOf(owner, label)))
  assert.deepEqual([...new Set(slots)].toSorted(), [0, 1, 2, 3], 'one slot for each of the four')
  assert.equal(slotOf('V2.X._CAP.ACME.example.', 'B'), slots[3])
  for (const owner of ['v3.x._cap.acme.example.', 'x._cap.acme.example.', 'v1.y._cap.acme.example.', 'v1.x._cap.acme.examplf.', '.']) assert.equal(slotOf(owner, 'a'), -1, owner)
  assert.equal(slotOf(first, 'c'), -1)
  hive.registrar.remove(Name.parse(first).wire, agentName('a'))
  hive.registrar.commit()
  assert.deepEqual([slotOf(first, 'a'), slotOf(second, 'a')], [-1, slots[2]])
})

test('all versions, securities and kinds below an ancestor are found together', () => {
  const hive = new Hive()
  hive.put('one', '', 'v1.translate.text.nlp._cap.acme.example.')
  hive.put('two', '', 'v2.translate.text.nlp._cap.acme.example.')
  hive.put('safe', '', 'mtls.v2.translate.text.nlp._cap.acme.example.')
  hive.put('sum', '', 'v1.summarize.text.nlp._cap.acme.example.')
  hive.put('lens', '', 'v1.ocr.vision._cap.acme.example.')
  assert.deepEqual(hive.registered('translate.text.nlp._cap.acme.example.'), ['one', 'safe', 'two'])
  assert.deepEqual(hive.registered('v2.translate.text.nlp._cap.acme.example.'), ['safe', 'two'])
  assert.deepEqual(hive.registered('text.nlp._cap.acme.example.'), ['one', 'safe', 'sum', 'two'])
  assert.deepEqual(hive.registered('_cap.acme.example.'), ['lens', 'one', 'safe', 'sum', 'two'])
})

test('labels that are alike are not taken for one another', () => {
  const hive = new Hive()
  hive.put('a', '', 'v1.x._cap.acme.example.')
  hive.put('b', '', 'v1.xx._cap.acme.example.')
  hive.put('c', '', 'v1.x._cap.b.acme.example.')
  assert.deepEqual(hive.registered('x._cap.acme.example.'), ['a'])
  assert.deepEqual(hive.registered('_cap.acme.example.'), ['a', 'b'])
  assert.deepEqual(hive.registered('_cap.b.acme.example.'), ['c'])
})

test('a name without _cap, or with more labels than MAX_CAPABILITY_LABELS, is found at itself alone', () => {
  const hive = new Hive()
  hive.put('stray', '', 'agents.acme.example.')
  assert.deepEqual(hive.registered('agents.acme.example.'), ['stray'])
  assert.equal(hive.find('acme.example.'), null)
  const deep = `${'x.'.repeat(MAX_CAPABILITY_LABELS)}_cap.acme.example.`
  hive.put('deep', '', deep)
  assert.deepEqual(hive.registered(deep), ['deep'])
  assert.equal(hive.find(deep.slice(2)), null)
  const atLimit = `${'y.'.repeat(MAX_CAPABILITY_LABELS - 1)}_cap.acme.example.`
  hive.put('edge', '', atLimit)
  assert.deepEqual(hive.registered(atLimit.slice(2)), ['edge'])
})

test('the same record again changes nothing, other claims change the entry, a new lease end is taken', () => {
  const hive = new Hive()
  assert.equal(hive.put('babel', 'latency=1s'), 'added')
  assert.equal(hive.put('babel', 'latency=1s'), 'same')
  assert.equal(hive.put('babel', 'latency=2s'), 'changed')
  assert.equal(hive.put('babel', 'latency=2s', CAPABILITY, hive.nowMs + 5_000), 'same')
  assert.equal(hive.registrar.table.f64.leaseEndMs[hive.slot('babel')], hive.nowMs + 5_000)
  assert.equal(hive.registrar.table.count, 1)
})

test('a removed agent is gone from every ancestor, and so is a capability that held no other', () => {
  const hive = new Hive()
  hive.put('babel')
  hive.put('pocket')
  assert.ok(hive.remove('babel'))
  assert.deepEqual(hive.registered('_cap.acme.example.'), ['pocket'])
  assert.ok(!hive.remove('babel'))
  assert.ok(hive.remove('pocket'))
  assert.equal(hive.find(), null)
  assert.equal(hive.find('_cap.acme.example.'), null)
  assert.equal(hive.registrar.table.count, 0)
})

test('an alias is not a candidate, but told by the lookup of its own name alone', () => {
  const hive = new Hive()
  const owner = Name.parse('v1.translate.text.nlp._cap.acme.example.').wire
  hive.put('babel')
  hive.registrar.put({ owner, rdata: agentRdata(CAPABILITY, '', 0), ttl: 60, leaseEndMs: Infinity })
  hive.registrar.commit()
  const match = hive.find('v1.translate.text.nlp._cap.acme.example.')
  assert.ok(match !== null)
  assert.equal(match.count, 0)
  assert.equal(printName(hive.registrar.table.heap, match.aliasAt + 2), CAPABILITY)
  assert.equal(hive.find('translate.text.nlp._cap.acme.example.')?.aliasLength, 0)
  assert.ok(!hive.registrar.remove(owner, Name.parse('v3.x._cap.acme.example.').wire))
  assert.ok(hive.registrar.remove(owner, Name.parse(CAPABILITY).wire))
  hive.registrar.commit()
  assert.equal(hive.find('v1.translate.text.nlp._cap.acme.example.'), null)
})

test('a hold takes an agent out at all its capabilities until it ends', () => {
  const hive = new Hive()
  hive.put('iris', '', 'v1.ocr.vision._cap.acme.example.')
  hive.put('iris', '', 'v1.scan.vision._cap.acme.example.')
  assert.equal(holdAgent(hive.registrar, agentName('iris'), hive.nowMs + 1_000), 2)
  assert.deepEqual(hive.ask('', '_cap.acme.example.'), [])
  hive.nowMs += 1_000
  assert.deepEqual(hive.ask('', '_cap.acme.example.'), ['iris'])
  assert.equal(holdAgent(hive.registrar, agentName('nobody'), hive.nowMs), 0)
})

test('a table that grows keeps all entries and readings, and tells of its new block once it can be read', () => {
  const told: SharedArrayBuffer[] = []
  const registrar = new Registrar(SEED, (buffer) => told.push(buffer), 8, 1_024)
  const owner = Name.parse(CAPABILITY).wire
  const put = (i: number): string => registrar.put({ owner, rdata: agentRdata(`a${i}`, `latency=${i + 1}ms region=r${i}`), ttl: 60, leaseEndMs: Infinity })
  put(0)
  registrar.commit()
  const slot = registrar.slotOf(owner, agentName('a0'))
  registrar.change(slot, () => (registrar.table.f64.active[slot] = 42))
  for (let i = 1; i < 200; i++) assert.equal(put(i), 'added')
  assert.equal(told.length, 0, 'told of a block without an index')
  registrar.commit()
  assert.equal(told.length, 1)
  const table = new CandidateTable(told[0])
  const name = new LookupName(SEED)
  const match = new CapabilityMatch()
  name.load(owner, 0)
  assert.ok(table.lookup(name, match))
  assert.equal(match.count, 200)
  assert.equal(table.f64.active[registrar.slotOf(owner, agentName('a0'))], 42)
  const seen = new Set([...match.order.subarray(match.from, match.from + match.count)].map((at) => printName(table.heap, table.i32.rdataAt[at] + 2)))
  assert.equal(seen.size, 200)
})

test('what was chosen and told of late grows along, slot by slot', () => {
  for (const begun of [[], [0], [15], [0, 1, 2, 5], Array.from({ length: 16 }, (_, i) => i)]) {
    const registrar = new Registrar(SEED, () => undefined, 16, 8_192)
    const owner = Name.parse(CAPABILITY).wire
    const put = (i: number): string => registrar.put({ owner, rdata: agentRdata(`a${i}`), ttl: 60, leaseEndMs: Infinity })
    for (let i = 0; i < 16; i++) put(i)
    const before = registrar.table
    for (const slot of begun) {
      before.i32.handedHead[slot] = before.i32.historyHead[slot] = slot + 1
      before.handedTimes.fill(slot + 100, slot * HANDED_HISTORY, (slot + 1) * HANDED_HISTORY)
      before.history.fill(slot + 200, slot * READING_HISTORY * HISTORY.doubles, (slot + 1) * READING_HISTORY * HISTORY.doubles)
    }
    put(16)
    assert.ok(registrar.table !== before, 'a larger table')
    for (const ring of ['handedTimes', 'history'] as const) assert.deepEqual(registrar.table[ring].slice(0, before[ring].length), before[ring], `${ring} of ${begun.join()}`)
  }
})

test('churn does not grow the heap without bound: what was given up is used again', () => {
  const hive = new Hive()
  for (let i = 0; i < 2_000; i++) {
    hive.put(`agent${i % 7}`, `latency=${(i % 5) + 1}ms`)
    if (i % 3 === 0) hive.remove(`agent${(i + 4) % 7}`)
  }
  assert.ok(hive.registrar.table.shape.heapOctets < 40_000, `${hive.registrar.table.shape.heapOctets} octets`)
  assert.ok(hive.registrar.table.capacity <= 64)
})

test('a block that is no table is refused', () => {
  assert.throws(() => new CandidateTable(new SharedArrayBuffer(4_096)), RangeError)
  assert.equal(new CandidateTable(createTable(4, 256, SEED)).count, 0)
})

const LABELS = ['v1', 'v2', 'x', 'yy', 'z-z']
const anyCapability = fc.array(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 4 }).map((labels) => `${labels.join('.')}._cap.acme.example.`)
const anyChange = fc.record({ kind: fc.constantFrom('put', 'put', 'put', 'remove', 'commit'), capability: anyCapability, agent: fc.nat(5).map((i) => `a${i}`), claims: fc.constantFrom('', 'latency=1s', 'region=eu modality=text') })

test('whatever comes and goes, every name finds what a plain list has at or below it', () => {
  fc.assert(fc.property(fc.array(anyChange, { maxLength: 60 }), fc.array(anyCapability, { maxLength: 10 }), (changes, asked) => {
    const hive = new Hive({}, 1, 4)
    let model = new Set<string>()
    let committed = new Set<string>()
    for (const { kind, capability, agent, claims } of changes) {
      const key = `${capability} ${agent}`
      if (kind === 'commit') {
        hive.registrar.commit()
        committed = new Set(model)
      } else if (kind === 'put') {
        hive.registrar.put({ owner: Name.parse(capability).wire, rdata: agentRdata(agent, claims), ttl: 60, leaseEndMs: Infinity })
        model = new Set([...model, key])
      } else if (hive.registrar.remove(Name.parse(capability).wire, agentName(agent))) model.delete(key)
    }
    hive.registrar.commit()
    committed = model
    for (const name of [...asked, ...asked.map((capability) => capability.slice(capability.indexOf('.') + 1)), '_cap.acme.example.']) {
      const below = [...committed].filter((key) => key.split(' ')[0] === name || key.split(' ')[0].endsWith(`.${name}`)).map((key) => key.split(' ')[1]).sort()
      assert.deepEqual(hive.registered(name), below, name)
    }
  }), { numRuns: 300 })
})
