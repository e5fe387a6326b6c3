/** What records at a zone's apex say of the zone as a whole: how long absence is remembered, and how names are hashed. */

/** The part of an image that is looked at. */
export interface ApexView {
  readonly octets: Uint8Array
  readonly apex: number
  rrsetOf(node: number, type: number): number
  octetsOf(rrset: number): number
  ttlOf(rrset: number): number
  firstRecordAt(rrset: number): number
  nextRecordAt(recordAt: number): number
  rdataAt(recordAt: number): number
}

const SOA = 6
const NSEC3PARAM = 51
/** Where MINIMUM stands in SOA, counted from the record's end (RFC 1035 3.3.13). */
const MINIMUM_FROM_END = 4

/** Seconds that absence may be remembered: the lesser of SOA's TTL and its MINIMUM (RFC 2308 3, RFC 9077 3); −1 where there is no SOA. */
export function negativeTtlOf(image: ApexView): number {
  const soa = image.rrsetOf(image.apex, SOA)
  if (soa === 0) return -1
  const o = image.octets
  const at = image.nextRecordAt(image.firstRecordAt(soa)) - MINIMUM_FROM_END
  const minimum = ((o[at] << 24) | (o[at + 1] << 16) | (o[at + 2] << 8) | o[at + 3]) >>> 0
  return Math.min(minimum, image.ttlOf(soa))
}

/** Where RDATA stands of the first NSEC3PARAM that servers may use: SHA-1, no flags (RFC 5155 4.1.2); 0 where there is none. */
export function nsec3ParamsOf(image: ApexView): number {
  const rrset = image.rrsetOf(image.apex, NSEC3PARAM)
  if (rrset === 0) return 0
  const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
  for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) {
    const paramsAt = image.rdataAt(at)
    if (image.octets[paramsAt] === 1 && image.octets[paramsAt + 1] === 0) return paramsAt
  }
  return 0
}
