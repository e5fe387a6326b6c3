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
 * goes into the heap when the batch is on disk; when the batch is given up it has never been (`settled`).
 */
import { TYPE } from '../../dns/codes.ts'
import { LEASES_AT_HAND, MAX_LEASES } from '../../dns/limits.ts'
import { Name } from '../../dns/name.ts'
import type { Keeper, KeptWrite } from '../../update/contract.ts'
import { overlayKey, zonePrefix } from '../../update/overlay.ts'
import { aliasOf } from '../registration/message.ts'
import { keepFields } from '../registration/private-fields.ts'
import { DueHeap } from './due-heap.ts'
import { decodeLease, dueOf, encodeLease, type Lease, type RecordIdentity, sameRecord, type ZoneId } from './lease.ts'

/** The number of a lease. */
export type LeaseId = number

/** A lease with its number. */
export interface Entry {
  id: LeaseId
  lease: Lease
}

const LEASE = 0x4c
const CLAIM = 0x4e
const RECORD = 0x52

/** No more leases can be kept (MAX_LEASES). */
export class BookFull extends Error {}

/** All leases of a zone; see above. */
export class LeaseBook {
  readonly zone: ZoneId
  private readonly keeper: Keeper
  private readonly prefixes: Readonly<Record<number, Uint8Array>>
  private readonly most: number
  private readonly heap = new DueHeap()
  private readonly free: LeaseId[] = []
  private nextId = 0
  private stagedLeases = new Map<LeaseId, Lease | undefined>()
  private stagedNames = new Map<string, LeaseId | undefined>()
  private stagedIds: LeaseId[] = []
  /** Leases that the batch under way has read: one registration asks for the same several times, and for those beside it. */
  private known = new Map<LeaseId, Lease>()

  constructor(keeper: Keeper, zone: ZoneId, most = MAX_LEASES) {
    this.most = most
    this.keeper = keeper
    this.zone = { name: zone.name, class: zone.class }
    const prefix = zonePrefix(zone)
    this.prefixes = Object.fromEntries([LEASE, CLAIM, RECORD].map((kind) => [kind, Buffer.concat([prefix, Uint8Array.of(kind)])]))
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
    const prefix = this.prefixes[LEASE]
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
    if (known !== undefined) return known
    const octets = this.keeper.get('lease', this.leaseKey(id))
    if (octets === undefined) return undefined
    const lease = decodeLease(octets)
    if (this.known.size >= LEASES_AT_HAND) this.known.clear()
    this.known.set(id, lease)
    return lease
  }

  /** The lease of the host, agent or instance of this name. */
  claimOf(name: Name): Entry | undefined {
    return this.find(this.claimKey(name))
  }

  /** The lease that the record stands by: its own, or that of the agent, host or instance at its owner or that it points to. */
  leaseOf(record: RecordIdentity): Entry | undefined {
    if (this.isEmpty) return undefined
    const own = this.find(this.recordKey(record)) ?? this.claimHolding(record.owner, record)
    if (own !== undefined) return own
    const at = POINTS_AT[record.type]
    return at === undefined || record.rdata.length <= at ? undefined : this.claimHolding(Name.fromWire(record.rdata, at), record)
  }

  private claimHolding(name: Name, record: RecordIdentity): Entry | undefined {
    const entry = this.claimOf(name)
    return entry?.lease.units.some(({ records }) => records.some((held) => held.waiting !== true && sameRecord(held, record))) === true ? entry : undefined
  }

  private find(key: Uint8Array): Entry | undefined {
    const text = textOf(key)
    const id = this.stagedNames.has(text) ? this.stagedNames.get(text) : this.readName(key)
    const lease = id === undefined ? undefined : this.get(id)
    return id === undefined || lease === undefined ? undefined : { id, lease }
  }

  private readName(key: Uint8Array): LeaseId | undefined {
    const value = this.keeper.get('lease', key)
    return value === undefined ? undefined : readId(value, 0)
  }

  /** Leases as they are on disk, read as they are asked for; one that changes meanwhile may come as it was or as it is. WireFault where the store is damaged. */
  *kept(): Generator<Lease, void> {
    for (const { value } of this.keeper.scan('lease', this.prefixes[LEASE])) yield decodeLease(value)
  }

  // ---- Staging ----

  /**
   * Stages a lease, new or changed, and gives what is to be kept for it. `before` is the entry that it replaces.
   * Where no record is left the lease is gone. BookFull: there are MAX_LEASES already.
   */
  put(lease: Lease, before?: Entry): KeptWrite[] {
    const writes: KeptWrite[] = []
    const id = before?.id ?? this.take()
    const units = lease.units.filter(({ records }) => records.length > 0)
    const left = { ...lease, units }
    const names = this.keysOf(left)
    const namesBefore = before === undefined ? new Map<string, Uint8Array>() : this.keysOf(before.lease)
    for (const [text, key] of names) if (!namesBefore.has(text) || !this.holds(text, key, id)) this.writeName(text, key, id, writes)
    for (const [text, key] of namesBefore) if (!names.has(text) && this.holds(text, key, id)) this.writeName(text, key, undefined, writes)
    const isGone = units.length === 0
    this.stagedLeases.set(id, isGone ? undefined : left)
    // what is kept of a user agent beside its lease goes with it
    if (isGone && lease.kind === 'agent' && before !== undefined) writes.push(keepFields(this.zone, before.lease.units[0].name, []))
    writes.push({ space: 'lease', key: this.leaseKey(id), value: isGone ? undefined : encodeLease(left) })
    return writes
  }

  private take(): LeaseId {
    const id = this.free.pop() ?? (this.nextId < this.most ? this.nextId++ : undefined)
    if (id === undefined) throw new BookFull(`Cannot keep another lease as there are ${this.most}`)
    this.stagedIds.push(id)
    return id
  }

  /** Whether the key still leads to this lease, not to one that took it over. */
  private holds(text: string, key: Uint8Array, id: LeaseId): boolean {
    return (this.stagedNames.has(text) ? this.stagedNames.get(text) : this.readName(key)) === id
  }

  private writeName(text: string, key: Uint8Array, id: LeaseId | undefined, writes: KeptWrite[]): void {
    this.stagedNames.set(text, id)
    writes.push({ space: 'lease', key, value: id === undefined ? undefined : idOctets(id) })
  }

  /** Ends the batch: what was staged counts from now on where it was kept, else it has never been. */
  settled(kept: boolean): void {
    if (kept) for (const [id, lease] of this.stagedLeases) this.settle(id, lease)
    else this.free.push(...this.stagedIds)
    this.stagedLeases = new Map()
    this.stagedNames = new Map()
    this.stagedIds = []
    this.known = new Map()
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

  private keysOf({ kind, units }: Lease): Map<string, Uint8Array> {
    const keys = new Map<string, Uint8Array>()
    const names = new Set(units.map(({ name }) => name.key))
    const put = (key: Uint8Array): void => void keys.set(textOf(key), key)
    for (const { name, records } of units) {
      if (kind === 'agent') put(this.claimKey(name))
      for (const record of records) {
        if (kind === 'records' || isAstray(record, names)) put(this.recordKey(record))
        const alias = kind === 'agent' && record.type === TYPE.AGENT ? aliasOf(record.rdata) : undefined
        if (alias !== undefined) put(this.claimKey(alias)) // a human name is one agent's
      }
    }
    return keys
  }

  private leaseKey(id: LeaseId): Uint8Array {
    return Buffer.concat([this.prefixes[LEASE], idOctets(id)])
  }

  /** Names without case, as the `key` of a name has none. */
  private claimKey(name: Name): Uint8Array {
    return Buffer.concat([this.prefixes[CLAIM], Buffer.from(name.key, 'latin1')])
  }

  private recordKey(record: RecordIdentity): Uint8Array {
    return overlayKey(this.prefixes[RECORD], this.zone.name, record)
  }
}

/** Where in RDATA the name of an instance or agent stands, in types that others own and that point to it. */
const POINTS_AT: Readonly<Record<number, number>> = { [TYPE.PTR]: 0, [TYPE.AGENT]: 2 }

/** Whether a record of an agent stands elsewhere and points elsewhere, as one version of a capability to the next, so that no name of the agent leads to it. */
function isAstray({ owner, type, rdata }: RecordIdentity, names: ReadonlySet<string>): boolean {
  const at = POINTS_AT[type]
  return !names.has(owner.key) && (at === undefined || !names.has(Name.fromWire(rdata, at).key))
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

function idOctets(id: LeaseId): Uint8Array {
  return Uint8Array.of(id >>> 24, id >>> 16, id >>> 8, id)
}

function readId(octets: Uint8Array, at: number): LeaseId {
  return ((octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3]) >>> 0
}
