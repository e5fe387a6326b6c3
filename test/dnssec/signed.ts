/** What the tests of signed messages stand on: messages to sign, a clock to set, keys, and one call that shows what became of a message. */
import { OPCODE, printRcode, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { transactionErrors } from '../../src/dns/rcodes.ts'
import { Authenticator, type Authentication, type AuthenticatorOptions, type Source } from '../../src/dnssec/authenticate.ts'
import { parseTsigAlgorithm, type TsigAlgorithm } from '../../src/dnssec/tsig-algorithms.ts'
import { makeKeyring, makeTsigKey, type TsigKey } from '../../src/dnssec/tsig.ts'
import { KEY, type PeerKey } from './tsig-peer.ts'

export const NOW = 1_800_000_000

export const CLIENT: Source = { address: Uint8Array.of(192, 0, 2, 1), port: 4053, transport: 'udp' }

/** An UPDATE that adds an address, or whatever `parts` say (RFC 2136 2). */
export function update(parts: Partial<Message> = {}): Buffer {
  const zone = { name: Name.parse('example.'), type: TYPE.SOA, class: 1 }
  const record = { name: Name.parse('www.example.'), type: TYPE.A, class: 1, ttl: 60, rdata: Uint8Array.of(192, 0, 2, 7) }
  return Buffer.from(encodeMessage(makeMessage({ id: 0x1234, opcode: OPCODE.UPDATE, questions: [zone], authorities: [record], ...parts })))
}

export function question(parts: Partial<Message> = {}): Buffer {
  return Buffer.from(encodeMessage(makeMessage({ id: 0x4321, questions: [{ name: Name.parse('www.example.'), type: TYPE.A, class: 1 }], ...parts })))
}

/** The response to a request, with nothing but its header and question. */
export function responseTo(request: Uint8Array, rcode = 0): Uint8Array {
  const { id, opcode, questions } = decodeMessage(request)
  return encodeMessage(makeMessage({ id, opcode, response: true, rcode, questions }))
}

export function algorithmOf(text: string): TsigAlgorithm {
  const found = parseTsigAlgorithm(text)
  if (typeof found === 'string') throw new Error(found)
  return found
}

/** Our form of the peer's key. */
export function keyOf(peer: PeerKey = KEY, leastMac?: number): TsigKey {
  return makeTsigKey(Name.parse(`${peer.name}.`), algorithmOf(peer.algorithm), peer.secret, leastMac)
}

export interface World {
  authenticator: Authenticator
  clock: { seconds: number }
  verify(octets: Uint8Array, source?: Source): Authentication
}

/** An authenticator whose clock stands until it is set. */
export function worldOf(keys: readonly TsigKey[] = [keyOf()], options: Partial<AuthenticatorOptions> = {}): World {
  const clock = { seconds: NOW }
  const authenticator = new Authenticator({ keys: makeKeyring(keys), nowMs: () => clock.seconds * 1_000, ...options })
  const verify = (octets: Uint8Array, source: Source = CLIENT): Authentication => {
    const result = authenticator.verify(octets, readable(octets), source)
    if (result instanceof Promise) throw new Error('a promise where TSIG gives a value')
    return result
  }
  return { authenticator, clock, verify }
}

/** The decoded message; an empty one where it cannot be decoded, as then nobody would ask who signed it. */
export function readable(octets: Uint8Array): Message {
  try {
    return decodeMessage(octets)
  } catch {
    return makeMessage()
  }
}

/** `proven tsig key.example.`, `refused NOTAUTH BADKEY`, `refused FORMERR`, `repeated`, …: what became of a message in a few words. */
export function shown(result: Authentication): string {
  if (result.outcome === 'proven') return `proven ${result.signer.kind} ${result.signer.name.toString().toLowerCase()}`
  if (result.outcome !== 'refused') return result.outcome
  return `refused ${printRcode(result.rcode)}${result.seal?.kind === 'tsig' ? ` ${transactionErrors.print(result.seal.error)}` : ''}`
}
