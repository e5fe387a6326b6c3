/**
 * The first octets of an LMDB file, read without LMDB: a file that lost its end would be read behind it, which
 * the system answers by ending the process, so that is looked at before the file is opened.
 *
 *     page 0 and 1    two meta pages, written in turn; the one with the larger transaction number holds
 *     octets 24       magic 0xBEEFC0DE · 28 version · 48 page size · 144 number of the last page · 152 transaction
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const MAGIC = 0xbeef_c0de
/** LMDB's page is the system's; its meta page says which. */
const META_OCTETS = 160

/** Whether the file at `path` has as many octets as its newest meta page speaks of; a missing or empty one is whole. Throws what the system says. */
export function isWholeLmdb(path: string): boolean {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
  try {
    const { size } = fstatSync(file)
    if (size === 0) return true
    const first = readMeta(file, 0)
    if (first === undefined) return false
    const second = readMeta(file, first.pageOctets)
    const newest = second !== undefined && second.transaction > first.transaction ? second : first
    return second !== undefined && (newest.lastPage + 1n) * BigInt(newest.pageOctets) <= BigInt(size)
  } finally {
    closeSync(file)
  }
}

/** The meta page at octet `at`; undefined where there is none. */
function readMeta(file: number, at: number): { pageOctets: number; lastPage: bigint; transaction: bigint } | undefined {
  const meta = new DataView(new ArrayBuffer(META_OCTETS))
  if (readSync(file, meta, 0, META_OCTETS, at) < META_OCTETS || meta.getUint32(24, true) !== MAGIC) return undefined
  const pageOctets = meta.getUint32(48, true)
  return { pageOctets, lastPage: meta.getBigUint64(144, true), transaction: meta.getBigUint64(152, true) }
}
