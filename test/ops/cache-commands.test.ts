/** What the control socket says of the cache, over a real one: levels, what it holds, and forgetting. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { parseType } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { CacheDesk } from '../../src/ops/cache-desk.ts'
import type { Commanded } from '../../src/ops/command-parts.ts'
import { commandsOf } from '../../src/ops/commands.ts'
import type { ControlAnswer } from '../../src/ops/control.ts'
import { flatten, recursionMetrics } from '../../src/ops/metrics.ts'
import { RECURSION_ELEMENTS, RECURSION_HISTOGRAM } from '../../src/ops/recursion-metrics.ts'
import { newCounters } from '../../src/resolver/counters.ts'
import { Bench, SOA } from '../cache/support.ts'

let bench: Bench
let told: unknown[]
let sent: string

/** A server of which only its cache is asked. */
function serverWith(cache: CacheDesk | undefined): Commanded {
  const unasked = (): never => assert.fail('not asked')
  return { cache, tell: (...what) => void told.push(what), metrics: () => [], zones: () => [], find: () => undefined, leasesIn: () => 0, agents: () => [], explain: unasked, reload: unasked, dump: unasked, write: unasked }
}

function ask(command: string, fields: object = {}, desk: CacheDesk | undefined = new CacheDesk(bench.cache, () => bench.now)): Promise<ControlAnswer> {
  const send = (text: string): Promise<void> => {
    sent += text
    return Promise.resolve()
  }
  return Promise.resolve(commandsOf(serverWith(desk))({ command, ...fields }, send)).catch((error: Error) => ({ ok: false as const, error: error.message }))
}

const knows = (question: string): boolean => {
  const [name, type] = question.split(' ')
  bench.name.load(Name.parse(name).wire, 0)
  return bench.reader.find(bench.name, parseType(type) ?? 1, bench.now) !== 0
}

beforeEach(() => {
  told = []
  sent = ''
  bench = new Bench()
  bench.put('example. 300 NS ns.example.')
  bench.put('www.example. 300 A 192.0.2.1')
  bench.put('www.example. 300 TXT "x"')
  bench.put('deep.www.example. 300 A 192.0.2.2')
  bench.put('wwwx.example. 300 A 192.0.2.3')
  bench.putAbsent('none.example.')
  bench.putAbsent('www.example. MX')
})

const ALL = ['example. NS', 'www.example. A', 'www.example. TXT', 'www.example. MX', 'deep.www.example. A', 'wwwx.example. A', 'none.example. A']

describe('cache stats', () => {
  it('tells entries, their octets, and the size, which never changes', async () => {
    const answer = (await ask('cache stats')) as unknown as { levels: { entries: number; octets: number; size: number } }
    assert.equal(answer.levels.entries, 7)
    assert.ok(answer.levels.octets > 300 && answer.levels.octets < 3_000)
    assert.equal(answer.levels.size, bench.block.buffer.byteLength)
  })
})

describe('cache flush', () => {
  /** What is asked for, and what is forgotten by it. */
  const ROWS: [fields: object, forgotten: string[]][] = [
    [{ name: 'www.example.' }, ['www.example. A', 'www.example. TXT', 'www.example. MX']],
    [{ name: 'WWW.Example' }, ['www.example. A', 'www.example. TXT', 'www.example. MX']],
    [{ name: 'www.example.', type: 'TXT' }, ['www.example. TXT']],
    [{ name: 'www.example.', type: 'MX' }, ['www.example. MX']],
    [{ name: 'none.example.', type: 'A' }, ['none.example. A']],
    [{ name: 'www.example.', subtree: true }, ['www.example. A', 'www.example. TXT', 'www.example. MX', 'deep.www.example. A']],
    [{ name: '.', subtree: true }, ALL],
    [{ name: 'other.example.' }, []],
    [{ name: 'www.example.', type: 'AAAA' }, []],
  ]
  for (const [fields, forgotten] of ROWS) {
    it(`${JSON.stringify(fields)} forgets ${forgotten.length} and nothing else, and is told to the log`, async () => {
      const answer = await ask('cache flush', fields)
      assert.deepEqual(ALL.filter((question) => !knows(question)), ALL.filter((question) => forgotten.includes(question)))
      const { name, type, subtree = false } = fields as { name: string; type?: string; subtree?: boolean }
      const shown = Name.parse(name).toString()
      assert.deepEqual(answer, { ok: true, name: shown, entries: forgotten.length })
      assert.deepEqual(told, [['cache flushed', { name: shown, ...(type === undefined ? {} : { type }), subtree, entries: forgotten.length }]])
    })
  }

  const MISTAKES: [fields: object, error: RegExp][] = [
    [{}, /"name" must be text/],
    [{ name: 'a..b' }, /Cannot parse/],
    [{ name: 'www.example.', type: 'NOTYPE' }, /Cannot flush www\.example\. as type "NOTYPE" is unknown/],
    [{ name: 'www.example.', type: 'A', subtree: true }, /Cannot flush A below www\.example\.: either one type of a name or all below it/],
  ]
  for (const [fields, error] of MISTAKES) {
    it(`${JSON.stringify(fields)} is refused and forgets nothing`, async () => {
      const answer = await ask('cache flush', fields)
      assert.match((answer as { error: string }).error, error)
      assert.deepEqual([ALL.filter((question) => !knows(question)), told], [[], []])
    })
  }
})

describe('cache dump', () => {
  it('sends every entry under what it is', async () => {
    assert.deepEqual(await ask('cache dump'), { ok: true, entries: 7 })
    assert.match(sent, /; www\.example\. A records, authoritative, \w+, 300 s left\nwww\.example\. 300 IN A 192\.0\.2\.1\n/)
    assert.match(sent, /; none\.example\. NXDOMAIN, \w+, \w+, 600 s left\n/)
    assert.ok(sent.includes(SOA.replace('900', '600')))
    assert.equal(sent.match(/^;/gm)?.length, 7)
    assert.ok(sent.endsWith('\n'))
  })

  it('of a large cache goes in pieces that together hold all', async () => {
    for (let i = 0; i < 3_000; i++) bench.put(`n${i}.big.example. 300 TXT "${'y'.repeat(30)}"`)
    const pieces = new CacheDesk(bench.cache, () => bench.now).dump()
    assert.ok(pieces.length > 2)
    assert.equal(pieces.join('').match(/^;/gm)?.length, bench.block.entryCount)
    await ask('cache dump')
    assert.equal(sent, pieces.join(''))
  })
})

describe('without recursion', () => {
  for (const command of ['cache stats', 'cache dump', 'cache flush']) {
    it(`${command} says that there is no cache`, async () => {
      const answer = await Promise.resolve(commandsOf(serverWith(undefined))({ command, name: 'x.' }, () => Promise.resolve())).catch((error: Error) => error.message)
      assert.match(typeof answer === 'string' ? answer : JSON.stringify(answer), /Cannot look into the cache as there is none: the config has no recursion/)
    })
  }
})

describe('metrics of recursion', () => {
  it('are sums over all machines, gauges, outcomes by kind, and the time of answers', () => {
    const [one, two] = [newCounters(), newCounters()]
    Object.assign(one, { sends: 3, wrongIds: 1, outcomes: { answer: 2, busy: 1 } })
    Object.assign(two, { sends: 4, outcomes: { answer: 5 } })
    const values = new Float64Array(RECURSION_ELEMENTS)
    values[RECURSION_HISTOGRAM.upstream + 10] = 4
    const lines = recursionMetrics({ counters: [one, two], underWay: 6, inFlight: 5, levels: { entries: 1, octets: 2, size: 3 } }, [values]).flatMap(flatten)
    const value = (name: string): number | undefined => lines.find((line) => line.name === name)?.value
    assert.deepEqual(['sends', 'wrong_ids', 'outcome.answer', 'outcome.busy', 'outcome.nxdomain', 'under_way', 'in_flight', 'upstream.count'].map((name) => value(`recursion.${name}`)), [7, 1, 7, 1, 0, 6, 5, 4])
    assert.deepEqual(['entries', 'octets', 'size'].map((name) => value(`cache.${name}`)), [1, 2, 3])
  })

  it('have a line for every counter of the machine', () => {
    const names = recursionMetrics({ counters: [], underWay: 0, inFlight: 0, levels: { entries: 0, octets: 0, size: 0 } }, []).map(({ name }) => name)
    for (const name of Object.keys(newCounters())) if (name !== 'outcomes') assert.ok(names.includes(`recursion.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`), name)
  })
})

describe('cache flush and what is remembered beside the cache', () => {
  for (const [title, fields, ok, times] of [
    ['a name', { name: 'www.example.' }, true, 1], ['one type', { name: 'www.example.', type: 'A' }, true, 1], ['all below a name', { name: 'example.', subtree: true }, true, 1],
    ['a name that is not known', { name: 'never.example.' }, true, 1], ['a type that is none', { name: 'www.example.', type: 'NOTYPE' }, false, 0],
  ] as const) {
    it(`${title}: proofs of names around it are forgotten ${times} time`, async () => {
      let forgotten = 0
      const answer = await ask('cache flush', fields, new CacheDesk(bench.cache, () => bench.now, () => forgotten++))
      assert.deepEqual([answer.ok, forgotten], [ok, times])
    })
  }
})
