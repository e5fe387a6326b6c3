/** The file of tracked trust anchors: what is written is read again, and what was torn, bent or edited is told and never believed. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { MAX_ANCHOR_FILE_OCTETS } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import { observe, track } from '../../src/dnssec/rollover.ts'
import { putAside, readAnchors, sumOfAnchor, writeAnchors, type KeptAnchor } from '../../src/ops/anchor-file.ts'
import { setOf, ZONE } from '../dnssec/key-sets.ts'
import { judgeAt } from '../dnssec/judging.ts'
import { keyRdata } from '../dnssec/pairs.ts'
import { NOW } from '../dnssec/zone-signer.ts'
import { makeFolder } from './process.ts'

const key = (which: number): Uint8Array => new Uint8Array(keyRdata(15, 257, which))
const waiting = observe(track(ZONE, [key(1)]), setOf('1 2', '1'), judgeAt(NOW)).tracking
const KEPT: readonly KeptAnchor[] = [{ given: 'c0ffee', tracking: waiting }, { given: 'bada55', tracking: { ...track(Name.root, [key(3), key(4)]), nextQuery: NOW + 60 } }]

let folder: ReturnType<typeof makeFolder>
let file: string
before(async () => {
  folder = makeFolder({})
  file = join(folder.path, 'deep', 'er', 'trust-anchors')
  await writeAnchors(file, KEPT)
})
after(() => folder.remove())

/** What stands in it, octets as hex. */
const shown = (anchors: readonly KeptAnchor[]): unknown => anchors.map(({ given, tracking: { zone, nextQuery, keys } }) => [given, zone.toString(), nextQuery, keys.map(({ rdata, state, until }) => [Buffer.from(rdata).toString('hex'), state, until])])

describe('the file of tracked anchors', () => {
  it('is read as it was written, its folder being made', () => assert.deepEqual(shown(readAnchors(file)), shown(KEPT)))

  it('is text for people, and nothing stands beside it', () => {
    const lines = readFileSync(file, 'utf8').split('\n')
    assert.match(lines[0], /^; Trust anchors .*RFC 5011/)
    assert.equal(lines[1], '; anchors given c0ffee')
    assert.match(lines[4], /^example\. 0 IN DNSKEY 257 3 15 \S+ ; waiting until 2027-02-14T08:00:00Z$/)
    assert.deepEqual(readdirSync(join(folder.path, 'deep', 'er')), ['trust-anchors'])
  })

  it('holds nothing where there is none, or where nothing is tracked', async () => {
    assert.deepEqual(readAnchors(join(folder.path, 'none')), [])
    await writeAnchors(join(folder.path, 'empty'), [])
    assert.deepEqual(readAnchors(join(folder.path, 'empty')), [])
  })

  it('is refused wherever it was torn', () => {
    const octets = readFileSync(file)
    for (let length = 0; length < octets.length; length++) {
      const torn = join(folder.path, 'torn')
      writeFileSync(torn, octets.subarray(0, length))
      assert.throws(() => readAnchors(torn), /^Error: (it does not begin and end as the server writes it|its sum is wrong: it was damaged or edited)$/, `${length} of ${octets.length} octets`)
    }
  })

  it('is refused wherever a bit of it has turned', () => {
    const octets = readFileSync(file)
    for (let i = 0; i < octets.length; i++) {
      const bent = join(folder.path, 'bent')
      writeFileSync(bent, octets.map((octet, at) => (at === i ? octet ^ 1 : octet)))
      assert.throws(() => readAnchors(bent), /^Error: (it does not begin|its sum is wrong)/, `octet ${i}`)
    }
  })

  const EDITS: [what: string, edit: (text: string) => string][] = [
    ['a key is taken out', (text) => text.replace(/^example\. .*valid\n/m, '')],
    ['a hold-down is shortened', (text) => text.replace('2027-02-14', '2027-01-14')],
    ['something is added', (text) => `${text}; more\n`],
    ['the end of another stands under it', (text) => text.replace(/; end .*/, '; end 00000000000000000000000000000000')],
  ]
  for (const [what, edit] of EDITS) {
    it(`is refused where ${what}`, () => {
      const text = readFileSync(file, 'utf8')
      assert.notEqual(edit(text), text)
      writeFileSync(join(folder.path, 'edited'), edit(text))
      assert.throws(() => readAnchors(join(folder.path, 'edited')), /its sum is wrong/)
    })
  }

  it('is not read where it is none, or far too long', () => {
    mkdirSync(join(folder.path, 'a-folder'))
    assert.throws(() => readAnchors(join(folder.path, 'a-folder')), /EISDIR/)
    writeFileSync(join(folder.path, 'long'), '')
    truncateSync(join(folder.path, 'long'), MAX_ANCHOR_FILE_OCTETS + 1)
    assert.throws(() => readAnchors(join(folder.path, 'long')), /longer than 16777216 octets/)
  })

  it('is put aside whole, under a name that tells when, and leaves room for a new one', async () => {
    const damaged = join(folder.path, 'damaged')
    writeFileSync(damaged, 'half of')
    const kept = putAside(damaged, Date.UTC(2027, 0, 15, 8) / 1_000)
    assert.equal(kept, `${damaged}.damaged-2027-01-15T08:00:00Z`)
    assert.equal(readFileSync(kept, 'utf8'), 'half of')
    assert.deepEqual(readAnchors(damaged), [])
    await writeAnchors(damaged, KEPT)
    assert.equal(readFileSync(kept, 'utf8'), 'half of')
    assert.throws(() => putAside(join(folder.path, 'none'), 0), /ENOENT/)
  })

  it('stays as it was where it cannot be written', async () => {
    await assert.rejects(writeAnchors(join(folder.path, 'deep'), KEPT), /Cannot write .*deep: it is not a file/)
    assert.deepEqual(readdirSync(join(folder.path, 'deep')), ['er'])
  })
})

describe('the sum of what an operator gives', () => {
  const anchor = (keys: number[], digests: string[] = []): string => sumOfAnchor({ zone: ZONE, keys: keys.map(key), digests: digests.map((hex) => Buffer.from(hex, 'hex')) })
  it('is the same whatever the order', () => {
    assert.equal(anchor([1, 2], ['aa', 'bb']), anchor([2, 1], ['bb', 'aa']))
    assert.match(anchor([]), /^[0-9a-f]{32}$/)
  })
  it('tells keys and DS apart, and one from two', () => {
    const sums = [anchor([]), anchor([1]), anchor([2]), anchor([1, 2]), anchor([], ['aa']), anchor([], ['aabb']), anchor([], ['aa', 'bb']), anchor([1], ['aa'])]
    assert.equal(new Set(sums).size, sums.length)
  })
})
