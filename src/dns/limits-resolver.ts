/**
 * The limits of limits.ts that bound what one question makes the resolver do and what its cache holds, in the same form.
 * The former name the attack that each is for: NXNSAttack, NRDelegation, CAMP, TsuNAME, TuDoor, DNSBomb, birthday.
 */

// ---- The resolver (numbers beside those of BIND, Unbound, PowerDNS, Knot Resolver) ----

/** Messages sent on behalf of one client question, address lookups and priming retries counted (PowerDNS 50, BIND 50 and 200 in all, Unbound 200): NXNSAttack, CAMP. Reached: SERVFAIL. */
export const MAX_SENDS_PER_QUESTION = 50
/** Octets received on behalf of one client question (PowerDNS 100,000; CVE-2026-24027). Reached: SERVFAIL. */
export const MAX_OCTETS_PER_QUESTION = 100_000
/** Address lookups of name servers on behalf of one client question (PowerDNS 10 names, A and AAAA): NXNSAttack. Reached: servers without address are passed over. */
export const MAX_LOOKUPS_PER_QUESTION = 20
/** Address lookups for one zone's servers, two for each name (Knot Resolver 5 names without address): NRDelegation. Reached: the other servers of the zone are passed over. */
export const MAX_LOOKUPS_PER_ZONE = 10
/** Lookups within lookups: a name server whose name is served by another without address (BIND 7). Reached: the lookup fails. */
export const MAX_LOOKUP_DEPTH = 7
/** Name servers of one delegation that are looked at (BIND 13): NRDelegation. Reached: the rest is passed over. */
export const MAX_DELEGATION_SERVERS = 13
/** Addresses of one name server in one family. Reached: the rest is passed over. */
export const MAX_SERVER_ADDRESSES = 8
/** Referrals from where a walk starts to where it ends (Unbound 130): each goes one label down at least, deep trees have six. Reached: SERVFAIL. */
export const MAX_REFERRALS = 30
/** CNAME and DNAME steps of one question (BIND 11, Unbound 11): CAMP. Reached: SERVFAIL. */
export const MAX_ALIASES = 11
/** Milliseconds that one question may take (BIND 10,000, PowerDNS 7,000). Reached: SERVFAIL at the next event. */
export const MAX_QUESTION_MS = 10_000
/** Attempts with the servers of one zone for one step of a walk (Knot Resolver 3 in a row, Unbound 5 a server). Reached: the step fails. */
export const MAX_ATTEMPTS_PER_STEP = 9
/** Attempts by UDP with one server for one step, and one more by TCP where it has answered others meanwhile (RFC 9520 3.1: three by one transport at most). Reached: it is passed over. */
export const MAX_ATTEMPTS_PER_SERVER = 2
/** Messages of one attempt: the first, by TCP, without EDNS, and both. Reached: the attempt fails. */
export const MAX_MESSAGES_PER_ATTEMPT = 4
/** Responses with a wrong id or question on the port of a question (PowerDNS spoof-nearmiss-max 1): birthday attacks get one guess. Reached: it is asked by TCP. */
export const MAX_NEAR_MISSES = 1
/** Questions under way, lookups for them included (PowerDNS max-mthreads 2,048; BIND recursive-clients 1,000): DNSBomb. Reached: SERVFAIL at once. */
export const MAX_QUESTIONS_UNDER_WAY = 2_048
/** Clients that wait for the same question (BIND clients-per-query 100): DNSBomb. Reached: SERVFAIL for the next. */
export const MAX_WAITERS_PER_QUESTION = 100
/** Questions under way with the servers of one zone (BIND fetches-per-zone 200): a zone that is silent under a flood leaves room for others. The root and top level are spared; one whose servers have answered lately may hold as many as are still free. Reached: SERVFAIL. */
export const MAX_QUESTIONS_PER_ZONE = 200
/** Milliseconds that a question waits for a place there: servers that are well answer the first of a burst meanwhile. Reached: SERVFAIL. */
export const PLACE_WAIT_MS = 1_000
/** Questions that wait so, for all zones together, beside those under way. Reached: SERVFAIL at once for the next. */
export const MAX_PLACE_WAITERS = 1_024
/** Names asked for between a zone and the name wanted while that is kept private (RFC 9156 2.3: MAX_MINIMISE_COUNT 10). Reached: several labels at a time. */
export const MAX_MINIMISED_STEPS = 10
/** The first of these, which take one label at a time (RFC 9156 2.3: MINIMISE_ONE_LAB 4). */
export const SINGLE_LABEL_STEPS = 4
/** Servers whose manners are remembered, some 200 octets each. Reached: the one heard of longest ago is forgotten. */
export const MAX_SERVERS_REMEMBERED = 65_536
/** Seconds for which a server is believed to refuse EDNS, or to change letters (Unbound 900). Reached: it is tried anew, as it may have been mended. */
export const MANNERS_SECONDS = 900
/** Zones for which one server is remembered as lame. Reached: the oldest is forgotten. */
export const MAX_LAME_ZONES = 16
/** Seconds for which others are asked before a server that is lame for a zone (Unbound infra 900, PowerDNS 60; BIND 0 since CVE-2021-25219). Reached: it is as good as they are. */
export const LAME_SECONDS = 60
/** Unanswered messages in a row after which a server rests (PowerDNS 64, Unbound 5 doublings of its timeout). Reached: it is asked for by one question at a time. */
export const MAX_SILENCES = 4
/** Milliseconds after its last answer for which a server counts as one that answers: longer than any message waits. */
export const LIVELY_MS = 5_000
/** Seconds that such a server rests at most (PowerDNS 60): one message in that time tells whether it is back. */
export const REST_SECONDS = 30
/** Milliseconds that an unknown server is given to answer (Unbound 376, BIND 800). */
export const FIRST_WAIT_MS = 400
/** Least milliseconds that any server is given (Unbound 50). Reached: no shorter than this. */
export const MIN_WAIT_MS = 100
/** Most milliseconds that one message waits (BIND 1,200 to 10,000, PowerDNS 1,500), and what the last of a step does, where nobody else is left to be asked. Reached: no longer than this. */
export const MAX_WAIT_MS = 2_000
/** Milliseconds that a question by TCP waits, its three ways to connect included. */
export const TCP_ANSWER_MS = 3_000
/** One in so many choices among servers is random, so that one that got better is found (Unbound takes any within 400 ms). */
export const EXPLORE_ONE_IN = 16
/** Sockets open at once to other servers, one for each message on its way: as many as questions may be under way. Reached: messages wait for one, on their own time. */
export const MAX_UPSTREAM_SOCKETS = 2_048
/** Ports of a user's own begin here (RFC 6335 6): those below may be a service's. Follows: random ports are 65,536 less these. */
export const MIN_UPSTREAM_PORT = 1_024
/** Ports tried for one message where others have them (RFC 5452 9.2). Reached: the system chooses. */
export const MAX_PORT_TRIES = 4
/** Octets of the cache unless the config says otherwise (BIND nine tenths of memory, Unbound 4 MB for each of two, Knot Resolver 100 MB): some 300,000 RRsets. */
export const DEFAULT_CACHE_OCTETS = 67_108_864
/** Networks that a list of the config may hold, each compared with each client or server. Reached: the config is refused. */
export const MAX_CLIENT_NETWORKS = 64
/** Zones whose servers the config may give: each is compared with each name that is asked for. Reached: the config is refused. */
export const MAX_CONFIGURED_ZONES = 1_024
/** Servers of one of these. Reached: the config is refused. */
export const MAX_CONFIGURED_SERVERS = 16
/** Milliseconds that a client waits before it is given what has expired (RFC 8767 5: 1,800). Reached: the stale answer, if there is one; asking goes on for the next. */
export const STALE_AFTER_MS = 1_800
/** Names and types that are fetched anew at once before they expire: one in twenty of all questions. Reached: they expire, and are asked for then. */
export const MAX_REFRESHES = 100

// ---- Validation (RFC 4035 5) ----

/** RRSIGs of one RRset that are looked at (Unbound 8): KeyTrap. Reached: the rest is passed over. */
export const MAX_SIGNATURES_PER_RRSET = 8
/** Keys of one algorithm and key tag that one signature is tried with (PowerDNS 2, Hickory 2): KeyTrap, as tags collide at will. Reached: the others are passed over. */
export const MAX_KEYS_PER_TAG = 2
/** DS records, or keys of a trust anchor, that keys are held against (PowerDNS 8). Reached: the rest is passed over. */
export const MAX_DIGESTS_PER_ZONE = 8
/** Digests made for one DNSKEY RRset: each DS may match several keys by their tag (Unbound: 4 failures). Reached: bogus. */
export const MAX_DIGESTS_MADE = 16
/** Signatures verified on behalf of one client question, some 100 µs each (PowerDNS 30, Knot Resolver 32 in a row, BIND 16 a fetch): KeyTrap. Reached: SERVFAIL. */
export const MAX_VERIFICATIONS_PER_QUESTION = 64
/** Of these, such as failed (BIND 1 a fetch, Unbound 4 a DS): KeyTrap. Reached: SERVFAIL. */
export const MAX_FAILED_VERIFICATIONS = 8
/** RRsets of NSEC or NSEC3 of one response that are looked at (PowerDNS 10; CVE-2026-11605): a proof needs four at most. Reached: the rest is passed over. */
export const MAX_PROOF_RRSETS = 10
/** Iterations of NSEC3 above which a zone counts as unsigned (RFC 9276 3.2; BIND 50, Knot Resolver 50, PowerDNS 50). Reached: insecure, with the error that says so. */
export const MAX_NSEC3_ITERATIONS = 50
/** Rounds of SHA-1 on behalf of one client question, under 1 µs each (PowerDNS 600): ten names at 50 iterations (CVE-2023-50868). Reached: SERVFAIL. */
export const MAX_HASH_ROUNDS_PER_QUESTION = 600
/** Zones whose keys, or lack of them, are remembered, some 600 octets each. Reached: the one used longest ago is forgotten. */
export const MAX_ZONES_REMEMBERED = 8_192
/** Zones and names between a trust anchor and a name that are looked at one by one, where an answer is not signed: the deepest trees have six, names below ip6.arpa 34. Reached: SERVFAIL. */
export const MAX_CHAIN_STEPS = 40
/** Times that one question asks again, others of a zone's servers where there are any, as what came was bogus (RFC 4035 5.5; Unbound 5): what a server that lies or has fallen behind may cost, within MAX_SENDS_PER_QUESTION. Reached: SERVFAIL. */
export const MAX_PROOF_RETRIES = 3
/** Seconds for which others are asked before a server whose answer for a zone was bogus. Reached: it is as good as they are. */
export const DOUBT_SECONDS = 60
/** Keys of one trust anchor that are tracked (RFC 5011 asks for five at once): those that are waited for, in use and revoked. Reached: further new keys are not looked at. */
export const MAX_TRACKED_KEYS = 16
/** Octets of the file in which tracked trust anchors are kept: those of a thousand zones with all their keys. Reached: the file is not read, and the anchors of the config are where it begins anew. */
export const MAX_ANCHOR_FILE_OCTETS = 16_777_216
/** Zones of which proven gaps between names are remembered (RFC 8198). Reached: the one used longest ago is forgotten. */
export const MAX_GAP_ZONES = 512
/** Gaps of one zone, some 500 octets each with their signatures. Reached: those of that zone are forgotten, and gathered anew. */
export const MAX_GAPS_PER_ZONE = 256

// ---- The cache (RFC 2308 5, RFC 8767 5, RFC 9520 3; numbers beside those of BIND, Unbound, PowerDNS) ----

/** Octets of the smallest cache: each of its queues holds some of the largest entries. Reached: RangeError. */
export const MIN_CACHE_OCTETS = 1_048_576
/** Octets of one entry (PowerDNS 8,192): the keys and signatures of a zone in the middle of a roll-over fit. Reached: it is not kept. */
export const MAX_CACHE_ENTRY_OCTETS = 16_384
/** Records of one cached RRset (BIND 100, CVE-2024-1737). Reached: it is not kept. */
export const MAX_CACHE_RECORDS = 100
/** Signatures kept with an RRset (Unbound 8). Reached: it is not kept. */
export const MAX_CACHE_SIGNATURES = 8
/** Records kept to prove an absence or a wildcard: three NSEC3 with some signatures each. Reached: it is not kept. */
export const MAX_CACHE_PROOFS = 32
/** Entries of one chain of the cache, those of one name among them: bounds what a name of many types costs (BIND 100 types, CVE-2024-1737). Reached: the oldest of the chain is forgotten. */
export const MAX_CACHE_CHAIN = 128
/** Times that a reader tries again where the writer came in between: about a microsecond. Reached: the question counts as not cached. */
export const MAX_TORN_READS = 100
/** Entries that one insertion moves from the old end of a queue to its new one: bounds a pause of the writer to some 20 µs. Reached: the next is forgotten, however popular. */
export const MAX_SECOND_CHANCES = 64
/** Seconds that anything is believed (Unbound and PowerDNS 86,400, BIND 604,800). Reached: it is asked for again (RFC 8767 4: seven days at most). */
export const MAX_CACHE_TTL = 86_400
/** Seconds that an absence is believed (Unbound 3,600, BIND 10,800; RFC 2308 5: one to three hours). Reached: it is asked for again. */
export const MAX_NEGATIVE_TTL = 3_600
/** Seconds that what failed validation is kept (Unbound 60; RFC 4035 4.7). Reached: it is asked for again. */
export const MAX_BOGUS_TTL = 60
/** Seconds that a failure is remembered the first time (RFC 9520 3.2: 5 recommended); it doubles with each further one. Reached: the question may be tried again. */
export const MIN_FAILURE_SECONDS = 5
/** Seconds that it is remembered at most where it may pass, as with servers out of reach (BIND servfail-ttl 30 at most): they come back, and rest by themselves meanwhile. Reached: it no longer doubles. */
export const MAX_PASSING_SECONDS = 30
/** Seconds that a failure is remembered at most (RFC 9520 3.2: five minutes). Reached: it no longer doubles. */
export const MAX_FAILURE_SECONDS = 300
/** Seconds after its expiry for which an answer may still be given where nobody can be asked (RFC 8767 5: one to three days). Reached: it is forgotten. */
export const MAX_STALE_SECONDS = 86_400
/** TTL of records that are given after their expiry (RFC 8767 4: 30). */
export const STALE_TTL = 30
/** Seconds of a TTL below which nothing is fetched ahead of its end: a tenth of it would be no time for the fetch. Reached: it expires and is asked for again. */
export const MIN_PREFETCH_TTL = 10
