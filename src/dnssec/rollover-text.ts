/**
 * What is tracked of a trust anchor (rollover.ts) as text, to be kept on a disk and read by people: a DNSKEY record for each key, its state
 * behind it. Keys that are waited for must outlast a restart, or no hold-down would ever end (RFC 5011 2.4).
 *
 *     ; next query 2027-01-15T20:00:00Z
 *     . 0 IN DNSKEY 257 3 8 AwEAAaz/tAm8… ; valid
 *     . 0 IN DNSKEY 257 3 8 AwEAAa96jeuk… ; waiting until 2027-02-14T08:00:00Z
 */
import { TYPE } from '../dns/codes.ts'
import { TextFault } from '../dns/faults.ts'
import { MAX_TRACKED_KEYS } from '../dns/limits-resolver.ts'
import type { DnsRecord } from '../dns/message.ts'
import { parseRecord, printRecord } from '../dns/record-text.ts'
import type { KeyState, TrackedKey, Tracking } from './rollover.ts'

const STATES: ReadonlySet<string> = new Set<KeyState>(['waiting', 'valid', 'missing', 'revoked', 'removed'])

/** The text of what is tracked, as RFC 5011 2.4 wants it kept. */
export function printTracking({ zone, keys, nextQuery }: Tracking): string {
  const lines = keys.map(({ rdata, state, until }) => {
    const record = printRecord({ name: zone, type: TYPE.DNSKEY, class: 1, ttl: 0, rdata })
    return `${record} ; ${state}${until > 0 ? ` until ${printTime(until)}` : ''}`
  })
  return [`; next query ${printTime(nextQuery)}`, ...lines, ''].join('\n')
}

function printTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '')
}

/** What was tracked by the text of `file`. TextFault where it is none of ours, so that a damaged file is never taken for fewer anchors. */
export function parseTracking(text: string, file: string): Tracking {
  const lines = text.split('\n')
  const next = /^; next query (\S+)$/.exec(lines[0])
  if (next === null) throw faultAt(file, 1, 'must start "; next query" and a time')
  const nextQuery = parseTime(next[1], file, 1)
  const found = lines.flatMap((line, i) => (i === 0 || line.trim() === '' ? [] : [parseLine(line, file, i + 1)]))
  const [first] = found
  if (found.length === 0) throw faultAt(file, 2, 'must hold a key')
  if (found.length > MAX_TRACKED_KEYS) throw faultAt(file, MAX_TRACKED_KEYS + 2, `must hold ${MAX_TRACKED_KEYS} keys at most`)
  const other = found.findIndex(({ record }) => !record.name.equals(first.record.name))
  if (other >= 0) throw faultAt(file, other + 2, 'must hold keys of one zone only')
  return { zone: first.record.name, keys: found.map(({ key }) => key), nextQuery }
}

function parseLine(line: string, file: string, number: number): { record: DnsRecord; key: TrackedKey } {
  const parts = /^([^;]+) ; (\w+)(?: until (\S+))?$/.exec(line)
  if (parts === null || !STATES.has(parts[2])) throw faultAt(file, number, 'must be a DNSKEY record and its state')
  const record = parseAt(parts[1], file, number)
  if (record.type !== TYPE.DNSKEY) throw faultAt(file, number, 'must be a DNSKEY record and its state')
  const until = parts[3] === undefined ? 0 : parseTime(parts[3], file, number)
  return { record, key: { rdata: record.rdata, state: parts[2] as KeyState, until } }
}

function parseAt(text: string, file: string, line: number): DnsRecord {
  try {
    return parseRecord(text)
  } catch (fault) {
    if (!(fault instanceof TextFault)) throw fault
    throw new TextFault(fault.message, { file, line, column: fault.column })
  }
}

function parseTime(text: string, file: string, line: number): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw faultAt(file, line, `has the time "${text}", which must be one such as 2027-01-15T08:00:00Z`)
  return Math.floor(ms / 1000)
}

function faultAt(file: string, line: number, what: string): TextFault {
  return new TextFault(`Cannot read tracked keys as the file ${what}`, { file, line, column: 1 })
}
