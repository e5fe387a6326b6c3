/**
 * Where to begin: names and addresses of the root servers (RFC 8109 2), as IANA publishes them in `named.root`. They are
 * asked only who the root servers are now; a file of the operator's may take their place.
 */
import { parseAddress } from '../dns/address.ts'
import { TYPE } from '../dns/codes.ts'
import type { DnsRecord } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import type { Hint } from './contract.ts'

const LETTERS: readonly (readonly [letter: string, ipv4: string, ipv6: string])[] = [
  ['a', '198.41.0.4', '2001:503:ba3e::2:30'],
  ['b', '170.247.170.2', '2801:1b8:10::b'],
  ['c', '192.33.4.12', '2001:500:2::c'],
  ['d', '199.7.91.13', '2001:500:2d::d'],
  ['e', '192.203.230.10', '2001:500:a8::e'],
  ['f', '192.5.5.241', '2001:500:2f::f'],
  ['g', '192.112.36.4', '2001:500:12::d0d'],
  ['h', '198.97.190.53', '2001:500:1::53'],
  ['i', '192.36.148.17', '2001:7fe::53'],
  ['j', '192.58.128.30', '2001:503:c27::2:30'],
  ['k', '193.0.14.129', '2001:7fd::1'],
  ['l', '199.7.83.42', '2001:500:9f::42'],
  ['m', '202.12.27.33', '2001:dc3::35'],
]

/** The root servers of the Internet. */
export const ROOT_HINTS: readonly Hint[] = LETTERS.map(([letter, ...addresses]) => ({
  name: Name.parse(`${letter}.root-servers.net.`),
  addresses: addresses.map((text) => parseAddress(text)).filter((address) => address !== undefined),
}))

/** The root servers that `records` name: those of NS records of the root, with their addresses. Servers without an address are left out, as nobody could be asked for it. */
export function hintsIn(records: readonly DnsRecord[]): Hint[] {
  const servers = records.filter(({ type, name }) => type === TYPE.NS && name.labelCount === 0).map(({ rdata }) => Name.fromWire(rdata))
  return servers.flatMap((name) => {
    const addresses = records.filter((record) => (record.type === TYPE.A || record.type === TYPE.AAAA) && record.name.equals(name)).map(({ rdata }) => rdata)
    return addresses.length === 0 ? [] : [{ name, addresses }]
  })
}
