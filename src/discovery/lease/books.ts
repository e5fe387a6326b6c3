/**
 * The books of all zones, and what they share: the latest time that a lease was granted, kept so that a wall clock
 * that went back while the server was down prolongs nothing.
 *
 *     space 'lease'    T    u48 ms since 1970
 */
import { keyInClass, type Name } from '../../dns/name.ts'
import { WireReader, WireWriter } from '../../dns/octets.ts'
import type { Keeper, KeptWrite } from '../../update/contract.ts'
import { readFields } from '../registration/private-fields.ts'
import { LeaseBook } from './book.ts'
import type { ZoneId } from './lease.ts'

/** No zone's key is this short. */
const LAST_SEEN = Uint8Array.of(0x54)

/** Every zone's book. */
export class LeaseBooks {
  private readonly keeper: Keeper
  private readonly most: number | undefined
  private readonly books = new Map<string, LeaseBook>()
  private lastMs = NaN
  private lastSeen: KeptWrite = { space: 'lease', key: LAST_SEEN, value: undefined }

  /** `most`: leases that a zone may have. */
  constructor(keeper: Keeper, most?: number) {
    this.most = most
    this.keeper = keeper
  }

  /** The book of a zone, empty where the zone had none. */
  of(zone: ZoneId): LeaseBook {
    return this.books.get(keyInClass(zone)) ?? this.renew(zone)
  }

  /** A new book for a zone that is loaded, in the place of the one that it had. */
  renew(zone: ZoneId): LeaseBook {
    const book = new LeaseBook(this.keeper, zone, this.most)
    this.books.set(keyInClass(zone), book)
    return book
  }

  /** Those that exist. */
  all(): Iterable<LeaseBook> {
    return this.books.values()
  }

  /** The private fields of an agent, for its operator. WireFault where the store is damaged. */
  fieldsOf(zone: ZoneId, agent: Name): string[] {
    return readFields(this.keeper, zone, agent)
  }

  /** Leases in force, in all zones. */
  get size(): number {
    let size = 0
    for (const book of this.books.values()) size += book.size
    return size
  }

  /** The latest time that was kept with `seen`; 0 where none was. WireFault where the store is damaged. */
  lastSeenMs(): number {
    const value = this.keeper.get('lease', LAST_SEEN)
    return value === undefined ? 0 : new WireReader(value).u48()
  }

  /** The write that keeps the time of a grant; that of a millisecond is made once. */
  seen(nowMs: number): KeptWrite {
    if (nowMs === this.lastMs) return this.lastSeen
    const out = new WireWriter(6)
    out.u48(nowMs)
    this.lastMs = nowMs
    return (this.lastSeen = { space: 'lease', key: LAST_SEEN, value: out.finish() })
  }
}
