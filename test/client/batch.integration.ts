/** All parts of a task in one round trip, by sockets: the library and `waggle query --and` before a real server, over UDP and TCP. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Asker } from '../../src/client/asker.ts'
import { makeFolder, Served, waggle } from '../ops/process.ts'

const ZONE = `$TTL 60
@ SOA ns hostmaster 1 1h 10m 1d 5m
@ NS ns
ns A 192.0.2.53
a._sa A 192.0.2.10
b._sa A 192.0.2.20
v1.ocr.vision._cap AGENT 1 a._sa accuracy=0.9
v2.translate.text._cap AGENT 1 b._sa accuracy=0.8 depends=v1.ocr.vision._cap.acme.example
v1.translate.text._cap AGENT 0 v2.translate.text._cap
www CNAME ns
`
const OCR = 'v1.ocr.vision._cap.acme.example'
const TRANSLATE = 'v2.translate.text._cap.acme.example'
const PAINT = 'v1.paint.image._cap.acme.example'

describe('several capabilities in one message', () => {
  const folder = makeFolder({ 'acme.zone': ZONE, 'w.yaml': 'listen: ["127.0.0.1:0"]\nzones: [{ name: acme.example, file: acme.zone }]\n' })
  let server: Served
  let address = ''
  before(async () => {
    server = await Served.start(`${folder.path}/w.yaml`)
    address = `127.0.0.1:${server.endpoints[0].port}`
  })
  after(async () => {
    await server.stop()
    folder.remove()
  })

  for (const tcp of [false, true]) {
    it(`are found by the library, over ${tcp ? 'TCP' : 'UDP'}`, async () => {
      const [ocr, paint, translate] = await new Asker({ server: address, tcp }).askAll([OCR, PAINT, TRANSLATE], { closure: true })
      assert.deepEqual(ocr.agents.map(({ name, addresses }) => [name, addresses]), [['a._sa.acme.example.', ['192.0.2.10']]])
      assert.match(paint.reason ?? '', /nobody has registered/)
      assert.deepEqual(translate.agents.map(({ name, addresses }) => [name, addresses]), [['b._sa.acme.example.', ['192.0.2.20']]])
    })
  }

  it('are followed where a version has moved on, with what the chosen depend on, and needs in words are translated', async () => {
    const asker = new Asker({ server: address })
    const old = 'v1.translate.text._cap.acme.example'
    const [ocr, ...found] = await asker.askAll([OCR, old, TRANSLATE], { closure: true })
    assert.deepEqual([ocr.agents.length, ocr.closure], [1, []])
    for (const { agents, closure } of [...found, await asker.ask(old, 'closure')]) {
      assert.deepEqual(agents.map(({ name, capability, addresses }) => [name, capability, addresses]), [['b._sa.acme.example.', `${TRANSLATE}.`, ['192.0.2.20']]])
      assert.deepEqual(closure?.map(({ capability, agents: [{ name, addresses }] }) => [capability, name, addresses]), [[`${OCR}.`, 'a._sa.acme.example.', ['192.0.2.10']]])
    }
    const meant = await asker.askAll(['_cap.acme.example', 'text._cap.acme.example'], { intent: 'translate a text' })
    assert.deepEqual(meant.map(({ agents, translated }) => [agents.length, translated?.capability]), [[1, `${TRANSLATE}.`], [1, `${TRANSLATE}.`]])
  })

  it('more than one message holds are all found', async () => {
    const names = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? `${'x'.repeat(40)}${i}.vision._cap.acme.example` : [OCR, TRANSLATE][(i >> 1) & 1]))
    const found = await new Asker({ server: address }).askAll(names)
    assert.deepEqual(found.map(({ agents }) => agents.length), names.map((_, i) => i & 1))
  })

  const query = (...more: string[]) => waggle(['query', OCR, 'AGENT', '--and', PAINT, TRANSLATE, '-s', address, '--demand', 'accuracy=0.85', ...more])

  it('are told one below the other by waggle query', async () => {
    const { out, code } = await query('--short')
    assert.equal(out, `;${OCR}. NOERROR\n1 a._sa.acme.example. accuracy=0.9\n;${PAINT}. NXDOMAIN\n;${TRANSLATE}. NOERROR\n`)
    assert.equal(code, 0)
  })

  it('are told apart where an alias leads from one to the other', async () => {
    const { out } = await waggle(['query', 'www.acme.example', '--and', 'ns.acme.example', '-s', address, '--short'])
    assert.equal(out, ';www.acme.example. NOERROR\nns.acme.example.\n192.0.2.53\n;ns.acme.example. NOERROR\n192.0.2.53\n')
  })

  it('are told as JSON with what each came to, and as dig prints a message', async () => {
    const { out } = await query('--json')
    const { status, question, parts } = JSON.parse(out) as { status: string; question: object[]; parts: { name: string; status: string; answer: object[]; options: { infoCode?: number }[] }[] }
    assert.deepEqual([status, question.length], ['NOERROR', 3])
    assert.deepEqual(parts.map((part) => [part.name, part.status, part.answer.length]), [[`${OCR}.`, 'NOERROR', 1], [`${PAINT}.`, 'NXDOMAIN', 0], [`${TRANSLATE}.`, 'NOERROR', 0]])
    assert.ok(parts[2].options.some(({ infoCode }) => infoCode === 49154))
    assert.match((await query()).out, /QUESTION: 3, ANSWER: 1/)
  })

  it('are refused before they are sent where one comes twice, or they are too many', async () => {
    const twice = await waggle(['query', OCR, 'AGENT', '--and', OCR.toUpperCase(), '-s', address])
    assert.deepEqual([twice.code, twice.out], [2, ''])
    assert.match(twice.err, /twice in one message/)
    const many = await waggle(['query', OCR, '--and', ...Array.from({ length: 32 }, (_, i) => `a${i}.example`), '-s', address])
    assert.equal(many.code, 2)
    assert.match(many.err, /Cannot ask 33 questions/)
  })
})
