/**
 * Answers of the chosen as octets that are sent as they are: what an agent adds to an answer is the same each time, but for
 * its rank, the TTL, and where its name stands. So each thread keeps it, as it stands in a message, and an answer is put
 * together from such pieces instead of being planned, looked up and compressed anew.
 *
 *     piece     QNAME AGENT class TTL RDLENGTH priority agent parameters | agent A … | agent AAAA …
 *     answer    … of each, by rank … | addresses of each: their owner points to the name in the record above (RFC 1035 4.1.4)
 *
 * A piece holds for one generation of the zone that holds the agent's addresses, and as long as the agent's record is the same.
 * Whatever is out of the ordinary (no piece has room for it, the message has none) goes the long way (chosen-block.ts).
 */
import type { ReadyAnswer } from '../../authority/plan.ts'
import { hostNode } from '../../authority/additional.ts'
import type { HostZones } from '../../authority/choosing.ts'
import { type Query, QUESTION_AT } from '../../authority/query.ts'
import { TYPE } from '../../dns/codes.ts'
import { MAX_PIECE_HOSTS, MAX_PIECE_OCTETS, MAX_RANKED_ANSWERS, PIECES } from '../../dns/limits-discovery.ts'
import { POINTER_LIMIT } from '../../dns/limits.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { copyOctets, sameOctets, viewOf } from '../../dns/octet-views.ts'
import { type NodeId, ZoneMatch, type ZoneImage } from '../../zone/image.ts'
import { HEADER, LEASED, leaseWordOf, RECORD_HEAD_OCTETS, RRSET } from '../../zone/layout.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import type { Ranker } from './rank.ts'
import { FAULT, nameEnd } from './values.ts'

/** Words that say what a piece is: of which zone (1 is the first) and slot, of which version of the entry; which of the hosts has its addresses (1 is the first, 0 none), and of which generation; octets of its record; of its addresses how many they are and where the leases stand, 0 for none. */
const PIECE = { zone: 0, slot: 1, version: 2, host: 3, generation: 4, octets: 5, a: 6, aLease: 7, aaaa: 8, aaaaLease: 9, words: 10 } as const
/** What `pieceOf` returns where there is none. */
const NONE = -1
const TO_QNAME = 0xc00c
const [A_OCTETS, AAAA_OCTETS] = [RECORD_HEAD_OCTETS + 4, RECORD_HEAD_OCTETS + 16]
const MIX = 0x9e37_79b1
/** No TTL is longer (RFC 2181 8). */
const MOST_SECONDS = 0x7fff_ffff

/** The answer made last. */
export class ReadyAnswers implements ReadyAnswer {
  view = new DataView(new ArrayBuffer(0))
  size = 0
  answers = 0
  additionals = 0
  private words = new Int32Array(0)
  /** Zones that have been answered for, by their index. */
  private readonly zones: ZoneImage[] = []
  private zone!: ZoneImage
  private index = 0
  private zonesOfHosts!: HostZones
  private nowSeconds = 0
  private pieces: DataView = this.view
  private octets = new Uint8Array(0)
  /** Zones that hold addresses of agents, as pieces number them. */
  private hosts: ZoneImage[] = []
  /** Of the agents of the answer: their pieces, and where their names stand in the message. */
  private readonly piece = new Int32Array(MAX_RANKED_ANSWERS)
  private readonly nameAt = new Int32Array(MAX_RANKED_ANSWERS)
  private name = new LookupName(0)
  private readonly match = new ZoneMatch()

  /** Forgets all pieces: tables mean something else now. */
  clear(): void {
    this.words.fill(0)
    this.hosts = []
  }

  /** The next answer is of this zone, at that index of the directory; addresses are looked up in `hosts`, and leases run by the clock of `nowMs`. */
  begin(zone: ZoneImage, index: number, hosts: HostZones, nowMs: number): void {
    if (this.zones[index] !== zone) {
      this.clear()
      this.zones[index] = zone
    }
    this.zone = zone
    this.index = index
    this.zonesOfHosts = hosts
    this.nowSeconds = Math.floor(nowMs / 1_000)
  }

  /**
   * Puts together what `ranker` has chosen, for the name that `query` asks for, in at most `room` octets behind the question; `ttl` of the records is in
   * seconds. Where not all have room, it is the best of them if `mayBeFewer`. False where that is not possible here, or an entry has changed since.
   */
  compose(table: CandidateTable, ranker: Ranker, query: Query, ttl: number, room: number, mayBeFewer: boolean): boolean {
    if (this.words.length === 0) this.reserve()
    this.size = this.answers = this.additionals = 0
    let needed = 0
    const bodyAt = QUESTION_AT + query.qnameLength + 4
    const most = Math.min(room, POINTER_LIMIT - bodyAt, this.view.byteLength)
    for (let i = 0; i < ranker.count; i++) {
      const piece = this.pieceOf(table, ranker.slots[i], ranker.versions[i], i)
      if (piece === NONE) return false
      needed += this.octetsOf(piece)
      if (needed > most && mayBeFewer && i > 0) break
      if (needed > most) return false
      this.piece[i] = piece
      this.nameAt[i] = bodyAt + this.size + RECORD_HEAD_OCTETS + 2
      this.addRecord(piece, ++this.answers, ttl)
    }
    for (let i = 0; i < this.answers; i++) this.addAddresses(this.piece[i], 0xc000 | this.nameAt[i])
    return true
  }

  /** Octets that the piece adds to an answer. */
  private octetsOf(piece: number): number {
    const { words } = this
    const at = piece * PIECE.words
    return words[at + PIECE.octets] + words[at + PIECE.a] * A_OCTETS + words[at + PIECE.aaaa] * AAAA_OCTETS
  }

  private reserve(): void {
    this.words = new Int32Array(PIECES * PIECE.words)
    this.octets = new Uint8Array(PIECES * MAX_PIECE_OCTETS)
    this.pieces = viewOf(this.octets)
    this.view = new DataView(new ArrayBuffer(MAX_RANKED_ANSWERS * MAX_PIECE_OCTETS))
  }

  private addRecord(piece: number, rank: number, ttl: number): void {
    const { view, size } = this
    const octets = this.words[piece * PIECE.words + PIECE.octets]
    copyOctets(this.pieces, piece * MAX_PIECE_OCTETS, view, size, octets)
    view.setUint32(size + 6, ttl)
    view.setUint16(size + RECORD_HEAD_OCTETS, rank)
    this.size = size + octets
  }

  private addAddresses(piece: number, pointer: number): void {
    const { words } = this
    const at = piece * PIECE.words
    const from = piece * MAX_PIECE_OCTETS + words[at + PIECE.octets]
    const a = words[at + PIECE.a]
    const aaaa = words[at + PIECE.aaaa]
    if (a + aaaa === 0) return
    const zone = this.hosts[words[at + PIECE.host] - 1]
    if (a > 0) this.copyAddresses(from, a, A_OCTETS, pointer, this.leftOf(zone, words[at + PIECE.aLease]))
    if (aaaa > 0) this.copyAddresses(from + a * A_OCTETS, aaaa, AAAA_OCTETS, pointer, this.leftOf(zone, words[at + PIECE.aaaaLease]))
  }

  private copyAddresses(from: number, count: number, each: number, pointer: number, secondsLeft: number): void {
    const { view } = this
    copyOctets(this.pieces, from, view, this.size, count * each)
    this.additionals += count
    for (; count > 0; count--, this.size += each) {
      view.setUint16(this.size, pointer)
      if (view.getUint32(this.size + 6) > secondsLeft) view.setUint32(this.size + 6, secondsLeft)
    }
  }

  /** Seconds that are left of the lease that ends at that word of the zone; more than any TTL where there is none. No record is remembered beyond its lease (RFC 9664 4.2). */
  private leftOf({ words }: ZoneImage, leaseWord: number): number {
    return leaseWord === 0 ? MOST_SECONDS : Math.max(0, (Atomics.load(words, leaseWord) >>> 0) - this.nowSeconds)
  }

  // ---- Pieces ----

  /** The piece of an entry as it was when it had that version, beside the `used` that the answer has; NONE where it has changed since, or has no piece. */
  private pieceOf(table: CandidateTable, slot: Slot, version: number, used: number): number {
    const { words, index } = this
    const key = Math.imul(slot ^ Math.imul(index + 1, MIX), MIX)
    const first = (key ^ (key >>> 15)) & (PIECES - 1)
    // what this answer has of another agent must stay until its addresses are copied
    const piece = this.isUsed(first, used) ? first ^ 1 : first
    if (piece !== first && this.isUsed(piece, used)) return NONE
    const at = piece * PIECE.words
    const isOf = words[at + PIECE.zone] === index + 1 && words[at + PIECE.slot] === slot && this.isHostSame(at)
    if (isOf && words[at + PIECE.version] === version) return piece
    if (!(isOf && this.isSame(table, slot, piece)) && !this.make(table, slot, piece)) return NONE
    words[at + PIECE.version] = version
    if (Atomics.load(table.i32.version, slot) === version) return piece
    words[at + PIECE.zone] = 0
    return NONE
  }

  private isUsed(piece: number, used: number): boolean {
    for (let i = 0; i < used; i++) if (this.piece[i] === piece) return true
    return false
  }

  /** Whether the zone that holds the addresses is as it was; another than the one that answers is looked at anew, as nobody else may. */
  private isHostSame(at: number): boolean {
    const { words } = this
    if (words[at + PIECE.host] === 0) return true // clear() is called where another zone comes
    const host = this.hosts[words[at + PIECE.host] - 1]
    if (host !== this.zone) host.refresh()
    return words[at + PIECE.generation] === host.generation
  }

  /** Whether the record of the entry is that of the piece: readings and leases change entries too. */
  private isSame({ heap, i32 }: CandidateTable, slot: Slot, piece: number): boolean {
    const size = i32.rdataLength[slot]
    const at = i32.rdataAt[slot]
    if (RECORD_HEAD_OCTETS + size !== this.words[piece * PIECE.words + PIECE.octets] || at + size > heap.length || size < 3) return false
    return sameOctets(viewOf(heap), at + 2, this.pieces, piece * MAX_PIECE_OCTETS + RECORD_HEAD_OCTETS + 2, size - 2)
  }

  private make({ heap, i32 }: CandidateTable, slot: Slot, piece: number): boolean {
    const { octets, pieces, words, zone } = this
    const [from, size] = [i32.rdataAt[slot], i32.rdataLength[slot]]
    const at = piece * PIECE.words
    const start = piece * MAX_PIECE_OCTETS
    const rdataAt = start + RECORD_HEAD_OCTETS
    words[at + PIECE.zone] = 0
    if (size < 3 || RECORD_HEAD_OCTETS + size > MAX_PIECE_OCTETS || from + size > heap.length) return false
    pieces.setUint16(start, TO_QNAME)
    pieces.setUint16(start + 2, TYPE.AGENT)
    pieces.setUint16(start + 4, zone.class)
    pieces.setUint16(start + 10, size)
    copyOctets(viewOf(heap), from, pieces, rdataAt, size)
    if (nameEnd(octets, rdataAt + 2, rdataAt + size) === FAULT) return false // it was written over meanwhile
    words[at + PIECE.slot] = slot
    words[at + PIECE.octets] = RECORD_HEAD_OCTETS + size
    if (this.name.seed !== zone.words[HEADER.seed]) this.name = new LookupName(zone.words[HEADER.seed])
    this.name.load(octets, rdataAt + 2, pieces)
    const host = this.zonesOfHosts.zoneOf(this.name)
    words[at + PIECE.a] = words[at + PIECE.aaaa] = words[at + PIECE.aLease] = words[at + PIECE.aaaaLease] = words[at + PIECE.host] = 0
    if (host !== null && !(this.noteHost(at, host) && this.addHost(piece, host, hostNode(host, this.name, this.match)))) return false
    words[at + PIECE.zone] = this.index + 1
    return true
  }

  /** Notes which zone holds the addresses, and of which generation; false where there are too many such. */
  private noteHost(at: number, host: ZoneImage): boolean {
    let number = this.hosts.indexOf(host)
    if (number < 0 && this.hosts.length === MAX_PIECE_HOSTS) return false
    if (number < 0) number = this.hosts.push(host) - 1
    this.words[at + PIECE.host] = number + 1
    this.words[at + PIECE.generation] = host.generation
    return true
  }

  /** Adds the addresses of the agent; false where there is no room for all of them, or they are signed, as whoever asks for signatures is given them (RFC 4035 3.1.1). */
  private addHost(piece: number, zone: ZoneImage, node: NodeId): boolean {
    const { words } = this
    const at = piece * PIECE.words
    if (node === 0) return true
    if (zone.signaturesOf(node, TYPE.A) !== 0 || zone.signaturesOf(node, TYPE.AAAA) !== 0) return false
    const end = piece * MAX_PIECE_OCTETS + words[at + PIECE.octets]
    const limit = (piece + 1) * MAX_PIECE_OCTETS
    return this.addRRset(zone, zone.rrsetOf(node, TYPE.A), at + PIECE.a, end, limit)
      && this.addRRset(zone, zone.rrsetOf(node, TYPE.AAAA), at + PIECE.aaaa, end + words[at + PIECE.a] * A_OCTETS, limit)
  }

  /** Copies an RRset, noting at `words[word]` how many records it has and behind that its lease. */
  private addRRset(zone: ZoneImage, rrset: number, word: number, at: number, limit: number): boolean {
    if (rrset === 0) return true
    const size = zone.octetsOf(rrset)
    if (at + size > limit) return false
    copyOctets(zone.view, zone.firstRecordAt(rrset), this.pieces, at, size)
    this.words[word] = zone.recordsIn(rrset)
    this.words[word + 1] = (zone.words[rrset + RRSET.count] & LEASED) === 0 ? 0 : leaseWordOf(zone.words, rrset)
    return true
  }
}

