/**
 * TSIG over a TCP response of many messages, as a zone transfer is (RFC 8945 5.3.1): each signature covers the one
 * before it, so that no message can be left out, repeated or moved. The first is signed as any response; those
 * behind it by their timers alone.
 *
 *     first   request's MAC | message | variables
 *     next    last MAC      | all messages since it | time, fudge
 */
import { MAX_UNSIGNED_MESSAGES, TSIG_FUDGE_SECONDS } from '../dns/limits.ts'
import { findSignature } from './signed-message.ts'
import { beginMac, isPossibleMac, isSameMac, isTimely, judgeTsig, readTsig, sealTsig, withTsig, writeSigned, writeTimers, type TsigKey, type TsigSeal } from './tsig.ts'

const NO_OCTETS = new Uint8Array(0)

/** Signs the messages of one response, each of them (RFC 8945 5.3.1 asks for the first, the last and one in a hundred). */
export class TsigStreamSigner {
  private readonly seal: TsigSeal
  private last: Uint8Array | undefined

  /** `seal` is that of the request, whose signature was good. */
  constructor(seal: TsigSeal) {
    this.seal = seal
  }

  /** The next message of the response, signed. */
  sign(message: Uint8Array, nowSeconds: number): Uint8Array {
    const { key, request, owner } = this.seal
    if (this.last === undefined || key === undefined) {
      const { octets, mac } = sealTsig(message, this.seal, nowSeconds)
      this.last = mac
      return octets
    }
    const times = { timeSigned: nowSeconds, fudge: TSIG_FUDGE_SECONDS }
    const out = beginMac(key, this.last)
    writeSigned(message, message.length, request.originalId, 0, out)
    writeTimers(times, out)
    this.last = key.hmac.end().subarray(0, this.last.length)
    return withTsig(message, owner, { algorithm: request.algorithm, ...times, mac: this.last, originalId: request.originalId, error: 0, other: NO_OCTETS })
  }
}

/** What a message of a response is: `held` waits for the next signature, which must come before the response may be used. */
export type StreamVerdict = 'good' | 'held' | 'bad'

/** Checks the messages of one response in the order in which they came. */
export class TsigStreamReader {
  private readonly key: TsigKey
  private last: Uint8Array
  private isFirst = true
  private held: Uint8Array[] = []
  private failed = false

  /** `requestMac` is that of the request (`signTsigRequest`). */
  constructor(key: TsigKey, requestMac: Uint8Array) {
    this.key = key
    this.last = requestMac
  }

  /** Whether every message so far is covered by a signature; the last message of a response must be (RFC 8945 5.3.1). */
  get isCovered(): boolean {
    return !this.failed && !this.isFirst && this.held.length === 0
  }

  /** Takes the next message. After `bad` everything is. WireFault where it is malformed. */
  accept(octets: Uint8Array, nowSeconds: number): StreamVerdict {
    if (this.failed) return 'bad'
    const record = findSignature(octets)
    if (record?.kind === 'tsig') return this.settle(this.isGood(octets, record, nowSeconds))
    if (this.isFirst || this.held.length === MAX_UNSIGNED_MESSAGES) return this.settle(false)
    this.held.push(octets)
    return 'held'
  }

  private settle(isGood: boolean): StreamVerdict {
    this.failed = !isGood
    this.held = []
    return isGood ? 'good' : 'bad'
  }

  private isGood(octets: Uint8Array, record: NonNullable<ReturnType<typeof findSignature>>, nowSeconds: number): boolean {
    const { key, last } = this
    const fields = readTsig(record)
    if (!record.owner.equals(key.name) || !fields.algorithm.equals(key.algorithm.name) || fields.error !== 0 || !isPossibleMac(fields.mac, key.algorithm)) return false
    this.last = Uint8Array.from(fields.mac) // the message's own memory may be filled again
    if (this.isFirst) {
      this.isFirst = false
      return judgeTsig(octets, record, fields, key, last, nowSeconds) === 0
    }
    const out = beginMac(key, last)
    for (const message of this.held) out.bytes(message)
    writeSigned(octets, record.at, fields.originalId, -1, out)
    writeTimers(fields, out)
    return isSameMac(fields.mac, key.hmac.end()) && isTimely(fields, nowSeconds) && fields.mac.length >= key.leastMacOctets
  }
}
