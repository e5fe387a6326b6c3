/**
 * Mnemonics inside records: the algorithms of DNSSEC, which text may give by number or mnemonic (RFC 4034 2.2, A.1), and the kinds
 * of certificates in CERT (RFC 4398 2.1).
 */
import { Mnemonics } from '../mnemonics.ts'
import { named } from './fields-numbers.ts'

/** DNSSEC algorithm numbers (IANA "DNS Security Algorithm Numbers"; RFC 8624 says which to use). */
export const ALGORITHM = {
  DELETE: 0, RSAMD5: 1, DH: 2, DSA: 3, RSASHA1: 5, DSA_NSEC3_SHA1: 6, RSASHA1_NSEC3_SHA1: 7, RSASHA256: 8, RSASHA512: 10, ECC_GOST: 12,
  ECDSAP256SHA256: 13, ECDSAP384SHA384: 14, ED25519: 15, ED448: 16, INDIRECT: 252, PRIVATEDNS: 253, PRIVATEOID: 254,
} as const

const { DELETE: _, ...mnemonics } = ALGORITHM // 0 asks the parent to delete (RFC 8078 4) and has no mnemonic in text
const algorithms = new Mnemonics('', 0xff, mnemonics)
algorithms.add('NSEC3DSA', ALGORITHM.DSA_NSEC3_SHA1) // as BIND writes them
algorithms.add('NSEC3RSASHA1', ALGORITHM.RSASHA1_NSEC3_SHA1)

const certificateTypes = new Mnemonics('', 0xffff, { PKIX: 1, SPKI: 2, PGP: 3, IPKIX: 4, ISPKI: 5, IPGP: 6, ACPKIX: 7, IACPKIX: 8, URI: 253, OID: 254 })

/** A DNSSEC algorithm: number or mnemonic in, number out (RFC 4034 2.2). */
export const algorithm = named(1, algorithms, 'number')
/** What CERT holds: number or mnemonic in, mnemonic out (RFC 4398 2.2). */
export const certificateType = named(2, certificateTypes, 'mnemonic')
/** The same in CERT, which is printed with mnemonics throughout (RFC 4398 2.2). */
export const certificateAlgorithm = named(1, algorithms, 'mnemonic')
