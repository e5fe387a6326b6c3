/**
 * Where RDATA holds names that are compressed in messages: the types of RFC 1035 3.3 only, as RFC 3597 4 asks
 * never to compress names of types defined since. Each of them has a fixed run of octets, then its names,
 * then the rest, so that two small numbers per type are all that the answering path needs.
 */
import { TYPE } from '../dns/codes.ts'

/** One past the highest type that has an entry. */
const TYPES = 16
/** type → octets before the first name << 2 | names; 0 for types without names to compress. */
const shapes = new Uint8Array(TYPES)

for (const type of [TYPE.NS, TYPE.MD, TYPE.MF, TYPE.CNAME, TYPE.MB, TYPE.MG, TYPE.MR, TYPE.PTR]) shapes[type] = 1
shapes[TYPE.SOA] = 2 // MNAME RNAME, five numbers
shapes[TYPE.MINFO] = 2
shapes[TYPE.MX] = (2 << 2) | 1 // preference, exchange

/** How many names in the RDATA of `type` are compressed, 0 to 2. */
export function compressedNames(type: number): number {
  return type < TYPES ? shapes[type] & 3 : 0
}

/** Octets of RDATA before the first compressed name of `type`. */
export function octetsBeforeNames(type: number): number {
  return type < TYPES ? shapes[type] >>> 2 : 0
}
