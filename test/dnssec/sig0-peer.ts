/** The other side of SIG(0) for tests, written from RFC 2931 3.1 alone: octets put together by hand and one call of node:crypto. */
import { sign, verify, type KeyObject } from 'node:crypto'
import { be, labels } from './tsig-peer.ts'

export interface PeerSig {
  algorithm: number
  signer: string
  tag: number
  inception: number
  expiration: number
  key: KeyObject
  /** The request, where a response is signed. */
  request?: Buffer
  /** What stands in place of fields that should be 0: type covered aside. */
  labels?: number
  ttl?: number
  signature?: Buffer
}

const HASH: Readonly<Record<number, string | null>> = { 8: 'sha256', 10: 'sha512', 13: 'sha256', 14: 'sha384', 15: null, 16: null }

function headOf(sig: PeerSig): Buffer {
  return Buffer.concat([be(0, 2), Buffer.of(sig.algorithm, sig.labels ?? 0), be(sig.ttl ?? 0, 4), be(sig.expiration, 4), be(sig.inception, 4), be(sig.tag, 2), labels(sig.signer)])
}

/** The message with SIG(0) behind it. */
export function sig0Sign(message: Buffer, sig: PeerSig): Buffer {
  const head = headOf(sig)
  const data = Buffer.concat([head, sig.request ?? Buffer.alloc(0), message])
  const signature = sig.signature ?? sign(HASH[sig.algorithm], data, { key: sig.key, dsaEncoding: 'ieee-p1363' })
  const octets = Buffer.concat([message, Buffer.of(0), be(24, 2), be(255, 2), be(0, 4), be(head.length + signature.length, 2), head, signature])
  octets.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  return octets
}

/** Whether a signed message is as the peer would have signed it; `sig` says what must stand in the record. */
export function sig0Verify(octets: Uint8Array, sig: PeerSig, publicKey: KeyObject): boolean {
  const head = headOf(sig)
  const all = Buffer.from(octets)
  const at = all.lastIndexOf(head)
  if (at < 11) return false
  const message = Buffer.from(all.subarray(0, at - 11))
  message.writeUInt16BE(all.readUInt16BE(10) - 1, 10)
  return verify(HASH[sig.algorithm], Buffer.concat([head, sig.request ?? Buffer.alloc(0), message]), { key: publicKey, dsaEncoding: 'ieee-p1363' }, all.subarray(at + head.length))
}
