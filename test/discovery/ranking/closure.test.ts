/**
 * docs/protocol.md 4, `closure`: what the chosen depend on comes along in the additional section, and what that depends on in
 * turn; from a query's octets to the response's. A row is a zone, a question and the agents of each RRset in the answer.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ZoneAuthority } from '../../../src/authority/answer.ts'
import { RankedChooser } from '../../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../../src/discovery/ranking/from-image.ts'
import { EDE, OPTION } from '../../../src/dns/codes.ts'
import { MAX_CLOSURE_AGENTS, MAX_CLOSURE_DEPTH, MAX_CLOSURE_NAMES, MAX_CLOSURE_OCTETS } from '../../../src/dns/limits-discovery.ts'
import { Name } from '../../../src/dns/name.ts'
import { ZoneDirectory } from '../../../src/zone/directory.ts'
import { type Asking, converser, type Conversed, SEED, zoneOf } from '../../authority/ask.ts'
import { agentName, BEGIN_MS, chance, demandOctets } from './hive.ts'

const APEX = 'acme.example.'
const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'

/** `summary` AGENT `a` depends on `ocr`: a line of a zone. */
function offer(capability: string, agent: string, depends: string[] = [], more = ''): string {
  const names = depends.map((name) => (name.endsWith('.') ? name : `v1.${name}._cap.${APEX}`))
  return `v1.${capability}._cap AGENT 1 ${agent}._sa ${names.length === 0 ? '' : `depends=${names.join(',')}`} ${more}\n`
}

/** A zone of these lines, and its candidates, to be asked. */
class Desk {
  nowMs = BEGIN_MS
  readonly registrar
  private readonly converse

  constructor(lines: string, seed = 1) {
    const image = zoneOf(APEX, HEAD + lines)
    const { registrar, refused } = registerZone(image)
    assert.equal(refused, 0)
    this.registrar = registrar
    const chooser = new RankedChooser({ nowMs: () => this.nowMs, random: chance(seed) })
    chooser.useTables([registrar.table.buffer])
    this.converse = converser([], { authority: new ZoneAuthority(new ZoneDirectory([image], SEED), SEED, chooser) })
  }

  ask(capability: string, demand = 'closure', asking: Asking = {}): Conversed {
    const name = capability.endsWith('.') ? capability : `v1.${capability}._cap.${APEX}`
    return this.converse(`${name} AGENT`, { size: 4_096, options: [[OPTION.DEMAND, Buffer.from(demandOctets(demand)).toString('hex')]], ...asking })
  }

  endLease(capability: string, agent: string, atMs: number): void {
    this.registrar.table.f64.leaseEndMs[this.registrar.slotOf(Name.parse(`v1.${capability}._cap.${APEX}`).wire, agentName(agent))] = atMs
  }

  /** Capabilities of AGENT records in the additional section, with their agents: `ocr: b c`. */
  needs(capability: string, demand?: string, asking?: Asking): string[] {
    return agentsIn(this.ask(capability, demand, asking))
  }
}

function agentsIn({ additional }: Conversed): string[] {
  const agents = new Map<string, string[]>()
  for (const line of additional) {
    const [owner, , , type, priority, target] = line.split(' ')
    if (type !== 'AGENT') continue
    const name = owner.replace(/^v1\./, '').replace(/\._cap\.acme\.example\.$/, '')
    const list = agents.get(name) ?? []
    agents.set(name, list)
    list.push(target.split('._')[0])
    assert.equal(Number(priority), priority === '0' ? 0 : list.length, 'priorities count from 1, an alias has 0')
  }
  return [...agents].map(([name, labels]) => `${name}: ${labels.join(' ')}`)
}

const edeOf = ({ edns }: Conversed): [number, string] | undefined => {
  const found = edns?.options.find(([code]) => code === OPTION.EDE)
  return found && [parseInt(found[1].slice(0, 4), 16), Buffer.from(found[1].slice(4), 'hex').toString()]
}

const chain = (length: number): string => Array.from({ length }, (_, i) => offer(`c${i}`, `a${i}`, i + 1 < length ? [`c${i + 1}`] : [])).join('')

describe('what comes along', () => {
  const CASES: [what: string, lines: string, needs: string[], demand?: string][] = [
    ['what the chosen one needs', offer('top', 'a', ['ocr']) + offer('ocr', 'b'), ['ocr: b']],
    ['nothing where nothing is needed', offer('top', 'a') + offer('ocr', 'b'), []],
    ['nothing unless it is asked for', offer('top', 'a', ['ocr']) + offer('ocr', 'b'), [], 'count=1'],
    ['all of several, in their order', offer('top', 'a', ['ocr', 'speak']) + offer('ocr', 'b') + offer('speak', 'c'), ['ocr: b', 'speak: c']],
    ['what those need in turn, the nearest first', offer('top', 'a', ['ocr', 'speak']) + offer('ocr', 'b', ['deep']) + offer('speak', 'c') + offer('deep', 'd'), ['ocr: b', 'speak: c', 'deep: d']],
    ['once what two need', offer('top', 'a', ['ocr', 'speak']) + offer('ocr', 'b', ['deep']) + offer('speak', 'c', ['deep']) + offer('deep', 'd'), ['ocr: b', 'speak: c', 'deep: d']],
    ['a circle ends', offer('top', 'a', ['ocr']) + offer('ocr', 'b', ['speak']) + offer('speak', 'c', ['top', 'ocr']), ['ocr: b', 'speak: c']],
    ['one that needs itself, in any case (RFC 4343 3)', offer('top', 'a', [`V1.Top._CAP.${APEX}`]), []],
    ['what any of the chosen needs', offer('top', 'a', ['ocr']) + offer('top', 'b', ['speak']) + offer('ocr', 'c') + offer('speak', 'd'), ['ocr: c', 'speak: d'], 'closure prefer=latency:1'],
    ['only of those who are chosen', offer('top', 'a', ['ocr'], 'latency=1ms') + offer('top', 'b', ['speak'], 'latency=9s') + offer('ocr', 'c') + offer('speak', 'd'), ['ocr: c'], 'closure count=1 prefer=latency:1'],
    ['agents below the name that is needed', offer('top', 'a', ['ocr']) + 'mtls.v1.ocr._cap AGENT 1 b._sa\n', ['ocr: b']],
    ['a version that has moved on, and what it leads to', `${offer('top', 'a', ['ocr'])}v1.ocr._cap AGENT 0 v2.ocr._cap\nv2.ocr._cap AGENT 1 b._sa\n`, ['ocr: v2.ocr', 'v2.ocr: b']],
    ['versions that lead to each other end', `${offer('top', 'a', ['ocr'])}v1.ocr._cap AGENT 0 v2.ocr._cap\nv2.ocr._cap AGENT 0 v1.ocr._cap\n`, ['ocr: v2.ocr', 'v2.ocr: v1.ocr']],
    ['not what lies in another zone', offer('top', 'a', ['ocr', 'v1.far._cap.elsewhere.test.']) + offer('ocr', 'b'), ['ocr: b']],
    ['not what is of another name that ends alike', offer('top', 'a', ['v1.ocr._cap.xacme.example.']) + offer('ocr', 'b'), []],
  ]
  for (const [what, lines, needs, demand] of CASES) {
    test(what, () => {
      const desk = new Desk(lines)
      const found = desk.ask('top', demand)
      assert.deepEqual([found.rcode, found.flags, agentsIn(found)], ['NOERROR', 'aa', needs])
      assert.equal(edeOf(found), undefined)
    })
  }

  test('behind an alias of DNS the answer itself does not come twice', () => {
    const desk = new Desk(`${offer('top', 'a', ['ocr'])}${offer('ocr', 'b', ['top'])}lead CNAME v1.top._cap\n`)
    assert.deepEqual(desk.needs(`lead.${APEX}`), ['ocr: b'])
  })

  test('addresses come for them as for the answer (RFC 1034 4.3.2 step 6)', () => {
    const desk = new Desk(`${offer('top', 'a', ['ocr'])}${offer('ocr', 'b')}a._sa A 192.0.2.10\nb._sa A 192.0.2.20\nb._sa AAAA 2001:db8::20\n`)
    assert.deepEqual(desk.ask('top').additional, [
      `v1.ocr._cap.${APEX} 60 IN AGENT 1 b._sa.${APEX}`, `a._sa.${APEX} 60 IN A 192.0.2.10`, `b._sa.${APEX} 60 IN A 192.0.2.20`, `b._sa.${APEX} 60 IN AAAA 2001:db8::20`,
    ])
  })

  test('OFFER is of the answer, and says that it was shaped by closure', () => {
    const { edns } = new Desk(offer('top', 'a', ['ocr']) + offer('ocr', 'b') + offer('ocr', 'c')).ask('top')
    const [, hex] = edns?.options.find(([code]) => code === OPTION.OFFER) ?? assert.fail('no OFFER')
    assert.match(hex, /^ff500002....ff510004ffffffffff52000100ff540002ff42$/) // one score, age and state; scope=closure
  })
})

describe('who comes along', () => {
  const OCR = offer('top', 'a', ['ocr'], 'accuracy=0.99 latency=1s region=eu modality=text binding=shared provider=acme.example')
    + offer('ocr', 'b', [], 'accuracy=0.5 latency=3s region=eu provider=acme.example') + offer('ocr', 'c', [], 'latency=9s region=us binding=exclusive')
  const CASES: [what: string, demand: string, labels: string[]][] = [
    ['bounds, kind and binding are of what was asked for', 'closure accuracy=0.9 latency=2s modality=text binding=shared', ['b', 'c']],
    ['who is never to be returned is not', 'closure avoid=b._sa.acme.example', ['c']],
    ['only providers that are wanted', 'closure only-provider=acme.example', ['b']],
    ['the region demanded holds for all who take part', 'closure region=eu', ['b']],
  ]
  for (const [what, demand, labels] of CASES) {
    test(what, () => {
      const needs = new Desk(OCR).needs('top', demand)
      assert.equal(needs.length, 1)
      assert.deepEqual(needs[0].slice('ocr: '.length).split(' ').sort(), labels)
    })
  }

  test('count holds for each', () => {
    assert.match(new Desk(OCR).needs('top', 'closure count=1').join(), /^ocr: [bc]$/)
  })

  test(`at most ${MAX_CLOSURE_AGENTS} for each, whatever count says`, () => {
    const lines = offer('top', 'a', ['ocr']) + Array.from({ length: 9 }, (_, i) => offer('ocr', `b${i}`)).join('')
    for (const demand of ['closure', 'closure count=30']) assert.equal(new Desk(lines).needs('top', demand)[0].split(' ').length, 1 + MAX_CLOSURE_AGENTS)
  })

  test('askers one after the other do not all meet the same of two equals', () => {
    const desk = new Desk(offer('top', 'a', ['ocr']) + offer('ocr', 'b', [], 'concurrency=1') + offer('ocr', 'c', [], 'concurrency=1'))
    const firsts = Array.from({ length: 10 }, () => desk.needs('top')[0].split(' ')[1])
    assert.deepEqual([firsts.filter((label) => label === 'b').length, firsts.filter((label) => label === 'c').length], [5, 5])
  })

  test('one whose lease has ended does not, and the first capability that nobody offers is named', () => {
    const desk = new Desk(offer('top', 'a', ['gone', 'ocr', 'speak']) + offer('ocr', 'b') + offer('speak', 'c'))
    desk.endLease('speak', 'c', BEGIN_MS)
    const found = desk.ask('top')
    assert.deepEqual([found.rcode, found.answer.length, agentsIn(found)], ['NOERROR', 1, ['ocr: b']])
    assert.deepEqual(edeOf(found), [EDE.DEPENDENCY_MISSING, `v1.gone._cap.${APEX}`])
  })

  test('TTLs are of each RRset, by its own leases', () => {
    const desk = new Desk(offer('top', 'a', ['ocr']) + offer('ocr', 'b'))
    desk.endLease('ocr', 'b', BEGIN_MS + 7_900)
    const { answer, additional } = desk.ask('top')
    assert.deepEqual([answer, additional].map(([line]) => Number(line.split(' ')[1])), [60, 7])
  })
})

describe('bounds', () => {
  test(`${MAX_CLOSURE_DEPTH} steps are gone, not one more, and an Extended DNS Error says so`, () => {
    const whole = new Desk(chain(MAX_CLOSURE_DEPTH + 1)).ask('c0')
    assert.deepEqual([agentsIn(whole).length, edeOf(whole)], [MAX_CLOSURE_DEPTH, undefined])
    const cut = new Desk(chain(MAX_CLOSURE_DEPTH + 2)).ask('c0')
    assert.deepEqual([agentsIn(cut).length, edeOf(cut)?.[0]], [MAX_CLOSURE_DEPTH, EDE.OTHER])
  })

  test(`${MAX_CLOSURE_NAMES} capabilities come along, not one more`, () => {
    const wide = (count: number): string => offer('top', 'a', Array.from({ length: count }, (_, i) => `n${i}`)) + Array.from({ length: count }, (_, i) => offer(`n${i}`, `b${i}`)).join('')
    for (const [count, code] of [[MAX_CLOSURE_NAMES, undefined], [MAX_CLOSURE_NAMES + 1, EDE.OTHER]] as const) {
      const found = new Desk(wide(count)).ask('top', 'closure', { tcp: true })
      assert.deepEqual([agentsIn(found).length, edeOf(found)?.[0]], [MAX_CLOSURE_NAMES, code])
    }
  })

  test(`records of ${MAX_CLOSURE_OCTETS} octets at most, each whole; over TCP nothing is truncated`, () => {
    const long = `endpoint=x:${'y'.repeat(6_000)}`
    const desk = new Desk(offer('top', 'a', ['n1', 'n2', 'n3']) + offer('n1', 'b', [], long) + offer('n2', 'c', [], long) + offer('n3', 'd', [], long))
    const found = desk.ask('top', 'closure', { tcp: true })
    assert.deepEqual([agentsIn(found), found.flags, edeOf(found)?.[0]], [['n1: b', 'n2: c'], 'aa', EDE.OTHER])
  })

  test('what finds no room in a message is left out without TC, as the answer itself is whole (RFC 2181 9)', () => {
    const lines = offer('top', 'a', ['n1', 'n2']) + offer('n1', 'b', [], `endpoint=x:${'y'.repeat(600)}`) + offer('n2', 'c')
    const found = new Desk(lines).ask('top', 'closure', { size: 512 })
    assert.deepEqual([found.flags, found.answer.length, agentsIn(found)], ['aa', 1, ['n2: c']])
    assert.ok(found.octets <= 512)
  })
})

test('whatever depends on whatever, the closure is what can be reached, each capability once', () => {
  const size = 10
  fc.assert(fc.property(fc.array(fc.array(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }), (edges) => {
    const lines = edges.map((to, i) => offer(`c${i}`, `a${i}`, [...new Set(to)].map((n) => `c${n}`))).join('')
    const reached = new Set<number>()
    let next = new Set(edges[0])
    for (let depth = 1; depth <= MAX_CLOSURE_DEPTH && next.size > 0; depth++) {
      for (const i of next) reached.add(i)
      next = new Set([...next].flatMap((i) => edges[i]).filter((i) => !reached.has(i)))
    }
    reached.delete(0)
    assert.deepEqual(new Desk(lines).needs('c0').sort(), [...reached].map((i) => `c${i}: a${i}`).sort())
  }), { numRuns: 60 })
})
