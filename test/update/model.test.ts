/**
 * Random updates against a zone that is a map: RFC 2136 3.2 and 3.4 once more, as simply as can be, so that the two agree
 * on every verdict and every record, in batches, after failures of the store, and after each start from what was kept.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, parseType, RCODE, TYPE } from '../../src/dns/codes.ts'
import type { DnsRecord, Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { bench, MapKeeper, raw, recordsOf, signed, updateMessage, type Bench } from './support.ts'

const TEXT = '@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns\n@ 60 NS ns2\nns 60 A 192.0.2.1\nns2 60 A 192.0.2.2\na 60 A 192.0.2.3\nb 60 CNAME a\nx.c 60 TXT "t"\n'
const OWNERS = ['example.', 'a.example.', 'b.example.', 'c.example.', 'x.c.example.', 'new.example.', 'ns.example.', 'a.other.']
const TYPES: number[] = [TYPE.A, TYPE.TXT, TYPE.CNAME, TYPE.NS, TYPE.SOA]

function rdataOf(type: number, pick: number): Uint8Array {
  if (type === TYPE.A) return Uint8Array.of(192, 0, 2, 1 + (pick % 4))
  if (type === TYPE.TXT) return Uint8Array.of(1, 0x73 + (pick % 2))
  if (type === TYPE.SOA) return Uint8Array.of(...Name.parse('ns.example.').wire, ...Name.parse('admin.example.').wire, 0, 0, 0, pick % 8, ...new Uint8Array(16))
  return Name.parse(pick % 2 === 0 ? 'ns.example.' : 'NS2.example.').wire
}

// ---- The model ----

/** Owner and type, lower case, to TTL and RDATA in hex of the canonical form. */
type Model = Map<string, { ttl: number; rdatas: Set<string> }>

const id = (owner: string, type: number): string => `${owner.toLowerCase()} ${type}`
const hex = (type: number, rdata: Uint8Array): string => {
  const isName = type === TYPE.CNAME || type === TYPE.NS || type === TYPE.SOA
  const text = Buffer.from(rdata).toString('latin1')
  return Buffer.from(isName ? text.toLowerCase() : text, 'latin1').toString('hex')
}
const typesAt = (model: Model, owner: string): number[] => TYPES.filter((type) => model.has(id(owner, type)))
const isInside = (owner: string): boolean => owner === 'example.' || owner.endsWith('.example.')

function start(): Model {
  const sets: Model = new Map()
  for (const [owner, type, rdata] of [
    ['example.', TYPE.NS, Name.parse('ns.example.').wire], ['example.', TYPE.NS, Name.parse('ns2.example.').wire], ['ns.example.', TYPE.A, Uint8Array.of(192, 0, 2, 1)], ['ns2.example.', TYPE.A, Uint8Array.of(192, 0, 2, 2)],
    ['a.example.', TYPE.A, Uint8Array.of(192, 0, 2, 3)], ['b.example.', TYPE.CNAME, Name.parse('a.example.').wire], ['x.c.example.', TYPE.TXT, Uint8Array.of(1, 0x74)],
  ] as const) put(sets, owner, type, 60, hex(type, rdata))
  sets.set(id('example.', TYPE.SOA), { ttl: 60, rdatas: new Set(['soa']) })
  return sets
}

function put(model: Model, owner: string, type: number, ttl: number, rdata: string): void {
  const set = model.get(id(owner, type)) ?? { ttl, rdatas: new Set<string>() }
  if (type === TYPE.CNAME) set.rdatas.clear()
  set.ttl = ttl
  set.rdatas.add(rdata)
  model.set(id(owner, type), set)
}

const copy = (model: Model): Model => new Map([...model].map(([key, { ttl, rdatas }]) => [key, { ttl, rdatas: new Set(rdatas) }]))

/** The verdict of RFC 2136 on the message; where it is NOERROR the model is changed. */
function expected(model: Model, { answers, authorities }: Message): number {
  if ([...answers, ...authorities].some(({ name }) => !isInside(name.toString()))) return RCODE.NOTZONE
  const failed = failedPrerequisite(model, answers)
  if (failed !== undefined) return failed
  for (const record of authorities) applyOne(model, record)
  return RCODE.NOERROR
}

function failedPrerequisite(sets: Model, prerequisites: DnsRecord[]): number | undefined {
  const wanted = new Map<string, Set<string>>()
  for (const { name, type, class: rrClass, rdata } of prerequisites) {
    const owner = name.toString()
    const isThere = type === TYPE.ANY ? typesAt(sets, owner).length > 0 : sets.has(id(owner, type))
    if (rrClass === CLASS.ANY && !isThere) return type === TYPE.ANY ? RCODE.NXDOMAIN : RCODE.NXRRSET
    if (rrClass === CLASS.NONE && isThere) return type === TYPE.ANY ? RCODE.YXDOMAIN : RCODE.YXRRSET
    if (rrClass === CLASS.IN) wanted.set(id(owner, type), (wanted.get(id(owner, type)) ?? new Set<string>()).add(hex(type, rdata)))
  }
  for (const [key, rdatas] of wanted) {
    const held = sets.get(key)?.rdatas ?? new Set<string>()
    if (held.size !== rdatas.size || [...held].some((rdata) => !rdatas.has(rdata))) return RCODE.NXRRSET
  }
  return undefined
}

function applyOne(sets: Model, { name, type, class: rrClass, ttl, rdata }: DnsRecord): void {
  const owner = name.toString()
  const isApex = owner === 'example.'
  if (rrClass === CLASS.IN) {
    const others = typesAt(sets, owner)
    if (type === TYPE.CNAME ? others.some((other) => other !== TYPE.CNAME) : others.includes(TYPE.CNAME)) return
    if (type !== TYPE.SOA) put(sets, owner, type, ttl, hex(type, rdata))
    return
  }
  if (rrClass === CLASS.ANY) {
    for (const each of type === TYPE.ANY ? TYPES : [type]) if (!(isApex && (each === TYPE.SOA || each === TYPE.NS))) sets.delete(id(owner, each))
    return
  }
  const set = sets.get(id(owner, type))
  if (set === undefined || type === TYPE.SOA || (isApex && type === TYPE.NS && set.rdatas.size === 1)) return
  set.rdatas.delete(hex(type, rdata))
  if (set.rdatas.size === 0) sets.delete(id(owner, type))
}

/** The model in the form of `served`. */
function shown(sets: Model): string[] {
  return [...sets].flatMap(([key, { ttl, rdatas }]) => (key.endsWith(` ${TYPE.SOA}`) ? [] : [...rdatas].map((rdata) => `${key} ${ttl} ${rdata}`))).sort()
}

/** What the zone serves but the SOA, in the form of the model. */
function served(running: Bench): string[] {
  const lines: string[] = []
  for (const line of recordsOf(running.zone.image)) {
    const [owner, ttl, mnemonic, ...words] = line.split(' ')
    const type: number = parseType(mnemonic) ?? assert.fail(line)
    if (type === TYPE.SOA) continue
    const rdata = type === TYPE.A ? Uint8Array.from(words[0].split('.').map(Number)) : type === TYPE.TXT ? Uint8Array.of(1, words[0].charCodeAt(1)) : Name.parse(words[0]).wire
    lines.push(`${id(owner, type)} ${ttl} ${hex(type, rdata)}`)
  }
  return lines.sort()
}

// ---- The updates ----

const owner = fc.constantFrom(...OWNERS)
const dataType = fc.constantFrom(TYPE.A, TYPE.TXT, TYPE.CNAME, TYPE.NS)
const addition = fc.tuple(owner, dataType, fc.constantFrom(60, 300), fc.nat(7)).map(([at, type, ttl, pick]) => raw(at, type, CLASS.IN, ttl, rdataOf(type, pick)))
const removal = fc.tuple(owner, fc.constantFrom(...TYPES), fc.nat(7)).map(([at, type, pick]) => raw(at, type, CLASS.NONE, 0, rdataOf(type, pick)))
const clearing = fc.tuple(owner, fc.constantFrom(...TYPES, TYPE.ANY)).map(([at, type]) => raw(at, type, CLASS.ANY))
const state = fc.tuple(owner, fc.constantFrom(...TYPES, TYPE.ANY), fc.constantFrom(CLASS.ANY, CLASS.NONE)).map(([at, type, rrClass]) => raw(at, type, rrClass))
const value = fc.tuple(owner, dataType, fc.nat(7)).map(([at, type, pick]) => raw(at, type, CLASS.IN, 0, rdataOf(type, pick)))
const update = fc.record({
  prerequisites: fc.array(fc.oneof(state, value), { maxLength: 2 }),
  updates: fc.array(fc.oneof({ arbitrary: addition, weight: 3 }, removal, clearing), { maxLength: 5 }),
}).map((parts) => updateMessage(parts))
const batch = fc.record({ messages: fc.array(update, { minLength: 1, maxLength: 6 }), fails: fc.boolean(), restarts: fc.boolean() })

test('any updates, in any batches, with a store that fails and a server that starts again, do what RFC 2136 says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { maxLength: 6 }), async (batches) => {
      const keeper = new MapKeeper()
      let running = await bench({ text: TEXT, keeper })
      let model = start()
      for (const { messages, fails, restarts } of batches) {
        const before = copy(model)
        const wanted = messages.map((message) => expected(model, message))
        keeper.fail = fails ? new Error('disk') : undefined
        const calls = keeper.calls
        const verdicts = await Promise.all(messages.map((message) => running.judge(message, signed())))
        const failed = fails && keeper.calls > calls
        if (failed) model = before
        verdicts.forEach(({ rcode }, i) => assert.equal(rcode, failed && wanted[i] !== RCODE.NOTZONE ? RCODE.SERVFAIL : wanted[i]))
        assert.deepEqual(served(running), shown(model))
        keeper.fail = undefined
        if (!restarts) continue
        const serial = running.serial()
        running = await bench({ text: TEXT, keeper })
        assert.deepEqual(served(running), shown(model), 'after a start')
        assert.equal(running.serial(), serial)
      }
    }),
    { numRuns: 150 },
  )
})
