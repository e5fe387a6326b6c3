/** What is flushed is not found any more, and all else is (by name, by type, by subtree). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flushBelow, flushName, flushType } from '../../src/cache/flush.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { audit } from './audit.ts'
import { Bench, START, question } from './support.ts'

const KNOWN = ['example. A', 'www.example. A', 'www.example. MX', 'a.www.example. A', 'wwww.example. A', 'xexample. A', 'example.test. A', 'none.example. A', 'www.example. AAAA', 'bad.example. A']

function filled(): Bench {
  const bench = new Bench()
  for (const name of ['example.', 'www.example.', 'a.www.example.', 'wwww.example.', 'xexample.', 'example.test.']) bench.put(`${name} 600 A 192.0.2.1`)
  bench.put('www.example. 600 MX 10 mail.example.')
  bench.putAbsent('none.example.')
  bench.putAbsent('www.example. AAAA')
  bench.putFailure('bad.example. A')
  return bench
}

function gone(bench: Bench): string[] {
  audit(bench.block)
  return KNOWN.filter((what) => bench.look(what) === 'nothing')
}

const name = (text: string): Name => Name.parse(text)

for (const [title, flush, expected] of [
  ['a name goes with all its types, whatever its case', (bench: Bench) => flushName(bench.cache, name('WWW.example.')), ['www.example. A', 'www.example. MX', 'www.example. AAAA']],
  ['a type of a name goes alone', (bench: Bench) => flushType(bench.cache, name('www.example.'), TYPE.MX), ['www.example. MX']],
  ['NXDOMAIN goes with any type of its name', (bench: Bench) => flushType(bench.cache, name('none.example.'), TYPE.A), ['none.example. A']],
  ['a failure goes with its type', (bench: Bench) => flushType(bench.cache, name('bad.example.'), TYPE.A), ['bad.example. A']],
  ['a subtree goes with its root, and no name that only ends like it', (bench: Bench) => flushBelow(bench.cache, name('www.EXAMPLE.')), ['www.example. A', 'www.example. MX', 'a.www.example. A', 'www.example. AAAA']],
  ['what nobody knows takes nothing with it', (bench: Bench) => flushBelow(bench.cache, name('ww.example.')), []],
] as const) {
  test(title, () => {
    const bench = filled()
    assert.equal(flush(bench), expected.length)
    assert.deepEqual(gone(bench), expected)
  })
}

test('below the root is everything', () => {
  const bench = filled()
  assert.equal(flushBelow(bench.cache, Name.root), KNOWN.length)
  assert.deepEqual(gone(bench), KNOWN)
  assert.deepEqual([bench.block.entryCount, bench.block.liveOctets], [0, 0])
})

test('after a flush the cache goes on as before', () => {
  const bench = filled()
  flushBelow(bench.cache, Name.root)
  for (let i = 0; i < 9_000; i++) bench.put(`host${i % 5_000}.example. 600 A 192.0.2.1`)
  assert.equal(bench.look('host3999.example. A'), 'records')
  audit(bench.block)
})

test('a subtree is what RFC 1034 3.1 says it is (model: Name.isWithin)', () => {
  const label = fc.constantFrom('a', 'b', 'A', 'ab', 'ba')
  const path = fc.array(label, { maxLength: 4 }).map((labels) => `${labels.join('.')}.`)
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 30 }), path, (texts, below) => {
      const bench = new Bench()
      for (const text of texts) bench.put(`${text} 600 A 192.0.2.1`)
      flushBelow(bench.cache, name(below))
      for (const text of texts) {
        const asked = question(`${text} A`)
        bench.name.load(asked.name.wire, 0)
        assert.equal(bench.reader.find(bench.name, asked.type, START) === 0, asked.name.isWithin(name(below)), `${text} below ${below}`)
      }
    }),
    { numRuns: 60 },
  )
})
