/**
 * Where RDATA holds names that are compressed in messages: the types of RFC 1035 3.3 only, as RFC 3597 4 asks
 * never to compress names of types defined since. Taken from the definitions of the types at start, and kept as
 * one number per type, as the answering path asks for it with every RRset.
 */
import { rdataNames } from '../dns/rdata.ts'

/** One past the highest type that RFC 1035 could have defined, question types aside. */
const TYPES = 128
/** type → octets before the first name << 2 | names; 0 for types without names to compress. */
const shapes = new Uint8Array(TYPES)

for (let type = 0; type < TYPES; type++) {
  const names = rdataNames(type)
  if (names?.role === 'compressed') shapes[type] = (names.prefix << 2) | names.count
}

/** How many names in the RDATA of `type` are compressed, 0 to 2. */
export function compressedNames(type: number): number {
  return type < TYPES ? shapes[type] & 3 : 0
}

/** Octets of RDATA before the first compressed name of `type`. */
export function octetsBeforeNames(type: number): number {
  return type < TYPES ? shapes[type] >>> 2 : 0
}
