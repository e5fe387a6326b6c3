/** Leases as octets of the store: there and back, and what damaged octets do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../../src/dns/codes.ts'
import { WireFault } from '../../../src/dns/faults.ts'
import { Name } from '../../../src/dns/name.ts'
import { decodeLease, dueOf, dueOfUnit, encodeLease, endOf, sameRecord, type Lease, type LeasedRecord, type LeaseUnit } from '../../../src/discovery/lease/lease.ts'
import { anyName } from '../../dns/values.ts'

const HOST = Name.parse('host.acme.example.')
const T = Date.UTC(2026, 0, 31)

function record(type: number, rdata = '0102', owner = HOST): LeasedRecord {
  return { owner, type, ttl: 60, rdata: Uint8Array.from(Buffer.from(rdata, 'hex')) }
}

function unit(records: LeasedRecord[], leaseEndMs = T + 1_000, keyEndMs = T + 9_000): LeaseUnit {
  return { name: HOST, leaseEndMs, keyEndMs, records }
}

function lease(units: LeaseUnit[]): Lease {
  return { kind: 'agent', zone: Name.parse('acme.example.'), class: CLASS.IN, holder: new Uint8Array(16).fill(7), grantedMs: T, units }
}

test('a lease is due when the first of its records ends; KEY records end later', () => {
  assert.equal(dueOf(lease([unit([record(TYPE.A), record(TYPE.KEY)])])), T + 1_000)
  assert.equal(dueOf(lease([unit([record(TYPE.KEY)])])), T + 9_000)
  assert.equal(dueOf(lease([unit([record(TYPE.KEY)]), unit([record(TYPE.SRV)], T + 50)])), T + 50)
  assert.equal(dueOf(lease([])), Infinity)
  assert.equal(dueOfUnit(unit([])), Infinity)
  assert.equal(endOf(unit([]), TYPE.KEY), T + 9_000)
})

test('records are the same by owner without case, type and octets; TTL and state aside', () => {
  const other: LeasedRecord = { ...record(TYPE.A, '0102', Name.parse('HOST.acme.example.')), ttl: 5, waiting: true }
  assert.ok(sameRecord(record(TYPE.A), other))
  assert.ok(!sameRecord(record(TYPE.A), record(TYPE.TXT)))
  assert.ok(!sameRecord(record(TYPE.A), record(TYPE.A, '0103')))
  assert.ok(!sameRecord(record(TYPE.A), record(TYPE.A, '0102', Name.parse('x.'))))
})

const anyRecord = fc.record({ owner: fc.oneof(anyName(), fc.constant(HOST)), type: fc.nat(0xffff), ttl: fc.nat(0x7fff_ffff), rdata: fc.uint8Array({ maxLength: 60 }), waiting: fc.constant(true as const) }, { requiredKeys: ['owner', 'type', 'ttl', 'rdata'], noNullPrototype: true })
const anyMs = fc.nat({ max: 2 ** 48 - 1 })
const anyUnit = fc.record({ name: fc.oneof(anyName(), fc.constant(HOST)), leaseEndMs: anyMs, keyEndMs: anyMs, records: fc.array(anyRecord, { maxLength: 4 }) })
const anyLease = fc.record({
  kind: fc.constantFrom('agent' as const, 'records' as const), zone: anyName(), class: fc.nat(0xffff), holder: fc.uint8Array({ minLength: 16, maxLength: 16 }), grantedMs: anyMs, units: fc.array(anyUnit, { maxLength: 4 }),
})

/** A lease with names as text, as what they keep in memory may differ. */
function plain({ zone, units, ...rest }: Lease): unknown {
  return { ...rest, zone: zone.toString(), units: units.map(({ name, records, ...one }) => ({ ...one, name: name.toString(), records: records.map(({ owner, ...other }) => ({ owner: owner.toString(), ...other })) })) }
}

test('any lease comes back from its octets as it was', () => {
  fc.assert(fc.property(anyLease, (one) => assert.deepEqual(plain(decodeLease(encodeLease(one))), plain(one))))
})

test('a registration of one agent with one capability takes less than 320 octets', (t) => {
  const agent = Name.parse('babel._sa.acme.example.')
  const octets = encodeLease(lease([{ ...unit([record(TYPE.A, 'c000020a', agent), record(TYPE.KEY, '00'.repeat(68), agent), record(TYPE.AGENT, '00'.repeat(80), Name.parse('v2.translate.text.nlp._cap.acme.example.'))]), name: agent }])).length
  t.diagnostic(`octets of a registration: ${octets}`)
  assert.ok(octets < 320)
})

test('octets cut short, changed or left over are a WireFault or another lease, never anything else', () => {
  fc.assert(fc.property(anyLease, fc.nat(), fc.nat(255), (one, at, value) => {
    const octets = encodeLease(one)
    assert.throws(() => decodeLease(octets.subarray(0, at % octets.length)), WireFault)
    assert.throws(() => decodeLease(Buffer.concat([octets, Buffer.of(0)])), WireFault)
    octets[at % octets.length] = value
    try {
      decodeLease(octets)
    } catch (fault) {
      assert.ok(fault instanceof WireFault, String(fault))
    }
  }))
})

test('a format or kind from the future is refused, not guessed', () => {
  const octets = encodeLease(lease([]))
  assert.throws(() => decodeLease(Uint8Array.from(octets, (octet, i) => (i === 0 ? 2 : octet))), /format is 2/)
  assert.throws(() => decodeLease(Uint8Array.from(octets, (octet, i) => (i === 1 ? 9 : octet))), /kind is unknown/)
})
