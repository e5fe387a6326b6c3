/**
 * What the parts of the resolver are handed when they are tested alone: a world with a cache that is a map, a clock that
 * stands where it is put, chance from a seed, and RRsets written as text.
 */
import assert from 'node:assert/strict'
import { TYPE } from '../../src/dns/codes.ts'
import { printAddress } from '../../src/dns/address.ts'
import { Name } from '../../src/dns/name.ts'
import { parsePrefix, PrefixList } from '../../src/dns/prefix.ts'
import type { ConfiguredZone, Endpoint, RRset, Settings, Trust } from '../../src/resolver/contract.ts'
import { BusyZones } from '../../src/resolver/busy-zones.ts'
import { ServerMemory } from '../../src/resolver/servers.ts'
import type { World } from '../../src/resolver/steps.ts'
import { GapMemory } from '../../src/resolver/gap-memory.ts'
import { ZoneMemory } from '../../src/resolver/zone-memory.ts'
import { KeyCache } from '../../src/dnssec/public-key.ts'
import { Chance } from '../battery/chance.ts'
import { address, MapCache, records, settingsOf } from './support.ts'

/** A world at `nowMs` 1,000,000 that knows nothing yet. */
export function worldOf(settings: Partial<Settings> = {}, seed = 1): World & { cache: MapCache } {
  const chance = new Chance(seed)
  const random = (bound: number): number => chance.below(bound)
  return { settings: settingsOf(settings), cache: new MapCache(), servers: new ServerMemory(random), zones: new ZoneMemory(), gaps: new GapMemory(), tellers: new WeakMap(), keys: new KeyCache(), random, busy: new BusyZones(), nowMs: 1_000_000 }
}

/** The RRset that `text` writes, all of its lines of one name and type: `example. NS ns.example.` */
export function setOf(text: string, trust: Trust = 1, signatures = ''): RRset {
  const own = records(text)
  const [{ name, type }] = own
  assert.ok(own.every((record) => record.type === type && record.name.equals(name)), text)
  return { name, type, records: own, signatures: records(signatures), trust }
}

/** Puts the RRsets that `texts` write into the world's cache. */
export function know(world: World, ...texts: string[]): void {
  for (const text of texts) world.cache.keep(setOf(text), world.nowMs / 1000)
}

/** A zone that is configured: `corp.example. stub 192.0.2.9` with servers on port 5300. */
export function configured(text: string): ConfiguredZone {
  const [name, kind, ...addresses] = text.split(' ')
  assert.ok(kind === 'stub' || kind === 'forward', text)
  return { name: Name.parse(name), kind, servers: addresses.map((one) => ({ address: address(one), port: 5300 })) }
}

/** A list of prefixes, apart by a space. */
export function prefixes(text: string): PrefixList {
  return new PrefixList(text.split(' ').map((one) => parsePrefix(one) ?? assert.fail(one)))
}

/** `192.0.2.1#53`, apart by a space. */
export function shownEndpoints(endpoints: readonly Endpoint[]): string {
  return endpoints.map(({ address: octets, port }) => `${printAddress(octets)}#${port}`).join(' ')
}

/** The addresses that an RRset of A or AAAA holds, as text. */
export function shownAddresses({ type, records: own }: RRset): string[] {
  assert.ok(type === TYPE.A || type === TYPE.AAAA)
  return own.map(({ rdata }) => printAddress(rdata))
}
