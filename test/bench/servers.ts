/**
 * The servers of the bench, each in the foreground, in a session, a folder and on a port of its own, on the
 * processors it is given. All get the same zones and number of workers, no rate limits, no query log, and send
 * small answers (by default NSD and BIND add what nobody asked for, which would cost them time); what else
 * they do is their own default. `echo` is the floor: the bench's own C program (c/udp-echo.c).
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../battery/peers.ts'
import { wholeAnswer } from './asking.ts'
import type { ZoneFile } from './zones.ts'

/** All servers that can be compared, in the order of the page. */
export const KINDS = ['echo', 'ours', 'nsd', 'knot', 'bind', 'pdns'] as const
/** One of them. */
export type Kind = (typeof KINDS)[number]

/** Names for people. */
export const TITLES: Readonly<Record<Kind, string>> = { echo: 'C echo (floor)', ours: 'Waggle', nsd: 'NSD', knot: 'Knot', bind: 'BIND', pdns: 'PowerDNS' }

/** How a server is started. */
export interface Task {
  zones: readonly ZoneFile[]
  workers: number
  /** Processors as taskset takes them, such as `0` or `0,1`; undefined: all. */
  processors: string | undefined
  /** A query that is answered with a record when all is loaded. */
  probe: Uint8Array
  /** The key by whose TSIG (hmac-sha256) every zone may be changed, its secret in base64; undefined: none changes. */
  key?: { name: string; secret: string }
  /** Where it runs and keeps what it keeps; a new folder by default. */
  home?: string
}

/** A server that answers. */
export interface Running {
  kind: Kind
  port: number
  /** Process id of the first process and number of the session. */
  pid: number
  /** Milliseconds from start to the first answer. */
  readyMs: number
  stop: () => Promise<void>
}

const PROGRAMS: Readonly<Record<Exclude<Kind, 'echo' | 'ours'>, readonly [string, string]>> = { nsd: ['nsd', '-v'], knot: ['knotd', '-V'], bind: ['named', '-v'], pdns: ['pdns_server', '--version'] }
const LAUNCHER = fileURLToPath(new URL('../../../bin/waggle', import.meta.url))
const READY_MS = 120_000
const END_MS = 8_000
/** Octets that the answer of a hit has more than its query: an A record behind a pointer. */
const ECHO_EXTRA = 16

const living = new Set<ChildProcess>()

/** The version that a server tells of itself, or null where it is not installed. */
export function versionOf(kind: Kind): string | null {
  if (kind === 'echo') return ''
  if (kind === 'ours') return `on Node ${process.versions.node}`
  const { status, stdout, stderr } = spawnSync(PROGRAMS[kind][0], [PROGRAMS[kind][1]], { env: environment(), encoding: 'utf8' })
  return status === null ? null : (/\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? '')
}

/** Starts a server and waits until it answers the probe. Throws with the end of its log where it does not. */
export async function start(kind: Kind, task: Task, folder: string, echo: string): Promise<Running> {
  const port = await freePort()
  const home = task.home ?? `${folder}/${kind}-${port}`
  mkdirSync(home, { recursive: true })
  const command = [...(task.processors === undefined ? [] : ['taskset', '-c', task.processors]), ...COMMANDS[kind](task, home, port, echo)]
  const log = openSync(`${home}/log`, 'a')
  const begun = performance.now()
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', log, log], env: environment(), detached: true })
  living.add(child)
  child.on('error', (error) => { writeFileSync(`${home}/log`, String(error)) })
  const isReady = await wholeAnswer(port, task.probe, READY_MS, () => child.exitCode === null && child.pid !== undefined)
  const readyMs = performance.now() - begun
  if (isReady) return { kind, port, pid: child.pid as number, readyMs, stop: () => end(child) }
  await end(child)
  throw new Error(`Cannot start ${TITLES[kind]} as it gives no answer:\n${readFileSync(`${home}/log`, 'utf8').slice(-1_500)}`)
}

/** Ends whatever still runs, at once. For the way out of the bench. */
export function endAll(): void {
  for (const child of living) signal(child, 'SIGKILL')
  living.clear()
}

/** Signals the whole session of a server, which is its process group too. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, name)
  } catch {
    // it has ended by itself
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    signal(child, 'SIGTERM')
    const late = setTimeout(() => { signal(child, 'SIGKILL') }, END_MS)
    await gone
    clearTimeout(late)
  }
  signal(child, 'SIGKILL') // children that outlived it
  living.delete(child)
}

/** Programs of servers live in sbin, which an ordinary user's PATH may lack; extra certificates make each start of Node slow. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env
  return { ...rest, PATH: `${rest['PATH']}:/usr/sbin:/sbin` }
}

/** BIND keeps its journal beside the zone file and writes the file anew. */
function ownCopy(file: string, home: string): string {
  const copy = `${home}/${basename(file)}`
  copyFileSync(file, copy)
  return copy
}

/** Writes a server's configuration and gives its command line. */
type Command = (task: Task, home: string, port: number, echo: string) => string[]

const COMMANDS: Readonly<Record<Kind, Command>> = {
  echo: (_task, _home, port, echo) => [echo, String(port), String(ECHO_EXTRA)],
  ours({ zones, workers, key }, home, port) {
    const list = zones.map(({ name, file }) => `  - { name: ${name}, file: ${file} }\n`).join('')
    const keys = key === undefined ? '' : `keys: [{ name: ${key.name}, secret: "${key.secret}" }]\ngrants: [{ key: ${key.name}, scope: zone, types: [ANY] }]\n`
    writeFileSync(`${home}/waggle.yaml`, `listen: ["127.0.0.1:${port}"]\nworkers: ${workers}\ndata: ${home}/data\nlog: warn\n${keys}zones:\n${list}`)
    return [process.execPath, LAUNCHER, 'serve', '-c', `${home}/waggle.yaml`]
  },
  nsd({ zones, workers }, home, port) {
    const server = [
      `ip-address: 127.0.0.1@${port}`, `server-count: ${workers}`, 'reuseport: yes', 'username: ""', 'chroot: ""', `pidfile: "${home}/pid"`, 'database: ""',
      `zonelistfile: "${home}/zone.list"`, `xfrdfile: "${home}/xfrd.state"`, `xfrdir: "${home}"`, 'rrl-ratelimit: 0', 'rrl-whitelist-ratelimit: 0', 'minimal-responses: yes', 'tcp-count: 1024', 'zonefiles-check: no',
    ]
    const list = zones.map(({ name, file }) => `zone:\n  name: "${name}"\n  zonefile: "${file}"\n`).join('')
    writeFileSync(`${home}/nsd.conf`, `server:\n  ${server.join('\n  ')}\nremote-control:\n  control-enable: no\n${list}`)
    return ['nsd', '-d', '-c', `${home}/nsd.conf`]
  },
  knot({ zones, workers, key }, home, port) {
    const list = zones.map(({ name, file }) => `  - domain: ${name}\n    file: "${file}"\n${key === undefined ? '' : '    acl: change\n'}`).join('')
    const keys = key === undefined ? '' : `key:\n  - id: ${key.name}\n    algorithm: hmac-sha256\n    secret: ${key.secret}\nacl:\n  - id: change\n    key: ${key.name}\n    action: update\n`
    writeFileSync(`${home}/knot.conf`, [
      `server:\n  listen: 127.0.0.1@${port}\n  rundir: "${home}"\n  udp-workers: ${workers}\n  tcp-workers: 1\n  background-workers: 1`,
      `database:\n  storage: "${home}"${key === undefined ? '' : '\n  journal-db-max-size: 8G'}`, `${keys}template:\n  - id: default\n    zonefile-sync: -1\n    journal-content: ${key === undefined ? 'none' : 'changes'}\n    semantic-checks: off`, `zone:\n${list}`,
    ].join('\n'))
    return ['knotd', '-c', `${home}/knot.conf`]
  },
  bind({ zones, workers, key }, home, port) {
    const change = key === undefined ? '' : ` allow-update { key "${key.name}"; }; check-names ignore;`
    const list = zones.map(({ name, file }) => `zone "${name}" { type primary; file "${key === undefined ? file : ownCopy(file, home)}";${change} };\n`).join('')
    const keys = key === undefined ? '' : `key "${key.name}" { algorithm hmac-sha256; secret "${key.secret}"; };\n`
    const options = [
      `directory "${home}"`, `listen-on port ${port} { 127.0.0.1; }`, 'listen-on-v6 { none; }', 'recursion no', `pid-file "${home}/pid"`, `session-keyfile "${home}/key"`,
      'notify no', 'minimal-responses yes', 'dnssec-validation no', 'tcp-clients 1024', 'querylog no',
    ]
    writeFileSync(`${home}/named.conf`, `${keys}options { ${options.join('; ')}; };\ncontrols { };\n${list}`)
    return ['named', '-f', '-n', String(workers), '-c', `${home}/named.conf`]
  },
  pdns({ zones, workers }, home, port) {
    writeFileSync(`${home}/named.conf`, zones.map(({ name, file }) => `zone "${name}" { type master; file "${file}"; };\n`).join(''))
    const settings = [
      'launch=bind', `bind-config=${home}/named.conf`, 'local-address=127.0.0.1', `local-port=${port}`, `socket-dir=${home}`, `receiver-threads=${workers}`, 'distributor-threads=1',
      'reuseport=yes', 'daemon=no', 'guardian=no', 'setuid=', 'setgid=', 'version-string=anonymous', 'loglevel=3', 'max-tcp-connections=1024', 'consistent-backends=yes',
    ]
    writeFileSync(`${home}/pdns.conf`, `${settings.join('\n')}\n`)
    return ['pdns_server', `--config-dir=${home}`]
  },
}
