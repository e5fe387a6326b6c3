/**
 * Who asks for agents while many of them register: again and again for the best of one capability, and judges the answer by what
 * must be there by then (all that were acknowledged before this stage) and what may be (all that have been sent).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../../../src/client/ask.ts'
import { CLASS, RCODE, TYPE } from '../../../src/dns/codes.ts'
import { DEFAULT_RANKED_ANSWERS } from '../../../src/dns/limits-discovery.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import { capabilityOf, CAPABILITIES, nameOf } from './messages.ts'

const EVERY_MS = 5

/** One AGENT record of an answer. */
export interface Told {
  priority: number
  agent: string
}

/** Why an answer for capability number `skill` cannot be right, where the agents below `least` are there and those below `most` may be; undefined where it can. */
export function faultIn(told: readonly Told[], rcode: number, skill: number, least: number, most: number): string | undefined {
  const there = Math.ceil(Math.max(0, least - skill) / CAPABILITIES)
  if (told.length < Math.min(DEFAULT_RANKED_ANSWERS, there)) return `RCODE ${rcode} and ${told.length} agents where ${there} are registered`
  if (told.length > DEFAULT_RANKED_ANSWERS) return `${told.length} agents`
  if (new Set(told.map(({ agent }) => agent)).size !== told.length) return 'an agent twice'
  if (told.some(({ priority }, i) => priority !== i + 1)) return `priorities ${told.map(({ priority }) => priority).join(' ')}`
  const stranger = told.find(({ agent }) => {
    const number = numberOf(agent)
    return !(number < most) || number % CAPABILITIES !== skill
  })
  return stranger && `${stranger.agent}, who offers nothing there`
}

function numberOf(agent: string): number {
  const digits = /^agent(\d+)\./.exec(agent)?.[1]
  return digits !== undefined && nameOf('agent', Number(digits)) === agent ? Number(digits) : NaN
}

/** Asks until `end`; a wrong answer is a fault there. */
export class AgentWitness {
  /** Milliseconds that each answer took. */
  readonly waits: number[] = []
  private least = 0
  private most = 0
  private readonly port: number
  private isOver = false
  private asking: Promise<void> | undefined

  constructor(port: number) {
    this.port = port
  }

  /** All below `least` were acknowledged; all below `most` may have been sent. Asking begins with the first that were acknowledged: a zone is ranked from its first agent on, once every thread knows. */
  expect(least: number, most: number): void {
    this.least = least
    this.most = most
    if (least === 0 || this.asking !== undefined) return
    this.asking = this.run()
    this.asking.catch(() => undefined) // told by `end`
  }

  private async run(): Promise<void> {
    for (let round = 0; !this.isOver; round++) {
      const skill = (round * 7_919) % CAPABILITIES
      const { least } = this
      const from = performance.now()
      const asked = await ask(queryFor(skill), { server: { host: '127.0.0.1', family: 4, port: this.port }, tcp: false, timeoutMs: 3_000, tries: 3 })
      this.waits.push(performance.now() - from)
      if ('failed' in asked) throw new Error(`${capabilityOf(skill)} is not answered: ${asked.failed}`)
      const { answers, rcode } = decodeMessage(asked.octets)
      const told = answers.filter(({ type }) => type === TYPE.AGENT).map(({ rdata }) => ({ priority: (rdata[0] << 8) | rdata[1], agent: Name.fromWire(rdata, 2).toString() }))
      const fault = rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN ? faultIn(told, rcode, skill, least, this.most) : `RCODE ${rcode}`
      if (fault !== undefined) throw new Error(`${capabilityOf(skill)} was answered wrongly while agents registered: ${fault}`)
      await sleep(EVERY_MS)
    }
  }

  /** Stops asking; throws where an answer was wrong. */
  async end(): Promise<Float64Array> {
    this.isOver = true
    await this.asking
    return Float64Array.from(this.waits)
  }
}

function queryFor(skill: number): Uint8Array {
  return encodeMessage(makeMessage({ id: skill, questions: [{ name: Name.parse(capabilityOf(skill)), type: TYPE.AGENT, class: CLASS.IN }] }))
}
