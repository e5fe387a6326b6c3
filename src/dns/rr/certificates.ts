/** Types that hold keys, certificates or their fingerprints for protocols other than DNS. */
import { certificateAlgorithm, certificateType } from './algorithms.ts'
import { rr } from './define.ts'
import { u16, u8 } from './fields-numbers.ts'
import { base64Rest, hexRest } from './fields-octets.ts'
import { propertyTag, propertyValue } from './fields-strings.ts'

const association = { usage: u8, selector: u8, matchingType: u8, data: hexRest }

/** RFC 4398 2: a certificate or revocation list. */
export const CERT = rr('CERT', 37, { type: certificateType, keyTag: u16, algorithm: certificateAlgorithm, certificate: base64Rest })
/** RFC 4255 3.1: the fingerprint of an SSH host key. */
export const SSHFP = rr('SSHFP', 44, { algorithm: u8, fingerprintType: u8, fingerprint: hexRest })
/** RFC 4701 3.1: which DHCP client a name belongs to. */
export const DHCID = rr('DHCID', 49, { digest: base64Rest })
/** RFC 6698 2.1: which certificate a TLS server shows. */
export const TLSA = rr('TLSA', 52, association)
/** RFC 8162 2: which certificate signs a person's mail. */
export const SMIMEA = rr('SMIMEA', 53, association)
/** RFC 7929 2: a person's OpenPGP key. */
export const OPENPGPKEY = rr('OPENPGPKEY', 61, { key: base64Rest })
/** RFC 8659 4.1: who may issue certificates. */
export const CAA = rr('CAA', 257, { flags: u8, tag: propertyTag, value: propertyValue })
