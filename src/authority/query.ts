/**
 * A query as the rooms between socket and zone share it: what admission read from the message, by offset.
 * The octets stay where they arrived; nothing is copied. One object per answering thread is filled again by
 * every message, so whoever wants to keep something of it must copy it before returning.
 *
 *     octets  [ header 12 | QNAME QTYPE QCLASS | records … | OPT ]
 *                           ^ qnameAt = 12                   ^ cookieAt, demandAt: data of single options
 *
 * A batch (docs/protocol.md 5) has more questions; the query stands at one of them at a time.
 */

import { type Name, wireLength } from '../dns/name.ts'
import { type OctetBlock, viewOf } from '../dns/octet-views.ts'

/** How a query arrived: decides limits of size (RFC 1035 4.2) and which transfers and options are possible. */
export type Transport = 'udp' | 'tcp'

/** What a need in words means (docs/protocol.md 4, `intent`). */
export interface Translation {
  /** The capability, or the nearest where none is near enough, in wire form; undefined where nothing is near. */
  readonly capability: Uint8Array | undefined
  /** The share of the need that it covers, 0 to 1. */
  readonly score: number
  /** It is near enough to be meant. */
  readonly isMeant: boolean
  /** The nearest, best first, in text. */
  readonly nearest: string
}

/** Who asks. The transport fills one of these again and again: copy what shall be kept. */
export interface Peer {
  readonly transport: Transport
  /** The asker's address: 4 octets for IPv4, 16 for IPv6. */
  readonly address: Uint8Array
  readonly port: number
  /** The key by which the query is proven to be signed; the core alone tells. */
  readonly signer?: Name
  /** What the need of its DEMAND means; the core alone tells. */
  readonly translation?: Translation
}

const NO_OCTETS = new Uint8Array(0)
const NO_BATCH = new Uint16Array(0)
const NOBODY: Peer = { transport: 'udp', address: new Uint8Array(4), port: 0 }

/** Where the question's name starts in every message that has one: right behind the header (RFC 1035 4.1.1). */
export const QUESTION_AT = 12

/** One message that came in, as admission has read it; fields keep their values until `begin` takes the next. */
export class Query implements OctetBlock {
  /** The message; valid up to `length`. */
  octets: Uint8Array = NO_OCTETS
  view: DataView = viewOf(NO_OCTETS)
  length = 0
  peer: Peer = NOBODY

  // ---- Header (RFC 1035 4.1.1) ----
  id = 0
  opcode = 0
  /** RD, copied into the response. */
  recursionDesired = false
  /** AD: the asker understands the AD bit (RFC 6840 5.7). */
  authenticData = false
  /** CD, copied into the response (RFC 4035 3.1.6). */
  checkingDisabled = false
  /** The Z bit 0x0040: sent by an agent (docs/protocol.md 1). */
  agent = false

  // ---- Question ----
  /** Whether a well-formed question was read, so that the fields below and the echo in the response have a meaning. */
  hasQuestion = false
  /** Where QNAME starts in `octets`: uncompressed, checked, in the case in which it was asked. */
  qnameAt: number = QUESTION_AT
  /** Octets of QNAME, its zero octet included. */
  qnameLength = 0
  qtype = 0
  qclass = 0
  /** QDCOUNT, as it came. */
  questions = 0
  /** Where the questions end and the records begin. */
  recordsAt: number = QUESTION_AT
  /** Where each question of a batch starts, once all have been read; valid up to `questions`. Its memory comes with the first batch. */
  questionAt: Uint16Array = NO_BATCH

  // ---- EDNS (RFC 6891 6) ----
  /** Whether the query holds an OPT record. */
  edns = false
  ednsVersion = 0
  /** Octets that the asker takes over UDP; as sent, so it may be below 512. */
  udpSize = 0
  /** DO: DNSSEC records are wanted (RFC 3225 3). */
  dnssecOk = false
  /** Where the data of the first COOKIE option starts; 0 without one (RFC 7873 5.2). */
  cookieAt = 0
  cookieLength = 0
  /** The asker wants the server's identifier (RFC 5001 2.1). */
  nsidWanted = false
  /** The asker wants to know how long an idle connection lives (RFC 7828 3.2.1). */
  keepaliveWanted = false
  /** Where the data of a DEMAND option starts; 0 without one (docs/protocol.md 1). */
  demandAt = 0
  demandLength = 0

  // ---- TSIG (RFC 8945 4.2) ----
  /** Where the TSIG record's owner starts; 0 without one. */
  tsigAt = 0
  /** Where its RDATA starts, checked to hold all fields. */
  tsigRdataAt = 0
  /** Where the owner of a SIG(0) record starts; 0 without one (RFC 2931 3). */
  sigZeroAt = 0

  /** Whether all of the message was read, to its last octet. */
  isWhole = false

  /** Whether the asker wants to know that an answer is proven (RFC 6840 5.7, 5.8). */
  get wantsProof(): boolean {
    return this.authenticData || this.dnssecOk
  }

  /** A question of a batch has a pointer in its name: it is not to be stood at before all are written out. */
  isCompressed = false

  /** Makes question `i` of a batch the one that is asked. */
  standAt(i: number): void {
    const { octets } = this
    const at = this.questionAt[i]
    this.qnameAt = at
    this.qnameLength = wireLength(octets, at)
    const end = at + this.qnameLength
    this.qtype = (octets[end] << 8) | octets[end + 1]
    this.qclass = (octets[end + 2] << 8) | octets[end + 3]
    this.hasQuestion = true
  }

  /** Takes a new message: every field as if nothing had been read yet. `view` is one over the octets, where they come but once and are not to be known again. */
  begin(octets: Uint8Array, length: number, peer: Peer, view: DataView = viewOf(octets)): void {
    this.octets = octets
    this.view = view
    this.length = length
    this.peer = peer
    this.id = this.opcode = 0
    this.recursionDesired = this.authenticData = this.checkingDisabled = this.agent = false
    this.hasQuestion = this.isCompressed = false
    this.qnameAt = QUESTION_AT
    this.qnameLength = this.qtype = this.qclass = this.questions = 0
    this.recordsAt = QUESTION_AT
    this.edns = this.dnssecOk = this.nsidWanted = this.keepaliveWanted = false
    this.ednsVersion = this.udpSize = 0
    this.cookieAt = this.cookieLength = this.demandAt = this.demandLength = 0
    this.tsigAt = this.tsigRdataAt = this.sigZeroAt = 0
    this.isWhole = false
  }
}
