/** A server for tests of those who ask: it answers as a test says, without a network, and keeps what it was asked. */
import assert from 'node:assert/strict'
import { Asker, type AskerOptions } from '../../src/client/asker.ts'
import type { Asked, AskOptions } from '../../src/client/ask.ts'
import { OPTION, RCODE } from '../../src/dns/codes.ts'
import { findOption, type EdnsOption } from '../../src/dns/edns.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { parseParameters, printParameters } from '../../src/dns/parameters.ts'
import { parseRecord } from '../../src/dns/record-text.ts'

/** What it answers about unless told. */
export const V2 = 'v2.translate.text.nlp._cap.acme.example.'
const NOW = 1_800_000_000_000
/** The cookie that it gives. */
export const SERVER_COOKIE = new Uint8Array(24).fill(9)

/** A server that answers as a test says. */
export class FakeServer {
  readonly queries: { message: Message; tcp: boolean }[] = []
  answers: string[] = [`${V2} 30 IN AGENT 1 babel._sa.acme.example. latency=50ms endpoint=https://babel.example/a2a port=8443`, `${V2} 20 IN AGENT 2 iris._sa.acme.example. ipv4hint=192.0.2.7`]
  additionals: string[] = ['babel._sa.acme.example. 30 IN A 192.0.2.10', 'babel._sa.acme.example. 30 IN AAAA 2001:db8::10', 'other.example. 30 IN A 192.0.2.99']
  options: EdnsOption[] = [{ code: OPTION.OFFER, octets: parseParameters('scores=0.9,0.5 ages=250ms,none states=idle,occupied', 'OFFER') }, { code: OPTION.COOKIE, octets: SERVER_COOKIE }]
  rcode: number = RCODE.NOERROR
  failure: string | undefined
  truncated = false
  rcodeOf: (query: Message) => number = () => this.rcode
  /** What stands at a name, instead of `answers`, `additionals` and `options`. */
  readonly at = new Map<string, { answers: string[]; additionals?: string[]; offer?: string }>()
  nowMs = NOW

  asker(more: Partial<AskerOptions> = {}): Asker {
    return new Asker({ server: '127.0.0.1:5300', nowMs: () => this.nowMs, send: (query, options) => Promise.resolve(this.answer(query, options)), ...more })
  }

  private answer(query: Uint8Array, { tcp = false }: AskOptions): Asked {
    const message = decodeMessage(query)
    this.queries.push({ message, tcp })
    if (this.failure !== undefined) return { failed: this.failure }
    if (this.at.size > 0) this.answerFrom(message)
    const response = makeMessage({
      id: message.id, response: true, truncated: this.truncated, rcode: this.rcodeOf(message) & 15, questions: message.questions, answers: this.answers.map((text) => parseRecord(text)), additionals: this.additionals.map((text) => parseRecord(text)),
      edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options: this.options },
    })
    return { octets: encodeMessage({ ...response, rcode: this.rcodeOf(message) }), transport: tcp ? 'tcp' : 'udp', tookMs: 1.5 }
  }

  private answerFrom({ questions }: Message): void {
    const parts = questions.map(({ name }) => this.at.get(name.toString()) ?? { answers: [] })
    this.answers = parts.flatMap(({ answers }) => answers)
    this.additionals = parts.flatMap(({ additionals = [] }) => additionals)
    this.options = parts.map(({ offer = '' }) => ({ code: OPTION.OFFER, octets: parseParameters(offer, 'OFFER') }))
  }

  /** Names asked for, message by message. */
  get asked(): string[][] {
    return this.queries.map(({ message }) => message.questions.map(({ name }) => name.toString().split('.')[0]))
  }

  /** The demand of the last query, as text. */
  get demand(): string {
    return printParameters(findOption(this.queries.at(-1)?.message.edns, OPTION.DEMAND) ?? assert.fail('no demand'), 'DEMAND')
  }
}
