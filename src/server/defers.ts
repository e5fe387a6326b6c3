/**
 * What of the messages that arrive is left to the core, as it cannot be answered at once: plain values, so that
 * every answering thread can be told.
 */

/** What the core has a service for. */
export interface Defers {
  /** UPDATE (RFC 2136). */
  readonly update: boolean
  /** Opcode AGENT (docs/protocol.md 5). */
  readonly agent: boolean
  /** Queries signed by TSIG or SIG(0), whose signatures only the core can check and make. */
  readonly signed: boolean
  /** Questions whose answer others must be asked for. */
  readonly missing: boolean
  /** Needs in words, which are to be translated. */
  readonly intents?: boolean
  /** Messages of sessions over TCP (RFC 8490). */
  readonly sessions?: boolean
  /** Questions for agents whose readings shall be fresher than they may be (`max-age`): agents must be asked first. */
  readonly stale?: boolean
}

/** No core: everything is answered at once. */
export const NO_DEFERRALS: Defers = { update: false, agent: false, signed: false, missing: false }
