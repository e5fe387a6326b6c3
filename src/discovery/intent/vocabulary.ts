/**
 * The vocabulary of a zone: its capabilities with the words that their names and those who offer them say of them, searched by
 * a need in words. Two rankings, by words and by pieces of words, are fused by their ranks (Cormack, Clarke and Büttcher
 * 2009), as their scores cannot be compared; how much of the need the best one covers tells whether it is meant at all.
 */
import { MAX_INTENT_NEAREST } from '../../dns/limits-discovery.ts'
import { type Hit, TermIndex } from './term-index.ts'
import { piecesOf, wordsOf } from './words.ts'

/** Reciprocal rank fusion: how little the first ranks stand out; 60 as published. */
const FUSION = 60
/** Ranks of each list that are fused. */
const DEPTH = 50
/** How often a capability's own labels count beside what is said of it. */
const LABEL_TIMES = 2

/** Capabilities and what is said of them. Keys are the caller's: names in whatever form. */
export class Vocabulary {
  private readonly words = new TermIndex()
  private readonly pieces = new TermIndex()
  private readonly texts = new Map<string, string>()

  /** Capabilities known. */
  get size(): number {
    return this.texts.size
  }

  /** The keys known. */
  keys(): Iterable<string> {
    return this.texts.keys()
  }

  /** Takes note of a capability: its labels in words, `translate text nlp`, and what is said of it. One that is noted as it was costs nothing. */
  put(key: string, labels: string, said: string): void {
    const text = `${`${labels} `.repeat(LABEL_TIMES)}${said}`
    if (this.texts.get(key) === text) return
    this.texts.set(key, text)
    this.words.put(key, wordsOf(text))
    this.pieces.put(key, piecesOf(text))
  }

  /** Forgets one. */
  remove(key: string): void {
    if (!this.texts.delete(key)) return
    this.words.remove(key)
    this.pieces.remove(key)
  }

  /** The capabilities nearest to a need, the best first, at most MAX_INTENT_NEAREST; `score` is the share of the need that each covers, 0 to 1. */
  search(need: string, isWanted: (key: string) => boolean = () => true): Hit[] {
    const words = wordsOf(need)
    const pieces = piecesOf(need)
    const fused = new Map<string, number>()
    for (const hits of [this.words.search(words, isWanted), this.pieces.search(pieces, isWanted)]) {
      hits.slice(0, DEPTH).forEach(({ key }, rank) => fused.set(key, (fused.get(key) ?? 0) + 1 / (FUSION + rank + 1)))
    }
    return [...fused]
      .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
      .slice(0, MAX_INTENT_NEAREST)
      .map(([key]) => ({ key, score: (this.words.coverage(key, words) + this.pieces.coverage(key, pieces)) / 2 }))
  }
}
