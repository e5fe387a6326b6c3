/**
 * Zone files from the disk: included ones, missing ones, and what a thread makes of them.
 */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { hintFor } from '../../src/cli/serve.ts'
import { CLASS } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { parseConfig, type ConfigZone } from '../../src/ops/config.ts'
import { hasErrors, inOrder, printFinding, type Finding } from '../../src/ops/finding.ts'
import { loadZones, printZoneAside, type LoadJob } from '../../src/ops/zone-jobs.ts'
import { loadZoneFile } from '../../src/ops/zone-load.ts'
import { makeFolder, zoneText } from './process.ts'

const folder = makeFolder({})
after(() => folder.remove())
const PLACE = { file: 'w.yaml', line: 3, column: 9 }

function jobFor(file: string): LoadJob {
  return { apex: Name.parse('example.com.').wire, class: CLASS.IN, file: join(folder.path, file), place: PLACE }
}

function linesOf(findings: readonly Finding[]): string[] {
  return findings.map((finding) => printFinding(finding).replaceAll(`${folder.path}/`, ''))
}

describe('a zone file', () => {
  it('gives an image, its serial and how many records it has', () => {
    folder.write('a.zone', zoneText(42))
    const { buffer, findings, serial, records } = loadZoneFile(jobFor('a.zone'), 1)
    assert.ok(buffer instanceof SharedArrayBuffer)
    assert.deepEqual([findings, serial, records], [[], 42, 4])
  })

  it('includes others from its own folder, and theirs from theirs (RFC 1035 5.1)', () => {
    mkdirSync(join(folder.path, 'parts'))
    folder.write('outer.zone', `${zoneText(1)}$INCLUDE parts/one.inc\n$INCLUDE ${folder.path}/parts/two.inc sub\n`)
    folder.write('parts/one.inc', 'b A 192.0.2.2\n$INCLUDE two.inc\n')
    folder.write('parts/two.inc', 'c A 192.0.2.3\n')
    const { findings, records } = loadZoneFile(jobFor('outer.zone'), 1)
    assert.deepEqual([linesOf(findings), records], [[], 7])
  })

  it('that includes what is not there is told so at the directive', () => {
    folder.write('lost.zone', `${zoneText(1)}$INCLUDE none.inc\n`)
    const { buffer, findings } = loadZoneFile(jobFor('lost.zone'), 1)
    assert.equal(buffer, undefined)
    assert.match(linesOf(findings).join('\n'), /^lost\.zone:6:\d+: .*none\.inc.*no such file or directory/)
  })

  it('that cannot be read is told where the config names it', () => {
    for (const [file, reason] of [['none.zone', 'no such file or directory'], ['.', 'illegal operation on a directory']]) {
      const { buffer, findings } = loadZoneFile(jobFor(file), 1)
      assert.equal(buffer, undefined)
      assert.deepEqual(linesOf(findings).map((line) => line.replace(folder.path, '.')), [`w.yaml:3:9: Cannot read zone file ${file}: ${reason}`])
    }
  })

  it('full of mistakes has its findings bounded, and their number told', () => {
    folder.write('many.zone', 'x A 1.2.3\n'.repeat(1_000))
    const { findings } = loadZoneFile(jobFor('many.zone'), 1)
    assert.ok(findings.length < 300)
    assert.match(findings.at(-1)?.message ?? '', /^Cannot list \d+ more findings as there are too many$/)
  })
})

describe('the loading thread', () => {
  const zone = (file: string): ConfigZone => ({ name: Name.parse('example.com.'), class: CLASS.IN, file: join(folder.path, file), place: PLACE })

  it('gives results in the order of the zones, good and bad ones', async () => {
    folder.write('one.zone', zoneText(1))
    folder.write('bad.zone', 'nonsense\n')
    folder.write('two.zone', zoneText(2))
    const loaded = await loadZones(['one', 'bad', 'two'].map((file) => zone(`${file}.zone`)), 5)
    assert.deepEqual(loaded.map(({ serial, findings }) => [serial, hasErrors(findings)]), [[1, false], [0, true], [2, false]])
    assert.deepEqual(await loadZones([], 5), [])
  })

  it('prints a zone that reads back as the same zone', async () => {
    folder.write('big.zone', zoneText(3) + Array.from({ length: 5_000 }, (_, i) => `h${i} TXT "${'x'.repeat(40)}"\n`).join(''))
    const { buffer } = loadZoneFile(jobFor('big.zone'), 1)
    assert.ok(buffer)
    const pieces: string[] = []
    await printZoneAside(buffer, async (text) => void pieces.push(text))
    assert.ok(pieces.length > 2, 'more than one piece')
    folder.write('again.zone', pieces.join(''))
    const again = loadZoneFile(jobFor('again.zone'), 1)
    assert.deepEqual([linesOf(again.findings), again.serial, again.records], [[], 3, 5_004])
  })

  it('stops printing when the reader goes away', async () => {
    const { buffer } = loadZoneFile(jobFor('big.zone'), 1)
    assert.ok(buffer)
    let pieces = 0
    const send = async () => {
      if (++pieces === 2) throw new Error('the client went away')
    }
    await assert.rejects(printZoneAside(buffer, send), /the client went away/)
    assert.equal(pieces, 2)
  })
})

describe('findings', () => {
  const at = (file: string, line: number, column: number, severity: Finding['severity'] = 'error'): Finding => ({ file, line, column, severity, message: 'm' })

  it('stand in the order of the files and their text', () => {
    assert.deepEqual(inOrder([at('b', 1, 1), at('a', 2, 1), at('a', 1, 9), at('a', 1, 2)]).map(({ file, line, column }) => `${file}${line}${column}`), ['a12', 'a19', 'a21', 'b11'])
  })

  it('print as editors read them', () => {
    assert.equal(printFinding(at('a', 1, 2)), 'a:1:2: m')
    assert.equal(printFinding(at('a', 0, 0, 'warning')), 'a: warning: m')
    assert.equal(printFinding({ ...at('a', 3, 1, 'warning'), check: 'no-soa' }), 'a:3:1: warning: m [no-soa]')
    assert.equal(printFinding({ ...at('a', 3, 1), check: 'syntax' }), 'a:3:1: m')
  })
})

describe('the line to try', () => {
  const config = (zones: string) => {
    const { config: read } = parseConfig(`zones: [${zones}]`, 'w.yaml')
    assert.ok(read)
    return read
  }

  it('asks for what is served, where it is served', () => {
    const zone = '{ name: a.example, file: a }'
    assert.equal(hintFor(config(zone), [{ host: '127.0.0.1', family: 4, port: 5300 }]), 'Try: dig @127.0.0.1 -p 5300 a.example. SOA\n')
    assert.equal(hintFor(config(zone), [{ host: '0.0.0.0', family: 4, port: 53 }]), 'Try: dig @127.0.0.1 -p 53 a.example. SOA\n')
    assert.equal(hintFor(config(zone), [{ host: '::', family: 6, port: 53 }]), 'Try: dig @::1 -p 53 a.example. SOA\n')
    assert.equal(hintFor(config('{ name: b.example, file: b, class: LOCAL }'), [{ host: '::1', family: 6, port: 1 }]), 'Try: dig @::1 -p 1 -c CLASS65440 b.example. SOA\n')
    assert.equal(hintFor(config(''), [{ host: '::1', family: 6, port: 1 }]), '')
  })
})
