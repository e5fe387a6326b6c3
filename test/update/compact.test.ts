/** The compact update (docs/protocol.md 5): no zone section; the records stand in the Answer section and name their zone themselves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, OPCODE, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type DnsRecord, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { Grants } from '../../src/update/grants.ts'
import { anybody, bench, fileOf, grant, imageOf, raw, rec, recordsOf, type Bench } from './support.ts'

const name = (text: string): Name => Name.parse(text)

function compact(answers: DnsRecord[], parts: Partial<Message> = {}): Message {
  return decodeMessage(encodeMessage(makeMessage({ id: 9, opcode: OPCODE.AGENT, answers, ...parts })))
}

/** A server with example., its child sub.example. and, in class LOCAL, floor.example. */
async function house(): Promise<Bench> {
  const inner: Record<number, string[]> = { [CLASS.IN]: ['sub.example.', 'example.'], [CLASS.LOCAL]: ['floor.example.'] }
  const running = await bench({
    options: { zoneOf: (asked, rrClass) => (inner[rrClass] ?? []).map(name).find((zone) => asked.isWithin(zone)) },
  })
  const text = '@ 60 SOA ns.example. admin 1 2 3 4 5\n@ 60 NS ns.example.\nold 60 A 192.0.2.7\n'
  for (const [origin, rrClass] of [['sub.example.', CLASS.IN], ['floor.example.', CLASS.LOCAL]] as const) {
    const image = imageOf(rrClass === CLASS.IN ? text : text.replaceAll(' A ', ' A '), origin, { rrClass })
    await running.engine.open(image, fileOf(image, text), new Grants([grant()]))
  }
  return running
}

const served = (running: Bench, zone: string, rrClass: number = CLASS.IN): string[] => recordsOf(running.engine.find(name(zone), rrClass)?.image ?? assert.fail(zone))

test('a record of the zone’s class is an addition, one of class NONE a deletion, one of class ANY the deletion of an RRset', async () => {
  const running = await house()
  const rcode = await running.send(compact([rec('a.example. 60 IN A 192.0.2.9'), rec('www.example. 0 NONE A 192.0.2.1'), raw('www.example.', TYPE.TXT, CLASS.ANY)]))
  assert.equal(rcode, 'NOERROR')
  assert.deepEqual(running.at('a.example. 60'), ['a.example. 60 A 192.0.2.9'])
  assert.deepEqual(running.at('www.example. 300').filter((line) => line.startsWith('www')), ['www.example. 300 A 192.0.2.2'])
  assert.equal(running.serial(), 8, 'one transaction')
})

test('the zone is the one that holds the owners: the nearest', async () => {
  const running = await house()
  assert.equal(await running.send(compact([rec('a.sub.example. 60 IN A 192.0.2.9')])), 'NOERROR')
  assert.ok(served(running, 'sub.example.').includes('a.sub.example. 60 A 192.0.2.9'))
  assert.deepEqual(running.at('a.sub.example.'), [])
})

test('owners in two zones are NOTZONE, and nothing is done', async () => {
  const running = await house()
  const before = running.records()
  assert.equal(await running.send(compact([rec('a.example. 60 IN A 192.0.2.9'), rec('a.sub.example. 60 IN A 192.0.2.9')])), 'NOTZONE')
  assert.equal(await running.send(compact([rec('a.example. 60 IN A 192.0.2.9'), rec('a.other. 60 IN A 192.0.2.9')])), 'NOTZONE')
  assert.deepEqual(running.records(), before)
})

test('an owner in no zone of ours is NOTAUTH', async () => assert.equal(await (await house()).send(compact([rec('a.other. 60 IN A 192.0.2.9')])), 'NOTAUTH'))

test('class LOCAL: additions name it; deletions alone are of the class whose zone holds the name', async () => {
  const running = await house()
  assert.equal(await running.send(compact([rec('a.floor.example. 60 LOCAL A 192.0.2.9')])), 'NOERROR')
  assert.ok(served(running, 'floor.example.', CLASS.LOCAL).includes('a.floor.example. 60 A 192.0.2.9'))
  assert.equal(await running.send(compact([raw('old.sub.example.', TYPE.A, CLASS.ANY)])), 'NOERROR')
  assert.equal(served(running, 'sub.example.').some((line) => line.startsWith('old')), false)
})

test('deletions alone, of a name that only a zone of class LOCAL holds', async () => {
  const running = await house()
  const only = await bench({ options: { zoneOf: (asked, rrClass) => (rrClass === CLASS.LOCAL && asked.isWithin(name('floor.')) ? name('floor.') : undefined) } })
  const image = imageOf('@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nold 60 A 192.0.2.7\n', 'floor.', { rrClass: CLASS.LOCAL })
  await only.engine.open(image, fileOf(image, ''), new Grants([grant()]))
  assert.equal(await only.send(compact([raw('old.floor.', TYPE.A, CLASS.ANY)])), 'NOERROR')
  assert.equal(recordsOf(image).some((line) => line.startsWith('old')), false)
  assert.equal(running.serial(), 7)
})

test('what is wrong with its form is FORMERR', async () => {
  const running = await house()
  const good = rec('a.example. 60 IN A 192.0.2.9')
  for (const message of [compact([]), compact([good], { authorities: [good] }), compact([raw('a.example.', TYPE.A, CLASS.CH, 0, Uint8Array.of(1, 2, 3, 4)), good]), compact([good, raw('a.example.', TYPE.ANY, CLASS.NONE)])]) {
    assert.ok(['FORMERR', 'NOTAUTH'].includes(await running.send(message)))
  }
  assert.equal(await running.send(compact([])), 'FORMERR')
  assert.equal(await running.send(compact([good], { authorities: [good] })), 'FORMERR')
})

test('with questions it is batch discovery, which is not offered yet: NOTIMP', async () => {
  const running = await house()
  assert.equal(await running.send(compact([], { questions: [{ name: name('a.example.'), type: TYPE.AGENT, class: CLASS.IN }] })), 'NOTIMP')
})

test('authentication and permission are those of an UPDATE', async () => {
  const running = await house()
  assert.equal(await running.send(compact([rec('a.example. 60 IN A 192.0.2.9')]), anybody), 'REFUSED')
  assert.equal(running.audit.at(-1)?.zone, 'example.')
})
