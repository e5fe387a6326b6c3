/**
 * What updates have made of a zone, seen from its file: the net effect, record by record, kept in the space `overlay`.
 * It is laid over whatever the file says at each start and reload, so that an administrator's edit of the file and
 * what agents have registered both survive.
 *
 *     key     class u16 | zone's key 00 | owner's key, below the zone 00 | type u16 | 00 RDATA, or 01 and its SHA-256
 *     value   1 | TTL u32 as served | TTL u32 in the file | type u16 | owner as written | RDATA as written
 *
 * A TTL of FFFFFFFF says that the record does not stand there. An entry whose two TTLs are alike says nothing that the
 * file does not say by itself, so there is none: what is added and then removed, or removed and then added as
 * it was, leaves nothing behind, and where an edited file has come to say the same the entry is dropped.
 */
import { createHash } from 'node:crypto'
import { TYPE } from '../dns/codes.ts'
import { WireFault } from '../dns/faults.ts'
import { MAX_KEY_RDATA_OCTETS } from '../dns/limits.ts'
import { Name } from '../dns/name.ts'
import { WireReader, WireWriter } from '../dns/octets.ts'
import { canonicalRdata } from '../dns/rdata.ts'
import type { Change, Keeper, KeptWrite } from './contract.ts'
import type { EditorDraft } from './draft.ts'
import { restAsRdata } from './records.ts'

/** One entry: what became of one record. */
export interface OverlayEntry {
  owner: Name
  type: number
  rdata: Uint8Array
  /** As served; undefined where the record has been removed. */
  ttl: number | undefined
  /** In the file; undefined where the file does not have the record. */
  fileTtl: number | undefined
}

const FORMAT = 1
const NO_TTL = 0xffff_ffff

/** What the keys of a zone's entries start with. */
export function zonePrefix(zone: { name: Name; class: number }): Uint8Array {
  return Buffer.from(`${String.fromCharCode(zone.class >>> 8, zone.class & 0xff)}${zone.name.key}\0`, 'latin1')
}

/** The key of a record's entry; two records have one key exactly where they are the same (RFC 2136 1.1.1). */
export function overlayKey(prefix: Uint8Array, zone: Name, { owner, type, rdata }: Pick<OverlayEntry, 'owner' | 'type' | 'rdata'>): Uint8Array {
  const canonical = canonicalRdata(type, rdata)
  const isShort = canonical.length <= MAX_KEY_RDATA_OCTETS
  const middle = `${owner.key.slice(zone.key.length)}\0${String.fromCharCode(type >>> 8, type & 0xff)}${isShort ? '\0' : '\x01'}`
  const end = isShort ? canonical : createHash('sha256').update(canonical).digest()
  const key = Buffer.allocUnsafe(prefix.length + middle.length + end.length)
  key.set(prefix)
  key.write(middle, prefix.length, 'latin1')
  key.set(end, prefix.length + middle.length)
  return key
}

/** The value of an entry. */
export function writeEntry({ owner, type, rdata, ttl, fileTtl }: OverlayEntry): Uint8Array {
  const out = new WireWriter(16 + owner.wire.length + rdata.length)
  out.u8(FORMAT)
  out.u32(ttl ?? NO_TTL)
  out.u32(fileTtl ?? NO_TTL)
  out.u16(type)
  out.bytes(owner.wire)
  out.bytes(rdata)
  return out.finish()
}

/** The entry that a value holds. WireFault where it is damaged. */
export function readEntry(value: Uint8Array): OverlayEntry {
  const reader = new WireReader(value)
  if (reader.u8() !== FORMAT) throw new WireFault('Cannot read an overlay entry as it is of no known format', 0)
  const readTtl = (): number | undefined => {
    const ttl = reader.u32()
    return ttl === NO_TTL ? undefined : ttl
  }
  const [ttl, fileTtl] = [readTtl(), readTtl()]
  const type = reader.u16()
  const owner = Name.read(reader, false)
  return { owner, type, rdata: restAsRdata(type, reader), ttl, fileTtl }
}

/** The overlay of one zone. */
export class Overlay {
  private readonly zone: { name: Name; class: number }
  private readonly prefix: Uint8Array
  private readonly keeper: Keeper

  constructor(zone: { name: Name; class: number }, keeper: Keeper) {
    this.zone = zone
    this.prefix = zonePrefix(zone)
    this.keeper = keeper
  }

  /** How many entries there are. */
  get size(): number {
    let size = 0
    for (const _ of this.keeper.scan('overlay', this.prefix)) size++
    return size
  }

  /** The entries as they are kept. WireFault where one is damaged. */
  *entries(): Iterable<OverlayEntry> {
    for (const { value } of this.keeper.scan('overlay', this.prefix)) yield readEntry(value)
  }

  /** The writes that leave no entry: the file has come to say all that they say. */
  forget(): KeptWrite[] {
    return [...this.keeper.scan('overlay', this.prefix)].map(({ key }) => ({ space: 'overlay', key, value: undefined }))
  }

  /** The writes that give each entry the TTL that its record has in `draft`: one that has joined records of the file has theirs, whatever the entry says. */
  alignWith(draft: EditorDraft): KeptWrite[] {
    const writes: KeptWrite[] = []
    for (const { key, value } of this.keeper.scan('overlay', this.prefix)) {
      const entry = readEntry(value)
      const ttl = entry.ttl === undefined ? undefined : draft.ttlOf(entry.owner, entry.type)
      if (ttl !== undefined && ttl !== entry.ttl) writes.push({ space: 'overlay', key, value: writeEntry({ ...entry, ttl }) })
    }
    return writes
  }

  /** What must be kept for `changes`, none of them leased: one write for each entry that they make, change or drop. The SOA is kept elsewhere. */
  writesFor(changes: readonly Change[]): KeptWrite[] {
    const entries = new Map<string, { key: Uint8Array; was: Uint8Array | null; entry: OverlayEntry }>()
    for (const { kind, owner, type, ttl, rdata } of changes) {
      if (type === TYPE.SOA) continue
      const key = overlayKey(this.prefix, this.zone.name, { owner, type, rdata })
      const id = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
      let held = entries.get(id)
      if (held === undefined) {
        const value = this.keeper.get('overlay', key)
        // of a record without an entry the file says what is served: it stands there exactly if it was removed just now
        const entry = value === undefined ? { owner, type, rdata, ttl: undefined, fileTtl: kind === 'removed' ? ttl : undefined } : readEntry(value)
        entries.set(id, (held = { key, was: value ?? null, entry }))
      }
      held.entry = { ...held.entry, owner, rdata, ttl: kind === 'added' ? ttl : undefined }
    }
    const writes: KeptWrite[] = []
    for (const { key, was, entry } of entries.values()) {
      const isNeedless = entry.ttl === entry.fileTtl
      if (!isNeedless || was !== null) writes.push({ space: 'overlay', key, value: isNeedless ? undefined : writeEntry(entry), was })
    }
    return writes
  }

  /**
   * Lays all entries over `draft`, a zone as its file has it; gives the writes that bring the entries up to date with the file. An entry
   * that the zone can no longer hold, such as one beside a CNAME that the file has now, is dropped: the file decides.
   */
  layOver(draft: EditorDraft): KeptWrite[] {
    const writes: KeptWrite[] = []
    const [removed, added, retimed]: OverlayEntry[][] = [[], [], []]
    for (const { key, value } of this.keeper.scan('overlay', this.prefix)) {
      const entry = readEntry(value)
      const fileTtl = draft.fileTtlOf(entry)
      const isNeedless = entry.ttl === fileTtl
      if (isNeedless || fileTtl !== entry.fileTtl) writes.push({ space: 'overlay', key, value: isNeedless ? undefined : writeEntry({ ...entry, fileTtl }) })
      if (!isNeedless) (entry.ttl === undefined ? removed : fileTtl === undefined ? added : retimed).push(entry)
    }
    for (const { owner, type, rdata } of removed) draft.remove(owner, type, rdata)
    // a record that joins records of the file takes the TTL that they have now, unless an update has changed it: that comes last
    for (const { owner, type, ttl = 0, rdata } of added) this.lay(draft, { owner, type, ttl: draft.ttlOf(owner, type) ?? ttl, rdata }, writes)
    for (const { owner, type, ttl = 0, rdata } of retimed) this.lay(draft, { owner, type, ttl, rdata }, writes)
    return writes
  }

  private lay(draft: EditorDraft, record: { owner: Name; type: number; ttl: number; rdata: Uint8Array }, writes: KeptWrite[]): void {
    draft.add(record.owner, record.type, record.ttl, record.rdata)
    if (draft.refusal === undefined) return
    draft.refusal = undefined
    writes.push({ space: 'overlay', key: overlayKey(this.prefix, this.zone.name, record), value: undefined })
  }
}
