/**
 * Choosing where queries are answered (docs/protocol.md 4): from the name asked for and the asker's DEMAND to an RRset of
 * the best live agents, made in a block of the thread's own, and the OFFER that tells how they were chosen.
 *
 *     table.lookup ──► ranker.rank ──► RDATA copied, priorities 1 … n ──► still the same entries? ──► answer, OFFER, hand
 *         no agents: none   nobody: why, as an Extended DNS Error                no: once more
 *
 * A zone that was signed beforehand is answered as it stands, as a signature covers the RRset whole (RFC 4035 3.1.1); OFFER
 * tells how its agents would be chosen.
 */
import { type AgentChooser, CHOICE, type Choice, type HostZones, type Wanted } from '../../authority/choosing.ts'
import { type Answer, KIND, SECTION } from '../../authority/plan.ts'
import { type Query, QUESTION_AT } from '../../authority/query.ts'
import { CLASS, EDE, TYPE } from '../../dns/codes.ts'
import { MAX_EDE_TEXT_OCTETS } from '../../dns/limits.ts'
import { DEFAULT_RANKED_ANSWERS, MAX_FACE_AGENTS, MAX_INDEX_TRIES, MAX_LISTED_CANDIDATES, MAX_RANKED_ANSWERS } from '../../dns/limits-discovery.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import type { NodeId, RRsetId, ZoneImage } from '../../zone/image.ts'
import { Aliases } from './aliases.ts'
import { type Askers, isCapabilityName } from './askers.ts'
import { CandidateTable, CapabilityMatch, type Slot } from './candidates.ts'
import { CandidateList } from './candidate-list.ts'
import { ChosenBlock, ttlOf } from './chosen-block.ts'
import { Closure } from './closure.ts'
import { Demand } from './demand.ts'
import { type CandidateFilter, FIRST_DEMANDED, REASON, REASON_COUNT } from './filter.ts'
import { OfferWriter } from './offer.ts'
import { type Random, Ranker } from './rank.ts'
import { ReadyAnswers } from './ready-answers.ts'
import { DEFAULT_RANKING, type RankingSettings, type Reporting } from './settings.ts'
import { SignedRecords } from './signed-records.ts'
import { TABLE } from './table-layout.ts'

/** The world of a chooser. */
export interface ChooserOptions {
  /** Milliseconds since 1970, by the clock that leases run by. */
  readonly nowMs: () => number
  readonly random: Random
  /** Told of every demand that tells what became of earlier choices; both hold for the call alone. */
  readonly onOutcomes?: (query: Query, demand: Demand) => void
  readonly settings?: RankingSettings
}

/** Chooses for one thread: it is not reentrant, as its objects are used again by every query. */
export class RankedChooser implements AgentChooser {
  private readonly nowMs: () => number
  private readonly onOutcomes: ((query: Query, demand: Demand) => void) | undefined
  private readonly ranker: Ranker
  private readonly block: ChosenBlock
  private readonly list: CandidateList
  private readonly reporting: Reporting
  private readonly closure: Closure
  private readonly aliases = new Aliases()
  private readonly signed = new SignedRecords()
  private readonly ready = new ReadyAnswers()
  /** What was chosen last is in `ready`, not in the block. */
  private isReady = false
  private readonly offer = new OfferWriter()
  private readonly match = new CapabilityMatch()
  private meant = new LookupName(0)
  private readonly demand = new Demand()
  private tables: readonly (CandidateTable | undefined)[] = []
  private askers: readonly (Askers | undefined)[] = []
  /** When the last choice was made: one reading of the clock serves all of an answer. */
  private atMs = 0

  constructor({ nowMs, random, onOutcomes, settings = DEFAULT_RANKING }: ChooserOptions) {
    this.nowMs = nowMs
    this.onOutcomes = onOutcomes
    this.ranker = new Ranker(settings, random)
    this.reporting = settings.reporting
    this.block = new ChosenBlock(settings.reporting)
    this.list = new CandidateList()
    this.closure = new Closure(this.ranker, this.block)
  }

  /** Chooses from these blocks from the next query on, each at the index of its zone in the directory; a zone without candidates has none. */
  useTables(blocks: readonly (SharedArrayBuffer | undefined)[]): void {
    const known = new Map(this.tables.map((table) => [table?.buffer, table]))
    this.tables = blocks.map((block) => block && (known.get(block) ?? new CandidateTable(block)))
    this.ready.clear()
  }

  /** Shows the agents of each zone, at its index in the directory, to these alone from the next query on; undefined: to all. */
  useAskers(askers: readonly (Askers | undefined)[]): void {
    this.askers = askers
  }

  hides(query: Query, zone: number): boolean {
    return this.askers[zone]?.holds(query) === false
  }

  isTheirs(name: LookupName, apexLabels: number): boolean {
    return isCapabilityName(name, apexLabels)
  }

  choose(query: Query, answer: Answer, zone: ZoneImage, wanted: Wanted, node: NodeId): Choice {
    const table = this.tables[answer.zone]
    if (table === undefined) return CHOICE.none
    this.ranker.scorer.company.hosts = wanted
    this.ranker.scorer.company.home = zone
    if (isSignedAhead(zone)) return this.tellBeside(query, answer, table, zone, wanted.name, node)
    const { match } = this
    for (let tries = 0; tries < MAX_INDEX_TRIES; tries++) {
      if (!table.lookup(wanted.name, match)) return CHOICE.none
      if (match.hasEnded) return zone.rrsetOf(node, TYPE.AGENT) === 0 ? this.tellEnd(query, answer, table) : CHOICE.none // the zone may be ahead of the table
      if (match.count === 0) return match.aliasLength === 0 ? CHOICE.none : this.followAlias(query, answer, table, zone, wanted, node)
      if (!this.readDemand(query, answer)) return CHOICE.malformed
      if (this.demand.intent.isPresent && !this.findMeant(query, answer, table)) return CHOICE.nobody
      if (tries === 0) this.passOutcomes(query)
      if (this.demand.wantsCandidates) {
        if (this.listAll(table, zone.class)) return this.giveAll(query, answer, table, wanted)
      } else if (this.rank(query, answer, table, zone, wanted)) return this.give(query, answer, table, wanted)
    }
    return CHOICE.none
  }

  /**
   * A version that has moved on: its alias as the zone has it, and for who can go on there the best of where it leads to in the additional section, as
   * SVCB has it (RFC 9460 4.1); OFFER is about them.
   */
  private followAlias(query: Query, answer: Answer, table: CandidateTable, zone: ZoneImage, { owner, ownerAt }: Wanted, node: NodeId): Choice {
    const { block, ranker } = this
    const rrset = zone.rrsetOf(node, TYPE.AGENT)
    if (rrset === 0) return CHOICE.none
    if (!this.readDemand(query, answer)) return CHOICE.malformed
    this.passOutcomes(query)
    answer.add(SECTION.answer, zone, rrset, owner, ownerAt)
    if (!this.rankBehind(table, zone, rrset)) return CHOICE.made
    this.tell(query, answer, table, block.count)
    if (block.count === 0) this.explain(answer)
    else ranker.hand(table, ranker.slots[0], this.atMs)
    answer.derived = block
    return CHOICE.made
  }

  /** Chooses among those that the alias leads to; false where there are none in this zone, or entries were given to others each time. */
  private rankBehind(table: CandidateTable, zone: ZoneImage, alias: RRsetId): boolean {
    const { aliases, block, match, ranker, demand } = this
    this.isReady = false
    for (let tries = 0; tries < MAX_INDEX_TRIES && aliases.follow(table, zone, alias, match); tries++) {
      this.atMs = this.nowMs()
      ranker.rank(table, match, demand, this.atMs, this.wanted)
      if (block.take(table, ranker, zone.class, this.atMs) && table.isCurrent(match)) return true
    }
    return false
  }

  /** Tells in OFFER how those would be chosen that stand at the very name, and leaves them as they are: a signature covers the RRset whole (docs/protocol.md 4, step 5). */
  private tellBeside(query: Query, answer: Answer, table: CandidateTable, zone: ZoneImage, name: LookupName, node: NodeId): Choice {
    const { match, ranker, demand, offer, signed } = this
    if (!wantsOffer(query) || !table.lookup(name, match) || match.count === 0) return CHOICE.none
    const rrset = zone.rrsetOf(node, TYPE.AGENT)
    if (rrset === 0) return CHOICE.none
    if (!this.readDemand(query, answer)) return CHOICE.malformed
    this.passOutcomes(query)
    this.atMs = this.nowMs()
    signed.find(table, match, name, zone, rrset)
    ranker.rankAnew(table, signed.match, demand, this.atMs, demand.count === 0 ? MAX_RANKED_ANSWERS : demand.count)
    if (ranker.count > 0) ranker.hand(table, ranker.slots[0], this.atMs)
    answer.offer = offer.octets
    answer.offerOctets = offer.writeBeside(table, ranker, signed, demand)
    return CHOICE.none
  }

  /** Makes `match` what stands at the capability that the asker's words mean; false where that is not known, or none is meant. */
  private findMeant({ peer: { translation } }: Query, answer: Answer, table: CandidateTable): boolean {
    if (translation === undefined) {
      answer.isUntranslated = true
      answer.explain(EDE.NOT_SUPPORTED, UNTRANSLATED)
      return false
    }
    const { capability, isMeant, nearest } = translation
    if (capability === undefined || !isMeant) {
      answer.explain(EDE.DEMAND_NOT_SATISFIABLE, Buffer.from(nearest === '' ? 'nothing is near to the intent' : nearTo(nearest)))
      answer.offer = this.offer.octets
      answer.offerOctets = this.offer.writeTranslated(translation)
      return false
    }
    if (this.meant.seed !== table.header[TABLE.seed]) this.meant = new LookupName(table.header[TABLE.seed])
    this.meant.loadOnce(capability)
    const isThere = table.lookup(this.meant, this.match) && this.match.count > 0
    if (!isThere) answer.explain(EDE.NO_LIVE_AGENT) // it has gone since
    return isThere
  }

  complete(answer: Answer, zone: ZoneImage): void {
    const { aliases, block, list, demand, tables } = this
    const last = answer.count - 1
    const table = tables[answer.zone]
    if (answer.derived === block && answer.source[last] === zone) aliases.add(answer, zone, block)
    // readings are what was asked for: without them the answer is truncated
    if (answer.derived === list && list.readings !== 0) answer.add(SECTION.additional, list, list.readings, answer.owner[last], answer.ownerAt[last], KIND.glue)
    if (answer.derived === block && demand.wantsClosure && table !== undefined) this.closure.add(answer, zone, table, demand, this.atMs)
  }

  /** The candidates of the zone at an index of the directory, for faces; undefined where it has none, or is signed beforehand, so that nothing can be said that was not signed. */
  tableFor(index: number, zone: ZoneImage): CandidateTable | undefined {
    const table = this.tables[index]
    return table === undefined || isSignedAhead(zone) ? undefined : table
  }

  ended(query: Query, answer: Answer, zone: ZoneImage, { name }: Wanted): Choice {
    const table = this.tableFor(answer.zone, zone)
    if (table === undefined || query.qclass === CLASS.ANY || !table.lookup(name, this.match) || !this.match.hasEnded) return CHOICE.none
    return this.tellEnd(query, answer, table)
  }

  /** Nobody is there any more; whoever asks for agents is told what of his demand was read, as ever. */
  private tellEnd(query: Query, answer: Answer, table: CandidateTable): Choice {
    if (query.qtype === TYPE.AGENT) {
      if (!this.readDemand(query, answer)) return CHOICE.malformed
      this.passOutcomes(query)
      this.tell(query, answer, table, 0)
    }
    answer.explain(EDE.LEASE_EXPIRED)
    return CHOICE.nobody
  }

  /** How many answers the demand read last wants. */
  get wanted(): number {
    return this.demand.count === 0 ? DEFAULT_RANKED_ANSWERS : this.demand.count
  }

  /** Chooses the best of `match`, who speak one of `protocols` (0: any), as an answer to AGENT would, or `most` of them; or says what becomes of an answer without: its DEMAND is malformed, or has words, which nobody translates for a face. */
  rankFor(table: CandidateTable, hosts: HostZones, zone: ZoneImage, match: CapabilityMatch, query: Query, answer: Answer, protocols: number, most?: number): Ranker | Choice {
    const { ranker, demand } = this
    if (!this.readDemand(query, answer)) return CHOICE.malformed
    if (demand.intent.isPresent) {
      answer.explain(EDE.NOT_SUPPORTED, UNTRANSLATED)
      return CHOICE.nobody
    }
    ranker.scorer.company.hosts = hosts
    ranker.scorer.company.home = zone
    this.passOutcomes(query)
    ranker.filter.protocols = protocols
    ranker.rank(table, match, demand, this.nowMs(), most ?? this.wanted)
    ranker.filter.protocols = 0
    return ranker
  }

  /** Makes `demand` what the asker demands; false where that cannot be read, which the answer says (RFC 8914 4.1). */
  private readDemand({ demandAt, octets, demandLength }: Query, answer: Answer): boolean {
    const { demand } = this
    if (demandAt === 0) demand.clear()
    else if (!demand.read(octets, demandAt, demandLength)) answer.explain(EDE.OTHER, demand.fault)
    return demand.fault.length === 0
  }

  /** What an asker met counts once, with the first question of a batch. */
  private passOutcomes(query: Query): void {
    if (query.qnameAt === QUESTION_AT && this.demand.outcome.isPresent) this.onOutcomes?.(query, this.demand)
  }

  /** All of `match` who live, whatever they can do, up to MAX_FACE_AGENTS; see `CandidateFilter`. */
  livingOf(table: CandidateTable, match: CapabilityMatch, protocols: number): CandidateFilter {
    const { ranker: { filter }, demand } = this
    demand.clear()
    filter.protocols = protocols
    filter.run(table, match, demand, this.nowMs(), MAX_FACE_AGENTS, 0)
    filter.protocols = 0
    return filter
  }

  /** The asker was sent to `slot`. */
  hand(table: CandidateTable, slot: Slot): void {
    this.ranker.hand(table, slot, this.nowMs())
  }

  /** Seconds that what is told of these slots, ranked or not, may be remembered. */
  ttlFor(table: CandidateTable, slots: Int32Array, count: number, isRanked: boolean): number {
    return ttlOf(table, isRanked ? this.reporting : null, slots, count, this.nowMs())
  }

  /** Ranks and copies; false where what was copied is not what was ranked, as its entries were given to others meanwhile. */
  private rank(query: Query, answer: Answer, table: CandidateTable, zone: ZoneImage, wanted: Wanted): boolean {
    const { ranker, block, match, demand } = this
    this.atMs = this.nowMs()
    ranker.rank(table, match, demand, this.atMs, this.wanted)
    this.isReady = this.makeReady(query, answer, table, zone, wanted)
    const isWhole = this.isReady || block.take(table, ranker, zone.class, this.atMs)
    return isWhole && table.isCurrent(match)
  }

  /** Puts the answer together from pieces: that of a whole message to the very name that was asked for, with nothing to be added. Of those that nobody has counted, so many as have room. */
  private makeReady(query: Query, answer: Answer, table: CandidateTable, zone: ZoneImage, wanted: Wanted): boolean {
    const { ranker, ready, reporting, demand, atMs } = this
    if (answer.room <= 0 || wanted.owner !== query || demand.wantsClosure || ranker.count === 0) return false
    const room = answer.room - (wantsOffer(query) ? this.offer.mostFor(ranker.count, demand) : 0)
    ready.begin(zone, answer.zone, wanted, atMs)
    return ready.compose(table, ranker, query, ttlOf(table, reporting, ranker.slots, ranker.count, atMs), room, demand.count === 0)
  }

  /** Lists all that live and meet the demand; false where entries were given to others meanwhile. */
  private listAll(table: CandidateTable, rrClass: number): boolean {
    const { ranker: { filter }, list, match, demand } = this
    this.atMs = this.nowMs()
    filter.run(table, match, demand, this.atMs, MAX_LISTED_CANDIDATES + 1, 0)
    list.take(table, filter, rrClass, this.atMs)
    return table.isCurrent(match)
  }

  /** The whole list, of which nobody was chosen: nobody was sent anywhere. */
  private giveAll(query: Query, answer: Answer, table: CandidateTable, { owner, ownerAt }: Wanted): Choice {
    const { list } = this
    this.tell(query, answer, table, 0)
    if (list.count === 0) {
      this.explain(answer)
      return CHOICE.nobody
    }
    if (list.isCut) answer.explain(EDE.OTHER, CUT)
    answer.derived = list
    answer.add(SECTION.answer, list, list.rrset, owner, ownerAt)
    return CHOICE.made
  }

  /** How the first `count` were chosen, where the asker wants to know. */
  private tell(query: Query, answer: Answer, table: CandidateTable, count: number): void {
    const { ranker, offer, demand } = this
    if (!wantsOffer(query)) return
    answer.offer = offer.octets
    answer.offerOctets = offer.write(table, ranker, count, demand, demand.intent.isPresent ? query.peer.translation : undefined)
  }

  private give(query: Query, answer: Answer, table: CandidateTable, { owner, ownerAt }: Wanted): Choice {
    const { ranker, block, ready, isReady } = this
    const count = isReady ? ready.answers : block.count
    this.tell(query, answer, table, count)
    if (count === 0) {
      this.explain(answer)
      return CHOICE.nobody
    }
    if (isReady) answer.ready = ready
    else answer.derived = block
    answer.add(SECTION.answer, block, block.rrset, owner, ownerAt)
    ranker.hand(table, ranker.slots[0], this.atMs)
    return CHOICE.made
  }

  /** Why nobody is left of the last choice, as an Extended DNS Error: what the demand asks for, if that took anybody out who lives; else what became of them. */
  explain(answer: Answer): void {
    const { fallen } = this.ranker.filter
    let hardest: number = REASON.none
    for (let reason = FIRST_DEMANDED; reason < REASON_COUNT; reason++) if (fallen[reason] > fallen[hardest]) hardest = reason
    if (hardest !== REASON.none) answer.explain(EDE.DEMAND_NOT_SATISFIABLE, TEXTS[hardest])
    else if (fallen[REASON.held] > 0) answer.explain(EDE.HELD_EXCLUSIVELY)
    else if (fallen[REASON.failed] === 0 && fallen[REASON.expired] > 0) answer.explain(EDE.LEASE_EXPIRED)
    else answer.explain(EDE.NO_LIVE_AGENT)
  }
}

function isSignedAhead(zone: ZoneImage): boolean {
  return zone.signaturesOf(zone.apex, TYPE.SOA) !== 0
}

/** Whoever says what he needs, or that he is an agent, is told how was chosen, where he can read it (docs/protocol.md 4). */
function wantsOffer({ edns, demandAt, agent }: Query): boolean {
  return edns && (demandAt !== 0 || agent)
}

/** EXTRA-TEXT of a list that is not whole (RFC 8914 2). */
const CUT = Buffer.from('more candidates than an answer lists: ask below the name')

/** EXTRA-TEXT where nobody translates: without a core, and in a batch. */
const UNTRANSLATED = Buffer.from('intents are not translated here')

/** The nearest capabilities as EXTRA-TEXT: as many whole names as it has room for, as half a name is another's. */
function nearTo(nearest: string): string {
  const text = `not near enough: ${nearest}`
  if (text.length <= MAX_EDE_TEXT_OCTETS) return text
  const end = text.lastIndexOf(' ', MAX_EDE_TEXT_OCTETS)
  return text[end - 1] === ':' ? text : text.slice(0, end)
}

/** Parameters whose reason has another name. */
const NAMES_OF_DEMANDS: ReadonlyMap<string, string> = new Map([['onlyProvider', 'only-provider'], ['avoided', 'avoid']])
/** EXTRA-TEXT by REASON, where a demand is the reason (RFC 8914 2). */
const TEXTS: readonly Uint8Array[] = Object.entries(REASON)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => Buffer.from(`most fall short of ${NAMES_OF_DEMANDS.get(name) ?? name}`))
