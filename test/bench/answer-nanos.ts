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
import { MAX_MESSAGE_OCTETS } from '../../src/dns/limits.ts'
import { Name } from '../../src/dns/name.ts'
import { Server } from '../../src/server/server.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { loadZone } from '../../src/zone/load.ts'
import { sampleQueries } from './queries.ts'
import { ROWS, type Row, type ZoneId } from './rows.ts'
import { writeZone } from './zones.ts'

const SEED = 0x5eed
const TURN = 10_000
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

/** Nanoseconds per answer: the best of many turns, as others can only make a turn longer. */
function nanosOf(row: Row, server: Server, seconds: number): number {
  const queries = sampleQueries(row, Math.min(row.queries, 200_000)).map((query) => new Uint8Array(query)) // as the batch has them: Buffers would be of another shape
  const until = performance.now() + seconds * 1e3
  let best = Infinity
  for (let at = 0; performance.now() < until; ) {
    const begun = performance.now()
    for (let i = 0; i < TURN; i++) {
      const query = queries[at]
      if (++at === queries.length) at = 0
      if (server.answer(query, query.length, peer, out) === 0) throw new Error(`Cannot measure ${row.id} as a query is met with silence`)
    }
    best = Math.min(best, ((performance.now() - begun) * 1e6) / TURN)
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
