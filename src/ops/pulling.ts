/** Readings that are fetched, joined to the zones in service and the network: `Puller` (src/discovery/sense) says whom to ask, each message goes by a socket of its own (src/transport/upstream.ts). */
import { randomInt } from 'node:crypto'
import { keyInClass, type Name } from '../dns/name.ts'
import { CLASS, OPTION, TYPE } from '../dns/codes.ts'
import { printAddress } from '../dns/address.ts'
import { findOption } from '../dns/edns.ts'
import type { Message } from '../dns/message.ts'
import type { PrefixList } from '../dns/prefix.ts'
import { type PullAsker, type PulledZone, Puller } from '../discovery/sense/puller.ts'
import { type PullTarget, pullTargetOf } from '../discovery/sense/pull-target.ts'
import type { Candidates } from '../discovery/ranking/zone-candidates.ts'
import { networkOf } from '../server/network-shares.ts'
import type { Clock } from '../transport/clock.ts'
import type { Datagrams } from '../transport/upstream-datagrams.ts'
import { Upstream } from '../transport/upstream.ts'
import type { Requester } from '../update/contract.ts'
import type { ServedZone } from './zone-keeper.ts'
import { rdatasAt } from './zone-lookup.ts'

/** What fetching needs of the server around it. */
export interface PullingOptions {
  /** How agents are asked; the cheapest way that works here where it is left out. */
  readonly datagrams?: Datagrams
  readonly clock: Pick<Clock, 'after' | 'soon'>
  /** The clock that leases run by. */
  readonly nowMs: () => number
  /** The zone nearest above a name. */
  readonly zoneAbove: (owner: Name, rrClass: number) => ServedZone | undefined
  /** Who may ask in class LOCAL. */
  readonly local: () => PrefixList
  readonly candidatesOf: (zone: { name: Name; class: number }) => Candidates | undefined
}

const RANDOM = 0x1_0000_0000

/** Fetches readings of all zones that want it. */
export class Pulling {
  readonly puller: Puller
  private readonly options: PullingOptions
  private readonly upstream: Upstream
  private readonly waiting = new Map<number, (octets: Uint8Array | undefined) => void>()
  private sends = 0

  constructor(options: PullingOptions) {
    this.options = options
    this.upstream = new Upstream({
      listener: { onMessage: (send, octets) => this.waiting.get(send)?.(octets), onFailure: (send) => this.waiting.get(send)?.(undefined) },
      random: (bound) => randomInt(bound),
      print: printAddress,
      ...(options.datagrams && { datagrams: options.datagrams }),
    })
    this.puller = new Puller({
      nowMs: options.nowMs,
      random: () => randomInt(RANDOM) / RANDOM,
      zoneAbove: (owner, rrClass) => this.zoneAbove(owner, rrClass),
      ask: (target, query, timeoutMs) => this.ask(target, query, timeoutMs),
    })
  }

  /** Fetches what questions for agents want to have fresher; undefined where they may be answered at once. */
  freshen = ({ questions, edns }: Message, { address, signer }: Requester): Promise<void> | undefined => {
    const demand = findOption(edns, OPTION.DEMAND)
    if (demand === undefined) return undefined
    const asker: PullAsker = { address, network: networkOf(address), ...(signer && { signer: signer.name }) }
    const pulls = questions.flatMap((question) => (question.type === TYPE.AGENT ? (this.puller.freshen(question.name, question.class, demand, asker) ?? []) : []))
    return pulls.length === 0 ? undefined : Promise.all(pulls).then(() => undefined)
  }

  /** Nobody is asked any more. */
  stop(): void {
    this.upstream.closeAll()
    for (const end of this.waiting.values()) end(undefined)
  }

  private zoneAbove(owner: Name, rrClass: number): PulledZone | undefined {
    const zone = this.options.zoneAbove(owner, rrClass)
    const pull = zone?.config.pull
    const candidates = pull && this.options.candidatesOf(zone.config)
    if (zone === undefined || pull === undefined || candidates === undefined) return undefined
    const { image } = zone
    return {
      id: keyInClass(zone.config),
      isOpenTo: (asker) => (rrClass !== CLASS.LOCAL || this.options.local().holds(asker.address)) && pull.askers?.holds({ peer: asker }) !== false,
      candidates,
      rules: pull,
      targetOf(agent, slot) {
        const at = (type: number): Uint8Array[] => rdatasAt(image, agent, type)
        return pullTargetOf(candidates.registrar.table, slot, { hasKey: at(TYPE.KEY).length > 0, addresses: [...at(TYPE.A), ...at(TYPE.AAAA)] }, pull.networks)
      },
    }
  }

  private ask(target: PullTarget, query: Uint8Array, timeoutMs: number): Promise<Uint8Array | undefined> {
    const send = ++this.sends
    return new Promise((resolve) => {
      const end = (octets: Uint8Array | undefined): void => {
        forget()
        this.waiting.delete(send)
        this.upstream.close(send)
        resolve(octets)
      }
      const { clock } = this.options
      // what came while this thread was busy came in time
      const forget = clock.after(timeoutMs, () => clock.soon(() => {
        this.upstream.catchUp()
        end(undefined)
      }))
      this.waiting.set(send, end)
      this.upstream.send(send, target, 'udp', query)
    })
  }
}
