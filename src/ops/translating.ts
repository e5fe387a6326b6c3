/**
 * Needs in words, translated in a thread of their own, so that a search keeps no answer waiting. The thread is started
 * for the first zone with agents; a bounded number of needs wait, each no longer than its asker does.
 *
 *     core ──need──▶ Translating ──▶ translate-thread ──▶ translation ──▶ core
 *                        │ too many, or too late: refused
 */
import { Worker } from 'node:worker_threads'
import type { Translation } from '../authority/query.ts'
import { OPTION } from '../dns/codes.ts'
import { unlessMalformed } from '../dns/faults.ts'
import { MAX_INTENT_OCTETS, MAX_INTENTS_WAITING, TRANSLATION_MS } from '../dns/limits-discovery.ts'
import type { Message } from '../dns/message.ts'
import { decodeParameters, PARAMETERS, valueOf } from '../dns/parameters.ts'
import type { Translated } from '../server/core-contract.ts'
import type { EmbeddingSetup } from './embedding.ts'
import type { Log, LogEvent } from './log.ts'
import type { SharedZones } from './thread-contract.ts'

/** What the thread is told. */
export type TranslateTask = { kind: 'zones'; zones: SharedZones } | { kind: 'need'; id: number; name: Uint8Array; class: number; need: string }
/** What it says: what a need means, or what is to be logged. */
export type TranslateWord = { kind: 'translation'; id: number; translation: Translation } | { kind: 'event'; event: LogEvent; fields: object }
/** What it is started with. */
export interface TranslateThreadSetup {
  /** The process's hash seed. */
  seed: number
  embedding?: EmbeddingSetup
}

/** What translating needs of the server around it. */
export interface TranslatingOptions extends TranslateThreadSetup {
  onFault: (fault: unknown) => void
  log?: Log
  /** Milliseconds that a need waits for its translation. */
  deadlineMs?: number
}

interface Waiting {
  settle: (outcome: Translated) => void
  timer: NodeJS.Timeout
}

/** Translates; one for the whole server. */
export class Translating {
  private readonly options: TranslatingOptions
  private zones: SharedZones = { images: [], candidates: [] }
  private worker: Worker | undefined
  private readonly waiting = new Map<number, Waiting>()
  private nextId = 0

  constructor(options: TranslatingOptions) {
    this.options = options
  }

  /** Searches these zones from the next need on. The first that have agents start the thread, so that no asker waits for that. */
  publish(zones: SharedZones): void {
    this.zones = zones
    if (this.worker !== undefined) this.worker.postMessage({ kind: 'zones', zones } satisfies TranslateTask)
    else if (zones.candidates.some((block) => block !== undefined)) this.thread()
  }

  /** What the need of a query for AGENT means; undefined where it has none. Never rejects. */
  translate = (message: Message): Promise<Translated> | undefined => {
    const need = needOf(message)
    const [question] = message.questions
    if (need === undefined || question === undefined) return undefined
    if (Buffer.byteLength(need) > MAX_INTENT_OCTETS) return Promise.resolve({ refused: `an intent has at most ${MAX_INTENT_OCTETS} octets` })
    if (this.waiting.size >= MAX_INTENTS_WAITING) return Promise.resolve({ refused: 'too many intents wait' })
    return new Promise((resolve) => {
      const id = this.nextId++
      const settle = (outcome: Translated): void => {
        clearTimeout(this.waiting.get(id)?.timer)
        this.waiting.delete(id)
        resolve(outcome)
      }
      const timer = setTimeout(() => settle({ refused: 'the intent was not translated in time' }), this.options.deadlineMs ?? TRANSLATION_MS)
      this.waiting.set(id, { settle, timer })
      this.thread().postMessage({ kind: 'need', id, name: question.name.wire, class: question.class, need } satisfies TranslateTask)
    })
  }

  /** Ends the thread; what waits is refused. */
  async close(): Promise<void> {
    this.refuseAll('the server stops')
    await this.worker?.terminate()
  }

  private thread(): Worker {
    if (this.worker !== undefined) return this.worker
    const { seed, embedding, onFault } = this.options
    const worker = new Worker(new URL('./translate-thread.js', import.meta.url), { workerData: { seed, ...(embedding && { embedding }) } satisfies TranslateThreadSetup })
    worker.unref()
    worker.on('message', (word: TranslateWord) => {
      if (word.kind === 'translation') this.waiting.get(word.id)?.settle({ translation: word.translation })
      else this.options.log?.(word.event, word.fields)
    })
    worker.on('error', onFault)
    worker.on('exit', () => {
      this.worker = undefined // the next need starts another
      this.refuseAll('the translating thread has ended')
    })
    this.worker = worker
    worker.postMessage({ kind: 'zones', zones: this.zones } satisfies TranslateTask)
    return worker
  }

  private refuseAll(reason: string): void {
    for (const { settle } of [...this.waiting.values()]) settle({ refused: reason })
  }
}

/** The words of DEMAND; undefined where there are none, or nothing that can be read. */
function needOf({ edns }: Message): string | undefined {
  const demand = edns?.options.find(({ code }) => code === OPTION.DEMAND)
  return demand && unlessMalformed(() => valueOf(decodeParameters(demand.octets, 'DEMAND'), PARAMETERS.intent))
}
