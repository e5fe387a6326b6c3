/**
 * A private internet on loopback addresses and port 53: a root, two top-level domains and zones below, served by NSD and
 * Knot, and servers of every bad kind, which a test plays itself; and resolvers that start at its root.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask } from '../../src/client/ask.ts'
import { parseAddress } from '../../src/dns/address.ts'
import { CLASS, parseType, printRcode } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { freePort } from '../battery/peers.ts'
import { Internet, type Behaviour } from '../resolver/support.ts'

const SBIN = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/local/sbin` }

/** Programs that are not to be had, or a word on why port 53 is not. */
export function missing(...programs: string[]): string[] {
  const absent = programs.filter((program) => spawnSync('which', [program], { env: SBIN }).status !== 0)
  return process.getuid?.() === 0 ? absent : [...absent, 'leave to open port 53']
}

/** The network that is this internet's: one of sixteen thousand below 127.64.0.0/10, as several tests at once have one. */
export class PrivateInternet {
  readonly folder = mkdtempSync(join(tmpdir(), 'waggle-net-'))
  private readonly network = `127.${randomInt(64, 128)}.${randomInt(1, 255)}`
  private readonly children: ChildProcess[] = []
  private readonly sockets: (Socket | Server)[] = []
  /** Ends of logs, for whom a test fails. */
  private log = ''

  /** The address of host `n`. */
  at(n: number): string {
    return `${this.network}.${n}`
  }

  /** Zone text with `@n` in place of addresses. */
  private text(zone: string): string {
    return `$TTL 3600\n@ SOA ns host 1 7200 3600 604800 300\n${zone.replaceAll(/^ +/gm, '').replaceAll(/@(\d+)/g, (_, n: string) => this.at(Number(n)))}\n`
  }

  private run(command: readonly string[]): ChildProcess {
    const child = spawn(command[0], command.slice(1), { env: SBIN, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (this.log = (this.log + chunk.toString()).slice(-4_000)))
    this.children.push(child)
    return child
  }

  private home(name: string): string {
    const home = join(this.folder, name)
    mkdirSync(home, { recursive: true })
    return home
  }

  private files(home: string, zones: Readonly<Record<string, string>>): [name: string, file: string][] {
    return Object.entries(zones).map(([name, zone], i) => {
      writeFileSync(join(home, `${i}.zone`), this.text(zone))
      return [name, join(home, `${i}.zone`)]
    })
  }

  /** NSD at host `n`; whoever wants it to serve other zones ends it and calls this again. */
  nsd(n: number, zones: Readonly<Record<string, string>>): ChildProcess {
    const home = this.home(`nsd-${n}`)
    const list = this.files(home, zones).map(([name, file]) => `zone:\n  name: "${name}"\n  zonefile: "${file}"\n`).join('')
    const server = [`ip-address: ${this.at(n)}@53`, 'server-count: 1', 'username: ""', 'chroot: ""', `pidfile: "${home}/pid"`, 'database: ""', `zonelistfile: "${home}/list"`, `xfrdfile: "${home}/xfrd"`, `xfrdir: "${home}"`]
    writeFileSync(join(home, 'nsd.conf'), `server:\n  ${server.join('\n  ')}\nremote-control:\n  control-enable: no\n${list}`)
    return this.run(['nsd', '-d', '-c', join(home, 'nsd.conf')])
  }

  /** Knot at host `n`. */
  knot(n: number, zones: Readonly<Record<string, string>>): void {
    const home = this.home(`knot-${n}`)
    const list = this.files(home, zones).map(([name, file]) => `  - domain: "${name}"\n    file: "${file}"\n`).join('')
    writeFileSync(join(home, 'knot.conf'), `server:\n  listen: ${this.at(n)}@53\n  rundir: "${home}"\n  udp-workers: 1\n  tcp-workers: 1\ndatabase:\n  storage: "${home}"\ntemplate:\n  - id: default\n    zonefile-sync: -1\n    journal-content: none\nzone:\n${list}`)
    this.run(['knotd', '-c', join(home, 'knot.conf')])
  }

  /** A server at host `n` that behaves as `behaviour` says. */
  async play(n: number, zones: Readonly<Record<string, string>>, behaviour: Behaviour): Promise<void> {
    const net = new Internet().serve(this.at(n), Object.fromEntries(Object.entries(zones).map(([name, zone]) => [name, zone.replaceAll(/@(\d+)/g, (_, host: string) => this.at(Number(host)))])), behaviour)
    const socket = createSocket('udp4')
    const to = { address: parseAddress(this.at(n)) ?? assert.fail(), port: 53 }
    socket.on('message', (octets, { address, port }) => {
      const answer = net.answer(to, octets, 'udp')
      if (answer !== undefined) setTimeout(() => this.sockets.includes(socket) && socket.send(answer.octets, port, address), answer.delayMs)
    })
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(53, this.at(n), resolve))
    this.sockets.push(socket)
    const server = createServer((connection) => {
      connection.on('error', () => undefined).once('data', (chunk: Buffer) => {
        const octets = net.answer(to, chunk.subarray(2), 'tcp')?.octets
        if (octets !== undefined) connection.end(Buffer.from([octets.length >> 8, octets.length & 0xff, ...octets]))
      })
    })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(53, this.at(n), resolve))
    this.sockets.push(server)
  }

  /** A file of root hints: host 1. */
  get hints(): string {
    const file = join(this.folder, 'hints')
    writeFileSync(file, `. 3600 IN NS a.root.\na.root. 3600 IN A ${this.at(1)}\n`)
    return file
  }

  /** An Unbound that starts at this root, and validates where it is given the DS of it; its port. */
  async unbound(ds?: string): Promise<number> {
    const port = await freePort()
    const home = this.home('unbound')
    const server = [`interface: 127.0.0.1`, `port: ${port}`, 'username: ""', 'chroot: ""', `directory: "${home}"`, `pidfile: "${home}/pid"`, 'use-syslog: no', 'do-not-query-localhost: no', 'do-ip6: no', ...(ds === undefined ? ['module-config: "iterator"'] : ['module-config: "validator iterator"', `trust-anchor: "${ds}"`]), `root-hints: "${this.hints}"`, 'num-threads: 1']
    writeFileSync(join(home, 'unbound.conf'), `server:\n  ${server.join('\n  ')}\nremote-control:\n  control-enable: no\n`)
    this.run(['unbound', '-d', '-c', join(home, 'unbound.conf')])
    return port
  }

  /** A BIND that starts at this root, and validates where it is given the DS of it; its port. */
  async bind(ds?: string): Promise<number> {
    const port = await freePort()
    const home = this.home('bind')
    const options = [`directory "${home}"`, `listen-on port ${port} { 127.0.0.1; }`, 'listen-on-v6 { none; }', 'recursion yes', `pid-file "${home}/pid"`, `session-keyfile "${home}/key"`, `dnssec-validation ${ds === undefined ? 'no' : 'yes'}`, 'empty-zones-enable no', 'minimal-responses yes']
    const [tag, algorithm, digestType, digest] = ds?.split(' DS ')[1].split(' ') ?? []
    const anchor = ds === undefined ? '' : `trust-anchors { . static-ds ${tag} ${algorithm} ${digestType} "${digest}"; };\n`
    writeFileSync(join(home, 'named.conf'), `options { ${options.join('; ')}; };\ncontrols { };\n${anchor}server ::/0 { bogus yes; };\nzone "." { type hint; file "${this.hints}"; };\n`)
    this.run(['named', '-4', '-g', '-c', join(home, 'named.conf')])
    return port
  }

  /** Waits until `name` is answered at an address and port. */
  async ready(name: string, host: string, port = 53): Promise<void> {
    for (const end = performance.now() + 20_000; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
      const answer = await tell(`${name} SOA`, host, port, 1).catch(() => undefined)
      if (answer !== undefined && answer.rcode !== 5) return
    }
    throw new Error(`No answer for ${name} from ${host}:${port}:\n${this.log}`)
  }

  /** Ends everything that it started. */
  async stop(): Promise<void> {
    for (const socket of this.sockets.splice(0)) socket.close()
    await Promise.all(this.children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null).map((child) => new Promise((resolve) => {
      child.once('exit', resolve)
      child.kill('SIGKILL')
    })))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Asks a resolver at loopback; rejects where nothing comes. */
export async function tell(question: string, host: string, port: number, tries = 3, more: Partial<Message> = {}, tcp = false): Promise<Message> {
  const [name, type] = question.split(' ')
  const octets = encodeMessage(makeMessage({ id: randomInt(0x1_0000), recursionDesired: true, questions: [{ name: Name.parse(name), type: parseType(type) ?? assert.fail(type), class: CLASS.IN }], ...more }))
  const asked = await ask(octets, { server: { host, family: 4, port }, tcp, timeoutMs: tries === 1 ? 500 : 12_000, tries })
  if (!('octets' in asked)) throw new Error(asked.failed)
  return decodeMessage(asked.octets)
}

/** RCODE and answers of a response in an order of their own, names in lower case and without TTLs, so that resolvers can be compared. */
export function gist({ rcode, answers }: Message): string {
  return [printRcode(rcode), ...answers.map((record) => printRecord({ ...record, ttl: 0 }).toLowerCase()).sort()].join('\n')
}
