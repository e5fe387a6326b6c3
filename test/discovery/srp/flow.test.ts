/** SRP (RFC 9665) by messages that a client of its own has written and signed, through the engine into the zone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessage } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import { parsePrefix, PrefixList, type Prefix } from '../../../src/dns/prefix.ts'
import type { Requester } from '../../../src/update/contract.ts'
import { anybody, grant, ZONE } from '../../update/support.ts'
import { garden, printVerdict, START_MS, type Garden, type GardenParts } from '../support.ts'
import { signerOf, updateOf } from '../updates.ts'
import { instructions, labels, rr, signed, SrpKey, srpMessage, updateLease, updateMessage, type Registration } from './srp-client.ts'

const networks = (...texts: string[]): PrefixList => new PrefixList(texts.map((text) => parsePrefix(text) as Prefix))
const OPEN = { policyOf: () => ({ networks: networks('192.0.2.0/24') }), defaultZone: () => Name.parse('example.') }
const CHAT = { instance: 'Chat', service: '_a2a._tcp', subtypes: ['v2.translate.text.nlp', '_plain'], port: 8_443, txt: ['txtvers=1', 'latency=200ms'] }
const HOST: Registration = { zone: 'example.', host: 'host', addresses: ['192.0.2.7', '2001:db8::7'], services: [CHAT], lease: 60, keyLease: 120 }

/** A garden that takes SRP from 192.0.2.0/24. */
const registrar = (parts: GardenParts = {}): Promise<Garden> => garden({ grants: [], discovery: OPEN, ...parts })

/** Who signed, taken from the message; the key may be told. */
function sender(octets: Buffer, key: SrpKey): Requester {
  const signer = signerOf(updateOf(octets), key.rdata)
  return { ...anybody, ...(signer && { signer }) }
}

async function send(running: Garden, octets: Buffer, key: SrpKey, from?: Uint8Array): Promise<string> {
  const message = decodeMessage(octets)
  return printVerdict(await running.judge(message, { ...sender(octets, key), ...(from && { address: from }) }))
}

const register = (running: Garden, key: SrpKey, parts: Partial<Registration> = {}): Promise<string> => send(running, srpMessage({ ...HOST, ...parts }, key, START_MS / 1_000), key)

/** What stands by registrations: owner and type, `host.example. A`. */
function standing(running: Garden): string[] {
  const file = new Set(ZONE.match(/^\S+/gm)?.map((word) => (word === '@' ? 'example.' : `${word}.example.`)))
  return running.records().filter((line) => !file.has(line.split(' ')[0])).map((line) => line.split(' ').filter((_, i) => i !== 1).slice(0, 2).join(' '))
}

const ALL = [
  'Chat._a2a._tcp.example. KEY', 'Chat._a2a._tcp.example. SRV', 'Chat._a2a._tcp.example. TXT', '_a2a._tcp.example. PTR', '_plain._sub._a2a._tcp.example. PTR', 'host.example. A', 'host.example. AAAA',
  'host.example. KEY', 'v2.translate.text.nlp._cap.example. AGENT', 'v2\\.translate\\.text\\.nlp._sub._a2a._tcp.example. PTR',
]

test('RFC 9665 3.3: a registration stands with host, instance, pointers and a KEY at each name', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  assert.equal(await register(running, key), 'NOERROR 60 120')
  assert.deepEqual(standing(running).sort(), ALL)
  assert.deepEqual(running.at('AGENT'), ['v2.translate.text.nlp._cap.example. 60 AGENT 1 host.example. port=8443 latency=200ms'], 'it is an agent too, by its subtype')
  assert.deepEqual([running.discovery.leases, running.serial(), running.keeper.space('overlay').size], [1, 8, 0])
})

test('RFC 9664 5.3: the same message again renews and changes nothing, though it deletes all and adds again', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  await register(running, key)
  await running.pass(50)
  assert.equal(await register(running, key), 'NOERROR 60 120')
  assert.equal(running.serial(), 8)
  await running.pass(59)
  assert.equal(standing(running).length, ALL.length)
  await running.pass(1)
  assert.deepEqual(standing(running).sort(), ['Chat._a2a._tcp.example. KEY', 'host.example. KEY'], 'names are reserved for KEY-LEASE')
  await running.pass(60)
  assert.deepEqual([standing(running), running.discovery.leases], [[], 0])
})

test('RFC 9665 3.2.4: first come, first served: another key gets YXDOMAIN, the same key its name back', async () => {
  const [running, key, thief] = [await registrar(), new SrpKey(), new SrpKey(15)]
  await register(running, key)
  assert.equal(await register(running, thief), 'YXDOMAIN')
  assert.equal(await register(running, thief, { host: 'other' }), 'YXDOMAIN', 'the instance is taken too')
  assert.equal(await register(running, thief, { host: 'other', services: [{ ...CHAT, instance: 'Chat (2)' }] }), 'NOERROR 60 120')
  await running.pass(61)
  assert.equal(await register(running, thief, { services: [] }), 'YXDOMAIN', 'the KEY still keeps the name')
  assert.equal(await register(running, key), 'NOERROR 60 120')
  await running.pass(121)
  assert.equal(await register(running, thief), 'NOERROR 60 120', 'nobody’s any more')
})

test('a name of the zone file is nobody’s to register, unless the file gives it to the key', async () => {
  const key = new SrpKey()
  const running = await registrar({ text: `${ZONE}mine 3600 KEY 0 3 13 ${key.rdata.subarray(4).toString('base64')}\n` })
  assert.equal(await register(running, key, { host: 'www' }), 'YXDOMAIN')
  assert.equal(await register(running, key, { host: 'alias' }), 'YXDOMAIN')
  assert.equal(await register(running, key, { host: 'mine', services: [] }), 'NOERROR 60 120')
  await running.pass(121)
  assert.deepEqual(running.at('mine.example.').map((line) => line.split(' ')[2]), ['KEY'], 'what the file says stays')
})

test('what TXT says of a human name holds as for every agent: no label that is not a host’s, no id and no name of another', async () => {
  const running = await registrar({ text: `${ZONE}elder._sa 60 A 192.0.2.3\n` })
  const agent = (key: SrpKey, id: string, alias: string): Promise<string> => {
    const name = labels(id, '_sa', 'example')
    const instance = labels(id, '_a2a', '_tcp', 'example')
    const text = Buffer.from(`alias=${alias}`)
    const records = [
      rr(labels('_a2a', '_tcp', 'example'), 12, 1, 120, instance), rr(labels('v1.x', '_sub', '_a2a', '_tcp', 'example'), 12, 1, 120, instance), rr(instance, 255, 255, 0),
      rr(instance, 33, 1, 120, Buffer.concat([Buffer.of(0, 0, 0, 0, 1, 187), name])), rr(instance, 16, 1, 120, Buffer.concat([Buffer.of(text.length), text])),
      rr(name, 255, 255, 0), rr(name, 25, 1, 120, key.rdata), rr(name, 1, 1, 120, Buffer.of(192, 0, 2, 7)),
    ]
    return send(running, signed(updateMessage('example.', records, [updateLease(60, 120)]), key, name, START_MS / 1_000), key)
  }
  const [key, other] = [new SrpKey(), new SrpKey()]
  for (const alias of ['_sa', 'a.b', 'A_B']) assert.equal(await agent(key, 'evil', alias), 'REFUSED', alias)
  for (const alias of ['elder', 'www']) assert.equal(await agent(key, 'evil', alias), 'YXDOMAIN', alias)
  assert.equal(await agent(key, 'evil', 'chat'), 'NOERROR 60 120')
  assert.equal(await agent(key, 'evil', 'chat'), 'NOERROR 60 120', 'renewed')
  assert.equal(await agent(other, 'good', 'chat'), 'YXDOMAIN')
  assert.equal(await agent(other, 'chat', 'talk'), 'YXDOMAIN', 'no id that is an alias')
  assert.equal(await agent(other, 'good', 'good'), 'NOERROR 60 120')
})

test('nobody is asked for readings at a port of another service', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  const at = (port: number): Promise<string> => register(running, key, { services: [{ ...CHAT, txt: [`sense-port=${port}`] }] })
  assert.deepEqual([await at(53), standing(running), await at(5_310)], ['REFUSED', [], 'NOERROR 60 120'])
})

test('who is not within the networks of the zone, or registers where none is open, is REFUSED', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  const octets = srpMessage(HOST, key, START_MS / 1_000)
  assert.equal(await send(running, octets, key, Uint8Array.of(198, 51, 100, 1)), 'REFUSED')
  assert.equal(await register(await registrar({ discovery: {} }), key), 'REFUSED')
  assert.equal(await register(await registrar({ discovery: {}, grants: [grant({ kind: 'sig0' })] }), key), 'NOERROR 60 120', 'a grant for the key opens it to that key')
  const unsigned = updateMessage('example.', instructions(HOST, key), [updateLease(60, 120)])
  assert.equal(printVerdict(await running.judge(decodeMessage(unsigned), anybody)), 'REFUSED')
  assert.deepEqual(standing(running), [])
})

test('RFC 9665 3.2.5.1: a KEY that may sign other things than DNS, or for a whole zone, registers nothing; flags of no meaning are let be', async () => {
  const running = await registrar()
  for (const [at, octet] of [[2, 255], [0, 1], [0, 0x80]] as const) {
    const key = new SrpKey()
    key.rdata[at] = octet
    assert.equal(await register(running, key), 'REFUSED', `octet ${at} is ${octet}`)
  }
  assert.deepEqual(standing(running), [])
  assert.equal(await register(running, new SrpKey(13, 0x0201)), 'NOERROR 60 120')
})

test('what is no SRP Update goes the way of every update: it needs a grant', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  const host = labels('host', 'example')
  const message = (records: Buffer[], additionals = [updateLease(60, 120)]): Buffer => signed(updateMessage('example.', records, additionals), key, host, START_MS / 1_000)
  assert.equal(await send(running, message([rr(host, 1, 1, 60, Buffer.of(192, 0, 2, 1))]), key), 'REFUSED', 'nothing is cleared')
  assert.equal(await send(running, message(instructions(HOST, key), []), key), 'REFUSED', 'RFC 9665 5.1: no lease')
  assert.equal(await send(running, srpMessage(HOST, new SrpKey(), START_MS / 1_000), key), 'REFUSED', 'RFC 9665 3.2.5.2: the KEY is not that of the signer')
  assert.equal(await send(running, message(instructions({ ...HOST, ttl: 60 }, key).concat(instructions({ ...HOST, services: [], ttl: 90 }, key).slice(1, 2)), [updateLease(60, 120)]), key), 'REFUSED', 'RFC 9665 4: TTLs differ')
  assert.deepEqual(standing(running), [])
})

test('RFC 9665 3.2.5.5.1: LEASE 0 removes all that points to the host, named or not; KEY-LEASE keeps the names', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  await register(running, key)
  assert.equal(await register(running, key, { addresses: [], services: [], lease: 0, keyLease: 90 }), 'NOERROR 0 90')
  assert.deepEqual(standing(running).sort(), ['Chat._a2a._tcp.example. KEY', 'host.example. KEY'])
  assert.equal(await register(running, new SrpKey()), 'YXDOMAIN')
  assert.equal(await register(running, key, { addresses: [], services: [], lease: 0, keyLease: 0 }), 'NOERROR 0 0')
  assert.deepEqual([standing(running), running.discovery.leases, running.keeper.space('lease').size], [[], 0, 1])
})

test('RFC 9665 3.2.5.5.2: one instance is removed, the others stay', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  const mail = { instance: 'Mail', service: '_mcp._tcp' }
  await register(running, key, { services: [CHAT, mail] })
  assert.equal(await register(running, key, { services: [{ ...CHAT, removed: true }] }), 'NOERROR 60 120')
  assert.deepEqual(standing(running).filter((line) => !line.startsWith('host')).sort(), ['Mail._mcp._tcp.example. KEY', 'Mail._mcp._tcp.example. SRV', 'Mail._mcp._tcp.example. TXT', '_mcp._tcp.example. PTR'])
})

test('RFC 9665 5.1: an instance that is not renewed ends alone; the end of the host takes every instance with it', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  await register(running, key)
  await running.pass(40)
  await register(running, key, { services: [{ instance: 'Mail', service: '_mcp._tcp' }] })
  await running.pass(20)
  assert.deepEqual(running.at(' SRV ').map((line) => line.split(' ')[0]), ['Mail._mcp._tcp.example.'])
  await running.pass(1)
  await register(running, key, { services: [], lease: 30, keyLease: 300 })
  await running.pass(30)
  assert.deepEqual(standing(running).filter((line) => !line.endsWith('KEY')), [], 'Mail had nine seconds more')
})

test('a change of subtypes, text or address changes what is served, and nothing else', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  await register(running, key)
  await register(running, key, { addresses: ['192.0.2.8'], services: [{ ...CHAT, subtypes: ['v3.translate.text.nlp'], txt: ['latency=50ms', 'latency=1ms'] }] })
  assert.deepEqual(running.at('host.example. 60 A'), ['host.example. 60 A 192.0.2.8'])
  assert.deepEqual(running.at(' AGENT '), ['v3.translate.text.nlp._cap.example. 60 AGENT 1 host.example. port=8443 latency=50ms'])
  assert.deepEqual(standing(running).filter((line) => line.includes('_sub')), ['v3\\.translate\\.text\\.nlp._sub._a2a._tcp.example. PTR'])
  assert.equal(running.serial(), 9)
})

test('a host that took another name takes its instances with it', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  await register(running, key)
  assert.equal(await register(running, key, { host: 'renamed' }), 'NOERROR 60 120')
  assert.deepEqual(running.at(' SRV '), ['Chat._a2a._tcp.example. 60 SRV 0 0 8443 renamed.example.'])
  assert.deepEqual(running.at(' AGENT ').map((line) => line.split(' ')[4]), ['renamed.example.'])
  assert.equal(running.discovery.leases, 2)
  await running.pass(121)
  assert.deepEqual([standing(running), running.discovery.leases], [[], 0])
})

test('hosts share the pointers of a service; each takes away its own', async () => {
  const [running, one, two] = [await registrar(), new SrpKey(), new SrpKey()]
  await register(running, one)
  await running.pass(20)
  await register(running, two, { host: 'two', ttl: 30, services: [{ ...CHAT, instance: 'Chat 2' }] })
  assert.deepEqual([running.at(' 60 PTR ').length, running.at(' PTR ').length], [6, 6], 'RFC 2181 5.2: the TTL that is there stays')
  await running.pass(40)
  assert.deepEqual(running.at(' PTR ').map((line) => line.split(' ')[3]), Array(3).fill('Chat\\0322._a2a._tcp.example.'))
  assert.equal(running.at(' AGENT ').length, 1)
})

test('RFC 9665 3.2.2: default.service.arpa. is registered in our zone; without one it is NOTAUTH', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  assert.equal(await register(running, key, { zone: 'default.service.arpa.' }), 'NOERROR 60 120')
  assert.deepEqual(standing(running).sort(), ALL)
  assert.equal(await register(await registrar({ discovery: { policyOf: OPEN.policyOf } }), key, { zone: 'default.service.arpa.' }), 'NOTAUTH')
})

test('registrations survive a restart, with their names, ends and holders', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  await register(running, key)
  await running.pass(20)
  const before = running.records()
  const after = await running.restart()
  assert.deepEqual(after.records(), before)
  assert.equal(await register(after, new SrpKey()), 'YXDOMAIN')
  assert.equal(await register(after, key), 'NOERROR 60 120')
  assert.equal(after.serial(), 8)
  await after.pass(180)
  assert.deepEqual([standing(after), after.discovery.leases], [[], 0])
})

test('in one batch: the first of two keys gets the name', async () => {
  const [running, one, two] = [await registrar(), new SrpKey(), new SrpKey()]
  assert.deepEqual(await Promise.all([register(running, one), register(running, two), register(running, one)]), ['NOERROR 60 120', 'YXDOMAIN', 'NOERROR 60 120'])
  assert.equal(running.keeper.calls, 1)
})

test('limits of SRP bound the lease, and TTLs the lease', async () => {
  const [running, key] = [await registrar(), new SrpKey()]
  assert.equal(await register(running, key, { lease: 1_000_000, keyLease: 10_000_000 }), 'NOERROR 7200 1209600')
  const { zone, host, addresses = [] } = HOST
  assert.equal(await send(running, srpMessage({ zone, host, addresses, lease: 60, ttl: 3_600 }, key, START_MS / 1_000), key), 'NOERROR 60')
  assert.deepEqual(running.at('host.example. 60 A ').length, 1)
})
