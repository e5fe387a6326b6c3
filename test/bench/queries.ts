/**
 * The queries of a row as the generators read them: each behind its length, with RD clear, EDNS 1232 as
 * resolvers send it, DO where the row is signed, and ID 0 for the generator to fill.
 */
import { writeFileSync } from 'node:fs'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { DEFAULT_UDP_OCTETS } from '../../src/dns/limits.ts'
import { chanceOf, type Row } from './rows.ts'
import { apexOf } from './zones.ts'

/** One query of `row` for `name` below its zone. */
export function encodeQuery(row: Row, name: string, type: number): Buffer {
  return encodeNamed(`${name}.${apexOf(row.zone)}`, type, row.dnssecOk)
}

/** One query for the absolute `name`. */
export function encodeNamed(name: string, type: number, dnssecOk = false): Buffer {
  const qname = Buffer.concat(name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])))
  const query = Buffer.alloc(12 + qname.length + 4 + 11)
  query[5] = 1 // QDCOUNT
  query[11] = 1 // ARCOUNT
  qname.copy(query, 12)
  let at = 12 + qname.length
  at = query.writeUInt16BE(type, at)
  at = query.writeUInt16BE(CLASS.IN, at) + 1 // OPT is owned by the root (RFC 6891 6.1.2)
  at = query.writeUInt16BE(TYPE.OPT, at)
  at = query.writeUInt16BE(DEFAULT_UDP_OCTETS, at)
  query[at + 2] = dnssecOk ? 0x80 : 0
  return query
}

/** Writes the queries of `row` to `file`. */
export function writeQueries(row: Row, file: string): void {
  writeFramed(sampleQueries(row, row.queries), file)
}

/** Writes `queries` to `file`, each behind its length. */
export function writeFramed(queries: readonly Buffer[], file: string): void {
  writeFileSync(file, Buffer.concat(queries.flatMap((query) => [Buffer.from([query.length >> 8, query.length & 255]), query])))
}

/** The first `count` queries of `row`: a sample to check answers with. */
export function sampleQueries(row: Row, count: number): Buffer[] {
  const chance = chanceOf(row)
  return Array.from({ length: count }, () => encodeQuery(row, ...row.draw(chance)))
}
