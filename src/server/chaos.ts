/**
 * Class CHAOS: which server is this? `version.bind` and `version.server` tell its version, `id.server` and
 * `hostname.bind` which one of several answers (RFC 4892 2), each as TXT. What is not configured is refused,
 * as is any other name or type (as NSD and Knot do). The four RRsets are laid out once, like those of a zone.
 */
import { SECTION, type Answer, type RRsetSource } from '../authority/plan.ts'
import type { Query } from '../authority/query.ts'
import { CLASS, EDE, RCODE, TYPE } from '../dns/codes.ts'
import { MAX_CHAOS_TEXT_OCTETS } from '../dns/limits.ts'
import { fold, Name } from '../dns/name.ts'
import { viewOf } from '../dns/octet-views.ts'
import { RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS, wordsFor } from '../zone/layout.ts'

/** What CHAOS queries are told; what is left out is refused. Each at most 255 octets of UTF-8. */
export interface ChaosTexts {
  /** For `version.bind` and `version.server`. */
  readonly version?: string
  /** For `id.server` and `hostname.bind`. */
  readonly identity?: string
}

const NAMES = { version: ['version.bind', 'version.server'], identity: ['id.server', 'hostname.bind'] } as const

/** Answers class CHAOS. RangeError where a text is too long. */
export class Chaos {
  private readonly names: Uint8Array[] = []
  private readonly rrsets: number[] = []
  private readonly source: RRsetSource

  constructor(texts: ChaosTexts) {
    const words = new Int32Array(2 * (wordsFor(MAX_CHAOS_TEXT_OCTETS + 1 + RRSET_HEAD_OCTETS + RECORD_HEAD_OCTETS) + 1))
    const octets = new Uint8Array(words.buffer)
    this.source = { words, octets, view: viewOf(octets) }
    let free = 1
    for (const kind of ['version', 'identity'] as const) {
      const text = texts[kind]
      if (text === undefined) continue
      const rrset = free
      free = layTxt(this.source, rrset, Buffer.from(text))
      for (const name of NAMES[kind]) {
        this.names.push(Name.parse(`${name}.`).wire)
        this.rrsets.push(rrset)
      }
    }
  }

  /** Fills `answer` for a query of class CHAOS. */
  answer(query: Query, answer: Answer): void {
    for (let i = 0; i < this.names.length; i++) {
      if ((query.qtype === TYPE.TXT || query.qtype === TYPE.ANY) && isName(query, this.names[i])) {
        answer.add(SECTION.answer, this.source, this.rrsets[i], query, query.qnameAt)
        return
      }
    }
    answer.rcode = RCODE.REFUSED
    answer.explain(EDE.NOT_AUTHORITATIVE)
  }
}

/** Whether QNAME is `name`, given in lower case. */
function isName(query: Query, name: Uint8Array): boolean {
  if (query.qnameLength !== name.length) return false
  for (let i = 0; i < name.length; i++) if (fold(query.octets[query.qnameAt + i]) !== name[i]) return false
  return true
}

/** Lays an RRset of one TXT record with TTL 0 at word `rrset`; returns the first free word behind it. */
function layTxt(source: RRsetSource, rrset: number, text: Uint8Array): number {
  if (text.length > MAX_CHAOS_TEXT_OCTETS) throw new RangeError(`Cannot answer CHAOS queries with ${text.length} octets as a text must be at most ${MAX_CHAOS_TEXT_OCTETS}`)
  const { words, octets } = source
  const size = RECORD_HEAD_OCTETS + 1 + text.length
  words[rrset + RRSET.key] = TYPE.TXT
  words[rrset + RRSET.octets] = size
  words[rrset + RRSET.count] = 1
  const at = rrset * 4 + RRSET_HEAD_OCTETS
  octets.set([0xc0, 0x0c, 0, TYPE.TXT, 0, CLASS.CH, 0, 0, 0, 0, (text.length + 1) >>> 8, text.length + 1, text.length], at)
  octets.set(text, at + RECORD_HEAD_OCTETS + 1)
  return rrset + wordsFor(RRSET_HEAD_OCTETS + size)
}
