/**
 * Finishing a response: the header, and the OPT record with what the asker wanted to know. OPT's size is
 * reckoned before the sections are rendered, so that its place is reserved and it is never what is cut.
 */
import { NO_EDE, type Answer } from '../authority/plan.ts'
import type { Query } from '../authority/query.ts'
import { OPTION, TYPE } from '../dns/codes.ts'
import { MAX_EDE_TEXT_OCTETS, MAX_NSID_OCTETS } from '../dns/limits.ts'
import { DO_BIT } from '../dns/edns.ts'
import { COOKIE, COOKIE_OCTETS, type CookieOutcome, type Cookies } from './cookies.ts'

/** Octets of OPT without options (RFC 6891 6.1.2). */
export const OPT_OCTETS = 11
/** Octets of an option's code and length. */
const OPTION_HEAD_OCTETS = 4

/** What every OPT record of this server says. */
export interface FinishSettings {
  /** Octets that we take over UDP, told in OPT (RFC 6891 6.2.4). */
  readonly udpOctets: number
  /** The server's identifier (RFC 5001); null tells none. RangeError above MAX_NSID_OCTETS. */
  readonly nsid: Uint8Array | null
  /** Units of 100 ms that an idle TCP connection lives (RFC 7828 3.1); 0 tells none. */
  readonly keepalive: number
  readonly cookies: Cookies | null
}

/** Writes header and OPT. One object serves every response. */
export class Finisher {
  /** Whether options are sent; not in answers to messages that were not understood, which stay as small as what they answer. */
  withOptions = false
  /** Whether a COOKIE option is sent, and if so whether with the asker's own server cookie, as it is young enough. */
  withCookie = false
  keepsCookie = false
  /** Data of an UPDATE-LEASE option that tells the lease granted (RFC 9664 4); null sends none. */
  lease: Uint8Array | null = null
  /** Further options as they are sent, and how many octets of them. */
  more: Uint8Array = new Uint8Array(0)
  moreOctets = 0
  /** Unix time, for the cookie. */
  nowSeconds = 0
  private readonly settings: FinishSettings

  constructor(settings: FinishSettings) {
    if (settings.nsid !== null && settings.nsid.length > MAX_NSID_OCTETS) throw new RangeError(`Cannot use an NSID of ${settings.nsid.length} octets as it must have at most ${MAX_NSID_OCTETS}`)
    this.settings = settings
  }

  /** What the query's COOKIE option proves, and so what the response's shall be; undefined where there is none, or none is looked at. */
  judgeCookie(query: Query, clock: () => number): CookieOutcome | undefined {
    const { cookies } = this.settings
    if (cookies === null || query.cookieAt === 0) return undefined
    const nowSeconds = clock()
    const outcome = cookies.judge(query.octets, query.cookieAt, query.cookieLength, query.peer.address, nowSeconds)
    this.withCookie = true // RFC 7873 5.2: with every response to a query that has the option
    this.keepsCookie = outcome === COOKIE.good
    this.nowSeconds = nowSeconds
    return outcome
  }

  /** Octets that OPT will take: 0 where the query had none, as a response has OPT if and only if its query had (RFC 6891 6.1.1, 7). */
  optOctets(query: Query, answer: Answer): number {
    if (!query.edns) return 0
    if (!this.withOptions) return OPT_OCTETS
    const { nsid, keepalive } = this.settings
    let size = OPT_OCTETS
    if (this.withCookie) size += OPTION_HEAD_OCTETS + COOKIE_OCTETS
    if (query.nsidWanted && nsid !== null) size += OPTION_HEAD_OCTETS + nsid.length
    if (query.keepaliveWanted && keepalive > 0) size += OPTION_HEAD_OCTETS + 2
    if (answer.edeCode !== NO_EDE) size += OPTION_HEAD_OCTETS + 2 + edeTextOctets(answer.edeText)
    if (answer.offerOctets > 0) size += OPTION_HEAD_OCTETS + answer.offerOctets
    if (this.moreOctets > 0) size += this.moreOctets
    if (this.lease !== null) size += OPTION_HEAD_OCTETS + this.lease.length
    return size
  }

  /** Writes OPT, which takes `size` octets, to `out[at …)`; returns where it ends. */
  writeOpt(query: Query, answer: Answer, out: Uint8Array, view: DataView, at: number, size: number): number {
    view.setUint8(at, 0) // owner: the root
    view.setUint16(at + 1, TYPE.OPT)
    view.setUint16(at + 3, this.settings.udpOctets)
    view.setUint8(at + 5, answer.rcode >>> 4) // upper eight bits of the RCODE (RFC 6891 6.1.3)
    view.setUint8(at + 6, 0) // version
    view.setUint16(at + 7, query.dnssecOk ? DO_BIT : 0) // RFC 3225 3: DO is copied
    view.setUint16(at + 9, size - OPT_OCTETS)
    at += OPT_OCTETS
    return size === OPT_OCTETS ? at : this.writeOptions(query, answer, out, at)
  }

  private writeOptions(query: Query, answer: Answer, out: Uint8Array, at: number): number {
    const { nsid, keepalive } = this.settings
    if (this.withCookie) at = this.writeCookie(query, out, at)
    if (query.nsidWanted && nsid !== null) {
      at = writeOptionHead(out, at, OPTION.NSID, nsid.length)
      for (let i = 0; i < nsid.length; i++) out[at++] = nsid[i]
    }
    if (query.keepaliveWanted && keepalive > 0) {
      at = writeOptionHead(out, at, OPTION.TCP_KEEPALIVE, 2)
      at = write16(out, at, keepalive)
    }
    if (answer.edeCode !== NO_EDE) {
      const size = edeTextOctets(answer.edeText)
      at = writeOptionHead(out, at, OPTION.EDE, 2 + size)
      at = write16(out, at, answer.edeCode) // RFC 8914 2
      for (let i = 0; i < size; i++) out[at++] = answer.edeText[i]
    }
    if (answer.offerOctets > 0) {
      at = writeOptionHead(out, at, OPTION.OFFER, answer.offerOctets)
      for (let i = 0; i < answer.offerOctets; i++) out[at++] = answer.offer[i]
    }
    for (let i = 0; i < this.moreOctets; i++) out[at++] = this.more[i]
    if (this.lease !== null) {
      at = writeOptionHead(out, at, OPTION.UPDATE_LEASE, this.lease.length)
      for (const octet of this.lease) out[at++] = octet
    }
    return at
  }

  private writeCookie(query: Query, out: Uint8Array, at: number): number {
    at = writeOptionHead(out, at, OPTION.COOKIE, COOKIE_OCTETS)
    if (this.keepsCookie) for (let i = 0; i < COOKIE_OCTETS; i++) out[at + i] = query.octets[query.cookieAt + i]
    else this.settings.cookies?.make(query.octets, query.cookieAt, query.peer.address, this.nowSeconds, out, at)
    return at + COOKIE_OCTETS
  }
}

/**
 * Writes the response's header (RFC 1035 4.1.1): QR set; opcode, RD and CD copied (RFC 4035 3.1.6); RA where the asker
 * is recursed for; AD where all is proven and the asker wants to know (RFC 6840 5.8); the AG bit copied where the zone understands it.
 */
export function writeHeader(query: Query, answer: Answer, truncated: boolean, out: DataView): void {
  const high = 0x80 | (query.opcode << 3) | (answer.authoritative ? 0x04 : 0) | (truncated ? 0x02 : 0) | (query.recursionDesired ? 0x01 : 0)
  const recursion = (answer.recursionAvailable ? 0x80 : 0) | (answer.authentic && query.wantsProof ? 0x20 : 0) | (query.checkingDisabled ? 0x10 : 0)
  const low = recursion | (query.agent && answer.agentCapable ? 0x40 : 0) | (answer.rcode & 0x0f)
  out.setUint16(0, query.id)
  out.setUint16(2, (high << 8) | low)
}

/** Writes the header's section counts. */
export function writeCounts(out: DataView, questions: number, answers: number, authorities: number, additionals: number): void {
  out.setUint32(4, (questions << 16) | answers)
  out.setUint32(8, (authorities << 16) | additionals)
}

/** Octets of the text that are sent: at most MAX_EDE_TEXT_OCTETS, cut between two characters of UTF-8. */
function edeTextOctets(text: Uint8Array): number {
  if (text.length <= MAX_EDE_TEXT_OCTETS) return text.length
  let size: number = MAX_EDE_TEXT_OCTETS
  while (size > 0 && (text[size] & 0xc0) === 0x80) size--
  return size
}

function writeOptionHead(out: Uint8Array, at: number, code: number, size: number): number {
  return write16(out, write16(out, at, code), size)
}

function write16(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 8
  out[at + 1] = value
  return at + 2
}
