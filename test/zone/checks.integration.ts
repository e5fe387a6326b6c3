/**
 * Zone files beside the tools that others check theirs with: BIND's named-checkzone and Knot's kzonecheck. Verdicts
 * are compared on small zones, each difference with its reason; content is compared by letting BIND print the
 * same file, which must then be the same zone to us. Where a tool is not installed its tests are skipped, and say so.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { printZone } from '../../src/zone/print.ts'
import { randomZones } from '../battery/zones-random.ts'
import { masterFile } from '../battery/zone-text.ts'
import { load } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'waggle-checks-'))
after(() => rmSync(folder, { recursive: true }))

/** false, or why tests of `tool` are skipped. */
function missing(tool: string): string | false {
  return spawnSync(tool, ['-h']).error === undefined ? false : `${tool} is not installed`
}

const noBind = missing('named-checkzone')
const noKnot = missing('kzonecheck')

function fileOf(text: string): string {
  const file = join(folder, 'zone')
  writeFileSync(file, text, 'latin1')
  return file
}

type Verdict = 'good' | 'bad'

function ourVerdict(text: string): Verdict {
  return load(text).image === undefined ? 'bad' : 'good'
}

function bindVerdict(text: string): Verdict {
  return spawnSync('named-checkzone', ['-i', 'local', 'example.com.', fileOf(text)]).status === 0 ? 'good' : 'bad'
}

function knotVerdict(text: string): Verdict {
  return spawnSync('kzonecheck', ['-o', 'example.com.', fileOf(text)]).status === 0 ? 'good' : 'bad'
}

const HEAD = '$ORIGIN example.com.\n$TTL 60\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n'
const DS = `DS 1 8 2 ${'00'.repeat(32)}`

/** What, lines behind HEAD, verdicts of us, BIND and Knot, and the reason where we differ from either. */
const verdicts: [what: string, lines: string, ours: Verdict, bind: Verdict, knot: Verdict, why?: string][] = [
  ['a plain zone', '', 'good', 'good', 'good'],
  ['two SOA records', '@ SOA ns2 host 1 2 3 4 5', 'bad', 'bad', 'good', 'RFC 1035 5.2 wants exactly one; Knot takes the last'],
  ['a SOA below the apex', 'www SOA ns1 host 1 2 3 4 5', 'bad', 'bad', 'good', 'RFC 1035 5.2 wants exactly one, at the top'],
  ['CNAME beside other data', 'a CNAME b\na A 192.0.2.1', 'bad', 'bad', 'bad'],
  ['CNAME at the apex', '@ CNAME b', 'bad', 'bad', 'bad'],
  ['two CNAMEs', 'a CNAME b\na CNAME c', 'bad', 'bad', 'bad'],
  ['two DNAMEs', 'a DNAME b\na DNAME c', 'bad', 'bad', 'bad'],
  ['records below a DNAME', 'a DNAME b\nx.a A 192.0.2.1', 'good', 'good', 'bad', 'RFC 6672 2.4: a server may load it, what is below is occluded: a warning'],
  ['records below a cut', 'a NS ns1\nx.a TXT t', 'good', 'good', 'good'],
  ['missing glue', 'a NS ns.a', 'good', 'good', 'bad', 'the other servers of the zone below may do: a warning'],
  ['a server without address at a cut', 'a NS nowhere', 'good', 'good', 'bad', 'as missing glue'],
  ['a server without address at the apex', '@ NS nowhere', 'good', 'bad', 'bad', 'the zone can still be answered from: a warning'],
  ['NS to an alias', '@ NS al\nal CNAME ns1', 'good', 'bad', 'bad', 'as a server without address'],
  ['MX to an alias', '@ MX 1 al\nal CNAME ns1', 'good', 'good', 'good'],
  ['MX without address', '@ MX 1 nowhere', 'good', 'good', 'good'],
  ['SRV to an alias', '_a._tcp SRV 1 1 1 al\nal CNAME ns1', 'good', 'good', 'good'],
  ['differing TTLs', 'a 60 A 192.0.2.1\na 61 A 192.0.2.2', 'good', 'good', 'good'],
  ['duplicates', 'a A 192.0.2.1\na A 192.0.2.1', 'good', 'good', 'good'],
  ['DS without NS', `a ${DS}`, 'good', 'good', 'good'],
  ['DS at the apex', `@ ${DS}`, 'good', 'bad', 'good', 'it is never answered, and harms nobody: a warning'],
  ['NS at a wildcard', '*.a NS ns1', 'good', 'bad', 'good', 'RFC 4592 4.2 leaves it undefined but legal: a warning'],
  ['DNAME at a wildcard', '*.a DNAME b', 'good', 'good', 'good'],
  ['a loop of CNAMEs', 'a CNAME b\nb CNAME a', 'good', 'good', 'good'],
  ['a name outside the zone', 'www.example.net. A 192.0.2.1', 'bad', 'good', 'good', 'it is never served, so the writer erred; the others leave it out in silence or with a warning'],
  ['an unknown type', 'a AAA 192.0.2.1', 'bad', 'bad', 'bad'],
  ['a broken address', 'a A 192.0.2.256', 'bad', 'bad', 'bad'],
  ['too many fields', 'a A 192.0.2.1 192.0.2.2', 'bad', 'bad', 'bad'],
  ['a field too few', 'a MX 10', 'bad', 'bad', 'bad'],
  ['a broken escape', 'a TXT \\300', 'bad', 'bad', 'bad'],
  ['an open parenthesis', 'a TXT ( "x"', 'bad', 'bad', 'bad'],
  ['an open quote', 'a TXT "x', 'bad', 'bad', 'bad'],
  ['an unknown directive', '$ORGIN x', 'bad', 'bad', 'bad'],
  ['a label of 64 octets', `${'a'.repeat(64)} A 192.0.2.1`, 'bad', 'bad', 'bad'],
  ['another class', 'a CH A 192.0.2.1', 'bad', 'bad', 'bad'],
  ['an empty label', 'a..b A 192.0.2.1', 'bad', 'bad', 'bad'],
  ['a TTL that is none', 'a 1x A 192.0.2.1', 'bad', 'bad', 'bad'],
  ['a TTL with units', 'a 1h30m A 192.0.2.1', 'good', 'good', 'good'],
  ['class and TTL in either order', 'a IN 60 A 192.0.2.1\nb 60 IN A 192.0.2.1', 'good', 'good', 'good'],
  ['unknown types in the generic form', 'a TYPE65280 \\# 2 abcd\na TYPE1 \\# 4 c0000201', 'good', 'good', 'good'],
  ['generic RDATA of the wrong length', 'a TYPE65280 \\# 3 abcd', 'bad', 'bad', 'bad'],
  ['escapes in names', '\\065\\.b A 192.0.2.1', 'good', 'good', 'good'],
]

for (const [what, lines, ours, bind, knot, why] of verdicts) {
  const text = `${HEAD}${lines}\n`
  test(`verdict on ${what}: ${ours}${why === undefined ? '' : ` (${why})`}`, () => assert.equal(ourVerdict(text), ours))
  test(`BIND's verdict on ${what}: ${bind}`, { skip: noBind }, () => assert.equal(bindVerdict(text), bind))
  test(`Knot's verdict on ${what}: ${knot}`, { skip: noKnot }, () => assert.equal(knotVerdict(text), knot))
  if (why === undefined) test(`all agree on ${what}`, () => assert.deepEqual([bind, knot], [ours, ours]))
}

// ---- Content ----

/** The zone as we print it after BIND has printed it. */
function throughBind(text: string, origin: string): string {
  const printed = join(folder, 'printed')
  const { status, stdout } = spawnSync('named-checkzone', ['-i', 'none', '-k', 'ignore', '-q', '-D', '-o', printed, origin, fileOf(text)], { encoding: 'latin1' })
  assert.equal(status, 0, stdout)
  return throughUs(readFileSync(printed, 'latin1'), origin)
}

function throughUs(text: string, origin: string): string {
  const { image, findings } = load(text, origin)
  assert.ok(image, findings.map(({ line, message }) => `${line}: ${message}`).join('\n'))
  return [...printZone(image)].join('').toLowerCase()
}

const GENERATED = [
  '1-3 host$ A 192.0.2.$',
  '0-20/5 ${0,3}.dec PTR ${1,3,d}.example.',
  '26-27 h${0,0,o} CNAME x${0,4,x}-${0,2,X}',
  '0-20 ${0,3,n}.nib PTR ${0,5,N}.example.',
  '4660-4661 ${0,1,n}.nib PTR p$',
  '5-6 ${0,4,n}even PTR p$',
  '1-2 a\\$$ A 192.0.2.$',
  '7-8 ttl$ 77 IN A 192.0.2.${10}',
  '1-2 mx$ MX "$ mail$"',
  '3-4 abs$.example.com. CNAME x$.example.net.',
]

// BIND differs in one thing, so that no zone here shows it: after a SOA without TTL its MINIMUM stays the default, also
// behind a stated TTL; RFC 1035 5.1 has the last stated one count.
const written: [what: string, text: string, origin: string][] = [
  ['a zone written by hand', readFileSync('test/golden/print.zone', 'latin1').replace(/^v1\._cap.*\n/m, ''), 'example.com.'],
  ['a zone signed with NSEC', readFileSync('test/golden/signed-nsec.zone', 'latin1'), 'example.com.'],
  ['a zone signed with NSEC3', readFileSync('test/golden/signed-nsec3.zone', 'latin1'), 'example.com.'],
  ['lines of $GENERATE', HEAD + GENERATED.map((line) => `$GENERATE ${line}\n`).join(''), 'example.com.'],
  ['TTLs of every kind', '@ IN SOA ns1 host 1 2 3 4 55\n@ NS ns1\nx A 192.0.2.2\nns1 7 A 192.0.2.1\n$TTL 1h30m\ny A 192.0.2.1\nz 1w2d3h4m5s A 192.0.2.1\n', 'example.com.'],
  ['origins and blank owners', `${HEAD}a A 192.0.2.1\n$ORIGIN sub\n A 192.0.2.2\nb TXT x\n$ORIGIN example.com.\n TXT y\nc.d A 192.0.2.3\n`, 'example.com.'],
]

for (const [what, text, origin] of written) {
  test(`BIND reads ${what} as we do`, { skip: noBind }, () => assert.equal(throughBind(text, origin), throughUs(text, origin)))
}

test('BIND reads random zones as we do', { skip: noBind }, () => {
  for (const zone of randomZones(30, 5)) {
    const text = masterFile(zone)
    assert.equal(throughBind(text, zone.name), throughUs(text, zone.name), zone.name)
  }
})

test('BIND and Knot accept what we print', () => {
  const text = throughUs(HEAD + GENERATED.map((line) => `$GENERATE ${line}\n`).join(''), 'example.com.')
  if (noBind === false) assert.equal(bindVerdict(text), 'good')
  if (noKnot === false) assert.equal(knotVerdict(text), 'good')
})
