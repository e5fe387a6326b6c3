/** A table of candidates taken over into a larger one; what stays empty is not written there, as memory that nobody has written costs nothing. */
import { HANDED_HISTORY, READING_HISTORY } from '../../dns/limits-discovery.ts'
import type { CandidateTable } from './candidates.ts'
import type { Heap } from './heap.ts'
import { DOUBLES, HISTORY, TABLE, WORDS } from './table-layout.ts'

/** Words looked at together: those of half a page of memory. */
const STRIDE = 512

/** Copies the first `count` entries of all columns, and what the header says of them. */
export function copyColumns(old: CandidateTable, table: CandidateTable, count: number): void {
  for (const name of DOUBLES) copyUsed(old.f64[name], table.f64[name], count)
  for (const name of WORDS) if (!name.endsWith('Next')) copyUsed(old.i32[name], table.i32[name], count)
  old.claims.forEach((column, i) => copyUsed(column, table.claims[i], count))
  old.readings.forEach((column, i) => copyUsed(column, table.readings[i], count))
  copyUsed(old.handedTimes, table.handedTimes, count * HANDED_HISTORY)
  copyUsed(old.history, table.history, count * READING_HISTORY * HISTORY.doubles)
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
  for (let at = 0; at < end; at += STRIDE) {
    const part = from.subarray(at, Math.min(end, at + STRIDE))
    if (part.some((value) => value !== 0)) to.set(part, at)
  }
}
