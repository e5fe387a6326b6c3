/**
 * The algorithms of TSIG (RFC 8945 6): HMACs with their names on the wire and the length of what they give.
 * hmac-md5 is known by name only, so that whoever still uses it is told why it is refused.
 */
import { suggestion } from '../dns/nearest.ts'
import { Name } from '../dns/name.ts'

/** One HMAC as TSIG names it. */
export interface TsigAlgorithm {
  /** `hmac-sha256`; the wire has it as a name. */
  readonly mnemonic: string
  readonly name: Name
  /** Name of the hash in node:crypto. */
  readonly hash: string
  /** Octets of the whole HMAC. */
  readonly digestOctets: number
  /** Octets that a message carries: fewer where the algorithm's name says so (RFC 4635 3.1). */
  readonly macOctets: number
}

function algorithm(mnemonic: string, hash: string, digestOctets: number, macOctets = digestOctets): TsigAlgorithm {
  return { mnemonic, name: Name.parse(mnemonic), hash, digestOctets, macOctets }
}

/** Every algorithm that is served (RFC 8945 6, table 3); those that carry a part of the HMAC are named for it. */
export const TSIG_ALGORITHMS: readonly TsigAlgorithm[] = [
  algorithm('hmac-sha1', 'sha1', 20),
  algorithm('hmac-sha224', 'sha224', 28),
  algorithm('hmac-sha256', 'sha256', 32),
  algorithm('hmac-sha256-128', 'sha256', 32, 16),
  algorithm('hmac-sha384', 'sha384', 48),
  algorithm('hmac-sha384-192', 'sha384', 48, 24),
  algorithm('hmac-sha512', 'sha512', 64),
  algorithm('hmac-sha512-256', 'sha512', 64, 32),
]

const MD5 = /^(hmac-)?md5(\.sig-alg\.reg\.int)?\.?$/i
const byMnemonic = new Map(TSIG_ALGORITHMS.map((one) => [one.mnemonic, one]))

/** The algorithm that `text` names, with or without its final dot and the letters of `hmac-`; or what completes `Cannot use algorithm … as it`. */
export function parseTsigAlgorithm(text: string): TsigAlgorithm | string {
  const word = text.toLowerCase().replace(/\.$/, '')
  const found = byMnemonic.get(word) ?? byMnemonic.get(`hmac-${word}`)
  if (found !== undefined) return found
  if (MD5.test(word)) return 'is not served (RFC 8945 6: MUST NOT be used); use hmac-sha256'
  return `must be one of ${[...byMnemonic.keys()].join(', ')}${suggestion(word, byMnemonic.keys())}`
}

/** Fewest octets of an HMAC that a message may carry (RFC 8945 5.2.2.1): half of it, and never below 10. */
export function leastMacOctets({ digestOctets }: TsigAlgorithm): number {
  return Math.max(10, digestOctets / 2)
}

/** The algorithm of the same hash that carries all of its HMAC; itself where it does. */
export function wholeAlgorithm(algorithm: TsigAlgorithm): TsigAlgorithm {
  return TSIG_ALGORITHMS.find(({ hash, macOctets, digestOctets }) => hash === algorithm.hash && macOctets === digestOctets) ?? algorithm
}
