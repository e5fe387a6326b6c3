/**
 * Agents whose addresses are in another zone of the same server than that in which they are offered: found there by whoever
 * asks for AGENT or a face, near peers by them, and no longer once they are gone; and aliases of versions that have moved on,
 * with those they lead to.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ZoneAuthority } from '../../../src/authority/answer.ts'
import { AgentFaces } from '../../../src/discovery/faces/faces.ts'
import { ALL_SHOWN } from '../../../src/discovery/faces/names.ts'
import { RankedChooser } from '../../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../../src/discovery/ranking/from-image.ts'
import { MAX_ALIAS_STEPS } from '../../../src/dns/limits-discovery.ts'
import { EDE, OPTION } from '../../../src/dns/codes.ts'
import { Name } from '../../../src/dns/name.ts'
import { ZoneDirectory } from '../../../src/zone/directory.ts'
import { ZoneEditor } from '../../../src/zone/editor.ts'
import { ZoneImage } from '../../../src/zone/image.ts'
import { type Conversed, converserOf, SEED, serverOf, zoneOf } from '../../authority/ask.ts'
import { APEX, Desk, edeOf, HEAD, offerOf } from './desk.ts'
import { agentName, agentRdata, BEGIN_MS, chance, demandOctets } from './hive.ts'

const CAP = 'v1.x._cap.acme.example.'
const ACME = `${HEAD}v1.x._cap AGENT 1 own._sa latency=1s alpn=a2a\nv1.x._cap AGENT 1 guest._sa.beta.test. latency=2s alpn=a2a\nv1.x._cap AGENT 1 far._sa.else.test. latency=3s alpn=a2a\nown._sa A 192.0.2.1\n`
const BETA = `${HEAD}guest._sa A 198.51.100.1\nguest._sa AAAA 2001:db8::1\n`

/** A server of the two zones. */
class Market {
  readonly beta: ZoneImage
  private readonly converse

  constructor(acme = ACME, beta = BETA) {
    const zones = [zoneOf('acme.example.', acme), zoneOf('beta.test.', beta)]
    this.beta = zones[1]
    const chooser = new RankedChooser({ nowMs: () => BEGIN_MS, random: chance(1) })
    chooser.useTables(zones.map((zone) => {
      const { registrar } = registerZone(zone)
      registrar.showFaces(ALL_SHOWN)
      return registrar.table.buffer
    }))
    this.converse = converserOf(serverOf([], { authority: new ZoneAuthority(new ZoneDirectory(zones, SEED), SEED, new AgentFaces(chooser, SEED)) }))
  }

  ask(name: string, type: string, demand = '', dnssec = false): Conversed {
    return this.converse(`${name} ${type}`, { size: 4_096, dnssec, options: demand === '' ? [] : [[OPTION.DEMAND, Buffer.from(demandOctets(demand)).toString('hex')]] })
  }
}

describe('an agent whose addresses are in another zone of ours', () => {
  const WITH_ADDRESSES = ['guest._sa.beta.test. 60 IN A 198.51.100.1', 'guest._sa.beta.test. 60 IN AAAA 2001:db8::1', 'own._sa.acme.example. 60 IN A 192.0.2.1']

  test('is answered with them, from pieces and the long way', () => {
    const market = new Market(`${ACME}long CNAME v1.x._cap\n`)
    for (let i = 0; i < 2; i++) for (const name of [CAP, 'long.acme.example.']) assert.deepEqual(market.ask(name, 'AGENT').additional.sort(), WITH_ADDRESSES, name)
  })

  test('is in the faces that need an address, and has it beside those that name it', () => {
    const market = new Market()
    assert.deepEqual(market.ask(CAP, 'A').answer.map((line) => line.split(' ').at(-1)).sort(), ['192.0.2.1', '198.51.100.1'])
    assert.deepEqual(market.ask(CAP, 'AAAA').answer.map((line) => line.split(' ').at(-1)), ['2001:db8::1'])
    for (const type of ['SVCB', 'HTTPS']) assert.deepEqual(market.ask(CAP, type).additional.sort(), WITH_ADDRESSES, type)
  })

  test('is near a peer by them', () => {
    const offer = offerOf(new Market().ask(CAP, 'AGENT', 'peer=198.51.100.9')) ?? ''
    assert.match(offer, /unmet=0,1,1|unmet=1,0,1|unmet=1,1,0/)
  })

  test('has those that stand there now, however the other zone changes, though nobody asks for it', () => {
    const market = new Market()
    assert.equal(market.ask(CAP, 'AGENT').additional.length, 3)
    const editor = new ZoneEditor(new ZoneImage(market.beta.buffer)) // as the thread that writes has its own view
    editor.begin()
    editor.putRRset(Name.parse('guest._sa.beta.test.').wire, 1, 60, [Uint8Array.of(203, 0, 113, 5)])
    editor.commit()
    assert.ok(market.ask(CAP, 'AGENT').additional.includes('guest._sa.beta.test. 60 IN A 203.0.113.5'))
    editor.begin()
    editor.removeRRset(Name.parse('guest._sa.beta.test.').wire, 1)
    editor.removeRRset(Name.parse('guest._sa.beta.test.').wire, 28)
    editor.commit()
    assert.deepEqual(market.ask(CAP, 'AGENT').additional, WITH_ADDRESSES.slice(2))
  })

  test('brings signatures along where that zone has them and the asker wants them', () => {
    const market = new Market(ACME, `${BETA}guest._sa RRSIG A 13 3 60 20380101000000 20200101000000 1 beta.test. AAAA\n`)
    assert.equal(market.ask(CAP, 'AGENT', '', true).additional.filter((line) => line.includes('RRSIG')).length, 1)
    assert.equal(market.ask(CAP, 'AGENT').additional.filter((line) => line.includes('RRSIG')).length, 0)
  })
})

describe('a version that has moved on', () => {
  const AGENTS = 'v3.x._cap AGENT 1 a._sa latency=1s\nv3.x._cap AGENT 1 b._sa latency=2s\na._sa A 192.0.2.1\nb._sa A 192.0.2.2\n'
  const at = (label: string): string => `${label}.x._cap.acme.example.`

  test('is answered by its alias, with the best of where it leads to, their addresses and OFFER about them', () => {
    const desk = new Desk(`${HEAD}${AGENTS}v1.x._cap AGENT 0 v3.x._cap\n`)
    const found = desk.ask(at('v1'), { demand: 'prefer=latency:1' })
    assert.deepEqual(found.answer, [`${at('v1')} 60 IN AGENT 0 ${at('v3')}`])
    assert.deepEqual(found.additional, [
      `${at('v3')} 60 IN AGENT 1 a._sa.acme.example. latency=1s`, `${at('v3')} 60 IN AGENT 2 b._sa.acme.example. latency=2s`,
      'a._sa.acme.example. 60 IN A 192.0.2.1', 'b._sa.acme.example. 60 IN A 192.0.2.2',
    ])
    assert.match(offerOf(found) ?? '', /^scores=[\d.]+,[\d.]+ .*scope=prefer$/)
    assert.deepEqual(desk.ask(at('v1'), { demand: 'count=1 prefer=latency:1' }).additional.length, 2)
    assert.deepEqual(desk.ask(at('v1'), { options: [[OPTION.DEMAND, '00']] }).rcode, 'FORMERR')
    assert.equal(desk.ask(at('v1'), { size: 512, demand: 'prefer=latency:1' }).flags, 'aa')
  })

  test('leads on from alias to alias, each with its owner', () => {
    const desk = new Desk(`${HEAD}${AGENTS}v1.x._cap AGENT 0 v2.x._cap\nv2.x._cap AGENT 0 v3.x._cap\n`)
    const { answer, additional } = desk.ask(at('v1'), { demand: 'count=1' })
    assert.deepEqual(answer, [`${at('v1')} 60 IN AGENT 0 ${at('v2')}`])
    assert.deepEqual(additional.slice(0, 2), [`${at('v2')} 60 IN AGENT 0 ${at('v3')}`, `${at('v3')} 60 IN AGENT 1 a._sa.acme.example. latency=1s`])
  })

  const ENDS: [what: string, records: string, ede: number | undefined][] = [
    ['to nothing', 'v1.x._cap AGENT 0 v9.x._cap\n', undefined],
    ['to itself', 'v1.x._cap AGENT 0 v1.x._cap\n', undefined],
    ['in a circle', 'v1.x._cap AGENT 0 v2.x._cap\nv2.x._cap AGENT 0 v1.x._cap\n', undefined],
    ['out of the zone', 'v1.x._cap AGENT 0 v1.x._cap.beta.test.\n', undefined],
    ['further than is followed', `${Array.from({ length: MAX_ALIAS_STEPS + 1 }, (_, i) => `v${i + 10}.x._cap AGENT 0 v${i + 11}.x._cap\n`).join('')}v1.x._cap AGENT 0 v10.x._cap\nv${MAX_ALIAS_STEPS + 11}.x._cap AGENT 1 a._sa\n`, undefined],
    ['to nobody who may be called', 'v1.x._cap AGENT 0 v3.x._cap\nv3.x._cap AGENT 1 a._sa accuracy=0.5\n', EDE.DEMAND_NOT_SATISFIABLE],
  ]
  for (const [what, records, ede] of ENDS) {
    test(`and leads ${what} is answered by its alias alone`, () => {
      const found = new Desk(`${HEAD}${records}`).ask(at('v1'), { demand: 'accuracy=0.9' })
      assert.deepEqual([found.rcode, found.answer.length, found.additional], ['NOERROR', 1, []])
      assert.equal(edeOf(found)?.[0], ede)
    })
  }

  test('never leads to agents of another capability, though lists are written over while it is followed', () => {
    const image = zoneOf(APEX, `${HEAD}v1.x._cap AGENT 0 v2.x._cap\nv2.x._cap AGENT 1 a._sa latency=1s\nv2.x._cap AGENT 1 b._sa latency=1s\n`)
    const { registrar } = registerZone(image)
    let isArmed = true
    const meanwhile = (): number => {
      if (!isArmed) return 0.5
      isArmed = false
      for (const label of ['a', 'b']) registrar.remove(Name.parse(at('v2')).wire, agentName(label))
      registrar.commit()
      for (let i = 0; i < 3; i++) {
        registrar.put({ owner: Name.parse(`v${i}.more._cap.${APEX}`).wire, rdata: agentRdata(`n${i}`), ttl: 60, leaseEndMs: Infinity })
        registrar.commit()
      }
      return 0.5
    }
    const chooser = new RankedChooser({ nowMs: () => BEGIN_MS, random: meanwhile })
    chooser.useTables([registrar.table.buffer])
    const converse = converserOf(serverOf([], { authority: new ZoneAuthority(new ZoneDirectory([image], SEED), SEED, chooser) }))
    assert.deepEqual(converse(`${at('v1')} AGENT`, { size: 1_232 }).additional, [])
    assert.ok(!isArmed)
  })

  test('asks for what those need that it leads to, too', () => {
    const desk = new Desk(`${HEAD}v1.x._cap AGENT 0 v3.x._cap\nv3.x._cap AGENT 1 a._sa depends=v1.y._cap.acme.example\nv1.y._cap AGENT 1 c._sa\nc._sa A 192.0.2.9\n`)
    const { additional } = desk.ask(at('v1'), { demand: 'closure' })
    assert.deepEqual(additional.map((line) => line.split(' ').slice(0, 4).join(' ')), [`${at('v3')} 60 IN AGENT`, 'v1.y._cap.acme.example. 60 IN AGENT', 'c._sa.acme.example. 60 IN A'])
  })
})
