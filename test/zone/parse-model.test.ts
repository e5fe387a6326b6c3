/**
 * Random zone files beside a model: records are chosen first, then written in one of the many ways that RFC 1035 5.1
 * allows (relative or absolute, inherited owner and TTL, class and TTL in either order, parentheses, comments,
 * escapes, another origin, another file); parsing must give back the records, whatever the way.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { filesFrom, parse, recordsOf } from './support.ts'

interface Entry {
  /** Labels below example.com., in lower case; none for the apex. */
  owner: string[]
  ttl: number
  type: 'A' | 'MX' | 'TXT' | 'NS' | 'SRV'
  /** Labels of the name in RDATA, below example.com. */
  target: string[]
  number: number
}

/** How one entry is written; each choice is taken where it is possible. */
interface Style {
  owner: 'inherited' | 'relative' | 'absolute' | 'escaped'
  ttl: 'inherited' | 'seconds' | 'units'
  head: 'ttl class' | 'class ttl' | 'no class' | 'class by number'
  type: 'name' | 'small' | 'number'
  target: 'relative' | 'absolute'
  layout: 'line' | 'parentheses' | 'many lines' | 'tabs'
  comment: boolean
  before: 'nothing' | 'origin' | 'ttl' | 'blank line' | 'comment'
}

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,7}$/)
const labels = fc.array(label, { maxLength: 3 })
const entry: fc.Arbitrary<Entry> = fc.record({
  owner: labels,
  ttl: fc.nat(1_000_000),
  type: fc.constantFrom('A', 'MX', 'TXT', 'NS', 'SRV'),
  target: labels,
  number: fc.nat(255),
})
const style: fc.Arbitrary<Style> = fc.record({
  owner: fc.constantFrom('inherited', 'relative', 'absolute', 'escaped'),
  ttl: fc.constantFrom('inherited', 'seconds', 'units'),
  head: fc.constantFrom('ttl class', 'class ttl', 'no class', 'class by number'),
  type: fc.constantFrom('name', 'small', 'number'),
  target: fc.constantFrom('relative', 'absolute'),
  layout: fc.constantFrom('line', 'parentheses', 'many lines', 'tabs'),
  comment: fc.boolean(),
  before: fc.constantFrom('nothing', 'origin', 'ttl', 'blank line', 'comment'),
})

const TYPE_NUMBER = { A: 1, MX: 15, TXT: 16, NS: 2, SRV: 33 } as const

function absolute(below: string[]): string {
  return [...below, 'example', 'com', ''].join('.')
}

/** What a record must be read as. */
function expected({ owner, ttl, type, target, number }: Entry): string {
  return `${absolute(owner)} ${ttl} ${type} ${dataOf(type, absolute(target), number)}`
}

function dataOf(type: Entry['type'], target: string, number: number): string {
  switch (type) {
    case 'A':
      return `192.0.2.${number}`
    case 'MX':
      return `${number} ${target}`
    case 'TXT':
      return `"text ${number}" "; ( no comment"`
    case 'NS':
      return target
    case 'SRV':
      return `0 ${number} 53 ${target}`
  }
}

/** Writes entries one after another, keeping what a reader of the text would know. */
class Writer {
  text = ''
  private origin: string[] = []
  private lastOwner: string | undefined
  private lastTtl = -1
  private defaultTtl = -1

  write(record: Entry, how: Style): void {
    this.writeBefore(record, how)
    const gap = how.layout === 'tabs' ? '\t \t' : ' '
    const words = [...this.head(record, how), this.type(record, how), ...dataOf(record.type, this.name(record.target, how.target === 'relative'), record.number).split(/ (?=(?:[^"]*"[^"]*")*[^"]*$)/)]
    const owner = this.owner(record, how)
    this.text += `${owner}${this.lay(words, how.layout, gap)}${how.comment ? ` ; a "comment" (with ) all` : ''}\n`
    this.lastOwner = absolute(record.owner)
  }

  private writeBefore({ owner, ttl }: Entry, { before }: Style): void {
    if (before === 'blank line') this.text += ' \t\n'
    if (before === 'comment') this.text += '; $ORIGIN nowhere. ( "\n'
    if (before === 'ttl') {
      this.text += `$ttl ${ttl}\n`
      this.defaultTtl = ttl
    }
    if (before === 'origin') {
      this.origin = owner.slice(-1)
      this.text += `$ORIGIN ${absolute(this.origin)}\n`
    }
  }

  private owner(record: Entry, { owner: how }: Style): string {
    const full = absolute(record.owner)
    if (how === 'inherited' && this.lastOwner === full) return ' '
    if (how === 'escaped') return `\\${String(full.charCodeAt(0)).padStart(3, '0')}${full.slice(1)} `
    return `${this.name(record.owner, how !== 'absolute')} `
  }

  /** A name relative to the origin where that is wanted and possible. */
  private name(below: string[], relative: boolean): string {
    const suffix = below.slice(below.length - this.origin.length)
    if (!relative || below.length < this.origin.length || suffix.join('.') !== this.origin.join('.')) return absolute(below)
    return below.length === this.origin.length ? '@' : below.slice(0, below.length - this.origin.length).join('.')
  }

  private head({ ttl }: Entry, how: Style): string[] {
    const inherited = this.defaultTtl >= 0 ? this.defaultTtl : this.lastTtl
    const stated = how.ttl === 'inherited' && inherited === ttl ? [] : [how.ttl === 'units' ? inUnits(ttl) : String(ttl)]
    if (stated.length > 0) this.lastTtl = ttl
    switch (how.head) {
      case 'no class':
        return stated
      case 'class ttl':
        return ['IN', ...stated]
      case 'class by number':
        return ['class1', ...stated]
      case 'ttl class':
        return [...stated, 'in']
    }
  }

  private type({ type }: Entry, how: Style): string {
    return how.type === 'name' ? type : how.type === 'small' ? type.toLowerCase() : `TYPE${TYPE_NUMBER[type]}`
  }

  private lay(words: string[], layout: Style['layout'], gap: string): string {
    if (layout === 'parentheses') return `( ${words.join(gap)} )`
    if (layout === 'many lines') return `(\n${words.map((word) => `  ${word} ; "one" word\n`).join('')} )`
    return words.join(gap)
  }
}

function inUnits(ttl: number): string {
  const parts = [Math.floor(ttl / 86_400), Math.floor((ttl % 86_400) / 3_600), Math.floor((ttl % 3_600) / 60), ttl % 60]
  return parts.map((count, i) => (count > 0 || i === 3 ? `${count}${'dHms'[i]}` : '')).join('')
}

function written(entries: [Entry, Style][]): string {
  const writer = new Writer()
  for (const [record, how] of entries) writer.write(record, how)
  return writer.text
}

/** Entries that often repeat owner and TTL of the one before, so that inheriting has something to inherit. */
const entries = fc.array(fc.tuple(entry, style, fc.boolean(), fc.boolean()), { maxLength: 30 }).map((all) => {
  const list: [Entry, Style][] = []
  for (const [record, how, sameOwner, sameTtl] of all) {
    const before = list.at(-1)?.[0]
    list.push([{ ...record, owner: sameOwner && before ? before.owner : record.owner, ttl: sameTtl && before ? before.ttl : record.ttl }, how])
  }
  return list
})

test('RFC 1035 5.1: records are read back whatever way they are written', () => {
  fc.assert(
    fc.property(entries, (list) => {
      assert.deepEqual(recordsOf(written(list)), list.map(([record]) => expected(record)))
    }),
    { numRuns: 400 },
  )
})

test('a fault put between entries takes nothing from them', () => {
  const faulty = fc.constantFrom('bad AAA x', 'bad A 192.0.2.256', '$NONE x', 'bad 9 A )', 'b..d A 192.0.2.1', 'bad 9 TXT "x', 'bad 9 MX 1 ( x y )', 'bad 9 A 192.0.2.1 x', 'bad.example.net. 9 A 192.0.2.1')
  fc.assert(
    fc.property(entries, fc.nat(), faulty, (list, at, line) => {
      const lines = list.map(([record, how]) => written([[record, { ...how, owner: 'absolute', target: 'absolute', ttl: 'seconds', before: 'nothing' }]]))
      lines.splice(at % (lines.length + 1), 0, `${line}\n`)
      const { records, faults } = parse(lines.join(''))
      assert.deepEqual(records, list.map(([record]) => expected(record)))
      assert.equal(faults.count, 1)
    }),
    { numRuns: 200 },
  )
})

test('RFC 1035 5.1: any run of entries may stand in a file of its own', () => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.nat(), (list, a, b) => {
      const plain = list.map(([record, how]): [Entry, Style] => [record, { ...how, before: 'nothing' }])
      const [from, to] = [a % (plain.length + 1), b % (plain.length + 1)].sort((x, y) => x - y)
      const stated = (part: [Entry, Style][]): [Entry, Style][] => part.map(([record, how], i) => [record, i === 0 ? { ...how, owner: 'absolute', ttl: 'seconds' } : how])
      const text = `${written(stated(plain.slice(0, from)))}$INCLUDE part\n${written(stated(plain.slice(to)))}`
      const readFile = filesFrom({ part: written(stated(plain.slice(from, to))) })
      assert.deepEqual(recordsOf(text, 'example.com.', { readFile }), plain.map(([record]) => expected(record)))
    }),
    { numRuns: 200 },
  )
})
