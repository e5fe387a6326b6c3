/**
 * One change asked of a server: signs an UPDATE, sends it over UDP, or TCP where it is long or UDP fails, and says in
 * plain values what came of it. The same octets are sent at each try, from the same port, so that a server that has carried
 * out the first one can tell a retransmission from a replay.
 */
import { randomInt } from 'node:crypto'
import { EDE, OPTION, printEde, printRcode, RCODE } from '../dns/codes.ts'
import { findOption, readExtendedError, readUpdateLease, type UpdateLease } from '../dns/edns.ts'
import { WireFault } from '../dns/faults.ts'
import { DEFAULT_UDP_OCTETS } from '../dns/limits.ts'
import { decodeMessage, encodeMessage, type Message } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { decodeParameters, PARAMETERS, valueOf } from '../dns/parameters.ts'
import { WHOLE_RATIO } from '../discovery/ranking/metrics.ts'
import type { Endpoint } from '../transport/address.ts'
import { ask, type Asked } from './ask.ts'

/** The KEY whose private half signs. */
export interface OwnKey {
  /** The name that the signatures are by. */
  readonly name: Name
  /** RDATA of the KEY. */
  readonly rdata: Uint8Array
  /** The same key under another name, at which the KEY will be found. */
  as(name: Name): ChangeSigner
}

/** Who signs: by TSIG or SIG(0); `signers.ts` makes them. */
export interface ChangeSigner {
  /** For people: `TSIG hmac-sha256 agents-key.` */
  readonly label?: string
  /** There where it signs by SIG(0). */
  readonly own?: OwnKey
  /** The message with its signature, and what checks the response's: it gives a reason not to believe the response, or undefined. */
  sign(message: Uint8Array): Promise<{ octets: Uint8Array; check(response: Uint8Array): Promise<string | undefined> }>
}

/** How to ask. */
export interface ChangeOptions {
  server: Endpoint
  signer?: ChangeSigner
  /** Milliseconds to wait for each try; default 2,000. */
  timeoutMs?: number
  /** How often it is sent over UDP; default 3. */
  tries?: number
  /** Never UDP. */
  tcp?: boolean
}

/** How often to report: a profile's, or as the server advises. */
export interface ReportingAdvice {
  /** Milliseconds from one report to the next at most. */
  periodMs: number
  /** Change of load, in parts of the slots, that is worth a message. */
  threshold: number
  /** Changes are worth a message: somebody chooses by them, or is told of each. */
  isWanted?: true
}

/** What came of a change. `refused` is the server's last word; `unreachable` may go through later. What is `done` and `waits` is not answered before what it depends on is there (docs/protocol.md 6): the server's words for it. */
export type ChangeOutcome =
  | { kind: 'done'; lease: UpdateLease | undefined; advice?: ReportingAdvice; waits?: string }
  | { kind: 'refused'; rcode: number; reason: string }
  | { kind: 'unreachable'; reason: string }

/** Asks for the change in `message`, which has one question: the zone. */
export async function requestChange(message: Message, options: ChangeOptions): Promise<ChangeOutcome> {
  const { server, signer, timeoutMs = 2_000, tries = 3 } = options
  let sent = await signedBy(signer, message)
  const tcp = options.tcp === true || sent.octets.length > DEFAULT_UDP_OCTETS
  let asked: Asked = await ask(sent.octets, { server, tcp, timeoutMs, tries })
  if ('failed' in asked && !tcp) {
    // the server may have carried out what came over UDP: from another port the same octets would be a replay (RFC 8945 10), so it is a new message
    sent = await signedBy(signer, { ...message, id: (message.id + randomInt(1, 65_536)) & 0xffff })
    asked = await ask(sent.octets, { server, tcp: true, timeoutMs, tries })
  }
  if ('failed' in asked) return { kind: 'unreachable', reason: asked.failed }
  const wrong = await sent.check?.(asked.octets)
  // an answer that the server did not sign proves nothing: whoever can forge one must not end a registration
  if (wrong !== undefined) return { kind: 'unreachable', reason: wrong }
  return readOutcome(asked.octets)
}

type Sent = { octets: Uint8Array; check?: (response: Uint8Array) => Promise<string | undefined> }

function signedBy(signer: ChangeSigner | undefined, message: Message): Promise<Sent> {
  const octets = encodeMessage(message)
  return signer === undefined ? Promise.resolve({ octets }) : signer.sign(octets)
}

/** What a response says. A malformed one is no answer. */
export function readOutcome(octets: Uint8Array): ChangeOutcome {
  try {
    const { rcode, edns } = decodeMessage(octets)
    const lease = findOption(edns, OPTION.UPDATE_LEASE)
    const error = findOption(edns, OPTION.EDE)
    if (rcode === RCODE.NOERROR) {
      const advice = adviceIn(findOption(edns, OPTION.OFFER))
      const waits = error && waitingIn(error)
      return { kind: 'done', lease: lease && readUpdateLease(lease), ...(advice && { advice }), ...(waits !== undefined && { waits }) }
    }
    const reason = error === undefined ? printRcode(rcode) : printReason(rcode, error)
    return rcode === RCODE.SERVFAIL ? { kind: 'unreachable', reason } : { kind: 'refused', rcode, reason }
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault
    return { kind: 'unreachable', reason: `the answer cannot be read: ${fault.message}` }
  }
}

/** What the server advises whoever reports; undefined where it says nothing of it. */
function adviceIn(offer: Uint8Array | undefined): ReportingAdvice | undefined {
  const said = offer && decodeParameters(offer, 'OFFER')
  const value = said && valueOf(said, PARAMETERS.reporting)
  return value && { periodMs: value[0], threshold: value[1] / WHOLE_RATIO, ...(said.has(PARAMETERS.wanted.key) && { isWanted: true as const }) }
}

/** What waits for what else, in the server's words; undefined where the error says nothing of that. */
function waitingIn(error: Uint8Array): string | undefined {
  const { infoCode, text } = readExtendedError(error)
  if (infoCode !== EDE.DEPENDENCY_MISSING) return undefined
  if (text === '') return 'it waits for what it depends on'
  return text.includes(' waits for ') ? text : `it waits for ${text}`
}

function printReason(rcode: number, error: Uint8Array): string {
  const { infoCode, text } = readExtendedError(error)
  return `${printRcode(rcode)}: ${text === '' ? printEde(infoCode) : text}`
}
