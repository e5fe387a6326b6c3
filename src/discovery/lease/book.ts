/**
 * The lease book of one zone: every lease in the store under its number, with what leads to it; in memory only the
 * heap of what is due next (`due-heap.ts`), so that a million leases cost 24 MB and a start reads each once.
 *
 *     space 'lease', keys behind the zone's prefix
 *     L | id u32                          the lease (`lease.ts`)
 *     N | name                            id of the lease that claims the name: host, agent or instance
 *     R | owner | type | RDATA            id of the lease of a record that an ordinary update added
 *
 * A flow stages what it grants within its transaction. It is seen by the flows that follow in the same batch, and
 * goes into the heap when the batch is on disk; when the batch is given up it has never been (`settled`). What a batch
 * has read stays at hand until then. In memory keys are texts, an octet each a character, as maps take them.
 */
import { TYPE } from '../../dns/codes.ts'
import { LEASES_AT_HAND, MAX_LEASES } from '../../dns/limits-discovery.ts'
import { Name, sameNameAt } from '../../dns/name.ts'
import { octetKey } from '../../dns/octets.ts'
import type { Keeper, KeptWrite } from '../../update/contract.ts'
import { overlayKey, zonePrefix } from '../../update/overlay.ts'
import { aliasOf } from '../registration/message.ts'
import { keepFields } from '../registration/private-fields.ts'
import { DueHeap } from './due-heap.ts'
import { decodeLease, dueOf, encodeLease, type Lease, type LeaseUnit, type RecordIdentity, sameRecord, type ZoneId } from './lease.ts'

/** The number of a lease. */
export type LeaseId = number

/** A lease with its number. */
export interface Entry {
  id: LeaseId
  lease: Lease
}

const NO_KEYS: ReadonlySet<string> = new Set<string>()
const LEASE = 'L'
const CLAIM = 'N'
const RECORD = 'R'

/** No more leases can be kept (MAX_LEASES). */
export class BookFull extends Error {}

/** All leases of a zone; see above. */
export class LeaseBook {
  readonly zone: ZoneId
  private readonly keeper: Keeper
  private readonly prefix: string
  private readonly recordPrefix: Uint8Array
  private readonly most: number
  private readonly heap = new DueHeap()
  private readonly free: LeaseId[] = []
  private nextId = 0
  private stagedLeases = new Map<LeaseId, Lease | undefined>()
  private stagedNames = new Map<string, LeaseId | undefined>()
  private stagedIds: LeaseId[] = []
  /** What the batch under way has read: one registration asks for the same several times, and for those beside it. */
  private known = new Map<LeaseId, { lease: Lease; octets: Uint8Array }>()
  private knownNames = new Map<string, LeaseId | undefined>()

  constructor(keeper: Keeper, zone: ZoneId, most = MAX_LEASES) {
    this.most = most
    this.keeper = keeper
    this.zone = { name: zone.name, class: zone.class }
    this.prefix = octetKey(zonePrefix(zone))
    this.recordPrefix = octetsOf(this.prefix + RECORD)
  }

  /** How many leases are kept, those that the batch under way grants not counted. */
  get size(): number {
    return this.nextId - this.free.length - this.stagedIds.length
  }

  /** Whether there is no lease, staged or kept. */
  get isEmpty(): boolean {
    return this.nextId === this.free.length
  }

  /** Octets that the clock has set aside. */
  get octets(): number {
    return this.heap.octets
  }

  /** When the next lease is due, in ms since 1970; Infinity where none is. */
  get nextMs(): number {
    return this.heap.nextMs
  }

  /** Reads every lease from the store and hands each to `visit`. WireFault where the store is damaged. */
  load(visit: (entry: Entry) => void): void {
    const taken = new Set<LeaseId>()
    const prefix = octetsOf(this.prefix + LEASE)
    for (const { key, value } of this.keeper.scan('lease', prefix)) {
      const id = readId(key, prefix.length)
      const lease = decodeLease(value)
      taken.add(id)
      this.heap.set(id, dueOf(lease))
      this.nextId = Math.max(this.nextId, id + 1)
      visit({ id, lease })
    }
    for (let id = this.nextId - 1; id >= 0; id--) if (!taken.has(id)) this.free.push(id)
  }

  // ---- Reading, as the transaction under way has it ----

  /** The lease with this number. */
  get(id: LeaseId): Lease | undefined {
    if (this.stagedLeases.has(id)) return this.stagedLeases.get(id)
    const known = this.known.get(id)
    if (known !== undefined) return known.lease
    const octets = this.keeper.get('lease', this.leaseKey(id))
    if (octets === undefined) return undefined
    const lease = decodeLease(octets)
    putAtHand(this.known, id, { lease, octets })
    return lease
  }

  /** The lease of the host, agent or instance of this name. */
  claimOf(name: Name): Entry | undefined {
    return this.find(this.claimKey(name))
  }

  /** The lease that the record stands by: that of the agent, host or instance that it points to, its own, or that of its owner. */
  leaseOf(record: RecordIdentity): Entry | undefined {
    if (this.isEmpty) return undefined
    const at = POINTS_AT[record.type]
    const pointed = at === undefined || record.rdata.length <= at ? undefined : this.claimHolding(Name.again(record.rdata, at), record)
    return pointed ?? this.find(this.recordKey(record)) ?? this.claimHolding(record.owner, record)
  }

  private claimHolding(name: Name, record: RecordIdentity): Entry | undefined {
    const entry = this.claimOf(name)
    return entry?.lease.units.some(({ records }) => records.some((held) => held.waiting !== true && sameRecord(held, record))) === true ? entry : undefined
  }

  private find(key: string): Entry | undefined {
    const id = this.idAt(key)
    const lease = id === undefined ? undefined : this.get(id)
    return id === undefined || lease === undefined ? undefined : { id, lease }
  }

  /** The lease that a key leads to. */
  private idAt(key: string): LeaseId | undefined {
    if (this.stagedNames.has(key)) return this.stagedNames.get(key)
    const known = this.knownNames.get(key)
    if (known !== undefined || this.knownNames.has(key)) return known
    const value = this.keeper.get('lease', octetsOf(key))
    const id = value === undefined ? undefined : readId(value, 0)
    putAtHand(this.knownNames, key, id)
    return id
  }

  /** Leases as they are on disk, read as they are asked for; one that changes meanwhile may come as it was or as it is. WireFault where the store is damaged. */
  *kept(): Generator<Lease, void> {
    for (const { value } of this.keeper.scan('lease', octetsOf(this.prefix + LEASE))) yield decodeLease(value)
  }

  /** The lease of the host, agent or instance of this name as it is on disk, for who stands outside of a batch; nothing of it stays at hand. */
  keptClaimOf(name: Name): Lease | undefined {
    const id = this.keeper.get('lease', octetsOf(this.claimKey(name)))
    const octets = id && this.keeper.get('lease', this.leaseKey(readId(id, 0)))
    return octets && decodeLease(octets)
  }

  // ---- Staging ----

  /**
   * Stages a lease, new or changed, and gives what is to be kept for it. `before` is the entry that it replaces.
   * Where no record is left the lease is gone. BookFull: there are MAX_LEASES already.
   */
  put(lease: Lease, before?: Entry): KeptWrite[] {
    const writes: KeptWrite[] = []
    const id = before?.id ?? this.take()
    const { kind, zone, class: leaseClass, holder, grantedMs } = lease
    const units = lease.units.filter(({ records }) => records.length > 0)
    const left: Lease = { kind, zone, class: leaseClass, holder, grantedMs, units }
    const names = this.keysOf(left)
    const namesBefore = before === undefined ? NO_KEYS : this.keysOf(before.lease)
    // a key may lead to a lease that took it over
    for (const key of names) if (!namesBefore.has(key) || this.idAt(key) !== id) this.writeName(key, id, writes)
    for (const key of namesBefore) if (!names.has(key) && this.idAt(key) === id) this.writeName(key, undefined, writes)
    const isGone = units.length === 0
    this.stagedLeases.set(id, isGone ? undefined : left)
    // what is kept of a user agent beside its lease goes with it
    if (isGone && kind === 'agent' && before !== undefined) writes.push(keepFields(this.zone, before.lease.units[0].name, []))
    // under a number that was free nothing stands
    writes.push({ space: 'lease', key: this.leaseKey(id), value: isGone ? undefined : encodeLease(left), was: before === undefined ? null : this.known.get(id)?.octets })
    return writes
  }

  private take(): LeaseId {
    const id = this.free.pop() ?? (this.nextId < this.most ? this.nextId++ : undefined)
    if (id === undefined) throw new BookFull(`Cannot keep another lease as there are ${this.most}`)
    this.stagedIds.push(id)
    return id
  }

  private writeName(key: string, id: LeaseId | undefined, writes: KeptWrite[]): void {
    this.stagedNames.set(key, id)
    const was = this.knownNames.has(key) ? keptId(this.knownNames.get(key)) : undefined
    writes.push({ space: 'lease', key: octetsOf(key), value: keptId(id) ?? undefined, was })
  }

  /** Ends the batch: what was staged counts from now on where it was kept, else it has never been. */
  settled(kept: boolean): void {
    if (kept) for (const [id, lease] of this.stagedLeases) this.settle(id, lease)
    else this.free.push(...this.stagedIds)
    this.stagedLeases = new Map()
    this.stagedNames = new Map()
    this.stagedIds = []
    this.known = new Map()
    this.knownNames = new Map()
  }

  private settle(id: LeaseId, lease: Lease | undefined): void {
    if (lease !== undefined) return this.heap.set(id, dueOf(lease))
    this.heap.delete(id)
    this.free.push(id)
  }

  // ---- Time ----

  /** Takes from the heap the leases that are due by `nowMs`, the earliest first, at most `most`. Whoever takes them carries out their end, or puts them back. */
  takeDue(nowMs: number, most: number): LeaseId[] {
    return this.heap.takeDue(nowMs, most)
  }

  /** Puts a lease back whose end could not be carried out; it is due again at `dueMs`. */
  putBack(id: LeaseId, dueMs: number): void {
    this.heap.set(id, dueMs)
  }

  // ---- Keys ----

  private keysOf({ kind, units }: Lease): Set<string> {
    const keys = new Set<string>()
    for (const { name, records } of units) {
      if (kind === 'agent') keys.add(this.claimKey(name))
      for (const record of records) {
        if (kind === 'records' || isAstray(record, name, units)) keys.add(this.recordKey(record))
        const alias = kind === 'agent' && record.type === TYPE.AGENT ? aliasOf(record.rdata) : undefined
        if (alias !== undefined) keys.add(this.claimKey(alias)) // a human name is one agent's
      }
    }
    return keys
  }

  private leaseKey(id: LeaseId): Uint8Array {
    return octetsOf(this.prefix + LEASE + idText(id))
  }

  /** Names without case, as the `key` of a name has none. */
  private claimKey(name: Name): string {
    return this.prefix + CLAIM + name.key
  }

  private recordKey(record: RecordIdentity): string {
    return octetKey(overlayKey(this.recordPrefix, this.zone.name, record))
  }
}

/** Where in RDATA the name of an instance or agent stands, in types that others own and that point to it. */
const POINTS_AT: Readonly<Record<number, number>> = { [TYPE.PTR]: 0, [TYPE.AGENT]: 2 }

/** Whether a record of an agent stands elsewhere and points elsewhere, as one version of a capability to the next, so that no name of the agent leads to it. Most belong to their unit's name. */
function isAstray({ owner, type, rdata }: RecordIdentity, name: Name, units: readonly LeaseUnit[]): boolean {
  const at = POINTS_AT[type]
  const isAbout = (other: Name): boolean => owner.equals(other) || (at !== undefined && sameNameAt(rdata, at, other.wire, 0))
  return !isAbout(name) && !units.some((unit) => isAbout(unit.name))
}

function putAtHand<Key, Value>(known: Map<Key, Value>, key: Key, value: Value): void {
  if (known.size >= LEASES_AT_HAND) known.clear()
  known.set(key, value)
}

function octetsOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

/** What is kept under a name that leads to the lease, or to none. */
function keptId(id: LeaseId | undefined): Uint8Array | null {
  return id === undefined ? null : octetsOf(idText(id))
}

function idText(id: LeaseId): string {
  return String.fromCharCode(id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255)
}

function readId(octets: Uint8Array, at: number): LeaseId {
  return ((octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3]) >>> 0
}
