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
import type { Authentication, Seal, Sig0Seal } from './authentication.ts'
import { ReplayMemory, senderOf, tagOf, type ReplayBounds, type Source } from './replay.ts'
import { signSig0, sig0Octets, type Sig0Key } from './sig0.ts'
import { Sig0Judge, type Sig0Options } from './sig0-judge.ts'
import { findSignature, type SignatureRecord } from './signed-message.ts'
import { findKey, isPossibleMac, judgeTsig, readTsig, sealTsig, tsigOctets, type TsigError, type TsigFields, type TsigKey, type TsigKeyring } from './tsig.ts'

export type { Authentication, Seal, Sig0Seal, Signer } from './authentication.ts'
export type { Source } from './replay.ts'

/** What the authenticator needs. */
export interface AuthenticatorOptions {
  readonly keys: TsigKeyring
  /** Unix time in milliseconds. */
  readonly nowMs: () => number
  readonly replay?: Partial<ReplayBounds>
  /** Without it SIG(0) is refused. */
  readonly sig0?: Sig0Options
}

/** Seconds before and after now for which our own SIG(0) is good (RFC 2931 3.3 wants them short). */
const OWN_SIGNATURE_SECONDS = 300

/** Proves messages and signs responses. */
export class Authenticator {
  private keys: TsigKeyring
  private readonly nowMs: () => number
  private readonly replay: ReplayMemory
  private readonly sig0: Sig0Judge | undefined
  private readonly ownKey: Sig0Key | undefined

  constructor({ keys, nowMs, replay, sig0 }: AuthenticatorOptions) {
    this.keys = keys
    this.nowMs = nowMs
    this.replay = new ReplayMemory(replay)
    this.sig0 = sig0 && new Sig0Judge(sig0)
    this.ownKey = sig0?.ownKey
  }

  /** Puts other TSIG keys into use, as a reload does; what was seen stays known. */
  useKeys(keys: TsigKeyring): void {
    this.keys = keys
  }

  /**
   * Who signed the request `octets`, of which `message` is the decoded form. Never throws, and a promise never fails; until it is
   * settled the octets must stay as they are.
   */
  verify(octets: Uint8Array, message: Message, source: Source): Authentication | Promise<Authentication> {
    try {
      const record = findSignature(octets)
      if (record === undefined) return { outcome: 'unsigned' }
      if (record.kind === 'tsig') return this.verifyTsig(octets, record, source)
      if (this.sig0 === undefined) return refuse(RCODE.REFUSED, 'SIG(0) is not served')
      return this.sig0.judge(octets, record, message, source, this.nowSeconds(), mayRepeat(octets))
    } catch (fault) {
      if (fault instanceof WireFault) return refuse(RCODE.FORMERR, fault.message) // RFC 8945 5.2
      throw fault
    }
  }

  /** Octets that `sign` will add. */
  overhead(seal: Seal): number {
    if (seal.kind === 'tsig') return tsigOctets(seal)
    return this.ownKey === undefined ? 0 : sig0Octets(this.ownKey)
  }

  /** The response signed as its request asks for (RFC 8945 5.3, RFC 2931 3.2); kept for retransmissions where the request may not be repeated. */
  sign(response: Uint8Array, seal: Seal): Uint8Array {
    const now = this.nowSeconds()
    const octets = seal.kind === 'tsig' ? sealTsig(response, seal, now).octets : this.signByOwnKey(response, seal, now)
    if (seal.remembered !== undefined) (seal.kind === 'tsig' ? this.replay : this.sig0)?.keep(seal.remembered, octets)
    return octets
  }

  private signByOwnKey(response: Uint8Array, { request }: Sig0Seal, now: number): Uint8Array {
    if (this.ownKey === undefined || request === undefined) return response
    return signSig0(response, this.ownKey, { inception: now - OWN_SIGNATURE_SECONDS, expiration: now + OWN_SIGNATURE_SECONDS }, request)
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
