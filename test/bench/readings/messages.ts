/** The readings of the bench, signed by TSIG as a provider's controller signs them: many SENSE records in one message, or each its own message. */
import { CLASS, OPCODE, TYPE } from '../../../src/dns/codes.ts'
import { encodeMessage, makeMessage, type DnsRecord } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import { encodeParameters, encodeValue, PARAMETERS } from '../../../src/dns/parameters.ts'
import { parseTsigAlgorithm } from '../../../src/dnssec/tsig-algorithms.ts'
import { makeTsigKey, signTsigRequest, type TsigKey } from '../../../src/dnssec/tsig.ts'

/** The zone whose agents report. */
export const ZONE = 'sensed.example.'
/** Who may report for all of them. */
export const KEY = { name: 'controller', secret: Buffer.alloc(32, 9).toString('base64') }
/** Agents at each capability. */
export const AGENTS_EACH = 8

/** The state that reports tell, so that an answer shows whether the last one has arrived. */
export type Told = 'idle' | 'transition'

/** The zone file: so many agents, each at one capability. */
export function zoneText(agents: number): string {
  const lines = Array.from({ length: agents }, (_, i) => `${capabilityOf(i)} AGENT 1 ${agentOf(i)} latency=180ms concurrency=32\n`)
  return `$ORIGIN ${ZONE}\n$TTL 300\n@ IN SOA ns1 hostmaster 1 3600 600 86400 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\n${lines.join('')}`
}

/** The capability at which agent number `i` stands. */
export function capabilityOf(i: number): string {
  return `v1.skill${Math.floor(i / AGENTS_EACH)}.text._cap.${ZONE}`
}

function agentOf(i: number): string {
  return `a${i}._sa.${ZONE}`
}

/** Makes signed messages of readings; each is good for five minutes (RFC 8945 10). */
export class Readings {
  private readonly key: TsigKey
  private readonly agents: number
  private readonly zone = Name.parse(ZONE)

  constructor(agents: number) {
    const algorithm = parseTsigAlgorithm('hmac-sha256')
    if (typeof algorithm === 'string') throw new Error(algorithm)
    this.key = makeTsigKey(Name.parse(KEY.name), algorithm, Buffer.from(KEY.secret, 'base64'))
    this.agents = agents
  }

  /** Message number `i` of those that hold `each` readings: agent after agent, round after round from `firstRound` on. */
  make(i: number, each: number, firstRound: number, told: Told): Uint8Array {
    const authorities = Array.from({ length: each }, (_, at) => this.reading(i * each + at, firstRound, told))
    const message = makeMessage({ id: i & 0xffff, opcode: OPCODE.UPDATE, questions: [{ name: this.zone, type: TYPE.SOA, class: CLASS.IN }], authorities })
    return signTsigRequest(encodeMessage(message), this.key, Math.floor(Date.now() / 1_000)).octets
  }

  private reading(i: number, firstRound: number, told: Told): DnsRecord {
    const [agent, round] = [i % this.agents, firstRound + Math.floor(i / this.agents)]
    const list = encodeParameters(new Map([
      [PARAMETERS.latency.key, encodeValue(PARAMETERS.latency, 150_000 + (i % 1_000) * 100)], [PARAMETERS.active.key, encodeValue(PARAMETERS.active, i % 32)],
      [PARAMETERS.state.key, encodeValue(PARAMETERS.state, told)], [PARAMETERS.time.key, encodeValue(PARAMETERS.time, Date.now())],
      [PARAMETERS.arrivals.key, encodeValue(PARAMETERS.arrivals, round * 7)],
    ]))
    const name = Name.parse(agentOf(agent)).wire
    return { name: Name.parse(capabilityOf(agent)), type: TYPE.SENSE, class: CLASS.IN, ttl: 0, rdata: Buffer.concat([Uint8Array.of((round >> 8) & 255, round & 255), name, list]) }
  }
}
