/**
 * Not a test: prints how long a zone of a million records (or the number given) takes to parse, and to load
 * into an image, in CPU seconds. Beside it Knot and BIND may be timed on the same file:
 *
 *     node dist/test/bench/parse-million.js [records] [file]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLASS } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { parseZone, type RecordSink, type ZoneSource } from '../../src/zone/parse.ts'

const ORIGIN = Name.parse('example.')
const HEAD = '$ORIGIN example.\n$TTL 3600\n@ IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.1\n'

/** Lines like those of a real file: some with TTL, some AAAA, a few MX and TXT. */
function line(i: number): string {
  switch (i % 10) {
    case 7:
      return `host${i} 600 IN AAAA 2001:db8::${(i & 0xffff).toString(16)}`
    case 8:
      return `host${i} IN MX 10 mail${i % 100}.example.`
    case 9:
      return `host${i} TXT "number ${i}"`
    default:
      return `host${i} IN A 192.0.2.${i & 0xff}`
  }
}

function makeFile(path: string, records: number): void {
  const parts = [HEAD]
  for (let i = 0; i < records - 3; i++) parts.push(line(i), '\n')
  writeFileSync(path, parts.join(''))
}

function timed(what: string, run: () => number): void {
  const before = process.cpuUsage()
  const records = run()
  const { user, system } = process.cpuUsage(before)
  process.stdout.write(`${what}: ${records} records, ${((user + system) / 1e6).toFixed(2)} s CPU\n`)
}

const folder = mkdtempSync(join(tmpdir(), 'waggle-parse-'))
const file = process.argv[3] ?? join(folder, 'million.zone')
if (process.argv[3] === undefined) makeFile(file, Number(process.argv[2] ?? 1_000_000))
const source: ZoneSource = { octets: readFileSync(file), file }
const options = { origin: ORIGIN.wire, class: CLASS.IN }
const nothing: RecordSink = { add() {} }
timed('parse', () => parseZone(source, options, nothing).records)
timed('parse again', () => parseZone(source, options, nothing).records)
timed('parse and build', () => {
  const builder = new ZoneBuilder({ apex: ORIGIN.wire, class: CLASS.IN, seed: 1, expectedOctets: source.octets.length * 4 })
  const faults = parseZone(source, options, builder)
  builder.finish()
  return faults.records
})
rmSync(folder, { recursive: true })
