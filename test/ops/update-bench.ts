/**
 * A server with zones that may be updated, and the tools that administrators ask it with: dig, nsupdate, and `waggle`.
 */
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { canUseMmsg } from '../../src/transport/udp-mmsg.ts'
import { makeFolder, Served, UNREHEARSED, waggle, type Ended } from './process.ts'

export const TRANSPORTS = canUseMmsg().usable ? ['mmsg', 'dgram'] : ['dgram']
export const SECRET = Buffer.alloc(32, 5).toString('base64')
export const KEY = `hmac-sha256:agents-key:${SECRET}`

export const ZONE = `$TTL 300
@ SOA ns hostmaster 1 1h 10m 1d 5m
@ NS ns
ns A 192.0.2.53
www A 192.0.2.80
alias CNAME www
`

export const CONFIG = (transport: string): string => `listen: ["127.0.0.1:0", "[::1]:0"]
transport: ${transport}
${transport === 'dgram' ? '' : 'workers: 2\n'}keys: [{ name: agents-key, secret: "${SECRET}" }]
zones:
  - name: example.com
    file: example.com.zone
    grants:
      - { key: agents-key, scope: name locked.example.com, deny: true }
      - { key: agents-key, scope: zone, types: [ANY] }
      - { key: "*", kind: sig0, scope: selfsub }
  - { name: plain.example, file: plain.zone }
`

/** Why a suite is skipped: the tools that are missing; false where none is. */
export function skipWithout(...tools: string[]): string | false {
  const missing = tools.filter((tool) => spawnSync('which', [tool]).status !== 0)
  return missing.length === 0 ? false : `SKIPPED: not installed: ${missing.join(', ')}`
}

export interface Ran {
  code: number
  text: string
}

/** Runs a tool with `input`; never waits for longer than its own time-outs. */
export function run(tool: string, args: readonly string[], input = '', cwd = '/'): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(tool, args, { cwd, timeout: 30_000 }, (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: out + err }))
    child.stdin?.on('error', () => undefined).end(input)
  })
}

/** A server and the ways to ask it. */
export class Bench {
  server!: Served
  /** A command that runs the server as another user. */
  runAs: string[] = []
  /** What stands in the config before its other keys. */
  more = UNREHEARSED
  readonly folder = makeFolder({ 'example.com.zone': ZONE, 'plain.zone': ZONE })

  async start(transport: string): Promise<void> {
    this.folder.write('w.yaml', this.more + CONFIG(transport))
    this.server = await Served.start(join(this.folder.path, 'w.yaml'), {}, 2, this.runAs)
  }

  get port(): number {
    return this.server.endpoints[0].port
  }

  /** What nsupdate says to these commands; empty where all went well. */
  async update(commands: string, { args = ['-y', KEY], zone = 'example.com', host = '127.0.0.1', port = this.port }: { args?: string[]; zone?: string; host?: string; port?: number } = {}): Promise<string> {
    return (await run('nsupdate', ['-t', '10', ...args], `server ${host} ${port}\nzone ${zone}\n${commands}\nsend\n`)).text.trim()
  }

  async dig(...args: string[]): Promise<string[]> {
    const { text } = await run('dig', ['@127.0.0.1', '-p', String(this.port), '+short', '+norecurse', ...args])
    return text.trim().split('\n').filter((line) => line !== '').sort()
  }

  /** Runs `waggle zone ARGS…` against the server. */
  zone(...args: string[]): Promise<Ended> {
    return waggle(['zone', ...args, '-d', join(this.folder.path, 'data')])
  }

  async serial(): Promise<number> {
    return Number((await this.dig('example.com', 'SOA'))[0].split(' ')[2])
  }

  async end(): Promise<void> {
    await this.server.stop('SIGKILL')
    this.folder.remove()
  }
}
