/** A frozen zone: no update changes it, those that wait included, while what the server does of its own accord goes on (RFC 2136 3.3). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EDE, RCODE, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { bench, fileOf, imageOf, MapKeeper, ZONE } from './support.ts'

const name = (text: string): Name => Name.parse(text)
const TEXT = 'the zone is frozen by its administrator'

describe('a frozen zone', () => {
  test('refuses updates with REFUSED, an Extended DNS Error (RFC 8914 4.19) and a line of the audit', async () => {
    const running = await bench()
    await running.zone.freeze()
    const before = running.records()
    const { rcode, ede } = await running.judge('add a.example. 60 A 192.0.2.9')
    assert.deepEqual([rcode, ede], [RCODE.REFUSED, { infoCode: EDE.PROHIBITED, text: TEXT }])
    assert.deepEqual(running.records(), before)
    assert.deepEqual(running.audit.map(({ verdict, reason, added }) => [verdict, reason, added]), [['REFUSED', TEXT, 0]])
    assert.deepEqual([running.zone.isFrozen, running.zone.refusal?.reason], [true, TEXT])
  })

  test('is told to nobody by prerequisites: they are not looked at', async () => {
    const running = await bench()
    await running.zone.freeze()
    for (const prerequisite of ['prereq nxdomain www.example.', 'prereq yxdomain none.example.']) assert.equal(await running.send(`${prerequisite}; add a.example. 60 A 192.0.2.9`), 'REFUSED')
  })

  test('is left as it is by updates that waited when it was frozen', async () => {
    let open = (): void => undefined
    const running = await bench()
    running.keeper.wait = new Promise((resolve) => (open = resolve))
    const [first] = [running.send('add a.example. 60 A 192.0.2.1')]
    await new Promise((resolve) => setImmediate(resolve)) // the first is under way: it waits for the store
    const waiting = running.send('add b.example. 60 A 192.0.2.2')
    let isFrozen = false
    const freezing = running.zone.freeze().then(() => (isFrozen = true))
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isFrozen, false, 'what is under way ends first')
    open()
    await freezing
    assert.deepEqual(running.at('a.example. 60'), ['a.example. 60 A 192.0.2.1'])
    assert.deepEqual(await Promise.all([first, waiting]), ['NOERROR', 'REFUSED'])
    assert.deepEqual(running.at('b.example.'), [])
    assert.equal(running.serial(), 8)
  })

  test('still changes by itself, as where a lease ends', async () => {
    const running = await bench()
    await running.zone.freeze()
    const own = await running.engine.carryOut({
      zone: { name: name('example.'), class: running.zone.class },
      carryOut: (draft) => (draft.removeRRset(name('www.example.'), TYPE.TXT), { rcode: RCODE.NOERROR, flow: 'lease' }),
    })
    assert.equal(own.rcode, RCODE.NOERROR)
    assert.deepEqual([running.at('"hello"'), running.serial()], [[], 8])
  })

  test('stays frozen when its file is read again, and not when the server starts again', async () => {
    const running = await bench()
    await running.send('add a.example. 60 A 192.0.2.9')
    await running.zone.freeze()
    const edited = `${ZONE}edited 60 A 192.0.2.88\n`
    const release = await running.zone.queue.hold()
    await running.zone.open(imageOf(edited), fileOf(imageOf(edited), edited))
    release()
    assert.equal(await running.send('add b.example. 60 A 192.0.2.9'), 'REFUSED')
    assert.deepEqual([running.at('edited').length, running.at('a.example. 60 A').length], [1, 1])
    const again = await bench({ keeper: running.keeper, text: edited })
    assert.equal(await again.send('add b.example. 60 A 192.0.2.9'), 'NOERROR')
  })

  test('takes updates when it is thawed; frozen twice is thawed at once', async () => {
    const running = await bench()
    await running.zone.freeze()
    await running.zone.freeze()
    running.zone.thaw()
    assert.equal(await running.send('add a.example. 60 A 192.0.2.9'), 'NOERROR')
    assert.deepEqual([running.zone.isFrozen, running.zone.refusal, running.at('a.example. 60 A').length], [false, undefined, 1])
  })

  test('that is signed beforehand says that first, as thawing would not help', async () => {
    const running = await bench({ text: `${ZONE}@ 3600 DNSKEY 257 3 13 AAAA\n@ 3600 RRSIG SOA 13 1 3600 20300101000000 20200101000000 1 example. AAAA\n` })
    await running.zone.freeze()
    assert.match(running.zone.refusal?.reason ?? '', /signed beforehand/)
    running.zone.thaw()
    assert.match(running.zone.refusal?.reason ?? '', /signed beforehand/)
  })
})

describe('what a zone tells of its changes', () => {
  test('is the file that it was read from and how many records are not as there', async () => {
    const keeper = new MapKeeper()
    const running = await bench({ keeper })
    const told = (): number[] => [running.zone.changeCount, running.zone.file.serial, running.zone.serial]
    const steps: [string, number[]][] = [
      ['add a.example. 60 A 192.0.2.9', [1, 7, 8]],
      ['delete www.example. TXT', [2, 7, 9]],
      ['add www.example. 60 A 192.0.2.1', [4, 7, 10]], // a new TTL for both records of the set
      ['delete a.example.', [3, 7, 11]],
      ['add www.example. 300 TXT "hello"', [2, 7, 12]],
    ]
    assert.deepEqual(told(), [0, 7, 7])
    for (const [update, wanted] of steps) {
      assert.equal(await running.send(update), 'NOERROR')
      assert.deepEqual(told(), wanted, update)
    }
  })
})
