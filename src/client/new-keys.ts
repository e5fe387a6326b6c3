/**
 * New keys, from the system's source of chance: a secret for TSIG, a pair for SIG(0) or for a zone.
 */
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { TYPE } from '../dns/codes.ts'
import { RSA_BITS } from '../dns/limits.ts'
import type { Name } from '../dns/name.ts'
import { ALGORITHM } from '../dns/rr/algorithms.ts'
import { KEY_FLAGS, makeKeyPair, type KeyPair } from '../dnssec/key-files.ts'
import type { TsigAlgorithm } from '../dnssec/tsig-algorithms.ts'
import type { TsigKeyText } from '../dnssec/tsig-text.ts'

/** A new secret, as long as the algorithm's hash (RFC 2104 3: longer adds little, shorter takes away). */
export function newTsigKey(name: Name, algorithm: TsigAlgorithm): TsigKeyText {
  return { name, algorithm, secret: new Uint8Array(randomBytes(algorithm.digestOctets)) }
}

/** A new pair of a served algorithm: a KEY that signs messages, or a DNSKEY that signs a zone, or its keys. RangeError where the algorithm is not served. */
export function newKeyPair(name: Name, algorithm: number, use: keyof typeof KEY_FLAGS = 'message'): KeyPair {
  return makeKeyPair(name, use === 'message' ? TYPE.KEY : TYPE.DNSKEY, KEY_FLAGS[use], algorithm, generate(algorithm))
}

function generate(algorithm: number): KeyObject {
  switch (algorithm) {
    case ALGORITHM.RSASHA256:
    case ALGORITHM.RSASHA512:
      return generateKeyPairSync('rsa', { modulusLength: RSA_BITS }).privateKey
    case ALGORITHM.ECDSAP256SHA256:
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    case ALGORITHM.ECDSAP384SHA384:
      return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
    case ALGORITHM.ED25519:
      return generateKeyPairSync('ed25519').privateKey
    case ALGORITHM.ED448:
      return generateKeyPairSync('ed448').privateKey
    default:
      throw new RangeError(`Cannot make a key of algorithm ${algorithm} as it is not served`)
  }
}
