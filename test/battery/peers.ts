/**
 * The servers of the battery: NSD, Knot, BIND, Unbound and ours, each started in the foreground on loopback
 * ports of its own, with a folder of its own, on the same zone files; ready when every zone answers with its SOA.
 * Peers are set to give what the RFCs describe: no minimal answers, no rate limits, no rotation.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Asker } from './asker.ts'
import { decode, encodeQuery } from './wire.ts'

/** A zone as every server is given it. */
export type ServedZone = { name: string; file: string }

/** The authoritative servers that can be compared. */
export type ServerKind = 'ours' | 'nsd' | 'knot' | 'bind'

/** A running server. `stop` ends it by its process id and waits until it is gone. */
export type RunningServer = { kind: string; port: number; pid: number; log: string; stop: () => Promise<void> }

const READY_MS = 60_000
const PROGRAMS = { nsd: 'nsd', knot: 'knotd', bind: 'named', unbound: 'unbound', delv: 'delv' } as const
const launcher = fileURLToPath(new URL('../../../bin/waggle', import.meta.url))

/** True where the server's program can be run here; ours always can. */
export function isInstalled(kind: ServerKind | 'unbound' | 'delv'): boolean {
  if (kind === 'ours') return true
  return spawnSync('which', [PROGRAMS[kind]], { env: withSbin() }).status === 0
}

/** Starts one server on `zones` and waits until each zone answers. Throws with the end of its log where it does not. */
export async function startServer(kind: ServerKind, zones: readonly ServedZone[], folder: string, port?: number): Promise<RunningServer> {
  const at = port ?? (await freePort())
  const home = `${folder}/${kind}-${at}`
  mkdirSync(home, { recursive: true })
  const server = launch(kind, CONFIGS[kind](zones, home, at), home, at)
  await waitReady(server, zones.map((zone) => zone.name))
  return server
}

/** Starts a validating Unbound that asks `upstream` for everything in `zones`, trusting the DS or DNSKEY lines given. */
export async function startUnbound(upstream: number, zones: readonly string[], anchors: readonly string[], folder: string): Promise<RunningServer> {
  const port = await freePort()
  const home = `${folder}/unbound-${port}`
  mkdirSync(home, { recursive: true })
  writeFileSync(`${home}/anchors`, `${anchors.join('\n')}\n`)
  writeFileSync(`${home}/unbound.conf`, unboundConfig(upstream, zones, home, port))
  const server = launch('unbound', ['unbound', '-d', '-c', `${home}/unbound.conf`], home, port)
  await waitReady(server, [])
  return server
}

/** A port free for both UDP and TCP at the moment of asking. */
export async function freePort(): Promise<number> {
  for (;;) {
    const tcp = createServer()
    await new Promise<void>((done) => tcp.listen(0, '127.0.0.1', done))
    const { port } = tcp.address() as { port: number }
    const udp = createSocket('udp4')
    const free = await new Promise<boolean>((done) => udp.once('error', () => done(false)).bind(port, '127.0.0.1', () => done(true)))
    udp.close()
    await new Promise((done) => tcp.close(done))
    if (free && port > 1024) return port
  }
}

type Config = (zones: readonly ServedZone[], home: string, port: number) => string[]

/** Writes a server's configuration and gives its command line. */
const CONFIGS: Readonly<Record<ServerKind, Config>> = {
  ours(zones, home, port) {
    const list = zones.map(({ name, file }) => `  - { name: ${JSON.stringify(name)}, file: ${JSON.stringify(file)} }\n`).join('')
    writeFileSync(`${home}/waggle.yaml`, `listen: ["127.0.0.1:${port}"]\nworkers: 1\ntransport: auto\ndata: ${home}/data\nzones:\n${list}`)
    return [process.execPath, launcher, 'serve', '-c', `${home}/waggle.yaml`]
  },
  nsd(zones, home, port) {
    const server = [
      `ip-address: 127.0.0.1@${port}`, 'server-count: 1', 'username: ""', 'chroot: ""', `pidfile: "${home}/pid"`, 'database: ""', `zonelistfile: "${home}/zone.list"`,
      `xfrdfile: "${home}/xfrd.state"`, `xfrdir: "${home}"`, 'minimal-responses: no', 'round-robin: no', 'refuse-any: no', 'rrl-ratelimit: 0',
      'rrl-whitelist-ratelimit: 0', 'tcp-count: 200', 'confine-to-zone: no', 'answer-cookie: no', 'zonefiles-check: no',
    ]
    const list = zones.map(({ name, file }) => `zone:\n  name: "${name}"\n  zonefile: "${file}"\n`).join('')
    writeFileSync(`${home}/nsd.conf`, `server:\n  ${server.join('\n  ')}\nremote-control:\n  control-enable: no\n${list}`)
    return ['nsd', '-d', '-c', `${home}/nsd.conf`]
  },
  knot(zones, home, port) {
    const list = zones.map(({ name, file }) => `  - domain: "${name.replaceAll('\\', '\\\\')}"\n    file: "${file}"\n`).join('')
    writeFileSync(`${home}/knot.conf`, [
      `server:\n  listen: 127.0.0.1@${port}\n  rundir: "${home}"\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1`,
      `database:\n  storage: "${home}"`, 'template:\n  - id: default\n    zonefile-sync: -1\n    journal-content: none\n    semantic-checks: off',
      `zone:\n${list}`,
    ].join('\n'))
    return ['knotd', '-c', `${home}/knot.conf`]
  },
  bind(zones, home, port) {
    const list = zones.map(({ name, file }) => `zone "${name}" { type primary; file "${file}"; check-names ignore; };\n`).join('')
    const options = [
      `directory "${home}"`, `listen-on port ${port} { 127.0.0.1; }`, 'listen-on-v6 { none; }', 'recursion no', `pid-file "${home}/pid"`, `session-keyfile "${home}/key"`,
      'minimal-responses no', 'rrset-order { order none; }', 'dnssec-validation no', 'check-integrity no', 'notify no', 'answer-cookie no',
    ]
    writeFileSync(`${home}/named.conf`, `options { ${options.join('; ')}; };\ncontrols { };\n${list}`)
    return ['named', '-g', '-c', `${home}/named.conf`]
  },
}

function unboundConfig(upstream: number, zones: readonly string[], home: string, port: number): string {
  const server = [
    'interface: 127.0.0.1', `port: ${port}`, 'username: ""', 'chroot: ""', `directory: "${home}"`, `pidfile: "${home}/pid"`, 'use-syslog: no', 'do-not-query-localhost: no',
    'module-config: "validator iterator"', `trust-anchor-file: "${home}/anchors"`, 'num-threads: 1', 'val-log-level: 2', 'qname-minimisation: no', 'aggressive-nsec: no',
    'cache-max-ttl: 0', 'cache-max-negative-ttl: 0', 'target-fetch-policy: "0 0 0 0 0"', 'minimal-responses: no',
  ]
  const open = zones.map((name) => `  local-zone: "${name}" nodefault\n`).join('')
  const stubs = zones.map((name) => `stub-zone:\n  name: "${name}"\n  stub-addr: 127.0.0.1@${upstream}\n  stub-prime: no\n`).join('')
  return `server:\n  ${server.join('\n  ')}\n${open}remote-control:\n  control-enable: no\n${stubs}`
}

function launch(kind: string, command: readonly string[], home: string, port: number): RunningServer {
  const log = `${home}/log`
  const out = openSync(log, 'a')
  const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', out, out], env: withSbin() })
  child.on('error', (error) => writeFileSync(log, String(error)))
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  return {
    kind, port, pid: child.pid ?? 0, log,
    stop: () => stop(child).finally(() => process.removeListener('exit', kill)),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = new Promise((done) => child.once('exit', done))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await gone
  clearTimeout(late)
}

async function waitReady(server: RunningServer, zones: readonly string[]): Promise<void> {
  const asker = new Asker(server.port)
  const until = Date.now() + READY_MS
  let waiting = zones.length > 0 ? zones : ['.']
  try {
    while (waiting.length > 0) {
      if (Date.now() > until || !isAlive(server.pid)) throw new Error(`Cannot start ${server.kind}: ${waiting.length} zones do not answer, such as ${waiting[0]}\n${endOf(server.log)}`)
      const ready = await Promise.all(waiting.map((name) => servesZone(asker, name, zones.length > 0)))
      waiting = waiting.filter((_, i) => !ready[i])
      if (waiting.length > 0) await new Promise((done) => setTimeout(done, 50))
    }
  } catch (error) {
    await server.stop()
    throw error
  } finally {
    asker.close()
  }
}

async function servesZone(asker: Asker, name: string, authoritative: boolean): Promise<boolean> {
  const soa = encodeQuery({ name, type: 6, class: 1, flags: 0, edns: undefined, tcp: false })
  const answer = await Promise.race([asker.ask(soa, false), new Promise<undefined>((done) => void setTimeout(() => done(undefined), 300))])
  if (!answer) return false
  if (!authoritative) return true
  const { rcode, answer: records } = decode(answer)
  return rcode === 0 && records.length > 0
}

/** True while the process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function endOf(file: string): string {
  return readFileSync(file, 'utf8').slice(-3_000)
}

/** Server programs live in sbin, which an ordinary user's PATH may lack; the CA file costs every Node start and is dropped. */
function withSbin(): NodeJS.ProcessEnv {
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }
  delete (env as NodeJS.ProcessEnv)['NODE_EXTRA_CA_CERTS']
  return env
}
