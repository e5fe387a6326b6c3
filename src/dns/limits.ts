/**
 * Every limit of the server in one place: its value, its unit, why it is what it is, and what happens
 * when it is reached. Code elsewhere holds no bare bound. `reference` numbers are the defaults of the
 * servers that operators already trust.
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

/** Octets of a message over TCP: the length prefix is 16 bits (RFC 1035 4.2.2). */
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
/** Records made by one $GENERATE. A /16 has 65,536. Reached: TextFault. */
export const MAX_GENERATED = 65_536
/** Faults reported for one zone file before the rest is only counted: nobody reads more. */
export const MAX_REPORTED_FAULTS = 200
/** A TTL's largest value, seconds (RFC 2181 8). Reached: TextFault in text; taken as 0 from the wire. */
export const MAX_TTL = 2_147_483_647
