/**
 * A zone while it is changed: the image in service below, and above it the RRsets that the transaction under way has
 * opened. Reads look above first. Nothing touches the image before `writeTo`, so that an update is given up by
 * undoing its steps here, and a block that is too small costs a larger block and writing once more.
 *
 *     mark ─► add, remove, … ─► (undo | mark ─► …) ─► writeTo(editor) ─► clear
 */
import { EDE, printType, RCODE, TYPE } from '../dns/codes.ts'
import { MAX_RRSET_RECORDS, MAX_ZONE_NAMES } from '../dns/limits.ts'
import { LookupName } from '../dns/lookup-name.ts'
import { Name } from '../dns/name.ts'
import type { Serial } from '../dns/serial.ts'
import type { ZoneEditor } from '../zone/editor.ts'
import type { NodeId, RRsetId, ZoneImage } from '../zone/image.ts'
import { HEADER, RECORD_HEAD_OCTETS } from '../zone/layout.ts'
import { findRecord } from '../zone/rdata-match.ts'
import { mostOctets } from '../zone/writer.ts'
import type { Change, DraftRRset, Refusal, ZoneDraft } from './contract.ts'
import { LEFT_FROM, OpenRRset, rdatasOf } from './open-rrset.ts'
import { isProofType, isSameName, isSameRdata, isWithin, placeKey, serialAt, serialIn } from './records.ts'

/** What a zone may become by updates. */
export interface DraftLimits {
  names: number
  rrsetRecords: number
  rrsetOctets: (type: number) => number
}

const LIMITS: DraftLimits = { names: MAX_ZONE_NAMES, rrsetRecords: MAX_RRSET_RECORDS, rrsetOctets: mostOctets }

/** One step that can be undone: the record of `key` as it was and as it is now, and the TTL as it was, or the end of a lease. */
type Step = RecordStep | { leaseId: string; lease: MovedLease | undefined }

interface RecordStep {
  set: OpenRRset
  key: string
  rdata: Uint8Array | undefined
  now: Uint8Array | undefined
  ttl: number
  isChanged: boolean
}

/** When the first lease of an RRset is to end, ms since 1970; undefined: none does. */
interface MovedLease {
  owner: Name
  type: number
  endMs: number | undefined
}

/** The draft of one zone; used again for each transaction. */
export class EditorDraft implements ZoneDraft {
  readonly apex: Name
  readonly class: number
  image: ZoneImage
  /** What the update under way has changed so far, in order. */
  changes: Change[] = []
  refusal: Refusal | undefined
  /** Whether anything before the mark is to be written. */
  isTouched = false
  private readonly limits: DraftLimits
  private lookup: LookupName
  /** The name that was looked for last, and its node in the image: one record asks for the same again and again. */
  private lastOwner: Name | undefined
  private lastNode: NodeId = 0
  /** Opened RRsets by the owner's key: a name has few. */
  private opened = new Map<string, OpenRRset[]>()
  /** The serial, where the SOA does not have it yet: it is written when somebody looks, and at the end, not with each update. */
  private stepped: Serial | undefined
  /** Leases that end otherwise than in the image. They are moved without a look at the records: there may be ten thousand. */
  private leases = new Map<string, MovedLease>()
  private steps: Step[] = []
  /** Names that the transaction brings into being, and how many there were at the mark. */
  private newNames = 0
  private newNamesAtMark = 0

  constructor(image: ZoneImage, limits: DraftLimits = LIMITS) {
    this.image = image
    this.limits = limits
    this.apex = Name.fromWire(image.octets, image.nameAt(image.apex))
    this.class = image.class
    this.lookup = new LookupName(image.words[HEADER.seed])
  }

  // ---- Reading ----

  rrset(owner: Name, type: number): DraftRRset | undefined {
    const open = this.openedAt(owner, type)
    const rrset = this.rrsetAt(owner, type)
    if (open === undefined ? rrset === 0 : open.size === 0) return undefined
    const rdatas = open === undefined ? rdatasOf(this.image, rrset) : [...open.all().values()]
    const ttl = open === undefined ? this.image.ttlOf(rrset) : open.ttl
    const leaseEndMs = this.leaseEndAt(owner, type, rrset)
    return leaseEndMs === undefined ? { ttl, rdatas } : { ttl, rdatas, leaseEndMs }
  }

  has(owner: Name, type: number): boolean {
    const open = this.openedAt(owner, type)
    return open !== undefined ? open.size > 0 : this.rrsetAt(owner, type) !== 0
  }

  holds(owner: Name, type: number, rdata: Uint8Array): boolean {
    const known = this.openedAt(owner, type)
    // what is looked for in a large set is likely to be added or removed next, and then it has been found already
    const open = known ?? (this.count(owner, type) >= LEFT_FROM ? this.open(owner, type) : undefined)
    if (open !== undefined) {
      const held = open.held(placeKey(type, rdata), rdata)
      return held !== undefined && isSameRdata(type, held, rdata)
    }
    const rrset = this.rrsetAt(owner, type)
    return rrset !== 0 && findRecord(this.image, rrset, rdata, rdata.length) !== 0
  }

  count(owner: Name, type: number): number {
    const open = this.openedAt(owner, type)
    if (open !== undefined) return open.size
    const rrset = this.rrsetAt(owner, type)
    return rrset === 0 ? 0 : this.image.recordsIn(rrset)
  }

  types(owner: Name): number[] {
    const types: number[] = []
    const open = this.opened.get(owner.key)
    const node = this.nodeOf(owner)
    for (let link = node === 0 ? 0 : this.image.firstLink(node); link !== 0; link = this.image.nextLink(link)) {
      const type = this.image.typeOf(this.image.rrsetAt(link))
      if (open?.some((set) => set.type === type) !== true && !types.includes(type)) types.push(type) // RRSIG is several sets of one type
    }
    if (open !== undefined) for (const set of open) if (set.size > 0) types.push(set.type)
    return types
  }

  ttlOf(owner: Name, type: number): number | undefined {
    const open = this.openedAt(owner, type)
    if (open !== undefined) return open.size === 0 ? undefined : open.ttl
    const rrset = this.rrsetAt(owner, type)
    return rrset === 0 ? undefined : this.image.ttlOf(rrset)
  }

  leaseEndOf(owner: Name, type: number): number | undefined {
    return this.leaseEndAt(owner, type, this.rrsetAt(owner, type))
  }

  /** TTL of the record in the image below the draft; undefined where it does not stand there. */
  fileTtlOf({ owner, type, rdata }: { owner: Name; type: number; rdata: Uint8Array }): number | undefined {
    const rrset = this.rrsetAt(owner, type)
    if (rrset === 0) return undefined
    return findRecord(this.image, rrset, rdata, rdata.length) === 0 ? undefined : this.image.ttlOf(rrset)
  }

  /** SERIAL of the zone as it stands in the draft (RFC 1035 3.3.13). */
  get serial(): Serial {
    const soa = this.rrset(this.apex, TYPE.SOA)
    return soa === undefined ? 0 : serialIn(soa.rdatas[0])
  }

  // ---- Changing ----

  add(owner: Name, type: number, ttl: number, rdata: Uint8Array, leased = false): boolean {
    if (this.refuses(owner, type) || this.refusesSoaAt(owner, type) || this.refusesBesideCname(owner, type)) return false
    const set = this.open(owner, type)
    const key = placeKey(type, rdata)
    const held = set.held(key, rdata)
    if (held !== undefined && set.ttl === ttl && isSameRdata(type, held, rdata)) return false
    if (!this.hasRoom(set, held, rdata)) return false
    if (set.ttl !== ttl) this.changeTtl(set, ttl, key)
    if (held !== undefined) this.changes.push({ kind: 'removed', owner, type, ttl: set.ttl, rdata: held, leased })
    this.changes.push({ kind: 'added', owner, type, ttl, rdata, leased })
    this.step(set, key, held, rdata, ttl)
    return true
  }

  remove(owner: Name, type: number, rdata: Uint8Array, leased = false): boolean {
    if (this.refuses(owner, type) || !this.has(owner, type)) return false
    const set = this.open(owner, type)
    const key = placeKey(type, rdata)
    const held = set.held(key, rdata)
    if (held === undefined || !isSameRdata(type, held, rdata)) return false
    this.drop(set, key, held, leased)
    return true
  }

  removeRRset(owner: Name, type: number, leased = false): boolean {
    if (this.refuses(owner, type) || !this.has(owner, type)) return false
    const set = this.open(owner, type)
    for (const [key, held] of [...set.all()]) this.drop(set, key, held, leased)
    return true
  }

  removeName(owner: Name, leased = false): boolean {
    const isApex = isSameName(owner, this.apex)
    let removed = false
    for (const type of this.types(owner)) {
      if (isApex && (type === TYPE.SOA || type === TYPE.NS)) continue // RFC 2136 3.4.2.3
      if (!isProofType(type)) removed = this.removeRRset(owner, type, leased) || removed
    }
    return removed
  }

  setLeaseEnd(owner: Name, type: number, leaseEndMs: number | undefined): void {
    if (!this.has(owner, type) || this.leaseEndOf(owner, type) === leaseEndMs) return
    const leaseId = leaseIdOf(owner, type)
    this.steps.push({ leaseId, lease: this.leases.get(leaseId) })
    this.leases.set(leaseId, { owner, type, endMs: leaseEndMs })
  }

  /** Makes `serial` that of the zone; no change of the update's, so that it is not undone with it (RFC 2136 3.6). */
  setSerial(serial: Serial): void {
    this.stepped = serial
  }

  /** Makes this the SOA of the zone; for what is no update. */
  putSoa(ttl: number, rdata: Uint8Array): void {
    const set = this.open(this.apex, TYPE.SOA)
    set.put('', rdata, set.held('', rdata))
    set.ttl = ttl
    set.isChanged = true
  }

  // ---- The transaction ----

  /** Starts an update: what comes is undone by `undo`, what was before is not. */
  mark(): void {
    this.isTouched ||= this.steps.length > 0
    this.changes = []
    this.steps = []
    this.refusal = undefined
    this.lastOwner = undefined
    this.newNamesAtMark = this.newNames
  }

  /** Undoes all changes since the mark. */
  undo(): void {
    for (let i = this.steps.length - 1; i >= 0; i--) {
      const step = this.steps[i]
      if ('set' in step) undoRecord(step)
      else if (step.lease === undefined) this.leases.delete(step.leaseId)
      else this.leases.set(step.leaseId, step.lease)
    }
    this.newNames = this.newNamesAtMark
    this.steps = []
    this.mark()
  }

  /** Writes what has changed since `clear`, in the editor's transaction. ImageFull where the block has no room: it can be written again elsewhere. */
  writeTo(editor: ZoneEditor): void {
    this.writeSerial()
    for (const sets of this.opened.values()) for (const set of sets) if (set.isChanged) set.writeTo(editor)
    for (const { owner, type, endMs } of this.leases.values()) editor.setLeaseEnd(owner.wire, type, endMs === undefined ? 0 : Math.floor(endMs / 1_000))
  }

  /** Forgets what was changed: it stands in the image, or shall never. */
  clear(): void {
    // a cleared Map's old table leads to its new one, so that one table that has grown old would keep those of all later batches from the garbage
    if (this.opened.size > 0) this.opened = new Map()
    if (this.leases.size > 0) this.leases = new Map()
    this.newNames = 0
    this.stepped = undefined
    this.mark()
    this.isTouched = false
  }

  /** Goes on above another image of the same zone; what has changed stays. */
  rebase(image: ZoneImage): void {
    this.image = image
    this.lookup = new LookupName(image.words[HEADER.seed])
    this.lastOwner = undefined
  }

  // ---- Helpers ----

  private nodeOf(owner: Name): NodeId {
    if (owner !== this.lastOwner) {
      this.lookup.loadOnce(owner.wire)
      this.lastNode = this.image.nodeOf(this.lookup)
      this.lastOwner = owner
    }
    return this.lastNode
  }

  private leaseEndAt(owner: Name, type: number, rrset: RRsetId): number | undefined {
    const moved = this.leases.size === 0 ? undefined : this.leases.get(leaseIdOf(owner, type))
    if (moved !== undefined) return moved.endMs
    const seconds = rrset === 0 ? 0 : this.image.leaseEndOf(rrset)
    return seconds === 0 ? undefined : seconds * 1_000
  }

  /** The RRset in the image below; 0 where it has none. */
  private rrsetAt(owner: Name, type: number): RRsetId {
    const node = this.nodeOf(owner)
    return node === 0 ? 0 : this.image.rrsetOf(node, type)
  }

  private openedAt(owner: Name, type: number): OpenRRset | undefined {
    if (type === TYPE.SOA) this.writeSerial()
    return this.opened.get(owner.key)?.find((set) => set.type === type)
  }

  private writeSerial(): void {
    const { stepped } = this
    this.stepped = undefined
    const set = stepped === undefined ? undefined : this.open(this.apex, TYPE.SOA)
    const [held] = set?.all().values() ?? []
    if (set === undefined || stepped === undefined || held === undefined || serialIn(held) === stepped) return
    const rdata = Uint8Array.from(held)
    new DataView(rdata.buffer).setUint32(serialAt(rdata), stepped)
    this.putSoa(set.ttl, rdata)
  }

  private open(owner: Name, type: number): OpenRRset {
    const held = this.openedAt(owner, type)
    if (held !== undefined) return held
    const set = new OpenRRset(owner, type)
    const sets = this.opened.get(owner.key)
    if (sets === undefined) this.opened.set(owner.key, [set])
    else sets.push(set)
    const rrset = this.rrsetAt(owner, type)
    if (rrset !== 0) set.load(this.image, rrset)
    return set
  }

  private step(set: OpenRRset, key: string, held: Uint8Array | undefined, rdata: Uint8Array | undefined, ttl: number): void {
    this.steps.push({ set, key, rdata: held, now: rdata, ttl: set.ttl, isChanged: set.isChanged })
    set.put(key, rdata, held)
    set.ttl = ttl
    set.isChanged = true
  }

  private drop(set: OpenRRset, key: string, held: Uint8Array, leased: boolean): void {
    this.changes.push({ kind: 'removed', owner: set.owner, type: set.type, ttl: set.ttl, rdata: held, leased })
    this.step(set, key, held, undefined, set.ttl)
  }

  /** All records of an RRset have one TTL (RFC 2181 5.2): those beside the one of `key` get the new one. */
  private changeTtl(set: OpenRRset, ttl: number, key: string): void {
    for (const [other, rdata] of set.all()) {
      if (other === key) continue
      const { owner, type } = set
      this.changes.push({ kind: 'removed', owner, type, ttl: set.ttl, rdata, leased: false }, { kind: 'added', owner, type, ttl, rdata, leased: false })
    }
  }

  // ---- Refusing ----

  private refuses(owner: Name, type: number): boolean {
    if (!isWithin(owner, this.apex)) return this.refuse(RCODE.NOTZONE, EDE.OTHER, `${owner} is outside of the zone`)
    if (isProofType(type)) return this.refuse(RCODE.REFUSED, EDE.NOT_SUPPORTED, `${printType(type)} cannot be changed by update`)
    return false
  }

  private refusesSoaAt(owner: Name, type: number): boolean {
    return type === TYPE.SOA && !isSameName(owner, this.apex) && this.refuse(RCODE.REFUSED, EDE.OTHER, 'SOA stands at the apex only')
  }

  /** A CNAME stands alone at its name (RFC 1034 3.6.2, RFC 2181 10.1). The rules of RFC 2136 3.4.2.2 ignore such a record before it comes here. */
  private refusesBesideCname(owner: Name, type: number): boolean {
    const clashes = type === TYPE.CNAME ? this.types(owner).some((other) => other !== TYPE.CNAME) : this.has(owner, TYPE.CNAME)
    return clashes && this.refuse(RCODE.REFUSED, EDE.OTHER, `CNAME and other data at ${owner}`)
  }

  private hasRoom(set: OpenRRset, held: Uint8Array | undefined, rdata: Uint8Array): boolean {
    const { limits } = this
    const what = (): string => `${printType(set.type)} at ${set.owner}`
    const octets = set.octets + RECORD_HEAD_OCTETS + rdata.length - (held === undefined ? 0 : RECORD_HEAD_OCTETS + held.length)
    if (octets > limits.rrsetOctets(set.type)) return !this.refuse(RCODE.REFUSED, EDE.OTHER, `RRset too large: ${what()}`)
    if (held === undefined && set.size >= limits.rrsetRecords) return !this.refuse(RCODE.REFUSED, EDE.OTHER, `RRset has too many records: ${what()}`)
    if (set.size > 0 || !this.isNewName(set)) return true
    if (this.image.nodeCount + this.newNames >= limits.names) return !this.refuse(RCODE.REFUSED, EDE.OTHER, 'the zone has as many names as it may have')
    this.newNames++
    return true
  }

  private isNewName(set: OpenRRset): boolean {
    this.lookup.loadOnce(set.owner.wire)
    return this.image.nodeNamed(this.lookup) === 0
  }

  private refuse(rcode: number, infoCode: number, text: string): true {
    this.refusal ??= { rcode, ede: { infoCode, text }, reason: text }
    return true
  }
}

function undoRecord({ set, key, rdata, now, ttl, isChanged }: RecordStep): void {
  set.put(key, rdata, now)
  set.ttl = ttl
  set.isChanged = isChanged
}

function leaseIdOf(owner: Name, type: number): string {
  return `${type} ${owner.key}`
}
