/**
 * Who sent this message? The one question that the path of a query asks of all that is signed, whatever it is
 * signed with: TSIG (RFC 8945) or SIG(0) (RFC 2931); and the answer's counterpart, the signature of the response.
 *
 *     verify(octets, message, source)  ──▶  unsigned | proven, with a seal | repeated | pending | refused
 *     sign(response octets, seal)      ──▶  response octets with TSIG
 *
 * TSIG is judged at once. SIG(0) costs a hundred times as much and is checked off the thread, so the result is
 * then a promise; `await` serves both, and who cares for speed asks `instanceof Promise`.
 */
import { OPCODE, RCODE } from '../dns/codes.ts'
import { WireFault } from '../dns/faults.ts'
import type { Message } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { ReplayMemory, senderOf, tagOf, type ReplayBounds, type Source } from './replay.ts'
import { findSignature, type SignatureRecord } from './signed-message.ts'
import { findKey, isPossibleMac, judgeTsig, readTsig, sealTsig, tsigOctets, type TsigError, type TsigFields, type TsigKey, type TsigKeyring, type TsigSeal } from './tsig.ts'

export type { Source } from './replay.ts'

/** A proven key: TSIG by its configured name (RFC 8945), SIG(0) by the KEY it was checked against (RFC 2931). */
export type Signer = { kind: 'tsig'; name: Name } | { kind: 'sig0'; name: Name; key: Uint8Array }

/** What a response is signed with; made by `verify`, used once by `sign`. */
export type Seal = TsigSeal

/** What came of looking at a message. */
export type Authentication =
  /** It carries no signature. */
  | { outcome: 'unsigned' }
  /** The signer wrote it, now, and it was not seen before. The record that signs is still the last of `message.additionals`. */
  | { outcome: 'proven'; signer: Signer; seal: Seal | undefined }
  /** The client has lost our response and asks again: send these octets and do nothing else. */
  | { outcome: 'repeated'; response: Uint8Array }
  /** The same message from the same client is being worked on: stay silent, its response is on the way. */
  | { outcome: 'pending' }
  /** Not to be served. With a seal the response carries a TSIG that says why. */
  | { outcome: 'refused'; rcode: number; seal: Seal | undefined; reason: string }

/** What the authenticator needs. */
export interface AuthenticatorOptions {
  readonly keys: TsigKeyring
  /** Unix time in milliseconds. */
  readonly nowMs: () => number
  readonly replay?: Partial<ReplayBounds>
}

/** Proves messages and signs responses. */
export class Authenticator {
  private keys: TsigKeyring
  private readonly nowMs: () => number
  private readonly replay: ReplayMemory

  constructor({ keys, nowMs, replay }: AuthenticatorOptions) {
    this.keys = keys
    this.nowMs = nowMs
    this.replay = new ReplayMemory(replay)
  }

  /** Puts other TSIG keys into use, as a reload does; what was seen stays known. */
  useKeys(keys: TsigKeyring): void {
    this.keys = keys
  }

  /** Who signed the request `octets`, of which `message` is the decoded form. Never throws, and a promise never fails. */
  verify(octets: Uint8Array, _message: Message, source: Source): Authentication | Promise<Authentication> {
    try {
      const record = findSignature(octets)
      if (record === undefined) return { outcome: 'unsigned' }
      if (record.kind === 'tsig') return this.verifyTsig(octets, record, source)
      return refuse(RCODE.REFUSED, 'SIG(0) is not served')
    } catch (fault) {
      if (fault instanceof WireFault) return refuse(RCODE.FORMERR, fault.message) // RFC 8945 5.2
      throw fault
    }
  }

  /** Octets that `sign` will add. */
  overhead(seal: Seal): number {
    return tsigOctets(seal)
  }

  /** The response signed as its request asks for (RFC 8945 5.3); kept for retransmissions where the request may not be repeated. */
  sign(response: Uint8Array, seal: Seal): Uint8Array {
    const { octets } = sealTsig(response, seal, this.nowSeconds())
    if (seal.remembered !== undefined) this.replay.keep(seal.remembered, octets)
    return octets
  }

  private nowSeconds(): number {
    return Math.floor(this.nowMs() / 1_000)
  }

  /** RFC 8945 5.2: key, MAC, time, truncation, in this order. */
  private verifyTsig(octets: Uint8Array, record: SignatureRecord, source: Source): Authentication {
    const request = readTsig(record)
    const { owner } = record
    const key = findKey(this.keys, owner, request.algorithm)
    if (key === undefined) return refuseTsig(owner, request, undefined, RCODE.BADKEY)
    if (!isPossibleMac(request.mac, key.algorithm)) return refuse(RCODE.FORMERR, 'the MAC has a length that its algorithm cannot have') // RFC 8945 5.2.2.1
    const now = this.nowSeconds()
    const error = judgeTsig(octets, record, request, key, undefined, now)
    if (error !== 0) return refuseTsig(owner, request, error === RCODE.BADSIG ? undefined : key, error)
    if (!mayRepeat(octets)) return this.recall(octets, key, owner, request, source, now)
    return { outcome: 'proven', signer: { kind: 'tsig', name: key.name }, seal: { kind: 'tsig', key, owner, request, error: 0 } }
  }

  private recall(octets: Uint8Array, key: TsigKey, owner: Name, request: TsigFields, source: Source, now: number): Authentication {
    const tag = tagOf(request.mac)
    const sighting = { group: key.name.key, tag, second: request.timeSigned, sender: senderOf(source, (octets[0] << 8) | octets[1]) }
    const recall = this.replay.recall(sighting, now)
    if (recall.is === 'replayed') return refuseTsig(owner, request, key, RCODE.BADTIME, 'the message was seen before, or is too old to tell')
    if (recall.is === 'retransmitted') return recall.response === undefined ? { outcome: 'pending' } : { outcome: 'repeated', response: recall.response }
    return { outcome: 'proven', signer: { kind: 'tsig', name: key.name }, seal: { kind: 'tsig', key, owner, request, error: 0, remembered: tag } }
  }
}

/** Whether a message may be received twice: a query or a NOTIFY changes nothing, so its signature is not remembered. */
function mayRepeat(octets: Uint8Array): boolean {
  const opcode = (octets[2] >>> 3) & 15
  return opcode === OPCODE.QUERY || opcode === OPCODE.NOTIFY
}

function refuse(rcode: number, reason: string): Authentication {
  return { outcome: 'refused', rcode, seal: undefined, reason }
}

const REASONS: Readonly<Record<number, string>> = {
  [RCODE.BADKEY]: 'the key or its algorithm is not known',
  [RCODE.BADSIG]: 'the MAC is wrong',
  [RCODE.BADTIME]: 'the time of the signature is too far from ours',
  [RCODE.BADTRUNC]: 'the MAC is shorter than the key allows',
}

function refuseTsig(owner: Name, request: TsigFields, key: TsigKey | undefined, error: TsigError, reason: string = REASONS[error]): Authentication {
  return { outcome: 'refused', rcode: RCODE.NOTAUTH, seal: { kind: 'tsig', key, owner, request, error }, reason }
}
