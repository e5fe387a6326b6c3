/**
 * HMAC (RFC 2104) by a secret that is used again and again: both of its padded blocks are made once, and a MAC costs two
 * calls of a hash, without the object that `createHmac` makes for each. A third of the time, and no work for the
 * garbage collector's finalizers, which a flood of signatures would feel.
 *
 *     H(secret ⊕ opad | H(secret ⊕ ipad | message))
 */
import { hash } from 'node:crypto'
import { WireWriter } from '../dns/octets.ts'

const IPAD = 0x36
const OPAD = 0x5c
/** Octets of the blocks that a hash works on; of SHA-384 and SHA-512 twice as many (FIPS 180-4 1). */
const BLOCK_OCTETS: Readonly<Record<string, number>> = { sha384: 128, sha512: 128 }
const SHORT_BLOCK_OCTETS = 64
/** A secret in a message of UDP fits; longer ones have memory of their own. */
const SCRATCH_OCTETS = 8_192

/** One secret under one hash. */
export class Hmac {
  private readonly algorithm: string
  private readonly blockOctets: number
  private readonly inner: Buffer
  private readonly outer: Buffer

  /** `algorithm` is a hash that node:crypto knows, such as `sha256`. */
  constructor(algorithm: string, secret: Uint8Array) {
    this.algorithm = algorithm
    this.blockOctets = BLOCK_OCTETS[algorithm] ?? SHORT_BLOCK_OCTETS
    const short = secret.length > this.blockOctets ? hash(algorithm, secret, 'buffer') : secret
    const digestOctets = hash(algorithm, new Uint8Array(0), 'buffer').length
    this.inner = Buffer.alloc(this.blockOctets, IPAD)
    this.outer = Buffer.alloc(this.blockOctets + digestOctets, OPAD)
    short.forEach((octet, i) => {
      this.inner[i] ^= octet
      this.outer[i] ^= octet
    })
  }

  /** The MAC of the parts, one behind the other. */
  of(...parts: readonly Uint8Array[]): Buffer {
    const message = this.begin()
    for (const part of parts) message.bytes(part)
    return this.end()
  }

  /** Begins a message: what is written to the writer given, up to `end`. There is one for all secrets, so nothing else may be begun before. */
  begin(): WireWriter {
    if (scratch.octets.length > SCRATCH_OCTETS) scratch.octets = new Uint8Array(SCRATCH_OCTETS)
    scratch.reset()
    scratch.bytes(this.inner)
    return scratch
  }

  /** The MAC of what was written since `begin`. */
  end(): Buffer {
    const { algorithm, outer, blockOctets } = this
    // a text costs less than a buffer, which would have memory of its own
    outer.write(hash(algorithm, scratch.view(), 'binary'), blockOctets, 'latin1')
    return Buffer.from(hash(algorithm, outer, 'binary'), 'latin1')
  }
}

const scratch = new WireWriter(SCRATCH_OCTETS, Number.MAX_SAFE_INTEGER)
