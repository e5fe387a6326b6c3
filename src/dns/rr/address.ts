/** Types that hold addresses: of hosts, of ILNP nodes (RFC 6742), of hardware (RFC 7043). */
import { rr } from './define.ts'
import { eui48, eui64, ipv4, ipv6, nodeIdentifier } from './fields-addresses.ts'
import { plainName } from './fields-names.ts'
import { u16 } from './fields-numbers.ts'

/** RFC 1035 3.4.1: an IPv4 address. */
export const A = rr('A', 1, { address: ipv4 })
/** RFC 3596 2.1: an IPv6 address. */
export const AAAA = rr('AAAA', 28, { address: ipv6 })
/** RFC 6742 2.1: a node identifier. */
export const NID = rr('NID', 104, { preference: u16, identifier: nodeIdentifier })
/** RFC 6742 2.2: a 32-bit locator. */
export const L32 = rr('L32', 105, { preference: u16, locator: ipv4 })
/** RFC 6742 2.3: a 64-bit locator. */
export const L64 = rr('L64', 106, { preference: u16, locator: nodeIdentifier })
/** RFC 6742 2.4: the name that holds the locators. */
export const LP = rr('LP', 107, { preference: u16, locators: plainName })
/** RFC 7043 3.1: a 48-bit hardware address. */
export const EUI48 = rr('EUI48', 108, { address: eui48 })
/** RFC 7043 4.1: a 64-bit hardware address. */
export const EUI64 = rr('EUI64', 109, { address: eui64 })
