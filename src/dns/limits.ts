/**
 * Every limit of the server in one place: its value, its unit, why it is what it is, and what happens
 * when it is reached. Code elsewhere holds no bare bound; those that only discovery goes by stand in `limits-discovery.ts`,
 * those of the resolver and its cache in `limits-resolver.ts`. `reference` numbers are the defaults of the servers that operators
 * already trust.
 */

// ---- Names (RFC 1035 2.3.4) ----

/** Octets of one label. Reached: WireFault or TextFault. */
export const MAX_LABEL_OCTETS = 63
/** Octets of a whole name, the root's zero octet included. Reached: WireFault or TextFault. */
export const MAX_NAME_OCTETS = 255
/** Labels of a name without the root: 255 octets hold 127 labels of one octet. Follows from the above. */
export const MAX_LABELS = 127
/** Compression pointers followed while one name is read; each must point before the last, so 126 labels bound it. Reached: WireFault. */
export const MAX_POINTERS = 126

// ---- Messages ----

/** Octets of a message over TCP: the length prefix is 16 bits (RFC 1035 4.2.2). Reached: WireFault when encoding, TC in answers. */
export const MAX_MESSAGE_OCTETS = 65_535
/** Octets of a UDP answer to a query without EDNS (RFC 1035 4.2.1). Reached: TC. */
export const MIN_UDP_OCTETS = 512
/** Octets of a UDP answer unless configured: fits an IPv6 path of 1280 unfragmented (DNS Flag Day 2020). Reached: TC. */
export const DEFAULT_UDP_OCTETS = 1232
/** Records decoded from one message; each costs at least 11 octets, so a message cannot hold more than this anyway. Reached: WireFault. */
export const MAX_RECORDS_PER_MESSAGE = 5_957
/** Names tried as compression targets for one message: bounds the work of encoding (CVE-2024-8508). Reached: later names stay whole. */
export const MAX_COMPRESSION_TARGETS = 120
/** EDNS options read from one OPT (CVE-2026-41292). Reached: FORMERR. */
export const MAX_EDNS_OPTIONS = 100

// ---- Answers ----

/** CNAME and DNAME steps followed in one answer within our zones. Reached: the chain so far is the answer (as Knot and CoreDNS: 5 to 10). */
export const MAX_CHAIN = 10

// ---- Zone files ----

/** Octets of a zone file. Reached: the file is refused. 2 GiB is what one buffer holds on every platform. */
export const MAX_ZONE_FILE_OCTETS = 2_147_483_647
/** $INCLUDE nesting (PowerDNS 20, Unbound 10). Reached: TextFault. */
export const MAX_INCLUDE_DEPTH = 16
/** Files read for one zone: sixteen that each include the next twice would be 65,536 reads. Reached: TextFault. */
export const MAX_INCLUDED_FILES = 4_096
/** Octets of one record made by $GENERATE before it is parsed. Reached: TextFault. The longest name with every octet escaped has 1,020. */
export const MAX_GENERATED_ENTRY_OCTETS = 4_096
/** Width of a number made by $GENERATE: what fits one label. Reached: TextFault. */
export const MAX_GENERATED_WIDTH = 255
/** Records made by one $GENERATE. A /16 has 65,536. Reached: TextFault. */
export const MAX_GENERATED = 65_536
/** Faults reported for one zone file, as nobody reads more. Reached: the rest is only counted. */
export const MAX_REPORTED_FAULTS = 200
/** NSEC3 iterations up to which the checks hash every name: resolvers go no further either (RFC 9276 3.2). Reached: the chain is not checked. */
export const MAX_CHECKED_NSEC3_ITERATIONS = 150
/** Largest number in a range of $GENERATE, and that it may make: 31 bits, as BIND's. Reached: TextFault. */
export const MAX_GENERATE_NUMBER = 2_147_483_647
/** A TTL's largest value, seconds (RFC 2181 8). Reached: TextFault in text; taken as 0 from the wire. */
export const MAX_TTL = 2_147_483_647

// ---- Config and control ----

/** Addresses in `listen`. Reached: the config is refused. Each costs two sockets. */
export const MAX_LISTEN_ADDRESSES = 64
/** Answering threads. Reached: the config is refused. More than cores never helps. */
export const MAX_WORKERS = 256
/** Zones in one config file. Reached: the config is refused. A search among zones is one probe per label, so this bounds memory alone. */
export const MAX_CONFIG_ZONES = 100_000
/** Octets of a config file. Reached: it is refused. 100,000 zones fill about 8 MB. */
export const MAX_CONFIG_OCTETS = 33_554_432
/** Octets of one request on the control socket. Reached: the connection is closed with an error. */
export const MAX_CONTROL_REQUEST_OCTETS = 4_096
/** Octets of one answer that the control client reads: a dump of a zone of 10 M records fits. Reached: the client stops with an error. */
export const MAX_CONTROL_ANSWER_OCTETS = 1_073_741_824
/** Connections on the control socket at once. Reached: a new one is closed. */
export const MAX_CONTROL_CONNECTIONS = 16
/** Milliseconds that a control connection may stay silent before its request. Reached: it is closed. */
export const CONTROL_REQUEST_MS = 5_000
/** Octets of a Unix socket's path: `sun_path` is 108 with its zero octet on Linux, 104 on BSD. Reached: the config's `data` is refused. */
export const MAX_SOCKET_PATH_OCTETS = 103
/** Milliseconds that SIGTERM waits for answers in flight. Reached: what is left is cut off. */
export const SHUTDOWN_MS = 5_000
/** Connections to the address of the metrics: a scraper or two, and someone who looks. Reached: a new one is closed at once. */
export const MAX_HTTP_CONNECTIONS = 16
/** Octets of the header of a request for metrics. Reached: 431. */
export const MAX_HTTP_HEADER_OCTETS = 8_192
/** Milliseconds for a whole request for metrics, and until an idle connection is closed. */
export const HTTP_REQUEST_MS = 10_000
/** Octets of log lines kept while they cannot be written, as on a full disk: some thousand. Reached: further lines are lost. */
export const MAX_LOG_BACKLOG_OCTETS = 1_048_576
/** Milliseconds before an answering thread that died is started again: long enough not to fill the processor and the log, short enough for a client's next try. */
export const THREAD_RESTART_MS = 1_000
/** Octets of blocks that were replaced while they were served and that a thread which answers may go on holding: to collect its garbage takes it 20 to 50 ms. Reached: it collects. */
export const MAX_LEFTOVER_OCTETS = 16 << 20
/** MiB for new objects in a thread that answers: it makes none while answering, and V8 would take 16 or more. Reached: a collection, as ever. */
export const THREAD_YOUNG_MIB = 2
/** Octets of one RRset's records: with header, question and OPT it must still fit one message (RFC 2181 5). Reached: the record is refused with a fault. */
export const MAX_RRSET_OCTETS = 65_000
/** The same for AGENT, which is answered in ranked parts, never whole: 10,000 agents at one capability with room to spare. Reached: the record is refused with a fault. */
export const MAX_AGENT_RRSET_OCTETS = 4_194_304
/** Octets of one zone's block, and of the cache's: the longest array that Node 20 has. Handles in words and offsets in octets stay exact far beyond. Reached: a load is refused with a fault, a change by ImageFull, a larger cache by RangeError. */
export const MAX_IMAGE_OCTETS = 4_294_967_296
/** Records of one RRset: the count is kept in 16 bits. Reached: the record is refused with a fault. */
export const MAX_RRSET_RECORDS = 65_535

// ---- The store ----

/** Octets of a key as LMDB takes it with pages of 4,096. Reached: the key is kept by its digest (src/store/keys.ts). */
export const MAX_STORE_KEY_OCTETS = 1_978
/** Octets that the store keeps: ten million registered agents with room to spare. Reached: updates are refused with StoreFault `full`; what only removes is still taken. */
export const MAX_STORE_OCTETS = 68_719_476_736
/** Writes of one commit, each call of `keep` whole: bounds how long the next call waits, as 20,000 take some 0.3 s. Reached: the rest goes into the next commit. */
export const MAX_STORE_GROUP_WRITES = 20_000
/** Octets that must be free before the file of a new store is made: it begins with some 50,000. Reached: StoreFault `full`. */
export const STORE_FIRST_OCTETS = 131_072
/** Milliseconds that a start waits for the writer of a server that was killed: it ends after the commit under way. Reached: StoreFault `busy`. */
export const STORE_WRITER_MS = 10_000
/** Milliseconds between looks whether that writer has ended. */
export const STORE_WRITER_LOOK_MS = 20
/** Entries read at a time while the store is scanned: a chunk costs a search, an entry memory. */
export const STORE_SCAN_CHUNK = 1_024
/** Octets of a question for readings that an agent looks at: a name and a demand. Reached: silence. */
export const MAX_SENSE_QUERY_OCTETS = 1_024
// ---- Changing zones ----

/** Names that updates may bring a zone to: each costs about 100 octets of a block of MAX_IMAGE_OCTETS. Reached: an update that needs a new name is refused. */
export const MAX_ZONE_NAMES = 16_777_216
/** Updates that wait for one zone: at 15,000 a second what a client is ready to wait for, half a second. Reached: SERVFAIL, with an Extended DNS Error that says so. */
export const MAX_WAITING_UPDATES = 8_192
/** Updates applied in one transaction and kept by one sync of the store, about 10 ms of work: others get their turn between. Reached: the rest is the next batch. */
export const MAX_UPDATE_BATCH = 512
/** Grants of one zone, and of all zones: each is compared with each record of an update. Reached: the config is refused. */
export const MAX_GRANTS = 1_024
/** Networks of a zone from which keys of their own may register: each is compared with each registration. Reached: the config is refused. */
export const MAX_REGISTER_NETWORKS = 64
/** Octets of RDATA that stand in a key of the overlay themselves: addresses, most names and agents with few parameters do. Reached: their digest stands there, so that keys stay short. */
export const MAX_KEY_RDATA_OCTETS = 64
/** Changes of an update that its audit line shows. Reached: the rest is counted. */
export const MAX_AUDIT_RECORDS = 4
/** Refused updates that are logged in a second, as anybody can cause them. Reached: further ones are counted in the next line. */
export const MAX_AUDIT_REFUSALS = 20
/** Updates played to a zone of nobody after a start, so that the first in earnest find compiled code (src/ops/rehearsal.ts): from here on one costs what it will go on to cost. Reached: the rehearsal is over. */
export const REHEARSAL_UPDATES = 4_608
/** Updates of one round, 1 to 6 ms, between which the main thread does whatever else there is. */
export const REHEARSAL_ROUND = 16
/** Milliseconds of the process's own processor time, all threads and all other work in it included, that a rehearsal may take. Reached: it is over. */
export const REHEARSAL_BUDGET_MS = 2_000

// ---- A query's path ----

/** RRsets of one answer, signatures counted apart: a referral to 13 signed servers with addresses needs 60, the rest is room for chains and proofs. Reached: required ones set TC, additional ones are left out. */
export const MAX_ANSWER_RRSETS = 256
/** Hosts looked up for the additional section of one answer: more than a message has room for, so that an RRset of thousands costs no more than one of hundreds. Reached: the addresses of the rest are left out. */
export const MAX_ADDITIONAL_TARGETS = 256
/** Nodes whose NSEC3 owner a thread remembers for one zone, 8 octets each; a power of two up to 65,536, less in small zones. Reached: an older node is forgotten and hashed again. */
export const MAX_NODE_MEMORY_SLOTS = 4_096
/** Tails of answers that a thread keeps, 636 octets each; a power of two. Reached: one that is asked for more often takes the place of another. */
export const TAIL_SLOTS = 4_096
/** Octets of a tail: a signed referral to four servers with their addresses takes about 400; pointers and labels are bounded by it too (tails.ts). Reached: such an answer is made anew each time. */
export const MAX_TAIL_OCTETS = 448
/** Names of one answer that later names may point to (MAX_COMPRESSION_TARGETS is for the slow encoder): the question and 15 more serve a referral to 13 servers. Reached: later names find no new targets. */
export const MAX_ANSWER_TARGETS = 16
/** First offset that a compression pointer cannot express: it has 14 bits (RFC 1035 4.1.4). Reached: the name is no target. */
export const POINTER_LIMIT = 0x4000
/** Octets of the server's identifier (RFC 5001). Reached: the config is refused. With the next two it keeps header, question and OPT below 512 octets. */
export const MAX_NSID_OCTETS = 64
/** Octets of an Extended DNS Error's text that are sent (RFC 8914 2: keep it short). Reached: the text is cut between two characters. */
export const MAX_EDE_TEXT_OCTETS = 64
/** Octets of one character-string (RFC 1035 3.3). Reached: text of a face goes on in the next one. */
export const MAX_STRING_OCTETS = 255
/** Octets of a text that a CHAOS query is answered with: one character-string (RFC 1035 3.3). Reached: the config is refused. */
export const MAX_CHAOS_TEXT_OCTETS = 255
/** Seconds that a server cookie is good for (RFC 9018 4.3). Reached: it counts as bad. */
export const COOKIE_LIFE_SECONDS = 3_600
/** Seconds that a server cookie may lie in the future, for servers whose clocks differ (RFC 9018 4.3). Reached: it counts as bad. */
export const COOKIE_FUTURE_SECONDS = 300
/** Seconds after which a good server cookie is answered with a new one (RFC 9018 4.3). */
export const COOKIE_RENEW_SECONDS = 1_800
/** Hours after which a random secret of the cookies gives way to a new one (RFC 9018 5 leaves it open); more than a cookie lives, so that two secrets are enough. */
export const COOKIE_ROTATION_HOURS = 24
/** Seconds between two reports of faults of ours while answering. Reached: further ones are only counted, as each report costs more than the answer. */
export const FAULT_REPORT_SECONDS = 1

// ---- Response rate limiting ----

/** Responses a second to one network about one thing (NSD 200, Knot 50): far above what one resolver asks that keeps what it was told. Reached: dropped, or sent as a slip. */
export const RATE_LIMIT_RESPONSES = 200
/** One in so many limited responses is sent empty with TC (NSD and BIND 2): half are dropped, and a true asker finds TCP at its second try. */
export const RATE_LIMIT_SLIP = 2
/** Seconds that a flood can keep its bucket shut after its end (BIND 15). */
export const RATE_LIMIT_WINDOW_SECONDS = 15
/** Buckets that one thread remembers, 16 octets each: 2 MiB, which a processor's cache holds (NSD 1,000,000 in all, Knot 524,288). Reached: the bucket limited least is forgotten. */
export const RATE_LIMIT_SLOTS = 131_072
/** Networks that the config may exempt: each costs about a nanosecond with every query. Reached: the config is refused. */
export const MAX_RATE_LIMIT_ALLOW = 64

// ---- Transport (RFC 7766, RFC 9210 4; numbers beside those of BIND, NSD, Knot, PowerDNS) ----

/** Octets from which on a block of shared memory is put on huge pages; below, what is rounded up counts for more than what is saved. */
export const HUGE_BLOCK_OCTETS = 4_194_304
/** Octets of a query over UDP. UPDATEs that need more use TCP (nsupdate: above 512). Reached: the datagram is dropped and counted. */
export const MAX_UDP_QUERY_OCTETS = 4_096
/** Answers that one UDP socket may have waiting for the kernel. Full buffers mean answers that come too late anyway. Reached: the answer is dropped and counted; the client asks again. */
export const MAX_UDP_SENDS_IN_FLIGHT = 1_024
/** Octets asked for each UDP socket's kernel buffers, receive and send; the kernel caps them at net.core.rmem_max and wmem_max. Holds about 5,000 small queries, 30 ms at full load. */
export const UDP_SOCKET_BUFFER_OCTETS = 4_194_304
/** Milliseconds between looks at the interfaces behind a wildcard address. A new address answers this much later at most. */
export const INTERFACE_RESCAN_MS = 10_000
/** Datagrams read, answered and sent by one pair of system calls. All of the gain is there from 8 on; more only adds delay for the first. */
export const UDP_BATCH = 64
/** Milliseconds that a batch reader sleeps in the kernel before it looks for a stop or a reload: their longest delay, four wake-ups a second when idle. */
export const UDP_WAIT_MS = 250
/** Milliseconds between looks at how much comes by UDP. */
export const GATHER_LOOK_MS = 1_000
/** Datagrams between two looks below which one UDP thread is given those of all: a fifth of what a thread answers. Reached: each has its share. */
export const GATHER_BELOW = 30_000
/** Datagrams between two looks that are too many for the one; half as many again as GATHER_BELOW, lest it go back and forth. Reached: each gets its share. */
export const SPREAD_ABOVE = 45_000
/** Datagrams in a batch, as a mean between two looks, that show a thread busy: all of a batch's gain is there. Reached: each gets its share. */
export const SPREAD_BATCH = 8
/** Full batches in a row that show the one thread busy before the next look: 4 ms of work or more. One alone is what has come while the system let the thread wait. Reached: each gets its share. */
export const SPREAD_FULL_BATCHES = 8
/** Looks that one thread is not given all again where that did not hold, at most: it is tried once a minute. */
export const GATHER_WAIT_LOOKS = 64
/** Milliseconds for which a socket thread takes the wall clock to go as the monotonic one does: how late a jump of it may be seen. Reached: it is read anew. */
export const THREAD_CLOCK_STEP_MS = 10
/** Milliseconds of rest after a UDP socket's passing error, lest retrying fill the processor. Reached: reading goes on. */
export const UDP_REST_MS = 50
/** Octets of the shortest TCP message: a DNS header. Reached: the connection is closed, as its framing cannot be trusted. */
export const MIN_TCP_MESSAGE_OCTETS = 12
/** TCP connections in all (BIND 150, NSD 100, PowerDNS recursor 1,024). Reached: the one idle longest is shed for the new one, those that never asked first. */
export const MAX_TCP_CONNECTIONS = 1_024
/** TCP connections of one client: an IPv4 address, or a /64 of IPv6, which is one subscriber. Room for a resolver farm behind one address. Reached: the one of that client idle longest is shed. */
export const MAX_TCP_CONNECTIONS_PER_CLIENT = 128
/** Half-open and not yet accepted connections that the kernel may hold for each address; it caps this at net.core.somaxconn and then sends SYN cookies. */
export const TCP_BACKLOG = 1_024
/** Milliseconds from connect to the end of the first query (PowerDNS 5 s, BIND 30 s): a round trip and some retransmissions. Reached: closed. */
export const TCP_FIRST_MESSAGE_MS = 5_000
/** Milliseconds from the last whole query (Knot 10 s, BIND 30 s): RFC 7766 6.2.3 wants a few seconds. Octets of an unfinished query do not count as life. Reached: closed. */
export const TCP_IDLE_MS = 10_000
/** Milliseconds between looks for connections past their time: they may live this much longer. */
export const TCP_SWEEP_MS = 500
/** Octets of answers that one connection may leave unread in our memory. Reached: no more is read from it until all are sent; not sent within TCP_IDLE_MS, or reached by a message that nobody has asked for: reset. */
export const MAX_TCP_UNSENT_OCTETS = 262_144
/** Octets of answers joined into one write: two of the largest. Reached: a further write. */
export const TCP_WRITE_OCTETS = 131_074
/** Queries of one connection answered before others get their turn, about 1 ms of work. Reached: the rest waits for the next turn of the loop. */
export const MAX_TCP_MESSAGES_PER_TURN = 256
/** Octets first set aside for a query that comes in pieces; it doubles as octets arrive, so that a length alone costs the sender more than us. */
export const TCP_PARTIAL_OCTETS = 512
/** Octets read from a TCP connection at once, where connections share one buffer: some 300 queries, more than one turn answers. More waits in the kernel. */
export const TCP_CHUNK_OCTETS = 16_384
/** Octets that the TCP connections of one thread may have set aside together for unfinished queries and unread answers: a whole query for each of MAX_TCP_CONNECTIONS. Reached: the connection that needs more is reset. */
export const TCP_POOL_OCTETS = 67_108_864
/** Events taken from the kernel by one call of a TCP thread. More are taken by the next. */
export const TCP_EVENTS = 256
/** Milliseconds that a TCP thread sleeps in the kernel before it looks for a stop or a reload: their longest delay. */
export const TCP_WAIT_MS = 250
/** Milliseconds of rest in accepting where the process has no descriptor or memory left for a connection, lest retrying fill the processor; those that are there are served. Reached: accepting is tried again. */
export const TCP_ACCEPT_REST_MS = 100
/** Milliseconds that closing waits for answers on their way. Reached: what is left is cut off. */
export const TRANSPORT_CLOSE_MS = 2_000

// ---- Signed messages (RFC 8945, RFC 2931; numbers beside those of BIND) ----

/** Seconds that a TSIG's time may differ from the server's clock, whatever larger fudge the client writes (RFC 8945 10 recommends it): bounds how long a message stays replayable, and so what must be remembered. Reached: BADTIME. */
export const TSIG_FUDGE_SECONDS = 300
/** MACs of signed messages remembered against replay, about 40 octets each: 20 MB, and 26 s of 20,000 updates a second. Reached: the oldest second of the busiest key is forgotten, and messages of that key signed up to it are BADTIME. */
export const MAX_REMEMBERED_MACS = 524_288
/** Responses kept for clients that ask the same once more because the first response was lost. Reached: the oldest is forgotten, and a repetition of its request is BADTIME. */
export const MAX_REMEMBERED_RESPONSES = 16_384
/** Octets of those responses together. Reached: the oldest are forgotten. */
export const MAX_REMEMBERED_RESPONSE_OCTETS = 8_388_608
/** Octets of the largest response that is kept: responses to updates are small, and those to queries are not kept. Reached: not kept, a repetition is BADTIME. */
export const MAX_REMEMBERED_RESPONSE_EACH = 4_096
/** Messages of one TCP response that may come without TSIG between two that have it (RFC 8945 5.3.1). Reached: the response is not accepted. */
export const MAX_UNSIGNED_MESSAGES = 99
/** TSIG keys in one config file. Reached: the config is refused. Each costs about 1 kB; a search is one probe. */
export const MAX_TSIG_KEYS = 10_000
/** Octets of a TSIG secret. Reached: the config is refused. Longer than the hash's block gains nothing (RFC 2104 2). */
export const MAX_TSIG_SECRET_OCTETS = 1_024
/** SIG(0) signatures checked at once, off the thread (BIND 1): two keep two processors busy and leave two threads of the pool of four for disk. Reached: the next waits. */
export const MAX_SIG0_AT_ONCE = 2
/** SIG(0) messages that wait for their check, about 0.1 s of checks. Reached: SERVFAIL, and the client asks again. */
export const MAX_SIG0_WAITING = 512
/** The share of one network, a /24 or /56, in those that wait. Reached: SERVFAIL for that network only. */
export const MAX_SIG0_WAITING_PER_NETWORK = 256
/** KEY records of a signer that are compared with the signature's tag (BIND 16). Reached: the rest is not looked at. */
export const MAX_SIG0_KEYS_LOOKED_AT = 16
/** Keys of the right algorithm and tag that are tried on one message (BIND 2): tags collide by chance hardly ever, by intent at will. Reached: the rest is not tried. */
export const MAX_SIG0_KEYS_TRIED = 2
/** Public keys kept ready for use, about 1.5 kB each: to make one of octets costs as much as a check. Reached: the one used least recently is forgotten and made again. */
export const MAX_CACHED_KEYS = 8_192
/** Bits of an RSA modulus: RFC 5702 2 allows 512 for algorithm 8, which anybody can break. Reached from above: it is no key. */
export const MIN_RSA_BITS = 1_024
/** The same at most (RFC 5702 2). Reached: a longer one is no key. */
export const MAX_RSA_BITS = 4_096
/** Octets of an RSA exponent (BIND 35 bits): a check costs in proportion. Reached: a longer one makes no key. */
export const MAX_RSA_EXPONENT_OCTETS = 5
// ---- Messages for the core (updates, signed messages): what is answered later ----

/** Messages that one socket thread may have waiting for the core: a second of updates. Reached: a datagram is dropped and counted, reading a connection rests. */
export const MAX_DEFERRED = 16_384
/** Octets of these together, so that a core that stands still cannot grow the process. Reached: as above. */
export const MAX_DEFERRED_OCTETS = 16_777_216
/** Messages of one client network (a /24 of IPv4, a /56 of IPv6) among them: an eighth, so that no one fills the place of all. Reached: as above, for this network alone. */
export const MAX_DEFERRED_PER_NETWORK = 2_048
/** Octets of these together: 32 of the largest messages. Reached: as above. */
export const MAX_DEFERRED_OCTETS_PER_NETWORK = 2_097_152
/** Places of a thread's table of client networks with messages at the core, 8 octets each; networks that share one share its bounds. */
export const DEFERRED_NETWORK_SLOTS = 16_384
/** Messages of one TCP connection that may wait for the core: what a pipeline at full rate has under way within one sync of a disk. Reached: reading it rests until some are answered. */
export const MAX_DEFERRED_PER_CONNECTION = 256
/** Milliseconds after which a connection whose message found no place at the core tries again. */
export const DEFER_RETRY_MS = 20
/** Messages that the core has under way at once, each waiting for a disk or a signature: a sync of a slow disk, 100 ms, at 40,000 a second. Reached: further ones wait in their queue. */
export const MAX_CORE_RUNNING = 4_096
/** Messages that the core begins before timers, control commands and answers that are ready have their turn: a few milliseconds. */
export const CORE_MESSAGES_PER_TURN = 64
/** Octets that the core reads a second for one client network from messages that turn out to prove nothing: what is signed, and what is carried out, is given back. Reached: the network waits; its queue is bounded by MAX_DEFERRED_PER_NETWORK. */
export const CORE_OCTETS_PER_SECOND = 1_048_576
/** The same at once, after a rest; more than MAX_DEFERRED_PER_NETWORK small messages that are under way and not yet proven. */
export const CORE_BURST_OCTETS = 4_194_304
/** Octets that each message counts above its own: it costs as much as these before its length matters. */
export const CORE_MESSAGE_OCTETS = 1_024
/** Client networks whose spending the core remembers. Reached: those that have spent nothing lately are forgotten, then the one that came first. */
export const MAX_CORE_NETWORKS = 65_536
/** Milliseconds after which a message over UDP that waited for its turn is dropped, as its sender has asked again or gone. */
export const CORE_WAIT_MS = 5_000
/** Octets left free in the block of a zone that updates may change, beyond what its file needs: pages that nothing is written to cost nothing. Reached: the zone moves to a block of twice its size. */
export const UPDATE_ROOM_OCTETS = 67_108_864

// ---- Parameters ----

/** Octets of one parameter's value in text: what fits the 16-bit length of any value, before escapes are undone. Reached: TextFault. */
export const MAX_VALUE_TEXT = 65_535
/** Items of a list within one parameter (names to avoid, outcomes, scores): an answer holds far fewer agents. Reached: TextFault or WireFault. */
export const MAX_PARAMETER_ITEMS = 255

/** Levels of the lists that keep owners of NSEC and NSEC3 in order: with one in four rising a level, enough for 4^12 = 16 million. Reached: searching beyond that many takes more steps. */
export const MAX_ORDER_LEVELS = 12

// ---- The client library ----

/** Milliseconds within which a client registers for the first time, at random (RFC 9664 4.2): a thousand started together do not speak together. */
export const CLIENT_FIRST_DELAY_MS = 3_000
/** Milliseconds from a client's first failure to its next try; it doubles with each. */
export const CLIENT_RETRY_MS = 1_000
/** Milliseconds that a client waits at most between two tries, the random half aside: a server that is back is found within two minutes. */
export const CLIENT_RETRY_MOST_MS = 60_000
/** Least milliseconds from a grant to its renewal: a server that grants no time at all gets two messages a second from an agent, not thousands. Reached: the lease may end before it is renewed. */
export const CLIENT_LEAST_RENEWAL_MS = 500
/** Most milliseconds from a grant to its renewal: a timer that is to wait longer does not wait at all. Reached: a lease of more than a month is renewed earlier than at 80 %. */
export const CLIENT_MOST_RENEWAL_MS = 2_147_483_647
/** Milliseconds between two looks at an agent's own load: a change is told within this. */
export const CLIENT_LOOK_MS = 250
/** Least milliseconds between two reports of an agent: ten a second, and the server sees no more than its table can show. */
export const CLIENT_REPORT_GAP_MS = 100
/** Milliseconds of a period of reports that a server may advise at least and at most. Beyond: these. */
export const CLIENT_LEAST_PERIOD_MS = 100
/** The same, at most. */
export const CLIENT_MOST_PERIOD_MS = 3_600_000
/** Steps that a client follows from a capability whose version has moved on: each is a version that its asker missed. Reached: nobody is found, and the reason says so. */
export const CLIENT_ALIAS_STEPS = 8
/** Seconds of the lease that a client asks for unless told (RFC 9665 5.1: two hours). */
export const CLIENT_LEASE_SECONDS = 7_200
/** Seconds of the key lease that a client asks for unless told (RFC 9665 5.1: fourteen days). */
export const CLIENT_KEY_LEASE_SECONDS = 1_209_600
/** Seconds that answers about an agent may be remembered unless its client says otherwise: agents come and go. */
export const CLIENT_TTL_SECONDS = 60
/** Octets of a key file: the longest, of an RSA key of 4,096 bits, has 4,000. Reached: TextFault. */
export const MAX_KEY_FILE_OCTETS = 65_536
/** Bits of the RSA keys that we make (RFC 8624 3.1 wants 2,048 at least): a longer one makes each signature slower for no gain in its life. */
export const RSA_BITS = 2_048
/** Octets of a file that says what an agent registers, or of its card: a message holds 64 KiB of it. Reached: the command fails. */
export const MAX_AGENT_FILE_OCTETS = 1_048_576
/** Skills of one agent card that are registered: an answer holds far fewer. Reached: CardFault. */
export const MAX_CARD_CAPABILITIES = 100
