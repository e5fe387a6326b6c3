/**
 * The rows of the table: what is asked, of which zone, over what, and what every server must answer. A row's
 * queries are drawn by a seeded chance, so that all servers, and all runs, get the same.
 */
import { RCODE, TYPE } from '../../src/dns/codes.ts'
import { Chance } from '../battery/chance.ts'

/** Zones of the bench (zones.ts). */
export type ZoneId = 'plain' | 'signed' | 'million'

/** What an answer must be to count as right; counts are least numbers of records. */
export interface Expected {
  rcode: number
  authoritative: boolean
  answers: number
  authorities: number
  additionals: number
}

/** How a row is driven: windows of datagrams, connections with many queries on their way, or a connection for each. */
export type Drive = 'udp' | 'tcp-pipelined' | 'tcp-each'

/** One row of the table. */
export interface Row {
  id: RowId
  title: string
  zone: ZoneId
  drive: Drive
  workers: 1 | 2
  dnssecOk: boolean
  /** Queries drawn; the generator starts again behind the last. */
  queries: number
  /** A name below the zone and a type. */
  draw: (chance: Chance) => readonly [string, number]
  expected: Expected
}

/** Names of rows, as `--rows` takes them. */
export type RowId = 'hit' | 'nxdomain' | 'referral' | 'wildcard' | 'nodata' | 'cname' | 'signed' | 'signed-nx' | 'tcp' | 'tcp-each' | 'two' | 'million'

/** Numbers of names in the zones, by kind (zones.ts makes them, rows ask for them). */
export const SIZES = { hosts: 10_000, cuts: 1_000, wildcards: 100, aliases: 1_000, million: 1_000_000 } as const

const QUERIES = 60_000

/** Owner of host `i`. */
export function hostName(i: number): string {
  return `h${String(i).padStart(7, '0')}`
}

const answered: Expected = { rcode: RCODE.NOERROR, authoritative: true, answers: 1, authorities: 0, additionals: 0 }
const denied: Expected = { rcode: RCODE.NXDOMAIN, authoritative: true, answers: 0, authorities: 1, additionals: 0 }
const host = (chance: Chance) => [hostName(chance.below(SIZES.hosts)), TYPE.A] as const
const absent = (chance: Chance) => [`x${chance.below(10_000_000)}`, TYPE.A] as const

function udp(id: RowId, title: string, draw: Row['draw'], expected: Expected): Row {
  return { id, title, zone: 'plain', drive: 'udp', workers: 1, dnssecOk: false, queries: QUERIES, draw, expected }
}

/** All rows, in the order of the page. */
export const ROWS: readonly Row[] = [
  udp('hit', 'hit', host, answered),
  udp('nxdomain', 'NXDOMAIN', absent, denied),
  udp('referral', 'referral with glue', (chance) => [`www.d${chance.below(SIZES.cuts)}`, TYPE.A], { rcode: RCODE.NOERROR, authoritative: false, answers: 0, authorities: 2, additionals: 4 }),
  udp('wildcard', 'wildcard', (chance) => [`x${chance.below(10_000_000)}.w${chance.below(SIZES.wildcards)}`, TYPE.A], answered),
  udp('nodata', 'NODATA', (chance) => [hostName(chance.below(SIZES.hosts)), TYPE.AAAA], { ...denied, rcode: RCODE.NOERROR }),
  udp('cname', 'CNAME and its target', (chance) => [`c${chance.below(SIZES.aliases)}`, TYPE.A], { ...answered, answers: 2 }),
  { ...udp('signed', 'signed hit, DO', host, { ...answered, answers: 2 }), zone: 'signed', dnssecOk: true },
  { ...udp('signed-nx', 'signed NXDOMAIN, DO', absent, { ...denied, authorities: 6 }), zone: 'signed', dnssecOk: true },
  { ...udp('tcp', 'hit over TCP, pipelined', host, answered), drive: 'tcp-pipelined' },
  { ...udp('tcp-each', 'hit over TCP, a connection each', host, answered), drive: 'tcp-each' },
  { ...udp('two', 'hit, two workers', host, answered), workers: 2 },
  { ...udp('million', 'hit, a million names', (chance) => [hostName(chance.below(SIZES.million)), TYPE.A], answered), zone: 'million', queries: 500_000 },
]

/** The row of that name. */
export function rowOf(id: RowId): Row {
  return ROWS.find((row) => row.id === id) as Row
}

/** A new source of a row's draws, always the same. */
export function chanceOf(row: Row): Chance {
  return new Chance(ROWS.indexOf(row) + 1)
}
