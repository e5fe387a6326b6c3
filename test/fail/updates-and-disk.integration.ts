/**
 * Zones that change on a disk that fails, seen from outside: a real server whose data directory is full, or whose writes
 * fail one after the other. Updates are answered SERVFAIL with the reason, queries as ever, and when the disk is well
 * again so are updates, without a restart; after one there is what was acknowledged and nothing else (RFC 2136 3.5).
 */
import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { askControl } from '../../src/cli/control-client.ts'
import type { ChangeOutcome } from '../../src/client/change.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { lmdbDisk } from '../../src/store/lmdb-disk.ts'
import { Store } from '../../src/store/store.ts'
import { Chance } from '../battery/chance.ts'
import { makeFolder, Served } from '../ops/process.ts'
import { fillWith, mountSmall, noMount, noShim, SHIM } from '../store/bad-disks.ts'
import { configText, ORIGIN, UpdateClient, ZONE, type State } from './update-client.ts'

/** A server with one client, over starts and stops. */
class Scene {
  readonly folder: ReturnType<typeof makeFolder>
  readonly data: string
  readonly client: UpdateClient
  server!: Served
  /** Changes that were answered SERVFAIL as the last thing before a kill, and were kept all the same. */
  private kept = 0

  constructor(seed: number, data?: string) {
    this.client = new UpdateClient(0, new Chance(seed))
    this.folder = makeFolder({ 'example.com.zone': ZONE, 'w.yaml': configText(data === undefined ? '' : `data: ${data}\n`) })
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

const reasons = (outcomes: readonly ChangeOutcome[]): string[] => outcomes.map((outcome) => (outcome.kind === 'done' ? 'done' : `${outcome.kind}: ${outcome.reason}`))
const FULL = 'unreachable: SERVFAIL: the store of this server is full'
const FAILED = 'unreachable: SERVFAIL: the store of this server failed to write'

describe('updates of a server whose disk is full', { skip: noMount }, () => {
  it('are answered SERVFAIL with the reason (RFC 8914) while queries are answered, and are taken again once there is room', async () => {
    const data = mountSmall(1_500_000)
    const scene = new Scene(1, data)
    const ballast = join(data, 'ballast')
    await scene.start()
    try {
      assert.deepEqual(new Set(reasons(await scene.ask(20))), new Set(['done']))
      fillWith(ballast)
      const failed: string[] = []
      let asked = 0
      for (; failed.length < 5 && asked < 600; asked++) failed.push(...reasons(await scene.ask(1)).filter((reason) => reason !== 'done'))
      assert.equal(failed.length, 5, `of ${asked} changes on a full disk`)
      // LMDB takes a page that fits by half for a fault of the disk
      assert.ok(failed.includes(FULL) && failed.every((reason) => reason === FULL || reason === FAILED), failed.join())
      await scene.isAsAcknowledged('while the disk is full')
      const fault = scene.log('store fault').find(({ code }) => code === 'full')
      assert.match(String(fault?.reason), /no space left on device; make room, updates are taken again at once/)
      rmSync(ballast)
      assert.deepEqual(new Set(reasons(await scene.ask(10))), new Set(['done']))
      assert.equal(scene.server.lines().findLast(({ msg }) => String(msg).startsWith('store '))?.msg, 'store recovered', 'the log tells of the end of the trouble')
      await scene.isAsAcknowledged('with room again')
      await scene.killAndStart()
      await scene.isAsAcknowledged('after a restart')
    } finally {
      await scene.end()
    }
  })

  it('are taken once there is room, even where the first start found none', async () => {
    const data = mountSmall(1_500_000)
    const ballast = join(data, 'ballast')
    fillWith(ballast)
    const scene = new Scene(2, data)
    await scene.start()
    try {
      assert.deepEqual(reasons(await scene.ask(2)), [FULL, FULL])
      assert.equal((await scene.server.ask(`ns.${ORIGIN}`, TYPE.A)).answers.length, 1)
      rmSync(ballast)
      assert.deepEqual(reasons(await scene.ask(2)), ['done', 'done'])
      assert.equal(await scene.serial(), 3)
    } finally {
      await scene.end()
    }
  })
})

/** A commit of one change is five writes: these are of the first two commits of each process that writes. */
const KINDS: [words: string, calls: number[], environment: Record<string, string>, reason: RegExp][] = [
  ['fails for want of room', [1, 3, 5, 7, 9], { FAIL_KIND: 'error', FAIL_ERRNO: '28' }, /^unreachable: SERVFAIL: the store of this server (is full|failed to write)$/],
  ['ends half way through', [2, 4, 6, 8, 10], { FAIL_KIND: 'torn' }, /^unreachable: SERVFAIL: the store of this server failed to write$/],
]

for (const [words, calls, environment, reason] of KINDS) {
  describe(`an update whose write to the disk ${words}`, { skip: noShim }, () => {
    for (const at of calls) {
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
