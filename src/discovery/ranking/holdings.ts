/** What a zone's table of candidates holds, asked by the thread that writes it: by capability, by agent and by slot. */
import { LookupName } from '../../dns/lookup-name.ts'
import { Name } from '../../dns/name.ts'
import { aliasOf } from '../registration/message.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import type { IndexWriter, Path } from './index-writer.ts'
import { nameEnd, sameFolded } from './values.ts'

/** One capability at which something is registered. */
export interface Capability {
  readonly key: string
  /** Where its own numbers stand in the columns of capabilities. */
  readonly number: number
  readonly path: Path
  /** Agents at this very capability. */
  agents: number
}

/** Answers from one table; who changes it extends this. */
export class Holdings {
  table: CandidateTable
  protected readonly index: IndexWriter
  protected readonly capabilities = new Map<string, Capability>()
  /** By number. */
  protected readonly numbered: (Capability | undefined)[] = []
  private readonly lookup: LookupName

  constructor(table: CandidateTable, index: IndexWriter, seed: number) {
    this.table = table
    this.index = index
    this.lookup = new LookupName(seed)
  }

  /** The slot of an agent at a capability (both wire names); −1 where it is not registered. */
  slotOf(owner: Uint8Array, agent: Uint8Array): Slot {
    const { byAgent } = this.table
    let slot = byAgent.first(this.hashOf(agent))
    while (slot >= 0 && !(this.isOf(slot, agent) && this.isAt(slot, owner))) slot = byAgent.after(slot)
    return slot
  }

  /** Whether the slot's agent is registered at the capability of this name; by octets, as a key for each reading of thousands would cost more than all else. */
  private isAt(slot: Slot, owner: Uint8Array): boolean {
    const { heap, i32 } = this.table
    const number = i32.capability[slot]
    const octets = nameEnd(owner, 0, owner.length)
    return octets === i32.capabilityLength[number] && sameFolded(heap, i32.capabilityAt[number], owner, 0, octets)
  }

  protected slotAt({ number }: Capability, agent: Uint8Array): Slot {
    const { byAgent, i32 } = this.table
    let slot = byAgent.first(this.hashOf(agent))
    while (slot >= 0 && (i32.capability[slot] !== number || !this.isOf(slot, agent))) slot = byAgent.after(slot)
    return slot
  }

  /** All slots of an agent, at whatever capability. */
  slotsOf(agent: Uint8Array): readonly Slot[] {
    const { byAgent } = this.table
    const slots: Slot[] = []
    for (let slot = byAgent.first(this.hashOf(agent)); slot >= 0; slot = byAgent.after(slot)) if (this.isOf(slot, agent)) slots.push(slot)
    return slots
  }

  /** Whether the agent is registered anywhere. */
  knows({ wire }: Name): boolean {
    const { byAgent } = this.table
    let slot = byAgent.first(this.hashOf(wire))
    while (slot >= 0 && !this.isOf(slot, wire)) slot = byAgent.after(slot)
    return slot >= 0
  }

  /** Agents that have this human name, one for each of their offers. */
  called(alias: Name): Name[] {
    const { byAlias } = this.table
    const agents: Name[] = []
    for (let slot = byAlias.first(this.hashOf(alias.wire)); slot >= 0; slot = byAlias.after(slot)) {
      const rdata = this.rdataOf(slot)
      if (aliasOf(rdata)?.equals(alias) === true) agents.push(Name.again(rdata, 2))
    }
    return agents
  }

  /** Whether the slot's agent has this name, whatever follows it in `agent`. */
  private isOf(slot: Slot, agent: Uint8Array): boolean {
    const { heap, i32 } = this.table
    return sameFolded(heap, i32.rdataAt[slot] + 2, agent, 0, nameEnd(agent, 0, agent.length))
  }

  /** Every capability at which something is registered: wire names, folded. */
  owners(): Uint8Array[] {
    return [...this.capabilities.values()].map((capability) => this.nameOf(capability))
  }

  /** RDATA of all that is registered at a capability, its alias among it. */
  rdatasAt(owner: Uint8Array): Uint8Array[] {
    const capability = this.capabilities.get(keyOf(owner))
    if (capability === undefined) return []
    const { heap, i32 } = this.table
    const { at, octets } = this.index.aliasOf(capability.path)
    const slots = [...this.index.slotsAt(capability.path)].filter((slot) => i32.capability[slot] === capability.number)
    return [...slots.map((slot) => this.rdataOf(slot)), ...(octets > 0 ? [heap.slice(at, at + octets)] : [])]
  }

  /** What an agent offers at a capability; undefined where it does not. */
  offerOf(owner: Uint8Array, agent: Uint8Array): { ttl: number; rdata: Uint8Array } | undefined {
    const slot = this.slotOf(owner, agent)
    return slot < 0 ? undefined : { ttl: this.table.i32.ttl[slot], rdata: this.rdataOf(slot) }
  }

  /** How many records `rdatasAt` has for a capability. */
  offersAt(owner: Uint8Array): number {
    const capability = this.capabilities.get(keyOf(owner))
    return capability === undefined ? 0 : capability.agents + (this.index.aliasOf(capability.path).octets > 0 ? 1 : 0)
  }

  /** The capability at which a slot in use is registered. */
  ownerOf(slot: Slot): Uint8Array {
    return this.nameOf(this.capabilityAt(slot))
  }

  private capabilityAt(slot: Slot): Capability {
    return this.numbered[this.table.i32.capability[slot]] as Capability
  }

  /** RDATA of a slot, as it was registered. */
  rdataOf(slot: Slot): Uint8Array {
    const { heap, i32 } = this.table
    return heap.slice(i32.rdataAt[slot], i32.rdataAt[slot] + i32.rdataLength[slot])
  }

  /** Until when this very record is known to live, in ms since 1970; undefined where it is not registered, or otherwise. */
  leaseEndOf(owner: Uint8Array, rdata: Uint8Array): number | undefined {
    const slot = this.slotOf(owner, rdata.subarray(2))
    return slot >= 0 && Buffer.compare(this.rdataOf(slot), rdata) === 0 ? this.table.f64.leaseEndMs[slot] : undefined
  }

  private nameOf({ path }: Capability): Uint8Array {
    const { at, octets } = this.index.nameOf(path)
    return this.table.heap.slice(at, at + octets)
  }

  /** The hash by which slots are chained. */
  protected hashOf(name: Uint8Array): number {
    this.lookup.loadOnce(name)
    return this.lookup.hash[0]
  }
}

/** A capability's name as maps take it. */
export function keyOf(name: Uint8Array): string {
  return Name.again(name).key
}
