/** The updates of the bench, signed by TSIG: what a script of an administrator sends, and what an agent sends that registers. */
import { registerMessage } from '../../../src/client/registration.ts'
import { CLASS, OPCODE, TYPE } from '../../../src/dns/codes.ts'
import { encodeMessage, makeMessage, type Message } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import { parseTsigAlgorithm } from '../../../src/dnssec/tsig-algorithms.ts'
import { makeTsigKey, signTsigRequest, type TsigKey } from '../../../src/dnssec/tsig.ts'

/** The zone that is changed. */
export const ZONE = 'change.example.'
/** Who may change it. */
export const KEY = { name: 'bench-key', secret: Buffer.alloc(32, 7).toString('base64') }
const LEASE = { lease: 7_200, keyLease: 86_400 }
/** Capabilities that the agents offer, in turn. */
export const CAPABILITIES = 1_000

/** What updates do. */
export type Work = 'record' | 'agent'
/** Both, in the order of the page. */
export const WORKS: Readonly<Record<Work, string>> = { record: 'one A record at a new name', agent: 'an agent registers: its address, one capability, a lease' }

/** The octets of update number `i`, with a lease where `isLeased`; they are good for five minutes (RFC 8945 10). */
export class Updates {
  private readonly key: TsigKey

  constructor() {
    const algorithm = parseTsigAlgorithm('hmac-sha256')
    if (typeof algorithm === 'string') throw new Error(algorithm)
    this.key = makeTsigKey(Name.parse(KEY.name), algorithm, Buffer.from(KEY.secret, 'base64'))
  }

  make(work: Work, i: number, isLeased: boolean): Uint8Array {
    const id = i & 0xffff
    const message = work === 'record' ? addition(i, id) : registration(i, id, isLeased)
    return signTsigRequest(encodeMessage(message), this.key, Math.floor(Date.now() / 1_000)).octets
  }
}

/** The name that update `i` adds. */
export function nameOf(work: Work, i: number): string {
  return work === 'record' ? `r${i}.${ZONE}` : `agent${i}._sa.${ZONE}`
}

/** The name of capability number `skill`. */
export function capabilityOf(skill: number): string {
  return `v1.skill${skill}.text._cap.${ZONE}`
}

/** The address that stands there then. */
export function addressOf(i: number): string {
  return `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`
}

function addition(i: number, id: number): Message {
  const record = { name: Name.parse(nameOf('record', i)), type: TYPE.A, class: CLASS.IN, ttl: 300, rdata: Uint8Array.of(10, (i >> 16) & 255, (i >> 8) & 255, i & 255) }
  return makeMessage({ id, opcode: OPCODE.UPDATE, questions: [{ name: Name.parse(ZONE), type: TYPE.SOA, class: CLASS.IN }], authorities: [record] })
}

function registration(i: number, id: number, isLeased: boolean): Message {
  const agent = { provider: ZONE, id: `agent${i}`, addresses: [addressOf(i)], capabilities: [{ name: `v1.skill${i % CAPABILITIES}.text`, parameters: 'latency=180ms accuracy=0.97' }] }
  const { edns, ...message } = registerMessage(agent, LEASE, id)
  return isLeased && edns !== undefined ? { ...message, edns } : message
}
