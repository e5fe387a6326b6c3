/**
 * The stage of the story: a real server with three providers' zones, the tools that ask it, and the lines that are said
 * of each step.
 */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { askControl } from '../../src/cli/control-client.ts'
import { Asker } from '../../src/client/index.ts'
import type { ExplainedCandidate, Explanation } from '../../src/discovery/ranking/explain.ts'
import { demandOctets } from '../discovery/ranking/hive.ts'
import { makeFolder, Served, waggle } from '../ops/process.ts'
import { run } from '../ops/update-bench.ts'
import { type Actor, CAPABILITY, PROVIDERS } from './cast.ts'

const ZONE = '$TTL 60\n@ SOA ns hostmaster 1 1h 10m 1d 5m\n@ NS ns\nns A 127.0.0.53\n'

/** Says one line of the story. */
export type Say = (line: string) => void

/** A step: what it shows, and the check that gives its evidence. */
export interface Step {
  title: string
  check: () => Promise<string>
}

/** Everything on the stage. */
export class Stage {
  readonly cast = new Map<string, Actor>()
  readonly folder = makeFolder(Object.fromEntries(PROVIDERS.map((name) => [`${name}.zone`, ZONE])))
  server!: Served
  asker!: Asker
  private port = 0

  /** Starts the server, on the port that it had before where it had one. */
  async open(): Promise<void> {
    mkdirSync(join(this.folder.path, 'data'), { recursive: true })
    const zones = PROVIDERS.map((name) => `  - { name: ${name}, file: ${name}.zone, register: ["127.0.0.0/8"] }\n`).join('')
    this.folder.write('story.yaml', `listen: ["127.0.0.1:${this.port}"]\ndata: ./data\nzones:\n${zones}`)
    this.server = await Served.start(this.config)
    this.port = this.server.endpoints[0].port
    this.asker ??= this.newAsker()
  }

  get config(): string {
    return join(this.folder.path, 'story.yaml')
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  newAsker(): Asker {
    return new Asker({ server: this.address })
  }

  actor(id: string): Actor {
    return this.cast.get(id) ?? assert.fail(`nobody is called ${id}`)
  }

  /** What dig prints of a question. */
  async dig(...args: string[]): Promise<string> {
    return (await run('dig', ['@127.0.0.1', '-p', String(this.port), '+norecurse', '+tries=2', '+time=3', ...args])).text
  }

  /** First labels of the agents that dig is told of, best first, with the whole of what it printed. */
  async digAgents(provider: string, demand: string): Promise<{ ids: string[]; text: string }> {
    const text = await this.dig('+zflag', `+ednsopt=65440:${Buffer.from(demandOctets(demand)).toString('hex')}`, capabilityOf(provider), 'TYPE65440')
    const ids = [...text.matchAll(/TYPE65440\s+\\# \d+ ([0-9A-F ]+)/g)].map(([, hex]) => {
      const rdata = Buffer.from(hex.replaceAll(' ', ''), 'hex')
      return { rank: rdata.readUInt16BE(0), id: rdata.subarray(3, 3 + rdata[2]).toString() }
    })
    return { ids: ids.sort((a, b) => a.rank - b.rank).map(({ id }) => id), text }
  }

  /** First labels of the agents that the library finds. */
  async found(provider: string, need = '', asker: Asker = this.asker): Promise<string[]> {
    return (await asker.ask(capabilityOf(provider), need)).agents.map(({ name }) => name.split('.')[0])
  }

  /** `waggle ARGS…`, which must end well; what it printed. */
  async waggle(...args: string[]): Promise<string> {
    const { code, out, err } = await waggle(args, this.folder.path)
    assert.equal(code, 0, `waggle ${args.join(' ')}: ${err}`)
    return out
  }

  /** What the server tells its operator, as `waggle query --explain` asks it. */
  async explain(provider: string, demand = ''): Promise<Explanation> {
    const request = { command: 'agent explain', name: capabilityOf(provider), class: 'IN', demand: Buffer.from(demandOctets(demand)).toString('hex') }
    const answer = await askControl(join(this.folder.path, 'data', 'control.sock'), request)
    assert.ok(answer.ok, JSON.stringify(answer))
    return answer.explanation as Explanation
  }

  /** What an explanation says of one agent. */
  async explainOf(provider: string, id: string): Promise<ExplainedCandidate> {
    return (await this.explain(provider)).explained.find(({ agent }) => agent.startsWith(`${id}.`)) ?? assert.fail(`${id} is not explained`)
  }

  /** Counters of the server that are above 0. */
  async stats(): Promise<Record<string, number>> {
    return JSON.parse(await this.waggle('stats', '--json', '-c', this.config)) as Record<string, number>
  }

  /** Ends everybody and everything. */
  async close(): Promise<void> {
    await Promise.all([...this.cast.values()].map((actor) => actor.kill()))
    await this.server.stop('SIGKILL')
    this.folder.remove()
  }
}

/** The whole name of the capability at a provider. */
export function capabilityOf(provider: string): string {
  return `${CAPABILITY}._cap.${provider}`
}

/** Waits until `look` gives something, for at most `patienceMs`; gives it, and how long it took. */
export async function until<Value>(what: string, look: () => Promise<Value | undefined>, patienceMs = 5_000): Promise<{ value: Value; tookMs: number }> {
  const fromMs = performance.now()
  for (;;) {
    const value = await look()
    const tookMs = Math.round(performance.now() - fromMs)
    if (value !== undefined) return { value, tookMs }
    assert.ok(tookMs < patienceMs, `not within ${patienceMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Goes through the steps, whatever becomes of each; says a line for each and gives the titles of those that failed. */
export async function play(steps: readonly Step[], say: Say): Promise<string[]> {
  const failed: string[] = []
  for (const [i, { title, check }] of steps.entries()) {
    const fromMs = performance.now()
    try {
      const evidence = await check()
      say(`${String(i + 1).padStart(2)}  ok      ${title}: ${evidence} (${Math.round(performance.now() - fromMs)} ms)`)
    } catch (fault) {
      failed.push(title)
      say(`${String(i + 1).padStart(2)}  FAILED  ${title}: ${fault instanceof Error ? fault.message : String(fault)}`)
    }
  }
  return failed
}
