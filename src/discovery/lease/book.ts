/**
 * The lease book: every lease, in the store under its number, with the names that it claims; in memory only the
 * heap of what is due next (`due-heap.ts`), so that a million leases cost 24 MB and a start reads each once.
 *
 *     space 'lease'    L | id u32                    the lease (`lease.ts`)
 *                      N | class u16 | name          id of the lease that claims the name: host, agent or instance
 *                      R | class u16 | name          id of the lease of what ordinary updates added at the name
 *
 * A flow stages what it grants within its transaction. It is seen by the flows that follow in the same batch, and
 * goes into the heap when the batch is on disk; when the batch is given up it has never been (`settled`).
 */
import { MAX_LEASES } from '../../dns/limits.ts'
import type { Name } from '../../dns/name.ts'
import type { KeptReader, KeptWrite } from '../../update/contract.ts'
import { DueHeap } from './due-heap.ts'
import { decodeLease, dueOf, encodeLease, type Lease } from './lease.ts'

/** The number of a lease. */
export type LeaseId = number

/** A lease with its number. */
export interface Entry {
  id: LeaseId
  lease: Lease
}

const LEASE = 0x4c
const CLAIM = 0x4e
const RECORDS = 0x52

/** No more leases can be kept (MAX_LEASES). */
export class BookFull extends Error {}

/** All leases; see above. */
export class LeaseBook {
  private readonly kept: KeptReader
  private readonly heap = new DueHeap()
  private readonly free: LeaseId[] = []
  private nextId = 0
  private stagedLeases = new Map<LeaseId, Lease | undefined>()
  private stagedNames = new Map<string, LeaseId | undefined>()
  private stagedIds: LeaseId[] = []

  constructor(kept: KeptReader) {
    this.kept = kept
  }

  /** How many leases are in force, those of the batch under way not counted. */
  get size(): number {
    return this.heap.size
  }

  /** Octets that the clock has set aside. */
  get octets(): number {
    return this.heap.octets
  }

  /** When the next lease is due, in ms since 1970; Infinity where none is. */
  get nextMs(): number {
    return this.heap.nextMs
  }

  /** Reads every lease from the store, hands each to `visit`, and gives the latest time that one was granted: no clock may start before it. WireFault where the store is damaged. */
  load(visit: (entry: Entry) => void): number {
    let lastSeenMs = 0
    const taken = new Set<LeaseId>()
    for (const [key, value] of this.kept.entries('lease')) {
      if (key[0] !== LEASE) continue
      const id = readId(key, 1)
      const lease = decodeLease(value)
      taken.add(id)
      this.heap.set(id, dueOf(lease))
      this.nextId = Math.max(this.nextId, id + 1)
      lastSeenMs = Math.max(lastSeenMs, lease.grantedMs)
      visit({ id, lease })
    }
    for (let id = this.nextId - 1; id >= 0; id--) if (!taken.has(id)) this.free.push(id)
    return lastSeenMs
  }

  /** The lease with this number, as the transaction under way has it. */
  get(id: LeaseId): Lease | undefined {
    if (this.stagedLeases.has(id)) return this.stagedLeases.get(id)
    const octets = this.kept.get('lease', leaseKey(id))
    return octets === undefined ? undefined : decodeLease(octets)
  }

  /** The lease of the host, agent or instance of this name. */
  claimOf(name: Name, nameClass: number): Entry | undefined {
    return this.find(nameKey(CLAIM, name, nameClass))
  }

  /** The lease of what ordinary updates added at this name. */
  recordsAt(name: Name, nameClass: number): Entry | undefined {
    return this.find(nameKey(RECORDS, name, nameClass))
  }

  private find(key: Uint8Array): Entry | undefined {
    const text = textOf(key)
    const id = this.stagedNames.has(text) ? this.stagedNames.get(text) : this.readName(key)
    const lease = id === undefined ? undefined : this.get(id)
    return id === undefined || lease === undefined ? undefined : { id, lease }
  }

  private readName(key: Uint8Array): LeaseId | undefined {
    const value = this.kept.get('lease', key)
    return value === undefined ? undefined : readId(value, 0)
  }

  /**
   * Stages a lease, new or changed, and gives what is to be kept for it. `before` is the entry that it replaces.
   * Where no unit is left the lease is gone. BookFull: there are MAX_LEASES already.
   */
  put(lease: Lease, before?: Entry): KeptWrite[] {
    const writes: KeptWrite[] = []
    const id = before?.id ?? this.take()
    const names = lease.units.length === 0 ? new Map<string, Uint8Array>() : namesOf(lease)
    const namesBefore = before === undefined ? new Map<string, Uint8Array>() : namesOf(before.lease)
    for (const [text, key] of names) if (!namesBefore.has(text)) this.writeName(text, key, id, writes)
    for (const [text, key] of namesBefore) if (!names.has(text) && this.holds(text, key, id)) this.writeName(text, key, undefined, writes)
    const gone = lease.units.length === 0
    this.stagedLeases.set(id, gone ? undefined : lease)
    writes.push({ space: 'lease', key: leaseKey(id), value: gone ? undefined : encodeLease(lease) })
    return writes
  }

  private take(): LeaseId {
    const id = this.free.pop() ?? (this.nextId < MAX_LEASES ? this.nextId++ : undefined)
    if (id === undefined) throw new BookFull(`Cannot keep another lease as there are ${MAX_LEASES}`)
    this.stagedIds.push(id)
    return id
  }

  /** Whether the name still leads to this lease, not to one that took the name over. */
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
  }

  private settle(id: LeaseId, lease: Lease | undefined): void {
    if (lease !== undefined) return this.heap.set(id, dueOf(lease))
    this.heap.delete(id)
    this.free.push(id)
  }

  /** Takes from the heap the leases that are due by `nowMs`, the earliest first, at most `most`. Whoever takes them carries out their end, or puts them back. */
  takeDue(nowMs: number, most: number): LeaseId[] {
    return this.heap.takeDue(nowMs, most)
  }

  /** Puts a lease back whose end could not be carried out; it is due again at `dueMs`. */
  putBack(id: LeaseId, dueMs: number): void {
    this.heap.set(id, dueMs)
  }
}

/** The names that lead to a lease, by the text of their keys. */
function namesOf({ kind, class: leaseClass, units }: Lease): Map<string, Uint8Array> {
  const names = new Map<string, Uint8Array>()
  for (const { name } of units) {
    const key = nameKey(kind === 'agent' ? CLAIM : RECORDS, name, leaseClass)
    names.set(textOf(key), key)
  }
  return names
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

function leaseKey(id: LeaseId): Uint8Array {
  return Uint8Array.of(LEASE, id >>> 24, id >>> 16, id >>> 8, id)
}

/** Names without case, as the `key` of a name has none. */
function nameKey(kind: number, name: Name, nameClass: number): Uint8Array {
  return Buffer.concat([Uint8Array.of(kind, nameClass >>> 8, nameClass), Buffer.from(name.key, 'latin1')])
}

function idOctets(id: LeaseId): Uint8Array {
  return leaseKey(id).subarray(1)
}

function readId(octets: Uint8Array, at: number): LeaseId {
  return ((octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3]) >>> 0
}
