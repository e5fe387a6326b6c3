/**
 * A zone as text (RFC 1035 5): parsed again, it gives the same zone. Names in canonical order, the SOA first, then
 * types by number, each with its signatures right behind it, records by their canonical RDATA: two prints of
 * equal zones are equal texts, so that they can be compared by diff. The text comes in pieces, as a zone of
 * millions would not fit one string.
 *
 *     full       www.example.com.          60 IN A     192.0.2.1
 *     relative   $ORIGIN example.com.
 *                www                       60 IN A     192.0.2.1
 *                                          60 IN AAAA  2001:db8::1
 */
import { printClass, printType, TYPE } from '../dns/codes.ts'
import type { DnsRecord } from '../dns/message.ts'
import { countLabels, printName } from '../dns/name.ts'
import { canonicalRdata, printRdata } from '../dns/rdata.ts'
import { nodesInOrder } from './canonical.ts'
import type { NodeId, RRsetId, ZoneImage } from './image.ts'

/** How to print. */
export interface PrintOptions {
  /** Owners relative to the zone's name, and blank where they repeat; else each line is complete by itself. */
  relative?: boolean
}

/** Characters of one piece, about: few enough to send, many enough to be quick. */
const PIECE = 65_536
const OWNER_COLUMN = 24
const TTL_COLUMN = 7
const TYPE_COLUMN = 6

/** The text of the zone in pieces of about 64 KiB, each ending with a newline. */
export function* printZone(image: ZoneImage, options: PrintOptions = {}): Generator<string, void> {
  const relative = options.relative ?? false
  let piece = relative ? `$ORIGIN ${printName(image.octets, image.nameAt(image.apex))}\n` : ''
  for (const node of nodesInOrder(image)) {
    let owner = printOwner(image, node, relative)
    for (const rrset of rrsetsInOrder(image, node)) {
      for (const line of rrsetLines(image, rrset)) {
        piece += `${owner.padEnd(OWNER_COLUMN)} ${line}\n`
        if (relative) owner = ''
        if (piece.length < PIECE) continue
        yield piece
        piece = ''
      }
    }
  }
  if (piece !== '') yield piece
}

function printOwner(image: ZoneImage, node: NodeId, relative: boolean): string {
  const at = image.nameAt(node)
  if (!relative) return printName(image.octets, at)
  if (node === image.apex) return '@'
  return printLabels(image.octets, at, countLabels(image.octets, at) - image.apexLabels)
}

/** The first `count` labels of the wire name at `at`, without a final dot. */
function printLabels(octets: Uint8Array, at: number, count: number): string {
  let end = at
  for (let i = 0; i < count; i++) end += octets[end] + 1
  const labels = new Uint8Array(end - at + 1) // ends with a root label, as printName wants it
  labels.set(octets.subarray(at, end))
  return printName(labels, 0).slice(0, -1)
}

/** SOA first, then types by number; the signatures of a type behind it. */
function rrsetsInOrder(image: ZoneImage, node: NodeId): RRsetId[] {
  const rrsets: RRsetId[] = []
  for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) rrsets.push(image.rrsetAt(link))
  return rrsets.sort((a, b) => rank(image, a) - rank(image, b))
}

function rank(image: ZoneImage, rrset: RRsetId): number {
  const type = image.typeOf(rrset)
  const isSignature = type === TYPE.RRSIG
  const about = isSignature ? image.coveredType(rrset) : type
  return (about === TYPE.SOA ? 0 : about * 2) + (isSignature ? 1 : 0)
}

/** What stands behind the owner, one line for each record, in canonical order (RFC 4034 6.3). */
function rrsetLines(image: ZoneImage, rrset: RRsetId): string[] {
  const type = image.typeOf(rrset)
  const head = printHead(image.ttlOf(rrset), image.class, type)
  const rdatas: Uint8Array[] = []
  const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
  for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) {
    rdatas.push(image.octets.subarray(image.rdataAt(at), image.rdataAt(at) + image.rdataLength(at)))
  }
  if (rdatas.length > 1) rdatas.sort((a, b) => Buffer.compare(canonicalRdata(type, a), canonicalRdata(type, b)))
  return rdatas.map((rdata) => `${head} ${printRdata(type, rdata)}`)
}

function printHead(ttl: number, rrClass: number, type: number): string {
  return `${String(ttl).padStart(TTL_COLUMN)} ${printClass(rrClass)} ${printType(type).padEnd(TYPE_COLUMN)}`
}

/** One record as a line of a zone that is printed in full, without its newline: `www.example.com.              60 IN A      192.0.2.1`. */
export function printZoneRecord({ name, ttl, class: rrClass, type, rdata }: DnsRecord): string {
  return `${name.toString().padEnd(OWNER_COLUMN)} ${printHead(ttl, rrClass, type)} ${printRdata(type, rdata)}`
}
