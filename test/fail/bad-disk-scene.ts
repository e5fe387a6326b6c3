/**
 * A server that takes updates on a disk whose writes fail, as the tests beside it have it: the scene, and writes of the first two
 * commits failing in their turn.
 */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { askControl } from '../../src/cli/control-client.ts'
import type { ChangeOutcome } from '../../src/client/change.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { lmdbDisk } from '../../src/store/lmdb-disk.ts'
import { Store } from '../../src/store/store.ts'
import { Chance } from '../battery/chance.ts'
import { makeFolder, Served, UNREHEARSED } from '../ops/process.ts'
import { noShim, SHIM } from '../store/bad-disks.ts'
import { configText, ORIGIN, UpdateClient, ZONE, type State } from './update-client.ts'

/** A server with one client, over starts and stops. */
export class Scene {
  readonly folder: ReturnType<typeof makeFolder>
  readonly data: string
  readonly client: UpdateClient
  server!: Served
  /** Changes that were answered SERVFAIL as the last thing before a kill, and were kept all the same. */
  private kept = 0

  constructor(seed: number, data?: string) {
    this.client = new UpdateClient(0, new Chance(seed))
    this.folder = makeFolder({ 'example.com.zone': ZONE, 'w.yaml': configText(UNREHEARSED + (data === undefined ? '' : `data: ${data}\n`)) })
    this.data = data ?? join(this.folder.path, 'data')
  }

  async start(environment: Record<string, string> = {}): Promise<void> {
    this.server = await Served.start(join(this.folder.path, 'w.yaml'), environment)
  }

  /** Makes the file of the store, so that what fails is a change. */
  async makeStore(): Promise<void> {
    mkdirSync(this.data)
    await (await Store.open({ folder: join(this.data, 'store'), disk: lmdbDisk })).close()
  }

  /** Asks for `count` changes; gives what came of each. */
  async ask(count: number): Promise<ChangeOutcome[]> {
    const outcomes: ChangeOutcome[] = []
    for (let i = 0; i < count; i++) outcomes.push(await this.client.ask(this.server.endpoints[0]))
    return outcomes
  }

  /** Every TXT of the zone as it is served. */
  async found(): Promise<State> {
    let text = ''
    const answer = await askControl(join(this.data, 'control.sock'), { command: 'zone dump', zone: ORIGIN, class: 'IN' }, (part) => (text += part))
    assert.equal(answer.ok, true, JSON.stringify(answer))
    return new Set([...text.matchAll(/^(\S+)\s+\d+\s+IN\s+TXT\s+(.*)$/gm)].map(([, name, value]) => `${name} TXT ${value}`))
  }

  async serial(): Promise<number> {
    const { answers: [{ rdata }] } = await this.server.ask(ORIGIN, TYPE.SOA)
    return new DataView(rdata.buffer, rdata.byteOffset).getUint32(rdata.length - 20)
  }

  /** Kills the server and starts another; only the last change may stand there without having been acknowledged. */
  async killAndStart(): Promise<void> {
    await this.server.stop('SIGKILL')
    await this.start()
    const { state } = this.client
    assert.deepEqual(this.client.judge(await this.found()), [])
    if (this.client.state !== state) this.kept++
  }

  /** What is served holds what was acknowledged, and only that. */
  async isAsAcknowledged(what: string): Promise<void> {
    assert.deepEqual([...(await this.found())].toSorted(), [...this.client.state].toSorted(), what)
    assert.equal(await this.serial(), 1 + this.client.acknowledged + this.kept, `${what}: one step of the serial for each change`)
  }

  log(message: string): Record<string, unknown>[] {
    return this.server.lines().filter(({ msg }) => msg === message)
  }

  async end(): Promise<void> {
    await this.server.stop('SIGKILL')
    this.folder.remove()
  }
}

/** What came of changes, in words. */
export const reasons = (outcomes: readonly ChangeOutcome[]): string[] => outcomes.map((outcome) => (outcome.kind === 'done' ? 'done' : `${outcome.kind}: ${outcome.reason}`))

/** A commit of one change is five writes: these are all of the first two commits of each process that writes. */
export const WRITES: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

/** Those of `writes` failing for want of room, one after the other. */
export function describeFailing(writes: readonly number[]): void {
  const reason = /^unreachable: SERVFAIL: the store of this server (is full|failed to write)$/
  describeWrites('fails for want of room', writes, { FAIL_KIND: 'error', FAIL_ERRNO: '28' }, reason)
}

/** Those of `writes` ending half way through, one after the other. */
export function describeTorn(writes: readonly number[]): void {
  describeWrites('ends half way through', writes, { FAIL_KIND: 'torn' }, /^unreachable: SERVFAIL: the store of this server failed to write$/)
}

function describeWrites(words: string, writes: readonly number[], environment: Record<string, string>, reason: RegExp): void {
  describe(`an update whose write to the disk ${words}`, { skip: noShim }, () => {
    for (const at of writes) {
      it(`at write ${at} of each process that writes`, async (t: TestContext) => {
        const scene = new Scene(at)
        await scene.makeStore()
        await scene.start({ LD_PRELOAD: SHIM, FAIL_AT: String(at), ...environment })
        try {
          const told = reasons(await scene.ask(5))
          for (const one of told) if (one !== 'done') assert.match(one, reason)
          assert.ok(told.some((one) => one !== 'done') && told.some((one) => one === 'done') === at > 5, told.join())
          await scene.isAsAcknowledged('while writes fail')
          await scene.killAndStart()
          assert.deepEqual(reasons(await scene.ask(1)), ['done'])
          await scene.isAsAcknowledged('after a restart on a disk that is well')
          t.diagnostic(`write ${at} ${words}: ${told.filter((one) => one === 'done').length} of ${told.length} changes acknowledged, the others SERVFAIL and gone`)
        } finally {
          await scene.end()
        }
      })
    }
  })
}
