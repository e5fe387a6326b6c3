/**
 * The bounds of finding agents: those of `limits.ts` that only discovery goes by, in the same form (name, value, unit,
 * reason, what happens when reached) and on the same page, docs/limits.md.
 */

// ---- Finding agents ----

/** Aliases followed from a capability whose version has moved on: more than anybody has had versions of one thing. Reached: the rest is left to the asker. */
export const MAX_ALIAS_STEPS = 8
/** Parameters of one DEMAND: twice as many as it has meanings for. Reached: FORMERR. */
export const MAX_DEMAND_KEYS = 64
/** Labels of a capability's name from the left to `_cap`, both included: each is a place where the agent is found. Reached: the agent is found at its own name alone. */
export const MAX_CAPABILITY_LABELS = 16
/** Registrations in one zone's table of candidates, some 1.2 kB each. Reached: a further one stands in the zone and is not ranked. */
export const MAX_CANDIDATES = 1_048_576
/** Octets of one zone's table of candidates: offsets in it are kept in 31 bits. Reached: as above. */
export const MAX_CANDIDATE_OCTETS = 2_147_483_647
/** Milliseconds for which a capability is told to have had agents whose leases have ended: an hour, in which whoever asks for it may wonder. */
export const ENDED_REMEMBERED_MS = 3_600_000
/** Capabilities of one zone of which that is remembered. Reached: what ended first is forgotten, and its name does not exist. */
export const MAX_ENDED_REMEMBERED = 1_024
/** Candidates scored in full for one answer. Reached: that many of them are drawn by chance, which no asker can tell from the best of all (power of two choices, with 64). */
export const MAX_SCORED_CANDIDATES = 64
/** Octets of a demand that is recognised when it is asked for again at the same moment: most have less than a hundred. Reached: its candidates are scored each time. */
export const MAX_REPEATED_DEMAND_OCTETS = 256
/** Agents of one answer. Reached: `count` is cut to it. */
export const MAX_RANKED_ANSWERS = 32
/** Agents of whom each thread keeps what they add to an answer, a power of two; 1.5 MB of memory where there are agents. Reached: another's is written over. */
export const PIECES = 4_096
/** Octets of that for one agent: its record and its addresses. Reached: answers with it are planned and compressed anew each time. */
export const MAX_PIECE_OCTETS = 384
/** Zones in which the agents of those pieces have their addresses. Reached: answers with agents of further zones are planned anew each time. */
export const MAX_PIECE_HOSTS = 256
/** Agents of an answer whose asker does not say how many (docs/protocol.md 4). */
export const DEFAULT_RANKED_ANSWERS = 8
/** Readings remembered for each agent behind the newest. */
export const READING_HISTORY = 4
/** Times of our latest choices of one agent, by which those are told apart that a report covers already. Reached: the rest is reckoned from their rate. */
export const HANDED_HISTORY = 32
/** Milliseconds that a reading's time may lie ahead of our clock. Reached: it counts as measured now. */
export const MAX_READING_AHEAD_MS = 5_000
/** Milliseconds after which a reading is history: an agent that comes back may count its sequence numbers anew. */
export const READING_FORGOTTEN_MS = 300_000
/** Sessions, or waiting places, that a reading is believed to have. Reached: the value is cut to it. */
export const MAX_BELIEVED_SESSIONS = 1_000_000
/** Milliseconds of service that are believed. Reached: cut to it. */
export const MAX_BELIEVED_SERVICE_MS = 3_600_000
/** Change of load, in parts of the slots, for which a report is waited at most: an agent that serves hundreds a second would never tell. Reached: it tells that change, whatever a server advises. */
export const MAX_UNTOLD_CHANGE = 4
/** Pieces of work of one agent that are done and wait, in its pace, for one begun before them. Reached: the first does not wait any longer, and the other says the less when it is done. */
export const MAX_PACE_WAITING = 256
/** Octets of an `intent`: a paragraph. Reached: SERVFAIL, and EDE 0 says so. */
export const MAX_INTENT_OCTETS = 1_024
/** Words of a need, or of what is said of a capability, that are looked at. Reached: the rest is not. */
export const MAX_INTENT_TERMS = 256
/** Characters that are said of one capability, its labels aside: what an agent adds to win every search makes its capability a long text, which counts less. Reached: the rest is not read. */
export const MAX_INTENT_SAID = 2_048
/** Agents of one capability whose words are read. Reached: those of the others are not. */
export const MAX_INTENT_AGENTS = 16
/** Capabilities that a search tells as nearest. Reached: the others are not told. */
export const MAX_INTENT_NEAREST = 5
/** Needs that wait for their translation, of a fraction of a millisecond each. Reached: SERVFAIL, and EDE 0 says so. */
export const MAX_INTENTS_WAITING = 64
/** Milliseconds that a need waits for its translation: less than an asker does for an answer. Reached: SERVFAIL, and EDE 0 says so. */
export const TRANSLATION_MS = 2_000
/** Octets of an answer of the embeddings endpoint: 64 vectors of 3,072 numbers in text are 3 MB. Reached: the request has failed. */
export const MAX_EMBEDDING_BODY_OCTETS = 8_388_608
/** Numbers of a vector: more than twice those of the largest models in use. Reached: the request has failed. */
export const MAX_EMBEDDING_DIMENSIONS = 8_192
/** Texts of one request for vectors. Reached: the config is refused. */
export const MAX_EMBEDDING_BATCH = 256
/** Octets of the file with the endpoint's key. Reached: the config is refused. */
export const MAX_EMBEDDING_KEY_OCTETS = 8_192
/** Milliseconds that a need may wait for its vector: some are left of TRANSLATION_MS for the search. Reached: the config is refused. */
export const MAX_EMBEDDING_WAIT_MS = 1_500
/** Milliseconds that a batch of texts waits for its vectors. Reached: the request has failed. */
export const EMBEDDING_BATCH_MS = 30_000
/** Requests in a row that fail before the endpoint is left alone. */
export const EMBEDDING_FAILURES = 3
/** Milliseconds for which it is left alone then. */
export const EMBEDDING_REST_MS = 30_000
/** Milliseconds between two looks at what the vocabulary says, where there is an endpoint. */
export const EMBEDDING_TICK_MS = 2_000
/** Needs whose vectors are remembered. Reached: that asked for longest ago is forgotten. */
export const MAX_EMBEDDED_NEEDS = 1_024
/** Octets of the vectors of all vocabularies: 10,000 texts by 1,536 numbers. Reached: further texts are found by words alone. */
export const MAX_VECTOR_OCTETS = 67_108_864
/** Milliseconds between two looks of the translator at what a zone offers. */
export const VOCABULARY_REST_MS = 1_000
/** Questions of one message (docs/protocol.md 5): the parts of a task; each costs as much as a query. Reached: FORMERR. */
export const MAX_BATCH_QUESTIONS = 32
/** Capabilities of one answer's `closure`: each is a choice of its own. Reached: the rest is left out, and EDE 0 says so. */
export const MAX_CLOSURE_NAMES = 16
/** Steps from an answer to what it depends on, and on to what that depends on. Reached: as above. */
export const MAX_CLOSURE_DEPTH = 8
/** Agents for each capability of a `closure`: one, and two behind it. Reached: `count` is cut to it. */
export const MAX_CLOSURE_AGENTS = 3
/** Octets of the names and records of one `closure`: more than is sent over UDP, a quarter of what a message holds. Reached: as for its names. */
export const MAX_CLOSURE_OCTETS = 16_384
/** Members of a task group near whom an agent may be (`group` of a demand). Reached: the others of the group count as nobody's company. */
export const MAX_COMPANY_MEMBERS = 16
/** Networks of peers, or of a group's members, that an agent's addresses are compared with. Reached: further ones are not. */
export const MAX_COMPANY_NETWORKS = 64
/** Addresses of one agent, of each family, that are compared with networks. Reached: the others are not. */
export const MAX_ADDRESSES_COMPARED = 8
/** Times that a reader tries to find an index that is not being replaced under it. Reached: it takes what it found, whose entries are each checked. */
export const MAX_INDEX_TRIES = 4
/** Octets of one token (docs/protocol.md 3). Reached: FORMERR. */
export const MAX_TOKEN_OCTETS = 63
/** Milliseconds since 1970 that are no time any more: fifteen digits of them fit a double. Reached: FORMERR. */
export const TIME_LIMIT = 1_000_000_000_000_000
/** Milliseconds after which a report that is due is late: it was on its way. */
export const REPORT_GRACE_MS = 500
/** Looks at an entry that is being changed: its writer needs far less, unless it was put to sleep. Reached: the entry is left out of this answer. */
export const MAX_VERSION_LOOKS = 64

/** Candidates that one explanation tells of, some 1 kB of text and 0.1 ms of the main thread each. Reached: so many are drawn by chance, and it says how many were not looked at. */
export const MAX_EXPLAINED = 256
/** Milliseconds after which nothing that askers met with an agent comes back over a restart: it may be another agent by then. */
export const REPUTATION_FORGOTTEN_MS = 86_400_000
/** Milliseconds between two times that readings are saved: what a sudden end may cost, and three periods of reports. */
export const READINGS_SAVED_MS = 30_000
/** Readings that are saved, some 300 octets each. Reached: those of other agents are unknown after a restart until they report. */
export const MAX_SAVED_READINGS = 100_000
/** Octets of a file of readings: twice as many as are written. Reached: it is not read. */
export const MAX_READINGS_FILE_OCTETS = 134_217_728
/** Readings written in one piece, in some milliseconds, between which the main thread does other work. */
export const READINGS_PER_PIECE = 500
/** Slots looked at in one chain of names: as many capabilities as one agent may well have. Reached: the rest of them is not shown at its own name. */
export const MAX_CHAIN_STEPS = 4_096
/** Agents of one face that is a list (PTR of DNS-SD, the index of DNS-AID): some 12 kB. Reached: the others are not in it, and EDE 0 says so; they are found by capability. */
export const MAX_FACE_AGENTS = 256
/** Agents of one answer to a demand for all candidates. Reached: the others are not in it, and EDE 0 says so; they are found at the names below. */
export const MAX_LISTED_CANDIDATES = 256
/** Octets of those and their readings: what a message over TCP holds, less what stands around them. Reached: as above. */
export const MAX_LISTED_OCTETS = 60_000
/** Networks, and keys, that may look for the agents of a zone, and networks of the local area: each is compared with each query about them. Reached: the config is refused. */
export const MAX_ASKERS = 64

/** Outcomes of one DEMAND that count: an asker tells with each query what it has met since the last. Reached: those behind are passed over and counted. */
export const MAX_OUTCOMES_PER_DEMAND = 16
/** Octets of the ring by which one socket thread hands outcomes to the main thread: a thousand demands of one outcome. Reached: outcomes are lost, counted, and the log says so. */
export const OUTCOME_RING_OCTETS = 131_072
/** Milliseconds between two looks into these rings: what is known of an agent is at least as old by the way to its asker. */
export const OUTCOME_TICK_MS = 50
/** Outcomes that one asker who signs by TSIG may have counted at once, and in OUTCOME_SHARE_MS: ten a second are more than one client's work with agents. Reached: the rest is passed over and counted. */
export const SIGNED_OUTCOMES = 600
/** The same of an asker known by its address, or by a KEY that anybody may have registered. */
export const UNSIGNED_OUTCOMES = 60
/** Milliseconds in which a share that is spent is whole again. */
export const OUTCOME_SHARE_MS = 60_000
/** Milliseconds in which the word of one asker on an agent's load (that it is away or full; how many sessions it has) counts once, unless it signs by TSIG: alone it keeps an agent away for an eighth of the time. */
export const LOAD_WORD_REST_MS = 60_000
/** Outcomes by which one asker who does not sign by TSIG may weigh an agent beyond what all others have: as many as the agent's own claim counts for. Reached: they weigh nothing until others have told as many. */
export const OUTCOMES_ALONE = 5
/** Askers whose share is remembered. Reached: the one that was silent longest is forgotten. */
export const MAX_OUTCOME_ASKERS = 16_384
/** Pairs of asker and agent of whom the last outcome is remembered, so that none counts twice. Reached: the pair that was silent longest is forgotten. */
export const MAX_OUTCOME_PAIRS = 65_536
/** Milliseconds between two lines of the log on outcomes lost, or on the same agent. */
export const OUTCOME_TOLD_MS = 60_000

// ---- Probes of agents ----

/** Milliseconds between two looks at whose turn it is. */
export const PROBE_TICK_MS = 100
/** Slots of a table of candidates looked at for new agents in each of them, some 0.3 ms. Reached: the rest is looked at later. */
export const PROBE_WALK_SLOTS = 256
/** Turns in one look: those put off count too. Reached: the rest has its turn in the next. */
export const PROBE_TURNS_PER_TICK = 256
/** Probes under way at once, of all zones: a socket each. Reached: others wait. */
export const MAX_PROBES_UNDER_WAY = 128
/** Probes a second that a zone may be given. Reached: the config is refused. */
export const MAX_PROBES_PER_SECOND = 1_000
/** Agents that are probed, some 300 octets each. Reached: further ones are not, and count as alive. */
export const MAX_PROBED_AGENTS = 262_144
/** Milliseconds between two probes at one address, whoever registered it: a machine that never asked for this sees no more than five small requests a second. Reached: the later one waits. */
export const PROBE_ADDRESS_GAP_MS = 200
/** Milliseconds up to which the waits double for an agent that has failed and never passed a probe: its address may be a stranger's. */
export const PROBE_BACKOFF_MS = 3_600_000
/** Octets of an answer to a probe: agent cards have a few thousand. Reached: the probe has failed. */
export const MAX_PROBE_OCTETS = 262_144
/** Octets of the header of such an answer. Reached: the probe has failed. */
export const MAX_PROBE_HEADER_OCTETS = 16_384
/** Special networks that are probed all the same: each is compared with each address. Reached: the config is refused. */
export const MAX_PROBE_NETWORKS = 64

// ---- Readings that are fetched ----

/** Agents asked for one question: so many small messages one question can cause. Reached: the config is refused. */
export const MAX_PULL_FAN_OUT = 16
/** Candidates looked at for those whose reading is too old. Reached: the rest is not asked for this question. */
export const MAX_PULL_LOOKS = 256
/** Octets of a demand that is passed on to agents. Reached: they are asked without it. */
export const MAX_PULL_DEMAND_OCTETS = 256
/** Milliseconds in which an asker's share of questions that fetch readings is whole again. */
export const PULL_SHARE_MS = 1_000
/** Milliseconds for which an agent is not asked again after it has answered: what it said is as fresh as can be. */
export const PULL_GAP_MS = 50
/** The same after it was silent: it is gone, or cannot meet what is asked for. */
export const PULL_REST_MS = 1_000
/** Networks of askers whose share is remembered, hosts, and agents that rest. Reached: who was silent longest is forgotten. */
export const MAX_PULL_ASKERS = 16_384
/** Messages a second to one host that tells no reading for them: what a stranger may be sent whom others have registered. Reached: its agents are left alone. */
export const MAX_PULLS_OF_HOST = 8
/** Messages a second that a zone's agents are sent, at most by config: 10,000 of up to 600 octets are 48 Mbit/s. Reached: the config is refused. */
export const MAX_PULLS_PER_SECOND = 10_000
/** Questions that wait for readings at once, each up to a second: a quarter of what the core may have under way. Reached: further ones are answered as it is. */
export const MAX_PULL_WAITING = 1_024

// ---- Leases and registrations (RFC 9664 8, RFC 9665 5.1) ----

/** Least seconds that a lease is granted for (RFC 9664 8: 30): less would be renewals only. Reached: 30 are granted. */
export const MIN_LEASE_SECONDS = 30
/** Most seconds of a lease unless configured (RFC 9664 8: 24 hours): how long what is dead may be served. Reached: 24 hours are granted. */
export const MAX_LEASE_SECONDS = 86_400
/** Most seconds that a KEY reserves a name unless configured (RFC 9664 8: 7 days). Reached: 7 days are granted. */
export const MAX_KEY_LEASE_SECONDS = 604_800
/** Most seconds of a lease by SRP unless configured (RFC 9665 5.1: two hours). Reached: two hours are granted. */
export const SRP_LEASE_SECONDS = 7_200
/** Most seconds that a KEY reserves a name by SRP unless configured (RFC 9665 5.1: 14 days). Reached: 14 days are granted. */
export const SRP_KEY_LEASE_SECONDS = 1_209_600
/** Leases kept at once: 400 MB for their clock. Reached: an update that needs another is answered SERVFAIL. */
export const MAX_LEASES = 16_777_216
/** Leases, and names that lead to them, that stay at hand while one batch of updates is judged. Reached: they are read again. */
export const LEASES_AT_HAND = 4_096
/** Names of which it is known whether they write a capability. Reached: they are read again. */
export const CAPABILITY_NAMES_AT_HAND = 4_096
/** Instances, with their host, of one registration: what one message over TCP can hold of them. Reached: REFUSED. */
export const MAX_LEASE_UNITS = 1_024
/** Records of one host, agent or instance, or leased at one name. Reached: REFUSED. */
export const MAX_LEASE_RECORDS = 4_096
/** Records of an RRset whose TTL is bounded by its leases. Reached: the TTL is as registered, and what has ended is taken out within a second as ever. */
export const MAX_BOUNDED_RECORDS = 16
/** Notes of which agent depends on which capability that are not looked through. Reached, and twice what held the last time: those that hold no more are forgotten. */
export const DEPENDENCY_NOTES_KEPT = 64
/** Milliseconds between two looks at what is due: a lease ends within a second, the sync of the store counted. */
export const LEASE_TICK_MS = 200
/** Milliseconds until the end of a lease that could not be kept is tried again. */
export const LEASE_RETRY_MS = 1_000
/** Leases that one transaction ends: more follow in the next at once, so that updates wait a few milliseconds, not for all. */
export const LEASES_PER_TRANSACTION = 256
