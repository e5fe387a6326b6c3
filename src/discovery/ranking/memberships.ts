/**
 * Who takes part in which task group of a zone, as its TASK records say, and who is held by that (docs/protocol.md 6): an
 * agent whose binding is exclusive belongs to the first group that it is in and is not in transition in, as long as its
 * binding says, counted from when that was told, and no longer than the record stands.
 *
 *     TASK records ──► put, remove ──► settle: the agents that are another's now, or nobody's ──► registrar.bind
 */
import { TYPE } from '../../dns/codes.ts'
import { Name } from '../../dns/name.ts'
import { octetKey } from '../../dns/octets.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import type { ZoneImage } from '../../zone/image.ts'
import { nodesWith, rdatasIn } from './from-image.ts'
import { TRANSITION } from './metrics.ts'
import type { Registrar } from './registrar.ts'
import type { Member } from './taken.ts'
import { readTime, valueBehindName } from './values.ts'

/** One TASK record. */
export interface TaskRecord {
  readonly owner: Name
  readonly rdata: Uint8Array
}

/** All TASK records of one zone. */
export class Memberships {
  /** By the agent's key, then by group and RDATA. */
  private readonly agents = new Map<string, Map<string, Member>>()
  /** Agents whose memberships have changed since `settle`, by key. */
  private readonly touched = new Map<string, Name>()

  /** Records held. */
  get size(): number {
    return [...this.agents.values()].reduce((sum, parts) => sum + parts.size, 0)
  }

  /** A TASK record stands there since then. */
  put({ owner, rdata }: TaskRecord, nowMs: number): void {
    const agent = Name.again(rdata, 2)
    const parts = this.agents.get(agent.key) ?? new Map<string, Member>()
    const key = partKey(owner, rdata)
    if (parts.has(key)) return
    parts.set(key, { agent, group: owner, state: (rdata[0] << 8) | rdata[1], sinceMs: sinceIn(rdata, nowMs) })
    this.agents.set(agent.key, parts)
    this.touched.set(agent.key, agent)
  }

  /** It stands there no more. */
  remove({ owner, rdata }: TaskRecord): void {
    const agent = Name.again(rdata, 2)
    if (this.agents.get(agent.key)?.delete(partKey(owner, rdata)) === true) this.touched.set(agent.key, agent)
  }

  /** These are all that stand there; what is known of those that stay, stays. */
  replace(records: readonly TaskRecord[], nowMs: number): void {
    const kept = new Set(records.map(({ owner, rdata }) => partKey(owner, rdata)))
    for (const parts of this.agents.values()) {
      for (const [key, { agent }] of parts) if (!kept.has(key) && parts.delete(key)) this.touched.set(agent.key, agent)
    }
    for (const record of records) this.put(record, nowMs)
  }

  /** Tells `registrar`, which has yet to commit, of all whose memberships have changed, and of those among `coming` (keys of agents), who have registered anew; undefined: of everybody. */
  settle(registrar: Registrar, coming?: Iterable<string>): void {
    for (const [key, agent] of this.touched) registrar.bind(agent.wire, this.memberOf(key))
    this.touched.clear()
    for (const key of coming ?? this.agents.keys()) {
      const member = this.memberOf(key)
      if (member !== undefined) registrar.bind(member.agent.wire, member)
    }
  }

  /** The part that counts of all that an agent has: in one group, that of its records with the highest state; of groups, the first that holds it. */
  private memberOf(agentKey: string): Member | undefined {
    const groups = new Map<string, Member>()
    for (const member of this.agents.get(agentKey)?.values() ?? []) {
      const known = groups.get(member.group.key)
      if (known === undefined || known.state < member.state) groups.set(member.group.key, member)
    }
    if (groups.size === 0) this.agents.delete(agentKey)
    const inOrder = [...groups.values()].sort((a, b) => a.sinceMs - b.sinceMs)
    return inOrder.find(({ state }) => state !== TRANSITION) ?? inOrder[0]
  }
}

/** The TASK records that a zone holds and answers for. */
export function tasksOf(image: ZoneImage): TaskRecord[] {
  return nodesWith(image, TYPE.TASK).flatMap((node) => {
    const owner = Name.fromWire(image.octets, image.foldedNameAt(node))
    return rdatasIn(image, image.rrsetOf(node, TYPE.TASK)).map((rdata) => ({ owner, rdata }))
  })
}

/** When the membership was measured, as far as that has been; else now. */
function sinceIn(rdata: Uint8Array, nowMs: number): number {
  const at = valueBehindName(rdata, 2, rdata.length, PARAMETERS.time.key)
  return at === 0 ? nowMs : Math.min(nowMs, readTime(rdata, at))
}

/** Which record it is; the agent's name is part of its RDATA, which is compared with case: another spelling is another record of the same agent. */
function partKey(group: Name, rdata: Uint8Array): string {
  return `${group.key} ${octetKey(rdata)}`
}
