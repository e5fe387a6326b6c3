/**
 * The differences between NSD, Knot and us that are known and decided: each with its name, whose behaviour departs,
 * the RFC text that decides, and a predicate no wider than needed. It claims single points of difference, so that a
 * wrong record beside an accepted one is still seen. docs/conformance.md shows this table.
 */
import { isMessage, type Difference, type Seen } from './compare.ts'
import {
  chainEnd, hasDname, isAddress, isApexNsec3, isAsterisk, isBelowHash, isDenial, isReferral, isShared, isTargetOf, repeats, same, stopsAtZoneEdge, T, typeOrCovered,
} from './answer-shapes.ts'
import { FLAG, namesInRdata, type Question, type SeenMessage } from './wire.ts'
import { isWithin } from './names.ts'

/** What a predicate looks at: the answer of the server that departs, the other's, who holds the record in question, and what the zones hold (lower case). */
export type View = { question: Question; theirs: SeenMessage; other: SeenMessage; theyHold: boolean; zones: readonly string[]; owners: ReadonlySet<string> }

/** One accepted difference. `who` depart from what we do, or `ours` from both; one that is `wide` does not count where NSD and Knot agree; `claims` is asked for each point where the answers differ. */
export type AcceptedDifference = { name: string; who: readonly string[]; rfc: string; why: string; wide?: true; claims: (difference: Difference, view: View) => boolean }

const wholeAnswer = (difference: Difference): boolean => ['rcode', 'answer', 'authority', 'additional'].includes(difference.kind)

/** The name of the accepted difference that a truncation fault of this server falls under; undefined where none does. */
export function acceptedTruncation(server: string, fault: string, question: Question, tcp: Seen): string | undefined {
  if (question.type === T.ANY && fault.endsWith('is cut without TC')) return 'ANY has one answer over UDP, another over TCP (RFC 8482 4.4)'
  if (fault !== 'authority is cut without TC' || !isMessage(tcp)) return undefined
  if (server === 'knot' && hasDname(tcp)) return 'no TC where a DNAME overflows'
  return server === 'nsd' && chainEnd(tcp).steps > 0 ? 'no TC where the proof behind a chain is cut' : undefined
}

/** Tried in order; the first that claims a point of difference names it. */
export const ACCEPTED: readonly AcceptedDifference[] = [
  {
    name: 'NS of the apex beside a positive answer', who: ['nsd'], rfc: 'RFC 1034 4.3.2', why: 'step 3a asks for the answer alone; the NS set and its addresses cost octets and no resolver needs them',
    claims: ({ kind, record }, { theirs, theyHold }) => {
      if (!record || !theyHold || !(theirs.flags & FLAG.aa) || theirs.answer.length === 0) return false
      if (kind === 'authority') return typeOrCovered(record) === T.NS && theirs.answer.some(({ owner }) => isWithin(owner, record.owner))
      return kind === 'additional' && isAddress(record) && isTargetOf(record, theirs.authority, [T.NS])
    },
  },
  {
    name: 'chains end at the edge of the zone', who: ['knot'], rfc: 'RFC 1034 4.3.2', why: 'step 3a says "go back to step 1", which picks the nearest zone anew; Knot stays within the first',
    claims: (difference, { theirs, zones }) => wholeAnswer(difference) && stopsAtZoneEdge(theirs, zones),
  },
  {
    name: 'RCODE of a chain that is truncated', who: ['knot'], rfc: 'RFC 6604 3', why: 'the RCODE is that of the last name; Knot stops looking where the message is full',
    claims: ({ kind }, { theirs, other }) => kind === 'rcode' && (theirs.flags & other.flags & FLAG.tc) !== 0 && theirs.rcode === 0 && hasDname(theirs),
  },
  {
    name: 'chains end after five steps', who: ['knot'], rfc: 'RFC 1034 3.6.2', why: 'chains "should be followed"; no RFC names a limit, Knot has 5, NSD 50 or none, ours is MAX_CHAIN',
    claims: (difference, { theirs, other }) => wholeAnswer(difference) && chainEnd(theirs).steps >= (hasDname(theirs) ? 4 : 5) && chainEnd(other).steps >= 5,
  },
  {
    name: 'overflow of a DNAME said as NXDOMAIN', who: ['knot'], rfc: 'RFC 6672 2.2', why: 'YXDOMAIN is what the RFC prescribes',
    claims: ({ kind }, { theirs, other }) => ['rcode', 'authority'].includes(kind) && theirs.rcode === 3 && other.rcode === 6,
  },
  {
    name: 'choice of the RRset that answers ANY', who: ['nsd', 'knot'], rfc: 'RFC 8482 4.1', why: 'one RRset of the server\'s choosing is a full answer',
    claims: claimsAny,
  },
  {
    name: 'one RRSIG answers RRSIG', who: ['knot'], rfc: 'RFC 8482 7', why: 'a subset may answer RRSIG; NSD and we give all of the name',
    claims: ({ kind, record }, { question, theirs, theyHold }) => question.type === T.RRSIG && kind === 'answer' && record?.type === T.RRSIG && !theyHold && theirs.answer.length > 0,
  },
  {
    name: 'no question in a refusal of a class', who: ['nsd'], rfc: 'RFC 1035 4.1.1', why: 'a response repeats the question; resolvers match by it',
    claims: ({ kind }, { question, theirs, other }) => kind === 'question' && ![1, 3, 255].includes(question.class) && theirs.rcode === 5 && other.rcode === 5,
  },
  {
    name: 'no authority and no AA for class ANY', who: ['nsd'], rfc: 'RFC 1035 6.2', why: 'AA must be clear; that negative answers lose their SOA as well is not asked for',
    claims: ({ kind }, { question, theirs }) => question.class === 255 && (kind === 'aa' || ((kind === 'authority' || kind === 'additional') && !theirs.authority.some(({ type }) => type === T.SOA))),
  },
  {
    name: 'AA for class ANY', who: ['knot', 'nsd'], rfc: 'RFC 1035 6.2', why: '"can never be authoritative" unless all classes are covered',
    claims: ({ kind }, { question, theirs }) => question.class === 255 && kind === 'aa' && (theirs.flags & FLAG.aa) !== 0,
  },
  {
    name: 'NOTIMP for type 0', who: ['knot'], rfc: 'RFC 6895 3.1', why: 'an unknown type is asked like any other (RFC 3597 3): the name exists or not',
    claims: (_, { question, theirs }) => question.type === 0 && theirs.rcode === 4,
  },
  {
    name: 'DO cleared in BADVERS', who: ['nsd'], rfc: 'RFC 3225 3', why: 'DO is copied into the response, whatever its RCODE',
    claims: ({ kind }, { theirs, other }) => kind === 'edns' && theirs.rcode === 16 && other.rcode === 16,
  },
  {
    name: 'owner of an NSEC3 record as closest encloser', who: ['nsd'], rfc: 'RFC 5155 7.2.8', why: 'the server acts as if that name did not exist: wildcards above it match, proofs start above it',
    claims: (difference, { question, zones }) => wholeAnswer(difference) && isBelowHash(question.name, zones),
  },
  {
    name: 'no TC where glue of the child is left out', who: ['nsd'], rfc: 'RFC 9471 3', why: 'all in-domain glue or TC',
    claims: ({ kind, record }, { question, theirs, theyHold }) => !question.tcp && kind === 'additional' && !theyHold && record !== undefined && isAddress(record) && isReferral(theirs),
  },
  {
    name: 'addresses below a cut outside referrals', who: ['knot'], rfc: 'RFC 2181 5.4.1', why: 'glue is for referrals; elsewhere it would pass for an answer',
    claims: ({ kind, record }, { theirs, theyHold }) => kind === 'additional' && theyHold && record !== undefined && isAddress(record) && theirs.answer.length > 0,
  },
  {
    name: 'additional data for KX and the like', who: ['nsd'], rfc: 'RFC 2230 4', why: 'additional data is the server\'s choice; addresses are given for NS, MX, SRV, SVCB and HTTPS',
    claims: ({ kind, record }, { theirs, theyHold }) => kind === 'additional' && theyHold && record !== undefined && isTargetOf(record, theirs.answer, [17, 18, 21, 36, 7, 3, 4]),
  },
  {
    name: 'no additional data for SVCB', who: ['nsd'], rfc: 'RFC 9460 4.1', why: 'addresses and records of the target should be added; NSD 4.6 is older than the RFC',
    claims: claimsSvcb,
  },
  { name: 'additional data of SVCB stops after one step', who: ['knot'], rfc: 'RFC 9460 4.1', why: 'the target "." is the owner (2.5.2), AliasMode is followed, a wildcard is expanded', claims: claimsSvcb },
  {
    name: 'no proof that the wildcard is an empty non-terminal', who: ['knot'], rfc: 'RFC 4035 3.1.3.4', why: 'Unbound and delv call the answer without that NSEC bogus',
    claims: ({ kind, record }, { theirs, theyHold }) => kind === 'authority' && !theyHold && isDenial(record) && typeOrCovered(record) === T.NSEC && theirs.rcode === 0 && theirs.authority.some(({ type }) => type === T.SOA),
  },
  {
    name: 'names of one zone make empty non-terminals in another', who: ['nsd'], rfc: 'RFC 1034 4.2', why: 'a zone holds what its own file says',
    claims: (difference, { question, theirs, other, zones }) => wholeAnswer(difference) && theirs.rcode === 0 && other.rcode === 3 && isShared(question.name, zones),
  },
  {
    name: 'CNAME repeated in a loop', who: ['knot'], rfc: 'RFC 2181 5', why: 'an RRset holds no record twice',
    claims: ({ kind, record }, { theirs }) => kind === 'answer' && record === undefined && repeats(theirs.answer),
  },
  {
    name: 'CD is not copied', who: ['nsd', 'knot'], rfc: 'RFC 4035 3.1.6', why: 'the server MUST copy CD from a query into its response',
    claims: ({ kind, bits }, { other, question }) => kind === 'flags' && bits === FLAG.cd && (other.flags & FLAG.cd) === (question.flags & FLAG.cd),
  },
  {
    name: 'wrong predecessor of a name with a zero octet', who: ['knot'], rfc: 'RFC 4034 6.1', why: 'names are ordered label by label; Knot confuses the octet with the end of a label',
    claims: ({ kind, record }, { theirs }) => kind === 'authority' && isDenial(record) && [theirs.question[0]?.name ?? '', chainEnd(theirs).last].some((name) => name.includes('\\000')),
  },
  {
    name: 'proof shortened where the name begins with an asterisk', who: ['knot'], rfc: 'RFC 5155 7.2.5', why: 'an asterisk in QNAME that matches nothing is an ordinary label (RFC 4592 2.3)',
    claims: ({ kind, record }, { theirs, theyHold }) => kind === 'authority' && !theyHold && isDenial(record) && isAsterisk(theirs),
  },
  {
    name: 'needless wildcard proof for a name that is an asterisk', who: ['nsd'], rfc: 'RFC 5155 7.2.3', why: 'the name exists, so the record that matches it is the whole proof',
    claims: ({ kind, record }, { theirs, theyHold }) => kind === 'authority' && theyHold && isDenial(record) && isAsterisk(theirs),
  },
  {
    name: 'closest encloser not proven where it is the apex', who: ['nsd'], rfc: 'RFC 5155 7.2.5', why: 'the proof of a wildcard without data holds the closest encloser, whichever it is',
    claims: ({ kind, record }, { other, theyHold }) => kind === 'authority' && !theyHold && isDenial(record) && other.authority.some((one) => isApexNsec3(one) && same(one.owner, record.owner)),
  },
  {
    name: 'NSEC made by a wildcard without proof', who: ['knot'], rfc: 'RFC 4035 3.1.3.3', why: 'an answer from a wildcard carries the NSEC that denies the name itself',
    claims: ({ kind, record }, { question, theyHold }) => question.type === T.NSEC && kind === 'authority' && !theyHold && isDenial(record),
  },
  {
    name: 'NSEC and RRSIG do not follow a CNAME', who: ['knot'], rfc: 'RFC 1034 4.3.2', why: 'step 3a follows for every type the node lacks',
    claims: (difference, { question, other }) => [T.NSEC, T.RRSIG].includes(question.type as 47) && wholeAnswer(difference) && other.answer.some(({ type }) => type === T.CNAME),
  },
  {
    name: 'NSEC3 does not follow a CNAME', who: ['nsd'], rfc: 'RFC 1034 4.3.2', why: 'step 3a follows for every type the node lacks',
    claims: (difference, { question, other }) => question.type === T.NSEC3 && wholeAnswer(difference) && other.answer.some(({ type }) => type === T.CNAME),
  },
  {
    name: 'nothing but NXDOMAIN under opt-out', who: ['knot'], rfc: 'RFC 5155 7.2.1', why: 'the encloser may be an empty non-terminal without NSEC3; the next one above that has one is proven',
    claims: (difference, { theirs }) => (wholeAnswer(difference) || difference.kind === 'aa') && theirs.rcode === 3 && theirs.authority.length === 0 && theirs.answer.length === 0,
  },
  {
    name: 'no closest provable encloser under opt-out', who: ['nsd', 'knot'], wide: true, rfc: 'RFC 5155 7.2.1', why: 'the encloser or the wildcard may be an empty non-terminal without NSEC3; the next one above that has one is proven',
    claims: ({ kind, record }, { theirs }) => kind === 'authority' && isDenial(record) && typeOrCovered(record) === T.NSEC3
      && theirs.authority.some(({ type, rdata }) => type === T.NSEC3 && rdata.startsWith('0101')),
  },
  {
    name: 'glue made by a wildcard below the cut', who: ['nsd', 'knot'], rfc: 'RFC 1034 4.3.2', why: 'step 3b ends at the cut, so a wildcard below it (step 3c) is never reached; glue is what stands in the zone',
    claims: ({ kind, record }, { theirs, theyHold, owners }) => kind === 'additional' && theyHold && record !== undefined && isAddress(record)
      && theirs.authority.some(({ type, owner }) => type === T.NS && isWithin(record.owner, owner)) && !owners.has(record.owner.toLowerCase()),
  },
  {
    name: 'wrong owner of an address from a wildcard', who: ['nsd'], rfc: 'RFC 1034 4.3.2', why: 'the owner is the name asked for, whole, however many labels the wildcard stands for',
    claims: ({ kind, record }, { theirs, other, theyHold }) => kind === 'additional' && record !== undefined && isAddress(record)
      && (theyHold ? other : theirs).additional.some((one) => one.type === record.type && one.rdata === record.rdata),
  },
  {
    name: 'a DNAME that leads below itself is followed once', who: ['nsd'], rfc: 'RFC 6672 3.2', why: 'no RFC ends such a chain before the name overflows; ours ends at MAX_CHAIN, Knot\'s after five steps',
    claims: ({ kind, record }, { theirs, theyHold }) => kind === 'answer' && !theyHold && record?.type === T.CNAME && theirs.answer.some((one) => one.type === T.DNAME && isWithin(namesInRdata(one)[0] ?? '.', one.owner)),
  },
  {
    name: 'NS and DNAME at a wildcard', who: ['knot'], rfc: 'RFC 4592 4.2', why: 'left undefined by 4.2 and 4.4; NSD and we take neither for a cut or a redirection of other names',
    claims: (_, { question }) => isWithin(question.name, 'ns.oddwild.example.') || isWithin(question.name, 'dn.oddwild.example.'),
  },
  {
    name: 'other NSEC behind a DNAME', who: ['nsd'], rfc: 'RFC 4035 3.1.3.2', why: 'the name that the DNAME leads to is denied like any other; NSD proves one too few or one too many',
    claims: ({ kind, record }, { theirs }) => kind === 'authority' && isDenial(record) && typeOrCovered(record) === T.NSEC && hasDname(theirs),
  },
  {
    name: 'choice of additional data where not all fits', who: ['nsd', 'knot'], rfc: 'RFC 2181 9', why: 'what is additional and does not fit goes without TC; each fills the room in its own order',
    claims: ({ kind, record }, { question, theirs, other, theyHold }) => !question.tcp && kind === 'additional' && record !== undefined && isAddress(record)
      && (theyHold ? other : theirs).octets + 120 > Math.min(Math.max(question.edns?.size ?? 512, 512), 1232),
  },
  {
    name: 'the wildcard is denied too under opt-out', who: ['ours'], rfc: 'RFC 5155 7.2.5', why: 'the wildcard is an empty non-terminal without NSEC3; we cover it for every type, as BIND does',
    claims: ({ kind, record }, { theyHold, theirs }) => kind === 'authority' && theyHold && isDenial(record) && typeOrCovered(record) === T.NSEC3
      && theirs.rcode === 0 && theirs.authority.some(({ type, rdata }) => type === T.NSEC3 && rdata.startsWith('0101')),
  },
  {
    name: 'RRSIG of an NSEC3 as data', who: ['nsd', 'knot'], rfc: 'RFC 5155 7.2.8', why: 'the owner of an NSEC3 is no name of the zone, so what stands there is not asked for by that name, signatures included',
    claims: ({ kind, record }, { question, theyHold }) => question.type === T.RRSIG && kind === 'answer' && theyHold && record !== undefined && typeOrCovered(record) === T.NSEC3,
  },
  {
    name: 'types that are no data are refused as such', who: ['ours'], rfc: 'RFC 6895 3.1', why: 'OPT, TSIG, TKEY, MAILA, MAILB and 128 cannot be asked for: FORMERR or NOTIMP, as BIND',
    claims: (_, { question, theirs }) => [41, 128, 249, 250, 253, 254].includes(question.type) && [1, 4].includes(theirs.rcode),
  },
  {
    name: 'chains end after MAX_CHAIN steps', who: ['ours'], rfc: 'RFC 1034 3.6.2', why: 'chains "should be followed"; no RFC names a limit, ours is MAX_CHAIN, NSD goes on, Knot has five',
    claims: ({ kind }, { theirs, theyHold }) => ['answer', 'authority', 'rcode', 'additional'].includes(kind) && !theyHold && chainEnd(theirs).steps >= 10,
  },
]

function claimsAny({ kind }: Difference, { question, theirs, other }: View): boolean {
  const sets = (message: SeenMessage): number => new Set(message.answer.map((record) => `${record.owner.toLowerCase()} ${typeOrCovered(record)}`)).size
  return question.type === T.ANY && ['answer', 'additional'].includes(kind) && sets(theirs) > 0 && sets(other) > 0
}

function claimsSvcb({ kind }: Difference, { theirs, other }: View): boolean {
  return kind === 'additional' && [...theirs.answer, ...other.answer].some(({ type }) => type === T.SVCB || type === T.HTTPS)
}
