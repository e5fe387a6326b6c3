/**
 * What is an SRP Update and what is none (RFC 9665 3.3.1, 3.3.2). The messages come from a client that was written apart
 * from the server (`srp-client.ts`).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { classifySrp, type SrpUpdate } from '../../../src/discovery/srp/classify.ts'
import { updateOf } from '../updates.ts'
import { domain, instructions, labels, rr, SrpKey, srpMessage, updateLease, updateMessage, type Registration } from './srp-client.ts'

const ZONE = 'dnssd.example.'
const KEY = new SrpKey()
const CHAT: Registration = { zone: ZONE, host: 'pi', addresses: ['192.0.2.7', '2001:db8::7'], services: [{ instance: 'My Chat', service: '_a2a._tcp', subtypes: ['v1.chat'], port: 8443, txt: ['accuracy=0.9'] }], lease: 7_200, keyLease: 1_209_600 }
const host = (name: string): Buffer => labels(name, ...domain(ZONE))
const instance = (name: string): Buffer => labels(name, '_a2a', '_tcp', ...domain(ZONE))
const [A, PTR, TXT, KEY_TYPE, AAAA, SRV, MX, ANY] = [1, 12, 16, 25, 28, 33, 15, 255]
const [IN, NONE, ANY_CLASS] = [1, 254, 255]
const clear = (name: Buffer): Buffer => rr(name, ANY, ANY_CLASS, 0)
const srv = (target: Buffer): Buffer => Buffer.concat([Buffer.of(0, 0, 0, 0, 1, 187), target])
const hostRecords = (name = 'pi', key = KEY): Buffer[] => [clear(host(name)), rr(host(name), A, IN, 120, Buffer.of(192, 0, 2, 7)), rr(host(name), KEY_TYPE, IN, 120, key.rdata)]
const instanceRecords = (name = 'Chat', target = host('pi')): Buffer[] => [clear(instance(name)), rr(instance(name), SRV, IN, 120, srv(target)), rr(instance(name), TXT, IN, 120, Buffer.of(0))]
const pointer = (name = 'Chat', owner = labels('_a2a', '_tcp', ...domain(ZONE)), rrClass = IN): Buffer => rr(owner, PTR, rrClass, rrClass === IN ? 120 : 0, instance(name))

function classify(updates: Buffer[], lease: [number, number?] | null = [7_200, 14_400], prerequisites: Buffer[] = []): SrpUpdate | string {
  return classifySrp(updateOf(updateMessage(ZONE, updates, lease === null ? [] : [updateLease(...lease)], prerequisites)))
}

function why(found: SrpUpdate | string): string {
  return typeof found === 'string' ? found : 'an SRP Update'
}

function isSrp(updates: Buffer[]): SrpUpdate {
  const found = classify(updates)
  assert.ok(typeof found !== 'string', why(found))
  return found
}

function isNot(updates: Buffer[], why: RegExp): void {
  const found = classify(updates)
  assert.ok(typeof found === 'string', 'it was taken for an SRP Update')
  assert.match(found, why)
}

test('a registration: host, instance, service and subtype (RFC 9665 3.2.1)', () => {
  const found = classifySrp(updateOf(srpMessage(CHAT, KEY, 1_800_000_000)))
  assert.ok(typeof found !== 'string', why(found))
  assert.equal(found.host.toString(), 'pi.dnssd.example.')
  assert.deepEqual(found.key, Uint8Array.from(KEY.rdata))
  assert.equal(found.addresses.length, 2)
  const [chat] = found.instances
  assert.equal(chat.name.toString(), 'My\\032Chat._a2a._tcp.dnssd.example.')
  assert.deepEqual(chat.pointers.map(({ name }) => name.toString()), ['_a2a._tcp.dnssd.example.', 'v1\\.chat._sub._a2a._tcp.dnssd.example.'])
  assert.equal(chat.key, undefined)
  assert.equal(found.withoutLease || found.mixedTtls, false)
})

test('a host alone is a registration too: there may be no service (RFC 9665 3.3.2)', () => {
  assert.deepEqual(isSrp(hostRecords()).instances, [])
})

test('several instances, with their KEY or without it (RFC 9665 3.2.5.1)', () => {
  const found = isSrp([...hostRecords(), ...instanceRecords('a'), rr(instance('a'), KEY_TYPE, IN, 120, KEY.rdata), ...instanceRecords('b'), pointer('a'), pointer('b')])
  assert.deepEqual(found.instances.map(({ key }) => key !== undefined), [true, false])
})

test('the target of SRV may be compressed (RFC 9665 3.2.5.4)', () => {
  const updates = [...hostRecords(), ...instanceRecords('Chat', Buffer.of(0xc0, 0x0c)), pointer()]
  isNot(updates, /leads to another host/) // a pointer to the zone name in the zone section
  const hostAt = 12 + labels(...domain(ZONE)).length + 4 // the first record's owner
  assert.equal(isSrp([...hostRecords(), ...instanceRecords('Chat', Buffer.of(0xc0, hostAt)), pointer()]).instances.length, 1)
})

test('everything is removed by a host that is cleared and nothing else (RFC 9665 3.2.5.5.1)', () => {
  const found = classifySrp(updateOf(srpMessage({ zone: ZONE, host: 'pi', lease: 0, keyLease: 3_600 }, KEY, 1)))
  assert.ok(typeof found !== 'string', why(found))
  assert.deepEqual([found.host.toString(), found.key, found.addresses, found.instances], ['pi.dnssd.example.', undefined, [], []])
  isSrp([clear(host('pi')), rr(host('pi'), KEY_TYPE, IN, 120, KEY.rdata)])
})

test('one instance is removed: its PTR deleted, itself cleared (RFC 9665 3.2.5.5.2)', () => {
  const found = isSrp([...hostRecords(), pointer('Chat', undefined, NONE), clear(instance('Chat'))])
  assert.equal(found.instances[0].srv, undefined)
  assert.equal(found.instances[0].unpointed.length, 1)
})

test('one instance is replaced by another in one update (RFC 9665 3.2.5.5.2)', () => {
  const found = isSrp([...hostRecords(), pointer('Old', undefined, NONE), clear(instance('Old')), ...instanceRecords('New'), pointer('New')])
  assert.deepEqual(found.instances.map(({ srv: one }) => one !== undefined), [false, true])
})

test('a PTR may be deleted and added again where the instance is described anew (RFC 9665 3.2.5.5.2)', () => {
  isSrp([...hostRecords(), pointer('Chat', undefined, NONE), ...instanceRecords(), pointer()])
})

test('an instance without a PTR is an instance still: there may be no Service Discovery instruction', () => {
  assert.equal(isSrp([...hostRecords(), ...instanceRecords()]).instances[0].pointers.length, 0)
  assert.equal(isSrp([...hostRecords(), clear(instance('Gone'))]).instances[0].srv, undefined)
})

test('prerequisites make an update none of SRP (RFC 9665 3.3.2)', () => {
  assert.match(why(classify(hostRecords(), [7_200, 7_200], [rr(host('pi'), ANY, ANY_CLASS, 0)])), /prerequisites/)
})

test('a KEY-LEASE below the LEASE makes an update none of SRP; equal is good, and 4 octets say both (RFC 9665 3.3.2)', () => {
  assert.match(why(classify(hostRecords(), [7_200, 7_199])), /KEY-LEASE/)
  assert.equal(typeof classify(hostRecords(), [7_200, 7_200]), 'object')
  assert.equal(typeof classify(hostRecords(), [7_200]), 'object')
})

test('without an Update Lease it would be one, and is marked so that it is refused (RFC 9665 5.1)', () => {
  const found = classify(hostRecords(), null)
  assert.ok(typeof found !== 'string' && found.withoutLease)
})

test('TTLs that differ within an RRset are marked so that it is refused (RFC 9665 4)', () => {
  const mixed = isSrp([...hostRecords(), rr(host('pi'), A, IN, 60, Buffer.of(192, 0, 2, 8))])
  assert.ok(mixed.mixedTtls)
  assert.ok(!isSrp([...hostRecords(), rr(host('pi'), AAAA, IN, 60, Buffer.alloc(16, 1))]).mixedTtls)
})

test('exactly one host (RFC 9665 3.3.1.3, 3.3.2)', () => {
  isNot([...hostRecords('pi'), ...hostRecords('two')], /more than one host/)
  isNot([clear(host('pi')), clear(host('two'))], /more than one host/)
  isNot([...instanceRecords(), pointer()], /does not describe the host/)
  isNot([], /no host/)
  isNot([pointer()], /no host/)
})

test('a host has one KEY, addresses, and nothing else (RFC 9665 3.3.1.3)', () => {
  isNot([clear(host('pi')), rr(host('pi'), A, IN, 120, Buffer.of(192, 0, 2, 7))], /has no KEY/)
  isNot([...hostRecords(), rr(host('pi'), KEY_TYPE, IN, 120, new SrpKey().rdata)], /more than one KEY/)
  isNot([...hostRecords(), rr(host('pi'), TXT, IN, 120, Buffer.of(0))], /other than KEY, A or AAAA/)
  isNot([...hostRecords(), rr(host('pi'), MX, IN, 120, Buffer.concat([Buffer.of(0, 1), host('pi')]))], /other than KEY, A or AAAA/)
})

test('what is added must have been cleared before, once (RFC 9665 3.3.1)', () => {
  const [cleared, ...adds] = hostRecords()
  isNot(adds, /without being cleared/)
  isNot([...adds, cleared], /cleared after something was added/)
  isNot([cleared, cleared, ...adds], /cleared twice/)
  isNot([...hostRecords(), ...instanceRecords().slice(1), pointer()], /without being cleared/)
})

test('an instance has at most one SRV and KEY, and SRV and TXT only together (RFC 9665 3.3.1.2)', () => {
  const all = instanceRecords()
  isNot([...hostRecords(), all[0], all[1], pointer()], /SRV without TXT/)
  isNot([...hostRecords(), all[0], all[2], pointer()], /TXT without SRV/)
  isNot([...hostRecords(), ...all, rr(instance('Chat'), SRV, IN, 120, Buffer.concat([Buffer.of(0, 1, 0, 0, 1, 187), host('pi')])), pointer()], /more than one KEY or SRV/)
  isNot([...hostRecords(), ...all, rr(instance('Chat'), A, IN, 120, Buffer.of(192, 0, 2, 9)), pointer()], /more than one host/)
  isNot([...hostRecords(), ...all, rr(instance('Chat'), MX, IN, 120, Buffer.concat([Buffer.of(0, 1), host('pi')])), pointer()], /other than KEY, SRV or TXT/)
  isSrp([...hostRecords(), ...all, rr(instance('Chat'), TXT, IN, 120, Buffer.of(1, 0x61)), pointer()])
})

test('the KEY of an instance is that of its host (RFC 9665 3.3.1.2)', () => {
  isNot([...hostRecords(), ...instanceRecords(), rr(instance('Chat'), KEY_TYPE, IN, 120, new SrpKey().rdata), pointer()], /not that of its host/)
})

test('the target of SRV is the host of the update (RFC 9665 3.3.1.2)', () => {
  isNot([...hostRecords(), ...instanceRecords('Chat', host('other')), pointer()], /leads to another host/)
})

test('a PTR leads to an instance of its own service that the update describes (RFC 9665 3.3.1.1)', () => {
  isNot([...hostRecords(), pointer()], /no instance that it describes/)
  isNot([...hostRecords(), rr(labels('_a2a', '_tcp', ...domain(ZONE)), PTR, IN, 120, host('pi'))], /no host|no instance|more than one/)
  isNot([...hostRecords(), ...instanceRecords(), pointer('Chat', labels('_other', '_tcp', ...domain(ZONE)))], /no service that/)
  isNot([...hostRecords(), ...instanceRecords(), pointer('Chat', labels('x', 'y', '_a2a', '_tcp', ...domain(ZONE)))], /no service that/)
  isNot([...hostRecords(), pointer(), clear(instance('Chat'))], /which is removed/)
  isNot([...hostRecords(), pointer('Chat', undefined, NONE), ...instanceRecords()], /which is described/)
})

test('other ways to delete are none of SRP', () => {
  isNot([...hostRecords(), rr(host('pi'), TXT, ANY_CLASS, 0)], /another way/)
  isNot([...hostRecords(), rr(host('pi'), A, NONE, 0, Buffer.of(192, 0, 2, 7))], /another way/)
  isNot([...hostRecords(), rr(labels('_a2a', '_tcp', ...domain(ZONE)), PTR, ANY_CLASS, 0)], /another way/) // never clear the shared owner
  isNot([...hostRecords(), rr(labels('_a2a', '_tcp', ...domain(ZONE)), PTR, NONE, 0)], /another way/)
})

test('everything is within the zone (RFC 9665 3.3.1)', () => {
  const outside = labels('pi', 'other', 'example')
  isNot([clear(outside), rr(outside, A, IN, 120, Buffer.of(192, 0, 2, 7)), rr(outside, KEY_TYPE, IN, 120, KEY.rdata)], /outside of the zone/)
})

const anyService = fc.record({
  instance: fc.stringMatching(/^[A-Za-z0-9 .]{1,20}$/), service: fc.constantFrom('_a2a._tcp', '_mcp._tcp', '_http._udp'),
  subtypes: fc.uniqueArray(fc.stringMatching(/^[a-z0-9.]{1,20}$/), { maxLength: 3 }), port: fc.nat(65_535), txt: fc.array(fc.stringMatching(/^[ -~]{0,40}$/), { minLength: 1, maxLength: 3 }), withKey: fc.boolean(), removed: fc.boolean(),
})
const anyRegistration = fc.record({
  host: fc.stringMatching(/^[a-z0-9-]{1,20}$/), addresses: fc.uniqueArray(fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2'), { minLength: 1 }),
  services: fc.uniqueArray(anyService, { maxLength: 4, selector: ({ instance: name, service }) => `${name.toLowerCase()}.${service}` }), ttl: fc.nat(86_400),
})

test('every registration that a client can make is an SRP Update, and says what the client meant', () => {
  fc.assert(fc.property(anyRegistration, (registration) => {
    const found = classifySrp(updateOf(srpMessage({ zone: ZONE, ...registration }, KEY, 1)))
    assert.ok(typeof found !== 'string', why(found))
    assert.equal(found.addresses.length, registration.addresses.length)
    assert.deepEqual(found.instances.map(({ srv: one }) => one === undefined), registration.services.map(({ removed }) => removed))
    assert.deepEqual(found.instances.map(({ pointers, unpointed }) => pointers.length + unpointed.length), registration.services.map(({ subtypes }) => subtypes.length + 1))
  }))
})

test('a registration in any order that clears before it adds is the same update (RFC 9665 3.3.1)', () => {
  fc.assert(fc.property(anyRegistration, fc.array(fc.nat(), { minLength: 64, maxLength: 64 }), (registration, order) => {
    const records = instructions({ zone: ZONE, ...registration }, KEY)
    const isClear = (record: Buffer): boolean => record.subarray(-10, -8).equals(Buffer.of(0, ANY))
    const mixed = [...records.filter(isClear), ...records.filter((record) => !isClear(record)).map((record, i) => ({ record, at: order[i] })).sort((a, b) => a.at - b.at).map(({ record }) => record)]
    assert.equal(typeof classify(mixed), 'object', why(classify(mixed)))
  }))
})

test('one record too many of any other kind makes it none', () => {
  const stray = fc.constantFrom(
    rr(host('pi'), MX, IN, 1, Buffer.concat([Buffer.of(0, 1), host('pi')])), rr(host('stray'), TXT, IN, 1, Buffer.of(0)), rr(host('stray'), A, IN, 1, Buffer.of(1, 2, 3, 4)),
    rr(host('pi'), A, ANY_CLASS, 0), rr(host('pi'), A, NONE, 0, Buffer.of(192, 0, 2, 1)), rr(labels(...domain(ZONE)), TXT, IN, 1, Buffer.of(0)),
  )
  fc.assert(fc.property(anyRegistration, stray, fc.nat(), (registration, record, at) => {
    const records = instructions({ zone: ZONE, ...registration, host: 'pi' }, KEY)
    records.splice(at % (records.length + 1), 0, record)
    assert.equal(typeof classify(records), 'string')
  }))
})

test('octets changed at random are an SRP Update, none, or no message, and nothing else happens', () => {
  const octets = srpMessage(CHAT, KEY, 1)
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(octets.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), (changes) => {
    const mutant = Buffer.from(octets)
    for (const [at, value] of changes) mutant[at] = value
    let update
    try {
      update = updateOf(mutant)
    } catch {
      return
    }
    const found = classifySrp(update)
    if (typeof found === 'object') assert.ok(found.host.isWithin(update.zone.name))
  }), { numRuns: 3_000 })
})
