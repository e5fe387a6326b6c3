/**
 * Who may be chosen (docs/protocol.md 4, steps 1 and 2): every hard demand, every state that takes an agent out, and that
 * the fast filter finds what a plain one over decoded records finds.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FIRST_DEMANDED, REASON, type Reason } from '../../../src/discovery/ranking/filter.ts'
import { MAX_SCORED_CANDIDATES } from '../../../src/dns/limits-discovery.ts'
import { parseParameters, PARAMETERS, decodeParameters, valueOf } from '../../../src/dns/parameters.ts'
import type { CapabilityMatch } from '../../../src/discovery/ranking/candidates.ts'
import { agentName, demandOf, Hive, holdAgent, setAgentState } from './hive.ts'

/** Agents that meet `demand`, sorted. */
function meeting(hive: Hive, demand: string, capability?: string): string[] {
  return hive.ask(demand, capability, 32).sort()
}

const REASON_NAMES = Object.fromEntries(Object.entries(REASON).map(([name, reason]) => [reason, name]))

/** Reasons for which candidates fell out, with how many. */
function fallen(hive: Hive): Record<string, number> {
  return Object.fromEntries([...hive.ranker.filter.fallen].flatMap((count, reason) => (count > 0 ? [[REASON_NAMES[reason], count]] : [])))
}

const CASES: [what: string, claims: Record<string, string>, demand: string, left: string[], reason: keyof typeof REASON][] = [
  ['latency is at most', { fast: 'latency=100ms', edge: 'latency=200ms', slow: 'latency=201ms' }, 'latency=200ms', ['edge', 'fast'], 'latency'],
  ['accuracy is at least', { good: 'accuracy=0.95', edge: 'accuracy=0.9', bad: 'accuracy=0.8999' }, 'accuracy=0.9', ['edge', 'good'], 'accuracy'],
  ['concurrency is free slots', { wide: 'concurrency=8', edge: 'concurrency=4', narrow: 'concurrency=3' }, 'concurrency=4', ['edge', 'wide'], 'concurrency'],
  ['cost is at most', { cheap: 'cost=0.001', dear: 'cost=0.002' }, 'cost=0.001', ['cheap'], 'cost'],
  ['stability is at least', { a: 'stability=0.99', b: 'stability=0.98' }, 'stability=0.99', ['a'], 'stability'],
  ['history is at least', { a: 'history=0.5', b: 'history=0.4' }, 'history=0.5', ['a'], 'history'],
  ['region is the same word', { a: 'region=eu', b: 'region=EU', c: 'region=eu-west' }, 'region=eu', ['a', 'b'], 'region'],
  ['every security property is needed', { a: 'security=mtls,attested', b: 'security=mtls' }, 'security=attested,mtls', ['a'], 'security'],
  ['who says nothing of security is open', { a: '', b: 'security=tls', c: 'security=Open,tls' }, 'security=open', ['a', 'c'], 'security'],
  ['every modality is needed', { a: 'modality=text,audio', b: 'modality=text', c: 'modality=textaudio' }, 'modality=audio', ['a'], 'modality'],
  ['one of the providers is enough', { a: 'provider=acme.example', b: 'provider=Beta.example,x.example', c: 'provider=eta.example' }, 'only-provider=beta.example,ACME.example', ['a', 'b'], 'onlyProvider'],
  ['exclusive agents only', { a: 'binding=exclusive/60', b: 'binding=shared' }, 'binding=exclusive', ['a'], 'binding'],
  ['shared agents only', { a: 'binding=exclusive/60', b: 'binding=shared' }, 'binding=shared', ['b'], 'binding'],
  ['names to avoid', { a: '', b: '', c: '' }, 'avoid=b._sa.acme.example,C._SA.acme.example,none.example', ['a'], 'avoided'],
]

for (const [what, claims, demand, left, reason] of CASES) {
  test(`hard demand: ${what}`, () => {
    const hive = new Hive()
    for (const [label, text] of Object.entries(claims)) hive.put(label, text)
    assert.deepEqual(meeting(hive, demand), left)
    assert.deepEqual(fallen(hive), { [reason]: Object.keys(claims).length - left.length })
  })
}

describe('security is said by the label before the version, by the parameter, or by both (docs/protocol.md 2)', () => {
  const OFFERS: Record<string, [label: string, claims: string]> = {
    labelled: ['mtls.', ''], said: ['', 'security=mtls'], both: ['tls.', 'security=mtls'], same: ['mtls.', 'security=mtls'], openly: ['OPEN.', ''], silent: ['', ''], attested: ['attested.', 'security=tls,mtls'],
  }
  const DEMANDED: [demand: string, left: string[]][] = [
    ['security=mtls', ['attested', 'both', 'labelled', 'said', 'same']], ['security=tls', ['attested', 'both']], ['security=open', ['openly', 'silent']], ['security=tls,mtls', ['attested', 'both']],
    ['security=attested,TLS', ['attested']], ['security=open,mtls', []],
  ]
  for (const [demand, left] of DEMANDED) {
    test(demand, () => {
      const hive = new Hive()
      for (const [label, [word, claims]] of Object.entries(OFFERS)) hive.put(label, claims, `${word}v2.translate.text.nlp._cap.acme.example.`)
      assert.deepEqual(meeting(hive, demand, '_cap.acme.example.'), left)
    })
  }

  test('an ancestor of such a name is no security, nor is a type that begins with its letter', () => {
    const hive = new Hive()
    hive.put('plain', '', 'mtls.vision._cap.acme.example.')
    hive.put('other', '', 'tls.v._cap.acme.example.')
    assert.deepEqual(meeting(hive, 'security=mtls', '_cap.acme.example.'), [])
    assert.deepEqual(meeting(hive, 'security=open', '_cap.acme.example.'), ['other', 'plain'])
  })
})

for (const demand of ['latency=9s', 'accuracy=0', 'concurrency=0', 'cost=4', 'stability=0', 'history=0', 'uplink=0kbit', 'downlink=0kbit', 'errors=1', 'region=eu', 'security=tls', 'modality=text', 'only-provider=acme.example']) {
  test(`an agent that does not say is out where ${demand} is demanded`, () => {
    const hive = new Hive()
    hive.put('silent')
    assert.deepEqual(meeting(hive, demand), [])
    const [reason] = [...hive.ranker.filter.fallen].flatMap((count, i) => (count > 0 ? [i] : []))
    assert.ok(reason >= FIRST_DEMANDED)
  })
}

test('an agent whose lease has run out, that has failed, drains, is held or is gone, is out', () => {
  const hive = new Hive()
  for (const label of ['expired', 'failed', 'draining', 'held', 'alive', 'busy']) hive.put(label, '', undefined, label === 'expired' ? hive.nowMs : Infinity)
  setAgentState(hive.registrar, agentName('failed'), 4)
  hive.report('draining', { state: 3 })
  hive.report('busy', { state: 2 })
  holdAgent(hive.registrar, agentName('held'), hive.nowMs + 1)
  assert.deepEqual(meeting(hive, ''), ['alive', 'busy'])
  assert.deepEqual(fallen(hive), { expired: 1, failed: 2, held: 1 })
})

test('numbers that are no slots, as of a list that is written over meanwhile, are out and do no harm', () => {
  const hive = new Hive()
  hive.put('babel')
  const match = hive.find() as CapabilityMatch
  match.order = Int32Array.of(-1, 0x7fff_ffff, -0x8000_0000, hive.registrar.table.capacity, hive.slot('babel'))
  match.from = 0
  match.count = 5
  hive.ranker.rank(hive.registrar.table, match, demandOf(''), hive.nowMs, 8)
  assert.deepEqual([hive.ranker.count, fallen(hive)], [1, { gone: 4 }])
})

test('a fresh reading overrules the claim, a stale one does not', () => {
  const hive = new Hive()
  hive.put('babel', 'latency=100ms stability=0.99 cost=0.001')
  hive.report('babel', { measured: [300_000, undefined, undefined, 2_000, 9_000] })
  assert.deepEqual(meeting(hive, 'latency=200ms'), [])
  assert.deepEqual(meeting(hive, 'cost=0.001'), [])
  assert.deepEqual(meeting(hive, 'stability=0.95'), [])
  assert.deepEqual(meeting(hive, 'latency=300ms cost=0.002 stability=0.9'), ['babel'])
  hive.nowMs += 60_000
  assert.deepEqual(meeting(hive, 'latency=200ms cost=0.001 stability=0.95'), ['babel'])
})

test('uplink, downlink and errors are bounds on what was measured', () => {
  const hive = new Hive()
  hive.put('babel')
  hive.report('babel', { measured: [undefined, undefined, undefined, undefined, undefined, undefined, 1_000, 2_000, 100] })
  assert.deepEqual(meeting(hive, 'uplink=1Mbit downlink=2Mbit errors=0.01'), ['babel'])
  for (const demand of ['uplink=1001kbit', 'downlink=2001kbit', 'errors=0.0099']) assert.deepEqual(meeting(hive, demand), [], demand)
})

test('slots taken count against a demand for free ones: as reported, and as handed out since', () => {
  const hive = new Hive()
  hive.put('babel', 'concurrency=10')
  hive.report('babel', { active: 6 })
  assert.deepEqual(meeting(hive, 'concurrency=4'), ['babel'])
  assert.deepEqual(meeting(hive, 'concurrency=5'), [])
  hive.choose()
  assert.deepEqual(meeting(hive, 'concurrency=4'), [])
})

test('accuracy is what outcomes make of the claim', () => {
  const hive = new Hive()
  hive.put('liar', 'accuracy=0.99')
  assert.deepEqual(meeting(hive, 'accuracy=0.9'), ['liar'])
  for (let i = 0; i < 10; i++) hive.observe('liar', { result: i % 2 === 0 ? 0 : 3 })
  assert.deepEqual(meeting(hive, 'accuracy=0.9'), [])
  assert.deepEqual(meeting(hive, 'accuracy=0.6'), ['liar'])
})

test('of more candidates than are scored, chance decides which, and each has its chance', () => {
  const hive = new Hive()
  const count = MAX_SCORED_CANDIDATES * 3
  for (let i = 0; i < count; i++) hive.put(`a${i}`)
  const seen = new Map<string, number>()
  const rounds = 600
  for (let i = 0; i < rounds; i++) {
    hive.nowMs++ // they are drawn once for a moment
    hive.ask('', undefined, 1)
    assert.equal(hive.ranker.filter.count, MAX_SCORED_CANDIDATES)
    const { list } = hive.ranker.filter
    const labels = new Set([...list.subarray(0, MAX_SCORED_CANDIDATES)].map((slot) => hive.labelOf(slot)))
    assert.equal(labels.size, MAX_SCORED_CANDIDATES, 'an agent was drawn twice')
    for (const label of labels) seen.set(label, (seen.get(label) ?? 0) + 1)
  }
  assert.equal(seen.size, count)
  for (const [label, times] of seen) assert.ok(times > rounds / 3 / 2 && times < (rounds / 3) * 1.5, `${label}: ${times}`)
})

test('the few that meet a demand are found among very many', () => {
  const hive = new Hive()
  for (let i = 0; i < 1_000; i++) hive.put(`a${i}`, i % 400 === 399 ? 'accuracy=0.9 modality=audio cost=0.1' : i % 2 === 0 ? 'accuracy=0.9 cost=0.1 modality=text' : 'accuracy=0.8 cost=0.1 modality=audio')
  for (let i = 0; i < 20; i++) assert.deepEqual(meeting(hive, 'cost=1 accuracy=0.9 modality=audio'), ['a399', 'a799'])
  const total = [...hive.ranker.filter.fallen].reduce((sum, count) => sum + count, 0)
  assert.equal(total, 998)
})

test('a value that is younger than the query is compared too', () => {
  const hive = new Hive()
  for (let i = 0; i < 80; i++) hive.put(`a${i}`, `region=r${i} provider=p${i}.example`)
  assert.deepEqual(meeting(hive, 'region=r79'), ['a79'])
  assert.deepEqual(meeting(hive, 'only-provider=p3.example'), ['a3'])
})

// ---- Against a plain filter ----

const CLAIMS = ['latency=50ms', 'latency=150ms', 'accuracy=0.8', 'accuracy=0.95', 'concurrency=2', 'cost=0.001', 'cost=0.01', 'stability=0.9', 'history=0.7', 'binding=exclusive', 'region=eu', 'region=asia', 'security=mtls', 'security=tls,mtls', 'modality=text', 'modality=audio,text', 'provider=acme.example', 'provider=beta.example,acme.example']
const DEMANDS = ['latency=100ms', 'accuracy=0.9', 'concurrency=2', 'cost=0.005', 'stability=0.9', 'history=0.8', 'binding=shared', 'region=EU', 'security=mtls', 'security=open', 'modality=text,audio', 'only-provider=beta.example', 'avoid=a1._sa.acme.example,a3._sa.acme.example']

const oncePerKey = (words: string[]): string => [...new Map(words.map((word) => [word.split('=')[0], word])).values()].join(' ')
const anyClaims = fc.array(fc.constantFrom(...CLAIMS), { maxLength: 8 }).map(oncePerKey)
const anyDemand = fc.array(fc.constantFrom(...DEMANDS), { maxLength: 5 }).map(oncePerKey)

/** Whether an agent of these claims, without readings, meets the demand: by decoded values. */
function meets(label: string, claims: string, demand: string): boolean {
  const own = claims === '' ? new Map<number, Uint8Array>() : decodeParameters(parseParameters(claims, 'AGENT'), 'AGENT')
  const wanted = demand === '' ? new Map<number, Uint8Array>() : decodeParameters(parseParameters(demand, 'DEMAND'), 'DEMAND')
  const both = <Value>(parameter: Parameters<typeof valueOf<Value>>[1], isGood: (has: Value, asked: Value) => boolean): boolean => {
    const asked = valueOf(wanted, parameter)
    const has = valueOf(own, parameter)
    return asked === undefined || (has !== undefined && isGood(has, asked))
  }
  const atLeast = (has: number, asked: number): boolean => has >= asked
  const holdsAll = (has: string[], asked: string[]): boolean => asked.every((word) => has.includes(word))
  const only = valueOf(wanted, PARAMETERS['only-provider'])
  const provider = valueOf(own, PARAMETERS.provider)
  return both(PARAMETERS.latency, (has, asked) => has <= asked) && both(PARAMETERS.cost, (has, asked) => has <= asked)
    && both(PARAMETERS.accuracy, atLeast) && both(PARAMETERS.concurrency, atLeast) && both(PARAMETERS.stability, atLeast) && both(PARAMETERS.history, atLeast)
    && (valueOf(wanted, PARAMETERS.binding)?.exclusive ?? (valueOf(own, PARAMETERS.binding)?.exclusive ?? false)) === (valueOf(own, PARAMETERS.binding)?.exclusive ?? false)
    && both(PARAMETERS.region, (has, asked) => has.toLowerCase() === asked.toLowerCase())
    && holdsAll(valueOf(own, PARAMETERS.security) ?? ['open'], valueOf(wanted, PARAMETERS.security) ?? []) && both(PARAMETERS.modality, holdsAll)
    && (only === undefined || (provider?.some((name) => only.some((other) => other.equals(name))) ?? false))
    && !(valueOf(wanted, PARAMETERS.avoid)?.some((name) => name.toString() === `${label}._sa.acme.example.`) ?? false)
}

test('the filter leaves whom a plain filter over decoded records leaves, and tells one reason for each other', () => {
  fc.assert(fc.property(fc.array(anyClaims, { minLength: 1, maxLength: 12 }), fc.array(anyDemand, { minLength: 1, maxLength: 4 }), (agents, demands) => {
    const hive = new Hive()
    agents.forEach((claims, i) => hive.put(`a${i}`, claims))
    for (const demand of demands) {
      const reasons = new Map<string, Reason>()
      hive.ranker.filter.onRejected = (slot, reason) => reasons.set(hive.labelOf(slot), reason)
      const left = meeting(hive, demand)
      const expected = agents.flatMap((claims, i) => (meets(`a${i}`, claims, demand) ? [`a${i}`] : [])).sort()
      assert.deepEqual(left, expected, demand)
      assert.equal(reasons.size, agents.length - left.length)
    }
  }), { numRuns: 300 })
})
