/**
 * Whom an asker works with, and who is near them: `peer` and `group` of a demand (docs/ranking.md). An agent is near who has
 * an address in its network, or, of a group, stands within NEAR_KM; whose addresses nobody knows is near nobody.
 *
 *     peer=192.0.2.7              ──► networks ───────────────────────────┐
 *     group=t42._task.acme.example. ──► TASK records ──► members' addresses, their `peer`, and their places ──► near?
 */
import { hostNode } from '../../authority/additional.ts'
import type { HostZones } from '../../authority/choosing.ts'
import { TYPE } from '../../dns/codes.ts'
import { MAX_ADDRESSES_COMPARED, MAX_COMPANY_MEMBERS, MAX_COMPANY_NETWORKS } from '../../dns/limits-discovery.ts'
import { MAX_NAME_OCTETS } from '../../dns/limits.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { viewOf } from '../../dns/octet-views.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import { type NodeId, ZoneMatch, type ZoneImage } from '../../zone/image.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import type { Demand } from './demand.ts'
import { kilometresBetween } from './estimate.ts'
import { TABLE } from './table-layout.ts'
import { FAULT, nameEnd, sameFolded, valueBehindName } from './values.ts'

/** Kilometres within which the wish to be near is met. */
export const NEAR_KM = 1_000

const [IPV4_OCTETS, IPV6_OCTETS] = [4, 16]

/** The company of one demand; one object per thread, used again by every query. */
export class Company {
  /** The zones that hold addresses of agents, and the one that is asked, which has its task groups; null where none are at hand. To be set before `begin`. */
  hosts: HostZones | null = null
  home: ZoneImage | null = null
  private readonly peers = new Networks()
  private readonly members = new Networks()
  private readonly latitudes = new Int32Array(MAX_COMPANY_MEMBERS)
  private readonly longitudes = new Int32Array(MAX_COMPANY_MEMBERS)
  private placed = 0
  /** Offers of a member, the first of which that tells a place counts. */
  private readonly offers = new Int32Array(MAX_COMPANY_MEMBERS)
  private name = new LookupName(0)
  private readonly match = new ZoneMatch()
  /** The zone that the name looked up last is in. */
  private zone: ZoneImage | null = null
  private readonly octets = new Uint8Array(MAX_NAME_OCTETS)
  private readonly view = viewOf(this.octets)

  /** Takes note of whom the demand names; agents of `table` tell where they are. */
  begin(table: CandidateTable, { octets, peer, group }: Demand): void {
    this.peers.clear()
    this.members.clear()
    this.placed = 0
    if (this.name.seed !== table.header[TABLE.seed]) this.name = new LookupName(table.header[TABLE.seed])
    if (peer.isPresent) this.peers.addList(octets, peer.at, peer.end)
    if (group.isPresent) this.addMembers(table, octets, group.at)
  }

  /** Whether the agent has an address in the network of one of the peers. */
  isNearPeer(table: CandidateTable, slot: Slot): boolean {
    return this.isIn(this.peers, table, slot)
  }

  /** Whether it is near a member of the group. */
  isNearGroup(table: CandidateTable, slot: Slot): boolean {
    return this.isNearPlace(table, slot) || this.isIn(this.members, table, slot)
  }

  // ---- Who they are ----

  private addMembers(table: CandidateTable, octets: Uint8Array, groupAt: number): void {
    const node = this.nodeAt(octets, groupAt)
    const { zone } = this
    if (zone === null || node === 0 || zone !== this.home) return // of another zone's agents the asker may not be told
    const rrset = zone.rrsetOf(node, TYPE.TASK)
    if (rrset === 0) return
    let at = zone.firstRecordAt(rrset)
    for (let left = Math.min(zone.recordsIn(rrset), MAX_COMPANY_MEMBERS); left > 0; left--, at = zone.nextRecordAt(at)) {
      const agentAt = zone.rdataAt(at) + 2
      const end = zone.nextRecordAt(at)
      const peersAt = valueBehindName(zone.octets, agentAt, end, PARAMETERS.peer.key)
      if (peersAt !== 0) this.members.addList(zone.octets, peersAt, Math.min(end, peersAt + zone.view.getUint16(peersAt - 2)))
      const member = this.nodeAt(zone.octets, agentAt)
      if (member !== 0) this.eachAddress(member, this.members, ADD)
      this.addPlace(table)
    }
  }

  /** The place of the agent whose name was looked up last, where one of its registrations tells it. */
  private addPlace({ byAgent, heap, i32 }: CandidateTable): void {
    const { name } = this
    const count = byAgent.collect(name.hash[0], this.offers)
    for (let i = 0; i < count; i++) {
      const slot = this.offers[i]
      if (i32.location[slot] === 0 || !sameFolded(heap, i32.rdataAt[slot] + 2, name.octets, 0, name.length)) continue
      this.latitudes[this.placed] = i32.latitude[slot]
      this.longitudes[this.placed++] = i32.longitude[slot]
      return
    }
  }

  // ---- Who is near ----

  private isNearPlace({ i32 }: CandidateTable, slot: Slot): boolean {
    if (i32.location[slot] === 0) return false
    for (let i = 0; i < this.placed; i++) {
      if (kilometresBetween(this.latitudes[i], this.longitudes[i], i32.latitude[slot], i32.longitude[slot]) <= NEAR_KM) return true
    }
    return false
  }

  /** By the addresses that the zone holds; where it holds none, by the hints of the offer, as whoever is sent there would call it. */
  private isIn(networks: Networks, { heap, i32 }: CandidateTable, slot: Slot): boolean {
    if (networks.isEmpty) return false
    const at = i32.rdataAt[slot]
    const node = this.nodeAt(heap, at + 2)
    const told = node === 0 ? NONE : this.eachAddress(node, networks, COMPARE)
    if (told !== NONE) return told === FITS
    const end = at + i32.rdataLength[slot]
    return this.isHinted(networks, heap, at + 2, end, PARAMETERS.ipv4hint.key, IPV4_OCTETS) || this.isHinted(networks, heap, at + 2, end, PARAMETERS.ipv6hint.key, IPV6_OCTETS)
  }

  private isHinted(networks: Networks, heap: Uint8Array, nameAt: number, end: number, key: number, size: number): boolean {
    const at = valueBehindName(heap, nameAt, end, key)
    if (at === 0) return false
    const last = Math.min(end, at + ((heap[at - 2] << 8) | heap[at - 1]), at + MAX_ADDRESSES_COMPARED * size)
    for (let from = at; from + size <= last; from += size) if (networks.holds(heap, from, size)) return true
    return false
  }

  /** Adds the addresses of a node of `zone` to the networks, or compares them with these: FITS where one is in them, NONE where the node has no address. */
  private eachAddress(node: NodeId, networks: Networks, work: number): number {
    const { zone } = this
    if (zone === null) return NONE
    const a = this.addressesOf(zone, node, TYPE.A, IPV4_OCTETS, networks, work)
    const aaaa = this.addressesOf(zone, node, TYPE.AAAA, IPV6_OCTETS, networks, work)
    return Math.max(a, aaaa)
  }

  private addressesOf(zone: ZoneImage, node: NodeId, type: number, size: number, networks: Networks, work: number): number {
    const rrset = zone.rrsetOf(node, type)
    if (rrset === 0) return NONE
    let at = zone.firstRecordAt(rrset)
    for (let left = Math.min(zone.recordsIn(rrset), MAX_ADDRESSES_COMPARED); left > 0; left--, at = zone.nextRecordAt(at)) {
      if (work === ADD) networks.add(zone.octets, zone.rdataAt(at), size)
      else if (networks.holds(zone.octets, zone.rdataAt(at), size)) return FITS
    }
    return MISSES
  }

  /** The node of the name at `octets[at]`, in `zone`; 0 where no zone of ours answers for it. Octets that others may write to are copied before they are read as a name. */
  private nodeAt(octets: Uint8Array, at: number): NodeId {
    const { hosts, match, name } = this
    const end = nameEnd(octets, at, octets.length)
    if (end === FAULT || hosts === null) return 0
    for (let i = at; i < end; i++) this.octets[i - at] = octets[i]
    if (nameEnd(this.octets, 0, end - at) !== end - at) return 0
    name.load(this.octets, 0, this.view)
    this.zone = hosts.zoneOf(name)
    return this.zone === null ? 0 : hostNode(this.zone, name, match)
  }
}

/** What is done with the addresses of a node. */
const [ADD, COMPARE] = [0, 1]
/** What came of it; the greater counts. */
const [NONE, MISSES, FITS] = [0, 1, 2]

/** Networks of addresses: 24 bits of IPv4, 48 of IPv6, as they are given to one site. */
class Networks {
  private readonly v4 = new Int32Array(MAX_COMPANY_NETWORKS)
  private readonly v6 = new Int32Array(2 * MAX_COMPANY_NETWORKS)
  private count4 = 0
  private count6 = 0

  get isEmpty(): boolean {
    return this.count4 + this.count6 === 0
  }

  clear(): void {
    this.count4 = this.count6 = 0
  }

  /** Adds those of a list of addresses, each behind its length. */
  addList(octets: Uint8Array, at: number, end: number): void {
    for (; at < end; at += 1 + octets[at]) this.add(octets, at + 1, octets[at])
  }

  /** Adds that of an address of 4 or 16 octets. */
  add(octets: Uint8Array, at: number, size: number): void {
    if (this.holds(octets, at, size) || this.count4 + this.count6 === MAX_COMPANY_NETWORKS) return
    if (size === IPV4_OCTETS) this.v4[this.count4++] = first24(octets, at)
    else {
      this.v6[2 * this.count6] = first24(octets, at)
      this.v6[2 * this.count6++ + 1] = first24(octets, at + 3)
    }
  }

  /** Whether the address is in one of them. */
  holds(octets: Uint8Array, at: number, size: number): boolean {
    const first = first24(octets, at)
    if (size === IPV4_OCTETS) {
      for (let i = 0; i < this.count4; i++) if (this.v4[i] === first) return true
      return false
    }
    const second = first24(octets, at + 3)
    for (let i = 0; i < 2 * this.count6; i += 2) if (this.v6[i] === first && this.v6[i + 1] === second) return true
    return false
  }
}

function first24(octets: Uint8Array, at: number): number {
  return (octets[at] << 16) | (octets[at + 1] << 8) | octets[at + 2]
}
