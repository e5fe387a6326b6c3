/**
 * Hit ratios over made traces: of the cache as it is served, of LRU, and of the offline optimum (Belady: out goes
 * what is asked for last, and what is never asked for again does not come in). LRU and optimum get as many entries as all queues of
 * the cache hold, those for absences among them.
 */
import { CacheBlock } from '../../src/cache/block.ts'
import { Cache } from '../../src/cache/cache.ts'
import { HEADER } from '../../src/cache/layout.ts'
import { CacheReader } from '../../src/cache/reader.ts'
import { CACHED, SECURITY, TRUST } from '../../src/cache/terms.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord } from '../../src/dns/record-text.ts'
import { Chance } from '../battery/chance.ts'

const NOW = 1_800_000_000
/** A type for private use (RFC 6895 3.1), whose RDATA may be of any length. */
const TYPE_OF_ALL = 65_280
const SOA = parseRecord('example. 3600 IN SOA ns.example. admin.example. 1 7200 900 1209600 3600')
/** Octets of an entry but for its RDATA: head, the name of this file, head of one record. */
const ENTRY_OCTETS = 48 + 20 + 12

/** Requests by number: names of a catalog from 0 on, and names that come once, at `catalog` and above. */
export interface Trace {
  readonly requests: Int32Array
  readonly catalog: number
  /** Whether names that come once do not exist, so that they are kept as absences. */
  readonly isAbsent: boolean
}

/** `count` requests for `catalog` names by Zipf's law with exponent `skew`, and among them a share of names that come once. `drift` names in a thousand change their rank over the trace. */
export function makeTrace(options: { count: number; catalog: number; skew: number; once: number; seed: number; isAbsent?: boolean; drift?: number }): Trace {
  const { count, catalog, skew, once, seed, isAbsent = false, drift = 0 } = options
  const chance = new Chance(seed)
  const sums = new Float64Array(catalog)
  let sum = 0
  for (let i = 0; i < catalog; i++) sums[i] = sum += (i + 1) ** -skew
  const requests = new Int32Array(count)
  for (let i = 0, unique = catalog; i < count; i++) {
    const shift = Math.floor((i / count) * catalog * (drift / 1000))
    requests[i] = chance.next() / 2 ** 32 < once ? unique++ : (rankOf(sums, (chance.next() / 2 ** 32) * sum) + shift) % catalog
  }
  return { requests, catalog, isAbsent }
}

function rankOf(sums: Float64Array, value: number): number {
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sums[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Entries with `rdataOctets` octets of RDATA that a cache of `octets` holds. */
export function capacityOf(octets: number, rdataOctets = 4): number {
  const { words } = CacheBlock.create(octets, 1)
  return Math.floor(((words[HEADER.arenaEnd] - words[HEADER.arena]) * 4) / (ENTRY_OCTETS + rdataOctets))
}

/** The share of requests that the cache answers. */
export function ratioOfCache({ requests, catalog, isAbsent }: Trace, octets: number, rdataOctets = 4): number {
  const block = CacheBlock.create(octets, 0x5eed)
  const cache = new Cache(block)
  const reader = new CacheReader(block)
  const lookup = new LookupName(block.seed)
  const wire = Uint8Array.from([8, ...Buffer.from('00000000'), 7, ...Buffer.from('example'), 0])
  const rdata = new Uint8Array(rdataOctets)
  let hits = 0
  for (const id of requests) {
    for (let digit = 0; digit < 8; digit++) wire[1 + digit] = 0x61 + ((id >>> (digit * 4)) & 15)
    lookup.load(wire, 0)
    if (reader.find(lookup, TYPE_OF_ALL, NOW) !== CACHED.nothing) hits++
    else if (isAbsent && id >= catalog) cache.keepAbsence({ name: Name.fromWire(wire), soa: SOA, trust: TRUST.authority, security: SECURITY.insecure }, NOW)
    else cache.keepRRset({ records: [{ name: Name.fromWire(wire), type: TYPE_OF_ALL, class: 1, ttl: 3600, rdata }], trust: TRUST.authoritative, security: SECURITY.insecure }, NOW)
  }
  return hits / requests.length
}

/** The same of LRU. */
export function ratioOfLru({ requests }: Trace, capacity: number): number {
  const kept = new Set<number>()
  let hits = 0
  for (const id of requests) {
    if (kept.delete(id)) hits++
    else if (kept.size >= capacity) kept.delete(kept.values().next().value as number)
    kept.add(id)
  }
  return hits / requests.length
}

/** The same of the offline optimum. */
export function ratioOfOptimum({ requests }: Trace, capacity: number): number {
  const nextUse = nextUses(requests)
  const due = new Map<number, number>() // what is kept, and when it is asked for next
  const heap = new FarthestFirst()
  let hits = 0
  for (let i = 0; i < requests.length; i++) {
    const id = requests[i]
    if (due.get(id) === i) hits++
    due.delete(id)
    if (nextUse[i] === requests.length) continue
    due.set(id, nextUse[i])
    heap.push(nextUse[i])
    while (due.size > capacity) {
      const farthest = heap.pop()
      const victim = requests[farthest]
      if (due.get(victim) === farthest) due.delete(victim)
    }
  }
  return hits / requests.length
}

function nextUses(requests: Int32Array): Int32Array {
  const next = new Int32Array(requests.length)
  const last = new Map<number, number>()
  for (let i = requests.length - 1; i >= 0; i--) {
    next[i] = last.get(requests[i]) ?? requests.length
    last.set(requests[i], i)
  }
  return next
}

/** A heap of numbers, the largest on top. */
class FarthestFirst {
  private readonly items: number[] = []

  push(value: number): void {
    const { items } = this
    let at = items.push(value) - 1
    while (at > 0 && items[(at - 1) >> 1] < value) {
      items[at] = items[(at - 1) >> 1]
      at = (at - 1) >> 1
    }
    items[at] = value
  }

  pop(): number {
    const { items } = this
    const top = items[0]
    const value = items.pop() as number
    if (items.length === 0) return top
    let at = 0
    for (let child = 1; child < items.length; child = at * 2 + 1) {
      if (child + 1 < items.length && items[child + 1] > items[child]) child++
      if (items[child] <= value) break
      items[at] = items[child]
      at = child
    }
    items[at] = value
    return top
  }
}
