/**
 * Choosing among agents, as authority sees it: who chooses is handed in, as candidates and their load are discovery's
 * (docs/protocol.md 4). A chooser is asked at any name of the zone that is no alias and below no cut, for type AGENT alone;
 * without one, and where it has nothing to choose from, AGENT is answered like any other type (RFC 1034 4.3.2).
 */
import type { LookupName } from '../dns/lookup-name.ts'
import type { OctetBlock } from '../dns/octet-views.ts'
import type { ZoneImage } from '../zone/image.ts'
import type { Answer } from './plan.ts'
import type { Query } from './query.ts'

/** What became of a choice. */
export const CHOICE = {
  /** Nothing to choose from: the name is answered as for any other type. */
  none: 0,
  /** The answer section holds the chosen, best first. */
  made: 1,
  /** There are agents, none of whom may be returned: NODATA, and the answer says why (RFC 8914). */
  nobody: 2,
  /** The asker's DEMAND cannot be read: FORMERR. */
  malformed: 3,
} as const
export type Choice = (typeof CHOICE)[keyof typeof CHOICE]

/** The zones of this server as one place to look for addresses: agents may be of another provider than the zone in which they are offered. */
export interface HostZones {
  /** The zone of ours that answers for `name`, in the class asked for, as it is now; null where none does. */
  zoneOf(name: LookupName): ZoneImage | null
}

/** What is asked for: the name, loaded, and where it stands as it was written. */
export interface Wanted extends HostZones {
  readonly name: LookupName
  readonly owner: OctetBlock
  readonly ownerAt: number
}

/** Chooses agents; `answer.zone` is the index of `zone` in the directory. Adds to the answer what it chose, and OFFER. Never throws. */
export interface AgentChooser {
  /** `node` is the name's own in the zone. */
  choose(query: Query, answer: Answer, zone: ZoneImage, wanted: Wanted, node: number): Choice
  /**
   * Answers a name of the zone that it derives from what agents have registered, for any type but AGENT: `made` where the
   * answer section holds it, `nobody` where the name is derived but has nothing of that type, `none` where it is not derived.
   * `node` is the name's own in the zone, 0 where it has none. Without it no name is derived.
   */
  derive?(query: Query, answer: Answer, zone: ZoneImage, wanted: Wanted, node: number): Choice
  /** What is told at a name that is not there, for any type: `nobody` where agents were at or below it, whose leases have ended, with the reason; else `none`. */
  ended?(query: Query, answer: Answer, zone: ZoneImage, wanted: Wanted): Choice
  /** Adds to the additional section, before anything else is in it, what the asker wants to know besides of those chosen. */
  complete?(answer: Answer, zone: ZoneImage): void
  /** Whether the agents of the zone at that index of the directory are not for this asker (EDE 49156); without it they are for all. */
  hides?(query: Query, zone: number): boolean
  /** Whether a name of a zone whose apex has so many labels is one that agents are found by, so that nothing of it is told to those from whom they are hidden. */
  isTheirs?(name: LookupName, apexLabels: number): boolean
}
