/**
 * Everything that a zone is checked for, by name. An error means that the DNS has no right answer to give from
 * such a zone, so it is not served; a warning means that it answers but that somebody asking will be
 * disappointed, or that the writer most likely meant something else.
 */

/** How grave a finding is: a zone with an error is not served. */
export type Severity = 'error' | 'warning'

interface Check {
  severity: Severity
  /** What is wrong, as docs/zone-checks.md says it. */
  means: string
}

/** The checks; a finding carries the name of its check. */
export const CHECKS = {
  syntax: { severity: 'error', means: 'an entry cannot be parsed, has the wrong class, or lies outside the zone (RFC 1035 5)' },
  'no-soa': { severity: 'error', means: 'the zone has no SOA record at its apex (RFC 1034 4.2.1)' },
  'several-soa': { severity: 'error', means: 'more than one SOA record stands at the apex (RFC 1035 5.2)' },
  'soa-not-at-apex': { severity: 'error', means: 'a SOA record stands below the apex (RFC 1035 5.2)' },
  'no-apex-ns': { severity: 'error', means: 'the zone has no NS records at its apex (RFC 1034 4.2.1)' },
  'cname-and-other-data': { severity: 'error', means: 'other records stand beside a CNAME (RFC 1034 3.6.2, RFC 2181 10.1)' },
  'several-cnames': { severity: 'error', means: 'a name has more than one CNAME (RFC 2181 10.1)' },
  'several-dnames': { severity: 'error', means: 'a name has more than one DNAME (RFC 6672 2.4)' },
  'rrset-too-large': { severity: 'error', means: 'an RRset does not fit a message (RFC 2181 5)' },
  'zone-too-large': { severity: 'error', means: 'the zone does not fit into the memory that one zone may have (MAX_IMAGE_OCTETS)' },
  'ttl-differs-in-rrset': { severity: 'warning', means: 'records of an RRset have different TTLs; the first one counts (RFC 2181 5.2)' },
  'duplicate-record': { severity: 'warning', means: 'the same record stands twice; one is kept (RFC 2181 5)' },
  'records-below-cut': { severity: 'warning', means: 'records at or below a delegation belong to the zone below and are never answered (RFC 1034 4.2.1)' },
  'records-below-dname': { severity: 'warning', means: 'records below a DNAME are never answered (RFC 6672 2.4)' },
  'dname-at-cut': { severity: 'warning', means: 'a DNAME stands beside NS below the apex (RFC 6672 2.3)' },
  'ds-not-at-cut': { severity: 'warning', means: 'DS records stand where no zone is delegated (RFC 4035 2.4)' },
  'ds-at-apex': { severity: 'warning', means: 'DS records stand at the apex; they belong to the zone above (RFC 4035 2.4)' },
  'wildcard-ns': { severity: 'warning', means: 'a wildcard owns NS records, which delegates nothing (RFC 4592 4.2)' },
  'wildcard-dname': { severity: 'warning', means: 'a wildcard owns a DNAME, which servers treat differently (RFC 4592 4.4)' },
  'repeated-origin': { severity: 'warning', means: "a name repeats the zone's name: a final dot is missing (RFC 1035 5.1)" },
  'missing-glue': { severity: 'warning', means: 'a name server at or below the cut that it serves has no address here (RFC 1034 4.2.1)' },
  'ns-without-address': { severity: 'warning', means: 'a name server in this zone has no address' },
  'mx-without-address': { severity: 'warning', means: 'a mail exchange in this zone has no address (RFC 5321 5.1)' },
  'srv-without-address': { severity: 'warning', means: 'the target of SRV in this zone has no address (RFC 2782)' },
  'ns-to-cname': { severity: 'warning', means: 'NS names an alias (RFC 2181 10.3)' },
  'mx-to-cname': { severity: 'warning', means: 'MX names an alias (RFC 2181 10.3)' },
  'srv-to-cname': { severity: 'warning', means: 'SRV names an alias (RFC 2782)' },
  'cname-loop': { severity: 'warning', means: 'a chain of CNAMEs leads back to its start (RFC 1034 3.6.2)' },
  'cname-chain-too-long': { severity: 'warning', means: 'a chain of CNAMEs has more steps than one answer follows' },
  'dnskey-missing': { severity: 'warning', means: 'signatures stand at the apex but no DNSKEY (RFC 4035 2.1)' },
  'rrset-without-rrsig': { severity: 'warning', means: 'an RRset of a signed zone has no signature (RFC 4035 2.2)' },
  'rrsig-without-rrset': { severity: 'warning', means: 'a signature covers a type that the name does not have (RFC 4035 2.2)' },
  'rrsig-expired': { severity: 'warning', means: 'all signatures of an RRset are out of date (RFC 4034 3.1.5)' },
  'rrsig-not-yet-valid': { severity: 'warning', means: 'the signatures of an RRset start in the future (RFC 4034 3.1.5)' },
  'rrsig-wrong-signer': { severity: 'warning', means: 'a signature names another signer than the zone (RFC 4035 2.2)' },
  'rrsig-unknown-key': { severity: 'warning', means: 'a signature was made by a key that is not in the DNSKEY RRset (RFC 4035 2.2)' },
  'nsec-chain-broken': { severity: 'warning', means: 'a name has no NSEC, or its NSEC does not lead to the next name (RFC 4034 4.1.1)' },
  'nsec-wrong-types': { severity: 'warning', means: 'the types that an NSEC lists are not those of its name (RFC 4034 4.1.2)' },
  'nsec3-chain-broken': { severity: 'warning', means: 'a name has no NSEC3, or an NSEC3 does not lead to the next one (RFC 5155 7.1)' },
  'nsec3param-mismatch': { severity: 'warning', means: 'no NSEC3PARAM at the apex fits the NSEC3 records (RFC 5155 7.1)' },
  'nsec3-iterations': { severity: 'warning', means: 'NSEC3 uses extra iterations; resolvers may treat the zone as unsigned (RFC 9276 3.1)' },
  'agent-owner': { severity: 'warning', means: 'the owner of AGENT is no capability identifier: it has no label _cap' },
  'agent-incomplete': { severity: 'warning', means: 'the owner of AGENT names no version or no type, so that no capability stands there: it must be <version>.<type>._cap.<domain>, a security before it or none' },
  'agent-twice': { severity: 'warning', means: 'one agent is offered twice at a name; one of the records counts' },
  'agent-target': { severity: 'warning', means: 'AGENT or TASK names no agent identifier, which is <id>._sa.<domain> or <id>._ua.<domain>' },
  'agent-without-address': { severity: 'warning', means: 'an agent in this zone has no address' },
  'agent-alias-target': { severity: 'warning', means: 'AGENT with priority 0 names no capability: it has no label _cap' },
  'agent-alias-to-itself': { severity: 'warning', means: 'AGENT with priority 0 leads to its own name' },
  'agent-alias-beside-agents': { severity: 'warning', means: 'AGENT with priority 0 stands beside others, so that it is not known which is meant (RFC 9460 2.4.2)' },
  'agent-alias-with-parameters': { severity: 'warning', means: 'AGENT with priority 0 has parameters, which nobody reads (RFC 9460 2.4.2)' },
  'agent-dependency-missing': { severity: 'warning', means: 'a capability that an agent depends on is not in this zone, which should hold it' },
  'agent-human-name': { severity: 'warning', means: 'the alias of an agent is no label of letters, digits and hyphens, so that nothing is derived from it' },
  'agent-human-name-taken': { severity: 'warning', means: 'the alias of an agent is the id of another agent in this zone, so that nothing is derived from it' },
  'agent-sense-port': { severity: 'warning', means: 'the sense-port of an agent is below 1024, where nobody is asked' },
  'task-state': { severity: 'warning', means: 'the state of TASK is none: it must be 0 to 4' },
} as const satisfies Record<string, Check>

/** The name of a check. */
export type CheckName = keyof typeof CHECKS
