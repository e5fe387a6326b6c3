/**
 * From a need in words to a capability (docs/protocol.md 4, `intent`): the vocabulary of the zone asked is searched for what
 * stands at the name asked or below. What does not cover enough of the need is not meant; it is told as near, not guessed.
 */
import type { Translation } from '../../authority/query.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { printName } from '../../dns/name.ts'
import type { ZoneDirectory } from '../../zone/directory.ts'
import { CandidateTable } from '../ranking/candidates.ts'
import type { Sense } from './vocabulary.ts'
import { ZoneVocabulary } from './zone-vocabulary.ts'

/** Share of a need that a capability must cover to be meant: needs of which none was offered stayed below 0.15 but for one in twelve (test/discovery/intent). */
export const LEAST_COVERED = 0.15

/** Translates for the zones published last. */
export class Translator {
  private readonly seed: number
  private readonly nowMs: () => number
  private readonly name: LookupName
  private directory: ZoneDirectory | undefined
  private vocabularies: (ZoneVocabulary | undefined)[] = []
  /** Vocabularies and their versions when `changedTexts` told them last. */
  private told: readonly [ZoneVocabulary, number][] | undefined

  /** `nowMs` is a clock that does not jump; `seed` the hash seed of the zones. */
  constructor(seed: number, nowMs: () => number) {
    this.seed = seed
    this.nowMs = nowMs
    this.name = new LookupName(seed)
  }

  /** Takes these zones from now on, each with the block of its candidates; vocabularies of blocks that stay are kept. */
  publish(directory: ZoneDirectory, candidates: readonly (SharedArrayBuffer | undefined)[]): void {
    const known = new Map(this.vocabularies.map((one, i) => [one?.table.buffer, { one, image: this.directory?.zones[i].buffer }]))
    this.vocabularies = directory.zones.map((image, i) => {
      const block = candidates[i]
      if (block === undefined) return undefined
      const kept = known.get(block)
      return kept?.one !== undefined && kept.image === image.buffer ? kept.one : new ZoneVocabulary(new CandidateTable(block), image, this.seed)
    })
    this.directory = directory
  }

  /** What is said of all capabilities of all zones; undefined where it is what it was when this was asked last. */
  changedTexts(): Set<string> | undefined {
    const present = this.vocabularies.filter((one) => one !== undefined)
    for (const one of present) one.look(this.nowMs())
    const now = present.map((one): [ZoneVocabulary, number] => [one, one.version])
    const { told } = this
    if (told?.length === now.length && now.every(([one, version], i) => told[i][0] === one && told[i][1] === version)) return undefined
    this.told = now
    return new Set(present.flatMap((one) => [...one.said()]))
  }

  /** The capability at or below `name` (wire form) that `need` means; `sense` is what an endpoint makes of it. */
  translate(name: Uint8Array, rrClass: number, need: string, sense?: Sense): Translation {
    this.name.loadOnce(name)
    const vocabulary = this.vocabularies[this.directory?.indexFor(this.name, rrClass) ?? -1]
    vocabulary?.look(this.nowMs())
    const folded = Buffer.from(this.name.octets.slice(0, this.name.length)).toString('latin1')
    const hits = vocabulary?.search(need, folded, sense) ?? []
    const [best] = hits
    if (best === undefined) return { capability: undefined, score: 0, isMeant: false, nearest: '' }
    const names = hits.map(({ key }) => printName(Buffer.from(key, 'latin1'), 0).replace(/\._cap\..*$/, ''))
    return { capability: Buffer.from(best.key, 'latin1'), score: best.score, isMeant: best.score >= LEAST_COVERED, nearest: names.join(' ') }
  }
}
