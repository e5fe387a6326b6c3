/** Types by which networks find gateways, relays and prefixes: IPsec, multicast tunnels, HIP, APL. */
import { rr } from './define.ts'
import { keyGateway, relay } from './fields-gateway.ts'
import { hostIdentity } from './fields-identity.ts'
import { plainNames } from './fields-names.ts'
import { u8 } from './fields-numbers.ts'
import { base64RestOrNone } from './fields-octets.ts'
import { addressPrefixes } from './fields-prefixes.ts'

/** RFC 3123 4: lists of address prefixes. */
export const APL = rr('APL', 42, { prefixes: addressPrefixes })
/** RFC 4025 2: the key and gateway of an IPsec tunnel. */
export const IPSECKEY = rr('IPSECKEY', 45, { precedence: u8, gateway: keyGateway, publicKey: base64RestOrNone })
/** RFC 8005 5: a host's identity and the servers where it can be met. */
export const HIP = rr('HIP', 55, { identity: hostIdentity, servers: plainNames })
/** RFC 8777 4: a relay that tunnels multicast. */
export const AMTRELAY = rr('AMTRELAY', 260, { precedence: u8, relay })
