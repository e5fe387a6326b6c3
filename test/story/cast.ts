/**
 * Who plays in the story: three providers with four agents each, the processes that they are, and how an asker calls one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CallFault, type FoundAgent } from '../../src/client/index.ts'
import type { Order, Part, Word } from './agent-process.ts'

/** The capability that all of them have, below `_cap` of their provider. */
export const CAPABILITY = 'v2.translate.text.nlp'
/** The three, in the order of their addresses: 127.0.1.x, 127.0.2.x, 127.0.3.x. */
export const PROVIDERS = ['acme.example', 'beta.example', 'gamma.example'] as const

type Role = Pick<Part, 'id' | 'claims' | 'slots' | 'queue' | 'takesMs'> & { liesMs?: number }

function role(id: string, takesMs: number, claims: string, slots = 4, liesMs?: number): Role {
  return { id, takesMs, claims: `latency=${liesMs ?? takesMs}ms ${claims} concurrency=${slots}`, slots, queue: slots, ...(liesMs !== undefined && { liesMs }) }
}

/** Acme's differ, and one of them lies; of Beta's one is killed; Gamma's are alike, and one is overloaded. */
const ROLES: Readonly<Record<(typeof PROVIDERS)[number], readonly Role[]>> = {
  'acme.example': [role('quick', 40, 'accuracy=0.95'), role('steady', 80, 'accuracy=0.95', 8), role('thrifty', 160, 'accuracy=0.9 cost=0.0001'), role('liar', 300, 'accuracy=0.95', 8, 15)],
  'beta.example': [role('first', 20, 'accuracy=0.95'), role('second', 60, 'accuracy=0.95'), role('third', 120, 'accuracy=0.9'), role('fourth', 240, 'accuracy=0.9')],
  'gamma.example': ['north', 'east', 'south', 'west'].map((id) => role(id, 50, 'accuracy=0.9', 2)),
}

/** An agent on the stage. */
export class Actor {
  readonly part: Part
  /** Its identifier. */
  name = ''
  private readonly child: ChildProcess
  private readonly words: Word[] = []
  private hear: () => void = () => undefined

  constructor(part: Part) {
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env
    this.part = part
    this.child = fork(fileURLToPath(new URL('./agent-process.js', import.meta.url)), [JSON.stringify(part)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env })
    this.child.on('message', (word: Word) => {
      this.words.push(word)
      this.hear()
    })
    this.child.on('exit', () => {
      this.words.push({ failed: `${part.id} has ended` })
      this.hear()
    })
  }

  /** Resolves when it is registered and has told its first reading. */
  async ready(): Promise<void> {
    const word = await this.word()
    if (!('ready' in word)) throw new Error(`${this.part.id}: ${JSON.stringify(word)}`)
    this.name = word.ready.name
  }

  order(order: Order): void {
    this.child.send(order)
  }

  /** Takes it out of every answer, in good order. */
  async leave(): Promise<void> {
    this.order({ withdraw: true })
    const word = await this.word()
    if (!('withdrawn' in word)) throw new Error(`${this.part.id}: ${JSON.stringify(word)}`)
  }

  /** Ends it without a word to anybody. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.kill('SIGKILL')
    await ended
  }

  private async word(): Promise<Word> {
    while (this.words.length === 0) await new Promise<void>((resolve) => (this.hear = resolve))
    return this.words.shift() as Word
  }
}

/** Starts all twelve; resolves when each is registered and has told a reading. They are in `cast` at once, so that they can be ended whatever happens. */
export async function enter(server: string, cast: Map<string, Actor>): Promise<void> {
  for (const [i, provider] of PROVIDERS.entries()) {
    for (const [k, each] of ROLES[provider].entries()) cast.set(each.id, new Actor({ ...each, provider, server, capability: CAPABILITY, address: `127.0.${i + 1}.${k + 1}` }))
  }
  await Promise.all([...cast.values()].map((actor) => actor.ready()))
}

/** Lets an agent do a piece of work; gives what it says, and passes on how many sessions it had. CallFault where it is busy; Node's own error where nobody is there. */
export async function work({ endpoint = '' }: FoundAgent, told: (active: number) => void): Promise<string> {
  const response = await fetch(endpoint, { method: 'POST', body: 'Hallo', signal: AbortSignal.timeout(5_000) })
  const text = await response.text()
  const active = Number(response.headers.get('x-active'))
  told(active)
  if (response.status === 503) throw new CallFault('busy', 'busy', active)
  if (!text.startsWith('translated')) throw new CallFault('wrong', text)
  return text.replace('translated by ', '')
}
