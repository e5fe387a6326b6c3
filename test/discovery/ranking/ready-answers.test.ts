/**
 * Answers put together from pieces say the same as those that are planned and compressed anew, as they are for who comes by
 * an alias: whoever stands in the zone, whatever changes in it meanwhile, and however little room there is.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ZoneAuthority } from '../../../src/authority/answer.ts'
import { RankedChooser } from '../../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../../src/discovery/ranking/from-image.ts'
import { MAX_PIECE_OCTETS } from '../../../src/dns/limits-discovery.ts'
import { OPTION } from '../../../src/dns/codes.ts'
import { Name } from '../../../src/dns/name.ts'
import { RateLimit } from '../../../src/server/rate-limit.ts'
import { Server } from '../../../src/server/server.ts'
import { ZoneDirectory } from '../../../src/zone/directory.ts'
import type { ZoneImage } from '../../../src/zone/image.ts'
import { type Conversed, converserOf, serverOf, zoneOf } from '../../authority/ask.ts'
import { grant, SEED, ZONE as UPDATED } from '../../update/support.ts'
import { garden, type Garden } from '../support.ts'
import { APEX, Desk, HEAD, offerOf, V2, type Want } from './desk.ts'
import { BEGIN_MS, chance, demandOctets } from './hive.ts'

const CAP = `v1.x._cap.${APEX}`

/** What an answer says, without the alias by which it was asked for. */
function said({ rcode, flags, header, answer, authority, additional, edns }: Conversed): unknown {
  return { rcode, flags, header, answer: answer.filter((line) => !line.includes(' CNAME ')), authority, additional, options: edns?.options }
}

/** The same question by pieces and the long way, each of a desk of its own, so that chance and choices are the same. */
function both(text: string, name = CAP, want: Want = {}): { ready: Conversed; long: Conversed } {
  const [ready, long] = [name, `long.${APEX}`].map((asked) => {
    const desk = new Desk(`${text}long CNAME ${name}\n`)
    desk.ask(asked, want) // what is kept by now is used
    return desk.ask(asked, want)
  })
  return { ready, long }
}

describe('an answer from pieces', () => {
  const HOSTS = 'a._sa A 192.0.2.1\na._sa A 192.0.2.2\na._sa AAAA 2001:db8::1\nb._sa AAAA 2001:db8::2\n*.w._sa A 192.0.2.9\nd._sa TXT "no address"\nbelow NS ns\nx._sa.below A 192.0.2.66\n'
  const AGENTS = ['a._sa', 'b._sa', 'c.w._sa', 'd._sa', 'nobody._sa', 'x._sa.below', 'e._sa.beta.test.', 'F._SA'].map((agent, i) => `v1.x._cap AGENT ${i + 1} ${agent} latency=${i + 1}s ipv4hint=192.0.2.${i}`).join('\n')
  const CASES: [what: string, name: string, want: Want][] = [
    ['to who demands nothing', CAP, {}],
    ['to who demands one', CAP, { demand: 'count=1 prefer=latency:1' }],
    ['with DO, in a zone without signatures', CAP, { dnssec: true }],
    ['with OFFER', CAP, { demand: 'near=48,16 provider=x.test count=6' }],
    ['to an agent, over TCP', CAP, { ag: true, tcp: true }],
    ['without EDNS', CAP, { header: '' }],
    ['at an ancestor', `x._cap.${APEX}`, { demand: 'count=3' }],
    ['to nobody', CAP, { demand: 'accuracy=1' }],
    ['to a list of all', CAP, { demand: 'candidates' }],
    ['with what the chosen depend on', CAP, { demand: 'closure' }],
  ]
  for (const [what, name, want] of CASES) {
    test(`${what} says what the long way says`, () => {
      const { ready, long } = both(`${HEAD}${HOSTS}${AGENTS}\n`, name, want)
      assert.deepEqual(said(ready), said(long))
    })
  }

  test('to a name in other letters says the same, and its addresses by the names as they are registered', () => {
    const { ready, long } = both(`${HEAD}${HOSTS}${AGENTS}\n`, CAP.toUpperCase())
    assert.deepEqual(ready.answer, long.answer.slice(1))
    assert.deepEqual(ready.additional, long.additional.map((line) => line.replace(APEX.toUpperCase(), APEX)))
  })

  test('is shorter, as owners of addresses point to the names in the records of their agents (RFC 1035 4.1.4)', () => {
    const { ready, long } = both(`${HEAD}${HOSTS}${AGENTS}\n`)
    assert.ok(ready.octets < long.octets - 20, `${ready.octets} and ${long.octets} octets, of which the alias has some twenty`)
    assert.equal(ready.additional.length, 5)
  })

  test('however many agents, addresses and octets there are: the same where there is room, the best of them where nobody counts, TC else', () => {
    const agent = fc.record({ a: fc.integer({ min: 0, max: 3 }), aaaa: fc.integer({ min: 0, max: 2 }), isFar: fc.boolean(), pad: fc.integer({ min: 0, max: 300 }) })
    const size = fc.constantFrom(512, 700, 1_232, 4_096)
    const demand = fc.constantFrom(undefined, '', 'count=3', 'count=32', 'near=1,2 count=20', 'closure')
    fc.assert(fc.property(fc.array(agent, { minLength: 1, maxLength: 24 }), size, demand, fc.boolean(), (agents, udp, wanted, tcp) => {
      const lines = agents.map(({ a, aaaa, isFar, pad }, i) => [
        `v1.x._cap AGENT 1 g${i}._sa${isFar ? '.far.test.' : ''} latency=${i + 1}ms${pad > 0 ? ` endpoint=https://${'e'.repeat(pad)}.test/` : ''}`,
        ...(isFar ? [] : [...Array.from({ length: a }, (_, k) => `g${i}._sa A 192.0.${k}.${i}`), ...Array.from({ length: aaaa }, (_, k) => `g${i}._sa AAAA 2001:db8:${k}::${i}`)]),
      ].join('\n'))
      const { ready, long } = both(`${HEAD}${lines.join('\n')}\n`, CAP, { size: udp, tcp, ...(wanted !== undefined && { demand: wanted }) })
      if (tcp) return assert.deepEqual(said(ready), said(long))
      assert.ok(ready.octets <= udp)
      const count = wanted?.includes('count') === true ? Number(/count=(\d+)/.exec(wanted)?.[1]) : 8
      if (ready.flags === 'aa tc') return assert.deepEqual(ready.answer, [])
      assert.equal(ready.answer.length <= Math.min(count, agents.length), true)
      if (wanted?.includes('count') === true) assert.equal(ready.answer.length, Math.min(count, agents.length), 'who counts is given so many, or none')
      const whole = both(`${HEAD}${lines.join('\n')}\n`, CAP, { tcp: true, ...(wanted !== undefined && { demand: wanted }) }).ready
      assert.deepEqual(ready.answer, whole.answer.slice(0, ready.answer.length))
      for (const line of ready.additional) assert.ok(whole.additional.includes(line), line)
    }), { numRuns: 150 })
  })

  test('of a default answer that does not fit, the best with their addresses are sent instead of TC; who asks for so many is told by TC', () => {
    const lines = Array.from({ length: 8 }, (_, i) => `v1.x._cap AGENT 1 g${i}._sa latency=${i + 1}s endpoint=https://${'e'.repeat(120)}.test/\ng${i}._sa A 192.0.2.${i}`)
    const text = `${HEAD}${lines.join('\n')}\n`
    const { ready } = both(text, CAP, { size: 1_232, demand: 'prefer=latency:1' })
    assert.deepEqual([ready.flags, ready.answer.length, ready.additional.length], ['aa', 5, 5])
    assert.equal(/scores=([\d.,]+)/.exec(offerOf(ready) ?? '')?.[1].split(',').length, 5)
    const counted = both(text, CAP, { size: 1_232, demand: 'prefer=latency:1 count=8' }).ready
    assert.deepEqual([counted.flags, counted.answer.length], ['aa tc', 0])
  })

  test('of addresses that are signed though the zone is not, with their signatures, is planned as ever', () => {
    const { ready, long } = both(`${HEAD}v1.x._cap AGENT 1 a._sa\na._sa A 192.0.2.1\na._sa RRSIG A 13 2 60 20380101000000 20200101000000 1 acme.example. AAAA\n`, CAP, { dnssec: true })
    assert.deepEqual(said(ready), said(long))
    assert.equal(ready.additional.length, 2)
  })

  test(`is planned as ever where one agent has more than ${MAX_PIECE_OCTETS} octets, in its record or its addresses`, () => {
    for (const many of [`endpoint=https://${'e'.repeat(MAX_PIECE_OCTETS)}.test/`, '']) {
      const addresses = many === '' ? Array.from({ length: 30 }, (_, i) => `big._sa A 192.0.2.${i}`).join('\n') : 'big._sa A 192.0.2.1'
      const { ready, long } = both(`${HEAD}v1.x._cap AGENT 1 big._sa ${many}\nv1.x._cap AGENT 1 a._sa\na._sa A 192.0.2.77\n${addresses}\n`)
      assert.deepEqual(said(ready), said(long))
    }
  })

  test('gives each agent its own addresses, though pieces of many fall on one place', () => {
    const lines = Array.from({ length: 600 }, (_, i) => `v1.x._cap AGENT 1 g${i}._sa latency=100ms\ng${i}._sa A 10.0.${i >> 8}.${i & 255}${i % 2 === 0 ? '' : `\ng${i}._sa AAAA 2001:db8::${i}`}`)
    const desk = new Desk(`${HEAD}${lines.join('\n')}\n`)
    let ready = 0
    for (let round = 0; round < 150; round++) {
      desk.nowMs += 50
      const { answer, additional, octets } = desk.ask(CAP, { demand: 'count=32', tcp: true })
      const labels = answer.map((line) => /AGENT \d+ g(\d+)\._sa/.exec(line)?.[1] ?? assert.fail(line))
      assert.deepEqual(additional.filter((line) => line.includes(' A ')).map((line) => line.split(' ').at(-1)).sort(), labels.map((label) => `10.0.${Number(label) >> 8}.${Number(label) & 255}`).sort())
      assert.equal(additional.filter((line) => line.includes(' AAAA ')).length, labels.filter((label) => Number(label) % 2 === 1).length)
      for (const line of additional) {
        const [, label, high, low] = /^g(\d+)\._sa\.\S+ 60 IN A 10\.0\.(\d+)\.(\d+)$/.exec(line) ?? []
        if (label !== undefined) assert.equal(Number(label), Number(high) * 256 + Number(low), line)
      }
      if (octets < 3_000) ready++
    }
    assert.ok(ready > 100, `${ready} of 150 were put together from pieces`)
  })

  test('keeps up with agents that report, fail and change places', () => {
    const [ready, long] = [new Desk(), new Desk()]
    const alias = `alias.${APEX}`
    for (let round = 0; round < 200; round++) {
      for (const desk of [ready, long]) {
        desk.nowMs += 137
        desk.report(round % 2 === 0 ? 'fast' : 'slow', { active: (round * 7) % 6, state: round % 3 })
        if (round === 100) desk.hold('fast')
      }
      const demand = ['count=2', 'prefer=accuracy:1', ''][round % 3]
      assert.deepEqual(said(ready.ask(V2, { demand })), said(long.ask(alias, { demand })), `round ${round}`)
    }
  })
})

/** A zone that updates change, asked by pieces and the long way. */
class Plot {
  readonly running: Garden
  private readonly chooser: RankedChooser
  private readonly converse

  constructor(running: Garden, more: readonly ZoneImage[] = []) {
    this.running = running
    const { discovery, zone } = running
    const nowSeconds = (): number => Math.floor(discovery.nowMs() / 1_000)
    this.chooser = new RankedChooser({ nowMs: () => discovery.nowMs(), random: chance(1) })
    this.chooser.useTables(discovery.candidates.tablesFor([zone.image, ...more]))
    this.converse = converserOf(new Server({
      authority: new ZoneAuthority(new ZoneDirectory([zone.image, ...more], SEED), SEED, this.chooser), nowSeconds, leaseSeconds: nowSeconds, onFault: (fault) => { throw fault },
    }))
  }

  /** Records of answer and additional section, the same by both ways. */
  ask(name = 'v1.z._cap.example.'): string[] {
    const [ready, long] = [name, 'long.example.'].map((asked) => this.converse(`${asked} AGENT`, { size: 4_096 }))
    const records = ({ answer }: Conversed): string[] => answer.filter((line) => !line.includes(' CNAME ')).map((line) => line.replace(/AGENT \d+/, '')).sort()
    assert.deepEqual(records(ready), records(long))
    assert.deepEqual([...ready.additional].sort(), [...long.additional].sort())
    return [...ready.answer, ...ready.additional]
  }
}

describe('what changes in a zone is in the next answer', () => {
  test('addresses that come, change and go, and records that say something else', async () => {
    const running = await garden({ text: `${UPDATED}long 60 CNAME v1.z._cap\n`, grants: [grant()], discovery: { seed: SEED } })
    await running.send('add v1.z._cap.example. 60 AGENT 1 a._sa.example. latency=1s')
    const plot = new Plot(running)
    assert.deepEqual(plot.ask(), ['v1.z._cap.example. 60 IN AGENT 1 a._sa.example. latency=1s'])
    await running.send('add a._sa.example. 30 A 192.0.2.1')
    assert.deepEqual(plot.ask().slice(1), ['a._sa.example. 30 IN A 192.0.2.1'])
    await running.send('add a._sa.example. 30 A 192.0.2.2; add a._sa.example. 90 AAAA 2001:db8::1')
    assert.deepEqual(plot.ask().slice(1).sort(), ['a._sa.example. 30 IN A 192.0.2.1', 'a._sa.example. 30 IN A 192.0.2.2', 'a._sa.example. 90 IN AAAA 2001:db8::1'])
    await running.send('delete a._sa.example. A')
    assert.deepEqual(plot.ask().slice(1), ['a._sa.example. 90 IN AAAA 2001:db8::1'])
    await running.send('delete v1.z._cap.example. AGENT; add v1.z._cap.example. 60 AGENT 1 a._sa.example. latency=2s')
    assert.match(plot.ask()[0], /latency=2s$/)
    await running.send('delete v1.z._cap.example. AGENT; add v1.z._cap.example. 60 AGENT 1 b._sa.example. latency=2s')
    assert.deepEqual(plot.ask(), ['v1.z._cap.example. 60 IN AGENT 1 b._sa.example. latency=2s'])
  })

  test('agents of elsewhere that take each other\'s place, whose names are as long', async () => {
    const running = await garden({ text: `${UPDATED}long 60 CNAME v1.z._cap\n`, grants: [grant()], discovery: { seed: SEED } })
    await running.send('add v1.z._cap.example. 60 AGENT 1 a._sa.else.test.')
    const plot = new Plot(running)
    for (const label of 'abcdefgh') {
      assert.deepEqual(plot.ask(), [`v1.z._cap.example. 60 IN AGENT 1 ${label}._sa.else.test.`])
      const next = String.fromCharCode(label.charCodeAt(0) + 1)
      await running.send(`delete v1.z._cap.example. AGENT; add v1.z._cap.example. 60 AGENT 1 ${next}._sa.else.test.`)
    }
  })

  test('TTLs fall with the leases of records and of addresses, and rise when they are renewed (RFC 9664 4.2)', async () => {
    const running = await garden({ text: `${UPDATED}long 60 CNAME v1.z._cap\n`, grants: [grant()], discovery: { seed: SEED } })
    const lease = (): Promise<string> => running.lease('add v1.z._cap.example. 600 AGENT 1 a._sa.example.; add a._sa.example. 600 A 192.0.2.1; add a._sa.example. 10 AAAA 2001:db8::1; add t.example. 60 TXT "mixed"', { lease: 100 })
    await lease()
    const plot = new Plot(running)
    const ttls = (): number[] => plot.ask().map((line) => Number(line.split(' ')[1]))
    assert.deepEqual(ttls(), [100, 100, 10])
    await running.pass(60)
    assert.deepEqual(ttls(), [40, 40, 10])
    await lease()
    assert.deepEqual(ttls(), [100, 100, 10])
    await running.pass(95)
    assert.deepEqual(ttls(), [5, 5, 5])
    await running.pass(6)
    assert.deepEqual(plot.ask(), [])
  })

  test('zones beside each other are told apart, and one that takes the place of another is not taken for it', () => {
    const zone = (apex: string, address: string): ZoneImage => zoneOf(apex, `$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\na._sa A ${address}\nv1.x._cap AGENT 1 a._sa\n`)
    const chooser = new RankedChooser({ nowMs: () => BEGIN_MS, random: chance(1) })
    const asked = (zones: ZoneImage[]): string[] => {
      const sorted = [...zones]
      chooser.useTables(sorted.map((image) => registerZone(image).registrar.table.buffer))
      const converse = converserOf(serverOf([], { authority: new ZoneAuthority(new ZoneDirectory(sorted, SEED), SEED, chooser) }))
      return zones.flatMap((image) => {
        const apex = Name.fromWire(image.octets, image.foldedNameAt(image.apex)).toString()
        return [1, 2].flatMap(() => converse(`v1.x._cap.${apex} AGENT`, { size: 4_096 }).additional)
      })
    }
    const one = zone('a.test.', '192.0.2.11')
    const two = zone('b.test.', '192.0.2.22')
    const of = (apex: string, address: string): string => `a._sa.${apex} 60 IN A ${address}`
    assert.deepEqual(asked([one, two]), [of('a.test.', '192.0.2.11'), of('a.test.', '192.0.2.11'), of('b.test.', '192.0.2.22'), of('b.test.', '192.0.2.22')])
    assert.deepEqual(asked([two]), [of('b.test.', '192.0.2.22'), of('b.test.', '192.0.2.22')])
    assert.deepEqual(asked([zone('b.test.', '192.0.2.33')]), [of('b.test.', '192.0.2.33'), of('b.test.', '192.0.2.33')])
  })
})

test('OFFER has its room: an answer of which only the records would fit goes without addresses, not without OFFER', () => {
  const lines = Array.from({ length: 8 }, (_, i) => `v1.x._cap AGENT 1 g${i}._sa latency=${i + 1}s endpoint=https://agent-number-${i}.acme.example/a2a\ng${i}._sa A 192.0.2.${i}`)
  const text = `${HEAD}${lines.join('\n')}\n`
  for (let size = 600; size < 1_200; size += 7) {
    const { ready } = both(text, CAP, { size, demand: 'near=48,16' })
    assert.ok(ready.octets <= size)
    if (ready.flags === 'aa') assert.match(offerOf(ready) ?? '', /^scores=/)
  }
})

test('a response that slips by the rate limit is bare: no OFFER makes it worth forging an address', () => {
  const image = zoneOf(APEX, `${HEAD}${Array.from({ length: 32 }, (_, i) => `v1.x._cap AGENT 1 g${i}._sa`).join('\n')}\n`)
  const chooser = new RankedChooser({ nowMs: () => BEGIN_MS, random: chance(1) })
  chooser.useTables([registerZone(image).registrar.table.buffer])
  const rateLimit = new RateLimit({ responses: 1, slip: 1, windowSeconds: 5, allow: [] }, 7)
  const converse = converserOf(serverOf([], { rateLimit, authority: new ZoneAuthority(new ZoneDirectory([image], SEED), SEED, chooser) }))
  const ask = (): Conversed => converse(`${CAP} AGENT`, { size: 4_096, options: [[OPTION.DEMAND, Buffer.from(demandOctets('count=32 near=1,2')).toString('hex')]] })
  assert.match(offerOf(ask()) ?? '', /^scores=/)
  const slipped = ask()
  assert.deepEqual([slipped.flags, slipped.answer, offerOf(slipped)], ['aa tc', [], undefined])
})
