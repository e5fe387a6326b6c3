/**
 * The zone of the soak, which is another one in each version: all addresses change, one name comes and one goes.
 * What an answer must be is computed, never kept, so that a checker can judge any of a million names.
 *
 *     version     TXT  the version in digits
 *     only<n>     A    in version n alone
 *     h0000000 …  A    addressOf(i, n)
 */
import { writeFileSync } from 'node:fs'
import { hostName } from '../rows.ts'

/** The zone's name. */
export const APEX = 'soak.example.'
/** Hosts in one piece of text: few enough to let the process breathe between two. */
const PIECE = 50_000

/** The IPv4 address of host `i` in `version`, as a number: another one in every version. */
export function addressOf(i: number, version: number): number {
  const mixed = Math.imul(i ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(version, 0x01000193)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

/** An address as text. */
export function printAddress(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** Writes `version` of the zone with `hosts` hosts to `file`, piece by piece, giving way to others between the pieces. */
export async function writeVersion(file: string, hosts: number, version: number): Promise<void> {
  const head = `$ORIGIN ${APEX}\n$TTL 3600\n@ IN SOA ns1 hostmaster ${version} 3600 600 86400 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\n`
  writeFileSync(file, `${head}version IN TXT "${version}"\nonly${version} IN A 192.0.2.1\n`)
  for (let from = 0; from < hosts; from += PIECE) {
    const count = Math.min(PIECE, hosts - from)
    const lines = Array.from({ length: count }, (_, n) => `${hostName(from + n)} IN A ${printAddress(addressOf(from + n, version))}\n`)
    writeFileSync(file, lines.join(''), { flag: 'a' })
    await new Promise(setImmediate)
  }
}
