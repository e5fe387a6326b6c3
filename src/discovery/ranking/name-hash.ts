/** A hash of a whole name where it stands, case aside: to tell most names apart before their octets are compared. */
import { fold } from '../../dns/name.ts'

const MIX = 0x85eb_ca6b

/** The hash of the uncompressed, checked name at `octets[at]`. */
export function nameHash(octets: Uint8Array, at: number): number {
  let hash = 0
  for (let size = octets[at]; size !== 0; size = octets[at]) {
    for (const end = at + size + 1; at < end; at++) {
      hash = Math.imul(hash ^ fold(octets[at]), MIX)
      hash ^= hash >>> 15
    }
  }
  return hash
}
