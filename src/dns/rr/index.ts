/**
 * The list of all record types with a form of their own; every other type is octets (RFC 3597). A new type is its
 * definition in a file beside this one and its place here: mnemonics, text, wire and tests follow from that.
 */
import { A, AAAA, EUI48, EUI64, L32, L64, LP, NID } from './address.ts'
import { AGENT, SENSE, TASK } from './agent.ts'
import { CAA, CERT, DHCID, OPENPGPKEY, SMIMEA, SSHFP, TLSA } from './certificates.ts'
import type { RrType } from './define.ts'
import { CDNSKEY, CDS, CSYNC, DNSKEY, DS, KEY, NSEC, NSEC3, NSEC3PARAM, RRSIG, SIG, ZONEMD } from './dnssec.ts'
import { LOC } from './location.ts'
import { CNAME, DNAME, MB, MD, MF, MG, MINFO, MR, NS, PTR, RP, SOA } from './names.ts'
import { AFSDB, KX, MX, PX, RT } from './routing.ts'
import { HTTPS, NAPTR, SRV, SVCB, URI } from './service.ts'
import { TKEY, TSIG } from './transactions.ts'
import { AMTRELAY, APL, HIP, IPSECKEY } from './tunnels.ts'
import { typeNames } from './type-names.ts'
import { AVC, HINFO, ISDN, RESINFO, SPF, TXT, X25 } from './words.ts'

/** Every type defined, grouped by file. */
export const rrTypes = [
  A, AAAA, EUI48, EUI64, L32, L64, LP, NID,
  AGENT, SENSE, TASK,
  CAA, CERT, DHCID, OPENPGPKEY, SMIMEA, SSHFP, TLSA,
  CDNSKEY, CDS, CSYNC, DNSKEY, DS, KEY, NSEC, NSEC3, NSEC3PARAM, RRSIG, SIG, ZONEMD,
  LOC,
  CNAME, DNAME, MB, MD, MF, MG, MINFO, MR, NS, PTR, RP, SOA,
  AFSDB, KX, MX, PX, RT,
  HTTPS, NAPTR, SRV, SVCB, URI,
  TKEY, TSIG,
  AMTRELAY, APL, HIP, IPSECKEY,
  AVC, HINFO, ISDN, RESINFO, SPF, TXT, X25,
] as const

const byCode = new Map<number, RrType>()

for (const definition of rrTypes) {
  byCode.set(definition.code, definition)
  typeNames.add(definition.mnemonic, definition.code)
}

/** The definition of an RR type; undefined where it is octets to us (RFC 3597). */
export function definitionOf(type: number): RrType | undefined {
  return byCode.get(type)
}
