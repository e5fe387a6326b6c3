/**
 * Answering from our zones: RFC 1034 4.3.2, as refined by RFC 4592 (wildcards), RFC 6672 (DNAME) and RFC 4035
 * (signed zones). Read it top to bottom: `answer` finds the zone, `answerFromZone` takes one step of the
 * algorithm, and each outcome has a function of its own. Steps follow CNAME and DNAME from name to name and
 * from zone to zone; everything is synchronous, and nothing is allocated.
 *
 *   step 2   the zone nearest to the name                      directory.indexFor
 *   step 3   match down, label by label                        image.find, whose outcome decides:
 *     3a       the whole name                                  answerNode, answerNoData
 *     3b       out of the authoritative data                   answerReferral
 *     3c       no such label: DNAME, wildcard or nothing       answerDname, answerNode, answerNameError
 *   step 6   useful additional records                         additional.ts
 */
import { CLASS, EDE, RCODE, TYPE } from '../dns/codes.ts'
import { MAX_CHAIN } from '../dns/limits.ts'
import { LookupName } from '../dns/lookup-name.ts'
import type { OctetBlock } from '../dns/octet-views.ts'
import type { ZoneDirectory } from '../zone/directory.ts'
import { FOUND, type Link, type NodeId, type RRsetId, type ZoneImage, ZoneMatch } from '../zone/image.ts'
import { addAdditional, addGlue } from './additional.ts'
import { isNsec3, isOfAgents, smallestRRset } from './any.ts'
import { type AgentChooser, type Choice, CHOICE } from './choosing.ts'
import { Denial } from './denial.ts'
import { type Answer, type Authority, KIND, type Kind, SECTION, type Section, TTL_AS_STORED } from './plan.ts'
import type { Query } from './query.ts'
import { RecordScratch } from './scratch.ts'
import { TAIL, Tails } from './tails.ts'

/** Counts the queries of this thread, so that each reads one generation of every zone that it meets. */
let queries = 0

/** Answers from the zones of a directory; one object per answering thread, as its fields are used again by every query. */
export class ZoneAuthority implements Authority {
  private directory: ZoneDirectory
  private readonly target: LookupName
  private readonly match = new ZoneMatch()
  private readonly scratch = new RecordScratch()
  private readonly denial: Denial
  private readonly tails = new Tails()
  private query!: Query
  private result!: Answer
  private zone!: ZoneImage
  private readonly chooser: AgentChooser | undefined
  /** The name being answered, loaded for searches. */
  readonly name: LookupName
  /** Where it stands as it was written: QNAME, or the target of the last CNAME. */
  owner!: OctetBlock
  ownerAt = 0
  /** Others can be asked for what is missing: an alias is followed each time, so that it is seen whether it leaves our zones. */
  isBesideResolver = false
  /** The agents of the zone are not for this asker. */
  private isHidden = false
  /** Index of the zone whose apex is the name, while the zone above it is asked for DS; −1 otherwise. */
  private child = -1

  /** `chooser` chooses among agents; without one AGENT is a type like any other. */
  constructor(directory: ZoneDirectory, seed: number, chooser?: AgentChooser) {
    this.directory = directory
    this.chooser = chooser
    this.name = new LookupName(seed)
    this.target = new LookupName(seed)
    this.denial = new Denial(seed)
  }

  /** Serves the zones of `directory` from the next query on. */
  replaceDirectory(directory: ZoneDirectory): void {
    this.directory = directory
    this.tails.clear()
  }

  /** Whether a zone of ours holds `name`, in class IN. */
  holds(name: LookupName): boolean {
    return this.directory.indexFor(name, CLASS.IN) >= 0
  }

  zoneOf(name: LookupName): ZoneImage | null {
    const { directory: { zones }, query: { qclass } } = this
    const index = this.directory.indexFor(name, qclass === CLASS.ANY ? CLASS.IN : qclass)
    if (index >= 0) zones[index].refreshFor(queries)
    return index < 0 ? null : zones[index]
  }

  answer(query: Query, answer: Answer): void {
    this.query = query
    this.result = answer
    this.owner = query
    this.ownerAt = query.qnameAt
    this.name.load(query.octets, query.qnameAt, query.view)
    this.scratch.reset()
    this.denial.reset()
    queries = (queries + 1) | 0
    if (!this.findZone()) return this.answerRefused()
    answer.agentCapable = this.zone.hasAgents // elsewhere the bit stays clear, as RFC 8906 8.1.3.3 tests
    answer.authoritative = query.qclass !== CLASS.ANY // which would speak for classes that we do not have (RFC 1035 6.2)
    for (let steps = 0; this.answerFromZone() && steps < MAX_CHAIN; steps++) {
      this.name.load(this.owner.octets, this.ownerAt, this.owner.view)
      if (answer.hasAlias(this.name)) break // the chain runs in a circle
      if (!this.findZone()) {
        answer.isMissing = query.qclass === CLASS.IN // RFC 1034 4.3.1: the rest is elsewhere, and who recurses goes on there
        break
      }
    }
    if (this.owner !== query && !this.isOfOneZone()) answer.tails = null
    // proofs of the wildcards met on the way come behind the last answer; the outcome's own section has taken
    // them along if it has one (RFC 4035 3.1.3.3)
    this.denial.addWildcardProofs(answer)
    if (answer.derived !== null) this.chooser?.complete?.(answer, this.zone)
    addAdditional(answer, this.zone, this, this.target, this.match, query.dnssecOk)
  }

  /** Step 2. For DS the zone above a cut is asked, where we serve it, as DS is the parent's (RFC 4035 3.1.4.1). */
  private findZone(): boolean {
    const { directory, name, query } = this
    const rrClass = query.qclass === CLASS.ANY ? CLASS.IN : query.qclass
    const index = directory.indexFor(name, rrClass)
    if (index < 0) return false
    this.child = -1
    if (query.qtype === TYPE.DS && directory.zones[index].apexLabels === name.labelCount) {
      const parent = directory.indexFor(name, rrClass, 1)
      if (parent >= 0) {
        this.child = index
        this.enterZone(parent)
        return true
      }
    }
    this.enterZone(index)
    return true
  }

  private enterZone(index: number): void {
    this.zone = this.directory.zones[index]
    this.result.zone = index
    this.isHidden = this.chooser?.hides?.(this.query, index) === true
    this.zone.refreshFor(queries)
  }

  /** Step 3 in one zone; true where a CNAME was met and its target is to be answered next. */
  private answerFromZone(): boolean {
    const { match } = this
    this.zone.find(this.name, match)
    if (this.isHidden && this.asksForAgents()) return this.answerHidden()
    switch (match.found) {
      case FOUND.exact:
        return this.isChosen(match.node) ? false : this.answerNode(match.node)
      case FOUND.wildcard:
        return this.isDerived(0) ? false : this.answerNode(match.node)
      case FOUND.empty:
        return this.isChosen(match.node) || this.isDerived(match.node) ? false : this.answerNoData()
      case FOUND.cut:
        return this.answerAtCut()
      case FOUND.dname:
        return this.answerDname(match.cut)
      case FOUND.nothing:
        return this.isEnded() || this.isDerived(0) ? false : this.answerNameError()
    }
  }

  /** Agents at or below the name are chosen among (docs/protocol.md 4); false where there are none and the name is answered as for any type. */
  private isChosen(node: NodeId): boolean {
    const { query, result, zone, chooser } = this
    if (query.qtype !== TYPE.AGENT || chooser === undefined || zone.rrsetOf(node, TYPE.CNAME) !== 0) return false // RFC 1034 3.6.2
    return this.isTaken(chooser.choose(query, result, zone, this, node))
  }

  /** Whether agents were at the name, which is not there: their leases have ended. */
  private isEnded(): boolean {
    const { query, result, zone, chooser } = this
    return chooser?.ended !== undefined && !this.isHidden && this.isTaken(chooser.ended(query, result, zone, this))
  }

  /** Whether the question is one for agents: of their types, or at a name that is theirs; but a type of theirs at an alias or below a cut is asked of who is there. */
  private asksForAgents(): boolean {
    const { match, zone, name, query, chooser } = this
    if (match.found === FOUND.cut) return false // what lies below it is another's
    if (chooser?.isTheirs?.(name, zone.apexLabels) === true) return true
    if (!isOfAgents(query.qtype) || match.found === FOUND.dname) return false
    return match.found === FOUND.empty || match.found === FOUND.nothing || zone.rrsetOf(match.node, TYPE.CNAME) === 0
  }

  /** The same for every name, whether it exists or not: REFUSED, with the reason. Behind an alias, which is shown, as where it leads out of our zones: who goes on is refused there. */
  private answerHidden(): false {
    const { result } = this
    result.explain(EDE.AGENT_PERMISSION_REQUIRED)
    result.tails = null
    if (result.count === 0) result.rcode = RCODE.REFUSED
    result.authoritative &&= result.count > 0
    return false
  }

  /** Whether the name, `node` in the zone or none of its own, is derived from what agents have registered. */
  private isDerived(node: NodeId): boolean {
    const { query, result, zone, chooser } = this
    if (this.isHidden || chooser?.derive === undefined || query.qtype === TYPE.AGENT || query.qclass === CLASS.ANY) return false
    return this.isTaken(chooser.derive(query, result, zone, this, node))
  }

  /** Whether a chooser has answered; what it made holds for this query alone. */
  private isTaken(choice: Choice): boolean {
    if (choice === CHOICE.none) return false
    this.result.tails = null
    if (choice === CHOICE.nobody) this.addSoa() // RFC 2308 2.2
    if (choice === CHOICE.malformed) {
      this.result.rcode = RCODE.FORMERR
      this.result.authoritative = false
    }
    return true
  }

  /** Step 3a, or 3c with a wildcard's records: the node's RRset of QTYPE, else its CNAME, else nothing of that type. */
  private answerNode(node: NodeId): boolean {
    const { zone, query } = this
    if ((query.qtype === TYPE.ANY || query.qtype === TYPE.RRSIG) && this.addMany(node)) return false
    // an NSEC3 record is never an answer, also where its owner bears an ordinary name (RFC 5155 7.2.8)
    const rrset = query.qtype === TYPE.NSEC3 ? 0 : zone.rrsetOf(node, query.qtype)
    if (rrset !== 0 && query.qtype === TYPE.PTR && this.isDerived(node)) return false // a list of services has both
    if (rrset !== 0) return this.answerPositive(node, rrset)
    const cname = zone.rrsetOf(node, TYPE.CNAME)
    if (cname !== 0) return this.answerCname(node, cname)
    return this.match.found === FOUND.exact && this.isDerived(node) ? false : this.answerNoData()
  }

  private answerPositive(node: NodeId, rrset: RRsetId): false {
    this.addAnswer(node, rrset)
    this.noteWildcard()
    return false
  }

  /** RFC 1034 3.6.2: the alias, and then what its target has. */
  private answerCname(node: NodeId, cname: RRsetId): boolean {
    const { zone } = this
    this.addAnswer(node, cname)
    if (this.match.found === FOUND.exact && !this.isBesideResolver && this.query.qtype !== TYPE.AGENT && this.recall(node, TAIL.alias | (this.query.qtype << 8))) return false
    this.noteWildcard()
    this.owner = zone
    this.ownerAt = zone.rdataAt(zone.firstRecordAt(cname))
    return true
  }

  /**
   * QTYPE ANY or RRSIG. Over UDP one RRset stands for all, so that a short question cannot draw a long answer
   * (RFC 8482 4.1); over TCP, where the asker has shown its address, all of them (RFC 8482 4.4). False where there is none.
   */
  private addMany(node: NodeId): boolean {
    const { zone, query } = this
    const isAny = query.qtype === TYPE.ANY
    const only = isAny && query.peer.transport === 'udp' ? smallestRRset(zone, node, this.isHidden) : 0
    let added = false
    for (let link: Link = only || zone.firstLink(node); link !== 0; link = only !== 0 ? 0 : zone.nextLink(link)) {
      const rrset = zone.rrsetAt(link)
      const isSignature = zone.typeOf(rrset) === TYPE.RRSIG
      if (isNsec3(zone, rrset) || (isOfAgents(zone.typeOf(rrset)) && this.isHidden)) continue
      if (isAny ? isSignature && zone.rrsetOf(node, zone.coveredType(rrset)) !== 0 : !isSignature) continue
      if (isSignature) this.result.add(SECTION.answer, zone, rrset, this.owner, this.ownerAt)
      else this.addAnswer(node, rrset)
      added = true
    }
    if (added) this.noteWildcard()
    return added
  }

  /**
   * Step 3b. DS at the cut itself is authoritative here (RFC 4035 3.1.4.1); everything else is a referral. But where
   * another zone, which we do not serve, lies between this one and ours of that name, our own says that it holds no DS.
   */
  private answerAtCut(): boolean {
    const { match, query, child } = this
    if (query.qtype !== TYPE.DS) return this.answerReferral(match.cut)
    if (match.node !== 0) return this.answerNode(match.node)
    if (child < 0) return this.answerReferral(match.cut)
    this.child = -1
    this.enterZone(child)
    return this.answerFromZone()
  }

  /** RFC 1034 4.3.2 step 3b, RFC 4035 3.1.4: the cut's NS, its DS or the proof that there is none, and glue. */
  private answerReferral(cut: NodeId): false {
    const { zone, result, query } = this
    if (result.count === 0) result.authoritative = false
    result.isMissing = query.qclass === CLASS.IN // RFC 1034 4.3.1: who recurses follows it himself
    this.denial.addWildcardProofs(result)
    const ns = zone.rrsetOf(cut, TYPE.NS)
    this.addAbove(SECTION.authority, cut, ns)
    if (this.recall(cut, TAIL.referral)) return false
    if (query.dnssecOk) this.addSecurityOfReferral(cut)
    addGlue(result, zone, cut, ns, this.target, this.match, query.dnssecOk)
    return false
  }

  private addSecurityOfReferral(cut: NodeId): void {
    const { zone, result } = this
    if (zone.signaturesOf(cut, TYPE.DS) === 0) return this.denial.addNoDs(result, zone, cut, this.target)
    result.add(SECTION.authority, zone, zone.rrsetOf(cut, TYPE.DS), zone, zone.nameAt(cut))
    this.addSignatures(SECTION.authority, cut, TYPE.DS, zone, zone.nameAt(cut))
  }

  /** RFC 6672 3.2: the DNAME, and the CNAME that it means for this name. */
  private answerDname(owner: NodeId): boolean {
    const { zone, result, scratch } = this
    const dname = zone.rrsetOf(owner, TYPE.DNAME)
    const ownerName = zone.nameAt(owner)
    if (!result.holds(zone, dname, zone, ownerName)) { // a chain may come by twice
      result.add(SECTION.answer, zone, dname, zone, ownerName)
      if (this.query.dnssecOk) this.addSignatures(SECTION.answer, owner, TYPE.DNAME, zone, ownerName)
    }
    const prefix = this.name.labelAt[this.name.labelCount - zone.labelCount(owner)]
    const cname = scratch.writeCname(this.owner, this.ownerAt, prefix, zone, zone.rdataAt(zone.firstRecordAt(dname)), zone.ttlOf(dname), zone.class)
    if (cname === 0) {
      result.rcode = RCODE.YXDOMAIN // RFC 6672 2.2: the new name would be longer than 255 octets
      return false
    }
    result.add(SECTION.answer, scratch, cname, this.owner, this.ownerAt)
    this.owner = scratch
    this.ownerAt = scratch.rdataAt(cname)
    return this.query.qtype !== TYPE.CNAME
  }

  /** The name exists, or a wildcard stands for it, but the type does not (RFC 2308 2.2). */
  private answerNoData(): false {
    const { result, zone, match, query } = this
    this.addSoa()
    // without proofs it is the same for all names of the zone, with them still for all types that the name lacks
    if (!query.dnssecOk) this.recall(zone.apex, TAIL.absence)
    else if (match.found === FOUND.wildcard) this.denial.addWildcardNoData(result, zone, this.name, match, this.target)
    else if (!this.recall(match.node, TAIL.absence)) this.denial.addNoData(result, zone, match.node, this.name)
    return false
  }

  /** The name does not exist (RFC 2308 2.1); after an alias the RCODE speaks of the last name (RFC 6604 3). */
  private answerNameError(): false {
    const { result, zone, match, query } = this
    result.rcode = RCODE.NXDOMAIN
    this.addSoa()
    if (!query.dnssecOk) this.recall(zone.apex, TAIL.absence)
    else this.denial.addNameError(result, zone, this.name, match, this.target)
    return false
  }

  /** No zone of ours holds the name (RFC 8914 4.21: not authoritative). */
  private answerRefused(): void {
    this.result.rcode = RCODE.REFUSED
    this.result.isMissing = this.query.qclass === CLASS.IN
    this.result.explain(EDE.NOT_AUTHORITATIVE)
  }

  // ---- Parts of an answer ----

  private addAnswer(node: NodeId, rrset: RRsetId): void {
    const { result, zone, owner, ownerAt } = this
    result.add(SECTION.answer, zone, rrset, owner, ownerAt)
    if (this.query.dnssecOk) this.addSignatures(SECTION.answer, node, zone.typeOf(rrset), owner, ownerAt)
  }

  private addSignatures(section: Section, node: NodeId, type: number, owner: OctetBlock, ownerAt: number): void {
    const signatures = this.zone.signaturesOf(node, type)
    if (signatures !== 0) this.result.add(section, this.zone, signatures, owner, ownerAt, KIND.signature)
  }

  /** The SOA of a negative answer, its TTL at most the zone's MINIMUM (RFC 2308 3). */
  private addSoa(): void {
    const { zone } = this
    this.denial.addWildcardProofs(this.result)
    const soa = zone.rrsetOf(zone.apex, TYPE.SOA)
    if (soa === 0) return
    const ttl = zone.negativeTtl
    this.addAbove(SECTION.authority, zone.apex, soa, KIND.plain, ttl)
    if (!this.query.dnssecOk) return
    const signatures = zone.signaturesOf(zone.apex, TYPE.SOA)
    if (signatures !== 0) this.addAbove(SECTION.authority, zone.apex, signatures, KIND.signature, ttl)
  }

  /** Adds an RRset of `node`, which is at or above the name being answered: while that is QNAME, its owner stands in the question. */
  private addAbove(section: Section, node: NodeId, rrset: RRsetId, kind: Kind = KIND.plain, ttl: number = TTL_AS_STORED): void {
    const { zone, result, query, name } = this
    if (this.owner === query) result.add(section, zone, rrset, query, query.qnameAt + name.labelAt[name.labelCount - zone.labelCount(node)], kind, ttl)
    else result.add(section, zone, rrset, zone, zone.nameAt(node), kind, ttl)
  }

  /**
   * Whether all that follows the question is known from an earlier answer, so that nothing more need be planned. Asked
   * when the first RRset is in the plan, by which its response is counted, and while QNAME itself is answered.
   */
  private recall(node: NodeId, variant: number): boolean {
    const { result, zone, query, tails } = this
    if (this.owner !== query || this.isHidden) return false // what others were told is not for him
    result.tails = tails
    result.isRecalled = tails.recall(zone, result.zone, node, variant | (query.dnssecOk ? 1 : 0), query, this.name, result.room)
    return result.isRecalled
  }

  /** Whether an alias was answered from the zone in which it stands, and by NOERROR: a tail tells neither. */
  private isOfOneZone(): boolean {
    const { result, zone } = this
    return result.rcode === RCODE.NOERROR && result.source[0] === zone
  }

  /** Remembers that the answer just added came from a wildcard, so that its proof follows (RFC 4035 3.1.3.3, RFC 5155 7.2.6). */
  private noteWildcard(): void {
    if (this.match.found === FOUND.wildcard && this.query.dnssecOk) this.denial.noteWildcard(this.zone, this.name, this.match)
  }
}
