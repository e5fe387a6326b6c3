/**
 * What an operator says instead of the world: rules by name, from a file in the form of response policy zones
 * (draft-vixie-dnsop-dns-rpz, their QNAME triggers). The file is a zone whose apex is the root, so that the search for
 * wildcards is that of zones (RFC 4592), and every thread reads the same block.
 *
 *     bad.example    CNAME .               NXDOMAIN
 *     *.bad.example  CNAME *.              NODATA
 *     ok.bad.example CNAME rpz-passthru.   as if no rule were there
 *     ads.example    CNAME landing.home.   that alias, and what it leads to
 *     ads.example    A     192.0.2.1       these records; NODATA for all other types
 *
 * A rule for a name says nothing of the names below it; `*.` does. What a rule says is not signed, and says so (RFC 8914).
 */
import { CLASS, EDE, TYPE } from '../dns/codes.ts'
import type { ExtendedError } from '../dns/edns.ts'
import { LookupName } from '../dns/lookup-name.ts'
import type { DnsRecord, Question } from '../dns/message.ts'
import { Name, renamed, sameNameAt } from '../dns/name.ts'
import { NO_WORK, SECURITY, TRUST, type Outcome, type RRset } from '../resolver/contract.ts'
import { FOUND, type NodeId, type RRsetId, type ZoneImage, ZoneMatch } from '../zone/image.ts'
import { HEADER } from '../zone/layout.ts'

const PASSTHRU = Name.parse('rpz-passthru.')
const NO_DATA = Name.parse('*.')

/** What the rules say of a question. `alias` is to be followed from `target` on, without rules. */
export type Ruling = { readonly outcome: Outcome } | { readonly alias: RRset; readonly target: Name }

/** Rules in a zone's block. */
export class Policy {
  private readonly image: ZoneImage
  private readonly match = new ZoneMatch()
  private readonly lookup: LookupName
  private readonly isOurs: (name: Name) => boolean

  /** The block of a zone whose apex is the root; rules say nothing of names that are ours. */
  constructor(image: ZoneImage, isOurs: (name: Name) => boolean = () => false) {
    this.image = image
    this.isOurs = isOurs
    this.lookup = new LookupName(image.words[HEADER.seed])
  }

  /** Whether a rule changes what is said of `name`, made ready with the block's seed. Allocates nothing. */
  concerns(name: LookupName): boolean {
    const node = this.nodeOf(name)
    if (node === 0) return false
    const alias = this.image.rrsetOf(node, TYPE.CNAME)
    return alias === 0 || !this.isPassthru(alias)
  }

  /** What the rules say of a question; undefined where none speaks of its name. */
  rule({ name, type }: Pick<Question, 'name' | 'type'>): Ruling | undefined {
    this.lookup.loadOnce(name.wire)
    const node = this.nodeOf(this.lookup)
    if (node === 0 || this.isOurs(name)) return undefined
    const alias = this.image.rrsetOf(node, TYPE.CNAME)
    if (alias !== 0) return this.act(alias, name, type)
    const rrset = this.image.rrsetOf(node, type)
    if (rrset === 0) return { outcome: denial('nodata', name, type, FORGED) }
    return { outcome: { kind: 'answer', sets: [this.read(rrset, name, type)], chain: [], explanation: FORGED, work: NO_WORK } }
  }

  /** The first alias of an outcome that leads to a name of a rule: the aliases up to it, and what is said of that name. */
  review({ chain }: Outcome, type: number): { chain: RRset[]; ruling: Ruling } | undefined {
    for (const [i, set] of chain.entries()) {
      if (set.type !== TYPE.CNAME) continue
      const ruling = this.rule({ name: Name.fromWire(set.records[0].rdata), type })
      if (ruling !== undefined) return { chain: chain.slice(0, i + 1), ruling }
    }
    return undefined
  }

  private nodeOf(name: LookupName): NodeId {
    if (name.labelCount === 0) return 0 // the apex holds the file's SOA
    this.image.find(name, this.match)
    const { found, node } = this.match
    return found === FOUND.exact || found === FOUND.wildcard ? node : 0
  }

  private isPassthru(alias: RRsetId): boolean {
    const { image } = this
    return sameNameAt(image.octets, image.rdataAt(image.firstRecordAt(alias)), PASSTHRU.wire, 0)
  }

  private act(alias: RRsetId, name: Name, type: number): Ruling | undefined {
    const set = this.read(alias, name, TYPE.CNAME)
    const target = Name.fromWire(set.records[0].rdata)
    if (target.labelCount === 0) return { outcome: denial('nxdomain', name, type, BLOCKED) }
    if (target.equals(NO_DATA)) return { outcome: denial('nodata', name, type, BLOCKED) }
    if (target.equals(PASSTHRU)) return undefined
    if (type === TYPE.CNAME) return { outcome: { kind: 'answer', sets: [set], chain: [], explanation: FORGED, work: NO_WORK } }
    const whole = target.wire[0] === 1 && target.wire[1] === ASTERISK ? renamed(name, Name.root, target.parent()) : target
    if (whole === undefined) return { outcome: denial('nxdomain', name, type, BLOCKED) } // the name would be too long
    return { alias: { ...set, records: [{ ...set.records[0], rdata: whole.wire }] }, target: whole }
  }

  private read(rrset: RRsetId, name: Name, type: number): RRset {
    const { image } = this
    const records: DnsRecord[] = []
    const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
    for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) {
      records.push({ name, type, class: CLASS.IN, ttl: image.ttlOf(rrset), rdata: image.octets.slice(image.rdataAt(at), image.rdataAt(at) + image.rdataLength(at)) })
    }
    return { name, type, records, signatures: [], trust: TRUST.answer }
  }
}

/** RFC 8914 4.16 and 4.5. */
const BLOCKED: ExtendedError = { infoCode: EDE.BLOCKED, text: '' }
const FORGED: ExtendedError = { infoCode: EDE.FORGED_ANSWER, text: '' }
const ASTERISK = 0x2a

/** Without SOA, so that nobody keeps it (RFC 2308 5): a rule may be gone with the next reload. */
function denial(kind: 'nodata' | 'nxdomain', name: Name, type: number, explanation: ExtendedError): Outcome {
  return { kind, absence: { kind, name, type, proof: [] }, chain: [], explanation, work: NO_WORK }
}

/** What a rule's alias led to: not proven, as the alias is not, and its answer says that it was a rule (RFC 4035 3.2.3, RFC 8914 4.5). */
export function followed(alias: RRset, outcome: Outcome): Outcome {
  const whole = { ...behind([alias], outcome), security: SECURITY.insecure }
  return { ...whole, explanation: outcome.explanation ?? FORGED }
}

/** An outcome behind the aliases that led to it. */
export function behind(chain: readonly RRset[], outcome: Outcome): Outcome {
  return { ...outcome, chain: [...chain, ...outcome.chain] }
}
