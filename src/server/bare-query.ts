/** A signed query as one without its signature, which the same code then answers. */
import type { Query } from '../authority/query.ts'

/** The query as it was before its signature was added: without it, and one record less in ARCOUNT (RFC 8945 4.3.3, RFC 2931 3.1). Its own octets where it has none, which are only to be read. */
export function withoutSignature({ octets, tsigAt, sigZeroAt, length }: Query): Uint8Array {
  const end = tsigAt !== 0 ? tsigAt : sigZeroAt !== 0 ? sigZeroAt : length
  if (end === length) return octets.length === end ? octets : octets.subarray(0, end)
  const bare = new Uint8Array(octets.subarray(0, end))
  const additionals = ((bare[10] << 8) | bare[11]) - 1
  bare[10] = additionals >>> 8
  bare[11] = additionals
  return bare
}
