/**
 * Admission: what to make of a message, decided from its 12 header octets as far as they tell (RFC 1035 4.1.1),
 * then from its question and its OPT and TSIG records. It fills the `Query` by offset, follows no pointer, and
 * reads each octet at most once, so its work is bounded by the message's length. Nothing here throws.
 *
 *     octets → shorter than a header, or a response → silence
 *            → opcode AGENT with questions          → a batch, or as below
 *            → opcode other than QUERY              → NOTIMP, or the core (server.ts)
 *            → cannot be read, or counts that no query has → FORMERR
 *            → EDNS version above ours              → BADVERS
 *            → signed by TSIG                       → the core, or NOTAUTH where we hold no keys
 *            → a question, or a request for a cookie alone
 *
 * Where RFCs are silent we are strict: octets behind the last record are FORMERR (as Knot; NSD and BIND
 * ignore them), as are records in the answer section of a query (as NSD; Knot and BIND ignore them).
 */
import { QUESTION_AT, type Peer, type Query } from '../authority/query.ts'
import { CLASS, OPCODE, OPTION, TYPE } from '../dns/codes.ts'
import { MAX_EDNS_OPTIONS, MAX_LABEL_OCTETS, MAX_NAME_OCTETS } from '../dns/limits.ts'
import { MAX_BATCH_QUESTIONS } from '../dns/limits-discovery.ts'
import { sameNameAt } from '../dns/name.ts'
import { isCookieLength } from './cookies.ts'

/** Octets of the header (RFC 1035 4.1.1). */
export const HEADER_OCTETS: number = QUESTION_AT

/** What admission made of a message. */
export const ADMITTED = {
  /** One question, to be routed. */
  question: 0,
  /** No question, but a COOKIE option: the asker wants a server cookie (RFC 7873 5.4). */
  cookieOnly: 1,
  /** Too short for a header: nobody to answer to. Silence. */
  tooShort: 2,
  /** QR is set: answering responses lets two servers talk for ever. Silence. */
  response: 3,
  /** FORMERR. */
  malformed: 4,
  /** NOTIMP. */
  notImplemented: 5,
  /** BADVERS (RFC 6891 6.1.3). */
  badVersion: 6,
  /** NOTAUTH with TSIG error BADKEY (RFC 8945 5.2.1). */
  unknownKey: 7,
  /** Several questions, to be routed one by one (docs/protocol.md 5). */
  batch: 8,
} as const
export type Admitted = (typeof ADMITTED)[keyof typeof ADMITTED]

/** EDNS version spoken here (RFC 6891 6.1.3). */
const EDNS_VERSION = 0
/** What a reading function returns where the octets are not what they must be. */
const FAULT = -1

/** Reads the message `octets[0 … length)` from `peer` into `query`; returns what is to be done with it. `view` as `Query.begin` takes it. */
export function admit(query: Query, octets: Uint8Array, length: number, peer: Peer, view?: DataView): Admitted {
  query.begin(octets, length, peer, view)
  if (length < HEADER_OCTETS) return ADMITTED.tooShort
  if ((octets[2] & 0x80) !== 0) return ADMITTED.response
  readHeader(query)
  const questions = (query.questions = read16(octets, 4))
  const isBatch = query.opcode === OPCODE.AGENT && questions > 0
  query.isWhole = (isBatch ? readQuestions(query) : readQuestion(query, questions)) && readRecords(query)
  if (isBatch) return judgeBatch(query)
  if (query.opcode !== OPCODE.QUERY) return ADMITTED.notImplemented // RFC 1035 4.1.1, RCODE 4
  if (!query.isWhole || !hasCountsOfQuery(query, questions)) return ADMITTED.malformed
  if (query.ednsVersion !== EDNS_VERSION) return ADMITTED.badVersion
  if (query.tsigAt !== 0) return ADMITTED.unknownKey
  return questions === 1 ? ADMITTED.question : ADMITTED.cookieOnly
}

/** docs/protocol.md 5: nothing but questions, none of them twice, since what answers one could not be told from what answers the other. */
function judgeBatch(query: Query): Admitted {
  if (!query.isWhole || read16(query.octets, 6) !== 0 || read16(query.octets, 8) !== 0 || (!query.isCompressed && hasTwins(query))) return ADMITTED.malformed
  if (query.ednsVersion !== EDNS_VERSION) return ADMITTED.badVersion
  return query.tsigAt !== 0 ? ADMITTED.unknownKey : ADMITTED.batch
}

function hasTwins({ octets, questions, questionAt, recordsAt }: Query): boolean {
  for (let i = 1; i < questions; i++) {
    const size = (i + 1 < questions ? questionAt[i + 1] : recordsAt) - questionAt[i]
    for (let j = 0; j < i; j++) {
      if (questionAt[j + 1] - questionAt[j] !== size || !sameNameAt(octets, questionAt[i], octets, questionAt[j])) continue
      const [a, b] = [questionAt[i] + size, questionAt[j] + size]
      if (read16(octets, a - 4) === read16(octets, b - 4) && read16(octets, a - 2) === read16(octets, b - 2)) return true
    }
  }
  return false
}

function readHeader(query: Query): void {
  const o = query.octets
  query.id = read16(o, 0)
  query.opcode = (o[2] >>> 3) & 0x0f
  query.recursionDesired = (o[2] & 0x01) !== 0
  query.agent = (o[3] & 0x40) !== 0
  query.authenticData = (o[3] & 0x20) !== 0
  query.checkingDisabled = (o[3] & 0x10) !== 0
}

/** Whether the section counts are those of a query. QDCOUNT above 1 is FORMERR (RFC 9619 4), 0 is for cookies alone (RFC 7873 5.4). */
function hasCountsOfQuery(query: Query, questions: number): boolean {
  const { octets } = query
  if (questions > 1 || (questions === 0 && query.cookieAt === 0)) return false
  if (read16(octets, 6) !== 0) return false
  return read16(octets, 8) === 0 || query.qtype === TYPE.IXFR // the asker's SOA (RFC 1995 3)
}

/** Reads the question, if there is exactly one; false where it is malformed or cut short. */
function readQuestion(query: Query, questions: number): boolean {
  if (questions !== 1) return questions === 0
  const { octets } = query
  const end = questionEnd(query, QUESTION_AT, false)
  if (end === FAULT) return false
  query.qnameLength = end - 4 - QUESTION_AT
  query.qtype = read16(octets, end - 4)
  query.qclass = read16(octets, end - 2)
  query.hasQuestion = true
  query.recordsAt = end
  return true
}

/** Reads the questions of a batch; false where one is malformed or cut short, or there are too many. */
function readQuestions(query: Query): boolean {
  if (query.questions > MAX_BATCH_QUESTIONS) return false
  if (query.questionAt.length === 0) query.questionAt = new Uint16Array(MAX_BATCH_QUESTIONS)
  let at: number = QUESTION_AT
  for (let i = 0; i < query.questions; i++) {
    query.questionAt[i] = at
    at = questionEnd(query, at, i > 0)
    if (at === FAULT) return false
  }
  query.recordsAt = at
  return true
}

/** Where the question at `startAt` ends, or FAULT. No pointer can be legal in the first, as no name stands before it; where another has one, `isCompressed` is noted. */
function questionEnd(query: Query, startAt: number, pointers: boolean): number {
  const { octets, length } = query
  let at = startAt
  for (let size = octets[at]; at < length && size !== 0; size = octets[at]) {
    if (pointers && size >= 0xc0) {
      query.isCompressed = true
      return at + 6 > length ? FAULT : at + 6
    }
    if (size > MAX_LABEL_OCTETS) return FAULT // a pointer, or a label type that RFC 6891 5 withdrew
    at += size + 1
    if (at - startAt >= MAX_NAME_OCTETS) return FAULT
  }
  return at + 5 > length ? FAULT : at + 5
}

/** Walks all records to the end of the message, reading OPT and TSIG; false where one is malformed or octets are left. */
function readRecords(query: Query): boolean {
  const { octets, length } = query
  const skipped = read16(octets, 6) + read16(octets, 8)
  const records = skipped + read16(octets, 10)
  let at = query.recordsAt
  for (let i = 0; i < records; i++) {
    const ownerAt = at
    at = skipName(octets, at, length, true)
    if (at === FAULT || at + 10 > length) return false
    const rdataAt = at + 10
    const end = rdataAt + read16(octets, at + 8)
    if (end > length) return false
    const type = read16(octets, at)
    if (i >= skipped && type === TYPE.OPT && !readOpt(query, ownerAt, at, end)) return false
    // RFC 8945 5.2: TSIG must be the last record of the additional section
    if (type === TYPE.TSIG && (i < skipped || i !== records - 1 || !readTsig(query, ownerAt, at, end))) return false
    // RFC 2931 3: SIG that covers no type signs the message that it ends
    if (type === TYPE.SIG && i >= skipped && i === records - 1 && end >= rdataAt + 2 && read16(octets, rdataAt) === 0) query.sigZeroAt = ownerAt
    at = end
  }
  return at === length
}

/** Where the name at `at` ends, pointers not followed; FAULT where it is none, or holds a pointer where none may be. */
function skipName(octets: Uint8Array, at: number, length: number, pointers: boolean): number {
  const longest = at + MAX_NAME_OCTETS
  while (at < length && at < longest) {
    const size = octets[at]
    if (size === 0) return at + 1
    if (size >= 0xc0) return pointers ? at + 2 : FAULT
    if (size > MAX_LABEL_OCTETS) return FAULT
    at += size + 1
  }
  return FAULT
}

/** Reads OPT, whose type field stands at `at`. FORMERR for a second one, and for an owner other than the root's one octet (RFC 6891 6.1.1, 6.1.2). */
function readOpt(query: Query, ownerAt: number, at: number, end: number): boolean {
  const { octets } = query
  if (query.edns || octets[ownerAt] !== 0) return false
  query.edns = true
  query.udpSize = read16(octets, at + 2)
  query.ednsVersion = octets[at + 5]
  query.dnssecOk = (octets[at + 6] & 0x80) !== 0
  return query.ednsVersion !== EDNS_VERSION || readOptions(query, at + 10, end)
}

/** Walks the options; unknown ones are ignored (RFC 6891 6.1.2). False where one runs past the record, or there are too many. */
function readOptions(query: Query, at: number, end: number): boolean {
  const { octets } = query
  for (let count = 0; at < end; count++) {
    if (at + 4 > end || count >= MAX_EDNS_OPTIONS) return false
    const size = read16(octets, at + 2)
    const dataAt = at + 4
    if (dataAt + size > end) return false
    if (!readOption(query, read16(octets, at), dataAt, size)) return false
    at = dataAt + size
  }
  return true
}

function readOption(query: Query, code: number, dataAt: number, size: number): boolean {
  switch (code) {
    case OPTION.COOKIE:
      if (query.cookieAt !== 0) return true // RFC 7873 5.2: only the first one counts
      if (!isCookieLength(size)) return false // RFC 7873 5.2.2
      query.cookieAt = dataAt
      query.cookieLength = size
      return true
    case OPTION.NSID:
      query.nsidWanted = true // RFC 5001 2.1: whatever it holds is ignored
      return true
    case OPTION.TCP_KEEPALIVE:
      query.keepaliveWanted = query.peer.transport === 'tcp' // RFC 7828 3.3.1: ignored over UDP
      return true
    case OPTION.DEMAND:
      if (query.demandAt === 0) {
        query.demandAt = dataAt
        query.demandLength = size
      }
      return true
    default:
      return true
  }
}

/** Reads TSIG, whose type field stands at `at`: class ANY, TTL 0, and RDATA that its own lengths fill exactly (RFC 8945 4.2). */
function readTsig(query: Query, ownerAt: number, at: number, end: number): boolean {
  const { octets } = query
  if (read16(octets, at + 2) !== CLASS.ANY || read16(octets, at + 4) !== 0 || read16(octets, at + 6) !== 0) return false
  const timeAt = skipName(octets, at + 10, end, false)
  if (timeAt === FAULT || timeAt + 10 > end) return false
  const idAt = timeAt + 10 + read16(octets, timeAt + 8)
  if (idAt + 6 > end || idAt + 6 + read16(octets, idAt + 4) !== end) return false
  query.tsigAt = ownerAt
  query.tsigRdataAt = at + 10
  return true
}

function read16(octets: Uint8Array, at: number): number {
  return (octets[at] << 8) | octets[at + 1]
}
