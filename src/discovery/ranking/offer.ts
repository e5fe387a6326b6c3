/**
 * OFFER: how the agents of an answer were chosen (docs/protocol.md 3), written to octets that are used again by every
 * answer. Lists are in the order of the answer; keys ascend (RFC 9460 2.2).
 *
 *     scores u16 … | ages u32 … | states u8 … | [unmet u32 …, where something was wished] | [scope u16 …, where something was demanded]
 *     | [translated name u16, where words were]
 */
import type { Translation } from '../../authority/query.ts'
import { MAX_DEMAND_KEYS, MAX_RANKED_ANSWERS } from '../../dns/limits-discovery.ts'
import { MAX_NAME_OCTETS } from '../../dns/limits.ts'
import { viewOf } from '../../dns/octet-views.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import { ABSENT, type Demand, WISH_COUNT } from './demand.ts'
import { FAILED, metricOf } from './metrics.ts'
import type { Ranker } from './rank.ts'
import type { SignedRecords } from './signed-records.ts'

const HEAD_OCTETS = 4
const OPTION_HEAD_OCTETS = 4
const MOST_OCTETS = 6 * HEAD_OCTETS + MAX_NAME_OCTETS + 2 + MAX_RANKED_ANSWERS * (2 + 4 + 1 + 4) + MAX_DEMAND_KEYS * 2
/** Age of a reading that there is none of (docs/protocol.md 3). */
const NO_AGE = 0xffff_ffff
/** A score of 1. */
const WHOLE = 10_000

/** Keys of a demand, metrics aside, by which agents are chosen. */
const SHAPING: ReadonlySet<number> = new Set([
  PARAMETERS.binding, PARAMETERS.provider, PARAMETERS.location, PARAMETERS.region, PARAMETERS.security, PARAMETERS.modality, PARAMETERS.count, PARAMETERS.avoid,
  PARAMETERS.peer, PARAMETERS.group, PARAMETERS['max-age'], PARAMETERS['only-provider'], PARAMETERS.closure, PARAMETERS.prefer, PARAMETERS.intent, PARAMETERS.candidates,
].map(({ key }) => key))
/** Those of them that mean something where the records are answered as they stand. */
const BESIDE: ReadonlySet<number> = new Set([...SHAPING].filter((key) => key !== PARAMETERS.closure.key && key !== PARAMETERS.intent.key && key !== PARAMETERS.candidates.key))

/** Writes offers; one object per thread. */
export class OfferWriter {
  readonly octets: Uint8Array = new Uint8Array(MOST_OCTETS)
  private readonly view = viewOf(this.octets)
  private at = 0
  /** The most octets that the option takes for `count` agents. */
  mostFor(count: number, { keyCount, intent }: Demand): number {
    return OPTION_HEAD_OCTETS + (intent.isPresent ? 6 : 5) * HEAD_OCTETS + count * (2 + 4 + 1 + 4) + keyCount * 2 + (intent.isPresent ? MAX_NAME_OCTETS + 2 : 0)
  }

  /** Writes the offer of the first `count` that `ranker` chose; returns its octets, 0 where there is nothing to tell. */
  write({ i32 }: CandidateTable, ranker: Ranker, count: number, demand: Demand, translation?: Translation): number {
    const { view } = this
    this.at = 0
    if (count > 0) {
      this.begin(PARAMETERS.scores.key, count * 2)
      for (let i = 0; i < count; i++, this.at += 2) view.setUint16(this.at, scoreIn(ranker, i))
      this.begin(PARAMETERS.ages.key, count * 4)
      for (let i = 0; i < count; i++, this.at += 4) view.setUint32(this.at, Math.min(NO_AGE, ranker.ages[i]))
      this.begin(PARAMETERS.states.key, count)
      for (let i = 0; i < count; i++, this.at++) view.setUint8(this.at, i32.state[ranker.slots[i]])
      if (hasWish(demand)) {
        this.begin(PARAMETERS.unmet.key, count * 4)
        for (let i = 0; i < count; i++, this.at += 4) view.setUint32(this.at, ranker.unmet[i])
      }
    }
    this.writeScope(demand, SHAPING)
    if (translation !== undefined) this.addTranslated(translation)
    return this.at
  }

  /**
   * Writes the offer beside the RRset of a zone that was signed ahead, in the order of its records: scores fall as the agents would be answered, so that the
   * draw among near-equals is in them, and 0 is for who would not be. Of more than MAX_RANKED_ANSWERS records those behind are not told of.
   */
  writeBeside({ i32 }: CandidateTable, ranker: Ranker, { slots, count }: SignedRecords, demand: Demand): number {
    const { view } = this
    this.at = 0
    this.begin(PARAMETERS.scores.key, count * 2)
    for (let i = 0; i < count; i++, this.at += 2) view.setUint16(this.at, fallingScore(ranker, placeOf(ranker, slots[i])))
    this.begin(PARAMETERS.ages.key, count * 4)
    for (let i = 0; i < count; i++, this.at += 4) view.setUint32(this.at, Math.min(NO_AGE, valueAt(ranker.ages, placeOf(ranker, slots[i]), NO_AGE)))
    this.begin(PARAMETERS.states.key, count)
    for (let i = 0; i < count; i++, this.at++) view.setUint8(this.at, valueAt(i32.state, slots[i], FAILED))
    if (hasWish(demand)) {
      this.begin(PARAMETERS.unmet.key, count * 4)
      for (let i = 0; i < count; i++, this.at += 4) view.setUint32(this.at, valueAt(ranker.unmet, placeOf(ranker, slots[i]), 0))
    }
    this.writeScope(demand, BESIDE)
    return this.at
  }

  /** Writes the offer of an answer without agents, as the words asked with mean none that is near enough: the nearest, and how near. */
  writeTranslated(translation: Translation): number {
    this.at = 0
    this.addTranslated(translation)
    return this.at
  }

  private addTranslated({ capability, score }: Translation): void {
    if (capability === undefined) return
    this.begin(PARAMETERS.translated.key, capability.length + 2)
    this.octets.set(capability, this.at)
    this.view.setUint16(this.at + capability.length, Math.round(score * WHOLE))
    this.at += capability.length + 2
  }

  /** The keys that shaped the answer: for whom else it holds. */
  private writeScope({ keys, keyCount }: Demand, shaping: ReadonlySet<number>): void {
    const headAt = this.at
    this.at += HEAD_OCTETS
    for (let i = 0; i < keyCount; i++) {
      if (metricOf(keys[i]) < 0 && !shaping.has(keys[i])) continue
      this.view.setUint16(this.at, keys[i])
      this.at += 2
    }
    const size = this.at - headAt - HEAD_OCTETS
    this.at = headAt
    if (size === 0) return
    this.begin(PARAMETERS.scope.key, size)
    this.at += size
  }

  private begin(key: number, size: number): void {
    this.view.setUint16(this.at, key)
    this.view.setUint16(this.at + 2, size)
    this.at += HEAD_OCTETS
  }
}

function scoreIn({ scores }: Ranker, place: number): number {
  return Math.max(1, Math.round(scores[place] * WHOLE)) // 0 is for who is not to be called
}

/** The score at a place, less than that of every place before it as far as there is room above 0, which is for none. */
function fallingScore(ranker: Ranker, place: number): number {
  if (place < 0) return 0
  let score = scoreIn(ranker, 0)
  for (let i = 1; i <= place; i++) score = Math.max(1, Math.min(scoreIn(ranker, i), score - 1))
  return score
}

/** What a column has there; `none` where there is no place. */
function valueAt(column: Int32Array | Float64Array, place: number, none: number): number {
  return place < 0 ? none : column[place]
}

function placeOf({ slots, count }: Ranker, slot: Slot): number {
  for (let i = 0; i < count; i++) if (slots[i] === slot) return i
  return -1
}

function hasWish({ order }: Demand): boolean {
  for (let wish = 0; wish < WISH_COUNT; wish++) if (order[wish] !== ABSENT) return true
  return false
}
