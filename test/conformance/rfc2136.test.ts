/**
 * RFC 2136, section 2 and 3: what a primary server does with an UPDATE, sentence by sentence. Each test is named by the sentence and
 * shows it on a zone in service; what leaves an update undone must leave the zone as it was, serial included.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import type { DnsRecord, Message } from '../../src/dns/message.ts'
import { bench, grant, raw, rec, script, updateMessage, anybody, signed, MapKeeper, type Bench } from '../update/support.ts'

/** The RCODE of an update and what it changed: `NOERROR +[…] -[…]`; the SOA, whose serial moves, is left out. */
async function outcome(update: string | Message, parts: Parameters<typeof bench>[0] = {}): Promise<{ rcode: string; added: string[]; removed: string[]; steps: number; bench: Bench }> {
  const running = await bench(parts)
  const before = running.records()
  const serial = running.serial()
  const rcode = await running.send(update)
  const after = running.records()
  const isPlain = (line: string): boolean => !line.includes(' SOA ')
  return {
    rcode,
    added: after.filter((line) => isPlain(line) && !before.includes(line)),
    removed: before.filter((line) => isPlain(line) && !after.includes(line)),
    steps: running.serial() - serial,
    bench: running,
  }
}

/** An update that must end with `rcode` and change nothing at all. */
async function leavesAsItWas(update: string | Message, rcode: string, parts: Parameters<typeof bench>[0] = {}): Promise<void> {
  const done = await outcome(update, parts)
  assert.equal(done.rcode, rcode)
  assert.deepEqual([done.added, done.removed, done.steps, done.bench.keeper.calls], [[], [], 0, 0])
}

const HARMLESS = rec('added.example. 60 IN A 192.0.2.77')
const withPrerequisite = (record: DnsRecord): Message => updateMessage({ prerequisites: [record], updates: [HARMLESS] })
const withUpdate = (...records: DnsRecord[]): Message => updateMessage({ updates: records })

describe('RFC 2136 3.1: the zone section', () => {
  test('3.1.1: exactly one RR in the zone section, else FORMERR', async () => {
    const none = updateMessage({ updates: [HARMLESS] })
    await leavesAsItWas({ ...none, questions: [] }, 'FORMERR')
    await leavesAsItWas({ ...none, questions: [...none.questions, ...none.questions] }, 'FORMERR')
  })

  test('3.1.1: the ZTYPE is SOA, else FORMERR', () => leavesAsItWas(updateMessage({ zoneType: TYPE.A, updates: [HARMLESS] }), 'FORMERR'))

  test('3.1.1: ZNAME and ZCLASS name one of our zones, else NOTAUTH', async () => {
    await leavesAsItWas(updateMessage({ zone: 'other.', updates: [HARMLESS] }), 'NOTAUTH')
    await leavesAsItWas(updateMessage({ zone: 'www.example.', updates: [HARMLESS] }), 'NOTAUTH')
    for (const zoneClass of [CLASS.CH, CLASS.ANY, CLASS.NONE, CLASS.LOCAL]) await leavesAsItWas(updateMessage({ zoneClass, updates: [HARMLESS] }), 'NOTAUTH')
  })

  test('the zone is found whatever the case of its name (RFC 1034 3.1)', async () => {
    assert.equal((await outcome(updateMessage({ zone: 'eXaMpLe.', updates: [HARMLESS] }))).rcode, 'NOERROR')
  })
})

describe('RFC 2136 3.2: prerequisites', () => {
  for (const rrClass of [CLASS.ANY, CLASS.NONE, CLASS.IN]) {
    test(`3.2: a NAME outside of the zone is NOTZONE, class ${rrClass}`, () =>
      leavesAsItWas(withPrerequisite(raw('www.other.', TYPE.A, rrClass, 0, rrClass === CLASS.IN ? Uint8Array.of(192, 0, 2, 1) : undefined)), 'NOTZONE'))

    test(`3.2.1, 3.2.2, 3.2.3: a TTL that is not 0 is FORMERR, class ${rrClass}`, () =>
      leavesAsItWas(withPrerequisite(raw('www.example.', TYPE.A, rrClass, 1, rrClass === CLASS.IN ? Uint8Array.of(192, 0, 2, 1) : undefined)), 'FORMERR'))
  }

  for (const rrClass of [CLASS.ANY, CLASS.NONE]) {
    test(`3.2.1, 3.2.2: RDLENGTH that is not 0 is FORMERR, class ${rrClass}`, () =>
      leavesAsItWas(withPrerequisite(raw('www.example.', TYPE.A, rrClass, 0, Uint8Array.of(192, 0, 2, 1))), 'FORMERR'))
  }

  test('3.2.1: CLASS ANY, TYPE ANY: an RR of that name is there, else NXDOMAIN', async () => {
    assert.equal((await outcome('prereq yxdomain www.example.; add n.example. 60 A 192.0.2.9')).added.length, 1)
    await leavesAsItWas('prereq yxdomain none.example.; add n.example. 60 A 192.0.2.9', 'NXDOMAIN')
  })

  test('2.4.4: a name is not in use where only names below it are', () => leavesAsItWas('prereq yxdomain ent.example.; add n.example. 60 A 192.0.2.9', 'NXDOMAIN'))

  test('3.2.1: CLASS ANY, another TYPE: an RR of name and type is there, else NXRRSET', async () => {
    assert.equal((await outcome('prereq yxrrset www.example. TXT; add n.example. 60 A 192.0.2.9')).added.length, 1)
    await leavesAsItWas('prereq yxrrset www.example. MX; add n.example. 60 A 192.0.2.9', 'NXRRSET')
    await leavesAsItWas('prereq yxrrset none.example. A; add n.example. 60 A 192.0.2.9', 'NXRRSET')
  })

  test('3.2.2: CLASS NONE, TYPE ANY: no RR of that name is there, else YXDOMAIN', async () => {
    assert.equal((await outcome('prereq nxdomain n.example.; add n.example. 60 A 192.0.2.9')).added.length, 1)
    await leavesAsItWas('prereq nxdomain www.example.; add n.example. 60 A 192.0.2.9', 'YXDOMAIN')
  })

  test('2.4.5: a name is free where only names below it are', async () => {
    assert.equal((await outcome('prereq nxdomain ent.example.; add ent.example. 60 A 192.0.2.9')).added.length, 1)
  })

  test('3.2.2: CLASS NONE, another TYPE: no RR of name and type is there, else YXRRSET', async () => {
    assert.equal((await outcome('prereq nxrrset www.example. MX; add n.example. 60 A 192.0.2.9')).added.length, 1)
    await leavesAsItWas('prereq nxrrset www.example. A; add n.example. 60 A 192.0.2.9', 'YXRRSET')
  })

  test('3.2.3: the RRsets of the section are matched entirely and exactly, in any order', async () => {
    const add = 'add n.example. 60 A 192.0.2.9'
    const same = 'prereq yxrrset www.example. A 192.0.2.2; prereq yxrrset www.example. A 192.0.2.1'
    assert.equal((await outcome(`${same}; ${add}`)).added.length, 1)
    assert.equal((await outcome(`${same}; prereq yxrrset www.example. TXT "hello"; ${add}`)).added.length, 1, 'several RRsets')
    await leavesAsItWas(`prereq yxrrset www.example. A 192.0.2.1; ${add}`, 'NXRRSET')
    await leavesAsItWas(`${same}; prereq yxrrset www.example. A 192.0.2.3; ${add}`, 'NXRRSET')
    await leavesAsItWas(`prereq yxrrset www.example. A 192.0.2.1; prereq yxrrset www.example. A 192.0.2.3; ${add}`, 'NXRRSET')
    await leavesAsItWas(`prereq yxrrset none.example. A 192.0.2.1; ${add}`, 'NXRRSET')
  })

  test('3.2.3: names in RDATA are compared without case, the TTL not at all (2.4.2, 1.1.1)', async () => {
    assert.equal((await outcome('prereq yxrrset alias.example. CNAME WWW.Example.; add n.example. 60 A 192.0.2.9')).added.length, 1)
    await leavesAsItWas('prereq yxrrset www.example. TXT "HELLO"; add n.example. 60 A 192.0.2.9', 'NXRRSET')
  })

  test('3.2.3: a record that stands twice is one member of the set', async () => {
    const twice = 'prereq yxrrset www.example. TXT "hello"; prereq yxrrset www.example. TXT "hello"'
    assert.equal((await outcome(`${twice}; add n.example. 60 A 192.0.2.9`)).added.length, 1)
  })

  test('3.2.3: a CLASS other than ZCLASS, NONE or ANY is FORMERR', () => leavesAsItWas(withPrerequisite(raw('www.example.', TYPE.A, CLASS.CH)), 'FORMERR'))

  test('a type that stands in no zone is FORMERR', async () => {
    await leavesAsItWas(withPrerequisite(raw('www.example.', TYPE.AXFR, CLASS.ANY)), 'FORMERR')
    await leavesAsItWas(withPrerequisite(raw('www.example.', TYPE.ANY, CLASS.IN)), 'FORMERR')
  })

  test('what is malformed is so, whatever an earlier prerequisite finds', () =>
    leavesAsItWas(updateMessage({ prerequisites: [raw('none.example.', TYPE.ANY, CLASS.ANY), raw('www.example.', TYPE.A, CLASS.CH)], updates: [HARMLESS] }), 'FORMERR'))
})

describe('RFC 2136 3.3: permission', () => {
  test('3.3.1: without permission REFUSED', async () => {
    const running = await bench({ grants: [grant({ types: new Set([TYPE.TXT]) })] })
    assert.equal(await running.send('add n.example. 60 A 192.0.2.9'), 'REFUSED')
    assert.equal(await running.send('add n.example. 60 TXT "x"', anybody), 'REFUSED')
    assert.equal(await running.send('add n.example. 60 TXT "x"', signed()), 'NOERROR')
    assert.equal(running.audit[0].verdict, 'REFUSED', 'the operations log has it')
  })

  test('3.3.2: nothing of a refused update is applied', () => leavesAsItWas('add a.example. 60 TXT "x"; add b.example. 60 A 192.0.2.9', 'REFUSED', { grants: [grant({ types: new Set([TYPE.TXT]) })] }))

  test('we differ: permission comes before prerequisites, which tell what the zone holds', () =>
    leavesAsItWas('prereq yxdomain none.example.; add n.example. 60 A 192.0.2.9', 'REFUSED', { grants: [grant({ types: new Set([TYPE.TXT]) })] }))
})

describe('RFC 2136 3.4.1: the prescan', () => {
  const good = rec('good.example. 60 IN A 192.0.2.9')
  const wrong: [string, DnsRecord, string][] = [
    ['3.4.1: a CLASS that is not ANY, NONE or the zone’s', raw('www.example.', TYPE.A, CLASS.CH, 0, Uint8Array.of(1, 2, 3, 4)), 'FORMERR'],
    ['3.4.1: a NAME outside of the zone, to be added', rec('www.other. 60 IN A 192.0.2.9'), 'NOTZONE'],
    ['3.4.1: a NAME outside of the zone, to be deleted', raw('www.other.', TYPE.A, CLASS.ANY), 'NOTZONE'],
    ['3.4.1.2: CLASS of the zone with TYPE ANY', raw('www.example.', TYPE.ANY, CLASS.IN), 'FORMERR'],
    ['3.4.1.2: CLASS of the zone with TYPE AXFR', raw('www.example.', TYPE.AXFR, CLASS.IN), 'FORMERR'],
    ['3.4.1.2: CLASS of the zone with TYPE MAILA', raw('www.example.', TYPE.MAILA, CLASS.IN), 'FORMERR'],
    ['3.4.1.2: CLASS of the zone with TYPE MAILB', raw('www.example.', TYPE.MAILB, CLASS.IN), 'FORMERR'],
    ['3.4.1.2: CLASS of the zone with TYPE IXFR', raw('www.example.', TYPE.IXFR, CLASS.IN), 'FORMERR'],
    ['3.4.1.2: CLASS of the zone with TYPE TSIG', raw('www.example.', TYPE.TSIG, CLASS.IN), 'FORMERR'],
    ['3.4.1.2: CLASS of the zone with TYPE 0', raw('www.example.', 0, CLASS.IN), 'FORMERR'],
    ['3.4.1.2: CLASS NONE with TYPE ANY', raw('www.example.', TYPE.ANY, CLASS.NONE), 'FORMERR'],
    ['3.4.1.2: CLASS NONE with TYPE AXFR', raw('www.example.', TYPE.AXFR, CLASS.NONE), 'FORMERR'],
    ['3.4.1.2: CLASS ANY with a TTL', raw('www.example.', TYPE.A, CLASS.ANY, 60), 'FORMERR'],
    ['3.4.1.2: CLASS NONE with a TTL', raw('www.example.', TYPE.A, CLASS.NONE, 60, Uint8Array.of(192, 0, 2, 1)), 'FORMERR'],
    ['3.4.1.2: CLASS ANY with RDATA', raw('www.example.', TYPE.A, CLASS.ANY, 0, Uint8Array.of(192, 0, 2, 1)), 'FORMERR'],
    ['3.4.1.2: CLASS ANY with TYPE AXFR', raw('www.example.', TYPE.AXFR, CLASS.ANY), 'FORMERR'],
    ['3.4.1.2: CLASS ANY with TYPE MAILB', raw('www.example.', TYPE.MAILB, CLASS.ANY), 'FORMERR'],
    ['CLASS NONE with RDATA that is empty, of a type that needs some', raw('www.example.', TYPE.A, CLASS.NONE), 'FORMERR'],
  ]
  for (const [what, record, rcode] of wrong) {
    test(`${what}: ${rcode}, and what stood before it is not done`, () => leavesAsItWas(withUpdate(good, record), rcode))
  }

  test('we differ: an unrecognized type is data (RFC 3597 2)', async () => {
    const { rcode, added } = await outcome(withUpdate(raw('www.example.', 4711, CLASS.IN, 60, Uint8Array.of(1, 2, 3))))
    assert.deepEqual([rcode, added], ['NOERROR', ['www.example. 60 TYPE4711 \\# 3 010203']])
  })

  test('names that end alike but lie elsewhere are not in the zone', () => leavesAsItWas(withUpdate(rec('notexample. 60 IN A 192.0.2.9')), 'NOTZONE'))
})

describe('RFC 2136 3.4.2: the update', () => {
  test('records are processed in order', async () => {
    const { added, removed, steps } = await outcome('add x.example. 60 A 192.0.2.9; delete x.example.; add x.example. 60 A 192.0.2.8; delete www.example. TXT; add www.example. 300 TXT "hello"')
    assert.deepEqual([added, removed, steps], [['x.example. 60 A 192.0.2.8'], [], 1])
  })

  test('3.4.2.1: a failure of the store is SERVFAIL, and all is undone', async () => {
    const keeper = new MapKeeper()
    const running = await bench({ keeper })
    const before = running.records()
    keeper.fail = new Error('no space')
    assert.equal(await running.send('add x.example. 60 A 192.0.2.9; delete www.example.'), 'SERVFAIL')
    assert.deepEqual(running.records(), before)
    keeper.fail = undefined
    assert.equal(await running.send('prereq nxdomain x.example.; add x.example. 60 A 192.0.2.9'), 'NOERROR')
  })

  test('3.4.2.2: a record of the zone’s class is added', async () => {
    assert.deepEqual((await outcome('add www.example. 300 A 192.0.2.3')).added, ['www.example. 300 A 192.0.2.3'])
  })

  test('2.5.1: a duplicate is silently ignored', () => leavesAsItWas('add www.example. 300 A 192.0.2.1', 'NOERROR'))

  test('3.4.2.2: in case of duplicate RDATA the record is replaced: its TTL, which is the RRset’s (RFC 2181 5.2)', async () => {
    const { added, removed, steps } = await outcome('add www.example. 60 A 192.0.2.1')
    assert.deepEqual(added, ['www.example. 60 A 192.0.2.1', 'www.example. 60 A 192.0.2.2'])
    assert.deepEqual([removed.length, steps], [2, 1])
  })

  const soa = (serial: number, name = 'example.'): string => `add ${name} 3600 SOA ns.example. admin.example. ${serial} 1 2 3 4`
  test('3.4.2.2: a SOA with a newer serial replaces the zone’s', async () => {
    const { bench: running } = await outcome(soa(100))
    assert.deepEqual(running.at(' SOA '), ['example. 3600 SOA ns.example. admin.example. 100 1 2 3 4'])
    assert.equal(running.audit[0].serial?.join(), '7,100')
  })

  test('3.4.2.2: newer is meant as RFC 1982 has it: over the end of the numbers, and not half of the circle', async () => {
    const text = '@ 60 SOA ns admin 4294967290 1 2 3 4\n@ 60 NS ns\nns 60 A 192.0.2.1\n'
    assert.equal((await outcome(soa(5), { text })).bench.serial(), 5)
    assert.equal((await outcome(soa(4_294_967_290 - 0x8000_0000), { text })).bench.serial(), 4_294_967_290)
  })

  test('3.4.2.2: a SOA with a serial lower than or equal to the zone’s is ignored', async () => {
    await leavesAsItWas(soa(6), 'NOERROR')
    await leavesAsItWas(soa(7), 'NOERROR')
  })

  test('3.4.2.2: a SOA where the zone has none is ignored', () => leavesAsItWas(soa(100, 'www.example.'), 'NOERROR'))

  test('3.4.2.2: a CNAME beside other data is ignored, and other data beside a CNAME', async () => {
    await leavesAsItWas('add www.example. 60 CNAME ns.example.', 'NOERROR')
    await leavesAsItWas('add alias.example. 60 A 192.0.2.9', 'NOERROR')
    await leavesAsItWas('add example. 60 CNAME www.example.', 'NOERROR')
  })

  test('RFC 6672 5.2: a DNAME beside a CNAME is ignored; a second DNAME replaces the first', async () => {
    await leavesAsItWas('add alias.example. 60 DNAME other.', 'NOERROR')
    assert.deepEqual((await outcome('add d.example. 60 DNAME a.; add d.example. 60 DNAME b.')).added, ['d.example. 60 DNAME b.'])
  })

  test('3.4.2.2: otherwise a CNAME replaces the CNAME', async () => {
    const { added, removed } = await outcome('add alias.example. 300 CNAME ns.example.')
    assert.deepEqual([added, removed], [['alias.example. 300 CNAME ns.example.'], ['alias.example. 300 CNAME www.example.']])
  })

  test('a CNAME takes the place of data that the same update deletes', async () => {
    assert.deepEqual((await outcome('delete www.example.; add www.example. 60 CNAME ns.example.')).added, ['www.example. 60 CNAME ns.example.'])
  })

  test('3.4.2.3: CLASS ANY, TYPE ANY deletes all records of the name', async () => {
    const { removed, steps } = await outcome('delete www.example.')
    assert.deepEqual([removed.length, steps], [3, 1])
  })

  test('3.4.2.3: but SOA and NS at the apex', async () => {
    assert.deepEqual((await outcome('delete example.')).removed, ['example. 3600 MX 10 mail.example.'])
  })

  test('3.4.2.3: CLASS ANY with another TYPE deletes the RRset', async () => {
    assert.equal((await outcome('delete www.example. A')).removed.length, 2)
  })

  test('3.4.2.3: but neither SOA nor NS at the apex', async () => {
    await leavesAsItWas('delete example. SOA', 'NOERROR')
    await leavesAsItWas('delete example. NS', 'NOERROR')
  })

  test('NS below the apex are deleted as anything else', async () => {
    const text = '@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nsub 60 NS ns\n'
    assert.deepEqual((await outcome('delete sub.example. NS', { text })).removed, ['sub.example. 60 NS ns.example.'])
    assert.deepEqual((await outcome('delete sub.example. NS ns.example.', { text })).removed, ['sub.example. 60 NS ns.example.'])
  })

  test('3.4.2.4: CLASS NONE deletes the record with this RDATA', async () => {
    assert.deepEqual((await outcome('delete www.example. A 192.0.2.1')).removed, ['www.example. 300 A 192.0.2.1'])
  })

  test('3.4.2.4: but the SOA', () => leavesAsItWas('delete example. SOA ns.example. hostmaster.example. 7 3600 600 86400 300', 'NOERROR'))

  test('3.4.2.4: and the last NS at the apex', async () => {
    const { removed, rcode } = await outcome('delete example. NS ns.example.; delete example. NS ns2.example.')
    assert.deepEqual([rcode, removed], ['NOERROR', ['example. 3600 NS ns.example.']])
  })

  test('2.5.2, 2.5.3, 2.5.4: what is not there is silently ignored', async () => {
    for (const update of ['delete none.example.', 'delete none.example. A', 'delete www.example. MX', 'delete www.example. A 192.0.2.250']) await leavesAsItWas(update, 'NOERROR')
  })

  test('an update of nothing is NOERROR', () => leavesAsItWas(updateMessage({}), 'NOERROR'))
})

describe('RFC 2136 3.5 to 3.7: what an update leaves', () => {
  test('3.5: it is in stable storage before the response, and before anybody sees it', async () => {
    const keeper = new MapKeeper()
    const running = await bench({ keeper })
    let release = (): void => undefined
    keeper.wait = new Promise((resolve) => (release = resolve))
    let answered = false
    const sent = running.send('add x.example. 60 A 192.0.2.9').then((rcode) => {
      answered = true
      return rcode
    })
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([keeper.calls, answered, running.at('x.example.')], [1, false, []])
    release()
    assert.equal(await sent, 'NOERROR')
    assert.equal(running.at('x.example.').length, 1)
  })

  test('3.6: the serial is incremented by each update that changed anything, and by no other', async () => {
    const running = await bench()
    for (const update of ['add a.example. 60 A 192.0.2.9', 'add a.example. 60 A 192.0.2.9', 'delete b.example.', 'delete a.example.']) await running.send(update)
    assert.equal(running.serial(), 9)
  })

  test('3.6: the change is in a positive direction at the end of the numbers too, and passes over 0 (4.2)', async () => {
    const running = await bench({ text: '@ 60 SOA ns admin 4294967295 1 2 3 4\n@ 60 NS ns\nns 60 A 192.0.2.1\n' })
    await running.send('add a.example. 60 A 192.0.2.9')
    assert.equal(running.serial(), 1)
  })

  test('3.6: an update that sets the serial itself is not incremented besides', async () => {
    const running = await bench()
    await running.send(`${'add example. 3600 SOA ns.example. admin.example. 100 1 2 3 4'}; add a.example. 60 A 192.0.2.9`)
    assert.equal(running.serial(), 100)
  })

  test('3.7: updates that hang on each other are serialized: of twelve that claim one name one has it', async () => {
    const running = await bench()
    const rcodes = await Promise.all(Array.from({ length: 12 }, (_, i) => running.send(`prereq nxdomain c.example.; add c.example. 60 A 192.0.2.${i}`)))
    assert.deepEqual(rcodes.sort(), ['NOERROR', ...new Array<string>(11).fill('YXDOMAIN')])
    assert.equal(running.at('c.example.').length, 1)
    assert.equal(running.serial(), 8)
  })

  test('3.7: twelve that change one RRset at once: twelve have landed', async () => {
    const running = await bench()
    const rcodes = await Promise.all(Array.from({ length: 12 }, (_, i) => running.send(`add many.example. 60 A 192.0.2.${i}`)))
    assert.deepEqual(new Set(rcodes), new Set(['NOERROR']))
    assert.equal(running.at('many.example.').length, 12)
    assert.deepEqual([running.serial(), running.keeper.calls], [19, 1], 'a step for each message, one sync for all')
  })
})

test('RFC 2136 2.6: what the additional section holds is not applied', async () => {
  const message = script('add sub.example. 60 NS ns.sub.example.')
  message.additionals.push(rec('ns.sub.example. 60 IN A 192.0.2.9'))
  assert.deepEqual((await outcome(message)).added, ['sub.example. 60 NS ns.sub.example.'])
})
