/**
 * What is believed of the world from the start (RFC 4035 4.4): the keys of the root, as IANA publishes digests of them in
 * `root-anchors.xml` (RFC 7958), or what a file of the operator's says instead: DS and DNSKEY records, of any zones.
 */
import { parseRecord } from '../dns/record-text.ts'
import { TYPE } from '../dns/codes.ts'
import type { DnsRecord } from '../dns/message.ts'
import type { TrustAnchor } from './contract.ts'

/** The key of 2017, and the one of 2024 that follows it. */
const ROOT_KEYS = [
  '. 0 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D',
  '. 0 IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16',
]

/** What `records` say of each zone that they speak of; records that are neither DS nor DNSKEY say nothing. */
export function anchorsIn(records: readonly DnsRecord[]): TrustAnchor[] {
  const ofAnchors = records.filter(({ type }) => type === TYPE.DS || type === TYPE.DNSKEY)
  const zones = new Map(ofAnchors.map(({ name }) => [name.key, name]))
  return [...zones.values()].map((zone) => {
    const rdataOf = (wanted: number): Uint8Array[] => ofAnchors.filter(({ type, name }) => type === wanted && name.equals(zone)).map(({ rdata }) => rdata)
    return { zone, digests: rdataOf(TYPE.DS), keys: rdataOf(TYPE.DNSKEY) }
  })
}

/** The keys of the root of the Internet. */
export const ROOT_ANCHORS: readonly TrustAnchor[] = anchorsIn(ROOT_KEYS.map((text) => parseRecord(text)))
