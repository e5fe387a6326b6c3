/** The lease book against a plain map: staged, kept or given up, found by what leads to it, and read back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../../src/dns/codes.ts'
import { Name } from '../../../src/dns/name.ts'
import { parseRecord } from '../../../src/dns/record-text.ts'
import { BookFull, LeaseBook, type Entry } from '../../../src/discovery/lease/book.ts'
import { LeaseBooks } from '../../../src/discovery/lease/books.ts'
import { dueOf, type Lease, type LeasedRecord } from '../../../src/discovery/lease/lease.ts'
import type { KeptWrite, Space } from '../../../src/update/contract.ts'
import { MapKeeper } from '../../update/support.ts'

const ZONE = { name: Name.parse('acme.example.'), class: CLASS.IN }

function record(text: string): LeasedRecord {
  const { name: owner, type, ttl, rdata } = parseRecord(text, ZONE.name)
  return { owner, type, ttl, rdata }
}

function lease(kind: Lease['kind'], units: [string, number, string[]][]): Lease {
  return {
    kind, zone: ZONE.name, class: CLASS.IN, holder: new Uint8Array(16), grantedMs: 1,
    units: units.map(([name, endMs, records]) => ({ name: Name.parse(name, ZONE.name), leaseEndMs: endMs, keyEndMs: endMs, records: records.map(record) })),
  }
}

const A = 'a 60 IN A 192.0.2.1'
const B = 'b 60 IN A 192.0.2.2'

/** Stages and keeps. */
async function kept(book: LeaseBook, keeper: MapKeeper, writes: readonly KeptWrite[]): Promise<void> {
  await keeper.keep(writes)
  book.settled(true)
}

test('a lease of records is found by each of them; one of an agent by its names and what points to them', async () => {
  const keeper = new MapKeeper()
  const book = new LeaseBook(keeper, ZONE)
  assert.ok(book.isEmpty)
  const writes = book.put(lease('records', [['a', 9, [A]], ['b', 9, [B]]]))
  writes.push(...book.put(lease('agent', [['host', 9, ['host 60 IN A 192.0.2.3']], ['Chat._a2a._tcp', 9, ['_a2a._tcp 60 IN PTR Chat._a2a._tcp', 'v1.x._cap 60 IN AGENT 1 host']]])))
  await kept(book, keeper, writes)
  const find = (text: string): number | undefined => book.leaseOf(record(text))?.id
  assert.deepEqual([find(A), find(B), find('a 60 IN A 192.0.2.2'), find('host 60 IN A 192.0.2.3'), find('_a2a._tcp 60 IN PTR CHAT._a2a._TCP'), find('host 60 IN A 192.0.2.4')], [0, 0, undefined, 1, 1, undefined])
  assert.equal(find('v1.x._cap 60 IN AGENT 1 host'), 1)
  assert.deepEqual([book.claimOf(Name.parse('HOST.acme.example.'))?.id, book.claimOf(Name.parse('a.acme.example.'))], [1, undefined])
  assert.deepEqual([book.size, book.isEmpty, book.nextMs], [2, false, 9])
})

test('what is staged is seen at once, and has never been when the batch is given up', () => {
  const book = new LeaseBook(new MapKeeper(), ZONE)
  book.put(lease('records', [['a', 9, [A]]]))
  assert.deepEqual([book.leaseOf(record(A))?.id, book.isEmpty, book.size, book.nextMs], [0, false, 0, Infinity])
  book.settled(false)
  assert.deepEqual([book.leaseOf(record(A)), book.get(0), book.isEmpty], [undefined, undefined, true])
})

test('a lease that takes a record over keeps it when the former ends', async () => {
  const keeper = new MapKeeper()
  const book = new LeaseBook(keeper, ZONE)
  const first = lease('records', [['a', 9, [A]]])
  await kept(book, keeper, book.put(first))
  await kept(book, keeper, book.put(lease('records', [['a', 12, [A]]])))
  assert.equal(book.leaseOf(record(A))?.id, 1)
  await kept(book, keeper, book.put({ ...first, units: [] }, { id: 0, lease: first }))
  assert.deepEqual([book.leaseOf(record(A))?.id, book.size, book.nextMs], [1, 1, 12])
})

test('numbers are used again, by a book that is read from the store too', async () => {
  const keeper = new MapKeeper()
  const book = new LeaseBook(keeper, ZONE, 2)
  const [first, second] = [lease('records', [['a', 9, [A]]]), lease('records', [['b', 8, [B]]])]
  await kept(book, keeper, [...book.put(first), ...book.put(second)])
  assert.throws(() => book.put(first), BookFull)
  await kept(book, keeper, book.put({ ...first, units: [] }, { id: 0, lease: first }))
  const again = new LeaseBook(keeper, ZONE, 2)
  const seen: Entry[] = []
  again.load((entry) => seen.push(entry))
  assert.deepEqual([seen.map(({ id }) => id), again.size, again.nextMs], [[1], 1, 8])
  again.put(first)
  assert.equal(again.leaseOf(record(A))?.id, 0)
})

test('zones have books of their own', async () => {
  const keeper = new MapKeeper()
  const books = new LeaseBooks(keeper)
  const other = { name: Name.parse('other.example.'), class: CLASS.IN }
  const mine = books.of(ZONE)
  await kept(mine, keeper, [...mine.put(lease('records', [['a', 9, [A]]])), books.seen(77)])
  assert.deepEqual([books.size, books.of(ZONE) === mine, books.of(other).size, books.of({ ...ZONE, class: CLASS.LOCAL }).size], [1, true, 0, 0])
  assert.equal([...books.all()].length, 3)
  const later = new LeaseBooks(keeper)
  assert.equal(later.lastSeenMs(), 77)
  for (const zone of [ZONE, other]) later.of(zone).load(() => undefined)
  assert.equal(later.size, 1)
  assert.equal(new LeaseBooks(new MapKeeper()).lastSeenMs(), 0)
})

test('whatever is granted, changed, ended and given up, the book is what a map says', async () => {
  const step = fc.record({ id: fc.nat(5), endMs: fc.nat(40), names: fc.uniqueArray(fc.nat(6), { maxLength: 4 }), isKept: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const keeper = new MapKeeper()
      const book = new LeaseBook(keeper, ZONE)
      let model = new Map<number, Entry>()
      for (const { id, endMs, names, isKept } of steps) {
        const before = model.get(id)
        const records = names.map((name) => `n${id}-${name} 60 IN A 192.0.2.${name}`)
        const next = lease('records', records.map((text, i): [string, number, string[]] => [`n${id}-${names[i]}`, endMs, [text]]))
        const writes = next.units.length === 0 && before === undefined ? [] : book.put(next, before)
        if (isKept) {
          await keeper.keep(writes)
          const now = new Map(model)
          const entry = before ?? (next.units.length === 0 ? undefined : book.leaseOf(record(records[0])))
          if (next.units.length === 0) now.delete(id)
          else now.set(id, { id: entry?.id ?? assert.fail(), lease: next })
          model = now
        }
        book.settled(isKept)
      }
      assert.equal(book.size, model.size)
      assert.equal(book.nextMs, Math.min(Infinity, ...[...model.values()].map(({ lease: held }) => dueOf(held))))
      for (const { id, lease: held } of model.values()) for (const unit of held.units) assert.equal(book.leaseOf(unit.records[0])?.id, id)
      const keys = [...model.values()].reduce((sum, { lease: held }) => sum + 1 + held.units.length, 0)
      assert.equal(keeper.space('lease').size, keys, 'nothing is left in the store')
    }),
  )
})

test('a record of an agent is found by what it points to, or by itself', () => {
  const book = new LeaseBook(new MapKeeper(), ZONE)
  book.put(lease('agent', [['host', 9, ['v1.x._cap 60 IN AGENT 1 host', 'm 60 IN MX 1 host']]]))
  assert.equal(book.leaseOf(record('v1.x._cap 60 IN AGENT 1 host'))?.id, 0)
  assert.equal(book.leaseOf(record('m 60 IN MX 1 host'))?.id, 0, 'any other is found by itself')
  assert.equal(book.leaseOf(record('m 60 IN MX 2 host')), undefined)
  assert.equal(book.leaseOf({ owner: ZONE.name, type: TYPE.AGENT, rdata: new Uint8Array(2) }), undefined)
})

test('what one batch has read it does not read again; the next batch does', async () => {
  const asked: string[] = []
  class TellingKeeper extends MapKeeper {
    override get(space: Space, key: Uint8Array): Uint8Array | undefined {
      asked.push(Buffer.from(key).toString('latin1').slice(-2))
      return super.get(space, key)
    }
  }
  const keeper = new TellingKeeper()
  const book = new LeaseBook(keeper, ZONE)
  await kept(book, keeper, book.put(lease('agent', [['host', 9, ['host 60 IN A 192.0.2.3']]])))
  const [host, other] = ['host', 'other'].map((text) => Name.parse(text, ZONE.name))
  const look = (): number => {
    asked.length = 0
    for (let i = 0; i < 3; i++) assert.deepEqual([book.claimOf(host)?.id, book.claimOf(other)?.id], [0, undefined])
    return asked.length
  }
  assert.deepEqual([book.keptClaimOf(host)?.units.length, book.keptClaimOf(other)], [1, undefined])
  assert.deepEqual([look(), look()], [3, 0], 'the name, its lease, and that the other name has none')
  const before = book.claimOf(host) as Entry
  const writes = book.put({ ...before.lease, units: [] }, before)
  assert.deepEqual([book.claimOf(host), book.keptClaimOf(host)?.units.length], [undefined, 1], 'what is staged is not on disk')
  await kept(book, keeper, writes)
  await kept(book, keeper, book.put(lease('agent', [['other', 9, ['other 60 IN A 192.0.2.3']]])))
  assert.deepEqual([book.claimOf(host), book.claimOf(other)?.id], [undefined, 0])
})
