/**
 * Damages valid messages in place, a few hundred nanoseconds each: the ways in which hostile traffic differs from
 * ordinary traffic, weighted towards what parsers get wrong (lengths, counts, compression pointers).
 */
import type { Chance } from './chance.ts'

const EDGES = [0, 1, 2, 11, 12, 13, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xfe, 0xff]
const WIDE_EDGES = [0, 1, 2, 12, 0x00ff, 0x0100, 0x3fff, 0x7fff, 0x8000, 0xc000, 0xc00c, 0xfffe, 0xffff]

type Damage = (out: Buffer, length: number, chance: Chance, corpus: readonly Buffer[]) => number

/** Each takes a message of `length` octets in `out`, damages it, and gives its new length. */
const DAMAGES: readonly Damage[] = [
  function flipBit(out, length, chance) {
    const at = chance.below(length)
    out[at] = (out[at] ?? 0) ^ (1 << chance.below(8))
    return length
  },
  function setOctet(out, length, chance) {
    out[chance.below(length)] = chance.pick(EDGES)
    return length
  },
  function setCount(out, length, chance) {
    if (length >= 12) out.writeUInt16BE(chance.percent(60) ? chance.below(6) : chance.pick(WIDE_EDGES), 4 + 2 * chance.below(4))
    return length
  },
  function setWide(out, length, chance) {
    if (length > 14) out.writeUInt16BE(chance.percent(50) ? chance.pick(WIDE_EDGES) : chance.below(length + 4), 12 + chance.below(length - 13))
    return length
  },
  function setPointer(out, length, chance) {
    if (length <= 14) return length
    const at = 12 + chance.below(length - 13)
    out.writeUInt16BE(0xc000 | (chance.percent(30) ? at : chance.percent(50) ? chance.below(at + 1) : chance.below(length + 8)), at)
    return length
  },
  function cutShort(_out, length, chance) {
    return chance.percent(20) ? chance.below(length + 1) : Math.max(0, length - 1 - chance.below(16))
  },
  function growTail(out, length, chance) {
    const grown = Math.min(out.length, length + 1 + chance.below(64))
    for (let at = length; at < grown; at++) out[at] = chance.next()
    return grown
  },
  function repeatTail(out, length, chance) {
    const from = chance.below(length)
    const grown = Math.min(out.length, length + (length - from))
    out.copyWithin(length, from, from + grown - length)
    return grown
  },
  function removeChunk(out, length, chance) {
    const from = chance.below(length)
    const count = Math.min(length - from, 1 + chance.below(12))
    out.copyWithin(from, from + count, length)
    return length - count
  },
  function splice(out, length, chance, corpus) {
    const other = chance.pick(corpus)
    const keep = chance.below(length + 1)
    const from = chance.below(other.length)
    const count = Math.min(out.length - keep, other.length - from)
    other.copy(out, keep, from, from + count)
    return keep + count
  },
  function setOpcode(out, length, chance) {
    if (length >= 4) out[2] = ((out[2] ?? 0) & 0x87) | (chance.below(16) << 3)
    return length
  },
  function flipResponse(out, length) {
    if (length >= 4) out[2] = (out[2] ?? 0) ^ 0x80
    return length
  },
]

/** Writes a damaged copy of some message of `corpus` to `out` and gives its length, 0 to `out.length`. One in ten stays whole. */
export function writeMutation(out: Buffer, corpus: readonly Buffer[], chance: Chance): number {
  const origin = chance.pick(corpus)
  let length = origin.copy(out)
  if (chance.percent(10)) return length
  for (let times = 1 + chance.below(4); times > 0 && length > 0; times--) length = chance.pick(DAMAGES)(out, length, chance, corpus)
  return length
}
