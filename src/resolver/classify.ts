/**
 * What a response says about its question, and nothing else that it holds. A server speaks for the zone that it was
 * asked for: whatever lies outside of it, or answers nothing that was asked, is never looked at (RFC 5452 6, RFC 2181
 * 5.4.1), so that it can reach neither cache nor client. This is what MaginotDNS and promiscuous NS records come to nothing by.
 *
 *     answer       records of the name asked for, or of where its aliases led within the zone
 *     alias        aliases that lead out of what the response holds
 *     nodata, nxdomain    as SOA and response code say (RFC 2308 2)
 *     referral     a zone further down, with its servers; their addresses where the zone may give them
 *     lame, error  nothing of use
 */
import { RCODE, TYPE } from '../dns/codes.ts'
import type { DnsRecord, Message } from '../dns/message.ts'
import { Name, renamed } from '../dns/name.ts'
import { MAX_ALIASES } from '../dns/limits-resolver.ts'
import { TRUST, type Absence, type RRset, type Trust } from './contract.ts'
import { isProof, rrsetIn, rrsetsAt, withProof } from './rrsets.ts'

/** What was asked, and of whom. */
export interface Asked {
  readonly name: Name
  readonly type: number
  /** The zone for which the server was asked: what lies outside of it is not its to say. */
  readonly zone: Name
  /** A forwarder speaks for all names, and gives no referrals. */
  readonly forwarded: boolean
}

/** What the response comes to. `chain` are aliases, from the name asked for on. */
export type Finding =
  | { readonly kind: 'answer'; readonly chain: RRset[]; readonly sets: RRset[]; readonly glue: RRset[] }
  | { readonly kind: 'alias'; readonly chain: RRset[]; readonly target: Name }
  | { readonly kind: 'absence'; readonly chain: RRset[]; readonly absence: Absence }
  | Referral
  /** The server does not serve the zone (RFC 1912 2.8), or knows no more than we. */
  | { readonly kind: 'lame' }
  | { readonly kind: 'error'; readonly rcode: number }

/** A zone further down, and who serves it (RFC 1034 4.3.1). */
export interface Referral {
  readonly kind: 'referral'
  readonly zone: Name
  readonly servers: RRset
  /** Addresses of its servers, as far as the zone asked may speak of them. */
  readonly glue: RRset[]
  /** DS of the zone, where it is signed (RFC 4035 3.1.4). */
  readonly signer?: RRset
  /** NSEC or NSEC3 that say that there is no DS. */
  readonly proof: DnsRecord[]
}

/** What `response` says about what was asked. */
export function classify(response: Message, asked: Asked): Finding {
  const { rcode } = response
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN && rcode !== RCODE.YXDOMAIN) return { kind: 'error', rcode }
  const { chain: plain, name } = followAliases(response, asked)
  const proof = proofIn(response.authorities, asked)
  const chain = plain.map((set) => withProof(set, proof))
  const trust = trustOf(response, chain.length)
  const sets = within(name, asked) ? setsOf(response, name, asked.type, trust).map((set) => withProof(set, proof)) : []
  if (sets.length > 0) return { kind: 'answer', chain, sets, glue: rootGlue(response, sets[0], asked) }
  // RFC 6672 2.2: the name that a DNAME makes is too long
  if (rcode === RCODE.YXDOMAIN) return { kind: 'error', rcode }
  const absence = absenceOf(response, name, asked)
  if (absence !== undefined) return { kind: 'absence', chain, absence }
  if (chain.length > 0) return { kind: 'alias', chain, target: name }
  return (rcode === RCODE.NOERROR ? (referralOf(response, asked) ?? unknownDs(response, asked)) : undefined) ?? { kind: 'lame' }
}

/** RFC 2181 5.4.1: of an alias and what follows it, only the alias is necessarily authoritative. */
function trustOf(response: Message, steps: number): Trust {
  return response.authoritative && steps === 0 ? TRUST.authoritative : TRUST.answer
}

function within(name: Name, { zone }: Asked): boolean {
  return name.isWithin(zone)
}

/** NSEC and NSEC3 with their signatures, of the zone asked for. */
function proofIn(authorities: readonly DnsRecord[], asked: Asked): DnsRecord[] {
  return authorities.filter((record) => isProof(record) && within(record.name, asked))
}

function setsOf({ answers }: Message, name: Name, type: number, trust: Trust): RRset[] {
  if (type === TYPE.ANY) return rrsetsAt(answers, name, trust)
  const set = rrsetIn(answers, name, type, trust)
  return set === undefined ? [] : [set]
}

/** Addresses that come with the answer to priming: they are what was asked for (RFC 8109 4.2). Beside any other answer they are nobody's business. */
function rootGlue({ additionals }: Message, servers: RRset, asked: Asked): RRset[] {
  return asked.type === TYPE.NS && asked.name.labelCount === 0 && !asked.forwarded ? glueOf(additionals, servers, asked) : []
}

/** The aliases from the name asked for on, as long as the server may speak of them, and where they end (RFC 1034 3.6.2, RFC 6672 3.2). */
function followAliases(response: Message, asked: Asked): { chain: RRset[]; name: Name } {
  const chain: RRset[] = []
  const seen = new Set<string>()
  let name = asked.name
  if (asked.type === TYPE.CNAME || asked.type === TYPE.ANY) return { chain, name }
  while (chain.length < MAX_ALIASES && within(name, asked) && !seen.has(name.key)) {
    seen.add(name.key)
    const trust = trustOf(response, chain.length)
    const renaming = renamingOf(response.answers, name, asked, trust)
    const alias = renaming === undefined ? rrsetIn(response.answers, name, TYPE.CNAME, trust) : renaming.alias
    // RFC 2181 10.1: one alias has one target
    if (alias === undefined || alias.records.length !== 1) break
    if (renaming !== undefined) chain.push(renaming.dname)
    chain.push(alias)
    name = Name.fromWire(alias.records[0].rdata)
  }
  return { chain, name }
}

/** The DNAME above `name`, and the CNAME made from it here: the one in the response is not signed and need not be true (RFC 6672 5.3.1). */
function renamingOf(answers: readonly DnsRecord[], name: Name, asked: Asked, trust: Trust): { dname: RRset; alias: RRset } | undefined {
  const owner = answers.find((record) => record.type === TYPE.DNAME && name.isWithin(record.name) && !name.equals(record.name) && within(record.name, asked))?.name
  const dname = owner === undefined ? undefined : rrsetIn(answers, owner, TYPE.DNAME, trust)
  const alias = dname && aliasBy(dname, name)
  return dname && alias && { dname, alias }
}

/** The CNAME of `name` that a DNAME above it makes, with the DNAME's TTL (RFC 6672 3.1); undefined where it makes none. */
export function aliasBy(dname: RRset, name: Name): RRset | undefined {
  if (dname.records.length !== 1) return undefined
  const [{ name: above, ttl, rdata, class: rrClass }] = dname.records
  const target = renamed(name, above, Name.fromWire(rdata))
  if (target === undefined) return undefined
  return { name, type: TYPE.CNAME, records: [{ name, type: TYPE.CNAME, class: rrClass, ttl, rdata: target.wire }], signatures: [], trust: dname.trust }
}

/**
 * What the response denies. An authority must say so itself, with a SOA of the zone that was asked or of one between it
 * and the name, or with nothing else said at all (RFC 2308 2.1, 2.2: its types 4 and 3); of a forwarder the answer is taken
 * without either (RFC 2308 8). Without SOA it is not for keeping (RFC 2308 5).
 */
function absenceOf(response: Message, name: Name, asked: Asked): Absence | undefined {
  const { authorities, rcode, authoritative } = response
  if (!within(name, asked) || (!authoritative && !asked.forwarded)) return undefined
  const owner = authorities.find((record) => record.type === TYPE.SOA && name.isWithin(record.name) && within(record.name, asked))?.name
  const soa = owner === undefined ? undefined : rrsetIn(authorities, owner, TYPE.SOA, TRUST.authority)
  if (soa === undefined && !(name.equals(asked.name) && (asked.forwarded || isBare(response)))) return undefined
  const proof = proofIn(authorities, asked)
  return { kind: rcode === RCODE.NXDOMAIN ? 'nxdomain' : 'nodata', name, type: asked.type, ...(soa && { soa }), proof }
}

/** Whether it says nothing else, proofs aside: what speaks of other zones instead does not serve this one. */
function isBare({ answers, authorities }: Message): boolean {
  return answers.length === 0 && authorities.every(isProof)
}

/** A parent that knows nothing of DS refers to the child instead: there is none (RFC 4035 3.1.4.1). */
function unknownDs({ authorities, authoritative, answers, rcode }: Message, asked: Asked): Finding | undefined {
  const { name, type } = asked
  const isReferral = type === TYPE.DS && rcode === RCODE.NOERROR && !authoritative && answers.length === 0 && within(name, asked) && !name.equals(asked.zone)
  if (!isReferral || !authorities.some((record) => record.type === TYPE.NS && record.name.equals(name))) return undefined
  const proof = proofIn(authorities, asked)
  return { kind: 'absence', chain: [], absence: { kind: 'nodata', name, type, proof } }
}

/**
 * A referral goes down, towards the name: NS records of any other name are not taken, from whatever section (RFC 1034
 * 5.3.3 step 4b: better answered or closer). DS is the parent's to answer, so no referral to the name itself is of use.
 */
function referralOf({ authorities, additionals, authoritative, answers }: Message, asked: Asked): Referral | undefined {
  if (asked.forwarded || answers.length > 0) return undefined
  const owner = authorities.find((record) => record.type === TYPE.NS && isCloser(record.name, asked))?.name
  const servers = owner === undefined ? undefined : rrsetIn(authorities, owner, TYPE.NS, TRUST.additional)
  // a server of both parent and child answers for the child; one that says AA and refers knows neither
  if (servers === undefined || owner === undefined || authoritative) return undefined
  const signer = rrsetIn(authorities, owner, TYPE.DS, TRUST.additional)
  const proof = proofIn(authorities, asked)
  return { kind: 'referral', zone: owner, servers, glue: glueOf(additionals, servers, asked), ...(signer && { signer }), proof }
}

function isCloser(owner: Name, { zone, name, type }: Asked): boolean {
  if (!name.isWithin(owner) || !owner.isWithin(zone) || owner.equals(zone)) return false
  return type !== TYPE.DS || !name.equals(owner) // RFC 4035 3.1.4.1
}

/** Addresses of the servers below the zone asked: in-domain and sibling glue (RFC 9471 2). What it says of other zones' hosts is not its to say. */
function glueOf(additionals: readonly DnsRecord[], servers: RRset, asked: Asked): RRset[] {
  return servers.records.flatMap(({ rdata }) => {
    const name = Name.fromWire(rdata)
    if (!within(name, asked)) return []
    return [TYPE.A, TYPE.AAAA].flatMap((type) => rrsetIn(additionals, name, type, TRUST.additional) ?? [])
  })
}
