/**
 * Types whose data are names of the tree itself: delegation, start of authority, aliases and the experimental
 * mail types of RFC 1035. Their names are compressed in messages (RFC 3597 4); that of DNAME is not.
 */
import { rr } from './define.ts'
import { compressedName, foldedName, legacyName } from './fields-names.ts'
import { seconds, u32 } from './fields-numbers.ts'

/** RFC 1035 3.3.11: a name server of the zone. */
export const NS = rr('NS', 2, { server: compressedName })
/** RFC 1035 3.3.4, obsolete: a mail destination. */
export const MD = rr('MD', 3, { server: compressedName })
/** RFC 1035 3.3.5, obsolete: a mail forwarder. */
export const MF = rr('MF', 4, { server: compressedName })
/** RFC 1035 3.3.1: the name that this one is an alias of. */
export const CNAME = rr('CNAME', 5, { target: compressedName })
/** RFC 1035 3.3.13, RFC 2308 4: start of authority; `minimum` is the negative TTL. */
export const SOA = rr('SOA', 6, {
  primary: compressedName,
  mailbox: compressedName,
  serial: u32,
  refresh: seconds,
  retry: seconds,
  expire: seconds,
  minimum: seconds,
})
/** RFC 1035 3.3.3, experimental: the host of a mailbox. */
export const MB = rr('MB', 7, { host: compressedName })
/** RFC 1035 3.3.6, experimental: a member of a mail group. */
export const MG = rr('MG', 8, { mailbox: compressedName })
/** RFC 1035 3.3.8, experimental: what a mailbox was renamed to. */
export const MR = rr('MR', 9, { mailbox: compressedName })
/** RFC 1035 3.3.12: a pointer to another part of the tree. */
export const PTR = rr('PTR', 12, { target: compressedName })
/** RFC 1035 3.3.7, experimental: who answers for a mailbox or list. */
export const MINFO = rr('MINFO', 14, { responsible: compressedName, errors: compressedName })
/** RFC 1183 2.2: the mailbox of the person responsible, and where a TXT tells more. */
export const RP = rr('RP', 17, { mailbox: legacyName, text: legacyName })
/** RFC 6672 2.1: the subtree that the one below this name is an alias of; never compressed (RFC 6672 2.5). */
export const DNAME = rr('DNAME', 39, { target: foldedName })
