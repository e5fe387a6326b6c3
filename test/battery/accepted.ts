/**
 * The differences between NSD, Knot and us that are known and decided: each with its name, whose behaviour departs,
 * the RFC text that decides, and a predicate no wider than needed. It claims single points of difference, so that a
 * wrong record beside an accepted one is still seen. docs/conformance.md shows this table.
 */
import { isMessage, type Difference, type Seen } from './compare.ts'
import type { RunningServer } from './peers.ts'
import { FLAG, namesInRdata, type Question, type SeenMessage, type SeenRecord } from './wire.ts'
import { isWithin } from './names.ts'

/** What a predicate looks at: the answer of the server that departs, the other's, and who holds the record in question. */
export type View = { question: Question; theirs: SeenMessage; other: SeenMessage; theyHold: boolean; zones: readonly string[] }

/** One accepted difference. `who` departs from the others; `claims` is asked for each point where the answers differ. */
export type AcceptedDifference = { name: string; who: string; rfc: string; why: string; claims: (difference: Difference, view: View) => boolean }

/** Splits the points of difference into those that accepted differences claim (by name) and those left open. */
export function explain(
  all: readonly Difference[], question: Question, seen: readonly [Seen, Seen], servers: readonly [RunningServer, RunningServer], zones: readonly string[],
): { names: Set<string>; open: Difference[] } {
  const [left, right] = seen
  const names = new Set<string>()
  if (!isMessage(left) || !isMessage(right)) return { names, open: [...all] }
  const open = all.filter((difference) => {
    const entry = ACCEPTED.find(({ who, claims }) => {
      const side = servers.findIndex(({ kind }) => kind === who)
      if (side < 0) return false
      const [theirs, other] = side === 0 ? [left, right] : [right, left]
      return claims(difference, { question, theirs, other, theyHold: difference.holder === side, zones })
    })
    if (entry) names.add(entry.name)
    return !entry
  })
  return { names, open }
}

const T = { A: 1, NS: 2, CNAME: 5, SOA: 6, AAAA: 28, DNAME: 39, DS: 43, RRSIG: 46, NSEC: 47, NSEC3: 50, SVCB: 64, HTTPS: 65, ANY: 255 } as const

/** The type of a record, or the type that an RRSIG covers. */
function typeOrCovered({ type, rdata }: SeenRecord): number {
  return type === T.RRSIG ? parseInt(rdata.slice(0, 4), 16) : type
}

function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase()
}

function isAddress(record: SeenRecord): boolean {
  return [T.A, T.AAAA].includes(typeOrCovered(record) as 1)
}

/** True where `record` holds an address of a name that the records of `types` in `from` point at. */
function isTargetOf(record: SeenRecord, from: readonly SeenRecord[], types: readonly number[]): boolean {
  return from.some((one) => types.includes(one.type) && namesInRdata(one).some((name) => same(name, record.owner)))
}

/** Where a chain of CNAMEs in the answer ends: the first name without a CNAME in it; the owner before it. */
function chainEnd({ answer, question }: SeenMessage): { last: string; before: string | undefined; steps: number } {
  let last = question[0]?.name ?? '.'
  let before: string | undefined
  const seen = new Set<string>()
  for (let steps = 0; ; steps++) {
    const step = answer.find(({ owner, type }) => type === T.CNAME && same(owner, last))
    if (!step || seen.has(last.toLowerCase())) return { last, before, steps }
    seen.add(last.toLowerCase())
    before = last
    last = namesInRdata(step)[0] ?? '.'
  }
}

function zoneOf(name: string, zones: readonly string[]): string | undefined {
  return zones.filter((zone) => isWithin(name, zone)).sort((a, b) => b.length - a.length)[0]
}

/** True where the answer ends in a CNAME that leaves its zone for another of the server. */
function stopsAtZoneEdge(message: SeenMessage, zones: readonly string[]): boolean {
  const { last, before } = chainEnd(message)
  const target = zoneOf(last, zones)
  return before !== undefined && target !== undefined && target !== zoneOf(before, zones) && !message.answer.some(({ owner }) => same(owner, last))
}

const wholeAnswer = (difference: Difference): boolean => ['rcode', 'tc', 'answer', 'authority', 'additional'].includes(difference.kind)

/** Tried in order; the first that claims a point of difference names it. */
export const ACCEPTED: readonly AcceptedDifference[] = [
  {
    name: 'NS of the apex beside a positive answer', who: 'nsd', rfc: 'RFC 1034 4.3.2', why: 'step 3a asks for the answer alone; the NS set and its addresses cost octets and no resolver needs them',
    claims: ({ kind, record }, { theirs, theyHold }) => {
      if (!record || !theyHold || !(theirs.flags & FLAG.aa) || theirs.answer.length === 0) return false
      if (kind === 'authority') return typeOrCovered(record) === T.NS && theirs.answer.some(({ owner }) => isWithin(owner, record.owner))
      return kind === 'additional' && isAddress(record) && isTargetOf(record, theirs.authority, [T.NS])
    },
  },
  {
    name: 'chains end at the edge of the zone', who: 'knot', rfc: 'RFC 1034 4.3.2', why: 'step 3a says "go back to step 1", which picks the nearest zone anew; Knot stays within the first',
    claims: (difference, { theirs, zones }) => wholeAnswer(difference) && stopsAtZoneEdge(theirs, zones),
  },
  {
    name: 'chains end after five steps', who: 'knot', rfc: 'RFC 1034 3.6.2', why: 'chains "should be followed"; no RFC names a limit, Knot has 5, NSD 50 or none, ours is MAX_CHAIN',
    claims: (difference, { theirs, other }) => wholeAnswer(difference) && chainEnd(theirs).steps >= 5 && chainEnd(other).steps >= 5,
  },
  {
    name: 'overflow of a DNAME said as NXDOMAIN', who: 'knot', rfc: 'RFC 6672 2.2', why: 'YXDOMAIN is what the RFC prescribes',
    claims: ({ kind }, { theirs, other }) => ['rcode', 'authority'].includes(kind) && theirs.rcode === 3 && other.rcode === 6,
  },
  {
    name: 'choice of the RRset that answers ANY', who: 'nsd', rfc: 'RFC 8482 4.1', why: 'one RRset of the server\'s choosing is a full answer',
    claims: claimsAny,
  },
  { name: 'choice of the RRset that answers ANY', who: 'knot', rfc: 'RFC 8482 4.1', why: 'one RRset of the server\'s choosing is a full answer', claims: claimsAny },
  {
    name: 'one RRSIG answers RRSIG', who: 'knot', rfc: 'RFC 8482 7', why: 'a subset may answer RRSIG; NSD and we give all of the name',
    claims: ({ kind, record }, { question, theirs, theyHold }) => question.type === T.RRSIG && kind === 'answer' && record?.type === T.RRSIG && !theyHold && theirs.answer.length > 0,
  },
  {
    name: 'no question in a refusal of a class', who: 'nsd', rfc: 'RFC 1035 4.1.1', why: 'a response repeats the question; resolvers match by it',
    claims: ({ kind }, { question, theirs, other }) => kind === 'question' && ![1, 3, 255].includes(question.class) && theirs.rcode === 5 && other.rcode === 5,
  },
  {
    name: 'no authority and no AA for class ANY', who: 'nsd', rfc: 'RFC 1035 6.2', why: 'AA must be clear; that negative answers lose their SOA as well is not asked for',
    claims: ({ kind }, { question, theirs }) => question.class === 255 && (kind === 'aa' || ((kind === 'authority' || kind === 'additional') && theirs.authority.length === 0)),
  },
  {
    name: 'AA for class ANY', who: 'knot', rfc: 'RFC 1035 6.2', why: '"can never be authoritative" unless all classes are covered',
    claims: ({ kind }, { question }) => question.class === 255 && kind === 'aa',
  },
  {
    name: 'NOTIMP for type 0', who: 'knot', rfc: 'RFC 6895 3.1', why: 'an unknown type is asked like any other (RFC 3597 3): the name exists or not',
    claims: (_, { question, theirs }) => question.type === 0 && theirs.rcode === 4,
  },
  {
    name: 'DO cleared in BADVERS', who: 'nsd', rfc: 'RFC 3225 3', why: 'DO is copied into the response, whatever its RCODE',
    claims: ({ kind }, { theirs, other }) => kind === 'edns' && theirs.rcode === 16 && other.rcode === 16,
  },
  {
    name: 'owner of an NSEC3 record as closest encloser', who: 'nsd', rfc: 'RFC 5155 7.2.8', why: 'the server acts as if that name did not exist: wildcards above it match, proofs start above it',
    claims: (difference, { question, zones }) => wholeAnswer(difference) && isBelowHash(question.name, zones),
  },
  {
    name: 'no TC where glue of the child is left out', who: 'nsd', rfc: 'RFC 9471 3', why: 'all in-domain glue or TC',
    claims: ({ kind, record }, { theirs }) => (kind === 'tc' || (kind === 'additional' && record !== undefined && isAddress(record))) && isReferral(theirs),
  },
  {
    name: 'addresses below a cut outside referrals', who: 'knot', rfc: 'RFC 2181 5.4.1', why: 'glue is for referrals; elsewhere it would pass for an answer',
    claims: ({ kind, record }, { theirs, theyHold }) => kind === 'additional' && theyHold && record !== undefined && isAddress(record) && theirs.answer.length > 0,
  },
  {
    name: 'additional data for KX and the like', who: 'nsd', rfc: 'RFC 2230 4', why: 'additional data is the server\'s choice; addresses are given for NS, MX, SRV, SVCB and HTTPS',
    claims: ({ kind, record }, { theirs, theyHold }) => kind === 'additional' && theyHold && record !== undefined && isTargetOf(record, theirs.answer, [17, 18, 21, 36, 7, 3, 4]),
  },
  {
    name: 'no additional data for SVCB', who: 'nsd', rfc: 'RFC 9460 4.1', why: 'addresses and records of the target should be added; NSD 4.6 is older than the RFC',
    claims: claimsSvcb,
  },
  { name: 'additional data of SVCB stops after one step', who: 'knot', rfc: 'RFC 9460 4.1', why: 'the target "." is the owner (2.5.2), AliasMode is followed, a wildcard is expanded', claims: claimsSvcb },
  {
    name: 'no proof that the wildcard is an empty non-terminal', who: 'knot', rfc: 'RFC 4035 3.1.3.4', why: 'Unbound and delv call the answer without that NSEC bogus',
    claims: ({ kind, record }, { theirs, theyHold }) => kind === 'authority' && !theyHold && record !== undefined && typeOrCovered(record) === T.NSEC && theirs.rcode === 0 && theirs.answer.length === 0,
  },
  {
    name: 'names of one zone make empty non-terminals in another', who: 'nsd', rfc: 'RFC 1034 4.2', why: 'a zone holds what its own file says',
    claims: (difference, { question, theirs, other, zones }) => wholeAnswer(difference) && theirs.rcode === 0 && other.rcode === 3 && zones.some((zone) => !same(zone, zoneOf(question.name, zones) ?? '') && isWithin(zone, question.name)),
  },
  {
    name: 'CNAME repeated in a loop of DNAME', who: 'knot', rfc: 'RFC 2181 5', why: 'an RRset holds no record twice',
    claims: ({ kind, record }, { theirs }) => kind === 'answer' && record === undefined && theirs.answer.some(({ type }) => type === T.DNAME),
  },
]

function claimsAny({ kind }: Difference, { question, theirs, other }: View): boolean {
  const sets = (message: SeenMessage): number => new Set(message.answer.filter(({ type }) => type !== T.RRSIG).map(({ owner, type }) => `${owner.toLowerCase()} ${type}`)).size
  return question.type === T.ANY && ['answer', 'additional'].includes(kind) && sets(theirs) > 0 && sets(theirs) === sets(other)
}

function claimsSvcb({ kind }: Difference, { theirs, other }: View): boolean {
  return kind === 'additional' && [...theirs.answer, ...other.answer].some(({ type }) => type === T.SVCB || type === T.HTTPS)
}

function isReferral(message: SeenMessage): boolean {
  return !(message.flags & FLAG.aa) && message.answer.length === 0 && message.rcode === 0
}

/** True where the name stands below a label that looks like an NSEC3 hash right below an apex. */
function isBelowHash(name: string, zones: readonly string[]): boolean {
  const zone = zoneOf(name, zones)
  return zone !== undefined && /\.[0-9a-v]{32}\.$/i.test(name.slice(0, zone === '.' ? name.length : name.length - zone.length))
}
