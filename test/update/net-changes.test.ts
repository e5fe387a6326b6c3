/** What updates have made of a zone's file: both sides of a comparison that, carried out on the file, gives what is served (RFC 2136 3.6). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { printType, RCODE, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { printRdata } from '../../src/dns/rdata.ts'
import { soaChanges } from '../../src/update/net-changes.ts'
import { bench, fileOf, imageOf, recordsOf, type Bench, ZONE } from './support.ts'

/** The changes as lines: `-www.example. 300 A 192.0.2.1`. */
async function diffOf({ zone }: Bench): Promise<string[]> {
  return (await zone.netChanges()).map(({ kind, owner, type, ttl, rdata }) => `${kind === 'added' ? '+' : '-'}${owner} ${ttl} ${printType(type)} ${printRdata(type, rdata)}`)
}

const SOA = (serial: number): string => `example. 3600 SOA ns.example. hostmaster.example. ${serial} 3600 600 86400 300`
const soas = (to: number): string[] => [`-${SOA(7)}`, `+${SOA(to)}`]

async function reload({ zone }: Bench, text: string): Promise<void> {
  const release = await zone.queue.hold()
  await zone.open(imageOf(text), fileOf(imageOf(text), text))
  release()
}

describe('what updates have made of a zone', () => {
  const cases: [string, string[], string[]][] = [
    ['nothing', [], []],
    ['a record that was added', ['add a.example. 60 A 192.0.2.9'], [...soas(8), '+a.example. 60 A 192.0.2.9']],
    ['a record that was added and removed again: the serial alone', ['add a.example. 60 A 192.0.2.9', 'delete a.example.'], soas(9)],
    ['a record of the file that was removed', ['delete www.example. TXT'], [...soas(8), '-www.example. 300 TXT "hello"']],
    ['another TTL', ['add www.example. 60 TXT "hello"'], [...soas(8), '-www.example. 300 TXT "hello"', '+www.example. 60 TXT "hello"']],
    ['another TTL for a whole set (RFC 2181 5.2)', ['add www.example. 60 A 192.0.2.2'], [
      ...soas(8), '-www.example. 300 A 192.0.2.1', '-www.example. 300 A 192.0.2.2', '+www.example. 60 A 192.0.2.1', '+www.example. 60 A 192.0.2.2',
    ]],
    ['a CNAME that was exchanged', ['add alias.example. 60 CNAME ns.example.'], [...soas(8), '-alias.example. 300 CNAME www.example.', '+alias.example. 60 CNAME ns.example.']],
    ['names in canonical order (RFC 4034 6.1), types by number', ['add z.a.example. 60 A 192.0.2.9; add b.example. 60 TXT "x"; add b.example. 60 A 192.0.2.9; add a.example. 60 A 192.0.2.9'], [
      ...soas(8), '+a.example. 60 A 192.0.2.9', '+z.a.example. 60 A 192.0.2.9', '+b.example. 60 A 192.0.2.9', '+b.example. 60 TXT "x"',
    ]],
    ['a SOA that an update gave', ['add example. 60 SOA ns.example. admin.example. 50 1 2 3 4'], [`-${SOA(7)}`, '+example. 60 SOA ns.example. admin.example. 50 1 2 3 4']],
  ]
  for (const [what, updates, wanted] of cases) {
    test(`${what}`, async () => {
      const running = await bench()
      for (const update of updates) assert.equal(await running.send(update), 'NOERROR')
      assert.deepEqual(await diffOf(running), wanted)
      assert.deepEqual(await diffOf(await bench({ keeper: running.keeper })), wanted, 'and so after a start')
    })
  }

  test('is seen from the file as it was read last', async () => {
    const running = await bench()
    await running.send('add a.example. 60 A 192.0.2.9; delete www.example. TXT')
    await reload(running, `${ZONE.replace('hostmaster 7', 'hostmaster 20')}a 60 A 192.0.2.9\n`)
    assert.deepEqual(await diffOf(running), ['-www.example. 300 TXT "hello"'], 'the file’s serial is the newer one: it is served')
    await reload(running, ZONE.replace('www 300 TXT "hello"\n', ''))
    assert.deepEqual(await diffOf(running), soas(21), 'the file says all that updates had said')
  })

  test('tells records that joined a set of the file with the TTL that they have by now', async () => {
    const running = await bench()
    await running.send('add www.example. 300 A 192.0.2.9')
    await reload(running, ZONE.replaceAll('www 300 A', 'www 900 A'))
    assert.deepEqual((await diffOf(running)).slice(2), ['+www.example. 900 A 192.0.2.9'])
  })

  test('holds nothing of what a lease keeps', async () => {
    const flow = {
      name: 'lease',
      take: () => undefined,
      restore: (draft: { add: (owner: Name, type: number, ttl: number, rdata: Uint8Array, leased: boolean) => boolean }) => (draft.add(Name.parse('l.example.'), TYPE.A, 60, Uint8Array.of(192, 0, 2, 3), true), []),
    }
    const running = await bench({ flows: [flow] })
    await running.send('add a.example. 60 A 192.0.2.9')
    assert.equal(running.at('l.example. 60 A').length, 1)
    assert.deepEqual((await diffOf(running)).slice(2), ['+a.example. 60 A 192.0.2.9'])
  })

  test('waits for the batch under way, so that it tells of whole updates', async () => {
    let open = (): void => undefined
    const running = await bench()
    running.keeper.wait = new Promise((resolve) => (open = resolve))
    const sent = running.send('add a.example. 60 A 192.0.2.1; add b.example. 60 A 192.0.2.1')
    await new Promise((resolve) => setImmediate(resolve))
    const told = diffOf(running)
    open()
    assert.deepEqual(await told, [...soas(8), '+a.example. 60 A 192.0.2.1', '+b.example. 60 A 192.0.2.1'])
    assert.equal(await sent, 'NOERROR')
  })

  test('of a zone that is signed beforehand is nothing', async () => {
    const running = await bench({ text: `${ZONE}@ 3600 RRSIG SOA 13 1 3600 20300101000000 20200101000000 1 example. AAAA\n` })
    assert.deepEqual(await running.zone.netChanges(), [])
  })
})

test('what is served is the file with the changes carried out on it, whatever updates there were', async () => {
  const owner = fc.constantFrom('www.example.', 'a.example.', 'b.a.example.', 'alias.example.')
  const address = fc.integer({ min: 1, max: 3 }).map((last) => `192.0.2.${last}`)
  const command = fc.oneof(
    fc.tuple(owner, fc.constantFrom(60, 300), address).map(([at, ttl, rdata]) => `add ${at} ${ttl} A ${rdata}`),
    fc.tuple(owner, address).map(([at, rdata]) => `delete ${at} A ${rdata}`),
    owner.map((at) => `delete ${at}`),
    owner.map((at) => `add ${at} 60 CNAME ns.example.`),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(command, { minLength: 1, maxLength: 3 }), { maxLength: 6 }), async (updates) => {
      const running = await bench()
      for (const update of updates) assert.equal((await running.judge(update.join('; '))).rcode, RCODE.NOERROR)
      const records = new Set(recordsOf(imageOf(ZONE)))
      for (const line of await diffOf(running)) {
        if (line.startsWith('-')) assert.ok(records.delete(line.slice(1)), `${line} stands in the file`)
        else records.add(line.slice(1))
      }
      assert.deepEqual([...records].sort(), running.records())
    }),
    { numRuns: 60 },
  )
})

test('the SOA is on both sides or on none', () => {
  const apex = Name.parse('example.')
  const soa = (ttl: number, last: number): { ttl: number; rdata: Uint8Array } => ({ ttl, rdata: Uint8Array.of(0, 0, last) })
  assert.deepEqual(soaChanges(apex, soa(60, 1), soa(60, 1)), [])
  assert.deepEqual(soaChanges(apex, soa(60, 1), undefined), [])
  assert.deepEqual(soaChanges(apex, undefined, soa(60, 1)), [])
  for (const other of [soa(61, 1), soa(60, 2)]) assert.deepEqual(soaChanges(apex, soa(60, 1), other).map(({ kind, ttl, type }) => [kind, ttl, type]), [['removed', 60, TYPE.SOA], ['added', other.ttl, TYPE.SOA]])
})
