/**
 * An index from terms to the documents that hold them, with BM25 for the order (Robertson and Zaragoza 2009): how often a
 * term stands in a document counts less the more often it does, long documents count less, common terms hardly at all.
 * Documents come and go one by one; nothing is reckoned anew for the others.
 */

/** BM25: how soon more of a term adds nothing, and how much length counts. */
const [SATURATION, LENGTH_WEIGHT] = [1.2, 0.6]

/** A document found, by its key, with its score: above 0, comparable within one search alone. */
export interface Hit {
  key: string
  score: number
}

interface Document {
  /** Terms, with how often each stands in it. */
  terms: ReadonlyMap<string, number>
  length: number
}

/** Documents by key, each a list of terms. */
export class TermIndex {
  private readonly documents = new Map<string, Document>()
  /** Keys of the documents that hold a term. */
  private readonly holders = new Map<string, Set<string>>()
  private totalLength = 0

  /** How many there are. */
  get size(): number {
    return this.documents.size
  }

  /** Puts a document in, in the place of the one that had its key. */
  put(key: string, terms: readonly string[]): void {
    this.remove(key)
    const counts = countsOf(terms)
    this.documents.set(key, { terms: counts, length: terms.length })
    this.totalLength += terms.length
    for (const term of counts.keys()) {
      const holders = this.holders.get(term)
      if (holders === undefined) this.holders.set(term, new Set([key]))
      else holders.add(key)
    }
  }

  /** Takes a document out; one that is not there is no matter. */
  remove(key: string): void {
    const document = this.documents.get(key)
    if (document === undefined) return
    this.documents.delete(key)
    this.totalLength -= document.length
    for (const term of document.terms.keys()) {
      const holders = this.holders.get(term)
      holders?.delete(key)
      if (holders?.size === 0) this.holders.delete(term)
    }
  }

  /** Documents that hold any of the terms and that `isWanted` takes, the best first; of equals the one whose key comes first. */
  search(terms: readonly string[], isWanted: (key: string) => boolean = () => true): Hit[] {
    const scores = new Map<string, number>()
    const usual = this.totalLength / Math.max(1, this.size)
    for (const [term, times] of countsOf(terms)) {
      const weight = this.weightOf(term) * times
      for (const key of this.holders.get(term) ?? []) {
        if (!isWanted(key)) continue
        const { terms: counts, length } = this.documents.get(key) as Document
        const count = counts.get(term) as number
        const part = (count * (SATURATION + 1)) / (count + SATURATION * (1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * length) / usual))
        scores.set(key, (scores.get(key) ?? 0) + weight * part)
      }
    }
    return [...scores].map(([key, score]) => ({ key, score })).sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1))
  }

  /** The share, from 0 to 1, of what the terms say that the document says too: terms weigh by how rare they are, those that nobody knows most. */
  coverage(key: string, terms: readonly string[]): number {
    const document = this.documents.get(key)
    let all = 0
    let held = 0
    for (const [term, times] of countsOf(terms)) {
      const weight = this.weightOf(term) * times
      all += weight
      if (document?.terms.has(term) === true) held += weight
    }
    return all === 0 ? 0 : held / all
  }

  /** Inverse document frequency, above 0 for any term. */
  private weightOf(term: string): number {
    const holders = this.holders.get(term)?.size ?? 0
    return Math.log(1 + (this.size - holders + 0.5) / (holders + 0.5))
  }
}

function countsOf(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return counts
}
