/**
 * A real server process for tests: started on free ports with a folder of its own, watched through its log.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ask } from '../../src/client/ask.ts'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseEndpoint, type Endpoint } from '../../src/transport/address.ts'

const LAUNCHER = fileURLToPath(new URL('../../../bin/waggle', import.meta.url))
const PATIENCE_MS = 60_000

/**
 * The line of a config by which a server that may be updated does not rehearse: a rehearsal takes two seconds of the processor after
 * each start, which tests that start servers again and again would spend on nothing. What rehearses is tested by rehearsing.integration.ts,
 * and servers that are updated while they rehearse by update.integration.ts and deferred.integration.ts.
 */
export const UNREHEARSED = 'rehearse: false\n'

/** What a process that has ended left. */
export interface Ended {
  code: number | null
  out: string
  err: string
}

/** A child's environment: without what makes each start of Node slow. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env
  return rest
}

/** Runs `waggle ARGS…` to its end. */
export function waggle(args: readonly string[], cwd?: string): Promise<Ended> {
  const child = spawn(process.execPath, [LAUNCHER, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: environment(), ...(cwd === undefined ? {} : { cwd }) })
  return endOf(child)
}

function endOf(child: ChildProcess): Promise<Ended> {
  let [out, err] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

/** A folder with files, removed by `remove`. */
export function makeFolder(files: Readonly<Record<string, string>>): { path: string; write: (name: string, text: string) => void; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'waggle-'))
  const write = (name: string, text: string) => writeFileSync(join(path, name), text)
  for (const [name, text] of Object.entries(files)) write(name, text)
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** A zone file whose serial and TXT at `a` say `serial`. */
export function zoneText(serial: number): string {
  return `$TTL 60\n@ SOA ns hostmaster ${serial} 1h 10m 1d 5m\n@ NS ns\nns A 192.0.2.53\na TXT "${serial}"\n`
}

/** A server in service. */
export class Served {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly endpoints: Endpoint[] = []
  private log = ''
  private watchers: (() => void)[] = []

  private constructor(config: string, more: Readonly<Record<string, string>> = {}, runAs: readonly string[] = []) {
    const [program, ...args] = [...runAs, process.execPath, LAUNCHER, 'serve', '-c', config]
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...environment(), ...more } })
    this.ended = endOf(this.child)
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString()
      for (const watcher of this.watchers) watcher()
    })
  }

  /** Starts a server, with `more` in its environment, and waits until it says that it is ready; one that is not in time is ended. */
  static async start(config: string, more: Readonly<Record<string, string>> = {}, triesLeft = 2, runAs: readonly string[] = []): Promise<Served> {
    const served = new Served(config, more, runAs)
    const ready = await Promise.race([served.line('ready'), served.ended]).catch((tooLate: unknown) => {
      served.child.kill('SIGKILL')
      throw tooLate
    })
    // port 0 is chosen for TCP, and another process may have it for UDP
    if ('err' in ready && String(ready.err).includes('another process has this address') && triesLeft > 0) return Served.start(config, more, triesLeft - 1, runAs)
    assert.ok('msg' in ready, `the server ended: ${JSON.stringify(ready)}`)
    served.endpoints.push(...(ready.listen as string[]).map((text) => parseEndpoint(text) as Endpoint))
    return served
  }

  /** Starts a server and kills it after `afterMs`, wherever its start has come to by then. */
  static async cutShort(config: string, afterMs: number): Promise<void> {
    const served = new Served(config)
    await Promise.race([served.ended, new Promise((resolve) => setTimeout(resolve, afterMs))])
    await served.stop('SIGKILL')
  }

  /** All lines of the log so far. */
  lines(): Record<string, unknown>[] {
    return this.log.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** The line number `count` of the log with this message, once it is there. */
  line(message: string, count = 1): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => reject(new Error(`no "${message}" in the log:\n${this.log}`)), PATIENCE_MS)
      const look = () => {
        const found = this.log.slice(0, this.log.lastIndexOf('\n') + 1).split('\n').filter((line) => line.includes(`"msg":"${message}"`))[count - 1]
        if (found === undefined) return
        clearTimeout(tooLate)
        this.watchers = this.watchers.filter((watcher) => watcher !== look)
        resolve(JSON.parse(found) as Record<string, unknown>)
      }
      this.watchers.push(look)
      look()
    })
  }

  /** Asks the first endpoint, or another. */
  async ask(name: string, type: number = TYPE.TXT, options: { endpoint?: number; tcp?: boolean; rrClass?: number } = {}): Promise<Message> {
    const query = makeMessage({ id: 4711, questions: [{ name: Name.parse(name), type, class: options.rrClass ?? CLASS.IN }] })
    const asked = await ask(encodeMessage(query), { server: this.endpoints[options.endpoint ?? 0], tcp: options.tcp ?? false, timeoutMs: 2_000, tries: 3 })
    assert.ok('octets' in asked, 'failed' in asked ? asked.failed : '')
    return decodeMessage(asked.octets)
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal)
    return this.ended
  }
}
