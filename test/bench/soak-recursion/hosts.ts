/**
 * The processes of the private tree, NSD and Knot in turn, each at an address of its own on port 53: started, killed,
 * stopped for a while, and told to load zones anew. Each is a group of processes of its own, which ends with this one.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tell } from '../../ops/private-internet.ts'
import type { HostState } from './judge.ts'
import type { ServedText } from './tree.ts'

const SBIN = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/local/sbin` }
const PATIENCE_MS = 20_000

/** One server process. */
export class Host implements HostState {
  readonly number: number
  readonly address: string
  /** `up` answers, `silent` is stopped, `down` is killed. */
  state: HostState['state'] = 'down'
  /** Milliseconds of `performance.now()` until which it was not up. */
  upSinceMs = 0
  private readonly home: string
  private readonly kind: 'nsd' | 'knot'
  private readonly files = new Map<string, string>()
  private child: ChildProcess | undefined

  constructor(number: number, address: string, folder: string) {
    this.number = number
    this.address = address
    this.kind = number % 2 === 0 ? 'nsd' : 'knot'
    this.home = join(folder, `${this.kind}-${number}`)
    mkdirSync(this.home, { recursive: true })
  }

  /** Writes a zone, which is served from the next start or reload on. */
  write({ apex, text }: ServedText): void {
    const file = this.files.get(apex) ?? join(this.home, `${apex}zone`)
    this.files.set(apex, file)
    const soa = text.includes(' SOA ') && !text.startsWith('. ') && /^\S+ \d+ IN SOA/.test(text) ? '' : `${apex} 3600 IN SOA ns.${apex === '.' ? '' : apex} host.${apex === '.' ? '' : apex} 1 7200 3600 604800 300\n`
    writeFileSync(`${file}.new`, `$TTL 3600\n${soa}${text}\n`)
    renameSync(`${file}.new`, file)
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const config = join(this.home, `${this.kind}.conf`)
    writeFileSync(config, this.kind === 'nsd' ? this.nsdConfig() : this.knotConfig())
    const command = this.kind === 'nsd' ? ['nsd', '-d', '-c', config] : ['knotd', '-c', config]
    this.child = spawn(command[0], command.slice(1), { env: SBIN, stdio: 'ignore', detached: true })
    const [apex] = this.files.keys()
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(50)) {
      const answer = await tell(`${apex} SOA`, this.address, 53, 1).catch(() => undefined)
      if (answer === undefined || answer.answers.length === 0) continue
      this.state = 'up'
      this.upSinceMs = performance.now()
      return
    }
    throw new Error(`No answer of ${this.kind} at ${this.address} within ${PATIENCE_MS} ms`)
  }

  kill(): void {
    this.signal('SIGKILL')
    this.state = 'down'
  }

  stop(): void {
    this.signal('SIGSTOP')
    this.state = 'silent'
  }

  goOn(): void {
    this.signal('SIGCONT')
    this.state = 'up'
    this.upSinceMs = performance.now()
  }

  /** Has its zones read again; it says nothing of when that is done. */
  reload(): void {
    if (this.child?.pid !== undefined) process.kill(this.child.pid, 'SIGHUP')
  }

  /** Ends it, whatever state it is in. */
  end(): void {
    if (this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null) this.signal('SIGKILL')
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.child?.pid === undefined) return
    try {
      process.kill(-this.child.pid, signal)
    } catch {
      // it has ended
    }
  }

  private nsdConfig(): string {
    const server = [`ip-address: ${this.address}@53`, 'server-count: 1', 'username: ""', 'chroot: ""', `pidfile: "${this.home}/pid"`, 'database: ""', `zonelistfile: "${this.home}/list"`, `xfrdfile: "${this.home}/xfrd"`, `xfrdir: "${this.home}"`, 'rrl-ratelimit: 0']
    const zones = [...this.files].map(([apex, file]) => `zone:\n  name: "${apex}"\n  zonefile: "${file}"\n`)
    return `server:\n  ${server.join('\n  ')}\nremote-control:\n  control-enable: no\n${zones.join('')}`
  }

  private knotConfig(): string {
    const zones = [...this.files].map(([apex, file]) => `  - domain: "${apex}"\n    file: "${file}"\n`)
    return `server:\n  listen: ${this.address}@53\n  rundir: "${this.home}"\n  udp-workers: 1\n  tcp-workers: 1\ndatabase:\n  storage: "${this.home}"\ntemplate:\n  - id: default\n    zonefile-sync: -1\n    journal-content: none\nzone:\n${zones.join('')}`
  }
}
