/**
 * Who is near whom an asker works with (docs/ranking.md, `peer` and `group` of a demand): by addresses as the zone has them,
 * by hints where it has none, by places; and who may be chosen by the group that holds him.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MAX_ADDRESSES_COMPARED, MAX_COMPANY_MEMBERS, MAX_COMPANY_NETWORKS } from '../../../src/dns/limits-discovery.ts'
import { WISH } from '../../../src/discovery/ranking/demand.ts'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { Desk, HEAD, offerOf } from './desk.ts'

const CAP = 'v1.x._cap.acme.example.'

/** Labels of the agents that the wish is met by; all of them are answered. */
function near(records: string, wish: string, more = ''): string[] {
  const desk = new Desk(`${HEAD}${records}\n`)
  const found = desk.ask(CAP, { demand: `count=32 ${wish}${more}`, tcp: true })
  const unmet = /unmet=([\d,]+)/.exec(offerOf(found) ?? '')?.[1].split(',').map(Number) ?? assert.fail('no unmet')
  const labels = found.answer.map((line) => line.split(' ')[5].split('.')[0])
  assert.equal(labels.length, unmet.length)
  return labels.filter((_, i) => unmet[i] === 0).sort()
}

const TWO = 'v1.x._cap AGENT 1 here._sa latency=1s\nv1.x._cap AGENT 1 there._sa latency=1s\n'

describe('a peer', () => {
  const CASES: [what: string, records: string, peer: string, met: string[]][] = [
    ['is near by 24 bits of IPv4', 'here._sa A 192.0.2.7\nthere._sa A 192.0.3.7', '192.0.2.250', ['here']],
    ['is near by 48 bits of IPv6', 'here._sa AAAA 2001:db8:1:2::7\nthere._sa AAAA 2001:db8:2:2::7', '2001:db8:1:ffff::1', ['here']],
    ['of either family, of several', 'here._sa A 192.0.2.7\nthere._sa AAAA 2001:db8:2::7', '198.51.100.1,192.0.2.9,2001:db8:2::1', ['here', 'there']],
    ['is near by any address of an agent', 'here._sa A 198.51.100.1\nhere._sa A 192.0.2.7\nthere._sa A 198.51.100.2', '192.0.2.1', ['here']],
    ['is near by no first octets of the other family', 'here._sa AAAA c000:200::1\nthere._sa A 192.0.2.1', '192.0.2.77', ['there']],
    ['is near to a name that a wildcard stands for', '*._sa A 192.0.2.7', '192.0.2.1', ['here', 'there']],
    ['is not near by an address below a zone cut', 'there._sa NS ns\nthere._sa A 192.0.2.7\nhere._sa A 192.0.2.8', '192.0.2.1', ['here']],
    ['is near nobody of whom no address is known', '', '192.0.2.1', []],
  ]
  for (const [what, records, peer, met] of CASES) test(what, () => assert.deepEqual(near(TWO + records, `peer=${peer}`), met))

  test('is near by the hints of an offer where the zone has no address, and only there', () => {
    const hinted = (label: string): string => `v1.x._cap AGENT 1 ${label} latency=1s ipv4hint=198.51.100.1,192.0.2.7 ipv6hint=2001:db8:1::7\n`
    assert.deepEqual(near(`${hinted('far._sa.else.test.')}${hinted('here._sa')}here._sa A 203.0.113.1`, 'peer=192.0.2.1'), ['far'])
    assert.deepEqual(near(hinted('far._sa.else.test.'), 'peer=2001:db8:1::1'), ['far'])
    assert.deepEqual(near(hinted('far._sa.else.test.'), 'peer=203.0.113.1'), [])
  })

  test('near is worth its bonus, and decides between equals', () => {
    for (const [peer, first] of [['192.0.2.1', 'here'], ['198.51.100.1', 'there']]) {
      const desk = new Desk(`${HEAD}${TWO}here._sa A 192.0.2.7\nthere._sa A 198.51.100.7\n`)
      const found = desk.ask(CAP, { demand: `peer=${peer}` })
      const scores = /scores=([\d.]+),([\d.]+)/.exec(offerOf(found) ?? '')?.slice(1).map(Number) ?? []
      assert.equal(found.answer[0].split(' ')[5].split('.')[0], first)
      assert.ok(Math.abs(scores[0] - scores[1] - DEFAULT_RANKING.peerBonus) < 0.0002, String(scores))
    }
  })

  test('an address that changes in the zone counts from then on: what the last asker was told is not remembered', () => {
    const records = `${TWO}here._sa A 192.0.2.7\n`
    assert.deepEqual(near(records, 'peer=192.0.2.1'), ['here'])
    assert.deepEqual(near(records.replace('192.0.2.7', '198.51.100.7'), 'peer=192.0.2.1'), [])
  })

  test(`of an agent with many addresses the first ${MAX_ADDRESSES_COMPARED} are compared`, () => {
    const many = Array.from({ length: MAX_ADDRESSES_COMPARED + 3 }, (_, i) => `here._sa A 10.0.${i}.1`).join('\n')
    assert.deepEqual(near(`${TWO}${many}`, 'peer=10.0.0.9'), ['here'])
    assert.deepEqual(near(`${TWO}${many}`, `peer=10.0.${MAX_ADDRESSES_COMPARED + 2}.9`), [])
  })

  test(`${MAX_COMPANY_NETWORKS} networks count, those named twice once`, () => {
    const list = (count: number): string => Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 255}.1,10.${i >> 8}.${i & 255}.2`).join(',')
    const at = (i: number): string => `${TWO}here._sa A 10.0.${i}.77`
    assert.deepEqual(near(at(MAX_COMPANY_NETWORKS - 1), `peer=${list(MAX_COMPANY_NETWORKS + 5)}`), ['here'])
    assert.deepEqual(near(at(MAX_COMPANY_NETWORKS), `peer=${list(MAX_COMPANY_NETWORKS + 5)}`), [])
  })

  test('any octets of a list of addresses are compared or FORMERR, and never a fault', () => {
    const desk = new Desk(`${HEAD}${TWO}here._sa A 192.0.2.7\n`)
    fc.assert(fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 17 }), { maxLength: 8 }), (parts) => {
      const value = Buffer.concat(parts)
      const option = Buffer.concat([Buffer.of(0xff, 0x3e, value.length >> 8, value.length & 255), value])
      const { rcode } = desk.ask(CAP, { options: [[65440, option.toString('hex')]] })
      assert.ok(rcode === 'NOERROR' || rcode === 'FORMERR', rcode)
    }), { numRuns: 300 })
  })
})

describe('a group', () => {
  const GROUP = 'group=t._task.acme.example'
  const CASES: [what: string, records: string, met: string[]][] = [
    ['is near by the address of a member', 't._task TASK 2 lead._sa\nlead._sa A 192.0.2.1\nhere._sa A 192.0.2.7\nthere._sa A 198.51.100.7', ['here']],
    ['is near by the peers that its records name', 't._task TASK 2 lead._sa.else.test. peer=192.0.2.9\nhere._sa A 192.0.2.7', ['here']],
    ['is near to a member itself', 't._task TASK 0 there._sa\nthere._sa A 198.51.100.7\nhere._sa A 192.0.2.7', ['there']],
    ['is a name in any case (RFC 4343 3)', 'T._TASK TASK 2 LEAD._sa\nlead._sa A 192.0.2.1\nhere._sa A 192.0.2.7', ['here']],
    ['that has no members is near nobody', 'u._task TASK 2 here._sa\nhere._sa A 192.0.2.7', []],
    ['whose members are unknown is near nobody', 't._task TASK 2 lead._sa.else.test.\nhere._sa A 192.0.2.7', []],
  ]
  for (const [what, records, met] of CASES) test(what, () => assert.deepEqual(near(TWO + records, GROUP), met))

  test('is near within 1,000 km of a member that tells its place in a registration', () => {
    const records = [
      'v1.lead._cap AGENT 1 lead._sa location=48.2,16.4', 't._task TASK 2 lead._sa',
      'v1.x._cap AGENT 1 graz._sa location=47.1,15.4', 'v1.x._cap AGENT 1 sydney._sa location=-33.9,151.2', 'v1.x._cap AGENT 1 nowhere._sa',
    ]
    assert.deepEqual(near(records.join('\n'), GROUP), ['graz'])
  })

  test(`has the company of its first ${MAX_COMPANY_MEMBERS} members`, () => {
    const members = Array.from({ length: MAX_COMPANY_MEMBERS + 1 }, (_, i) => `t._task TASK 2 m${String.fromCharCode(97 + i)}._sa\nm${String.fromCharCode(97 + i)}._sa A 10.1.${i}.1`)
    const at = (i: number): string => `${TWO}${members.join('\n')}\nhere._sa A 10.1.${i}.7`
    const met = Array.from({ length: MAX_COMPANY_MEMBERS + 1 }, (_, i) => near(at(i), GROUP).length)
    assert.equal(met.reduce((sum, one) => sum + one, 0), MAX_COMPANY_MEMBERS)
  })

  test('outside of the zone is looked for nowhere', () => assert.deepEqual(near(`${TWO}here._sa A 192.0.2.7`, 'group=t._task.else.test'), []))

  test('and peers are two wishes, in the order of the demand', () => {
    const desk = new Desk(`${HEAD}${TWO}here._sa A 192.0.2.7\nthere._sa A 198.51.100.7\nt._task TASK 2 lead._sa.else.test. peer=198.51.100.1\n`)
    const offer = offerOf(desk.ask(CAP, { demand: `latency=5s peer=192.0.2.1 ${GROUP} prefer=accuracy:1` })) ?? ''
    assert.match(offer, /unmet=(?:4,2|2,4) scope=latency,peer,group,prefer$/)
    assert.equal(WISH.group, 4)
  })

  test('counts for what the chosen depend on, too', () => {
    const records = 'v1.x._cap AGENT 1 here._sa depends=v1.y._cap.acme.example\nv1.y._cap AGENT 1 near._sa latency=1s\nv1.y._cap AGENT 1 far._sa latency=1s\n'
    const desk = new Desk(`${HEAD}${records}near._sa A 192.0.2.7\nfar._sa A 198.51.100.7\nlead._sa A 192.0.2.1\nt._task TASK 2 lead._sa\n`)
    const { additional } = desk.ask(CAP, { demand: `closure count=1 ${GROUP}` })
    assert.match(additional.find((line) => line.includes('AGENT')) ?? '', /AGENT 1 near\._sa/)
  })
})
