/** Who may subscribe to what (RFC 8765), by the config: networks, classes, askers of zones, and a reload that changes them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { printRcode, TYPE, CLASS } from '../../src/dns/codes.ts'
import { keepaliveTlv, subscribeTlv } from '../../src/dns/dso.ts'
import { Name } from '../../src/dns/name.ts'
import { registerZone } from '../../src/discovery/ranking/from-image.ts'
import type { CandidateTable } from '../../src/discovery/ranking/candidates.ts'
import { parseConfig } from '../../src/ops/config.ts'
import type { ConfigValues } from '../../src/ops/config-schema.ts'
import { Pushing } from '../../src/ops/pushing.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { zoneOf } from '../authority/ask.ts'
import { FakeConnection } from '../server/pushed.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'
const OPEN = zoneOf('open.example.', `${HEAD}v1.x._cap AGENT 1 a._sa cost=1\nv1.x._cap TXT "beside"\n`)
const SHUT = zoneOf('shut.example.', `${HEAD}v1.x._cap AGENT 1 a._sa cost=1\nwww A 192.0.2.2\n`)
const SIGNED = zoneOf('signed.example.', `${HEAD}v1.x._cap AGENT 7 a._sa cost=1\n@ RRSIG SOA 13 2 60 20380101000000 20200101000000 1 @ ${Buffer.alloc(64).toString('base64')}\n`)
const INSIDE = Uint8Array.of(10, 0, 0, 1)
const OUTSIDE = Uint8Array.of(198, 51, 100, 1)

function valuesOf(yaml: string): ConfigValues {
  const { config, findings } = parseConfig(yaml, '/tmp/x/waggle.yaml')
  assert.deepEqual(findings.filter(({ severity }) => severity === 'error'), [])
  return config?.values ?? assert.fail('no config')
}

const ZONES = `zones:
  - { name: open.example, file: a }
  - { name: shut.example, file: b, askers: { networks: ["10.0.0.0/8"] } }
  - { name: signed.example, file: c }
`

class Stage {
  readonly pushing: Pushing
  readonly cut: string[] = []
  values: ConfigValues
  look: () => void = () => undefined
  private nowMs = 0
  readonly images = new Map<string, ZoneImage>([['open.example.', OPEN], ['shut.example.', SHUT], ['signed.example.', SIGNED]])
  private readonly tables = new Map<string, CandidateTable>([...this.images].map(([name, image]) => [name, registerZone(image).registrar.table]))

  constructor(yaml = `push: { networks: ["0.0.0.0/0"] }\n${ZONES}`) {
    this.values = valuesOf(yaml)
    this.pushing = new Pushing({
      clock: { nowMs: () => (this.nowMs += 100), every: (_, run) => (this.look = run, () => undefined), soon: (run) => void setImmediate(run) },
      leaseMs: () => 1_800_000_000_000,
      values: () => this.values,
      zoneAbove: (name, rrClass) => {
        const found = rrClass === CLASS.IN ? [...this.images].find(([apex]) => name.isWithin(Name.parse(apex))) : undefined
        return found && { name: Name.parse(found[0]), image: found[1] }
      },
      tableAbove: (name) => this.tables.get([...this.images.keys()].find((apex) => name.isWithin(Name.parse(apex))) ?? ''),
      log: (event, told) => void this.cut.push(`${event} ${JSON.stringify(told)}`),
    })
  }

  serve(apex: string, image: ZoneImage): void {
    this.images.set(apex, image)
    this.tables.set(apex, registerZone(image).registrar.table)
  }

  /** What somebody at `address` is told who subscribes. */
  ask(name: string, type: number, address = OUTSIDE, rrClass: number = CLASS.IN): string[] {
    const client = new FakeConnection(address)
    client.request(this.pushing.sessions.take, subscribeTlv({ name: Name.parse(name), type, class: rrClass }))
    this.look()
    return client.take().map((line) => line.replace(/^re 1 /, '').replace(/ retry .*/, ''))
  }
}

const AGENT = (zone: string): string => `+ v1.x._cap.${zone} 60 IN AGENT 1 a._sa.${zone} cost=1`

describe('who subscribes', () => {
  test('is told of agents, of records, and of all at a name, under a zone that is ours', () => {
    const stage = new Stage()
    assert.deepEqual(stage.ask('v1.x._cap.open.example.', TYPE.AGENT), ['NOERROR', AGENT('open.example.')])
    assert.deepEqual(stage.ask('_cap.open.example.', TYPE.AGENT), ['NOERROR', '+ _cap.open.example. 60 IN AGENT 1 a._sa.open.example. cost=1'])
    assert.deepEqual(stage.ask('v1.x._cap.open.example.', TYPE.TXT), ['NOERROR', '+ v1.x._cap.open.example. 60 IN TXT "beside"'])
    assert.equal(stage.ask('v1.x._cap.open.example.', TYPE.ANY).length, 3)
    assert.equal(stage.ask('v1.x._cap.open.example.', TYPE.TXT, OUTSIDE, CLASS.ANY).length, 2)
    assert.deepEqual(stage.ask('www.elsewhere.', TYPE.A), [printRcode(9)])
    assert.deepEqual(stage.ask('v1.x._cap.open.example.', TYPE.AGENT, OUTSIDE, CLASS.LOCAL), ['NOTAUTH'])
  })

  test('is told of the agents of a zone for askers in their networks alone; of the rest of it from anywhere', () => {
    const stage = new Stage()
    for (const type of [TYPE.AGENT, TYPE.SENSE, TYPE.TASK, TYPE.ANY, TYPE.TXT]) assert.deepEqual(stage.ask('v1.x._cap.shut.example.', type), ['REFUSED'])
    for (const name of ['_cap.shut.example.', 'nobody._cap.shut.example.', 'v1.x._CAP.dept.shut.example.']) assert.deepEqual(stage.ask(name, TYPE.TXT), ['REFUSED'], name)
    assert.deepEqual(stage.ask('v1.x._cap.shut.example.', TYPE.AGENT, INSIDE), ['NOERROR', AGENT('shut.example.')])
    assert.deepEqual(stage.ask('www.shut.example.', TYPE.A), ['NOERROR', '+ www.shut.example. 60 IN A 192.0.2.2'])
  })

  test('is told of agents of a zone that was signed ahead as they stand', () => {
    assert.deepEqual(new Stage().ask('v1.x._cap.signed.example.', TYPE.AGENT), ['NOERROR', '+ v1.x._cap.signed.example. 60 IN AGENT 7 a._sa.signed.example. cost=1'])
  })

  test('comes from this host unless the config says otherwise, and nobody does where it names none', () => {
    const alone = new Stage(ZONES)
    assert.deepEqual([alone.pushing.isOpen, alone.ask('www.shut.example.', TYPE.A), alone.ask('www.shut.example.', TYPE.A, Uint8Array.of(127, 0, 0, 1)).length], [true, ['NOTIMP'], 2])
    const off = new Stage(`push: { networks: [] }\n${ZONES}`)
    assert.deepEqual([off.pushing.isOpen, off.ask('www.shut.example.', TYPE.A, Uint8Array.of(127, 0, 0, 1))], [false, ['NOTIMP']])
  })
})

test('a reload by which other people may see other things ends all sessions, and no other does', () => {
  const stage = new Stage()
  const client = new FakeConnection(INSIDE)
  client.request(stage.pushing.sessions.take, keepaliveTlv({ inactivityMs: 0, intervalMs: 0 }))
  client.take()
  stage.values = valuesOf(`push: { networks: ["0.0.0.0/0"] }\nudp-size: 1400\n${ZONES}`)
  stage.pushing.settle()
  assert.deepEqual([client.take(), stage.pushing.sessions.size], [[], 1])
  stage.values = valuesOf(`push: { networks: ["0.0.0.0/0"] }\n${ZONES.replace('10.0.0.0/8', '10.0.0.0/9')}`)
  stage.pushing.settle()
  assert.deepEqual([client.take().at(-1), stage.pushing.sessions.size], ['released', 0])
  assert.deepEqual(stage.ask('v1.x._cap.shut.example.', TYPE.AGENT, Uint8Array.of(10, 128, 0, 1)), ['REFUSED'])
})

test('a zone that takes the place of another tells nobody who was let in by that one, and ends all sessions', () => {
  const stage = new Stage()
  const client = new FakeConnection(OUTSIDE)
  const name = 'v1.x._cap.sub.open.example.'
  client.request(stage.pushing.sessions.take, subscribeTlv({ name: Name.parse(name), type: TYPE.TXT, class: CLASS.IN }))
  client.request(stage.pushing.sessions.take, subscribeTlv({ name: Name.parse(name), type: TYPE.AGENT, class: CLASS.IN }))
  stage.look()
  assert.deepEqual(client.take(), ['re 1 NOERROR', 're 2 NOERROR'])
  const sub = zoneOf('sub.open.example.', `${HEAD}v1.x._cap AGENT 1 a._sa cost=1\nv1.x._cap TXT "inside"\n`)
  const others = [...stage.images]
  stage.images.clear()
  stage.serve('sub.open.example.', sub)
  for (const [apex, image] of others) stage.serve(apex, image)
  stage.look()
  assert.deepEqual(client.take(), [])
  const idOf = (text: string) => ({ name: Name.parse(text), class: CLASS.IN })
  stage.pushing.zonesChanged([idOf('open.example.'), idOf('shut.example.')], [idOf('shut.example.'), idOf('open.example.')])
  assert.equal(stage.pushing.sessions.size, 1)
  stage.pushing.zonesChanged([idOf('open.example.')], [idOf('open.example.'), idOf('sub.open.example.')])
  assert.deepEqual([client.take().at(-1), stage.pushing.sessions.size], ['released', 0])
  assert.deepEqual(stage.ask(name, TYPE.TXT), ['NOERROR', `+ ${name} 60 IN TXT "inside"`])
})

test('what is asked for in class ANY is another topic than the same in IN', () => {
  const stage = new Stage()
  const client = new FakeConnection(INSIDE)
  for (const rrClass of [CLASS.IN, CLASS.ANY]) client.request(stage.pushing.sessions.take, subscribeTlv({ name: Name.parse('v1.x._cap.open.example.'), type: TYPE.SENSE, class: rrClass }))
  assert.deepEqual(client.take(), ['re 1 NOERROR', 're 2 NOERROR'])
  assert.equal(stage.pushing.hasReader(Name.parse('v1.x._cap.open.example.'), CLASS.IN), true)
})

test('readings are read where somebody has subscribed to them, at the very capability or above it', () => {
  const stage = new Stage()
  const owner = Name.parse('v1.x._cap.open.example.')
  assert.equal(stage.pushing.hasReader(owner, CLASS.IN), false)
  const client = new FakeConnection(INSIDE)
  client.request(stage.pushing.sessions.take, subscribeTlv({ name: Name.parse('v1.y._cap.open.example.'), type: TYPE.SENSE, class: CLASS.IN }))
  client.request(stage.pushing.sessions.take, subscribeTlv({ name: owner, type: TYPE.AGENT, class: CLASS.IN }))
  assert.equal(stage.pushing.hasReader(owner, CLASS.IN), false)
  for (const name of ['v1.x._cap.open.example.', 'X._CAP.open.example.', '_cap.open.example.']) {
    const reader = new FakeConnection(INSIDE)
    reader.request(stage.pushing.sessions.take, subscribeTlv({ name: Name.parse(name), type: TYPE.SENSE, class: CLASS.IN }))
    assert.deepEqual([stage.pushing.hasReader(owner, CLASS.IN), stage.pushing.hasReader(owner, CLASS.LOCAL)], [true, false], name)
    reader.end()
    assert.equal(stage.pushing.hasReader(owner, CLASS.IN), false)
  }
})
