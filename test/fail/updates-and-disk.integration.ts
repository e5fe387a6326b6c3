/**
 * Zones that change on a disk that fails, seen from outside: a real server whose data directory is full, or whose writes
 * fail one after the other (some of them here, all in updates-and-disk.long.ts). Updates are answered SERVFAIL with the reason,
 * queries as ever, and when the disk is well again so are updates, without a restart; after one there is what was acknowledged
 * and nothing else (RFC 2136 3.5).
 */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { fillWith, mountSmall, noMount } from '../store/bad-disks.ts'
import { describeFailing, describeTorn, reasons, Scene } from './bad-disk-scene.ts'
import { ORIGIN } from './update-client.ts'

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

describeFailing([1, 5, 8])
describeTorn([3, 6])
