/**
 * Not a test: nanoseconds that the answering code alone takes per row, without sockets, in one thread. What the
 * profiler shows of it is all ours; `npm run bench` tells what the kernel adds.
 *
 *     node [--cpu-prof] dist/test/bench/answer-nanos.js [row,row…] [seconds]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ZoneAuthority } from '../../src/authority/answer.ts'
import { CLASS } from '../../src/dns/codes.ts'
import { MAX_MESSAGE_OCTETS, UDP_BATCH } from '../../src/dns/limits.ts'
import { Name } from '../../src/dns/name.ts'
import { Server } from '../../src/server/server.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { loadZone } from '../../src/zone/load.ts'
import { sampleQueries } from './queries.ts'
import { ROWS, type Row, type ZoneId } from './rows.ts'
import { writeZone } from './zones.ts'

const SEED = 0x5eed
const SLOT_OCTETS = 512
const peer = { transport: 'udp' as const, address: Uint8Array.of(192, 0, 2, 1), port: 5_300 }
const out = new Uint8Array(MAX_MESSAGE_OCTETS)
const folder = mkdtempSync(join(tmpdir(), 'waggle-nanos-'))

/** A server with that zone alone. */
function serverOf(zone: ZoneId): Server {
  const file = writeZone(zone, folder, (line) => { process.stdout.write(`${line}\n`) })
  if (file === null) throw new Error(`Cannot measure zone ${zone} as it cannot be made here`)
  const { image } = loadZone({ octets: readFileSync(file.file), file: file.file }, { origin: Name.parse(file.name).wire, class: CLASS.IN, seed: SEED, nowSeconds: Date.now() / 1e3, nowMs: () => performance.now() })
  if (image === undefined) throw new Error(`Cannot measure zone ${zone} as it has errors`)
  return new Server({ authority: new ZoneAuthority(new ZoneDirectory([image], SEED), SEED), nowSeconds: () => 1_700_000_000 })
}

/** Queries one behind the other, and the slots that they are copied to, as if they came from the network. */
class Feed {
  private readonly packed: Buffer
  private readonly size: number
  private readonly slots = Array.from({ length: UDP_BATCH }, () => new Uint8Array(SLOT_OCTETS))
  private next = 0

  constructor(row: Row) {
    const queries = sampleQueries(row, Math.min(row.queries, 200_000))
    this.size = queries.reduce((most, { length }) => Math.max(most, length), 0) + 2
    this.packed = Buffer.alloc(queries.length * this.size)
    queries.forEach((query, i) => { query.copy(this.packed, this.packed.writeUInt16BE(query.length, i * this.size)) })
  }

  /** Copies the next query to slot `i`; returns its octets. */
  fill(i: number): number {
    const at = this.next
    this.next = at + this.size < this.packed.length ? at + this.size : 0
    const slot = this.slots[i]
    const length = (this.packed[at] << 8) | this.packed[at + 1]
    for (let k = 0; k < length; k++) slot[k] = this.packed[at + 2 + k]
    return length
  }

  slot(i: number): Uint8Array {
    return this.slots[i]
  }
}

/** Nanoseconds per answer: the best of many batches, as others can only make a batch longer; filling the slots is not counted. */
function nanosOf(row: Row, server: Server, seconds: number): number {
  const feed = new Feed(row)
  const lengths = new Int32Array(UDP_BATCH)
  const until = performance.now() + seconds * 1e3
  let best = Infinity
  while (performance.now() < until) {
    for (let i = 0; i < UDP_BATCH; i++) lengths[i] = feed.fill(i)
    const begun = performance.now()
    for (let i = 0; i < UDP_BATCH; i++) if (server.answer(feed.slot(i), lengths[i], peer, out) === 0) throw new Error(`Cannot measure ${row.id} as a query is met with silence`)
    best = Math.min(best, ((performance.now() - begun) * 1e6) / UDP_BATCH)
  }
  return best
}

const wanted = process.argv[2]?.split(',')
const servers = new Map<ZoneId, Server>()
for (const row of ROWS.filter(({ id, drive, workers }) => wanted?.includes(id) ?? (drive === 'udp' && workers === 1))) {
  const server = servers.get(row.zone) ?? serverOf(row.zone)
  servers.set(row.zone, server)
  process.stdout.write(`${row.title}: ${nanosOf(row, server, Number(process.argv[3] ?? 2)).toFixed(0)} ns\n`)
}
rmSync(folder, { recursive: true })
