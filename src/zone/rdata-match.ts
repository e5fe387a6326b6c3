/** When two RDATA are the same: octet by octet, but for names in the types that RFC 4034 6.2 lists, whose capitals do not matter. */
import { TYPE } from '../dns/codes.ts'
import { fold } from '../dns/name.ts'
import { rdataNames } from '../dns/rdata.ts'
import type { RRsetId, ZoneImage } from './image.ts'

/** Where the record of the RRset starts whose RDATA is the first `rdataLength` octets of `rdata` (RFC 2181 5, RFC 2136 1.1.1); 0 where it has none. */
export function findRecord(image: ZoneImage, rrset: RRsetId, rdata: Uint8Array, rdataLength: number): number {
  const { octets } = image
  const folded = foldsFrom(image.typeOf(rrset))
  const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
  for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) {
    if (image.rdataLength(at) === rdataLength && sameRdata(octets, image.rdataAt(at), rdata, rdataLength, folded)) return at
  }
  return 0
}

/** From which octet of RDATA on capitals do not matter: length octets of labels are below "A", so a run of names folds as it lies. */
export function foldsFrom(type: number): number {
  const names = rdataNames(type)
  return names === undefined || names.role === 'plain' || type === TYPE.SOA ? 65_536 : names.prefix
}

function sameRdata(a: Uint8Array, aAt: number, b: Uint8Array, length: number, folded: number): boolean {
  for (let i = 0; i < length; i++) {
    const x = a[aAt + i]
    if (x !== b[i] && (i < folded || fold(x) !== fold(b[i]))) return false
  }
  return true
}

/** The RDATA at `octets[at]` as a key: those of equal RDATA are equal. `folded` is what `foldsFrom` says of the type. */
export function rdataKey(octets: Uint8Array, at: number, length: number, folded: number): string {
  const key = Buffer.allocUnsafe(length)
  for (let i = 0; i < length; i++) key[i] = i < folded ? octets[at + i] : fold(octets[at + i])
  return key.toString('latin1')
}
