/**
 * The identity of a HIP host (RFC 8005 5): on the wire the lengths come first, in text the algorithm does.
 *
 *     wire  HIT length | algorithm | key length, 16 bits | HIT | public key        text  algorithm HIT-in-hex key-in-base64
 */
import { WireFault } from '../faults.ts'
import { WireWriter } from '../octets.ts'
import { printBase64, printHex } from '../radix.ts'
import type { Field } from './field.ts'
import { readBase64Token, readHexToken } from './fields-octets.ts'

/** Who a HIP host is: its tag and the key that the tag is made of. */
export interface HostIdentity {
  algorithm: number
  /** Host identity tag, 1 to 255 octets. */
  tag: Uint8Array
  publicKey: Uint8Array
}

/** Algorithm, host identity tag and public key of HIP. */
export const hostIdentity: Field<HostIdentity> = {
  parse(text, out, what) {
    text.need(`${what} algorithm`)
    const algorithm = text.readNumber(`${what} algorithm`, 0xff)
    const tag = new WireWriter(64)
    readHexToken(text, tag, `${what} tag`)
    if (tag.at === 0 || tag.at > 0xff) throw text.fault(`${what} tag`, 'must be 1 to 255 octets')
    const publicKey = new WireWriter(256)
    readBase64Token(text, publicKey, `${what} public key`)
    if (publicKey.at === 0) throw text.fault(`${what} public key`, 'must not be empty')
    hostIdentity.write({ algorithm, tag: tag.view(), publicKey: publicKey.view() }, out)
  },
  print(wire) {
    const { algorithm, tag, publicKey } = hostIdentity.read(wire)
    return `${algorithm} ${printHex(tag)} ${printBase64(publicKey)}`
  },
  read(wire) {
    const at = wire.at
    const tagLength = wire.u8()
    const algorithm = wire.u8()
    const keyLength = wire.u16()
    // empty parts would have no text
    if (tagLength === 0 || keyLength === 0) throw new WireFault('Cannot read host identity as tag and key must not be empty', at)
    return { algorithm, tag: wire.bytes(tagLength).slice(), publicKey: wire.bytes(keyLength).slice() }
  },
  write(value, out) {
    out.u8(value.tag.length)
    out.u8(value.algorithm)
    out.u16(value.publicKey.length)
    out.bytes(value.tag)
    out.bytes(value.publicKey)
  },
  copy: (wire, out) => hostIdentity.write(hostIdentity.read(wire), out),
}
