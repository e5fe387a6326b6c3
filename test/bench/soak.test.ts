/** What the soak believes of an answer: each way to be wrong is told, and only those. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SeenMessage } from '../battery/wire.ts'
import { positive } from './chosen.ts'
import { judge, judgeOctets, type Topic } from './soak/checker.ts'
import { addressOf, printAddress, writeVersion } from './soak/zone.ts'

function answer(rcode: number, ...rdata: string[]): SeenMessage {
  const records = rdata.map((hex) => ({ owner: '', type: 1, class: 1, ttl: 0, rdata: hex }))
  return { octets: 0, id: 0, flags: 0, opcode: 0, rcode, question: [], answer: records, authority: [], additional: [], edns: undefined }
}

const hex = (host: number, version: number) => addressOf(host, version).toString(16).padStart(8, '0')
const host: Topic = { about: 'host', host: 7 }
const version: Topic = { about: 'version' }
const only: Topic = { about: 'only', version: 5 }
const nobody: Topic = { about: 'nobody', name: 'x1' }

const CASES: readonly (readonly [string, Topic, SeenMessage | undefined, number, number, number | RegExp])[] = [
  ['a host of the version in service', host, answer(0, hex(7, 5)), 5, 5, 5],
  ['a host of the version about to come', host, answer(0, hex(7, 6)), 5, 6, 6],
  ['a host of the version before, once a newer one was shown', host, answer(0, hex(7, 4)), 5, 6, /version 4 where 5 to 6/],
  ['a host with another host\'s address', host, answer(0, hex(8, 5)), 5, 5, /of no version/],
  ['a host denied', host, answer(3), 5, 5, /RCODE 3/],
  ['a host twice', host, answer(0, hex(7, 5), hex(7, 5)), 5, 5, /2 records/],
  ['no answer', host, undefined, 5, 5, /no answer/],
  ['the version', version, answer(0, '0135'), 4, 5, 5],
  ['a version that was never written', version, answer(0, '0136'), 4, 5, /version 6/],
  ['a name of its version', only, answer(0, 'c0000201'), 5, 5, 5],
  ['a name of a version that has gone', only, answer(0, 'c0000201'), 6, 7, /version 5/],
  ['a name of a version that has gone, denied', only, answer(3), 6, 7, 0],
  ['a name of its version, denied while an older one may be shown', only, answer(3), 4, 5, 0],
  ['a name of its version, denied though nothing else may be shown', only, answer(3), 5, 5, /denied/],
  ['a name that never was', nobody, answer(3), 5, 5, 0],
  ['a name that never was, with NODATA', nobody, answer(0), 5, 5, /RCODE 0/],
]

for (const [what, topic, seen, oldest, newest, expected] of CASES) {
  test(`the checker and ${what}`, () => {
    const judged = judge(topic, seen, oldest, newest)
    if (typeof expected === 'number') assert.equal(judged, expected)
    else assert.match(String(judged), expected)
  })
}

test('the checker and octets that are no message', () => {
  for (const octets of [Buffer.alloc(0), Buffer.alloc(11), Buffer.alloc(12, 0xff), Buffer.alloc(40, 0xc0)]) assert.match(String(judgeOctets(host, octets, 5, 5)), /^h0000007: ./)
})

test('options of the bench and the soak are numbers above 0, or refused by name', () => {
  assert.equal(positive('hosts', '1000', 7), 1_000)
  assert.equal(positive('hosts', undefined, 7), 7)
  for (const text of ['0', '-1', 'many', '']) assert.throws(() => positive('hosts', text, 7), /Cannot use --hosts/, text)
})

test('a version of the zone holds the addresses that the checker expects', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'soak-'))
  try {
    await writeVersion(join(folder, 'zone'), 60_000, 3)
    const lines = readFileSync(join(folder, 'zone'), 'latin1').split('\n')
    assert.ok(lines.includes('version IN TXT "3"'))
    for (const i of [0, 49_999, 50_000, 59_999]) assert.ok(lines.includes(`h${String(i).padStart(7, '0')} IN A ${printAddress(addressOf(i, 3))}`), String(i))
    assert.equal(lines.filter((line) => line.startsWith('h0')).length, 60_000)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
