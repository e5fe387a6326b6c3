/** A server that answers from a cache alone, as threads do: what is in the cache is put there by the test. */
import { ZoneAuthority } from '../../src/authority/answer.ts'
import type { LookupName } from '../../src/dns/lookup-name.ts'
import { decodeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parsePrefix, PrefixList, type Prefix } from '../../src/dns/prefix.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import type { RateLimit } from '../../src/server/rate-limit.ts'
import { NO_DEFERRALS } from '../../src/server/defers.ts'
import { Remembered } from '../../src/server/remembered.ts'
import { DEFERRED, Server } from '../../src/server/server.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { encodeQuery, SEED, type Asking } from '../authority/ask.ts'
import { Bench } from '../cache/support.ts'
import { decode } from './messages.ts'

const recursion = new PrefixList([parsePrefix('192.0.2.0/24') as Prefix])

/** A server over a cache; what it says. */
export class Asked {
  readonly bench = new Bench()
  readonly server: Server
  readonly remembered: Remembered

  /** Of the server; the cache has its own in `bench`. */
  nowSeconds = 0

  /** `ruled`: names that the operator's rules speak of. */
  constructor(ruled: string[] = [], isValidating = false, rateLimit?: RateLimit) {
    const authority = new ZoneAuthority(new ZoneDirectory([], SEED), SEED)
    const ours = 'ours.example.'
    const textOf = ({ octets, length }: LookupName): string => Name.fromWire(octets.slice(0, length)).toString()
    // the directory of a true server has the cache's seed; here one name stands for it
    this.remembered = new Remembered({ block: this.bench.block, nowSeconds: () => this.bench.now, isValidating, isOurs: (name) => textOf(name) === ours, isRuled: (name) => ruled.includes(textOf(name)) })
    this.server = new Server({ authority, nowSeconds: () => this.nowSeconds, recursion, ...(rateLimit && { rateLimit }), remembered: this.remembered, defers: { ...NO_DEFERRALS, missing: true }, onFault: (fault) => { throw fault } })
  }

  ask(question: string, asking: Asking = {}): Message | undefined {
    const octets = encodeQuery(question, { header: 'rd', size: 1232, ...asking })
    const out = new Uint8Array(65_535)
    const size = this.server.answer(octets, octets.length, { transport: asking.tcp === true ? 'tcp' : 'udp', address: asking.from ?? Uint8Array.of(192, 0, 2, 1), port: 4096 }, out)
    if (size === DEFERRED) return undefined
    decode(out.slice(0, size)) // which refuses every irregularity
    return decodeMessage(out.slice(0, size))
  }

  /** RCODE, then answers, `/`, authorities; `core` where the core is asked. */
  say(question: string, asking: Asking = {}): string[] {
    const message = this.ask(question, asking)
    if (message === undefined) return ['core']
    const shown = message.authorities.length === 0 ? [] : ['/', ...message.authorities.map(printRecord)]
    return [String(message.rcode), ...message.answers.map(printRecord), ...shown]
  }
}
