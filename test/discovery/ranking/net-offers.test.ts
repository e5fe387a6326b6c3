/** Changes of a zone agent by agent: a registrar that is told them holds what one would that read the zone anew, whatever came, went, came twice or led elsewhere. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { registerZone } from '../../../src/discovery/ranking/from-image.ts'
import { type AgentChange, carryOut, netOffers, type OfferChange } from '../../../src/discovery/ranking/net-offers.ts'
import type { Registrar } from '../../../src/discovery/ranking/registrar.ts'
import { TYPE } from '../../../src/dns/codes.ts'
import { Name } from '../../../src/dns/name.ts'
import { printRdata } from '../../../src/dns/rdata.ts'
import { EditorDraft } from '../../../src/update/draft.ts'
import type { ZoneImage } from '../../../src/zone/image.ts'
import { ZoneEditor } from '../../../src/zone/editor.ts'
import { zoneOf } from '../../authority/ask.ts'
import { agentRdata } from './hive.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'
const OWNERS = ['v1.x', 'v2.x', 'V1.X', 'v1.y.z'].map((labels) => Name.parse(`${labels}._cap.acme.example.`))
const FOR_EVER = (): number => Infinity

interface Step {
  kind: 'add' | 'remove' | 'clear' | 'batch'
  owner: number
  agent: string
  claims: string
  priority: number
  ttl: number
}
const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'remove', 'remove', 'clear', 'batch'),
  owner: fc.nat(OWNERS.length - 1),
  agent: fc.constantFrom('a', 'b', 'c', 'A'),
  claims: fc.constantFrom('', 'cost=1', 'region=eu'),
  priority: fc.constantFrom(1, 1, 1, 1, 2, 0),
  ttl: fc.constantFrom(60, 60, 60, 90),
})

const BATCH: Step = { kind: 'batch', owner: 0, agent: 'a', claims: '', priority: 1, ttl: 60 }

function agentChanges({ changes }: EditorDraft): AgentChange[] {
  return changes.filter(({ type }) => type === TYPE.AGENT).map((change) => ({ ...change, leaseEndMs: Infinity }))
}

/** A zone that is changed, and the registrar that is told. */
class Told {
  readonly image: ZoneImage
  readonly registrar: Registrar
  private readonly draft: EditorDraft

  constructor(text: string) {
    this.image = zoneOf('acme.example.', HEAD + text)
    this.registrar = registerZone(this.image).registrar
    this.draft = new EditorDraft(this.image)
    this.draft.mark()
  }

  do({ kind, owner, agent, claims, priority, ttl }: Step): void {
    const { draft } = this
    const rdata = agentRdata(priority === 0 ? `${agent}._cap.acme.example.` : agent, priority === 0 ? '' : claims, priority)
    if (kind === 'add') draft.add(OWNERS[owner], TYPE.AGENT, ttl, rdata)
    else if (kind === 'remove') draft.remove(OWNERS[owner], TYPE.AGENT, rdata)
    else if (kind === 'clear') draft.removeRRset(OWNERS[owner], TYPE.AGENT)
    else this.settle()
  }

  settle(): OfferChange[] {
    const { draft, image, registrar } = this
    const changes = netOffers(agentChanges(draft), registrar, draft, FOR_EVER)
    const editor = new ZoneEditor(image)
    editor.begin()
    draft.writeTo(editor)
    editor.commit()
    draft.clear()
    carryOut(registrar, changes)
    registrar.commit()
    return changes
  }

  add(owner: number, agent: string, claims = ''): void {
    this.do({ kind: 'add', owner, agent, claims, priority: 1, ttl: 60 })
  }

  remove(owner: number, agent: string, claims = ''): void {
    this.do({ kind: 'remove', owner, agent, claims, priority: 1, ttl: 60 })
  }
}

/** `owner agent [ttl] rdata` of all; `ofAgents` leaves out what may be one of several that the same agent has. */
function held(registrar: Registrar): Map<string, string> {
  const lines = new Map<string, string>()
  for (const owner of registrar.owners()) {
    for (const rdata of registrar.rdatasAt(owner)) {
      const key = `${Name.fromWire(owner)} ${rdata[1] === 0 ? 'alias' : Name.fromWire(rdata, 2).key}`
      lines.set(key, `${registrar.offerOf(owner, rdata.subarray(2))?.ttl} ${printRdata(TYPE.AGENT, rdata)}`)
    }
  }
  return new Map([...lines].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Agents that stand at an owner more than once, and aliases beside others: which of them counts is open. */
function open(image: ZoneImage): Set<string> {
  const draft = new EditorDraft(image)
  const seen = new Map<string, number>()
  for (const owner of OWNERS.slice(0, 2).concat(OWNERS.slice(3))) {
    for (const rdata of draft.rrset(owner, TYPE.AGENT)?.rdatas ?? []) {
      const key = `${owner} ${rdata[1] === 0 ? 'alias' : Name.fromWire(rdata, 2).key}`
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
  }
  return new Set([...seen].filter(([, count]) => count > 1).map(([key]) => key))
}

describe('what a batch does to the offers', () => {
  test('leaves a registrar with what one has that reads the zone anew', () => {
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const told = new Told('v1.x._cap AGENT 1 a._sa\nv1.x._cap AGENT 1 b._sa cost=1\nv2.x._cap AGENT 0 v1.x._cap\n')
      for (const step of [...steps, BATCH]) {
        told.do(step)
        if (step.kind !== 'batch') continue
        const [now, anew] = [held(told.registrar), held(registerZone(told.image).registrar)]
        assert.deepEqual([...now.keys()], [...anew.keys()])
        const unsure = open(told.image)
        for (const [key, line] of anew) if (!unsure.has(key)) assert.equal(now.get(key), line, key)
      }
    }), { numRuns: 300 })
  })

  const CASES: readonly (readonly [string, (told: Told) => void, (change: OfferChange) => unknown, unknown])[] = [
    ['one agent that comes', (told) => told.add(0, 'c'), (change) => 'come' in change && [change.come.length, change.gone.length], [1, 0]],
    ['one that goes', (told) => told.remove(0, 'a'), (change) => 'come' in change && [change.come.length, change.gone.length], [0, 1]],
    ['one that claims otherwise, which keeps its slot', (told) => {
      told.remove(0, 'a')
      told.add(0, 'a', 'cost=1')
    }, (change) => 'come' in change && [change.come.length, change.gone.length], [1, 0]],
    ['one that comes and goes in one batch', (told) => {
      told.add(0, 'c')
      told.remove(0, 'c')
    }, (change) => 'come' in change && [change.come.length, change.gone.length], [0, 0]],
    ['an agent that stands there twice by now: all are read', (told) => told.add(0, 'a', 'cost=1'), (change) => 'all' in change && change.all.rdatas.length, 3],
    ['an alias: all are read', (told) => told.do({ kind: 'add', owner: 0, agent: 'x', claims: '', priority: 0, ttl: 60 }), (change) => 'all' in change && change.all.rdatas.length, 3],
    ['all of a name: they go one by one', (told) => told.do({ kind: 'clear', owner: 0, agent: 'a', claims: '', priority: 1, ttl: 60 }), (change) => 'come' in change && [change.come.length, change.gone.length], [0, 2]],
  ]
  for (const [what, act, of, expected] of CASES) {
    test(what, () => {
      const told = new Told('v1.x._cap AGENT 1 a._sa\nv1.x._cap AGENT 1 b._sa\n')
      const slot = told.registrar.slotOf(OWNERS[0].wire, Name.parse('a._sa.acme.example.').wire)
      act(told)
      const changes = told.settle()
      assert.deepEqual(changes.map(of), [expected])
      if (what.includes('keeps its slot')) assert.equal(told.registrar.slotOf(OWNERS[0].wire, Name.parse('a._sa.acme.example.').wire), slot)
    })
  }

  test('an agent that stood there twice and loses one record stays', () => {
    const told = new Told('v1.x._cap AGENT 1 a._sa\nv1.x._cap AGENT 1 a._sa cost=1\n')
    for (const claims of ['', 'cost=1']) {
      assert.equal(told.registrar.table.count, 1)
      told.remove(0, 'a', claims)
      told.settle()
    }
    assert.equal(told.registrar.table.count, 0)
  })

  test('without a registrar all of a name is told, for the one that will be made', () => {
    const told = new Told('')
    const draft = new EditorDraft(told.image)
    draft.mark()
    draft.add(OWNERS[0], TYPE.AGENT, 60, agentRdata('a'))
    draft.add(OWNERS[0], TYPE.A, 60, Uint8Array.of(192, 0, 2, 1))
    const changes = netOffers(agentChanges(draft), undefined, draft, FOR_EVER)
    assert.deepEqual(changes.map((change) => 'all' in change && change.all.rdatas.length), [1])
  })
})
