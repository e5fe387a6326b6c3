/**
 * The embeddings endpoint in the thread that translates: it is told every EMBEDDING_TICK_MS what the vocabulary says now, and
 * what came of it is kept in one file of the data folder, so that a restart asks nobody for what is known.
 */
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { EMBEDDING_TICK_MS, MAX_VECTOR_OCTETS } from '../dns/limits-discovery.ts'
import { Embedder } from '../discovery/intent/embedder.ts'
import type { Translator } from '../discovery/intent/translator.ts'
import { decodeVectors, encodeVectors } from '../discovery/intent/vector-file.ts'
import type { EmbeddingConfig } from './config-intent.ts'
import { postEmbeddings } from './embedding-http.ts'
import { makeFolders } from './folder.ts'
import type { Log } from './log.ts'
import { machineMs } from './machine-clock.ts'
import { reasonOf } from './reason.ts'
import { draftOf } from './replace-file.ts'

/** For the server's user alone, as what lies in the data folder is. */
const OWN_MODE = 0o600

/** What the thread is given of it. */
export interface EmbeddingSetup {
  readonly config: EmbeddingConfig
  /** Where vectors are kept. */
  readonly file: string
  /** As many as EMBEDDING_COUNTERS, shared with the main thread. */
  readonly counts: Float64Array
}

/** The endpoint, asked for a translator. */
export class Embedding {
  private readonly setup: EmbeddingSetup
  private readonly translator: Translator
  private readonly log: Log
  private readonly embedder: Embedder
  private isBusy = false
  private hasFailedToSave = false

  constructor(setup: EmbeddingSetup, translator: Translator, log: Log) {
    const { config, counts, file } = setup
    this.setup = setup
    this.translator = translator
    this.log = log
    this.embedder = new Embedder({
      model: config.model, batch: config.batch, timeoutMs: config.timeout, counts, nowMs: machineMs,
      post: (body, timeoutMs) => postEmbeddings(config, body, timeoutMs),
      onTurned: (what, reason) => (reason === undefined ? log('embeddings back', { what }) : log('embeddings failing', { what, reason })),
    }, readVectors(file, log))
  }

  /** Keeps up with the vocabulary from now on. */
  start(): void {
    setInterval(() => void this.tick(), EMBEDDING_TICK_MS)
  }

  /** Takes in what the vocabulary says now, fetches what is missing and saves what came of it; one at a time. */
  async tick(): Promise<void> {
    if (this.isBusy) return
    this.isBusy = true
    try {
      const texts = this.translator.changedTexts()
      let hasChanged = texts !== undefined && this.embedder.keep(texts)
      while (await this.embedder.step()) hasChanged = true
      if (hasChanged) this.save()
    } finally {
      this.isBusy = false
    }
  }

  /** What the endpoint makes of a need; undefined where the words alone must do. Never rejects. */
  async sense(need: string): Promise<Parameters<Translator['translate']>[3]> {
    const vector = await this.embedder.need(need)
    const { weight, baseline } = this.setup.config
    return vector && { need: vector, weight, baseline, vectorOf: this.embedder.vectorOf }
  }

  private save(): void {
    const { file } = this.setup
    const draft = draftOf(file)
    try {
      makeFolders(dirname(file))
      writeFileSync(draft, encodeVectors(this.embedder.known), { mode: OWN_MODE })
      renameSync(draft, file)
      this.hasFailedToSave = false
    } catch (error) {
      if (existsSync(draft)) rmSync(draft)
      if (!this.hasFailedToSave) this.log('embeddings not saved', { file, reason: reasonOf(error) })
      this.hasFailedToSave = true
    }
  }
}

/** What an earlier run has kept; nothing where the file is not as it was written. */
function readVectors(file: string, log: Log): ReadonlyMap<string, Float32Array> {
  try {
    const vectors = statSync(file).size > 2 * MAX_VECTOR_OCTETS ? undefined : decodeVectors(readFileSync(file))
    if (vectors !== undefined) return vectors
    log('embeddings not restored', { file, reason: 'it is not as it was written' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log('embeddings not restored', { file, reason: reasonOf(error) })
  }
  return new Map()
}
