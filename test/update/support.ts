/**
 * What the tests of updates stand on: zones written as text, updates written as nsupdate takes them, and an engine whose
 * store is a map that fails where a test says. What is served is read back through the answering path or from the image.
 */
import assert from 'node:assert/strict'
import { CLASS, OPCODE, parseType, printClass, printRcode, printType, TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { makeMessage, type DnsRecord, type Message } from '../../src/dns/message.ts'
import { Name, printName } from '../../src/dns/name.ts'
import { printRdata } from '../../src/dns/rdata.ts'
import { parseRecord } from '../../src/dns/record-text.ts'
import type { AuditLine } from '../../src/update/audit.ts'
import type { Keeper, KeptWrite, Requester, Space, UpdateFlow, Verdict } from '../../src/update/contract.ts'
import { UpdateEngine } from '../../src/update/engine.ts'
import { Grants, OPERATIONS, type Grant } from '../../src/update/grants.ts'
import { rdatasOf } from '../../src/update/open-rrset.ts'
import type { EngineOptions } from '../../src/update/world.ts'
import type { WritableZone } from '../../src/update/writable-zone.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { HEADER } from '../../src/zone/layout.ts'
import { parseZone } from '../../src/zone/parse.ts'

export const SEED = 0x0bee_5eed
export const ZONE = `
@ 3600 SOA ns hostmaster 7 1h 10m 1d 5m
@ 3600 NS ns
@ 3600 NS ns2
@ 3600 MX 10 mail
ns 3600 A 192.0.2.53
ns2 3600 A 192.0.2.54
www 300 A 192.0.2.1
www 300 A 192.0.2.2
www 300 TXT "hello"
alias 300 CNAME www
deep.ent 300 A 192.0.2.3
`

// ---- Messages ----

export interface UpdateParts {
  zone?: string
  zoneType?: number
  zoneClass?: number
  prerequisites?: DnsRecord[]
  updates?: DnsRecord[]
  opcode?: number
}

/** One record of an update or prerequisite: `www.example. 0 ANY A`; names end with the dot. */
export const rec = (text: string): DnsRecord => parseRecord(text)

/** A record whose parts are as given, however wrong. */
export function raw(name: string, type: number, rrClass: number, ttl = 0, rdata: Uint8Array = new Uint8Array(0)): DnsRecord {
  return { name: Name.parse(name), type, class: rrClass, ttl, rdata }
}

export function updateMessage({ zone = 'example.', zoneType = TYPE.SOA, zoneClass = CLASS.IN, prerequisites = [], updates = [], opcode = OPCODE.UPDATE }: UpdateParts): Message {
  return makeMessage({ id: 7, opcode, questions: [{ name: Name.parse(zone), type: zoneType, class: zoneClass }], answers: prerequisites, authorities: updates })
}

/**
 * An update in the words of nsupdate, one command a line or between semicolons:
 *
 *     prereq nxdomain www.example.   prereq yxrrset www.example. A 192.0.2.1   add a.example. 60 A 192.0.2.9   delete a.example. A
 */
export function script(text: string, zone = 'example.', rrClass: number = CLASS.IN): Message {
  const prerequisites: DnsRecord[] = []
  const updates: DnsRecord[] = []
  for (const line of text.split(/[;\n]/).map((part) => part.trim()).filter((part) => part !== '')) {
    const [command, ...words] = line.split(/\s+/)
    if (command === 'prereq') prerequisites.push(prerequisite(words, rrClass))
    else if (command === 'add') updates.push(rec(`${words[0]} ${words[1]} ${printClass(rrClass)} ${words.slice(2).join(' ')}`))
    else if (command === 'delete') updates.push(deletion(words))
    else assert.fail(line)
  }
  return updateMessage({ zone, zoneClass: rrClass, prerequisites, updates })
}

function prerequisite([kind, name, type, ...rdata]: string[], rrClass: number): DnsRecord {
  if (kind.endsWith('domain')) return raw(name, TYPE.ANY, kind === 'yxdomain' ? CLASS.ANY : CLASS.NONE)
  if (rdata.length > 0) return rec(`${name} 0 ${printClass(rrClass)} ${type} ${rdata.join(' ')}`)
  return raw(name, parseType(type) ?? assert.fail(type), kind === 'yxrrset' ? CLASS.ANY : CLASS.NONE)
}

function deletion([name, type, ...rdata]: string[]): DnsRecord {
  if (type === undefined) return raw(name, TYPE.ANY, CLASS.ANY)
  return rdata.length === 0 ? raw(name, parseType(type) ?? assert.fail(type), CLASS.ANY) : rec(`${name} 0 NONE ${type} ${rdata.join(' ')}`)
}

// ---- Who asks ----

export const anybody: Requester = { address: Uint8Array.of(192, 0, 2, 99), port: 4096, transport: 'tcp' }
export const signed = (name = 'key.', kind: 'tsig' | 'sig0' = 'tsig'): Requester => ({
  ...anybody,
  signer: kind === 'tsig' ? { kind, name: Name.parse(name) } : { kind, name: Name.parse(name), key: new Uint8Array(4) },
})

export const grant = (parts: Partial<Grant> = {}): Grant => ({
  deny: false, key: 'any', kind: undefined, networks: undefined, scope: { kind: 'zone' }, types: 'every', operations: new Set(OPERATIONS), ...parts,
})

// ---- The store ----

/** A store in memory: what was kept, in how many calls; `fail` makes the next calls fail, `wait` holds them up. */
export class MapKeeper implements Keeper {
  readonly spaces = new Map<Space, Map<string, Uint8Array>>()
  calls = 0
  fail: Error | undefined
  wait: Promise<void> | undefined

  async keep(writes: readonly KeptWrite[]): Promise<void> {
    this.calls++
    await (this.wait ?? Promise.resolve())
    if (this.fail !== undefined) throw this.fail
    for (const { space, key, value } of writes) {
      if (value === undefined) this.space(space).delete(latin1(key))
      else this.space(space).set(latin1(key), value)
    }
  }

  get(space: Space, key: Uint8Array): Uint8Array | undefined {
    return this.space(space).get(latin1(key))
  }

  *scan(space: Space, prefix: Uint8Array): Iterable<{ key: Uint8Array; value: Uint8Array }> {
    const sorted = [...this.space(space)].filter(([key]) => key.startsWith(latin1(prefix))).sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [key, value] of sorted) yield { key: Buffer.from(key, 'latin1'), value }
  }

  space(space: Space): Map<string, Uint8Array> {
    const held = this.spaces.get(space) ?? new Map<string, Uint8Array>()
    this.spaces.set(space, held)
    return held
  }
}

/** Keeps all and then says that it has not, while `isLying`: as a sync that fails says nothing of what the disk has. */
export class LyingKeeper extends MapKeeper {
  isLying = false

  override async keep(writes: readonly KeptWrite[]): Promise<void> {
    await super.keep(writes)
    if (this.isLying) throw new Error('the sync failed')
  }
}

const latin1 = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1')

// ---- The zone ----

/** The image of a zone written as text, with room for changes. */
export function imageOf(text: string, origin = 'example.', { rrClass = CLASS.IN as number, expectedOctets = 1_000_000 } = {}): ZoneImage {
  const apex = Name.parse(origin).wire
  const builder = new ZoneBuilder({ apex, class: rrClass, seed: SEED, expectedOctets })
  const faults = parseZone({ octets: Buffer.from(text), file: origin }, { origin: apex, class: rrClass }, builder)
  assert.equal(faults.reported.map(String).join('\n'), '')
  return builder.finish()
}

/** Every record of the zone as it is served, sorted: `www.example. 300 A 192.0.2.1`. */
export function recordsOf(image: ZoneImage): string[] {
  const records: string[] = []
  image.refresh()
  image.forEachNode((node) => {
    const owner = printName(image.octets, image.nameAt(node))
    for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) {
      const rrset = image.rrsetAt(link)
      const type = image.typeOf(rrset)
      for (const rdata of rdatasOf(image, rrset)) records.push(`${owner} ${image.ttlOf(rrset)} ${printType(type)} ${printRdata(type, rdata)}`)
    }
  })
  return records.sort()
}

/** A file's state as the loader tells it: the fingerprint stands for its text. */
export function fileOf(image: ZoneImage, text: string): { serial: number; fingerprint: Uint8Array } {
  let sum = 7
  for (const octet of Buffer.from(text)) sum = (Math.imul(sum, 31) + octet) | 0
  const fingerprint = new Uint8Array(8)
  new DataView(fingerprint.buffer).setInt32(0, sum)
  const soa = image.rrsetOf(image.apex, TYPE.SOA)
  const [rdata] = rdatasOf(image, soa)
  return { serial: new DataView(rdata.buffer).getUint32(rdata.length - 20), fingerprint }
}

/** A running engine with one zone. */
export interface Bench {
  engine: UpdateEngine
  zone: WritableZone
  keeper: MapKeeper
  audit: AuditLine[]
  faults: unknown[]
  clock: { nowMs: number }
  /** Images put into service after the zone had grown. */
  served: ZoneImage[]
  /** Submits a script or message; gives the RCODE's mnemonic. */
  send(update: string | Message, requester?: Requester): Promise<string>
  judge(update: string | Message, requester?: Requester): Promise<Verdict>
  /** What the zone serves. */
  records(): string[]
  /** Served records whose line contains `part`. */
  at(part: string): string[]
  serial(): number
}

export interface BenchParts {
  text?: string
  grants?: Grant[]
  flows?: UpdateFlow[]
  keeper?: MapKeeper
  expectedOctets?: number
  origin?: string
  /** What is known of the zone's file. */
  stateOf?: typeof fileOf
  options?: Partial<EngineOptions>
  /** Told of the engine before its zone is opened. */
  started?: (engine: UpdateEngine) => void
}

/** Starts an engine over the zone `text`. */
export async function bench({ text = ZONE, grants = [grant()], flows = [], keeper = new MapKeeper(), expectedOctets = 1_000_000, origin = 'example.', stateOf = fileOf, options = {}, started }: BenchParts = {}): Promise<Bench> {
  const [audit, faults, served, clock]: [AuditLine[], unknown[], ZoneImage[], { nowMs: number }] = [[], [], [], { nowMs: 1_800_000_000_000 }]
  const engine = new UpdateEngine({
    keeper,
    flows,
    zoneOf: (name, rrClass) => (rrClass === CLASS.IN && name.isWithin(Name.parse(origin)) ? Name.parse(origin) : undefined),
    nowMs: () => clock.nowMs,
    clockMs: () => clock.nowMs,
    soon: (run) => void Promise.resolve().then(run),
    rebuild: (image) => Promise.resolve(copyOf(image)),
    serve: (_, grown) => Promise.resolve(void served.push(grown)),
    audit: (line) => void audit.push(line()),
    onFault: (fault) => faults.push(fault),
    ...options,
  })
  started?.(engine)
  const image = imageOf(text, origin, { expectedOctets })
  const zone = await engine.open(image, stateOf(image, text), new Grants(grants))
  const judge = (update: string | Message, requester: Requester = signed()): Promise<Verdict> => engine.submit(typeof update === 'string' ? script(update, origin) : update, requester)
  return {
    engine, zone, keeper, audit, faults, clock, served, judge,
    send: async (update, requester) => printRcode((await judge(update, requester)).rcode),
    records: () => recordsOf(zone.image),
    at: (part) => recordsOf(zone.image).filter((line) => line.includes(part)),
    serial: () => Number(recordsOf(zone.image).find((line) => line.includes(' SOA '))?.split(' ')[5]),
  }
}

/** The zone as committed, in a block with more room: what the server does with src/zone/rebuild.ts, by other means. */
export function copyOf(image: ZoneImage, expectedOctets = 8_000_000): ZoneImage {
  const apex = image.octets.slice(image.nameAt(image.apex))
  const builder = new ZoneBuilder({ apex, class: image.class, seed: image.words[HEADER.seed], expectedOctets })
  image.refresh()
  image.forEachNode((node) => {
    const owner = Name.fromWire(image.octets, image.nameAt(node)).wire
    for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) {
      const rrset = image.rrsetAt(link)
      for (const rdata of rdatasOf(image, rrset)) builder.add(owner, image.typeOf(rrset), image.ttlOf(rrset), rdata, rdata.length)
    }
  })
  return builder.finish()
}

/** Whether the name stands in the image, with records or only with names below. */
export function exists(image: ZoneImage, name: string): boolean {
  const lookup = new LookupName(image.words[HEADER.seed])
  lookup.load(Name.parse(name).wire, 0)
  return image.nodeOf(lookup) !== 0
}
