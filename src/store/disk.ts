/**
 * What the store needs of a disk: ordered spaces of octets, changed by transactions of which each is on the
 * disk as a whole or not at all. The true one is LMDB (lmdb-disk.ts); tests hand in one that fails where they say.
 */

/** A space of the store; `about` is the store's own. */
export type DiskSpace = 'about' | 'overlay' | 'lease' | 'agent' | 'zone'

/** Every space that a disk has. */
export const DISK_SPACES: readonly DiskSpace[] = ['about', 'overlay', 'lease', 'agent', 'zone']

/** One change of a transaction; no value removes the key. */
export interface DiskWrite {
  space: DiskSpace
  key: Uint8Array
  value: Uint8Array | undefined
}

/** A disk that is open. Errors carry `code`: a number or name of the system, or a number of LMDB. */
export interface OpenDisk {
  /** Whether it may be written to. */
  readonly canWrite: boolean
  /** Makes all of `writes` durable in one transaction; an error means that none is, or that nobody knows until it is opened anew. */
  commit(writes: readonly DiskWrite[]): Promise<void>
  get(space: DiskSpace, key: Uint8Array): Uint8Array | undefined
  /** Entries from `from` on, or behind it, in the order of keys, as of the moment of the first step. */
  range(space: DiskSpace, from: Uint8Array, isBehind: boolean): Iterable<{ key: Uint8Array; value: Uint8Array }>
  /** Lets what is read from now on be what stands there now, whoever wrote it; without it what another process wrote may be seen a moment later. */
  refresh(): void
  /** Octets of what is kept, without free room. */
  usedOctets(): number
  close(): Promise<void>
}

/** How a disk is opened. */
export interface Disk {
  /** The file that messages name. */
  fileIn(folder: string): string
  /** Whether the folder holds a file of this disk. */
  exists(folder: string): boolean
  /** False where the file has not all of its octets, so that reading it may end the process: it is to be proven from outside before it is opened. */
  isWhole(folder: string): boolean
  /** Opens the folder, which exists; with `canWrite` the file is made where it is missing. */
  open(folder: string, canWrite: boolean): OpenDisk
}
