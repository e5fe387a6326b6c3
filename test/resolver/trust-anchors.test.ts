/** What is believed from the start (RFC 4035 4.4): the root's keys, and those of a file. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anchorsIn, ROOT_ANCHORS } from '../../src/resolver/trust-anchors.ts'
import { records } from './support.ts'

const shown = (anchors: ReturnType<typeof anchorsIn>): string[] => anchors.map(({ zone, digests, keys }) => `${zone} ${digests.length} DS ${keys.length} DNSKEY`)

test('the root is believed by digests of its keys of 2017 and 2024 (RFC 7958), by SHA-256 each', () => {
  assert.deepEqual(shown([...ROOT_ANCHORS]), ['. 2 DS 0 DNSKEY'])
  const view = ({ buffer, byteOffset }: Uint8Array): DataView => new DataView(buffer, byteOffset)
  const [{ digests }] = ROOT_ANCHORS
  assert.deepEqual(digests.map((rdata) => [view(rdata).getUint16(0), rdata[2], rdata[3], rdata.length]), [[20_326, 8, 2, 36], [38_696, 8, 2, 36]])
})

const DS = `DS 1 13 2 ${'00'.repeat(32)}`
const KEY = `DNSKEY 257 3 13 ${'A'.repeat(84)}AA==`

/** Records, and the anchors that they are. */
const ROWS: [title: string, text: string, anchors: string[]][] = [
  ['a digest of the root', `. ${DS}`, ['. 1 DS 0 DNSKEY']],
  ['a key and its digest', `example. ${DS}\nexample. ${KEY}`, ['example. 1 DS 1 DNSKEY']],
  ['names in any case are one zone', `example. ${DS}\nEXAMPLE. ${KEY}`, ['EXAMPLE. 1 DS 1 DNSKEY']],
  ['zones each for itself', `a. ${DS}\nb. ${DS}\na. ${KEY}`, ['a. 1 DS 1 DNSKEY', 'b. 1 DS 0 DNSKEY']],
  ['other records say nothing', 'example. A 192.0.2.1\nexample. NS ns.example.', []],
  ['nothing', '', []],
]

for (const [title, text, anchors] of ROWS) {
  test(`anchors of a file: ${title}`, () => assert.deepEqual(shown(anchorsIn(records(text))), anchors))
}
