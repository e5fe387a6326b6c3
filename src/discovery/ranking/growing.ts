/** A table of candidates taken over into a larger one; what stays empty is not written there, as memory that nobody has written costs nothing. */
import { HANDED_HISTORY, READING_HISTORY } from '../../dns/limits-discovery.ts'
import type { CandidateTable } from './candidates.ts'
import type { Heap } from './heap.ts'
import { DOUBLES, HISTORY, TABLE, WORDS } from './table-layout.ts'

/** Elements looked at together: half a page of memory, or a page. */
const STRIDE = 512

/** Copies the first `count` entries of all columns, and what the header says of them. */
export function copyColumns(old: CandidateTable, table: CandidateTable, count: number): void {
  for (const name of DOUBLES) copyUsed(old.f64[name], table.f64[name], count)
  for (const name of WORDS) if (!name.endsWith('Next')) copyUsed(old.i32[name], table.i32[name], count)
  old.claims.forEach((column, i) => copyUsed(column, table.claims[i], count))
  old.readings.forEach((column, i) => copyUsed(column, table.readings[i], count))
  copyKept(old.i32.handedHead, old.handedTimes, table.handedTimes, HANDED_HISTORY, count)
  copyKept(old.i32.historyHead, old.history, table.history, READING_HISTORY * HISTORY.doubles, count)
  for (const word of [TABLE.index, TABLE.indexWriting, TABLE.top, TABLE.count, TABLE.values, TABLE.faces, TABLE.restored]) table.header[word] = old.header[word]
}

/** Links all slots in the chains of `table`, and writes their RDATA to `heap`, which is that of `table`. */
export function copyTexts(old: CandidateTable, { byAgent, byAlias, header, i32 }: CandidateTable, heap: Heap): void {
  for (let slot = 0; slot < header[TABLE.top]; slot++) {
    if (i32.agentKey[slot] !== 0) byAgent.relink(slot, i32.agentKey[slot])
    if (i32.aliasKey[slot] !== 0) byAlias.relink(slot, i32.aliasKey[slot])
    const at = old.i32.rdataAt[slot]
    if (i32.rdataLength[slot] > 0) i32.rdataAt[slot] = heap.write(old.heap.subarray(at, at + i32.rdataLength[slot]))
  }
}

function copyUsed<Column extends Int32Array | Float64Array>(from: Column, to: Column, count: number): void {
  const end = Math.min(count, from.length)
  const words = new Int32Array(from.buffer, from.byteOffset, from.byteLength >> 2)
  const wordsEach = from.BYTES_PER_ELEMENT >> 2
  for (let at = 0; at < end; at += STRIDE) {
    const next = Math.min(end, at + STRIDE)
    if (isWritten(words, at * wordsEach, next * wordsEach)) to.set(from.subarray(at, next), at)
  }
}

/** Copies the `each` elements of every slot whose ring has been begun, as its head tells: to look at the rings themselves would bring all of their pages into being. */
function copyKept<Column extends Int32Array | Float64Array>(heads: Int32Array, from: Column, to: Column, each: number, count: number): void {
  const end = Math.min(count, heads.length)
  for (let slot = 0, first = 0; slot <= end; slot++) {
    if (slot < end && heads[slot] !== 0) continue
    if (slot > first) to.set(from.subarray(first * each, slot * each), first * each)
    first = slot + 1
  }
}

/** Whether any of the words is not 0. By words for all columns: a test of each element by a function of its own was a twentieth of what 60,000 registrations cost. */
function isWritten(words: Int32Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) if (words[at] !== 0) return true
  return false
}
