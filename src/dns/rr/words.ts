/** Types that hold character-strings: text for people and for the protocols that put theirs there. */
import { rr } from './define.ts'
import { characterString, characterStrings, optionalString } from './fields-strings.ts'

/** RFC 1035 3.3.2, RFC 8482 4.2: machine and system, or why ANY is not answered. */
export const HINFO = rr('HINFO', 13, { cpu: characterString, os: characterString })
/** RFC 1035 3.3.14: text. */
export const TXT = rr('TXT', 16, { text: characterStrings })
/** RFC 1183 3.1: an X.25 address. */
export const X25 = rr('X25', 19, { address: characterString })
/** RFC 1183 3.2: an ISDN address, perhaps with a subaddress. */
export const ISDN = rr('ISDN', 20, { address: characterString, subaddress: optionalString })
/** RFC 7208 3.1, no longer used: the policy of mail senders, as TXT. */
export const SPF = rr('SPF', 99, { text: characterStrings })
/** IANA template of AVC: application visibility and control, as TXT. */
export const AVC = rr('AVC', 258, { text: characterStrings })
/** RFC 9606 3: what a resolver can do, as TXT. */
export const RESINFO = rr('RESINFO', 261, { text: characterStrings })
