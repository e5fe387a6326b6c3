/**
 * The queue before the signature checks that run off the thread. Anybody can send a message that claims to be
 * signed, and to find out costs us a hundred times what it costs the sender (CVE-2024-1975); so few checks run at once,
 * a bounded number waits, and each client network has a share of its own and its turn: a flood from one delays
 * only itself.
 */
import { MAX_SIG0_AT_ONCE, MAX_SIG0_WAITING, MAX_SIG0_WAITING_PER_NETWORK } from '../dns/limits.ts'

/** The bounds, from limits.ts unless a test gives others. */
export interface QueueBounds {
  atOnce: number
  waiting: number
  perNetwork: number
}

type Job = () => Promise<unknown>

/** Runs checks, network after network. */
export class CheckQueue {
  private readonly bounds: QueueBounds
  /** Waiting jobs of each network; the network whose turn it is stands first. */
  private readonly networks = new Map<string, Job[]>()
  private running = 0
  private waiting = 0
  /** Checks turned away so far. */
  refused = 0

  constructor(bounds: Partial<QueueBounds> = {}) {
    this.bounds = { atOnce: MAX_SIG0_AT_ONCE, waiting: MAX_SIG0_WAITING, perNetwork: MAX_SIG0_WAITING_PER_NETWORK, ...bounds }
  }

  /** Checks that wait or run. */
  get size(): number {
    return this.running + this.waiting
  }

  /** What `check` gives, once it had its turn; undefined at once where there is no room for it. A check that fails rejects. */
  run<Result>(network: string, check: () => Promise<Result>): Promise<Result> | undefined {
    const jobs = this.networks.get(network) ?? []
    if (this.running >= this.bounds.atOnce && (this.waiting >= this.bounds.waiting || jobs.length >= this.bounds.perNetwork)) {
      this.refused++
      return undefined
    }
    return new Promise((resolve, reject) => {
      jobs.push(() => check().then(resolve, reject))
      if (jobs.length === 1) this.networks.set(network, jobs)
      this.waiting++
      this.next()
    })
  }

  private next(): void {
    while (this.running < this.bounds.atOnce) {
      const turn = this.networks.entries().next()
      if (turn.done === true) return
      const [network, jobs] = turn.value
      const job = jobs.shift()
      this.networks.delete(network)
      if (jobs.length > 0) this.networks.set(network, jobs) // behind the others
      if (job === undefined) continue
      this.waiting--
      this.running++
      void job().finally(() => {
        this.running--
        this.next()
      })
    }
  }
}

/** The network that a client is counted with: its /24 of IPv4, or /56 of IPv6, which is one subscriber (as rate limits count). */
export function networkOf(address: Uint8Array): string {
  return address.subarray(0, address.length === 4 ? 3 : 7).join('.')
}
