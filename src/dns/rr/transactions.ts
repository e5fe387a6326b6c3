/**
 * Types that live for one message: TSIG (RFC 8945) and TKEY (RFC 2930). No RFC gives them a text; ours is the fields in
 * order, as BIND prints them.
 */
import { transactionErrors } from '../rcodes.ts'
import { rr } from './define.ts'
import { plainName } from './fields-names.ts'
import { named, timestamp, u16, u48 } from './fields-numbers.ts'
import { counted16 } from './fields-octets.ts'

const error = named(2, transactionErrors, 'mnemonic')

/** RFC 2930 2: an agreement on a key. */
export const TKEY = rr('TKEY', 249, { algorithm: plainName, inception: timestamp, expiration: timestamp, mode: u16, error, key: counted16, other: counted16 })
/** RFC 8945 4.2: the signature of a transaction by a shared key; the time is in seconds since 1970. */
export const TSIG = rr('TSIG', 250, { algorithm: plainName, timeSigned: u48, fudge: u16, mac: counted16, originalId: u16, error, other: counted16 })
