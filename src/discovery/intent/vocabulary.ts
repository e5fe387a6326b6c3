/**
 * The vocabulary of a zone: its capabilities with the words that their names and those who offer them say of them, searched by
 * a need in words. Two rankings, by words and by pieces of words, are fused by their ranks (Cormack, Clarke and Büttcher
 * 2009), as their scores cannot be compared; how much of the need the best one covers tells whether it is meant at all.
 */
import { MAX_INTENT_NEAREST } from '../../dns/limits-discovery.ts'
import { cosine } from './embedding-answer.ts'
import { type Hit, TermIndex } from './term-index.ts'
import { piecesOf, wordsOf } from './words.ts'

/** Reciprocal rank fusion: how little the first ranks stand out; 60 as published. */
const FUSION = 60
/** Ranks of each list that are fused. */
const DEPTH = 50
/** How often a capability's own labels count beside what is said of it. */
const LABEL_TIMES = 2

/** What an embeddings endpoint makes of a need (embedder.ts), to be weighed beside its words. */
export interface Sense {
  /** The vector of the need. */
  readonly need: Float32Array
  /** Of a text of the vocabulary; undefined where it is not known. */
  readonly vectorOf: (text: string) => Float32Array | undefined
  /** What likeness counts in a score, 0 to 1. */
  readonly weight: number
  /** Cosine that is no likeness yet, below 1. */
  readonly baseline: number
}

/** How a capability stands beside others of the same type: the labels of its name, and who offers it. */
export interface Breadth {
  readonly labels: number
  readonly agents: number
}

const NO_BREADTH: Breadth = { labels: 0, agents: 0 }

/** Capabilities and what is said of them. Keys are the caller's: names in whatever form. */
export class Vocabulary {
  private readonly words = new TermIndex()
  private readonly pieces = new TermIndex()
  private readonly texts = new Map<string, string>()
  /** As an endpoint is asked about them: each once, as people write. */
  private readonly sentences = new Map<string, string>()
  private readonly labels = new Map<string, string>()
  private readonly breadths = new Map<string, Breadth>()
  private versionNow = 0

  /** Capabilities known. */
  get size(): number {
    return this.texts.size
  }

  /** A number that is another where a text has come, changed or gone. */
  get version(): number {
    return this.versionNow
  }

  /** What is said of each capability, its labels first. */
  said(): Iterable<string> {
    return this.sentences.values()
  }

  /** The keys known. */
  keys(): Iterable<string> {
    return this.texts.keys()
  }

  /** Takes note of a capability: its labels in words, `translate text nlp`, and what is said of it. One that is noted as it was costs nothing. */
  put(key: string, labels: string, said: string, breadth: Breadth = NO_BREADTH): void {
    this.breadths.set(key, breadth)
    const text = `${`${labels} `.repeat(LABEL_TIMES)}${said}`
    if (this.texts.get(key) === text) return
    this.versionNow++
    this.texts.set(key, text)
    this.labels.set(key, labels)
    this.sentences.set(key, said === '' ? labels : `${labels}: ${said}`)
    this.words.put(key, wordsOf(text))
    this.pieces.put(key, piecesOf(text))
  }

  /** Forgets one. */
  remove(key: string): void {
    if (!this.texts.delete(key)) return
    this.versionNow++
    this.sentences.delete(key)
    this.labels.delete(key)
    this.breadths.delete(key)
    this.words.remove(key)
    this.pieces.remove(key)
  }

  /**
   * The capabilities nearest to a need, the best first, at most MAX_INTENT_NEAREST; `score` is the share of the need that each
   * covers, 0 to 1. With `sense` it is a blend of that and of the likeness of vectors, which also gives the order. Of one type and of the same score
   * the broadest comes first: fewer labels, more agents, the name that comes first.
   */
  search(need: string, isWanted: (key: string) => boolean = () => true, sense?: Sense): Hit[] {
    const words = wordsOf(need)
    const pieces = piecesOf(need)
    const covered = (key: string): number => (this.words.coverage(key, words) + this.pieces.coverage(key, pieces)) / 2
    const found = this.fuse(words, pieces, isWanted)
    if (sense === undefined) return this.broadestFirst(found.slice(0, DEPTH).map((key) => ({ key, score: covered(key) }))).slice(0, MAX_INTENT_NEAREST)
    const alike = this.alike(isWanted, sense)
    const likely = [...alike].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, DEPTH).map(([key]) => key)
    const hits = [...new Set([...found.slice(0, DEPTH), ...likely])]
      .map((key) => ({ key, score: blend(covered(key), alike.get(key), sense.weight) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1))
    return this.broadestFirst(hits).slice(0, MAX_INTENT_NEAREST)
  }

  /** Those of one type and of the same score in their places, by how broad they are: that one has less to say than another is no reason to take it. */
  private broadestFirst(hits: readonly Hit[]): Hit[] {
    const groups = new Map<string, Hit[]>()
    const groupOf = ({ key, score }: Hit): string => `${score} ${this.labels.get(key)}`
    for (const hit of hits) groups.set(groupOf(hit), [...(groups.get(groupOf(hit)) ?? []), hit])
    for (const group of groups.values()) group.sort((a, b) => this.compareBreadth(a.key, b.key))
    return hits.map((hit) => groups.get(groupOf(hit))?.shift() ?? hit)
  }

  private compareBreadth(a: string, b: string): number {
    const [one, other] = [this.breadths.get(a) ?? NO_BREADTH, this.breadths.get(b) ?? NO_BREADTH]
    return one.labels - other.labels || other.agents - one.agents || (a < b ? -1 : 1)
  }

  /** Keys in the order of both rankings together. */
  private fuse(words: readonly string[], pieces: readonly string[], isWanted: (key: string) => boolean): string[] {
    const fused = new Map<string, number>()
    for (const hits of [this.words.search(words, isWanted), this.pieces.search(pieces, isWanted)]) {
      hits.slice(0, DEPTH).forEach(({ key }, rank) => fused.set(key, (fused.get(key) ?? 0) + 1 / (FUSION + rank + 1)))
    }
    return [...fused].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([key]) => key)
  }

  /** Likeness to the need, 0 to 1, of each capability whose vector is known. */
  private alike(isWanted: (key: string) => boolean, { need, vectorOf, baseline }: Sense): Map<string, number> {
    const alike = new Map<string, number>()
    for (const [key, sentence] of this.sentences) {
      const vector = isWanted(key) ? vectorOf(sentence) : undefined
      if (vector !== undefined) alike.set(key, Math.max(0, (cosine(need, vector) - baseline) / (1 - baseline)))
    }
    return alike
  }
}

/** The words alone where likeness is not known. */
function blend(covered: number, alike: number | undefined, weight: number): number {
  return alike === undefined ? covered : (1 - weight) * covered + weight * alike
}
