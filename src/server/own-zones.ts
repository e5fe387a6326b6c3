/**
 * Our own zones as the resolver sees them: what it would else ask the world for, where the world may know nothing of them
 * or have them from us. They come before whatever is cached, and what they delegate is followed from here (RFC 1034
 * 4.3.2: an alias is followed from the zones that the server has, then from the cache). Nothing of them is kept.
 */
import type { Peer } from '../authority/query.ts'
import { CLASS, EDE, OPTION, RCODE, TYPE } from '../dns/codes.ts'
import { findOption } from '../dns/edns.ts'
import { MAX_MESSAGE_OCTETS } from '../dns/limits.ts'
import { decodeMessage, encodeMessage, makeMessage, type DnsRecord, type Message } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { CacheBehind } from '../resolver/cache-behind.ts'
import { TRUST, type Remembered, type ResolverCache, type Trust } from '../resolver/contract.ts'
import { isProof, rrsetIn } from '../resolver/rrsets.ts'

/** What is known of our zones. */
export interface OwnZones {
  /** Whether one of them holds `name`, in class IN. */
  holds(name: Name): boolean
  /** Answers a query from them, as `Server.answer`. */
  answer(octets: Uint8Array, length: number, peer: Peer, out: Uint8Array): number
}

const OURSELVES: Peer = { transport: 'tcp', address: Uint8Array.of(127, 0, 0, 1), port: 0 }
/** DNSSEC records are wanted, and as much as a message may have. */
const OPT = { udpSize: MAX_MESSAGE_OCTETS, version: 0, dnssecOk: true, compactOk: false, options: [] }

/** A cache behind our own zones. */
export class OwnZonesFirst extends CacheBehind {
  private readonly zones: OwnZones
  private readonly out = new Uint8Array(MAX_MESSAGE_OCTETS)

  constructor(zones: OwnZones, cache: ResolverCache) {
    super(cache)
    this.zones = zones
  }

  override find(name: Name, type: number, nowSeconds: number, least: Trust): Remembered | undefined {
    const own = this.zones.holds(name) ? this.own(name, type, least) : undefined
    return own ?? super.find(name, type, nowSeconds, least)
  }

  private own(name: Name, type: number, least: Trust): Remembered | undefined {
    return askZones(this.zones, { name, type, least, trust: TRUST.primary }, this.out)
  }
}

/** What is asked of zones, and how far what they say of their own names is to be trusted. */
export interface ZoneQuestion {
  readonly name: Name
  readonly type: number
  /** What is trusted less is not wanted. */
  readonly least: Trust
  readonly trust: Trust
}

/** What zones say of a name and type; undefined where it is nothing of use. `out` is where they may write, for MAX_MESSAGE_OCTETS. */
export function askZones(zones: Pick<OwnZones, 'answer'>, question: ZoneQuestion, out: Uint8Array): Remembered | undefined {
  const { name, type, least } = question
  const query = encodeMessage(makeMessage({ questions: [{ name, type, class: CLASS.IN }], edns: OPT }))
  const size = zones.answer(query, query.length, OURSELVES, out)
  if (size <= 0) return undefined
  const message = decodeMessage(out.slice(0, size))
  if (isHidden(message)) return { kind: 'nodata', name, type, proof: [] } // whoever is asked in the world would refuse it as well
  if (message.rcode !== RCODE.NOERROR && message.rcode !== RCODE.NXDOMAIN) return undefined
  return message.authoritative ? authoritativeIn(message, question) : delegatedIn(message, name, type, least)
}

/** Whether the agents of the zone are for others: a name that is followed into it is nobody's question (docs/config.md, who may look). */
function isHidden({ rcode, edns }: Message): boolean {
  const error = rcode === RCODE.REFUSED ? findOption(edns, OPTION.EDE) : undefined
  return error !== undefined && error.length >= 2 && ((error[0] << 8) | error[1]) === EDE.AGENT_PERMISSION_REQUIRED
}

/** What a zone says of a name that is its own. A name that a DNAME above renames is left to who finds the DNAME itself. */
function authoritativeIn({ answers, authorities, rcode }: Message, { name, type, trust }: ZoneQuestion): Remembered | undefined {
  const rrset = rrsetIn(answers, name, type, trust)
  if (rrset !== undefined) return { kind: 'records', rrset }
  if (answers.some((record) => record.type === TYPE.DNAME)) return undefined
  const alias = rrsetIn(answers, name, TYPE.CNAME, trust)
  if (alias !== undefined) return { kind: 'alias', rrset: alias }
  const owner = authorities.find((record) => record.type === TYPE.SOA)?.name
  const soa = owner && rrsetIn(authorities, owner, TYPE.SOA, trust)
  return { kind: rcode === RCODE.NXDOMAIN ? 'nxdomain' : 'nodata', name, type, ...(soa && { soa }), proof: authorities.filter(isProof) }
}

/** What a zone says of a zone that it delegates: who serves that, and where, for nobody's answer (RFC 2181 5.4.1). */
function delegatedIn({ authorities, additionals }: Message, name: Name, type: number, least: Trust): Remembered | undefined {
  if (least > TRUST.additional) return undefined
  const sections: Readonly<Record<number, readonly DnsRecord[]>> = { [TYPE.NS]: authorities, [TYPE.A]: additionals, [TYPE.AAAA]: additionals }
  const rrset = rrsetIn(sections[type] ?? [], name, type, TRUST.additional)
  return rrset && { kind: 'records', rrset }
}
