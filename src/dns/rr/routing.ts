/** Types that say by a preference which host handles something: lower is tried first. */
import { rr } from './define.ts'
import { compressedName, foldedName, legacyName } from './fields-names.ts'
import { u16 } from './fields-numbers.ts'

/** RFC 1035 3.3.9: a mail exchange. */
export const MX = rr('MX', 15, { preference: u16, exchange: compressedName })
/** RFC 1183 1: a host with an AFS or DCE database; `subtype` 1 or 2. */
export const AFSDB = rr('AFSDB', 18, { subtype: u16, host: legacyName })
/** RFC 1183 3.3: a host that routes to this one. */
export const RT = rr('RT', 21, { preference: u16, intermediate: legacyName })
/** RFC 2163 4: how mail addresses map between RFC 822 and X.400. */
export const PX = rr('PX', 26, { preference: u16, rfc822: legacyName, x400: legacyName })
/** RFC 2230 3: a key exchanger for this host. */
export const KX = rr('KX', 36, { preference: u16, exchanger: foldedName })
