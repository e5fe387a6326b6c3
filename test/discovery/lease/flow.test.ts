/** Update Lease on ordinary updates (RFC 9664): granted, renewed, given up, ended, and kept over a restart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RCODE } from '../../../src/dns/codes.ts'
import { MAX_BOUNDED_RECORDS, MAX_LEASE_SECONDS, MAX_LEASE_UNITS, MIN_LEASE_SECONDS } from '../../../src/dns/limits-discovery.ts'
import { Name } from '../../../src/dns/name.ts'
import { anybody, grant, MapKeeper, ZONE } from '../../update/support.ts'
import { endOf, garden, START_MS } from '../support.ts'

const KEY = 'KEY 0 3 13 3Nop4sTxqMDbcVWtzQwkRm0cR3VvJV2x1Hs2gQ3eDZqDAJWmjg0H3TQBRx8V+3cRxfyw0tVwR6DXvGdeyYPMuw=='

test('RFC 9664 4.3: 4 octets are answered by 4, 8 by 8, within the limits of the server', async () => {
  const running = await garden()
  assert.equal(await running.lease('add a.example. 60 A 192.0.2.9', { lease: 300 }), 'NOERROR 300')
  assert.equal(await running.lease('add b.example. 60 A 192.0.2.9', { lease: 300, keyLease: 900 }), 'NOERROR 300 900')
  assert.equal(await running.lease('add c.example. 60 A 192.0.2.9', { lease: 1 }), `NOERROR ${MIN_LEASE_SECONDS}`)
  assert.equal(await running.lease('add d.example. 60 A 192.0.2.9', { lease: 0xffff_ffff }), `NOERROR ${MAX_LEASE_SECONDS}`)
  assert.equal(await running.lease('add d.example. 60 A 192.0.2.9', { lease: 600, keyLease: 60 }), 'NOERROR 600 600', 'a name is kept as long as what stands there')
})

test('an update without the option is an ordinary one and is answered without it', async () => {
  const running = await garden()
  const verdict = await running.judge('add a.example. 60 A 192.0.2.9')
  assert.deepEqual([verdict.flow, verdict.lease, running.keeper.space('lease').size, running.keeper.space('overlay').size], ['update', undefined, 0, 1])
})

test('RFC 9664 7: a lease ends within a second, and steps the serial once', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.9; add a.example. 60 AAAA 2001:db8::9', { lease: 30 })
  assert.deepEqual([running.at('a.example.').length, running.serial(), running.discovery.leases], [2, 8, 1])
  await running.pass(29)
  assert.equal(running.at('a.example.').length, 2)
  await running.pass(1)
  assert.deepEqual([running.at('a.example.').length, running.serial(), running.discovery.leases], [0, 9, 0])
  assert.deepEqual([running.audit.at(-1)?.flow, running.audit.at(-1)?.removed], ['expiry', 2])
  assert.deepEqual([...running.keeper.space('lease').keys()].filter((key) => key !== 'T'), [], 'nothing is left in the store')
})

test('RFC 9664 4.1: KEY records outlive what stands at their name, for KEY-LEASE', async () => {
  const running = await garden()
  await running.lease(`add a.example. 60 A 192.0.2.9; add a.example. 60 ${KEY}`, { lease: 30, keyLease: 90 })
  await running.pass(30)
  assert.deepEqual(running.at('a.example.').map((line) => line.split(' ')[2]), ['KEY'])
  await running.pass(59)
  assert.equal(running.at('a.example.').length, 1)
  await running.pass(1)
  assert.deepEqual(running.at('a.example.'), [])
})

test('RFC 9664 5.3: a renewal that changes nothing steps no serial and moves the end', async () => {
  const running = await garden()
  const update = 'add a.example. 60 A 192.0.2.9; add b.example. 60 A 192.0.2.9'
  await running.lease(update, { lease: 40 })
  await running.pass(30)
  const { size } = running.keeper.space('lease')
  assert.equal(await running.lease(update, { lease: 40 }), 'NOERROR 40')
  assert.deepEqual([running.serial(), running.keeper.space('lease').size, running.discovery.leases], [8, size, 1])
  assert.deepEqual([endOf(running.zone.image, 'a.example.', 'A'), endOf(running.zone.image, 'b.example.', 'A')], [70, 70])
  await running.pass(39)
  assert.equal(running.at('192.0.2.9').length, 2)
  await running.pass(1)
  assert.equal(running.at('192.0.2.9').length, 0)
})

test('a renewal of a part leaves the rest to its own end', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.9; add b.example. 60 A 192.0.2.9', { lease: 30 })
  await running.pass(10)
  await running.lease('add a.example. 60 A 192.0.2.9', { lease: 60 })
  assert.equal(running.discovery.leases, 2)
  await running.pass(20)
  assert.deepEqual(running.at('192.0.2.9'), ['a.example. 60 A 192.0.2.9'])
  await running.pass(40)
  assert.deepEqual([running.at('192.0.2.9'), running.discovery.leases], [[], 0])
})

test('two leases of two updates become one where one message renews both', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.9', { lease: 30 })
  await running.lease('add b.example. 60 A 192.0.2.9', { lease: 60 })
  assert.equal(running.discovery.leases, 2)
  await running.lease('add a.example. 60 A 192.0.2.9; add b.example. 60 A 192.0.2.9', { lease: 90 })
  assert.equal(running.discovery.leases, 1)
  await running.pass(89)
  assert.equal(running.at('192.0.2.9').length, 2)
})

test('a lease of 0 gives up what was leased, and KEY-LEASE keeps the name', async () => {
  const running = await garden()
  const update = `add a.example. 60 A 192.0.2.9; add a.example. 60 ${KEY}`
  await running.lease(update, { lease: 300, keyLease: 900 })
  assert.equal(await running.lease(update, { lease: 0, keyLease: 600 }), 'NOERROR 0 600')
  assert.deepEqual(running.at('a.example.').map((line) => line.split(' ')[2]), ['KEY'])
  assert.equal(await running.lease(update, { lease: 0 }), 'NOERROR 0')
  assert.deepEqual([running.at('a.example.'), running.discovery.leases], [[], 0])
  assert.equal(await running.lease(update, { lease: 0 }), 'NOERROR 0', 'what is not there is given up all the same')
  assert.equal(running.at('a.example.').length, 0)
})

test('what stands without a lease is not ended by anybody’s lease', async () => {
  const running = await garden()
  await running.send('add mine.example. 60 A 192.0.2.9')
  assert.equal(await running.lease('add www.example. 300 A 192.0.2.1; add mine.example. 60 A 192.0.2.9; add www.example. 300 A 192.0.2.77', { lease: 30 }), 'NOERROR 30')
  assert.equal(await running.lease('add www.example. 300 A 192.0.2.2', { lease: 0 }), 'NOERROR 0')
  await running.pass(31)
  assert.deepEqual(running.at('www.example. 300 A'), ['www.example. 300 A 192.0.2.1', 'www.example. 300 A 192.0.2.2'])
  assert.equal(running.at('mine.example.').length, 1)
  assert.equal(endOf(running.zone.image, 'www.example.', 'A'), 0)
})

test('a leased CNAME takes the place of one that was not leased; it ends alone', async () => {
  const running = await garden()
  await running.lease('add alias.example. 60 CNAME ns.example.', { lease: 30 })
  assert.deepEqual(running.at('alias.example.'), ['alias.example. 60 CNAME ns.example.'])
  const after = await running.restart()
  assert.deepEqual(after.at('alias.example.'), ['alias.example. 60 CNAME ns.example.'])
  await after.pass(30)
  assert.deepEqual(after.at('alias.example.'), [])
})

test('leases survive a restart with their ends, and no serial moves', async () => {
  const running = await garden()
  await running.lease(`add a.example. 60 A 192.0.2.9; add a.example. 60 ${KEY}`, { lease: 60, keyLease: 120 })
  await running.pass(20)
  const after = await running.restart()
  assert.deepEqual([after.at('a.example.').length, after.serial(), after.discovery.leases], [2, 8, 1])
  assert.equal(endOf(after.zone.image, 'a.example.', 'A'), 60)
  await after.pass(39)
  assert.equal(after.at('a.example. 60 A').length, 1)
  await after.pass(1)
  assert.deepEqual([after.at('a.example.').length, after.serial()], [1, 9])
})

test('what ended while the server was down is not served at all', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.9', { lease: 60 })
  await running.lease('add b.example. 60 A 192.0.2.9', { lease: 600 })
  const after = await running.restart({ wallMs: START_MS + 61_000 })
  assert.deepEqual([after.at('192.0.2.9'), after.discovery.leases], [['b.example. 60 A 192.0.2.9'], 1])
  assert.equal(after.serial(), 10, 'the content is another one')
})

test('a wall clock that went back while the server was down prolongs nothing beyond the last grant', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.9', { lease: 60 })
  const after = await running.restart({ wallMs: START_MS - 86_400_000 })
  await after.pass(59)
  assert.equal(after.at('a.example.').length, 1)
  await after.pass(1)
  assert.equal(after.at('a.example.').length, 0)
})

test('an administrator’s file wins: what it has by now is leased no more', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.9; add b.example. 60 A 192.0.2.9; add c.example. 60 A 192.0.2.9', { lease: 60 })
  const after = await running.restart({ text: `${ZONE}a 60 A 192.0.2.9\nc 60 CNAME www\n` })
  assert.deepEqual(after.at('192.0.2.9').length, 2)
  await after.pass(60)
  assert.deepEqual(after.at('192.0.2.9'), ['a.example. 60 A 192.0.2.9'])
  assert.deepEqual(after.at('c.example.'), ['c.example. 60 CNAME www.example.'])
})

test('an update that deletes a leased record ends its lease; one that deletes a part leaves the rest', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.9; add a.example. 60 A 192.0.2.10', { lease: 60 })
  assert.equal(await running.send('delete a.example. A 192.0.2.9'), 'NOERROR')
  assert.deepEqual([running.at('a.example.'), running.discovery.leases, running.keeper.space('overlay').size], [['a.example. 60 A 192.0.2.10'], 1, 0])
  const after = await running.restart()
  assert.deepEqual(after.at('a.example.'), ['a.example. 60 A 192.0.2.10'])
  assert.equal(await after.send('delete a.example.'), 'NOERROR')
  assert.deepEqual([after.at('a.example.'), after.discovery.leases], [[], 0])
  assert.deepEqual((await after.restart()).at('a.example.'), [])
})

test('one that gives a leased RRset another TTL is kept with the lease', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.9', { lease: 60 })
  await running.send('add a.example. 120 A 192.0.2.10')
  assert.deepEqual(running.at('a.example.'), ['a.example. 120 A 192.0.2.10', 'a.example. 120 A 192.0.2.9'])
  const after = await running.restart()
  assert.deepEqual(after.at('a.example.'), ['a.example. 120 A 192.0.2.10', 'a.example. 120 A 192.0.2.9'])
  await after.pass(60)
  assert.deepEqual(after.at('a.example.'), ['a.example. 120 A 192.0.2.10'])
  assert.equal(endOf(after.zone.image, 'a.example.', 'A'), 0, 'what is left of the RRset is for ever')
})

test('in one batch: leased, deleted, leased again', async () => {
  const running = await garden()
  const sent = [
    running.lease('add a.example. 60 A 192.0.2.9', { lease: 60 }),
    running.send('delete a.example.'),
    running.lease('add b.example. 60 A 192.0.2.9', { lease: 60 }),
    running.lease('add a.example. 60 A 192.0.2.9', { lease: 90 }),
    running.send('delete b.example.'),
  ]
  assert.deepEqual(await Promise.all(sent), ['NOERROR 60', 'NOERROR', 'NOERROR 60', 'NOERROR 90', 'NOERROR'])
  assert.equal(running.keeper.calls, 1)
  assert.deepEqual([running.at('192.0.2.9'), running.discovery.leases], [['a.example. 60 A 192.0.2.9'], 1])
  const after = await running.restart()
  assert.deepEqual(after.at('192.0.2.9'), ['a.example. 60 A 192.0.2.9'])
  await after.pass(90)
  assert.deepEqual(after.at('192.0.2.9'), [])
})

test('TTLs are bounded by the first lease of an RRset that ends, up to a number of records', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.1', { lease: 60 })
  await running.lease('add a.example. 60 A 192.0.2.2', { lease: 40 })
  assert.equal(endOf(running.zone.image, 'a.example.', 'A'), 40)
  await running.send('delete a.example. A 192.0.2.2')
  assert.equal(endOf(running.zone.image, 'a.example.', 'A'), 60)
  for (let i = 3; i < MAX_BOUNDED_RECORDS + 3; i++) await running.lease(`add a.example. 60 A 192.0.2.${i}`, { lease: 90 })
  assert.equal(endOf(running.zone.image, 'a.example.', 'A'), 0, 'one that so many share is not looked through for each')
  await running.pass(90)
  assert.deepEqual(running.at('a.example.'), [])
})

test('where the store fails nothing is granted, and a lease that cannot end is tried again', async () => {
  const keeper = new MapKeeper()
  const running = await garden({ keeper })
  await running.lease('add a.example. 60 A 192.0.2.9', { lease: 30 })
  keeper.fail = new Error('no space')
  assert.equal(await running.lease('add b.example. 60 A 192.0.2.9', { lease: 30 }), 'SERVFAIL')
  assert.equal(running.discovery.leases, 1)
  await running.pass(32)
  assert.equal(running.at('a.example.').length, 1, 'the zone is served as it was')
  keeper.fail = undefined
  await running.pass(1)
  assert.deepEqual([running.at('192.0.2.9'), running.discovery.leases], [[], 0])
})

test('grants decide as for every update, and a refusal grants no lease', async () => {
  const running = await garden({ grants: [grant({ scope: { kind: 'subdomain', name: Name.parse('dyn.example.') } })] })
  assert.equal(await running.lease('add a.dyn.example. 60 A 192.0.2.9', { lease: 60 }), 'NOERROR 60')
  assert.equal(await running.lease('add a.example. 60 A 192.0.2.9', { lease: 60 }), 'REFUSED')
  assert.equal(await running.lease('add b.dyn.example. 60 A 192.0.2.9', { lease: 60 }, anybody), 'REFUSED')
  assert.equal(await running.lease('prereq yxdomain x.dyn.example.; add b.dyn.example. 60 A 192.0.2.9', { lease: 60 }), 'NXDOMAIN')
  assert.equal(running.discovery.leases, 1)
})

test('what is too much for one lease, or one too many, is refused as a whole', async () => {
  const running = await garden({ discovery: { mostLeases: 2 } })
  const records = Array.from({ length: MAX_LEASE_UNITS + 1 }, (_, i) => `add h${i}.example. 60 A 192.0.2.9`)
  const verdict = await running.leased(records.join('\n'), { lease: 60 })
  assert.deepEqual([verdict.rcode, verdict.reason], [RCODE.REFUSED, 'too many records for one lease'])
  assert.equal(await running.lease(records.slice(1).join('\n'), { lease: 60 }), 'NOERROR 60')
  assert.equal(await running.lease('add a.example. 60 A 192.0.2.9', { lease: 60 }), 'NOERROR 60')
  const third = await running.leased('add b.example. 60 A 192.0.2.9', { lease: 60 })
  assert.deepEqual([third.rcode, third.ede?.text], [RCODE.SERVFAIL, 'no more leases can be kept'])
  assert.deepEqual([running.at('b.example.').length, running.discovery.leases], [0, 2])
  assert.equal(await running.lease('add a.example. 60 A 192.0.2.9', { lease: 90 }), 'NOERROR 90', 'a renewal needs no other')
})

test('a limit of the zone refuses the update with its lease', async () => {
  const running = await garden()
  const records = Array.from({ length: 4_200 }, (_, i) => `add a.example. 60 A 10.1.${i >> 8}.${i & 255}`)
  const verdict = await running.leased(records.join('\n'), { lease: 60 })
  assert.deepEqual([verdict.rcode, verdict.reason, verdict.lease], [RCODE.REFUSED, 'RRset too large: A at a.example.', undefined])
  assert.deepEqual([running.at('a.example.').length, running.discovery.leases], [0, 0])
})

test('thousands of leases that end at once end in transactions of a bounded size, within a second', async () => {
  const running = await garden({ expectedOctets: 8_000_000 })
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => running.lease(`add h${i}.example. 60 A 192.0.2.9`, { lease: 30 })))
  assert.equal(running.at('192.0.2.9').length, 1_000)
  await running.pass(29)
  const { calls } = running.keeper
  await running.pass(1)
  assert.deepEqual([running.at('192.0.2.9').length, running.discovery.leases, running.keeper.calls - calls], [0, 0, 4])
})

test('an update and the end of a lease in one batch: renewed in time is not ended', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.9', { lease: 30 })
  await running.pass(29)
  const resume = await running.zone.queue.hold()
  const renewed = running.lease('add a.example. 60 A 192.0.2.9', { lease: 60 })
  const passed = running.pass(1)
  resume()
  assert.equal(await renewed, 'NOERROR 60')
  await passed
  assert.equal(running.at('a.example.').length, 1)
  await running.pass(60)
  assert.equal(running.at('a.example.').length, 0)
})

test('after it is stopped nothing ends any more', async () => {
  const running = await garden()
  await running.lease('add a.example. 60 A 192.0.2.9', { lease: 30 })
  await running.discovery.stop()
  await running.pass(60)
  assert.equal(running.at('a.example.').length, 1)
})
