/**
 * Not a test: prints the hit ratios of the cache, of LRU and of the offline optimum over traces of 400,000 requests
 * (`--requests`), where the cache holds 1 % and 10 % of the names, median of three seeds; then what finding and keeping cost.
 * Entries are large, so that the trace is several hundred times as long as the cache has room, and its start counts for little.
 *
 *     npm run bench:cache -- --help
 */
import { CacheBlock } from '../../src/cache/block.ts'
import { Cache } from '../../src/cache/cache.ts'
import { CacheReader } from '../../src/cache/reader.ts'
import { SECURITY, TRUST } from '../../src/cache/terms.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { viewOf } from '../../src/dns/octet-views.ts'
import { capacityOf, makeTrace, ratioOfCache, ratioOfLru, ratioOfOptimum } from '../cache/ratio.ts'
import { positive } from './chosen.ts'
import { readOptions } from './command-line.ts'

const OCTETS = 1_048_576
const SEEDS = [1, 2, 3]
const RDATA_OCTETS = 800
const USAGE = `
npm run bench:cache -- [--requests N]

  --requests  in each trace (400000)
`
const count = positive('requests', readOptions(USAGE, { requests: { type: 'string' } }).requests, 400_000)
const capacity = capacityOf(OCTETS, RDATA_OCTETS)

const STREAMS = [
  ['Zipf 0.9', { once: 0 }],
  ['with 30 % of names that come once', { once: 0.3 }],
  ['with 30 % of names that come once and do not exist', { once: 0.3, isAbsent: true }],
  ['whose popularity drifts, 10 % come once', { once: 0.1, drift: 20 }],
] as const

function percent(ratio: number): string {
  return (ratio * 100).toFixed(1)
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]
}

function printRatios(): void {
  console.log('| Trace | Cache holds | LRU | Waggle | Optimum | of what LRU misses and the optimum has |\n|---|---|---|---|---|---|')
  for (const [title, stream] of STREAMS) {
    for (const share of [0.01, 0.1]) {
      const rows = SEEDS.map((seed) => {
        const trace = makeTrace({ count, catalog: Math.round(capacity / share), skew: 0.9, seed, ...stream })
        return [ratioOfLru(trace, capacity), ratioOfCache(trace, OCTETS, RDATA_OCTETS), ratioOfOptimum(trace, capacity)]
      })
      const [lru, ours, optimum] = [0, 1, 2].map((column) => median(rows.map((row) => row[column])))
      console.log(`| ${title} | ${share * 100} % | ${percent(lru)} | ${percent(ours)} | ${percent(optimum)} | ${percent((ours - lru) / (optimum - lru))} % |`)
    }
  }
}

/** Nanoseconds of processor time of one call, the best of five rounds. */
function nanos(calls: number, run: (i: number) => void): number {
  let best = Infinity
  for (let round = 0; round < 5; round++) {
    const begin = process.cpuUsage()
    for (let i = 0; i < calls; i++) run(i)
    const { user, system } = process.cpuUsage(begin)
    best = Math.min(best, ((user + system) * 1_000) / calls)
  }
  return Math.round(best)
}

function printCosts(): void {
  const block = CacheBlock.create(64 * OCTETS, 1)
  const cache = new Cache(block)
  const reader = new CacheReader(block)
  const lookup = new LookupName(1)
  const out = viewOf(new Uint8Array(4_096))
  const names = Array.from({ length: 100_000 }, (_, i) => Name.parse(`host${i}.example.`))
  const views = names.map(({ wire }) => viewOf(wire))
  const keep = (i: number) => cache.keepRRset({ records: [{ name: names[i % 100_000], type: TYPE.A, class: 1, ttl: 3600, rdata: Uint8Array.of(192, 0, 2, 1) }], trust: TRUST.authoritative, security: SECURITY.insecure }, 1_000)
  const find = (i: number) => {
    lookup.load(names[i].wire, 0, views[i])
    reader.find(lookup, TYPE.A, 1_000)
    reader.writePart(0, out, 12)
  }
  console.log(`\nkeep ${nanos(100_000, keep)} ns, find and write one of 1,000 names ${nanos(1_000_000, (i) => find(i % 1_000))} ns, one of 100,000 ${nanos(1_000_000, (i) => find((i * 7_919) % 100_000))} ns`)
}

printRatios()
printCosts()
