/**
 * Records made while answering, in the layout of an image's RRsets (src/zone/layout.ts), so that they are
 * rendered like any other: the CNAMEs that DNAMEs stand for. Its room is enough for every step of the
 * longest chain, and it is used anew for each query.
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_CHAIN, MAX_NAME_OCTETS } from '../dns/limits.ts'
import { wireLength } from '../dns/name.ts'
import { copyOctets, type OctetBlock, viewOf } from '../dns/octet-views.ts'
import { RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS, wordsFor } from '../zone/layout.ts'
import type { RRsetSource } from './plan.ts'

const WORDS_EACH = RRSET.words + wordsFor(RECORD_HEAD_OCTETS + MAX_NAME_OCTETS)

/** A block of RRsets that live for one answer. */
export class RecordScratch implements RRsetSource {
  readonly words: Int32Array
  readonly octets: Uint8Array
  readonly view: DataView
  private top = 1

  constructor() {
    const buffer = new ArrayBuffer((1 + WORDS_EACH * (MAX_CHAIN + 1)) * 4)
    this.words = new Int32Array(buffer)
    this.octets = new Uint8Array(buffer)
    this.view = viewOf(this.octets)
  }

  reset(): void {
    this.top = 1
  }

  rdataAt(rrset: number): number {
    return rrset * 4 + RRSET_HEAD_OCTETS + RECORD_HEAD_OCTETS
  }

  /**
   * Handle of a CNAME RRset whose target is the first `prefix` octets of the wire name at `from[fromAt]` followed
   * by the wire name at `suffix[suffixAt]` (RFC 6672 2.2); 0 where that would be longer than a name may be.
   */
  writeCname(from: OctetBlock, fromAt: number, prefix: number, suffix: OctetBlock, suffixAt: number, ttl: number, rrClass: number): number {
    const suffixLength = wireLength(suffix.octets, suffixAt)
    const length = prefix + suffixLength
    if (length > MAX_NAME_OCTETS || this.top + WORDS_EACH > this.words.length) return 0
    const rrset = this.top
    this.top += WORDS_EACH
    this.words[rrset + RRSET.next] = 0
    this.words[rrset + RRSET.key] = TYPE.CNAME
    this.words[rrset + RRSET.octets] = RECORD_HEAD_OCTETS + length
    this.words[rrset + RRSET.count] = 1
    const at = this.rdataAt(rrset)
    this.writeHead(at - RECORD_HEAD_OCTETS, ttl, rrClass, length)
    copyOctets(from.view, fromAt, this.view, at, prefix)
    copyOctets(suffix.view, suffixAt, this.view, at + prefix, suffixLength)
    return rrset
  }

  private writeHead(at: number, ttl: number, rrClass: number, rdataLength: number): void {
    const o = this.octets
    o[at] = 0xc0
    o[at + 1] = 0x0c
    o[at + 2] = 0
    o[at + 3] = TYPE.CNAME
    o[at + 4] = rrClass >>> 8
    o[at + 5] = rrClass
    o[at + 6] = ttl >>> 24
    o[at + 7] = ttl >>> 16
    o[at + 8] = ttl >>> 8
    o[at + 9] = ttl
    o[at + 10] = rdataLength >>> 8
    o[at + 11] = rdataLength
  }
}
