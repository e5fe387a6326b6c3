/** DNSKEY sets for tests of roll-overs, written as `1 2!z`: keys by their numbers, signed by others. */
import { TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import type { SignedSet } from '../../src/dnssec/rrsig.ts'
import { keyRdata } from './pairs.ts'
import { NOW, rrsigOf, type Signing } from './zone-signer.ts'

/** The zone of the keys. */
export const ZONE = Name.parse('example.')

/** Seconds. */
export const DAY = 86_400

/** The number of a key that is not revoked. */
export function numberOf(rdata: Uint8Array): number | undefined {
  return [0, 1, 2, 3, 4, 5, 6, 7].find((which) => Buffer.compare(rdata, keyRdata(15, 257, which)) === 0)
}

/** A key by its number; `!` behind it revokes it, `z` makes it one for the zone's records. */
export function keyOf(word: string): { algorithm: number; flags: number; which: number } {
  return { algorithm: 15, flags: (word.includes('z') ? 256 : 257) | (word.includes('!') ? 128 : 0), which: Number.parseInt(word, 10) }
}

/** A DNSKEY set of ZONE, or of another: `1 2` signed by `1`. */
export function setOf(keys: string, signers: string, at = NOW, signing: Signing = {}, ttl = 3600, zone = ZONE): SignedSet {
  const records = keys.split(' ').map((word) => ({ name: zone, type: TYPE.DNSKEY, class: 1, ttl, rdata: new Uint8Array(keyRdata(15, keyOf(word).flags, keyOf(word).which)) }))
  const signatures = signers.split(' ').filter(Boolean).map((word) => rrsigOf(records, zone, keyOf(word), { inception: at - 3600, expiration: at + 20 * DAY, ...signing }))
  return { name: zone, type: TYPE.DNSKEY, records, signatures }
}
