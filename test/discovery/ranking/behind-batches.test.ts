/**
 * The registrar follows a batch while the store has the next one. Whatever comes in which batch, and whichever batch the store
 * does not keep, in the end it holds what a server does that starts anew from the same store.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { registerMessage, withdrawMessage, type Registration } from '../../../src/client/registration.ts'
import type { CandidateTable } from '../../../src/discovery/ranking/candidates.ts'
import { TABLE } from '../../../src/discovery/ranking/table-layout.ts'
import { printRcode } from '../../../src/dns/codes.ts'
import type { Message } from '../../../src/dns/message.ts'
import { Name, printName } from '../../../src/dns/name.ts'
import { parsePrefix, PrefixList, type Prefix } from '../../../src/dns/prefix.ts'
import type { Requester } from '../../../src/update/contract.ts'
import { anybody, grant, LyingKeeper, script, SEED, signed } from '../../update/support.ts'
import { garden, START_MS, withLease, type Garden } from '../support.ts'

const ZONE_ID = { name: Name.parse('example.'), class: 1 }
const OPEN = { policyOf: () => ({ networks: new PrefixList([parsePrefix('192.0.2.0/24') as Prefix]) }), seed: SEED }
const CAPABILITIES: Registration['capabilities'][] = [[{ name: 'v1.x' }], [{ name: 'v1.x', parameters: 'latency=80ms' }], [{ name: 'v1.y' }, { name: 'v1.x' }], []]

/** A server whose store keeps a batch when it is told to. */
class Pipeline {
  readonly running: Garden
  private readonly keeper: LyingKeeper
  private release: () => void = () => undefined
  private readonly told: string[] = []
  private readonly sent: Promise<unknown>[] = []

  private constructor(running: Garden, keeper: LyingKeeper) {
    this.running = running
    this.keeper = keeper
    this.hold()
  }

  static async open(): Promise<Pipeline> {
    const keeper = new LyingKeeper()
    const running = await garden({ keeper, grants: [grant()], discovery: OPEN, options: { soon: (run) => void setImmediate(run) } })
    running.discovery.candidates.tablesFor([running.zone.image])
    return new Pipeline(running, keeper)
  }

  private hold(): void {
    this.keeper.wait = new Promise((resolve) => (this.release = resolve))
  }

  private submit(message: Message, requester: Requester): void {
    this.sent.push(this.running.judge(message, requester).then(({ rcode }) => this.told.push(printRcode(rcode))))
  }

  register(agent: number, capabilities: number, lease: number): void {
    const registration = { provider: 'example.', id: `a${agent}`, key: keyOf(agent), addresses: ['192.0.2.7'], capabilities: CAPABILITIES[capabilities] }
    this.submit(registerMessage(registration, { lease, keyLease: lease * 2 }, 1), itself(agent))
  }

  withdraw(agent: number): void {
    this.submit(withdrawMessage({ provider: 'example.', id: `a${agent}`, key: keyOf(agent), addresses: [], capabilities: [] }, 1), itself(agent))
  }

  /** An ordinary update: by a lease where there is one, beside a record of another kind, so that it registers no agent. */
  script(text: string, lease?: number): void {
    this.submit(lease === undefined ? script(text) : withLease(script(`${text}; add z.example. 60 TXT "mixed"`), { lease }), signed())
  }

  /** One from somebody who has proven nothing. */
  stranger(text: string): void {
    this.submit(withLease(script(text), { lease: 60 }), anybody)
  }

  /** RCODEs in the order in which they were told. */
  verdicts(): string[] {
    return this.told
  }

  /** Lets what was sent go as far as it can. */
  async turn(): Promise<void> {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  }

  /** The store keeps what it has been given, or fails to; or says that it has failed, and has it all the same. */
  async keep(fault?: Error, isLying = false): Promise<void> {
    await this.turn()
    this.keeper.fail = fault
    this.keeper.isLying = isLying
    const { release } = this
    this.hold()
    release()
    await this.turn()
  }

  async end(): Promise<void> {
    this.keeper.fail = undefined
    this.keeper.isLying = false
    this.keeper.wait = undefined
    this.release()
    this.script('add last.example. 60 A 192.0.2.9') // before which the store is as the zone is again, whatever it said
    await Promise.all(this.sent)
  }

  /** `agent owner ttl seconds rdata-length` of all candidates. */
  found(): string[] {
    return candidatesOf(this.running)
  }

  async foundAnew(): Promise<string[]> {
    const later = await this.running.restart()
    later.discovery.candidates.tablesFor([later.zone.image])
    return candidatesOf(later)
  }
}

function candidatesOf({ discovery }: Garden): string[] {
  const registrar = discovery.candidates.of(ZONE_ID)?.registrar
  if (registrar === undefined) return []
  const { f64, header, heap, i32 }: CandidateTable = registrar.table
  const lines: string[] = []
  for (let slot = 0; slot < header[TABLE.top]; slot++) {
    if (i32.rdataLength[slot] === 0) continue
    const seconds = Math.round((f64.leaseEndMs[slot] - START_MS) / 1_000)
    lines.push(`${printName(heap, i32.rdataAt[slot] + 2)} ${printName(registrar.ownerOf(slot), 0)} ${i32.ttl[slot]} ${seconds} ${i32.rdataLength[slot]}`)
  }
  return lines.sort()
}

function keyOf(agent: number): Uint8Array {
  return Uint8Array.from({ length: 68 }, (_, i) => [0, 0, 3, 13][i] ?? agent + 1)
}

function itself(agent: number): Requester {
  return { ...anybody, signer: { kind: 'sig0', name: Name.parse(`a${agent}._sa.example.`), key: keyOf(agent) } }
}

describe('the registrar behind batches', () => {
  test('an agent that registers and renews in batches that follow each other has the lease of the renewal', async () => {
    const pipeline = await Pipeline.open()
    pipeline.register(0, 0, 60)
    await pipeline.turn()
    pipeline.register(0, 0, 90)
    await pipeline.end()
    assert.deepEqual(pipeline.found(), ['a0._sa.example. v1.x._cap.example. 60 90 18'])
  })

  test('an agent that withdraws while its registration is followed is gone; where that is not kept, it is not', async () => {
    for (const fault of [undefined, new Error('the disk is gone')]) {
      const pipeline = await Pipeline.open()
      pipeline.register(0, 0, 60)
      await pipeline.turn()
      pipeline.withdraw(0)
      await pipeline.keep()
      await pipeline.keep(fault)
      await pipeline.end()
      assert.deepEqual(pipeline.found(), fault === undefined ? [] : ['a0._sa.example. v1.x._cap.example. 60 60 18'])
    }
  })

  test('a lease that is renewed twice has the first end again where the second is not kept', async () => {
    const pipeline = await Pipeline.open()
    const renew = (lease: number): void => pipeline.script('add v1.x._cap.example. 60 AGENT 1 b._sa.other.test.', lease)
    renew(60)
    await pipeline.keep()
    renew(90)
    await pipeline.turn()
    renew(120)
    await pipeline.keep()
    await pipeline.keep(new Error('the disk is gone'))
    await pipeline.end()
    assert.deepEqual(pipeline.found(), ['b._sa.other.test. v1.x._cap.example. 60 90 20'])
  })

  test('an agent whose withdrawal the store has and says it has not withdraws, and registers anew', async () => {
    const pipeline = await Pipeline.open()
    pipeline.register(0, 0, 60)
    await pipeline.keep()
    pipeline.withdraw(0)
    await pipeline.keep(undefined, true)
    pipeline.script('delete nobody.example. A') // changes nothing, so that nothing is kept
    pipeline.register(0, 0, 90)
    await pipeline.end()
    assert.deepEqual(pipeline.found(), ['a0._sa.example. v1.x._cap.example. 60 90 18'])
    assert.deepEqual(pipeline.verdicts(), ['NOERROR', 'SERVFAIL', 'NOERROR', 'NOERROR', 'NOERROR'])
  })

  test('whoever is refused leaves nothing behind, however many names he sends', async () => {
    const pipeline = await Pipeline.open()
    pipeline.register(0, 0, 60)
    await pipeline.keep()
    for (let i = 0; i < 50; i++) pipeline.stranger(Array.from({ length: 20 }, (_, j) => `add n${i}-${j}.example. 60 A 192.0.2.1`).join('; '))
    await pipeline.turn()
    assert.deepEqual(pipeline.verdicts(), ['NOERROR', ...Array.from({ length: 50 }, () => 'REFUSED')])
    assert.equal(pipeline.running.discovery.candidates.noted, 0)
  })

  test('holds what one does that is made from the store, whatever comes in which batch and is kept or not', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('register' as const), agent: fc.nat(2), capabilities: fc.nat(CAPABILITIES.length - 1), lease: fc.constantFrom(60, 90, 120) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), agent: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('script' as const), text: fc.constantFrom('add v1.x._cap.example. 60 AGENT 1 b._sa.other.test.', 'add v1.z._cap.example. 60 AGENT 0 v1.x._cap.example.', 'delete v1.x._cap.example. AGENT', 'delete v1.y._cap.example.', 'delete v1.z._cap.example.'), lease: fc.constantFrom(undefined, 60, 90) }) },
      { weight: 3, arbitrary: fc.constant({ kind: 'turn' as const }) },
      { weight: 3, arbitrary: fc.constant({ kind: 'keep' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'fail' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'lie' as const }) },
    )
    let found = 0
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const pipeline = await Pipeline.open()
      for (const one of steps) {
        if (one.kind === 'register') pipeline.register(one.agent, one.capabilities, one.lease)
        else if (one.kind === 'withdraw') pipeline.withdraw(one.agent)
        else if (one.kind === 'script') pipeline.script(one.text, one.text.startsWith('add') ? one.lease : undefined)
        else if (one.kind === 'turn') await pipeline.turn()
        else await pipeline.keep(one.kind === 'fail' ? new Error('the disk is gone') : undefined, one.kind === 'lie')
      }
      await pipeline.end()
      const lines = pipeline.found()
      found += lines.length
      assert.deepEqual(lines, await pipeline.foundAnew())
    }), { numRuns: 150 })
    assert.ok(found > 100, `${found} candidates`)
  })
})
