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
import { WireFault } from '../dns/faults.ts'
import { MAX_INTENT_OCTETS, MAX_INTENTS_WAITING, TRANSLATION_MS } from '../dns/limits-discovery.ts'
import type { Message } from '../dns/message.ts'
import { decodeParameters, PARAMETERS, valueOf } from '../dns/parameters.ts'
import type { Translated } from '../server/core-contract.ts'
import type { SharedZones } from './thread-contract.ts'

/** What the thread is told. */
export type TranslateTask = { kind: 'zones'; zones: SharedZones } | { kind: 'need'; id: number; name: Uint8Array; class: number; need: string }
/** What it says. */
export interface TranslateWord {
  id: number
  translation: Translation
}

interface Waiting {
  settle: (outcome: Translated) => void
  timer: NodeJS.Timeout
}

/** Translates; one for the whole server. */
export class Translating {
  private readonly seed: number
  private readonly onFault: (fault: unknown) => void
  private readonly deadlineMs: number
  private zones: SharedZones = { images: [], candidates: [] }
  private worker: Worker | undefined
  private readonly waiting = new Map<number, Waiting>()
  private nextId = 0

  /** `seed` is the process's hash seed. */
  constructor(seed: number, onFault: (fault: unknown) => void, deadlineMs: number = TRANSLATION_MS) {
    this.seed = seed
    this.onFault = onFault
    this.deadlineMs = deadlineMs
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
      const timer = setTimeout(() => settle({ refused: 'the intent was not translated in time' }), this.deadlineMs)
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
    const worker = new Worker(new URL('./translate-thread.js', import.meta.url), { workerData: { seed: this.seed } })
    worker.unref()
    worker.on('message', ({ id, translation }: TranslateWord) => this.waiting.get(id)?.settle({ translation }))
    worker.on('error', (fault) => this.onFault(fault))
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
  if (demand === undefined) return undefined
  try {
    return valueOf(decodeParameters(demand.octets, 'DEMAND'), PARAMETERS.intent)
  } catch (fault) {
    if (fault instanceof WireFault) return undefined
    throw fault
  }
}
