/**
 * What must outlive the process: spaces of keys and values, both octets, changed durably. The store knows
 * nothing of zones; the keys and values are their owners' business.
 *
 *     store.keep([{ space: 'overlay', key, value }, …])   one transaction; resolves once it is on the disk
 *
 *     keep ─┐                      ┌─▶ resolve
 *     keep ─┼─▶ one commit, one sync ─┼─▶ resolve        calls that come meanwhile share the next one
 *     keep ─┘                      └─▶ resolve
 *
 * A commit that fails rejects all who share it, and the file is opened anew before the next one, as only that
 * tells what the disk really holds. Whether a rejected one is kept is open until then; a part of one never is.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { MAX_STORE_GROUP_WRITES, MAX_STORE_OCTETS, STORE_SCAN_CHUNK } from '../dns/limits.ts'
import type { Disk, DiskSpace, DiskWrite, OpenDisk } from './disk.ts'
import { faultOf, StoreFault } from './fault.ts'
import { diskKey, diskStart, diskValue, hasPrefix, keptEntry } from './keys.ts'
import { apartDisk } from './apart-disk.ts'
import { openFolder, openToWrite, UNPROVEN, type OpenFolder } from './opening.ts'

/** The spaces that users of the store have (src/update/contract.ts). */
export type StoreSpace = Exclude<DiskSpace, 'about'>

/** One write; no value removes the key. Neither array may change until `keep` has resolved. */
export interface StoreWrite {
  space: StoreSpace
  key: Uint8Array
  value: Uint8Array | undefined
}

/** An entry as it was kept. */
export interface StoreEntry {
  key: Uint8Array
  value: Uint8Array
}

/** How a store is opened. */
export interface StoreOptions {
  /** Where it is; made where it is missing, the folder above must be there. */
  folder: string
  /** By default LMDB. */
  disk?: Disk
  /** Octets that it may hold; reached: StoreFault `full`. */
  maxOctets?: number
  /** Told when keeping begins to fail, or fails for another reason than before. */
  onFault?(fault: StoreFault): void
  /** Told when keeping works again. */
  onRecovered?(): void
}

interface Waiting {
  writes: readonly StoreWrite[]
  resolve: () => void
  reject: (fault: StoreFault) => void
}

/** An open store; or one that could not be opened, which is empty and refuses to keep. */
export class Store {
  /** For metrics: commits and the writes in them, and calls of `keep` that failed. */
  readonly counts = { commits: 0, writes: 0, failed: 0 }
  private readonly options: StoreOptions & { disk: Disk; maxOctets: number }
  private readonly unlock: OpenFolder['unlock']
  private open: OpenDisk | undefined
  /** Why nothing is ever kept; undefined where it is. */
  readonly refusal: StoreFault | undefined
  private trouble: StoreFault | undefined
  private waiting: Waiting[] = []
  private pumping: Promise<void> | undefined
  private isClosed = false
  private used = 0
  /** Octets asked for since `used` was true. */
  private asked = 0

  private constructor(options: StoreOptions, { disk, refusal, trouble, unlock }: OpenFolder) {
    this.options = { disk: apartDisk, maxOctets: MAX_STORE_OCTETS, ...options }
    this.open = disk
    this.refusal = refusal
    this.unlock = unlock
    this.used = disk?.usedOctets() ?? 0
    if (trouble !== undefined) this.tell(trouble)
  }

  /**
   * Opens the store in `options.folder`. Where the disk lets nothing be written, what is kept is read and `refusal` says why nothing
   * more is. StoreFault: `busy`, `corrupt`, `foreign`, `io`, with nothing touched; `Store.refusing` then stands in for it.
   */
  static async open(options: StoreOptions): Promise<Store> {
    return new Store(options, await openFolder(options.folder, options.disk ?? apartDisk))
  }

  /** A store that holds nothing and refuses everything because of `fault`. */
  static refusing(fault: StoreFault): Store {
    return new Store({ folder: '' }, { disk: undefined, refusal: fault, unlock: async () => undefined })
  }

  /** Octets of what is kept. */
  get usedOctets(): number {
    return this.reading((disk) => disk.usedOctets()) ?? 0
  }

  /** Makes the writes durable in one transaction; resolves after the sync. Rejects with a StoreFault, and RangeError for an empty key. */
  keep(writes: readonly StoreWrite[]): Promise<void> {
    if (writes.length === 0) return Promise.resolve()
    if (writes.some(({ key }) => key.length === 0)) return Promise.reject(new RangeError('Cannot keep a value under an empty key'))
    const fault = this.refusalOf(writes)
    if (fault !== undefined) {
      this.counts.failed++
      return Promise.reject(fault)
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ writes, resolve, reject })
      this.pumping ??= Promise.resolve().then(() => this.pump())
    })
  }

  /** What is kept under the key. */
  get(space: StoreSpace, key: Uint8Array): Uint8Array | undefined {
    const at = diskKey(key)
    const value = this.reading((disk) => disk.get(space, at))
    return value === undefined ? undefined : this.read({ key: at, value }).value
  }

  /** Entries whose keys begin with `prefix`, in the order of keys (keys.ts says of which very long ones not). Reads a chunk at a time; what is kept during the scan may or may not be seen. */
  *scan(space: StoreSpace, prefix: Uint8Array = new Uint8Array(0)): Generator<StoreEntry, void> {
    const start = prefix.length === 0 ? prefix : diskStart(prefix)
    let last: Uint8Array | undefined
    for (;;) {
      const chunk = this.reading((disk) => take(disk.range(space, last ?? diskStart(prefix), last !== undefined), STORE_SCAN_CHUNK)) ?? []
      for (const entry of chunk) {
        if (!hasPrefix(entry.key, start)) return
        const kept = this.read(entry)
        if (hasPrefix(kept.key, prefix)) yield kept
      }
      if (chunk.length < STORE_SCAN_CHUNK) return
      last = chunk[chunk.length - 1].key
    }
  }

  /** Says that everything was read once and nothing of it ended the process; the next start need not prove the file. */
  proven(): void {
    if (this.open?.canWrite === true) rmSync(join(this.options.folder, UNPROVEN), { force: true })
  }

  /** Ends after what is being kept is kept. */
  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    await this.pumping
    this.proven()
    await this.open?.close()
    this.open = undefined
    await this.unlock()
  }

  // ---- Keeping ----

  private refusalOf(writes: readonly StoreWrite[]): StoreFault | undefined {
    if (this.isClosed) return new StoreFault('closed', `Cannot keep anything in ${this.file} as it is closed`)
    if (this.refusal !== undefined) return this.refusal
    const octets = octetsOf(writes)
    if (octets === 0) return undefined // what only removes makes room
    const { maxOctets } = this.options
    if (this.used + this.asked + octets > maxOctets && this.measure() + octets > maxOctets && this.growthOf(writes) > 0) {
      const fault = new StoreFault('full', `Cannot keep more in ${this.file} as it holds ${this.used} octets of at most ${maxOctets}`)
      this.tell(fault)
      return fault
    }
    this.asked += octets
    return undefined
  }

  /** Octets that these writes add to what is kept; less than 0 where they make room, as a removal does that is noted elsewhere. */
  private growthOf(writes: readonly StoreWrite[]): number {
    return octetsOf(writes) - octetsOf(writes.map(({ space, key }) => ({ space, key, value: this.get(space, key) })))
  }

  /** Measures what is kept; what waits is counted by its own octets. */
  private measure(): number {
    this.used = this.open?.usedOctets() ?? this.used
    this.asked = this.waiting.reduce((sum, { writes }) => sum + octetsOf(writes), 0)
    return this.used + this.asked
  }

  private async pump(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.takeGroup()
      try {
        await this.commit(group)
      } catch (error) {
        await this.fail(group, error)
        continue
      }
      this.counts.commits++
      if (this.trouble !== undefined) this.recover()
      for (const { resolve } of group) resolve()
    }
    this.pumping = undefined
  }

  private takeGroup(): Waiting[] {
    let count = 0
    let writes = 0
    while (count < this.waiting.length && (count === 0 || writes + this.waiting[count].writes.length <= MAX_STORE_GROUP_WRITES)) writes += this.waiting[count++].writes.length
    return this.waiting.splice(0, count)
  }

  private async commit(group: readonly Waiting[]): Promise<void> {
    this.open ??= await openToWrite(this.options.folder, this.options.disk)
    const writes = group.flatMap((waiting) => waiting.writes.map(diskWrite))
    await this.open.commit(writes)
    this.counts.writes += writes.length
  }

  /** Rejects the group, and closes the file, so that the next who needs it finds what the disk holds. */
  private async fail(group: readonly Waiting[], error: unknown): Promise<void> {
    const fault = faultOf(error, 'write to the store', this.file)
    this.counts.failed += group.length
    this.tell(fault)
    await this.open?.close().catch(() => undefined)
    this.open = undefined
    for (const { reject } of group) reject(fault)
  }

  private tell(fault: StoreFault): void {
    if (this.trouble?.code === fault.code) return
    this.trouble = fault
    this.options.onFault?.(fault)
  }

  private recover(): void {
    this.trouble = undefined
    this.options.onRecovered?.()
  }

  // ---- Reading ----

  private get file(): string {
    return this.options.disk.fileIn(this.options.folder)
  }

  private reading<Result>(read: (disk: OpenDisk) => Result): Result | undefined {
    try {
      const { disk, folder } = this.options
      if (this.open === undefined && this.refusal === undefined && !this.isClosed && disk.exists(folder)) this.open = disk.open(folder, true)
      return this.open === undefined ? undefined : read(this.open)
    } catch (error) {
      throw faultOf(error, 'read the store', this.file)
    }
  }

  private read(entry: StoreEntry): StoreEntry {
    try {
      const { key, value } = keptEntry(entry)
      return { key: plain(key), value: plain(value) }
    } catch (error) {
      throw new StoreFault('corrupt', `Cannot read the store ${this.file} as an entry of it is damaged`, error)
    }
  }
}

/** A write as the disk takes it. */
export function diskWrite({ space, key, value }: StoreWrite): DiskWrite {
  return { space, key: diskKey(key), value: value === undefined ? undefined : diskValue(key, value) }
}

/** The same octets, not as the Buffer that the disk gives: its `slice` would be no copy. */
function plain(octets: Uint8Array): Uint8Array {
  return new Uint8Array(octets.buffer, octets.byteOffset, octets.length)
}

function octetsOf(writes: readonly StoreWrite[]): number {
  return writes.reduce((sum, { key, value }) => sum + (value === undefined ? 0 : key.length + value.length), 0)
}

function take<Item>(items: Iterable<Item>, count: number): Item[] {
  const taken: Item[] = []
  for (const item of items) {
    taken.push(item)
    if (taken.length === count) break
  }
  return taken
}
