/** Candidates of a zone as it is served: which AGENT records are the zone's to offer, and a registrar that follows one zone after another as a model does. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { reconcile, registerZone, replaceAt } from '../../../src/discovery/ranking/from-image.ts'
import type { Registrar } from '../../../src/discovery/ranking/registrar.ts'
import { TYPE } from '../../../src/dns/codes.ts'
import { Name } from '../../../src/dns/name.ts'
import { printRdata } from '../../../src/dns/rdata.ts'
import type { ZoneImage } from '../../../src/zone/image.ts'
import { zoneOf } from '../../authority/ask.ts'
import { agentRdata } from './hive.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'
const zone = (text: string): ZoneImage => zoneOf('acme.example.', HEAD + text)

/** All that is registered: `v1.x priority agent claims`, sorted. */
function registered(registrar: Registrar): string[] {
  const short = (name: Name): string => name.toString().replace('._cap.acme.example.', '').replaceAll('._sa.acme.example.', '')
  return registrar.owners().flatMap((owner) => registrar.rdatasAt(owner).map((rdata) => `${short(Name.fromWire(owner))} ${printRdata(TYPE.AGENT, rdata).replaceAll('._sa.acme.example.', '').replaceAll('._cap.acme.example.', '')}`)).sort()
}

describe('which records are the zone\'s to offer', () => {
  const CASES: [what: string, text: string, found: string[]][] = [
    ['a zone without agents', 'www A 192.0.2.2\n', []],
    ['agents and aliases', 'v1.x._cap AGENT 3 a._sa\nv1.x._cap AGENT 4 b._sa cost=1\nv0.x._cap AGENT 0 v1.x._cap\n', ['v0.x 0 v1.x', 'v1.x 3 a', 'v1.x 4 b cost=1']],
    ['not what lies below a cut (RFC 1034 4.2)', 'sub NS ns.sub\nns.sub A 192.0.2.3\nv1.x._cap AGENT 1 a._sa\n', ['v1.x 1 a']],
    ['not a wildcard (RFC 4592 2.1.1)', '*._cap AGENT 1 a._sa\n*.x._cap AGENT 1 b._sa\nv1.x._cap AGENT 1 c._sa\n', ['v1.x 1 c']],
    ['a label that begins with an asterisk is none', '*a.x._cap AGENT 1 a._sa\n', ['*a.x 1 a']],
    ['capitals are folded, the agent\'s name is kept', 'V1.X._CAP AGENT 1 Babel._sa\n', ['v1.x 1 Babel']],
    ['TASK and SENSE are no offers', 'v1.x._cap SENSE 1 a._sa active=3\nt._task TASK 1 a._sa\n', []],
  ]
  for (const [what, text, found] of CASES) {
    test(what, () => {
      const { registrar, refused } = registerZone(zone(text))
      assert.deepEqual([registered(registrar), refused], [found, 0])
    })
  }

  test('not what a DNAME leads elsewhere (RFC 6672 2.3)', () => {
    const { registrar } = registerZone(zone('old.y._cap DNAME new.y._cap\nv1.new.y._cap AGENT 1 a._sa\n'))
    assert.deepEqual(registered(registrar), ['v1.new.y 1 a'])
  })

  test('a zone of very many', () => {
    const { registrar, refused } = registerZone(zone(Array.from({ length: 3_000 }, (_, i) => `v1.c${i % 700}._cap AGENT 1 a${i}._sa latency=${i + 1}ms endpoint=https://a${i}.acme.example/`).join('\n')))
    assert.deepEqual([registrar.table.count, registrar.owners().length, refused], [3_000, 700, 0])
  })
})

test('the end of each record\'s lease is asked for by owner and data', () => {
  const asked: string[] = []
  const { registrar } = registerZone(zone('v1.x._cap AGENT 3 a._sa\nv2.x._cap AGENT 4 b._sa\n'), undefined, (owner, rdata) => {
    asked.push(`${Name.fromWire(owner)} ${printRdata(TYPE.AGENT, rdata)}`)
    return 1_000 + asked.length
  })
  assert.deepEqual(asked.toSorted(), ['v1.x._cap.acme.example. 3 a._sa.acme.example.', 'v2.x._cap.acme.example. 4 b._sa.acme.example.'])
  const slot = registrar.slotOf(Name.parse('v1.x._cap.acme.example.').wire, Name.parse('a._sa.acme.example.').wire)
  assert.ok([1_001, 1_002].includes(registrar.table.f64.leaseEndMs[slot]))
})

test('offers replaced at a capability: who stays keeps its slot, an alias comes and goes', () => {
  const { registrar } = registerZone(zone('v1.x._cap AGENT 3 a._sa\nv1.x._cap AGENT 4 b._sa\n'))
  const owner = Name.parse('v1.x._cap.acme.example.').wire
  const slot = registrar.slotOf(owner, Name.parse('b._sa.acme.example.').wire)
  const replace = (...rdatas: Uint8Array[]): number => replaceAt(registrar, owner, { ttl: 9, rdatas }, () => Infinity)
  assert.equal(replace(agentRdata('b', 'latency=1s', 4), agentRdata('c', '', 5)), 0)
  assert.deepEqual(registered(registrar), ['v1.x 4 b latency=1s', 'v1.x 5 c'])
  assert.deepEqual([registrar.slotOf(owner, Name.parse('b._sa.acme.example.').wire), registrar.table.i32.ttl[slot]], [slot, 9])
  replace(agentRdata('v2.x._cap.acme.example.', '', 0))
  assert.deepEqual(registered(registrar), ['v1.x 0 v2.x'])
  replace()
  assert.deepEqual([registered(registrar), registrar.owners()], [[], []])
})

test('whatever zones follow one another, the registrar holds what the last one holds, and agents that stay keep what is known of them', () => {
  const record = fc.tuple(fc.constantFrom('v1.x', 'v2.x', 'mtls.v2.x', 'v1.y', 'z'), fc.constantFrom('a', 'b', 'c'), fc.constantFrom('', 'latency=1s', 'region=eu weight=3'))
  const anyZone = fc.array(record, { maxLength: 10 }).map((records) => new Map(records.map(([owner, agent, claims]) => [`${owner} ${agent}`, claims])))
  fc.assert(fc.property(fc.array(anyZone, { minLength: 2, maxLength: 5 }), (zones) => {
    const { registrar } = registerZone(zone(''))
    let before = new Map<string, number>()
    for (const offers of zones) {
      const text = [...offers].map(([key, claims]) => `${key.split(' ')[0]}._cap AGENT 1 ${key.split(' ')[1]}._sa ${claims}`).join('\n')
      assert.equal(reconcile(registrar, zone(`${text}\n`)), 0)
      const expected = [...offers].map(([key, claims]) => `${key.replace(' ', ' 1 ')}${claims === '' ? '' : ` ${claims}`}`)
      assert.deepEqual(registered(registrar), expected.sort())
      const slots = new Map([...offers.keys()].map((key) => {
        const [owner, agent] = key.split(' ')
        return [key, registrar.slotOf(Name.parse(`${owner}._cap.acme.example.`).wire, Name.parse(`${agent}._sa.acme.example.`).wire)]
      }))
      for (const [key, slot] of slots) if (before.has(key)) assert.equal(slot, before.get(key), key)
      assert.equal(new Set(slots.values()).size, offers.size)
      before = slots
    }
  }), { numRuns: 100 })
})
