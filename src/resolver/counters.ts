/** What a resolver counts: for metrics, and for whoever watches for attacks. */

/** Counts since the start. */
export interface ResolverCounters {
  /** Questions of clients. */
  questions: number
  /** Those that joined one under way (RFC 5452 6: one question is asked once at a time). */
  joined: number
  /** Lookups of name servers' addresses, and priming. */
  lookups: number
  /** Messages sent, and those by TCP. */
  sends: number
  tcp: number
  /** Questions to servers that joined the same under way. */
  shared: number
  /** Responses taken. */
  responses: number
  timeouts: number
  /** What did not match a question: from elsewhere, with a wrong id, and what made it go by TCP. */
  strangers: number
  wrongIds: number
  doubtful: number
  /** Events about sends that are over. */
  late: number
  /** Outcomes by their kind, failures by their reason. */
  outcomes: Record<string, number>
  /** What validation said of answers (RFC 4033 5); those whose proof failed are among the outcomes, as `bogus`. */
  secure: number
  insecure: number
  /** Times that others of a zone's servers were asked as an answer was bogus (RFC 4035 5.5). */
  retried: number
}

/** All zero. */
export function newCounters(): ResolverCounters {
  return {
    questions: 0, joined: 0, lookups: 0, sends: 0, tcp: 0, shared: 0, responses: 0, timeouts: 0, strangers: 0, wrongIds: 0, doubtful: 0, late: 0, outcomes: {}, secure: 0,
    insecure: 0, retried: 0,
  }
}
