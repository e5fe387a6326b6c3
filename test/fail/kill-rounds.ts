/**
 * Rounds of life and death: a real server takes signed updates from several clients over UDP and is killed at a random
 * moment; the next one, started on what it left, must hold all that was acknowledged, no change by half, and a serial
 * that has not gone back. Chance comes from a seed, so that a round that fails can be lived again.
 *
 *     start ─▶ check ─▶ clients ask, someone reads the serial ─▶ SIGKILL, of the server or of the writer of its store too
 *       ▲                                                                                       │
 *       └──────────────────── now and then a start is itself cut short ◀───────────────────────┘
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askControl } from '../../src/cli/control-client.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { Chance } from '../battery/chance.ts'
import { makeFolder, Served } from '../ops/process.ts'
import { configText, ORIGIN, UpdateClient, ZONE } from './update-client.ts'

const CLIENTS = 6
/** A start that takes longer has been held up by what a crash left. Two idle cores need about one second, ten times as many processes as cores ten. */
const START_MS = 60_000
/** How long the first change of a round may take on a busy machine. */
const FIRST_MS = 30_000

/** What the rounds measured. */
export interface Rounds {
  acknowledged: number
  /** Changes under way at a kill, and how many of them were found to be kept. */
  doubtful: number
  doubtfulKept: number
  startMs: number[]
  records: number
}

/** Runs `rounds` rounds of a server with this config; fails with the seed and the round at the first thing that is wrong. */
export async function runKillRounds(rounds: number, seed: number, config = configText()): Promise<Rounds> {
  const life = new Life(seed, config)
  try {
    for (let round = 0; round < rounds; round++) await life.round(round)
    await life.wake('at the end')
    return life.measured
  } finally {
    await life.end()
  }
}

/** The rounds in one line. */
export function printRounds({ acknowledged, doubtful, doubtfulKept, startMs, records }: Rounds, seed: number): string {
  const sorted = startMs.toSorted((a, b) => a - b)
  return `seed ${seed}: ${startMs.length} starts, median ${sorted[sorted.length >> 1]} ms, longest ${sorted.at(-1)} ms; ${acknowledged} changes acknowledged and found, `
    + `${doubtfulKept} of ${doubtful} unanswered ones kept, none by half; ${records} records in the end`
}

class Life {
  readonly measured: Rounds = { acknowledged: 0, doubtful: 0, doubtfulKept: 0, startMs: [], records: 0 }
  private readonly chance: Chance
  private readonly seed: number
  private readonly clients: UpdateClient[]
  private readonly folder: ReturnType<typeof makeFolder>
  private server: Served | undefined
  /** The highest serial that anybody has seen, and the one that the acknowledged changes alone lead to. */
  private seenSerial = 0
  private leastSerial = 1

  constructor(seed: number, config: string) {
    this.folder = makeFolder({ 'example.com.zone': ZONE, 'w.yaml': config })
    this.seed = seed
    this.chance = new Chance(seed)
    this.clients = Array.from({ length: CLIENTS }, (_, i) => new UpdateClient(i, new Chance(seed + i + 1)))
  }

  async round(round: number): Promise<void> {
    if (round % 4 === 3) await Served.cutShort(this.config, this.chance.below(900))
    const what = `round ${round}, seed ${this.seed}`
    const server = await this.wake(what)
    const [endpoint] = server.endpoints
    const before = this.clients.map(({ acknowledged }) => acknowledged)
    let isOver = false
    // what had been answered has been read a moment after the end
    const gone = server.ended.then(() => sleep(100)).then(() => ({ failed: 'the server ended' }))
    const asking = this.clients.map((client) => client.run(endpoint, () => isOver, gone))
    const watching = this.watchSerial(server, () => isOver)
    if (round % 4 !== 1) await this.firstOf(before) // else it may be killed before it has answered anybody
    await sleep(this.chance.below(360))
    this.kill(server)
    isOver = true
    await Promise.all([...asking, watching, server.ended])
    assert.deepEqual(this.clients.flatMap(({ complaints }) => complaints), [], what)
    const acknowledged = this.clients.reduce((sum, client, i) => sum + client.acknowledged - before[i], 0)
    this.measured.acknowledged += acknowledged
    this.leastSerial += acknowledged
  }

  /** Resolves when a client has more changes acknowledged than `before` says. */
  private async firstOf(before: readonly number[]): Promise<void> {
    const from = performance.now()
    while (this.clients.every(({ acknowledged }, i) => acknowledged === before[i])) {
      assert.ok(performance.now() - from < FIRST_MS, `no change was acknowledged within ${FIRST_MS} ms`)
      await sleep(5)
    }
  }

  /** Starts a server on what there is and holds it against what the clients know. */
  async wake(what: string): Promise<Served> {
    const startMs = performance.now()
    const server = await Served.start(this.config)
    this.server = server
    const tookMs = Math.round(performance.now() - startMs)
    this.measured.startMs.push(tookMs)
    assert.ok(tookMs < START_MS, `${what}: the start took ${tookMs} ms`)
    assert.deepEqual(server.lines().filter(({ msg }) => msg === 'fault' || msg === 'store fault' || msg === 'updates refused'), [], what)
    await this.check(server, what)
    return server
  }

  async end(): Promise<void> {
    await this.server?.stop('SIGKILL')
    this.folder.remove()
  }

  private get config(): string {
    return join(this.folder.path, 'w.yaml')
  }

  private async check(server: Served, what: string): Promise<void> {
    const zone = await this.dump()
    this.measured.records = zone.size
    let kept = 0
    for (const client of this.clients) {
      const { state, doubtful } = client
      const wrong = client.judge(new Set([...zone].filter((line) => line.includes(`.${client.name} `))))
      assert.deepEqual(wrong, [], what)
      if (doubtful === undefined) continue
      this.measured.doubtful++
      if (client.state !== state) kept++
      const [owner] = [...client.state].filter((line) => line.startsWith('r.'))
      if (owner !== undefined) assert.equal((await server.ask(owner.split(' ')[0])).answers.length, 2, `${what}: what is dumped is answered`)
    }
    this.measured.doubtfulKept += kept
    this.leastSerial += kept
    const serial = await serialOf(server)
    assert.ok(serial >= this.seenSerial, `${what}: the serial ${serial} is less than ${this.seenSerial}, which was served`)
    assert.equal(serial, this.leastSerial, `${what}: one step of the serial for each change that is kept`)
    this.seenSerial = serial
  }

  /** Every TXT of the zone as it is served. */
  private async dump(): Promise<Set<string>> {
    let text = ''
    const answer = await askControl(join(this.folder.path, 'data', 'control.sock'), { command: 'zone dump', zone: ORIGIN, class: 'IN' }, (part) => (text += part))
    assert.equal(answer.ok, true, JSON.stringify(answer))
    return new Set(text.split('\n').map((line) => /^(\S+)\s+\d+\s+IN\s+TXT\s+(.*)$/.exec(line)).filter((match) => match !== null).map(([, name, value]) => `${name} TXT ${value}`))
  }

  private async watchSerial(server: Served, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const serial = await serialOf(server).catch(() => undefined)
      if (serial === undefined) return
      assert.ok(serial >= this.seenSerial, `the serial went from ${this.seenSerial} to ${serial}`)
      this.seenSerial = serial
      await sleep(5)
    }
  }

  /** Kills the server alone, or the process that writes its store as well, before it or after it. */
  private kill(server: Served): void {
    const pid = server.child.pid as number
    const how = this.chance.below(3)
    const writers = how === 0 ? [] : childrenOf(pid)
    const order = how === 1 ? [pid, ...writers] : [...writers, pid]
    for (const one of order) {
      try {
        process.kill(one, 'SIGKILL')
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH') // a writer that has ended with its server
      }
    }
  }
}

async function serialOf(server: Served): Promise<number> {
  const { answers: [{ rdata }] } = await server.ask(ORIGIN, TYPE.SOA)
  return new DataView(rdata.buffer, rdata.byteOffset).getUint32(rdata.length - 20)
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line.trim() !== '').map(Number)
}
