/**
 * Makes a zone image: the loading side, one record after another in whatever order a file has them. Records
 * go from the parser's buffers straight to their place in the block; no object is made per record.
 *
 * The block is reserved generously (untouched pages cost nothing) and moved to a larger one when it is full.
 * An RRset must lie in one piece: the one at the end of the block is extended in place, another is moved to
 * the end with room to spare, so that records in any order cost constant work each.
 */
import { MAX_IMAGE_OCTETS, MAX_ORDER_LEVELS as MAX_LEVELS, MAX_RRSET_OCTETS, MAX_RRSET_RECORDS } from '../dns/limits.ts'
import { TYPE } from '../dns/codes.ts'
import { nsec3ParamsOf } from './apex.ts'
import { ZoneImage, type NodeId, type RRsetId } from './image.ts'
import { ELEMENT, HEADER, MARK, NODE, RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS, wordsFor } from './layout.ts'
import { findRecord, foldsFrom, rdataKey } from './rdata-match.ts'
import { ImageFull, isAgentType, mostOctets, tableSizeFor, ZoneWriter } from './writer.ts'

/** What became of a record: stored, or why it was not. `ttl-differs` was stored with its RRset's TTL (RFC 2181 5.2). */
export type Added = 'added' | 'ttl-differs' | 'duplicate' | 'out-of-zone' | 'rrset-too-large' | 'zone-too-large'

/** What a builder must know before the first record. */
export interface BuilderOptions {
  /** Wire form of the zone's name, in the case in which it is to be shown. */
  apex: Uint8Array
  /** CLASS of all records: IN or LOCAL. */
  class: number
  /** The process's hash seed; must be that of the LookupNames used for searching. */
  seed: number
  /** How many names to make room for at first. */
  expectedNames?: number
  /** Octets of the block at first; pages are touched only as they fill. */
  expectedOctets?: number
}

/** Names to make room for at first, at most: their table takes a quarter of the largest block. A larger table grows by itself. */
const MOST_EXPECTED_NAMES = MAX_IMAGE_OCTETS / 64

/** RRsets with more records than this keep a set of what they hold, so that looking for duplicates stays cheap. */
const LINEAR_SEARCH = 24

/** Takes a zone's records and gives its image: `builder.add(…)` for each, then `builder.finish()`. */
export class ZoneBuilder extends ZoneWriter {
  private readonly large = new Map<RRsetId, Set<string>>()

  constructor(options: BuilderOptions) {
    super(options.seed)
    this.class = options.class
    this.name.load(options.apex, 0)
    const slots = tableSizeFor(Math.min(options.expectedNames ?? 64, MOST_EXPECTED_NAMES))
    this.reserve(slots * 8 + 65_536, Math.max(options.expectedOctets ?? 0, 65_536) + slots * 8 + 1024)
    const { words } = this
    words[HEADER.class] = options.class
    words[HEADER.seed] = options.seed
    words[HEADER.top] = HEADER.words
    words[HEADER.table] = this.makeTable(slots)
    words[HEADER.apex] = this.makeNode(options.apex, 0, 0)
    words[HEADER.nsecOrder] = this.makeElement(0, 0, MAX_LEVELS)
    words[HEADER.nsec3Order] = words[HEADER.nsec3Chain] = this.makeElement(0, 0, MAX_LEVELS)
    this.nsecTail.fill(words[HEADER.nsecOrder])
    this.nsec3Tail.fill(words[HEADER.nsec3Order])
    this.image = new ZoneImage(this.image.buffer)
  }

  /** Stores one record; `owner` holds its name in wire form, `rdata` its uncompressed RDATA in the first `rdataLength` octets. */
  add(owner: Uint8Array, type: number, ttl: number, rdata: Uint8Array, rdataLength: number): Added {
    if (RECORD_HEAD_OCTETS + rdataLength > MAX_RRSET_OCTETS) return 'rrset-too-large'
    try {
      return this.store(owner, type, ttl, rdata, rdataLength)
    } catch (fault) {
      if (fault instanceof ImageFull) return 'zone-too-large'
      throw fault
    }
  }

  private store(owner: Uint8Array, type: number, ttl: number, rdata: Uint8Array, rdataLength: number): Added {
    const node = this.nodeFor(owner)
    if (node === 0) return 'out-of-zone'
    const covered = type === TYPE.RRSIG ? (rdata[0] << 8) | rdata[1] : 0
    const key = type | (covered << 16)
    let rrset = this.words[node + NODE.state]
    while (rrset !== 0 && this.words[rrset + RRSET.key] !== key) rrset = this.words[rrset + RRSET.next]
    if (rrset === 0) {
      this.makeRRset(node, key, ttl, rdata, rdataLength)
      this.markNode(node, type)
      return 'added'
    }
    if (this.holds(rrset, rdata, rdataLength)) return 'duplicate'
    if (this.isFull(rrset, type, rdataLength)) return 'rrset-too-large'
    const ownTtl = this.image.ttlOf(rrset)
    this.extendRRset(node, rrset, ownTtl, rdata, rdataLength)
    return ownTtl === ttl ? 'added' : 'ttl-differs'
  }

  /** The finished image. The builder is of no use afterwards. */
  finish(): ZoneImage {
    this.large.clear()
    this.chainNsec3()
    return new ZoneImage(this.image.buffer)
  }

  /**
   * Lists apart the NSEC3 owners of the chain that NSEC3PARAM tells of, where the zone holds others too, as while it is
   * being hashed anew: proofs from two chains prove nothing (RFC 5155 7.1, 10.4).
   */
  private chainNsec3(): void {
    const { image, words } = this
    const head = words[HEADER.nsec3Order]
    const paramsAt = nsec3ParamsOf(image)
    let foreign = 0
    for (let at = words[head + ELEMENT.next]; at !== 0; at = words[at + ELEMENT.next]) if (!isOfChain(image, words[at + ELEMENT.node], paramsAt)) foreign++
    if (foreign === 0) return
    const chain = this.makeElement(0, 0, MAX_LEVELS)
    this.nsec3Tail.fill(chain)
    for (let at = words[head + ELEMENT.next]; at !== 0; at = this.words[at + ELEMENT.next]) {
      const node = this.words[at + ELEMENT.node]
      if (isOfChain(this.image, node, paramsAt)) this.list(chain, this.nsec3Tail, node)
    }
    this.words[HEADER.nsec3Chain] = chain
  }

  /** Keeps what a search must know of a node's types: cuts and DNAMEs, and the order of the owners of NSEC and NSEC3. */
  private markNode(node: NodeId, type: number): void {
    switch (type) {
      case TYPE.NS:
        if (node !== this.words[HEADER.apex]) this.words[node + NODE.marks] |= MARK.cut
        break
      case TYPE.DNAME:
        this.words[node + NODE.marks] |= MARK.dname
        break
      case TYPE.NSEC:
        this.list(this.words[HEADER.nsecOrder], this.nsecTail, node)
        break
      case TYPE.NSEC3:
        this.list(this.words[HEADER.nsec3Order], this.nsec3Tail, node)
        break
    }
  }

  private isFull(rrset: RRsetId, type: number, rdataLength: number): boolean {
    if (this.image.recordsIn(rrset) >= MAX_RRSET_RECORDS) return true
    return this.words[rrset + RRSET.octets] + RECORD_HEAD_OCTETS + rdataLength > mostOctets(type)
  }

  private makeRRset(node: NodeId, key: number, ttl: number, rdata: Uint8Array, rdataLength: number): void {
    if (isAgentType(key & 0xffff)) this.words[HEADER.agents]++
    const size = RECORD_HEAD_OCTETS + rdataLength
    const rrset = this.take(RRSET.words + wordsFor(size))
    const { words } = this
    words[rrset + RRSET.next] = words[node + NODE.state]
    words[rrset + RRSET.key] = key
    words[rrset + RRSET.octets] = size
    words[rrset + RRSET.count] = 1
    this.writeRecord(rrset * 4 + RRSET_HEAD_OCTETS, key & 0xffff, ttl, rdata, rdataLength)
    words[node + NODE.state] = rrset
    words[HEADER.records]++
  }

  private extendRRset(node: NodeId, rrset: RRsetId, ttl: number, rdata: Uint8Array, rdataLength: number): void {
    const before = this.words[rrset + RRSET.octets]
    const after = before + RECORD_HEAD_OCTETS + rdataLength
    const place = this.roomFor(node, rrset, before, after)
    const { words } = this
    this.writeRecord(place * 4 + RRSET_HEAD_OCTETS + before, words[place + RRSET.key] & 0xffff, ttl, rdata, rdataLength)
    words[place + RRSET.octets] = after
    words[place + RRSET.count]++
    words[HEADER.records]++
  }

  /** The RRset's handle once it has room for `after` octets: its own where it lies last or has slack, else a new place with twice the room. */
  private roomFor(node: NodeId, rrset: RRsetId, before: number, after: number): RRsetId {
    const slack = (this.words[rrset + RRSET.count] >>> 16) & 0x1f
    const held = slack === 0 ? wordsFor(before) : 1 << (slack - 1)
    const needed = wordsFor(after)
    if (needed <= held) return rrset
    const isLast = rrset + RRSET.words + held === this.words[HEADER.top]
    if (isLast && slack === 0) {
      this.take(needed - held)
      return rrset
    }
    const bits = 32 - Math.clz32(needed * 2 - 1)
    const place = this.take(RRSET.words + (1 << bits))
    const { words } = this
    words.copyWithin(place, rrset, rrset + RRSET.words + wordsFor(before))
    words[place + RRSET.count] = (words[rrset + RRSET.count] & 0xffff) | ((bits + 1) << 16)
    this.relink(node, rrset, place)
    words[HEADER.waste] += RRSET.words + held
    const known = this.large.get(rrset)
    if (known !== undefined) {
      this.large.delete(rrset)
      this.large.set(place, known)
    }
    return place
  }

  private relink(node: NodeId, from: RRsetId, to: RRsetId): void {
    const { words } = this
    let link = node + NODE.state
    while (words[link] !== from) link = words[link] + RRSET.next
    words[link] = to
  }

  /** Whether the RRset holds a record with this RDATA, names in it compared without case (RFC 2181 5, RFC 4034 6.3). */
  private holds(rrset: RRsetId, rdata: Uint8Array, rdataLength: number): boolean {
    if (this.image.recordsIn(rrset) > LINEAR_SEARCH) return this.holdsAmongMany(rrset, this.image.typeOf(rrset), rdata, rdataLength)
    return findRecord(this.image, rrset, rdata, rdataLength) !== 0
  }

  private holdsAmongMany(rrset: RRsetId, type: number, rdata: Uint8Array, rdataLength: number): boolean {
    let known = this.large.get(rrset)
    if (known === undefined) {
      known = new Set()
      const { image } = this
      const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
      for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) {
        known.add(rdataKey(this.octets, image.rdataAt(at), image.rdataLength(at), foldsFrom(type)))
      }
      this.large.set(rrset, known)
    }
    const key = rdataKey(rdata, 0, rdataLength, foldsFrom(type))
    if (known.has(key)) return true
    known.add(key)
    return false
  }
}

/** Whether the NSEC3 at `node` has algorithm, iterations and salt of the NSEC3PARAM at `paramsAt`; flags may differ (RFC 5155 4.1.2). */
function isOfChain(image: ZoneImage, node: NodeId, paramsAt: number): boolean {
  if (paramsAt === 0) return false
  const { octets } = image
  const at = image.rdataAt(image.firstRecordAt(image.rrsetOf(node, TYPE.NSEC3)))
  const size = 5 + octets[paramsAt + 4]
  for (let i = 0; i < size; i++) if (i !== 1 && octets[at + i] !== octets[paramsAt + i]) return false
  return true
}
