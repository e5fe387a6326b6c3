/**
 * Hostile traffic, run by hand: `node dist/test/battery/fuzz.js --udp 10000000 --tcp 1000000 --seed 1`.
 * Starts a server of its own (--start ours|nsd|knot), or attacks a running one: --server 127.0.0.1:5300 --pid 4711
 * --zone example. (its SOA, NS and a missing name are the known good questions). Exit code 1 on any fault.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { Asker } from './asker.ts'
import { Chance } from './chance.ts'
import { answeredMessages, craftedMessages } from './fuzz-corpus.ts'
import { fuzzTcp } from './fuzz-tcp.ts'
import { fuzzUdp } from './fuzz-udp.ts'
import { Probes, Watch } from './fuzz-watch.ts'
import { childOf } from './names.ts'
import { startServer, type RunningServer, type ServerKind } from './peers.ts'
import { writeZones } from './signing.ts'
import { encodeQuery } from './wire.ts'
import { allWorlds } from './zones.ts'

const { values } = parseArgs({
  options: {
    udp: { type: 'string', default: '1000000' }, tcp: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' }, start: { type: 'string', default: 'ours' },
    server: { type: 'string' }, pid: { type: 'string', default: '0' }, zone: { type: 'string', default: 'types.example.' },
  },
})

type Target = { host: string; port: number; pid: number; log: string | undefined; stop: () => Promise<void> }

const seed = Number(values.seed)
const chance = new Chance(seed)
const target = values.server ? attached(values.server) : await started(values.start as ServerKind)
let faults = 0
try {
  const corpus = await corpusFor(target)
  faults += await run('udp', Number(values.udp), corpus, fuzzUdp)
  faults += await run('tcp', Number(values.tcp), corpus, fuzzTcp)
} finally {
  await target.stop()
}
process.exitCode = faults > 0 ? 1 : 0

async function run(kind: string, total: number, corpus: readonly Buffer[], fuzz: typeof fuzzUdp): Promise<number> {
  const watch = new Watch(target.pid)
  const probes = new Probes(target.port, target.host)
  const started = performance.now()
  try {
    await probes.learn([{ name: values.zone, type: 6 }, { name: values.zone, type: 2 }, { name: childOf('no-such-name', values.zone), type: 1 }, { name: childOf('mx', values.zone), type: 15 }])
    await fuzz(total, target.host, target.port, corpus, chance, probes, watch)
    watch.judgeMemory()
  } catch (error) {
    watch.fault(`${(error as Error).message}${target.log ? `\n${readFileSync(target.log, 'utf8').slice(-3_000)}` : ''}`)
  } finally {
    probes.close()
  }
  for (const fault of watch.faults) console.log(`FAULT ${fault}`)
  console.log(watch.summary(kind, (performance.now() - started) / 1000))
  return watch.faults.length
}

/** Crafted messages, and the server's own answers about every owner of the zone with a record of each type. */
async function corpusFor({ host, port }: Target): Promise<Buffer[]> {
  const crafted = craftedMessages(values.zone, seed)
  const asker = new Asker(port, host)
  const owners = ['a', 'mx', 'srv', 'naptr', 'loc', 'apl', 'caa', 'cert', 'https', 'svcb', 'ipseckey', 'sshfp', 'tlsa', 'uri', 'dname', 'x.dname', 'cname', 'ds', 'all', 'x.wild', 'hip', 'agent', 'zonemd', 'csync', 'key']
  const ask = (label: string): Buffer => encodeQuery({ name: childOf(label, values.zone), type: 255, class: 1, flags: 0, edns: { size: 1232, dnssecOk: true, version: 0 }, tcp: false })
  const answers = await answeredMessages(asker, [...owners.map(ask), ...crafted.slice(0, 100)])
  asker.close()
  return [...crafted, ...answers]
}

function attached(server: string): Target {
  const colon = server.lastIndexOf(':')
  return { host: server.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(server.slice(colon + 1)), pid: Number(values.pid), log: undefined, stop: async () => undefined }
}

async function started(kind: ServerKind): Promise<Target> {
  const folder = mkdtempSync(`${tmpdir()}/fuzz-`)
  const zones = writeZones(allWorlds(seed, 0)[0]?.zones ?? [], folder)
  const server: RunningServer = await startServer(kind, zones, folder)
  const stop = async (): Promise<void> => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { host: '127.0.0.1', port: server.port, pid: server.pid, log: server.log, stop }
}
