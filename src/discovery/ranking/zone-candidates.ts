/**
 * The candidates of every zone in service, kept in step with what the zones hold: made when a zone is published, changed
 * when a transaction of updates was kept, so that whoever is registered is ranked and whose lease has ended is not
 * (docs/protocol.md 6). It is the first of the flows, and takes no update: it watches.
 *
 *     zones published ──► tablesFor ──► a registrar for each zone with agents ──► its block, for every thread
 *     update ──► take: who renews ─► changed: AGENT records ─► settled: offers and leases as they are now ─► follow: into the registrar,
 *                                                                                   committed └─ a larger block: onTables
 *
 * The registrar follows while the disk has the next batch: it is a sixth of what the main thread does for a registration.
 */
import { TYPE } from '../../dns/codes.ts'
import { keyInClass, Name } from '../../dns/name.ts'
import { octetKey } from '../../dns/octets.ts'
import type { Change, Requester, ServedZone, Update, UpdateFlow, ZoneDraft } from '../../update/contract.ts'
import type { ZoneImage } from '../../zone/image.ts'
import type { LeaseBooks } from '../lease/books.ts'
import type { KnownAgents } from '../registration/aliases.ts'
import { type Lease, type RecordIdentity, sameRecord, type ZoneId } from '../lease/lease.ts'
import { type LeaseEndOf, reconcile, registerZone } from './from-image.ts'
import { Memberships, tasksOf } from './memberships.ts'
import { type AgentChange, carryOut, netOffers, type OfferChange } from './net-offers.ts'
import { Registrar } from './registrar.ts'
import { Sensing } from './sensing.ts'

/** What it needs of the world. */
export interface ZoneCandidatesOptions {
  books: LeaseBooks
  /** The process's hash seed. */
  seed: number
  /** Whether agents will come to a zone that has none yet. */
  expects: (zone: ZoneId) => boolean
  /** Bits of the faces that a zone shows (src/discovery/faces). */
  facesOf: (zone: ZoneId) => number
  /** A zone has another block: threads must be told. */
  onTables: () => void
  /** Milliseconds since 1970, by the clock that leases run by. */
  nowMs: () => number
}

/** One zone's. */
export interface Candidates {
  readonly registrar: Registrar
  readonly sensing: Sensing
}

/** What the batch under way does to a zone. */
interface Notes {
  /** Whose leases may be renewed. */
  readonly agents: Map<string, Name>
  /** Changes of AGENT and of TASK records. */
  changes: readonly Change[]
  tasks: readonly Change[]
}

/** What the registrar has yet to be told of the batch that has ended last: the book of leases may be further by then. */
interface Behind {
  readonly offers: readonly OfferChange[]
  readonly tasks: readonly Change[]
  /** Agents that come with it, by `Name.key`. */
  readonly coming: ReadonlySet<string>
  readonly renewals: readonly Renewal[]
}

/** An agent that was registered before, and until when each of its offers lives now. */
interface Renewal {
  readonly agent: Name
  readonly endOf: LeaseEndOf
}

/** Candidates of all zones; see above. */
export class ZoneCandidates implements UpdateFlow, KnownAgents {
  readonly name = 'candidates'
  private readonly options: ZoneCandidatesOptions
  private readonly zones = new Map<string, Candidates & { image: ZoneImage | undefined; readonly memberships: Memberships }>()
  private readonly notes = new Map<string, Notes>()
  private readonly behind = new Map<string, Behind>()
  /** Ends of the offers of a zone that is being loaded, by owner and RDATA: to read each lease a second time is a tenth of a start. */
  private readonly ends = new Map<string, Map<string, number>>()
  private loaded = ''

  constructor(options: ZoneCandidatesOptions) {
    this.options = options
  }

  /** The candidates of a zone; undefined where it has none and none are expected. */
  of(zone: ZoneId): Candidates | undefined {
    return this.zones.get(keyInClass(zone))
  }

  /** Whether an agent of this name offers anything in the zone, the batches that have ended counted. */
  knows(zone: ZoneId, agent: Name): boolean {
    return this.of(zone)?.registrar.knows(agent) === true
  }

  /** Agents of the zone that have this human name, likewise. */
  called(zone: ZoneId, alias: Name): readonly Name[] {
    return this.of(zone)?.registrar.called(alias) ?? []
  }

  /** Agents noted for the batches under way, for tests. */
  get noted(): number {
    return [...this.notes.values()].reduce((sum, { agents }) => sum + agents.size, 0)
  }

  /** The leases of a zone are about to be laid into it. */
  loading(zone: ZoneId): void {
    this.loaded = keyInClass(zone)
    this.ends.set(this.loaded, new Map<string, number>())
  }

  /** A record of the zone that is being loaded stands by a lease until then. */
  laid({ owner, type, rdata }: RecordIdentity, endMs: number): void {
    if (type === TYPE.AGENT) this.ends.get(this.loaded)?.set(endKey(owner.wire, rdata), endMs)
  }

  /** The blocks for the zones that are now in service, each at the index of its zone; those of others are forgotten. */
  tablesFor(images: readonly ZoneImage[]): (SharedArrayBuffer | undefined)[] {
    const zones = images.map((image) => ({ image, zone: zoneOf(image) }))
    const served = new Set(zones.map(({ zone }) => keyInClass(zone)))
    for (const id of this.zones.keys()) if (!served.has(id)) this.zones.delete(id)
    return zones.map(({ image, zone }) => {
      const table = this.tableFor(image, zone)
      this.of(zone)?.registrar.showFaces(this.options.facesOf(zone))
      return table
    })
  }

  /** The zone moves to another block that holds the same: nothing needs to be read again. */
  moved(zone: ZoneId, image: ZoneImage): void {
    const known = this.zones.get(keyInClass(zone))
    if (known !== undefined) known.image = image
  }

  private tableFor(image: ZoneImage, zone: ZoneId): SharedArrayBuffer | undefined {
    const endOf = this.leaseEndOf(zone)
    const ends = this.ends.get(keyInClass(zone))
    this.ends.delete(keyInClass(zone))
    const leaseEndOf: LeaseEndOf = (owner, rdata) => ends?.get(endKey(owner, rdata)) ?? endOf(owner, rdata)
    const known = this.zones.get(keyInClass(zone))
    if (known !== undefined) {
      if (known.image !== image) {
        reconcile(known.registrar, image, leaseEndOf)
        this.bindAll(known, image)
      }
      known.image = image
      return known.registrar.table.buffer
    }
    if (!image.hasAgents && !this.options.expects(zone)) return undefined
    const { registrar } = registerZone(image, () => this.options.onTables(), leaseEndOf)
    const memberships = new Memberships()
    this.bindAll({ registrar, memberships }, image)
    this.zones.set(keyInClass(zone), { image, registrar, memberships, sensing: new Sensing(registrar) })
    return registrar.table.buffer
  }

  /** Holds those agents that the task groups of the zone hold, as it is now. */
  private bindAll({ registrar, memberships }: { registrar: Registrar; memberships: Memberships }, image: ZoneImage): void {
    memberships.replace(tasksOf(image), this.options.nowMs())
    memberships.settle(registrar)
    registrar.commit()
  }

  // ---- As a flow ----

  take(update: Update, _: Requester, draft: ZoneDraft): undefined {
    const zone = { name: draft.apex, class: draft.class }
    const registrar = this.of(zone)?.registrar
    const coming = this.behind.get(keyInClass(zone))?.coming
    if (registrar === undefined && coming === undefined) return
    // an update that is refused is not told of: only who is registered is noted, so that strangers cannot make the notes grow
    let last: Name | undefined
    const note = (name: Name): void => {
      if (last?.equals(name) === true) return // most updates are about one agent
      last = name
      if (registrar?.knows(name) === true || coming?.has(name.key) === true) this.notesOf(zone).agents.set(name.key, name)
    }
    for (const { name, type, rdata } of update.updates) {
      if (type === TYPE.AGENT && rdata.length > 2) note(Name.again(rdata, 2))
      else if (update.lease !== undefined) note(name)
    }
  }

  changed(zone: ZoneId, changes: readonly Change[]): [] {
    const notes = this.notesOf(zone)
    notes.changes = changes.filter(({ type }) => type === TYPE.AGENT)
    notes.tasks = changes.filter(({ type }) => type === TYPE.TASK)
    return []
  }

  settled(kept: boolean, zone: ZoneId, served: ServedZone): void {
    const id = keyInClass(zone)
    this.ends.delete(id) // true until the first update
    const notes = this.notes.get(id)
    this.notes.delete(id)
    if (!kept || notes === undefined) return
    const registrar = this.of(zone)?.registrar
    const leaseEndOf = this.leaseEndOf(zone)
    const changes = notes.changes.map(({ kind, owner, ttl, rdata }): AgentChange => ({ kind, owner, ttl, rdata, leaseEndMs: kind === 'added' ? leaseEndOf(owner.wire, rdata) : Infinity }))
    const coming = new Set<string>()
    for (const { kind, rdata } of changes) if (kind === 'added') coming.add(Name.again(rdata, 2).key)
    const renewals = registrar === undefined ? [] : [...notes.agents.values()].map((agent) => ({ agent, endOf: this.endsOf(zone, agent, registrar) }))
    this.behind.set(id, { offers: netOffers(changes, registrar, served, leaseEndOf), tasks: notes.tasks, coming, renewals })
  }

  follow(zone: ZoneId): void {
    const id = keyInClass(zone)
    const behind = this.behind.get(id)
    this.behind.delete(id)
    const candidates = behind && this.candidatesFor(zone, behind)
    if (behind === undefined || candidates === undefined) return
    const { registrar, memberships } = candidates
    const nowMs = this.options.nowMs()
    registrar.forgetEnded(nowMs)
    carryOut(registrar, behind.offers, nowMs)
    for (const { agent, endOf } of behind.renewals) {
      for (const slot of registrar.slotsOf(agent.wire)) registrar.renew(slot, endOf(registrar.ownerOf(slot), registrar.rdataOf(slot)))
    }
    for (const change of behind.tasks) {
      if (change.kind === 'added') memberships.put(change, nowMs)
      else memberships.remove(change)
    }
    memberships.settle(registrar, behind.offers.some((offer) => 'all' in offer) ? undefined : behind.coming)
    registrar.commit()
  }

  /** Forgets where leases ended long ago, in all zones. */
  forgetEnded(): void {
    const nowMs = this.options.nowMs()
    for (const { registrar } of this.zones.values()) {
      registrar.forgetEnded(nowMs)
      registrar.commit()
    }
  }

  private notesOf(zone: ZoneId): Notes {
    const id = keyInClass(zone)
    const notes = this.notes.get(id) ?? { agents: new Map<string, Name>(), changes: [], tasks: [] }
    this.notes.set(id, notes)
    return notes
  }

  /** The zone's own; made for its first agent, or task group. */
  private candidatesFor(zone: ZoneId, { offers, tasks }: Behind): (Candidates & { readonly memberships: Memberships }) | undefined {
    const known = this.zones.get(keyInClass(zone))
    if (known !== undefined || offers.length + tasks.length === 0) return known
    const registrar = new Registrar(this.options.seed, () => this.options.onTables())
    registrar.showFaces(this.options.facesOf(zone))
    const made = { image: undefined, registrar, memberships: new Memberships(), sensing: new Sensing(registrar) }
    this.zones.set(keyInClass(zone), made)
    this.options.onTables()
    return made
  }

  /** Until when the offers of an agent live by its lease; where it has none, each as the book has it now. */
  private endsOf(zone: ZoneId, agent: Name, registrar: Registrar): LeaseEndOf {
    const lease = this.options.books.of(zone).claimOf(agent)?.lease
    if (lease !== undefined) return (owner, rdata) => endIn(lease, owner, rdata)
    const leaseEndOf = this.leaseEndOf(zone)
    const ends = new Map<string, number>()
    for (const slot of registrar.slotsOf(agent.wire)) {
      const [owner, rdata] = [registrar.ownerOf(slot), registrar.rdataOf(slot)]
      ends.set(endKey(owner, rdata), leaseEndOf(owner, rdata))
    }
    // what comes with the batch has its own end
    return (owner, rdata) => ends.get(endKey(owner, rdata)) ?? registrar.leaseEndOf(owner, rdata) ?? Infinity
  }

  private leaseEndOf(zone: ZoneId): LeaseEndOf {
    const book = this.options.books.of(zone)
    return (owner, rdata) => {
      const lease = book.leaseOf({ owner: Name.again(owner), type: TYPE.AGENT, rdata })?.lease
      return lease === undefined ? Infinity : endIn(lease, owner, rdata)
    }
  }
}

/** When the unit of the lease ends that holds this offer; Infinity where none does. */
function endIn({ units }: Lease, owner: Uint8Array, rdata: Uint8Array): number {
  const record = { owner: Name.again(owner), type: TYPE.AGENT, rdata }
  return units.find(({ records }) => records.some((held) => sameRecord(held, record)))?.leaseEndMs ?? Infinity
}

/** Owners in lower case, as an image and a lease may write them differently. */
function endKey(owner: Uint8Array, rdata: Uint8Array): string {
  return `${Name.fromWire(owner).key}\0${octetKey(rdata)}`
}

function zoneOf(image: ZoneImage): ZoneId {
  return { name: Name.fromWire(image.octets, image.foldedNameAt(image.apex)), class: image.class }
}
