/**
 * Faces (docs/protocol.md 4): one registration, read in every form that today's software asks for. Nothing of them is
 * stored: names and records are made of what the table of candidates holds when they are asked for, so that who has left,
 * failed or is held is in none of them, and what can be ranked is, by the same choice as an answer to AGENT.
 *
 *     name ──► which face (names.ts) ──► whom: best, all, or the one (picks.ts) ──► records (writers.ts) ──► still the same?
 *                 not shown: as ever        nobody of that name: as ever                                      no: once more
 *
 * What a zone holds itself stands before what is derived; lists of services alone have both.
 */
import { type AgentChooser, CHOICE, type Choice, type Wanted } from '../../authority/choosing.ts'
import { type Answer, SECTION } from '../../authority/plan.ts'
import type { Query } from '../../authority/query.ts'
import { EDE, TYPE } from '../../dns/codes.ts'
import { MAX_INDEX_TRIES } from '../../dns/limits-discovery.ts'
import { MAX_CHAIN, MAX_LABEL_OCTETS, MAX_NAME_OCTETS } from '../../dns/limits.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { viewOf } from '../../dns/octet-views.ts'
import type { ZoneImage } from '../../zone/image.ts'
import type { CandidateTable, Slot } from '../ranking/candidates.ts'
import type { RankedChooser } from '../ranking/choosing.ts'
import { PROTOCOL } from '../ranking/protocols.ts'
import { FaceBlock } from './block.ts'
import { ALL_SHOWN, FACE, type FaceName, readFaceName, SERVICE_TYPES, SHOWN } from './names.ts'
import { agentAt } from './offer-fields.ts'
import { Picks } from './picks.ts'
import { HumanNames } from './human-names.ts'
import { FaceWriter, type Place } from './writers.ts'

const label = (text: string): Uint8Array => Buffer.concat([Buffer.of(text.length), Buffer.from(text)])
const CAP = label('_cap')
const SA = label('_sa')
const NO_LABEL = new Uint8Array(0)
const DOT = 0x2e
/** DNS-AID's index names who speaks one of these: a record there says what is spoken. */
const ANY_INDEXED = PROTOCOL.a2a | PROTOCOL.mcp
/** EXTRA-TEXT of a list that is not whole (RFC 8914 2). */
const CUT = Buffer.from('more agents than a list holds: ask by capability')

/** Answers AGENT as `ranked` does, and the faces of what it chooses from; one per thread. */
export class AgentFaces implements AgentChooser {
  private readonly ranked: RankedChooser
  private readonly humanNames: HumanNames
  private readonly picks: Picks
  private readonly block = new FaceBlock()
  private readonly write: FaceWriter
  private readonly face: FaceName = { kind: FACE.own, shown: ALL_SHOWN, protocols: 0, domain: 0 }
  private readonly other: LookupName
  private readonly made = new Uint8Array(MAX_NAME_OCTETS)
  private readonly madeView = viewOf(this.made)
  private table!: CandidateTable
  private zone!: ZoneImage
  private query!: Query
  private answer!: Answer
  private wanted!: Wanted
  private node = 0

  /** `seed` is the process's hash seed, as that of the zones. */
  constructor(ranked: RankedChooser, seed: number) {
    this.ranked = ranked
    this.humanNames = new HumanNames(seed)
    this.picks = new Picks(ranked, this.humanNames)
    this.write = new FaceWriter(this.block, seed, this.humanNames)
    this.other = new LookupName(seed)
  }

  choose(query: Query, answer: Answer, zone: ZoneImage, wanted: Wanted, node: number): Choice {
    return this.ranked.choose(query, answer, zone, wanted, node)
  }

  ended(query: Query, answer: Answer, zone: ZoneImage, wanted: Wanted): Choice {
    return this.ranked.ended(query, answer, zone, wanted)
  }

  complete(answer: Answer, zone: ZoneImage): void {
    this.ranked.complete(answer, zone)
  }

  hides(query: Query, zone: number): boolean {
    return this.ranked.hides(query, zone)
  }

  isTheirs(name: LookupName, apexLabels: number): boolean {
    return this.ranked.isTheirs(name, apexLabels)
  }

  derive(query: Query, answer: Answer, zone: ZoneImage, wanted: Wanted, node: number): Choice {
    const table = this.ranked.tableFor(answer.zone, zone)
    if (table === undefined || table.faces === 0) return CHOICE.none
    readFaceName(wanted.name, zone.apexLabels, this.face)
    if ((this.face.shown & table.faces) === 0) return CHOICE.none
    this.table = table
    this.zone = zone
    this.query = query
    this.answer = answer
    this.wanted = wanted
    this.node = node
    this.humanNames.begin(table, zone)
    for (let tries = 0; tries < MAX_INDEX_TRIES; tries++) {
      this.picks.begin(table, wanted, zone)
      const choice = this.choiceOf()
      if (choice !== CHOICE.made) return choice
      if (this.picks.isWhole()) return this.give()
    }
    return CHOICE.none
  }

  /** What becomes of the name; `made` leaves an RRset in the block, which may be empty. */
  private choiceOf(): Choice {
    switch (this.face.kind) {
      case FACE.own:
        return this.own()
      case FACE.between:
      case FACE.service:
      case FACE.types:
      case FACE.domains:
      case FACE.index:
        return this.findDomain() ? this.ofDomain() : CHOICE.none
      case FACE.subtype:
        return this.subtype()
      case FACE.instance:
        return this.instance()
      case FACE.walk:
        return this.walk()
    }
  }

  /** Puts the RRset that was made into the answer; without records, the name has none of that type. */
  private give(): Choice {
    const { answer, block, wanted } = this
    block.end()
    if (block.count === 0) {
      if (this.picks.count === 0 && !this.picks.hasOthers) this.ranked.explain(answer)
      return CHOICE.nobody
    }
    answer.derived = block
    answer.add(SECTION.answer, block, block.rrset, wanted.owner, wanted.ownerAt)
    return CHOICE.made
  }

  // ---- Names in themselves: a capability, an agent, its human name ----

  private own(): Choice {
    const { wanted: { name }, picks } = this
    if (picks.lookup(name)) return this.capability()
    const alias = picks.ofAlias(name) > 0
    if (!alias && picks.ofAgent(name) === 0) return CHOICE.none
    picks.living(0)
    if (alias) return this.person()
    return this.isShown(SHOWN.svcb) && this.isService() ? this.services(false, (slot) => this.place(agentAt(this.table, slot))) : this.absent()
  }

  private capability(): Choice {
    const { qtype } = this.query
    const isAddress = this.isAddress() && this.isShown(SHOWN.address)
    if (!isAddress && !(this.isService() && this.isShown(SHOWN.svcb))) return this.absent()
    const { match } = this.picks
    for (let steps = 0; match.count === 0 && steps < MAX_CHAIN; steps++) { // a version that has moved on
      if (!isAddress) return this.alias({ octets: this.table.heap, at: match.aliasAt + 2 })
      this.other.load(this.table.heap, match.aliasAt + 2)
      if (!this.picks.lookup(this.other)) return CHOICE.nobody
    }
    const hasFace = isAddress ? (slot: Slot) => this.write.hasAddress(this.table, slot, this.wanted, qtype) : undefined
    const choice = this.picks.rank(this.query, this.answer, 0, hasFace)
    if (choice !== CHOICE.made) return choice
    if (this.picks.count > 0) this.ranked.hand(this.table, this.picks.slots[0])
    if (!isAddress) return this.services(true, (slot) => this.place(agentAt(this.table, slot)))
    this.begin(qtype)
    this.write.addresses(this.table, this.picks, this.wanted, qtype)
    return CHOICE.made
  }

  /** An agent's human name: what stands at it in DNS-AID. */
  private person(): Choice {
    const { query: { qtype }, wanted: { owner, ownerAt } } = this
    if (this.isAddress() && this.isShown(SHOWN.address)) {
      this.begin(qtype)
      this.write.addresses(this.table, this.picks, this.wanted, qtype)
      return CHOICE.made
    }
    if (this.isService() && this.isShown(SHOWN.svcb | SHOWN['dns-aid'])) return this.services(false, () => ({ octets: owner.octets, at: ownerAt }))
    return qtype === TYPE.TXT && this.isShown(SHOWN['dns-aid']) ? this.text(() => this.write.capabilities(this.table, this.picks)) : this.absent()
  }

  // ---- Names below a domain that lead to all who are there ----

  private ofDomain(): Choice {
    const { face: { kind, protocols }, query: { qtype } } = this
    if (kind === FACE.index && this.isService()) {
      const domain = this.domain()
      const placeOf = (slot: Slot): Place | undefined => this.write.plainName(this.table, slot, domain)
      const choice = this.picks.rank(this.query, this.answer, protocols || ANY_INDEXED, (slot) => placeOf(slot) !== undefined)
      if (choice !== CHOICE.made) return choice
      return this.services(true, placeOf)
    }
    if (kind === FACE.service && qtype === TYPE.SRV) return this.locations()
    const isList = qtype === TYPE.PTR ? kind !== FACE.between && kind !== FACE.index : kind === FACE.index && protocols === 0 && qtype === TYPE.TXT
    if (!isList) return this.absent()
    if (kind === FACE.types) return this.types()
    this.picks.living(kind === FACE.index ? ANY_INDEXED : protocols)
    if (kind !== FACE.domains) this.sayIfCut()
    if (kind === FACE.index) return this.text(() => this.write.index(this.table, this.picks, this.domain()))
    this.begin(TYPE.PTR)
    if (kind === FACE.domains) this.write.pointer([], this.domain())
    else this.write.instances(this.table, this.picks, this.serviceLabel(), this.domain())
    return CHOICE.made
  }

  private locations(): Choice {
    const choice = this.picks.rank(this.query, this.answer, this.face.protocols)
    if (choice !== CHOICE.made) return choice
    if (this.picks.count > 0) this.ranked.hand(this.table, this.picks.slots[0])
    this.begin(TYPE.SRV)
    this.write.locations(this.table, this.picks)
    return CHOICE.made
  }

  /** RFC 6763 9: the services that somebody who lives offers. */
  private types(): Choice {
    const offered = SERVICE_TYPES.filter(({ protocols }) => {
      this.picks.living(protocols)
      return this.picks.count > 0
    })
    this.picks.living(0)
    this.begin(TYPE.PTR)
    for (const { octets } of offered) this.write.pointer([octets, label('_tcp')], this.domain())
    return CHOICE.made
  }

  // ---- Names with a particular label ----

  /** RFC 6763 7.1: the label is a capability, its labels with dots between, and may begin with `_`. */
  private subtype(): Choice {
    const from = this.wanted.name.octets[1] === 0x5f ? 2 : 1
    if (!this.makeFrom(from, CAP) || !this.picks.lookup(this.other)) return CHOICE.none
    if (this.query.qtype !== TYPE.PTR) return this.absent()
    this.picks.living(this.face.protocols)
    this.sayIfCut()
    this.begin(TYPE.PTR)
    this.write.instances(this.table, this.picks, this.serviceLabel(), this.domain())
    return CHOICE.made
  }

  private instance(): Choice {
    const { octets } = this.wanted.name
    const isWhole = octets.indexOf(DOT, 1) > 0 && octets.indexOf(DOT, 1) <= octets[0]
    if (!this.makeFrom(1, isWhole ? null : SA) || this.picks.ofAgent(this.other) === 0) return CHOICE.none
    this.picks.living(this.face.protocols)
    const { qtype } = this.query
    if (qtype === TYPE.TXT) return this.text(() => this.write.describe(this.table, this.picks))
    if (qtype !== TYPE.SRV) return this.absent()
    this.picks.count = Math.min(1, this.picks.count)
    this.begin(TYPE.SRV)
    this.write.locations(this.table, this.picks)
    return CHOICE.made
  }

  /** DNS-AID: `<agent>._agents.<domain>`, or `_<agent>` at one protocol, leads to its human name, or where it has none to the agent. */
  private walk(): Choice {
    const { picks, face: { protocols } } = this
    const from = protocols === 0 ? 1 : 2
    if (!this.makeFrom(from, NO_LABEL) || picks.ofAlias(this.other) === 0) {
      if (!this.makeFrom(from, SA) || picks.ofAgent(this.other) === 0) return CHOICE.none
    }
    picks.living(protocols)
    if (!this.isService()) return this.absent()
    return this.alias({ octets: this.made, at: 0 })
  }

  // ---- Parts ----

  private services(isRanked: boolean, targetOf: Parameters<FaceWriter['services']>[3]): Choice {
    this.begin(this.query.qtype)
    this.write.services(this.table, this.picks, isRanked, targetOf)
    return CHOICE.made
  }

  private alias(target: Parameters<FaceWriter['alias']>[0]): Choice {
    const isOfVersion = this.picks.match.aliasLength > 0
    this.begin(this.query.qtype)
    if (isOfVersion || this.picks.count > 0) this.write.alias(target)
    return CHOICE.made
  }

  private text(write: () => void): Choice {
    this.begin(TYPE.TXT)
    if (this.picks.count > 0) write()
    return CHOICE.made
  }

  private begin(type: number): void {
    const { block, zone, picks, ranked, table, node } = this
    const ttl = picks.count === 0 ? Math.max(0, zone.negativeTtl) : ranked.ttlFor(table, picks.slots, picks.count, picks.isRanked)
    block.begin(type, zone.class, ttl)
    if (type === TYPE.PTR && node !== 0) block.addStored(zone, zone.rrsetOf(node, TYPE.PTR))
  }

  /** A name that the zone has not, but faces have, without records of that type (RFC 2308 2.2). */
  private absent(): Choice {
    return this.node === 0 ? CHOICE.nobody : CHOICE.none
  }

  /** No list is cut in silence: RFC 8914 4.1 leaves the words to us. */
  private sayIfCut(): void {
    if (this.picks.isCut) this.answer.explain(EDE.OTHER, CUT)
  }

  private isShown(bits: number): boolean {
    return (this.table.faces & bits) !== 0
  }

  private isAddress(): boolean {
    return this.query.qtype === TYPE.A || this.query.qtype === TYPE.AAAA
  }

  private isService(): boolean {
    return this.query.qtype === TYPE.SVCB || this.query.qtype === TYPE.HTTPS
  }

  private serviceLabel(): Uint8Array {
    return (SERVICE_TYPES.find(({ protocols }) => protocols === this.face.protocols) as (typeof SERVICE_TYPES)[number]).octets
  }

  private place(at: number): { octets: Uint8Array; at: number } {
    return { octets: this.table.heap, at }
  }

  /** Where the domain of the face stands: in the name asked for. */
  private domain(): { octets: Uint8Array; at: number } {
    const { octets, labelAt } = this.wanted.name
    return { octets, at: labelAt[this.face.domain] }
  }

  /** Looks up who is at the domain, or at the capability in its place, which is for SRV alone. */
  private findDomain(): boolean {
    const { face, query, picks, wanted: { name } } = this
    this.makeBelow(0, NO_LABEL)
    this.load()
    if (picks.lookup(this.other)) return face.kind === FACE.between || (face.kind === FACE.service && query.qtype === TYPE.SRV)
    if (name.length - name.labelAt[face.domain] + CAP.length > MAX_NAME_OCTETS) return false
    this.makeBelow(0, CAP)
    this.load()
    return picks.lookup(this.other)
  }

  /** Makes `other` of the first label of the name, from octet `from` on, whose dots part labels, and of the domain with `mark` before it, or without one (null) of nothing. False where that is no name. */
  private makeFrom(from: number, mark: Uint8Array | null): boolean {
    const { made, wanted: { name } } = this
    const end = 1 + name.octets[0]
    let lengthAt = 0
    let at = 1
    for (let i = from; i <= end; i++) {
      if (i < end && name.octets[i] !== DOT) made[at++] = name.octets[i]
      else {
        const size = at - lengthAt - 1
        if (size === 0 || size > MAX_LABEL_OCTETS) return false
        made[lengthAt] = size
        lengthAt = at++
      }
    }
    if (mark === null) made[lengthAt] = 0
    else if (lengthAt + mark.length + name.length - name.labelAt[this.face.domain] > MAX_NAME_OCTETS) return false
    else this.makeBelow(lengthAt, mark)
    this.load()
    return true
  }

  /** Writes `mark` and the domain of the face behind what was made up to `at`. */
  private makeBelow(at: number, mark: Uint8Array): void {
    const { octets, labelAt, length } = this.wanted.name
    this.made.set(mark, at)
    this.made.set(octets.subarray(labelAt[this.face.domain], length), at + mark.length)
  }

  private load(): void {
    this.other.load(this.made, 0, this.madeView)
  }
}
