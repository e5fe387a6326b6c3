/**
 * Keys of any length in a disk that takes up to MAX_STORE_KEY_OCTETS. A longer one is kept as its first octets
 * and the digest of the whole, and stands whole before its value:
 *
 *     key of at most 1,977 octets    ─▶ key                                   value
 *     a longer one                   ─▶ first 1,946 octets, SHA-256 (32)      length (4), key, value
 *
 * So what is on the disk has 1,978 octets exactly where it is a digest. Order is that of the keys, but for those
 * that are longer and share their first 1,946 octets.
 */
import { createHash } from 'node:crypto'
import { MAX_STORE_KEY_OCTETS } from '../dns/limits.ts'

const DIGEST_OCTETS = 32
const HEAD_OCTETS = MAX_STORE_KEY_OCTETS - DIGEST_OCTETS
const LENGTH_OCTETS = 4

/** An entry as the disk has it. */
export interface DiskEntry {
  key: Uint8Array
  value: Uint8Array
}

/** The key that the disk has for `key`. RangeError: an empty one, which is our own bug. */
export function diskKey(key: Uint8Array): Uint8Array {
  if (key.length === 0) throw new RangeError('Cannot keep a value under an empty key')
  if (key.length < MAX_STORE_KEY_OCTETS) return key
  const short = new Uint8Array(MAX_STORE_KEY_OCTETS)
  short.set(key.subarray(0, HEAD_OCTETS))
  short.set(createHash('sha256').update(key).digest(), HEAD_OCTETS)
  return short
}

/** The value that the disk has for `value` at `key`. */
export function diskValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  if (key.length < MAX_STORE_KEY_OCTETS) return value
  const long = new Uint8Array(LENGTH_OCTETS + key.length + value.length)
  new DataView(long.buffer).setUint32(0, key.length)
  long.set(key, LENGTH_OCTETS)
  long.set(value, LENGTH_OCTETS + key.length)
  return long
}

/** Where a scan of `prefix` starts in the disk: at or before every key with it. */
export function diskStart(prefix: Uint8Array): Uint8Array {
  if (prefix.length === 0) return Uint8Array.of(0)
  return prefix.length <= HEAD_OCTETS ? prefix : prefix.subarray(0, HEAD_OCTETS)
}

/** The entry that was kept. RangeError where a long one does not hold its own key: the file is damaged. */
export function keptEntry({ key, value }: DiskEntry): DiskEntry {
  if (key.length < MAX_STORE_KEY_OCTETS) return { key, value }
  const octets = value.length < LENGTH_OCTETS ? 0 : new DataView(value.buffer, value.byteOffset).getUint32(0)
  const end = LENGTH_OCTETS + octets
  if (octets < MAX_STORE_KEY_OCTETS || end > value.length) throw new RangeError('Cannot read an entry of the store as it does not hold its key')
  return { key: value.subarray(LENGTH_OCTETS, end), value: value.subarray(end) }
}

/** Whether `key` begins with `prefix`. */
export function hasPrefix(key: Uint8Array, prefix: Uint8Array): boolean {
  if (key.length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (key[i] !== prefix[i]) return false
  return true
}
