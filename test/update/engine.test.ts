/** The engine: batches, what fails alone and what fails together, flows in order, the audit, and what the store is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, EDE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { MAX_AUDIT_REFUSALS, MAX_UPDATE_BATCH, MAX_WAITING_UPDATES } from '../../src/dns/limits.ts'
import { Name } from '../../src/dns/name.ts'
import type { Change, UpdateFlow } from '../../src/update/contract.ts'
import { Grants } from '../../src/update/grants.ts'
import { anybody, bench, type Bench, copyOf, fileOf, grant, imageOf, MapKeeper, raw, rec, script, signed, updateMessage } from './support.ts'

const name = (text: string): Name => Name.parse(text)

test('what has arrived is one batch: one sync, one serial step for each that changed something', async () => {
  const running = await bench()
  const sent = Array.from({ length: 40 }, (_, i) => running.send(`add h${i % 20}.example. 60 A 192.0.2.${i % 20}`))
  assert.deepEqual(new Set(await Promise.all(sent)), new Set(['NOERROR']))
  assert.deepEqual([running.keeper.calls, running.serial(), running.zone.updates], [1, 27, 40])
})

test('what comes while a batch is kept is the next one', async () => {
  const keeper = new MapKeeper()
  const running = await bench({ keeper })
  let release = (): void => undefined
  keeper.wait = new Promise((resolve) => (release = resolve))
  const first = running.send('add a.example. 60 A 192.0.2.9')
  await new Promise((resolve) => setImmediate(resolve))
  const rest = Array.from({ length: 30 }, (_, i) => running.send(`add h${i}.example. 60 A 192.0.2.9`))
  assert.deepEqual([keeper.calls, running.zone.queue.length], [1, 30])
  release()
  await Promise.all([first, ...rest])
  assert.equal(keeper.calls, 2)
})

test('a batch is bounded', async () => {
  const running = await bench()
  await Promise.all(Array.from({ length: MAX_UPDATE_BATCH + 1 }, (_, i) => running.send(`add h${i}.example. 60 A 192.0.2.9`)))
  assert.equal(running.keeper.calls, 2)
})

test('a queue is bounded: what is too many gets SERVFAIL and is told why', async () => {
  const running = await bench()
  const resume = await running.zone.queue.hold()
  const message = script('add a.example. 60 A 192.0.2.9')
  const sent = Array.from({ length: MAX_WAITING_UPDATES + 1 }, () => running.judge(message))
  const last = await sent[MAX_WAITING_UPDATES]
  assert.deepEqual([last.rcode, last.ede?.text], [RCODE.SERVFAIL, 'too many updates wait for this zone'])
  resume()
  assert.deepEqual(new Set((await Promise.all(sent.slice(0, -1))).map(({ rcode }) => rcode)), new Set([RCODE.NOERROR]))
})

test('one that is refused within a batch leaves the others as they are', async () => {
  const running = await bench()
  const rcodes = await Promise.all(
    ['add a.example. 60 A 192.0.2.9', 'add b.example. 60 A 192.0.2.9; add c.other. 60 A 192.0.2.9', 'prereq yxdomain a.example.; add d.example. 60 A 192.0.2.9', 'prereq nxdomain a.example.; add e.example. 60 A 192.0.2.9'].map((update) =>
      running.send(update),
    ),
  )
  assert.deepEqual(rcodes, ['NOERROR', 'NOTZONE', 'NOERROR', 'YXDOMAIN'])
  assert.deepEqual(running.at('192.0.2.9'), ['a.example. 60 A 192.0.2.9', 'd.example. 60 A 192.0.2.9'])
  assert.equal(running.serial(), 9)
})

test('where the store does not keep a batch, all whose verdict hung on it get SERVFAIL, and the zone is as it was', async () => {
  const keeper = new MapKeeper()
  const running = await bench({ keeper })
  const before = running.records()
  keeper.fail = Object.assign(new Error('ENOSPC'), { forClient: 'the store of this server is full' })
  const verdicts = await Promise.all(
    ['add a.example. 60 A 192.0.2.9', 'prereq nxdomain a.example.; add b.example. 60 A 192.0.2.9', 'add c.other. 60 A 192.0.2.9'].map((update) => running.judge(update)),
  )
  assert.deepEqual(verdicts.map(({ rcode }) => rcode), [RCODE.SERVFAIL, RCODE.SERVFAIL, RCODE.NOTZONE])
  assert.deepEqual(verdicts[0].ede, { infoCode: EDE.OTHER, text: 'the store of this server is full' })
  assert.deepEqual(running.records(), before)
  assert.equal(running.faults.length, 1)
  assert.deepEqual(running.audit.map(({ verdict, reason, added }) => [verdict, reason, added])[0], ['SERVFAIL', 'the store of this server is full', 0])
  keeper.fail = undefined
  assert.equal(await running.send('prereq nxdomain a.example.; add a.example. 60 A 192.0.2.9'), 'NOERROR')
  assert.equal(running.serial(), 8, 'the serial did not move for what was undone')
})

test('a fault of ours on one update is SERVFAIL for it alone', async () => {
  const flow: UpdateFlow = {
    name: 'broken',
    take(update, _, draft) {
      if (!update.updates[0].name.equals(name('broken.example.'))) return undefined
      draft.add(name('half.example.'), TYPE.A, 60, Uint8Array.of(1, 2, 3, 4))
      throw new Error('a bug')
    },
  }
  const running = await bench({ flows: [flow] })
  const rcodes = await Promise.all(['add a.example. 60 A 192.0.2.9', 'add broken.example. 60 A 192.0.2.9', 'add c.example. 60 A 192.0.2.9'].map((update) => running.send(update)))
  assert.deepEqual(rcodes, ['NOERROR', 'SERVFAIL', 'NOERROR'])
  assert.deepEqual(running.at('half'), [])
  assert.match(String(running.faults[0]), /a bug/)
})

test('a block that is too small is exchanged for a larger one, and every thread is told before the answer', async () => {
  const running = await bench({ expectedOctets: 2_000 })
  const before = running.zone.image
  const text = `"${'x'.repeat(200)}"`
  const rcodes = await Promise.all(Array.from({ length: 400 }, (_, i) => running.send(`add t${i}.example. 60 TXT ${text}`)))
  assert.deepEqual(new Set(rcodes), new Set(['NOERROR']))
  assert.notEqual(running.zone.image, before)
  assert.equal(running.served.at(-1), running.zone.image)
  assert.equal(running.at(' TXT ').length, 401)
  assert.equal(running.engine.counts.lines().find(({ name: counter }) => counter === 'grown')?.value, 1)
  assert.equal(await running.send('delete t1.example.'), 'NOERROR')
})

test('a zone that cannot grow refuses and serves what it did', async () => {
  let canGrow = false
  const running = await bench({ expectedOctets: 2_000, options: { rebuild: (image) => Promise.resolve(canGrow ? copyOf(image) : image) } })
  const many = Array.from({ length: 400 }, (_, i) => rec(`t${i}.example. 60 IN TXT "${'x'.repeat(100)}"`))
  const verdict = await running.judge(updateMessage({ updates: many }))
  assert.deepEqual([verdict.rcode, verdict.ede?.text], [RCODE.SERVFAIL, 'the zone is full'])
  assert.equal(running.at(' TXT ').length, 1)
  canGrow = true
  assert.equal(await running.send(updateMessage({ updates: many })), 'NOERROR')
  assert.equal(running.at(' TXT ').length, 401)
})

test('flows look at an update in order; the first that takes it decides, and tells what else is kept', async () => {
  const told: string[] = []
  const flow = (label: string, takes: string): UpdateFlow => ({
    name: label,
    take(update, requester, draft, nowMs) {
      told.push(`${label} ${requester.transport} ${nowMs}`)
      if (!update.updates[0].name.equals(name(takes))) return undefined
      draft.add(name(takes), TYPE.A, 60, Uint8Array.of(192, 0, 2, 7), true)
      return { rcode: RCODE.NOERROR, flow: label, lease: { lease: 300 }, kept: [{ space: 'lease', key: Uint8Array.of(1), value: Uint8Array.of(2) }] }
    },
    changed: (zone, changes) => (told.push(`${label} ${zone.name} ${changes.length}`), [{ space: 'agent', key: Buffer.from(label), value: Uint8Array.of(changes.length) }]),
    settled: (kept) => void told.push(`${label} ${kept}`),
  })
  const running = await bench({ flows: [flow('first', 'one.example.'), flow('second', 'two.example.')] })
  const verdict = await running.judge('add two.example. 60 A 192.0.2.9')
  assert.deepEqual([verdict.flow, verdict.lease], ['second', { lease: 300 }])
  const now = running.clock.nowMs
  assert.deepEqual(told, [`first tcp ${now}`, `second tcp ${now}`, 'first example. 1', 'second example. 1', 'first true', 'second true'])
  assert.deepEqual([...running.keeper.space('agent').keys()], ['first', 'second'])
  assert.equal(running.keeper.space('lease').size, 1)
  assert.equal(running.keeper.space('overlay').size, 0, 'leased records are no part of the overlay')
  assert.equal(running.audit[0].lease, 300)
  assert.equal((await running.judge('add three.example. 60 A 192.0.2.9')).flow, 'update')
})

test('a flow hears that what it took was undone, by a limit of the zone or by the store', async () => {
  const told: string[] = []
  const flow: UpdateFlow = {
    name: 'flow',
    take(_, __, draft) {
      draft.add(name('alias.example.'), TYPE.A, 60, Uint8Array.of(192, 0, 2, 7))
      draft.add(name('ok.example.'), TYPE.A, 60, Uint8Array.of(192, 0, 2, 7))
      return { rcode: RCODE.NOERROR, flow: 'flow' }
    },
    undone: (update) => void told.push(`undone ${update.updates[0].name}`),
    settled: (kept) => void told.push(`settled ${kept}`),
  }
  const running = await bench({ flows: [flow] })
  const verdict = await running.judge('add x.example. 60 A 192.0.2.9')
  assert.deepEqual([verdict.rcode, verdict.flow, verdict.reason], [RCODE.REFUSED, 'flow', 'CNAME and other data at alias.example.'])
  assert.deepEqual(running.at('ok.example.'), [])
  assert.deepEqual(told, ['undone x.example.'])
})

test('a flow renames an update before its zone is looked for (RFC 9665 3.2.2)', async () => {
  const flow: UpdateFlow = {
    name: 'renaming',
    rename: (update) => (update.zone.name.equals(name('default.service.arpa.')) ? { ...update, zone: { ...update.zone, name: name('example.') } } : update),
    take: () => undefined,
  }
  const running = await bench({ flows: [flow] })
  const message = updateMessage({ zone: 'default.service.arpa.', updates: [rec('a.example. 60 IN A 192.0.2.9')] })
  assert.equal(await running.send(message), 'NOERROR')
})

test('a change of the server’s own is a transaction like any other, and is no part of the overlay where it is leased', async () => {
  const running = await bench()
  const changes: Change[] = []
  const verdict = await running.engine.carryOut({
    zone: { name: name('example.'), class: CLASS.IN },
    carryOut(draft) {
      draft.removeRRset(name('www.example.'), TYPE.A, true)
      return { rcode: RCODE.NOERROR, flow: 'expiry' }
    },
  })
  assert.deepEqual([verdict.rcode, changes.length, running.serial(), running.at('www.example. 300').length], [RCODE.NOERROR, 0, 8, 1])
  assert.equal(running.keeper.space('overlay').size, 0)
  assert.deepEqual([running.audit[0].flow, running.audit[0].address, running.audit[0].removed], ['expiry', undefined, 2])
  const elsewhere = await running.engine.carryOut({ zone: { name: name('other.'), class: CLASS.IN }, carryOut: () => assert.fail('no zone') })
  assert.equal(elsewhere.rcode, RCODE.NOTAUTH)
})

test('an audit line says who, from where, what, and how it ended', async () => {
  const running = await bench()
  await running.send('add a.example. 60 A 192.0.2.9; delete www.example.', signed('agents-key.'))
  const [line] = running.audit
  assert.deepEqual({ ...line, records: line.records?.toSorted() }, {
    key: 'agents-key.', keyKind: 'tsig', address: '192.0.2.99', transport: 'tcp', zone: 'example.', class: 'IN', flow: 'update', verdict: 'NOERROR', added: 1, removed: 3,
    records: ['+ a.example. 60 IN A 192.0.2.9', '- www.example. 300 IN A 192.0.2.1', '- www.example. 300 IN A 192.0.2.2', '- www.example. 300 IN TXT "hello"'],
    serial: [7, 8],
  })
})

test('audit lines of refusals are bounded in a second, and those left out are counted', async () => {
  const running = await bench()
  for (let i = 0; i < MAX_AUDIT_REFUSALS + 5; i++) await running.send('add a.other. 60 A 192.0.2.9')
  await running.send('add a.example. 60 A 192.0.2.9')
  assert.equal(running.audit.length, MAX_AUDIT_REFUSALS + 1)
  assert.equal(running.audit.at(-1)?.verdict, 'NOERROR', 'changes are always told')
  running.clock.nowMs += 1_000
  await running.send('add a.other. 60 A 192.0.2.9')
  assert.equal(running.audit.at(-1)?.untold, 5)
})

test('a zone of ours that has no grants is REFUSED, one that is not ours NOTAUTH', async () => {
  const running = await bench({ options: { zoneOf: (asked) => (asked.isWithin(name('fixed.')) ? name('fixed.') : undefined) } })
  const fixed = await running.judge(updateMessage({ zone: 'fixed.', updates: [rec('a.fixed. 60 IN A 192.0.2.9')] }))
  assert.deepEqual([fixed.rcode, fixed.ede?.text], [RCODE.REFUSED, 'no grant allows changes of this zone'])
  assert.equal(await running.send(updateMessage({ zone: 'elsewhere.' })), 'NOTAUTH')
})

test('a zone that was signed beforehand is REFUSED with the reason (RFC 4035 2.2)', async () => {
  const running = await bench()
  const text = '@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n@ 60 NSEC ns.example. SOA NS NSEC\n'
  const image = imageOf(text)
  await running.engine.close(running.zone)
  await running.engine.open(image, fileOf(image, text), new Grants([grant()]))
  const verdict = await running.judge('add a.example. 60 A 192.0.2.9')
  assert.deepEqual([verdict.rcode, verdict.ede], [RCODE.REFUSED, { infoCode: EDE.NOT_SUPPORTED, text: 'the zone is signed beforehand and cannot be updated' }])
})

test('signatures and proofs are REFUSED in any zone', async () => {
  const running = await bench()
  for (const type of [TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, TYPE.NSEC3PARAM]) {
    for (const rrClass of [CLASS.IN, CLASS.ANY, CLASS.NONE]) {
      const rdata = rrClass === CLASS.ANY ? new Uint8Array(0) : Uint8Array.of(1, 0, 0, 0, 0)
      assert.equal(await running.send(updateMessage({ updates: [raw('www.example.', type, rrClass, 0, rdata)] })), 'REFUSED')
    }
  }
  assert.equal(running.keeper.calls, 0)
})

test('a zone that is closed refuses what waits', async () => {
  const running = await bench()
  const resume = await running.zone.queue.hold()
  const waiting = running.send('add a.example. 60 A 192.0.2.9')
  await running.engine.close(running.zone)
  assert.equal(await waiting, 'REFUSED')
  resume()
  assert.equal(await running.send('add a.example. 60 A 192.0.2.9'), 'REFUSED')
})

test('a malformed lease option is FORMERR (RFC 9664 4)', async () => {
  const running = await bench()
  const edns = (octets: Uint8Array) => ({ udpSize: 1232, version: 0, dnssecOk: false, compactOk: false, options: [{ code: OPTION.UPDATE_LEASE, octets }] })
  assert.equal(await running.send({ ...script('add a.example. 60 A 192.0.2.9'), edns: edns(new Uint8Array(5)) }), 'FORMERR')
  assert.equal(await running.send({ ...script('add a.example. 60 A 192.0.2.9'), edns: edns(Uint8Array.of(0, 0, 1, 0)) }), 'NOERROR')
})

test('nobody who is not proven changes anything, whatever grants there are for keys', async () => {
  const running = await bench()
  assert.equal(await running.send('add a.example. 60 A 192.0.2.9', anybody), 'REFUSED')
  assert.equal(await running.send(updateMessage({}), anybody), 'REFUSED')
})

test('verdicts and batches are counted', async () => {
  const running = await bench()
  await running.send('add a.example. 60 A 192.0.2.9; add a.example. 60 A 192.0.2.8')
  await running.send('delete a.example. A 192.0.2.8')
  await running.send('add a.other. 60 A 192.0.2.9')
  const counted = Object.fromEntries(running.engine.counts.lines().map(({ name: counter, value }) => [counter, value]))
  assert.deepEqual([counted['verdict.NOERROR'], counted['verdict.NOTZONE'], counted['records.added'], counted['records.removed'], counted['batches.kept']], [2, 1, 2, 1, 2])
  assert.equal(Object.keys(counted).length, running.engine.counts.lines().length)
})

test('the last step of an update that fails to be told does not hold up the next', async () => {
  const running = await bench({ options: { serve: () => Promise.reject(new Error('a thread died')) }, expectedOctets: 2_000 })
  const rcodes = await Promise.all(Array.from({ length: 400 }, (_, i) => running.send(`add t${i}.example. 60 TXT "${'x'.repeat(200)}"`)))
  assert.deepEqual(new Set(rcodes), new Set(['NOERROR']))
  assert.match(String(running.faults[0]), /a thread died/)
})

// ---- What flows do behind a batch ----

/** A flow that writes down what is called, and a store that keeps when it is told to. */
async function followed(): Promise<{ running: Bench; log: string[]; send: (name: string) => void; keep: (fault?: Error) => Promise<void> }> {
  const log: string[] = []
  const flow: UpdateFlow = {
    name: 'watching',
    take: () => undefined,
    settled: (kept, _, served) => void log.push(`settled ${kept} ${['a', 'b', 'c'].filter((owner) => served.count(name(`${owner}.example.`), TYPE.A) > 0).join('')}`),
    follow: () => void log.push('follow'),
  }
  const keeper = new MapKeeper()
  const running = await bench({ keeper, flows: [flow] })
  let release = (): void => undefined
  const hold = (): void => void (keeper.wait = new Promise((resolve) => (release = resolve)))
  hold()
  return {
    running,
    log,
    send: (owner) => void running.send(`add ${owner}.example. 60 A 192.0.2.9`).then((rcode) => log.push(`${owner} ${rcode}`)),
    keep: async (fault) => {
      await turn()
      keeper.fail = fault
      const go = release
      hold()
      go()
      await turn()
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('flows follow a batch, and its verdicts are told, while the store has the next one', async () => {
  const { log, send, keep } = await followed()
  send('a')
  await turn()
  send('b')
  assert.deepEqual(log, [])
  await keep()
  assert.deepEqual(log, ['settled true a', 'follow', 'a NOERROR'], 'b is on its way to the store and not seen')
  send('c')
  await keep()
  assert.deepEqual(log.slice(3), ['settled true ab', 'follow', 'b NOERROR'])
  await keep()
  assert.deepEqual(log.slice(6), ['settled true abc', 'follow', 'c NOERROR'], 'at once, as none comes behind it')
})

test('flows follow a batch before the next one ends, whatever becomes of that', async () => {
  const { running, log, send, keep } = await followed()
  send('a')
  await turn()
  send('b')
  await keep()
  await keep(new Error('the disk is gone'))
  assert.deepEqual(log, ['settled true a', 'follow', 'a NOERROR', 'settled false a', 'follow', 'b SERVFAIL'])
  assert.equal(running.faults.length, 1)
})

test('whoever holds the queue finds all that was done followed and told', async () => {
  const { running, log, send, keep } = await followed()
  send('a')
  await turn()
  send('b')
  const holding = running.zone.queue.hold().then((release) => (log.push('held'), release))
  await keep()
  assert.deepEqual(log, ['settled true a', 'follow', 'a NOERROR', 'held'])
  ;(await holding)()
  await keep()
  assert.deepEqual(log.slice(4), ['settled true ab', 'follow', 'b NOERROR'])
})

test('a batch that changes nothing, behind one that does, leaves nobody untold', async () => {
  const { log, send, keep } = await followed()
  send('a')
  await turn()
  send('a')
  await keep()
  assert.deepEqual(log.sort(), ['a NOERROR', 'a NOERROR', 'follow', 'follow', 'settled true a'])
})

test('a flow that fails to follow costs no verdict', async () => {
  const running = await bench({ flows: [{ name: 'broken', take: () => undefined, follow: () => assert.fail('a bug') }] })
  assert.equal(await running.send('add a.example. 60 A 192.0.2.9'), 'NOERROR')
  assert.equal(await running.send('add b.example. 60 A 192.0.2.9'), 'NOERROR')
  assert.match(String(running.faults[0]), /a bug/)
})
