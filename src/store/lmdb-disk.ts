/**
 * The disk by LMDB: a B+ tree in one memory-mapped file, changed by copying pages; a transaction counts from
 * the moment that its meta page is written, after all its other pages have been synced. So `kill -9` and a
 * power cut leave the last transaction that was acknowledged, and recovery is nothing but opening the file.
 *
 * `overlappingSync` is off: with it a commit is told before its sync, and a sync that fails is told to nobody.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { open, type Database, type RootDatabase } from 'lmdb'
import { DISK_SPACES, type Disk, type DiskSpace, type DiskWrite, type OpenDisk } from './disk.ts'
import { isWholeLmdb } from './lmdb-head.ts'

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const
/** More than DISK_SPACES, for versions to come. */
const MOST_SPACES = 16

/** LMDB in the file data.mdb of a folder. */
export const lmdbDisk: Disk = {
  fileIn: (folder) => join(folder, 'data.mdb'),
  exists: (folder) => existsSync(join(folder, 'data.mdb')),
  isWhole: (folder) => isWholeLmdb(join(folder, 'data.mdb')),
  open: (folder, canWrite) => new LmdbDisk(folder, canWrite),
}

type Stats = { treeBranchPageCount: number; treeLeafPageCount: number; overflowPages: number; pageSize: number }
type Space = Database<Uint8Array, Uint8Array>

class LmdbDisk implements OpenDisk {
  readonly canWrite: boolean
  private readonly root: RootDatabase<Uint8Array, Uint8Array>
  private readonly spaces = new Map<DiskSpace, Space>()

  constructor(folder: string, canWrite: boolean) {
    this.canWrite = canWrite
    const how = { path: folder, noSubdir: false, maxDbs: MOST_SPACES, overlappingSync: false, eventTurnBatching: false, readOnly: !canWrite }
    this.root = open<Uint8Array, Uint8Array>({ ...BINARY, ...how })
    try {
      // a space that a file of another kind lacks is only read as empty until the store has judged the file
      for (const name of DISK_SPACES) {
        const space = this.root.openDB<Uint8Array, Uint8Array>({ ...BINARY, name }) as Space | undefined
        if (space !== undefined) this.spaces.set(name, space)
      }
    } catch (error) {
      void this.root.close()
      throw error
    }
  }

  /** Waits for the disk: nobody commits in a process that has something else to do. A transaction on LMDB's own threads would cost twice the processor time. */
  async commit(writes: readonly DiskWrite[]): Promise<void> {
    this.root.transactionSync(() => {
      for (const { space, key, value } of writes) {
        const into = this.spaces.get(space) as Space
        if (value === undefined) into.removeSync(key)
        else into.putSync(key, value)
      }
    })
  }

  get(space: DiskSpace, key: Uint8Array): Uint8Array | undefined {
    return this.spaces.get(space)?.getBinary(key)
  }

  range(space: DiskSpace, from: Uint8Array, isBehind: boolean): Iterable<{ key: Uint8Array; value: Uint8Array }> {
    return this.spaces.get(space)?.getRange({ start: from, exclusiveStart: isBehind }) ?? []
  }

  refresh(): void {
    this.root.resetReadTxn() // kept until a timer comes by, for speed
  }

  usedOctets(): number {
    let octets = 0
    for (const space of this.spaces.values()) {
      const { treeBranchPageCount, treeLeafPageCount, overflowPages, pageSize } = space.getStats() as Stats
      octets += (treeBranchPageCount + treeLeafPageCount + overflowPages) * pageSize
    }
    return octets
  }

  async close(): Promise<void> {
    await this.root.close()
  }
}
