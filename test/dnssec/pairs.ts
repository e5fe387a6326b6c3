/** Key pairs for tests, one of each algorithm, made once in each test file that asks. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { exportPublicKey } from '../../src/dnssec/public-key.ts'

export interface Pair {
  privateKey: KeyObject
  publicKey: KeyObject
  /** As KEY and DNSKEY hold it. */
  publicOctets: Buffer
}

const pairs = new Map<number, Pair>()

function generate(algorithm: number): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (algorithm) {
    case 8:
    case 10:
      return generateKeyPairSync('rsa', { modulusLength: 1024 }) // short, for speed: tests only
    case 13:
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 14:
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 15:
      return generateKeyPairSync('ed25519')
    default:
      return generateKeyPairSync('ed448')
  }
}

/** The pair of an algorithm; `which` tells several apart. */
export function pairOf(algorithm: number, which = 0): Pair {
  const id = algorithm * 16 + which
  let pair = pairs.get(id)
  if (pair === undefined) {
    const made = generate(algorithm)
    pairs.set(id, (pair = { ...made, publicOctets: Buffer.from(exportPublicKey(algorithm, made.publicKey)) }))
  }
  return pair
}

/** RDATA of the pair's KEY or DNSKEY. */
export function keyRdata(algorithm: number, flags = 0, which = 0): Buffer {
  return Buffer.concat([Buffer.of(flags >>> 8, flags & 255, 3, algorithm), pairOf(algorithm, which).publicOctets])
}
