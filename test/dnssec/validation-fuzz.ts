/** Zones, signatures and keys broken at random: what the short run and the long one share. */
import assert from 'node:assert/strict'
import { TYPE } from '../../src/dns/codes.ts'
import { MAX_FAILED_VERIFICATIONS, MAX_HASH_ROUNDS_PER_QUESTION, MAX_VERIFICATIONS_PER_QUESTION } from '../../src/dns/limits-resolver.ts'
import { decodeMessage, encodeMessage, makeMessage, type DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { checkAbsence } from '../../src/dnssec/check-absence.ts'
import { checkKeys } from '../../src/dnssec/check-keys.ts'
import { checkRRset } from '../../src/dnssec/check-rrset.ts'
import { Chance } from '../battery/chance.ts'
import { writeMutation } from '../battery/mutate.ts'
import { judgeAt } from './judging.ts'
import { recordsOf, setIn, signZone, type SignedZone } from './zone-signer.ts'

const TEXT = 'example. NS ns.example.\nwww.example. A 192.0.2.1\nwww.example. A 192.0.2.2\n*.w.example. MX 1 www.example.\nsub.example. NS ns.sub.example.\nx.y.example. TXT "z"'
const zones = [signZone('example.', TEXT), signZone('example.', TEXT, { denial: 'nsec3', iterations: 2 }), signZone('example.', TEXT, { denial: 'opt-out', keys: [{ algorithm: 13, flags: 257, which: 0 }] })]

/** What is true of every one of the zones: names with types that are, and names that are not. */
const PRESENT: readonly [string, number][] = [['www.example.', TYPE.A], ['example.', TYPE.NS], ['x.y.example.', TYPE.TXT]]

/** A message that carries records of a zone, as octets to be broken. */
function messageOf(zone: SignedZone, chance: Chance): Buffer {
  const start = chance.below(zone.records.length)
  const records = [...zone.records.slice(start), ...zone.records.slice(0, start)].slice(0, 12)
  return Buffer.from(encodeMessage(makeMessage({ response: true, answers: records })))
}

/** Breaks `count` messages and lets what is left of them be judged; false claims never hold, nothing is thrown, and the account is never overdrawn. */
export function breakMessages(count: number, seed: number): { read: number; proven: number } {
  const chance = new Chance(seed)
  const corpora = zones.map((zone) => ({ zone, corpus: Array.from({ length: 8 }, () => messageOf(zone, chance)) }))
  const [out, tally] = [Buffer.alloc(65_535), { read: 0, proven: 0 }]
  for (let i = 0; i < count; i++) {
    const { zone, corpus } = chance.pick(corpora)
    const records = readRecords(out.subarray(0, writeMutation(out, corpus, chance)))
    if (records === undefined) continue
    tally.read++
    if (judgeAll(zone, records)) tally.proven++
  }
  return tally
}

function readRecords(octets: Uint8Array): DnsRecord[] | undefined {
  try {
    return decodeMessage(new Uint8Array(octets)).answers
  } catch (fault) {
    if (fault instanceof Error && fault.name === 'WireFault') return undefined
    throw fault
  }
}

/** Whether any set was proven; and then it is one of the zone's, octet for octet but for letters. */
function judgeAll(zone: SignedZone, records: readonly DnsRecord[]): boolean {
  const judge = judgeAt()
  const keys = { zone: zone.apex, keys: zone.dnskeys }
  const known = new Set(zone.records.map(plain))
  let isAnyProven = false
  for (const { name, type } of records) {
    const set = { ...setIn({ ...zone, records }, name.toString(), type), name, type }
    if (set.records.length === 0) continue
    const found = checkRRset(set, keys, judge)
    if (found.kind === 'proven' && found.encloser === undefined) for (const record of set.records) assert.ok(known.has(plain(record)), `${plain(record)} is none of the zone's`)
    isAnyProven ||= found.kind === 'proven'
    if (type === TYPE.DNSKEY) checkKeys(set, { digests: recordsOf(zone.ds).map(({ rdata }) => rdata), keys: [] }, judge)
  }
  for (const [name, type] of PRESENT) {
    assert.notEqual(checkAbsence(records, { kind: 'nodata', name: Name.parse(name), type }, keys, judgeAt()).kind, 'absent', `${name} is denied`)
    assert.notEqual(checkAbsence(records, { kind: 'nxdomain', name: Name.parse(name) }, keys, judgeAt()).kind, 'absent', `${name} is denied`)
  }
  const { verifications, failures, rounds } = judge.effort
  assert.ok(verifications <= MAX_VERIFICATIONS_PER_QUESTION && failures <= MAX_FAILED_VERIFICATIONS && rounds <= MAX_HASH_ROUNDS_PER_QUESTION)
  return isAnyProven
}

/** Without TTL, which may count down, and without letters, which are not signed. */
function plain(record: DnsRecord): string {
  return printRecord({ ...record, ttl: 0 }).toLowerCase()
}
