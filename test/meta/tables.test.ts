/**
 * One truth per table: what the pages list of code points, parameters, types, limits and config keys is what
 * the code has, no more and no less.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import ts from 'typescript'
import { CLASS, EDE, OPCODE, OPTION, TYPE } from '../../src/dns/codes.ts'
import { listParameters } from '../../src/dns/parameter-table.ts'
import { definitionOf } from '../../src/dns/rdata.ts'
import { rowsOf, TABLES, tableOn, withTable } from './tables.ts'
import { filesBelow, parse, textOf, walk } from './tree.ts'

for (const { page, name, lines } of TABLES) {
  test(`the table of ${name} in ${page} is the one in the code (npm run docs writes it)`, () => {
    const written = tableOn(textOf(page), name).split('\n')
    assert.deepEqual(lines().filter((line) => !written.includes(line)), [], 'lines that the page lacks')
    assert.equal(withTable(textOf(page), name, lines()), textOf(page), 'the page has other lines or another order')
  })
}

test('the code points of the protocol page are those of the code', () => {
  const written = rowsOf(tableOn(textOf('docs/protocol.md'), 'codes')).map(([kind, code, name]) => `${kind} ${code} ${name}`)
  const own = (kind: string, codes: Record<string, number>, isOurs: (code: number) => boolean): string[] =>
    Object.entries(codes).filter(([, code]) => isOurs(code)).map(([name, code]) => `${kind} ${code} ${name}`)
  // RFC 6895 3.1 and 3.2, RFC 6891 9, RFC 8914 5.2: the ranges for private and local use
  const known = [
    ...own('type', TYPE, (code) => code >= 65_280 && code <= 65_534),
    ...own('class', CLASS, (code) => code >= 65_280 && code <= 65_534),
    ...own('opcode', OPCODE, (code) => code === 14),
    ...own('option', OPTION, (code) => code >= 65_001 && code <= 65_534),
    ...own('EDE', EDE, (code) => code >= 49_152),
  ]
  assert.deepEqual(written.toSorted(), known.toSorted())
})

/** Key, name and places of each parameter as first published: others have written them down, so they stay. */
const PUBLISHED_PARAMETERS = [
  '65300 latency ASD', '65301 accuracy ASD', '65302 concurrency ASD', '65303 active S', '65304 cost ASD', '65305 stability ASD',
  '65306 history ASD', '65307 uplink SD', '65308 downlink SD', '65309 state SO', '65310 time ST', '65311 errors SD',
  '65312 arrivals S', '65313 rejects S', '65314 queue AS', '65315 service S', '65320 binding AD', '65321 depends A',
  '65322 provider AD', '65323 location AD', '65324 region AD', '65325 security AD', '65326 modality AD', '65327 weight A',
  '65328 endpoint A', '65329 profile A', '65330 successor AT', '65331 color AO', '65332 alias A', '65333 sense-port A', '65340 count D',
  '65341 avoid D', '65342 peer DT', '65343 group DS', '65344 max-age D', '65345 only-provider D', '65346 closure D',
  '65347 prefer D', '65348 intent D', '65349 candidates D', '65350 outcome D', '65360 scores O', '65361 ages O',
  '65362 states O', '65363 unmet O', '65364 scope O', '65365 translated O', '65366 reporting O', '65367 result O', '65368 wanted O', '65370 role T',
]

test('the parameters have the keys, names and places that were published', () => {
  const ours = listParameters().filter(({ key }) => key >= 65_300 && key < 65_400)
  assert.deepEqual(ours.map(({ key, name, places }) => `${key} ${name} ${places}`), PUBLISHED_PARAMETERS)
})

test('every type on the page is one that the server reads and writes, and every one of those is on the page', () => {
  const written = rowsOf(tableOn(textOf('docs/types.md'), 'types')).map(([code, mnemonic]) => `${code} ${mnemonic}`)
  const known = Array.from({ length: 65_536 }, (_, code) => definitionOf(code)).flatMap((type) => (type ? [`${type.code} ${type.mnemonic}`] : []))
  assert.ok(known.length > 60, 'fewer types are defined than are in use')
  assert.deepEqual(written, known)
})

/** Types that the server only stores and gives back: nothing about them but their form is anybody's business. */
const PLAIN_TYPES = new Set(
  'HINFO RP X25 ISDN PX LOC NAPTR CERT APL SSHFP IPSECKEY DHCID TLSA SMIMEA HIP OPENPGPKEY CSYNC SPF NID L32 L64 LP EUI48 EUI64 CAA AVC AMTRELAY RESINFO'.split(' '),
)

test('a record type touches two places: its definition and the list of types', () => {
  const places = new Map<string, Set<string>>()
  for (const path of filesBelow('src', '.ts')) {
    const file = parse(path)
    walk(file, (node) => {
      if (!ts.isIdentifier(node) && !ts.isStringLiteralLike(node)) return
      if (PLAIN_TYPES.has(node.text)) places.set(node.text, (places.get(node.text) ?? new Set()).add(path))
    })
  }
  assert.deepEqual([...PLAIN_TYPES].filter((type) => !places.has(type)), [], 'types that are nowhere')
  const wide = [...places].filter(([, paths]) => paths.size > 2).map(([type, paths]) => `${type}: ${[...paths].join(' ')}`)
  assert.deepEqual(wide, [])
})

test('a page without the marks of a table is an error, not an empty table', () => {
  assert.throws(() => tableOn('# Page', 'codes'), /no marks for table codes/)
})

test('a conformance line that says done or partly names a test that exists', () => {
  const rows = rowsOf(textOf('docs/conformance.md')).filter(([, , state]) => state === 'done' || state === 'partly')
  assert.deepEqual(rows.filter(([, , , shown]) => !/`test\/[\w./-]+\.ts`/.test(shown ?? '')).map(([section, what]) => `${section}: ${what}`), [])
})

test('the test that a conformance line names speaks of the RFC', () => {
  const silent: string[] = []
  for (const part of textOf('docs/conformance.md').split(/^## /m).filter((text) => text.startsWith('RFC'))) {
    const numbers = [...part.split('\n', 1)[0].matchAll(/\b\d{4}\b/g)].map(([number]) => number)
    for (const [section, what, , shown] of rowsOf(part)) {
      const paths = [...(shown ?? '').matchAll(/`(test\/[\w./-]+\.ts)`/g)].map(([, path]) => path)
      const newer = [...what.matchAll(/RFC (\d{4})/g)].map(([, number]) => number) // `as RFC 4592 says it now`
      const wanted = numbers.find((number) => section.startsWith(number)) ?? [...numbers, ...newer].join('|')
      for (const path of paths) if (!new RegExp(`(RFC |rfc)(${wanted})\\b`).test(path + textOf(path))) silent.push(`${wanted} ${section}: ${path}`)
    }
  }
  assert.deepEqual(silent, [])
})

test('a conformance line says done, partly or not, and nothing else', () => {
  const conformance = textOf('docs/conformance.md').split('## Where servers differ')[0]
  const states = conformance.split(/^## /m).flatMap((part) => rowsOf(part)).map(([section, what, state]) => ({ section, what, state }))
  assert.ok(states.length > 100)
  assert.deepEqual(states.filter(({ state }) => !/^(done|not|partly)$/.test(state)), [])
})
