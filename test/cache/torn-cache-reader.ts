/** Reads a cache as fast as it can while another thread writes it; each RRset says of itself whether it is whole. Reports what it saw. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { CacheBlock } from '../../src/cache/block.ts'
import { PART } from '../../src/cache/entry.ts'
import { CacheReader } from '../../src/cache/reader.ts'
import { CACHED } from '../../src/cache/terms.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { viewOf } from '../../src/dns/octet-views.ts'

const { buffer, names, now } = workerData as { buffer: SharedArrayBuffer; names: Uint8Array[]; now: number }
const block = new CacheBlock(buffer)
const reader = new CacheReader(block)
const name = new LookupName(block.seed)
const out = new Uint8Array(65_535)
const seen = { reads: 0, hits: 0, torn: 0, versions: 0, gaveUp: 0 }

/** Every record of `host<i>` holds i in two octets, then its version again and again: an RRset that mixes either was torn. */
function isWhole(i: number): boolean {
  const end = reader.writePart(PART.records, viewOf(out), 0)
  const version = out[14]
  for (let at = 0; at < end; ) {
    const length = (out[at + 10] << 8) | out[at + 11]
    if (((out[at + 12] << 8) | out[at + 13]) !== i) return false
    for (let octet = at + 14; octet < at + 12 + length; octet++) if (out[octet] !== version) return false
    at += 12 + length
  }
  versions.add(version)
  return end > 0
}

const versions = new Set<number>()
parentPort?.postMessage('reading')
while (parentPort !== null && receiveMessageOnPort(parentPort) === undefined) {
  for (let i = 0; i < names.length; i++) {
    name.load(names[i], 0)
    seen.reads++
    if (reader.find(name, 10, now) !== CACHED.records) continue
    seen.hits++
    if (!isWhole(i)) seen.torn++
  }
}
parentPort?.postMessage({ ...seen, versions: versions.size, gaveUp: reader.tornReads })
