/**
 * Our text and octets of every record type held against those of BIND, Knot, NSD and ldns: what we print they
 * read, what they print we read, and octet for octet it is the same record.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { printType } from '../../src/dns/codes.ts'
import type { DnsRecord } from '../../src/dns/message.ts'
import { printGenericRdata } from '../../src/dns/rdata.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { VECTORS } from './vectors.ts'

const folder = mkdtempSync(`${tmpdir()}/waggle-peers-`)
after(() => rmSync(folder, { recursive: true }))

const OURS = ['AGENT', 'SENSE', 'TASK']
/** Types that no zone may hold, or only at its apex. */
const NOT_IN_ZONES = ['TSIG', 'TKEY', 'SOA']

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }

function missing(program: string): string | false {
  return spawnSync('which', [program], { env }).status === 0 ? false : `needs ${program}`
}

function run(program: string, args: string[], input = ''): { status: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { env, input, encoding: 'utf8', timeout: 30_000 })
  return { status, out: stdout + stderr }
}

/** One record of each vector but of the types left out, each at an owner of its own, so that no two conflict. */
function recordsWithout(...leftOut: string[]): DnsRecord[] {
  return VECTORS.filter(([text]) => ![...NOT_IN_ZONES, ...leftOut].includes(text.split(' ')[0])).map(([text], i) => parseRecord(`r${i}.example. 60 IN ${text}`))
}

/** The record as others read it: our own types by number and as octets (RFC 3597 5). */
function lineOf(record: DnsRecord): string {
  if (!OURS.includes(printType(record.type))) return printRecord(record)
  return `${record.name.toString()} ${record.ttl} IN TYPE${record.type} ${printGenericRdata(record.rdata)}`
}

function writeZone(records: readonly DnsRecord[]): string {
  const path = `${folder}/example.zone`
  const head = ['example. 60 IN SOA ns1.example. host.example. 1 7200 900 1209600 300', 'example. 60 IN NS ns1.example.', 'ns1.example. 60 IN A 192.0.2.53']
  writeFileSync(path, [...head, ...records.map(lineOf), ''].join('\n'))
  return path
}

/** What a peer wrote, one record a line, is what it was given. */
function assertSame(written: string, records: readonly DnsRecord[]): void {
  const lines = written.split('\n').filter((line) => /^r\d+\./.test(line))
  const byOwner = new Map(lines.map((line) => [line.split(/\s/, 1)[0], line]))
  for (const record of records) {
    const line = byOwner.get(record.name.toString())
    assert.ok(line !== undefined, `${printRecord(record)} is there`)
    assert.deepEqual(parseRecord(line), record, line)
  }
}

test('BIND gives the octets of every vector that it knows', { skip: missing('named-rrchecker') }, () => {
  for (const [text, hex] of VECTORS) {
    const [type] = text.split(' ', 1)
    if (['TSIG', 'TKEY', ...OURS].includes(type)) continue
    const { status, out } = run('named-rrchecker', ['-u'], `IN ${text}\n`)
    assert.equal(status, 0, `${text}: ${out}`)
    assert.equal(out.split('\\# ')[1].split(' ')[1]?.trim() ?? '', hex, text)
  }
})

test('BIND reads a zone of every type as we print it, and prints it so that we read the same', { skip: missing('named-compilezone') }, () => {
  const records = recordsWithout('MD', 'MF') // obsolete: not allowed in a zone
  const { status, out } = run('named-compilezone', ['-i', 'none', '-k', 'ignore', '-F', 'text', '-o', `${folder}/bind.out`, 'example.', writeZone(records)])
  assert.equal(status, 0, out)
  assertSame(readFileSync(`${folder}/bind.out`, 'utf8'), records)
})

test('ldns reads every type that it knows as we print it, and prints it so that we read the same', { skip: missing('ldns-read-zone') }, () => {
  const records = recordsWithout('AMTRELAY', 'AVC', 'RESINFO', 'HIP', 'MD', 'MF')
  const { status, out } = run('ldns-read-zone', [writeZone(records)])
  assert.equal(status, 0, out)
  assertSame(out, records)
})

test('NSD reads every type that it knows as we print it', { skip: missing('nsd-checkzone') }, () => {
  const { status, out } = run('nsd-checkzone', ['example.', writeZone(recordsWithout('AMTRELAY', 'RESINFO', 'HIP', 'MD', 'MF', 'SIG'))])
  assert.equal(status, 0, out)
})

test('Knot reads every type as we print it, but for those that it says it does not support', { skip: missing('kzonecheck') }, () => {
  const path = writeZone(recordsWithout('SIG'))
  const lines = readFileSync(path, 'utf8').split('\n')
  const { out } = run('kzonecheck', ['-d', 'off', '-v', '-o', 'example.', path])
  const refused = [...out.matchAll(/line (\d+) \(([^)]*)\)/g)].map(([, line, reason]) => `${lines[Number(line) - 1]}: ${reason}`)
  assert.deepEqual(refused.filter((text) => !text.endsWith('unsupported record type')), [])
  assert.ok(refused.length < lines.length / 2, refused.join('\n'))
})
