/**
 * Vectors for texts, by way of an endpoint that may be slow, wrong or gone: those of the vocabulary are fetched in the
 * background, those of needs within a short time. Nothing waits for either longer than that: without a vector the search
 * by words answers alone. Who fails several times in a row is left alone for a while.
 *
 *     vocabulary ──keep──▶ wanted ──step, a batch at a time──▶ endpoint ──▶ vectorOf
 *     need ──▶ remembered? ──▶ endpoint, or nothing in time ──▶ vector, or none
 */
import { EMBEDDING_BATCH_MS, EMBEDDING_FAILURES, EMBEDDING_REST_MS, MAX_EMBEDDED_NEEDS, MAX_VECTOR_OCTETS } from '../../dns/limits-discovery.ts'
import { ANSWER_FAULTS, parseEmbeddings } from './embedding-answer.ts'
import { vectorKey } from './vector-file.ts'

/** What is counted, in this order. */
export const EMBEDDING_COUNTERS = {
  requests: 'requests to the embeddings endpoint',
  failures: 'of these without an answer that can be used',
  texts: 'texts of vocabularies that it was asked about',
  needs: 'needs whose vector came in time',
  remembered: 'needs whose vector was known of an earlier one',
  alone: 'needs that were searched for by words alone, as the endpoint failed, was late or was being left alone',
} as const
/** The name of a counter. */
export type EmbeddingCounter = keyof typeof EMBEDDING_COUNTERS

const COUNTER_AT = Object.fromEntries(Object.keys(EMBEDDING_COUNTERS).map((name, i) => [name, i])) as Record<EmbeddingCounter, number>

/** What came of a request: the body of an answer of success, or why there is none. */
export type Posted = { readonly body: string } | { readonly fault: string }

/** Whom to ask, and how. */
export interface EmbedderOptions {
  readonly model: string
  /** Texts of one request. */
  readonly batch: number
  /** Milliseconds that a need waits. */
  readonly timeoutMs: number
  /** Sends `body`, JSON, and settles within `timeoutMs`. Never rejects. */
  readonly post: (body: string, timeoutMs: number) => Promise<Posted>
  /** Of a clock that does not jump. */
  readonly nowMs: () => number
  /** As many as EMBEDDING_COUNTERS. */
  readonly counts: Float64Array
  /** Told once when requests begin to fail, with the reason of the last, and once when they work again. */
  readonly onTurned: (what: AskedFor, fault: string | undefined) => void
}

/** What the endpoint is asked for; each fails for itself, as what is too slow for a need may do for the vocabulary. */
export type AskedFor = 'needs' | 'vocabulary'

/** Vectors of one model. */
export class Embedder {
  private readonly options: EmbedderOptions
  private readonly breakers: Readonly<Record<AskedFor, Breaker>>
  /** Of the vocabulary, by text. */
  private readonly held = new Map<string, Float32Array>()
  /** Of an earlier run, by key. */
  private stored: ReadonlyMap<string, Float32Array>
  private wanted = new Set<string>()
  /** Of recent needs, the latest last. */
  private readonly needs = new Map<string, Float32Array>()
  private readonly underWay = new Map<string, Promise<Float32Array | undefined>>()
  private isStepping = false

  /** `stored`: vectors that are known already, by `vectorKey`. */
  constructor(options: EmbedderOptions, stored: ReadonlyMap<string, Float32Array> = new Map()) {
    this.options = options
    this.stored = stored
    const breaker = (what: AskedFor): Breaker => new Breaker(options.nowMs, (fault) => options.onTurned(what, fault))
    this.breakers = { needs: breaker('needs'), vocabulary: breaker('vocabulary') }
  }

  /** Vector of a text of the vocabulary; undefined where it is not known yet. */
  vectorOf = (text: string): Float32Array | undefined => this.held.get(text)

  /** Texts whose vectors are still to be fetched. */
  get missing(): number {
    return this.wanted.size
  }

  /** The vocabulary is these texts: vectors of others are forgotten, those that are not known will be fetched. True where vectors came or went at once. */
  keep(texts: ReadonlySet<string>): boolean {
    const before = this.held.size
    for (const text of this.held.keys()) if (!texts.has(text)) this.held.delete(text)
    let hasChanged = this.held.size !== before
    this.wanted = new Set()
    for (const text of texts) {
      if (this.held.has(text)) continue
      const known = this.stored.get(vectorKey(this.options.model, text))
      if (known === undefined || !this.hold(text, known)) this.wanted.add(text)
      else hasChanged = true
    }
    return hasChanged
  }

  /** Fetches the next batch. False where there is nothing to fetch, no room for more, nobody to be asked now, or it failed. */
  async step(): Promise<boolean> {
    if (this.isStepping || this.wanted.size === 0 || this.isFull || !this.breakers.vocabulary.isOpenForOne()) return false
    this.isStepping = true
    try {
      const texts = [...this.wanted].slice(0, this.options.batch)
      this.count('texts', texts.length)
      const vectors = await this.ask('vocabulary', texts, EMBEDDING_BATCH_MS, this.dimensions)
      texts.forEach((text, i) => {
        if (vectors !== undefined && this.wanted.delete(text)) this.hold(text, vectors[i]) // one that has left meanwhile is wanted no more
      })
      return vectors !== undefined
    } finally {
      this.isStepping = false
    }
  }

  /** Vector of a need; undefined where it does not come in time, or could be compared with nothing. Never rejects. */
  need(text: string): Promise<Float32Array | undefined> {
    if (this.held.size === 0) return Promise.resolve(undefined)
    const known = this.needs.get(text)
    if (known !== undefined && known.length === this.dimensions) {
      this.count('remembered')
      this.remember(text, known)
      return Promise.resolve(known)
    }
    const joined = this.underWay.get(text) ?? this.fetchNeed(text).finally(() => this.underWay.delete(text))
    this.underWay.set(text, joined)
    return joined
  }

  /** What is known of the vocabulary, by `vectorKey`: to be given to the next run. */
  get known(): Map<string, Float32Array> {
    return new Map([...this.held].map(([text, vector]) => [vectorKey(this.options.model, text), vector]))
  }

  private async fetchNeed(text: string): Promise<Float32Array | undefined> {
    const vectors = this.breakers.needs.isOpenForOne() ? await this.ask('needs', [text], this.options.timeoutMs, this.dimensions) : undefined
    this.count(vectors === undefined ? 'alone' : 'needs')
    if (vectors !== undefined) this.remember(text, vectors[0])
    return vectors?.[0]
  }

  private async ask(what: AskedFor, input: readonly string[], timeoutMs: number, dimensions: number | undefined): Promise<readonly Float32Array[] | undefined> {
    const { model, post } = this.options
    this.count('requests')
    const posted = await post(JSON.stringify({ model, input }), timeoutMs)
    const answer = 'fault' in posted ? undefined : parseEmbeddings(posted.body, input.length, dimensions)
    if (answer !== undefined && typeof answer !== 'string') {
      this.breakers[what].succeeded()
      return answer
    }
    this.count('failures')
    if (answer === 'wrong-length' && what === 'vocabulary') this.startAnew()
    this.breakers[what].failed('fault' in posted ? posted.fault : `${answer ?? ''}: ${ANSWER_FAULTS[answer ?? 'not-json']}`)
    return undefined
  }

  /** The model behind the name is another one: what is known is of no use beside what it says now. */
  private startAnew(): void {
    for (const text of this.held.keys()) this.wanted.add(text)
    this.held.clear()
    this.needs.clear()
    this.stored = new Map()
  }

  /** False where there is no room, or the vector is of another space than the others. */
  private hold(text: string, vector: Float32Array): boolean {
    if (this.isFull || vector.length !== (this.dimensions ?? vector.length)) return false
    this.held.set(text, vector)
    return true
  }

  private get dimensions(): number | undefined {
    for (const vector of this.held.values()) return vector.length
    return undefined
  }

  private get isFull(): boolean {
    return this.held.size * (this.dimensions ?? 0) * Float32Array.BYTES_PER_ELEMENT >= MAX_VECTOR_OCTETS
  }

  private remember(text: string, vector: Float32Array): void {
    this.needs.delete(text)
    this.needs.set(text, vector)
    if (this.needs.size <= MAX_EMBEDDED_NEEDS) return
    for (const oldest of this.needs.keys()) {
      this.needs.delete(oldest)
      return
    }
  }

  private count(counter: EmbeddingCounter, by = 1): void {
    this.options.counts[COUNTER_AT[counter]] += by
  }
}

/** Leaves alone for EMBEDDING_REST_MS whom EMBEDDING_FAILURES requests in a row have failed; then one request tries. */
class Breaker {
  private readonly nowMs: () => number
  private readonly onTurned: (fault: string | undefined) => void
  private failures = 0
  private closedUntilMs = -Infinity

  constructor(nowMs: () => number, onTurned: (fault: string | undefined) => void) {
    this.nowMs = nowMs
    this.onTurned = onTurned
  }

  /** Whether a request may be sent now; after a rest, one alone until it has ended. */
  isOpenForOne(): boolean {
    if (this.nowMs() < this.closedUntilMs) return false
    if (this.failures >= EMBEDDING_FAILURES) this.closedUntilMs = this.nowMs() + EMBEDDING_REST_MS
    return true
  }

  succeeded(): void {
    if (this.failures >= EMBEDDING_FAILURES) this.onTurned(undefined)
    this.failures = 0
    this.closedUntilMs = -Infinity
  }

  failed(fault: string): void {
    this.failures++
    if (this.failures >= EMBEDDING_FAILURES) this.closedUntilMs = this.nowMs() + EMBEDDING_REST_MS
    if (this.failures === EMBEDDING_FAILURES) this.onTurned(fault)
  }
}
