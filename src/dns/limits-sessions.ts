/**
 * The limits of limits.ts that bound sessions over one connection (RFC 8490) and what is pushed in them (RFC 8765), in the same form.
 */

// ---- Sessions and subscriptions ----

/** TLVs of one message of a session: a request has one, and what adds to it. Reached: FORMERR, or an end where nothing can be answered. */
export const MAX_DSO_TLVS = 16
/** Octets of a message that pushes changes (RFC 8765 6.3). Reached: further changes go into a further message. */
export const MAX_PUSH_OCTETS = 16_382
/** Sessions in all, of some kB each and a TCP connection: half of MAX_TCP_CONNECTIONS, so that questions have the rest. A network has as many at most as are still free. Reached: SERVFAIL and a delay of PUSH_BUSY_RETRY_MS. */
export const MAX_SESSIONS = 512
/** Subscriptions of one session. Reached: SERVFAIL and a delay of PUSH_BUSY_RETRY_MS. */
export const MAX_SUBSCRIPTIONS = 256
/** Different topics that are watched, in all sessions: each look at one costs some microseconds. Reached: as above. */
export const MAX_PUSH_TOPICS = 4_096
/** Records of one topic: an agent's AGENT record is one. Reached: those that come later are not told of, and the log says so once for the topic. */
export const MAX_PUSH_RECORDS = 16_384
/** Milliseconds between two looks at what is subscribed to: half of the 100 ms in which a change shall be told. */
export const PUSH_LOOK_MS = 50
/** Milliseconds in which readings are gathered before they are pushed: a batch of them costs little more than one, and a quarter of a second is what a choice stands well. */
export const PUSH_READINGS_MS = 250
/** Times as long as a look took that the next one waits at least, so that nothing that is subscribed to takes more than a fifth of a processor. */
export const PUSH_REST_SHARE = 4
/** Milliseconds that a look takes at most, one topic more or less, before others have their turn. Reached: it goes on at the next look. */
export const PUSH_LOOK_MOST_MS = 20
/** Octets that one session is sent in PUSH_LOOK_MS: 1.3 MB a second, so that a large set that is told for the first time fills no buffer where the client has 10 Mbit/s. Reached: the rest waits for the next look. */
export const PUSH_OCTETS_PER_LOOK = 65_536
/** Octets that wait for one session before it is told what stands at one topic more. Reached: that waits until less does. */
export const PUSH_FULL_OCTETS = 65_536
/** Octets that wait for one session, several times what a capability of ten thousand agents has. Reached: the session ends, and its client may begin anew. */
export const MAX_PUSH_WAITING_OCTETS = 8_388_608
/** Milliseconds that a session without subscriptions may be silent (RFC 8490 6.2); twice as long, and it is a connection as any other. */
export const SESSION_INACTIVITY_MS = 15_000
/** Milliseconds between two messages at least, of either side, so that one that has gone without a word is found out (RFC 8490 6.5.2: 10 s at least); twice as long, and it is cut. */
export const SESSION_INTERVAL_MS = 60_000
/** Milliseconds after which a client whom a limit has turned away, or whose server stops, may try again. */
export const PUSH_BUSY_RETRY_MS = 5_000
/** The same for one who has sent what cannot be read (RFC 8765 6.2.2). */
export const PUSH_MALFORMED_RETRY_MS = 300_000
/** The same for one who asks where nothing is pushed to him: it takes a change of the config (RFC 8765 6.2.2). */
export const PUSH_REFUSED_RETRY_MS = 3_600_000

// ---- Clients that watch ----

/** Milliseconds without anything new after which a client takes what it was told of a topic for all there is: a server sends a large set in looks of PUSH_LOOK_MS, and one of them may be late. Reached: what it knew before and was not told again has gone. */
export const CLIENT_WATCH_SETTLE_MS = 1_000
/** Least milliseconds between two keepalives that a server may want of its client (RFC 8490 6.5.2). Below: the client ends the session. */
export const CLIENT_LEAST_INTERVAL_MS = 10_000
/** Octets of the records of one topic that a client keeps: 2 kB for each of MAX_PUSH_RECORDS. Reached: it watches no longer, as it could not tell of all. */
export const MAX_WATCHED_OCTETS = 33_554_432
/** Octets of changes that wait for whoever watches and is slow to read them, each counted as CLIENT_CHANGE_OCTETS more than its RDATA. Reached: what happened to one record is drawn together. */
export const MAX_UNREAD_OCTETS = 1_048_576
/** What a change that waits takes beside its RDATA. */
export const CLIENT_CHANGE_OCTETS = 256
