/**
 * Zone files that are not what they should be: unreadable, cut off, empty, of another kind, including themselves,
 * changing while they are read. Whatever the file, loading ends, throws nothing, and either serves all or says why not.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { CLASS } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { printFinding } from '../../src/ops/finding.ts'
import type { LoadedZone } from '../../src/ops/zone-jobs.ts'
import { loadZoneFile } from '../../src/ops/zone-load.ts'
import type { ZoneSource } from '../../src/zone/source.ts'
import { makeFolder, zoneText } from '../ops/process.ts'
import { load } from '../zone/support.ts'

const folder = makeFolder({})
after(() => folder.remove())

const at = (file: string): string => join(folder.path, file)

function loadFile(file: string): LoadedZone {
  return loadZoneFile({ apex: Name.parse('example.com.').wire, class: CLASS.IN, file: at(file), place: { file: 'w.yaml', line: 3, column: 9 } }, 1)
}

function errorsOf({ findings }: LoadedZone): string[] {
  return findings.filter(({ severity }) => severity === 'error').map((finding) => printFinding(finding).replaceAll(`${folder.path}/`, ''))
}

/** The file is refused, and the first error reads like this. */
function assertRefused(file: string, reason: RegExp): void {
  const loaded = loadFile(file)
  assert.equal(loaded.buffer, undefined)
  assert.match(errorsOf(loaded)[0] ?? 'no error', reason)
}

describe('a zone file that cannot be read', () => {
  it('is refused where it leads nowhere, or to itself', () => {
    symlinkSync(at('nothing.zone'), at('dangling.zone'))
    symlinkSync(at('circle.zone'), at('circle.zone'))
    assertRefused('dangling.zone', /^w\.yaml:3:9: Cannot read zone file dangling\.zone: no such file or directory/)
    assertRefused('circle.zone', /^w\.yaml:3:9: Cannot read zone file circle\.zone: too many symbolic links/)
  })

  it('is refused where it is a folder, or stands below a file', () => {
    mkdirSync(at('folder.zone'))
    folder.write('file.zone', zoneText(1))
    assertRefused('folder.zone', /illegal operation on a directory/)
    assertRefused('file.zone/a', /not a directory/)
  })

  it('is refused where it is a pipe or a device, which might have no end', () => {
    assert.equal(spawnSync('mkfifo', [at('pipe.zone')]).status, 0)
    symlinkSync('/dev/zero', at('zero.zone'))
    symlinkSync('/dev/null', at('null.zone'))
    for (const file of ['pipe.zone', 'zero.zone', 'null.zone']) assertRefused(file, /it is not a file but a pipe, a socket or a device/)
  })
})

describe('a zone file that is cut off', () => {
  const text = zoneText(1) + 'b TXT ( "one" ; first\n  "two" )\nc MX 10 mail.example.com.\n'

  it('is served only if what is left is a whole zone; cut in an entry it is refused at that entry', () => {
    const whole = loadFileOf(text).records
    for (let end = 0; end < text.length; end++) {
      const loaded = loadFileOf(text.slice(0, end))
      assert.equal(loaded.buffer === undefined, errorsOf(loaded).length > 0, `cut at ${end}`)
      assert.ok(loaded.records <= whole)
    }
    assertCut('b TXT ( "one"', /"\(" is never closed|parenthes/)
    assertCut('"tw', /never closed|quote/)
    assertCut('c MX 10', /mail|exchange|missing|MX/i)
  })

  function loadFileOf(octets: string): LoadedZone {
    folder.write('cut.zone', octets)
    return loadFile('cut.zone')
  }

  function assertCut(behind: string, reason: RegExp): void {
    const loaded = loadFileOf(text.slice(0, text.indexOf(behind) + behind.length))
    assert.match(errorsOf(loaded).join('\n'), reason)
  }
})

describe('a file that holds no zone', () => {
  const EMPTY: [what: string, octets: string | Buffer][] = [
    ['nothing at all', ''], ['blank lines', '\n\n \n\t\n'], ['a comment', '; nothing here\n'], ['a byte order mark', Buffer.of(0xef, 0xbb, 0xbf)], ['directives alone', '$TTL 60\n$ORIGIN a\n'],
  ]
  for (const [what, octets] of EMPTY) {
    it(`but ${what} is refused as it has no SOA`, () => {
      writeFileSync(at('empty.zone'), octets)
      const loaded = loadFile('empty.zone')
      assert.equal(loaded.buffer, undefined)
      assert.ok(loaded.findings.some(({ check }) => check === 'no-soa'))
    })
  }

  const GARBAGE: [what: string, octets: Buffer][] = [
    ['zeros', Buffer.alloc(3_000_000)],
    ['a program', readFileSync(process.execPath).subarray(0, 3_000_000)],
    ['one line without end', Buffer.alloc(3_000_000, 'a')],
    ['opening parentheses', Buffer.alloc(3_000_000, '(\n')],
    ['UTF-16', Buffer.from(`\ufeff${zoneText(1).repeat(5_000)}`, 'utf16le')],
    ['a config', Buffer.from('zones:\n  - { name: example.com, file: a.zone }\n'.repeat(20_000))],
    ['JSON', Buffer.from(JSON.stringify(Array.from({ length: 50_000 }, (_, i) => ({ name: `h${i}`, value: i }))))],
  ]
  for (const [what, octets] of GARBAGE) {
    it(`but ${what} is refused in little time, with a report that a person can read`, () => {
      writeFileSync(at('garbage.zone'), octets)
      const before = process.cpuUsage()
      const loaded = loadFile('garbage.zone')
      const { user, system } = process.cpuUsage(before)
      assert.equal(loaded.buffer, undefined)
      assert.ok(loaded.findings.length > 0 && loaded.findings.length <= 600)
      assert.ok(loaded.findings.every(({ message }) => message.length < 600 && !/[\0-\x08\x0e-\x1f\x7f]/.test(message)), 'messages are short and printable')
      assert.ok((user + system) / 1e6 < 6, `${(user + system) / 1e6} s`)
    })
  }
})

describe('$INCLUDE', () => {
  it('of a file that includes the first is refused with the circle, by whatever path it is named', () => {
    mkdirSync(at('sub'), { recursive: true })
    folder.write('ring.zone', `${zoneText(1)}$INCLUDE one.inc\n`)
    folder.write('one.inc', '$INCLUDE sub/../two.inc\n')
    folder.write('two.inc', '$INCLUDE ./ring.zone\n')
    assertRefused('ring.zone', /^two\.inc:1:\d+: Cannot include "\.\/ring\.zone" as it includes itself: ring\.zone > one\.inc > two\.inc > ring\.zone/)
  })

  it('through a link to itself ends at the depth of nesting', () => {
    folder.write('linked.zone', `${zoneText(1)}$INCLUDE link/linked.zone\n`)
    symlinkSync(folder.path, at('link'))
    const loaded = loadFile('linked.zone')
    assert.equal(loaded.buffer, undefined)
    assert.match(errorsOf(loaded).join('\n'), /files may be nested 16 deep at most/)
  })

  it('of two files that each include the next twice ends at the number of files', () => {
    for (let i = 0; i < 15; i++) folder.write(`fan${i}.inc`, `$INCLUDE fan${i + 1}.inc\n`.repeat(2))
    folder.write('fan15.inc', 'x TXT end\n')
    folder.write('fan.zone', `${zoneText(1)}$INCLUDE fan0.inc\n`)
    const loaded = loadFile('fan.zone')
    assert.equal(loaded.buffer, undefined)
    assert.match(errorsOf(loaded).join('\n'), /a zone may read 4096 files at most/)
  })

  for (const [what, path, reason] of [
    ['a folder', 'folder.zone', /illegal operation on a directory/],
    ['a device', '/dev/zero', /not a file but a pipe/],
    ['a missing file', 'none.inc', /no such file or directory/],
    ['a name with a zero octet', '"a\\000b"', /cannot be read/],
    ['a name that is too long', 'x'.repeat(5_000), /name too long/],
  ] as const) {
    it(`of ${what} is a fault at the directive, and what follows is read`, () => {
      folder.write('includes.zone', `${zoneText(1)}$INCLUDE ${path}\nlast A 192.0.2\n`)
      const loaded = loadFile('includes.zone')
      const [first, second] = errorsOf(loaded)
      assert.match(first, /^includes\.zone:6:\d+: Cannot include /)
      assert.match(first, reason)
      assert.match(second, /^includes\.zone:7:/)
    })
  }
})

describe('a file that changes while it is read', () => {
  const parts = (second: string) => {
    let reads = 0
    return (path: string): ZoneSource => ({ octets: Buffer.from(reads++ === 0 ? 'm MX 1 none\n' : second), file: path })
  }

  for (const [how, second] of [['emptied', ''], ['replaced by garbage', '\0\0((("'], ['grown', 'a A 192.0.2.1\n'.repeat(1_000)], ['replaced by itself', 'm MX 1 none\n']]) {
    it(`and is ${how} between two looks gives the zone of the first look, and findings with a place or none`, () => {
      const { image, findings } = load(`${zoneText(1)}$INCLUDE part.inc\n`, 'example.com.', { readFile: parts(second) })
      assert.ok(image)
      assert.equal(image.recordCount, 5)
      assert.deepEqual(findings.map(({ check }) => check), ['mx-without-address'])
    })
  }

  it('and is gone at the second look does no harm either', () => {
    let reads = 0
    const readFile = (path: string): ZoneSource => {
      if (reads++ > 0) throw new Error('no such file or directory')
      return { octets: Buffer.from('m MX 1 none\n'), file: path }
    }
    const { image, findings } = load(`${zoneText(1)}$INCLUDE part.inc\n`, 'example.com.', { readFile })
    assert.ok(image)
    assert.deepEqual(findings.map(({ check }) => check), ['mx-without-address'])
  })
})
