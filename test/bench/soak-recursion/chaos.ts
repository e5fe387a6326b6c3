/**
 * What happens to the servers of the tree while it is asked: one is killed or falls silent, and comes back after a while;
 * zones change. At most three are away at once, of those of the top never both. Each event is told.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../../battery/chance.ts'
import { tell } from '../../ops/private-internet.ts'
import type { Host } from './hosts.ts'
import { type Leaf, TOP_HOSTS, type Tree } from './tree.ts'

const MOST_AWAY = 3
const CHANGED_AT_ONCE = 5
const RELOAD_PATIENCE_MS = 20_000

/** Causes events; counts them. */
export class Chaos {
  readonly counts = { killed: 0, silenced: 0, changed: 0 }
  /** What went wrong in causing them, not in what is tested. */
  readonly faults: string[] = []
  private readonly tree: Tree
  private readonly hosts: ReadonlyMap<number, Host>
  private readonly chance: Chance
  /** Hosts that must stay as they are while a zone of theirs changes. */
  private readonly held = new Set<number>()
  private readonly under: Promise<void>[] = []
  private isOver = false

  constructor(tree: Tree, hosts: ReadonlyMap<number, Host>, chance: Chance) {
    this.tree = tree
    this.hosts = hosts
    this.chance = chance
  }

  /** Causes an event every so often until `end`. */
  async run(everyMs: number): Promise<void> {
    while (!this.isOver) {
      await sleep(everyMs * (0.5 + this.chance.below(1_000) / 1_000))
      const kind = this.chance.below(10)
      const event = kind < 6 ? this.away(kind < 3) : this.change()
      this.under.push(event.catch((fault: unknown) => void this.faults.push(String(fault))))
    }
    await Promise.all(this.under)
  }

  /** No event from now on; `run` ends when all that are away are back. */
  end(): void {
    this.isOver = true
  }

  private host(number: number): Host {
    return this.hosts.get(number) as Host
  }

  private async away(isKilled: boolean): Promise<void> {
    const all = [...this.hosts.values()].filter(({ number }) => number !== 1)
    if (all.filter(({ state }) => state !== 'up').length >= MOST_AWAY) return
    const host = all[this.chance.below(all.length)]
    const isTop = TOP_HOSTS.includes(host.number)
    if (host.state !== 'up' || this.held.has(host.number) || (isTop && TOP_HOSTS.some((number) => this.host(number).state !== 'up'))) return
    if (isKilled) host.kill()
    else host.stop()
    this.counts[isKilled ? 'killed' : 'silenced']++
    await sleep(3_000 + this.chance.below(isKilled ? 22_000 : 12_000))
    if (isKilled) await host.start()
    else host.goOn()
  }

  private async change(): Promise<void> {
    const free = this.tree.leaves.filter(({ hosts }) => hosts.every((number) => this.host(number).state === 'up' && !this.held.has(number)))
    if (free.length === 0) return
    const leaves = Array.from({ length: CHANGED_AT_ONCE }, () => free[this.chance.below(free.length)])
    const numbers = new Set(leaves.flatMap(({ hosts }) => hosts))
    for (const number of numbers) this.held.add(number)
    try {
      for (const leaf of new Set(leaves)) {
        this.tree.step(leaf)
        for (const number of leaf.hosts) this.host(number).write(this.tree.textOf(leaf))
      }
      for (const number of numbers) this.host(number).reload()
      for (const leaf of new Set(leaves)) await this.untilServed(leaf)
    } finally {
      for (const number of numbers) this.held.delete(number)
    }
  }

  private async untilServed(leaf: Leaf): Promise<void> {
    for (const number of leaf.hosts) {
      const end = performance.now() + RELOAD_PATIENCE_MS
      while (!(await this.serves(leaf, number))) {
        if (performance.now() > end) throw new Error(`host ${number} does not serve version ${leaf.version} of ${leaf.apex} ${RELOAD_PATIENCE_MS} ms after it was told to`)
        await sleep(100)
      }
    }
    this.tree.settle(leaf, performance.now())
    this.counts.changed++
  }

  private async serves({ apex, version }: Leaf, number: number): Promise<boolean> {
    const answer = await tell(`www.${apex} TXT`, this.host(number).address, 53, 1).catch(() => undefined)
    return answer !== undefined && answer.answers.some(({ rdata }) => Buffer.from(rdata).toString('latin1', 1) === `v${version}`)
  }
}
