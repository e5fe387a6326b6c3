/** Response codes (RFC 6895 2.3), apart from the other code points as records hold them too: TSIG and TKEY. */
import { Mnemonics } from './mnemonics.ts'

/** Response codes, extended ones included. 16 is BADVERS in OPT (RFC 6891 9) and BADSIG in TSIG (RFC 8945 3). */
export const RCODE = {
  NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5,
  YXDOMAIN: 6, YXRRSET: 7, NXRRSET: 8, NOTAUTH: 9, NOTZONE: 10, DSOTYPENI: 11,
  BADVERS: 16, BADSIG: 16, BADKEY: 17, BADTIME: 18, BADMODE: 19, BADNAME: 20, BADALG: 21, BADTRUNC: 22, BADCOOKIE: 23,
} as const

/** The mnemonics of response codes; 12 bits in messages with EDNS, 16 in TSIG and TKEY. */
export const rcodeNames = new Mnemonics('RCODE', 0xffff, RCODE)

/** The same for the error field of TSIG and TKEY, where 16 is BADSIG (RFC 8945 4.3, RFC 2930 2.6). */
export const transactionErrors = new Mnemonics('', 0xffff, { BADSIG: RCODE.BADSIG })
for (const [name, code] of Object.entries(RCODE)) transactionErrors.add(name, code)
