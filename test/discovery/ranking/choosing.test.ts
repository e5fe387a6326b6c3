/**
 * docs/protocol.md 4, from a query's octets to the response's: which agents are answered and in what order, with what
 * TTL, OFFER and addresses; why nobody is; and what stays as it was for askers and names that are not about agents.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EDE, OPTION } from '../../../src/dns/codes.ts'
import { DEFAULT_RANKED_ANSWERS } from '../../../src/dns/limits-discovery.ts'
import { converser } from '../../authority/ask.ts'
import { APEX, Desk, edeOf, HEAD, offerOf, V2, type Want, ZONE } from './desk.ts'
import { BEGIN_MS, demandOctets, outcomeText } from './hive.ts'

describe('who is answered, in what order', () => {
  const CASES: [what: string, name: string, demand: string | undefined, order: string[]][] = [
    ['nothing demanded: the fastest leads, by the weights of ranking.md', V2, undefined, ['fast', 'safe', 'slow']],
    ['a bound on accuracy takes out who falls short', V2, 'accuracy=0.9', ['safe', 'slow']],
    ['what is preferred decides', V2, 'prefer=accuracy:1', ['slow', 'safe', 'fast']],
    ['count cuts', V2, 'count=1 prefer=accuracy:1', ['slow']],
    ['the failed one of a switch is avoided', V2, 'avoid=fast._sa.acme.example', ['safe', 'slow']],
    ['security is a label below as well as a parameter', `mtls.${V2}`, undefined, ['safe']],
    ['an ancestor that holds no record asks for all below it', `text.nlp._cap.${APEX}`, 'prefer=latency:1', ['fast', 'safe', 'slow']],
    ['the top of all capabilities', `_cap.${APEX}`, 'region=eu', ['slow']],
    ['names are asked in any case (RFC 4343 3)', `V2.Translate.TEXT.nlp._CAP.${APEX}`, 'count=1', ['fast']],
    ['an alias (RFC 1034 3.6.2) leads to the capability', `alias.${APEX}`, 'count=1', ['fast']],
  ]
  for (const [what, name, demand, order] of CASES) {
    test(what, () => {
      const desk = new Desk()
      const found = desk.ask(name, demand === undefined ? {} : { demand })
      assert.deepEqual(found.answer.filter((line) => !line.includes('CNAME')).map((line) => line.split(' ')[5].split('.')[0]), order)
      assert.deepEqual([found.rcode, found.flags, found.authority], ['NOERROR', 'aa', []])
    })
  }

  test('priorities count from 1 in the order of rank, the rest of RDATA is as registered, the owner as asked', () => {
    assert.deepEqual(new Desk().ask(V2.toUpperCase(), { demand: 'prefer=accuracy:1' }).answer, [
      `${V2.toUpperCase()} 60 IN AGENT 1 slow._sa.acme.example. latency=900ms accuracy=0.99 concurrency=4 region=eu`,
      `${V2.toUpperCase()} 60 IN AGENT 2 safe._sa.beta.test. latency=400ms accuracy=0.95 security=mtls`,
      `${V2.toUpperCase()} 60 IN AGENT 3 fast._sa.acme.example. latency=90ms accuracy=0.8 concurrency=4 region=us`,
    ])
  })

  test('addresses of the chosen that the zone holds are in the additional section, of no other', () => {
    const desk = new Desk()
    assert.deepEqual(desk.ask(V2, { demand: 'count=1' }).additional, ['fast._sa.acme.example. 60 IN A 192.0.2.10'])
    assert.deepEqual(desk.ask(V2, { demand: 'region=eu' }).additional, ['slow._sa.acme.example. 60 IN A 192.0.2.20', 'slow._sa.acme.example. 60 IN AAAA 2001:db8::20'])
  })

  test('an agent that reports to be full goes behind those with room, and comes back with its next report', () => {
    const desk = new Desk()
    desk.report('fast', { active: 40 })
    assert.equal(desk.order(V2, { demand: 'prefer=latency:1' }).at(-1), 'fast')
    desk.nowMs += 1_000
    desk.report('fast', { active: 0 })
    assert.equal(desk.order(V2, { demand: 'prefer=latency:1' })[0], 'fast')
  })

  test('8 are answered unless count says otherwise; more than the message holds are truncated (RFC 2181 9)', () => {
    const desk = new Desk(`${HEAD}${Array.from({ length: 40 }, (_, i) => `v1.x._cap AGENT 1 a${i}._sa latency=${i + 1}s endpoint=https://agent-${i}.acme.example/a2a`).join('\n')}\n`)
    const name = `v1.x._cap.${APEX}`
    assert.equal(desk.order(name).length, DEFAULT_RANKED_ANSWERS)
    assert.deepEqual(desk.order(name, { demand: 'count=3 prefer=latency:1' }), ['a0', 'a1', 'a2'])
    assert.equal(desk.order(name, { demand: 'count=255', tcp: true }).length, 32)
    const cut = desk.ask(name, { demand: 'count=32', size: 512 })
    assert.deepEqual([cut.flags, cut.answer], ['aa tc', []])
  })

  test('choosing counts: askers one after the other do not all meet the same of two equals', () => {
    const desk = new Desk(`${HEAD}v1.x._cap AGENT 1 a._sa latency=1s concurrency=1\nv1.x._cap AGENT 1 b._sa latency=1s concurrency=1\n`)
    const firsts = Array.from({ length: 10 }, () => desk.order(`v1.x._cap.${APEX}`)[0])
    assert.deepEqual([firsts.filter((label) => label === 'a').length, firsts.filter((label) => label === 'b').length], [5, 5])
  })
})

describe('why nobody is answered', () => {
  const all = ['fast', 'slow']
  const V2_ALONE = ZONE.split('\n').filter((line) => !line.startsWith('mtls')).join('\n')
  const CASES: [what: string, prepare: (desk: Desk) => void, demand: string | undefined, code: number, text: string][] = [
    ['none can do it', () => undefined, 'accuracy=0.999', EDE.DEMAND_NOT_SATISFIABLE, 'most fall short of accuracy'],
    ['only one provider is wished', () => undefined, 'only-provider=beta.example', EDE.DEMAND_NOT_SATISFIABLE, 'most fall short of only-provider'],
    ['all are avoided', () => undefined, 'avoid=fast._sa.acme.example,slow._sa.acme.example', EDE.DEMAND_NOT_SATISFIABLE, 'most fall short of avoid'],
    ['all are held', (desk) => all.forEach((label) => desk.hold(label)), undefined, EDE.HELD_EXCLUSIVELY, ''],
    ['all have failed', (desk) => all.forEach((label) => desk.fail(label)), undefined, EDE.NO_LIVE_AGENT, ''],
    ['all leases are past', (desk) => [...desk.table.f64.leaseEndMs.keys()].forEach((slot) => (desk.table.f64.leaseEndMs[slot] = BEGIN_MS)), undefined, EDE.LEASE_EXPIRED, ''],
    ['one is held, one cannot do it', (desk) => desk.hold('fast'), 'accuracy=0.999', EDE.DEMAND_NOT_SATISFIABLE, 'most fall short of accuracy'],
  ]
  for (const [what, prepare, demand, code, text] of CASES) {
    test(`${what}: NODATA with the SOA (RFC 2308 2.2), and an Extended DNS Error`, () => {
      const desk = new Desk(V2_ALONE)
      prepare(desk)
      const found = desk.ask(V2, demand === undefined ? {} : { demand })
      assert.deepEqual([found.rcode, found.flags, found.answer, found.additional], ['NOERROR', 'aa', [], []])
      assert.match(found.authority.join(), /^acme\.example\. 60 IN SOA /)
      assert.deepEqual(edeOf(found), [code, text])
    })
  }

  test('an asker without EDNS gets the same, without its reason', () => {
    const desk = new Desk(V2_ALONE)
    all.forEach((label) => desk.fail(label))
    const { answer, rcode, edns } = desk.ask(V2, { header: '' })
    assert.deepEqual([answer, rcode, edns?.options.length], [[], 'NOERROR', 1])
  })
})

describe('OFFER', () => {
  test('comes for DEMAND or AG and for nobody else', () => {
    const desk = new Desk()
    assert.equal(offerOf(desk.ask(V2)), undefined)
    assert.match(offerOf(desk.ask(V2, { ag: true })) as string, /^scores=[\d.,]+ ages=none,none,none states=idle,idle,idle$/)
    assert.match(offerOf(desk.ask(V2, { demand: '' })) as string, /^scores=/)
  })

  test('tells scores in the order of the answer, ages of readings, states, and the keys that shaped it', () => {
    const desk = new Desk()
    desk.report('slow', { active: 1, state: 2 })
    desk.nowMs += 700
    const offer = offerOf(desk.ask(V2, { demand: 'accuracy=0.9 outcome=none._sa.acme.example/done/5ms/0/2026-01-01T00:00:00Z prefer=accuracy:1' })) as string
    const [, scores] = /^scores=([\d.,]+) ages=700ms,none states=occupied,idle scope=accuracy,prefer$/.exec(offer) ?? assert.fail(offer)
    const [first, second] = scores.split(',').map(Number)
    assert.ok(first > second && second > 0.5 && first <= 1, scores)
  })

  test('tells which wishes were not met, by their place in DEMAND', () => {
    const offer = offerOf(new Desk().ask(V2, { demand: 'latency=5s provider=none.example near=1,2 prefer=latency:1 max-age=1s' }))
    assert.match(offer as string, /unmet=14,14,14 scope=latency,provider,location,max-age,prefer/)
  })

  test('tells the scope of an answer of nobody, too', () => {
    assert.equal(offerOf(new Desk().ask(V2, { demand: 'accuracy=1' })), 'scope=accuracy')
  })
})

describe('TTLs', () => {
  const CASES: [what: string, prepare: (desk: Desk) => void, ttl: number][] = [
    ['as the zone has it where nothing is known to change', () => undefined, 60],
    ['no longer than what is left of the shortest lease', (desk) => (desk.table.f64.leaseEndMs[0] = desk.nowMs + 7_900), 7],
    ['of one that reports, until its next report is due', (desk) => desk.report('slow', { active: 0 }), 10],
    ['of one whose report is late, a second', (desk) => (desk.report('slow', { active: 0 }), desk.nowMs += 12_000), 1],
  ]
  for (const [what, prepare, ttl] of CASES) {
    test(`${what}, the same for all (RFC 2181 5.2)`, () => {
      const desk = new Desk(ZONE.split('\n').filter((line) => !line.startsWith('mtls')).join('\n'))
      prepare(desk)
      assert.deepEqual(desk.ask(V2).answer.map((line) => Number(line.split(' ')[1])), [ttl, ttl])
    })
  }
})

describe('what stays as it was', () => {
  test('other types, the alias form, wildcards, and names that are none', () => {
    const desk = new Desk()
    const plain = converser([desk.image])
    for (const question of [`${V2} TXT`, `x.wild._cap.${APEX} AGENT`, `none._cap.${APEX} AGENT`, `${APEX} AGENT`, `${V2} ANY`, 'elsewhere.test. AGENT']) {
      const [name, type] = question.split(' ')
      const { message: _, ...found } = desk.ask(name, { demand: 'accuracy=0.9', tcp: true }, type)
      const { message: __, ...expected } = plain(question, { size: 4_096, tcp: true, options: [[OPTION.DEMAND, Buffer.from(demandOctets('accuracy=0.9')).toString('hex')]] })
      assert.deepEqual(found, expected, question)
    }
  })

  test('a zone that was signed beforehand is answered whole, as its signatures are for the RRset whole (RFC 4035 3.1.1)', () => {
    const signature = (type: string): string => `RRSIG ${type} 8 2 60 20300101000000 20200101000000 1 acme.example. AAAA`
    const desk = new Desk(`${ZONE}@ ${signature('SOA')}\n@ DNSKEY 257 3 8 AAAA\n`)
    assert.deepEqual(desk.ask(V2, { demand: 'count=1 accuracy=0.9' }).answer.map((line) => line.split(' ')[4]), ['7', '9'])
  })

  describe('beside the records of such a zone OFFER tells the order', () => {
    const SIGNATURE = 'RRSIG SOA 8 2 60 20300101000000 20200101000000 1 acme.example. AAAA'
    const signed = (records: string): Desk => new Desk(`${HEAD}@ ${SIGNATURE}\n${records}\n`)
    const THREE = 'v1.x._cap AGENT 7 a._sa latency=2s accuracy=0.99\nv1.x._cap AGENT 1 b._sa latency=100ms accuracy=0.8\nv1.x._cap AGENT 1 c._sa latency=1s accuracy=0.9\n'
    const CAP = `v1.x._cap.${APEX}`
    /** Labels of the records as they stand, and their scores. */
    const scores = (desk: Desk, demand: string): [string, number][] => {
      const found = desk.ask(CAP, { demand })
      const told = /scores=([\d.,]+)/.exec(offerOf(found) ?? '')?.[1].split(',').map(Number) ?? []
      const labels = found.answer.map((line) => line.split(' ')[5].split('.')[0])
      assert.equal(told.length, labels.length)
      return labels.map((label, i) => [label, told[i]])
    }
    const order = (desk: Desk, demand: string): string[] => scores(desk, demand).filter(([, score]) => score > 0).sort(([, a], [, b]) => b - a).map(([label]) => label)

    test('as an answer would have it, by the same demand; who does not meet it, and who has failed, has 0', () => {
      const desk = signed(THREE)
      assert.deepEqual(order(desk, 'prefer=latency:1'), ['b', 'c', 'a'])
      assert.deepEqual(order(desk, 'prefer=accuracy:1'), ['a', 'c', 'b'])
      assert.deepEqual(order(desk, 'accuracy=0.9 prefer=latency:1'), ['c', 'a'])
      assert.deepEqual(order(desk, 'count=1 prefer=latency:1'), ['b'])
      desk.fail('b')
      assert.deepEqual(order(desk, 'prefer=latency:1'), ['c', 'a'])
      assert.deepEqual(scores(desk, 'accuracy=1').map(([, score]) => score), [0, 0, 0])
    })

    test('readings, states and wishes are told by record, and what shaped the order', () => {
      const desk = signed(THREE)
      desk.report('c', { active: 1, state: 2 }, CAP)
      desk.nowMs += 300
      const found = desk.ask(CAP, { demand: 'near=48,16 closure intent="x" candidates' })
      const at = found.answer.findIndex((line) => line.includes('c._sa'))
      const offer = offerOf(found) ?? ''
      const list = (name: string): string | undefined => new RegExp(`${name}=(\\S+)`).exec(offer)?.[1].split(',')[at]
      assert.deepEqual([list('ages'), list('states'), list('unmet')], ['300ms', 'occupied', '1'])
      assert.match(offer, / scope=location$/)
    })

    test('of near-equals the draw is in the scores: each of them leads in turn', () => {
      const desk = signed('v1.x._cap AGENT 1 a._sa latency=1s\nv1.x._cap AGENT 1 b._sa latency=1s\n')
      const firsts = new Set(Array.from({ length: 20 }, () => order(desk, '')[0]))
      assert.deepEqual([...firsts].sort(), ['a', 'b'])
      for (const [one, two] of Array.from({ length: 20 }, () => scores(desk, ''))) assert.notEqual(one[1], two[1])
    })

    test('an alias has 0, and so has what lies below the name no part in it; without DEMAND or AG nothing is told', () => {
      const desk = signed(`${THREE}mtls.v1.x._cap AGENT 1 d._sa latency=1ms\nv1.y._cap AGENT 0 v1.x._cap\n`)
      assert.deepEqual(order(desk, 'prefer=latency:1'), ['b', 'c', 'a'])
      assert.equal(offerOf(desk.ask(CAP)), undefined)
      assert.match(offerOf(desk.ask(CAP, { ag: true })) ?? '', /^scores=/)
      assert.equal(offerOf(desk.ask(`x._cap.${APEX}`, { demand: '' })), undefined, 'where no record stands')
      assert.equal(offerOf(desk.ask(`v1.y._cap.${APEX}`, { demand: '' })), undefined)
      assert.equal(desk.ask(CAP, { options: [[OPTION.DEMAND, '00']] }).rcode, 'FORMERR')
    })

    test('whoever stands below the name takes nobody\'s place: the best of those that are answered lead, however few are wanted', () => {
      const below = Array.from({ length: 200 }, (_, i) => `mtls.v1.x._cap AGENT 1 d${i}._sa latency=1ms`).join('\n')
      const desk = signed(`${THREE}${below}\n`)
      assert.deepEqual(order(desk, 'prefer=latency:1'), ['b', 'c', 'a'])
      assert.deepEqual(order(desk, 'prefer=latency:1 count=1'), ['b'])
    })

    test('states are those at the capability that is asked for, of whoever offers others too', () => {
      const desk = signed(`${THREE}v1.y._cap AGENT 1 c._sa\nv1.z._cap AGENT 1 c._sa\n`)
      desk.report('c', { active: 1, state: 2 }, CAP)
      const found = desk.ask(CAP, { demand: 'accuracy=0.99' })
      const at = found.answer.findIndex((line) => line.includes('c._sa'))
      assert.equal(/states=(\S+)/.exec(offerOf(found) ?? '')?.[1].split(',')[at], 'occupied')
    })

    test('is not confused by the same question at another name, at the same moment', () => {
      const desk = signed(`${THREE}v1.y._cap AGENT 1 e._sa latency=5s\nv1.y._cap AGENT 1 f._sa latency=1s\nv1.y._cap AGENT 1 g._sa latency=3s\n`)
      assert.deepEqual(order(desk, 'prefer=latency:1'), ['b', 'c', 'a'])
      const other = desk.ask(`v1.y._cap.${APEX}`, { demand: 'prefer=latency:1' })
      const scores = /scores=([\d.,]+)/.exec(offerOf(other) ?? '')?.[1].split(',').map(Number) ?? []
      assert.deepEqual(other.answer.map((line, i): [string, number] => [line.split(' ')[5][0], scores[i]]).sort(([, a], [, b]) => b - a).map(([label]) => label), ['f', 'g', 'e'])
    })

    test('comes each time for who is led there by an alias, and a malformed DEMAND is FORMERR each time', () => {
      const desk = signed(`long CNAME v1.x._cap\n${THREE}`)
      for (let i = 0; i < 5; i++) {
        assert.match(offerOf(desk.ask(`long.${APEX}`, { ag: true })) ?? '', /^scores=/, `question ${i}`)
        assert.equal(desk.ask(`long.${APEX}`, { options: [[OPTION.DEMAND, '00']] }).rcode, 'FORMERR')
      }
    })

    test('of many records the first 32 are told of', () => {
      const desk = signed(Array.from({ length: 40 }, (_, i) => `v1.x._cap AGENT 1 a${i}._sa latency=${i + 1}ms`).join('\n'))
      const found = desk.ask(CAP, { demand: '', tcp: true })
      assert.deepEqual([found.answer.length, /scores=([\d.,]+)/.exec(offerOf(found) ?? '')?.[1].split(',').length], [40, 32])
    })
  })

  test('a DEMAND that cannot be read is FORMERR, whoever it is about; on another type it is not looked at', () => {
    const desk = new Desk()
    for (const [hex, text] of [['00', 'ends in the midst of a key'], ['ff14', 'ends in the midst of a key'], ['ff14000400', 'ends in the midst of a key'], ['ff140001ff', 'latency cannot be read'], ['ff150002ffff', 'accuracy cannot be read'], ['ffff0000', '65535 is no key']]) {
      const found = desk.ask(V2, { options: [[OPTION.DEMAND, hex]] })
      assert.deepEqual([found.rcode, found.flags, found.answer, edeOf(found)], ['FORMERR', '', [], [EDE.OTHER, `DEMAND: ${text}`]], hex)
      assert.equal(desk.ask(V2, { options: [[OPTION.DEMAND, hex]] }, 'TXT').rcode, 'NOERROR')
    }
  })

  test('any octets as DEMAND are answered or FORMERR, and never a fault', () => {
    const desk = new Desk()
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const { rcode, answer } = desk.ask(V2, { options: [[OPTION.DEMAND, Buffer.from(octets).toString('hex')]] })
      assert.ok(rcode === 'NOERROR' || (rcode === 'FORMERR' && answer.length === 0), rcode)
    }), { numRuns: 300 })
  })

  test('what became of earlier choices is passed on once for each question that tells it, whoever is answered', () => {
    const desk = new Desk()
    const outcome = `outcome=${outcomeText('fast')}`
    const value = Buffer.from(demandOctets(outcome).subarray(4)).toString('hex')
    const told = (name: string, demand: string | undefined, more: Want = {}): string[] => {
      desk.outcomes.length = 0
      desk.ask(name, { ...(demand !== undefined && { demand }), ...more })
      return desk.outcomes.map((line) => line.split(' ')[2])
    }
    assert.deepEqual(told(V2, outcome), [value])
    assert.deepEqual(told(`nlp._cap.${APEX}`, `count=1 ${outcome}`), [value])
    assert.deepEqual(told(V2, `accuracy=1 ${outcome}`), [value], 'nobody is answered')
    for (const demand of [undefined, '', 'count=1']) assert.deepEqual(told(V2, demand), [])
    assert.deepEqual(told(`v9.none._cap.${APEX}`, outcome), [], 'nothing is chosen there')
    assert.deepEqual(told(V2, undefined, { options: [[OPTION.DEMAND, 'ff460001ff']] }), [], 'what is malformed is FORMERR')
  })
})
