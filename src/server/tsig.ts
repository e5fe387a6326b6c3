/**
 * The answer to a query signed with a key that we do not hold, which is every key here: a TSIG record without
 * a MAC that says BADKEY (RFC 8945 5.2.1, 5.3.2), so that the asker learns why instead of waiting.
 */
import type { Query } from '../authority/query.ts'
import { CLASS, RCODE, TYPE } from '../dns/codes.ts'
import { MAX_NAME_OCTETS, MAX_POINTERS } from '../dns/limits.ts'
import { wireLength } from '../dns/name.ts'

/** What is returned where the record does not fit or the key's name cannot be read. */
export const NOT_WRITTEN = -1

/**
 * Writes TSIG with error BADKEY to `out[at …)`, at most up to `limit`; returns where it ends, or NOT_WRITTEN.
 * Key name, algorithm, time and fudge are the query's (RFC 8945 5.3.2), MAC and other data are empty.
 */
export function writeBadKey(query: Query, out: Uint8Array, at: number, limit: number): number {
  const { octets, tsigRdataAt } = query
  const algorithmOctets = wireLength(octets, tsigRdataAt)
  const timeAt = tsigRdataAt + algorithmOctets
  const macAt = timeAt + 10
  const idAt = macAt + ((octets[timeAt + 8] << 8) | octets[timeAt + 9])
  const headAt = copyName(octets, query.tsigAt, query.length, out, at)
  const rdlength = algorithmOctets + 16
  if (headAt === NOT_WRITTEN || headAt + 10 + rdlength > limit) return NOT_WRITTEN
  let end = write16(out, headAt, TYPE.TSIG)
  end = write16(out, end, CLASS.ANY)
  end = write16(out, write16(out, end, 0), 0) // TTL 0
  end = write16(out, end, rdlength)
  for (let i = 0; i < algorithmOctets + 8; i++) out[end++] = octets[tsigRdataAt + i] // algorithm, time, fudge
  end = write16(out, end, 0) // MAC size
  end = write16(out, end, (octets[idAt] << 8) | octets[idAt + 1]) // original ID
  end = write16(out, end, RCODE.BADKEY)
  return write16(out, end, 0) // other data
}

/** Copies the name at `from[at]`, undoing compression, to `out[outAt …)`; returns where it ends, or NOT_WRITTEN where it is none. */
function copyName(from: Uint8Array, at: number, length: number, out: Uint8Array, outAt: number): number {
  const longest = outAt + MAX_NAME_OCTETS
  let lowest = at
  for (let hops = 0; hops <= MAX_POINTERS && at < length; ) {
    const size = from[at]
    if (size >= 0xc0) {
      const target = ((size & 0x3f) << 8) | from[at + 1]
      if (target >= lowest) return NOT_WRITTEN // RFC 1035 4.1.4: a prior occurrence
      at = lowest = target
      hops++
      continue
    }
    if (size > 63 || at + 1 + size > length || outAt + 1 + size > longest) return NOT_WRITTEN
    for (let i = 0; i <= size; i++) out[outAt++] = from[at++]
    if (size === 0) return outAt
  }
  return NOT_WRITTEN
}

function write16(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 8
  out[at + 1] = value
  return at + 2
}
