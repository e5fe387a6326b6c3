/** Probes of agents joined to the zones in service, the network and the log: `Prober` (src/discovery/probe) says whose turn it is, `checkAgent` asks. */
import { TYPE } from '../dns/codes.ts'
import { PROBE_TICK_MS } from '../dns/limits-discovery.ts'
import { keyInClass, type Name } from '../dns/name.ts'
import { type ProbedZone, Prober } from '../discovery/probe/prober.ts'
import { targetOf } from '../discovery/probe/target.ts'
import type { Candidates } from '../discovery/ranking/zone-candidates.ts'
import type { Clock } from '../transport/clock.ts'
import type { Log } from './log.ts'
import { checkAgent } from './probe-checks.ts'
import { Ticker } from './ticker.ts'
import type { ServedZone } from './zone-keeper.ts'
import { rdatasAt } from './zone-lookup.ts'

/** What probing needs of the server around it. */
export interface ProbingOptions {
  readonly clock: Pick<Clock, 'nowMs' | 'every'>
  readonly random: () => number
  readonly zones: () => readonly ServedZone[]
  readonly candidatesOf: (zone: { name: Name; class: number }) => Candidates | undefined
  readonly log: Log
}

/** Probes of all zones that want them. */
export class Probing {
  readonly prober: Prober
  private readonly options: ProbingOptions
  private readonly ticker: Ticker

  constructor(options: ProbingOptions) {
    const { clock, random, log } = options
    this.options = options
    this.prober = new Prober({
      nowMs: () => clock.nowMs(),
      random,
      zones: () => this.zones(),
      onTurned: ({ agent, isOut, reason }) => (isOut ? log('agent failed', { agent, reason }) : log('agent back', { agent })),
    })
    this.ticker = new Ticker(clock, PROBE_TICK_MS, () => this.prober.tick())
  }

  /** Takes turns only while a zone in service wants probes; to be called when zones have changed. */
  watch(): void {
    const isWanted = this.options.zones().some(({ config }) => config.probe !== undefined)
    this.ticker.want(isWanted)
    if (!isWanted) this.prober.tick() // lets those go who were looked after
  }

  /** Asks nobody any more. */
  stop(): void {
    this.ticker.want(false)
  }

  private zones(): ProbedZone[] {
    return this.options.zones().flatMap(({ config, image }) => {
      const { probe } = config
      const registrar = probe && this.options.candidatesOf(config)?.registrar
      if (probe === undefined || registrar === undefined) return []
      const targetOfAgent: ProbedZone['targetOf'] = (agent, slot) => {
        const at = (type: number): Uint8Array[] => rdatasAt(image, agent, type)
        return targetOf(registrar.table, slot, agent.toString().slice(0, -1), { hasKey: at(TYPE.KEY).length > 0, addresses: [...at(TYPE.A), ...at(TYPE.AAAA)] }, probe)
      }
      return [{ id: keyInClass(config), rules: probe, registrar, targetOf: targetOfAgent, check: (target) => checkAgent(target, probe) }]
    })
  }
}
