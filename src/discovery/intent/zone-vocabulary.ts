/**
 * The vocabulary of one zone, kept up with its candidates: what the labels of each capability say, what agents register with it
 * (human name, modality), and TXT: all of it at the capability, `description=`, `tags=` and `name=` at the agents. A look at
 * the table finds what has changed since the last; only capabilities with such a change are written anew.
 *
 *     v2.translate.text.nlp._cap.acme.example.  ──►  "translate text nlp" + "text Babel translates letters …"
 */
import { MAX_INTENT_SAID, MAX_INTENT_AGENTS, VOCABULARY_REST_MS } from '../../dns/limits-discovery.ts'
import { TYPE } from '../../dns/codes.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { countLabels, printName } from '../../dns/name.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import type { ZoneImage } from '../../zone/image.ts'
import type { CandidateTable, Slot } from '../ranking/candidates.ts'
import { TABLE } from '../ranking/table-layout.ts'
import { nameEnd, read16 } from '../ranking/values.ts'
import type { Hit } from './term-index.ts'
import { type Sense, Vocabulary } from './vocabulary.ts'

/** Labels that say how a capability is offered, not what it is: version and security (docs/protocol.md 2). */
const NOT_OF_TYPE = /^(v\d+(-\d+)?|open|tls|mtls|attested)$/
/** Strings of TXT at an agent that say what it can do. */
const OF_AGENT = /^(description|tags|name)=/

/** One zone's; `table` and `image` are views of this thread's own. */
export class ZoneVocabulary {
  readonly table: CandidateTable
  private readonly image: ZoneImage
  private readonly vocabulary = new Vocabulary()
  private readonly name: LookupName
  /** What each slot held at the last look: version of its RDATA by place and length, and the number of its capability. */
  private rdataAt = new Int32Array(0)
  private rdataLength = new Int32Array(0)
  private capability = new Int32Array(0)
  private readonly slotsOf = new Map<number, Set<Slot>>()
  private readonly keyOf = new Map<number, string>()
  private generation = -1
  private lookedAtMs = -Infinity

  constructor(table: CandidateTable, image: ZoneImage, seed: number) {
    this.table = table
    this.image = image
    this.name = new LookupName(seed)
  }

  /** Capabilities known. */
  get size(): number {
    return this.vocabulary.size
  }

  /** The capabilities at or below `ancestor`, a folded wire name, that are nearest to the need; keys are wire names, an octet a character. */
  search(need: string, ancestor: string, sense?: Sense): Hit[] {
    return this.vocabulary.search(need, (key) => isAtOrBelow(key, ancestor), sense)
  }

  /** A number that is another where what is said has changed. */
  get version(): number {
    return this.vocabulary.version
  }

  /** What is said of each capability. */
  said(): Iterable<string> {
    return this.vocabulary.said()
  }

  /** Takes in what has changed, at most once in VOCABULARY_REST_MS; `nowMs` is of any clock that does not jump. */
  look(nowMs: number): void {
    if (nowMs - this.lookedAtMs < VOCABULARY_REST_MS) return
    this.lookedAtMs = nowMs
    const changed = this.changes()
    this.image.refresh()
    const isNew = this.image.generation !== this.generation // TXT may say something else
    this.generation = this.image.generation
    for (const number of isNew ? [...this.slotsOf.keys()] : changed) this.write(number)
    for (const number of changed) if (!this.slotsOf.has(number)) this.forget(number)
  }

  /** Numbers of capabilities whose slots have changed. */
  private changes(): Set<number> {
    const { i32, header, capacity } = this.table
    if (this.rdataAt.length !== capacity) {
      this.rdataAt = new Int32Array(capacity)
      this.rdataLength = new Int32Array(capacity)
      this.capability = new Int32Array(capacity)
    }
    const changed = new Set<number>()
    for (let slot = 0; slot < header[TABLE.top]; slot++) {
      const number = i32.rdataLength[slot] === 0 ? 0 : i32.capability[slot]
      if (number === this.capability[slot] && i32.rdataAt[slot] === this.rdataAt[slot] && i32.rdataLength[slot] === this.rdataLength[slot]) continue
      this.rdataAt[slot] = i32.rdataAt[slot]
      this.rdataLength[slot] = i32.rdataLength[slot]
      this.move(slot, this.capability[slot], number)
      changed.add(this.capability[slot]).add(number)
      this.capability[slot] = number
    }
    changed.delete(0)
    return changed
  }

  private move(slot: Slot, from: number, to: number): void {
    const slots = this.slotsOf.get(from)
    slots?.delete(slot)
    if (slots?.size === 0) this.slotsOf.delete(from)
    if (to === 0) return
    const others = this.slotsOf.get(to)
    if (others === undefined) this.slotsOf.set(to, new Set([slot]))
    else others.add(slot)
  }

  private forget(number: number): void {
    const key = this.keyOf.get(number)
    this.keyOf.delete(number)
    if (key !== undefined && ![...this.keyOf.values()].includes(key)) this.vocabulary.remove(key)
  }

  /** Notes a capability with what is said of it. */
  private write(number: number): void {
    const { heap, i32 } = this.table
    const at = i32.capabilityAt[number]
    const end = at + i32.capabilityLength[number]
    if (nameEnd(heap, at, end) !== end) return // being written: its slots will have changed again
    const key = Buffer.from(heap.slice(at, end)).toString('latin1').toLowerCase()
    this.keyOf.set(number, key)
    this.vocabulary.put(key, labelsOf(key).join(' '), this.saidOf(number, key).slice(0, MAX_INTENT_SAID), {
      labels: countLabels(Buffer.from(key, 'latin1'), 0),
      agents: this.slotsOf.get(number)?.size ?? 0,
    })
  }

  private saidOf(number: number, key: string): string {
    const said = this.textsAt(Buffer.from(key, 'latin1'), 0)
    let left = MAX_INTENT_AGENTS
    for (const slot of this.slotsOf.get(number) ?? []) {
      if (left-- === 0) break
      said.push(...this.saidBy(slot))
    }
    return [...new Set(said)].join(' ')
  }

  /** What an agent has registered of itself in words. */
  private saidBy(slot: Slot): string[] {
    const { heap, i32 } = this.table
    const rdata = heap.slice(i32.rdataAt[slot], i32.rdataAt[slot] + i32.rdataLength[slot])
    const targetEnd = nameEnd(rdata, 2, rdata.length)
    if (targetEnd < 0) return []
    const said = this.textsAt(rdata, 2).filter((text) => OF_AGENT.test(text)).map((text) => text.slice(text.indexOf('=') + 1))
    for (let at = targetEnd, next; at + 4 <= rdata.length; at = next) {
      next = at + 4 + read16(rdata, at + 2)
      const key = read16(rdata, at)
      if (key === PARAMETERS.alias.key || key === PARAMETERS.modality.key) said.push(Buffer.from(rdata.subarray(at + 4, next)).toString())
    }
    return said
  }

  /** The strings of TXT at a name (RFC 1035 3.3.14). */
  private textsAt(octets: Uint8Array, at: number): string[] {
    const { image, name } = this
    name.load(octets, at)
    const node = image.nodeOf(name)
    const rrset = node === 0 ? 0 : image.rrsetOf(node, TYPE.TXT)
    const texts: string[] = []
    if (rrset === 0) return texts
    let record = image.firstRecordAt(rrset)
    for (let left = image.recordsIn(rrset); left > 0; left--, record = image.nextRecordAt(record)) {
      const from = image.rdataAt(record)
      const end = from + image.rdataLength(record)
      for (let i = from; i < end; i += image.octets[i] + 1) texts.push(Buffer.from(image.octets.slice(i + 1, i + 1 + image.octets[i])).toString())
    }
    return texts
  }
}

/** The labels of a capability that say what it is. */
function labelsOf(key: string): string[] {
  const labels = printName(Buffer.from(key, 'latin1'), 0).split('.')
  const end = labels.indexOf('_cap')
  return (end < 0 ? labels : labels.slice(0, end)).filter((label) => !NOT_OF_TYPE.test(label))
}

function isAtOrBelow(key: string, ancestor: string): boolean {
  let at = 0
  while (key.length - at > ancestor.length) at += key.charCodeAt(at) + 1
  return key.slice(at) === ancestor
}
