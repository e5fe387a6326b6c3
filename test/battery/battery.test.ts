/**
 * The battery's own tests: a comparison that sees nothing would pass everything, so planted differences must be seen,
 * malformed answers refused, and the same seed must ask the same.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Chance } from './chance.ts'
import { differences, truncationFault } from './compare.ts'
import { explain } from './explain.ts'
import { craftedMessages } from './fuzz-corpus.ts'
import { Watch } from './fuzz-watch.ts'
import { writeMutation } from './mutate.ts'
import { isLegal, labelsOf, nameOctets, printLabels } from './names.ts'
import { neighbourhood, questionsAbout } from './queries.ts'
import { decode, encodeQuery, FLAG, namesInRdata, type SeenMessage, type SeenRecord } from './wire.ts'
import { masterFile, ownersOf } from './zone-text.ts'
import { allWorlds } from './zones.ts'

const QUESTION = { name: 'www.example.', type: 1, class: 1, flags: 0, edns: undefined, tcp: false }

function recordOf(owner: string, type: number, rdata: string): SeenRecord {
  return { owner, type, class: 1, ttl: 60, rdata }
}

function messageOf(parts: Partial<SeenMessage>): SeenMessage {
  const question = [{ name: QUESTION.name, type: 1, class: 1 }]
  return { octets: 100, id: 0, flags: FLAG.qr | FLAG.aa, opcode: 0, rcode: 0, question, answer: [], authority: [], additional: [], edns: undefined, ...parts }
}

function compared(left: SeenMessage, right: SeenMessage, kinds: readonly [string, string], agreed = false): { names: string[]; open: number } {
  const { names, open } = explain(differences(left, right), { question: QUESTION, seen: [left, right], kinds, zones: ['example.'], owners: new Set(['example.']), agreed })
  return { names: [...names], open: open.length }
}

test('names go from text to octets and back, escapes and all (RFC 1035 5.1)', () => {
  for (const text of ['.', 'example.', 'a\\046b.example.', '\\000\\255.example.', '*.Example.']) assert.equal(printLabels(labelsOf(text)), text)
  assert.deepEqual(nameOctets('a\\.b.c.'), [3, 97, 46, 98, 1, 99, 0])
  assert.equal(isLegal(`${'x'.repeat(64)}.`), false)
  assert.equal(isLegal(`${`${'x'.repeat(62)}.`.repeat(4)}abc.`), false)
})

test('the decoder follows compression and gives names in RDATA whole (RFC 1035 4.1.4)', () => {
  const query = encodeQuery({ ...QUESTION, type: 15 })
  const answer = Buffer.concat([query, Buffer.from('c00c000f00010000003c0009000a046d61696cc010', 'hex')])
  answer.writeUInt16BE(1, 6)
  const [record] = decode(answer).answer
  assert.deepEqual(namesInRdata(record as SeenRecord), ['mail.example.'])
  assert.equal(record?.owner, 'www.example.')
})

test('the decoder refuses loops, forward pointers, leftovers and records past the end', () => {
  const query = encodeQuery(QUESTION)
  const broken = (change: (octets: Buffer) => Buffer): Buffer => change(Buffer.from(query))
  const setPointer = (to: number) => (octets: Buffer): Buffer => {
    octets.writeUInt16BE(0xc000 | to, 12)
    return octets
  }
  for (const octets of [broken(setPointer(12)), broken(setPointer(20)), broken((one) => Buffer.concat([one, Buffer.from([0])])), broken((one) => one.subarray(0, one.length - 1))]) {
    assert.throws(() => decode(octets), /point back|left over|ends within/)
  }
})

test('each planted difference is seen: RCODE, AA, CD, TTL, a record more, a record twice', () => {
  const base = messageOf({ answer: [recordOf('www.example.', 1, 'c0000201')] })
  const record = base.answer[0] as SeenRecord
  const planted: [string, Partial<SeenMessage>][] = [
    ['rcode', { rcode: 3 }], ['aa', { flags: FLAG.qr }], ['flags', { flags: base.flags | FLAG.cd }], ['answer', { answer: [{ ...record, ttl: 61 }] }],
    ['answer', { answer: [record, record] }], ['additional', { additional: [recordOf('x.example.', 1, 'c0000202')] }], ['question', { question: [] }],
    ['edns', { edns: { version: 0, dnssecOk: true, size: 1232, options: [] } }],
  ]
  for (const [kind, change] of planted) assert.ok(differences(base, { ...base, ...change }).some((one) => one.kind === kind), kind)
  assert.deepEqual(differences(base, { ...base, answer: [{ ...record, owner: 'WWW.example.' }] }), [], 'letter case is no difference')
  assert.ok(differences(base, 'silent').some(({ kind }) => kind === 'silence'))
})

test('truncation is wrong where nothing forced it, or where sections went without TC (RFC 2181 9)', () => {
  const full = messageOf({ octets: 600, answer: [recordOf('www.example.', 1, 'c0000201')] })
  assert.equal(truncationFault(messageOf({ flags: FLAG.qr | FLAG.tc }), full, 512), undefined)
  assert.match(truncationFault(messageOf({ flags: FLAG.qr | FLAG.tc }), { ...full, octets: 400 }, 512) ?? '', /TC though/)
  assert.match(truncationFault(messageOf({}), full, 512) ?? '', /answer is cut without TC/)
  assert.match(truncationFault({ ...full, octets: 700 }, full, 512) ?? '', /700 octets/)
})

test('an accepted difference claims its own records alone; a wrong one beside them stays open', () => {
  const answer = [recordOf('www.example.', 1, 'c0000201')]
  const apexNs = recordOf('example.', 2, Buffer.from(nameOctets('ns.example.')).toString('hex'))
  const ours = messageOf({ answer })
  assert.deepEqual(compared(ours, messageOf({ answer, authority: [apexNs] }), ['ours', 'nsd']), { names: ['NS of the apex beside a positive answer'], open: 0 })
  assert.equal(compared(ours, messageOf({ answer, authority: [apexNs, recordOf('example.', 16, '0161')] }), ['ours', 'nsd']).open, 1)
  assert.equal(compared(messageOf({ answer, authority: [apexNs] }), ours, ['ours', 'nsd']).open, 1, 'ours may not do it')
  assert.equal(compared(ours, messageOf({ answer, authority: [apexNs] }), ['ours', 'nsd'], true).open, 1, 'not where Knot agrees with NSD')
})

test('the same seed makes the same zones and asks the same questions, each name in turn', () => {
  const files = (): string[] => allWorlds(7, 5).flatMap(({ zones }) => zones.map(masterFile))
  assert.deepEqual(files(), files())
  assert.notDeepEqual(files(), allWorlds(8, 5).flatMap(({ zones }) => zones.map(masterFile)))
  const names = neighbourhood(['a.b.example.', '*.w.example.'], 'example.')
  for (const wanted of ['b.example.', 'w.example.', 'match.w.example.', 'zz.a.b.example.', 'a\\000.b.example.', '.']) assert.ok(names.includes(wanted), wanted)
  const questions = [...questionsAbout(names, names.length, 3)]
  assert.deepEqual(questions, [...questionsAbout(names, names.length, 3)])
  assert.equal(new Set(questions.map(({ name }) => name.toLowerCase())).size, names.length)
})

test('every world names its zones once and every zone has owners below its apex', () => {
  for (const { title, zones } of allWorlds(1, 20)) {
    assert.equal(new Set(zones.map(({ name }) => name)).size, zones.length, title)
    for (const zone of zones) assert.ok(ownersOf(zone).every((owner) => isLegal(owner)), zone.name)
  }
})

test('mutations stay within their buffer, repeat by seed, and mostly differ from what they come from', () => {
  const corpus = craftedMessages('example.', 1)
  const out = Buffer.alloc(1_400)
  const run = (): string[] => {
    const chance = new Chance(5)
    return Array.from({ length: 2_000 }, () => {
      const length = writeMutation(out, corpus, chance)
      assert.ok(length >= 0 && length <= out.length)
      return out.toString('latin1', 0, length)
    })
  }
  const first = run()
  assert.deepEqual(first, run())
  const whole = new Set(corpus.map((message) => message.toString('latin1')))
  assert.ok(first.filter((one) => !whole.has(one)).length > 1_500)
})

test('the watch faults an answer to a response, to nothing, without QR, and a malformed one', () => {
  const good = encodeQuery(QUESTION)
  good.writeUInt16BE(0x8000, 2)
  const faultsOf = (octets: Buffer, origin: 'query' | 'response' | 'unknown'): number => {
    const watch = new Watch(0)
    watch.judge(octets, () => origin)
    return watch.faults.length
  }
  assert.equal(faultsOf(good, 'query'), 0)
  assert.equal(faultsOf(good, 'response'), 1)
  assert.equal(faultsOf(good, 'unknown'), 1)
  assert.equal(faultsOf(encodeQuery(QUESTION), 'query'), 1)
  assert.equal(faultsOf(good.subarray(0, good.length - 2), 'query'), 1)
  assert.equal(faultsOf(good.subarray(0, 5), 'query'), 1)
})
