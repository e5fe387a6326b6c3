/**
 * Changes that are told to those who subscribe, joined to the zones in service: whom the config admits, who may look for agents, and
 * what stands behind a topic. `Sessions` (src/server) has the rest.
 */
import type { PushTopic } from '../dns/dso.ts'
import { CLASS, RCODE, TYPE } from '../dns/codes.ts'
import { LookupName } from '../dns/lookup-name.ts'
import { keyInClass, type Name } from '../dns/name.ts'
import { parsePrefix, PrefixList } from '../dns/prefix.ts'
import { JoinedTopic, StoredTopic, type WatchedTopic } from '../authority/watched.ts'
import { Askers, isCapabilityName } from '../discovery/ranking/askers.ts'
import type { CandidateTable } from '../discovery/ranking/candidates.ts'
import { AgentTopic, ReadingTopic } from '../discovery/ranking/watched-agents.ts'
import type { CoreMessage } from '../server/core-contract.ts'
import type { TopicSource } from '../server/pushes.ts'
import { Sessions } from '../server/sessions.ts'
import type { Clock } from '../transport/clock.ts'
import type { ZoneImage } from '../zone/image.ts'
import { askersOf } from './answering.ts'
import type { ConfigValues } from './config-schema.ts'
import type { Log } from './log.ts'

/** What pushing needs of the server around it. */
export interface PushingOptions {
  readonly clock: Pick<Clock, 'nowMs' | 'every' | 'soon'>
  /** The clock that leases run by. */
  readonly leaseMs: () => number
  /** The values of the config in use. */
  readonly values: () => ConfigValues
  /** The zone in service nearest above a name. */
  readonly zoneAbove: (name: Name, rrClass: number) => { name: Name; image: ZoneImage } | undefined
  /** The candidates of the zone that a name is in, as they are now. */
  readonly tableAbove: (name: Name, rrClass: number) => CandidateTable | undefined
  readonly log: Log
}

type Peer = CoreMessage['peer']
type ZoneId = Parameters<typeof keyInClass>[0]

/** Who may subscribe, ask in class LOCAL, and look for agents; the text is another where any of that is. */
interface Rules {
  readonly admitted: PrefixList
  readonly local: PrefixList
  readonly askers: ReadonlyMap<string, Askers>
  readonly text: string
}

/** Types that tell of agents, which a zone shows to its askers alone. */
const OF_AGENTS: ReadonlySet<number> = new Set([TYPE.AGENT, TYPE.SENSE, TYPE.TASK, TYPE.ANY])
const CLASSES: readonly number[] = [CLASS.IN, CLASS.LOCAL]

/** Pushes what changes in the zones in service. */
export class Pushing {
  readonly sessions: Sessions
  private readonly options: PushingOptions
  private rules: Rules

  constructor(options: PushingOptions) {
    this.options = options
    this.rules = rulesOf(options.values())
    this.sessions = new Sessions({
      open: (topic, peer) => this.open(topic, peer),
      admits: ({ address }) => this.rules.admitted.holds(address),
      nowMs: options.clock.nowMs,
      every: options.clock.every,
      onCut: (topic) => options.log('subscription cut', { topic }),
    })
  }

  /** Whether anybody may subscribe. */
  get isOpen(): boolean {
    return this.options.values().push.networks.length > 0
  }

  /** Goes by the config in use from now on; where other people may see other things, all who are there have to ask anew. */
  settle(): void {
    const rules = rulesOf(this.options.values())
    if (rules.text === this.rules.text) return
    this.rules = rules
    this.sessions.close()
  }

  /** The zones in service are others than before a reload: what was told to be of one zone may be of another. */
  zonesChanged(before: readonly ZoneId[], after: readonly ZoneId[]): void {
    const idsOf = (zones: readonly ZoneId[]): string => zones.map(keyInClass).sort().join(' ')
    if (idsOf(before) !== idsOf(after)) this.sessions.close()
  }

  /** Tells all clients to come again; resolves when that is on its way. */
  async stop(): Promise<void> {
    this.sessions.close()
    await new Promise<void>((resolve) => this.options.clock.soon(resolve))
  }

  /** Whether somebody is told of each reading at `owner`, or at an ancestor. */
  hasReader(owner: Name, rrClass: number): boolean {
    const { pushes } = this.sessions
    if (pushes.size === 0) return false
    for (let name = owner; name.wire.length > 1; name = name.parent()) {
      if (pushes.has(keyOf(rrClass, [rrClass], TYPE.SENSE, name)) || [[rrClass], CLASSES].some((classes) => pushes.has(keyOf(CLASS.ANY, classes, TYPE.SENSE, name)))) return true
    }
    return false
  }

  private open({ name, type, class: rrClass }: PushTopic, peer: Peer): TopicSource | { rcode: number } {
    const classes = rrClass === CLASS.ANY ? CLASSES : [rrClass]
    const served = classes.filter((one) => this.options.zoneAbove(name, one) !== undefined)
    if (served.length === 0) return { rcode: RCODE.NOTAUTH }
    const open = served.filter((one) => this.isOpenTo(peer, name, type, one))
    if (open.length === 0) return { rcode: RCODE.REFUSED }
    return {
      key: keyOf(rrClass, open, type, name),
      watch: () => (open.length === 1 ? this.watch(name, type, open[0]) : new JoinedTopic(open.map((one) => this.watch(name, type, one)))),
    }
  }

  private isOpenTo(peer: Peer, name: Name, type: number, rrClass: number): boolean {
    if (rrClass === CLASS.LOCAL && !this.rules.local.holds(peer.address)) return false
    const zone = this.options.zoneAbove(name, rrClass)
    const askers = zone && (OF_AGENTS.has(type) || isCapability(name, zone.name)) ? this.rules.askers.get(keyInClass({ name: zone.name, class: rrClass })) : undefined
    return askers?.holds({ peer }) !== false
  }

  /** What was signed ahead is told as it stands, as it is answered. */
  private watch(name: Name, type: number, rrClass: number): WatchedTopic {
    const { leaseMs: nowMs, zoneAbove, tableAbove } = this.options
    const topic = { name, type, class: rrClass }
    const zone = zoneAbove(name, rrClass)
    const isSigned = zone !== undefined && zone.image.signaturesOf(zone.image.apex, TYPE.SOA) !== 0
    // who may see it was judged by this zone: of another that takes its place below it nothing is told
    const image = (): ZoneImage | undefined => {
      const now = zoneAbove(name, rrClass)
      return now?.name.key === zone?.name.key ? now?.image : undefined
    }
    const table = (): CandidateTable | undefined => (image() === undefined ? undefined : tableAbove(name, rrClass))
    if (type === TYPE.AGENT && !isSigned) return new AgentTopic(topic, { table, nowMs })
    if (type === TYPE.SENSE) return new ReadingTopic(topic, { table, nowMs })
    return new StoredTopic(topic, image)
  }
}

/** Whether the name is one that agents are found by, of which nothing is told to those from whom they are hidden. */
function isCapability(name: Name, apex: Name): boolean {
  const lookup = new LookupName(0)
  lookup.loadOnce(name.wire)
  return isCapabilityName(lookup, apex.labelCount)
}

/** What is asked for in class ANY is another topic than the same in one class, whatever it comes to (RFC 8765 6.2.1). */
function keyOf(rrClass: number, classes: readonly number[], type: number, name: Name): string {
  return `${rrClass === CLASS.ANY ? 'any ' : ''}${classes.join('+')} ${type} ${name.key}`
}

function rulesOf(values: ConfigValues): Rules {
  const { push, local } = values
  return {
    admitted: new PrefixList(push.networks.flatMap((text) => parsePrefix(text) ?? [])),
    local: new PrefixList(local.flatMap((text) => parsePrefix(text) ?? [])),
    askers: new Map(askersOf(values).map((who) => [who.zone, new Askers(who)])),
    text: JSON.stringify([push.networks, local, values.zones.map(({ name, class: rrClass, askers: who }) => [name, rrClass, who])]),
  }
}
