/**
 * A few octets that tell whether two images hold the same records, whatever their order and wherever they stand in their
 * blocks: by these a server knows at its start whether a zone file has changed since. Chance alone makes two zones
 * alike once in 2^64; who may write the file needs no collision to change what is served.
 */
import type { ZoneImage } from './image.ts'
import { RECORD_HEAD_OCTETS } from './layout.ts'

/** Octets of a fingerprint. */
export const FINGERPRINT_OCTETS = 8

const [BASE_A, BASE_B] = [0x811c_9dc5, 0x1b87_3593]
const [PRIME_A, PRIME_B] = [0x0100_0193, 0x85eb_ca6b]
/** Octets of a record's head that say nothing of it: the pointer to the question's name. */
const POINTER_OCTETS = 2

/** The fingerprint of what `image` holds for the reader: owners without case, types, TTLs and RDATA as they stand. */
export function fingerprintOf(image: ZoneImage): Uint8Array {
  let [sumA, sumB] = [0, 0]
  const { octets } = image
  image.forEachNode((node) => {
    const nameAt = image.foldedNameAt(node)
    const nameEnd = nameAt + image.nameLength(node)
    const ownerA = hash(octets, nameAt, nameEnd, BASE_A, PRIME_A)
    const ownerB = hash(octets, nameAt, nameEnd, BASE_B, PRIME_B)
    for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) {
      const rrset = image.rrsetAt(link)
      const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
      for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) {
        const recordEnd = at + RECORD_HEAD_OCTETS + image.rdataLength(at)
        sumA = (sumA + hash(octets, at + POINTER_OCTETS, recordEnd, ownerA, PRIME_A)) | 0
        sumB = (sumB + hash(octets, at + POINTER_OCTETS, recordEnd, ownerB, PRIME_B)) | 0
      }
    }
  })
  const fingerprint = new Uint8Array(FINGERPRINT_OCTETS)
  const view = new DataView(fingerprint.buffer)
  view.setInt32(0, sumA)
  view.setInt32(4, sumB)
  return fingerprint
}

function hash(octets: Uint8Array, from: number, to: number, start: number, prime: number): number {
  let h = start
  for (let at = from; at < to; at++) h = Math.imul(h ^ octets[at], prime)
  h ^= h >>> 16 // sums are taken of these: every bit must hang on every octet
  h = Math.imul(h, PRIME_B)
  return h ^ (h >>> 13)
}
