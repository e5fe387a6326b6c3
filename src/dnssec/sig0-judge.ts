/**
 * Judges messages signed by SIG(0) (RFC 2931), cheapest question first, so that bounded work is done for who has
 * proven nothing yet (CVE-2024-1975):
 *
 *     times → keys of the signer (at most 16 looked at) → those of the algorithm and tag (at most 2 tried)
 *           → a place in the queue → key object, signature, off the thread
 *           → seen before?
 */
import { createHash } from 'node:crypto'
import { RCODE } from '../dns/codes.ts'
import { MAX_REMEMBERED_MACS, MAX_SIG0_KEYS_LOOKED_AT, MAX_SIG0_KEYS_TRIED } from '../dns/limits.ts'
import type { Message } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import type { Authentication, Sig0Seal } from './authentication.ts'
import { CheckQueue, networkOf, type QueueBounds } from './check-queue.ts'
import { isServedAlgorithm, KeyCache, keyTag, verifySignatureOffThread } from './public-key.ts'
import { type Recall, ResponseMemory, senderOf, tagOf, type Source } from './replay.ts'
import { isTimeless, isWithinTimes, maySignMessages, readSig0, signedOctets, type Sig0Fields, type Sig0Key } from './sig0.ts'
import type { SignatureRecord } from './signed-message.ts'

/** What SIG(0) needs of the world. */
export interface Sig0Options {
  /** RDATA of the KEY records that speak for `signer`: those of our zones. */
  readonly keysOf: (signer: Name) => readonly Uint8Array[]
  /** Those that the message brings itself (RFC 9665 3.2.5.2), from who may do so; they prove no more than who has the key. */
  readonly introducedKeysOf?: (signer: Name, message: Message, source: Source) => readonly Uint8Array[]
  /** Whether a message may come without times, from a device without a clock; by default none. */
  readonly mayBeTimeless?: (message: Message) => boolean
  /** Signs responses to what was signed by SIG(0); without it they go unsigned, as RFC 2931 3.2 allows. */
  readonly ownKey?: Sig0Key
  readonly queue?: Partial<QueueBounds>
  readonly remembered?: number
}

/** Proves messages by public keys. */
export class Sig0Judge {
  readonly queue: CheckQueue
  readonly cache = new KeyCache()
  private readonly options: Sig0Options
  private readonly memory: SeenMessages

  constructor(options: Sig0Options) {
    this.options = options
    this.queue = new CheckQueue(options.queue)
    this.memory = new SeenMessages(options.remembered)
  }

  /** Who signed. WireFault where the SIG is malformed; the promise is never rejected. `mayRepeat` says that nothing changes if the message comes twice. */
  judge(octets: Uint8Array, record: SignatureRecord, message: Message, source: Source, nowSeconds: number, mayRepeat: boolean): Authentication | Promise<Authentication> {
    const fields = readSig0(record)
    const isExempt = isTimeless(fields) && this.options.mayBeTimeless?.(message) === true
    if (!isExempt && !isWithinTimes(fields, nowSeconds)) return refuse(RCODE.REFUSED, 'the signature is not valid now')
    const known = this.candidates(fields, this.options.keysOf(fields.signer))
    const keys = known.length > 0 ? known : this.candidates(fields, this.options.introducedKeysOf?.(fields.signer, message, source) ?? [])
    if (keys.length === 0) return refuse(RCODE.REFUSED, 'no KEY of the signer has the algorithm and tag of the signature')
    const signed = signedOctets(octets, record, fields)
    const checked = this.queue.run(networkOf(source.address), () => this.findKey(fields, keys, signed))
    if (checked === undefined) return refuse(RCODE.SERVFAIL, 'too many signatures wait to be checked')
    const request = this.options.ownKey === undefined ? undefined : new Uint8Array(octets)
    const sender = senderOf(source, (octets[0] << 8) | octets[1])
    return checked.then((key) => {
      if (key === undefined) return refuse(RCODE.REFUSED, 'the signature is wrong')
      const seal: Sig0Seal = { kind: 'sig0', request, remembered: mayRepeat ? undefined : digestTag(signed) }
      const proven: Authentication = { outcome: 'proven', signer: { kind: 'sig0', name: fields.signer, key, ...(known.length > 0 ? {} : { isIntroduced: true }) }, seal }
      return seal.remembered === undefined ? proven : this.recall(seal.remembered, sender, proven)
    })
  }

  /** Keeps the response to a message for its retransmissions. */
  keep(tag: number, response: Uint8Array): void {
    this.memory.responses.keep(tag, response)
  }

  private candidates({ algorithm, keyTag: tag }: Sig0Fields, keys: readonly Uint8Array[]): Uint8Array[] {
    if (!isServedAlgorithm(algorithm)) return []
    const looked = keys.slice(0, MAX_SIG0_KEYS_LOOKED_AT)
    return looked.filter((rdata) => maySignMessages(rdata) && rdata[3] === algorithm && keyTag(rdata) === tag).slice(0, MAX_SIG0_KEYS_TRIED)
  }

  /** The first of the keys whose signature it is. */
  private async findKey({ algorithm, signature }: Sig0Fields, keys: readonly Uint8Array[], signed: Uint8Array): Promise<Uint8Array | undefined> {
    for (const rdata of keys) {
      const key = this.cache.keyOf(rdata)
      if (key !== undefined && (await verifySignatureOffThread(algorithm, key, signed, signature))) return rdata
    }
    return undefined
  }

  private recall(tag: number, sender: string, proven: Authentication): Authentication {
    const recall = this.memory.recall(tag, sender)
    if (recall.is === 'new') return proven
    if (recall.is === 'replayed') return refuse(RCODE.REFUSED, 'the message was seen before')
    return recall.response === undefined ? { outcome: 'pending' } : { outcome: 'repeated', response: recall.response }
  }
}

function refuse(rcode: number, reason: string): Authentication {
  return { outcome: 'refused', rcode, seal: undefined, reason }
}

/** What is remembered is what was signed, not the signature: of one ECDSA signature anybody can make a second that is as good. */
function digestTag(signed: Uint8Array): number {
  return tagOf(createHash('sha256').update(signed).digest())
}

/**
 * Messages seen, the oldest forgotten first. Unlike those of a shared secret their signers are many and may be anybody, so
 * there is no floor that one of them could raise for the others: see MAX_REMEMBERED_MACS. Their order stands in a ring, as
 * that of the responses does.
 */
class SeenMessages {
  readonly responses = new ResponseMemory()
  private readonly tags = new Set<number>()
  private readonly ring: Float64Array
  /** Where in the ring the next tag goes, in the place of the oldest once all are taken. */
  private next = 0

  constructor(limit: number = MAX_REMEMBERED_MACS) {
    this.ring = new Float64Array(limit)
  }

  recall(tag: number, sender: string): Recall {
    if (this.tags.has(tag)) return this.responses.recall(tag, sender)
    const { tags, ring } = this
    if (tags.size === ring.length) tags.delete(ring[this.next])
    tags.add(tag)
    ring[this.next] = tag
    this.next = (this.next + 1) % ring.length
    this.responses.expect(tag, sender)
    return { is: 'new' }
  }
}
