/**
 * Routing: who answers a well-formed question. Classes IN, LOCAL and ANY are authority's, CHAOS is ours, and
 * the question types that ask for something other than records end here (RFC 6895 3.1).
 *
 *     class LOCAL, from outside of the local area  REFUSED
 *     class IN, LOCAL, ANY   AXFR, IXFR           REFUSED; AXFR over UDP FORMERR
 *                            MAILA, MAILB, TKEY   NOTIMP
 *                            OPT, TSIG, NXNAME    FORMERR
 *                            anything else        authority, ANY and RRSIG among it
 *           CHAOS                                 chaos
 *           any other, NONE among them            REFUSED
 *
 * RFCs are silent on types that only stand in additional sections: FORMERR as BIND; NSD and Knot look for them.
 */
import type { Answer, Authority } from '../authority/plan.ts'
import type { Query } from '../authority/query.ts'
import { CLASS, EDE, RCODE, TYPE } from '../dns/codes.ts'
import type { PrefixList } from '../dns/prefix.ts'
import type { Chaos } from './chaos.ts'

/** Meta-type that stands only in NSEC type bitmaps (RFC 9824 3.5). */
const NXNAME = 128

/** Fills `answer` for the question of `query`; class LOCAL is for askers in `local` alone, null: for all. */
export function route(query: Query, answer: Answer, authority: Authority, chaos: Chaos, local: PrefixList | null = null): void {
  switch (query.qclass) {
    case CLASS.LOCAL:
      if (local !== null && !local.holds(query.peer.address)) refuse(answer, RCODE.REFUSED, EDE.PROHIBITED)
      else routeType(query, answer, authority)
      return
    case CLASS.IN:
    case CLASS.ANY: // answered from class IN, without authority (RFC 1035 6.2)
      routeType(query, answer, authority)
      return
    case CLASS.CH:
      chaos.answer(query, answer)
      return
    default:
      refuse(answer, RCODE.REFUSED, EDE.NOT_AUTHORITATIVE)
  }
}

function routeType(query: Query, answer: Answer, authority: Authority): void {
  switch (query.qtype) {
    case TYPE.AXFR:
      // RFC 5936 4.2: a transfer over UDP does not exist
      refuse(answer, query.peer.transport === 'udp' ? RCODE.FORMERR : RCODE.REFUSED, EDE.PROHIBITED)
      return
    case TYPE.IXFR:
      refuse(answer, RCODE.REFUSED, EDE.PROHIBITED)
      return
    case TYPE.TKEY:
    case TYPE.MAILA: // RFC 1035 3.2.3 had obsoleted it already
    case TYPE.MAILB:
      refuse(answer, RCODE.NOTIMP, EDE.NOT_SUPPORTED)
      return
    case TYPE.OPT:
    case TYPE.TSIG:
    case NXNAME: // RFC 9824 3.5
      refuse(answer, RCODE.FORMERR, EDE.INVALID_QUERY_TYPE)
      return
    default:
      authority.answer(query, answer)
  }
}

function refuse(answer: Answer, rcode: number, edeCode: number): void {
  answer.rcode = rcode
  answer.explain(edeCode)
}
