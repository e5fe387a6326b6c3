/**
 * The commands that a running server carries out, over a real control socket: what each asks, what it prints of the answer,
 * in columns and as JSON, and with which exit code it ends. The answers are the test's, so that every state can be shown.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { openControl, type ControlAnswer, type ControlRequest, type ControlSocket } from '../../src/ops/control.ts'
import { run, scratch } from './running.ts'

const { folder, write } = scratch()
let control: ControlSocket
let asked: ControlRequest[] = []
let texts: string[] = []
let answer: ControlAnswer = { ok: true }

before(async () => {
  control = await openControl(join(folder, 'control.sock'), async (request, send) => {
    asked.push(request)
    for (const text of texts) await send(text)
    return answer
  })
})
after(() => control.close())
beforeEach(() => {
  asked = []
  texts = []
  answer = { ok: true }
})

/** Runs a command against the socket and demands that it ends well, with nothing on standard error. */
async function printed(...args: string[]): Promise<string> {
  const { code, out, err } = await run(...args, '-d', folder)
  assert.deepEqual([code, err], [0, ''], args.join(' '))
  return out
}

describe('the request', () => {
  const CASES: [args: string[], request: ControlRequest][] = [
    [['stats'], { command: 'stats' }],
    [['zone', 'list'], { command: 'zone list' }],
    [['zone', 'reload'], { command: 'zone reload' }],
    [['zone', 'reload', 'example.com'], { command: 'zone reload', zone: 'example.com' }],
    [['zone', 'status', 'a.example'], { command: 'zone status', zone: 'a.example' }],
    [['zone', 'status', 'a.example', '--class', 'local'], { command: 'zone status', zone: 'a.example', class: 'LOCAL' }],
    [['zone', 'freeze', 'a.example', '--class', 'IN'], { command: 'zone freeze', zone: 'a.example', class: 'IN' }],
    [['zone', 'thaw', 'a.example'], { command: 'zone thaw', zone: 'a.example' }],
    [['zone', 'diff', 'a.example'], { command: 'zone diff', zone: 'a.example', json: false }],
    [['zone', 'diff', 'a.example', '--json'], { command: 'zone diff', zone: 'a.example', json: true }],
    [['zone', 'dump', 'a.example'], { command: 'zone dump', zone: 'a.example' }],
    [['zone', 'dump', 'a.example', '--write'], { command: 'zone write', zone: 'a.example', leases: false }],
    [['zone', 'dump', 'a.example', '--leases', '--write', 'x/y.zone'], { command: 'zone write', zone: 'a.example', leases: true, file: resolve('x/y.zone') }],
    [['anchor', 'list'], { command: 'anchor list' }],
    [['cache', 'stats'], { command: 'cache stats' }],
    [['cache', 'dump'], { command: 'cache dump' }],
    [['cache', 'flush', 'www.example.com'], { command: 'cache flush', name: 'www.example.com', subtree: false }],
    [['cache', 'flush', 'example.com', '--subtree'], { command: 'cache flush', name: 'example.com', subtree: true }],
    [['cache', 'flush', 'example.com', '--type', 'mx'], { command: 'cache flush', name: 'example.com', type: 'MX', subtree: false }],
    [['agent', 'list'], { command: 'agent list' }],
    [['agent', 'list', 'a.example'], { command: 'agent list', zone: 'a.example' }],
    [['agent', 'show', 'b._sa.a.example'], { command: 'agent show', agent: 'b._sa.a.example' }],
    [['query', 'agent://a.example/x/v1', '--explain'], { command: 'agent explain', name: 'v1.x._cap.a.example.', class: 'IN', demand: '' }],
    [['query', 'v1.x._cap.a.example', '--explain', '--class', 'LOCAL'], { command: 'agent explain', name: 'v1.x._cap.a.example', class: 'LOCAL', demand: '' }],
  ]
  for (const [args, request] of CASES) {
    it(`of ${args.join(' ')} says what was said; a refusal is told and fails`, async () => {
      answer = { ok: false, error: 'Cannot do it as bees sleep' }
      assert.deepEqual(await run(...args, '-d', folder), { code: 1, out: '', err: 'waggle: Cannot do it as bees sleep\n' })
      assert.deepEqual(asked, [request])
    })
  }

  it('finds its server by the data folder that the config names, too', async () => {
    write('bees.zone', '$TTL 60\n@ SOA ns m 7 1h 1h 1d 1m\n@ NS ns\nns A 192.0.2.1\n')
    const config = write('w.yaml', `data: ${folder}\nzones:\n  - { name: a.example, file: bees.zone }\n`)
    answer = { ok: true, metrics: [] }
    assert.deepEqual(await run('stats', '-c', config), { code: 0, out: '', err: '' })
    assert.deepEqual(asked, [{ command: 'stats' }])
    const { code, err } = await run('stats', '-c', write('bad.yaml', 'zones: 1\n'))
    assert.equal(code, 1)
    assert.match(err, /bad\.yaml:1:8: Cannot use zones 1/)
  })
})

describe('stats', () => {
  const METRICS = [{ name: 'queries', kind: 'counter', value: 12_345, about: 'Queries.' }, { name: 'zero', kind: 'counter', value: 0, about: 'Nothing.' }, { name: 'up', kind: 'gauge', value: 1, about: 'One.' }]
  const CASES: [flags: string[], out: string][] = [
    [[], 'queries  12345  Queries.\nup           1  One.\n'],
    [['--all'], 'queries  12345  Queries.\nzero         0  Nothing.\nup           1  One.\n'],
    [['--json'], '{"queries":12345,"zero":0,"up":1}\n'],
  ]
  for (const [flags, out] of CASES) {
    it(`${flags.join(' ') || 'without a flag'} prints ${flags.length === 0 ? 'what is not zero' : 'zeros too'}`, async () => {
      answer = { ok: true, metrics: METRICS }
      assert.equal(await printed('stats', ...flags), out)
    })
  }
})

describe('anchor list', () => {
  const LINES = [
    { zone: '.', key: 20_326, algorithm: 8, state: 'valid', next: '2027-01-16T08:00:00Z' },
    { zone: '.', key: 7, algorithm: 13, state: 'waiting', until: '2027-02-14T08:00:00Z', next: '2027-01-16T08:00:00Z' },
  ]
  it('prints a line for each key, with the end of its hold-down', async () => {
    answer = { ok: true, anchors: LINES }
    assert.equal(await printed('anchor', 'list'), [
      '.  key 20326  algorithm 8   valid                               next query 2027-01-16T08:00:00Z\n',
      '.  key 7      algorithm 13  waiting until 2027-02-14T08:00:00Z  next query 2027-01-16T08:00:00Z\n',
    ].join(''))
  })
  it('as JSON prints an object for each, and nothing where there is none', async () => {
    answer = { ok: true, anchors: LINES }
    assert.deepEqual((await printed('anchor', 'list', '--json')).trim().split('\n').map((line) => JSON.parse(line) as unknown), LINES)
    answer = { ok: true, anchors: [] }
    assert.equal(await printed('anchor', 'list', '--json'), '')
  })
})

describe('zone list', () => {
  const LINE = { zone: 'a.example.', class: 'IN', file: '/z/a', serial: 7, records: 3, octets: 99, loaded: '2026-11-25T00:00:00.000Z', loadMs: 1 }
  const STATES: [fields: object, state: string][] = [
    [{}, 'served'],
    [{ updates: 0 }, 'served, 0 updates'],
    [{ updates: 5 }, 'served, 5 updates'],
    [{ updates: 5, locked: 'frozen' }, 'served; no updates: frozen'],
    [{ updates: 5, locked: 'frozen', refusal: 'bad file' }, 'old data: bad file'],
  ]
  for (const [fields, state] of STATES) {
    it(`tells "${state}"`, async () => {
      answer = { ok: true, zones: [{ ...LINE, ...fields }] }
      const [head, line, rest] = (await printed('zone', 'list')).split('\n')
      assert.deepEqual(head.split(/ {2,}/), ['ZONE', 'CLASS', 'SERIAL', 'RECORDS', 'LOADED', 'STATE'])
      assert.deepEqual(line.split(/ {2,}/), ['a.example.', 'IN', '7', '3', LINE.loaded, state])
      assert.equal(rest, '')
      assert.deepEqual(JSON.parse(await printed('zone', 'list', '--json')), [{ ...LINE, ...fields }])
    })
  }
})

describe('zone reload', () => {
  const CASES: [report: Record<string, unknown>, code: number, out: string][] = [
    [{ outcome: 'reloaded', previousSerial: 7, serial: 8 }, 0, 'a.example. IN reloaded from 7 to 8\n'],
    [{ outcome: 'unchanged', previousSerial: 7, serial: 7 }, 0, 'a.example. IN unchanged\n'],
    [{ outcome: 'kept', previousSerial: 7, serial: 7, findings: ['a.zone:1:1: bad', 'a.zone:2:1: worse'] }, 1, 'a.example. IN kept\n'],
    [{ outcome: 'refused', findings: ['a.zone: none'] }, 1, 'a.example. IN refused\n'],
  ]
  for (const [report, code, out] of CASES) {
    it(`that is ${String(report.outcome)} ends with ${code}`, async () => {
      const { findings = [] } = report as { findings?: string[] }
      answer = { ok: true, zones: [{ zone: 'a.example.', class: 'IN', findings, ...report }] }
      assert.deepEqual(await run('zone', 'reload', '-d', folder), { code, out, err: findings.map((line) => `${line}\n`).join('') })
    })
  }

  it('fails where one of many zones was kept', async () => {
    const zones = ['reloaded', 'kept', 'reloaded'].map((outcome, i) => ({ zone: `${i}.example.`, class: 'IN', findings: [], outcome, serial: i }))
    answer = { ok: true, zones }
    const { code, out } = await run('zone', 'reload', '-d', folder)
    assert.deepEqual([code, out], [1, '0.example. IN reloaded to 0\n1.example. IN kept\n2.example. IN reloaded to 2\n'])
  })
})

describe('zone status', () => {
  const STATUS = { zone: 'a.example.', class: 'IN', file: '/z/a', serial: 9, fileSerial: 7, records: 3, loaded: 'then', changes: 2, leases: 4, writable: true, updates: 6 }
  const CASES: [fields: object, row: string, cell: string][] = [
    [{}, 'serial', '9 served, 7 in the file'],
    [{}, 'leases', '4'],
    [{}, 'state', 'served'],
    [{ refusal: 'bad' }, 'state', 'old data: bad'],
    [{}, 'updates', 'taken, 6 since the start'],
    [{ updates: undefined }, 'updates', 'taken, 0 since the start'],
    [{ locked: 'frozen at 9' }, 'updates', 'refused: frozen at 9'],
    [{ writable: false }, 'updates', 'refused: the config gives the zone neither grants nor register'],
    [{}, 'changes', '2 records by updates (waggle zone diff)'],
    [{ changes: 1 }, 'changes', '1 record by updates (waggle zone diff)'],
  ]
  for (const [fields, row, cell] of CASES) {
    it(`${row}: ${cell}`, async () => {
      answer = { ok: true, status: { ...STATUS, ...fields } }
      const rows = (await printed('zone', 'status', 'a.example')).trimEnd().split('\n').map((line) => line.split(/ {2,}/))
      assert.deepEqual(rows.map(([name]) => name), ['zone', 'file', 'serial', 'records', 'loaded', 'state', 'updates', 'changes', 'leases'])
      assert.deepEqual(rows.find(([name]) => name === row), [row, cell])
      assert.deepEqual(JSON.parse(await printed('zone', 'status', 'a.example', '--json')), JSON.parse(JSON.stringify({ ...STATUS, ...fields })))
    })
  }
})

describe('zone freeze, thaw and dump --write', () => {
  const CASES: [args: string[], fields: object, out: string, err?: string][] = [
    [['freeze'], { wasFrozen: false }, 'a.example. IN frozen, serial 9\n'],
    [['freeze'], { wasFrozen: true }, 'a.example. IN was frozen already, serial 9\n'],
    [['thaw'], { wasFrozen: true, previousSerial: 8, findings: [] }, 'a.example. IN thawed, serial from 8 to 9\n'],
    [['thaw'], { wasFrozen: true, previousSerial: 8, findings: ['a.zone:1:1: warning: odd'] }, 'a.example. IN thawed, serial from 8 to 9\n', 'a.zone:1:1: warning: odd\n'],
    [['thaw'], { wasFrozen: false, findings: [] }, 'a.example. IN was not frozen, serial 9\n'],
    [['dump', '--write'], { file: '/z/a', isWritten: true, isOwn: true, changes: 3 }, 'a.example. IN written to /z/a, serial 9, 3 lines of changes\n'],
    [['dump', '--write', '/z/b'], { file: '/z/b', isWritten: true, isOwn: false, changes: 0 }, 'a.example. IN written to /z/b, serial 9\n'],
    [['dump', '--write'], { file: '/z/a', isWritten: false, isOwn: true, changes: 0 }, 'a.example. IN: /z/a says already what is served, serial 9\n'],
  ]
  for (const [[command, ...flags], fields, out, err = ''] of CASES) {
    it(`zone ${command}: ${out.trimEnd()}${err && ', with findings'}`, async () => {
      answer = { ok: true, zone: 'a.example.', class: 'IN', serial: 9, ...fields }
      assert.deepEqual(await run('zone', command, 'a.example', ...flags, '-d', folder), { code: 0, out, err })
    })
  }
})

describe('zone dump and zone diff', () => {
  it('print the pieces in their order, as they are, whatever stands in them', async () => {
    texts = ['a.example. 60 IN TXT "x\\"', 'y"\n', '', `${'z'.repeat(200_000)}\n`, 'grün \u2028 "\n']
    for (const what of ['dump', 'diff']) assert.equal(await printed('zone', what, 'a.example'), texts.join(''))
  })

  it('write a file that is whole, over what was there, and leave no part behind', async () => {
    mkdirSync(join(folder, 'dumps'))
    const file = write('dumps/a.zone', 'old\n')
    texts = ['one\n', 'two\n']
    assert.equal(await printed('zone', 'dump', 'a.example', '-o', file), '')
    assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n')
    answer = { ok: false, error: 'Cannot go on' }
    texts = ['half\n']
    assert.deepEqual(await run('zone', 'dump', 'a.example', '-o', file, '-d', folder), { code: 1, out: '', err: 'waggle: Cannot go on\n' })
    assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n')
    assert.deepEqual(readdirSync(join(folder, 'dumps')), ['a.zone'])
  })

  it('say that the disk is full, and leave the file as it was', { skip: existsSync('/dev/full') ? false : 'no /dev/full here' }, async () => {
    const file = write('full.zone', 'old\n')
    symlinkSync('/dev/full', `${file}.${process.pid}.part`)
    texts = ['one\n']
    assert.deepEqual(await run('zone', 'dump', 'a.example', '-o', file, '-d', folder), { code: 1, out: '', err: `waggle: Cannot write ${file}: no space left on device\n` })
    assert.equal(readFileSync(file, 'utf8'), 'old\n')
    assert.ok(!readdirSync(folder).some((name) => name.endsWith('.part')))
  })

  it('say where the file cannot be', async () => {
    const { code, err } = await run('zone', 'dump', 'a.example', '-o', join(folder, 'none', 'a.zone'), '-d', folder)
    assert.equal(code, 1)
    assert.match(err, /^waggle: Cannot write .*none\/a\.zone: no such file or directory\n$/)
    assert.ok(!existsSync(join(folder, 'none')))
  })
})

const AGENT = { agent: 'b._sa.a.example.', kind: 'service', granted: 'g', leaseEnds: 'l', keyEnds: 'k', capabilities: [{ name: 'v1.x._cap.a.example.', offer: '1 b._sa.a.example.', state: 'served' }], records: ['b._sa.a.example. 60 IN A 192.0.2.1'] }

describe('agent list', () => {
  const ROWS: [fields: object, cells: string[]][] = [
    [{}, ['TSIG', 'l', '1']],
    [{ key: 'ED25519 7' }, ['ED25519 7', 'l', '1']],
    [{ leaseEnds: undefined, capabilities: [] }, ['TSIG', 'ended', '0']],
    [{ capabilities: [...AGENT.capabilities, { ...AGENT.capabilities[0], state: 'waiting' }] }, ['TSIG', 'l', '2 (1 waiting)']],
  ]
  for (const [fields, cells] of ROWS) {
    it(`tells ${cells.join(', ')}, however its lines are cut`, async () => {
      const line = `${JSON.stringify({ ...AGENT, ...fields })}\n`
      for (const at of [0, 1, line.length - 1, line.length]) {
        texts = [line.slice(0, at), line.slice(at) + line]
        const lines = (await printed('agent', 'list')).split('\n').map((one) => one.split(/ {2,}/))
        assert.deepEqual(lines, [['AGENT', 'KEY', 'LEASE ENDS', 'CAPABILITIES'], [AGENT.agent, ...cells], [AGENT.agent, ...cells], ['']])
      }
      assert.equal(await printed('agent', 'list', '--json'), texts.join(''))
    })
  }

  it('lists thousands, each once', async () => {
    const names = Array.from({ length: 2_500 }, (_, i) => `a${i}._sa.a.example.`)
    texts = names.map((agent) => `${JSON.stringify({ ...AGENT, agent })}\n`)
    const lines = (await printed('agent', 'list')).trimEnd().split('\n').slice(1)
    assert.deepEqual(lines.map((line) => line.split(' ')[0]), names)
  })
})

describe('agent show', () => {
  const CASES: [fields: object, rows: string[][]][] = [
    [{}, [['key', 'TSIG'], ['lease ends', 'l'], ['capability', 'v1.x._cap.a.example. AGENT 1 b._sa.a.example.'], ['record', AGENT.records[0]]]],
    [{ key: 'ED25519 7', leaseEnds: undefined }, [['key', 'ED25519 7'], ['lease ends', 'ended: the key keeps the name']]],
    [{ capabilities: [{ ...AGENT.capabilities[0], state: 'waiting' }] }, [['capability', 'v1.x._cap.a.example. AGENT 1 b._sa.a.example. (waits for what it depends on)']]],
    [{ private: ['phone=1', 'age=2'] }, [['private', 'phone=1'], ['private', 'age=2']]],
  ]
  for (const [fields, rows] of CASES) {
    it(`tells ${rows.map(([, cell]) => cell).join('; ')}`, async () => {
      answer = { ok: true, agent: { ...AGENT, ...fields } }
      const lines = (await printed('agent', 'show', 'b._sa.a.example')).trimEnd().split('\n').map((line) => line.split(/ {2,}/))
      for (const row of rows) assert.ok(lines.some((line) => line.join('|') === row.join('|')), row.join(' '))
      assert.equal(lines.filter(([name]) => name === 'private').length, rows.filter(([name]) => name === 'private').length)
      assert.deepEqual(JSON.parse(await printed('agent', 'show', 'b._sa.a.example', '--json')), JSON.parse(JSON.stringify({ ...AGENT, ...fields })))
    })
  }

  it('called with what is no name ends with 2 and asks nothing', async () => {
    const { code, err } = await run('agent', 'show', 'a..b', '-d', folder)
    assert.equal(code, 2)
    assert.match(err, /^waggle: Cannot parse name "a\.\.b"/)
    assert.deepEqual(asked, [])
  })
})

describe('a server that is none', () => {
  const CASES: [what: string, octets: string, wanted: RegExp][] = [
    ['closes at once', '', /as the server closed the connection\n$/],
    ['stops in the middle of a line', '{"ok":tr', /as the server closed the connection\n$/],
    ['speaks no JSON', 'HTTP/1.1 400 Bad Request\n', /^waggle: Cannot read the answer as what listens there is no Waggle\n$/],
    ['sends null', 'null\n', /^waggle: Cannot read the answer as what listens there is no Waggle\n$/],
    ['sends JSON that is no answer', '{"text":7}\n', /^waggle: Cannot read the answer as what listens there is no Waggle\n$/],
  ]
  for (const [what, octets, wanted] of CASES) {
    it(`and ${what} fails the command with words`, async (t) => {
      const data = join(folder, what.replaceAll(' ', '-'))
      mkdirSync(data)
      const server = createServer((socket) => socket.once('data', () => socket.end(octets)))
      t.after(() => server.close())
      await new Promise<void>((done) => server.listen(join(data, 'control.sock'), done))
      const { code, out, err } = await run('zone', 'list', '-d', data)
      assert.deepEqual([code, out], [1, ''])
      assert.match(err, wanted)
    })
  }

  it('is told where no socket is', async () => {
    assert.match((await run('zone', 'list', '-d', join(folder, 'nowhere'))).err, /^waggle: Cannot reach a server as none runs with this data directory \(.*nowhere\/control\.sock\)\n$/)
  })
})

describe('cache', () => {
  it('stats prints levels in columns, or as JSON', async () => {
    answer = { ok: true, levels: { entries: 12, octets: 3456, size: 1_048_576 } }
    assert.equal(await printed('cache', 'stats'), 'entries       12\noctets      3456\nsize     1048576\n')
    assert.deepEqual(JSON.parse(await printed('cache', 'stats', '--json')), { entries: 12, octets: 3456, size: 1_048_576 })
  })

  it('dump prints what is sent, as it is', async () => {
    answer = { ok: true, entries: 1 }
    texts = ['; www.example. A records\n', 'www.example. 5 IN A 192.0.2.1\n']
    assert.equal(await printed('cache', 'dump'), texts.join(''))
  })

  it('flush prints how many entries that were', async () => {
    answer = { ok: true, name: 'www.example.', entries: 3 }
    assert.equal(await printed('cache', 'flush', 'www.example'), 'www.example. 3 entries forgotten\n')
  })

  it('flush of what is no name, or of a type below a name, is a mistake and asks nobody', async () => {
    for (const args of [['a..b'], ['example.com', '--type', 'A', '--subtree'], []]) {
      const { code, out, err } = await run('cache', 'flush', ...args, '-d', folder)
      assert.deepEqual([code, out, asked], [2, '', []], args.join(' '))
      assert.notEqual(err, '')
    }
  })
})
