/**
 * What the core and those around it say to each other: messages that come from the sockets, who proves whom they
 * are from, and who knows the answer.
 */
import type { Peer, Translation } from '../authority/query.ts'
import type { ExtendedError, UpdateLease } from '../dns/edns.ts'
import type { DnsRecord, Message, Question } from '../dns/message.ts'
import type { Requester, Signer } from '../update/contract.ts'

/** A TCP connection that may outlast its queries; as transport has it. */
export interface Lasting {
  /** It is not idle from now on, until `release`; `onEnd` is called once when it has ended. */
  keep(onEnd: () => void): void
  /** Sends a message that answers no query. */
  send(octets: Uint8Array): void
  /** It is as any other again. */
  release(): void
  /** Ends it at once. */
  cut(): void
}

/** A message that an answering thread has left to the core; transport's `Deferred`. */
export interface CoreMessage {
  /** In memory of its own. */
  readonly octets: Uint8Array
  readonly peer: Peer
  /** The connection that it has come by, the same object for all of its messages; undefined over UDP. */
  readonly connection?: Lasting | undefined
  /** Answers with one message; `more` follow. */
  reply(octets: Uint8Array, more?: boolean): void
  /** Ends it in silence. */
  drop(): void
}

/** What came of looking at a message's signature. `Seal` is what a response is signed with, known to the authenticator alone. */
export type Authentication<Seal> =
  /** It carries none. */
  | { outcome: 'unsigned' }
  /** The signer wrote it. Without a seal the response is not signed. */
  | { outcome: 'proven'; signer: Signer; seal: Seal | undefined }
  /** The client has lost our response and asks again: these octets are sent, and nothing else is done. */
  | { outcome: 'repeated'; response: Uint8Array }
  /** The same message is being worked on: silence, as its response is on the way. */
  | { outcome: 'pending' }
  /** Not to be served; with a seal the response carries a signature record that says why. */
  | { outcome: 'refused'; rcode: number; seal: Seal | undefined; reason: string }

/** Proves who sent a message and signs responses: TSIG (RFC 8945), SIG(0) (RFC 2931). */
export interface MessageAuthenticator<Seal = unknown> {
  /** Judges the signature that ends the message, as it came and as it was decoded. Neither throws nor rejects for anything a message can hold. */
  verify(octets: Uint8Array, message: Message, source: Peer): Authentication<Seal> | Promise<Authentication<Seal>>
  /** Octets that signing adds. */
  overhead(seal: Seal): number
  /** The response with its signature. */
  sign(response: Uint8Array, seal: Seal): Uint8Array
}

/** The answer to a message, before it is octets. */
export interface Reply {
  /** Up to 12 bits (RFC 6891 6.1.3). */
  rcode: number
  /** AA. */
  authoritative?: boolean
  /** RA: asked for others (RFC 1035 4.1.1). */
  recursionAvailable?: boolean
  /** AD, for those who want to know: all of it is proven (RFC 4035 3.2.3). */
  authentic?: boolean
  /** AG: understood (docs/protocol.md 1). */
  agent?: boolean
  /** Extended DNS Error (RFC 8914). */
  ede?: ExtendedError
  /** The lease granted (RFC 9664 4). */
  lease?: UpdateLease
  /** Octets of OFFER. */
  offer?: Uint8Array
  /** Instead of those asked. */
  questions?: Question[]
  answers?: DnsRecord[]
  authorities?: DnsRecord[]
  additionals?: DnsRecord[]
}

/** Answers a message whose sender is proven as far as the requester says. A rejection is a fault of ours: SERVFAIL. */
export type CoreHandler = (message: Message, requester: Requester) => Promise<Reply>

/** What came of translating a need: what it means, or why that is not known. */
export type Translated = { translation: Translation } | { refused: string }

/** Who answers what. What has no handler is answered NOTIMP. */
export interface CoreHandlers {
  /** UPDATE (RFC 2136). */
  readonly update?: CoreHandler
  /** Opcode AGENT (docs/protocol.md 5). */
  readonly agent?: CoreHandler
  /** What the need in words of a question that `query` has deferred means; undefined where it has none. Never rejects. */
  readonly translate?: (message: Message) => Promise<Translated> | undefined
  /** A message of a session (RFC 8490), whose form is another; returns the RCODE of what it has replied, or undefined to end it in silence. */
  readonly session?: (message: CoreMessage) => number | undefined
  /** A question that `query` has deferred, as others must be asked for its answer. */
  readonly resolve?: CoreHandler
  /** Fetches what a question wants to have fresher before `query` answers it; undefined where it may be answered at once. Never rejects. */
  readonly freshen?: (message: Message, requester: Requester) => Promise<void> | undefined
  /** A signed query without its signature, or one whose answer is elsewhere, as `Server.answer` of a server of the core: `room` octets are left for the signature, `signer` is who has proven to have made it. */
  readonly query?: (octets: Uint8Array, length: number, peer: Peer, out: Uint8Array, room: number, signer?: Signer) => number
}
