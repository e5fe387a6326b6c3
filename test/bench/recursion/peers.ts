/** The two recursive servers that are measured, and NSD, which knows what they ask for: each in a session of its own, so that all its threads are found. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../battery/peers.ts'
import { tell } from '../../ops/private-internet.ts'

const LAUNCHER = fileURLToPath(new URL('../../../../bin/waggle', import.meta.url))
const SBIN = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/local/sbin` }
const PATIENCE_MS = 20_000
const END_MS = 3_000
/** The zone of all names that are asked for. */
export const APEX = 'cache.test2.'

export type Kind = 'ours' | 'unbound'
export const KINDS: readonly Kind[] = ['ours', 'unbound']
export const TITLES: Readonly<Record<Kind, string>> = { ours: 'Waggle', unbound: 'Unbound' }

/** One that runs. */
export interface Running {
  readonly port: number
  /** Session: all processes of it. */
  readonly pid: number
  stop(): Promise<void>
}

const children = new Set<ChildProcess>()

/** Ends whatever is left, at once. */
export function endAll(): void {
  for (const { pid } of children) if (pid !== undefined) spawnSync('kill', ['-9', `-${pid}`])
}

/** The first line of what a program says of its version; undefined where it is not installed. */
export function versionOf(program: string, flag: string): string | undefined {
  const { stdout, stderr, error } = spawnSync(program, [flag], { env: SBIN, encoding: 'utf8' })
  return error === undefined ? `${stdout}${stderr}`.split('\n')[0].trim() : undefined
}

async function run(command: readonly string[], port: number): Promise<Running> {
  const child = spawn(command[0], command.slice(1), { env: SBIN, stdio: 'ignore', detached: true })
  children.add(child)
  const ended = new Promise<void>((resolve) => child.once('exit', () => {
    children.delete(child)
    resolve()
  }))
  for (const end = performance.now() + PATIENCE_MS; ; await sleep(100)) {
    const answer = await tell(`h0.${APEX} A`, '127.0.0.1', port, 1).catch(() => undefined)
    if (answer !== undefined && answer.answers.length > 0) break
    if (performance.now() > end || child.exitCode !== null) throw new Error(`Cannot measure ${command[0]} as it does not answer for h0.${APEX} within ${PATIENCE_MS} ms`)
  }
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM')
      await Promise.race([ended, sleep(END_MS)])
      if (child.exitCode === null && child.pid !== undefined) spawnSync('kill', ['-9', `-${child.pid}`])
    },
  }
}

/** NSD with the zone, of `names` addresses. */
export async function startAuthority(names: number, folder: string): Promise<Running> {
  const home = join(folder, 'nsd')
  mkdirSync(home)
  const port = await freePort()
  const hosts = Array.from({ length: names }, (_, i) => `h${i} A 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
  writeFileSync(join(home, 'zone'), `$TTL 86400\n@ SOA ns host 1 7200 3600 604800 300\n@ NS ns\nns A 127.0.0.1\n${hosts.join('\n')}\n`)
  const server = [`ip-address: 127.0.0.1@${port}`, 'server-count: 1', 'username: ""', 'chroot: ""', `pidfile: "${home}/pid"`, 'database: ""', `zonelistfile: "${home}/list"`, `xfrdfile: "${home}/xfrd"`, `xfrdir: "${home}"`, 'rrl-ratelimit: 0']
  writeFileSync(join(home, 'conf'), `server:\n  ${server.join('\n  ')}\nremote-control:\n  control-enable: no\nzone:\n  name: "${APEX}"\n  zonefile: "${home}/zone"\n`)
  return run(['nsd', '-d', '-c', join(home, 'conf')], port)
}

/** A recursive server with `workers` threads that answer, which asks the authority; nothing is validated, as the zone is unsigned. */
export async function startRecursive(kind: Kind, workers: number, authority: Running, folder: string): Promise<Running> {
  const port = await freePort()
  const home = join(folder, `${kind}-${workers}-${port}`)
  mkdirSync(home)
  if (kind === 'ours') {
    writeFileSync(join(home, 'w.yaml'), `listen: ["127.0.0.1:${port}"]\nworkers: ${workers}\nlog: silent\nrate-limit: { responses: 0 }\nrecursion: { validate: false, stub: { ${APEX}: ["127.0.0.1:${authority.port}"] }, never-ask: [], ipv6: false }\n`)
    return run([process.execPath, LAUNCHER, 'serve', '-c', join(home, 'w.yaml')], port)
  }
  const server = ['interface: 127.0.0.1', `port: ${port}`, 'username: ""', 'chroot: ""', `directory: "${home}"`, `pidfile: "${home}/pid"`, 'use-syslog: no', 'do-not-query-localhost: no', 'do-ip6: no', 'module-config: "iterator"', `num-threads: ${workers}`, 'so-reuseport: yes', 'msg-cache-size: 64m', 'rrset-cache-size: 128m', 'verbosity: 0']
  writeFileSync(join(home, 'conf'), `server:\n  ${server.join('\n  ')}\nremote-control:\n  control-enable: no\nstub-zone:\n  name: "${APEX}"\n  stub-addr: 127.0.0.1@${authority.port}\n`)
  return run(['unbound', '-d', '-c', join(home, 'conf')], port)
}
