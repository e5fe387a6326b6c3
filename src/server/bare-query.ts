/** A signed query as one without its signature, which the same code then answers. */
import type { Query } from '../authority/query.ts'

/** The query as it was before its signature was added: without it, and one record less in ARCOUNT (RFC 8945 4.3.3, RFC 2931 3.1). */
export function withoutSignature({ octets, tsigAt, sigZeroAt, length }: Query): Uint8Array {
  const end = tsigAt !== 0 ? tsigAt : sigZeroAt !== 0 ? sigZeroAt : length
  const bare = new Uint8Array(octets.subarray(0, end))
  if (end === length) return bare
  const additionals = ((bare[10] << 8) | bare[11]) - 1
  bare[10] = additionals >>> 8
  bare[11] = additionals
  return bare
}
