/** Where an agent may be asked for its readings, and where nobody is: whoever registers writes address and port, and could mean somebody else. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pullTargetOf } from '../../../src/discovery/sense/pull-target.ts'
import { parseAddress, printAddress } from '../../../src/dns/address.ts'
import { parsePrefix, type Prefix, PrefixList } from '../../../src/dns/prefix.ts'
import { Hive } from '../ranking/hive.ts'

/** Where the agent of an offer, with these addresses at its identifier, is asked: `address port`. */
function asked(claims: string, addresses: string, { hasKey = true, networks = [] as string[] } = {}): string | undefined {
  const hive = new Hive()
  hive.put('babel', claims)
  const identified = { hasKey, addresses: addresses.split(' ').filter(Boolean).map((text) => parseAddress(text) as Uint8Array) }
  const target = pullTargetOf(hive.registrar.table, hive.slot('babel'), identified, new PrefixList(networks.map((text) => parsePrefix(text) as Prefix)))
  return target && `${printAddress(target.address)} ${target.port}`
}

describe('an agent is asked', () => {
  const CASES: [what: string, claims: string, addresses: string, target: string | undefined, more?: Parameters<typeof asked>[2]][] = [
    ['at its address, and the port that its offer says', 'sense-port=5310', '9.9.9.9', '9.9.9.9 5310'],
    ['over IPv6 as well', 'sense-port=5310', '2620:fe::9', '2620:fe::9 5310'],
    ['at the first address that may be asked', 'sense-port=5310', '10.0.0.1 9.9.9.9 8.8.8.8', '9.9.9.9 5310'],
    ['at the first port of users, and the last', 'sense-port=1024', '9.9.9.9', '9.9.9.9 1024'],
    ['at the last', 'sense-port=65535', '9.9.9.9', '9.9.9.9 65535'],
    ['not without a port: the one of its service is another', 'port=5310', '9.9.9.9', undefined],
    ['not at a port of a service of the system', 'sense-port=53', '9.9.9.9', undefined],
    ['not at one where probes may go', 'sense-port=443', '9.9.9.9', undefined],
    ['not without a KEY: nobody has proven that the address is its own', 'sense-port=5310', '9.9.9.9', undefined, { hasKey: false }],
    ['not without an address', 'sense-port=5310', '', undefined],
    ['not in a private network', 'sense-port=5310', '192.168.1.1', undefined],
    ['unless the operator says so', 'sense-port=5310', '192.168.1.1', '192.168.1.1 5310', { networks: ['192.168.0.0/16'] }],
    ['not here', 'sense-port=5310', '127.0.0.1 ::1', undefined, { networks: ['192.168.0.0/16'] }],
    ['not at a group of hosts', 'sense-port=5310', '224.0.0.251 255.255.255.255 ff02::fb', undefined],
    ['not at an address of IPv4 in the clothes of IPv6', 'sense-port=5310', '::ffff:10.0.0.1 64:ff9b::a00:1', undefined],
  ]
  for (const [what, claims, addresses, target, more] of CASES) test(what, () => assert.equal(asked(claims, addresses, more), target))
})
