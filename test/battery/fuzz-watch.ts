/**
 * What is held against the server while it is under fire: an answer to a response, an answer that is malformed or to
 * nothing that was sent, a known good question answered wrong or not at all, a process gone or grown.
 */
import { Asker } from './asker.ts'
import { residentOctets } from './battery.ts'
import { isAlive } from './peers.ts'
import { decode, encodeQuery } from './wire.ts'

const MEBIBYTE = 1_048_576
/** Growth allowed from a tenth of the way to the end: whichever is more. */
const GROWTH_OCTETS = 32 * MEBIBYTE
const GROWTH_RATIO = 0.1
const SHOWN = 10

/** Collects faults and counts; `faults` is empty where the server stood it. */
export class Watch {
  sent = 0
  answered = 0
  probes = 0
  readonly faults: string[] = []
  private readonly samples: { part: number; octets: number }[] = []
  private readonly pid: number

  /** `pid` 0 leaves memory and life unwatched. */
  constructor(pid: number) {
    this.pid = pid
  }

  /** Notes a fault; the first ten are kept in words, the rest counted by the caller's exit code alone. */
  fault(text: string, octets?: Uint8Array): void {
    if (this.faults.length < SHOWN) this.faults.push(octets ? `${text}: ${Buffer.from(octets).toString('hex')}` : text)
  }

  /** Judges one answer; `isOurs` tells whether its ID belongs to a query (not a response) just sent. */
  judge(answer: Buffer, isOurs: (id: number) => 'query' | 'response' | 'unknown'): void {
    this.answered++
    if (answer.length < 12) return this.fault(`an answer of ${answer.length} octets`, answer)
    const origin = isOurs(answer.readUInt16BE(0))
    if (origin === 'response') this.fault('an answer to a response', answer)
    if (origin === 'unknown') this.fault('an answer to nothing that was sent', answer)
    if ((answer.readUInt8(2) & 0x80) === 0) this.fault('an answer without QR', answer)
    if ((answer.readUInt8(2) & 0x78) === 0x30) return // DSO (RFC 8490 5.4) has no sections
    try {
      decode(answer)
    } catch (error) {
      this.fault(`a malformed answer (${(error as Error).message})`, answer)
    }
  }

  /** Takes a sample of memory at `part` (0 to 1) of the way and prints it. */
  sample(part: number, label: string): void {
    if (this.pid === 0) return
    if (!isAlive(this.pid)) throw new Error(`The server (process ${this.pid}) is gone after ${this.sent} messages`)
    const octets = residentOctets(this.pid)
    this.samples.push({ part, octets })
    console.log(`${label} ${(part * 100).toFixed(0)} %: ${this.sent} sent, ${this.answered} answered, ${this.faults.length} faults, ${(octets / MEBIBYTE).toFixed(1)} MiB`)
  }

  /** Compares memory at the end with that after a tenth of the way, when every path has been warmed. */
  judgeMemory(): void {
    const early = this.samples.filter(({ part }) => part >= 0.1)[0]
    const late = this.samples.at(-1)
    if (!early || !late) return
    const limit = Math.max(GROWTH_OCTETS, early.octets * GROWTH_RATIO)
    if (late.octets - early.octets > limit) this.fault(`memory grew from ${(early.octets / MEBIBYTE).toFixed(1)} to ${(late.octets / MEBIBYTE).toFixed(1)} MiB`)
  }

  /** One line for people and logs. */
  summary(kind: string, seconds: number): string {
    const [first, last] = [this.samples[0], this.samples.at(-1)].map((sample) => ((sample?.octets ?? 0) / MEBIBYTE).toFixed(1))
    return `fuzz ${kind}: ${this.sent} sent, ${this.answered} answered, ${this.probes} probes right, ${this.faults.length} faults, memory ${first} → ${last} MiB, ${seconds.toFixed(0)} s`
  }
}

/** Known good questions; the answers at the start are the right ones ever after. */
export class Probes {
  private readonly asker: Asker
  private readonly questions: { name: string; type: number; right: string }[] = []
  private next = 0

  /** Asks the server at `host`:`port`. Close it. */
  constructor(port: number, host: string) {
    this.asker = new Asker(port, host)
  }

  /** Learns the right answers. Throws where the server is silent. */
  async learn(list: readonly { name: string; type: number }[]): Promise<void> {
    for (const { name, type } of list) this.questions.push({ name, type, right: await this.answer(name, type) })
    const silent = this.questions.find(({ right }) => right === 'silence')
    if (silent) throw new Error(`Cannot start as the server does not answer ${silent.name} of type ${silent.type}`)
  }

  /** Asks the next question; waits for its answer, so that the server has taken what was sent before it. */
  async ask(watch: Watch): Promise<void> {
    const question = this.questions[this.next++ % this.questions.length]
    if (!question) return
    const answer = await this.answer(question.name, question.type)
    if (answer === question.right) watch.probes++
    else watch.fault(`the known good question ${question.name} type ${question.type} was answered ${answer} instead of ${question.right}`)
  }

  /** Ends the sockets. */
  close(): void {
    this.asker.close()
  }

  private async answer(name: string, type: number): Promise<string> {
    const octets = await this.asker.ask(encodeQuery({ name, type, class: 1, flags: 0, edns: { size: 1232, dnssecOk: true, version: 0 }, tcp: false }), false)
    return octets ? octets.subarray(2).toString('hex') : 'silence'
  }
}
