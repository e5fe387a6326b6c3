/** Trust anchors that are followed (RFC 5011), played with a clock of the test's over a zone that it signs: roll-overs day by day, when zones are asked, restarts, files that are damaged, configs that change. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { makeDs } from '../../src/dnssec/check-keys.ts'
import { keyTag } from '../../src/dnssec/public-key.ts'
import { Name } from '../../src/dns/name.ts'
import { AnchorKeeper } from '../../src/ops/anchor-keeper.ts'
import type { TrustAnchor } from '../../src/resolver/contract.ts'
import { DAY, keyOf, numberOf, setOf, ZONE } from '../dnssec/key-sets.ts'
import { keyRdata } from '../dnssec/pairs.ts'
import { NOW } from '../dnssec/zone-signer.ts'
import { makeFolder } from './process.ts'

const rdataOf = (word: string): Uint8Array => new Uint8Array(keyRdata(15, 257, keyOf(word).which))
const rdatasOf = (words: string): Uint8Array[] => words.split(' ').filter(Boolean).map(rdataOf)
const anchor = (keys: string, ds = '', zone = ZONE): TrustAnchor => ({ zone, keys: rdatasOf(keys), digests: rdatasOf(ds).map((rdata) => makeDs(2, zone, rdata) ?? assert.fail()) })
const tag = (word: string): number => keyTag(rdataOf(word))

/** A zone, a clock, and whoever follows its keys. */
class Bench {
  now = NOW
  /** `keys / signers`, or nothing where no server answers. */
  zone: string | undefined = '1 / 1'
  ttl = 3_600
  readonly asks: number[] = []
  readonly told: [string, object][] = []
  changes = 0
  readonly folder = makeFolder({})
  readonly file = join(this.folder.path, 'trust-anchors')
  private timer: { at: number; run: () => void } | undefined
  keeper = this.make()

  private make(): AnchorKeeper {
    return new AnchorKeeper({
      file: this.file,
      log: (event, fields) => void this.told.push([event, fields ?? {}]),
      unixSeconds: () => Math.floor(this.now),
      after: (delayMs, run) => {
        const timer = (this.timer = { at: this.now + delayMs / 1_000, run })
        return () => this.timer === timer && (this.timer = undefined)
      },
      ask: (zone, done) => {
        this.asks.push(this.now - NOW)
        const [keys, signers] = this.zone?.split(' / ') ?? []
        done(keys === undefined ? undefined : setOf(keys, signers ?? '', this.now, {}, this.ttl, zone))
      },
      onChange: () => this.changes++,
    })
  }

  /** Lets time pass until so many seconds after the beginning. */
  async until(seconds: number): Promise<void> {
    while (this.timer !== undefined && this.timer.at <= NOW + seconds) {
      const { at, run } = this.timer
      this.timer = undefined
      this.now = at
      run()
    }
    this.now = NOW + seconds
    await this.keeper.saved()
  }

  /** Ends, and starts again over what is on the disk. */
  async restart(...anchors: TrustAnchor[]): Promise<void> {
    this.keeper.stop()
    await this.keeper.saved()
    assert.equal(this.timer, undefined, 'nothing is left that would run')
    this.keeper = this.make()
    this.keeper.follow(anchors)
  }

  /** `1 valid, 2 waiting`, DS that were not seen behind. */
  get states(): string {
    const words = new Map(['1', '2', '3', '4'].map((word) => [tag(word), word]))
    return this.keeper.lines.map(({ key, state }) => `${words.get(key) ?? key} ${state}`).join(', ')
  }

  /** Numbers of the keys that are believed, and how many DS. */
  get believed(): string {
    return this.keeper.anchors.map(({ keys, digests }) => [...keys.map(numberOf), ...digests.map(() => 'ds')].join(' ')).join(' | ')
  }
}

let bench: Bench
beforeEach(() => (bench = new Bench()))
afterEach(() => bench.folder.remove())

/** Each line is `until day: keys / signers → states; what is believed`: from the day before on the zone is so. */
async function play(script: string, restarts = false): Promise<void> {
  for (const line of script.trim().split('\n')) {
    const [, day, zone, states, believed] = /^\s*([\d.]+): (.*?) → (.*?); ?(.*)$/.exec(line) ?? assert.fail(line)
    bench.zone = zone === 'silence' ? undefined : zone
    await bench.until(Number(day) * DAY)
    if (restarts) await bench.restart(anchor('', '1'))
    assert.equal(`${bench.states}; ${bench.believed}`, `${states}; ${believed}`, line)
  }
}

const ROLL_OVER = `
  0.1: 1 / 1 → 1 valid; 1
  1: 1 2 / 1 → 1 valid, 2 waiting; 1
  30: 1 2 / 1 → 1 valid, 2 waiting; 1
  31: 1 2 / 1 → 1 valid, 2 valid; 1 2
  40: 1 2 / 2 → 1 valid, 2 valid; 1 2
  41: 1! 2 / 1! 2 → 1 revoked, 2 valid; 2
  60: 2 / 2 → 1 revoked, 2 valid; 2
  72: 2 / 2 → 1 removed, 2 valid; 2
  80: 1 2 / 2 → 1 removed, 2 valid; 2`

describe('a roll-over', () => {
  beforeEach(() => bench.keeper.follow([anchor('', '1')]))

  it('goes from one key to the next in thirty days, and the old one is none once it is revoked (RFC 5011 2.1, 2.2, 2.4)', () => play(ROLL_OVER))

  it('goes the same way with a restart at every step (RFC 5011 2.4: hold-downs outlast it)', () => play(ROLL_OVER, true))

  it('is told in the log, change by change, and to validation when what is believed changes', async () => {
    await play(ROLL_OVER)
    const changes = bench.told.map(([event, fields]) => `${event} ${Object.values(fields).map(String).join(' ')}`)
    assert.deepEqual(changes, [
      `anchor changed example. ${tag('1')} 15 valid`,
      `anchor changed example. ${tag('2')} 15 waiting 2027-02-14T10:24:10Z`,
      `anchor changed example. ${tag('2')} 15 waiting valid`,
      `anchor changed example. ${tag('1')} 15 valid revoked 2027-03-26T08:01:00Z`,
      `anchor changed example. ${tag('1')} 15 revoked removed`,
    ].map((line, i) => (i === 1 || i === 3 ? line.replace(/\d\d:\d\d:\d\dZ$/, /\d\d:\d\d:\d\dZ$/.exec(changes[i])?.[0] ?? '') : line)))
    assert.equal(bench.changes, 3, 'the DS was seen, the new key, and the old one revoked')
  })

  it('leaves no trace of a revoked key thirty days later, where the config does not name it', async () => {
    await bench.restart(anchor('2'))
    await play(`
      0.1: 1 2 / 2 → 2 valid, 1 waiting; 2
      31: 1 2 / 2 → 2 valid, 1 valid; 2 1
      32: 1! 2 / 1! 2 → 2 valid, 1 revoked; 2
      40: 2 / 2 → 2 valid, 1 revoked; 2
      63: 2 / 2 → 2 valid; 2
      64: 1 2 / 2 → 2 valid, 1 waiting; 2`)
    const tos = bench.told.map(([, fields]) => (fields as { key: number; to: string })).filter(({ key }) => key === tag('1')).map(({ to }) => to)
    assert.deepEqual(tos, ['waiting', 'valid', 'revoked', 'forgotten', 'waiting'])
  })

  it('begins anew where the new key goes away for a while (RFC 5011 2.2)', () => play(`
    1: 1 2 / 1 → 1 valid, 2 waiting; 1
    29: 1 2 / 1 → 1 valid, 2 waiting; 1
    29.2: 1 / 1 → 1 valid; 1
    40: 1 2 / 1 → 1 valid, 2 waiting; 1
    58: 1 2 / 1 → 1 valid, 2 waiting; 1
    60: 1 2 / 1 → 1 valid, 2 valid; 1 2`))

  it('does not proceed by sets that no key in use signed, nor in silence; a key that is missing is believed still', () => play(`
    1: 1 / 1 → 1 valid; 1
    40: 1 2 / 2 → 1 valid; 1
    80: silence → 1 valid; 1
    81: 1 2 / 1 → 1 valid, 2 waiting; 1
    112: 1 2 / 1 → 1 valid, 2 valid; 1 2
    120: 2 / 2 → 1 missing, 2 valid; 1 2
    121: 1 2 / 2 → 1 valid, 2 valid; 1 2`))

  it('ends the anchor where every key is revoked: nothing is believed, and that is told once (RFC 5011 5)', async () => {
    await play(`
      1: 1 / 1 → 1 valid; 1
      2: 1! 2 / 1! 2 → 1 revoked;
      9: 1! 2 / 1! 2 → 1 revoked;`)
    assert.deepEqual(bench.keeper.anchors, [])
    assert.deepEqual(bench.told.filter(([event]) => event === 'anchor ended'), [['anchor ended', { zone: 'example.' }]])
  })

  it('tells each time that a set was not signed by a key in use, and why', async () => {
    bench.zone = '1 2 / 2'
    await bench.until(20)
    bench.zone = undefined
    await bench.until(3_700)
    const reasons = bench.told.filter(([event]) => event === 'anchor not checked').map(([, fields]) => (fields as { reason: string }).reason)
    assert.equal(reasons.length, 2)
    assert.match(reasons[0], /key/)
    assert.equal(reasons[1], 'no DNSKEY of example. is to be had')
  })
})

describe('when a zone is asked (RFC 5011 2.3)', () => {
  it('ten seconds after the start, then by half of the TTL, an hour at least', async () => {
    bench.ttl = 4 * 3_600
    bench.keeper.follow([anchor('1')])
    await bench.until(6 * 3_600)
    assert.deepEqual(bench.asks, [10, 7_210, 14_410])
  })

  it('every hour where nobody answers', async () => {
    bench.zone = undefined
    bench.keeper.follow([anchor('1')])
    await bench.until(3 * 3_600)
    assert.deepEqual(bench.asks, [10, 3_610, 7_210])
  })

  it('at the time that was set before a restart, and not by every restart', async () => {
    bench.ttl = 10 * DAY
    bench.keeper.follow([anchor('1')])
    await bench.until(DAY)
    for (let i = 0; i < 5; i++) await bench.restart(anchor('1'))
    await bench.until(5 * DAY + 60)
    assert.deepEqual(bench.asks, [10, 5 * DAY + 10])
  })

  it('soon, where the clock has gone back so that the time kept is far off', async () => {
    bench.ttl = 10 * DAY
    bench.keeper.follow([anchor('1')])
    await bench.until(60)
    bench.now = NOW - 100 * DAY
    await bench.restart(anchor('1'))
    await bench.until(-100 * DAY + 60)
    assert.deepEqual(bench.asks, [10, -100 * DAY + 10])
  })

  it('each zone by its own time, and none once it is stopped', async () => {
    const other = Name.parse('other.')
    bench.keeper.follow([anchor('1'), anchor('1', '', other)])
    await bench.until(20)
    assert.deepEqual([bench.asks, bench.keeper.lines.map(({ zone }) => zone)], [[10, 10], ['example.', 'other.']])
    bench.keeper.stop()
    await bench.until(DAY)
    assert.equal(bench.asks.length, 2)
  })
})

describe('what is on the disk', () => {
  const DAMAGES: [what: string, damage: (text: string) => string][] = [
    ['torn', (text) => text.slice(0, text.length / 2)],
    ['bent', (text) => text.replace('valid', 'value')],
    ['empty', () => ''],
  ]
  for (const [what, damage] of DAMAGES) {
    it(`that is ${what} is told, the config counts, and it is written anew`, async () => {
      bench.keeper.follow([anchor('1')])
      bench.zone = '1 2 / 1'
      await bench.until(60)
      assert.equal(bench.states, '1 valid, 2 waiting')
      const damaged = damage(readFileSync(bench.file, 'utf8'))
      writeFileSync(bench.file, damaged)
      bench.told.length = 0
      await bench.restart(anchor('1'))
      const [[event, fields]] = bench.told
      assert.equal(event, 'anchors not restored')
      assert.match((fields as { reason: string }).reason, /^it(s sum is wrong| does not begin and end)/)
      assert.deepEqual([bench.states, bench.believed], ['1 valid', '1'])
      const { file, kept, remedy } = fields as { file: string; kept: string; remedy: string }
      assert.equal(file, bench.file)
      assert.match(remedy, /stop the server, put the copy in place of the file/)
      await bench.until(120)
      assert.equal(readFileSync(kept, 'utf8'), damaged, 'it is there as it was, beside the new one')
      await bench.restart(anchor('1'))
      assert.equal(bench.states, '1 valid, 2 waiting')
      assert.equal(readdirSync(bench.folder.path).filter((name) => name.includes('damaged')).length, 1)
    })
  }

  it('that is damaged and cannot be put aside is not written over, and is as soon as it can be', async () => {
    writeFileSync(bench.file, 'half of')
    // a folder that is not empty stands where it would go
    const aside = `${bench.file}.damaged-2027-01-15T08:00:00Z`
    const retried = `${bench.file}.damaged-2027-01-15T08:01:00Z`
    for (const path of [aside, retried]) mkdirSync(join(path, 'x'), { recursive: true })
    await bench.restart(anchor('1'))
    await bench.until(60)
    const [restored, ...later] = bench.told.filter(([event]) => event.startsWith('anchors'))
    assert.match((restored[1] as { unkept: string }).unkept, /directory/)
    assert.deepEqual(later.map(([event]) => event), ['anchors not saved'])
    assert.match((later[0][1] as { reason: string }).reason, /^what stands there is damaged and cannot be put aside: /)
    assert.equal(readFileSync(bench.file, 'utf8'), 'half of')
    for (const path of [aside, retried]) rmdirSync(join(path, 'x'))
    await bench.until(DAY)
    assert.match(readFileSync(bench.file, 'utf8'), /^; Trust anchors/)
    assert.equal(readdirSync(bench.folder.path).filter((name) => name.includes('damaged')).length, 3)
  })

  it('that cannot be written is told, and what is known counts all the same', async () => {
    const file = join(bench.folder.path, 'trust-anchors')
    writeFileSync(join(bench.folder.path, 'x'), '')
    Object.assign(bench, { file: join(file, '..', 'x', 'trust-anchors') })
    await bench.restart(anchor('', '1'))
    await bench.until(60)
    assert.deepEqual([bench.believed, bench.told.at(-1)?.[0]], ['1', 'anchors not saved'])
  })
})

describe('what the operator gives', () => {
  it('is believed before any zone was asked', () => {
    bench.keeper.follow([anchor('1', '2 3')])
    assert.deepEqual([bench.believed, bench.states], ['1 ds ds', '1 valid, 2 unseen, 3 unseen'])
  })

  it('makes a key in use that a DS names and that is not there yet, the day it comes', async () => {
    bench.keeper.follow([anchor('', '1 2')])
    await bench.until(60)
    assert.equal(bench.believed, '1 ds')
    bench.zone = '1 2 / 1'
    await bench.until(DAY)
    assert.deepEqual([bench.believed, bench.states], ['1 2', '1 valid, 2 valid'])
  })

  it('counts anew where it changes, by a reload or over a restart, but for what was revoked', async () => {
    for (const change of [(given: TrustAnchor) => Promise.resolve(bench.keeper.follow([given])), (given: TrustAnchor) => bench.restart(given)]) {
      bench.folder.remove()
      bench = new Bench()
      bench.keeper.follow([anchor('1 2')])
      bench.zone = '1! 2 3 / 1! 2'
      await bench.until(60)
      assert.equal(bench.states, '1 revoked, 2 valid, 3 waiting')
      await change(anchor('1 4'))
      assert.deepEqual([bench.states, bench.believed], ['1 revoked, 4 valid', '4'])
    }
  })

  it('changes nothing where it is the same, though it stands in another order', async () => {
    bench.keeper.follow([anchor('1 2')])
    bench.zone = '1 2 3 / 1'
    await bench.until(60)
    await bench.restart(anchor('2 1'))
    assert.equal(bench.states, '1 valid, 2 valid, 3 waiting')
  })

  it('loses a zone that is no longer there, with what was tracked of it', async () => {
    bench.keeper.follow([anchor('1'), anchor('1', '', Name.parse('other.'))])
    await bench.until(60)
    bench.keeper.follow([anchor('1')])
    await bench.until(DAY)
    assert.doesNotMatch(readFileSync(bench.file, 'utf8'), /other\./)
    assert.equal(bench.keeper.anchors.length, 1)
  })

  it('an answer to what was asked for the config before is not taken for the one after', async () => {
    let late: (() => void) | undefined
    const { ask } = (bench.keeper as unknown as { parts: { ask: (zone: Name, done: (set: unknown) => void) => void } }).parts
    Object.assign((bench.keeper as unknown as { parts: object }).parts, { ask: (zone: Name, done: (set: unknown) => void) => ask(zone, (set) => (late = () => done(set))) })
    bench.keeper.follow([anchor('1')])
    bench.zone = '1! / 1!'
    await bench.until(20)
    bench.keeper.follow([anchor('2')])
    late?.()
    assert.equal(bench.states, '2 valid')
  })
})
